/* SPDX-License-Identifier: ISC */
/* The guard decides requests to log in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "keys/authorized_keys.h"
#include "keys/fingerprint.h"
#include "os/file.h"
#include "sshd/guard_i.h"
#include "sshd/guard_methods.h"

/* A refusal takes at least so long, whatever it was refused for. */
#define FAIL_MSEC	5

/* A banner file that is sent, and the most of it in one message: peers need not take more. */
#define BANNER_MAX	(256 * 1024)
#define BANNER_PART	(32 * 1024)

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
		    "%s %s%s for %s from %s port %u ssh2", word, method,
		    span_is(m->method, "keyboard-interactive") ? "/password" : "", who, g->client,
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

/* --- why not --- */

void
guard_refuse(struct guard *g, enum reason why, enum sshd_keyword rule)
{
	g->why = why;
	g->why_rule = rule;
}

const char *
guard_place(const struct guard *g, enum sshd_keyword rule, char *buf, size_t size)
{
	const struct sshd_place *p;

	if (rule >= SSHD_N_KEYWORDS) {
		snprintf(buf, size, "-");
		return buf;
	}
	p = &g->user.places[rule];
	if (p->file == NULL)
		snprintf(buf, size, "%s (default)", sshd_keyword_name(rule));
	else if (p->line == 0)
		snprintf(buf, size, "%s (%s)", sshd_keyword_name(rule), p->file);
	else
		snprintf(buf, size, "%s (%s:%u)", sshd_keyword_name(rule), p->file, p->line);
	return buf;
}

void
guard_log_refusal(struct guard *g, enum log_level level)
{
	/* Who may not log in at all is refused for that, whatever he tries. */
	enum reason why = g->user.is_valid || g->user.why == REASON_NONE ? g->why : g->user.why;
	enum sshd_keyword rule = g->user.is_valid || g->user.why == REASON_NONE ? g->why_rule : g->user.why_rule;
	char who[LIMIT_USER * 4 + 32], place[1024];

	if (why == REASON_NONE)
		return;
	log_at(&g->log, level, "Refused %s from %s port %u: reason=%s rule=%s",
	    guard_who(g, who, sizeof(who)), g->client, (unsigned)g->client_port, reason_code(why),
	    guard_place(g, rule, place, sizeof(place)));
}

void
guard_tell(struct guard *g, const char *text)
{
	SCOPED(writer_free) struct writer w = writer_init(1024);

	if (g->n_told >= GUARD_TELLS)
		return;
	g->n_told++;
	text_visible(&w, span_str(text));
	wr_raw(&w, SPAN_LIT("\r\n"));
	if (wr_end(&w) == ERR_OK)
		guard_wire_sent(g, ipc_send_wire_banner(&g->wire,
		    &(struct msg_wire_banner){ .text = writer_span(&w) }, NULL));
}

void
guard_fail(struct guard *g, bool counts)
{
	const struct sshd_config *c = &g->user.config;
	bool is_query = g->asked.blob.len > 0 && !g->asked.has_sig;
	bool at_info;

	guard_grant_drop(g);
	if (counts)
		g->tries++;
	else if (++g->queries > LIMIT_KEY_QUERIES)
		g->tries = c->max_auth_tries;
	at_info = !is_query && (!g->user.is_valid || g->tries >= c->max_auth_tries / 2 ||
	    g->asked.blob.len == 0);
	if (!span_is(g->asked.method, "none")) {
		guard_log_result(g, "Failed", at_info);
		guard_log_refusal(g, at_info ? LOG_LEVEL_INFO : LOG_LEVEL_VERBOSE);
	}
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

bool
guard_root_may(const struct guard *g)
{
	bool by_key = g->asked.blob.len > 0;

	if (g->user.account.uid != 0)
		return true;
	switch (g->user.config.permit_root_login) {
	case PERMIT_ROOT_YES:
		return true;
	case PERMIT_ROOT_NO_PASSWORD:
		return by_key;
	case PERMIT_ROOT_FORCED_COMMANDS:
		return by_key && (g->user.config.force_command != NULL ||
		    forces_command(&g->key.options) || forces_command(&g->key.cert_options));
	case PERMIT_ROOT_NO:
	default:
		return false;
	}
}

void
guard_refuse_root(struct guard *g)
{
	log_info(&g->log, "ROOT LOGIN REFUSED FROM %s port %u", g->client, (unsigned)g->client_port);
	guard_refuse(g, REASON_ROOT, SSHD_PermitRootLogin);
	if (g->asked.blob.len > 0)	/* he holds the key: no guess of a stranger's */
		guard_tell(g, "PermitRootLogin does not let root in by this key.");
	guard_fail(g, true);
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
		if (g->key.is_held)	/* a code, typed as a password */
			wr_bytes(&g->proof.options, writer_span(&g->key.options));
		wr_raw(&g->proof.info, m->method);
		wr_u8(&g->proof.info, '\n');
	}
	if (g->key.is_held)
		memcpy(g->proof.grant, g->key.grant, sizeof(g->proof.grant));
	if (g->key.is_held && g->key.has_proof) {
		memcpy(g->proof.code_proof, g->key.proof, sizeof(g->proof.code_proof));
		g->proof.has_code = true;
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
	if (!guard_root_may(g)) {
		guard_refuse_root(g);
		return;
	}
	if (g->user.account.uid == 0 && g->user.config.permit_root_login == PERMIT_ROOT_FORCED_COMMANDS)
		log_info(&g->log, "Root login accepted for forced command.");
	if (note_proof(g) != ERR_OK) {
		guard_quit(g, GUARD_EXIT_FAILED);
		return;
	}
	if (!guard_methods_advance(&g->user.config, &g->proof, g->asked.method)) {
		guard_log_result(g, "Partial", true);
		guard_answer(g, AUTH_RESULT_PARTIAL);
		return;
	}
	if (g->proof.grant[0] != '\0')
		guard_grant_commit(g);
	else
		guard_accept(g, MSEC_NEVER);
}

void
guard_accept(struct guard *g, msec end)
{
	guard_log_result(g, "Accepted", true);
	if (guard_log_in(g, end) != ERR_OK)
		guard_end(g, 11, "cannot start the session process");
}

/* --- requests --- */

/* The first message of a long banner: up to the end of a line, if the lines are not endless. */
static struct span
banner_part(struct span text)
{
	size_t n = BANNER_PART;

	if (text.len <= n)
		return text;
	while (n > BANNER_PART / 2 && text.p[n - 1] != '\n')
		n--;
	return span_first(text, n == BANNER_PART / 2 ? BANNER_PART : n);
}

/* Shows a file. */
static void
show(struct guard *g, const char *path)
{
	SCOPED(writer_free) struct writer text = writer_init(BANNER_MAX);
	enum err e = file_read(path, &text, NULL);
	struct span rest = writer_span(&text);

	if (e != ERR_OK) {
		log_at(&g->log, e == ERR_LIMIT ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG1, "banner %s: %s", path,
		    e == ERR_LIMIT ? err_text(e) : strerror(errno));
		return;
	}
	while (rest.len > 0) {
		struct span part = banner_part(rest);

		guard_wire_sent(g, ipc_send_wire_banner(&g->wire,
		    &(struct msg_wire_banner){ .text = part }, NULL));
		rest = span_skip(rest, part.len);
	}
}

/* Shows the banner, and why logins are closed, once, before the first answer. */
static void
send_banner(struct guard *g)
{
	const char *nologin = guard_nologin();

	if (g->banner_sent)
		return;
	g->banner_sent = true;
	if (g->user.config.banner != NULL)
		show(g, g->user.config.banner);
	/* To users who do not exist, too, or it would tell who does. */
	if (nologin != NULL && g->user.account.uid != 0)
		show(g, nologin);
}

static void
decide(struct guard *g)
{
	struct span method = g->asked.method;

	if (!span_is(g->asked.service, "ssh-connection")) {
		guard_refuse(g, REASON_NO_SERVICE, SSHD_N_KEYWORDS);
		guard_fail(g, true);
	} else if (span_is(method, "none")) {
		guard_none(g);
	} else if (!guard_methods_allow(&g->user.config, &g->proof, method)) {
		guard_refuse(g, REASON_NO_METHOD, guard_methods_rule(&g->user.config, method));
		guard_fail(g, true);
	} else if (span_is(method, "password")) {
		guard_password(g);
	} else if (span_is(method, "keyboard-interactive")) {
		guard_kbdint(g);
	} else if (span_is(method, "hostbased")) {
		guard_hostbased(g);
	} else {
		guard_publickey(g);
	}
}

void
guard_asks(struct guard *g, enum err sent)
{
	g->is_asked = false;
	guard_wire_sent(g, sent);
}

void
guard_asked_again(struct guard *g, uint32_t id)
{
	g->asked.id = id;
	g->is_asked = true;
	g->asked_at = loop_time(g->loop);
	guard_refuse(g, REASON_NONE, SSHD_N_KEYWORDS);
}

/*
 * "name:style": styles are those of login(1) on BSD. There are none here, but
 * the name is what stands before it; what is signed has both.
 */
static struct span
plain_name(struct span user)
{
	return span_first(user, span_find(user, ':'));
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
	guard_challenge_drop(g);
	if (g->tries > 0 && g->tries >= g->user.config.max_auth_tries) {
		too_many(g);
		return ERR_OK;
	}
	TRY(keep_request(g, m));
	guard_refuse(g, REASON_NONE, SSHD_N_KEYWORDS);
	if (!g->user.is_known)
		TRY(guard_find_user(g, plain_name(g->asked.user)));
	else if (!span_is(plain_name(g->asked.user), g->user.name))
		return ERR_SEQUENCE;	/* RFC 4252 5: it would have to begin anew */
	if (g->user.config.refuse_connection) {
		char who[LIMIT_USER * 4 + 32];

		log_info(&g->log, "administratively prohibited connection for %s from %s port %u",
		    guard_who(g, who, sizeof(who)), g->client, (unsigned)g->client_port);
		guard_refuse(g, REASON_REFUSED, SSHD_RefuseConnection);
		guard_log_refusal(g, LOG_LEVEL_INFO);
		guard_end(g, 14, "connection refused");
		g->status = GUARD_EXIT_REFUSED;
		return ERR_OK;
	}
	send_banner(g);
	guard_key_reset(g);
	decide(g);
	return ERR_OK;
}
