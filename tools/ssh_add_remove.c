/* SPDX-License-Identifier: ISC */
/* ssh-add: keys are taken away from the agent. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/authorized_keys.h"
#include "keys/cert.h"
#include "ssh/agent_client.h"
#include "tools/ssh_add.h"
#include "tools/ssh_keygen.h"

/* Of a comment, in a message. */
#define SHOWN_TEXT	1024

static const char *
label_of(struct span blob, const char **suffix)
{
	struct span type = key_blob_type(blob);
	const char *plain = cert_type_plain(type);

	*suffix = plain == NULL ? "" : "-CERT";
	return key_type_label(plain == NULL ? type : span_str(plain));
}

static bool
remove_one(const struct ssh_add *a, const char *name, struct span blob, struct span comment)
{
	SCOPED(writer_free) struct writer request = writer_init(AGENT_MAX_FRAME);
	char shown[SHOWN_TEXT];
	const char *suffix, *label = label_of(blob, &suffix);
	enum err e;

	agent_string_put(&request, AGENT_REMOVE_IDENTITY, blob);
	e = agent_request(a->agent, &request);
	if (e != ERR_OK)
		fprintf(stderr, "Could not remove identity \"%s\": %s\n", name, ssh_add_error(e));
	else if (!a->is_quiet)
		fprintf(stderr, "Identity removed: %s %s%s (%s)\n", name, label == NULL ? "unknown" : label,
		    suffix, text_visible_str(shown, sizeof(shown), comment));
	return e == ERR_OK;
}

/* The certificate beside "PATH" or "PATH.pub", if there is one of that key. */
static bool
remove_cert_beside(const struct ssh_add *a, const char *path, struct span key)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	SCOPED(cert_free) struct cert cert = { .type = NULL };
	char name[PATH_MAX];
	size_t len = strlen(path);
	int n;

	if (len > 4 && strcmp(path + len - 4, ".pub") == 0)
		len -= 4;
	n = snprintf(name, sizeof(name), "%.*s-cert.pub", (int)len, path);
	if (n >= (int)sizeof(name) || load_public_blob(name, &blob, &comment) != ERR_OK ||
	    cert_parse(writer_span(&blob), &cert) != ERR_OK)
		return !a->certs_only;
	if (!span_eq(key_blob(cert.key), key)) {
		fprintf(stderr, "Certificate %s does not match private key %s\n", name, path);
		return false;
	}
	return remove_one(a, name, writer_span(&blob), writer_span(&comment));
}

static bool
remove_file(const struct ssh_add *a, const char *path)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	enum err e = load_public_blob(path, &blob, &comment);
	bool is_cert, ok = true;

	if (e != ERR_OK) {
		fprintf(stderr, "Bad key file %s: %s\n", path, key_error_text(e));
		return false;
	}
	is_cert = cert_type_plain(key_blob_type(writer_span(&blob))) != NULL;
	if (is_cert || !a->certs_only)
		ok = remove_one(a, path, writer_span(&blob), writer_span(&comment));
	if (!is_cert && !a->keys_only)
		ok = remove_cert_beside(a, path, writer_span(&blob)) && ok;
	return ok;
}

/* The key or certificate of a line. */
static enum err
parse_line(struct span text, struct writer *blob, struct span *comment)
{
	struct authorized_walk walk = { .rest = text };
	struct authorized_line line;

	if (!authorized_next(&walk, &line) || base64_get(blob, line.base64) != ERR_OK ||
	    line.type.len == 0 || !span_eq(key_blob_type(writer_span(blob)), line.type))
		return ERR_FORMAT;
	*comment = line.comment;
	return ERR_OK;
}

/* Public keys line by line; none at all is a failure. */
static bool
remove_stdin(const struct ssh_add *a)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_KEY_FILE);
	unsigned number = 0, n_keys = 0;
	struct span rest, line;
	bool ok = true;

	if (read_file("-", &text, NULL) != ERR_OK)
		die("(stdin): cannot be read");
	for (rest = writer_span(&text); rest.len > 0 && span_token(&rest, '\n', &line);) {
		SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
		struct span comment;

		number++;
		line = span_first(line, span_find(line, '\r'));
		while (line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
			line = span_skip(line, 1);
		if (line.len == 0 || line.p[0] == '#')
			continue;
		n_keys++;
		if (parse_line(line, &blob, &comment) != ERR_OK) {
			fprintf(stderr, "(stdin):%u: invalid key: invalid format\n", number);
			ok = false;
		} else if (!remove_one(a, "(stdin)", writer_span(&blob), comment)) {
			ok = false;
		}
	}
	return ok && n_keys > 0;
}

int
ssh_add_remove(struct ssh_add *a, char **files, size_t n)
{
	size_t n_removed = 0;
	int status = 0;

	for (size_t i = 0; i < n; i++)
		if (!(strcmp(files[i], "-") == 0 ? remove_stdin(a) : remove_file(a, files[i])))
			status = 1;
	for (size_t i = 0; n == 0 && i < ssh_add_default_count(); i++) {
		char *path = ssh_add_default(a, i);

		if (path != NULL && remove_file(a, path))
			n_removed++;
		else if (path != NULL)
			status = 1;
		free(path);
	}
	return n == 0 && n_removed == 0 ? 1 : status;
}

int
ssh_add_remove_all(struct ssh_add *a)
{
	SCOPED(writer_free) struct writer request = writer_init(64);
	enum err e;

	agent_put(&request, AGENT_REMOVE_ALL);
	e = agent_request(a->agent, &request);
	if (e != ERR_OK)
		fputs("Failed to remove all identities.\n", stderr);
	else if (!a->is_quiet)
		fputs("All identities removed.\n", stderr);
	return e == ERR_OK ? 0 : 1;
}
