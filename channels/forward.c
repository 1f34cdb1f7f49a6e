/* SPDX-License-Identifier: ISC */
#include "channels/forward.h"

/* A TCP port, which RFC 4254 7 sends in 32 bits. */
static uint32_t
rd_port(struct reader *r)
{
	uint32_t port = rd_u32(r);

	if (port <= UINT16_MAX)
		return port;
	rd_fail(r, ERR_FORMAT);
	return 0;
}

/* --- channel opens --- */

enum err
open_tcpip_get(struct span body, struct open_tcpip *m)
{
	struct reader r = rd_init(body);

	m->host = rd_text(&r);
	m->port = rd_port(&r);
	m->origin_host = rd_text(&r);
	m->origin_port = rd_u32(&r);	/* said for the log; peers invent it */
	return rd_end(&r);
}

void
open_tcpip_put(struct writer *w, const struct open_tcpip *m)
{
	wr_bytes(w, m->host);
	wr_u32(w, m->port);
	wr_bytes(w, m->origin_host);
	wr_u32(w, m->origin_port);
}

enum err
open_direct_streamlocal_get(struct span body, struct open_direct_streamlocal *m)
{
	struct reader r = rd_init(body);

	m->path = rd_text(&r);
	m->reserved = rd_bytes(&r);
	m->reserved_port = rd_u32(&r);
	return rd_end(&r);
}

void
open_direct_streamlocal_put(struct writer *w, const struct open_direct_streamlocal *m)
{
	wr_bytes(w, m->path);
	wr_bytes(w, m->reserved);
	wr_u32(w, m->reserved_port);
}

enum err
open_forwarded_streamlocal_get(struct span body, struct open_forwarded_streamlocal *m)
{
	struct reader r = rd_init(body);

	m->path = rd_text(&r);
	m->reserved = rd_bytes(&r);
	return rd_end(&r);
}

void
open_forwarded_streamlocal_put(struct writer *w,
    const struct open_forwarded_streamlocal *m)
{
	wr_bytes(w, m->path);
	wr_bytes(w, m->reserved);
}

enum err
open_x11_get(struct span body, struct open_x11 *m)
{
	struct reader r = rd_init(body);

	m->origin_host = rd_text(&r);
	m->origin_port = rd_u32(&r);	/* said for the log; peers invent it */
	return rd_end(&r);
}

void
open_x11_put(struct writer *w, const struct open_x11 *m)
{
	wr_bytes(w, m->origin_host);
	wr_u32(w, m->origin_port);
}

enum err
open_tun_get(struct span body, struct open_tun *m)
{
	struct reader r = rd_init(body);

	m->mode = rd_u32(&r);
	m->unit = rd_u32(&r);
	TRY(rd_end(&r));
	return m->mode == 1 || m->mode == 2 ? ERR_OK : ERR_FORMAT;
}

void
open_tun_put(struct writer *w, const struct open_tun *m)
{
	wr_u32(w, m->mode);
	wr_u32(w, m->unit);
}

/* --- global requests --- */

enum err
global_tcpip_forward_get(struct span body, struct global_tcpip_forward *m)
{
	struct reader r = rd_init(body);

	m->address = rd_text(&r);
	m->port = rd_port(&r);
	return rd_end(&r);
}

void
global_tcpip_forward_put(struct writer *w, const struct global_tcpip_forward *m)
{
	wr_bytes(w, m->address);
	wr_u32(w, m->port);
}

enum err
global_forward_port_get(struct span body, struct global_forward_port *m)
{
	struct reader r = rd_init(body);

	m->port = rd_port(&r);
	return rd_end(&r);
}

void
global_forward_port_put(struct writer *w, const struct global_forward_port *m)
{
	wr_u32(w, m->port);
}

enum err
global_streamlocal_forward_get(struct span body, struct global_streamlocal_forward *m)
{
	struct reader r = rd_init(body);

	m->path = rd_text(&r);
	return rd_end(&r);
}

void
global_streamlocal_forward_put(struct writer *w,
    const struct global_streamlocal_forward *m)
{
	wr_bytes(w, m->path);
}
