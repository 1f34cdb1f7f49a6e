/* SPDX-License-Identifier: ISC */
/*
 * auth/ephemeral_i.h - inside the ephemeral table.
 *
 * entry    one grant, in up to five places: the hash tables by key and by id,
 *          the list of all, the heap of what ends (live) or the list of what
 *          is to be forgotten (over), the list of those with pending events
 * counter  a user or a registrar, with how many live grants it has
 * ring     a key, with all its entries, whoever they are for
 */
#ifndef AUTH_EPHEMERAL_I_H
#define AUTH_EPHEMERAL_I_H

#include "auth/ephemeral.h"
#include "auth/htable.h"
#include "auth/siphash.h"

/* A ring of links; an empty one, and a link in no list, points to itself. */
struct link {
	struct link *prev;
	struct link *next;
};

enum counter_kind { COUNTER_USER, COUNTER_REGISTRAR };

struct counter {
	struct hnode node;
	enum counter_kind kind;
	uint32_t live;
	uint32_t refs;			/* entries that point here */
	uint16_t len;
	uint8_t name[];
};

struct ring {
	struct hnode node;
	struct link entries;		/* over, then live: the newest last */
	uint8_t fingerprint[EPHEMERAL_FP_LEN];
};

/* Of a source of wrong codes. */
struct guesser {
	struct address source;		/* family 0: free */
	uint32_t tries;
	msec last;
};

struct entry {
	struct hnode by_key;
	struct hnode by_id;
	struct link all;		/* in the order of serial */
	struct link over;		/* to be forgotten, by forget_at */
	struct link pending;
	struct link sessions;
	struct link of_ring;
	struct link code;		/* in the list of codes, if it is a live one */
	struct ring *ring;
	struct counter *user;
	struct counter *registrar;
	uint64_t serial;
	msec registered;
	msec expires;
	msec ended;			/* when it was over */
	msec forget_at;
	msec grace;
	msec session_length;
	uint32_t heap_at;		/* its index in the heap, if live */
	uint32_t uses;
	uint32_t used;
	uint32_t reserved;		/* by logins that are not finished */
	uint32_t n_sessions;		/* those apart */
	uint32_t times[EPHEMERAL_EV_COUNT];	/* pending events */
	uint32_t wrong;			/* tries, of a code */
	struct address source;		/* of the last use or refusal */
	char id[EPHEMERAL_ID_SIZE];
	uint8_t state;			/* enum ephemeral_state */
	uint8_t session;		/* enum ephemeral_session */
	uint8_t refusal;		/* enum ephemeral_answer */
	bool in_key_table;
	uint8_t proof_len;
	uint16_t blob_len;
	uint16_t sources_len;
	uint16_t options_len;
	uint16_t comment_len;
	uint8_t bytes[];		/* those four, and the proof key */
};

/* A login that holds a use, and what becomes of it. */
struct session {
	struct hnode by_number;
	struct link of_entry;
	struct entry *entry;
	uint64_t number;
	bool is_open;			/* the use has been consumed: it is a session */
	msec begun;			/* since then */
};

struct ephemeral {
	struct ephemeral_limits limits;
	struct rng rng;
	struct siphash_key secret;
	struct htable by_key;
	struct htable by_id;
	struct htable counters;
	struct htable rings;
	struct htable sessions;
	struct link all;
	struct link over;
	struct link pending;
	struct link codes;
	size_t n_codes;			/* in that list */
	size_t n_codes_known;		/* those that are over, too */
	struct guesser *guessers;	/* EPHEMERAL_SOURCES of them; NULL: none yet */
	struct entry **heap;		/* the next to expire first */
	size_t heap_n;			/* = live grants */
	size_t heap_cap;
	size_t bytes;			/* of entries, counters and sessions */
	uint64_t last_serial;
	msec now;			/* latest time told */
};

#define ENTRY_OF(link, member)	HTABLE_OF(link, struct entry, member)

/* --- lists --- */

/* Makes l a link in no list, or an empty list. */
static inline void
link_init(struct link *l)
{
	l->prev = l->next = l;
}

/* Whether l is in no list (or an empty list). */
static inline bool
link_is_alone(const struct link *l)
{
	return l->next == l;
}

/* Puts l at the end of list. */
static inline void
link_append(struct link *list, struct link *l)
{
	must(link_is_alone(l));
	l->prev = list->prev;
	l->next = list;
	list->prev->next = l;
	list->prev = l;
}

/* Takes l out of its list; nothing happens if it is in none. */
static inline void
link_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

/* --- the heap --- */

/* Makes room for one more. ERR_NOMEM. */
enum err heap_reserve(struct ephemeral *t);

/* Adds an entry; there must be room. */
void heap_add(struct ephemeral *t, struct entry *e);

/* Removes an entry that is in it. */
void heap_remove(struct ephemeral *t, struct entry *e);

/* Puts an entry in its place after its end has moved. */
void heap_moved(struct ephemeral *t, struct entry *e);

/* --- entries --- */

/* Takes the time; it never goes back. Then ends and forgets what is due. */
void table_advance(struct ephemeral *t, msec now);

/* What the memory limit counts for an allocation of n bytes. */
size_t table_cost(size_t n);

/* All memory of the table. */
size_t table_bytes(const struct ephemeral *t);

/* Makes a live entry with nothing but its strings, key and counters set. ERR_NOMEM. */
enum err entry_new(struct ephemeral *t, const struct ephemeral_request *req,
    const uint8_t *fingerprint, struct entry **out);

/* Frees an entry wherever it is; its sessions are no longer known. */
void entry_free(struct ephemeral *t, struct entry *e);

/* Ends a live entry: it is over from `when` on. */
void entry_end(struct ephemeral *t, struct entry *e, enum ephemeral_state state, msec when);

/* An entry that is over and has no sessions will be forgotten after a while. */
void entry_settle(struct ephemeral *t, struct entry *e);

/* Forgets the entry that has been over for longest. False if there is none. */
bool table_forget_one(struct ephemeral *t);

/* The entry with this id, or NULL. */
struct entry *entry_by_id(struct ephemeral *t, struct span id);

/* The hash that entries of this user and key have. */
uint64_t entry_key_hash(const struct ephemeral *t, struct span user, const uint8_t *fingerprint);

/* Whether the entry is for this user and key. */
bool entry_is_for(const struct entry *e, struct span user, const uint8_t *fingerprint);

/* Describes an entry. */
void entry_grant(const struct entry *e, struct ephemeral_grant *out);

/* The entry's source list. */
struct span entry_sources(const struct entry *e);

/* Notes an event for ephemeral_next_event(). */
void entry_event(struct ephemeral *t, struct entry *e, enum ephemeral_event_kind kind);

/* The counter of a name, made if need be. ERR_NOMEM. */
enum err counter_get(struct ephemeral *t, enum counter_kind kind, struct span name,
    struct counter **out);

/* Frees a counter that no entry points to. */
void counter_release(struct ephemeral *t, struct counter *c);

/* How many live grants the name has. */
uint32_t counter_live(struct ephemeral *t, enum counter_kind kind, struct span name);

/* The key with this fingerprint, made if need be. ERR_NOMEM. */
enum err ring_get(struct ephemeral *t, const uint8_t *fingerprint, struct ring **out);

/* The key with this fingerprint, or NULL. */
struct ring *ring_find(struct ephemeral *t, const uint8_t *fingerprint);

/* Frees a key that has no entries. */
void ring_release(struct ephemeral *t, struct ring *ring);

/* Whether source has tried too many wrong codes lately. */
bool code_source_is_shut(const struct ephemeral *t, const struct address *source);

/* Why an entry lets nobody in, from wherever; YES if it is live and has a use left. */
enum ephemeral_answer entry_answer(const struct entry *e);

/* Makes a login that holds nothing yet. ERR_EXISTS, ERR_LIMIT, ERR_NOMEM. */
enum err session_new(struct ephemeral *t, struct entry *e, uint64_t number);

/* Frees a session, or a login with what it holds. */
void session_free(struct ephemeral *t, struct session *s);

/* The session or login with this number; NULL. */
struct session *session_find(struct ephemeral *t, uint64_t number);

#endif
