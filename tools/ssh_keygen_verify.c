/* SPDX-License-Identifier: ISC */
/* ssh-keygen -Y verify, check-novalidate, find-principals, match-principals. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/allowed_signers.h"
#include "keys/krl.h"
#include "os/file.h"
#include "tools/ssh_keygen_signature.h"

/*
 * What match-principals exits with, as OpenSSH's does. Scripts can tell by it
 * that there is no such name from that the question could not be answered.
 */
enum match_status {
	MATCH_NOBODY		= 210,
	MATCH_NO_FILE		= 232,
	MATCH_BAD_OPTION	= 246,
	MATCH_BAD_LINE		= 252,
};

/* --- the signature --- */

/* A signature file that has been read. */
struct document {
	struct writer blob;
	struct sshsig sig;
	struct sshsig_signer signer;
};

static void
document_free(struct document *d)
{
	sshsig_signer_free(&d->signer);
	writer_free(&d->blob);
}

/* Says what is wrong with a signature; false. */
static bool
bad(const char *what, enum err e)
{
	const char *text = e == ERR_FORMAT || e == ERR_SHORT ? "invalid format" : error_text(e);

	fprintf(stderr, "%s: %s\n", what, text);
	return false;
}

/* Reads the file of -s; false after a message. */
static bool
read_signature(const struct keygen *kg, struct document *d)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	enum err e = file_read_any(kg->ca, &file, NULL);

	if (e != ERR_OK)
		return bad("Couldn't read signature file", e);
	e = sshsig_armour_get(writer_span(&file), &d->blob);
	if (e == ERR_NOTFOUND || e == ERR_SHORT) {
		fprintf(stderr, "Couldn't parse signature: missing %s\n",
		    e == ERR_SHORT ? "footer" : "header");
		return false;
	}
	if (e != ERR_OK)
		return bad("Couldn't parse signature", e);
	e = sshsig_get(writer_span(&d->blob), &d->sig);
	if (e == ERR_TRAILING || e == ERR_UNSUPPORTED) {
		fprintf(stderr, e == ERR_TRAILING ? "Signature contains trailing data\n" :
		    "Signature version is larger than supported version 1\n");
		return false;
	}
	if (e != ERR_OK)
		return bad("Couldn't verify signature", e);
	e = sshsig_signer_get(d->sig.signer, &d->signer);
	if (e == ERR_UNSUPPORTED)
		fprintf(stderr, "Couldn't verify signature: unknown or unsupported key type\n");
	return e == ERR_OK || (e != ERR_UNSUPPORTED && bad("Couldn't verify signature", e));
}

/* Whether the signature is one of the message on standard input. */
static bool
is_genuine(const struct keygen *kg, const struct document *d)
{
	const struct hash_alg *hash = sshsig_hash(d->sig.hash);
	uint8_t digest[HASH_MAX_LEN];
	char name[64];
	enum err e;

	if (!span_is(d->sig.name_space, kg->principals)) {
		fprintf(stderr, "Couldn't verify signature: namespace does not match\n");
		return false;
	}
	if (hash == NULL) {
		fprintf(stderr, "Couldn't verify signature: unsupported hash algorithm \"%s\"\n",
		    text_visible_str(name, sizeof name, d->sig.hash));
		return false;
	}
	e = signature_hash_fd(STDIN_FILENO, hash, digest);
	if (e != ERR_OK)
		return bad("Couldn't read message", e);
	e = sshsig_verify(&d->sig, &d->signer, digest);
	if (e == ERR_SIGNATURE)
		fprintf(stderr, "Signature verification failed: incorrect signature\n");
	return e == ERR_OK || (e != ERR_SIGNATURE && bad("Couldn't verify signature", e));
}

/* Whether the list of -r revokes the signer; who cannot be looked up is revoked. */
static bool
is_revoked(const struct keygen *kg, const struct document *d)
{
	SCOPED(writer_free) struct writer list = writer_init(KEYGEN_MAX_FILE);
	char print[FINGERPRINT_SIZE];
	bool revoked = true;
	enum err e;

	if (kg->revoked == NULL)
		return false;
	e = file_read_any(kg->revoked, &list, NULL);
	if (e == ERR_OK && d->signer.is_cert)
		e = revoked_cert(writer_span(&list), &d->signer.cert, &revoked);
	else if (e == ERR_OK)
		e = revoked_key(writer_span(&list), d->sig.signer, &revoked);
	if (e != ERR_OK)
		fprintf(stderr, "Couldn't read revocation list %s: %s\n", kg->revoked, error_text(e));
	else if (revoked)
		fprintf(stderr, "Key %s is revoked by %s\n", fingerprint_str(print,
		    key_blob(d->signer.key), FINGERPRINT_SHA256), kg->revoked);
	return e != ERR_OK || revoked;
}

/* Tells that the signature is good; name may be NULL. */
static void
tell_good(const struct keygen *kg, const struct document *d, const char *name, bool print_key)
{
	SCOPED(writer_free) struct writer line = writer_init(LIMIT_LINE);

	if (!kg->is_quiet) {
		wr_printf(&line, "Good \"%s\" signature %s%s%swith %s%s key ", kg->principals,
		    name == NULL ? "" : "for ", name == NULL ? "" : name, name == NULL ? "" : " ",
		    key_label(d->signer.key), d->signer.is_cert ? "-CERT" : "");
		fingerprint_put(&line, key_blob(d->signer.key), kg->fingerprint);
		wr_u8(&line, '\n');
	}
	if (print_key) {
		public_line_put(&line, d->sig.signer, SPAN_EMPTY);
		wr_u8(&line, '\n');
	}
	print_writer(&line);
}

/* --- allowed_signers --- */

/* The question about a signature at that time. */
static struct signer_question
question_about(const struct document *d, uint64_t now)
{
	time_t seconds = (time_t)now;
	struct tm tm;

	return (struct signer_question){
		.signer = d->sig.signer,
		.cert = d->signer.is_cert ? &d->signer.cert : NULL,
		.now = now,
		.now_local = (int64_t)now + (localtime_r(&seconds, &tm) == NULL ? 0 : tm.tm_gmtoff),
	};
}

/* A time of a line, as a clock on the wall shows it. */
static const char *
time_text(char buf[static 64], const struct signer_time *t)
{
	time_t seconds = (time_t)t->seconds;
	struct tm tm;

	if ((t->is_local ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm)) == NULL ||
	    strftime(buf, 64, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		snprintf(buf, 64, "UNKNOWN-TIME");
	return buf;
}

/* Says why a line that is about the key does not let it sign. */
static void
tell_refusal(const char *at, const struct allowed_signer *s, const struct signer_question *q,
    enum signer_answer answer, const char *why)
{
	struct signer_time asked = { .is_local = true, .seconds = q->now_local };
	char now[64], limit[64];

	time_text(now, &asked);
	if (answer == SIGNER_BAD_CERT && q->principal.p == NULL)
		fprintf(stderr, "%s: no valid principals found\n", at);
	else if (answer == SIGNER_BAD_CERT)
		fprintf(stderr, "%s: certificate not authorized: %s\n", at, why);
	else if (answer == SIGNER_NAME_SPACE)
		fprintf(stderr, "%s: key is not permitted for use in signature namespace \"%.*s\"\n", at,
		    (int)q->name_space.len, (const char *)q->name_space.p);
	else if (answer == SIGNER_EARLY)
		fprintf(stderr, "%s: key is not yet valid: verify time %s < valid-after %s\n", at, now,
		    time_text(limit, &s->after));
	else if (answer == SIGNER_LATE)
		fprintf(stderr, "%s: key has expired: verify time %s > valid-before %s\n", at, now,
		    time_text(limit, &s->before));
}

/* Reads the file of -f; false after a message. */
static bool
read_signers(const struct keygen *kg, struct writer *file)
{
	enum err e = file_read_any(kg->file, file, NULL);

	if (e != ERR_OK)
		fprintf(stderr, "Unable to open allowed keys file \"%s\": %s\n", kg->file, error_text(e));
	return e == ERR_OK;
}

/* Prints the principals of a list, each on a line. */
static bool
print_list(struct span list)
{
	struct span part;

	while (span_token(&list, ',', &part))
		printf("%.*s\n", (int)part.len, (const char *)part.p);
	return true;
}

static bool
has_control(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] < ' ' || name.p[i] == 0x7f)
			return true;
	return false;
}

/* Prints those principals of a certificate that the line is for. */
static bool
print_principals(const struct allowed_signer *s, const struct cert *c)
{
	struct span rest = c->principals, name;
	bool any = false;

	while (cert_next_principal(&rest, &name)) {
		/* Names with a newline would be read as others. */
		if (has_control(name) || !allowed_signer_is_for(s, name))
			continue;
		printf("%.*s\n", (int)name.len, (const char *)name.p);
		any = true;
	}
	return any;
}

/* What a line says; for -Y find-principals it is printed who may sign. */
static bool
ask_line(const char *at, const struct allowed_signer *s, const struct signer_question *q)
{
	enum signer_answer answer;
	const char *why;
	enum err e = allowed_signer_ask(s, q, &answer, &why);

	if (e != ERR_OK)
		die("%s: %s", at, err_text(e));
	if (answer != SIGNER_ALLOWED) {
		tell_refusal(at, s, q, answer, why);
		return false;
	}
	if (q->principal.p != NULL)
		return true;
	if (!s->is_ca)
		return print_list(s->principals);
	if (print_principals(s, q->cert))
		return true;
	tell_refusal(at, s, q, SIGNER_BAD_CERT, NULL);
	return false;
}

/* Whether a line that is wrong is about somebody else than the name: it does not matter then. */
static bool
is_of_others(const struct allowed_signer *s, enum err e, struct span name)
{
	return e == ERR_SYNTAX && name.p != NULL && s->principals.len > 0 &&
	    !allowed_signer_is_for(s, name);
}

/* Asks line after line; a bad one is told of and passed over. */
static bool
ask_all(const struct keygen *kg, const struct signer_question *q)
{
	SCOPED(writer_free) struct writer file = writer_init(KEYGEN_MAX_FILE);
	struct allowed_walk walk;
	struct allowed_signer s;
	const char *why;
	enum err e;

	if (!read_signers(kg, &file))
		return false;
	walk = (struct allowed_walk){ .rest = writer_span(&file) };
	while (allowed_next(&walk, &s, &e, &why)) {
		char at[4096];
		bool found;

		if (is_of_others(&s, e, q->principal))
			continue;
		snprintf(at, sizeof at, "%s:%u", kg->file, walk.number);
		if (e != ERR_OK) {
			fprintf(stderr, "%s: %s\n", at, why != NULL ? why : err_text(e));
			continue;
		}
		found = ask_line(at, &s, q);
		allowed_signer_free(&s);
		if (found)
			return true;
	}
	return false;
}

/* --- operations --- */

/* Whether all is well; tells so. */
static bool
verify(const struct keygen *kg, bool needs_signer)
{
	SCOPED(document_free) struct document d = { .blob = writer_init(SSHSIG_MAX_BLOB) };
	struct signature_options options;
	struct signer_question q;

	if (!signature_options_read(kg, SIGNATURE_VERIFY, &options) || !read_signature(kg, &d) ||
	    !is_genuine(kg, &d) || is_revoked(kg, &d))
		return false;
	if (needs_signer) {
		q = question_about(&d, options.now);
		q.principal = span_str(kg->key_id);
		q.name_space = span_str(kg->principals);
		if (!ask_all(kg, &q))
			return false;
	}
	tell_good(kg, &d, needs_signer ? kg->key_id : NULL, options.print_key);
	return true;
}

static int
verify_and_tell(const struct keygen *kg, bool needs_signer)
{
	if (verify(kg, needs_signer))
		return 0;
	if (!kg->is_quiet)
		printf("Could not verify signature.\n");
	return 255;
}

int
keygen_verify(struct keygen *kg)
{
	return verify_and_tell(kg, true);
}

int
keygen_check_novalidate(struct keygen *kg)
{
	return verify_and_tell(kg, false);
}

int
keygen_find_principals(struct keygen *kg)
{
	SCOPED(document_free) struct document d = { .blob = writer_init(SSHSIG_MAX_BLOB) };
	struct signature_options options;
	struct signer_question q;

	if (signature_options_read(kg, SIGNATURE_FIND, &options) && read_signature(kg, &d)) {
		q = question_about(&d, options.now);
		if (ask_all(kg, &q))
			return 0;
	}
	fprintf(stderr, "No principal matched.\n");
	return 255;
}

/* Adds the lines that are for the name; a bad one among them ends it. */
static int
match(const struct keygen *kg, struct writer *out)
{
	SCOPED(writer_free) struct writer file = writer_init(KEYGEN_MAX_FILE);
	struct allowed_walk walk;
	struct allowed_signer s;
	const char *why;
	enum err e;

	if (!read_signers(kg, &file))
		return MATCH_NO_FILE;
	walk = (struct allowed_walk){ .rest = writer_span(&file) };
	while (allowed_next(&walk, &s, &e, &why)) {
		if (is_of_others(&s, e, span_str(kg->key_id)))
			continue;
		if (e != ERR_OK) {
			fprintf(stderr, "%s:%u: %s\n", kg->file, walk.number,
			    why != NULL ? why : err_text(e));
			return MATCH_BAD_LINE;
		}
		if (allowed_signer_is_for(&s, span_str(kg->key_id))) {
			wr_raw(out, s.principals);
			wr_u8(out, '\n');
		}
		allowed_signer_free(&s);
	}
	return out->len == 0 ? MATCH_NOBODY : 0;
}

int
keygen_match_principals(struct keygen *kg)
{
	SCOPED(writer_free) struct writer out = writer_init(KEYGEN_MAX_FILE);
	struct signature_options options;
	int status;

	if (!signature_options_read(kg, SIGNATURE_MATCH, &options))
		return MATCH_BAD_OPTION;
	status = match(kg, &out);
	if (status == 0)
		print_writer(&out);
	else
		fprintf(stderr, "No principal matched.\n");
	return status;
}
