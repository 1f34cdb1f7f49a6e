/* SPDX-License-Identifier: ISC */
/*
 * os/net.h - sockets by address; names are os/names.h's business.
 */
#ifndef OS_NET_H
#define OS_NET_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/text.h"

/* An address with its port. */
struct endpoint {
	struct address address;
	uint16_t port;
	uint32_t scope;			/* IPv6 link-local scope id, or 0 */
};

/* Fills in a sockaddr; returns its length. */
socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *sa);

/* From a sockaddr; ERR_UNSUPPORTED if it is neither IPv4 nor IPv6. */
enum err endpoint_from_sockaddr(struct endpoint *e, const struct sockaddr_storage *sa);

/* The two ends of a connected socket. ERR_UNSUPPORTED for a pipe or Unix socket. */
enum err net_ends(int fd, struct endpoint *local, struct endpoint *peer);

/*
 * Makes a listening TCP socket, non-blocking, SO_REUSEADDR, IPV6_V6ONLY.
 * Port 0 asks for a free one: net_ends() tells. ERR_SYSTEM with errno.
 */
enum err net_listen(const struct endpoint *at, int backlog, int *fd);

/* Listening sockets that a service manager hands over. */
struct net_given {
	int fds[16];
	size_t n;
};

/*
 * Takes what LISTEN_PID and LISTEN_FDS of sd_listen_fds(3) give to this process, close-on-exec,
 * and the variables out of the environment. ERR_LIMIT if they are too many, ERR_SYNTAX.
 */
enum err net_take_given(struct net_given *out);

/* Where a socket that was given listens; makes it non-blocking. ERR_UNSUPPORTED if it is no listening TCP socket. */
enum err net_adopt(int fd, struct endpoint *at);

/*
 * Starts connecting, non-blocking, from a local address if bind is not NULL.
 * ERR_OK: writable when done, then net_connect_result(). ERR_SYSTEM.
 */
enum err net_connect(const struct endpoint *to, const struct endpoint *bind, int *fd);

/* What became of net_connect(): ERR_OK, or ERR_SYSTEM with errno. */
enum err net_connect_result(int fd);

/* Accepts one, non-blocking, close-on-exec. ERR_AGAIN if there is none; ERR_SYSTEM. */
enum err net_accept(int listen_fd, int *fd);

/* Switches Nagle's algorithm off: a key press leaves at once. Failure is harmless. */
void net_no_delay(int fd);

/* Switches TCP keep-alive probes on. Failure is harmless. */
void net_keep_alive(int fd);

/* Sets the DSCP class (0..63) of either family. Failure is harmless. */
void net_set_dscp(int fd, unsigned dscp);

/* Connects to a Unix socket, non-blocking. ERR_SYSTEM. */
enum err net_connect_unix(const char *path, int type, int *fd);

/*
 * The same for a stream socket that blocks, also now: a server that is busy
 * has a full queue for some moments, and connections that do not block are
 * refused then (EAGAIN). ERR_SYSTEM.
 */
enum err net_connect_unix_wait(const char *path, int *fd);

/*
 * Makes a listening Unix socket of type (SOCK_STREAM, SOCK_SEQPACKET) with
 * the permission bits that umask leaves of 0777. ERR_SYSTEM with errno.
 */
enum err net_listen_unix(const char *path, int type, mode_t umask, int *fd);

/* The longest name in the abstract namespace of Unix sockets (unix(7)), with a NUL. */
#define NET_ABSTRACT_SIZE	108

/* Connects to such a name, from a name of one's own, non-blocking. ERR_SYSTEM with errno. */
enum err net_connect_abstract(const char *name, const char *from, int *fd);

/* Listens under such a name. ERR_SYSTEM with errno; EADDRINUSE: somebody does. */
enum err net_listen_abstract(const char *name, int backlog, int *fd);

/* The name that the other end is bound to. ERR_NOTFOUND if it is none, ERR_SYSTEM. */
enum err net_peer_abstract(int fd, char name[static NET_ABSTRACT_SIZE]);

/* The account of the process that has connected, or that listened, at the other end of a Unix socket. ERR_SYSTEM. */
enum err net_peer_uid(int fd, uid_t *uid);

#endif
