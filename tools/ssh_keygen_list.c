/* SPDX-License-Identifier: ISC */
/* ssh-keygen: fingerprints, and the public half of a private key. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/authorized_keys.h"
#include "keys/bubblebabble.h"
#include "keys/cert.h"
#include "tools/ssh_keygen.h"

/* Prints one key in the form that was asked for. */
static void
print_key(const struct keygen *kg, const struct key *k, struct span comment,
    const char *suffix, bool bubblebabble)
{
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);

	if (!bubblebabble) {
		print_fingerprint(kg, k, comment, suffix);
		return;
	}
	wr_printf(&w, "%u ", key_bits(k));
	bubblebabble_put(&w, key_blob(k));
	wr_u8(&w, ' ');
	text_visible(&w, comment.len > 0 ? comment : SPAN_LIT("no comment"));
	wr_printf(&w, " (%s%s)\n", key_label(k), suffix);
	put_randomart(kg, &w, k, suffix);
	print_writer(&w);
}

/* The public half and comment in path.pub, for an encrypted private file. */
static struct key *
public_beside(const char *path, struct writer *comment)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct key *k = NULL;
	struct span text;
	char name[PATH_MAX];
	int n = snprintf(name, sizeof name, "%s.pub", path);

	if (n < 0 || (size_t)n >= sizeof name || read_file(name, &file, NULL) != ERR_OK ||
	    public_file_parse(writer_span(&file), &blob, &text) != ERR_OK ||
	    key_from_blob(writer_span(&blob), &k) != ERR_OK)
		return NULL;
	wr_raw(comment, text);
	return k;
}

/* Whether text is a private key; prints its fingerprint if so. */
static bool
list_private(const struct keygen *kg, const char *path, struct span text,
    const struct stat *st, bool bubblebabble)
{
	SCOPED(private_file_free) struct private_file f = { .pub = NULL };
	SCOPED(key_free) struct key *whole = NULL, *beside = NULL;
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	SCOPED(writer_free) struct writer own = writer_init(LIMIT_LINE);
	const struct key *k;

	if (private_file_peek(text, &f) != ERR_OK)
		return false;
	beside = public_beside(path, &comment);
	/* The comment inside an encrypted file cannot be seen. */
	if (!f.is_encrypted)
		(void)!private_file_read(text, SPAN_EMPTY, &whole, &own);
	k = f.pub != NULL ? f.pub : beside;
	if (k == NULL) {
		(void)is_unprotected(path, st);
		die("%s is not a key file.", path);
	}
	if (own.len > 0 || beside == NULL || !key_equal(k, beside))
		print_key(kg, k, writer_span(&own), "", bubblebabble);
	else
		print_key(kg, k, writer_span(&comment), "", bubblebabble);
	return true;
}

/*
 * A line of a .pub, authorized_keys or known_hosts file: what stands before
 * the key is options or host names, and serves as comment if there is none.
 */
static bool
list_line(const struct keygen *kg, const struct authorized_line *line, bool bubblebabble)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(key_free) struct key *k = NULL;
	SCOPED(cert_free) struct cert cert = { .key = NULL };
	struct span comment = line->comment.len > 0 ? line->comment : line->options;

	if (cert_type_plain(line->type) != NULL) {
		if (base64_get(&blob, line->base64) != ERR_OK ||
		    cert_parse(writer_span(&blob), &cert) != ERR_OK)
			return false;
		print_key(kg, cert.key, comment, "-CERT", bubblebabble);
		return true;
	}
	if (authorized_key(line, &blob) != ERR_OK ||
	    key_from_blob(writer_span(&blob), &k) != ERR_OK)
		return false;
	print_key(kg, k, comment, "", bubblebabble);
	return true;
}

int
keygen_list(struct keygen *kg, bool bubblebabble)
{
	const char *path = file_or_ask(kg, "Enter file in which the key is");
	SCOPED(writer_free) struct writer file = writer_init(KEYGEN_MAX_FILE);
	struct authorized_walk walk;
	struct authorized_line line;
	struct stat st;
	bool any = false;
	enum err e = read_file(path, &file, &st);

	if (e != ERR_OK)
		die("ssh-keygen: %s: %s", path, error_text(e));
	if (list_private(kg, path, writer_span(&file), &st, bubblebabble))
		return 0;
	walk = (struct authorized_walk){ .rest = writer_span(&file) };
	while (authorized_next(&walk, &line))
		any = list_line(kg, &line, bubblebabble) || any;
	if (!any)
		die("%s is not a public key file.", strcmp(path, "-") == 0 ? "(stdin)" : path);
	return 0;
}

int
keygen_public(struct keygen *kg)
{
	const char *path = file_or_ask(kg, "Enter file in which the key is");
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	SCOPED(key_free) struct key *k = NULL;
	enum err e = load_private(kg, path, &k, &comment);

	if (e == ERR_NOTFOUND || e == ERR_SYSTEM)
		die("%s: %s", path, error_text(e));
	if (e != ERR_OK)
		die("Load key \"%s\": %s", path, key_error_text(e));
	public_line_put(&w, key_blob(k), writer_span(&comment));
	wr_u8(&w, '\n');
	print_writer(&w);
	return 0;
}
