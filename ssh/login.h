/* SPDX-License-Identifier: ISC */
/*
 * ssh/login.h - authentication (RFC 4252), method by method, as the server
 * lets us and PreferredAuthentications wants it.
 *
 * method      one of the table in login.c
 * exhausted   a method that has nothing left to try
 */
#ifndef SSH_LOGIN_H
#define SSH_LOGIN_H

#include "ssh/identity.h"
#include "ssh/ssh.h"

enum login_method {
	LOGIN_NONE,
	LOGIN_HOSTBASED,
	LOGIN_PUBLICKEY,
	LOGIN_KBDINT,
	LOGIN_PASSWORD,
	LOGIN_METHODS
};

struct login {
	struct identities ids;
	bool has_ids;			/* ids have been looked for */
	struct identity *current_id;	/* of the request that is outstanding */
	const char *current_alg;
	enum login_method current;
	bool is_exhausted[LOGIN_METHODS];
	bool was_tried[LOGIN_METHODS];	/* a request has been sent */
	uint32_t tries[LOGIN_METHODS];
	struct writer keys_tried;	/* the first of them, for login_tell() */
	unsigned n_keys_tried;
	bool saw_prompts;		/* of keyboard-interactive */
	char *methods;			/* what can continue, as the server said last */
	size_t host_key;		/* of hostbased: the next algorithm to try */
	struct secret password;		/* sent last, for a change of it */
};

/* Makes an idle one. ERR_NOMEM. */
enum err login_new(struct login **out);

/* Wipes and frees. NULL is fine. */
void login_free(struct login *l);

/*
 * Takes an event of authentication (AUTH_READY to AUTH_PASSWD_CHANGE) and
 * sends what comes next; leaves when nothing is left. AUTH_SUCCESS too: it
 * says so and forgets keys and passwords.
 */
void login_event(struct ssh *s, const struct event *ev);

/* Sends the next request by the best method that is left; leaves if there is none. */
void login_go_on(struct ssh *s);

/* The name of a method of ours; not LOGIN_NONE. */
const char *login_method_name(enum login_method m);

/* The method of that name; LOGIN_NONE if we do not have it. */
enum login_method login_find_method(const char *name);

/* --- login_tell.c --- */

/* Remembers that a key has been offered. */
void login_note_key(struct login *l, const struct identity *id);

/* Says what was tried, and what the server would take, after its last refusal. */
void login_tell(const struct ssh *s);

/* --- login_hostbased.c --- */

/*
 * Sends a request that a key of this machine signs (RFC 4252 9): the next one
 * of those that can be read, or that the agent holds. False: none is left.
 */
bool login_next_hostbased(struct ssh *s);

/* --- login_key.c --- */

/* Looks for the user's keys, once. ERR_NOMEM. */
enum err login_find_keys(struct ssh *s);

/* Sends a request about the next key. False: none is left. */
bool login_next_key(struct ssh *s);

/* The server takes the key that was asked about: signs. */
void login_sign(struct ssh *s);

/* --- login_ask.c: methods that ask the user --- */

/* Asks for the password and sends it. False: no tries are left, or nobody to ask. */
bool login_next_password(struct ssh *s);

/* The password has to be changed first. */
void login_change_password(struct ssh *s, struct span text);

/* Starts keyboard-interactive. False: no tries are left. */
bool login_next_kbdint(struct ssh *s);

/* Asks the user what the server asks, and answers. */
void login_answer(struct ssh *s, const struct event *ev);

/* Prints text of the server on standard error; what a terminal could obey is made visible. */
void login_print(struct span text);

#endif
