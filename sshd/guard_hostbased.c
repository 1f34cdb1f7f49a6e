/* SPDX-License-Identifier: ISC */
/*
 * "hostbased" (RFC 4252 9): a machine that is trusted says who its user is.
 *
 * The machine must have a name that fits, a line in hosts.equiv and the like
 * must let its user be the account, its key must be in known_hosts, and it
 * must have signed the request.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/userauth.h"
#include "keys/known_hosts.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/ids.h"
#include "sshd/guard_i.h"
#include "sshd/rhosts.h"

/* A file that is read here. */
#define FILE_MAX	(16 * 1024 * 1024)

/* Where a file is. */
struct place {
	const char *path;
	bool is_users;			/* in his home, and read as him */
};

/* --- files --- */

/* Reads a file, in StrictModes only one that nobody else can have written. */
static enum err
read_place(struct guard *g, const struct place *p, struct writer *text)
{
	const struct account *a = &g->user.account;
	char path[4096], why[4200];
	enum err e = ERR_OK;

	if (snprintf(path, sizeof(path), "%s%s%s", p->is_users ? a->home : "", p->is_users ? "/" : "",
	    p->path) >= (int)sizeof(path))
		return ERR_LIMIT;
	if (g->user.config.strict_modes)
		e = file_check_modes(path, p->is_users ? (uid_t)a->uid : geteuid(), p->is_users ? a->home : NULL,
		    guard_modes(g), why, sizeof(why));
	if (e == ERR_DENIED)
		log_info(&g->log, "Authentication refused: %s", why);
	if (e == ERR_OK)
		e = file_read(path, text, NULL);
	if (e != ERR_OK)
		log_debug(&g->log, "%s: %s", path, e == ERR_SYSTEM || e == ERR_NOTFOUND ?
		    strerror(errno) : err_text(e));
	return e;
}

/* The same, as the user where the file is his. */
static enum err
read_file(struct guard *g, const struct place *p, struct writer *text)
{
	const struct guard_user *u = &g->user;
	struct ids_own own;
	enum err e;

	if (!p->is_users)
		return read_place(g, p, text);
	TRY(ids_borrow(&own, u->account.uid, u->account.gid, u->groups.gid, u->groups.n));
	e = read_place(g, p, text);
	ids_return(&own);
	return e;
}

/* --- may he be who he wants to be? --- */

/* Which files hold for this user, by the config. */
static size_t
rhosts_places(const struct guard *g, struct place out[static 4])
{
	enum ignore_rhosts ignore = (enum ignore_rhosts)g->user.config.ignore_rhosts;
	size_t n = 0;

	/* Root's own word is asked for; the machine's is not enough. */
	if (g->user.account.uid != 0) {
		out[n++] = (struct place){ "/etc/hosts.equiv", false };
		out[n++] = (struct place){ SSH_CONF_DIR "/shosts.equiv", false };
	}
	if (ignore != IGNORE_RHOSTS_YES)
		out[n++] = (struct place){ ".shosts", true };
	if (ignore == IGNORE_RHOSTS_NO)
		out[n++] = (struct place){ ".rhosts", true };
	return n;
}

static bool
rhosts_allow(struct guard *g, struct span host)
{
	struct rhosts_question q = { .host = host, .address = span_str(g->client),
	    .client_user = g->asked.local_user, .server_user = span_str(g->user.account.name) };
	struct place places[4];
	size_t n = rhosts_places(g, places);

	for (size_t i = 0; i < n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(FILE_MAX);
		enum rhosts_answer a;

		if (read_file(g, &places[i], &text) != ERR_OK)
			continue;
		a = rhosts_look(writer_span(&text), &q);
		if (a == RHOSTS_NO)
			log_info(&g->log, "hostbased: forbidden by %s", places[i].path);
		if (a != RHOSTS_UNKNOWN)
			return a == RHOSTS_YES;
	}
	return false;
}

/* --- is it that machine? --- */

/* Looks for the key, or its certificate's CA, in one file. ERR_NOMEM. */
static enum err
look_in(struct guard *g, struct span text, struct span host, struct known_hosts_result *r)
{
	struct guard_key *k = &g->key;

	return known_hosts_check(text, 0, host, k->is_cert ? key_blob(k->cert.ca) : g->asked.blob,
	    k->is_cert ? KNOWN_HOSTS_CA : KNOWN_HOSTS_PLAIN, r);
}

/* Whether the key is known as that host's, and revoked nowhere. */
static bool
is_known_host(struct guard *g, struct span host)
{
	struct place places[] = {
		{ SSH_CONF_DIR "/ssh_known_hosts", false }, { SSH_CONF_DIR "/ssh_known_hosts2", false },
		{ ".ssh/known_hosts", true }, { ".ssh/known_hosts2", true },
	};
	size_t n = g->start->config->ignore_user_known_hosts ? 2 : COUNT(places);
	struct known_hosts_result r = { .status = KNOWN_HOSTS_NEW };

	for (size_t i = 0; i < n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(FILE_MAX);
		enum err e = read_file(g, &places[i], &text);

		if (e == ERR_OK)
			e = look_in(g, writer_span(&text), host, &r);
		/* One that is there and cannot be read could have revoked it. */
		if (e != ERR_OK && e != ERR_NOTFOUND)
			return false;
	}
	if (r.status == KNOWN_HOSTS_IS_REVOKED)
		log_info(&g->log, "hostbased: the key of the host is revoked");
	return r.status == KNOWN_HOSTS_FOUND;
}

/* A certificate must be one of that host. */
static bool
cert_fits(struct guard *g, struct span host)
{
	struct cert_need need = { .role = CERT_HOST, .now = (uint64_t)clock_wall(), .name = host,
	    .ca_algs = span_str(g->user.config.ca_signature_algorithms) };
	const char *why = NULL;
	enum err e;

	if (!g->key.is_cert)
		return true;
	e = cert_check(&g->key.cert, &need, &why);
	if (e != ERR_OK)
		log_error(&g->log, "hostbased: %s", why != NULL ? why : err_text(e));
	return e == ERR_OK;
}

static bool
signature_holds(struct guard *g)
{
	const struct msg_from_wire_auth *m = &g->asked;
	struct auth_signed s = { .session_id = span_of(g->session_id, g->session_id_len),
	    .user = m->user, .service = m->service, .alg = m->alg, .blob = m->blob };
	const char *plain = cert_alg_plain(m->alg);
	struct span alg = plain != NULL ? span_str(plain) : m->alg;
	SCOPED(writer_free) struct writer data = writer_init(LIMIT_IPC);
	SCOPED(key_free) struct key *key = NULL;

	if (g->session_id_len == 0)
		return false;
	auth_hostbased_data(&data, &s, m->host, m->local_user);
	return wr_end(&data) == ERR_OK && key_from_blob(guard_plain_blob(g), &key) == ERR_OK &&
	    key_verify(key, alg, alg, m->sig, writer_span(&data), NULL) == ERR_OK;
}

/* --- the request --- */

/* The machine's name: as it says, or as its address maps to. */
static struct span
host_name(struct guard *g)
{
	struct span said = g->asked.host;
	struct span is = span_str(g->host[0] != '\0' ? g->host : g->client);
	char a[256], b[256];

	if (said.len > 0 && said.p[said.len - 1] == '.')
		said.len--;
	if (g->user.config.hostbased_uses_name_from_packet_only)
		return said;
	if (!span_eq(said, is))
		log_info(&g->log, "userauth_hostbased mismatch: client sends %s, but we resolve %s to %s",
		    text_visible_str(a, sizeof(a), said), g->client, text_visible_str(b, sizeof(b), is));
	return is;
}

static bool
lets_in(struct guard *g)
{
	struct span host = host_name(g);
	char user[LIMIT_USER * 4 + 4], name[1024];

	if (!guard_key_acceptable(g, span_str(g->user.config.hostbased_accepted_algorithms)))
		return false;
	guard_refuse(g, REASON_HOSTBASED, SSHD_HostbasedAuthentication);
	if (!g->user.is_valid || host.len == 0 || !rhosts_allow(g, host) || !is_known_host(g, host) ||
	    !cert_fits(g, host) || !signature_holds(g))
		return false;
	log_info(&g->log, "hostbased: client user %s of %.*s, whose key is %s",
	    text_visible_str(user, sizeof(user), g->asked.local_user), (int)host.len, (const char *)host.p,
	    guard_key_name(g, name, sizeof(name)));
	return true;
}

void
guard_hostbased(struct guard *g)
{
	if (lets_in(g)) {
		guard_proved(g);
		return;
	}
	guard_fail(g, true);
}
