/* SPDX-License-Identifier: ISC */
/* ssh-keyscan: the lists of hosts. */
#include "tools/ssh_keyscan.h"

/* Takes the next word off *s; empty if there is none. */
static struct span
take_word(struct span *s)
{
	struct span word;
	size_t n = 0;

	while (s->len > 0 && (s->p[0] == ' ' || s->p[0] == '\t' || s->p[0] == '\r'))
		*s = span_skip(*s, 1);
	while (n < s->len && s->p[n] != ' ' && s->p[n] != '\t' && s->p[n] != '\r')
		n++;
	word = span_first(*s, n);
	*s = span_skip(*s, n);
	return word;
}

/*
 * Whether a line of known_hosts may begin with it: what could be taken for
 * a marker, a hash or a negation there may not.
 */
static bool
is_name(struct span name)
{
	if (name.p[0] == '@' || name.p[0] == '|' || name.p[0] == '!')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~')
			return false;
	return true;
}

bool
keyscan_next_name(struct span *list, struct span *name)
{
	while (span_token(list, ',', name))
		if (name->len > 0)
			return true;
	return false;
}

/* Whether a comma list has names, and nothing else. */
static bool
is_list(struct span list)
{
	struct span name;
	bool any = false;

	while (keyscan_next_name(&list, &name)) {
		if (!is_name(name))
			return false;
		any = true;
	}
	return any;
}

/* Makes a network of what has a "/" in it. ERR_SYNTAX if it is none; ERR_RANGE. */
static enum err
parse_network(struct span text, struct keyscan_network *out)
{
	struct cidr c;
	unsigned bits;

	if (span_find(text, '/') == text.len || cidr_parse(text, &c) != ERR_OK)
		return ERR_SYNTAX;
	bits = (c.base.family == 6 ? 128 : 32) - c.bits;
	if (bits > 32)
		return ERR_RANGE;
	*out = (struct keyscan_network){ .next = c.base, .left = (uint64_t)1 << bits };
	return ERR_OK;
}

enum err
keyscan_parse(struct span line, struct keyscan_entry *out)
{
	struct span rest = span_first(line, span_find(line, '#'));
	struct keyscan_entry entry = { .addresses = take_word(&rest), .names = take_word(&rest) };
	enum err e;

	if (entry.addresses.len == 0)
		return ERR_NOTFOUND;
	if (take_word(&rest).len > 0 || !is_list(entry.addresses))
		return ERR_SYNTAX;
	e = parse_network(entry.addresses, &entry.network);
	if (e == ERR_RANGE)
		return e;
	entry.is_network = e == ERR_OK;
	if (entry.is_network && entry.names.len > 0)
		return ERR_SYNTAX;	/* one name for many hosts */
	if (entry.names.len == 0)
		entry.names = entry.addresses;
	if (!is_list(entry.names))
		return ERR_SYNTAX;
	*out = entry;
	return ERR_OK;
}

bool
keyscan_next_address(struct keyscan_network *network, struct address *out)
{
	size_t i = network->next.family == 6 ? 16 : 4;

	if (network->left == 0)
		return false;
	*out = network->next;
	network->left--;
	while (i > 0 && ++network->next.bytes[i - 1] == 0)
		i--;
	return true;
}
