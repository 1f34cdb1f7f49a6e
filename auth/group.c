/* SPDX-License-Identifier: ISC */
/* Groups of group(5). */
#include "auth/account_i.h"

#include <stdlib.h>

void
group_list_free(struct group_list *g)
{
	if (g == NULL)
		return;
	free(g->gid);
	*g = (struct group_list){ NULL, 0 };
}

/* Appends gid unless it is there. */
static enum err
group_list_add(struct group_list *g, uint32_t gid)
{
	uint32_t *grown;

	for (size_t i = 0; i < g->n; i++) {
		if (g->gid[i] == gid)
			return ERR_OK;
	}
	if (g->n == ACCOUNT_MAX_GROUPS)
		return ERR_LIMIT;
	/* Powers of two from 16 on. */
	if (g->n == 0 || (g->n >= 16 && (g->n & (g->n - 1)) == 0)) {
		grown = realloc(g->gid, (g->n == 0 ? 16 : 2 * g->n) * sizeof(*grown));
		if (grown == NULL)
			return ERR_NOMEM;
		g->gid = grown;
	}
	g->gid[g->n++] = gid;
	return ERR_OK;
}

enum err
group_list_of(struct group_list *out, struct span group, struct span name, uint32_t primary)
{
	SCOPED(group_list_free) struct group_list g = { NULL, 0 };
	struct span field[4];
	uint32_t gid;

	*out = (struct group_list){ NULL, 0 };
	TRY(group_list_add(&g, primary));
	while (account_next_line(&group, field, GROUP_FIELDS)) {
		struct span members = field[3];
		struct span member;

		if (!account_number(field[2], &gid))
			continue;
		while (span_token(&members, ',', &member)) {
			if (span_eq(member, name)) {
				TRY(group_list_add(&g, gid));
				break;
			}
		}
	}
	*out = g;
	g = (struct group_list){ NULL, 0 };
	return ERR_OK;
}

enum err
group_name(struct span group, uint32_t gid, struct span *name)
{
	struct span field[4];
	uint32_t found;

	while (account_next_line(&group, field, GROUP_FIELDS)) {
		if (account_number(field[2], &found) && found == gid) {
			*name = field[0];
			return ERR_OK;
		}
	}
	return ERR_NOTFOUND;
}

enum err
group_number(struct span group, struct span name, uint32_t *gid)
{
	struct span field[4];

	while (account_next_line(&group, field, GROUP_FIELDS)) {
		if (span_eq(field[0], name) && account_number(field[2], gid))
			return ERR_OK;
	}
	return ERR_NOTFOUND;
}
