/* SPDX-License-Identifier: ISC */
#include "channels/request.h"

enum err
request_empty_get(struct span body)
{
	struct reader r = rd_init(body);

	return rd_end(&r);
}

/* --- pty-req, window-change --- */

static struct term_size
rd_term_size(struct reader *r)
{
	struct term_size s;

	s.cols = rd_u32(r);
	s.rows = rd_u32(r);
	s.width_px = rd_u32(r);
	s.height_px = rd_u32(r);
	return s;
}

static void
wr_term_size(struct writer *w, const struct term_size *s)
{
	wr_u32(w, s->cols);
	wr_u32(w, s->rows);
	wr_u32(w, s->width_px);
	wr_u32(w, s->height_px);
}

enum err
request_pty_get(struct span body, struct request_pty *m)
{
	struct reader r = rd_init(body);

	m->term = rd_text(&r);
	m->size = rd_term_size(&r);
	m->modes = rd_bytes(&r);
	return rd_end(&r);
}

void
request_pty_put(struct writer *w, const struct request_pty *m)
{
	wr_bytes(w, m->term);
	wr_term_size(w, &m->size);
	wr_bytes(w, m->modes);
}

enum err
request_window_change_get(struct span body, struct term_size *m)
{
	struct reader r = rd_init(body);

	*m = rd_term_size(&r);
	return rd_end(&r);
}

void
request_window_change_put(struct writer *w, const struct term_size *m)
{
	wr_term_size(w, m);
}

/* --- what to run --- */

enum err
request_env_get(struct span body, struct request_env *m)
{
	struct reader r = rd_init(body);

	m->name = rd_text(&r);
	m->value = rd_text(&r);
	return rd_end(&r);
}

void
request_env_put(struct writer *w, const struct request_env *m)
{
	wr_bytes(w, m->name);
	wr_bytes(w, m->value);
}

enum err
request_exec_get(struct span body, struct request_exec *m)
{
	struct reader r = rd_init(body);

	m->command = rd_text(&r);
	return rd_end(&r);
}

void
request_exec_put(struct writer *w, const struct request_exec *m)
{
	wr_bytes(w, m->command);
}

enum err
request_subsystem_get(struct span body, struct request_subsystem *m)
{
	struct reader r = rd_init(body);

	m->name = rd_text(&r);
	return rd_end(&r);
}

void
request_subsystem_put(struct writer *w, const struct request_subsystem *m)
{
	wr_bytes(w, m->name);
}

/* --- while it runs --- */

enum err
request_signal_get(struct span body, struct request_signal *m)
{
	struct reader r = rd_init(body);

	m->name = rd_text(&r);
	return rd_end(&r);
}

void
request_signal_put(struct writer *w, const struct request_signal *m)
{
	wr_bytes(w, m->name);
}

enum err
request_break_get(struct span body, struct request_break *m)
{
	struct reader r = rd_init(body);

	m->ms = rd_u32(&r);
	return rd_end(&r);
}

void
request_break_put(struct writer *w, const struct request_break *m)
{
	wr_u32(w, m->ms);
}

enum err
request_xon_xoff_get(struct span body, struct request_xon_xoff *m)
{
	struct reader r = rd_init(body);

	m->client_can_do = rd_flag(&r);
	return rd_end(&r);
}

void
request_xon_xoff_put(struct writer *w, const struct request_xon_xoff *m)
{
	wr_flag(w, m->client_can_do);
}

/* --- how it ended --- */

enum err
request_exit_status_get(struct span body, struct request_exit_status *m)
{
	struct reader r = rd_init(body);

	m->status = rd_u32(&r);
	return rd_end(&r);
}

void
request_exit_status_put(struct writer *w, const struct request_exit_status *m)
{
	wr_u32(w, m->status);
}

enum err
request_exit_signal_get(struct span body, struct request_exit_signal *m)
{
	struct reader r = rd_init(body);

	m->name = rd_text(&r);
	m->core_dumped = rd_flag(&r);
	m->message = rd_bytes(&r);
	m->language = rd_bytes(&r);
	return rd_end(&r);
}

void
request_exit_signal_put(struct writer *w, const struct request_exit_signal *m)
{
	wr_bytes(w, m->name);
	wr_flag(w, m->core_dumped);
	wr_bytes(w, m->message);
	wr_bytes(w, m->language);
}

/* --- X11 --- */

enum err
request_x11_get(struct span body, struct request_x11 *m)
{
	struct reader r = rd_init(body);

	m->single = rd_flag(&r);
	m->protocol = rd_text(&r);
	m->cookie = rd_text(&r);
	m->screen = rd_u32(&r);
	return rd_end(&r);
}

void
request_x11_put(struct writer *w, const struct request_x11 *m)
{
	wr_flag(w, m->single);
	wr_bytes(w, m->protocol);
	wr_bytes(w, m->cookie);
	wr_u32(w, m->screen);
}
