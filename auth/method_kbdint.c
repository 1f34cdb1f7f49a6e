/* SPDX-License-Identifier: ISC */
/* "keyboard-interactive" (RFC 4256). */
#include "auth/messages.h"

enum err
userauth_kbdint_get(struct span s, struct userauth_kbdint *m)
{
	struct reader r = rd_init(s);

	m->language = rd_bytes(&r);
	m->submethods = rd_bytes(&r);
	return rd_end(&r);
}

void
userauth_kbdint_put(struct writer *w, const struct userauth_kbdint *m)
{
	wr_bytes(w, m->language);
	wr_bytes(w, m->submethods);
}

enum err
userauth_info_request_get(struct span s, struct userauth_info_request *m)
{
	struct reader r = rd_init(s);
	uint32_t n;

	m->name = rd_bytes(&r);
	m->instruction = rd_bytes(&r);
	m->language = rd_bytes(&r);
	n = rd_u32(&r);
	if (n > KBDINT_MAX_PROMPTS)
		rd_fail(&r, ERR_LIMIT);
	m->n = r.err == ERR_OK ? n : 0;
	for (unsigned i = 0; i < m->n; i++) {
		m->prompt[i].text = rd_bytes(&r);
		m->prompt[i].echo = rd_flag(&r);
	}
	return rd_end(&r);
}

void
userauth_info_request_put(struct writer *w, const struct userauth_info_request *m)
{
	wr_bytes(w, m->name);
	wr_bytes(w, m->instruction);
	wr_bytes(w, m->language);
	wr_u32(w, m->n);
	for (unsigned i = 0; i < m->n; i++) {
		wr_bytes(w, m->prompt[i].text);
		wr_flag(w, m->prompt[i].echo);
	}
}

enum err
userauth_info_response_get(struct span s, unsigned expected, struct userauth_info_response *m)
{
	struct reader r = rd_init(s);

	must(expected <= KBDINT_MAX_PROMPTS);
	m->n = rd_u32(&r);
	if (r.err == ERR_OK && m->n != expected)
		return ERR_OK;
	for (unsigned i = 0; i < expected; i++)
		m->text[i] = rd_bytes(&r);
	return rd_end(&r);
}

void
userauth_info_response_put(struct writer *w, const struct userauth_info_response *m)
{
	wr_u32(w, m->n);
	for (unsigned i = 0; i < m->n; i++)
		wr_bytes(w, m->text[i]);
}

static enum err
request_get(struct span rest, struct event *ev)
{
	struct userauth_kbdint m;

	TRY(userauth_kbdint_get(rest, &m));
	/* A hint (RFC 4256 3.1); ten thousand of them are still one request. */
	ev->auth.submethods = auth_cut(m.submethods, AUTH_MAX_NAME);
	return ERR_OK;
}

const struct auth_method auth_method_kbdint = { "keyboard-interactive", request_get };
