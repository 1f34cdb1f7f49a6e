/* SPDX-License-Identifier: ISC */
#include "os/tun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A packet with what stands before it. */
#define PACKET_MAX	(64 * 1024 + 4)

/* Packets that are moved before others have their turn. */
#define PACKETS_A_TURN	64

/* Address families as they travel. */
#define FAMILY_IP4	2
#define FAMILY_IP6	24

struct tun {
	int device;
	int socket;			/* SOCK_SEQPACKET: a frame a message, both ways */
	enum tun_mode mode;
	struct watch *device_watch, *socket_watch;
	void (*done)(void *arg);
	void *arg;
	bool is_done;
	size_t pending;			/* bytes of out that the socket has not taken yet */
	uint8_t out[PACKET_MAX];
	uint8_t in[PACKET_MAX];
};

static void
put32(uint8_t *at, uint32_t n)
{
	n = htonl(n);
	memcpy(at, &n, sizeof(n));
}

static uint32_t
get32(const uint8_t *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return ntohl(n);
}

/* --- the device --- */

/* Sets the interface up; where that is not allowed, somebody else does it. */
static void
set_up(const char *name)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) == 0 && !(ifr.ifr_flags & IFF_UP)) {
		ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP);
		(void)!ioctl(fd, SIOCSIFFLAGS, &ifr);
	}
	close(fd);
}

enum err
tun_open(enum tun_mode mode, uint32_t unit, int *fd, char name[static TUN_NAME_SIZE])
{
	struct ifreq ifr = { .ifr_flags = mode == TUN_MODE_ETHERNET ? IFF_TAP | IFF_NO_PI : IFF_TUN };
	const char *kind = mode == TUN_MODE_ETHERNET ? "tap" : "tun";
	int saved;

	if (unit == TUN_UNIT_ANY)
		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s%%d", kind);
	else if (snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s%u", kind, (unsigned)unit) >=
	    (int)sizeof(ifr.ifr_name)) {
		errno = EINVAL;
		return ERR_SYSTEM;
	}
	*fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (*fd == -1)
		return ERR_SYSTEM;
	if (ioctl(*fd, TUNSETIFF, &ifr) == -1) {
		saved = errno;
		close(*fd);
		errno = saved;
		return ERR_SYSTEM;
	}
	snprintf(name, TUN_NAME_SIZE, "%s", ifr.ifr_name);
	set_up(name);
	return ERR_OK;
}

/* --- moving packets --- */

/* What update() tells in the end: who is told may free the tunnel. */
static void
finish(struct tun *t)
{
	t->is_done = true;
}

/*
 * Reads a packet and makes a frame of it; how long it is. The kernel's own
 * head (flags, protocol) is as long as the address family that takes its
 * place. 0: nothing to send.
 */
static size_t
read_packet(struct tun *t, bool *more)
{
	ssize_t n = read(t->device, t->out, sizeof(t->out));
	uint16_t protocol;

	*more = n > 0 || (n == -1 && errno == EINTR);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
		finish(t);
	if (n <= 0)
		return 0;
	if (t->mode == TUN_MODE_IP) {
		if (n <= 4)
			return 0;
		protocol = (uint16_t)(t->out[2] << 8 | t->out[3]);
		if (protocol != ETH_P_IP && protocol != ETH_P_IPV6)
			return 0;
		put32(t->out, protocol == ETH_P_IP ? FAMILY_IP4 : FAMILY_IP6);
	}
	return (size_t)n;
}

/* Sends the frame in out; false: the socket takes no more now. */
static bool
send_frame(struct tun *t)
{
	ssize_t n = send(t->socket, t->out, t->pending, MSG_NOSIGNAL);

	if (n == -1 && errno == EAGAIN)
		return false;
	t->pending = 0;
	if (n == -1 && errno != EINTR && errno != EMSGSIZE)
		finish(t);
	return true;
}

/* After all that was done for one event; t may be gone afterwards. */
static void
update(struct tun *t)
{
	watch_set(t->device_watch, t->is_done || t->pending > 0 ? 0 : LOOP_READ);
	watch_set(t->socket_watch, t->is_done ? 0 : LOOP_READ | (t->pending > 0 ? LOOP_WRITE : 0));
	if (t->is_done)
		t->done(t->arg);
}

static void
device_ready(void *arg, unsigned events)
{
	struct tun *t = arg;
	bool more = true;

	(void)events;
	for (int i = 0; i < PACKETS_A_TURN && more && t->pending == 0 && !t->is_done; i++) {
		t->pending = read_packet(t, &more);
		if (t->pending > 0 && !send_frame(t))
			break;
	}
	update(t);
}

/* Writes a packet to the device; one that it does not want is lost, as on any network. */
static void
write_packet(struct tun *t, uint8_t *body, size_t len)
{
	if (t->mode == TUN_MODE_IP) {
		uint32_t family = len < 4 ? 0 : get32(body);

		if (family != FAMILY_IP4 && family != FAMILY_IP6)
			return;
		put32(body, family == FAMILY_IP4 ? ETH_P_IP : ETH_P_IPV6);
	}
	(void)!write(t->device, body, len);
}

static void
socket_ready(void *arg, unsigned events)
{
	struct tun *t = arg;

	if ((events & LOOP_WRITE) && t->pending > 0)
		(void)send_frame(t);
	for (int i = 0; i < PACKETS_A_TURN && !t->is_done; i++) {
		ssize_t n = recv(t->socket, t->in, sizeof(t->in), MSG_TRUNC);

		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0)
			finish(t);
		else if ((size_t)n <= sizeof(t->in))	/* else no packet is so long */
			write_packet(t, t->in, (size_t)n);
	}
	update(t);
}

enum err
tun_new(struct tun **out, struct loop *loop, int device, enum tun_mode mode,
    int *socket, void (*done)(void *arg), void *arg)
{
	struct tun *t = calloc(1, sizeof(*t));
	int pair[2];
	enum err e;

	if (t == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == -1) {
		e = t == NULL ? ERR_NOMEM : ERR_SYSTEM;
		free(t);
		close(device);
		return e;
	}
	*t = (struct tun){ .device = device, .socket = pair[0], .mode = mode, .done = done, .arg = arg };
	e = loop_watch(loop, &t->device_watch, device, LOOP_READ, device_ready, t);
	if (e == ERR_OK)
		e = loop_watch(loop, &t->socket_watch, t->socket, LOOP_READ, socket_ready, t);
	if (e != ERR_OK) {
		close(pair[1]);
		tun_free(t);
		return e;
	}
	*socket = pair[1];
	*out = t;
	return ERR_OK;
}

void
tun_free(struct tun *t)
{
	if (t == NULL)
		return;
	watch_free(t->device_watch);
	watch_free(t->socket_watch);
	close(t->device);
	close(t->socket);
	free(t);
}
