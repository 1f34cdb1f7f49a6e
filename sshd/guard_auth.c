/* SPDX-License-Identifier: ISC */
/* The guard decides requests to log in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/password.h"
#include "crypto/hash.h"
#include "keys/authorized_keys.h"
#include "keys/fingerprint.h"
#include "os/clock.h"
#include "os/file.h"
#include "sshd/guard_i.h"
#include "sshd/guard_methods.h"

/* A refusal takes at least so long, whatever it was refused for. */
#define FAIL_MSEC	5

/* A banner file that is sent. */
#define BANNER_MAX	(32 * 1024)

#define DAY	86400

/* --- answers --- */

static void
send_answer(struct guard *g, enum auth_result result, struct span methods)
{
	struct msg_wire_auth_answer m = { .id = g->asked.id, .result = (uint32_t)result,
	    .methods = methods };

	if (!g->has_answered)
		m.sig_algs = span_str(g->user.config.pubkey_accepted_algorithms);
	g->has_answered = true;
	g->is_asked = false;
	guard_wire_sent(g, ipc_send_wire_auth_answer(&g->wire, &m, NULL));
	writer_reset(&g->request);	/* wipes the password */
}

void
guard_answer(struct guard *g, enum auth_result result)
{
	SCOPED(writer_free) struct writer methods = writer_init(LIMIT_LINE);

	if (result == AUTH_RESULT_FAILURE || result == AUTH_RESULT_PARTIAL)
		guard_methods(&g->user.config, &g->proof, &methods);
	if (wr_end(&methods) != ERR_OK)
		guard_quit(g, GUARD_EXIT_FAILED);
	else
		send_answer(g, result, writer_span(&methods));
}

/* It is time to answer a refused request. */
static void
answer_due(void *arg)
{
	struct guard *g = arg;

	if (g->is_asked)
		guard_answer(g, AUTH_RESULT_FAILURE);
}

/* When to answer: steps that are the user's own, so that work in them does not show. */
static msec
time_to_answer(struct guard *g)
{
	msec now = loop_time(g->loop);
	uint8_t hash[HASH_MAX_LEN];
	struct hash h;
	msec step;

	hash_init(&h, hash_find("sha256"));
	hash_update(&h, span_of(g->start->secret, 32));
	hash_update(&h, span_str(g->user.name));
	hash_final(&h, hash);
	step = FAIL_MSEC + hash[0] % FAIL_MSEC;
	while (g->asked_at + step < now && step < 5000)
		step *= 2;
	return g->asked_at + step;
}

void
guard_log_result(struct guard *g, const char *word, bool at_info)
{
	const struct msg_from_wire_auth *m = &g->asked;
	char who[LIMIT_USER * 4 + 32], name[1024], method[64];
	const struct guard_key *k = &g->key;
	bool by_host = span_is(m->method, "hostbased");
	bool has_name = m->blob.len > 0 && (k->is_cert || key_type_label(key_blob_type(m->blob)) != NULL);

	guard_who(g, who, sizeof(who));
	text_visible_str(method, sizeof(method), m->method);
	if (!has_name)
		log_at(&g->log, at_info ? LOG_LEVEL_INFO : LOG_LEVEL_VERBOSE,
		    "%s %s for %s from %s port %u ssh2", word, method, who, g->client,
		    (unsigned)g->client_port);
	else
		log_at(&g->log, at_info ? LOG_LEVEL_INFO : LOG_LEVEL_VERBOSE,
		    "%s %s for %s from %s port %u ssh2: %s%s%s%s%s", word,
		    by_host ? "hostbased" : "publickey", who, g->client, (unsigned)g->client_port,
		    guard_key_name(g, name, sizeof(name)),
		    k->grant[0] != '\0' ? " ephemeral key " : "", k->grant,
		    k->grant[0] != '\0' ? " registered by " : "",
		    k->grant[0] != '\0' ? k->registrar : "");
}

/* Too many tries: the client is told, and goes. */
static void
too_many(struct guard *g)
{
	struct log log = guard_wire_log(g);
	char who[LIMIT_USER * 4 + 32];

	log_error(&log, "maximum authentication attempts exceeded for %s from %s port %u ssh2",
	    guard_who(g, who, sizeof(who)), g->client, (unsigned)g->client_port);
	guard_end(g, 2, "Too many authentication failures");
}

void
guard_fail(struct guard *g, bool counts)
{
	const struct sshd_config *c = &g->user.config;
	bool is_query = !g->asked.has_sig && !span_is(g->asked.method, "password");

	if (counts)
		g->tries++;
	else if (++g->queries > LIMIT_KEY_QUERIES)
		g->tries = c->max_auth_tries;
	if (!span_is(g->asked.method, "none"))
		guard_log_result(g, "Failed", !is_query && (!g->user.is_valid ||
		    g->tries >= c->max_auth_tries / 2 || span_is(g->asked.method, "password")));
	if (g->tries >= c->max_auth_tries)
		too_many(g);
	else
		timer_set(g->answer_timer, time_to_answer(g));
}

/* --- success --- */

/* Whether options have a command=. */
static bool
forces_command(const struct writer *options)
{
	SCOPED(authorized_options_free) struct authorized_options o = { .n_env = 0 };

	return authorized_options_parse(writer_span(options), 0, &o, NULL) == ERR_OK && o.has_command;
}

/* Whether root may log in by what was proved. */
static bool
root_may(struct guard *g)
{
	bool by_key = !span_is(g->asked.method, "password") && !span_is(g->asked.method, "none");

	switch (g->user.config.permit_root_login) {
	case PERMIT_ROOT_YES:
		return true;
	case PERMIT_ROOT_NO_PASSWORD:
		return by_key;
	case PERMIT_ROOT_FORCED_COMMANDS:
		if (!by_key || (g->user.config.force_command == NULL &&
		    !forces_command(&g->key.options) && !forces_command(&g->key.cert_options)))
			return false;
		log_info(&g->log, "Root login accepted for forced command.");
		return true;
	case PERMIT_ROOT_NO:
	default:
		return false;
	}
}

static void
put_variable(struct writer *w, const char *name, const char *value)
{
	wr_str(w, name);
	wr_str(w, value);
}

/* What the user's programs are told of the key; of several keys, of the last. */
static enum err
note_env(struct guard *g)
{
	const struct guard_key *k = &g->key;
	struct writer *w = &g->proof.env;
	char fp[FINGERPRINT_SIZE], id[1024], serial[24];

	writer_reset(w);
	put_variable(w, "DAYFLY_KEY", guard_fingerprint(g, guard_plain_blob(g), fp));
	if (k->place[0] != '\0')
		put_variable(w, "DAYFLY_KEY_FROM", k->place);
	if (k->comment[0] != '\0')
		put_variable(w, "DAYFLY_KEY_COMMENT", k->comment);
	if (k->grant[0] != '\0')
		put_variable(w, "DAYFLY_EPHEMERAL_ID", k->grant);
	if (k->is_cert) {
		snprintf(serial, sizeof(serial), "%llu", (unsigned long long)k->cert.serial);
		put_variable(w, "DAYFLY_CERT_ID", text_visible_str(id, sizeof(id), k->cert.key_id));
		put_variable(w, "DAYFLY_CERT_SERIAL", serial);
		put_variable(w, "DAYFLY_CERT_CA", guard_fingerprint(g, key_blob(k->cert.ca), fp));
	}
	return wr_end(w);
}

/* Keeps what is known of the key that was used. */
static enum err
note_key(struct guard *g)
{
	const struct guard_key *k = &g->key;
	struct guard_proof *p = &g->proof;
	struct span blob = g->asked.blob;

	wr_bytes(&p->keys, guard_plain_blob(g));
	wr_bytes(&p->options, writer_span(&k->options));
	if (k->is_cert)
		wr_bytes(&p->options, writer_span(&k->cert_options));
	if (k->expires < p->expires)
		p->expires = k->expires;
	wr_printf(&p->info, "%s ", span_is(g->asked.method, "hostbased") ? "hostbased" : "publickey");
	wr_raw(&p->info, key_blob_type(blob));
	wr_u8(&p->info, ' ');
	base64_put(&p->info, blob, true);
	wr_u8(&p->info, '\n');
	if (k->place[0] != '\0')
		log_info(&g->log, "Key of %s found at %s%s%s%s", g->user.account.name, k->place,
		    k->comment[0] != '\0' ? " (" : "", k->comment, k->comment[0] != '\0' ? ")" : "");
	return note_env(g);
}

/* Keeps what was proved by this method. */
static enum err
note_proof(struct guard *g)
{
	const struct msg_from_wire_auth *m = &g->asked;

	if (m->blob.len > 0) {
		TRY(note_key(g));
	} else {
		wr_raw(&g->proof.info, m->method);
		wr_u8(&g->proof.info, '\n');
	}
	TRY(wr_end(&g->proof.keys));
	TRY(wr_end(&g->proof.options));
	return wr_end(&g->proof.info);
}

void
guard_proved(struct guard *g)
{
	if (!g->user.is_valid) {	/* whatever fitted: nobody gets in as nobody */
		guard_fail(g, true);
		return;
	}
	if (g->user.account.uid == 0 && !root_may(g)) {
		log_info(&g->log, "ROOT LOGIN REFUSED FROM %s port %u", g->client,
		    (unsigned)g->client_port);
		guard_fail(g, true);
		return;
	}
	if (note_proof(g) != ERR_OK) {
		guard_quit(g, GUARD_EXIT_FAILED);
		return;
	}
	if (!guard_methods_advance(&g->user.config, &g->proof, g->asked.method)) {
		guard_log_result(g, "Partial", true);
		guard_answer(g, AUTH_RESULT_PARTIAL);
		return;
	}
	guard_log_result(g, "Accepted", true);
	if (guard_log_in(g) != ERR_OK)
		guard_end(g, 11, "cannot start the session process");
}

/* --- methods --- */

static bool
password_is_current(struct guard *g)
{
	enum password_age age = account_password_age(&g->user.account, clock_wall() / DAY, NULL);

	if (age == PASSWORD_AGE_OK)
		return true;
	log_info(&g->log, "password of user %s %s: it cannot be used to log in", g->user.name,
	    age == PASSWORD_AGE_EXPIRED ? "has expired" : "must be changed");
	return false;
}

static void
password(struct guard *g)
{
	struct guard_user *u = &g->user;
	struct span hash = secret_span(&u->account.hash);
	bool empty_fits = u->is_valid && hash.len == 0 && u->config.permit_empty_passwords;
	enum err e;

	if (g->asked.is_change) {
		guard_fail(g, true);
		return;
	}
	/* Somebody who may not log in has no password that fits. */
	e = password_check(u->is_valid ? hash : SPAN_LIT("*"), u->fake, g->asked.password);
	if (e == ERR_NOMEM)
		guard_quit(g, GUARD_EXIT_FAILED);
	else if ((e == ERR_OK || (empty_fits && g->asked.password.len == 0)) && password_is_current(g))
		guard_proved(g);
	else
		guard_fail(g, true);
}

static void
none(struct guard *g)
{
	const struct guard_user *u = &g->user;
	bool counts = g->none_seen;

	g->none_seen = true;
	if (u->is_valid && u->account.hash.len == 0 && u->config.permit_empty_passwords &&
	    u->config.password_authentication && guard_methods_allow(&u->config, &g->proof,
	    SPAN_LIT("password")) && password_is_current(g))
		guard_proved(g);
	else if (counts)
		guard_fail(g, true);
	else
		guard_answer(g, AUTH_RESULT_FAILURE);	/* how clients ask what there is */
}

/* Shows the banner, once, before the first answer. */
static void
send_banner(struct guard *g)
{
	const char *path = g->user.config.banner;
	SCOPED(writer_free) struct writer text = writer_init(BANNER_MAX);

	if (g->banner_sent || path == NULL)
		return;
	g->banner_sent = true;
	if (file_read(path, &text, NULL) != ERR_OK) {
		log_debug(&g->log, "banner %s: %s", path, strerror(errno));
		return;
	}
	guard_wire_sent(g, ipc_send_wire_banner(&g->wire,
	    &(struct msg_wire_banner){ .text = writer_span(&text) }, NULL));
}

static void
decide(struct guard *g)
{
	struct span method = g->asked.method;

	if (!span_is(g->asked.service, "ssh-connection")) {
		guard_fail(g, true);
	} else if (span_is(method, "none")) {
		none(g);
	} else if (!guard_methods_allow(&g->user.config, &g->proof, method)) {
		guard_fail(g, true);
	} else if (span_is(method, "password")) {
		password(g);
	} else if (span_is(method, "hostbased")) {
		guard_hostbased(g);
	} else {
		guard_publickey(g);
	}
}

/* Keeps the request: it may be decided when the listener has answered. */
static enum err
keep_request(struct guard *g, const struct msg_from_wire_auth *m)
{
	struct reader r;

	writer_reset(&g->request);
	msg_from_wire_auth_put(&g->request, m);
	TRY(wr_end(&g->request));
	r = rd_init(writer_span(&g->request));
	(void)rd_u32(&r);
	TRY(msg_from_wire_auth_get(rd_rest(&r), &g->asked));
	g->is_asked = true;
	g->asked_at = loop_time(g->loop);
	return ERR_OK;
}

enum err
guard_auth(struct guard *g, const struct msg_from_wire_auth *m)
{
	if (g->is_asked || g->ending)
		return ERR_SEQUENCE;	/* one at a time: wire has lost its senses */
	if (g->answer_timer == NULL)
		TRY(loop_timer(g->loop, &g->answer_timer, answer_due, g));
	TRY(keep_request(g, m));
	if (!g->user.is_known)
		TRY(guard_find_user(g, g->asked.user));
	else if (!span_is(g->asked.user, g->user.name))
		return ERR_SEQUENCE;	/* RFC 4252 5: it would have to begin anew */
	if (g->user.config.refuse_connection) {
		char who[LIMIT_USER * 4 + 32];

		log_info(&g->log, "administratively prohibited connection for %s from %s port %u",
		    guard_who(g, who, sizeof(who)), g->client, (unsigned)g->client_port);
		guard_end(g, 14, "connection refused");
		g->status = GUARD_EXIT_REFUSED;
		return ERR_OK;
	}
	send_banner(g);
	guard_key_reset(g);
	decide(g);
	return ERR_OK;
}
