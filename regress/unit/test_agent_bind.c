/* SPDX-License-Identifier: ISC */
/* Keys of an agent that may be used for some hosts only, and the sessions that say which host asks. */
#include "regress/support/agent_bed.h"

#include "keys/agent_destination.h"

/* Hosts, by their keys' seeds. */
enum { HOST_A = 201, HOST_B, HOST_C, HOSTS_END };

struct world {
	struct bed b;
	struct key *hosts[HOSTS_END - HOST_A];
};

static struct world
world_new(void)
{
	struct world w = { .b = bed_new(0) };

	for (unsigned h = HOST_A; h < HOSTS_END; h++)
		w.hosts[h - HOST_A] = make_key("ed25519", 0, h);
	return w;
}

static void
world_free(struct world *w)
{
	bed_free(&w->b);
	for (size_t i = 0; i < COUNT(w->hosts); i++)
		key_free(&w->hosts[i]);
}

static const struct key *
host(const struct world *w, unsigned h)
{
	return w->hosts[h - HOST_A];
}

/* Writes a destination; from 0: from here. */
static void
allow(const struct world *w, struct writer *list, unsigned from, unsigned to, const char *user)
{
	SCOPED(writer_free) struct writer from_keys = writer_init(4096);
	SCOPED(writer_free) struct writer to_keys = writer_init(4096);
	struct agent_destination d = { .to = { .user = span_str(user), .host = SPAN_LIT("to") } };

	if (from != 0) {
		d.from.host = SPAN_LIT("from");
		agent_hop_key_put(&from_keys, key_blob(host(w, from)), false);
	}
	agent_hop_key_put(&to_keys, key_blob(host(w, to)), false);
	d.from.keys = writer_span(&from_keys);
	d.to.keys = writer_span(&to_keys);
	agent_destination_put(list, &d);
}

static void
bind_as(struct world *w, struct span hostkey, const struct key *signer, const char *id, bool is_forwarding,
    uint8_t expected)
{
	SCOPED(writer_free) struct writer sig = writer_init(4096);
	SCOPED(writer_free) struct writer request = writer_init(AGENT_MAX_FRAME);

	assert_int_equal(key_sign(signer, span_str(key_type(signer)), span_str(id), &sig), ERR_OK);
	agent_bind_put(&request, &(struct agent_bind){ .hostkey = hostkey,
		.session_id = span_str(id), .sig = writer_span(&sig), .is_forwarding = is_forwarding });
	bed_ask(&w->b, &request, expected);
}

/* Says that the client speaks for session id of a host. */
static void
bind_to(struct world *w, unsigned h, const char *id, bool is_forwarding)
{
	bind_as(w, key_blob(host(w, h)), host(w, h), id, is_forwarding, AGENT_SUCCESS);
}

/* A new client. */
static void
leave(struct world *w)
{
	agent_client_free(&w->b.client);
}

/* Asks for the signature of a login; hostkey 0: by plain publickey. The type of the answer. */
static uint8_t
try_login(struct world *w, const char *id, const char *user, unsigned hostkey)
{
	SCOPED(writer_free) struct writer data = writer_init(AGENT_MAX_FRAME);

	wr_str(&data, id);
	wr_u8(&data, 50);
	wr_str(&data, user);
	wr_str(&data, "ssh-connection");
	wr_str(&data, hostkey == 0 ? "publickey" : "publickey-hostbound-v00@openssh.com");
	wr_flag(&data, true);
	wr_str(&data, "ssh-ed25519");
	wr_bytes(&data, key_blob(w->b.keys[0]));
	if (hostkey != 0)
		wr_bytes(&data, key_blob(host(w, hostkey)));
	bed_sign(&w->b, key_blob(w->b.keys[0]), writer_span(&data), "ssh-ed25519");
	return w->b.reply.type;
}

static void
a_key_for_one_host_signs_for_logins_there_and_for_nothing_else(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer list = writer_init(AGENT_MAX_FRAME);

	(void)state;
	allow(&w, &list, 0, HOST_A, "");
	bed_add(&w.b, 0, &(struct agent_add){ .destinations = writer_span(&list) });
	/* On this machine it can be seen, and not used before a host has been named. */
	assert_int_equal(bed_count(&w.b), 1);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_FAILURE);
	bind_to(&w, HOST_A, "one", false);
	assert_int_equal(bed_count(&w.b), 1);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_SIGN_RESPONSE);
	assert_int_equal(try_login(&w, "one", "joe", HOST_A), AGENT_SIGN_RESPONSE);
	assert_int_equal(try_login(&w, "one", "", HOST_A), AGENT_SIGN_RESPONSE);
	assert_int_equal(try_login(&w, "one", "joe", HOST_B), AGENT_FAILURE);
	assert_int_equal(try_login(&w, "two", "joe", 0), AGENT_FAILURE);
	bed_sign(&w.b, key_blob(w.b.keys[0]), SPAN_LIT("something else"), "ssh-ed25519");
	assert_int_equal(w.b.reply.type, AGENT_FAILURE);
	leave(&w);
	bind_to(&w, HOST_B, "one", false);
	assert_int_equal(bed_count(&w.b), 0);
	assert_int_equal(try_login(&w, "one", "joe", HOST_B), AGENT_FAILURE);
	bed_ask_string(&w.b, AGENT_REMOVE_IDENTITY, key_blob(w.b.keys[0]), AGENT_FAILURE);
	assert_int_equal(agent_count(w.b.agent), 1);
}

static void
a_key_for_one_user_signs_for_that_user(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer list = writer_init(AGENT_MAX_FRAME);

	(void)state;
	allow(&w, &list, 0, HOST_A, "jo*");
	bed_add(&w.b, 0, &(struct agent_add){ .destinations = writer_span(&list) });
	bind_to(&w, HOST_A, "one", false);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_SIGN_RESPONSE);
	assert_int_equal(try_login(&w, "one", "root", 0), AGENT_FAILURE);
	assert_int_equal(try_login(&w, "one", "", 0), AGENT_FAILURE);
}

static void
a_key_for_the_way_over_a_host_is_used_on_that_way_only(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer list = writer_init(AGENT_MAX_FRAME);

	(void)state;
	allow(&w, &list, 0, HOST_A, "");
	allow(&w, &list, HOST_A, HOST_B, "");
	bed_add(&w.b, 0, &(struct agent_add){ .destinations = writer_span(&list) });
	bind_to(&w, HOST_A, "one", true);
	assert_int_equal(bed_count(&w.b), 1);
	/* The host that forwards may not log in to itself with the session of the forwarding. */
	assert_int_equal(try_login(&w, "one", "joe", HOST_A), AGENT_FAILURE);
	bind_to(&w, HOST_B, "two", false);
	assert_int_equal(try_login(&w, "two", "joe", HOST_B), AGENT_SIGN_RESPONSE);
	/* On a forwarded way the login must say where it goes. */
	assert_int_equal(try_login(&w, "two", "joe", 0), AGENT_FAILURE);
	assert_int_equal(try_login(&w, "one", "joe", HOST_A), AGENT_FAILURE);
	leave(&w);
	bind_to(&w, HOST_A, "one", true);
	bind_to(&w, HOST_C, "two", false);
	assert_int_equal(try_login(&w, "two", "joe", HOST_C), AGENT_FAILURE);
	leave(&w);
	/* Not directly either: only by way of A. */
	bind_to(&w, HOST_B, "two", false);
	assert_int_equal(try_login(&w, "two", "joe", HOST_B), AGENT_FAILURE);
}

static void
a_host_that_may_be_logged_in_to_only_does_not_see_the_key_when_it_is_forwarded(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer list = writer_init(AGENT_MAX_FRAME);
	SCOPED(writer_free) struct writer again = writer_init(AGENT_MAX_FRAME);

	(void)state;
	allow(&w, &list, 0, HOST_A, "");
	bed_add(&w.b, 0, &(struct agent_add){ .destinations = writer_span(&list) });
	bed_add(&w.b, 1, &(struct agent_add){ .lifetime = 0 });
	bind_to(&w, HOST_A, "one", true);
	assert_int_equal(bed_count(&w.b), 1);
	bind_to(&w, HOST_B, "two", false);
	assert_int_equal(try_login(&w, "two", "joe", HOST_B), AGENT_FAILURE);
	/* Nor can it take the limits off by adding the key once more. */
	agent_add_put(&again, w.b.keys[0], &(struct agent_add){ .lifetime = 0 });
	bed_ask(&w.b, &again, AGENT_FAILURE);
	assert_int_equal(try_login(&w, "two", "joe", HOST_B), AGENT_FAILURE);
}

static void
a_host_certificate_stands_for_its_ca(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer list = writer_init(AGENT_MAX_FRAME);
	SCOPED(writer_free) struct writer keys = writer_init(4096);
	SCOPED(writer_free) struct writer cert = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer other = writer_init(LIMIT_KEY_BLOB);
	SCOPED(key_free) struct key *ca = make_key("ed25519", 0, 77);

	(void)state;
	agent_hop_key_put(&keys, key_blob(ca), true);
	agent_destination_put(&list, &(struct agent_destination){
		.to = { .host = SPAN_LIT("good.example"), .keys = writer_span(&keys) } });
	bed_add(&w.b, 0, &(struct agent_add){ .destinations = writer_span(&list) });
	bed_certify(&w.b, 1, CERT_HOST, "good.example", &cert);
	bed_certify(&w.b, 1, CERT_HOST, "bad.example", &other);
	bind_as(&w, writer_span(&cert), w.b.keys[1], "one", false, AGENT_SUCCESS);
	assert_int_equal(bed_count(&w.b), 1);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_SIGN_RESPONSE);
	leave(&w);
	bind_as(&w, writer_span(&other), w.b.keys[1], "one", false, AGENT_SUCCESS);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_FAILURE);
	leave(&w);
	/* The CA's key is no host key. */
	bind_as(&w, key_blob(ca), ca, "one", false, AGENT_SUCCESS);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_FAILURE);
	leave(&w);
	writer_reset(&cert);
	bed_certify(&w.b, 1, CERT_USER, "good.example", &cert);
	bind_as(&w, writer_span(&cert), w.b.keys[1], "one", false, AGENT_SUCCESS);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_FAILURE);
}

static void
a_certificate_that_its_ca_has_not_signed_stands_for_nothing(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer list = writer_init(AGENT_MAX_FRAME);
	SCOPED(writer_free) struct writer keys = writer_init(4096);
	SCOPED(writer_free) struct writer cert = writer_init(LIMIT_KEY_BLOB);
	SCOPED(key_free) struct key *ca = make_key("ed25519", 0, 77);

	(void)state;
	/* It is asked about more than once: within a hop, and by the hops. */
	for (unsigned i = 0; i < 3; i++)
		agent_hop_key_put(&keys, key_blob(ca), true);
	for (unsigned i = 0; i < 3; i++)
		agent_destination_put(&list, &(struct agent_destination){
			.to = { .user = SPAN_LIT("joe"), .host = SPAN_LIT("good.example"), .keys = writer_span(&keys) } });
	bed_add(&w.b, 0, &(struct agent_add){ .destinations = writer_span(&list) });
	bed_certify(&w.b, 1, CERT_HOST, "good.example", &cert);
	bind_as(&w, writer_span(&cert), w.b.keys[1], "one", false, AGENT_SUCCESS);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_SIGN_RESPONSE);
	assert_int_equal(try_login(&w, "one", "jim", 0), AGENT_FAILURE);
	leave(&w);
	cert.p[cert.len - 1] ^= 1;
	bind_as(&w, writer_span(&cert), w.b.keys[1], "one", false, AGENT_SUCCESS);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_FAILURE);
	assert_int_equal(bed_count(&w.b), 0);
}

static void
a_session_is_bound_by_the_hosts_own_signature_only(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer list = writer_init(AGENT_MAX_FRAME);

	(void)state;
	allow(&w, &list, 0, HOST_A, "");
	bed_add(&w.b, 0, &(struct agent_add){ .destinations = writer_span(&list) });
	bed_add(&w.b, 1, &(struct agent_add){ .lifetime = 0 });
	bind_as(&w, key_blob(host(&w, HOST_A)), host(&w, HOST_B), "one", false, AGENT_EXTENSION_FAILURE);
	/* Who has tried to is not taken for this machine any more. */
	assert_int_equal(bed_count(&w.b), 1);
	bed_sign(&w.b, key_blob(w.b.keys[1]), SPAN_LIT("data"), kinds[1].alg);
	assert_int_equal(w.b.reply.type, AGENT_SIGN_RESPONSE);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_FAILURE);
	bind_to(&w, HOST_A, "one", false);
	assert_int_equal(bed_count(&w.b), 2);
}

static void
sessions_are_bound_in_the_order_of_the_way(void **state)
{
	SCOPED(world_free) struct world w = world_new();

	(void)state;
	bind_to(&w, HOST_A, "one", true);
	bind_to(&w, HOST_A, "one", true);		/* the same once more is fine */
	assert_int_equal(w.b.client.n_bindings, 1);
	bind_as(&w, key_blob(host(&w, HOST_B)), host(&w, HOST_B), "one", true, AGENT_EXTENSION_FAILURE);
	bind_to(&w, HOST_A, "two", false);
	/* A login is the end of the way. */
	bind_as(&w, key_blob(host(&w, HOST_B)), host(&w, HOST_B), "three", false, AGENT_EXTENSION_FAILURE);
	bind_as(&w, key_blob(host(&w, HOST_A)), host(&w, HOST_A), "two", true, AGENT_EXTENSION_FAILURE);
	assert_int_equal(w.b.client.n_bindings, 2);
}

static void
a_way_has_sixteen_hops_at_most(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	char id[] = "a";

	(void)state;
	for (size_t i = 0; i < AGENT_MAX_BINDINGS; i++, id[0]++)
		bind_to(&w, HOST_A, id, true);
	bind_as(&w, key_blob(host(&w, HOST_A)), host(&w, HOST_A), id, true, AGENT_EXTENSION_FAILURE);
	assert_int_equal(w.b.client.n_bindings, AGENT_MAX_BINDINGS);
}

static void
a_locked_agent_takes_note_of_sessions(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer list = writer_init(AGENT_MAX_FRAME);

	(void)state;
	allow(&w, &list, 0, HOST_A, "");
	bed_add(&w.b, 0, &(struct agent_add){ .destinations = writer_span(&list) });
	bed_ask_string(&w.b, AGENT_LOCK, SPAN_LIT("word"), AGENT_SUCCESS);
	bind_to(&w, HOST_B, "one", false);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_FAILURE);
	bed_ask_string(&w.b, AGENT_UNLOCK, SPAN_LIT("word"), AGENT_SUCCESS);
	assert_int_equal(try_login(&w, "one", "joe", 0), AGENT_FAILURE);
	assert_int_equal(bed_count(&w.b), 0);
}

static void
lists_of_destinations_that_do_not_make_sense_are_refused(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer good = writer_init(4096);
	SCOPED(writer_free) struct writer bad_key = writer_init(4096);
	struct span k, b;
	struct agent_destination rows[8];

	(void)state;
	agent_hop_key_put(&good, key_blob(host(&w, HOST_A)), false);
	agent_hop_key_put(&bad_key, SPAN_LIT("key"), false);
	k = writer_span(&good);
	b = writer_span(&bad_key);
	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i] = (struct agent_destination){ .to = { .host = SPAN_LIT("h"), .keys = k } };
	rows[1].to.host = SPAN_EMPTY;
	rows[2].to.keys = SPAN_EMPTY;
	rows[3].to.keys = b;
	rows[4].from = (struct agent_hop){ .host = SPAN_LIT("f") };
	rows[5].from = (struct agent_hop){ .keys = k };
	rows[6].from = (struct agent_hop){ .user = SPAN_LIT("u"), .host = SPAN_LIT("f"), .keys = k };
	rows[7].to.host = SPAN_LIT("h\0x");
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(writer_free) struct writer list = writer_init(AGENT_MAX_FRAME);
		SCOPED(writer_free) struct writer request = writer_init(AGENT_MAX_FRAME);

		agent_destination_put(&list, &rows[i]);
		assert_int_equal(agent_destinations_check(writer_span(&list)) == ERR_OK, i == 0);
		agent_add_put(&request, w.b.keys[0], &(struct agent_add){ .destinations = writer_span(&list) });
		bed_ask(&w.b, &request, i == 0 ? AGENT_SUCCESS : AGENT_FAILURE);
		for (size_t n = 1; n < list.len; n++)
			assert_int_not_equal(agent_destinations_check(
			    span_first(writer_span(&list), n)), ERR_OK);
	}
	assert_int_equal(bed_count(&w.b), 1);
}

static void
an_empty_list_of_destinations_is_not_one_of_all(void **state)
{
	static const char empty[] = "\xff\0\0\0\x24restrict-destination-v00@openssh.com\0\0\0\0";
	SCOPED(bed_free) struct bed b = bed_new(0);
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
	struct agent_frame f;
	size_t mark;

	(void)state;
	agent_add_put(&w, b.keys[0], &(struct agent_add){ .confirm = true });
	assert_int_equal(agent_frame_get(writer_span(&w), &f), ERR_OK);
	{
		SCOPED(writer_free) struct writer more = writer_init(AGENT_MAX_FRAME);

		mark = wr_open(&more);
		wr_u8(&more, AGENT_ADD_CONSTRAINED);
		wr_raw(&more, f.body);
		wr_raw(&more, span_of(empty, sizeof(empty) - 1));
		wr_close(&more, mark);
		bed_ask(&b, &more, AGENT_FAILURE);
	}
	assert_int_equal(bed_count(&b), 0);
}

static void
too_many_destinations_are_refused(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer list = writer_init(8 * AGENT_MAX_FRAME);

	(void)state;
	for (size_t i = 0; i < AGENT_MAX_DESTINATIONS; i++)
		allow(&w, &list, 0, HOST_A, "");
	assert_int_equal(wr_end(&list), ERR_OK);
	assert_int_equal(agent_destinations_check(writer_span(&list)), ERR_OK);
	allow(&w, &list, 0, HOST_A, "");
	assert_int_equal(agent_destinations_check(writer_span(&list)), ERR_LIMIT);
}

static void
running_out_of_memory_binds_nothing(void **state)
{
	SCOPED(world_free) struct world w = world_new();
	SCOPED(writer_free) struct writer sig = writer_init(4096);
	SCOPED(writer_free) struct writer request = writer_init(AGENT_MAX_FRAME);
	const struct key *k = host(&w, HOST_A);
	struct agent_frame f;
	enum agent_verdict verdict;
	enum err e = ERR_OK;

	(void)state;
	assert_int_equal(key_sign(k, SPAN_LIT("ssh-ed25519"), SPAN_LIT("one"), &sig), ERR_OK);
	agent_bind_put(&request, &(struct agent_bind){ .hostkey = key_blob(k),
		.session_id = SPAN_LIT("one"), .sig = writer_span(&sig) });
	assert_int_equal(agent_frame_get(writer_span(&request), &f), ERR_OK);
	for (unsigned n = 0; n < 1000; n++) {
		SCOPED(writer_free) struct writer answer = writer_init(AGENT_MAX_FRAME);

		leave(&w);
		alloc_fail_after(n);
		e = agent_handle(w.b.agent, &w.b.client, &f, &w.b.time, &answer, &verdict);
		if (!alloc_failed())
			break;
		alloc_fail_never();
		assert_int_equal(e, ERR_NOMEM);
		assert_int_equal(w.b.client.n_bindings, 0);
	}
	alloc_fail_never();
	assert_int_equal(e, ERR_OK);
	assert_int_equal(w.b.client.n_bindings, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_for_one_host_signs_for_logins_there_and_for_nothing_else),
		cmocka_unit_test(a_key_for_one_user_signs_for_that_user),
		cmocka_unit_test(a_key_for_the_way_over_a_host_is_used_on_that_way_only),
		cmocka_unit_test(a_host_that_may_be_logged_in_to_only_does_not_see_the_key_when_it_is_forwarded),
		cmocka_unit_test(a_host_certificate_stands_for_its_ca),
		cmocka_unit_test(a_certificate_that_its_ca_has_not_signed_stands_for_nothing),
		cmocka_unit_test(a_session_is_bound_by_the_hosts_own_signature_only),
		cmocka_unit_test(sessions_are_bound_in_the_order_of_the_way),
		cmocka_unit_test(a_way_has_sixteen_hops_at_most),
		cmocka_unit_test(a_locked_agent_takes_note_of_sessions),
		cmocka_unit_test(lists_of_destinations_that_do_not_make_sense_are_refused),
		cmocka_unit_test(an_empty_list_of_destinations_is_not_one_of_all),
		cmocka_unit_test(too_many_destinations_are_refused),
		cmocka_unit_test(running_out_of_memory_binds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
