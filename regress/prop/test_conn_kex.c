/* SPDX-License-Identifier: ISC */
/* Key exchanges with values, proofs and proposals that are not right. */
#include "regress/support/conn_attack.h"

#include "crypto/dh.h"
#include "keys/cert.h"

/* --- values of the method --- */

/* A pair with one method, the server waiting for C_INIT, the client's own one gone. */
static void
await_init(struct pair *p, const char *kex)
{
	pair_init(p, "ed25519");
	p->chunk = 1;
	p->end[SIDE_CLIENT].config.kex_algs = p->end[SIDE_SERVER].config.kex_algs = kex;
	assert_int_equal(pair_start(p), ERR_OK);
	run_to(p, SIDE_SERVER, PHASE_KEX);
	run_to(p, SIDE_CLIENT, PHASE_KEX);
	p->chunk = 0;
	output_free(&transport_of(p, SIDE_CLIENT)->out);
	input_drop(&transport_of(p, SIDE_SERVER)->in,
	    input_bytes(&transport_of(p, SIDE_SERVER)->in).len);
	transport_of(p, SIDE_SERVER)->packet_length = 0;
	transport_of(p, SIDE_CLIENT)->flow[TX].seq = transport_of(p, SIDE_SERVER)->flow[RX].seq;
}

/* Sends C_INIT to a server; it must end the connection before any NEWKEYS. */
static void
server_refuses(const char *kex, struct span value)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
	struct pair p;

	await_init(&p, kex);
	wr_u8(&w, 30);
	wr_bytes(&w, value);
	inject(&p, SIDE_CLIENT, writer_span(&w));
	deliver_all(&p, SIDE_SERVER);
	assert_refused(&p, SIDE_SERVER, ERR_KEX);
	assert_int_equal(p.end[SIDE_SERVER].reason, 3);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_NEED_HOST_SIGNATURE], 0);
	pair_free(&p);
}

/* Sends S_REPLY to a client, which must refuse it before it looks at any proof. */
static void
client_refuses(const char *kex, struct span value)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
	struct pair p;

	pair_init(&p, "ed25519");
	p.end[SIDE_CLIENT].config.kex_algs = p.end[SIDE_SERVER].config.kex_algs = kex;
	p.leave_signature = true;
	assert_int_equal(pair_start(&p), ERR_OK);
	pair_run(&p);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_NEED_HOST_SIGNATURE], 1);
	wr_u8(&w, 31);
	wr_bytes(&w, p.hostkey[0].blob);
	wr_bytes(&w, value);
	wr_bytes(&w, SPAN_LIT("no signature"));
	inject(&p, SIDE_SERVER, writer_span(&w));
	deliver_all(&p, SIDE_CLIENT);
	assert_refused(&p, SIDE_CLIENT, ERR_KEX);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_NEED_HOSTKEY_CHECK], 0);
	pair_free(&p);
}

static void
both_refuse(const char *kex, struct span value)
{
	server_refuses(kex, value);
	client_refuses(kex, value);
}

/* RFC 7748 6.1: points whose multiples are all zero. */
static const uint8_t small_order[][32] = {
	{ 0 },
	{ 1 },
	{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
	  0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
	  0x5f, 0x49, 0xb8, 0x00 },
	{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
	  0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
	  0xd0, 0x9f, 0x11, 0x57 },
	{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0x7f },
	{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0x7f },
	{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	  0xff, 0xff, 0xff, 0x7f },
};

static void
x25519_points_of_small_order_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(small_order); i++)
		both_refuse("curve25519-sha256", span_of(small_order[i], 32));
}

static void
x25519_points_of_another_length_are_refused(void **state)
{
	static const size_t lengths[] = { 0, 1, 31, 33, 64, 1216 };
	uint8_t point[1216];

	(void)state;
	memset(point, 9, sizeof(point));
	for (size_t i = 0; i < COUNT(lengths); i++)
		both_refuse("curve25519-sha256", span_of(point, lengths[i]));
}

static void
nist_points_that_are_not_on_the_curve_or_compressed_are_refused(void **state)
{
	static const struct {
		const char *kex;
		size_t len;
	} curves[] = { { "ecdh-sha2-nistp256", 65 }, { "ecdh-sha2-nistp384", 97 },
	    { "ecdh-sha2-nistp521", 133 } };
	uint8_t point[134];

	(void)state;
	for (size_t c = 0; c < COUNT(curves); c++) {
		static const uint8_t forms[] = { 0, 2, 3, 4, 5, 6, 7, 0xff };

		for (size_t i = 0; i < COUNT(forms); i++) {
			memset(point, 1, sizeof(point));
			point[0] = forms[i];
			both_refuse(curves[c].kex, span_of(point, curves[c].len));
			both_refuse(curves[c].kex, span_of(point, curves[c].len / 2 + 1));
		}
		memset(point, 0xff, sizeof(point));
		point[0] = 4;
		both_refuse(curves[c].kex, span_of(point, curves[c].len));
		both_refuse(curves[c].kex, span_of(point, curves[c].len - 1));
		both_refuse(curves[c].kex, span_of(point, curves[c].len + 1));
		point[0] = 0;
		both_refuse(curves[c].kex, span_of(point, 1));
		both_refuse(curves[c].kex, SPAN_EMPTY);
	}
}

/* FIPS 203 7.2: the encapsulation key check. */
static void
mlkem_keys_with_coefficients_out_of_range_are_refused(void **state)
{
	uint8_t init[1184 + 32];

	(void)state;
	memset(init, 0xff, sizeof(init));
	server_refuses("mlkem768x25519-sha256", span_of(init, sizeof(init)));
	/* One coefficient of 3329. */
	memset(init, 0, sizeof(init));
	init[0] = 0x01;
	init[1] = 0x0d;
	memset(init + 1184, 9, 32);
	server_refuses("mlkem768x25519-sha256", span_of(init, sizeof(init)));
}

/* The same of the hybrids with NIST curves; the points are not on them either. */
static void
mlkem_hybrids_with_nist_curves_refuse_lengths_keys_and_points(void **state)
{
	static const struct {
		const char *kex;
		size_t ek_len, ct_len, point_len;
	} kinds[] = {
		{ "mlkem768nistp256-sha256", 1184, 1088, 65 },
		{ "mlkem1024nistp384-sha384", 1568, 1568, 97 },
	};
	uint8_t value[1568 + 97 + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		size_t init = kinds[i].ek_len + kinds[i].point_len;
		size_t reply = kinds[i].ct_len + kinds[i].point_len;

		memset(value, 0xff, sizeof(value));
		server_refuses(kinds[i].kex, span_of(value, init));
		memset(value, 0, sizeof(value));
		value[kinds[i].ek_len] = 4;
		server_refuses(kinds[i].kex, span_of(value, init));
		memset(value, 0, sizeof(value));
		value[kinds[i].ct_len] = 4;
		client_refuses(kinds[i].kex, span_of(value, reply));
		both_refuse(kinds[i].kex, span_of(value, init - 1));
		both_refuse(kinds[i].kex, span_of(value, init + 1));
		both_refuse(kinds[i].kex, SPAN_EMPTY);
	}
}

static void
mlkem_hybrid_values_of_another_length_or_with_a_bad_point_are_refused(void **state)
{
	static const size_t lengths[] = { 0, 32, 1088, 1184, 1215, 1217, 1119, 1121 };
	uint8_t value[1217] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++)
		both_refuse("mlkem768x25519-sha256", span_of(value, lengths[i]));
	server_refuses("mlkem768x25519-sha256", span_of(value, 1216));
	client_refuses("mlkem768x25519-sha256", span_of(value, 1120));
}

/* The mpint of p of group 14, less by minus; 2048 bits, so a zero byte in front. */
static void
group14(uint8_t out[257], unsigned minus)
{
	struct dh_group *group;

	assert_int_equal(dh_group_fixed(&group, 14), ERR_OK);
	out[0] = 0;
	memcpy(out + 1, dh_group_p(group).p, 256);
	out[256] = (uint8_t)(out[256] - minus);		/* it ends in 0xff */
	dh_group_free(group);
}

static void
dh_numbers_out_of_range_negative_or_not_in_shortest_form_are_refused(void **state)
{
	static const struct span small[] = {
		{ (const uint8_t *)"", 0 },			/* 0 */
		{ (const uint8_t *)"\0", 1 },			/* 0, in two forms */
		{ (const uint8_t *)"\1", 1 },
		{ (const uint8_t *)"\2", 1 },			/* too few bits */
		{ (const uint8_t *)"\xff\xff", 2 },		/* negative */
		{ (const uint8_t *)"\0\x7f\x12\x34", 4 },	/* a zero too many */
	};
	static uint8_t long_number[16 * 1024];
	uint8_t p[257];

	(void)state;
	for (size_t i = 0; i < COUNT(small); i++)
		both_refuse("diffie-hellman-group14-sha256", small[i]);
	for (unsigned minus = 0; minus < 2; minus++) {
		group14(p, minus);
		both_refuse("diffie-hellman-group14-sha256", span_of(p, sizeof(p)));
	}
	memset(long_number, 0x55, sizeof(long_number));
	both_refuse("diffie-hellman-group14-sha256", span_of(long_number, sizeof(long_number)));
}

/* RFC 4419 3; Logjam. */
static void
group_exchange_with_sizes_that_make_no_sense_is_refused(void **state)
{
	static const uint32_t sizes[][3] = { { 8192, 4096, 2048 }, { 2048, 0, 8192 },
	    { 512, 512, 512 }, { 1024, 1024, 1024 }, { 0, 0, 0 }, { 1, 1, 2047 },
	    { 16384, 16384, 16384 }, { 0xffffffff, 0xffffffff, 0xffffffff },
	    { 4096, 2048, 8192 }, { 2048, 8193, 8192 } };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		SCOPED(writer_free) struct writer w = writer_init(100);
		struct pair p;

		await_init(&p, "diffie-hellman-group-exchange-sha256");
		wr_u8(&w, 34);
		for (size_t n = 0; n < 3; n++)
			wr_u32(&w, sizes[i][n]);
		inject(&p, SIDE_CLIENT, writer_span(&w));
		deliver_all(&p, SIDE_SERVER);
		assert_refused(&p, SIDE_SERVER, ERR_KEX);
		pair_free(&p);
	}
}

/* The bits of the prime that the client got. */
static unsigned
group_used(struct pair *p, const char *ciphers, struct span prime, struct span generator)
{
	const struct dh_group *group;
	unsigned bits;

	pair_init(p, "ed25519");
	p->end[SIDE_CLIENT].config.kex_algs = p->end[SIDE_SERVER].config.kex_algs =
	    "diffie-hellman-group-exchange-sha256";
	p->end[SIDE_CLIENT].config.ciphers = ciphers;
	p->end[SIDE_SERVER].config.asks_group = true;
	p->prime = prime;
	p->generator = generator;
	p->leave_signature = true;
	assert_int_equal(pair_start(p), ERR_OK);
	pair_run(p);
	assert_int_equal(p->end[SIDE_SERVER].seen[EV_NEED_GROUP], 1);
	group = transport_of(p, SIDE_CLIENT)->exchange->run.group;
	assert_true(span_eq(dh_group_p(group),
	    dh_group_p(transport_of(p, SIDE_SERVER)->exchange->run.group)));
	bits = (unsigned)dh_group_p(group).len * 8;
	assert_true(prime.len == 0 || bits != prime.len * 8 || span_eq(dh_group_p(group), prime));
	return bits;
}

static void
the_group_that_a_client_asks_for_is_as_strong_as_its_cipher(void **state)
{
	static const struct {
		const char *cipher;
		unsigned bits;
	} kinds[] = { { "aes128-ctr", 3072 }, { "aes128-gcm@openssh.com", 3072 },
	    { "aes192-ctr", 7680 }, { "aes256-ctr", 8192 },
	    { "chacha20-poly1305@openssh.com", 8192 } };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct pair p;

		group_used(&p, kinds[i].cipher, SPAN_EMPTY, SPAN_EMPTY);
		assert_int_equal(p.group_bits, kinds[i].bits);
		pair_free(&p);
	}
}

static void
a_group_of_the_program_is_used_and_a_bad_one_is_replaced(void **state)
{
	static const uint8_t huge[1025] = { 1 };
	uint8_t p14[257], small[128];
	struct pair p;

	(void)state;
	group14(p14, 0);
	assert_int_equal(group_used(&p, "aes128-ctr", span_of(p14 + 1, 256), SPAN_LIT("\5")), 2048);
	pair_free(&p);
	/* 4096 is the built-in one that has 3072 bits. */
	assert_int_equal(group_used(&p, "aes128-ctr", span_of(p14 + 1, 256), SPAN_LIT("\1")), 4096);
	pair_free(&p);
	assert_int_equal(group_used(&p, "aes128-ctr", SPAN_EMPTY, SPAN_EMPTY), 4096);
	pair_free(&p);
	memset(small, 0xff, sizeof(small));
	assert_int_equal(group_used(&p, "aes128-ctr", span_of(small, sizeof(small)), SPAN_LIT("\2")), 4096);
	pair_free(&p);
	assert_int_equal(group_used(&p, "aes128-ctr", span_of(huge, sizeof(huge)), SPAN_LIT("\2")), 4096);
	/* An answer that nobody waits for changes nothing. */
	conn_answer_group(p.end[SIDE_SERVER].conn, 1, SPAN_EMPTY, SPAN_EMPTY);
	pair_free(&p);
}

/* Sends a group to a client that has asked for one. */
static void
client_refuses_group(struct span prime, struct span generator)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
	struct pair p;

	pair_init(&p, "ed25519");
	p.chunk = 1;
	p.end[SIDE_CLIENT].config.kex_algs = p.end[SIDE_SERVER].config.kex_algs =
	    "diffie-hellman-group-exchange-sha256";
	assert_int_equal(pair_start(&p), ERR_OK);
	run_to(&p, SIDE_CLIENT, PHASE_KEX);
	wr_u8(&w, 31);
	wr_mpint(&w, prime);
	wr_mpint(&w, generator);
	inject(&p, SIDE_SERVER, writer_span(&w));
	deliver_all(&p, SIDE_CLIENT);
	assert_refused(&p, SIDE_CLIENT, ERR_KEX);
	pair_free(&p);
}

static void
groups_of_a_wrong_size_or_generator_are_refused_by_the_client(void **state)
{
	uint8_t p[257], weak[128];

	(void)state;
	group14(p, 0);
	client_refuses_group(span_of(p + 1, 256), SPAN_LIT("\1"));
	client_refuses_group(span_of(p + 1, 256), SPAN_EMPTY);
	client_refuses_group(span_of(p + 1, 256), span_of(p + 1, 256));
	memset(weak, 0xff, sizeof(weak));
	client_refuses_group(span_of(weak, sizeof(weak)), SPAN_LIT("\2"));
	group14(p, 1);
	client_refuses_group(span_of(p + 1, 256), SPAN_LIT("\2"));
}

static void
method_messages_cut_short_or_with_more_behind_disconnect(void **state)
{
	static const struct span messages[] = {
		{ (const uint8_t *)"\x1e", 1 },
		{ (const uint8_t *)"\x1e\0\0\0", 4 },
		{ (const uint8_t *)"\x1e\x80\0\0\0", 5 },
		{ (const uint8_t *)"\x1e\xff\xff\xff\xff", 5 },
		{ (const uint8_t *)"\x1e\0\0\0\0x", 6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		struct pair p;

		await_init(&p, "curve25519-sha256");
		inject(&p, SIDE_CLIENT, messages[i]);
		deliver_all(&p, SIDE_SERVER);
		pair_events(&p, SIDE_SERVER);
		assert_true(p.end[SIDE_SERVER].is_over);
		pair_free(&p);
	}
}

/* --- the proof --- */

/* Runs a pair up to the question for a signature. */
static void
await_signature(struct pair *p)
{
	pair_init(p, "ed25519");
	p->leave_signature = true;
	assert_int_equal(pair_start(p), ERR_OK);
	pair_run(p);
	assert_int_equal(p->end[SIDE_SERVER].seen[EV_NEED_HOST_SIGNATURE], 1);
}

/* Answers with sig; the client must not go on. */
static void
client_refuses_signature(struct pair *p, struct span sig)
{
	conn_answer_host_signature(p->end[SIDE_SERVER].conn, p->end[SIDE_SERVER].sign_id, sig);
	deliver_all(p, SIDE_CLIENT);
	assert_refused(p, SIDE_CLIENT, ERR_SIGNATURE);
	assert_int_equal(p->end[SIDE_CLIENT].seen[EV_NEED_HOSTKEY_CHECK], 0);
	assert_int_equal(p->end[SIDE_CLIENT].seen[EV_KEX_DONE], 0);
	assert_int_equal(p->end[SIDE_CLIENT].seen[EV_AUTH_READY], 0);
}

/* Signs the exchange hash of the server's exchange with any key. */
static void
sign(struct pair *p, const struct key *key, const char *alg, struct writer *w)
{
	const struct exchange *x = transport_of(p, SIDE_SERVER)->exchange;

	assert_int_equal(key_sign(key, span_str(alg),
	    span_of(x->hash, hash_len(x->hash_alg)), w), ERR_OK);
}

static void
a_signature_with_any_byte_changed_cut_or_added_is_refused(void **state)
{
	size_t len = 1;

	(void)state;
	for (size_t i = 0; i <= len + 1; i++) {
		SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
		struct pair p;

		await_signature(&p);
		sign(&p, p.key[0], "ssh-ed25519", &sig);
		len = sig.len;
		if (i < len)
			sig.p[i] ^= 1;
		else if (i == len)
			wr_u8(&sig, 0);
		else
			writer_truncate(&sig, sig.len - 1);
		client_refuses_signature(&p, writer_span(&sig));
		pair_free(&p);
	}
}

static void
a_signature_by_another_key_or_type_is_refused(void **state)
{
	static const char *const kinds[] = { "ed25519", "ecdsa", "rsa" };
	static const char *const algs[] = { "ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512" };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
		SCOPED(key_free) struct key *key = NULL;
		struct rng_test seed = { 5 };
		struct rng rng = rng_test(&seed);
		struct pair p;

		assert_int_equal(key_generate(span_str(kinds[i]), 0, &rng, &key), ERR_OK);
		await_signature(&p);
		sign(&p, key, algs[i], &sig);
		client_refuses_signature(&p, writer_span(&sig));
		pair_free(&p);
	}
}

static void
a_server_that_cannot_sign_ends_the_connection(void **state)
{
	struct pair p;

	(void)state;
	await_signature(&p);
	conn_answer_host_signature(p.end[SIDE_SERVER].conn, p.end[SIDE_SERVER].sign_id, SPAN_EMPTY);
	assert_refused(&p, SIDE_SERVER, ERR_SIGNATURE);
	pair_free(&p);
}

static void
an_answer_with_an_old_id_changes_nothing(void **state)
{
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	struct pair p;

	(void)state;
	await_signature(&p);
	sign(&p, p.key[0], "ssh-ed25519", &sig);
	conn_answer_host_signature(p.end[SIDE_SERVER].conn, p.end[SIDE_SERVER].sign_id + 1,
	    writer_span(&sig));
	conn_answer_hostkey_check(p.end[SIDE_SERVER].conn, p.end[SIDE_SERVER].sign_id, true);
	assert_int_equal(conn_queued(p.end[SIDE_SERVER].conn), 0);
	conn_answer_host_signature(p.end[SIDE_SERVER].conn, p.end[SIDE_SERVER].sign_id,
	    writer_span(&sig));
	conn_answer_host_signature(p.end[SIDE_SERVER].conn, p.end[SIDE_SERVER].sign_id,
	    writer_span(&sig));
	p.leave_signature = false;
	pair_run(&p);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_AUTH_SUCCESS], 1);
	pair_free(&p);
}

static void
a_host_key_that_changes_in_a_rekey_ends_the_connection(void **state)
{
	struct rng_test seed = { 5 };
	struct rng rng = rng_test(&seed);
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	/* A man in the middle who has all but the server's key. */
	key_free(&p.key[0]);
	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &p.key[0]), ERR_OK);
	((struct transport_hostkey *)(uintptr_t)transport_of(&p, SIDE_SERVER)->config.hostkeys)
	    ->blob = key_blob(p.key[0]);
	conn_rekey(p.end[SIDE_CLIENT].conn);
	pair_run(&p);
	assert_refused(&p, SIDE_CLIENT, ERR_HOSTKEY);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_KEX_DONE], 1);
	pair_free(&p);
}

static void
an_rsa_host_key_below_the_required_size_is_refused(void **state)
{
	(void)state;
	for (unsigned bits = 3072; bits <= 3073; bits++) {
		struct pair p;

		pair_init(&p, "rsa");
		p.end[SIDE_CLIENT].config.required_rsa_bits = bits;
		assert_int_equal(pair_start(&p), ERR_OK);
		pair_run(&p);
		if (bits > 3072)
			assert_refused(&p, SIDE_CLIENT, ERR_HOSTKEY);
		else
			assert_int_equal(p.end[SIDE_CLIENT].seen[EV_AUTH_SUCCESS], 1);
		pair_free(&p);
	}
}

/* Makes the server's only host key a certificate of it. */
static void
certify(struct pair *p, const char *kind, const char *alg, struct writer *blob)
{
	SCOPED(key_free) struct key *ca = NULL;
	struct rng_test seed = { 6 };
	struct rng rng = rng_test(&seed);
	struct cert_order order;

	pair_init(p, kind);
	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &ca), ERR_OK);
	order = (struct cert_order){ .key = p->key[0], .role = CERT_HOST,
	    .key_id = SPAN_LIT("host"), .principals = SPAN_LIT("localhost"),
	    .valid_before = CERT_FOREVER };
	assert_int_equal(cert_make(&order, ca, SPAN_LIT("ssh-ed25519"), &rng, blob), ERR_OK);
	p->hostkey[0] = (struct conn_hostkey){ writer_span(blob), alg };
	p->end[SIDE_SERVER].config.hostkey_algs = p->end[SIDE_CLIENT].config.hostkey_algs = alg;
}

static void
a_certified_host_key_proves_itself_by_the_key_inside(void **state)
{
	static const struct {
		const char *kind, *alg;
	} certs[] = { { "ed25519", "ssh-ed25519-cert-v01@openssh.com" },
	    { "rsa", "rsa-sha2-256-cert-v01@openssh.com" } };

	(void)state;
	for (size_t i = 0; i < COUNT(certs); i++) {
		SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
		struct pair p;

		certify(&p, certs[i].kind, certs[i].alg, &blob);
		pair_open(&p);
		assert_string_equal(p.end[SIDE_CLIENT].names.hostkey, certs[i].alg);
		pair_free(&p);
	}
}

static void
a_certificate_without_its_key_proves_nothing(void **state)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct rng_test seed = { 5 };
	struct rng rng = rng_test(&seed);
	struct pair p;

	(void)state;
	certify(&p, "ed25519", "ssh-ed25519-cert-v01@openssh.com", &blob);
	key_free(&p.key[0]);
	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &p.key[0]), ERR_OK);
	assert_int_equal(pair_start(&p), ERR_OK);
	pair_run(&p);
	assert_refused(&p, SIDE_CLIENT, ERR_SIGNATURE);
	assert_int_equal(p.end[SIDE_CLIENT].seen[EV_NEED_HOSTKEY_CHECK], 0);
	pair_free(&p);
}

/* --- proposals --- */

static void
nothing_in_common_names_both_lists_and_the_option(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.end[SIDE_CLIENT].config.ciphers = "aes128-ctr,aes192-ctr";
	p.end[SIDE_SERVER].config.ciphers = "aes256-ctr";
	assert_int_equal(pair_start(&p), ERR_OK);
	pair_run(&p);
	assert_refused(&p, SIDE_SERVER, ERR_NEGOTIATE);
	assert_string_equal(p.end[SIDE_SERVER].text, "no matching cipher found. "
	    "Their offer: aes128-ctr,aes192-ctr. Our offer (Ciphers): aes256-ctr. "
	    "To allow it: Ciphers +aes128-ctr");
	pair_free(&p);

	pair_init(&p, "ed25519");
	p.end[SIDE_CLIENT].config.kex_algs = "curve25519-sha256";
	p.end[SIDE_SERVER].config.kex_algs = "ecdh-sha2-nistp256,ecdh-sha2-nistp384";
	assert_int_equal(pair_start(&p), ERR_OK);
	pair_run(&p);
	assert_refused(&p, SIDE_CLIENT, ERR_NEGOTIATE);
	assert_string_equal(p.end[SIDE_CLIENT].text, "no matching key exchange method found. "
	    "Their offer: ecdh-sha2-nistp256,ecdh-sha2-nistp384,ext-info-s,"
	    "kex-strict-s-v00@openssh.com. Our offer (KexAlgorithms): curve25519-sha256. "
	    "To allow it: -o KexAlgorithms=+ecdh-sha2-nistp256");
	pair_free(&p);

	pair_init(&p, "ed25519");
	p.end[SIDE_CLIENT].config.hostkey_algs = "rsa-sha2-512";
	assert_int_equal(pair_start(&p), ERR_OK);
	pair_run(&p);
	assert_refused(&p, SIDE_CLIENT, ERR_NEGOTIATE);
	assert_string_equal(p.end[SIDE_CLIENT].text, "no matching host key type found. "
	    "Their offer: ssh-ed25519. Our offer (HostKeyAlgorithms): rsa-sha2-512. "
	    "To allow it: -o HostKeyAlgorithms=+ssh-ed25519");
	pair_free(&p);
}

/* The text that one side has for its log when kind of list has these names. */
static void
assert_hint(enum side side, enum kexinit_list list, const char *clients, const char *servers,
    const char *hint)
{
	struct pair p;
	const char *begin;

	pair_init(&p, "rsa");
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		struct conn_config *c = &p.end[s].config;
		const char *names = s == SIDE_CLIENT ? clients : servers;

		if (list == LIST_KEX)
			c->kex_algs = names;
		else if (list == LIST_HOSTKEY && s == SIDE_CLIENT)
			c->hostkey_algs = names;
		else if (list == LIST_HOSTKEY)
			p.hostkey[0].algs = names;
		else if (list == LIST_MAC_CTOS)
			c->macs = names;
		else
			c->compression = names;
		if (list == LIST_MAC_CTOS)
			c->ciphers = "aes128-ctr";
	}
	assert_int_equal(pair_start(&p), ERR_OK);
	if (side == SIDE_SERVER && list == LIST_KEX)
		alter_kexinit(&p, SIDE_CLIENT, "group1-sha1", "group9-sha9");
	pair_run(&p);
	assert_refused(&p, side, ERR_NEGOTIATE);
	begin = strstr(p.end[side].text, hint);
	if (begin == NULL || strcmp(begin, hint) != 0)
		fail_msg("\"%s\" does not end with \"%s\"", p.end[side].text, hint);
	pair_free(&p);
}

static void
the_option_that_would_make_it_work_is_named_on_both_sides(void **state)
{
	(void)state;
	assert_hint(SIDE_SERVER, LIST_MAC_CTOS, "hmac-md5,hmac-sha1", "hmac-sha2-256",
	    "To allow it: MACs +hmac-sha1");
	assert_hint(SIDE_CLIENT, LIST_MAC_CTOS, "hmac-sha2-256", "hmac-md5",
	    "To allow it: -o MACs=+hmac-md5");
	assert_hint(SIDE_SERVER, LIST_HOSTKEY, "rsa-sha2-256", "rsa-sha2-512",
	    "To allow it: HostKeyAlgorithms +rsa-sha2-256");
	assert_hint(SIDE_SERVER, LIST_HOSTKEY, "ecdsa-sha2-nistp384,ssh-ed25519", "rsa-sha2-512",
	    "To allow it: a HostKey of type ecdsa-sha2-nistp384");
	assert_hint(SIDE_SERVER, LIST_COMPRESSION_CTOS, "zlib@openssh.com", "none",
	    "To allow it: Compression yes");
	assert_hint(SIDE_CLIENT, LIST_COMPRESSION_CTOS, "none", "zlib@openssh.com",
	    "To allow it: -o Compression=yes");
	assert_hint(SIDE_SERVER, LIST_KEX, "diffie-hellman-group1-sha1", "curve25519-sha256",
	    "This version has none of theirs");
}

static void
markers_are_never_agreed_on_as_methods(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.end[SIDE_CLIENT].config.kex_algs = "curve25519-sha256";
	p.end[SIDE_SERVER].config.kex_algs = "ecdh-sha2-nistp256";
	assert_int_equal(pair_start(&p), ERR_OK);
	/* The client says what only servers say. */
	alter_kexinit(&p, SIDE_CLIENT, "ext-info-c", "ext-info-s");
	pair_run(&p);
	assert_refused(&p, SIDE_SERVER, ERR_NEGOTIATE);
	pair_free(&p);
}

static void
a_list_that_names_nothing_we_have_makes_no_connection(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	p.end[SIDE_CLIENT].config.ciphers = "rot13,none,,aes512-ctr";
	assert_int_equal(pair_start(&p), ERR_NEGOTIATE);
	p.end[SIDE_CLIENT].config.ciphers = "rot13,aes128-ctr";
	assert_int_equal(pair_start(&p), ERR_OK);
	conn_free(p.end[SIDE_CLIENT].conn);
	p.end[SIDE_CLIENT].conn = NULL;
	p.end[SIDE_CLIENT].config.ident = "SSH-1.5-old";
	conn_free(p.end[SIDE_SERVER].conn);
	p.end[SIDE_SERVER].conn = NULL;
	assert_int_equal(pair_start(&p), ERR_RANGE);
	pair_free(&p);
}

/* Sets the flag that a guess follows in the client's KEXINIT, which ends in uint32 0. */
static void
announce_guess(struct pair *p)
{
	struct transport *t = transport_of(p, SIDE_CLIENT);
	struct writer *own = &t->exchange->kexinit[SIDE_CLIENT];
	size_t ident = strlen(p->end[SIDE_CLIENT].config.ident) + 2;

	own->p[own->len - 5] = 1;
	t->out.p[ident + 5 + own->len - 5] = 1;
}

static void
a_wrong_guess_is_ignored_and_a_right_one_is_taken(void **state)
{
	static const struct span wrong[] = {
		{ (const uint8_t *)"\x1e\0\0\0\3abc", 8 },
		{ (const uint8_t *)"\x22garbage", 8 },
		{ (const uint8_t *)"\x1e", 1 },
	};

	(void)state;
	for (size_t i = 0; i <= COUNT(wrong); i++) {
		struct pair p;

		pair_init(&p, "ed25519");
		/* Behind the wrong guess the agreed method's message follows all the same. */
		p.end[SIDE_CLIENT].config.kex_algs = "ecdh-sha2-nistp256,curve25519-sha256";
		p.end[SIDE_SERVER].config.kex_algs = i < COUNT(wrong) ?
		    "curve25519-sha256" : "ecdh-sha2-nistp256,curve25519-sha256";
		p.end[SIDE_CLIENT].config.hostkey_algs = "ssh-ed25519";
		assert_int_equal(pair_start(&p), ERR_OK);
		announce_guess(&p);
		if (i < COUNT(wrong))
			inject(&p, SIDE_CLIENT, wrong[i]);
		pair_run(&p);
		assert_int_equal(p.end[SIDE_SERVER].seen[EV_AUTH_SUCCESS], 1);
		pair_free(&p);
	}
}

static void
cookies_and_keys_differ_from_connection_to_connection(void **state)
{
	uint8_t first[HASH_MAX_LEN];
	struct pair p;

	(void)state;
	pair_init(&p, "ed25519");
	pair_open(&p);
	memcpy(first, p.end[SIDE_SERVER].session_id, sizeof(first));
	pair_free(&p);
	pair_init(&p, "ed25519");
	p.end[SIDE_CLIENT].seed.state = 12345;
	pair_open(&p);
	assert_memory_not_equal(first, p.end[SIDE_SERVER].session_id, 32);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x25519_points_of_small_order_are_refused),
		cmocka_unit_test(x25519_points_of_another_length_are_refused),
		cmocka_unit_test(nist_points_that_are_not_on_the_curve_or_compressed_are_refused),
		cmocka_unit_test(mlkem_keys_with_coefficients_out_of_range_are_refused),
		cmocka_unit_test(mlkem_hybrids_with_nist_curves_refuse_lengths_keys_and_points),
		cmocka_unit_test(mlkem_hybrid_values_of_another_length_or_with_a_bad_point_are_refused),
		cmocka_unit_test(dh_numbers_out_of_range_negative_or_not_in_shortest_form_are_refused),
		cmocka_unit_test(group_exchange_with_sizes_that_make_no_sense_is_refused),
		cmocka_unit_test(the_group_that_a_client_asks_for_is_as_strong_as_its_cipher),
		cmocka_unit_test(a_group_of_the_program_is_used_and_a_bad_one_is_replaced),
		cmocka_unit_test(groups_of_a_wrong_size_or_generator_are_refused_by_the_client),
		cmocka_unit_test(method_messages_cut_short_or_with_more_behind_disconnect),
		cmocka_unit_test(a_signature_with_any_byte_changed_cut_or_added_is_refused),
		cmocka_unit_test(a_signature_by_another_key_or_type_is_refused),
		cmocka_unit_test(a_server_that_cannot_sign_ends_the_connection),
		cmocka_unit_test(an_answer_with_an_old_id_changes_nothing),
		cmocka_unit_test(a_host_key_that_changes_in_a_rekey_ends_the_connection),
		cmocka_unit_test(an_rsa_host_key_below_the_required_size_is_refused),
		cmocka_unit_test(a_certified_host_key_proves_itself_by_the_key_inside),
		cmocka_unit_test(a_certificate_without_its_key_proves_nothing),
		cmocka_unit_test(nothing_in_common_names_both_lists_and_the_option),
		cmocka_unit_test(the_option_that_would_make_it_work_is_named_on_both_sides),
		cmocka_unit_test(markers_are_never_agreed_on_as_methods),
		cmocka_unit_test(a_list_that_names_nothing_we_have_makes_no_connection),
		cmocka_unit_test(a_wrong_guess_is_ignored_and_a_right_one_is_taken),
		cmocka_unit_test(cookies_and_keys_differ_from_connection_to_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
