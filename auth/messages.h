/* SPDX-License-Identifier: ISC */
/*
 * auth/messages.h - the messages of RFC 4252 and 4256: one struct, one _get,
 * one _put each. Inside auth/ only (and in tests).
 *
 * Codecs work on what follows the message number. A _get returns ERR_SHORT,
 * ERR_TRAILING or ERR_FORMAT; its spans borrow from the input.
 */
#ifndef AUTH_MESSAGES_H
#define AUTH_MESSAGES_H

#include "base/reader.h"
#include "base/writer.h"
#include "kex/event.h"

enum auth_message {
	MSG_SERVICE_REQUEST = 5,
	MSG_SERVICE_ACCEPT = 6,
	MSG_USERAUTH_REQUEST = 50,
	MSG_USERAUTH_FAILURE = 51,
	MSG_USERAUTH_SUCCESS = 52,
	MSG_USERAUTH_BANNER = 53,
	MSG_USERAUTH_60 = 60,		/* PK_OK, PASSWD_CHANGEREQ, INFO_REQUEST */
	MSG_USERAUTH_INFO_RESPONSE = 61,
};

/* What every USERAUTH_REQUEST begins with; rest is the method's own. */
struct userauth_request {
	struct span user;
	struct span service;
	struct span method;
	struct span rest;
};

/* Decodes the common fields of USERAUTH_REQUEST. */
enum err userauth_request_get(struct span s, struct userauth_request *m);

/* Encodes the common fields, and rest as it is (it may be empty and follow). */
void userauth_request_put(struct writer *w, const struct userauth_request *m);

struct userauth_password {
	struct span password;
	bool is_change;
	struct span new_password;
};

/* Decodes the fields of method "password". */
enum err userauth_password_get(struct span s, struct userauth_password *m);

/* Encodes them. */
void userauth_password_put(struct writer *w, const struct userauth_password *m);

struct userauth_publickey {
	bool is_hostbound;		/* which of the two methods: given to _get */
	bool has_sig;
	struct span alg;
	struct span blob;
	struct span hostkey;
	struct span sig;
};

/* Decodes the fields of "publickey", or of its hostbound form as m->is_hostbound says. */
enum err userauth_publickey_get(struct span s, struct userauth_publickey *m);

/* Encodes them. */
void userauth_publickey_put(struct writer *w, const struct userauth_publickey *m);

struct userauth_kbdint {
	struct span language;
	struct span submethods;
};

/* Decodes the fields of "keyboard-interactive". */
enum err userauth_kbdint_get(struct span s, struct userauth_kbdint *m);

/* Encodes them. */
void userauth_kbdint_put(struct writer *w, const struct userauth_kbdint *m);

struct userauth_hostbased {
	struct span alg;
	struct span blob;
	struct span host;
	struct span local_user;
	struct span sig;
};

/* Decodes the fields of "hostbased". */
enum err userauth_hostbased_get(struct span s, struct userauth_hostbased *m);

/* Encodes them. */
void userauth_hostbased_put(struct writer *w, const struct userauth_hostbased *m);

struct userauth_failure {
	struct span methods;
	bool partial;
};

/* Decodes USERAUTH_FAILURE. */
enum err userauth_failure_get(struct span s, struct userauth_failure *m);

/* Encodes it. */
void userauth_failure_put(struct writer *w, const struct userauth_failure *m);

struct userauth_pk_ok {
	struct span alg;
	struct span blob;
};

/* Decodes USERAUTH_PK_OK. */
enum err userauth_pk_ok_get(struct span s, struct userauth_pk_ok *m);

/* Encodes it. */
void userauth_pk_ok_put(struct writer *w, const struct userauth_pk_ok *m);

/* A text and its language: BANNER and PASSWD_CHANGEREQ. */
struct userauth_text {
	struct span text;
	struct span language;
};

/* Decodes BANNER or PASSWD_CHANGEREQ. */
enum err userauth_text_get(struct span s, struct userauth_text *m);

/* Encodes either. */
void userauth_text_put(struct writer *w, const struct userauth_text *m);

struct userauth_info_request {
	struct span name;
	struct span instruction;
	struct span language;
	unsigned n;
	struct kbdint_prompt prompt[KBDINT_MAX_PROMPTS];
};

/* Decodes INFO_REQUEST; ERR_LIMIT above KBDINT_MAX_PROMPTS prompts. */
enum err userauth_info_request_get(struct span s, struct userauth_info_request *m);

/* Encodes it. */
void userauth_info_request_put(struct writer *w, const struct userauth_info_request *m);

struct userauth_info_response {
	uint32_t n;			/* as the peer says */
	struct span text[KBDINT_MAX_PROMPTS];
};

/*
 * Decodes INFO_RESPONSE if it has `expected` answers; if it claims another
 * number, only that number is read and nothing of what follows.
 */
enum err userauth_info_response_get(struct span s, unsigned expected,
    struct userauth_info_response *m);

/* Encodes it. */
void userauth_info_response_put(struct writer *w, const struct userauth_info_response *m);

/* --- the methods, one const descriptor each --- */

struct auth_method {
	const char *name;
	/* Server: decodes the method's fields into ev->auth. */
	enum err (*request_get)(struct span rest, struct event *ev);
};

extern const struct auth_method auth_method_none;
extern const struct auth_method auth_method_password;
extern const struct auth_method auth_method_publickey;
extern const struct auth_method auth_method_hostbound;
extern const struct auth_method auth_method_kbdint;
extern const struct auth_method auth_method_hostbased;

/* The method of this name; NULL if there is none. */
const struct auth_method *auth_method_find(struct span name);

/* s, or limit + 1 bytes of it if it has more than limit: it cannot be right then. */
struct span auth_cut(struct span s, size_t limit);

/* Names of algorithms, methods, hosts: longer ones exist nowhere. */
#define AUTH_MAX_NAME	256

#endif
