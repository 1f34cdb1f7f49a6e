/* SPDX-License-Identifier: ISC */
/*
 * UpdateHostKeys and a server that lies: nothing is learned that it has not
 * proved to hold, and nothing forgotten but what was this host's alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "crypto/random.h"
#include "keys/private_file.h"
#include "os/file.h"
#include "regress/support/alloc.h"
#include "regress/support/hostkey_rest.h"

#define PROVE	"hostkeys-prove-00@openssh.com"

struct bed {
	char dir[64];
	char known[96];
	char *files[1];
	struct key *host, *fresh, *stale, *revoked;
	struct writer text;		/* of the file, before */
	struct ssh s;
};

static void
put_line(struct writer *w, const char *names, const struct key *key)
{
	wr_printf(w, "%s ", names);
	public_line_put(w, key_blob(key), SPAN_EMPTY);
	wr_u8(w, '\n');
}

static int
set_up(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	struct rng rng = rng_system();
	struct key **keys[] = { &b->host, &b->fresh, &b->stale, &b->revoked };

	snprintf(b->dir, sizeof(b->dir), "/tmp/test_update.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->known, sizeof(b->known), "%s/known_hosts", b->dir);
	for (size_t i = 0; i < COUNT(keys); i++)
		assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, keys[i]), ERR_OK);
	b->text = writer_init(LIMIT_PACKET);
	put_line(&b->text, "host.example", b->host);
	put_line(&b->text, "host.example,another.example", b->stale);
	put_line(&b->text, "*.example", b->stale);
	put_line(&b->text, "another.example", b->stale);
	put_line(&b->text, "@revoked host.example", b->revoked);
	wr_printf(&b->text, "# said by nobody\nnot a line\n");
	assert_int_equal(wr_end(&b->text), ERR_OK);
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bed *b = *state;

	unlink(b->known);
	rmdir(b->dir);
	key_free(&b->host);
	key_free(&b->fresh);
	key_free(&b->stale);
	key_free(&b->revoked);
	writer_free(&b->text);
	free(b);
	return 0;
}

/* A connection whose key was found in the file. False: there was no memory for it. */
static bool
begin(struct bed *b)
{
	const struct conn_config config = { .side = SIDE_CLIENT, .is_bare = true, .rng = rng_system() };
	struct ssh_config *c = &b->s.settings.config;

	b->files[0] = b->known;
	b->s = (struct ssh){ .log = { .level = LOG_LEVEL_QUIET, .fd = -1 },
	    .settings.host = (char *)(uintptr_t)"host.example", .route = { .is_proxied = true } };
	c->port = 22;
	c->strict_host_key_checking = STRICT_YES;
	c->update_host_keys = YNA_YES;
	c->host_key_algorithms = (char *)(uintptr_t)"ssh-ed25519";
	c->ca_signature_algorithms = c->host_key_algorithms;
	c->user_known_hosts_files = (struct words){ b->files, 1 };
	hostkey_asked = (struct hostkey_asked){ .is_open = true };
	return conn_new(&b->s.conn, &config, 0) == ERR_OK && hostkeys_load(&b->s) == ERR_OK &&
	    hostkeys_check(&b->s, key_blob(b->host), "ssh-ed25519");
}

static void
finish(struct bed *b)
{
	hostkeys_free(b->s.hostkeys);
	conn_free(b->s.conn);
	free(b->s.hostkey_algs_own);
}

/* The server names its keys. */
static void
name_keys(struct bed *b, struct span list)
{
	const struct event ev = { .type = EV_GLOBAL_REQUEST, .body = list,
	    .request = SPAN_LIT("hostkeys-00@openssh.com") };

	assert_true(hostkeys_event(&b->s, &ev));
}

/* The proof of a key, for a session. */
static void
put_proof(struct writer *w, const struct key *signer, const struct key *of, const char *session)
{
	SCOPED(writer_free) struct writer data = writer_init(LIMIT_PACKET);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_PACKET);

	wr_str(&data, PROVE);
	wr_str(&data, session);
	wr_bytes(&data, key_blob(of));
	if (wr_end(&data) == ERR_OK && key_sign(signer, SPAN_LIT("ssh-ed25519"), writer_span(&data), &sig) == ERR_OK)
		wr_bytes(w, writer_span(&sig));
}

/* Whether the file says so of host.example, in a line of its own. */
static bool
has_line(const struct bed *b, const struct key *key)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_PACKET);
	SCOPED(writer_free) struct writer line = writer_init(LIMIT_PACKET);

	assert_int_equal(file_read(b->known, &text, NULL), ERR_OK);
	wr_u8(&line, '\n');
	put_line(&line, "host.example", key);
	return memmem(text.p, text.len, line.p, line.len) != NULL;
}

static bool
is_untouched(const struct bed *b)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_PACKET);

	assert_int_equal(file_read(b->known, &text, NULL), ERR_OK);
	return text.len == b->text.len && memcmp(text.p, b->text.p, text.len) == 0;
}

static void
restore(const struct bed *b)
{
	assert_int_equal(file_create(b->known, writer_span(&b->text), 0600, FILE_REPLACE), ERR_OK);
}

static void
put_key(struct writer *w, const struct key *key)
{
	wr_bytes(w, key_blob(key));
}

static void
a_key_that_is_proved_is_learned_and_what_is_shared_or_unclear_stays(void **state)
{
	struct bed *b = *state;
	SCOPED(writer_free) struct writer list = writer_init(LIMIT_PACKET), proof = writer_init(LIMIT_PACKET);
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_PACKET);

	put_line(&b->text, "host.example", b->stale);
	restore(b);
	assert_true(begin(b));
	put_key(&list, b->host);
	put_key(&list, b->fresh);
	put_key(&list, b->revoked);
	put_proof(&proof, b->fresh, b->fresh, "");
	name_keys(b, writer_span(&list));
	assert_non_null(hostkey_asked.answered);
	assert_true(is_untouched(b));
	hostkey_asked.answered(&b->s, hostkey_asked.arg, true, writer_span(&proof));
	assert_true(has_line(b, b->fresh));
	assert_false(has_line(b, b->stale));
	assert_false(has_line(b, b->revoked));
	/* All that is not this host's alone is as it was. */
	b->text.len -= strlen("host.example ") + strlen("ssh-ed25519 ") + 68 + 1;
	assert_int_equal(file_read(b->known, &text, NULL), ERR_OK);
	assert_true(text.len > b->text.len);
	assert_memory_equal(text.p, b->text.p, b->text.len);
	finish(b);
}

static void
a_key_that_is_not_proved_is_not_learned(void **state)
{
	struct bed *b = *state;
	SCOPED(writer_free) struct writer list = writer_init(LIMIT_PACKET);
	const struct { const struct key *signer, *of; const char *session; bool ok, has_more; } wrong[] = {
		{ b->host, b->fresh, "", true, false }, { b->fresh, b->host, "", true, false },
		{ b->fresh, b->fresh, "another session", true, false }, { b->fresh, b->fresh, "", false, false },
		{ b->fresh, b->fresh, "", true, true }, { NULL, NULL, "", true, false }, { NULL, NULL, "", true, true },
	};

	put_key(&list, b->host);
	put_key(&list, b->fresh);
	restore(b);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		SCOPED(writer_free) struct writer proof = writer_init(LIMIT_PACKET);

		assert_true(begin(b));
		name_keys(b, writer_span(&list));
		if (wrong[i].signer != NULL)
			put_proof(&proof, wrong[i].signer, wrong[i].of, wrong[i].session);
		if (wrong[i].has_more)
			wr_str(&proof, "");
		assert_non_null(hostkey_asked.answered);
		hostkey_asked.answered(&b->s, hostkey_asked.arg, wrong[i].ok, writer_span(&proof));
		assert_true(is_untouched(b));
		finish(b);
	}
}

static void
a_list_that_is_malformed_or_without_the_key_in_use_changes_nothing(void **state)
{
	struct bed *b = *state;
	SCOPED(writer_free) struct writer without = writer_init(LIMIT_PACKET), many = writer_init(LIMIT_PACKET);
	SCOPED(writer_free) struct writer cut = writer_init(LIMIT_PACKET);

	put_key(&without, b->fresh);
	for (unsigned i = 0; i < 65; i++)
		put_key(&many, i == 0 ? b->host : b->fresh);
	put_key(&cut, b->host);
	put_key(&cut, b->fresh);
	restore(b);
	for (size_t n = 0; n <= cut.len + 2; n++) {
		/* At the end of the first key it is a list. */
		if (n == key_blob(b->host).len + 4 || n == cut.len)
			continue;
		assert_true(begin(b));
		name_keys(b, n == cut.len + 1 ? writer_span(&without) : n == cut.len + 2 ? writer_span(&many) :
		    span_first(writer_span(&cut), n));
		assert_null(hostkey_asked.answered);
		assert_true(is_untouched(b));
		finish(b);
	}
}

static void
a_server_is_heard_once_and_only_if_the_users_file_knows_it(void **state)
{
	struct bed *b = *state;
	SCOPED(writer_free) struct writer list = writer_init(LIMIT_PACKET);

	put_key(&list, b->host);
	put_key(&list, b->fresh);
	restore(b);
	assert_true(begin(b));
	b->s.hostkeys->is_confirmed = false;
	name_keys(b, writer_span(&list));
	assert_null(hostkey_asked.answered);
	b->s.hostkeys->is_confirmed = true;
	name_keys(b, writer_span(&list));
	assert_non_null(hostkey_asked.answered);
	hostkey_asked.answered = NULL;
	name_keys(b, writer_span(&list));
	assert_null(hostkey_asked.answered);
	assert_true(is_untouched(b));
	finish(b);
}

static void
memory_that_fails_teaches_nothing_and_loses_no_line(void **state)
{
	struct bed *b = *state;
	SCOPED(writer_free) struct writer list = writer_init(LIMIT_PACKET), good = writer_init(LIMIT_PACKET);
	SCOPED(writer_free) struct writer bad = writer_init(LIMIT_PACKET);
	bool is_over = false;

	put_key(&list, b->host);
	put_key(&list, b->fresh);
	put_proof(&good, b->fresh, b->fresh, "");
	put_proof(&bad, b->host, b->fresh, "");
	for (unsigned n = 0; !is_over; n++) {
		for (unsigned is_good = 0; is_good < 2; is_good++) {
			restore(b);
			alloc_fail_once(n);
			if (begin(b))
				name_keys(b, writer_span(&list));
			if (hostkey_asked.answered != NULL)
				hostkey_asked.answered(&b->s, hostkey_asked.arg, true,
				    writer_span(is_good ? &good : &bad));
			is_over = !alloc_failed();
			alloc_fail_never();
			assert_true(is_untouched(b) || (is_good && has_line(b, b->fresh)));
			finish(b);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_key_that_is_proved_is_learned_and_what_is_shared_or_unclear_stays,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_key_that_is_not_proved_is_not_learned, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_list_that_is_malformed_or_without_the_key_in_use_changes_nothing,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_server_is_heard_once_and_only_if_the_users_file_knows_it,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(memory_that_fails_teaches_nothing_and_loses_no_line, set_up,
		    tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
