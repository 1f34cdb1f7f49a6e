/* SPDX-License-Identifier: ISC */
/* AddKeysToAgent: keys that are used are given to the agent. */
#include <stdio.h>
#include <strings.h>

#include "keys/fingerprint.h"
#include "os/tty.h"
#include "ssh/agent_client.h"
#include "ssh/identity.h"

static bool
user_agrees(const struct identity *id)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };
	char fp[FINGERPRINT_SIZE], question[768];

	snprintf(question, sizeof(question), "Add key %.400s (%s) to agent? (yes/no) ", id->path,
	    fingerprint_str(fp, key_blob(id->pub), FINGERPRINT_SHA256));
	return tty_ask(TTY_ASK_CONFIRM, question, &answer) == ERR_OK && answer.len == 3 &&
	    strncasecmp((const char *)answer.p, "yes", 3) == 0;
}

void
identity_to_agent(const struct ssh *s, const struct identities *ids, struct identity *id)
{
	const struct add_keys *how = &s->settings.config.add_keys_to_agent;
	struct agent_add add = {
		.comment = span_str(id->path), .lifetime = how->seconds,
		.confirm = how->mode == ADD_KEYS_CONFIRM,
	};
	enum err e;

	if (how->mode == ADD_KEYS_NO || id->is_offered || id->priv == NULL || ids->agent == -1)
		return;
	id->is_offered = true;
	if (how->mode == ADD_KEYS_ASK && (s->settings.config.batch_mode || !user_agrees(id))) {
		log_debug3(&s->log, "user denied adding this key");
		return;
	}
	e = agent_add(ids->agent, id->priv, &add);
	if (e == ERR_OK)
		log_debug(&s->log, "identity added to agent: %s", id->path);
	else
		log_debug(&s->log, "could not add identity to agent: %s (%s)", id->path, err_text(e));
}
