/* SPDX-License-Identifier: ISC */
#include "ssh/destination.h"

#include "base/text.h"
#include "config/ssh_config.h"

/* Index of the last c in s, or s.len. */
static size_t
find_last(struct span s, uint8_t c)
{
	for (size_t i = s.len; i > 0; i--)
		if (s.p[i - 1] == c)
			return i - 1;
	return s.len;
}

static enum err
parse_port(struct span s, uint16_t *port)
{
	uint64_t n;

	TRY(text_number(s, 1, UINT16_MAX, &n));
	*port = (uint16_t)n;
	return ERR_OK;
}

/* Splits at the last '@': user names may have one, hosts not. */
static enum err
take_user(struct span *s, struct destination *d)
{
	size_t at = find_last(*s, '@');

	if (at == s->len)
		return ERR_OK;
	if (at == 0)
		return ERR_SYNTAX;
	d->user = span_first(*s, at);
	*s = span_skip(*s, at + 1);
	return s->len == 0 ? ERR_SYNTAX : ERR_OK;
}

/* "host", "[v6]", with ":port" behind it. */
static enum err
take_host_port(struct span s, struct destination *d)
{
	size_t end;

	if (s.len > 0 && s.p[0] == '[') {
		end = span_find(s, ']');
		if (end == s.len || end == 1)
			return ERR_SYNTAX;
		d->host = span_of(s.p + 1, end - 1);
		s = span_skip(s, end + 1);
		if (s.len == 0)
			return ERR_OK;
		return s.p[0] == ':' ? parse_port(span_skip(s, 1), &d->port) : ERR_SYNTAX;
	}
	end = span_find(s, ':');
	d->host = span_first(s, end);
	if (end < s.len)
		TRY(parse_port(span_skip(s, end + 1), &d->port));
	return d->host.len == 0 ? ERR_SYNTAX : ERR_OK;
}

static enum err
parse_uri(struct span s, struct destination *d)
{
	d->is_uri = true;
	s = span_skip(s, sizeof("ssh://") - 1);
	if (s.len > 0 && s.p[s.len - 1] == '/')
		s.len--;
	/* No path: there is nothing that ssh could do with one. */
	if (span_find(s, '/') != s.len)
		return ERR_SYNTAX;
	TRY(take_user(&s, d));
	/* RFC 3986 allows ";" and parameters behind the user; nobody uses them. */
	d->user = span_first(d->user, span_find(d->user, ';'));
	return take_host_port(s, d);
}

enum err
destination_parse(struct span text, struct destination *out)
{
	*out = (struct destination){ .port = 0 };
	if (span_starts(text, SPAN_LIT("ssh://")))
		return parse_uri(text, out);
	TRY(take_user(&text, out));
	if (text.len > 2 && text.p[0] == '[' && text.p[text.len - 1] == ']')
		text = span_of(text.p + 1, text.len - 2);
	out->host = text;
	return text.len == 0 ? ERR_SYNTAX : ERR_OK;
}

enum err
destination_parse_hop(struct span text, struct destination *out)
{
	*out = (struct destination){ .port = 0 };
	if (span_starts(text, SPAN_LIT("ssh://")))
		return parse_uri(text, out);
	TRY(take_user(&text, out));
	return take_host_port(text, out);
}

enum err
destination_parse_host_port(struct span text, struct destination *out)
{
	*out = (struct destination){ .port = 0 };
	TRY(take_host_port(text, out));
	return out->port == 0 ? ERR_SYNTAX : ERR_OK;
}

enum err
destination_put_user(const struct destination *d, struct writer *w)
{
	struct span s = d->user;

	while (s.len > 0) {
		size_t n = d->is_uri ? span_find(s, '%') : s.len;

		wr_raw(w, span_first(s, n));
		s = span_skip(s, n);
		if (s.len == 0)
			break;
		if (s.len < 3 || hex_get(w, span_of(s.p + 1, 2)) != ERR_OK)
			return ERR_SYNTAX;
		s = span_skip(s, 3);
	}
	return wr_end(w);
}

enum err
destination_safe_hop(struct span text, struct destination *out, struct writer *user)
{
	TRY(destination_parse_hop(text, out));
	TRY(destination_put_user(out, user));
	if (!ssh_host_is_safe(out->host) || (user->len > 0 && !ssh_user_is_safe(writer_span(user))))
		return ERR_SYNTAX;
	return ERR_OK;
}
