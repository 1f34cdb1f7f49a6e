/* SPDX-License-Identifier: ISC */
#include "keys/krl_edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "keys/krl.h"
#include "keys/krl_i.h"

static void
strings_free(struct krl_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free((void *)(uintptr_t)s->v[i].p);
	free(s->v);
	*s = (struct krl_strings){ .n = 0 };
}

void
krl_edit_free(struct krl_edit *list)
{
	for (size_t i = 0; i < list->n_ca; i++) {
		free((void *)(uintptr_t)list->ca[i].blob.p);
		free(list->ca[i].serials);
		strings_free(&list->ca[i].key_ids);
	}
	free(list->ca);
	strings_free(&list->keys);
	strings_free(&list->sha1);
	strings_free(&list->sha256);
	*list = (struct krl_edit){ .version = 0 };
}

/* Makes room for one more element; n grows by the caller. */
static enum err
grow(struct krl_edit *list, void *array, size_t n, size_t size)
{
	void **v = array;
	void *larger;

	if (list->n_entries >= KRL_EDIT_MAX)
		return ERR_LIMIT;
	if ((n & (n - 1)) == 0) {	/* room lasts up to a power of two */
		larger = realloc(*v, (n == 0 ? 1 : 2 * n) * size);
		if (larger == NULL)
			return ERR_NOMEM;
		*v = larger;
	}
	list->n_entries++;
	return ERR_OK;
}

/* A copy; empty spans are copied to one byte, so that they are there. */
static enum err
copy(struct span s, struct span *out)
{
	uint8_t *p = malloc(s.len + 1);

	if (p == NULL)
		return ERR_NOMEM;
	if (s.len > 0)
		memcpy(p, s.p, s.len);
	*out = span_of(p, s.len);
	return ERR_OK;
}

static enum err
add_string(struct krl_edit *list, struct krl_strings *set, struct span s)
{
	TRY(grow(list, &set->v, set->n, sizeof *set->v));
	TRY(copy(s, &set->v[set->n]));
	set->n++;
	return ERR_OK;
}

/* The CA with this blob, added if it is new. */
static enum err
find_ca(struct krl_edit *list, struct span blob, struct krl_ca **out)
{
	struct span own;

	/* Most often it is the one that was named last. */
	for (size_t i = list->n_ca; i-- > 0;) {
		*out = &list->ca[i];
		if (span_eq((*out)->blob, blob))
			return ERR_OK;
	}
	if (list->n_ca >= KRL_EDIT_MAX_CA)
		return ERR_LIMIT;
	TRY(grow(list, &list->ca, list->n_ca, sizeof *list->ca));
	TRY(copy(blob, &own));
	*out = &list->ca[list->n_ca++];
	**out = (struct krl_ca){ .blob = own };
	return ERR_OK;
}

static enum err
add_serials(struct krl_edit *list, struct krl_ca *ca, uint64_t first, uint64_t last)
{
	struct krl_serials *before = ca->n_serials == 0 ? NULL : &ca->serials[ca->n_serials - 1];

	/* What comes in its order takes no more room than it must. */
	if (before != NULL && first > before->last && first - before->last == 1) {
		before->last = last;
		return ERR_OK;
	}
	TRY(grow(list, &ca->serials, ca->n_serials, sizeof *ca->serials));
	ca->serials[ca->n_serials++] = (struct krl_serials){ first, last };
	return ERR_OK;
}

enum err
krl_edit_serials(struct krl_edit *list, struct span ca, uint64_t first, uint64_t last)
{
	struct krl_ca *of;

	if (first == 0 || first > last)
		return ERR_RANGE;
	TRY(find_ca(list, ca, &of));
	return add_serials(list, of, first, last);
}

enum err
krl_edit_key_id(struct krl_edit *list, struct span ca, struct span id)
{
	struct krl_ca *of;

	TRY(find_ca(list, ca, &of));
	return add_string(list, &of->key_ids, id);
}

enum err
krl_edit_key(struct krl_edit *list, struct span blob)
{
	return add_string(list, &list->keys, blob);
}

enum err
krl_edit_hash(struct krl_edit *list, struct span hash)
{
	if (hash.len == KRL_SHA1_LEN)
		return add_string(list, &list->sha1, hash);
	if (hash.len == KRL_SHA256_LEN)
		return add_string(list, &list->sha256, hash);
	return ERR_FORMAT;
}

enum err
krl_edit_cert(struct krl_edit *list, const struct cert *c)
{
	if (c->serial != 0)
		return krl_edit_serials(list, key_blob(c->ca), c->serial, c->serial);
	return krl_edit_key_id(list, key_blob(c->ca), c->key_id);
}

/* --- from a file --- */

static enum err
load_serials(struct krl_edit *list, struct krl_ca *ca, struct span data)
{
	struct reader r = rd_init(data);

	while (r.rest.len > 0) {
		uint64_t serial = rd_u64(&r);

		if (serial != 0)
			TRY(add_serials(list, ca, serial, serial));
	}
	return rd_end(&r);
}

/* Bit n of the number map stands for serial first + n. */
static enum err
load_bitmap(struct krl_edit *list, struct krl_ca *ca, uint64_t first, struct span map)
{
	for (size_t i = 0; i < map.len; i++) {
		uint8_t bits = map.p[map.len - 1 - i];

		for (unsigned bit = 0; bits != 0; bit++, bits >>= 1) {
			uint64_t serial = first + 8 * (uint64_t)i + bit;

			/* Zero is none, and behind the last number there is none. */
			if ((bits & 1) != 0 && serial != 0 && serial >= first)
				TRY(add_serials(list, ca, serial, serial));
		}
	}
	return ERR_OK;
}

static enum err
load_cert_item(struct krl_edit *list, const struct krl_item *item)
{
	struct krl_ca *ca;

	TRY(find_ca(list, item->ca, &ca));
	switch (item->kind) {
	case KRL_SERIALS:
		return load_serials(list, ca, item->data);
	case KRL_RANGE:
		if (item->last == 0)
			return ERR_OK;
		return add_serials(list, ca, item->first == 0 ? 1 : item->first, item->last);
	case KRL_BITMAP:
		return load_bitmap(list, ca, item->first, item->data);
	default:
		return add_string(list, &ca->key_ids, item->data);
	}
}

static enum err
load_item(struct krl_edit *list, const struct krl_item *item)
{
	switch (item->kind) {
	case KRL_KEY:
		return add_string(list, &list->keys, item->data);
	case KRL_SHA1:
	case KRL_SHA256:
		return krl_edit_hash(list, item->data);
	default:
		return load_cert_item(list, item);
	}
}

enum err
krl_edit_load(struct krl_edit *list, struct span file)
{
	struct krl_info info;
	struct krl_walk walk;
	struct krl_item item;

	TRY(krl_walk_start(file, &walk, &info));
	while (krl_walk_next(&walk, &item))
		TRY(load_item(list, &item));
	list->version = info.version;
	return krl_walk_end(&walk);
}
