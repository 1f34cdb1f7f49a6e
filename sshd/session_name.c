/* SPDX-License-Identifier: ISC */
#include "sshd/session_name.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/random.h"
#include "sshd/session_forward.h"

#define NAME_FROM	"dayfly-from/"

/* Fills in an abstract address; text's NUL does not belong to it. ERR_SYSTEM if it is too long. */
static enum err
abstract(struct sockaddr_un *sun, const char *text, socklen_t *len)
{
	size_t n = strlen(text);

	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n + 1 > sizeof(sun->sun_path)) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	memcpy(sun->sun_path + 1, text, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
	return ERR_OK;
}

/* The address of a name. */
static enum err
name_address(struct sockaddr_un *sun, socklen_t *len, uid_t uid, struct span name, uint32_t port)
{
	char text[sizeof(sun->sun_path) + 1];

	must(name.len < NAME_SIZE);
	snprintf(text, sizeof(text), "dayfly-name/%u/%.*s/%u", (unsigned)uid, (int)name.len,
	    (const char *)name.p, (unsigned)port);
	return abstract(sun, text, len);
}

static enum err
give_up(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return ERR_SYSTEM;
}

enum err
name_listen(uid_t uid, struct span name, uint32_t port, int *fd)
{
	struct sockaddr_un sun;
	socklen_t len;
	int s;

	TRY(name_address(&sun, &len, uid, name, port));
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s == -1)
		return ERR_SYSTEM;
	if (bind(s, (struct sockaddr *)&sun, len) == -1 || listen(s, FORWARD_BACKLOG) == -1)
		return give_up(s);
	*fd = s;
	return ERR_OK;
}

/* Whether the other end was made by a process of this account. */
static bool
is_ours(uid_t uid, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == uid;
}

/* Binds to an address that tells where the client is; no two are alike. */
static enum err
say_from(uid_t uid, int fd, const struct endpoint *from)
{
	const struct rng rng = rng_system();
	struct sockaddr_un sun;
	char address[64], text[sizeof(sun.sun_path) + 1];
	uint32_t unique[2];
	socklen_t len;

	rng_fill(&rng, (uint8_t *)unique, sizeof(unique));
	snprintf(text, sizeof(text), NAME_FROM "%u/%s/%u/%08x%08x", (unsigned)uid,
	    address_print(&from->address, address, sizeof(address)), (unsigned)from->port,
	    (unsigned)unique[0], (unsigned)unique[1]);
	TRY(abstract(&sun, text, &len));
	return bind(fd, (struct sockaddr *)&sun, len) == 0 ? ERR_OK : ERR_SYSTEM;
}

enum err
name_connect(uid_t uid, struct span name, uint32_t port, const struct endpoint *from, int *fd)
{
	struct sockaddr_un sun;
	socklen_t len;
	enum err e;
	int s;

	TRY(name_address(&sun, &len, uid, name, port));
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s == -1)
		return ERR_SYSTEM;
	e = say_from(uid, s, from);
	if (e == ERR_OK && connect(s, (struct sockaddr *)&sun, len) == -1)
		e = errno == ECONNREFUSED ? ERR_NOTFOUND : ERR_SYSTEM;
	/* Whoever else on this machine has taken the name first is not the device. */
	if (e == ERR_OK && !is_ours(uid, s))
		e = ERR_NOTFOUND;
	if (e != ERR_OK) {
		(void)give_up(s);
		return e;
	}
	*fd = s;
	return ERR_OK;
}

enum err
name_client(uid_t uid, int fd, struct endpoint *from)
{
	struct sockaddr_un sun = { .sun_family = AF_UNSPEC };
	socklen_t len = sizeof(sun);
	struct span text, word[5];
	size_t n = 0;
	uint64_t port;

	if (!is_ours(uid, fd) || getpeername(fd, (struct sockaddr *)&sun, &len) == -1 ||
	    len <= offsetof(struct sockaddr_un, sun_path) + 1 || len > sizeof(sun))
		return ERR_DENIED;
	text = span_of(sun.sun_path + 1, len - offsetof(struct sockaddr_un, sun_path) - 1);
	while (n < COUNT(word) && span_token(&text, '/', &word[n]))
		n++;
	if (n != COUNT(word) || !span_is(word[0], "dayfly-from") ||
	    address_parse(word[2], &from->address) != ERR_OK ||
	    text_number(word[3], 0, UINT16_MAX, &port) != ERR_OK)
		return ERR_DENIED;
	from->port = (uint16_t)port;
	return ERR_OK;
}
