/* SPDX-License-Identifier: ISC */
/* The first KEXINIT of each side with the default lists, against regress/golden/proposals.txt. */
#include "regress/support/conn_pair.h"
#include "kex/kexinit.h"
#include "regress/support/kat.h"

static const char *const lists[] = {
	[LIST_KEX] = "kex", [LIST_HOSTKEY] = "hostkey",
	[LIST_CIPHER_CTOS] = "cipher-ctos", [LIST_CIPHER_STOC] = "cipher-stoc",
	[LIST_MAC_CTOS] = "mac-ctos", [LIST_MAC_STOC] = "mac-stoc",
	[LIST_COMPRESSION_CTOS] = "compression-ctos", [LIST_COMPRESSION_STOC] = "compression-stoc",
};

static enum kexinit_list
list_of(const char *word)
{
	for (unsigned i = 0; i < COUNT(lists); i++)
		if (strcmp(word, lists[i]) == 0)
			return i;
	fail_msg("no list %s", word);
	return LIST_COUNT;
}

/* The payload of the packet in clear behind our identification string. */
static struct span
kexinit_of(struct conn *conn)
{
	struct span out = conn_output(conn);
	struct reader r;
	uint32_t len;

	out = span_skip(out, span_find(out, '\n') + 1);
	r = rd_init(out);
	len = rd_u32(&r);
	out = rd_raw(&r, len);
	assert_int_equal(r.err, ERR_OK);
	return span_first(span_skip(out, 1), len - 1 - out.p[0]);
}

static void
give(struct conn *conn, const char *text)
{
	struct room room = conn_room(conn);
	struct event ev;

	assert_true(room.len >= strlen(text));
	memcpy(room.p, text, strlen(text));
	assert_int_equal(conn_received(conn, strlen(text), 0), ERR_OK);
	while (conn_next(conn, &ev))
		;
}

static void
use_defaults(struct pair *p)
{
	static const char *const kinds[] = { "ecdsa", "rsa" };
	struct rng_test seed = { 1 };
	struct rng rng = rng_test(&seed);

	pair_init(p, "ed25519");
	for (size_t i = 0; i < COUNT(kinds); i++) {
		assert_int_equal(key_generate(span_str(kinds[i]), 0, &rng, &p->key[1 + i]), ERR_OK);
		p->hostkey[1 + i] = (struct conn_hostkey){ key_blob(p->key[1 + i]), key_algs(p->key[1 + i]) };
	}
	p->end[SIDE_SERVER].config.n_hostkeys = 3;
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		p->end[s].config.kex_algs = kex_default_algs(s);
		p->end[s].config.ciphers = crypto_cipher_defaults();
		p->end[s].config.macs = crypto_mac_defaults();
		p->end[s].config.compression = kex_compression_names();
	}
}

static void
each_list_of_each_side_is_the_golden_one(void **state)
{
	char *text = kat_file("regress/golden/proposals.txt", &(size_t){ 0 }), *save = NULL;
	struct kexinit m[2];
	unsigned seen = 0;
	struct pair p;

	(void)state;
	use_defaults(&p);
	assert_int_equal(pair_start(&p), ERR_OK);
	give(p.end[SIDE_SERVER].conn, "SSH-2.0-x\r\n");
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		assert_int_equal(kexinit_get(kexinit_of(p.end[s].conn), &m[s]), ERR_OK);
	for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char side[8], list[32], names[2048];
		enum side s;

		if (line[0] == '#' || line[0] == '\0')
			continue;
		assert_int_equal(sscanf(line, "%7s %31s %2047s", side, list, names), 3);
		s = strcmp(side, "client") == 0 ? SIDE_CLIENT : SIDE_SERVER;
		if (!span_is(m[s].list[list_of(list)], names))
			fail_msg("%s %s is %.*s", side, list, (int)m[s].list[list_of(list)].len,
			    (const char *)m[s].list[list_of(list)].p);
		seen++;
	}
	assert_int_equal(seen, 2 * COUNT(lists));
	free(text);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_list_of_each_side_is_the_golden_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
