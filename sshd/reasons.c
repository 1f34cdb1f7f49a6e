/* SPDX-License-Identifier: ISC */
#include "sshd/reasons.h"

#include "base/err.h"

static const struct {
	const char *code, *text;
} reasons[] = {
#define X(name, code, text) [REASON_##name] = { code, text },
	REASON_LIST(X)
#undef X
};

const char *
reason_code(enum reason r)
{
	must(r < REASON_COUNT);
	return reasons[r].code;
}

const char *
reason_text(enum reason r)
{
	must(r < REASON_COUNT);
	return reasons[r].text;
}
