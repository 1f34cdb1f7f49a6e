/* SPDX-License-Identifier: ISC */
/*
 * sshd/guard_i.h - inside the guard: guard.c has the process, guard_sign.c the
 * host key's signatures, guard_user.c whom a login is for, guard_auth.c the
 * decision, guard_password.c passwords (guard_change.c new ones), guard_key.c
 * public keys (guard_keyfile.c files that list them, guard_cert.c certificates,
 * guard_command.c programs that are asked, guard_options.c what a key's options
 * say, guard_grant.c those in the ephemeral table, guard_code.c codes),
 * guard_hostbased.c hosts' keys, guard_login.c what follows a success,
 * guard_end.c the end and its log lines.
 */
#ifndef SSHD_GUARD_I_H
#define SSHD_GUARD_I_H

#include "auth/account.h"
#include "auth/code.h"
#include "auth/result.h"
#include "base/limits.h"
#include "keys/cert.h"
#include "keys/fingerprint.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "os/reverse.h"
#include "sshd/client_host.h"
#include "sshd/guard.h"
#include "sshd/login_record.h"
#include "sshd/messages.h"
#include "sshd/reasons.h"

/* Whom the client wants to be. Known from the first request on. */
struct guard_user {
	bool is_known;			/* the rest is filled in */
	char *name;			/* as the client sent it */
	bool is_valid;			/* there is such an account, and it may log in */
	struct account account;		/* of invalid users too: one that nothing fits */
	struct group_list groups;
	enum reason why;		/* it may not, for this */
	enum sshd_keyword why_rule;	/* and this rule */
	struct sshd_place places[SSHD_N_KEYWORDS];	/* where config comes from */
	char fake[128];			/* password setting for those without one */
	struct sshd_config config;	/* what holds for this user and connection */
};

/* A key that a client shows: what it is, where it was found and what it may do. */
struct guard_key {
	bool is_cert;
	struct cert cert;		/* if it is one: what it says, believed by nobody yet */
	struct writer options;		/* as in authorized_keys */
	struct writer cert_options;	/* what the certificate itself says, in the same form */
	char place[1024];		/* "FILE:LINE"; empty: not found yet, or an ephemeral one */
	char comment[256];		/* of that line */
	int64_t expires;		/* unix time when it, or its certificate, does; INT64_MAX */
	enum reason why;		/* it was found, and must not be used */
	enum sshd_keyword why_rule;
	char grant[16];			/* id in the ephemeral table; empty: not from there */
	char registrar[300];
	bool is_held;			/* a use of it is held by this login */
	uint8_t proof[CODE_PROOF_LEN];	/* of a code; zero: it is none */
	bool has_proof;
};

/* Chains of AuthenticationMethods that are looked at. */
#define GUARD_CHAINS	32

/* What has been proved so far. */
struct guard_proof {
	unsigned progress[GUARD_CHAINS];	/* methods done of each chain */
	struct writer keys;		/* blobs that were used, as strings */
	struct writer options;		/* of each of them, as strings: all hold */
	struct writer info;		/* lines for ExposeAuthInfo */
	struct writer env;		/* for the user's programs: string name, string value, for each */
	int64_t expires;		/* unix time: the earliest of the keys' */
	char grant[16];			/* the last ephemeral key's; empty: there was none */
	uint8_t code_proof[CODE_PROOF_LEN];	/* of the code that was used */
	bool has_code;
};

/* What the client is told before login, the banner apart. */
#define GUARD_TELLS	4

/* Questions of keyboard-interactive that wait for the client. */
enum guard_challenge {
	CHALLENGE_NONE,
	CHALLENGE_PASSWORD,		/* the password */
	CHALLENGE_NEW,			/* a new one, twice */
};

/* Terminals of one connection that utmp has entries for. */
#define GUARD_TTYS	16

struct guard {
	const struct guard_start *start;
	struct log log;
	struct loop *loop;
	uint32_t phase;
	struct ipc wire, listener, session;
	struct watch *wire_watch, *listener_watch, *session_watch;
	char client[64], server[64];	/* addresses in numbers; "UNKNOWN" without a network */
	uint32_t client_port, server_port;
	char host[REVERSE_MAX];		/* the client's name, with UseDNS; empty: it has none */
	bool host_is_known;		/* it has been asked for */
	unsigned n_early_lines;		/* of wire's, before login */
	msec asks_since;		/* the second in which the session had the listener asked this often */
	unsigned n_asks;

	/* guard_sign.c */
	uint8_t session_id[64];
	size_t session_id_len;
	unsigned hostkey;		/* that of the first exchange: K_S */
	unsigned n_signed;		/* before login */
	unsigned n_groups;		/* of ModuliFile asked for; before login */

	/* guard_user.c, guard_auth.c */
	struct guard_user user;
	struct guard_proof proof;
	struct guard_key key;		/* the one that is being looked at, or was used */
	unsigned tries;			/* that failed */
	unsigned queries;		/* unsigned, for keys nobody knows */
	bool none_seen;
	enum reason why;		/* the request is refused for this */
	enum sshd_keyword why_rule;
	unsigned n_told;		/* guard_tell() */
	enum guard_challenge challenge;
	bool change_offered;		/* PASSWD_CHANGEREQ was sent */
	unsigned n_old;			/* right passwords that had expired */
	struct secret old_password;	/* the one that is being changed */
	int64_t days_left;		/* until the password that was used expires; -1: no need to say */
	bool banner_sent;
	struct writer request;		/* the message that is being decided, kept for later */
	struct msg_from_wire_auth asked;	/* its fields, within request */
	bool is_asked;			/* there is one */
	bool has_answered;		/* one, or more */
	msec asked_at;
	struct timer *answer_timer;	/* failures are answered when it is time */
	uint32_t question;		/* to the listener, outstanding; 0: none */
	uint32_t last_question;
	uint32_t code_question;		/* a code was typed; 0: none */
	bool is_committing;		/* the question is whether the uses that are held are good */
	char code[CODE_SIZE];
	bool holder_proved;		/* the question is whether the key may be used */
	bool proved_once;		/* the client holds a key that is or was registered */

	/* guard_login.c */
	pid_t session_pid;
	int session_pidfd;		/* -1: none, or the kernel has none */
	bool logged_in;
	msec until;			/* when the session has to end; MSEC_NEVER */
	msec until_key;			/* the same, by its keys and certificates alone */
	size_t n_warned;		/* how many of the warnings before it have been given */
	struct timer *until_timer;
	char end_text[200];		/* why the session is being ended by force; empty: it is not */
	struct timer *end_timer;	/* its last line is on its way until then */
	struct timer *kill_timer;
	struct login_record ttys[GUARD_TTYS];	/* that utmp has entries for; line empty: none */

	/* guard_end.c */
	struct timer *grace;		/* LoginGraceTime; later: the last moment */
	bool ending;
	bool has_ended;			/* wire has said how */
	enum guard_exit status;
	uint8_t buf[LIMIT_IPC];		/* of messages received */
};

/* --- guard.c --- */

/* Fills in what a guard begins with; it is zero before. */
void guard_begin(struct guard *g, const struct guard_start *start);

/* The log for what wire says: with " [preauth]" behind it until somebody is logged in. */
struct log guard_wire_log(const struct guard *g);

/* After a send to wire: e is its result. */
void guard_wire_sent(struct guard *g, enum err e);

/* Sends to the listener only if it is there; false if not. */
bool guard_has_listener(const struct guard *g);

/* After a send to the listener. */
void guard_listener_sent(struct guard *g, enum err e);

/* Starts watching the session's ipc. */
enum err guard_watch_session(struct guard *g, int fd);

/* Writes the server's identification string, without CR LF or NUL. */
void guard_put_ident(struct writer *w, const struct sshd_config *c);

/* --- guard_sign.c --- */

/* Signs, or refuses to (which ends the connection). */
enum err guard_sign(struct guard *g, const struct msg_from_wire_sign *m);

/*
 * Answers with a group of ModuliFile; with none if the file has none of that
 * size or is not there. ERR_LIMIT if it is asked too often before login.
 */
enum err guard_group(struct guard *g, const struct msg_from_wire_group *m);

/* Proves possession of host keys (hostkeys-prove-00@openssh.com). */
enum err guard_prove(struct guard *g, const struct msg_from_wire_prove *m);

/* Proves that the code is known here that the client has logged in with. */
enum err guard_prove_code(struct guard *g, uint32_t id);

/* The blob of the host key that the connection began with; empty before. */
struct span guard_hostkey(const struct guard *g);

/* --- guard_user.c --- */

/* Finds the account and what the config says for it. ERR_NOMEM. */
enum err guard_find_user(struct guard *g, struct span name);

/* The file that keeps all but root out, if it is there; else NULL. */
const char *guard_nologin(void);

/* "invalid user NAME" or "NAME", for log lines; within buf. */
const char *guard_who(const struct guard *g, char *buf, size_t size);

/* A key's fingerprint for the log, in the form that FingerprintHash says; within buf. */
const char *guard_fingerprint(const struct guard *g, struct span blob, char buf[static FINGERPRINT_SIZE]);

/* Finds an account, and its groups, for a command that runs as it. ERR_NOTFOUND, ERR_NOMEM. */
enum err guard_find_account(struct guard *g, struct span name, struct account *a,
    struct group_list *groups);

/* Frees it all. */
void guard_user_free(struct guard_user *u);

/* --- guard_auth.c --- */

/* A request came: decides it, now or when the listener has answered. */
enum err guard_auth(struct guard *g, const struct msg_from_wire_auth *m);

/* Answers the request that is outstanding. For PK_OK and before a success. */
void guard_answer(struct guard *g, enum auth_result result);

/* The request failed; it counts as a try if counts. Answered when it is time. */
void guard_fail(struct guard *g, bool counts);

/* Lets in; end: when the session has to end by its grants. */
void guard_accept(struct guard *g, msec end);

/* The method has been proved: goes on, asks for more, or lets in. */
void guard_proved(struct guard *g);

/* Why what is being decided is refused, and by which rule (SSHD_N_KEYWORDS: none of the config). */
void guard_refuse(struct guard *g, enum reason why, enum sshd_keyword rule);

/* "Keyword (FILE:LINE)": where a rule comes from; within buf. */
const char *guard_place(const struct guard *g, enum sshd_keyword rule, char *buf, size_t size);

/* Logs the reason of a refusal. */
void guard_log_refusal(struct guard *g, enum log_level level);

/* Shows the client a text, as a banner: only for one who has proved who he is. */
void guard_tell(struct guard *g, const char *text);

/* Whether the config lets root, if it is he, in by the method and the key that are being looked at. */
bool guard_root_may(const struct guard *g);

/* Refuses root, who has proved that he is. */
void guard_refuse_root(struct guard *g);

/* The request was answered with a question; sent is how that went. */
void guard_asks(struct guard *g, enum err sent);

/* The question was answered: the request is outstanding again, under this id. */
void guard_asked_again(struct guard *g, uint32_t id);

/* --- guard_password.c --- */

/* A password request, maybe with a new one in it. */
void guard_password(struct guard *g);

/* A "none" request: what there is, or in without a password. */
void guard_none(struct guard *g);

/* A keyboard-interactive request: asks for the password. */
void guard_kbdint(struct guard *g);

/* The client has answered the questions. */
enum err guard_on_answers(struct guard *g, const struct msg_from_wire_answers *m);

/* The client does something else than answering: that counts as a try. */
void guard_challenge_drop(struct guard *g);

/* --- guard_change.c --- */

/* Whether a new password of the user's could be written; else why says what he is told. */
bool guard_change_is_possible(struct guard *g, char *why, size_t size);

/*
 * Writes a new password. ERR_DENIED if it will not do, another error if it
 * could not be written; why is for the client.
 */
enum err guard_change_password(struct guard *g, struct span old_password, struct span new_password,
    char *why, size_t size);

/* Logs "Accepted", "Failed", "Partial" ... of the request. */
void guard_log_result(struct guard *g, const char *word, bool at_info);

/* --- guard_host.c --- */

/* Looks up the client's name if UseDNS asks for it, once. */
void guard_find_host(struct guard *g);

/* What is known of the client's machine; borrows from g. */
struct client_host guard_client_host(const struct guard *g);

/* --- guard_key.c --- */

/*
 * Whether the request's key makes sense: its algorithm is among those allowed
 * and fits it, it has not been used before, and it is not revoked. Takes a
 * certificate apart.
 */
bool guard_key_acceptable(struct guard *g, struct span allowed);

/* Whether a signature algorithm is one for keys of this type, or their certificates. */
bool guard_alg_fits(struct span alg, struct span type);

/* A publickey request. */
void guard_publickey(struct guard *g);

/* Notes why a key that was found does not let in: the first reason counts, for the log. */
void guard_key_refused(struct guard *g, enum reason why, enum sshd_keyword rule);

/* Forgets the key of the last request. */
void guard_key_reset(struct guard *g);

/* The key without what certifies it, as lists of keys have it. */
struct span guard_plain_blob(const struct guard *g);

/* "ED25519-CERT SHA256:..." and, of a certificate, its id and CA, for log lines; within buf. */
const char *guard_key_name(const struct guard *g, char *buf, size_t size);

/* Whether the client has signed by the key, and a token has done what key and config ask of it. */
bool guard_key_is_signed(struct guard *g);

/* Whether the user's files let the key in. */
bool guard_key_is_in_files(struct guard *g);

/* Goes by the user's files, now that the table has nothing of the key. */
void guard_key_try_files(struct guard *g);

/* The request fails: nobody knows the key. */
void guard_key_unknown(struct guard *g);

/* The request fails: the signature is of no use. */
void guard_key_not_signed(struct guard *g);

/* --- guard_grant.c --- */

/* The client's address in numbers; empty without a network. */
struct span guard_source(const struct guard *g);

/* Asks the listener whether the request's key is registered. */
void guard_grant_find(struct guard *g);

/* The holder of a key has proved to be that: asks the listener for a use of its registration. */
void guard_grant_use(struct guard *g, uint32_t id, struct span blob);

/* The request is refused: gives back the use that it holds. */
void guard_grant_drop(struct guard *g);

/* All has been proved: asks the listener whether the uses that are held are good, and goes on then. */
void guard_grant_commit(struct guard *g);

/* The listener has answered. */
enum err guard_on_grant(struct guard *g, const struct msg_guard_grant *m);

/* A try that fitted nothing: the listener is told, as it may have been a guess at a code. */
void guard_tell_wrong(struct guard *g);

/* --- guard_code.c --- */

/*
 * A password that does not fit: whether it is a code, and EphemeralCodes lets
 * codes be typed. Then the request is answered when the listener has spoken.
 */
bool guard_try_code(struct guard *g, struct span typed);

/* Whether there is anything to find: stretches the code and asks for a use of it. */
enum err guard_on_code(struct guard *g, const struct msg_guard_code *m);

/* The code does not let in. */
void guard_code_answered(struct guard *g, const struct msg_guard_grant *m);

/* --- guard_keyfile.c --- */

/* How one file is looked through. ERR_NOTFOUND: go on with the next. */
typedef enum err (*guard_look)(struct guard *g, const char *path, struct span text);

/*
 * Goes through the files that words of a keyword stand for, as the user, until
 * one gives something else than ERR_NOTFOUND. Names have tokens, may be
 * patterns, and are in the user's home if they begin with no "/".
 */
enum err guard_look_in_files(struct guard *g, enum sshd_keyword keyword, char *const *words,
    size_t n, guard_look look);

/* Looks for g->key in lines of authorized_keys; path names them. ERR_NOTFOUND. */
enum err guard_look_in_lines(struct guard *g, const char *path, struct span text);

/*
 * Looks for g->key in all places that the config names; what it may do goes
 * into g->key. ERR_NOTFOUND if it is not there or must not be used now.
 */
enum err guard_find_key(struct guard *g);

/* --- guard_cert.c --- */

/* A certificate by TrustedUserCAKeys. ERR_NOTFOUND: its CA is not there, or it must not be used. */
enum err guard_find_by_ca(struct guard *g);

/*
 * Whether the certificate lets the user in under the options of a line that
 * trusts its CA: it names the user or one of the line's principals. Keeps
 * what it says in g->key; the log has what is wrong. ERR_NOTFOUND.
 */
enum err guard_take_cert(struct guard *g, struct span options, const char *place);

/* --- guard_hostbased.c --- */

/* A hostbased request. */
void guard_hostbased(struct guard *g);

/* --- guard_command.c --- */

/* Asks AuthorizedKeysCommand or AuthorizedPrincipalsCommand, and looks through what it says. */
enum err guard_ask_command(struct guard *g, enum sshd_keyword keyword, guard_look look);

/* --- guard_options.c --- */

/* Which permission bits StrictModes looks at. */
enum file_modes guard_modes(const struct guard *g);

/* What stands behind options. */
enum guard_line {
	GUARD_LINE_KEY,
	GUARD_LINE_CA,			/* cert-authority must be among them */
};

/*
 * Whether the options let this client in at this time; the log says why not.
 * place names them ("FILE:LINE"). Notes when they expire in g->key.
 */
bool guard_options_allow(struct guard *g, struct span options, enum guard_line what,
    const char *place);

/* --- guard_login.c --- */

/* Somebody is in: starts the session, then says so. end: when it has to end by its grants; MSEC_NEVER. */
enum err guard_log_in(struct guard *g, msec end);

/* Asks the listener whether whoever is logged in may register keys from where he is. */
void guard_ask_registrar(struct guard *g, uint32_t channel);

/* Tells the session that he may not, and why. */
void guard_refuse_registrar(struct guard *g, uint32_t channel, const char *why);

/* Its grants let the session last until then; its keys and certificates may end it earlier. */
void guard_set_until(struct guard *g, msec end);

/*
 * Ends the session by force: its terminals are told why, all processes that
 * came of it end, with or without a terminal, and then the connection.
 */
void guard_end_session(struct guard *g, const char *why);

/* A terminal came into use, or went. */
void guard_record_tty(struct guard *g, const struct msg_from_session_tty *m);

/* --- guard_end.c --- */

/* Logs how the connection ended, as wire says. */
void guard_log_end(struct guard *g, const struct msg_from_wire_ended *m);

/* Ends the connection in order: the client is told, then everything is gone. */
void guard_end(struct guard *g, uint32_t reason, const char *text);

/* Ends it now. GUARD_EXIT_OK stands for what is known of the client. */
void guard_quit(struct guard *g, enum guard_exit status);

/* After guard_quit(): kills a session that has not ended by itself, and stops. */
void guard_last_moment(struct guard *g);

#endif
