/* SPDX-License-Identifier: ISC */
/*
 * keys/agent_i.h - inside of struct agent; for the files of keys/ only.
 */
#ifndef KEYS_AGENT_I_H
#define KEYS_AGENT_I_H

#include "keys/agent.h"

/* Keys of one agent, and what their destinations may take up together. */
#define AGENT_TABLE_MAX		AGENT_MAX_KEYS
#define AGENT_DESTINATIONS_SIZE	(4 * 1024 * 1024)

#define AGENT_SALT_LEN		16
#define AGENT_LOCK_LEN		32

struct agent_entry {
	struct key *key;
	struct writer blob;		/* what it is known by: of the certificate, else of the key */
	struct writer comment;
	struct writer destinations;	/* empty: anywhere */
	msec dies;			/* MSEC_NEVER */
	bool confirm;
};

/* The passphrase of a locked agent, and who guesses at it. */
struct agent_lock {
	bool is_locked;
	uint8_t salt[AGENT_SALT_LEN];
	uint8_t hash[AGENT_LOCK_LEN];
	unsigned n_failed;
	msec next_try;			/* no guess is looked at before */
};

struct agent {
	struct rng rng;
	uint32_t lifetime;
	struct agent_entry *keys;	/* in the order they came in */
	size_t n;
	size_t cap;
	struct agent_lock lock;
};

/* --- keys/agent_table.c --- */

/* The entry known by blob; NULL. */
struct agent_entry *agent_find(const struct agent *a, struct span blob);

/*
 * Puts a key in, or in the place of the one with the same blob. The key is the
 * agent's then; not on error: ERR_NOMEM, ERR_LIMIT (full, or the answer to
 * a request for all keys would get too long).
 */
enum err agent_put_key(struct agent *a, struct key *k, const struct agent_add *add, msec now);

/* Takes an entry out. */
void agent_drop(struct agent *a, struct agent_entry *e);

/* --- keys/agent_bind.c --- */

/*
 * session-bind@openssh.com: contents is what follows the name. ERR_DENIED with
 * why for one that is not to be believed or one too many, and if malformed;
 * ERR_NOMEM.
 */
enum err agent_bind_add(struct agent_client *c, struct span contents);

/*
 * Whether the client may see the key, or with user (p not NULL) sign to log in
 * as that user at the host that it bound last; why it may not is in c->why.
 */
bool agent_may_use(struct agent_client *c, const struct agent_entry *e, struct span user,
    uint64_t wall);

/*
 * Whether a key with destinations may sign data for the client: a request for
 * a login (RFC 4252 7) in the session it bound last. *user borrows from data.
 */
bool agent_may_sign(struct agent_client *c, const struct agent_entry *e, struct span data,
    uint64_t wall, struct span *user);

/* --- keys/agent_lock.c --- */

/* Locks. ERR_DENIED if it is locked or the passphrase is empty, ERR_NOMEM. */
enum err agent_lock_set(struct agent_lock *l, const struct rng *rng, struct span passphrase);

/*
 * Unlocks. ERR_DENIED for another passphrase, or if it is not locked; ERR_AGAIN
 * if it is too early for another guess (l->next_try); ERR_NOMEM.
 */
enum err agent_lock_open(struct agent_lock *l, struct span passphrase, msec now);

#endif
