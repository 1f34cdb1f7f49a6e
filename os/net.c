/* SPDX-License-Identifier: ISC */
#include "os/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Clients that wait at a Unix socket with a path. */
#define UNIX_BACKLOG	128

_Static_assert(NET_ABSTRACT_SIZE == sizeof(((struct sockaddr_un *)0)->sun_path), "room for any name");

socklen_t
endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *sa)
{
	struct sockaddr_in *in = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;

	memset(sa, 0, sizeof(*sa));
	if (e->address.family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(e->port);
		memcpy(&in->sin_addr, e->address.bytes, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(e->port);
	in6->sin6_scope_id = e->scope;
	memcpy(&in6->sin6_addr, e->address.bytes, 16);
	return sizeof(*in6);
}

enum err
endpoint_from_sockaddr(struct endpoint *e, const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

	*e = (struct endpoint){ .port = 0 };
	if (sa->ss_family == AF_INET) {
		e->address.family = 4;
		memcpy(e->address.bytes, &in->sin_addr, 4);
		e->port = ntohs(in->sin_port);
		return ERR_OK;
	}
	if (sa->ss_family != AF_INET6)
		return ERR_UNSUPPORTED;
	e->port = ntohs(in6->sin6_port);
	e->scope = in6->sin6_scope_id;
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		e->address.family = 4;
		memcpy(e->address.bytes, in6->sin6_addr.s6_addr + 12, 4);
	} else {
		e->address.family = 6;
		memcpy(e->address.bytes, &in6->sin6_addr, 16);
	}
	return ERR_OK;
}

enum err
net_ends(int fd, struct endpoint *local, struct endpoint *peer)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (local != NULL) {
		memset(&sa, 0, sizeof(sa));
		if (getsockname(fd, (struct sockaddr *)&sa, &len) == -1)
			return ERR_UNSUPPORTED;
		TRY(endpoint_from_sockaddr(local, &sa));
	}
	len = sizeof(sa);
	if (peer != NULL) {
		memset(&sa, 0, sizeof(sa));
		if (getpeername(fd, (struct sockaddr *)&sa, &len) == -1)
			return ERR_UNSUPPORTED;
		TRY(endpoint_from_sockaddr(peer, &sa));
	}
	return ERR_OK;
}

/* Closes fd and keeps errno. */
static enum err
give_up(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return ERR_SYSTEM;
}

/* A stream socket of the endpoint's family. */
static int
tcp_socket(const struct endpoint *e)
{
	return socket(e->address.family == 4 ? AF_INET : AF_INET6,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

enum err
net_listen(const struct endpoint *at, int backlog, int *fd)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(at, &sa);
	int on = 1;
	int s = tcp_socket(at);

	if (s == -1)
		return ERR_SYSTEM;
	(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->address.family == 6)
		(void)setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)&sa, len) == -1 || listen(s, backlog) == -1)
		return give_up(s);
	*fd = s;
	return ERR_OK;
}

/* The first one, by sd_listen_fds(3). */
#define GIVEN_FIRST	3

enum err
net_take_given(struct net_given *out)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	uint64_t whose, n = 0;
	enum err e = ERR_OK;

	*out = (struct net_given){ .n = 0 };
	if (pid == NULL || count == NULL)
		return ERR_OK;
	if (text_number(span_str(pid), 1, INT32_MAX, &whose) != ERR_OK)
		e = ERR_SYNTAX;
	else if (whose == (uint64_t)getpid())	/* else: of who started us */
		e = text_number(span_str(count), 0, COUNT(out->fds), &n);
	if (e == ERR_RANGE)
		e = ERR_LIMIT;
	for (size_t i = 0; e == ERR_OK && i < n; i++) {
		int fd = GIVEN_FIRST + (int)i;

		if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)	/* else: it is not there */
			out->fds[out->n++] = fd;
	}
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return e;
}

enum err
net_adopt(int fd, struct endpoint *at)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == -1 || listens == 0)
		return ERR_UNSUPPORTED;
	TRY(net_ends(fd, at, NULL));
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == -1 ? ERR_SYSTEM : ERR_OK;
}

enum err
net_connect(const struct endpoint *to, const struct endpoint *from, int *fd)
{
	struct sockaddr_storage sa;
	socklen_t len;
	int s = tcp_socket(to);

	if (s == -1)
		return ERR_SYSTEM;
	if (from != NULL) {
		len = endpoint_to_sockaddr(from, &sa);
		if (bind(s, (struct sockaddr *)&sa, len) == -1)
			return give_up(s);
	}
	len = endpoint_to_sockaddr(to, &sa);
	if (connect(s, (struct sockaddr *)&sa, len) == -1 && errno != EINPROGRESS)
		return give_up(s);
	*fd = s;
	return ERR_OK;
}

enum err
net_connect_result(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return ERR_SYSTEM;
	errno = error;
	return error == 0 ? ERR_OK : ERR_SYSTEM;
}

enum err
net_accept(int listen_fd, int *fd)
{
	*fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (*fd != -1)
		return ERR_OK;
	/* The last four: the client has gone already; not our trouble. */
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED ||
	    errno == EPROTO || errno == EPERM)
		return ERR_AGAIN;
	return ERR_SYSTEM;
}

void
net_no_delay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void
net_keep_alive(int fd)
{
	int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

void
net_set_dscp(int fd, unsigned dscp)
{
	int tos = (int)(dscp << 2);

	(void)setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
}

/* --- Unix sockets --- */

/* A path, or a name in the abstract namespace (unix(7)), whose NUL stands before it. */
enum unix_kind { UNIX_PATH, UNIX_ABSTRACT };

struct unix_address {
	struct sockaddr_un sun;
	socklen_t len;
};

/* Fills in a Unix address. ERR_SYSTEM if it is too long, or no path: that would be an abstract name. */
static enum err
unix_address(struct unix_address *a, enum unix_kind kind, const char *text)
{
	size_t n = strlen(text);
	bool is_none = kind == UNIX_PATH && n == 0;

	*a = (struct unix_address){ .sun.sun_family = AF_UNIX };
	if (is_none || n + 1 > sizeof(a->sun.sun_path)) {
		errno = is_none ? ENOENT : ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	memcpy(a->sun.sun_path + (kind == UNIX_ABSTRACT ? 1 : 0), text, n);
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return ERR_OK;
}

/* Connects, from an address of its own if from is not NULL. type may have SOCK_NONBLOCK in it. ERR_SYSTEM. */
static enum err
unix_connect(const struct unix_address *to, const struct unix_address *from, int type, int *fd)
{
	int s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (s == -1)
		return ERR_SYSTEM;
	if ((from != NULL && bind(s, (const struct sockaddr *)&from->sun, from->len) == -1) ||
	    connect(s, (const struct sockaddr *)&to->sun, to->len) == -1)
		return give_up(s);
	*fd = s;
	return ERR_OK;
}

/* ERR_SYSTEM. */
static enum err
unix_listen(const struct unix_address *at, int type, int backlog, int *fd)
{
	int s = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (s == -1)
		return ERR_SYSTEM;
	if (bind(s, (const struct sockaddr *)&at->sun, at->len) == -1 || listen(s, backlog) == -1)
		return give_up(s);
	*fd = s;
	return ERR_OK;
}

enum err
net_connect_unix(const char *path, int type, int *fd)
{
	struct unix_address to;

	TRY(unix_address(&to, UNIX_PATH, path));
	return unix_connect(&to, NULL, type | SOCK_NONBLOCK, fd);
}

enum err
net_connect_unix_wait(const char *path, int *fd)
{
	struct unix_address to;
	enum err e;

	TRY(unix_address(&to, UNIX_PATH, path));
	do
		e = unix_connect(&to, NULL, SOCK_STREAM, fd);
	while (e == ERR_SYSTEM && errno == EINTR);
	return e;
}

enum err
net_listen_unix(const char *path, int type, mode_t mask, int *fd)
{
	struct unix_address at;
	mode_t old;
	enum err e;

	TRY(unix_address(&at, UNIX_PATH, path));
	old = umask(mask);
	e = unix_listen(&at, type, UNIX_BACKLOG, fd);
	umask(old);
	return e;
}

enum err
net_connect_abstract(const char *name, const char *from, int *fd)
{
	struct unix_address to, own;

	TRY(unix_address(&to, UNIX_ABSTRACT, name));
	TRY(unix_address(&own, UNIX_ABSTRACT, from));
	return unix_connect(&to, &own, SOCK_STREAM | SOCK_NONBLOCK, fd);
}

enum err
net_listen_abstract(const char *name, int backlog, int *fd)
{
	struct unix_address at;

	TRY(unix_address(&at, UNIX_ABSTRACT, name));
	return unix_listen(&at, SOCK_STREAM, backlog, fd);
}

enum err
net_peer_abstract(int fd, char name[static NET_ABSTRACT_SIZE])
{
	struct sockaddr_un sun = { .sun_family = AF_UNSPEC };
	socklen_t len = sizeof(sun);
	size_t n;

	if (getpeername(fd, (struct sockaddr *)&sun, &len) == -1)
		return ERR_SYSTEM;
	if (sun.sun_family != AF_UNIX || len <= offsetof(struct sockaddr_un, sun_path) + 1 ||
	    len > sizeof(sun) || sun.sun_path[0] != '\0')
		return ERR_NOTFOUND;
	n = len - offsetof(struct sockaddr_un, sun_path) - 1;
	if (memchr(sun.sun_path + 1, '\0', n) != NULL)
		return ERR_NOTFOUND;
	memcpy(name, sun.sun_path + 1, n);
	name[n] = '\0';
	return ERR_OK;
}

enum err
net_peer_uid(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return ERR_SYSTEM;
	*uid = peer.uid;
	return ERR_OK;
}
