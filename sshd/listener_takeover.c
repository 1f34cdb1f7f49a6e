/* SPDX-License-Identifier: ISC */
/*
 * A forwarded port, or name, goes to the newest connection of its owner: a device whose
 * line was cut comes back before anybody has noticed that the old connection is
 * dead, and gets its port at once instead of "port in use".
 */
#include <string.h>

#include "sshd/listener_i.h"
#include "sshd/messages.h"

enum err
listener_remember_owner(struct connection *c, struct span owner)
{
	if (owner.len != 0 && owner.len != sizeof(c->owner))
		return ERR_FORMAT;
	if (owner.len != 0)
		memcpy(c->owner, owner.p, owner.len);
	c->has_owner = owner.len != 0;
	return ERR_OK;
}

void
listener_takeover(struct connection *by, const struct msg_from_guard_takeover *what)
{
	struct msg_guard_release m = { .port = what->port, .name = what->name };

	if (!by->has_owner)
		return;
	for (struct connection *c = by->listener->connections; c != NULL; c = c->next) {
		if (c == by || c->watch == NULL || !c->has_owner ||
		    memcmp(c->owner, by->owner, sizeof(c->owner)) != 0)
			continue;
		if (ipc_send_guard_release(&c->ipc, &m, NULL) == ERR_OK)
			watch_set(c->watch, LOOP_READ | (ipc_wants_write(&c->ipc) ? LOOP_WRITE : 0));
	}
}
