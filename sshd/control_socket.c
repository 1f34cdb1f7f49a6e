/* SPDX-License-Identifier: ISC */
/* Where the socket is, and making it there safely. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "os/net.h"
#include "sshd/control_i.h"

/* Length of the directory part of path: 0 if there is none, 1 for "/". */
static size_t
directory_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return 0;
	return slash == path ? 1 : (size_t)(slash - path);
}

/*
 * Nobody else may be able to put another socket in the place of ours: the
 * directory is root's or our own, and others cannot write in it (or cannot
 * remove what is not theirs, as in /tmp).
 */
static enum err
check_directory(const struct control *c, const char *directory)
{
	struct stat st;

	if (stat(directory, &st) == -1) {
		log_error(c->config.log, "EphemeralKeySocket: %s: %s", directory, strerror(errno));
		return ERR_SYSTEM;
	}
	if (!S_ISDIR(st.st_mode)) {
		log_error(c->config.log, "EphemeralKeySocket: %s is not a directory", directory);
		return ERR_DENIED;
	}
	if (st.st_uid != 0 && st.st_uid != c->config.uid) {
		log_error(c->config.log, "EphemeralKeySocket: %s belongs to uid %u: "
		    "it must be root's or the server's own", directory, (unsigned)st.st_uid);
		return ERR_DENIED;
	}
	if ((st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0) {
		log_error(c->config.log, "EphemeralKeySocket: others may write in %s (mode %04o)",
		    directory, (unsigned)st.st_mode & 07777);
		return ERR_DENIED;
	}
	return ERR_OK;
}

static enum err
make_directory(const struct control *c)
{
	char directory[PATH_MAX];
	size_t n = directory_len(c->path);

	if (c->path[0] != '/' || n >= sizeof(directory)) {
		log_error(c->config.log, "EphemeralKeySocket: %s is not an absolute path", c->path);
		return ERR_DENIED;
	}
	memcpy(directory, c->path, n);
	directory[n] = '\0';
	if (file_make_directory(directory, c->config.uid == 0 ? 0755 : 0700) != ERR_OK) {
		log_error(c->config.log, "EphemeralKeySocket: cannot make %s: %s", directory,
		    strerror(errno));
		return ERR_SYSTEM;
	}
	return check_directory(c, directory);
}

/* Removes a socket that a server left behind. */
static enum err
remove_stale(const struct control *c)
{
	struct stat st;
	int fd;

	if (lstat(c->path, &st) == -1)
		return ERR_OK;
	if (!S_ISSOCK(st.st_mode)) {
		log_error(c->config.log, "EphemeralKeySocket: %s is there and is not a socket", c->path);
		return ERR_EXISTS;
	}
	if (net_connect_unix(c->path, SOCK_SEQPACKET, &fd) == ERR_OK) {
		close(fd);
		log_error(c->config.log, "EphemeralKeySocket: another server listens on %s", c->path);
		return ERR_EXISTS;
	}
	if (errno != ECONNREFUSED || unlink(c->path) == -1) {
		log_error(c->config.log, "EphemeralKeySocket: %s: %s", c->path, strerror(errno));
		return ERR_SYSTEM;
	}
	return ERR_OK;
}

enum err
control_listen(struct control *c)
{
	struct stat st;

	TRY(make_directory(c));
	TRY(remove_stale(c));
	if (net_listen_unix(c->path, SOCK_SEQPACKET, 0177, &c->fd) != ERR_OK ||
	    lstat(c->path, &st) == -1) {
		log_error(c->config.log, "EphemeralKeySocket: %s: %s", c->path, strerror(errno));
		return ERR_SYSTEM;
	}
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	control_open_to_registrars(c);
	return ERR_OK;
}

void
control_open_to_registrars(const struct control *c)
{
	mode_t mode = c->config.rules.policy->n > 0 ? 0666 : 0600;

	/* Who may really ask is decided by peer credentials, client by client. */
	if (chmod(c->path, mode) == -1)
		log_error(c->config.log, "EphemeralKeySocket: %s: %s", c->path, strerror(errno));
}

void
control_unlink(const struct control *c)
{
	struct stat st;

	if (lstat(c->path, &st) == 0 && st.st_dev == c->dev && st.st_ino == c->ino)
		(void)unlink(c->path);
}
