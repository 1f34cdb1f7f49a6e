/* SPDX-License-Identifier: ISC */
#include "os/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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

/* Fills in a Unix address. ERR_SYSTEM if the path is too long. */
static enum err
unix_address(struct sockaddr_un *sun, const char *path)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sun->sun_path)) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return ERR_OK;
}

enum err
net_connect_unix(const char *path, int type, int *fd)
{
	struct sockaddr_un sun;
	int s;

	TRY(unix_address(&sun, path));
	s = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s == -1)
		return ERR_SYSTEM;
	if (connect(s, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		return give_up(s);
	*fd = s;
	return ERR_OK;
}

enum err
net_listen_unix(const char *path, int type, mode_t mask, int *fd)
{
	struct sockaddr_un sun;
	mode_t old;
	int s, bound;

	TRY(unix_address(&sun, path));
	s = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s == -1)
		return ERR_SYSTEM;
	old = umask(mask);
	bound = bind(s, (struct sockaddr *)&sun, sizeof(sun));
	umask(old);
	if (bound == -1 || listen(s, 64) == -1)
		return give_up(s);
	*fd = s;
	return ERR_OK;
}
