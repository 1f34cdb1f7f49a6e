/* SPDX-License-Identifier: ISC */
#include "os/backlog.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_SMALL	(4u * 1024)
#define CHUNK_LARGE	(64u * 1024)

struct backlog_chunk {
	struct backlog_chunk *next;
	size_t at;		/* first byte not dropped */
	size_t end;		/* behind the last byte */
	size_t cap;
	uint8_t data[];
};

/* A new last chunk with room for n bytes or more. */
static struct backlog_chunk *
chunk_new(const struct backlog *b, size_t n)
{
	size_t cap = b->len >= CHUNK_LARGE / 2 ? CHUNK_LARGE : CHUNK_SMALL;
	struct backlog_chunk *c;

	if (cap < n)
		cap = n;
	c = malloc(sizeof(*c) + cap);
	if (c != NULL)
		*c = (struct backlog_chunk){ .cap = cap };
	return c;
}

/* Copies what fits of s behind the chunk's bytes; returns how much that was. */
static size_t
chunk_fill(struct backlog_chunk *c, struct span s)
{
	size_t n = c->cap - c->end;

	if (n > s.len)
		n = s.len;
	if (n > 0)
		memcpy(c->data + c->end, s.p, n);
	c->end += n;
	return n;
}

enum err
backlog_add(struct backlog *b, struct span s)
{
	size_t left = b->last == NULL ? 0 : b->last->cap - b->last->end;
	struct backlog_chunk *c = NULL;

	if (s.len > left) {
		c = chunk_new(b, s.len - left);
		if (c == NULL)
			return ERR_NOMEM;
	}
	b->len += s.len;
	if (b->last != NULL)
		s = span_skip(s, chunk_fill(b->last, s));
	if (c == NULL)
		return ERR_OK;
	(void)chunk_fill(c, s);
	if (b->last == NULL)
		b->first = c;
	else
		b->last->next = c;
	b->last = c;
	return ERR_OK;
}

int
backlog_iov(const struct backlog *b, struct iovec *iov, int max)
{
	int n = 0;

	for (struct backlog_chunk *c = b->first; c != NULL && n < max; c = c->next)
		iov[n++] = (struct iovec){ c->data + c->at, c->end - c->at };
	return n;
}

void
backlog_drop(struct backlog *b, size_t n)
{
	must(n <= b->len);
	b->len -= n;
	while (b->first != NULL) {
		struct backlog_chunk *c = b->first;
		size_t have = c->end - c->at;

		if (n < have) {
			c->at += n;
			return;
		}
		n -= have;
		b->first = c->next;
		free(c);
	}
	b->last = NULL;
}
