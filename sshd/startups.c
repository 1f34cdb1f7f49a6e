/* SPDX-License-Identifier: ISC */
#include "sshd/startups.h"

bool
startups_full(const struct max_startups *m, size_t n, struct rng *rng)
{
	uint32_t p;

	if (n < m->begin)
		return false;
	if (n >= m->full || m->rate == 100)
		return true;
	p = m->rate + (100 - m->rate) * (uint32_t)(n - m->begin) / (m->full - m->begin);
	return rng_below(rng, 100) < p;
}

struct cidr
startups_source(const struct net_block *block, const struct address *a)
{
	return (struct cidr){ .base = *a,
	    .bits = (uint8_t)(a->family == 4 ? block->v4_bits : block->v6_bits) };
}

static size_t
count(const struct address *starting, size_t n, const struct cidr *source)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += cidr_has(source, &starting[i]);
	return found;
}

/* One of the source's, by chance; there are k. */
static size_t
one_of(const struct address *starting, const struct cidr *source, size_t k, struct rng *rng)
{
	uint32_t skip = rng_below(rng, (uint32_t)k);
	size_t i = 0;

	for (;; i++) {
		if (cidr_has(source, &starting[i]) && skip-- == 0)
			return i;
	}
}

size_t
startups_victim(const struct address *starting, size_t n, const struct address *newcomer,
    const struct net_block *block, struct rng *rng)
{
	struct cidr own = startups_source(block, newcomer), largest = own;
	size_t most = count(starting, n, &own) + 1;	/* with him */
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		struct cidr source = startups_source(block, &starting[i]);
		size_t k = count(starting, n, &source);

		if (k > most) {
			most = k;
			largest = source;
			found = true;
		}
	}
	return found ? one_of(starting, &largest, most, rng) : n;
}
