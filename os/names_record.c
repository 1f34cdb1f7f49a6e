/* SPDX-License-Identifier: ISC */
/* One question to the DNS for a record that is no address. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "os/clock.h"
#include "os/dns.h"
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

enum err
names_wait_record(const char *name, unsigned type, msec timeout, struct writer *answer)
{
	/* What comes after the time is not written: the answer then is an error. */
	struct question q = { .answer = answer, .err = ERR_TIMEOUT };
	msec end = clock_boot() + timeout;
	ares_channel channel;
	enum err e;

	TRY(dns_open(&channel, "b", NULL, 0));
	e = send_question(channel, name, type, &q);
	if (e == ERR_OK) {
		dns_wait(channel, end, &q.done);
		e = q.done ? q.err : ERR_TIMEOUT;
	}
	dns_close(channel);
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
