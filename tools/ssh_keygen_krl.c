/* SPDX-License-Identifier: ISC */
/* ssh-keygen: making revocation lists (-k), looking into them and asking them (-Q). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/cert.h"
#include "keys/krl.h"
#include "keys/krl_edit.h"
#include "keys/line.h"
#include "os/file.h"
#include "tools/ssh_keygen.h"

/* What another file than a KRL is. */
#define NO_KRL	"KRL file has invalid magic number"

/* --- making --- */

/* The CA of -s, whose certificates are meant: a public key; "none" means any CA. */
static void
load_ca(const struct keygen *kg, struct writer *blob)
{
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	enum err e;

	if (strcasecmp(kg->ca, "none") == 0)
		return;
	e = load_public_blob(kg->ca, blob, &comment);
	if (e != ERR_OK)
		die("Cannot load CA public key %s: %s", kg->ca, key_error_text(e));
	/* What is signed by a certificate is good nowhere. */
	if (cert_type_plain(key_blob_type(writer_span(blob))) != NULL)
		die("Cannot load CA public key %s: a certificate is no CA", kg->ca);
}

/* Adds the lines of a file: public keys, certificates, specifications. */
static void
add_file(const struct keygen *kg, struct krl_edit *list, const struct span *ca, const char *path)
{
	SCOPED(writer_free) struct writer file = writer_init(KEYGEN_MAX_FILE);
	const char *name = strcmp(path, "-") == 0 ? "(standard input)" : path, *why;
	enum err e = read_file(path, &file, NULL);
	struct span text, line;
	unsigned number = 0;

	if (e != ERR_OK)
		die("%s: %s", path, error_text(e));
	if (!kg->is_quiet)
		printf("Revoking from %s\n", name);
	text = writer_span(&file);
	while (line_next(&text, &line)) {
		number++;
		e = krl_edit_line(list, ca, line, &why);
		if (e != ERR_OK)
			die("%s:%u: %s", name, number, e == ERR_SYNTAX ? why : err_text(e));
	}
}

/* Reads the list that -u adds to. */
static void
load_list(const struct keygen *kg, struct krl_edit *list)
{
	SCOPED(writer_free) struct writer file = writer_init(KEYGEN_MAX_FILE);
	enum err e = read_file(kg->file, &file, NULL);

	if (e == ERR_NOTFOUND)
		die("KRL \"%s\" does not exist", kg->file);
	if (e != ERR_OK)
		die("Unable to load KRL %s: %s", kg->file, error_text(e));
	if (!krl_is(writer_span(&file)))
		die("Invalid KRL file %s: " NO_KRL, kg->file);
	e = krl_edit_load(list, writer_span(&file));
	if (e != ERR_OK)
		die("Invalid KRL file %s: %s", kg->file, err_text(e));
}

int
keygen_revoke(struct keygen *kg)
{
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };
	SCOPED(writer_free) struct writer ca = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer out = writer_init(KEYGEN_MAX_FILE);
	struct span of;
	struct stat st;
	mode_t mode;
	enum err e;

	if (kg->file == NULL)
		die("KRL generation requires an output file");
	if (kg->is_update)
		load_list(kg, &list);
	if (kg->ca != NULL)
		load_ca(kg, &ca);
	if (kg->has_serial)
		list.version = kg->serial;
	of = writer_span(&ca);
	for (size_t i = 0; i < kg->n_files; i++)
		add_file(kg, &list, kg->ca == NULL ? NULL : &of, kg->files[i]);
	e = krl_edit_put(&list, (uint64_t)time(NULL), &out);
	if (e != ERR_OK)
		die("Couldn't generate KRL: %s", err_text(e));
	/* Whoever reads the list meanwhile sees the old one or the new one. */
	mode = stat(kg->file, &st) == 0 ? st.st_mode & 0777 : 0644;
	e = file_create(kg->file, writer_span(&out), mode, FILE_REPLACE);
	if (e != ERR_OK)
		die("write %s: %s", kg->file, error_text(e));
	return 0;
}

/* --- looking --- */

static void
put_header(struct writer *w, const struct krl_info *info)
{
	time_t t = (time_t)info->generated;
	char when[32] = "an unknown time";
	struct tm tm;

	if (info->generated <= INT64_MAX && localtime_r(&t, &tm) != NULL)
		strftime(when, sizeof when, "%Y%m%dT%H%M%S", &tm);
	wr_printf(w, "# KRL version %llu\n# Generated at %s\n", (unsigned long long)info->version, when);
	if (info->comment.len > 0) {
		wr_raw(w, SPAN_LIT("# Comment: "));
		text_visible(w, info->comment);
		wr_u8(w, '\n');
	}
	wr_u8(w, '\n');
}

static void
put_keys(struct writer *w, const struct krl_edit *list)
{
	for (size_t i = 0; i < list->keys.n; i++) {
		wr_raw(w, SPAN_LIT("hash: "));
		fingerprint_put(w, list->keys.v[i], FINGERPRINT_SHA256);
		wr_raw(w, SPAN_LIT(" # "));
		text_visible(w, key_blob_type(list->keys.v[i]));
		wr_u8(w, '\n');
	}
	for (size_t i = 0; i < list->sha256.n; i++) {
		wr_raw(w, SPAN_LIT("hash: SHA256:"));
		base64_put(w, list->sha256.v[i], false);
		wr_u8(w, '\n');
	}
	for (size_t i = 0; i < list->sha1.n; i++) {
		wr_raw(w, SPAN_LIT("# hash SHA1:"));
		hex_put(w, list->sha1.v[i], '\0');
		wr_u8(w, '\n');
	}
}

/* A key id as a specification has it: only what cannot be printed is written otherwise. */
static void
put_key_id(struct writer *w, struct span id)
{
	while (id.len > 0) {
		size_t n = id.p[0] >= ' ' && id.p[0] <= '~' ? 1 : text_utf8_char(id);

		if (n > 0)
			wr_raw(w, span_first(id, n));
		else
			text_visible(w, span_first(id, 1));
		id = span_skip(id, n > 0 ? n : 1);
	}
}

static void
put_ca(struct writer *w, const struct krl_ca *ca)
{
	if (ca->blob.len == 0) {
		wr_raw(w, SPAN_LIT("\n# Wildcard CA\n"));
	} else {
		wr_raw(w, SPAN_LIT("\n# CA key "));
		text_visible(w, key_blob_type(ca->blob));
		wr_u8(w, ' ');
		fingerprint_put(w, ca->blob, FINGERPRINT_SHA256);
		wr_u8(w, '\n');
	}
	for (size_t i = 0; i < ca->n_serials; i++) {
		wr_printf(w, "serial: %llu", (unsigned long long)ca->serials[i].first);
		if (ca->serials[i].last != ca->serials[i].first)
			wr_printf(w, "-%llu", (unsigned long long)ca->serials[i].last);
		wr_u8(w, '\n');
	}
	for (size_t i = 0; i < ca->key_ids.n; i++) {
		wr_raw(w, SPAN_LIT("id: "));
		put_key_id(w, ca->key_ids.v[i]);
		wr_u8(w, '\n');
	}
}

/* Prints a KRL in the form that specifications have. */
static void
list_krl(const char *path, struct span file)
{
	SCOPED(krl_edit_free) struct krl_edit list = { .version = 0 };
	struct krl_info info;
	enum err e = krl_is(file) ? krl_info(file, &info) : ERR_FORMAT;

	if (e == ERR_OK)
		e = krl_edit_load(&list, file);
	if (e != ERR_OK)
		die("Invalid KRL file %s: %s", path, krl_is(file) ? err_text(e) : NO_KRL);
	krl_edit_sort(&list);
	for (size_t i = 0; i <= list.n_ca; i++) {
		/* One part at a time: a whole list in words may be larger than any file here. */
		SCOPED(writer_free) struct writer w = writer_init(SIZE_MAX / 2);

		if (i == 0) {
			put_header(&w, &info);
			put_keys(&w, &list);
		} else {
			put_ca(&w, &list.ca[i - 1]);
		}
		print_writer(&w);
	}
}

/* --- asking --- */

/* Whether the list revokes what is in a .pub file; errors end the program. */
static bool
is_revoked(struct span list, const char *list_path, struct span blob)
{
	SCOPED(cert_free) struct cert c = { .key = NULL };
	bool revoked;
	enum err e;

	if (cert_type_plain(key_blob_type(blob)) != NULL) {
		e = cert_parse(blob, &c);
		if (e == ERR_OK)
			e = revoked_cert(list, &c, &revoked);
	} else {
		e = revoked_key(list, blob, &revoked);
	}
	if (e != ERR_OK)
		die("Invalid KRL file %s: %s", list_path, err_text(e));
	return revoked;
}

/* Prints what the list says about the key in a file; true: it is revoked. */
static bool
ask_about(const struct keygen *kg, struct span list, const char *path)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);
	enum err e = load_public_blob(path, &blob, &comment);
	bool revoked;

	if (e != ERR_OK)
		die("Cannot load public key %s: %s", path, key_error_text(e));
	revoked = is_revoked(list, kg->file, writer_span(&blob));
	wr_raw(&w, span_str(path));
	if (comment.len > 0) {
		wr_raw(&w, SPAN_LIT(" ("));
		text_visible(&w, writer_span(&comment));
		wr_u8(&w, ')');
	}
	wr_raw(&w, span_str(revoked ? ": REVOKED\n" : ": ok\n"));
	print_writer(&w);
	return revoked;
}

int
keygen_ask_revoked(struct keygen *kg)
{
	SCOPED(writer_free) struct writer list = writer_init(KEYGEN_MAX_FILE);
	int status = 0;
	enum err e;

	if (kg->file == NULL)
		die("KRL checking requires an input file");
	e = read_file(kg->file, &list, NULL);
	if (e != ERR_OK)
		die("Unable to load KRL %s: %s", kg->file, error_text(e));
	if (kg->wants_list)
		list_krl(kg->file, writer_span(&list));
	for (size_t i = 0; i < kg->n_files; i++)
		if (ask_about(kg, writer_span(&list), kg->files[i]))
			status = 1;
	return status;
}
