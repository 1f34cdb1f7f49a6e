/* SPDX-License-Identifier: ISC */
#include "auth/messages.h"

static const struct auth_method *const methods[] = {
	&auth_method_none,
	&auth_method_password,
	&auth_method_publickey,
	&auth_method_hostbound,
	&auth_method_kbdint,
	&auth_method_hostbased,
};

const struct auth_method *
auth_method_find(struct span name)
{
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (span_is(name, methods[i]->name))
			return methods[i];
	}
	return NULL;
}

struct span
auth_cut(struct span s, size_t limit)
{
	return span_first(s, limit + 1);
}

enum err
userauth_request_get(struct span s, struct userauth_request *m)
{
	struct reader r = rd_init(s);

	m->user = rd_text(&r);
	m->service = rd_text(&r);
	m->method = rd_text(&r);
	m->rest = rd_rest(&r);
	return rd_end(&r);
}

void
userauth_request_put(struct writer *w, const struct userauth_request *m)
{
	wr_bytes(w, m->user);
	wr_bytes(w, m->service);
	wr_bytes(w, m->method);
	wr_raw(w, m->rest);
}

enum err
userauth_failure_get(struct span s, struct userauth_failure *m)
{
	struct reader r = rd_init(s);

	m->methods = rd_text(&r);
	m->partial = rd_flag(&r);
	return rd_end(&r);
}

void
userauth_failure_put(struct writer *w, const struct userauth_failure *m)
{
	wr_bytes(w, m->methods);
	wr_flag(w, m->partial);
}

enum err
userauth_text_get(struct span s, struct userauth_text *m)
{
	struct reader r = rd_init(s);

	m->text = rd_bytes(&r);
	m->language = rd_bytes(&r);
	return rd_end(&r);
}

void
userauth_text_put(struct writer *w, const struct userauth_text *m)
{
	wr_bytes(w, m->text);
	wr_bytes(w, m->language);
}
