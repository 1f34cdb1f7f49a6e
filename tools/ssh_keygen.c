/* SPDX-License-Identifier: ISC */
/* ssh-keygen(1): the command line. */
#include "tools/ssh_keygen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/cipher.h"
#include "crypto/crypto.h"
#include "os/whoami.h"
#include "tools/programs.h"

static const char usage_text[] =
    "usage: ssh-keygen [-q] [-a rounds] [-b bits] [-C comment] [-f output_keyfile]\n"
    "                  [-m format] [-N new_passphrase] [-t ecdsa | ed25519 | mldsa44-ed25519 | rsa]\n"
    "                  [-Z cipher]\n"
    "       ssh-keygen -p [-a rounds] [-f keyfile] [-m format] [-N new_passphrase]\n"
    "                   [-P old_passphrase] [-Z cipher]\n"
    "       ssh-keygen -i [-f input_keyfile] [-m key_format]\n"
    "       ssh-keygen -e [-f input_keyfile] [-m key_format]\n"
    "       ssh-keygen -y [-f input_keyfile] [-P passphrase]\n"
    "       ssh-keygen -c [-a rounds] [-C comment] [-f keyfile] [-P passphrase]\n"
    "       ssh-keygen -l [-v] [-E fingerprint_hash] [-f input_keyfile]\n"
    "       ssh-keygen -B [-f input_keyfile]\n"
    "       ssh-keygen -F hostname [-lv] [-f known_hosts_file]\n"
    "       ssh-keygen -H [-f known_hosts_file]\n"
    "       ssh-keygen -R hostname [-f known_hosts_file]\n"
    "       ssh-keygen -r hostname [-g] [-f input_keyfile] [-O hashalg=hash]\n"
    "       ssh-keygen -I certificate_identity -s ca_key [-hU] [-n principals]\n"
    "                  [-O option] [-t signature_algorithm] [-V validity_interval]\n"
    "                  [-z serial_number] file ...\n"
    "       ssh-keygen -L [-f input_keyfile]\n"
    "       ssh-keygen -k -f krl_file [-u] [-s ca_public] [-z version_number] file ...\n"
    "       ssh-keygen -Q [-l] -f krl_file [file ...]\n"
    "       ssh-keygen -A [-a rounds] [-f prefix_path]\n"
    "       ssh-keygen -Y sign -f key_file -n namespace [-U] [-O option] [file ...]\n"
    "       ssh-keygen -Y verify -f allowed_signers_file -I signer_identity\n"
    "                  -n namespace -s signature_file [-r krl_file] [-O option]\n"
    "       ssh-keygen -Y check-novalidate -n namespace -s signature_file [-O option]\n"
    "       ssh-keygen -Y find-principals -s signature_file -f allowed_signers_file\n"
    "                  [-O option]\n"
    "       ssh-keygen -Y match-principals -I signer_identity -f allowed_signers_file\n";

NORETURN static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(1);
}

/* Takes a letter that is a mode: only one may be given. */
static void
set_mode(char *mode, int letter)
{
	if (*mode != '\0' && *mode != letter)
		usage();
	*mode = (char)letter;
}

static unsigned
number(const char *text, const char *what, uint64_t max)
{
	uint64_t n;
	enum err e = text_number(span_str(text), 1, max, &n);

	if (e != ERR_OK)
		die("%s has bad value %s (%s)", what, text,
		    e == ERR_RANGE ? "out of range" : "invalid");
	return (unsigned)n;
}

static enum keygen_format
format(const char *name)
{
	static const struct { const char *name; enum keygen_format format; } rows[] = {
		{ "RFC4716", KEYGEN_FORMAT_RFC4716 }, { "PKCS8", KEYGEN_FORMAT_PKCS8 },
		{ "PEM", KEYGEN_FORMAT_PEM },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcasecmp(name, rows[i].name) == 0)
			return rows[i].format;
	die("Unsupported conversion format \"%s\"", name);
}

static void
set_serial(struct keygen *kg, const char *text)
{
	kg->has_serial = true;
	kg->serial_counts = text[0] == '+';
	if (text_number(span_str(text + kg->serial_counts), 0, UINT64_MAX, &kg->serial) != ERR_OK)
		die("Invalid serial number \"%s\"", text);
}

static void
add_option(struct keygen *kg, const char *text)
{
	const char **larger = realloc(kg->options, (kg->n_options + 1) * sizeof *larger);

	if (larger == NULL)
		die("%s", err_text(ERR_NOMEM));
	kg->options = larger;
	kg->options[kg->n_options++] = text;
}

static void
set_cipher(struct keygen *kg, const char *name)
{
	struct cipher_info info;

	if (!cipher_find(&info, span_str(name)))
		die("Invalid OpenSSH-format cipher '%s'", name);
	kg->cipher = name;
}

/* An option that takes a value. */
static void
option_with_value(struct keygen *kg, char *mode, int letter, const char *value)
{
	switch (letter) {
	case 'a':
		kg->rounds = number(value, "Rounds", PRIVATE_FILE_MAX_ROUNDS);
		break;
	case 'b':
		kg->bits = number(value, "Bits", INT32_MAX);
		break;
	case 'C':
		kg->comment = value;
		break;
	case 'E':
		if (fingerprint_kind(span_str(value), &kg->fingerprint) != ERR_OK)
			die("Invalid hash algorithm \"%s\"", value);
		break;
	case 'F':
	case 'R':
		set_mode(mode, letter);
		kg->host = value;
		break;
	case 'f':
		kg->file = value;
		break;
	case 'I':
		kg->key_id = value;
		break;
	case 'm':
		kg->format = format(value);
		break;
	case 'n':
		kg->principals = value;
		break;
	case 'N':
		kg->new_passphrase = value;
		break;
	case 'O':
		add_option(kg, value);
		break;
	case 'P':
		kg->passphrase = value;
		break;
	case 'r':		/* a mode unless another one takes it: see choose_mode() */
		kg->revoked = value;
		break;
	case 's':		/* the same */
		kg->ca = value;
		break;
	case 't':
		kg->type = value;
		break;
	case 'V':
		kg->validity = value;
		break;
	case 'Y':
		set_mode(mode, letter);
		kg->operation = value;
		break;
	case 'z':
		set_serial(kg, value);
		break;
	case 'Z':
		set_cipher(kg, value);
		break;
	}
}

/* An option without one. */
static void
option(struct keygen *kg, char *mode, int letter)
{
	switch (letter) {
	case 'g':
		kg->wants_generic = true;
		break;
	case 'h':
		kg->is_host = true;
		break;
	case 'H':
		kg->wants_hash = true;
		break;
	case 'l':
		kg->wants_list = true;
		break;
	case 'o':		/* the new format, which there was a time without */
		break;
	case 'q':
		kg->is_quiet = true;
		break;
	case 'U':
		kg->wants_agent = true;
		break;
	case 'u':
		kg->is_update = true;
		break;
	case 'v':
		kg->verbose++;
		break;
	case 'X':		/* an old name */
		set_mode(mode, 'i');
		break;
	default:
		set_mode(mode, letter);
	}
}

/*
 * -s is a mode of its own, but with -k it names the CA that the list is about;
 * so is -r, but with -Y both name files.
 */
static void
choose_mode(struct keygen *kg, char *mode)
{
	if (*mode == 'Y')
		return;
	if (kg->ca != NULL && *mode != 'k')
		set_mode(mode, 's');
	if (kg->revoked != NULL) {
		set_mode(mode, 'r');
		kg->host = kg->revoked;
	}
}

/* Reads the command line; the letter of the mode, or 0: make a key. */
static char
parse(struct keygen *kg, int argc, char **argv)
{
	char mode = '\0';
	int letter;

	while ((letter = getopt(argc, argv, "ABHLQUXceghiklopquvya:b:C:E:F:f:I:m:N:n:O:P:R:r:s:t:V:Y:Z:z:")) != -1) {
		if (letter == '?')
			usage();
		if (optarg != NULL && strchr("abCEFfImNnOPRrstVYZz", letter) != NULL)
			option_with_value(kg, &mode, letter, optarg);
		else
			option(kg, &mode, letter);
	}
	kg->files = argv + optind;
	kg->n_files = (size_t)(argc - optind);
	choose_mode(kg, &mode);
	if (mode == 's' && kg->n_files == 0) {
		fprintf(stderr, "Too few arguments.\n");
		usage();
	}
	if (mode != 's' && mode != 'k' && mode != 'Q' && mode != 'Y' && kg->n_files > 0) {
		fprintf(stderr, "Too many arguments.\n");
		usage();
	}
	if (kg->wants_list && (mode == 'R' || (kg->wants_hash && mode != 'F'))) {
		fprintf(stderr, "Cannot use -l with -H or -R.\n");
		usage();
	}
	/* With -F both say how what is found is printed. */
	if (mode == '\0')
		mode = kg->wants_list ? 'l' : kg->wants_hash ? 'H' : '\0';
	return mode;
}

static int
run(struct keygen *kg, char mode)
{
	int status;

	switch (mode) {
	case 'A':
		return keygen_make_host_keys(kg);
	case 'B':
		return keygen_list(kg, true);
	case 'c':
		return keygen_change_comment(kg);
	case 'e':
		return keygen_export(kg);
	case 'F':
		return keygen_find_host(kg);
	case 'H':
		return keygen_hash_hosts(kg);
	case 'i':
		return keygen_import(kg);
	case 'k':
		return keygen_revoke(kg);
	case 'L':
		return keygen_show_certs(kg);
	case 'l':
		return keygen_list(kg, false);
	case 'p':
		return keygen_change_passphrase(kg);
	case 'Q':
		return keygen_ask_revoked(kg);
	case 'R':
		return keygen_remove_host(kg);
	case 'r':
		return keygen_sshfp(kg);
	case 's':
		return keygen_sign(kg);
	case 'Y':
		if (!keygen_signature(kg, &status))
			usage();
		return status;
	case 'y':
		return keygen_public(kg);
	default:
		return keygen_make(kg);
	}
}

int
ssh_keygen_main(int argc, char **argv)
{
	struct keygen kg = { .fingerprint = FINGERPRINT_SHA256 };
	char mode;
	int status;

	crypto_init();
	mode = parse(&kg, argc, argv);
	if (whoami_account(&kg.me) != ERR_OK)
		die("%s", err_text(ERR_NOMEM));
	whoami_host(kg.machine, sizeof kg.machine);
	status = run(&kg, mode);
	account_free(&kg.me);
	free(kg.options);
	if (fflush(stdout) != 0 && status == 0)
		die("ssh-keygen: writing to standard output failed");
	return status;
}
