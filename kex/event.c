/* SPDX-License-Identifier: ISC */
#include "kex/event.h"

static const char *const names[EV_COUNT] = {
#define X(name) #name,
	EVENT_LIST(X)
#undef X
};

const char *
event_name(enum event_type type)
{
	return (unsigned)type < EV_COUNT ? names[type] : "?";
}
