/* SPDX-License-Identifier: ISC */
#include "ssh/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

struct method {
	const char *name;
	bool (*is_enabled)(const struct ssh *s);
	/* Sends a request; false: nothing left. */
	bool (*next)(struct ssh *s);
};

static bool
wants_hostbased(const struct ssh *s)
{
	return s->settings.config.hostbased_authentication;
}

static bool
wants_publickey(const struct ssh *s)
{
	return s->settings.config.pubkey_authentication != PUBKEY_NO;
}

static bool
wants_kbdint(const struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;

	return c->kbd_interactive_authentication && !c->batch_mode;
}

static bool
wants_password(const struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;

	return c->password_authentication && !c->batch_mode;
}

static const struct method methods[LOGIN_METHODS] = {
	[LOGIN_HOSTBASED] = { "hostbased", wants_hostbased, login_next_hostbased },
	[LOGIN_PUBLICKEY] = { "publickey", wants_publickey, login_next_key },
	[LOGIN_KBDINT] = { "keyboard-interactive", wants_kbdint, login_next_kbdint },
	[LOGIN_PASSWORD] = { "password", wants_password, login_next_password },
};

enum err
login_new(struct login **out)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ERR_NOMEM;
	(*out)->ids.agent = -1;
	(*out)->keys_tried = writer_init(LIMIT_LINE);
	return ERR_OK;
}

static void
forget_secrets(struct login *l)
{
	identities_free(&l->ids);
	secret_free(&l->password);
}

void
login_free(struct login *l)
{
	if (l == NULL)
		return;
	forget_secrets(l);
	free(l->methods);
	writer_free(&l->keys_tried);
	free(l);
}

const char *
login_method_name(enum login_method m)
{
	return methods[m].name;
}

enum login_method
login_find_method(const char *name)
{
	for (unsigned m = LOGIN_NONE + 1; m < LOGIN_METHODS; m++)
		if (strcmp(methods[m].name, name) == 0)
			return (enum login_method)m;
	return LOGIN_NONE;
}

static bool
is_usable(const struct ssh *s, enum login_method m)
{
	return m != LOGIN_NONE && !s->login->is_exhausted[m] && methods[m].is_enabled(s) &&
	    text_list_has(span_str(s->login->methods), span_str(methods[m].name));
}

void
login_go_on(struct ssh *s)
{
	const struct words *preferred = &s->settings.config.preferred_authentications;
	struct login *l = s->login;
	char buf[512];

	for (size_t i = 0; i < preferred->n; i++) {
		enum login_method m = login_find_method(preferred->v[i]);

		if (!is_usable(s, m))
			continue;
		if (l->current != m)
			log_debug(&s->log, "Next authentication method: %s", methods[m].name);
		l->current = m;
		if (methods[m].next(s) || s->is_leaving) {
			l->was_tried[m] = true;
			return;
		}
		l->is_exhausted[m] = true;
	}
	log_debug(&s->log, "No more authentication methods to try.");
	login_tell(s);
	log_fatal(&s->log, "%s@%s: Permission denied (%s).", s->settings.user, s->settings.host,
	    ssh_visible(buf, sizeof(buf), span_str(l->methods)));
	ssh_leave(s, 255);
}

static void
on_failure(struct ssh *s, const struct event *ev)
{
	struct login *l = s->login;
	char buf[512];

	free(l->methods);
	l->methods = span_dup_str(ev->failure.methods);
	if (l->methods == NULL) {
		log_fatal(&s->log, "out of memory");
		ssh_leave(s, 255);
		return;
	}
	if (ev->failure.partial) {
		log_verbose(&s->log, "Authenticated using \"%s\" with partial success.",
		    l->current == LOGIN_NONE ? "none" : methods[l->current].name);
		/* Another method, or another key, is wanted now: all may be tried again. */
		l->is_exhausted[LOGIN_PUBLICKEY] = false;
		for (size_t i = 0; i < l->ids.n; i++)
			l->ids.v[i].is_tried = &l->ids.v[i] == l->current_id;
	}
	log_debug(&s->log, "Authentications that can continue: %s",
	    ssh_visible(buf, sizeof(buf), span_str(l->methods)));
	login_go_on(s);
}

static void
on_success(struct ssh *s, const struct event *ev)
{
	const struct route *r = &s->route;
	struct login *l = s->login;
	char buf[64];

	ssh_visible(buf, sizeof(buf), ev->auth.method);
	if (r->is_proxied)
		log_verbose(&s->log, "Authenticated to %s (via proxy) using \"%s\".",
		    s->settings.host, buf);
	else
		log_verbose(&s->log, "Authenticated to %s ([%s]:%u) using \"%s\".",
		    s->settings.host, r->peer_text, r->peer_port, buf);
	/*
	 * Somebody who asks for nothing may be anybody: what a real server
	 * would have had to earn is not handed over (CVE-2021-36367).
	 */
	if (!ev->ok && s->settings.config.forward_agent.on) {
		log_error(&s->log, "Agent forwarding is disabled: the server asked for no proof.");
		s->settings.config.forward_agent.on = false;
	}
	forget_secrets(l);
}

void
login_event(struct ssh *s, const struct event *ev)
{
	switch (ev->type) {
	case EV_AUTH_READY:
		/* Tells us the methods; a server that wants nothing lets us in. */
		conn_auth_none(s->conn, s->settings.user);
		break;
	case EV_AUTH_BANNER:
		if (log_wants(&s->log, LOG_LEVEL_INFO))
			login_print(ev->text);
		break;
	case EV_AUTH_FAILURE:
		on_failure(s, ev);
		break;
	case EV_AUTH_PK_OK:
		login_sign(s);
		break;
	case EV_AUTH_PROMPTS:
		login_answer(s, ev);
		break;
	case EV_AUTH_PASSWD_CHANGE:
		login_change_password(s, ev->text);
		break;
	case EV_AUTH_SUCCESS:
		on_success(s, ev);
		break;
	default:
		break;
	}
}
