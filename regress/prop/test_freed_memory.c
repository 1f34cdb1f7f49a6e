/* SPDX-License-Identifier: ISC */
/*
 * That freed memory holds no key byte: free() is this program's own here, for
 * libcrypto and zlib as well, and looks through every block for the secrets of
 * the connection that runs:
 *
 *	drawn    what the core took from its source of randomness (ephemeral keys, seeds)
 *	shared   K, of the transcript
 *	derived  the keys of RFC 4253 7.2, made here once more
 *	and the host key, and the password as it stands in its message
 *
 * RSA keys come from libcrypto's own randomness and are known when they are
 * there: until then what is freed is kept.
 */
#include <execinfo.h>
#include <malloc.h>
#include <openssl/bn.h>
#include <unistd.h>

#include "keys/agent.h"
#include "keys/cert.h"
#include "keys/key_i.h"
#include "keys/private_file.h"
#include "regress/support/conn_pair.h"

#define MAX_SECRETS	4096
#define MAX_KEPT	200000
#define PIECE		16		/* bytes of a secret that are looked for */

/* Test support is a program's, not the core's: its state may be global. */
static struct {
	const char *what;
	uint8_t piece[PIECE];
} secrets[MAX_SECRETS];
static size_t n_secrets;
/* Volatile, as compilers believe that free() looks at nothing of ours. */
static volatile bool armed;
static volatile unsigned long scanned, found;
static const char *volatile found_what;
static void *kept[MAX_KEPT];		/* freed, but not given back yet */
static volatile size_t n_kept;
static volatile bool keeps;
static bool is_group_exchange;
static struct span session;
static uint8_t session_bytes[HASH_MAX_LEN];

#ifndef SANITIZED
void __libc_free(void *p);

static void
look_through(const uint8_t *p, size_t n)
{
	scanned = scanned + 1;
	for (size_t i = 0; i < n_secrets; i++) {
		void *trace[24];

		if (memmem(p, n, secrets[i].piece, PIECE) == NULL)
			continue;
		armed = false;
		found = found + 1;
		if (found == 1) {
			found_what = secrets[i].what;
			backtrace_symbols_fd(trace, backtrace(trace, 24), 2);
		}
		armed = true;
		return;
	}
}

void
free(void *p)
{
	if (p != NULL && keeps && n_kept < MAX_KEPT) {
		kept[n_kept] = p;
		n_kept = n_kept + 1;
		return;
	}
	if (p != NULL && armed)
		look_through(p, malloc_usable_size(p));
	__libc_free(p);
}

/* libc's own would free the old block behind our back. */
void *
realloc(void *p, size_t n)
{
	void *fresh = malloc(n == 0 ? 1 : n);
	size_t old = p == NULL ? 0 : malloc_usable_size(p);

	if (fresh == NULL)
		return NULL;
	if (p != NULL)
		memcpy(fresh, p, old < n ? old : n);
	free(p);
	return fresh;
}
#endif

/* Gives back what was kept, having looked through it. */
static void
free_kept(void)
{
	keeps = false;
	for (size_t i = 0; i < n_kept; i++)
		free(kept[i]);
	n_kept = 0;
}

/* Remembers the pieces of a secret, the last one ending with it. */
static void
remember(const char *what, struct span s)
{
	bool was = armed;

	armed = false;
	for (size_t at = 0; s.len >= PIECE; at += PIECE) {
		if (at + PIECE > s.len)
			at = s.len - PIECE;
		assert_true(n_secrets < MAX_SECRETS);
		secrets[n_secrets].what = what;
		memcpy(secrets[n_secrets++].piece, s.p + at, PIECE);
		if (at + PIECE == s.len)
			break;
	}
	armed = was;
}

/* Cookies and the like are shorter, and public. */
static void
fill_tapped(void *state, struct room room)
{
	struct rng rng = rng_test(state);

	rng_fill(&rng, room.p, room.len);
	if (room.len >= 32)
		remember("drawn", span_of(room.p, room.len));
}

static struct rng
tapped(struct end *e)
{
	return (struct rng){ fill_tapped, &e->seed };
}

/* What a key of the letter would begin with: K || H || letter || session id. */
static void
remember_derived(const struct event *ev, struct span k, char letter)
{
	const struct hash_alg *alg = hash_find(ev->sign.hash);
	uint8_t out[2 * HASH_MAX_LEN];
	struct hash h;

	hash_init(&h, alg);
	hash_update(&h, k);
	hash_update(&h, ev->sign.exchange_hash);
	hash_update(&h, span_of(&letter, 1));
	hash_update(&h, session);
	hash_final(&h, out);
	hash_init(&h, alg);
	hash_update(&h, k);
	hash_update(&h, ev->sign.exchange_hash);
	hash_update(&h, span_of(out, hash_len(alg)));
	hash_final(&h, out + hash_len(alg));
	remember("derived", span_of(out, hash_len(alg)));
	remember("derived", span_of(out, 2 * hash_len(alg)));
}

/* K is the transcript's last field; all others can be read over. */
static void
remember_exchange(const struct event *ev)
{
	struct reader r = rd_init(ev->sign.transcript);
	struct span k = SPAN_EMPTY;
	bool was = armed;

	armed = false;
	for (unsigned i = 0; r.err == ERR_OK && r.rest.len > 0; i++) {
		struct span begin = r.rest;

		if (i == 5 && is_group_exchange)
			(void)rd_raw(&r, 12);	/* min, n, max */
		rd_bytes(&r);
		k = span_first(begin, begin.len - r.rest.len);
	}
	assert_int_equal(r.err, ERR_OK);
	assert_true(k.len >= 4 + 32);
	if (session.len == 0) {
		memcpy(session_bytes, ev->sign.exchange_hash.p, ev->sign.exchange_hash.len);
		session = span_of(session_bytes, ev->sign.exchange_hash.len);
	}
	remember("shared", span_skip(k, 5));
	for (char letter = 'C'; letter <= 'F'; letter++)
		remember_derived(ev, k, letter);
	armed = was;
}

static void
watch(const char *kind, const char *kex, const char *cipher, const char *mac, bool compress)
{
	struct pair p;

	n_secrets = 0;
	scanned = found = 0;
	session = SPAN_EMPTY;
	is_group_exchange = strstr(kex, "group-exchange") != NULL;
	pair_init(&p, kind);
	p.on_sign = remember_exchange;
	p.rng_of = tapped;
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		p.end[s].config.kex_algs = kex;
		p.end[s].config.ciphers = cipher;
		p.end[s].config.macs = mac;
		p.end[s].config.compression = compress ? "zlib@openssh.com" : "none";
	}
	remember("password", SPAN_LIT("\0\0\0\x08password\0\0\0\0\x06secret"));
	armed = true;
	pair_open(&p);
	pair_exchange(&p, 100000);
	conn_rekey(p.end[SIDE_CLIENT].conn);
	pair_exchange(&p, 100000);
	pair_free(&p);
	armed = false;
	assert_true(n_secrets > 30);
#ifndef SANITIZED
	assert_true(scanned > 50);
#endif
	if (found > 0)
		fail_msg("%s, %s, %s: a block was freed with bytes of a secret that was %s", kex,
		    cipher, mac, found_what);
}

static bool
next_name(struct span *list, char *buf, size_t size)
{
	struct span name;

	if (!span_token(list, ',', &name))
		return false;
	assert_true(name.len < size);
	memcpy(buf, name.p, name.len);
	buf[name.len] = '\0';
	return true;
}

static void
a_secret_that_is_freed_would_be_found(void **state)
{
	(void)state;
#ifdef SANITIZED
	skip();		/* free() is the sanitizer's */
#else
	static const uint8_t secret[32] = "a secret that nobody may find it";
	uint8_t *block = malloc(5000);

	assert_non_null(block);
	n_secrets = 0;
	found = 0;
	remember("written", span_of(secret, sizeof(secret)));
	memset(block, 1, 5000);
	memcpy(block + 4321, secret + 16, 16);
	__asm__ volatile("" : : "r"(block) : "memory");	/* or the compiler knows better */
	armed = true;
	free(block);
	armed = false;
	assert_int_equal(found, 1);
	assert_string_equal(found_what, "written");
#endif
}

static void
no_key_exchange_leaves_key_bytes_behind(void **state)
{
	struct span list = span_str(kex_names());
	char kex[64];

	(void)state;
	while (next_name(&list, kex, sizeof(kex)))
		watch("ed25519", kex, "aes128-ctr", "hmac-sha2-256", false);
}

static void
no_cipher_and_no_mac_leaves_key_bytes_behind(void **state)
{
	struct span list = span_str(crypto_cipher_names());
	char name[64];

	(void)state;
	while (next_name(&list, name, sizeof(name)))
		watch("ed25519", "curve25519-sha256", name, "hmac-sha2-256", false);
	list = span_str(crypto_mac_names());
	while (next_name(&list, name, sizeof(name)))
		watch("ed25519", "curve25519-sha256", "aes256-ctr", name, true);
}

/* Writes k as a file and reads it back, with a passphrase and without. */
static void
through_a_file(const struct key *k, const struct rng *rng, enum private_kind kind,
    struct span passphrase)
{
	struct private_file_format format = { .kind = kind, .passphrase = passphrase, .rounds = 1 };
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer comment = writer_init(100);
	SCOPED(key_free) struct key *again = NULL;

	assert_int_equal(private_file_write(k, SPAN_LIT("c"), &format, rng, &file), ERR_OK);
	assert_int_equal(private_file_read(writer_span(&file), passphrase, &again, &comment), ERR_OK);
	assert_true(key_equal(k, again));
}

/* Has an agent do what the one request in w says. */
static void
ask_agent(struct agent *a, const struct writer *w)
{
	SCOPED(writer_free) struct writer answer = writer_init(AGENT_MAX_FRAME);
	struct agent_client client = { .n_bindings = 0 };
	enum agent_verdict verdict;
	struct agent_frame f;

	assert_int_equal(wr_end(w), ERR_OK);
	assert_int_equal(agent_frame_get(writer_span(w), &f), ERR_OK);
	assert_int_equal(agent_handle(a, &client, &f, &(struct agent_time){ .now = 1 }, &answer, &verdict), ERR_OK);
	assert_null(client.why);
}

/* Gives k to an agent, alone and with a certificate, which signs with both and forgets them. */
static void
through_an_agent(const struct key *k, const struct rng *rng)
{
	SCOPED(agent_free) struct agent *a = NULL;
	SCOPED(writer_free) struct writer cert = writer_init(LIMIT_KEY_BLOB);
	struct cert_order order = { .key = k, .role = CERT_USER, .key_id = SPAN_LIT("id"),
		.principals = SPAN_LIT("joe"), .valid_before = CERT_FOREVER };
	struct span alg = span_first(span_str(key_algs(k)), span_find(span_str(key_algs(k)), ','));

	assert_int_equal(agent_new(rng, 0, &a), ERR_OK);
	assert_int_equal(cert_make(&order, k, alg, rng, &cert), ERR_OK);
	for (unsigned i = 0; i < 4; i++) {
		SCOPED(writer_free) struct writer add = writer_init(AGENT_MAX_FRAME);
		SCOPED(writer_free) struct writer sign = writer_init(AGENT_MAX_FRAME);
		struct span with = i % 2 == 0 ? SPAN_EMPTY : writer_span(&cert);

		agent_add_put(&add, k, &(struct agent_add){ .cert = with });
		ask_agent(a, &add);
		agent_sign_put(&sign, with.len == 0 ? key_blob(k) : with, SPAN_LIT("data"), alg);
		ask_agent(a, &sign);
		if (i == 1)
			assert_int_equal(agent_forget(a), 2);
	}
}

/* Makes a key of a source that is tapped, signs, stores and loads it, and frees it. */
static void
no_host_key_leaves_its_private_half_behind(void **state)
{
	static const char *const kinds[] = { "ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
	    "ecdsa-sha2-nistp521", "mldsa44-ed25519" };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
		struct rng_test seed = { 11 };
		struct rng rng = { fill_tapped, &seed };
		struct key *k;

		n_secrets = 0;
		found = 0;
		armed = true;
		if (key_generate(span_str(kinds[i]), 0, &rng, &k) == ERR_UNSUPPORTED) {
			armed = false;
			continue;	/* libcrypto has no ML-DSA */
		}
		assert_non_null(k);
		assert_int_equal(key_sign(k, span_str(key_type(k)), SPAN_LIT("data"), &sig), ERR_OK);
		rng = rng_test(&seed);
		through_a_file(k, &rng, PRIVATE_OPENSSH, SPAN_EMPTY);
		through_a_file(k, &rng, PRIVATE_OPENSSH, SPAN_LIT("a passphrase of some length"));
		through_an_agent(k, &rng);
		key_free(&k);
		armed = false;
		assert_true(n_secrets >= 2);
		if (found > 0)
			fail_msg("%s: a block was freed with bytes of the private key", kinds[i]);
	}
}

/* A number as it stands in files, and in libcrypto's memory: from the other end. */
static void
remember_number(const char *what, struct span magnitude)
{
	uint8_t turned[512];

	assert_true(magnitude.len >= 64 && magnitude.len <= sizeof(turned));
	for (size_t i = 0; i < magnitude.len; i++)
		turned[i] = magnitude.p[magnitude.len - 1 - i];
	remember(what, magnitude);
	remember(what, span_of(turned, magnitude.len));
}

/* d mod (prime - 1) */
static void
remember_reduced(const char *what, struct span d, struct span prime)
{
	BIGNUM *a = BN_bin2bn(d.p, (int)d.len, NULL), *b = BN_bin2bn(prime.p, (int)prime.len, NULL);
	BN_CTX *ctx = BN_CTX_new();
	uint8_t bytes[512];

	assert_true(BN_sub_word(b, 1) == 1 && BN_mod(a, a, b, ctx) == 1);
	remember_number(what, span_of(bytes, (size_t)BN_bn2bin(a, bytes)));
	BN_free(a);
	BN_free(b);
	BN_CTX_free(ctx);
}

/* All numbers of an RSA key that are private. */
static void
remember_rsa(const struct key *k)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	struct reader r;
	struct span d, qinv, p, q;
	bool was = armed;

	armed = false;
	assert_int_equal(key_write_private(k, &w), ERR_OK);
	r = rd_init(writer_span(&w));
	rd_bytes(&r);			/* the type */
	rd_mpint(&r, 512);		/* n */
	rd_mpint(&r, 512);		/* e */
	d = rd_mpint(&r, 512);
	qinv = rd_mpint(&r, 512);
	p = rd_mpint(&r, 512);
	q = rd_mpint(&r, 512);
	assert_int_equal(rd_end(&r), ERR_OK);
	remember_number("d", d);
	remember_number("1/q", qinv);
	remember_number("p", p);
	remember_number("q", q);
	remember_reduced("d mod p-1", d, p);
	remember_reduced("d mod q-1", d, q);
	armed = was;
}

/* Makes one, signs, stores and loads it in all formats, and frees it. */
static void
no_rsa_key_leaves_its_private_half_behind(void **state)
{
	static const enum private_kind kinds[] = { PRIVATE_OPENSSH, PRIVATE_PEM, PRIVATE_PKCS8 };
	struct rng_test seed = { 12 };
	struct rng rng = rng_test(&seed);
	struct key *k;

	(void)state;
	n_secrets = 0;
	scanned = found = 0;
	keeps = true;
	assert_int_equal(key_generate(SPAN_LIT("rsa"), 2048, &rng, &k), ERR_OK);
	keeps = false;
#ifndef SANITIZED
	assert_in_range(n_kept, 10, MAX_KEPT - 1);
#endif
	remember_rsa(k);
	armed = true;
	free_kept();
	for (unsigned i = 0; i < 3; i++) {
		static const char *const algs[] = { "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa" };
		SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);

		assert_int_equal(key_sign(k, span_str(algs[i]), SPAN_LIT("data"), &sig), ERR_OK);
		through_a_file(k, &rng, kinds[i], SPAN_EMPTY);
		through_a_file(k, &rng, kinds[i], SPAN_LIT("a passphrase of some length"));
	}
	through_an_agent(k, &rng);
	key_free(&k);
	armed = false;
	assert_true(n_secrets > 100);
	if (found > 0)
		fail_msg("a block was freed with bytes of %s", found_what);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_that_is_freed_would_be_found),
		cmocka_unit_test(no_key_exchange_leaves_key_bytes_behind),
		cmocka_unit_test(no_cipher_and_no_mac_leaves_key_bytes_behind),
		cmocka_unit_test(no_host_key_leaves_its_private_half_behind),
		cmocka_unit_test(no_rsa_key_leaves_its_private_half_behind),
	};

	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
