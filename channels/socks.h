/* SPDX-License-Identifier: ISC */
/*
 * channels/socks.h - the server's side of SOCKS 4, 4a and 5 (RFC 1928), as
 * dynamic forwarding speaks it: CONNECT without authentication.
 *
 * The caller gathers bytes and hands in all that it has; what has been used
 * need not come again. When the target is known the caller opens a channel
 * and answers with the outcome; then the bytes of the connection begin.
 */
#ifndef CHANNELS_SOCKS_H
#define CHANNELS_SOCKS_H

#include "base/err.h"
#include "base/writer.h"

#define SOCKS_HOST_MAX	255

/* Bytes that a whole request may take; give up when there are more unused. */
#define SOCKS_INPUT_MAX	1024

enum socks_state {
	SOCKS_START,		/* the version is not known */
	SOCKS_REQUEST,		/* version 5: its methods have been answered */
	SOCKS_ASKED,		/* the target is known, the answer due */
	SOCKS_DONE,		/* answered */
};

/* Starts zeroed; owns nothing. */
struct socks {
	enum socks_state state;
	uint8_t version;			/* 4 or 5 */
	char host[SOCKS_HOST_MAX + 1];		/* name or address in numbers */
	uint16_t port;
};

/* How a target was reached. */
enum socks_outcome {
	SOCKS_CONNECTED,
	SOCKS_PROHIBITED,
	SOCKS_UNREACHABLE,
	SOCKS_FAILED,
};

/*
 * Takes bytes of the client: *used says how many are dealt with, reply gets
 * what to send. ERR_OK: host and port are known. ERR_AGAIN: more bytes are
 * needed. ERR_FORMAT, ERR_UNSUPPORTED (BIND, UDP, authentication): close after
 * sending the reply. ERR_NOMEM.
 */
enum err socks_take(struct socks *s, struct span in, size_t *used,
    struct writer *reply);

/* Writes the answer to a client whose target is known; once. */
void socks_answer(struct socks *s, enum socks_outcome outcome, struct writer *reply);

#endif
