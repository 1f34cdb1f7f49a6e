/* SPDX-License-Identifier: ISC */
/* The listener's ephemeral key table: guards ask it, the control socket fills it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/account.h"
#include "crypto/random.h"
#include "os/file.h"
#include "sshd/listener_i.h"
#include "sshd/messages.h"
#include "sshd/own_account.h"

/* What the config says of the table. */
static struct ephemeral_limits
limits_of(const struct sshd_config *c)
{
	struct ephemeral_limits limits = ephemeral_default_limits();

	limits.total = c->ephemeral_key_limits.total;
	limits.per_user = c->ephemeral_key_limits.per_user;
	limits.per_registrar = c->ephemeral_key_limits.per_registrar;
	limits.max_ttl = (msec)c->ephemeral_key_max_ttl * 1000;
	return limits;
}

/* Parses EphemeralKeyRegistrars into *policy; the log says what is wrong. */
static enum err
parse_policy(struct listener *l, struct control_policy *policy)
{
	char why[256] = "";
	enum err e = control_policy_parse(policy,
	    span_str(listener_config(l)->ephemeral_key_registrars), why, sizeof(why));

	if (e != ERR_OK)
		log_error(l->log, "EphemeralKeyRegistrars: %s", why[0] == '\0' ? err_text(e) : why);
	return e;
}

/* The one account that can log in without root: its name, or NULL for all. */
static char *
only_user(const struct listener *l)
{
	const struct words *files = &listener_config(l)->passwd_files;
	SCOPED(account_free) struct account own = { .name = NULL };

	if (geteuid() == 0)
		return NULL;
	for (size_t i = 0; i < files->n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(LOAD_MAX);
		SCOPED(account_free) struct account a = { .name = NULL };

		if (file_read(files->v[i], &text, NULL) == ERR_OK &&
		    account_find_uid(&a, writer_span(&text), (uint32_t)geteuid()) == ERR_OK)
			return span_dup_str(span_str(a.name));
	}
	if (own_account_make(&own, files) != ERR_OK)
		return span_dup_str(SPAN_EMPTY);
	return span_dup_str(span_str(own.name));
}

/* What of the config the control socket goes by; borrowed from it. */
static struct control_rules
rules_of(const struct listener *l)
{
	const struct sshd_config *c = listener_config(l);

	return (struct control_rules){ .policy = &l->policy, .users = &c->ephemeral_key_users,
	    .passwd_files = &c->passwd_files, .key_algs = c->pubkey_accepted_algorithms,
	    .required_rsa_bits = c->required_rsa_size,
	    .default_ttl = (msec)c->ephemeral_key_ttl * 1000,
	    .no_codes = c->ephemeral_codes == CODES_NO };
}

static enum err
open_control(struct listener *l)
{
	const struct sshd_config *c = listener_config(l);
	struct control_config config = {
		.loop = l->loop, .log = l->log, .table = l->table, .journal = l->journal, .penalties = l->penalties, .uid = geteuid(),
		.rules = rules_of(l), .kill_session = listener_kill_session,
		.move_session_end = listener_move_session_end, .arg = l,
	};
	char path[108];
	const char *named = c->ephemeral_key_socket == NULL ? "none" : c->ephemeral_key_socket;
	enum err e = control_socket_path(named, geteuid(), getenv("XDG_RUNTIME_DIR"), c->pid_file, path,
	    sizeof(path));

	if (e == ERR_NOTFOUND) {
		if (strcmp(named, "none") != 0)
			log_info(l->log, "No control socket for ephemeral keys: there is no place for it. "
			    "Set EphemeralKeySocket, XDG_RUNTIME_DIR, or a PidFile with its whole path.");
		return ERR_OK;
	}
	if (e != ERR_OK) {
		log_error(l->log, "EphemeralKeySocket: %s", err_text(e));
		return e;
	}
	l->only_user = only_user(l);
	config.only_user = l->only_user;
	config.path = path;
	TRY(control_new(&l->control, &config));
	log_verbose(l->log, "Ephemeral keys are registered at %s.", path);
	return ERR_OK;
}

enum err
listener_open_table(struct listener *l)
{
	const struct sshd_config *c = listener_config(l);
	struct ephemeral_limits limits = limits_of(c);
	struct control_policy policy = { .n = 0 };
	struct control_rules rules;
	enum err e = parse_policy(l, &policy);

	if (e == ERR_OK) {
		control_policy_free(&l->policy);
		l->policy = policy;
	}
	/* Without memory, the policy that was; but nothing of a config that is gone. */
	rules = rules_of(l);
	if (l->table == NULL) {
		TRY(e);
		TRY(ephemeral_new(&l->table, &limits, rng_system()));
		TRY(journal_new(&l->journal, l->table, l->log));
		journal_set_file(l->journal, c->ephemeral_key_event_log);
		/*
		 * Logins work without it; the log has said what is missing. With -i the table
		 * ends with the one connection, and the socket may be that of the real server.
		 */
		if (c->ephemeral_keys && !l->in->options->inetd)
			(void)!open_control(l);
		return ERR_OK;
	}
	ephemeral_set_limits(l->table, &limits);
	journal_set_file(l->journal, c->ephemeral_key_event_log);
	if (l->control != NULL)
		control_set_rules(l->control, &rules);
	return e;
}

void
listener_close_table(struct listener *l)
{
	control_free(l->control);
	journal_free(l->journal);
	ephemeral_free(l->table);
	control_policy_free(&l->policy);
	free(l->only_user);
	l->control = NULL;
	l->journal = NULL;
	l->table = NULL;
}

void
listener_age_table(struct listener *l)
{
	msec now = loop_now(l->loop);

	if (ephemeral_deadline(l->table) <= now) {
		ephemeral_tick(l->table, now);
		journal_pull(l->journal);
	}
	timer_set(l->ageing, ephemeral_deadline(l->table));
}

/* --- what guards ask --- */

/* Describes a grant; reason is where the sentence for its holder is put together. */
static void
describe(struct msg_guard_grant *m, enum ephemeral_answer answer, const struct ephemeral_grant *g,
    struct writer *reason, msec now)
{
	m->answer = (uint32_t)answer;
	if (g->id == NULL || answer == EPHEMERAL_UNKNOWN)
		return;
	m->grant = span_str(g->id);
	m->options = g->options;
	m->registrar = g->registrar;
	m->comment = g->comment;
	ephemeral_reason(reason, answer, g, now);
	m->reason = writer_span(reason);
}

enum err
listener_answer_grant(struct connection *c, const struct msg_from_guard_find *q, bool use)
{
	struct listener *l = c->listener;
	struct msg_guard_grant m = { .id = q->id, .end = MSEC_NEVER };
	SCOPED(writer_free) struct writer reason = writer_init(1024);
	struct ephemeral_grant g = { .id = NULL };
	struct address source = { .family = 0 };
	const struct address *from = NULL;
	struct ephemeral_login login = { .number = l->next_number++, .user = q->user, .blob = q->blob };
	msec now = loop_now(l->loop);
	enum ephemeral_answer answer;

	c->is_stretching = false;
	if (q->address.len > 0) {
		TRY(address_parse(q->address, &source));
		from = &source;
	}
	login.source = from;
	answer = use ? listener_hold(c, &login, &g) :
	    ephemeral_find(l->table, q->user, q->blob, from, q->is_signed, now, &g);
	describe(&m, answer, &g, &reason, now);
	if (use && answer == EPHEMERAL_YES)
		m.proof = g.proof;
	TRY(wr_end(&reason));
	TRY(ipc_send_guard_grant(&c->ipc, &m, NULL));
	if (use)
		journal_pull(l->journal);
	return ERR_OK;
}

enum err
listener_commit(struct connection *c, uint32_t id)
{
	struct listener *l = c->listener;
	struct msg_guard_grant m = { .id = id, .end = MSEC_NEVER };
	SCOPED(writer_free) struct writer reason = writer_init(1024);
	struct ephemeral_grant g = { .id = NULL };
	enum ephemeral_answer answer = listener_consume(c, &g);

	describe(&m, answer, &g, &reason, loop_now(l->loop));
	TRY(wr_end(&reason));
	if (answer == EPHEMERAL_YES)
		m.end = listener_session_end(c);
	TRY(ipc_send_guard_grant(&c->ipc, &m, NULL));
	journal_pull(l->journal);
	return ERR_OK;
}

/* Codes that are stretched at the same time: each takes 32 MiB. */
#define STRETCHING_MAX	4

enum err
listener_code(struct connection *c, uint32_t id, struct span address)
{
	struct listener *l = c->listener;
	struct address source;
	size_t n = 0;

	if (address.len > 0)
		TRY(address_parse(address, &source));
	for (const struct connection *k = l->connections; k != NULL; k = k->next)
		n += k->is_stretching && k->guard != 0;
	c->is_stretching = n < STRETCHING_MAX &&
	    ephemeral_wants_code(l->table, address.len > 0 ? &source : NULL, loop_now(l->loop));
	return ipc_send_guard_code(&c->ipc, &(struct msg_guard_code){ .id = id,
	    .ok = c->is_stretching }, NULL);
}

enum err
listener_wrong_code(struct listener *l, struct span user, struct span address)
{
	struct address source;

	if (address.len > 0)
		TRY(address_parse(address, &source));
	ephemeral_wrong_code(l->table, user, address.len > 0 ? &source : NULL, loop_now(l->loop));
	journal_pull(l->journal);
	return ERR_OK;
}

enum err
listener_registrar(struct connection *c, const struct msg_from_guard_registrar *m)
{
	struct listener *l = c->listener;
	struct msg_guard_registrar answer = { .channel = m->channel,
	    .text = SPAN_LIT("you may not register keys here (EphemeralKeyRegistrars)") };
	struct control_remote remote = { .user = m->user, .uid = (uid_t)m->uid, .key = m->key,
	    .source = m->address };
	struct ipc_fds fds = { .n = 1 };
	enum err e = ERR_NOTFOUND;

	if (l->control != NULL)
		e = control_remote(l->control, &remote, &fds.fd[0]);
	if (e != ERR_OK) {
		if (e != ERR_NOTFOUND && e != ERR_DENIED)
			answer.text = span_str(err_text(e));
		return ipc_send_guard_registrar(&c->ipc, &answer, NULL);
	}
	answer.text = SPAN_EMPTY;
	e = ipc_send_guard_registrar(&c->ipc, &answer, &fds);
	close(fds.fd[0]);
	return e;
}
