/* SPDX-License-Identifier: ISC */
/*
 * keys/allowed_signers.h - who may sign files: lines of an allowed_signers
 * file, "principals [options] type base64 [comment]".
 *
 * principals  a pattern list of names ("u@example.org,*@example.com")
 * question    may this key have signed for this name, in this name space, at
 *             this time? Each line answers for itself.
 *
 * There is no clock here and no time zone: a question says what time it is,
 * both in UTC and on the wall, as a line may mean either.
 */
#ifndef KEYS_ALLOWED_SIGNERS_H
#define KEYS_ALLOWED_SIGNERS_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"
#include "keys/cert.h"

/* A point in time as a line has it. */
struct signer_time {
	bool is_set;
	bool is_local;		/* seconds are what a clock on the wall shows, as if it were UTC's */
	int64_t seconds;	/* else unix time */
};

/* A line. Spans borrow from the text, or from the writers. */
struct allowed_signer {
	struct span principals;		/* pattern list */
	bool is_ca;			/* cert-authority */
	bool has_name_spaces;
	struct writer name_spaces;	/* pattern list; unquoted */
	struct signer_time after;	/* good from then */
	struct signer_time before;	/* and up to then */
	struct writer blob;		/* of the key */
};

/*
 * Parses one line. ERR_NOTFOUND for blank and comment lines; ERR_SYNTAX, with
 * what is wrong in *why (static); ERR_NOMEM. On error there is nothing to free,
 * and of what out says only the principals count (empty if there are none).
 */
enum err allowed_signer_parse(struct span line, struct allowed_signer *out, const char **why);

/* Frees. For SCOPED; a zeroed one is fine. */
void allowed_signer_free(struct allowed_signer *s);

/* Walks through the lines of a file's text. Start with { .rest = text }. */
struct allowed_walk {
	struct span rest;
	unsigned number;		/* of the line last given */
};

/*
 * Gives the next line that is not blank or a comment; false at the end.
 * *e and *why are as allowed_signer_parse() has them. Whoever takes it frees it.
 */
bool allowed_next(struct allowed_walk *walk, struct allowed_signer *out, enum err *e,
    const char **why);

/* Whether name matches the principals of the line. */
bool allowed_signer_is_for(const struct allowed_signer *s, struct span name);

struct signer_question {
	struct span signer;		/* blob of the key or the certificate that signed */
	const struct cert *cert;	/* NULL if it is none */
	struct span principal;		/* p NULL: no matter who */
	struct span name_space;		/* p NULL: no matter what for */
	uint64_t now;			/* unix time */
	int64_t now_local;		/* the same on the wall, as signer_time has it */
};

enum signer_answer {
	SIGNER_OTHER,			/* the line is about somebody else */
	SIGNER_ALLOWED,
	SIGNER_BAD_CERT,		/* its CA, but the certificate is not good */
	SIGNER_NAME_SPACE,		/* not for this name space */
	SIGNER_EARLY,			/* not yet: see after */
	SIGNER_LATE,			/* no more: see before */
};

/*
 * What the line says about the question. *why is a sentence (static) with
 * SIGNER_BAD_CERT. On error (ERR_NOMEM, ERR_CRYPTO) *answer is SIGNER_OTHER.
 */
enum err allowed_signer_ask(const struct allowed_signer *s, const struct signer_question *q,
    enum signer_answer *answer, const char **why);

#endif
