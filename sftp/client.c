/* SPDX-License-Identifier: ISC */
#include "sftp/client_i.h"

#include <stdlib.h>
#include <string.h>

/* What every server takes, whatever it says (draft 6.4 and 3). */
#define SAFE_PACKET	34000
#define SAFE_DATA	32768

enum err
sftp_client_new(struct sftp_client **out, const struct sftp_transport *transport)
{
	struct sftp_client *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return ERR_NOMEM;
	c->transport = *transport;
	c->out = writer_init(CLIENT_OUT_ENOUGH + 2 * (SFTP_MAX_PACKET + 4) + 3 * SFTP_CLIENT_PATH);
	c->in = malloc(CLIENT_IN_SIZE);
	c->questions = calloc(SFTP_CLIENT_QUESTIONS, sizeof(*c->questions));
	c->limits = (struct sftp_limits){ SAFE_PACKET, SAFE_DATA, SAFE_DATA, 0 };
	if (c->in == NULL || c->questions == NULL) {
		sftp_client_free(c);
		return ERR_NOMEM;
	}
	*out = c;
	return ERR_OK;
}

void
sftp_client_free(struct sftp_client *c)
{
	if (c == NULL)
		return;
	writer_free(&c->out);
	free(c->in);
	free(c->questions);
	free(c);
}

uint32_t
sftp_client_version(const struct sftp_client *c)
{
	return c->version;
}

bool
sftp_client_has(const struct sftp_client *c, enum sftp_op op)
{
	return (c->extensions >> op & 1) != 0;
}

const struct sftp_limits *
sftp_client_limits(const struct sftp_client *c)
{
	return &c->limits;
}

uint32_t
sftp_client_status(const struct sftp_client *c)
{
	return c->status;
}

uint32_t
sftp_client_length(const struct sftp_client *c)
{
	return c->length;
}

unsigned
sftp_client_waiting(const struct sftp_client *c)
{
	return c->n_questions;
}

enum err
sftp_client_dead(const struct sftp_client *c)
{
	return c->dead;
}

const char *
sftp_client_refusal(const struct sftp_client *c)
{
	switch (c->status) {
	case SFTP_NO_SUCH_FILE:
		return "No such file or directory";
	case SFTP_PERMISSION_DENIED:
	case SFTP_FAILURE:
	case SFTP_EOF:
	case SFTP_BAD_MESSAGE:
	case SFTP_NO_CONNECTION:
	case SFTP_CONNECTION_LOST:
	case SFTP_OP_UNSUPPORTED:
		return sftp_status_text(c->status);
	default:
		return "Unknown status";
	}
}

uint64_t
sftp_client_least_tag(const struct sftp_client *c)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < SFTP_CLIENT_QUESTIONS; i++)
		if (c->questions[i].is_asked && c->questions[i].tag[0] < least)
			least = c->questions[i].tag[0];
	return least;
}

/* --- bytes --- */

/* Remembers what ended the connection: nothing goes on after it. */
static enum err
dies(struct sftp_client *c, enum err e)
{
	if (e != ERR_OK && c->dead == ERR_OK)
		c->dead = e;
	return e;
}

static size_t
unsent(const struct sftp_client *c)
{
	return c->out.len - c->out_sent;
}

enum err
sftp_client_end(struct sftp_client *c, enum err e)
{
	return dies(c, e);
}

/* Where the next bytes go: behind those that are there. */
static struct room
in_room(struct sftp_client *c)
{
	if (c->in_from == c->in_to)
		c->in_from = c->in_to = 0;
	if (CLIENT_IN_SIZE - c->in_from < SFTP_MAX_PACKET + 4) {
		memmove(c->in, c->in + c->in_from, c->in_to - c->in_from);
		c->in_to -= c->in_from;
		c->in_from = 0;
	}
	return (struct room){ c->in + c->in_to, CLIENT_IN_SIZE - c->in_to };
}

static enum err
move(struct sftp_client *c, bool wait)
{
	struct room room = in_room(c);
	size_t sent = 0, received = 0;
	enum err e;

	TRY(c->dead);
	TRY(dies(c, wr_end(&c->out)));
	e = c->transport.move(c->transport.arg, wait, span_skip(writer_span(&c->out), c->out_sent), &sent,
	    room, &received);
	must(sent <= unsent(c) && received <= room.len);
	c->out_sent += sent;
	c->in_to += received;
	if (c->out_sent == c->out.len) {
		writer_truncate(&c->out, 0);
		c->out_sent = 0;
	} else if (c->out_sent >= CLIENT_OUT_ENOUGH / 2) {
		writer_consume(&c->out, c->out_sent);
		c->out_sent = 0;
	}
	return dies(c, e);
}

/* The next packet, if it is whole. ERR_AGAIN. */
static enum err
next_packet(struct sftp_client *c, struct span *payload)
{
	struct span in = span_of(c->in + c->in_from, c->in_to - c->in_from);
	struct reader r = rd_init(in);
	enum err e = sftp_frame(in, SFTP_MAX_PACKET, payload);

	if (e == ERR_OK)
		c->in_from += payload->len + 4;
	if (e == ERR_LIMIT)
		c->length = rd_u32(&r);
	return e == ERR_AGAIN ? e : dies(c, e);
}

static enum err
wait_packet(struct sftp_client *c, enum sftp_wait wait, struct span *payload)
{
	enum err e;

	TRY(c->dead);
	if (wait == SFTP_WAIT_NOT)
		TRY(move(c, false));
	while ((e = next_packet(c, payload)) == ERR_AGAIN && wait != SFTP_WAIT_NOT) {
		TRY(move(c, true));
		if (wait == SFTP_WAIT_ROOM && sftp_client_has_room(c))
			wait = SFTP_WAIT_NOT;
	}
	return e;
}

/* --- questions and answers --- */

bool
sftp_client_has_room(const struct sftp_client *c)
{
	return unsent(c) < CLIENT_OUT_ENOUGH && c->n_questions < SFTP_CLIENT_QUESTIONS &&
	    !c->questions[c->next_id % SFTP_CLIENT_QUESTIONS].is_asked;
}

/* Takes the next id. */
static uint32_t
ask(struct sftp_client *c, uint64_t tag0, uint64_t tag1)
{
	struct client_question *q = &c->questions[c->next_id % SFTP_CLIENT_QUESTIONS];

	*q = (struct client_question){ true, c->next_id, { tag0, tag1 } };
	c->n_questions++;
	return c->next_id++;
}

enum err
sftp_send(struct sftp_client *c, struct sftp_request *q, uint64_t tag0, uint64_t tag1)
{
	TRY(c->dead);
	if (!sftp_client_has_room(c))
		return ERR_NOTNOW;
	q->id = ask(c, tag0, tag1);
	sftp_request_put(&c->out, q);
	return dies(c, wr_end(&c->out));
}

enum err
sftp_send_write(struct sftp_client *c, const struct sftp_handle *h, uint64_t offset, size_t len,
    struct room *room)
{
	TRY(c->dead);
	if (!sftp_client_has_room(c))
		return ERR_NOTNOW;
	must(len <= SFTP_MAX_DATA);
	c->write_mark = wr_open(&c->out);
	wr_u8(&c->out, SFTP_WRITE);
	wr_u32(&c->out, c->next_id);
	wr_bytes(&c->out, sftp_handle_span(h));
	wr_u64(&c->out, offset);
	c->write_offset = offset;
	c->write_data = wr_open(&c->out);
	*room = wr_reserve(&c->out, len);
	return dies(c, wr_end(&c->out));
}

void
sftp_send_written(struct sftp_client *c, size_t n)
{
	if (n == 0) {
		writer_truncate(&c->out, c->write_mark);
		return;
	}
	wr_commit(&c->out, n);
	wr_close(&c->out, c->write_data);
	wr_close(&c->out, c->write_mark);
	(void)ask(c, c->write_offset, n);
}

enum err
sftp_receive(struct sftp_client *c, enum sftp_wait wait, struct sftp_answer *a)
{
	struct client_question *q;
	struct span payload;

	TRY(wait_packet(c, wait, &payload));
	TRY(dies(c, sftp_reply_get(payload, &a->reply)));
	q = &c->questions[a->reply.id % SFTP_CLIENT_QUESTIONS];
	/* Nobody asked this: a server that goes on so would fill whatever waits for sense. */
	if (a->reply.type == SFTP_VERSION_IS || !q->is_asked || q->id != a->reply.id)
		return dies(c, ERR_SEQUENCE);
	memcpy(a->tag, q->tag, sizeof(a->tag));
	q->is_asked = false;
	c->n_questions--;
	if (a->reply.type == SFTP_STATUS && a->reply.code != SFTP_OK)
		c->status = a->reply.code;
	return ERR_OK;
}

/* The answer that belongs to op, beside a STATUS that says no. */
static uint8_t
answer_to(enum sftp_op op)
{
	switch (op) {
	case SFTP_OP_OPEN:
	case SFTP_OP_OPENDIR:
		return SFTP_HANDLE;
	case SFTP_OP_READ:
		return SFTP_DATA;
	case SFTP_OP_STAT:
	case SFTP_OP_LSTAT:
	case SFTP_OP_FSTAT:
		return SFTP_ATTRS;
	case SFTP_OP_READDIR:
	case SFTP_OP_REALPATH:
	case SFTP_OP_READLINK:
	case SFTP_OP_EXPAND_PATH:
	case SFTP_OP_HOME_DIRECTORY:
		return SFTP_NAME;
	case SFTP_OP_STATVFS:
	case SFTP_OP_FSTATVFS:
	case SFTP_OP_LIMITS:
	case SFTP_OP_USERS_GROUPS:
		return SFTP_EXTENDED_REPLY;
	default:
		return SFTP_STATUS;
	}
}

enum err
sftp_ask(struct sftp_client *c, const struct sftp_request *q, struct sftp_reply *a)
{
	struct sftp_request copy = *q;
	struct sftp_answer answer;

	must(c->n_questions == 0 || c->dead != ERR_OK);
	/* What was sent without waiting may still be on its way out. */
	while (c->dead == ERR_OK && !sftp_client_has_room(c))
		TRY(move(c, true));
	TRY(sftp_send(c, &copy, 0, 0));
	TRY(sftp_receive(c, SFTP_WAIT_ANSWER, &answer));
	*a = answer.reply;
	if (a->type == answer_to(q->op))
		return a->type != SFTP_STATUS || a->code == SFTP_OK ? ERR_OK : ERR_DENIED;
	/* That all is well is no answer to a question for something. */
	if (a->type == SFTP_STATUS && a->code != SFTP_OK)
		return ERR_DENIED;
	return dies(c, ERR_FORMAT);
}

/* --- hello --- */

/* Takes limits that make sense; 0 means that there is none. */
static void
take_limits(struct sftp_client *c, const struct sftp_limits *l)
{
	uint64_t most = SFTP_MAX_DATA;

	if (l->packet > 1024 && l->packet - 1024 < most)
		most = l->packet - 1024;
	c->limits.packet = l->packet;
	c->limits.handles = l->handles;
	c->limits.read = l->read == 0 || l->read > most ? most : l->read;
	c->limits.write = l->write == 0 || l->write > most ? most : l->write;
}

enum err
sftp_client_start(struct sftp_client *c)
{
	struct sftp_request q = { .op = SFTP_OP_INIT, .version = SFTP_VERSION };
	struct sftp_limits limits;
	struct sftp_reply a;
	struct span payload;
	enum err e;

	sftp_request_put(&c->out, &q);
	TRY(wait_packet(c, SFTP_WAIT_ANSWER, &payload));
	TRY(dies(c, sftp_reply_get(payload, &a)));
	if (a.type != SFTP_VERSION_IS)
		return dies(c, ERR_SEQUENCE);
	c->version = a.version;
	c->extensions = a.extensions;
	if (c->version < SFTP_VERSION)
		return dies(c, ERR_UNSUPPORTED);
	if (!sftp_client_has(c, SFTP_OP_LIMITS))
		return ERR_OK;
	e = sftp_ask(c, &(struct sftp_request){ .op = SFTP_OP_LIMITS }, &a);
	if (e == ERR_OK)
		e = dies(c, sftp_limits_get(a.data, &limits));
	if (e == ERR_OK)
		take_limits(c, &limits);
	return e == ERR_DENIED ? ERR_OK : e;
}
