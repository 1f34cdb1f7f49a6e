/* SPDX-License-Identifier: ISC */
#include "channels/socks.h"

#include <string.h>

#include "base/reader.h"
#include "base/text.h"

#define CMD_CONNECT	1

/* Version 4 answers. */
#define V4_GRANTED	90
#define V4_REJECTED	91

/* Version 5 (RFC 1928): methods, address types, replies. */
#define V5_NO_AUTH	0
#define V5_NO_METHOD	0xff
#define V5_IPV4		1
#define V5_NAME		3
#define V5_IPV6		4
#define V5_OK		0
#define V5_FAILURE	1
#define V5_NOT_ALLOWED	2
#define V5_UNREACHABLE	4
#define V5_NO_COMMAND	7
#define V5_NO_ADDRESS	8

static uint16_t
rd_port(struct reader *r)
{
	uint8_t high = rd_u8(r);

	return (uint16_t)(high << 8 | rd_u8(r));
}

/* Keeps a host name; it must not be empty or hold what no name has. */
static enum err
set_name(struct socks *s, struct span name)
{
	if (name.len == 0 || name.len > SOCKS_HOST_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f)
			return ERR_FORMAT;
	memcpy(s->host, name.p, name.len);
	s->host[name.len] = '\0';
	return ERR_OK;
}

/* Keeps an address of 4 or 16 bytes. */
static enum err
set_address(struct socks *s, struct span bytes)
{
	struct address a = { .family = bytes.len == 4 ? 4 : 6 };

	memcpy(a.bytes, bytes.p, bytes.len);
	(void)address_print(&a, s->host, sizeof(s->host));
	return ERR_OK;
}

/* ERR_SHORT means here: more has to come. */
static enum err
more(const struct reader *r)
{
	return r->err == ERR_SHORT ? ERR_AGAIN : r->err;
}

/* --- version 4 and 4a --- */

/* Reads up to the next NUL, which is taken and not given. */
static struct span
rd_string(struct reader *r)
{
	size_t n = span_find(r->rest, 0);
	struct span s = rd_raw(r, n);

	(void)rd_u8(r);
	return s;
}

/* 0.0.0.x with x not 0 says that a name follows. */
static bool
is_4a(struct span ip)
{
	return ip.p[0] == 0 && ip.p[1] == 0 && ip.p[2] == 0 && ip.p[3] != 0;
}

static void
v4_answer(struct writer *reply, uint8_t code)
{
	wr_u8(reply, 0);
	wr_u8(reply, code);
	for (unsigned i = 0; i < 6; i++)
		wr_u8(reply, 0);	/* port and address: of no use */
}

static enum err
v4_set_host(struct socks *s, struct span ip, struct span name)
{
	return is_4a(ip) ? set_name(s, name) : set_address(s, ip);
}

static enum err
v4_take(struct socks *s, struct reader *r, struct writer *reply)
{
	uint8_t command = rd_u8(r);
	uint16_t port = rd_port(r);
	struct span ip = rd_raw(r, 4);
	struct span name = SPAN_EMPTY;
	enum err e;

	(void)rd_string(r);		/* user: nobody checks it */
	if (r->err == ERR_OK && is_4a(ip))
		name = rd_string(r);
	if (r->err != ERR_OK)
		return more(r);
	e = command == CMD_CONNECT ? v4_set_host(s, ip, name) : ERR_UNSUPPORTED;
	if (e != ERR_OK) {
		v4_answer(reply, V4_REJECTED);
		return e;
	}
	s->port = port;
	s->state = SOCKS_ASKED;
	return ERR_OK;
}

/* --- version 5 --- */

/* Reads the methods that the client offers, and answers with ours. */
static enum err
v5_greet(struct socks *s, struct reader *r, struct writer *reply)
{
	uint8_t n = rd_u8(r);
	struct span methods = rd_raw(r, n);
	bool ok;

	if (r->err != ERR_OK)
		return more(r);
	ok = span_find(methods, V5_NO_AUTH) < methods.len;
	wr_u8(reply, 5);
	wr_u8(reply, ok ? V5_NO_AUTH : V5_NO_METHOD);
	if (!ok)
		return ERR_UNSUPPORTED;
	s->state = SOCKS_REQUEST;
	return ERR_OK;
}

static void
v5_answer(struct writer *reply, uint8_t code)
{
	wr_u8(reply, 5);
	wr_u8(reply, code);
	wr_u8(reply, 0);
	wr_u8(reply, V5_IPV4);
	for (unsigned i = 0; i < 6; i++)
		wr_u8(reply, 0);	/* bound address and port: of no use */
}

/* Reads an address of a type and keeps it. */
static enum err
v5_address(struct socks *s, struct reader *r, uint8_t type)
{
	struct span bytes;

	switch (type) {
	case V5_IPV4:
		bytes = rd_raw(r, 4);
		break;
	case V5_IPV6:
		bytes = rd_raw(r, 16);
		break;
	case V5_NAME:
		bytes = rd_raw(r, rd_u8(r));
		break;
	default:
		return ERR_UNSUPPORTED;
	}
	if (r->err != ERR_OK)
		return more(r);
	return type == V5_NAME ? set_name(s, bytes) : set_address(s, bytes);
}

static enum err
v5_take(struct socks *s, struct reader *r, struct writer *reply)
{
	uint8_t version = rd_u8(r);
	uint8_t command = rd_u8(r);
	uint8_t type;
	uint16_t port;
	enum err e;

	(void)rd_u8(r);			/* reserved */
	type = rd_u8(r);
	if (r->err != ERR_OK)
		return more(r);
	if (version != 5)
		return ERR_FORMAT;
	e = v5_address(s, r, type);
	port = rd_port(r);
	if (e == ERR_OK && r->err != ERR_OK)
		e = more(r);
	if (e == ERR_OK && command != CMD_CONNECT) {
		v5_answer(reply, V5_NO_COMMAND);
		return ERR_UNSUPPORTED;
	}
	if (e != ERR_OK && e != ERR_AGAIN)
		v5_answer(reply, V5_NO_ADDRESS);
	if (e != ERR_OK)
		return e;
	s->port = port;
	s->state = SOCKS_ASKED;
	return ERR_OK;
}

/* --- both --- */

/* Takes the first message: what comes decides on the version. */
static enum err
take_start(struct socks *s, struct reader *r, struct writer *reply)
{
	s->version = rd_u8(r);
	if (r->err != ERR_OK)
		return ERR_AGAIN;
	if (s->version == 4)
		return v4_take(s, r, reply);
	if (s->version == 5)
		return v5_greet(s, r, reply);
	return ERR_FORMAT;
}

enum err
socks_take(struct socks *s, struct span in, size_t *used, struct writer *reply)
{
	enum err e = ERR_OK;

	*used = 0;
	while (e == ERR_OK && s->state < SOCKS_ASKED) {
		struct reader r = rd_init(span_skip(in, *used));

		e = s->state == SOCKS_START ? take_start(s, &r, reply) : v5_take(s, &r, reply);
		if (e == ERR_OK)
			*used = in.len - r.rest.len;
	}
	if (e == ERR_AGAIN && in.len - *used >= SOCKS_INPUT_MAX)
		e = ERR_FORMAT;		/* no request is so long */
	return wr_end(reply) != ERR_OK ? wr_end(reply) : e;
}

void
socks_answer(struct socks *s, enum socks_outcome outcome, struct writer *reply)
{
	static const uint8_t v5_codes[] = {
		[SOCKS_CONNECTED] = V5_OK,
		[SOCKS_PROHIBITED] = V5_NOT_ALLOWED,
		[SOCKS_UNREACHABLE] = V5_UNREACHABLE,
		[SOCKS_FAILED] = V5_FAILURE,
	};

	must(s->state == SOCKS_ASKED);
	s->state = SOCKS_DONE;
	if (s->version == 4)
		v4_answer(reply, outcome == SOCKS_CONNECTED ? V4_GRANTED : V4_REJECTED);
	else
		v5_answer(reply, v5_codes[outcome]);
}
