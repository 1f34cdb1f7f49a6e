/* SPDX-License-Identifier: ISC */
/*
 * sshd/penalties.h - for how long which sources are refused
 * (PerSourcePenalties), in the listener.
 *
 * penalty   time that a source has earned by what it did; it adds up
 * active    more than `min` has added up: the source is refused until it is over
 * block     addresses that count as one source (PerSourceNetBlockSize)
 *
 * No I/O and no clock: time is an argument. Loopback gets no penalties: behind
 * it may be everybody who comes through a forwarding. A full table drops what
 * ends soonest, or refuses all strangers, as the config says.
 */
#ifndef SSHD_PENALTIES_H
#define SSHD_PENALTIES_H

#include "base/clock.h"
#include "base/rng.h"
#include "base/text.h"
#include "config/sshd_config.h"

#define PENALTY_LIST(X)							\
	/* name		config's name	what the log calls it */	\
	X(CRASH,	crash,		"caused crash")			\
	X(AUTHFAIL,	authfail,	"failed authentication")	\
	X(INVALIDUSER,	invaliduser,	"attempted authentication by invalid user") \
	X(NOAUTH,	noauth,		"did not attempt authentication") \
	X(GRACE,	grace_exceeded,	"exceeded LoginGraceTime")	\
	X(REFUSED,	refuseconnection, "connection prohibited by RefuseConnection")

enum penalty {
	PENALTY_NONE,
#define X(name, field, text) PENALTY_##name,
	PENALTY_LIST(X)
#undef X
	PENALTY_COUNT
};

struct penalties_table;

/* What penalties_add() did. */
struct penalty_note {
	msec length;			/* of this one; 0: there is none for that */
	bool is_active;			/* the source is refused now */
	bool was_active;		/* it was before */
	struct cidr block;
};

/* Makes an empty table. ERR_NOMEM. */
enum err penalties_new(struct penalties_table **out, struct rng rng);

/* Frees it. NULL is fine. */
void penalties_free(struct penalties_table *t);

/*
 * Notes that a source has earned a penalty. ERR_NOMEM, with nothing noted.
 * note (its length 0) also if penalties are off or the source is exempt.
 */
enum err penalties_add(struct penalties_table *t, const struct sshd_config *c,
    const struct address *source, enum penalty penalty, msec now, struct penalty_note *note);

/* For what the source is refused now; PENALTY_NONE: it is not. */
enum penalty penalties_active(struct penalties_table *t, const struct sshd_config *c,
    const struct address *source, msec now);

/* What the log calls it; static. */
const char *penalty_text(enum penalty penalty);

/* One source, for a list. */
struct penalty_entry {
	struct cidr block;
	bool is_active;			/* refused now; else it has only added up so far */
	msec left;			/* until it is over */
	enum penalty penalty;		/* the last one */
};

/*
 * Lists sources, those of IPv4 first, each soonest over first: skips so many
 * and writes n at most; returns how many it wrote.
 */
size_t penalties_list(struct penalties_table *t, msec now, size_t skip, struct penalty_entry *out,
    size_t n);

/* Forgets the sources that an address is in, or all (NULL); returns how many. */
size_t penalties_clear(struct penalties_table *t, const struct address *a, msec now);

/* How many sources are remembered. */
size_t penalties_count(const struct penalties_table *t);

#endif
