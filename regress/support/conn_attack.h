/* SPDX-License-Identifier: ISC */
/*
 * regress/support/conn_attack.h - a peer that says what it should not: the
 * pair of conn_pair.h with one side's transport in the test's hands.
 */
#ifndef REGRESS_SUPPORT_CONN_ATTACK_H
#define REGRESS_SUPPORT_CONN_ATTACK_H

#include "conn/conn_i.h"
#include "kex/transport_i.h"
#include "regress/support/conn_pair.h"

static inline struct transport *
transport_of(struct pair *p, enum side s)
{
	return p->end[s].conn->transport;
}

/* Sends a payload whatever the state, sealed with the keys in use. */
static inline void
inject(struct pair *p, enum side from, struct span payload)
{
	packet_send(transport_of(p, from), payload);
}

/* Sends a message that is only its number and n bytes of zeros. */
static inline void
inject_number(struct pair *p, enum side from, uint8_t number, size_t n)
{
	uint8_t payload[64] = { number };

	assert_true(n < sizeof(payload));
	inject(p, from, span_of(payload, 1 + n));
}

/* Lets bytes flow, without our programs' reactions at the sender, until nothing moves. */
static inline void
deliver_all(struct pair *p, enum side to)
{
	while (pair_deliver(p, to))
		continue;
}

/* Runs the pair until a side's transport is in a phase. */
static inline void
run_to(struct pair *p, enum side s, enum phase phase)
{
	for (unsigned i = 0; i < 100000; i++) {
		for (enum side to = SIDE_CLIENT; to <= SIDE_SERVER; to++) {
			if (transport_phase(transport_of(p, s)) == phase)
				return;
			pair_events(p, to);
			if (transport_phase(transport_of(p, s)) == phase)
				return;
			(void)pair_deliver(p, to);
		}
	}
	fail_msg("phase %d was not reached", (int)phase);
}

/* Replaces from by to (equally long) in bytes, everywhere. */
static inline unsigned
replace(uint8_t *bytes, size_t n, const char *from, const char *to)
{
	size_t len = strlen(from);
	unsigned found = 0;

	assert_int_equal(len, strlen(to));
	for (size_t i = 0; i + len <= n; i++) {
		if (memcmp(bytes + i, from, len) != 0)
			continue;
		memcpy(bytes + i, to, len);
		found++;
	}
	return found;
}

/*
 * Takes a word out of the KEXINIT that a side has made and not sent yet, in
 * its output and in its own copy, as if it had never been there.
 */
static inline void
alter_kexinit(struct pair *p, enum side s, const char *from, const char *to)
{
	struct transport *t = transport_of(p, s);
	struct writer *own = &t->exchange->kexinit[s];

	assert_int_equal(replace(own->p, own->len, from, to), 1);
	assert_int_equal(replace(t->out.p, t->out.end, from, to), 1);
}

/* Makes and joins the two, both without strict key exchange unless strict. */
static inline void
start_attack(struct pair *p, bool strict)
{
	pair_init(p, "ed25519");
	p->chunk = 1;
	assert_int_equal(pair_start(p), ERR_OK);
	if (!strict)
		alter_kexinit(p, SIDE_CLIENT, "kex-strict-c", "kex-frisky-c");
}

/* That a side has ended the connection by a fault of this kind, and said so. */
static inline void
assert_refused(struct pair *p, enum side by, enum err e)
{
	pair_events(p, by);
	assert_int_equal(p->end[by].seen[EV_FAILED], 1);
	assert_string_equal(err_name(p->end[by].failure), err_name(e));
}

#endif
