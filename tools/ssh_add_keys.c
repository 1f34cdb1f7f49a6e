/* SPDX-License-Identifier: ISC */
/* ssh-add: private keys and certificates go to the agent. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/cert.h"
#include "os/clock.h"
#include "ssh/agent_client.h"
#include "tools/ssh_add.h"
#include "tools/ssh_keygen.h"

/* A certificate stays so much longer than it is good for, as clocks differ. */
#define CERT_GRACE	300

/* Of a comment or a name, in a message. */
#define SHOWN_TEXT	1024

/* Who talks to tokens, for an agent that does. */
#define DEFAULT_PROVIDER	"internal"

/* --- what is said --- */

static void
print_lifetime(uint32_t seconds)
{
	unsigned days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;

	if (days == 0)
		fprintf(stderr, "Lifetime set to %02u:%02u:%02u\n", hours, minutes, seconds % 60);
	else if (days < 7)
		fprintf(stderr, "Lifetime set to %ud%02uh%02um\n", days, hours, minutes);
	else
		fprintf(stderr, "Lifetime set to %02uw%ud%02uh\n", days / 7, days % 7, hours);
}

static void
print_added(const struct ssh_add *a, const char *what, const char *path, struct span name,
    const struct agent_add *add)
{
	char shown[SHOWN_TEXT];

	if (a->is_quiet)
		return;
	fprintf(stderr, "%s added: %s (%s)\n", what, path, text_visible_str(shown, sizeof(shown), name));
	if (add->lifetime != 0)
		print_lifetime(add->lifetime);
	if (add->confirm)
		fputs("The user must confirm each use of the key\n", stderr);
}

/* --- certificates --- */

/* Reads the user's certificate beside a key, "PATH-cert.pub"; false if there is none of use. */
static bool
read_cert(const char *path, struct cert *cert)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);

	return read_file(path, &text, NULL) == ERR_OK &&
	    cert_line_decode(writer_span(&text), &blob) == ERR_OK &&
	    cert_parse(writer_span(&blob), cert) == ERR_OK;
}

/* How long the agent shall have it; false if its time is over. */
static bool
cert_lifetime(const struct ssh_add *a, const struct cert *cert, uint32_t *lifetime)
{
	uint64_t now = (uint64_t)clock_wall(), left;

	*lifetime = a->lifetime;
	if (a->ignores_expiry || cert->valid_before == CERT_FOREVER)
		return true;
	if (cert->valid_before <= now)
		return false;
	left = cert->valid_before - now;
	left = left > UINT32_MAX - CERT_GRACE ? 0 : left + CERT_GRACE;
	if (left != 0 && (*lifetime == 0 || left < *lifetime))
		*lifetime = (uint32_t)left;
	return true;
}

/* Adds the certificate beside a key, if there is one. */
static bool
add_cert(const struct ssh_add *a, const char *key_path, const struct key *k, const struct agent_add *plain)
{
	SCOPED(cert_free) struct cert cert = { .type = NULL };
	char path[PATH_MAX], shown[SHOWN_TEXT];
	struct agent_add add = *plain;
	enum err e;

	if (snprintf(path, sizeof(path), "%s-cert.pub", key_path) >= (int)sizeof(path) ||
	    !read_cert(path, &cert)) {
		log_debug(&a->log, "no certificate at %s", path);
		return !a->certs_only;
	}
	if (!key_equal(cert.key, k)) {
		fprintf(stderr, "Certificate %s does not match private key %s\n", path, key_path);
		return !a->certs_only;
	}
	if (!cert_lifetime(a, &cert, &add.lifetime)) {
		fprintf(stderr, "Certificate %s has already expired; ignored\n", path);
		return !a->certs_only;
	}
	add.cert = cert.blob;
	e = agent_add(a->agent, k, &add);
	if (e == ERR_OK)
		print_added(a, "Certificate", path, cert.key_id, &add);
	else
		fprintf(stderr, "Could not add certificate \"%s\" (%s): %s\n", path,
		    text_visible_str(shown, sizeof(shown), cert.key_id), ssh_add_error(e));
	return e == ERR_OK;
}

/* --- keys --- */

static struct agent_add
limits(const struct ssh_add *a, const struct key *k, struct span comment)
{
	struct agent_add add = {
		.comment = comment, .lifetime = a->lifetime, .confirm = a->confirm,
		.destinations = writer_span(&a->destinations),
	};

	if (key_is_sk(k))
		add.provider = span_str(a->provider == NULL ? DEFAULT_PROVIDER : a->provider);
	return add;
}

/* Adds a key and its certificate. name is for messages; is_file: there may be one beside it. */
static bool
add_key(const struct ssh_add *a, const char *name, bool is_file, const struct key *k, struct span comment)
{
	struct agent_add add = limits(a, k, comment.len == 0 ? span_str(name) : comment);
	enum err e;

	log_debug(&a->log, "%s: %s, %u bits", name, key_type(k), key_bits(k));
	if (!a->certs_only) {
		e = agent_add(a->agent, k, &add);
		if (e != ERR_OK) {
			fprintf(stderr, "Could not add identity \"%s\": %s\n", name, ssh_add_error(e));
			return false;
		}
		print_added(a, "Identity", name, add.comment, &add);
	}
	return a->keys_only || !is_file ? !a->certs_only : add_cert(a, name, k, &add);
}

/* Asks until a passphrase is right, or none is given. */
static enum err
ask_and_read(struct ssh_add *a, const char *name, struct span file, struct key **k, struct writer *comment)
{
	const char *start = "Enter passphrase for";
	char question[PATH_MAX + 64];
	enum err e;

	do {
		snprintf(question, sizeof(question), "%s %s%s: ", start, name,
		    a->confirm ? " (will confirm each use)" : "");
		secret_free(&a->passphrase);
		a->passphrase = ask_passphrase(question);
		if (a->passphrase.len == 0)
			return ERR_PASSPHRASE;
		writer_reset(comment);
		e = private_file_read(file, secret_span(&a->passphrase), k, comment);
		start = "Bad passphrase, try again for";
	} while (e == ERR_PASSPHRASE);
	return e;
}

/* ERR_PASSPHRASE: none was given. */
static enum err
decrypt(struct ssh_add *a, const char *name, struct span file, struct key **k, struct writer *comment)
{
	enum err e = private_file_read(file, secret_span(&a->passphrase), k, comment);

	return e == ERR_PASSPHRASE ? ask_and_read(a, name, file, k, comment) : e;
}

static bool
add_file(struct ssh_add *a, const char *path)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	SCOPED(key_free) struct key *k = NULL;
	bool is_file = strcmp(path, "-") != 0;
	const char *name = is_file ? path : "(stdin)";
	struct stat st;
	enum err e = read_file(path, &file, &st);

	if (e != ERR_OK) {
		fprintf(stderr, "%s: %s\n", name, error_text(e));
		return false;
	}
	if (is_file && is_unprotected(path, &st))
		return false;
	e = decrypt(a, name, writer_span(&file), &k, &comment);
	if (e == ERR_OK)
		return add_key(a, name, is_file, k, writer_span(&comment));
	if (e != ERR_PASSPHRASE)
		fprintf(stderr, "Error loading key \"%s\": %s\n", name, key_error_text(e));
	return false;
}

int
ssh_add_files(struct ssh_add *a, char **files, size_t n)
{
	size_t n_added = 0;
	int status = 0;

	for (size_t i = 0; i < n; i++)
		if (!add_file(a, files[i]))
			status = 1;
	for (size_t i = 0; n == 0 && i < ssh_add_default_count(); i++) {
		char *path = ssh_add_default(a, i);

		if (path != NULL && add_file(a, path))
			n_added++;
		else if (path != NULL)
			status = 1;
		free(path);
	}
	return n == 0 && n_added == 0 ? 1 : status;
}
