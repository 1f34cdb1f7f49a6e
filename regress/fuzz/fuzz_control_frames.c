/* SPDX-License-Identifier: ISC */
/* Messages on a stream: the same ones however the bytes are cut, and never more than came. */
#include <stdlib.h>
#include <string.h>

#include "sshd/control_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feeds all, step bytes at a time; gives the sum of what came out. */
static uint64_t
feed(struct frames *f, const uint8_t *data, size_t size, size_t step)
{
	uint64_t sum = 0, total = 0;
	struct span m;
	enum err e = ERR_AGAIN;

	memset(f, 0, sizeof(*f));
	for (size_t at = 0; at < size && e == ERR_AGAIN; ) {
		struct room room = frames_room(f);
		size_t n = size - at < step ? size - at : step;

		must(room.len > 0);
		n = n < room.len ? n : room.len;
		memcpy(room.p, data + at, n);
		frames_got(f, n);
		at += n;
		while ((e = frames_next(f, &m)) == ERR_OK) {
			total += 4 + m.len;
			for (size_t i = 0; i < m.len; i++)
				sum = sum * 31 + m.p[i];
			sum = sum * 31 + m.len;
		}
		must(total <= at);
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frames *f = malloc(sizeof(*f));

	if (f == NULL)
		return 0;
	must(feed(f, data, size, 1 + size) == feed(f, data, size, 3));
	free(f);
	return 0;
}
