/* SPDX-License-Identifier: ISC */
/* One question to the DNS for a record that is no address. */
#include <ares.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/names.h"

#define CLASS_IN	1
#define UDP_SIZE	1232		/* fits a frame on every path */

struct question {
	struct writer *answer;
	enum err err;
	bool done;
};

static void
on_answer(void *arg, int status, int timeouts, unsigned char *data, int len)
{
	struct question *q = arg;

	(void)timeouts;
	q->done = true;
	/* A name that is not there has an answer too, which says so. */
	if (data == NULL || len <= 0) {
		q->err = status == ARES_ENOMEM ? ERR_NOMEM : status == ARES_ETIMEOUT ? ERR_TIMEOUT :
		    ERR_NOTFOUND;
		return;
	}
	wr_raw(q->answer, span_of(data, (size_t)len));
	q->err = wr_end(q->answer);
}

/* Sends the question, with the bit that asks whether signatures were checked (RFC 6840 5.7). */
static enum err
send_question(ares_channel channel, const char *name, unsigned type, struct question *q)
{
	struct rng rng = rng_system();
	unsigned char *message;
	uint8_t id[2];
	int len;

	rng_fill(&rng, id, sizeof(id));
	if (ares_create_query(name, CLASS_IN, (int)type, (unsigned short)(id[0] << 8 | id[1]), 1,
	    &message, &len, UDP_SIZE) != ARES_SUCCESS)
		return ERR_NOTFOUND;
	message[3] |= 0x20;
	ares_send(channel, message, len, on_answer, q);
	ares_free_string(message);
	return ERR_OK;
}

/* Waits for one of the sockets, or until c-ares wants to ask again. */
static void
turn(ares_channel channel, msec end)
{
	ares_socket_t fds[ARES_GETSOCK_MAXNUM];
	struct pollfd polls[ARES_GETSOCK_MAXNUM];
	/* c-ares' own macros for these bits shift into the sign. */
	unsigned bits = (unsigned)ares_getsock(channel, fds, ARES_GETSOCK_MAXNUM);
	struct timeval left, longest;
	msec now = clock_boot(), wait = now < end ? end - now : 0;
	nfds_t n = 0;

	longest.tv_sec = (time_t)(wait / 1000);
	longest.tv_usec = (suseconds_t)(wait % 1000 * 1000);
	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		short events = (short)(((bits >> i & 1) != 0 ? POLLIN : 0) |
		    ((bits >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0 ? POLLOUT : 0));

		if (events != 0)
			polls[n++] = (struct pollfd){ .fd = fds[i], .events = events };
	}
	if (ares_timeout(channel, &longest, &left) == &left)
		longest = left;
	if (poll(polls, n, (int)(longest.tv_sec * 1000 + longest.tv_usec / 1000) + 1) <= 0)
		n = 0;
	for (nfds_t i = 0; i < n; i++)
		ares_process_fd(channel,
		    (polls[i].revents & ~POLLOUT) != 0 ? polls[i].fd : ARES_SOCKET_BAD,
		    (polls[i].revents & POLLOUT) != 0 ? polls[i].fd : ARES_SOCKET_BAD);
	if (n == 0)
		ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

enum err
names_wait_record(const char *name, unsigned type, msec timeout, struct writer *answer)
{
	/* What comes after the end of this function is not written into it: ares_destroy() first. */
	struct question q = { .answer = answer, .err = ERR_TIMEOUT };
	struct ares_options options = { 0 };
	char lookups[] = "b";
	msec end = clock_boot() + timeout;
	ares_channel channel;
	enum err e;

	options.lookups = lookups;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return ERR_NOMEM;
	if (ares_init_options(&channel, &options, ARES_OPT_LOOKUPS) != ARES_SUCCESS) {
		ares_library_cleanup();
		return ERR_NOMEM;
	}
	e = send_question(channel, name, type, &q);
	while (e == ERR_OK && !q.done && clock_boot() < end)
		turn(channel, end);
	if (e == ERR_OK)
		e = q.done ? q.err : ERR_TIMEOUT;
	ares_destroy(channel);
	ares_library_cleanup();
	return e;
}

/* Whether the words of an options line have trust-ad. */
static bool
has_trust_ad(struct span words)
{
	struct span word;

	while (words.len > 0 && span_token(&words, ' ', &word))
		if (span_is(word, "trust-ad"))
			return true;
	return false;
}

bool
names_trusts_ad(void)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_LINE);
	const char *more = getenv("RES_OPTIONS");
	struct span rest, line;

	if (more != NULL && has_trust_ad(span_str(more)))
		return true;
	if (file_read("/etc/resolv.conf", &text, NULL) != ERR_OK)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] == '\t')
			text.p[i] = ' ';
	rest = writer_span(&text);
	while (rest.len > 0 && span_token(&rest, '\n', &line))
		if (span_starts(line, SPAN_LIT("options ")) && has_trust_ad(line))
			return true;
	return false;
}
