/* SPDX-License-Identifier: ISC */
/* The binary packet protocol (RFC 4253 6): packets in, packets out. */
#include <string.h>

#include "kex/transport_i.h"

/* Length field and padding length, before the payload. */
#define HEAD	5

/* RFC 4253 6: at least this much padding. */
#define PADDING_MIN	4
#define PADDING_MAX	255

/* What an observer may learn of the length of a password: multiples of this. */
#define PAD_SECRET_TO	128

/* --- out --- */

size_t
packet_room(const struct transport *t, size_t len)
{
	return HEAD + len + PADDING_MAX + t->flow[TX].alg.tag_len;
}

/* Padding of a payload; a client's answers get some more, so that they look alike. */
static size_t
padding_of(const struct transport *t, const uint8_t *payload, size_t len)
{
	const struct protect_alg *alg = &t->flow[TX].alg;
	size_t n = protect_padding(alg, len);
	uint8_t number = payload[0];
	size_t more;

	/* OpenSSH's ssh takes no packet_length below 5 there, and passes over what is too much. */
	if (t->config.is_bare)
		return len < PADDING_MIN ? PADDING_MIN - len : 0;
	if (t->config.side != SIDE_CLIENT || t->is_authenticated || number < 50 || number > 79)
		return n;
	more = PAD_SECRET_TO - (HEAD + len + n) % PAD_SECRET_TO;
	more -= more % alg->block_len;
	return n + more <= PADDING_MAX ? n + more : n;
}

/* The number of a packet that was just sent or taken must not come again. */
static enum err
count(struct transport *t, enum direction d, size_t bytes)
{
	struct flow *f = &t->flow[d];

	f->bytes += bytes;
	f->packets++;
	f->total_bytes += bytes;
	f->total_packets++;
	f->seq++;
	if (f->seq == 0 && t->session_id_len == 0)
		return transport_fault(t, ERR_LIMIT, "too many packets before the first key exchange");
	if (f->packets >= UINT32_MAX)
		return transport_fault(t, ERR_LIMIT, "too many packets without a key exchange");
	return ERR_OK;
}

void
packet_seal(struct transport *t, uint8_t *p, size_t len)
{
	struct flow *f = &t->flow[TX];
	struct rng rng = random_stream_rng(&t->padding);
	size_t pad = padding_of(t, p + HEAD, len);
	uint32_t packet_length = (uint32_t)(1 + len + pad);
	size_t total = 4 + packet_length + f->alg.tag_len;
	enum err e;

	must(len > 0 && packet_length <= LIMIT_PACKET && (pad >= PADDING_MIN || t->config.is_bare));
	p[0] = (uint8_t)(packet_length >> 24);
	p[1] = (uint8_t)(packet_length >> 16);
	p[2] = (uint8_t)(packet_length >> 8);
	p[3] = (uint8_t)packet_length;
	p[4] = (uint8_t)pad;
	rng_fill(&rng, p + HEAD + len, pad);
	e = protect_seal(f->protect, f->seq, (struct room){ p, total });
	if (e != ERR_OK) {
		t->phase = PHASE_ENDED;		/* not even DISCONNECT goes out */
		(void)!transport_fault(t, e, "packet could not be encrypted");
		return;
	}
	output_add(&t->out, total);
	(void)!count(t, TX, total);
}

void
packet_send(struct transport *t, struct span payload)
{
	struct flow *f = &t->flow[TX];
	uint8_t *p;
	enum err e;

	if (f->compress != NULL) {
		e = compress_run(f->compress, payload, &payload);
		if (e != ERR_OK) {
			t->phase = PHASE_ENDED;
			(void)!transport_fault(t, e, "packet could not be compressed");
			return;
		}
	}
	p = output_reserve(&t->out, packet_room(t, payload.len), t->now);
	if (p == NULL) {
		t->phase = PHASE_ENDED;
		(void)!transport_fault(t, ERR_NOMEM, "no memory for output");
		return;
	}
	memcpy(p + HEAD, payload.p, payload.len);
	packet_seal(t, p, payload.len);
}

/* --- in --- */

/*
 * A bad packet under CBC: if the connection ended at once, how many bytes that
 * took would tell what a block chosen by the attacker decrypts to (CVE-2008-5161).
 * So it ends after as many bytes as the longest packet has, whatever was wrong.
 * Encrypt-then-MAC has its length in clear and no such trouble.
 */
static enum err
bad_packet(struct transport *t, enum err e, const char *text)
{
	const struct protect_alg *alg = &t->flow[RX].alg;

	if (!alg->is_cbc || alg->is_etm)
		return transport_fault(t, e, text);
	t->discard = 4 + LIMIT_PACKET + alg->tag_len;
	return e;
}

static void
discard(struct transport *t)
{
	size_t n = input_bytes(&t->in).len;

	if (n > t->discard)
		n = t->discard;
	input_drop(&t->in, n);
	t->discard -= n;
	if (t->discard == 0)
		(void)!transport_fault(t, ERR_MAC, "Corrupted MAC on input.");
}

/* Whether packet_length may be what follows; a bare packet is not padded to anything. */
static bool
is_length_valid(const struct transport *t, uint32_t packet_length)
{
	if (t->config.is_bare)
		return packet_length >= 2 && packet_length <= LIMIT_PACKET;
	return protect_length_valid(&t->flow[RX].alg, packet_length);
}

/*
 * Learns the length of the packet at the front. Nothing is computed with it
 * before it has been found valid, whatever the cipher: this is the one place.
 */
static enum err
learn_length(struct transport *t, struct span in)
{
	struct flow *f = &t->flow[RX];
	uint32_t packet_length;
	enum err e;

	e = protect_length(f->protect, f->seq, in, &packet_length);
	if (e != ERR_OK)
		return transport_fault(t, e, "packet length could not be decrypted");
	if (!is_length_valid(t, packet_length))
		return bad_packet(t, ERR_LIMIT, "Bad packet length.");
	t->packet_length = packet_length;
	return ERR_OK;
}

/* Opens the packet, which is all there, and finds the payload in it. */
static enum err
open_packet(struct transport *t, struct room packet, struct span *payload)
{
	struct flow *f = &t->flow[RX];
	size_t padding;
	enum err e;

	e = protect_open(f->protect, f->seq, packet);
	if (e == ERR_MAC)
		return bad_packet(t, e, "Corrupted MAC on input.");
	if (e != ERR_OK)
		return transport_fault(t, e, "packet could not be decrypted");
	padding = packet.p[4];
	/* At least one byte of payload: the message's number. */
	if ((padding < PADDING_MIN && !t->config.is_bare) || padding + 2 > t->packet_length)
		return transport_fault(t, ERR_FORMAT, "Corrupted padding on input.");
	*payload = span_of(packet.p + HEAD, t->packet_length - 1 - padding);
	return ERR_OK;
}

/* Undoes compression. */
static enum err
inflate_payload(struct transport *t, struct span *payload)
{
	enum err e;

	if (t->flow[RX].compress == NULL)
		return ERR_OK;
	e = compress_run(t->flow[RX].compress, *payload, payload);
	if (e != ERR_OK)
		return transport_fault(t, e, "compressed data not valid");
	if (payload->len == 0)
		return transport_fault(t, ERR_FORMAT, "empty packet");
	return ERR_OK;
}

/* Takes a packet out of the input; false if it is not complete, or no good. */
static bool
take_whole(struct transport *t, struct span *payload)
{
	struct room in = input_bytes(&t->in);
	struct flow *f = &t->flow[RX];
	size_t total;

	if (t->packet_length == 0) {
		if (in.len < protect_peek_len(f->protect) ||
		    learn_length(t, span_of(in.p, in.len)) != ERR_OK)
			return false;
	}
	total = 4 + t->packet_length + f->alg.tag_len;
	if (in.len < total)
		return false;
	in.len = total;
	if (open_packet(t, in, payload) != ERR_OK)
		return false;
	input_drop(&t->in, total);
	t->packet_length = 0;
	return count(t, RX, total) == ERR_OK && inflate_payload(t, payload) == ERR_OK;
}

static bool
take(struct transport *t, struct span *payload)
{
	if (t->discard == 0 && take_whole(t, payload))
		return true;
	if (t->discard > 0)
		discard(t);
	return false;
}

bool
transport_packet(struct transport *t, struct span *payload)
{
	*payload = SPAN_EMPTY;
	if (transport_is_over(t) || t->phase == PHASE_IDENT || t->asking != ASKING_NOTHING)
		return false;
	rekey_check(t);
	return !transport_is_over(t) && !transport_is_choked(t) && take(t, payload);
}

struct room
transport_room(struct transport *t)
{
	size_t need = 0;
	bool may_grow, no_memory;
	struct room room;

	if (transport_is_over(t) || transport_is_choked(t) || output_len(&t->out) >= LIMIT_OUTPUT)
		return (struct room){ NULL, 0 };
	if (t->packet_length != 0 && t->discard == 0)
		need = 4 + t->packet_length + t->flow[RX].alg.tag_len;
	/* A stranger gets no more than his packet takes. */
	may_grow = t->asking == ASKING_NOTHING && (t->is_authenticated || need > t->in.cap);
	room = input_room(&t->in, need, may_grow, &no_memory);
	if (no_memory)
		(void)!transport_fault(t, ERR_NOMEM, "no memory for input");
	return room;
}
