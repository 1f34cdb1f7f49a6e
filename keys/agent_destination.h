/* SPDX-License-Identifier: ISC */
/*
 * keys/agent_destination.h - where a key of the agent's may be used
 * (restrict-destination-v00@openssh.com; ssh-add -h).
 *
 * hop          a host: its name, and the keys it may prove itself by: host keys,
 *              or CAs of host certificates for that name
 * destination  from one hop to another, there as one user or anybody; "from"
 *              without a name is the machine that the agent runs on
 *
 * Spans borrow from the list, which is the value of the constraint as it came.
 */
#ifndef KEYS_AGENT_DESTINATION_H
#define KEYS_AGENT_DESTINATION_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

/* More in one list are refused. */
#define AGENT_MAX_DESTINATIONS	1024

/* More keys in one list, all its hops together, are refused: each is parsed. */
#define AGENT_MAX_HOP_KEYS	4096

struct agent_hop {
	struct span user;	/* a pattern; empty: anybody */
	struct span host;
	struct span keys;	/* see agent_hop_key_next() */
};

struct agent_destination {
	struct agent_hop from, to;
};

/* Writes one, to the end of a list. */
void agent_destination_put(struct writer *w, const struct agent_destination *d);

/* Writes a key, to the end of the keys of a hop. */
void agent_hop_key_put(struct writer *w, struct span blob, bool is_ca);

/*
 * Checks a whole list: that it is well-formed, each key can be read, each
 * destination says where to, and where from either by name and keys or not
 * at all. ERR_FORMAT and the like, ERR_UNSUPPORTED (a key), ERR_LIMIT, ERR_NOMEM.
 */
enum err agent_destinations_check(struct span list);

/* Takes the next off a list that has been checked; false at the end. */
bool agent_destination_next(struct span *list, struct agent_destination *out);

/* Takes the next key off those of a hop that has been checked; false at the end. */
bool agent_hop_key_next(struct span *keys, struct span *blob, bool *is_ca);

/* One step of the way that a request has come, or is to go. */
struct agent_step {
	struct span from;	/* host key, or host certificate; empty: from the agent's own machine */
	struct span to;		/* the same; empty: to anywhere */
	struct span user;	/* p NULL: no matter as whom */
	uint64_t wall;		/* unix time, for certificates */
};

/* Whether a list that has been checked has a destination that allows the step. */
bool agent_destinations_allow(struct span list, const struct agent_step *step);

#endif
