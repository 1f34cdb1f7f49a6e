/* SPDX-License-Identifier: ISC */
#include "sshd/client_host.h"

enum match
client_host_match(const struct client_host *h, struct span list)
{
	enum match by_address = MATCH_NO;
	enum match by_text = text_match_list(span_str(h->text), list, true);
	enum match by_name = h->name == NULL ? MATCH_NO : text_match_list(span_str(h->name), list, true);

	/* A list that is no list of addresses may be one of names; it then matches no address. */
	if (h->address != NULL && h->address->family != 0 &&
	    address_match_list(h->address, list, &by_address) != ERR_OK)
		return MATCH_NEGATED;
	if (h->wants_name && h->name == NULL && address_list_has_names(list, true))
		return MATCH_NEGATED;
	if (by_address == MATCH_NEGATED || by_text == MATCH_NEGATED || by_name == MATCH_NEGATED)
		return MATCH_NEGATED;
	return by_address == MATCH_YES || by_text == MATCH_YES || by_name == MATCH_YES ? MATCH_YES : MATCH_NO;
}

bool
client_host_denied(const struct client_host *h, struct span list)
{
	if (h->wants_name && h->name == NULL && address_list_has_names(list, false))
		return true;
	return client_host_match(h, list) == MATCH_YES;
}
