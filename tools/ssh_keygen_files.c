/* SPDX-License-Identifier: ISC */
/* What all modes of ssh-keygen share: files, questions, messages. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "keys/authorized_keys.h"
#include "os/file.h"
#include "os/tty.h"
#include "tools/ssh_keygen.h"

const char *
error_text(enum err e)
{
	return e == ERR_SYSTEM || e == ERR_NOTFOUND ? strerror(errno) : err_text(e);
}

const char *
key_error_text(enum err e)
{
	switch (e) {
	case ERR_PASSPHRASE:
		return "incorrect passphrase supplied to decrypt private key";
	case ERR_FORMAT:
		return "invalid format";
	case ERR_DENIED:
		return "bad permissions";
	default:
		return error_text(e);
	}
}

/* Reads to the end of a descriptor of any kind. */
static enum err
read_stream(int fd, struct writer *w)
{
	for (;;) {
		struct room room = wr_reserve(w, w->max - w->len < 8192 ? w->max - w->len : 8192);
		ssize_t n;

		if (room.len == 0)
			return room.p == NULL ? wr_end(w) : ERR_LIMIT;
		n = read(fd, room.p, room.len);
		if (n == 0)
			return ERR_OK;
		if (n == -1 && errno != EINTR)
			return ERR_SYSTEM;
		if (n > 0)
			wr_commit(w, (size_t)n);
	}
}

enum err
read_file(const char *path, struct writer *w, struct stat *st)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err e;
	int saved;

	if (fd == -1)
		return errno == ENOENT ? ERR_NOTFOUND : ERR_SYSTEM;
	if (st != NULL && fstat(fd, st) == -1)
		e = ERR_SYSTEM;
	else
		e = read_stream(fd, w);		/* a pipe will do: ssh-keygen -lf <(...) */
	saved = errno;
	if (!is_stdin)
		close(fd);
	errno = saved;
	return e;
}

bool
is_unprotected(const char *path, const struct stat *st)
{
	static const char line[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

	/* Files of others are theirs to protect. */
	if (!S_ISREG(st->st_mode) || st->st_uid != getuid() || (st->st_mode & 077) == 0)
		return false;
	fprintf(stderr, "%s\n@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\n%s\n"
	    "Permissions 0%3.3o for '%s' are too open.\n"
	    "It is required that your private key files are NOT accessible by others.\n"
	    "This private key will be ignored.\n", line, line, (unsigned)st->st_mode & 0777, path);
	return true;
}

bool
read_answer(char *buf, size_t size)
{
	fflush(stdout);
	if (fgets(buf, (int)size, stdin) == NULL)
		return false;
	buf[strcspn(buf, "\r\n")] = '\0';
	return true;
}

const char *
file_or_ask(struct keygen *kg, const char *question)
{
	static const char name[] = "/.ssh/id_ed25519";
	size_t size = strlen(kg->me.home) + sizeof name;
	char answer[1024], *path;

	if (kg->file != NULL)
		return kg->file;
	path = malloc(size > sizeof answer ? size : sizeof answer);
	if (path == NULL)
		die("%s", err_text(ERR_NOMEM));
	snprintf(path, size, "%s%s", kg->me.home, name);
	printf("%s (%s): ", question, path);
	if (!read_answer(answer, sizeof answer))
		exit(1);
	if (answer[0] != '\0')
		snprintf(path, sizeof answer, "%s", answer);
	kg->file = path;
	return path;
}

struct secret
ask_passphrase(const char *question)
{
	struct secret answer = { 0 };
	char line[LIMIT_PASSWORD];
	enum err e = tty_ask(TTY_ASK_SECRET, question, &answer);

	/* Without a terminal a script may have it on standard input. */
	if (e == ERR_NOTFOUND && read_answer(line, sizeof line)) {
		e = secret_copy(&answer, span_str(line));
		wipe(line, sizeof line);
	}
	if (e == ERR_NOMEM)
		die("%s", err_text(e));
	return answer;
}

enum err
new_passphrase(const struct keygen *kg, const char *question, const char *complaint,
    struct secret *out)
{
	SCOPED(secret_free) struct secret second = { 0 };

	if (kg->new_passphrase != NULL) {
		if (secret_copy(out, span_str(kg->new_passphrase)) != ERR_OK)
			die("%s", err_text(ERR_NOMEM));
		return ERR_OK;
	}
	*out = ask_passphrase(question);
	second = ask_passphrase("Enter same passphrase again: ");
	if (span_eq_secret(secret_span(out), secret_span(&second)))
		return ERR_OK;
	secret_free(out);
	printf("%s\n", complaint);
	return ERR_PASSPHRASE;
}

/* Tries without a passphrase, then with -P's or one that is asked for. */
static enum err
decrypt(const struct keygen *kg, const char *path, struct span file, struct key **k,
    struct writer *comment)
{
	SCOPED(secret_free) struct secret passphrase = { 0 };
	char question[PATH_MAX + 32];
	enum err e = private_file_read(file, span_str(kg->passphrase), k, comment);

	if (e != ERR_PASSPHRASE || kg->passphrase != NULL)
		return e;
	snprintf(question, sizeof question, "Enter passphrase for \"%s\": ", path);
	passphrase = ask_passphrase(question);
	if (comment != NULL)
		writer_reset(comment);
	return private_file_read(file, secret_span(&passphrase), k, comment);
}

enum err
load_private(const struct keygen *kg, const char *path, struct key **k,
    struct writer *comment)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	struct stat st;

	*k = NULL;
	TRY(read_file(path, &file, &st));
	if (is_unprotected(path, &st))
		return ERR_DENIED;
	return decrypt(kg, path, writer_span(&file), k, comment);
}

/* The key and the comment of a public key's line. ERR_FORMAT if the file has none. */
static enum err
take_public_line(const char *path, struct writer *blob, struct writer *comment)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	struct authorized_walk walk;
	struct authorized_line line;

	TRY(read_file(path, &file, NULL));
	walk = (struct authorized_walk){ .rest = writer_span(&file) };
	if (!authorized_next(&walk, &line) || line.base64.len == 0 ||
	    base64_get(blob, line.base64) == ERR_SYNTAX ||
	    !span_eq(key_blob_type(writer_span(blob)), line.type))
		return ERR_FORMAT;
	wr_raw(comment, line.comment);
	TRY(wr_end(comment));
	return wr_end(blob);
}

/* The public half that a private key's file shows without its passphrase. */
static enum err
take_public_half(const char *path, struct writer *blob)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	SCOPED(private_file_free) struct private_file f = { 0 };

	TRY(read_file(path, &file, NULL));
	TRY(private_file_peek(writer_span(&file), &f));
	if (f.pub == NULL)
		return ERR_FORMAT;
	wr_raw(blob, key_blob(f.pub));
	return wr_end(blob);
}

enum err
load_public_blob(const char *path, struct writer *blob, struct writer *comment)
{
	char beside[PATH_MAX];
	int n = snprintf(beside, sizeof(beside), "%s.pub", path);
	enum err e = take_public_line(path, blob, comment);

	if (e != ERR_FORMAT && e != ERR_NOTFOUND)
		return e;
	writer_reset(blob);
	writer_reset(comment);
	/* The name of a private key means the public one: the file beside it has the comment, too. */
	if (n > 0 && (size_t)n < sizeof(beside) && take_public_line(beside, blob, comment) == ERR_OK)
		return ERR_OK;
	writer_reset(blob);
	writer_reset(comment);
	return e == ERR_NOTFOUND ? e : take_public_half(path, blob);
}

enum err
save_private(const struct keygen *kg, const char *path, const struct key *k,
    struct span comment, struct span passphrase)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	struct rng rng = rng_system();
	struct private_file_format format = {
		.kind = kg->format == KEYGEN_FORMAT_PEM ? PRIVATE_PEM :
		    kg->format == KEYGEN_FORMAT_PKCS8 ? PRIVATE_PKCS8 : PRIVATE_OPENSSH,
		.passphrase = passphrase,
		.rounds = kg->rounds,
		.cipher = kg->cipher,
	};

	/* There is no older form of ed25519, and no other one of composite keys. */
	if ((format.kind == PRIVATE_PEM && strcmp(key_type(k), "ssh-ed25519") == 0) ||
	    strncmp(key_type(k), "ssh-mldsa", 9) == 0)
		format.kind = PRIVATE_OPENSSH;
	TRY(private_file_write(k, comment, &format, &rng, &w));
	return file_create(path, writer_span(&w), 0600, FILE_REPLACE);
}

enum err
save_public(const char *path, const struct key *k, struct span comment)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	char name[PATH_MAX];

	if ((size_t)snprintf(name, sizeof name, "%s.pub", path) >= sizeof name) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	public_line_put(&w, key_blob(k), comment);
	wr_u8(&w, '\n');
	TRY(wr_end(&w));
	return file_create(name, writer_span(&w), 0644, FILE_REPLACE);
}

void
print_writer(const struct writer *w)
{
	if (wr_end(w) != ERR_OK)
		die("%s", err_text(w->err));
	if (w->len > 0)
		fwrite(w->p, 1, w->len, stdout);
}

void
put_randomart(const struct keygen *kg, struct writer *w, const struct key *k, const char *suffix)
{
	char label[64];

	if (kg->verbose == 0)
		return;
	snprintf(label, sizeof label, "%s%s", key_label(k), suffix);
	randomart_put(w, key_blob(k), kg->fingerprint, label, key_bits(k));
	wr_u8(w, '\n');
}

void
print_fingerprint(const struct keygen *kg, const struct key *k, struct span comment,
    const char *suffix)
{
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);

	wr_printf(&w, "%u ", key_bits(k));
	fingerprint_put(&w, key_blob(k), kg->fingerprint);
	wr_u8(&w, ' ');
	text_visible(&w, comment.len > 0 ? comment : SPAN_LIT("no comment"));
	wr_printf(&w, " (%s%s)\n", key_label(k), suffix);
	put_randomart(kg, &w, k, suffix);
	print_writer(&w);
}
