/* SPDX-License-Identifier: ISC */
#include "channels/kind.h"

#include "base/cc.h"

#define BY_CLIENT	{ [SIDE_CLIENT] = true }
#define BY_SERVER	{ [SIDE_SERVER] = true }

static const struct channel_kind kinds[] = {
	/* RFC 4254 6.1: clients should refuse to open sessions for servers */
	{ .name = "session", .opened_by = BY_CLIENT, .is_session = true },
	/* RFC 4254 7.2: clients should refuse direct-tcpip, servers forwarded-tcpip */
	{ .name = "direct-tcpip", .opened_by = BY_CLIENT },
	{ .name = "forwarded-tcpip", .opened_by = BY_SERVER },
	{ .name = "direct-streamlocal@openssh.com", .opened_by = BY_CLIENT },
	{ .name = "forwarded-streamlocal@openssh.com", .opened_by = BY_SERVER },
	{ .name = "tun@openssh.com", .opened_by = BY_CLIENT },
	{ .name = "x11", .opened_by = BY_SERVER },
	{ .name = "auth-agent@openssh.com", .opened_by = BY_SERVER },
	{ .name = "agent-connect", .opened_by = BY_SERVER },
};

const struct channel_kind *
channel_kind_find(struct span name)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (span_is(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}
