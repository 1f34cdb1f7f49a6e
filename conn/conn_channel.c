/* SPDX-License-Identifier: ISC */
/* The program's calls that are the connection layer's business. */
#include "conn/conn_i.h"

enum err
conn_channel_open(struct conn *c, const char *type, struct span body, struct channel_id *id)
{
	if (!conn_is_open(c))
		return ERR_NOTNOW;
	return channels_open(c->channels, type, body, id);
}

void
conn_answer_channel(struct conn *c, struct channel_id id, struct span body)
{
	channels_accept(c->channels, id, body);
}

void
conn_refuse_channel(struct conn *c, struct channel_id id, uint32_t code, const char *text)
{
	channels_refuse(c->channels, id, code, text);
}

struct room
conn_channel_room(struct conn *c, struct channel_id id, enum stream stream)
{
	return channels_room(c->channels, id, stream);
}

void
conn_channel_send(struct conn *c, struct channel_id id, enum stream stream, size_t n)
{
	channels_send(c->channels, id, stream, n);
}

void
conn_channel_consumed(struct conn *c, struct channel_id id, size_t n)
{
	channels_consumed(c->channels, id, n);
}

void
conn_channel_stop(struct conn *c, struct channel_id id)
{
	channels_stop(c->channels, id);
}

void
conn_channel_eof(struct conn *c, struct channel_id id)
{
	channels_eof(c->channels, id);
}

void
conn_channel_close(struct conn *c, struct channel_id id)
{
	channels_close(c->channels, id);
}

void
conn_channel_request(struct conn *c, struct channel_id id, const char *request,
    bool want_reply, struct span body)
{
	channels_request(c->channels, id, request, want_reply, body);
}

void
conn_answer_channel_request(struct conn *c, struct channel_id id, uint32_t request_id, bool ok)
{
	channels_answer_request(c->channels, id, request_id, ok);
}

void
conn_global_request(struct conn *c, const char *request, bool want_reply, struct span body)
{
	if (conn_is_open(c))
		channels_global_request(c->channels, request, want_reply, body);
}

void
conn_answer_global_request(struct conn *c, uint32_t request_id, bool ok, struct span body)
{
	channels_answer_global(c->channels, request_id, ok, body);
}

void
conn_channel_set_tag(struct conn *c, struct channel_id id, void *tag)
{
	channels_set_tag(c->channels, id, tag);
}

void *
conn_channel_tag(const struct conn *c, struct channel_id id)
{
	return channels_tag(c->channels, id);
}

size_t
conn_channel_count(const struct conn *c)
{
	return channels_count(c->channels);
}
