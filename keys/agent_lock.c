/* SPDX-License-Identifier: ISC */
/* A locked agent, and the passphrase that opens it. */
#include <string.h>

#include "base/secret.h"
#include "keys/agent_i.h"
#include "keys/bcrypt_pbkdf.h"

/* Some tens of milliseconds, during which nobody else is served. */
#define ROUNDS		2

/* After the n-th wrong passphrase nobody may try for n times this long, up to the most. */
#define DELAY		((msec)100)
#define DELAY_MOST	((msec)10000)

static enum err
derive(const struct agent_lock *l, struct span passphrase, uint8_t out[static AGENT_LOCK_LEN])
{
	return bcrypt_pbkdf(passphrase, span_of(l->salt, sizeof(l->salt)), ROUNDS,
	    (struct room){ out, AGENT_LOCK_LEN });
}

enum err
agent_lock_set(struct agent_lock *l, const struct rng *rng, struct span passphrase)
{
	if (l->is_locked || passphrase.len == 0)
		return ERR_DENIED;
	rng_fill(rng, l->salt, sizeof(l->salt));
	TRY(derive(l, passphrase, l->hash));
	l->is_locked = true;
	return ERR_OK;
}

/* A wrong one, and the wait it costs. */
static void
note_failure(struct agent_lock *l, msec now)
{
	msec delay;

	if (l->n_failed < DELAY_MOST / DELAY)
		l->n_failed++;
	delay = l->n_failed * DELAY;
	l->next_try = now + delay;
}

enum err
agent_lock_open(struct agent_lock *l, struct span passphrase, msec now)
{
	uint8_t hash[AGENT_LOCK_LEN];
	bool is_right;

	if (!l->is_locked || passphrase.len == 0)
		return ERR_DENIED;
	if (now < l->next_try)
		return ERR_AGAIN;
	TRY(derive(l, passphrase, hash));
	is_right = span_eq_secret(span_of(hash, sizeof(hash)), span_of(l->hash, sizeof(l->hash)));
	wipe(hash, sizeof(hash));
	if (!is_right) {
		note_failure(l, now);
		return ERR_DENIED;
	}
	wipe(l, sizeof(*l));
	return ERR_OK;
}
