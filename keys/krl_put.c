/* SPDX-License-Identifier: ISC */
/* Writing a KRL: in order, and in the form that takes the least room. */
#include <stdlib.h>

#include "keys/krl_edit.h"
#include "keys/krl_i.h"

/* Numbers further apart than this are cheaper by themselves than in a bitmap. */
#define BITMAP_GAP	64

/* Bytes of one bitmap; a number of any other reader has that much room. */
#define BITMAP_MAX	1024

/* --- order --- */

static int
by_bytes(const void *a, const void *b)
{
	return span_cmp(*(const struct span *)a, *(const struct span *)b);
}

static void
sort_strings(struct krl_strings *s)
{
	size_t n = 0;

	if (s->n == 0)
		return;
	qsort(s->v, s->n, sizeof *s->v, by_bytes);
	for (size_t i = 1; i < s->n; i++) {
		if (span_eq(s->v[i], s->v[n]))
			free((void *)(uintptr_t)s->v[i].p);
		else
			s->v[++n] = s->v[i];
	}
	s->n = n + 1;
}

static int
by_first(const void *a, const void *b)
{
	const struct krl_serials *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Sorts the runs, and joins those that overlap or touch. */
static void
sort_serials(struct krl_ca *ca)
{
	size_t n = 0;

	if (ca->n_serials == 0)
		return;
	qsort(ca->serials, ca->n_serials, sizeof *ca->serials, by_first);
	for (size_t i = 1; i < ca->n_serials; i++) {
		struct krl_serials *last = &ca->serials[n], next = ca->serials[i];

		if (next.first > last->last && next.first - last->last > 1)
			ca->serials[++n] = next;
		else if (next.last > last->last)
			last->last = next.last;
	}
	ca->n_serials = n + 1;
}

void
krl_edit_sort(struct krl_edit *list)
{
	for (size_t i = 0; i < list->n_ca; i++) {
		sort_serials(&list->ca[i]);
		sort_strings(&list->ca[i].key_ids);
	}
	sort_strings(&list->keys);
	sort_strings(&list->sha1);
	sort_strings(&list->sha256);
}

/* --- writing --- */

/* A section of strings, if there are any. */
static void
put_strings(struct writer *w, uint8_t type, const struct krl_strings *s)
{
	size_t m;

	if (s->n == 0)
		return;
	wr_u8(w, type);
	m = wr_open(w);
	for (size_t i = 0; i < s->n; i++)
		wr_bytes(w, s->v[i]);
	wr_close(w, m);
}

static void
put_range(struct writer *w, const struct krl_serials *s)
{
	size_t m;

	wr_u8(w, KRL_CERT_SERIAL_RANGE);
	m = wr_open(w);
	wr_u64(w, s->first);
	wr_u64(w, s->last);
	wr_close(w, m);
}

/* The runs from v[0] to v[n - 1], all of them single numbers. */
static void
put_list(struct writer *w, const struct krl_serials *v, size_t n)
{
	size_t m;

	wr_u8(w, KRL_CERT_SERIAL_LIST);
	m = wr_open(w);
	for (size_t i = 0; i < n; i++)
		wr_u64(w, v[i].first);
	wr_close(w, m);
}

/* The runs from v[0] to v[n - 1] as one number, its lowest bit for the first of all. */
static void
put_bitmap(struct writer *w, const struct krl_serials *v, size_t n)
{
	uint8_t map[BITMAP_MAX] = { 0 };
	uint64_t base = v[0].first;
	size_t len = (size_t)((v[n - 1].last - base) / 8 + 1), m;

	for (size_t i = 0; i < n; i++) {
		for (uint64_t bit = v[i].first - base; bit <= v[i].last - base; bit++)
			map[len - 1 - bit / 8] |= (uint8_t)(1u << bit % 8);
	}
	wr_u8(w, KRL_CERT_SERIAL_BITMAP);
	m = wr_open(w);
	wr_u64(w, base);
	wr_mpint(w, span_of(map, len));
	wr_close(w, m);
}

/* How many runs from v[0] on are close enough for one bitmap. */
static size_t
cluster(const struct krl_serials *v, size_t n)
{
	size_t k = 1;

	while (k < n && v[k].first - v[k - 1].last <= BITMAP_GAP &&
	    (v[k].last - v[0].first) / 8 < BITMAP_MAX)
		k++;
	return (v[0].last - v[0].first) / 8 < BITMAP_MAX ? k : 1;
}

/* How many runs from v[0] on are single numbers. */
static size_t
singles(const struct krl_serials *v, size_t n)
{
	size_t k = 0;

	while (k < n && v[k].first == v[k].last)
		k++;
	return k;
}

/* Bytes that the runs take up otherwise than in a bitmap. */
static size_t
plain_size(const struct krl_serials *v, size_t n)
{
	size_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += v[i].first == v[i].last ? KRL_SERIAL_LEN : 5 + 2 * KRL_SERIAL_LEN;
	return size;
}

/* Whether the k runs of a cluster take less room in a bitmap. */
static bool
is_dense(const struct krl_serials *v, size_t k)
{
	/* Type, length and first number; and a number with its length and a byte for the sign. */
	return k > 1 && 5 + 8 + 5 + (v[k - 1].last - v[0].first) / 8 + 1 < plain_size(v, k);
}

/* Writes some of the runs as one part; how many. */
static size_t
put_some(struct writer *w, const struct krl_serials *v, size_t n)
{
	size_t k = cluster(v, n), done = 0;

	if (is_dense(v, k)) {
		put_bitmap(w, v, k);
		return k;
	}
	if (v[0].first != v[0].last) {
		put_range(w, v);
		return 1;
	}
	do {
		done += singles(v + done, k);
		k = done < n ? cluster(v + done, n - done) : 0;
	} while (k > 0 && v[done].first == v[done].last && !is_dense(v + done, k));
	put_list(w, v, done);
	return done;
}

/* A section for a CA, if anything of it is revoked. */
static void
put_ca(struct writer *w, const struct krl_ca *ca)
{
	size_t m;

	if (ca->n_serials == 0 && ca->key_ids.n == 0)
		return;
	wr_u8(w, KRL_SECTION_CERTIFICATES);
	m = wr_open(w);
	wr_bytes(w, ca->blob);
	wr_bytes(w, SPAN_EMPTY);		/* reserved */
	for (size_t i = 0; i < ca->n_serials;)
		i += put_some(w, ca->serials + i, ca->n_serials - i);
	put_strings(w, KRL_CERT_KEY_ID, &ca->key_ids);
	wr_close(w, m);
}

enum err
krl_edit_put(struct krl_edit *list, uint64_t generated, struct writer *w)
{
	krl_edit_sort(list);
	wr_raw(w, KRL_MAGIC);
	wr_u32(w, KRL_FORMAT_VERSION);
	wr_u64(w, list->version);
	wr_u64(w, generated);
	wr_u64(w, 0);				/* flags: none are defined */
	wr_bytes(w, SPAN_EMPTY);		/* reserved */
	wr_bytes(w, SPAN_EMPTY);		/* comment */
	for (size_t i = 0; i < list->n_ca; i++)
		put_ca(w, &list->ca[i]);
	put_strings(w, KRL_SECTION_KEYS, &list->keys);
	put_strings(w, KRL_SECTION_SHA1, &list->sha1);
	put_strings(w, KRL_SECTION_SHA256, &list->sha256);
	return wr_end(w);
}
