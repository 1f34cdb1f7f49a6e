/* SPDX-License-Identifier: ISC */
#include "sshd/session_name.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto/random.h"
#include "sshd/session_forward.h"

/* The address of a name, with room for what it never is longer than. */
static const char *
name_address(char buf[static NET_ABSTRACT_SIZE], uid_t uid, struct span name, uint32_t port)
{
	must(name.len < NAME_SIZE);
	snprintf(buf, NET_ABSTRACT_SIZE, "dayfly-name/%u/%.*s/%u", (unsigned)uid, (int)name.len,
	    (const char *)name.p, (unsigned)port);
	return buf;
}

enum err
name_listen(uid_t uid, struct span name, uint32_t port, int *fd)
{
	char at[NET_ABSTRACT_SIZE];

	return net_listen_abstract(name_address(at, uid, name, port), FORWARD_BACKLOG, fd);
}

/* Whether the other end was made by a process of this account. */
static bool
is_ours(uid_t uid, int fd)
{
	uid_t peer;

	return net_peer_uid(fd, &peer) == ERR_OK && peer == uid;
}

/* An address that tells where the client is; no two are alike. */
static const char *
from_address(char buf[static NET_ABSTRACT_SIZE], uid_t uid, const struct endpoint *from)
{
	const struct rng rng = rng_system();
	uint32_t unique[2];
	char address[64];

	rng_fill(&rng, (uint8_t *)unique, sizeof(unique));
	snprintf(buf, NET_ABSTRACT_SIZE, "dayfly-from/%u/%s/%u/%08x%08x", (unsigned)uid,
	    address_print(&from->address, address, sizeof(address)), (unsigned)from->port,
	    (unsigned)unique[0], (unsigned)unique[1]);
	return buf;
}

enum err
name_connect(uid_t uid, struct span name, uint32_t port, const struct endpoint *from, int *fd)
{
	char to[NET_ABSTRACT_SIZE], own[NET_ABSTRACT_SIZE];
	enum err e = net_connect_abstract(name_address(to, uid, name, port), from_address(own, uid, from), fd);

	if (e != ERR_OK)
		return errno == ECONNREFUSED ? ERR_NOTFOUND : e;
	/* Whoever else on this machine has taken the name first is not the device. */
	if (is_ours(uid, *fd))
		return ERR_OK;
	close(*fd);
	return ERR_NOTFOUND;
}

enum err
name_client(uid_t uid, int fd, struct endpoint *from)
{
	char name[NET_ABSTRACT_SIZE];
	struct span text, word[5];
	uint64_t port;
	size_t n = 0;

	if (!is_ours(uid, fd) || net_peer_abstract(fd, name) != ERR_OK)
		return ERR_DENIED;
	text = span_str(name);
	while (n < COUNT(word) && span_token(&text, '/', &word[n]))
		n++;
	if (n != COUNT(word) || !span_is(word[0], "dayfly-from") ||
	    address_parse(word[2], &from->address) != ERR_OK ||
	    text_number(word[3], 0, UINT16_MAX, &port) != ERR_OK)
		return ERR_DENIED;
	from->port = (uint16_t)port;
	return ERR_OK;
}
