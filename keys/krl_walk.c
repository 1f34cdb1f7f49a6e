/* SPDX-License-Identifier: ISC */
/* The form of a KRL: its header, its sections, and what they revoke, item by item. */
#include "keys/krl_i.h"

#include "keys/krl.h"

bool
krl_is(struct span file)
{
	return span_starts(file, KRL_MAGIC);
}

enum err
krl_walk_start(struct span file, struct krl_walk *w, struct krl_info *out)
{
	struct reader *r = &w->file;
	uint32_t format;

	*w = (struct krl_walk){ .file = rd_init(file) };
	if (!span_eq(rd_raw(r, KRL_MAGIC.len), KRL_MAGIC))
		return ERR_FORMAT;
	format = rd_u32(r);
	out->version = rd_u64(r);
	out->generated = rd_u64(r);
	rd_u64(r);			/* flags: none are defined */
	rd_bytes(r);			/* reserved */
	out->comment = rd_bytes(r);
	TRY(r->err);
	return format == KRL_FORMAT_VERSION ? ERR_OK : ERR_UNSUPPORTED;
}

/* An extension that must be understood means that the list is not. */
static enum err
skip_extension(struct span data)
{
	struct reader r = rd_init(data);
	bool is_critical;

	rd_bytes(&r);
	is_critical = rd_flag(&r);
	rd_bytes(&r);
	TRY(rd_end(&r));
	return is_critical ? ERR_UNSUPPORTED : ERR_OK;
}

/* Opens the next section; what is passed over whole leaves none open. */
static enum err
open_section(struct krl_walk *w)
{
	uint8_t type = rd_u8(&w->file);
	struct span data = rd_bytes(&w->file);

	TRY(w->file.err);
	w->section_type = type;
	w->section = rd_init(data);
	switch (type) {
	case KRL_SECTION_CERTIFICATES:
		w->ca = rd_bytes(&w->section);
		rd_bytes(&w->section);		/* reserved */
		return w->section.err;
	case KRL_SECTION_KEYS:
	case KRL_SECTION_SHA1:
	case KRL_SECTION_SHA256:
		return ERR_OK;
	case KRL_SECTION_EXTENSION:
		w->section = rd_init(SPAN_EMPTY);
		return skip_extension(data);
	default:
		/* Signed lists among them: nobody makes them, none are believed. */
		return ERR_UNSUPPORTED;
	}
}

static enum err
take_range(struct span data, struct krl_item *item)
{
	struct reader r = rd_init(data);

	item->kind = KRL_RANGE;
	item->first = rd_u64(&r);
	item->last = rd_u64(&r);
	TRY(rd_end(&r));
	return item->first <= item->last ? ERR_OK : ERR_FORMAT;
}

static enum err
take_bitmap(struct span data, struct krl_item *item)
{
	struct reader r = rd_init(data);

	item->kind = KRL_BITMAP;
	item->first = rd_u64(&r);
	item->data = rd_mpint(&r, data.len);
	return rd_end(&r);
}

/* Takes the next part of a CA's certificates: an item at once, or key ids to go through. */
static enum err
open_part(struct krl_walk *w, struct krl_item *item, bool *is_item)
{
	uint8_t type = rd_u8(&w->section);
	struct span data = rd_bytes(&w->section);

	TRY(w->section.err);
	item->ca = w->ca;
	*is_item = type != KRL_CERT_KEY_ID && type != KRL_CERT_EXTENSION;
	switch (type) {
	case KRL_CERT_SERIAL_LIST:
		item->kind = KRL_SERIALS;
		item->data = data;
		return data.len % KRL_SERIAL_LEN == 0 ? ERR_OK : ERR_SHORT;
	case KRL_CERT_SERIAL_RANGE:
		return take_range(data, item);
	case KRL_CERT_SERIAL_BITMAP:
		return take_bitmap(data, item);
	case KRL_CERT_KEY_ID:
		w->key_ids = rd_init(data);
		return ERR_OK;
	case KRL_CERT_EXTENSION:
		return skip_extension(data);
	default:
		return ERR_UNSUPPORTED;
	}
}

/* Takes a string off a list of them, of this length (0: any). */
static enum err
take_string(struct reader *r, enum krl_kind kind, size_t len, struct krl_item *item)
{
	item->kind = kind;
	item->data = rd_bytes(r);
	TRY(r->err);
	return len == 0 || item->data.len == len ? ERR_OK : ERR_FORMAT;
}

static enum err
take_item(struct krl_walk *w, struct krl_item *item, bool *is_item)
{
	if (w->key_ids.rest.len > 0) {
		item->ca = w->ca;
		return take_string(&w->key_ids, KRL_KEY_ID, 0, item);
	}
	switch (w->section_type) {
	case KRL_SECTION_KEYS:
		return take_string(&w->section, KRL_KEY, 0, item);
	case KRL_SECTION_SHA1:
		return take_string(&w->section, KRL_SHA1, KRL_SHA1_LEN, item);
	case KRL_SECTION_SHA256:
		return take_string(&w->section, KRL_SHA256, KRL_SHA256_LEN, item);
	default:
		return open_part(w, item, is_item);
	}
}

bool
krl_walk_next(struct krl_walk *w, struct krl_item *item)
{
	while (w->file.err == ERR_OK) {
		bool is_item = true;

		*item = (struct krl_item){ .data = SPAN_EMPTY };
		if (w->key_ids.rest.len > 0 || w->section.rest.len > 0) {
			enum err e = take_item(w, item, &is_item);

			if (e != ERR_OK)
				rd_fail(&w->file, e);
			else if (is_item)
				return true;
		} else if (w->file.rest.len > 0) {
			enum err e = open_section(w);

			if (e != ERR_OK)
				rd_fail(&w->file, e);
		} else {
			return false;
		}
	}
	return false;
}

enum err
krl_walk_end(const struct krl_walk *w)
{
	return rd_end(&w->file);
}
