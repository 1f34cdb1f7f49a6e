/* SPDX-License-Identifier: ISC */
/*
 * auth/account.h - accounts, read from the text of passwd, group and shadow.
 *
 * Text in, struct out: whoever calls this has read the files (whole), so that
 * neither NSS nor any file is touched here, and so that the paths can be
 * anything. A line that is not well-formed is as if it were not there (empty
 * fields at its end may be left out); of two lines with one name the first
 * counts, as in the C library. Lines that begin with '#', '+' or '-' are no
 * accounts (there is no NIS here).
 *
 * ageing   the day numbers of shadow(5), in days since 1970
 */
#ifndef AUTH_ACCOUNT_H
#define AUTH_ACCOUNT_H

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/writer.h"

/* A day that shadow(5) leaves empty. */
#define ACCOUNT_NO_DAY	(-1)

struct account {
	char *name;
	char *gecos;
	char *home;			/* "/" where the file says nothing */
	char *shell;			/* "/bin/sh" where the file says nothing */
	uint32_t uid;
	uint32_t gid;
	struct secret hash;		/* password hash; "*": none will do; empty: none is needed */
	bool in_shadow;			/* there is a shadow line: the days hold */
	int64_t changed;		/* day of the last password change; 0: must change */
	int64_t max_age;		/* days a password is good for */
	int64_t warn;			/* days before that to warn */
	int64_t inactive;		/* days after that in which it can still be changed */
	int64_t expires;		/* last day on which the account works */
};

/* Frees and wipes; leaves an empty account. NULL is fine. */
void account_free(struct account *a);

/* Finds a user by name. *out is for account_free(). ERR_NOTFOUND, ERR_NOMEM. */
enum err account_find(struct account *out, struct span passwd, struct span name);

/* Finds the first user with this uid. ERR_NOTFOUND, ERR_NOMEM. */
enum err account_find_uid(struct account *out, struct span passwd, uint32_t uid);

/*
 * Makes an account without a file, for a uid that no passwd knows. home and
 * shell may be empty ("/", "/bin/sh"). No password will do. ERR_NOMEM,
 * ERR_SYNTAX for a name, home or shell with a colon, newline or NUL in it.
 */
enum err account_make(struct account *out, struct span name, uint32_t uid, uint32_t gid,
    struct span home, struct span shell);

/*
 * Takes password hash and ageing from the account's line in shadow. Nothing
 * changes if there is none (in_shadow stays false). ERR_NOMEM.
 */
enum err account_add_shadow(struct account *a, struct span shadow);

/*
 * Writes shadow's text with another hash, changed on this day, in the line that
 * account_add_shadow() takes for name; all else stays byte for byte.
 * ERR_NOTFOUND if there is none, ERR_SYNTAX for a hash that no line can hold,
 * and what out says (its limit, memory).
 */
enum err account_shadow_change(struct writer *out, struct span shadow, struct span name,
    struct span hash, int64_t day);

/* --- groups --- */

/* Supplementary groups of one user; Linux takes up to 65,536. */
#define ACCOUNT_MAX_GROUPS	65536

struct group_list {
	uint32_t *gid;
	size_t n;
};

/* Frees the list. NULL is fine. */
void group_list_free(struct group_list *g);

/*
 * Lists the groups of a user as setgroups(2) wants them: primary first, then
 * all whose line names the user, each once. ERR_NOMEM, ERR_LIMIT.
 */
enum err group_list_of(struct group_list *out, struct span group, struct span name,
    uint32_t primary);

/* The name of a group; it borrows from the text. ERR_NOTFOUND. */
enum err group_name(struct span group, uint32_t gid, struct span *name);

/* The number of a group. ERR_NOTFOUND. */
enum err group_number(struct span group, struct span name, uint32_t *gid);

/* --- may this account log in? --- */

#define ACCOUNT_VERDICT_LIST(X)						\
	/* name			what the log says of the account */	\
	X(OK,			"may log in")				\
	X(LOCKED,		"account is locked")			\
	X(EXPIRED,		"account has expired")			\
	X(NO_SHELL,		"shell does not exist")			\
	X(SHELL_NOT_EXECUTABLE,	"shell is not executable")		\
	X(NOLOGIN,		"logins are closed")

enum account_verdict {
#define X(name, text) ACCOUNT_##name,
	ACCOUNT_VERDICT_LIST(X)
#undef X
};

/* What the program found out about the machine for account_check(). */
struct account_facts {
	int64_t today;			/* days since 1970, UTC */
	bool shell_exists;
	bool shell_executable;		/* a regular file with an x bit */
	bool nologin_exists;		/* /etc/nologin or /run/nologin */
	bool ignore_lock;		/* a locked password locks passwords only */
};

/*
 * Decides whether the account may log in at all, by whatever method, as
 * OpenSSH without PAM does: a hash that begins with "!" or is "*LK*" locks the
 * account, "*" only means that no password will do. uid 0 passes nologin.
 */
enum account_verdict account_check(const struct account *a, const struct account_facts *f);

/* The text of a verdict, as in the list; static. */
const char *account_verdict_text(enum account_verdict v);

enum password_age {
	PASSWORD_AGE_OK,
	PASSWORD_AGE_MUST_CHANGE,	/* root has said so: last change is day 0 */
	PASSWORD_AGE_EXPIRED,		/* older than max_age: must change */
	PASSWORD_AGE_DEAD,		/* and for longer than inactive: too late to change it */
};

/*
 * Whether a password login must be refused for the password's age. Keys are
 * not concerned (as in OpenSSH). *days_left (may be NULL) is set to the days
 * until it expires when these are few enough to warn of, else to -1.
 */
enum password_age account_password_age(const struct account *a, int64_t today,
    int64_t *days_left);

#endif
