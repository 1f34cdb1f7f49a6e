/* SPDX-License-Identifier: ISC */
/*
 * channels/kind.h - the channel types there are, one const descriptor each.
 */
#ifndef CHANNELS_KIND_H
#define CHANNELS_KIND_H

#include "base/err.h"
#include "base/side.h"
#include "base/span.h"

struct channel_kind {
	const char *name;		/* as in CHANNEL_OPEN */
	bool opened_by[2];		/* by side: who may open it */
	bool is_session;
};

/* The kind of that name; NULL if it is not known. */
const struct channel_kind *channel_kind_find(struct span name);

#endif
