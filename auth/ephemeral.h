/* SPDX-License-Identifier: ISC */
/*
 * auth/ephemeral.h - the table of ephemeral public keys: who is let in with
 * which key, until when, how often.
 *
 * grant       one registration: a user, a key, an end, conditions
 * live        it would let its holder in
 * over        it was live: expired, used up or revoked. It is remembered for
 *             a while (and while sessions it opened last), so that its
 *             proven holder can be told why, and its sessions be found
 * registrar   who registered it, by a name of the program's making
 * login       something that uses a grant, by a number of the program's: it
 *             holds a use in reserve until it succeeds (then it is a session)
 *             or fails
 * session     a login that has succeeded, by the same number
 * code        a grant whose key was derived from a code that people read to
 *             each other. Its key is never confirmed to who only asks: one
 *             must sign. Wrong tries end it, and shut out their source
 *
 * The table does no I/O and has no clock: each call is told the time (of the
 * boot-time clock), and ends what has ended by then before it does anything
 * else. Look-ups cost the same however many grants there are; what ends next
 * is at the top of a heap. A live grant is never dropped to make room: a full
 * table refuses, saying what is full.
 *
 * A key may be registered for a user more than once, up to
 * EPHEMERAL_PER_KEY times; the newest grant that is usable counts.
 *
 * A login asks three times: ephemeral_find() when the client asks whether a
 * key would do, ephemeral_reserve() when its signature has been verified, and
 * ephemeral_commit() when all else that the login needs has been proved, too.
 * What the second returns is what the login may do, whatever the first one
 * said; a use that it has taken is nobody else's any more, and is consumed by
 * the third, or given back by ephemeral_close(). The program makes these for
 * one account only after it has found that the account may log in.
 *
 * Nothing calls back: what happened is pulled with ephemeral_next_event().
 *
 * Spans in a struct ephemeral_grant borrow from the table, until the next call
 * that takes a table that is not const.
 */
#ifndef AUTH_EPHEMERAL_H
#define AUTH_EPHEMERAL_H

#include "base/clock.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/writer.h"

struct ephemeral;

/* Characters of an id, and room for it with a NUL. */
#define EPHEMERAL_ID_LEN	8
#define EPHEMERAL_ID_SIZE	(EPHEMERAL_ID_LEN + 1)

/* Bytes of a SHA-256 fingerprint. */
#define EPHEMERAL_FP_LEN	32

/* Live grants of one key for one user: their chain is walked at each login. */
#define EPHEMERAL_PER_KEY	16

/* Sessions that grants opened and logins that hold uses, of the whole table. */
#define EPHEMERAL_SESSIONS	65536

/* The longest strings that are taken. */
#define EPHEMERAL_MAX_SOURCES	4096
#define EPHEMERAL_MAX_OPTIONS	4096
#define EPHEMERAL_MAX_COMMENT	256
#define EPHEMERAL_MAX_REGISTRAR	256

/* Codes that are live, of the whole table: each wrong try looks at all of them. */
#define EPHEMERAL_CODES		256

/* Wrong tries that end a code, whoever made them; and that shut out their source for a while. */
#define EPHEMERAL_CODE_TRIES	50
#define EPHEMERAL_SOURCE_TRIES	10
#define EPHEMERAL_SOURCE_SHUT	((msec)600000)

/* Sources of wrong tries that are remembered; the one that has been quiet longest makes room. */
#define EPHEMERAL_SOURCES	256

/* Bytes of a code's proof key. */
#define EPHEMERAL_PROOF_LEN	32

struct ephemeral_limits {
	size_t total;			/* live grants; at most LIMIT_EPHEMERAL */
	size_t per_user;		/* 0: no limit but total, here and below */
	size_t per_registrar;
	size_t bytes;			/* memory of all; EPHEMERAL_BYTES by default */
	msec min_ttl;
	msec max_ttl;			/* of a grant, of an extension, and of grace */
	msec remember;			/* how long what is over is remembered */
};

#define EPHEMERAL_BYTES		((size_t)64 * 1024 * 1024)

/* What holds where a config says nothing: 1 s to 24 h, ten minutes' memory. */
struct ephemeral_limits ephemeral_default_limits(void);

enum ephemeral_session {
	EPHEMERAL_SESSION_FREE,		/* as long as the client likes */
	EPHEMERAL_SESSION_LENGTH,	/* so long from its beginning */
	EPHEMERAL_SESSION_GRANT,	/* until the grant ends */
};

/* A registration, asked for. The table copies all of it. */
struct ephemeral_request {
	struct span user;
	struct span blob;		/* public key blob; the caller has parsed it */
	msec ttl;
	uint32_t uses;			/* 0: as often as it likes while it lives */
	msec grace;			/* after the first use it lives at least so long */
	struct span sources;		/* comma list of CIDRs; empty: from anywhere */
	struct span options;		/* as in authorized_keys; the caller has parsed it */
	enum ephemeral_session session;
	msec session_length;
	struct span registrar;
	struct span comment;
	struct span proof;		/* EPHEMERAL_PROOF_LEN bytes: it is a code; or empty */
};

enum ephemeral_state {
	EPHEMERAL_LIVE,
	EPHEMERAL_EXPIRED,
	EPHEMERAL_USED_UP,
	EPHEMERAL_REVOKED,
	EPHEMERAL_LOCKED,		/* a code, after too many wrong tries */
};

/* A grant as it is now. */
struct ephemeral_grant {
	const char *id;
	enum ephemeral_state state;
	struct span user;
	struct span blob;
	struct span fingerprint;	/* SHA-256 of the blob, EPHEMERAL_FP_LEN bytes */
	struct span sources;
	struct span options;
	struct span registrar;
	struct span comment;
	struct span proof;		/* of a code; else empty */
	msec registered;
	msec end;			/* when it expires; when it ended, if it is over */
	uint32_t uses;			/* allowed in all; 0: no limit */
	uint32_t used;
	msec grace;
	enum ephemeral_session session;
	msec session_length;
	uint32_t reserved;		/* uses that logins hold which are not finished */
	uint32_t sessions;		/* that it opened and that still last */
};

/*
 * Makes an empty table. limits are cut to what the build allows. rng is kept;
 * ids come from it. ERR_NOMEM.
 */
enum err ephemeral_new(struct ephemeral **out, const struct ephemeral_limits *limits,
    struct rng rng);

/* Frees the table and all it holds. NULL is fine. */
void ephemeral_free(struct ephemeral *t);

/* Puts other limits in force; grants that are there stay as they are. */
void ephemeral_set_limits(struct ephemeral *t, const struct ephemeral_limits *limits);

/* The limits in force. */
const struct ephemeral_limits *ephemeral_limits(const struct ephemeral *t);

enum ephemeral_full {
	EPHEMERAL_NOT_FULL,
	EPHEMERAL_FULL_TOTAL,
	EPHEMERAL_FULL_BYTES,
	EPHEMERAL_FULL_USER,
	EPHEMERAL_FULL_REGISTRAR,
	EPHEMERAL_FULL_KEY,
	EPHEMERAL_FULL_CODES,
};

/*
 * Registers a grant and describes it in *out. ERR_RANGE if ttl, grace or
 * session length are out of the limits; ERR_SYNTAX if a field is malformed
 * (empty or over-long user, empty blob, sources that are no CIDR list, control
 * characters in comment or registrar); ERR_LIMIT if it is full, *full (may be
 * NULL) saying of what; ERR_NOMEM. On any error nothing has changed.
 */
enum err ephemeral_add(struct ephemeral *t, const struct ephemeral_request *req, msec now,
    struct ephemeral_grant *out, enum ephemeral_full *full);

/* --- logging in --- */

enum ephemeral_answer {
	EPHEMERAL_YES,
	EPHEMERAL_UNKNOWN,		/* never heard of it, or long forgotten */
	EPHEMERAL_NO_EXPIRED,
	EPHEMERAL_NO_USED_UP,
	EPHEMERAL_NO_REVOKED,
	EPHEMERAL_NO_LOCKED,
	EPHEMERAL_NO_SOURCE,		/* live, but not from this address */
	EPHEMERAL_NO_USER,		/* live, but for somebody else */
	EPHEMERAL_NO_BUSY,		/* live, but all its uses are held by other logins */
	EPHEMERAL_N_ANSWERS
};

/*
 * Whether key would let user in from source (NULL: not known, which passes
 * only where no sources are set). is_signed: the client has sent a signature,
 * good or bad; without one, codes are not known. Changes nothing. With YES or
 * a NO, *out (may be NULL) is the grant it is about. user empty: nobody that
 * may log in, which is never answered YES.
 */
enum ephemeral_answer ephemeral_find(struct ephemeral *t, struct span user, struct span blob,
    const struct address *source, bool is_signed, msec now, struct ephemeral_grant *out);

/* Somebody who has proved that he holds a key. */
struct ephemeral_login {
	uint64_t number;		/* of the program's choice; never 0 */
	struct span user, blob;
	const struct address *source;	/* NULL: not known */
};

/*
 * Answers as ephemeral_find() does for a client whose signature has been
 * verified. YES has taken a use, which the login holds until ephemeral_commit()
 * or ephemeral_close(); a NO may be told to the client with
 * ephemeral_reason(). ERR_EXISTS if the number is taken, ERR_LIMIT, ERR_NOMEM:
 * nothing was taken.
 */
enum err ephemeral_reserve(struct ephemeral *t, const struct ephemeral_login *login, msec now,
    enum ephemeral_answer *answer, struct ephemeral_grant *out);

/*
 * The login has succeeded: consumes the use that it holds, which begins the
 * grace, and makes it a session. What is not live any more lets nobody in: a
 * NO, and the login still holds what is to be closed. UNKNOWN if the number is
 * not that of a login. *out (may be NULL) is the grant, but for UNKNOWN.
 */
enum ephemeral_answer ephemeral_commit(struct ephemeral *t, uint64_t number, msec now,
    struct ephemeral_grant *out);

/*
 * The login has failed, and gives back what it holds; or the session has
 * ended. Nothing happens if the number is not known.
 */
void ephemeral_close(struct ephemeral *t, uint64_t number);

/*
 * Writes the sentence for the proven holder of a key ("this key's registration
 * expired 12 s ago: register it again"); nothing for YES and UNKNOWN.
 */
void ephemeral_reason(struct writer *w, enum ephemeral_answer answer,
    const struct ephemeral_grant *grant, msec now);

/*
 * Notes that somebody at source (NULL: not known) has tried a key or a code
 * for user that nobody knows: counts against that source, and against each of
 * the user's codes.
 */
void ephemeral_wrong_code(struct ephemeral *t, struct span user, const struct address *source,
    msec now);

/* Whether any code is known, live or over, and source has not been shut out for wrong ones. */
bool ephemeral_wants_code(struct ephemeral *t, const struct address *source, msec now);

/* --- looking at it and changing it --- */

/* Finds a grant, live or over, by its id. ERR_NOTFOUND. */
enum err ephemeral_get(struct ephemeral *t, struct span id, msec now,
    struct ephemeral_grant *out);

/*
 * Lets a live grant end ttl from now, later than it would; extends sessions
 * that last until the grant ends. ERR_NOTFOUND; ERR_DENIED if it is over;
 * ERR_RANGE if ttl is out of the limits or the grant ends later anyway.
 */
enum err ephemeral_extend(struct ephemeral *t, struct span id, msec ttl, msec now,
    struct ephemeral_grant *out);

/* Revokes one grant by id. ERR_NOTFOUND; ERR_DENIED if it is over. */
enum err ephemeral_revoke(struct ephemeral *t, struct span id, msec now);

/* Which grants a walk sees. Empty fields match everything. */
struct ephemeral_filter {
	struct span user;
	struct span fingerprint;
	struct span registrar;
	bool live_only;
};

/* Revokes all live grants that match, and returns how many. */
size_t ephemeral_revoke_matching(struct ephemeral *t, const struct ephemeral_filter *f,
    msec now);

/* A place in the list of all grants, oldest first; zero is the beginning. */
struct ephemeral_cursor {
	uint64_t serial;
	char id[EPHEMERAL_ID_SIZE];
};

/*
 * Gives the next grant that matches and moves the cursor behind it; false at
 * the end. The table may change between calls: what stays is seen once.
 */
bool ephemeral_next(struct ephemeral *t, const struct ephemeral_filter *f,
    struct ephemeral_cursor *cursor, struct ephemeral_grant *out);

/* How many grants are live. */
size_t ephemeral_count(const struct ephemeral *t);

/* Bytes of memory that the table holds, as its limit counts them. */
size_t ephemeral_bytes(const struct ephemeral *t);

/* Table entries looked at since it was made: for tests of what look-ups cost. */
uint64_t ephemeral_probes(const struct ephemeral *t);

/* --- time --- */

/* When to call ephemeral_tick() at the latest; MSEC_NEVER: nothing will end. */
msec ephemeral_deadline(const struct ephemeral *t);

/* Ends what has ended and forgets what has been remembered long enough. */
void ephemeral_tick(struct ephemeral *t, msec now);

/* --- sessions --- */

/*
 * When the session has to end by its grant's word: MSEC_NEVER if never, or if
 * it is none. A revocation does not end sessions: see below.
 */
msec ephemeral_session_end(const struct ephemeral *t, uint64_t session);

/*
 * Gives the sessions of a grant, and the logins that hold uses of it, one
 * after the other: *session is 0 for the first, and the last one given for the
 * next. False at the end.
 */
bool ephemeral_session_next(const struct ephemeral *t, struct span id, uint64_t *session);

/* --- what happened --- */

#define EPHEMERAL_EVENT_LIST(X)						\
	X(REGISTERED,	"registered")					\
	X(USED,		"used")						\
	X(REFUSED,	"refused")	/* its holder, with proof: .answer */ \
	X(EXTENDED,	"extended")					\
	X(EXPIRED,	"expired")					\
	X(USED_UP,	"used up")					\
	X(REVOKED,	"revoked")					\
	X(WRONG_CODE,	"guessed at")	/* a code, by somebody else */	\
	X(LOCKED,	"locked")

enum ephemeral_event_kind {
#define X(name, text) EPHEMERAL_EV_##name,
	EPHEMERAL_EVENT_LIST(X)
#undef X
	EPHEMERAL_EV_COUNT
};

struct ephemeral_event {
	enum ephemeral_event_kind kind;
	struct ephemeral_grant grant;	/* as it is now */
	uint32_t times;			/* how often since last pulled (USED, REFUSED) */
	enum ephemeral_answer answer;	/* the last reason of REFUSED */
	struct address source;		/* the last one of USED or REFUSED; family 0: none */
};

/*
 * Gives the next event, grants in the order in which something first happened
 * to them; false if there is none. Events wait in the grants themselves, so
 * they need no memory, and get lost only with a grant that is forgotten.
 */
bool ephemeral_next_event(struct ephemeral *t, struct ephemeral_event *out);

/* The name of a kind of event ("used up"); static. */
const char *ephemeral_event_name(enum ephemeral_event_kind kind);

/* The name of a state ("live", "expired", "used up", "revoked", "locked"); static. */
const char *ephemeral_state_name(enum ephemeral_state state);

/* One word for a refusal ("expired", "source" ...), for programs to read; static. */
const char *ephemeral_answer_name(enum ephemeral_answer answer);

#endif
