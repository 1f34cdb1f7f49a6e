/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_keygen.h - between the files of ssh-keygen(1).
 *
 * Each mode is one function that returns the exit status. Errors end the
 * program: die() prints and exits with 255, as OpenSSH's does.
 */
#ifndef TOOLS_SSH_KEYGEN_H
#define TOOLS_SSH_KEYGEN_H

#include <sys/stat.h>

#include "auth/account.h"
#include "base/writer.h"
#include "keys/fingerprint.h"
#include "keys/private_file.h"
#include "tools/die.h"

/* Any file that is read: known_hosts files grow large. */
#define KEYGEN_MAX_FILE	(64 * 1024 * 1024)

enum keygen_format {
	KEYGEN_FORMAT_NONE,		/* not said */
	KEYGEN_FORMAT_RFC4716,
	KEYGEN_FORMAT_PKCS8,
	KEYGEN_FORMAT_PEM,
};

/* The command line, and who gave it. */
struct keygen {
	const char *file;		/* -f */
	const char *type;		/* -t */
	const char *comment;		/* -C */
	const char *passphrase;		/* -P */
	const char *new_passphrase;	/* -N */
	const char *cipher;		/* -Z */
	const char *host;		/* -F, -R, -r */
	const char *ca;			/* -s; with -Y the signature */
	const char *operation;		/* -Y */
	const char *revoked;		/* -r with -Y */
	const char *key_id;		/* -I; with -Y who signed */
	const char *principals;		/* -n; with -Y the name space */
	const char *validity;		/* -V */
	const char **options;		/* -O, in their order */
	size_t n_options;
	uint64_t serial;		/* -z */
	bool has_serial;		/* -z was given */
	bool serial_counts;		/* -z +N */
	bool is_host;			/* -h */
	char **files;			/* behind the options */
	size_t n_files;
	unsigned bits;			/* -b; 0: default */
	unsigned rounds;		/* -a; 0: default */
	enum keygen_format format;	/* -m */
	enum fingerprint fingerprint;	/* -E */
	bool has_fingerprint;		/* -E was given */
	bool is_quiet;			/* -q */
	bool wants_agent;		/* -U */
	bool wants_hash;		/* -H, alone or with -F */
	bool wants_list;		/* -l, alone or with -F */
	bool wants_generic;		/* -g */
	bool is_update;			/* -u */
	unsigned verbose;		/* -v */
	struct account me;
	char machine[256];
};

/* --- modes --- */

/* No mode: makes a key pair. */
int keygen_make(struct keygen *kg);

/* -A: makes the host keys that are missing. */
int keygen_make_host_keys(struct keygen *kg);

/* -l: prints fingerprints. -B: the same as bubblebabble. */
int keygen_list(struct keygen *kg, bool bubblebabble);

/* -y: prints the public half of a private key. */
int keygen_public(struct keygen *kg);

/* -p: changes the passphrase. */
int keygen_change_passphrase(struct keygen *kg);

/* -c: changes the comment. */
int keygen_change_comment(struct keygen *kg);

/* -F: finds a host in known_hosts. */
int keygen_find_host(struct keygen *kg);

/* -R: removes a host from known_hosts. */
int keygen_remove_host(struct keygen *kg);

/* -H: hashes the names in known_hosts. */
int keygen_hash_hosts(struct keygen *kg);

/* -e: prints a public key in a format of others. */
int keygen_export(struct keygen *kg);

/* -i: prints a public key of another format as one of ours. */
int keygen_import(struct keygen *kg);

/* -r: prints SSHFP records. */
int keygen_sshfp(struct keygen *kg);

/* -s: signs public keys with a CA key. */
int keygen_sign(struct keygen *kg);

/* -L: shows what certificates say. */
int keygen_show_certs(struct keygen *kg);

/* -k: makes a revocation list, or adds to one. */
int keygen_revoke(struct keygen *kg);

/* -Q: lists a revocation list (-l) and asks it about keys; 1 if one is revoked. */
int keygen_ask_revoked(struct keygen *kg);

/* -Y: signatures of files. False after a message if there is no such operation. */
bool keygen_signature(struct keygen *kg, int *status);

/* --- tools/ssh_keygen_validity.c --- */

/* A date and time of day, local unless it ends with Z. ERR_SYNTAX, ERR_RANGE. */
enum err parse_date(struct span s, uint64_t *out);

/* Parses -V; ends the program if it makes no sense. text may be NULL: for ever. */
void parse_validity(const char *text, uint64_t *after, uint64_t *before);

/* Writes "forever", "from X to Y", "after X" or "before Y", in local time. */
void put_validity(struct writer *w, uint64_t after, uint64_t before);

/* --- tools/ssh_keygen_files.c --- */

/* What e means: errno's text where the system said no. */
const char *error_text(enum err e);

/* As error_text(), about a private key: "incorrect passphrase ..." */
const char *key_error_text(enum err e);

/* Reads a file of any kind, "-" being standard input. ERR_NOTFOUND, ERR_SYSTEM, ERR_LIMIT. */
enum err read_file(const char *path, struct writer *w, struct stat *st);

/*
 * Whether the mode of a private key file lets others read it; says so with
 * OpenSSH's warning.
 */
bool is_unprotected(const char *path, const struct stat *st);

/* The file of -f, else asks with this question; the default is ~/.ssh/id_ed25519. */
const char *file_or_ask(struct keygen *kg, const char *question);

/*
 * Asks for a passphrase on the terminal, or reads a line from standard input
 * where there is none. An empty one if there is no answer.
 */
struct secret ask_passphrase(const char *question);

/*
 * A passphrase that is typed twice; the one of -N where it was given. Where
 * both differ it complains and gives ERR_PASSPHRASE.
 */
enum err new_passphrase(const struct keygen *kg, const char *question, const char *complaint,
    struct secret *out);

/* Whether the file may be made: it is not there, or the user says so. */
bool may_overwrite(const char *path);

/* Reads a line from standard input into buf, without newline; false at its end. */
bool read_answer(char *buf, size_t size);

/*
 * Reads a private key, asking for its passphrase unless -P gave it. On
 * failure the error has not been printed yet.
 */
enum err load_private(const struct keygen *kg, const char *path, struct key **k,
    struct writer *comment);

/*
 * The public key or certificate in a .pub file, or that of a private key: in
 * PATH.pub, or in its own file. Blob and comment, which begin empty, are
 * written. ERR_NOTFOUND, ERR_SYSTEM, ERR_FORMAT.
 */
enum err load_public_blob(const char *path, struct writer *blob, struct writer *comment);

/* Writes the private file, mode 0600. ERR_SYSTEM and whatever private_file_write() gives. */
enum err save_private(const struct keygen *kg, const char *path, const struct key *k,
    struct span comment, struct span passphrase);

/* Writes path.pub, mode 0644. */
enum err save_public(const char *path, const struct key *k, struct span comment);

/*
 * Prints one line: bits, fingerprint, comment, (TYPE), and randomart with -v.
 * suffix is appended to the type: "-CERT" or "".
 */
void print_fingerprint(const struct keygen *kg, const struct key *k, struct span comment,
    const char *suffix);

/* With -v writes the randomart of k; suffix as above. */
void put_randomart(const struct keygen *kg, struct writer *w, const struct key *k, const char *suffix);

/* Prints what a writer holds to standard output. */
void print_writer(const struct writer *w);

#endif
