/* SPDX-License-Identifier: ISC */
/* A new password, written into shadow: under the lock of passwd(1), and whole or not at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/password.h"
#include "crypto/random.h"
#include "os/clock.h"
#include "os/file.h"
#include "sshd/guard_i.h"

/* A shadow file. */
#define SHADOW_MAX	(64 * 1024 * 1024)

/* Somebody else may have the lock for so long; lckpwdf(3) waits 15 s, the client would not. */
#define LOCK_MSEC	3000

/* A new password has so many bytes at least. */
#define NEW_MIN		8

#define DAY		86400

/* The folder that a file is in, as it is named. */
static void
folder_of(char *folder, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		snprintf(folder, size, ".");
	else
		snprintf(folder, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* The file whose line of the user counts; NULL if none has one. */
static const char *
find_file(struct guard *g)
{
	const struct words *files = &g->start->config->shadow_files;

	for (size_t i = 0; i < files->n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(SHADOW_MAX);
		SCOPED(writer_free) struct writer out = writer_init(SHADOW_MAX);

		if (file_read(files->v[i], &text, NULL) == ERR_OK &&
		    account_shadow_change(&out, writer_span(&text), span_str(g->user.account.name),
		    SPAN_LIT("*"), 0) == ERR_OK)
			return files->v[i];
	}
	return NULL;
}

bool
guard_change_is_possible(struct guard *g, char *why, size_t size)
{
	const char *path = find_file(g);
	char folder[4096];

	if (path != NULL) {
		folder_of(folder, sizeof(folder), path);
		if (access(path, W_OK) == 0 && access(folder, W_OK) == 0)
			return true;
		log_info(&g->log, "%s: cannot be written: the password of %s cannot be changed here", path,
		    g->user.account.name);
	}
	snprintf(why, size, "Your password has expired, and it cannot be changed here.");
	return false;
}

/* Whether a new password will do; why says what is wrong with it. */
static bool
is_good(struct span old_password, struct span new_password, char *why, size_t size)
{
	if (new_password.len < NEW_MIN)
		snprintf(why, size, "A new password has %d characters or more", NEW_MIN);
	else if (new_password.len > LIMIT_PASSWORD)
		snprintf(why, size, "A new password has %d bytes or less", LIMIT_PASSWORD);
	else if (span_find(new_password, 0) != new_password.len)
		snprintf(why, size, "A new password has no NUL in it");
	else if (span_eq_secret(old_password, new_password))
		snprintf(why, size, "The new password is the old one");
	else
		return true;
	return false;
}

/* Reads the file, changes the line, and puts the new file in its place; the lock is held. */
static enum err
rewrite(struct guard *g, const char *path, const char *hash, int64_t today)
{
	SCOPED(writer_free) struct writer text = writer_init(SHADOW_MAX);
	SCOPED(writer_free) struct writer out = writer_init(SHADOW_MAX);
	SCOPED(account_free) struct account now = { .name = NULL };

	TRY(file_read(path, &text, NULL));
	/* Somebody may have changed it since: his word counts. */
	TRY(account_make(&now, span_str(g->user.account.name), 1, 1, SPAN_EMPTY, SPAN_EMPTY));
	TRY(account_add_shadow(&now, writer_span(&text)));
	if (!span_eq_secret(secret_span(&now.hash), secret_span(&g->user.account.hash)))
		return ERR_EXISTS;
	TRY(account_shadow_change(&out, writer_span(&text), span_str(now.name), span_str(hash), today));
	return file_rewrite(path, writer_span(&out));
}

static enum err
write_hash(struct guard *g, const char *hash, int64_t today)
{
	const char *path = find_file(g);
	char folder[4096];
	enum err e;
	int fd;

	if (path == NULL)
		return ERR_NOTFOUND;
	folder_of(folder, sizeof(folder), path);
	TRY(file_lock_accounts(folder, LOCK_MSEC, &fd));
	e = rewrite(g, path, hash, today);
	close(fd);
	return e;
}

enum err
guard_change_password(struct guard *g, struct span old_password, struct span new_password, char *why,
    size_t size)
{
	struct account *a = &g->user.account;
	int64_t today = clock_wall() / DAY;
	struct rng rng = rng_system();
	char hash[PASSWORD_HASH_MAX];
	enum err e;

	if (!is_good(old_password, new_password, why, size))
		return ERR_DENIED;
	e = password_make(hash, secret_span(&a->hash), new_password, &rng);
	if (e == ERR_OK)
		e = write_hash(g, hash, today);
	if (e != ERR_OK) {
		log_error(&g->log, "the new password of %s cannot be written: %s", a->name,
		    e == ERR_SYSTEM || e == ERR_NOTFOUND ? strerror(errno) : err_text(e));
		snprintf(why, size, "%s", e == ERR_EXISTS ? "Your password was changed by somebody else meanwhile." :
		    "Your new password could not be written; the old one stays.");
		return e == ERR_DENIED ? ERR_SYSTEM : e;
	}
	a->changed = today;
	e = secret_copy(&a->hash, span_str(hash));
	if (e != ERR_OK)
		return e;
	log_info(&g->log, "Password changed for %s from %s port %u", a->name, g->client,
	    (unsigned)g->client_port);
	return ERR_OK;
}
