/* SPDX-License-Identifier: ISC */
/* Which clients the listener does not take in: MaxStartups, PerSourceMaxStartups, PerSourcePenalties. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/random.h"
#include "sshd/listener_i.h"
#include "sshd/startups.h"

/* One line about dropped clients in this time. */
#define DROP_LOG_MSEC	5000

/* Clients of the same source that nobody has logged in on yet. */
static size_t
starting_from(const struct listener *l, const struct address *a)
{
	struct cidr source = startups_source(&listener_config(l)->per_source_net_block_size, a);
	size_t n = 0;

	for (const struct connection *k = l->connections; k != NULL; k = k->next)
		n += !k->logged_in && cidr_has(&source, &k->client.address);
	return n;
}

void
listener_log_drop(struct listener *l, struct drops *d, const struct endpoint *client, const struct endpoint *server,
    const char *why)
{
	char from[64], to[64];
	msec now = loop_now(l->loop);

	if (d->logged != 0 && now < d->logged + DROP_LOG_MSEC) {
		d->n++;
		return;
	}
	log_info(l->log, "drop connection #%zu from [%s]:%u on [%s]:%u %s", l->n_starting,
	    address_print(&client->address, from, sizeof(from)), client->port,
	    address_print(&server->address, to, sizeof(to)), server->port, why);
	if (d->n > 0)
		log_info(l->log, "%s logging rate-limited: additional %llu connections dropped", why,
		    (unsigned long long)d->n);
	d->n = 0;
	d->logged = now;
}

/*
 * Somebody has to go: ends a client of the source that holds most places, for
 * the newcomer's sake. False if it is the newcomer's turn.
 */
static bool
make_room(struct listener *l, const struct endpoint *newcomer, const struct endpoint *server)
{
	struct address *from = calloc(l->n_starting + 1, sizeof(*from));
	struct connection **who = calloc(l->n_starting + 1, sizeof(struct connection *));
	struct rng rng = rng_system();
	size_t n = 0, i;

	for (struct connection *k = l->connections; k != NULL && from != NULL && who != NULL; k = k->next) {
		if (k->logged_in || k->client.address.family == 0 || n == l->n_starting)
			continue;
		who[n] = k;
		from[n++] = k->client.address;
	}
	i = n == 0 ? n : startups_victim(from, n, &newcomer->address,
	    &listener_config(l)->per_source_net_block_size, &rng);
	if (i < n) {
		listener_log_drop(l, &l->evicted, &who[i]->client, server, "Maxstartups: its source holds the most places");
		listener_evict(who[i]);
	}
	free(from);
	free(who);
	return i < n;
}

const char *
listener_reason_to_drop(struct listener *l, const struct endpoint *client, const struct endpoint *server,
    char *buf, size_t size)
{
	uint32_t per_source = listener_config(l)->per_source_max_startups;
	struct rng rng = rng_system();
	enum penalty penalty = penalties_active(l->penalties, listener_config(l), &client->address,
	    loop_now(l->loop));

	if (penalty != PENALTY_NONE) {
		snprintf(buf, size, "penalty: %s", penalty_text(penalty));
		return buf;
	}
	if (per_source != 0 && starting_from(l, &client->address) >= per_source)
		return "PerSourceMaxStartups";
	if (startups_full(&listener_config(l)->max_startups, l->n_starting, &rng) &&
	    !make_room(l, client, server))
		return "Maxstartups";
	return NULL;
}
