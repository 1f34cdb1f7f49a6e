/* SPDX-License-Identifier: ISC */
#include "os/dns.h"

#include <poll.h>
#include <stdio.h>
#include <sys/time.h>

#include "os/clock.h"

enum err
dns_open(ares_channel *out, const char *lookups, const struct ares_options *more, int mask)
{
	struct ares_options options = { 0 };
	char order[4];

	if (more != NULL)
		options = *more;
	snprintf(order, sizeof(order), "%s", lookups);
	options.lookups = order;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return ERR_NOMEM;
	if (ares_init_options(out, &options, mask | ARES_OPT_LOOKUPS) != ARES_SUCCESS) {
		ares_library_cleanup();
		return ERR_NOMEM;
	}
	return ERR_OK;
}

/* Waits for one of the sockets, or until c-ares wants to ask again, and lets it work. */
static void
turn(ares_channel channel, msec until)
{
	ares_socket_t fds[ARES_GETSOCK_MAXNUM];
	struct pollfd polls[ARES_GETSOCK_MAXNUM];
	/* c-ares' own macros for these bits shift into the sign. */
	unsigned bits = (unsigned)ares_getsock(channel, fds, ARES_GETSOCK_MAXNUM);
	msec now = clock_boot(), wait = now < until ? until - now : 0;
	struct timeval most = { (time_t)(wait / 1000), (suseconds_t)(wait % 1000 * 1000) };
	struct timeval tv, *left = ares_timeout(channel, &most, &tv);
	nfds_t n = 0;

	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		short events = (short)(((bits >> i & 1) != 0 ? POLLIN : 0) |
		    ((bits >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0 ? POLLOUT : 0));

		if (events != 0)
			polls[n++] = (struct pollfd){ .fd = fds[i], .events = events };
	}
	if (poll(polls, n, (int)(left->tv_sec * 1000 + left->tv_usec / 1000) + 1) <= 0)
		n = 0;
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);	/* what is too late */
	for (nfds_t i = 0; i < n; i++) {
		if (polls[i].revents != 0)
			ares_process_fd(channel,
			    (polls[i].revents & ~POLLOUT) != 0 ? polls[i].fd : ARES_SOCKET_BAD,
			    (polls[i].revents & POLLOUT) != 0 ? polls[i].fd : ARES_SOCKET_BAD);
	}
}

void
dns_wait(ares_channel channel, msec until, const bool *done)
{
	while (!*done && clock_boot() < until)
		turn(channel, until);
}

void
dns_close(ares_channel channel)
{
	ares_destroy(channel);
	ares_library_cleanup();
}
