/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "conn/conn.h"
#include "crypto/crypto.h"
#include "crypto/random.h"
#include "keys/key.h"
#include "keys/known_hosts.h"
#include "keys/private_file.h"
#include "kex/kex.h"
#include "os/file.h"
#include "os/net.h"
#include "regress/support/alloc.h"
#include "tools/ssh_keyscan.h"

/* --- the list --- */

static void
assert_entry(const char *line, const char *addresses, const char *names)
{
	struct keyscan_entry entry;

	assert_int_equal(keyscan_parse(span_str(line), &entry), ERR_OK);
	assert_true(span_is(entry.addresses, addresses));
	assert_true(span_is(entry.names, names));
	assert_false(entry.is_network);
}

static void
a_line_has_addresses_and_may_have_names(void **state)
{
	(void)state;
	assert_entry("host.example", "host.example", "host.example");
	assert_entry("  10.0.0.1,10.0.0.2\t one,two \r", "10.0.0.1,10.0.0.2", "one,two");
	assert_entry("10.0.0.1 one # two", "10.0.0.1", "one");
	assert_entry("10.0.0.1#one", "10.0.0.1", "10.0.0.1");
	assert_entry("fe80::1%eth0", "fe80::1%eth0", "fe80::1%eth0");
	assert_entry(",,a,,b,", ",,a,,b,", ",,a,,b,");
	/* What only looks like a network is for the resolver to refuse. */
	assert_entry("10.0.0.1/24", "10.0.0.1/24", "10.0.0.1/24");
	assert_entry("10.0.0.0/33", "10.0.0.0/33", "10.0.0.0/33");
}

static void
lines_with_nothing_in_them_are_passed_over(void **state)
{
	static const char *const lines[] = { "", "   \t", "# comment", "  #10.0.0.1", "\r" };
	struct keyscan_entry entry;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(keyscan_parse(span_str(lines[i]), &entry), ERR_NOTFOUND);
}

static void
what_could_become_another_line_of_known_hosts_is_refused(void **state)
{
	static const char *const lines[] = { "@revoked", "10.0.0.1 @cert-authority", "10.0.0.1 |1|a|b",
	    "10.0.0.1 a,!b", "a\033[2J", "10.0.0.1 caf\303\251", ",", "a ,,", "10.0.0.1 name other",
	    "10.0.0.0/30 name", "host ssh-ed25519 AAAA", "a\vb", "a\177" };
	struct keyscan_entry entry;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(keyscan_parse(span_str(lines[i]), &entry), ERR_SYNTAX);
	assert_int_equal(keyscan_parse(SPAN_LIT("a\0b"), &entry), ERR_SYNTAX);
}

/* The addresses of a network, with a blank behind each. */
static void
assert_network(const char *line, const char *all)
{
	struct keyscan_entry entry;
	struct address a;
	char text[512] = "", buf[64];

	assert_int_equal(keyscan_parse(span_str(line), &entry), ERR_OK);
	assert_true(entry.is_network);
	while (keyscan_next_address(&entry.network, &a)) {
		strncat(text, address_print(&a, buf, sizeof(buf)), sizeof(text) - strlen(text) - 2);
		strcat(text, " ");
	}
	assert_string_equal(text, all);
	assert_false(keyscan_next_address(&entry.network, &a));
}

static void
a_network_is_all_of_its_addresses(void **state)
{
	(void)state;
	assert_network("192.0.2.252/30", "192.0.2.252 192.0.2.253 192.0.2.254 192.0.2.255 ");
	assert_network("192.0.1.255/32 # one", "192.0.1.255 ");
	assert_network("255.255.255.254/31", "255.255.255.254 255.255.255.255 ");
	assert_network("2001:db8::fffe/127", "2001:db8::fffe 2001:db8::ffff ");
	assert_network("::1/128", "::1 ");
}

static void
addresses_carry_over_into_higher_bytes(void **state)
{
	struct keyscan_entry entry;
	struct address a = { 0 };
	char buf[64];

	(void)state;
	assert_int_equal(keyscan_parse(SPAN_LIT("10.1.0.0/16"), &entry), ERR_OK);
	for (unsigned i = 0; i < 0x1235; i++)
		assert_true(keyscan_next_address(&entry.network, &a));
	assert_string_equal(address_print(&a, buf, sizeof(buf)), "10.1.18.52");
}

static void
a_network_may_be_as_large_as_all_of_ipv4_and_no_larger(void **state)
{
	struct keyscan_entry entry;

	(void)state;
	assert_int_equal(keyscan_parse(SPAN_LIT("0.0.0.0/0"), &entry), ERR_OK);
	assert_true(entry.network.left == KEYSCAN_MAX_NETWORK);
	assert_int_equal(keyscan_parse(SPAN_LIT("2001:db8::/96"), &entry), ERR_OK);
	assert_int_equal(keyscan_parse(SPAN_LIT("2001:db8::/95"), &entry), ERR_RANGE);
	assert_int_equal(keyscan_parse(SPAN_LIT("::/0"), &entry), ERR_RANGE);
}

/* --- kinds --- */

static void
the_kinds_of_openssh_10_are_asked_for(void **state)
{
	static const char *const names[] = { "rsa", "ecdsa", "ed25519", "ecdsa-sk", "ed25519-sk" };
	keyscan_kinds chosen = keyscan_default_kinds();

	(void)state;
	for (unsigned i = 0; i < COUNT(names); i++)
		assert_string_equal(keyscan_kind(chosen, i)->name, names[i]);
	assert_null(keyscan_kind(chosen, COUNT(names)));
}

static void
a_kind_is_found_by_its_name_and_its_type(void **state)
{
	keyscan_kinds rsa = keyscan_find_kind(SPAN_LIT("rsa"));

	(void)state;
	assert_true(rsa != 0);
	assert_true(keyscan_find_kind(SPAN_LIT("RSA")) == rsa);
	assert_true(keyscan_find_kind(SPAN_LIT("ssh-rsa")) == rsa);
	assert_string_equal(keyscan_kind(keyscan_find_kind(SPAN_LIT("ecdsa-sha2-nistp384")), 0)->algs,
	    "ecdsa-sha2-nistp384");
	assert_true(keyscan_find_kind(SPAN_LIT("dsa")) == 0);
	assert_true(keyscan_find_kind(SPAN_LIT("")) == 0);
	assert_true(keyscan_find_kind(SPAN_LIT("*")) == 0);
}

static void
every_algorithm_of_every_kind_is_one_that_connections_know(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEYSCAN_MAX_KINDS; i++) {
		const struct keyscan_kind *kind = keyscan_kind(1u << i, 0);

		/* ML-DSA needs a newer libcrypto than others. */
		if (kind == NULL || keyscan_find_kind(span_str(kind->name)) == 0)
			continue;
		for (unsigned k = 0; k < 2; k++) {
			struct conn_config config = { .side = SIDE_CLIENT, .ident = "SSH-2.0-x",
			    .kex_algs = kex_names(), .ciphers = crypto_cipher_names(),
			    .macs = crypto_mac_names(), .compression = "none", .rng = rng_system(),
			    .hostkey_algs = k == 0 ? kind->algs : kind->cert_algs };
			struct span list = span_str(config.hostkey_algs), alg;
			struct conn *c;

			while (span_token(&list, ',', &alg))
				assert_true(text_list_has(span_str(keys_list(KEY_LIST_ALL)), alg));
			assert_int_equal(conn_new(&c, &config, 0), ERR_OK);
			conn_free(c);
		}
	}
}

/* --- what is printed --- */

static struct key *
make_key(void)
{
	struct rng rng = rng_system();
	struct key *k;

	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &k), ERR_OK);
	return k;
}

static void
each_name_has_a_line_of_its_own(void **state)
{
	SCOPED(key_free) struct key *k = make_key();
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE), want = writer_init(LIMIT_LINE);
	struct keyscan_form form = { .port = 2222 };

	(void)state;
	assert_int_equal(keyscan_put(&w, &form, SPAN_LIT("10.0.0.1,,Host"), key_blob(k), NULL), ERR_OK);
	wr_raw(&want, SPAN_LIT("[10.0.0.1]:2222 "));
	public_line_put(&want, key_blob(k), SPAN_EMPTY);
	wr_raw(&want, SPAN_LIT("\n[host]:2222 "));
	public_line_put(&want, key_blob(k), SPAN_EMPTY);
	wr_u8(&want, '\n');
	assert_true(span_eq(writer_span(&w), writer_span(&want)));
	writer_reset(&w);
	form.port = 22;
	assert_int_equal(keyscan_put(&w, &form, SPAN_LIT("::1"), key_blob(k), NULL), ERR_OK);
	assert_true(span_starts(writer_span(&w), SPAN_LIT("::1 ssh-ed25519 AAAA")));
}

static void
names_without_a_port_are_on_one_line(void **state)
{
	SCOPED(key_free) struct key *k = make_key();
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE), want = writer_init(LIMIT_LINE);
	struct keyscan_form form = { .port = 22 };

	(void)state;
	assert_int_equal(keyscan_put(&w, &form, SPAN_LIT(",10.0.0.1,,Host"), key_blob(k), NULL), ERR_OK);
	wr_raw(&want, SPAN_LIT("10.0.0.1,host "));
	public_line_put(&want, key_blob(k), SPAN_EMPTY);
	wr_u8(&want, '\n');
	assert_true(span_eq(writer_span(&w), writer_span(&want)));
}

static void
a_hashed_name_is_found_and_not_seen(void **state)
{
	SCOPED(key_free) struct key *k = make_key();
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	struct keyscan_form form = { .port = 2222, .is_hashed = true };
	struct known_hosts_walk walk;
	struct known_hosts_line line;
	struct rng rng = rng_system();

	(void)state;
	assert_int_equal(keyscan_put(&w, &form, SPAN_LIT("Secret,other"), key_blob(k), &rng), ERR_OK);
	walk = (struct known_hosts_walk){ .rest = writer_span(&w) };
	assert_true(known_hosts_next(&walk, &line));
	assert_true(span_starts(line.names, SPAN_LIT("|1|")));
	assert_true(known_hosts_matches(&line, SPAN_LIT("[secret]:2222")));
	assert_true(known_hosts_next(&walk, &line));
	assert_true(known_hosts_matches(&line, SPAN_LIT("[other]:2222")));
	assert_false(known_hosts_next(&walk, &line));
}

static void
records_for_the_dns_have_no_port(void **state)
{
	SCOPED(key_free) struct key *k = make_key();
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	struct keyscan_form form = { .port = 2222, .is_sshfp = true };

	(void)state;
	assert_int_equal(keyscan_put(&w, &form, SPAN_LIT("a.example,b"), key_blob(k), NULL), ERR_OK);
	assert_true(span_starts(writer_span(&w), SPAN_LIT("a.example IN SSHFP 4 1 ")));
	/* Two hashes, in hexadecimal, of two names. */
	assert_int_equal(w.len, 2 * (23 + 40 + 1) + 2 * (23 + 64 + 1) - 2 * 8);
	writer_reset(&w);
	form.sshfp_hash = 2;
	assert_int_equal(keyscan_put(&w, &form, SPAN_LIT("b"), key_blob(k), NULL), ERR_OK);
	assert_true(span_starts(writer_span(&w), SPAN_LIT("b IN SSHFP 4 2 ")));
	assert_int_equal(w.len, 15 + 64 + 1);
}

static void
lack_of_memory_is_told_and_nothing_else(void **state)
{
	SCOPED(key_free) struct key *k = make_key();
	struct keyscan_form form = { .port = 2222, .is_hashed = true };
	struct rng rng = rng_system();

	(void)state;
	for (unsigned n = 0;; n++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
		enum err e;

		alloc_fail_after(n);
		e = keyscan_put(&w, &form, SPAN_LIT("a,b"), key_blob(k), &rng);
		if (e == ERR_OK && !alloc_failed())
			e = keyscan_put(&w, &(struct keyscan_form){ .port = 22 }, SPAN_LIT("a,b"), key_blob(k), NULL);
		if (!alloc_failed()) {
			alloc_fail_never();
			assert_int_equal(e, ERR_OK);
			break;
		}
		assert_int_equal(e, ERR_NOMEM);
	}
}

/* --- a scan --- */

/* What a server of the tests does to who scans it. */
enum way {
	HONEST,
	FORGER,			/* signs something else */
	LIAR,			/* shows a key of another type than was agreed on */
	MUTE,			/* takes connections and says nothing */
	CHATTERER,		/* never comes to its identification string */
	DRIP,			/* says a byte now and then */
};

struct server {
	pid_t pid;
	uint16_t port;
	struct key *key;
};

/* Answers on one connection until the other side has gone. */
static void
serve_one(int fd, enum way way, const struct key *k, const struct key *other)
{
	struct conn_hostkey hostkey = { .blob = key_blob(way == LIAR ? other : k), .algs = "ssh-ed25519" };
	struct conn_config config = { .side = SIDE_SERVER, .ident = "SSH-2.0-test",
	    .kex_algs = "curve25519-sha256", .hostkey_algs = "ssh-ed25519",
	    .ciphers = "aes128-ctr", .macs = "hmac-sha2-256", .compression = "none",
	    .server_sig_algs = "ssh-ed25519", .hostkeys = &hostkey, .n_hostkeys = 1, .rng = rng_system() };
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	struct conn *c;
	struct event ev;
	ssize_t n = 1;

	must(conn_new(&c, &config, 0) == ERR_OK);
	while (n > 0) {
		struct room room;

		while (conn_next(c, &ev)) {
			if (ev.type != EV_NEED_HOST_SIGNATURE)
				continue;
			must(key_sign(k, span_str(ev.sign.alg),
			    way == FORGER ? SPAN_LIT("something else") : ev.sign.exchange_hash,
			    &sig) == ERR_OK);
			conn_answer_host_signature(c, ev.id, writer_span(&sig));
		}
		while (conn_queued(c) > 0) {
			struct span out = conn_output(c);

			if (file_write_all(fd, out) != ERR_OK)
				break;
			conn_sent(c, out.len);
		}
		room = conn_room(c);
		n = read(fd, room.p, room.len);
		if (n > 0 && conn_received(c, (size_t)n, 0) != ERR_OK)
			break;
	}
	conn_free(c);
}

/* Talks on one connection without saying anything. */
static void
waste_time(int fd, enum way way)
{
	char junk[1000];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int wait_msec = way == MUTE ? -1 : way == DRIP ? 20 : 0;

	memset(junk, 'x', sizeof(junk));
	junk[sizeof(junk) - 1] = '\n';
	for (;;) {
		if (poll(&p, 1, wait_msec) > 0) {
			if (read(fd, junk + 10, 100) <= 0)
				return;
			memset(junk + 10, 'x', 100);
		}
		if (way == DRIP && write(fd, "x", 1) != 1)
			return;
		if (way == CHATTERER && write(fd, junk, sizeof(junk)) <= 0)
			return;
	}
}

NORETURN static void
serve(int listener, enum way way, const struct key *k)
{
	SCOPED(key_free) struct key *other = NULL;
	struct rng rng = rng_system();

	(void)signal(SIGPIPE, SIG_IGN);
	must(key_generate(SPAN_LIT("ecdsa"), 0, &rng, &other) == ERR_OK);
	for (;;) {
		struct pollfd p = { .fd = listener, .events = POLLIN };
		int fd;

		must(poll(&p, 1, -1) >= 0);
		fd = accept(listener, NULL, NULL);	/* blocking, unlike the listener */
		if (fd == -1)
			continue;
		if (way >= MUTE)
			waste_time(fd, way);
		else
			serve_one(fd, way, k, other);
		close(fd);
	}
}

static struct server
start(enum way way)
{
	struct server s = { .key = make_key() };
	struct endpoint at = { .port = 0 }, peer;
	int fd;

	assert_int_equal(address_parse(SPAN_LIT("127.0.0.1"), &at.address), ERR_OK);
	assert_int_equal(net_listen(&at, 64, &fd), ERR_OK);
	(void)net_ends(fd, &at, &peer);
	s.port = at.port;
	s.pid = fork();
	assert_true(s.pid != -1);
	if (s.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd, way, s.key);
	}
	close(fd);
	return s;
}

static void
stop(struct server *s)
{
	kill(s->pid, SIGKILL);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
	key_free(&s->key);
}

/* A scan, and what came out of it. */
struct scanned {
	struct keyscan ks;
	struct writer told;
	struct writer keys;
	struct writer comments;
	uint64_t n_keys;
};

static void
on_line(void *arg, enum log_level level, const char *line)
{
	struct scanned *s = arg;

	if (level <= LOG_LEVEL_INFO)
		wr_printf(&s->told, "%s\n", line);
}

static struct scanned
new_scan(const struct server *s, const char *list)
{
	return (struct scanned){
		.ks = { .list = span_str(list), .form = { .port = s->port }, .kinds = keyscan_default_kinds(),
		    .timeout = 10000, .parallel = 8, .log = log_to_stderr("test") },
		.told = writer_init(LIMIT_LINE), .keys = writer_init(LIMIT_LINE),
		.comments = writer_init(LIMIT_LINE),
	};
}

static void
scanned_free(struct scanned *s)
{
	writer_free(&s->told);
	writer_free(&s->keys);
	writer_free(&s->comments);
}

static void
take(int fd, struct writer *w)
{
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(fd, w), ERR_OK);
	close(fd);
}

static enum err
scan(struct scanned *s)
{
	enum err e;

	s->ks.log.sink = on_line;
	s->ks.log.sink_arg = s;
	s->ks.out = memfd_create("keys", 0);
	s->ks.comments = memfd_create("comments", 0);
	e = keyscan_run(&s->ks, &s->n_keys);
	take(s->ks.out, &s->keys);
	take(s->ks.comments, &s->comments);
	return e;
}

static bool
has(const struct writer *w, const char *text)
{
	struct span s = writer_span(w);

	return s.len > 0 && memmem(s.p, s.len, text, strlen(text)) != NULL;
}

static unsigned
lines(const struct writer *w)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->len; i++)
		n += w->p[i] == '\n';
	return n;
}

static void
the_key_that_signs_is_printed(void **state)
{
	struct server s = start(HONEST);
	SCOPED(scanned_free) struct scanned got = new_scan(&s, "127.0.0.1 one,two\n");
	SCOPED(writer_free) struct writer key = writer_init(LIMIT_LINE);

	(void)state;
	assert_int_equal(scan(&got), ERR_OK);
	public_line_put(&key, key_blob(s.key), SPAN_EMPTY);
	wr_u8(&key, '\0');
	stop(&s);
	assert_int_equal(got.n_keys, 1);
	assert_int_equal(lines(&got.keys), 2);
	assert_true(has(&got.keys, (const char *)key.p));
	assert_true(has(&got.keys, "[two]:"));
	/* One for each kind of key. */
	assert_int_equal(lines(&got.comments), 5);
	assert_true(has(&got.comments, "SSH-2.0-test\n"));
	assert_int_equal(got.told.len, 0);
}

static void
more_hosts_than_may_be_asked_at_a_time_take_turns(void **state)
{
	struct server s = start(HONEST);
	SCOPED(scanned_free) struct scanned got = new_scan(&s,
	    "127.0.0.1 a\n127.0.0.1 b\n\n# nothing\n127.0.0.0/30\n127.0.0.1 c\n127.0.0.1 d\n"
	    "127.0.0.1 e\n127.0.0.1 f\n127.0.0.2,127.0.0.1 g\n");

	(void)state;
	got.ks.parallel = 2;
	got.ks.is_quiet = true;
	assert_int_equal(scan(&got), ERR_OK);
	stop(&s);
	assert_int_equal(got.n_keys, 8);	/* a to g, and one of the network */
	assert_int_equal(lines(&got.keys), 8);
	assert_int_equal(got.comments.len, 0);
	/* Addresses of a network that do not answer are nothing to speak of. */
	assert_string_equal((wr_u8(&got.told, '\0'), (char *)got.told.p),
	    "error: connect (`127.0.0.2'): Connection refused\n");
}

static void
a_key_that_did_not_sign_is_not_printed(void **state)
{
	struct server s = start(FORGER);
	SCOPED(scanned_free) struct scanned got = new_scan(&s, "127.0.0.1");

	(void)state;
	assert_int_equal(scan(&got), ERR_OK);
	stop(&s);
	assert_int_equal(got.n_keys, 0);
	assert_int_equal(got.keys.len, 0);
	assert_true(has(&got.told, "127.0.0.1: ed25519 key: signature not valid"));
}

static void
a_key_of_another_type_than_was_agreed_on_is_not_printed(void **state)
{
	struct server s = start(LIAR);
	SCOPED(scanned_free) struct scanned got = new_scan(&s, "127.0.0.1");

	(void)state;
	assert_int_equal(scan(&got), ERR_OK);
	stop(&s);
	assert_int_equal(got.n_keys, 0);
	assert_int_equal(got.keys.len, 0);
	assert_true(has(&got.told, "127.0.0.1: ed25519 key: "));
}

/* Servers that would hold a scan for ever. */
static void
assert_left(enum way way, const char *told)
{
	struct server s = start(way);
	SCOPED(scanned_free) struct scanned got = new_scan(&s, "127.0.0.1");

	got.ks.timeout = way == CHATTERER ? 10000 : 50;
	assert_int_equal(scan(&got), ERR_OK);
	stop(&s);
	assert_int_equal(got.n_keys, 0);
	assert_int_equal(lines(&got.told), 1);
	assert_true(has(&got.told, told));
	assert_int_equal(got.comments.len, 0);
}

static void
servers_that_never_come_to_the_point_are_left(void **state)
{
	(void)state;
	assert_left(MUTE, "timed out");
	assert_left(DRIP, "timed out");
	assert_left(CHATTERER, "127.0.0.1: invalid identification string");
}

static void
a_key_that_cannot_be_written_ends_the_scan(void **state)
{
	struct server s = start(HONEST);
	SCOPED(scanned_free) struct scanned got = new_scan(&s, "127.0.0.1\n127.0.0.1\n");
	int fds[2];

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	got.ks.out = fds[1];
	got.ks.is_quiet = true;
	got.ks.log.sink = on_line;
	got.ks.log.sink_arg = &got;
	assert_int_equal(keyscan_run(&got.ks, &got.n_keys), ERR_SYSTEM);
	close(fds[1]);
	stop(&s);
	assert_int_equal(got.n_keys, 0);
}

static void
a_scan_that_lacks_memory_says_so_or_brings_all_keys(void **state)
{
	struct server s = start(HONEST);

	(void)state;
	for (unsigned n = 0;; n++) {
		SCOPED(scanned_free) struct scanned got = new_scan(&s, "127.0.0.1\n");
		bool failed;
		enum err e;

		got.ks.kinds = keyscan_find_kind(SPAN_LIT("ed25519"));
		got.ks.is_quiet = true;
		got.ks.out = memfd_create("keys", 0);
		got.ks.log.level = LOG_LEVEL_QUIET;
		alloc_fail_once(n);
		e = keyscan_run(&got.ks, &got.n_keys);
		failed = alloc_failed();
		alloc_fail_never();
		close(got.ks.out);
		if (e == ERR_OK && !failed) {
			assert_int_equal(got.n_keys, 1);
			break;
		}
		/* Within a connection it is that key which is missing. */
		if (e != ERR_OK)
			assert_int_equal(e, ERR_NOMEM);
		assert_true(got.n_keys <= 1);
	}
	stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_addresses_and_may_have_names),
		cmocka_unit_test(lines_with_nothing_in_them_are_passed_over),
		cmocka_unit_test(what_could_become_another_line_of_known_hosts_is_refused),
		cmocka_unit_test(a_network_is_all_of_its_addresses),
		cmocka_unit_test(addresses_carry_over_into_higher_bytes),
		cmocka_unit_test(a_network_may_be_as_large_as_all_of_ipv4_and_no_larger),
		cmocka_unit_test(the_kinds_of_openssh_10_are_asked_for),
		cmocka_unit_test(a_kind_is_found_by_its_name_and_its_type),
		cmocka_unit_test(every_algorithm_of_every_kind_is_one_that_connections_know),
		cmocka_unit_test(each_name_has_a_line_of_its_own),
		cmocka_unit_test(names_without_a_port_are_on_one_line),
		cmocka_unit_test(a_hashed_name_is_found_and_not_seen),
		cmocka_unit_test(records_for_the_dns_have_no_port),
		cmocka_unit_test(lack_of_memory_is_told_and_nothing_else),
		cmocka_unit_test(the_key_that_signs_is_printed),
		cmocka_unit_test(more_hosts_than_may_be_asked_at_a_time_take_turns),
		cmocka_unit_test(a_key_that_did_not_sign_is_not_printed),
		cmocka_unit_test(a_key_of_another_type_than_was_agreed_on_is_not_printed),
		cmocka_unit_test(servers_that_never_come_to_the_point_are_left),
		cmocka_unit_test(a_key_that_cannot_be_written_ends_the_scan),
		cmocka_unit_test(a_scan_that_lacks_memory_says_so_or_brings_all_keys),
	};

	crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
