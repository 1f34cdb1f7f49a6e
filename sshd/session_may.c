/* SPDX-License-Identifier: ISC */
/* What the user may do: the config and every key that he logged in with must allow it. */
#include <stdlib.h>
#include <string.h>

#include "sshd/session_i.h"
#include "sshd/session_name.h"

void
may_free(struct may *may)
{
	for (size_t i = 0; i < may->n_keys; i++)
		authorized_options_free(&may->key[i]);
	free(may->key_command);
	*may = (struct may){ .n_keys = 0 };
}

/* What the config leaves of everything. */
static unsigned
by_config(const struct sshd_config *c)
{
	unsigned permit = PERMIT_ALL;

	if (!c->permit_tty)
		permit &= ~(unsigned)PERMIT_PTY;
	if (!c->permit_user_rc)
		permit &= ~(unsigned)PERMIT_USER_RC;
	if (!c->allow_agent_forwarding)
		permit &= ~(unsigned)PERMIT_AGENT;
	if (!c->x11_forwarding)
		permit &= ~(unsigned)PERMIT_X11;
	if (c->permit_tunnel == TUNNEL_NO)
		permit &= ~(unsigned)PERMIT_TUNNEL;
	if (c->disable_forwarding)
		permit &= ~(unsigned)(PERMIT_AGENT | PERMIT_X11 | PERMIT_TUNNEL | PERMIT_PORT);
	return permit;
}

/* Two keys that force different commands contradict each other: neither is run. */
static enum err
key_command(struct may *may, struct span command)
{
	if (may->key_command != NULL)
		return span_is(command, may->key_command) ? ERR_OK : ERR_DENIED;
	may->key_command = span_dup_str(command);
	return may->key_command == NULL ? ERR_NOMEM : ERR_OK;
}

enum err
may_set(struct may *may, const struct sshd_config *c, struct span options)
{
	struct reader r = rd_init(options);

	*may = (struct may){ .permit = by_config(c) };
	while (r.err == ERR_OK && r.rest.len > 0) {
		struct authorized_options *o = &may->key[may->n_keys];

		if (may->n_keys == MAY_KEYS)
			return ERR_LIMIT;
		/* The guard has parsed them too: what is wrong now is our own fault. */
		TRY(authorized_options_parse(rd_bytes(&r), 0, o, NULL));
		may->n_keys++;
		may->permit &= o->permit;
		if (o->has_command)
			TRY(key_command(may, o->command));
	}
	may->command = may->key_command;
	may->command_is_key = may->key_command != NULL;
	if (c->force_command != NULL) {
		may->command = c->force_command;
		may->command_is_key = false;
	}
	return rd_end(&r);
}

bool
may_open(const struct may *may, const struct sshd_config *c, struct span host, uint32_t port)
{
	if (!(may->permit & PERMIT_PORT) || !(c->allow_tcp_forwarding & FORWARDING_LOCAL) ||
	    port > UINT16_MAX || !permits_allow(&c->permit_open, host, (uint16_t)port, false))
		return false;
	for (size_t i = 0; i < may->n_keys; i++) {
		if (!permit_address_allows(&may->key[i].open, host, port))
			return false;
	}
	return true;
}

bool
may_listen(const struct may *may, const struct sshd_config *c, struct span address, uint32_t port)
{
	if (!(may->permit & PERMIT_PORT) || !(c->allow_tcp_forwarding & FORWARDING_REMOTE) ||
	    port > UINT16_MAX || !permits_allow(&c->permit_listen, address, (uint16_t)port, true))
		return false;
	for (size_t i = 0; i < may->n_keys; i++) {
		if (!permit_address_allows(&may->key[i].listen, address, port))
			return false;
	}
	return true;
}

bool
may_listen_name(const struct may *may, const struct sshd_config *c, struct span name, uint32_t port)
{
	bool is_said = !c->permit_listen.any;

	for (size_t i = 0; i < may->n_keys; i++)
		is_said |= may->key[i].listen.n > 0;
	return is_said && may_listen(may, c, name, port);
}

bool
may_open_name(const struct may *may, const struct sshd_config *c, struct span name, uint32_t port)
{
	for (size_t i = 0; i < may->n_keys; i++) {
		if (may->key[i].listen.n > 0 && may->key[i].open.n == 0)
			return false;
	}
	return name_is_valid(name) && may_open(may, c, name, port);
}

bool
may_come_from(const struct may *may, const struct sshd_config *c, const struct address *a)
{
	bool found = c->gateway_sources.n == 0;

	for (size_t i = 0; i < c->gateway_sources.n && !found; i++)
		found = cidr_list_has(span_str(c->gateway_sources.v[i]), a);
	for (size_t i = 0; i < may->n_keys && found; i++)
		found = !may->key[i].has_sources || cidr_list_has(may->key[i].sources, a);
	return found;
}

bool
may_open_paths(const struct may *may)
{
	for (size_t i = 0; i < may->n_keys; i++) {
		if (may->key[i].open.n > 0)
			return false;
	}
	return true;
}

bool
may_listen_paths(const struct may *may)
{
	for (size_t i = 0; i < may->n_keys; i++) {
		if (may->key[i].listen.n > 0)
			return false;
	}
	return true;
}
