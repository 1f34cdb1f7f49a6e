/* SPDX-License-Identifier: ISC */
#include "kex/compress.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/limits.h"
#include "base/secret.h"
#include "base/writer.h"

struct compress {
	enum direction direction;
	bool is_started;
	z_stream z;
	struct writer out;
};

/* How much more room the output gets at a time. */
#define STEP	4096

enum err
compress_new(struct compress **out, enum direction direction)
{
	struct compress *c = calloc(1, sizeof(*c));
	int r;

	*out = NULL;
	if (c == NULL)
		return ERR_NOMEM;
	c->direction = direction;
	c->out = writer_init(LIMIT_PACKET);
	r = direction == TX ? deflateInit(&c->z, Z_DEFAULT_COMPRESSION) : inflateInit(&c->z);
	if (r != Z_OK) {
		free(c);
		return ERR_NOMEM;
	}
	c->is_started = true;
	*out = c;
	return ERR_OK;
}

void
compress_free(struct compress *c)
{
	if (c == NULL)
		return;
	if (c->is_started && c->direction == TX)
		(void)deflateEnd(&c->z);
	else if (c->is_started)
		(void)inflateEnd(&c->z);
	writer_free(&c->out);
	free(c);
}

/* One turn of zlib into more room; *done: all of the input is through. */
static enum err
step(struct compress *c, bool *done)
{
	size_t left = LIMIT_PACKET - c->out.len;
	struct room room = wr_reserve(&c->out, left < STEP ? left : STEP);
	int r;

	*done = false;
	/* The limit counts what comes out: a bomb stops here. */
	if (left == 0)
		return ERR_LIMIT;
	if (room.p == NULL)
		return wr_end(&c->out);
	c->z.next_out = room.p;
	c->z.avail_out = (uInt)room.len;
	if (c->direction == TX)
		r = deflate(&c->z, Z_PARTIAL_FLUSH);
	else
		r = inflate(&c->z, Z_SYNC_FLUSH);
	wr_commit(&c->out, room.len - c->z.avail_out);
	if (r == Z_MEM_ERROR)
		return ERR_NOMEM;
	/* Nothing to do is how zlib says that the step before was the last. */
	if (r != Z_OK && r != Z_BUF_ERROR)
		return c->direction == TX ? ERR_CRYPTO : ERR_INFLATE;
	*done = c->z.avail_in == 0 && c->z.avail_out > 0;
	return r == Z_BUF_ERROR && !*done ? ERR_INFLATE : ERR_OK;
}

void
compress_totals(const struct compress *c, uint64_t *in, uint64_t *out)
{
	*in = c->z.total_in;
	*out = c->z.total_out;
}

enum err
compress_run(struct compress *c, struct span in, struct span *out)
{
	bool done = false;

	writer_reset(&c->out);
	c->z.next_in = (Bytef *)(uintptr_t)in.p;
	c->z.avail_in = (uInt)in.len;
	while (!done)
		TRY(step(c, &done));
	*out = writer_span(&c->out);
	return ERR_OK;
}
