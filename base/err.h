/* SPDX-License-Identifier: ISC */
/*
 * base/err.h - the one list of errors.
 *
 * Each error has a class (whom to blame), an SSH disconnect reason (RFC 4253
 * 11.1; 0: none, because the peer is not told or is not concerned) and a text
 * that stands alone in a log line. A new error needs a caller that treats it
 * differently; otherwise use the one of its class.
 *
 * A core function returns `enum err` or cannot fail. The compiler warns when
 * a result is dropped.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/cc.h"

enum err_class {
	ERR_CLASS_NONE,		/* not an error */
	ERR_CLASS_LOCAL,	/* this machine: memory, files, system calls */
	ERR_CLASS_PEER,		/* the other side broke the protocol */
	ERR_CLASS_POLICY,	/* understood, and refused */
	ERR_CLASS_INPUT,	/* a file, a flag or a user said something wrong */
};

#define ERR_LIST(X)							\
	/* name		class	reason	text */				\
	X(OK,		NONE,	0,	"success")			\
	X(NOMEM,	LOCAL,	11,	"out of memory")		\
	X(SYSTEM,	LOCAL,	11,	"system call failed")		\
	X(CRYPTO,	LOCAL,	11,	"cryptographic library failed")	\
	X(NOTNOW,	LOCAL,	11,	"not possible in this state")	\
	X(AGAIN,	LOCAL,	0,	"would have to wait")		\
	X(CLOSED,	LOCAL,	10,	"connection closed")		\
	X(SHORT,	PEER,	2,	"message too short")		\
	X(TRAILING,	PEER,	2,	"data after end of message")	\
	X(FORMAT,	PEER,	2,	"malformed message")		\
	X(SEQUENCE,	PEER,	2,	"message not allowed now")	\
	X(LIMIT,	PEER,	2,	"limit exceeded")		\
	X(SERVICE,	PEER,	7,	"service not available")	\
	X(MAC,		PEER,	5,	"message authentication code incorrect") \
	X(IDENT,	PEER,	8,	"invalid identification string") \
	X(KEX,		PEER,	3,	"key exchange failed")		\
	X(NEGOTIATE,	PEER,	3,	"no matching algorithm")	\
	X(SIGNATURE,	PEER,	9,	"signature not valid")		\
	X(INFLATE,	PEER,	6,	"compressed data not valid")	\
	X(HOSTKEY,	POLICY,	9,	"host key verification failed")	\
	X(DENIED,	POLICY,	14,	"permission denied")		\
	X(TIMEOUT,	POLICY,	2,	"timed out")			\
	X(UNSUPPORTED,	INPUT,	0,	"not supported")		\
	X(SYNTAX,	INPUT,	0,	"syntax error")			\
	X(RANGE,	INPUT,	0,	"value out of range")		\
	X(NOTFOUND,	INPUT,	0,	"not found")			\
	X(EXISTS,	INPUT,	0,	"already there")		\
	X(PASSPHRASE,	INPUT,	0,	"wrong passphrase")

enum NODISCARD err {
#define X(name, class, reason, text) ERR_##name,
	ERR_LIST(X)
#undef X
	ERR_COUNT
};

/* Returns the text of e, for a log line: lower case, no full stop, static. */
const char *err_text(enum err e);

/* Returns the name of e ("MAC"), for tests and debug lines; static. */
const char *err_name(enum err e);

/* Returns whom e blames. */
enum err_class err_class(enum err e);

/* Returns the reason code of RFC 4253 11.1 that the peer is told; 0: none. */
unsigned err_reason(enum err e);

/*
 * The only macro in the tree that hides control flow: returns from the
 * calling function with the error, if there is one.
 */
#define TRY(expr)							\
	do {								\
		enum err try_err_ = (expr);				\
		if (try_err_ != ERR_OK)					\
			return try_err_;				\
	} while (0)

/*
 * An invariant of ours; never a check of input. Prints file, line and
 * condition to standard error and aborts, in release builds too.
 */
#define must(cond)							\
	do {								\
		if (!(cond))						\
			must_fail(__FILE__, __LINE__, #cond);		\
	} while (0)

/* Reports a broken invariant and aborts; called by must() only. */
NORETURN void must_fail(const char *file, int line, const char *cond);

#endif
