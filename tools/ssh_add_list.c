/* SPDX-License-Identifier: ISC */
/* ssh-add: what the agent has, and whether it signs with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "keys/cert.h"
#include "ssh/agent_client.h"
#include "tools/ssh_add.h"
#include "tools/ssh_keygen.h"

/* What is signed to see whether it can be. */
#define TEST_LEN	1024

/* The key in a blob, or that of a certificate. ERR_UNSUPPORTED and the like: nothing we know. */
static enum err
key_of(struct span blob, struct key **k, bool *is_cert)
{
	SCOPED(cert_free) struct cert cert = { .type = NULL };

	*k = NULL;
	*is_cert = cert_type_plain(key_blob_type(blob)) != NULL;
	if (!*is_cert)
		return key_from_blob(blob, k);
	TRY(cert_parse(blob, &cert));
	*k = cert.key;
	cert.key = NULL;
	return ERR_OK;
}

/* --- -l, -L --- */

struct list {
	const struct ssh_add *a;
	bool as_lines;
	unsigned n;
};

/* A line is to be used as one: what would end it or act on a terminal is left out. */
static void
put_comment(struct writer *w, struct span comment)
{
	for (size_t i = 0; i < comment.len; i++)
		wr_u8(w, comment.p[i] < ' ' || comment.p[i] == 0x7f ? '?' : comment.p[i]);
}

static enum err
print_one(void *arg, struct span blob, struct span comment)
{
	SCOPED(writer_free) struct writer w = writer_init(2 * AGENT_MAX_FRAME);
	SCOPED(key_free) struct key *k = NULL;
	struct list *list = arg;
	bool is_cert;

	if (key_of(blob, &k, &is_cert) != ERR_OK)
		return ERR_OK;
	list->n++;
	if (list->as_lines) {
		public_line_put(&w, blob, SPAN_EMPTY);
		wr_u8(&w, ' ');
		put_comment(&w, comment);
		wr_u8(&w, '\n');
	} else {
		wr_printf(&w, "%u ", key_bits(k));
		fingerprint_put(&w, key_blob(k), list->a->fingerprint);
		wr_u8(&w, ' ');
		text_visible(&w, comment);
		wr_printf(&w, " (%s%s)\n", key_label(k), is_cert ? "-CERT" : "");
	}
	print_writer(&w);
	return ERR_OK;
}

int
ssh_add_list(struct ssh_add *a, bool as_lines)
{
	struct list list = { .a = a, .as_lines = as_lines };
	enum err e = agent_list(a->agent, print_one, &list);

	if (e != ERR_OK) {
		fprintf(stderr, "error fetching identities: %s\n", ssh_add_error(e));
		return 1;
	}
	if (list.n > 0)
		return 0;
	puts("The agent has no identities.");
	return 1;
}

/* --- -T --- */

static bool
test_one(const struct ssh_add *a, const char *path)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	SCOPED(key_free) struct key *k = NULL;
	struct rng rng = rng_system();
	struct key_token token;
	uint8_t data[TEST_LEN];
	struct span alg, algs;
	bool is_cert;
	enum err e = load_public_blob(path, &blob, &comment);

	if (e == ERR_OK)
		e = key_of(writer_span(&blob), &k, &is_cert);
	if (e != ERR_OK) {
		fprintf(stderr, "Couldn't read public key %s: %s\n", path, key_error_text(e));
		return false;
	}
	algs = span_str(key_algs(k));
	alg = span_first(algs, span_find(algs, ','));
	rng_fill(&rng, data, sizeof(data));
	e = agent_sign(a->agent, writer_span(&blob), alg, span_of(data, sizeof(data)), &sig);
	if (e != ERR_OK) {
		fprintf(stderr, "Agent signature failed for %s: %s\n", path, ssh_add_error(e));
		return false;
	}
	e = key_verify(k, alg, alg, writer_span(&sig), span_of(data, sizeof(data)), &token);
	if (e != ERR_OK)
		fprintf(stderr, "Signature verification failed for %s: %s\n", path, err_text(e));
	return e == ERR_OK;
}

int
ssh_add_test(struct ssh_add *a, char **files, size_t n)
{
	int status = 0;

	if (n == 0)
		die("no keys to test");
	for (size_t i = 0; i < n; i++)
		if (!test_one(a, files[i]))
			status = 1;
	return status;
}

/* --- -Q --- */

static void
print_name(void *arg, struct span name)
{
	char shown[256];

	(void)arg;
	puts(text_visible_str(shown, sizeof(shown), name));
}

int
ssh_add_query(struct ssh_add *a)
{
	enum err e = agent_query(a->agent, print_name, NULL);

	if (e != ERR_OK)
		die("unable to query supported extensions: %s", ssh_add_error(e));
	return 0;
}
