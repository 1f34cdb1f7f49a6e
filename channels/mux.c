/* SPDX-License-Identifier: ISC */
#include "channels/mux.h"

#include "base/limits.h"

enum err
mux_packet(struct span in, enum mux_type *type, struct span *body, size_t *used)
{
	struct reader r = rd_init(in);
	uint32_t len = rd_u32(&r);

	*used = 0;
	if (r.err != ERR_OK)
		return ERR_AGAIN;
	if (len > LIMIT_PACKET)
		return ERR_LIMIT;
	if (len < 4)
		return ERR_SHORT;
	if (r.rest.len < len)
		return ERR_AGAIN;
	*type = rd_u32(&r);
	*body = rd_raw(&r, len - 4);
	*used = 4 + (size_t)len;
	return ERR_OK;
}

/* A list of whole strings, which is given as it stands. */
static struct span
rd_strings(struct reader *r, unsigned step)
{
	struct span all = r->rest;
	unsigned n = 0;

	while (r->err == ERR_OK && r->rest.len > 0) {
		(void)rd_text(r);
		n++;
	}
	if (n % step != 0)
		rd_fail(r, ERR_SHORT);
	return r->err == ERR_OK ? all : SPAN_EMPTY;
}

enum err
mux_hello_get(struct span body, struct mux_hello *m)
{
	struct reader r = rd_init(body);

	m->version = rd_u32(&r);
	if (r.err == ERR_OK && m->version != MUX_VERSION)
		return ERR_UNSUPPORTED;
	m->extensions = rd_strings(&r, 2);
	return rd_end(&r);
}

void
mux_hello_put(struct writer *w, const struct mux_hello *m)
{
	wr_u32(w, MUX_HELLO);
	wr_u32(w, m->version);
	wr_raw(w, m->extensions);
}

enum err
mux_new_session_get(struct span body, struct mux_new_session *m)
{
	struct reader r = rd_init(body);

	m->request = rd_u32(&r);
	m->reserved = rd_bytes(&r);
	m->want_tty = rd_u32(&r) != 0;
	m->want_x11 = rd_u32(&r) != 0;
	m->want_agent = rd_u32(&r) != 0;
	m->is_subsystem = rd_u32(&r) != 0;
	m->escape = rd_u32(&r);
	m->term = rd_text(&r);
	m->command = rd_text(&r);
	m->env = rd_strings(&r, 1);
	return rd_end(&r);
}

void
mux_new_session_put(struct writer *w, const struct mux_new_session *m)
{
	wr_u32(w, MUX_NEW_SESSION);
	wr_u32(w, m->request);
	wr_bytes(w, m->reserved);
	wr_u32(w, m->want_tty);
	wr_u32(w, m->want_x11);
	wr_u32(w, m->want_agent);
	wr_u32(w, m->is_subsystem);
	wr_u32(w, m->escape);
	wr_bytes(w, m->term);
	wr_bytes(w, m->command);
	wr_raw(w, m->env);
}

enum err
mux_plain_get(struct span body, struct mux_plain *m)
{
	struct reader r = rd_init(body);

	m->request = rd_u32(&r);
	return rd_end(&r);
}

void
mux_plain_put(struct writer *w, const struct mux_plain *m)
{
	wr_u32(w, m->type);
	wr_u32(w, m->request);
}

/* --- forwardings --- */

/* A TCP port, or the one that stands for a path. */
static uint32_t
rd_port(struct reader *r)
{
	uint32_t port = rd_u32(r);

	if (port > UINT16_MAX && port != MUX_PORT_PATH)
		rd_fail(r, ERR_FORMAT);
	return port;
}

enum err
mux_forward_get(struct span body, struct mux_forward *m)
{
	struct reader r = rd_init(body);

	m->request = rd_u32(&r);
	m->kind = rd_u32(&r);
	if (m->kind < MUX_FORWARD_LOCAL || m->kind > MUX_FORWARD_DYNAMIC)
		rd_fail(&r, ERR_FORMAT);
	m->listen_host = rd_text(&r);
	m->listen_port = rd_port(&r);
	m->connect_host = rd_text(&r);
	m->connect_port = rd_port(&r);
	return rd_end(&r);
}

void
mux_forward_put(struct writer *w, const struct mux_forward *m)
{
	wr_u32(w, m->type);
	wr_u32(w, m->request);
	wr_u32(w, m->kind);
	wr_bytes(w, m->listen_host);
	wr_u32(w, m->listen_port);
	wr_bytes(w, m->connect_host);
	wr_u32(w, m->connect_port);
}

enum err
mux_stdio_forward_get(struct span body, struct mux_stdio_forward *m)
{
	struct reader r = rd_init(body);

	m->request = rd_u32(&r);
	m->reserved = rd_bytes(&r);
	m->host = rd_text(&r);
	m->port = rd_port(&r);
	return rd_end(&r);
}

void
mux_stdio_forward_put(struct writer *w, const struct mux_stdio_forward *m)
{
	wr_u32(w, MUX_NEW_STDIO_FWD);
	wr_u32(w, m->request);
	wr_bytes(w, m->reserved);
	wr_bytes(w, m->host);
	wr_u32(w, m->port);
}

/* --- questions and answers --- */

enum err
mux_ext_info_get(struct span body, struct mux_ext_info *m)
{
	struct reader r = rd_init(body);

	m->request = rd_u32(&r);
	m->name = rd_text(&r);
	return rd_end(&r);
}

void
mux_ext_info_put(struct writer *w, const struct mux_ext_info *m)
{
	wr_u32(w, MUX_EXT_INFO);
	wr_u32(w, m->request);
	wr_bytes(w, m->name);
}

enum err
mux_ext_info_reply_get(struct span body, struct mux_ext_info_reply *m)
{
	struct reader r = rd_init(body);

	m->request = rd_u32(&r);
	m->ok = rd_u32(&r) != 0;
	m->text = rd_bytes(&r);
	return rd_end(&r);
}

void
mux_ext_info_reply_put(struct writer *w, const struct mux_ext_info_reply *m)
{
	wr_u32(w, MUX_EXT_INFO_REPLY);
	wr_u32(w, m->request);
	wr_u32(w, m->ok ? 1 : 0);
	wr_bytes(w, m->text);
}

enum err
mux_refusal_get(struct span body, struct mux_refusal *m)
{
	struct reader r = rd_init(body);

	m->request = rd_u32(&r);
	m->reason = rd_bytes(&r);
	return rd_end(&r);
}

void
mux_refusal_put(struct writer *w, const struct mux_refusal *m)
{
	wr_u32(w, m->type);
	wr_u32(w, m->request);
	wr_bytes(w, m->reason);
}

enum err
mux_pair_get(struct span body, struct mux_pair *m)
{
	struct reader r = rd_init(body);

	m->first = rd_u32(&r);
	m->second = rd_u32(&r);
	return rd_end(&r);
}

void
mux_pair_put(struct writer *w, const struct mux_pair *m)
{
	wr_u32(w, m->type);
	wr_u32(w, m->first);
	wr_u32(w, m->second);
}

enum err
mux_tty_fail_get(struct span body, struct mux_tty_fail *m)
{
	struct reader r = rd_init(body);

	m->session = rd_u32(&r);
	return rd_end(&r);
}

void
mux_tty_fail_put(struct writer *w, const struct mux_tty_fail *m)
{
	wr_u32(w, MUX_TTY_ALLOC_FAIL);
	wr_u32(w, m->session);
}
