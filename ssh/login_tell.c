/* SPDX-License-Identifier: ISC */
/* What is told at the end of a login that failed: what was tried, what the server would take. */
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "ssh/login.h"

/* More keys than this are counted, and not named. */
#define NAMED_MAX	8

void
login_note_key(struct login *l, const struct identity *id)
{
	if (l->n_keys_tried++ >= NAMED_MAX)
		return;
	if (l->n_keys_tried > 1)
		wr_printf(&l->keys_tried, ", ");
	text_visible(&l->keys_tried, span_str(id->path));
	wr_printf(&l->keys_tried, " (%s%s%s)", key_label(id->pub), id->cert.len > 0 ? "-CERT" : "",
	    id->is_in_agent ? ", agent" : "");
}

/* What was done about a method of ours. */
static void
put_tried(const struct login *l, enum login_method m, const char *name, struct writer *w)
{
	if (w->len > 0)
		wr_printf(w, "; ");
	wr_printf(w, "%s", name);
	if (m == LOGIN_PUBLICKEY && l->n_keys_tried > 0) {
		wr_printf(w, " with ");
		wr_raw(w, writer_span(&l->keys_tried));
		if (l->n_keys_tried > NAMED_MAX)
			wr_printf(w, " and %u more", l->n_keys_tried - NAMED_MAX);
	} else if (l->tries[m] > 1) {
		wr_printf(w, " %u times", (unsigned)l->tries[m]);
	}
}

static bool
is_preferred(const struct ssh *s, const char *name)
{
	const struct words *w = &s->settings.config.preferred_authentications;

	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->v[i], name) == 0)
			return true;
	return false;
}

/* Why a method that the server would take was not tried. */
static const char *
why_not(const struct ssh *s, enum login_method m, const char *name)
{
	const struct ssh_config *c = &s->settings.config;

	if (m == LOGIN_NONE)
		return "not known to this client";
	if (!is_preferred(s, name))
		return "not in PreferredAuthentications";
	if (m == LOGIN_PUBLICKEY)
		return c->pubkey_authentication == PUBKEY_NO ? "PubkeyAuthentication no" :
		    "there is no key to offer";
	if (m == LOGIN_HOSTBASED)
		return c->hostbased_authentication ? "no key of this host can be used" :
		    "HostbasedAuthentication no";
	if (m == LOGIN_PASSWORD ? !c->password_authentication : !c->kbd_interactive_authentication)
		return m == LOGIN_PASSWORD ? "PasswordAuthentication no" :
		    "KbdInteractiveAuthentication no";
	return c->batch_mode ? "BatchMode yes" : "there is nobody to ask";
}

static void
put_wanted(const struct ssh *s, struct span name, struct writer *w)
{
	char text[64];
	enum login_method m;

	text_visible_str(text, sizeof(text), name);
	m = login_find_method(text);
	if (w->len > 0)
		wr_printf(w, ", ");
	wr_printf(w, "%s (%s)", text, s->login->was_tried[m] && m != LOGIN_NONE ? "tried" :
	    why_not(s, m, text));
}

void
login_tell(const struct ssh *s)
{
	SCOPED(writer_free) struct writer tried = writer_init(LIMIT_LINE);
	SCOPED(writer_free) struct writer wanted = writer_init(LIMIT_LINE);
	const struct login *l = s->login;
	struct span rest = span_str(l->methods), name;

	for (unsigned m = LOGIN_NONE + 1; m < LOGIN_METHODS; m++)
		if (l->was_tried[m])
			put_tried(l, (enum login_method)m, login_method_name((enum login_method)m),
			    &tried);
	while (span_token(&rest, ',', &name))
		if (name.len > 0)
			put_wanted(s, name, &wanted);
	wr_u8(&tried, 0);
	wr_u8(&wanted, 0);
	if (wr_end(&tried) != ERR_OK || wr_end(&wanted) != ERR_OK)
		return;
	log_info(&s->log, "Tried: %s.", tried.len > 1 ? (const char *)tried.p : "nothing");
	log_info(&s->log, "The server would take: %s.",
	    wanted.len > 1 ? (const char *)wanted.p : "nothing");
}
