/* SPDX-License-Identifier: ISC */
/* ssh-keygen: another passphrase, another comment. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "tools/ssh_keygen.h"

/* Reads the file as it is now, with the passphrase it has. */
static enum err
load(const struct keygen *kg, const char *path, struct key **k, struct secret *passphrase,
    struct writer *comment)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	SCOPED(private_file_free) struct private_file f = { .pub = NULL };
	struct stat st;
	enum err e = read_file(path, &file, &st);

	if (e != ERR_OK)
		die("%s: %s", path, error_text(e));
	if (is_unprotected(path, &st))
		return ERR_DENIED;
	TRY(private_file_peek(writer_span(&file), &f));
	if (f.is_encrypted && kg->passphrase == NULL)
		*passphrase = ask_passphrase("Enter old passphrase: ");
	else
		TRY(secret_copy(passphrase, span_str(kg->passphrase)));
	return private_file_read(writer_span(&file), secret_span(passphrase), k, comment);
}

/* Prints a line with a comment in it, made visible. */
static void
print_comment(const char *before, struct span comment, const char *after)
{
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);

	wr_raw(&w, span_str(before));
	text_visible(&w, comment);
	wr_raw(&w, span_str(after));
	print_writer(&w);
}

int
keygen_change_passphrase(struct keygen *kg)
{
	const char *path = file_or_ask(kg, "Enter file in which the key is");
	SCOPED(secret_free) struct secret old = { 0 }, new = { 0 };
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	SCOPED(key_free) struct key *k = NULL;
	enum err e;

	e = load(kg, path, &k, &old, &comment);
	if (e != ERR_OK)
		die("Failed to load key %s: %s", path, key_error_text(e));
	if (comment.len > 0)
		print_comment("Key has comment '", writer_span(&comment), "'\n");
	if (new_passphrase(kg, "Enter new passphrase (empty for no passphrase): ",
	    "Pass phrases do not match.  Try again.", &new) != ERR_OK)
		return 1;
	e = save_private(kg, path, k, writer_span(&comment), secret_span(&new));
	if (e != ERR_OK) {
		fprintf(stderr, "Saving key \"%s\" failed: %s.\n", path, error_text(e));
		return 1;
	}
	printf("Your identification has been saved with the new passphrase.\n");
	return 0;
}

/* The comment of -C, else one that is typed. */
static struct span
new_comment(const struct keygen *kg, struct writer *buf)
{
	char line[1024];

	if (kg->comment != NULL)
		return span_str(kg->comment);
	printf("New comment: ");
	if (read_answer(line, sizeof line))
		wr_raw(buf, span_str(line));
	if (wr_end(buf) != ERR_OK)
		die("%s", err_text(buf->err));
	return writer_span(buf);
}

int
keygen_change_comment(struct keygen *kg)
{
	const char *path = file_or_ask(kg, "Enter file in which the key is");
	SCOPED(secret_free) struct secret passphrase = { 0 };
	SCOPED(writer_free) struct writer old = writer_init(LIMIT_LINE);
	SCOPED(writer_free) struct writer buf = writer_init(LIMIT_LINE);
	SCOPED(key_free) struct key *k = NULL;
	struct span comment;
	enum err e;

	e = load(kg, path, &k, &passphrase, &old);
	if (e != ERR_OK)
		die("Cannot load private key \"%s\": %s", path, key_error_text(e));
	if (kg->format == KEYGEN_FORMAT_PEM || kg->format == KEYGEN_FORMAT_PKCS8) {
		fprintf(stderr, "Comments are only supported for keys stored in the new format (-o).\n");
		return 1;
	}
	if (old.len > 0)
		print_comment("Old comment: ", writer_span(&old), "\n");
	else
		printf("No existing comment\n");
	comment = new_comment(kg, &buf);
	if (span_eq(comment, writer_span(&old))) {
		printf("No change to comment\n");
		return 0;
	}
	e = save_private(kg, path, k, comment, secret_span(&passphrase));
	if (e == ERR_OK)
		e = save_public(path, k, comment);
	if (e != ERR_OK) {
		fprintf(stderr, "Saving key \"%s\" failed: %s\n", path, error_text(e));
		return 1;
	}
	if (comment.len > 0)
		print_comment("Comment '", comment, "' applied\n");
	else
		printf("Comment removed\n");
	return 0;
}
