/* SPDX-License-Identifier: ISC */
/* The requests of sshd/control_messages.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/key.h"
#include "sshd/control_i.h"
#include "sshd/control_messages.h"

enum err
control_refuse(struct control_client *cl, const char *fmt, ...)
{
	struct msg_ctl_refused m;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	m.text = span_str(text);
	log_verbose(cl->control->config.log, "control socket: refused %s: %s", cl->name, text);
	if (cl->adds)
		journal_not_registered(cl->control->config.journal, cl->name, text);
	return ipc_send_ctl_refused(&cl->ipc, &m, NULL);
}

enum err
control_send_grant(struct control_client *cl, const struct ephemeral_grant *g)
{
	msec now = loop_now(cl->control->config.loop);
	msec left = g->state == EPHEMERAL_LIVE ? g->end - now : now - g->end;

	return ipc_send_ctl_grant(&cl->ipc, &(struct msg_ctl_grant){
	    .id = span_str(g->id), .state = g->state, .user = g->user,
	    .key_type = key_blob_type(g->blob), .fingerprint = g->fingerprint,
	    .sources = g->sources, .options = g->options, .registrar = g->registrar,
	    .comment = g->comment, .age = now - g->registered, .left = left,
	    .uses = g->uses, .used = g->used, .grace = g->grace, .session = g->session,
	    .session_length = g->session_length, .sessions = g->sessions }, NULL);
}

enum err
control_send_done(struct control_client *cl, uint32_t count, uint32_t killed)
{
	/* Who has the answer finds it in the log and in the file of events, too. */
	journal_pull(cl->control->config.journal);
	return ipc_send_ctl_done(&cl->ipc,
	    &(struct msg_ctl_done){ .count = count, .killed = killed }, NULL);
}

const struct control_registrar *
control_row(const struct control_client *cl)
{
	const struct control_policy *policy = cl->control->config.rules.policy;

	if (cl->is_owner)
		return NULL;
	if (cl->is_remote)
		return control_registrar_by_ssh(policy, cl->uid, cl->account, cl->key);
	return control_registrar_of(policy, cl->uid, cl->account);
}

msec
control_longest(const struct control_client *cl)
{
	const struct control_registrar *r = control_row(cl);
	msec max = ephemeral_limits(cl->control->config.table)->max_ttl;

	return r != NULL && r->max_ttl != 0 && r->max_ttl < max ? r->max_ttl : max;
}

bool
control_may_give(const struct control_client *cl, struct span user)
{
	const struct control_registrar *r = control_row(cl);

	return cl->is_owner || (r != NULL && control_may_register(r, cl->account, user));
}

enum err
control_refuse_user(struct control_client *cl, struct span user)
{
	char shown[LIMIT_USER + 1];

	return control_refuse(cl, "you may not register keys for %s (EphemeralKeyRegistrars)",
	    text_visible_str(shown, sizeof(shown), user));
}

/* --- add --- */

static enum err
on_ctl_add(struct control_client *cl, const struct msg_ctl_add *m, struct ipc_fds *fds)
{
	enum err e;

	(void)fds;
	cl->adds = true;
	e = control_add(cl, m);
	cl->adds = false;
	return e;
}

/* --- list and info --- */

static enum err
on_ctl_info(struct control_client *cl, const struct msg_ctl_info *m, struct ipc_fds *fds)
{
	const struct ephemeral *t = cl->control->config.table;
	const struct ephemeral_limits *l = ephemeral_limits(t);

	(void)m;
	(void)fds;
	return ipc_send_ctl_server(&cl->ipc, &(struct msg_ctl_server){
	    .version = SPAN_LIT(DAYFLY_VERSION), .pid = (uint32_t)getpid(),
	    .live = (uint32_t)ephemeral_count(t), .total = (uint32_t)l->total,
	    .min_ttl = l->min_ttl, .max_ttl = control_longest(cl) }, NULL);
}

/* What of the table this client sees. */
static struct ephemeral_filter
view(const struct control_client *cl)
{
	return (struct ephemeral_filter){
	    .registrar = cl->is_owner ? SPAN_EMPTY : span_str(cl->name) };
}

static enum err
on_ctl_list(struct control_client *cl, const struct msg_ctl_list *m, struct ipc_fds *fds)
{
	struct ephemeral *t = cl->control->config.table;
	struct ephemeral_filter f = view(cl);
	struct ephemeral_cursor cursor = { .serial = m->cursor }, seen;
	struct msg_ctl_done done = { .count = 0 };
	struct ephemeral_grant g;

	(void)fds;
	if (m->cursor_id.len >= sizeof(cursor.id))
		return ERR_FORMAT;
	if (m->cursor_id.len > 0)
		memcpy(cursor.id, m->cursor_id.p, m->cursor_id.len);
	f.user = m->user;
	f.live_only = m->live_only;
	ephemeral_tick(t, loop_now(cl->control->config.loop));
	while (done.count < CONTROL_PAGE && ephemeral_next(t, &f, &cursor, &g)) {
		TRY(control_send_grant(cl, &g));
		done.count++;
	}
	seen = cursor;
	done.more = ephemeral_next(t, &f, &cursor, &g);
	done.cursor = seen.serial;
	done.cursor_id = span_str(seen.id);
	return ipc_send_ctl_done(&cl->ipc, &done, NULL);
}

/* --- changing --- */

/* Calls a function of the listener for each session or login of a grant; returns how many. */
static uint32_t
for_sessions(struct control_client *cl, const struct ephemeral_grant *g,
    void (*call)(void *, uint64_t))
{
	const struct control_config *config = &cl->control->config;
	size_t cap = (size_t)g->sessions + g->reserved, n = 0;
	uint64_t session = 0;
	uint64_t *all;

	if (cap == 0 || call == NULL)
		return 0;
	/* First all, then the calls: they may close what is walked over. */
	all = calloc(cap, sizeof(*all));
	if (all == NULL)
		return 0;
	while (n < cap && ephemeral_session_next(config->table, span_str(g->id), &session))
		all[n++] = session;
	for (size_t i = 0; i < n; i++)
		call(config->arg, all[i]);
	free(all);
	return (uint32_t)n;
}

/* Finds a grant that this client may see. */
static enum err
get(struct control_client *cl, struct span id, struct ephemeral_grant *g)
{
	const struct control_config *config = &cl->control->config;

	TRY(ephemeral_get(config->table, id, loop_now(config->loop), g));
	if (!cl->is_owner && !span_is(g->registrar, cl->name))
		return ERR_NOTFOUND;
	return ERR_OK;
}

static enum err
refuse_unknown(struct control_client *cl, struct span id)
{
	char shown[80];

	return control_refuse(cl, "there is no key \"%s\" here", text_visible_str(shown, sizeof(shown), id));
}

static enum err
on_ctl_extend(struct control_client *cl, const struct msg_ctl_extend *m, struct ipc_fds *fds)
{
	const struct control_config *config = &cl->control->config;
	const struct control_registrar *r;
	msec now = loop_now(config->loop);
	struct ephemeral_grant g;
	enum err e = get(cl, m->id, &g);

	(void)fds;
	if (e != ERR_OK)
		return refuse_unknown(cl, m->id);
	if (!control_may_give(cl, g.user))
		return control_refuse_user(cl, g.user);
	if (m->ttl < ephemeral_limits(config->table)->min_ttl || m->ttl > control_longest(cl))
		return control_refuse(cl, "ttl must be from %llu to %llu seconds (EphemeralKeyMaxTTL, "
		    "EphemeralKeyRegistrars)",
		    (unsigned long long)ephemeral_limits(config->table)->min_ttl / 1000,
		    (unsigned long long)control_longest(cl) / 1000);
	r = control_row(cl);
	if (r != NULL && r->max_session != 0 && g.session == EPHEMERAL_SESSION_GRANT)
		return control_refuse(cl, "sessions of this key would become longer than you may hand out "
		    "(EphemeralKeyRegistrars)");
	e = ephemeral_extend(config->table, m->id, m->ttl, now, &g);
	if (e == ERR_RANGE)
		return control_refuse(cl, "%s ends later than that already", g.id);
	if (e != ERR_OK)
		return control_refuse(cl, "%s is over (%s): register the key again", g.id,
		    ephemeral_state_name(g.state));
	if (g.session == EPHEMERAL_SESSION_GRANT)
		(void)for_sessions(cl, &g, config->move_session_end);
	TRY(control_send_grant(cl, &g));
	return control_send_done(cl, 1, 0);
}

/* Revokes one grant if it is live, and kills its sessions if that is asked for. */
static void
revoke_one(struct control_client *cl, struct ephemeral_grant *g, bool kill,
    struct msg_ctl_done *done)
{
	const struct control_config *config = &cl->control->config;
	bool was_live = ephemeral_revoke(config->table, span_str(g->id),
	    loop_now(config->loop)) == ERR_OK;

	done->count += was_live;
	if (kill)
		done->killed += for_sessions(cl, g, config->kill_session);
	else if (was_live && g->session == EPHEMERAL_SESSION_GRANT)
		(void)for_sessions(cl, g, config->move_session_end);
}

static enum err
revoke_id(struct control_client *cl, const struct msg_ctl_revoke *m)
{
	struct msg_ctl_done done = { .count = 0 };
	struct ephemeral_grant g;

	if (get(cl, m->id, &g) != ERR_OK)
		return refuse_unknown(cl, m->id);
	revoke_one(cl, &g, m->kill, &done);
	if (done.count == 0 && done.killed == 0)
		return control_refuse(cl, "%s is over already (%s)%s", g.id, ephemeral_state_name(g.state),
		    m->kill ? ", and no session of it lasts" : "");
	return control_send_done(cl, done.count, done.killed);
}

static enum err
revoke_matching(struct control_client *cl, const struct msg_ctl_revoke *m)
{
	struct ephemeral *t = cl->control->config.table;
	struct ephemeral_filter f = view(cl);
	struct ephemeral_cursor cursor = { .serial = 0 };
	struct msg_ctl_done done = { .count = 0 };
	struct ephemeral_grant g;

	f.user = m->user;
	f.fingerprint = m->fingerprint;
	f.live_only = !m->kill;
	ephemeral_tick(t, loop_now(cl->control->config.loop));
	while (ephemeral_next(t, &f, &cursor, &g))
		revoke_one(cl, &g, m->kill, &done);
	/* "all" may well be none; who names a key or a user meant one. */
	if (done.count == 0 && done.killed == 0 && !m->all)
		return control_refuse(cl, "no key that is registered here matches");
	return control_send_done(cl, done.count, done.killed);
}

static enum err
on_ctl_revoke(struct control_client *cl, const struct msg_ctl_revoke *m, struct ipc_fds *fds)
{
	int asked = (m->id.len > 0) + (m->fingerprint.len > 0) + (m->user.len > 0) + m->all;

	(void)fds;
	if (asked != 1)
		return ERR_FORMAT;
	if (m->fingerprint.len != 0 && m->fingerprint.len != EPHEMERAL_FP_LEN)
		return ERR_FORMAT;
	return m->id.len > 0 ? revoke_id(cl, m) : revoke_matching(cl, m);
}

/* --- events --- */

enum err
control_send_events(struct control_client *cl)
{
	const struct journal *j = cl->control->config.journal;
	const char *whose = cl->is_owner ? NULL : cl->name;
	struct msg_ctl_event m;

	/* What waits in the ring costs no memory of its own for a client that is slow. */
	while (!ipc_wants_write(&cl->ipc) && journal_next(j, whose, &cl->seen, &m.line, &m.lost))
		TRY(ipc_send_ctl_event(&cl->ipc, &m, NULL));
	return ERR_OK;
}

static enum err
on_ctl_events(struct control_client *cl, const struct msg_ctl_events *m, struct ipc_fds *fds)
{
	const struct control_config *config = &cl->control->config;
	const char *whose = cl->is_owner ? NULL : cl->name;
	struct msg_ctl_event ev;

	(void)fds;
	ephemeral_tick(config->table, loop_now(config->loop));
	journal_pull(config->journal);
	cl->seen = m->past ? 0 : journal_end(config->journal);
	cl->is_following = m->follow;
	if (m->follow)
		return control_send_events(cl);
	/* All there is fits into what may wait for a client (JOURNAL_BYTES, IPC_QUEUE_MAX). */
	while (journal_next(config->journal, whose, &cl->seen, &ev.line, &ev.lost))
		TRY(ipc_send_ctl_event(&cl->ipc, &ev, NULL));
	return control_send_done(cl, 0, 0);
}

/* --- penalties --- */

static enum err
send_penalty(struct control_client *cl, const struct penalty_entry *p)
{
	const char *cause = penalty_text(p->penalty);
	char address[64], source[80];

	snprintf(source, sizeof(source), "%s/%u", address_print(&p->block.base, address, sizeof(address)),
	    (unsigned)p->block.bits);
	return ipc_send_ctl_penalty(&cl->ipc, &(struct msg_ctl_penalty){ .source = span_str(source),
	    .is_active = p->is_active, .left = p->left, .cause = span_str(cause) }, NULL);
}

static enum err
list_penalties(struct control_client *cl, uint64_t skip)
{
	const struct control_config *config = &cl->control->config;
	struct penalty_entry entries[CONTROL_PAGE + 1];
	size_t n = penalties_list(config->penalties, loop_now(config->loop), (size_t)skip, entries, COUNT(entries));
	struct msg_ctl_done done = { .more = n == COUNT(entries) };

	for (; done.count < n && done.count < CONTROL_PAGE; done.count++)
		TRY(send_penalty(cl, &entries[done.count]));
	done.cursor = skip + done.count;
	return ipc_send_ctl_done(&cl->ipc, &done, NULL);
}

static enum err
on_ctl_penalties(struct control_client *cl, const struct msg_ctl_penalties *m, struct ipc_fds *fds)
{
	const struct control_config *config = &cl->control->config;
	bool all = span_is(m->clear, "all");
	struct address address;
	char shown[80];

	(void)fds;
	if (!cl->is_owner || cl->is_remote || config->penalties == NULL)
		return control_refuse(cl, "penalties are for root, or for the owner of this server, here");
	if (m->clear.len == 0)
		return list_penalties(cl, m->skip);
	if (!all && address_parse(m->clear, &address) != ERR_OK)
		return control_refuse(cl, "\"%s\" is not an address", text_visible_str(shown, sizeof(shown), m->clear));
	return control_send_done(cl, (uint32_t)penalties_clear(config->penalties, all ? NULL : &address,
	    loop_now(config->loop)), 0);
}

IPC_RECEIVER(on_message, CONTROL_REQUESTS, struct control_client)

enum err
control_dispatch(struct control_client *cl, struct span message, struct ipc_fds *fds)
{
	return on_message(cl, &cl->ipc, CONTROL_PHASE, message, fds);
}
