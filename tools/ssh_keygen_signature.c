/* SPDX-License-Identifier: ISC */
/* ssh-keygen -Y: which operation, what it needs, and its options. */
#include "tools/ssh_keygen_signature.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* What an operation cannot do without. */
enum need {
	NEED_NAME_SPACE	= 1 << 0,	/* -n */
	NEED_SIGNATURE	= 1 << 1,	/* -s */
	NEED_KEY	= 1 << 2,	/* -f */
	NEED_SIGNERS	= 1 << 3,	/* -f */
	NEED_NAME	= 1 << 4,	/* -I */
};

static const struct {
	const char *name;
	unsigned needs;
	int (*run)(struct keygen *);
} operations[] = {
	{ "sign", NEED_NAME_SPACE | NEED_KEY, keygen_sign_files },
	{ "verify", NEED_NAME_SPACE | NEED_SIGNATURE | NEED_SIGNERS | NEED_NAME, keygen_verify },
	{ "check-novalidate", NEED_NAME_SPACE | NEED_SIGNATURE, keygen_check_novalidate },
	{ "find-principals", NEED_SIGNATURE | NEED_SIGNERS, keygen_find_principals },
	{ "match-principals", NEED_SIGNERS | NEED_NAME, keygen_match_principals },
};

/* What is missing, or NULL. */
static const char *
find_missing(const struct keygen *kg, unsigned needs)
{
	if ((needs & NEED_NAME_SPACE) != 0 && (kg->principals == NULL || *kg->principals == '\0'))
		return "namespace";
	if ((needs & NEED_SIGNATURE) != 0 && kg->ca == NULL)
		return "signature file";
	if ((needs & NEED_KEY) != 0 && kg->file == NULL)
		return "key";
	if ((needs & NEED_SIGNERS) != 0 && kg->file == NULL)
		return "allowed keys file";
	if ((needs & NEED_NAME) != 0 && kg->key_id == NULL)
		return "principal identity";
	return NULL;
}

bool
keygen_signature(struct keygen *kg, int *status)
{
	for (size_t i = 0; i < COUNT(operations); i++) {
		const char *missing;

		if (strcmp(kg->operation, operations[i].name) != 0)
			continue;
		missing = find_missing(kg, operations[i].needs);
		if (missing != NULL) {
			fprintf(stderr, "Too few arguments for %s: missing %s\n", kg->operation, missing);
			*status = 1;
		} else {
			*status = operations[i].run(kg);
		}
		return true;
	}
	fprintf(stderr, "Unsupported operation for -Y: \"%s\"\n", kg->operation);
	return false;
}

/* --- options --- */

/* What follows "name=" in text, or NULL. */
static const char *
value_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(text, name, len) == 0 ? text + len : NULL;
}

/* Reads one option; false after a message. */
static bool
read_option(const char *text, enum signature_op op, struct signature_options *out)
{
	const char *value;

	if (op == SIGNATURE_SIGN && (value = value_of(text, "hashalg=")) != NULL) {
		out->hash = sshsig_hash(span_str(value));
		if (out->hash == NULL)
			fprintf(stderr, "Unsupported hash algorithm \"%s\"\n", value);
		return out->hash != NULL;
	}
	if ((op & (SIGNATURE_VERIFY | SIGNATURE_FIND)) != 0 &&
	    (value = value_of(text, "verify-time=")) != NULL) {
		if (parse_date(span_str(value), &out->now) == ERR_OK)
			return true;
		fprintf(stderr, "Invalid \"verify-time\" option\n");
		return false;
	}
	if (op == SIGNATURE_VERIFY && strcasecmp(text, "print-pubkey") == 0) {
		out->print_key = true;
		return true;
	}
	fprintf(stderr, "Invalid option \"%s\"\n", text);
	return false;
}

bool
signature_options_read(const struct keygen *kg, enum signature_op op, struct signature_options *out)
{
	*out = (struct signature_options){ .hash = hash_find("sha512"), .now = (uint64_t)time(NULL) };
	for (size_t i = 0; i < kg->n_options; i++)
		if (!read_option(kg->options[i], op, out))
			return false;
	return true;
}

/* --- messages --- */

enum err
signature_hash_fd(int fd, const struct hash_alg *alg, uint8_t digest[static HASH_MAX_LEN])
{
	uint8_t buf[64 * 1024];
	struct hash h;

	hash_init(&h, alg);
	for (;;) {
		ssize_t n = read(fd, buf, sizeof buf);

		if (n == 0)
			break;
		if (n == -1 && errno != EINTR)
			return ERR_SYSTEM;
		if (n > 0)
			hash_update(&h, span_of(buf, (size_t)n));
	}
	hash_final(&h, digest);
	return ERR_OK;
}
