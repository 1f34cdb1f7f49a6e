/* SPDX-License-Identifier: ISC */
/* ssh-keygen: public keys in the formats of others, and in DNS. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/public_format.h"
#include "keys/sshfp.h"
#include "tools/ssh_keygen.h"

/* The public key in a .pub file, or the public half of a private one. */
static struct key *
load_public(const struct keygen *kg, const char *path)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(private_file_free) struct private_file f = { .pub = NULL };
	struct span comment;
	struct key *k = NULL;
	enum err e = read_file(path, &file, NULL);

	if (e != ERR_OK)
		die("%s: %s", path, error_text(e));
	if (public_file_parse(writer_span(&file), &blob, &comment) == ERR_OK) {
		e = key_from_blob(writer_span(&blob), &k);
	} else {
		e = private_file_peek(writer_span(&file), &f);
		if (e == ERR_OK && f.pub != NULL)
			e = key_public(f.pub, &k);
		else if (e == ERR_OK)
			e = load_private(kg, path, &k, NULL);
	}
	if (e != ERR_OK)
		die("Load key \"%s\": %s", path, key_error_text(e));
	return k;
}

int
keygen_export(struct keygen *kg)
{
	const char *path = file_or_ask(kg, "Enter file in which the key is");
	SCOPED(key_free) struct key *k = load_public(kg, path);
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);
	char comment[512];

	if (kg->format == KEYGEN_FORMAT_PKCS8 || kg->format == KEYGEN_FORMAT_PEM) {
		/* PEM of an ECDSA key is what others call PKCS#8. */
		bool is_pem = kg->format == KEYGEN_FORMAT_PEM && strncmp(key_type(k), "ecdsa-", 6) != 0;
		enum err e = public_pem_put(&w, k, is_pem ? PUBLIC_PEM : PUBLIC_PKCS8);

		if (e != ERR_OK)
			die("unsupported key type %s", key_label(k));
	} else {
		snprintf(comment, sizeof comment, "%u-bit %s, converted by %s@%s from OpenSSH",
		    key_bits(k), key_label(k), kg->me.name, kg->machine);
		rfc4716_put(&w, key_blob(k), span_str(comment));
	}
	print_writer(&w);
	return 0;
}

int
keygen_import(struct keygen *kg)
{
	const char *path = file_or_ask(kg, "Enter file in which the key is");
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	SCOPED(key_free) struct key *k = NULL;
	enum err e = read_file(path, &file, NULL);

	if (e != ERR_OK)
		die("%s: %s", path, error_text(e));
	if (kg->format == KEYGEN_FORMAT_PKCS8 || kg->format == KEYGEN_FORMAT_PEM) {
		e = public_pem_get(writer_span(&file), kg->format == KEYGEN_FORMAT_PEM ?
		    PUBLIC_PEM : PUBLIC_PKCS8, &k);
	} else {
		e = rfc4716_get(writer_span(&file), &blob);
		if (e == ERR_OK)
			e = key_from_blob(writer_span(&blob), &k);
	}
	if (e != ERR_OK)
		die("%s: no public key in this format: %s", path, key_error_text(e));
	public_line_put(&w, key_blob(k), SPAN_EMPTY);
	wr_u8(&w, '\n');
	print_writer(&w);
	return 0;
}

/* --- SSHFP records (RFC 4255, 6594, 7479) --- */

/* The hash that -O hashalg= asks for, by its number; 0: all of them. */
static unsigned
wanted_hash(const struct keygen *kg)
{
	static const char name[] = "hashalg=";
	unsigned hash = 0;

	for (size_t i = 0; i < kg->n_options; i++) {
		const char *value = kg->options[i] + sizeof name - 1;

		if (strncasecmp(kg->options[i], name, sizeof name - 1) != 0)
			die("Invalid option \"%s\"", kg->options[i]);
		hash = sshfp_hash(span_str(value));
		if (hash == 0)
			die("Unsupported hash algorithm \"%s\"", value);
	}
	return hash;
}

/* Prints the records of k, by one hash or (0) by all. */
static void
print_sshfp(const struct keygen *kg, const struct key *k, unsigned hash)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	sshfp_put(&w, span_str(kg->host), key_blob(k), hash,
	    kg->wants_generic ? SSHFP_GENERIC : SSHFP_NAMED);
	print_writer(&w);
}

int
keygen_sshfp(struct keygen *kg)
{
	static const char *const kinds[] = { "rsa", "ecdsa", "ed25519" };
	unsigned hash = wanted_hash(kg);
	bool any = false;

	if (kg->file != NULL) {
		SCOPED(key_free) struct key *k = load_public(kg, kg->file);

		print_sshfp(kg, k, hash);
		return 0;
	}
	for (size_t i = 0; i < COUNT(kinds); i++) {
		SCOPED(key_free) struct key *k = NULL;
		char path[PATH_MAX];
		struct stat st;

		snprintf(path, sizeof path, SSH_CONF_DIR "/ssh_host_%s_key.pub", kinds[i]);
		if (stat(path, &st) == -1)
			continue;
		k = load_public(kg, path);
		print_sshfp(kg, k, hash);
		any = true;
	}
	if (!any)
		die("no keys found.");
	return 0;
}
