/* SPDX-License-Identifier: ISC */
#include "kex/moduli.h"

#include "base/text.h"
#include "crypto/dh.h"

#define TYPE_SAFE	2

/* Bits of tests. */
#define TESTED_COMPOSITE	0x01

struct line {
	uint32_t bits;
	struct span generator;		/* hexadecimal digits */
	struct span modulus;
};

static bool
next_number(struct span *rest, uint64_t max, uint64_t *n)
{
	struct span word;

	return span_token(rest, ' ', &word) && text_number(word, 0, max, n) == ERR_OK;
}

/* Reads a line; false if it is a comment, no group, or none to be trusted. */
static bool
read_line(struct span rest, struct line *l)
{
	uint64_t type, tests, tries, size;
	struct span time;

	if (rest.len == 0 || rest.p[0] == '#' || !span_token(&rest, ' ', &time) ||
	    !next_number(&rest, 255, &type) || !next_number(&rest, 255, &tests) ||
	    !next_number(&rest, UINT32_MAX, &tries) || !next_number(&rest, DH_MAX_BITS, &size) ||
	    !span_token(&rest, ' ', &l->generator) || !span_token(&rest, ' ', &l->modulus))
		return false;
	l->bits = (uint32_t)size + 1;
	return rest.len == 0 && type == TYPE_SAFE && (tests & TESTED_COMPOSITE) == 0 && tests != 0;
}

/* Whether lines of a bits are better than those of b (0: none) for who wants n. */
static bool
is_better(uint32_t a, uint32_t b, uint32_t n)
{
	return b == 0 || (a >= n ? b < n || a < b : a > b);
}

static int
digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes the bytes of hexadecimal digits, without zeros in front. */
static enum err
put_hex(struct span digits, struct writer *w)
{
	while (digits.len > 0 && digits.p[0] == '0')
		digits = span_skip(digits, 1);
	for (size_t i = 0; i < digits.len; i++) {
		bool is_low = (digits.len - i) % 2 == 1;
		int d = digit(digits.p[i]);

		if (d == -1)
			return ERR_FORMAT;
		if (is_low && i > 0)
			w->p[w->len - 1] = (uint8_t)(w->p[w->len - 1] | d);
		else
			wr_u8(w, (uint8_t)(is_low ? d : d << 4));
		TRY(wr_end(w));
	}
	return ERR_OK;
}

/* Whether what was written is a group of that size. */
static bool
is_group(const struct writer *prime, const struct writer *generator, uint32_t bits)
{
	struct dh_group *group;
	uint8_t top;

	if (prime->len != (bits + 7) / 8 ||
	    dh_group_new(&group, writer_span(prime), writer_span(generator)) != ERR_OK)
		return false;
	dh_group_free(group);
	top = prime->p[0];
	return top >> ((bits - 1) % 8) == 1;
}

/*
 * Picks among the lines of the best size as they come: the k-th takes the
 * place of the one before with a chance of 1 in k, so all are equally likely.
 */
static uint32_t
pick(struct span text, uint32_t min, uint32_t n, uint32_t max, const struct rng *rng,
    struct line *picked)
{
	uint32_t best = 0, k = 0;
	struct span row;

	while (text.len > 0 && span_token(&text, '\n', &row)) {
		struct line l;

		if (!read_line(row, &l) || l.bits < min || l.bits > max)
			continue;
		if (l.bits != best) {
			if (!is_better(l.bits, best, n))
				continue;
			best = l.bits;
			k = 0;
		}
		if (rng_below(rng, ++k) == 0)
			*picked = l;
	}
	return best;
}

enum err
moduli_choose(struct span text, uint32_t min, uint32_t n, uint32_t max,
    const struct rng *rng, struct writer *prime, struct writer *generator)
{
	struct line l;
	enum err e;

	if (pick(text, min, n, max, rng, &l) == 0)
		return ERR_NOTFOUND;
	e = put_hex(l.modulus, prime);
	if (e == ERR_OK)
		e = put_hex(l.generator, generator);
	if (e == ERR_NOMEM)
		return e;
	return e == ERR_OK && is_group(prime, generator, l.bits) ? ERR_OK : ERR_NOTFOUND;
}
