/* SPDX-License-Identifier: ISC */
/*
 * Classic Diffie-Hellman: in fixed groups (RFC 4253 8, RFC 8268), and in one
 * that the server chooses (RFC 4419). C_INIT and S_REPLY are e and f, mpints.
 */
#include "crypto/dh.h"
#include "kex/method.h"

static enum err dh_init(struct kex_run *run);
static enum err dh_reply(struct kex_run *run);
static enum err dh_finish(struct kex_run *run);
static enum err gex_init(struct kex_run *run);
static enum err gex_reply(struct kex_run *run);
static void gex_request(struct kex_run *run, struct writer *w);
static enum err gex_requested(struct kex_run *run, struct span request);
static enum err gex_answer(struct kex_run *run, struct span prime, struct span generator,
    struct writer *w);
static enum err gex_answered(struct kex_run *run, struct span answer);

#define DH(c_name, c_hash, c_group)					\
	{								\
		.name = (c_name), .hash = (c_hash), .dh_group = (c_group), \
		.init_number = 30, .reply_number = 31,			\
		.init = dh_init, .reply = dh_reply, .finish = dh_finish, \
	}

#define GEX(c_name, c_hash)						\
	{								\
		.name = (c_name), .hash = (c_hash),			\
		.request_number = 34, .answer_number = 31,		\
		.init_number = 32, .reply_number = 33,			\
		.request = gex_request, .requested = gex_requested,	\
		.answer = gex_answer,					\
		.answered = gex_answered,				\
		.init = gex_init, .reply = gex_reply, .finish = dh_finish, \
	}

const struct kex_method kex_dh_group14_sha256 = DH("diffie-hellman-group14-sha256", "sha256", 14);
const struct kex_method kex_dh_group16_sha512 = DH("diffie-hellman-group16-sha512", "sha512", 16);
const struct kex_method kex_dh_group18_sha512 = DH("diffie-hellman-group18-sha512", "sha512", 18);
const struct kex_method kex_dh_group14_sha1 = DH("diffie-hellman-group14-sha1", "sha1", 14);
const struct kex_method kex_dh_group1_sha1 = DH("diffie-hellman-group1-sha1", "sha1", 1);
const struct kex_method kex_gex_sha256 = GEX("diffie-hellman-group-exchange-sha256", "sha256");
const struct kex_method kex_gex_sha1 = GEX("diffie-hellman-group-exchange-sha1", "sha1");

/* --- both kinds --- */

/* Writes what an mpint's length stands before, so that wr_bytes() makes the mpint of it. */
static void
put_number(struct writer *w, struct span magnitude)
{
	SCOPED(writer_free) struct writer whole = writer_init(8 + DH_MAX_LEN);

	wr_mpint(&whole, magnitude);
	if (wr_end(&whole) != ERR_OK)
		wr_fail(w, wr_end(&whole));
	else
		wr_raw(w, span_skip(writer_span(&whole), 4));
}

/* The magnitude of what put_number() wrote; ERR_KEX if that is no number above 0. */
static enum err
get_number(struct span s, struct span *magnitude)
{
	if (s.len == 0 || s.p[0] & 0x80)
		return ERR_KEX;
	if (s.p[0] == 0) {
		s = span_skip(s, 1);
		if (s.len == 0 || !(s.p[0] & 0x80))
			return ERR_KEX;		/* not the shortest form */
	}
	*magnitude = s;
	return ERR_OK;
}

/* Makes our number, into run->state and w. */
static enum err
keygen(struct kex_run *run, struct writer *w)
{
	SCOPED(secret_free) struct secret public = { 0 };

	TRY(dh_keygen(run->group, &run->rng, &run->state, &public));
	put_number(w, secret_span(&public));
	return wr_end(w);
}

static enum err
agree(struct kex_run *run, const struct writer *theirs)
{
	SCOPED(secret_free) struct secret shared = { 0 };
	struct span peer;

	TRY(get_number(writer_span(theirs), &peer));
	TRY(dh_agree(run->group, &run->state, peer, &shared));
	return kex_shared_mpint(run, secret_span(&shared));
}

static enum err
dh_init(struct kex_run *run)
{
	TRY(dh_group_fixed(&run->group, run->method->dh_group));
	return keygen(run, &run->init);
}

static enum err
dh_reply(struct kex_run *run)
{
	TRY(dh_group_fixed(&run->group, run->method->dh_group));
	TRY(keygen(run, &run->reply));
	return agree(run, &run->init);
}

static enum err
dh_finish(struct kex_run *run)
{
	return agree(run, &run->reply);
}

/* --- group exchange --- */

static enum err
gex_init(struct kex_run *run)
{
	return keygen(run, &run->init);
}

static enum err
gex_reply(struct kex_run *run)
{
	TRY(keygen(run, &run->reply));
	return agree(run, &run->init);
}

/* RFC 4419 3: min, n and max are part of what is hashed. */
static void
put_sizes(struct writer *w, uint32_t min, uint32_t n, uint32_t max)
{
	wr_u32(w, min);
	wr_u32(w, n);
	wr_u32(w, max);
}

static void
gex_request(struct kex_run *run, struct writer *w)
{
	uint32_t n = run->sizes.n;

	put_sizes(w, DH_MIN_BITS, n, DH_MAX_BITS);
	put_sizes(&run->extra, DH_MIN_BITS, n, DH_MAX_BITS);
}

/* And so are p and g. */
static void
put_group(struct writer *w, const struct dh_group *group)
{
	wr_mpint(w, dh_group_p(group));
	wr_mpint(w, dh_group_g(group));
}

static enum err
gex_requested(struct kex_run *run, struct span request)
{
	struct kex_sizes *sizes = &run->sizes;
	struct reader r = rd_init(request);
	uint32_t min = rd_u32(&r);
	uint32_t n = rd_u32(&r);
	uint32_t max = rd_u32(&r);

	TRY(rd_end(&r));
	if (min > n || n > max || max < DH_MIN_BITS || min > DH_MAX_BITS)
		return ERR_KEX;
	put_sizes(&run->extra, min, n, max);
	sizes->min = min < DH_MIN_BITS ? DH_MIN_BITS : min;
	sizes->max = max > DH_MAX_BITS ? DH_MAX_BITS : max;
	sizes->n = n < sizes->min ? sizes->min : n > sizes->max ? sizes->max : n;
	return ERR_OK;
}

/* Makes the group that is given, if it has the right size, else a fixed one. */
static enum err
make_group(struct kex_run *run, struct span prime, struct span generator)
{
	const struct kex_sizes *sizes = &run->sizes;
	enum err e;

	if (prime.len > 0 && prime.len >= sizes->min / 8 && prime.len <= sizes->max / 8) {
		e = dh_group_new(&run->group, prime, generator);
		if (e != ERR_KEX)
			return e;
	}
	e = dh_group_choose(&run->group, sizes->min, sizes->n, sizes->max);
	return e == ERR_NOTFOUND ? ERR_KEX : e;
}

static enum err
gex_answer(struct kex_run *run, struct span prime, struct span generator, struct writer *w)
{
	TRY(make_group(run, prime, generator));
	put_group(w, run->group);
	put_group(&run->extra, run->group);
	return wr_end(&run->extra);
}

static enum err
gex_answered(struct kex_run *run, struct span answer)
{
	struct reader r = rd_init(answer);
	struct span p = rd_mpint(&r, DH_MAX_LEN);
	struct span g = rd_mpint(&r, DH_MAX_LEN);

	TRY(rd_end(&r));
	TRY(dh_group_new(&run->group, p, g));
	put_group(&run->extra, run->group);
	return wr_end(&run->extra);
}
