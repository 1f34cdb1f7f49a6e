/* SPDX-License-Identifier: ISC */
/* ssh-keygen: making key pairs, and host keys. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/limits.h"
#include "crypto/random.h"
#include "os/file.h"
#include "tools/ssh_keygen.h"

/* What -t takes, in any case; the names of the types too. */
static const struct {
	const char *name;
	unsigned bits;			/* that the name alone stands for; 0: -b says */
	const char *kind;		/* for key_generate() */
} types[] = {
	{ "ed25519", 0, "ed25519" },
	{ "ssh-ed25519", 0, "ed25519" },
	{ "ecdsa", 0, "ecdsa" },
	{ "ecdsa-sha2-nistp256", 256, "ecdsa" },
	{ "ecdsa-sha2-nistp384", 384, "ecdsa" },
	{ "ecdsa-sha2-nistp521", 521, "ecdsa" },
	{ "mldsa44-ed25519", 0, "mldsa44-ed25519" },
	{ "ssh-mldsa44-ed25519@openssh.com", 0, "mldsa44-ed25519" },
	{ "rsa", 0, "rsa" },
	{ "ssh-rsa", 0, "rsa" },
	{ "rsa-sha2-256", 0, "rsa" },
	{ "rsa-sha2-512", 0, "rsa" },
};

/* The kind that name stands for; sets bits where the name says them. */
static const char *
find_kind(const char *name, unsigned *bits)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (strcasecmp(name, types[i].name) != 0)
			continue;
		if (types[i].bits != 0)
			*bits = types[i].bits;
		return types[i].kind;
	}
	die("unknown key type %s", name);
}

/* Says what is wrong with a size, before anything is done. */
static void
check_size(const char *kind, unsigned bits)
{
	if (bits == 0)
		return;
	if (strcmp(kind, "rsa") == 0 && (bits < 1024 || bits > LIMIT_RSA_BITS))
		die("Invalid RSA key length: %s is %u bits", bits < 1024 ? "minimum" : "maximum",
		    bits < 1024 ? 1024 : LIMIT_RSA_BITS);
	if (strcmp(kind, "ecdsa") == 0 && bits != 256 && bits != 384 && bits != 521)
		die("Invalid ECDSA key length: valid lengths are 256, 384 or 521 bits");
}

static struct key *
generate(const char *kind, unsigned bits)
{
	struct rng rng = rng_system();
	struct key *k;
	enum err e = key_generate(span_str(kind), bits, &rng, &k);

	if (e != ERR_OK)
		die("ssh-keygen: generating the key failed: %s", err_text(e));
	return k;
}

/* The comment of -C, else user@machine. */
static struct span
comment_of(const struct keygen *kg, struct writer *w)
{
	if (kg->comment != NULL)
		return span_str(kg->comment);
	wr_printf(w, "%s@%s", kg->me.name, kg->machine);
	if (wr_end(w) != ERR_OK)
		die("%s", err_text(w->err));
	return writer_span(w);
}

/* ~/.ssh/id_KIND, which a key of this kind is offered from. */
static char *
default_path(const struct keygen *kg, const char *kind)
{
	static const char dir[] = "/.ssh/id_";
	size_t size = strlen(kg->me.home) + sizeof dir + strlen(kind);
	char *path = malloc(size > 1024 ? size : 1024);

	if (path == NULL)
		die("%s", err_text(ERR_NOMEM));
	snprintf(path, size, "%s%s%s", kg->me.home, dir, kind);
	for (char *p = path + strlen(kg->me.home); *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	return path;
}

/* Where to save: -f, or the answer to the question. */
static char *
path_to_save(const struct keygen *kg, const char *kind)
{
	char answer[1024], *path = default_path(kg, kind);

	if (kg->file != NULL) {
		free(path);
		path = strdup(kg->file);
		if (path == NULL)
			die("%s", err_text(ERR_NOMEM));
		return path;
	}
	printf("Enter file in which to save the key (%s): ", path);
	if (!read_answer(answer, sizeof answer))
		exit(1);
	if (answer[0] != '\0')
		snprintf(path, sizeof answer, "%s", answer);
	return path;
}

/* Makes ~/.ssh if the key goes there and it is missing. */
static void
make_directory(const struct keygen *kg, const char *path)
{
	char dir[PATH_MAX];
	int n = snprintf(dir, sizeof dir, "%s/.ssh", kg->me.home);

	if (n < 0 || (size_t)n >= sizeof dir || strncmp(path, dir, (size_t)n) != 0 || path[n] != '/')
		return;
	if (mkdir(dir, 0700) == 0) {
		if (!kg->is_quiet)
			printf("Created directory '%s'.\n", dir);
	} else if (errno != EEXIST) {
		fprintf(stderr, "Could not create directory '%s' (%s).\n", dir, strerror(errno));
	}
}

bool
may_overwrite(const char *path)
{
	struct stat st;
	char answer[8];

	if (stat(path, &st) == -1)
		return true;
	printf("%s already exists.\nOverwrite (y/n)? ", path);
	return read_answer(answer, sizeof answer) && (answer[0] == 'y' || answer[0] == 'Y');
}

/*
 * Writes both files. A private key whose public half could not be written is
 * taken away again, unless it has taken the place of another.
 */
static bool
save_pair(const struct keygen *kg, const char *path, const struct key *k,
    struct span comment, struct span passphrase)
{
	bool is_new = access(path, F_OK) == -1;
	enum err e = save_private(kg, path, k, comment, passphrase);

	if (e == ERR_UNSUPPORTED)
		die("Saving key \"%s\" failed: unknown or unsupported cipher or format", path);
	if (e != ERR_OK) {
		fprintf(stderr, "Saving key \"%s\" failed: %s\n", path, error_text(e));
		return false;
	}
	e = save_public(path, k, comment);
	if (e == ERR_OK)
		return true;
	fprintf(stderr, "Unable to save public key to %s.pub: %s\n", path, error_text(e));
	if (is_new)
		unlink(path);
	return false;
}

/* Tells what was made. */
static void
tell(const struct keygen *kg, const char *path, const struct key *k, struct span comment)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	printf("Your identification has been saved in %s\n"
	    "Your public key has been saved in %s.pub\n"
	    "The key fingerprint is:\n", path, path);
	fingerprint_put(&w, key_blob(k), kg->fingerprint);
	wr_u8(&w, ' ');
	wr_raw(&w, comment);
	wr_raw(&w, SPAN_LIT("\nThe key's randomart image is:\n"));
	randomart_put(&w, key_blob(k), kg->fingerprint, key_label(k), key_bits(k));
	wr_u8(&w, '\n');
	print_writer(&w);
}

int
keygen_make(struct keygen *kg)
{
	const char *kind = find_kind(kg->type == NULL ? "ed25519" : kg->type, &kg->bits);
	SCOPED(key_free) struct key *k = NULL;
	SCOPED(secret_free) struct secret passphrase = { 0 };
	SCOPED(writer_free) struct writer buf = writer_init(LIMIT_LINE);
	char question[PATH_MAX + 64], *path;
	int status = 1;

	check_size(kind, kg->bits);
	if (!kg->is_quiet)
		printf("Generating public/private %s key pair.\n", kind);
	fflush(stdout);
	k = generate(kind, kg->bits);
	path = path_to_save(kg, kind);
	make_directory(kg, path);
	if (may_overwrite(path)) {
		struct span comment = comment_of(kg, &buf);

		snprintf(question, sizeof question,
		    "Enter passphrase for \"%s\" (empty for no passphrase): ", path);
		while (new_passphrase(kg, question, "Passphrases do not match.  Try again.",
		    &passphrase) != ERR_OK)
			;
		if (save_pair(kg, path, k, comment, secret_span(&passphrase))) {
			if (!kg->is_quiet)
				tell(kg, path, k, comment);
			status = 0;
		}
	}
	free(path);
	return status;
}

/* --- host keys --- */

/* Makes one host key where there is none; false on failure. */
static bool
make_host_key(const struct keygen *kg, const char *kind, const char *label, bool *any)
{
	SCOPED(key_free) struct key *k = NULL;
	SCOPED(writer_free) struct writer buf = writer_init(LIMIT_LINE);
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof path, "%s" SSH_CONF_DIR "/ssh_host_%s_key",
	    kg->file == NULL ? "" : kg->file, kind);

	if (n < 0 || (size_t)n >= sizeof path)
		die("%s: path too long", kg->file);
	/* An empty file is what a full disk has left behind. */
	if (stat(path, &st) == 0 && st.st_size > 0)
		return true;
	if (!*any && !kg->is_quiet)
		printf("ssh-keygen: generating new host keys: ");
	*any = true;
	if (!kg->is_quiet)
		printf("%s ", label);
	fflush(stdout);
	k = generate(kind, 0);
	return save_pair(kg, path, k, comment_of(kg, &buf), SPAN_EMPTY);
}

int
keygen_make_host_keys(struct keygen *kg)
{
	static const struct { const char *kind, *label; } kinds[] = {
		{ "rsa", "RSA" }, { "ecdsa", "ECDSA" }, { "ed25519", "ED25519" },
	};
	bool any = false, ok = true;

	for (size_t i = 0; i < COUNT(kinds); i++)
		ok = make_host_key(kg, kinds[i].kind, kinds[i].label, &any) && ok;
	if (any && !kg->is_quiet)
		printf("\n");
	return ok ? 0 : 255;
}
