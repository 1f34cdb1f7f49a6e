/* SPDX-License-Identifier: ISC */
#include "channels/pty_modes.h"

#include "base/limits.h"

void
pty_modes_set(struct pty_modes *m, enum pty_mode op, uint32_t arg)
{
	must(op > PTY_MODE_END && op < PTY_MODE_COUNT);
	m->has[op] = true;
	m->arg[op] = arg;
}

enum err
pty_modes_get(struct span s, struct pty_modes *m)
{
	struct reader r = rd_init(s);

	*m = (struct pty_modes){ .has = { false } };
	if (s.len > LIMIT_PTY_MODES)
		return ERR_LIMIT;
	while (r.rest.len > 0) {
		uint8_t op = rd_u8(&r);

		if (op == PTY_MODE_END || op >= PTY_MODE_COUNT)
			return ERR_OK;
		pty_modes_set(m, op, rd_u32(&r));
	}
	return rd_end(&r);
}

void
pty_modes_put(struct writer *w, const struct pty_modes *m)
{
	for (unsigned op = 1; op < PTY_MODE_COUNT; op++) {
		if (!m->has[op])
			continue;
		wr_u8(w, (uint8_t)op);
		wr_u32(w, m->arg[op]);
	}
	wr_u8(w, PTY_MODE_END);
}
