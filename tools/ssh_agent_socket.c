/* SPDX-License-Identifier: ISC */
/* ssh-agent: where it listens, and what other agents left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/net.h"
#include "os/whoami.h"
#include "tools/ssh_agent.h"

/* Letters of a random name, and of the host's in it. */
#define NAME_LETTERS	10

/* A socket may be there some moments before anybody listens. */
#define STALE_AGE	10

/* So many files are looked at, at most. */
#define CLEAN_MOST	10000

/* n letters, each from a byte at random, which need not be uniform. */
static void
letters(char *out, const uint8_t *random, size_t n)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[random[i] % (sizeof(alphabet) - 1)];
	out[n] = '\0';
}

/* "s.HOST.", where HOST is for this machine: a home may be shared by many. */
static void
prefix(char *out, size_t size)
{
	char machine[256], host[NAME_LETTERS + 1];
	uint8_t hash[HASH_MAX_LEN];

	hash_once(hash_find("sha512"), span_str(whoami_host(machine, sizeof(machine))), hash);
	letters(host, hash, NAME_LETTERS);
	snprintf(out, size, "s.%s.", host);
}

/* ~/.ssh/agent, or another path in the home. False if there is no such path. */
static bool
home_path(char *out, size_t size, const char *rest)
{
	const char *home = getenv("HOME");
	struct account me = { .name = NULL };
	int n;

	if (home == NULL || home[0] == '\0') {
		if (whoami_account(&me) != ERR_OK)
			return false;
		home = me.home;
	}
	n = snprintf(out, size, "%s/%s", home, rest);
	account_free(&me);
	return n > 0 && (size_t)n < size;
}

/* --- one that is given --- */

enum err
agent_socket_take(struct agent_socket *s, const struct log *log, bool *taken)
{
	struct net_given given;
	struct sockaddr_storage at;
	socklen_t len = sizeof(at), int_len = sizeof(int);
	int listens = 0;

	*taken = false;
	if (net_take_given(&given) != ERR_OK || given.n > 1) {
		log_fatal(log, "LISTEN_FDS is not one socket");
		return ERR_FORMAT;
	}
	if (given.n == 0)
		return ERR_OK;
	*s = (struct agent_socket){ .fd = given.fds[0], .is_given = true };
	if (getsockname(s->fd, (struct sockaddr *)&at, &len) == -1 || at.ss_family != AF_UNIX ||
	    getsockopt(s->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &int_len) == -1 || listens == 0 ||
	    fcntl(s->fd, F_SETFL, O_NONBLOCK) == -1) {
		log_fatal(log, "the socket of LISTEN_FDS is none that an agent can listen on");
		return ERR_FORMAT;
	}
	*taken = true;
	return ERR_OK;
}

/* --- making one --- */

/* False if there is no such path. */
static bool
make_absolute(struct agent_socket *s)
{
	char here[PATH_MAX];
	int n;

	if (s->path[0] == '/')
		n = snprintf(s->absolute, sizeof(s->absolute), "%s", s->path);
	else if (getcwd(here, sizeof(here)) == NULL)
		return false;
	else
		n = snprintf(s->absolute, sizeof(s->absolute), "%s/%s", here, s->path);
	if (n < (int)sizeof(s->absolute))
		return true;
	errno = ENAMETOOLONG;
	return false;
}

static enum err
listen_at(struct agent_socket *s, const struct log *log)
{
	if (make_absolute(s) && net_listen_unix(s->path, SOCK_STREAM, 0177, &s->fd) == ERR_OK)
		return ERR_OK;
	log_error(log, "cannot bind to path %s: %s", s->path, strerror(errno));
	return ERR_SYSTEM;
}

/* In a new directory of $TMPDIR, as agents did for long. */
static enum err
make_in_tmp(struct agent_socket *s, const struct log *log)
{
	const char *tmp = getenv("TMPDIR");
	int n = snprintf(s->directory, sizeof(s->directory), "%s/ssh-XXXXXXXXXX",
	    tmp == NULL || tmp[0] != '/' ? "/tmp" : tmp);

	if (n >= (int)sizeof(s->directory) || mkdtemp(s->directory) == NULL) {
		log_error(log, "mkdtemp: private socket dir: %s", strerror(errno));
		s->directory[0] = '\0';
		return ERR_SYSTEM;
	}
	n = snprintf(s->path, sizeof(s->path), "%s/agent.%ld", s->directory, (long)getpid());
	if (n < (int)sizeof(s->path) && listen_at(s, log) == ERR_OK)
		return ERR_OK;
	(void)rmdir(s->directory);
	return ERR_SYSTEM;
}

/* ~/.ssh and ~/.ssh/agent, for nobody else. */
static enum err
make_home_directory(char *directory, size_t size)
{
	char ssh[PATH_MAX];

	if (!home_path(ssh, sizeof(ssh), ".ssh") || !home_path(directory, size, ".ssh/agent")) {
		errno = ENAMETOOLONG;
		return ERR_SYSTEM;
	}
	TRY(file_make_directory(ssh, 0700));
	return file_make_directory(directory, 0700);
}

static enum err
make_in_home(struct agent_socket *s, const struct log *log)
{
	char directory[PATH_MAX], start[32], name[NAME_LETTERS + 1];
	struct rng rng = rng_system();
	uint8_t random[NAME_LETTERS];
	int n;

	if (make_home_directory(directory, sizeof(directory)) != ERR_OK) {
		log_error(log, "~/.ssh/agent: %s", strerror(errno));
		return ERR_SYSTEM;
	}
	prefix(start, sizeof(start));
	rng_fill(&rng, random, sizeof(random));
	letters(name, random, sizeof(random));
	n = snprintf(s->path, sizeof(s->path), "%s/%sagent.%s", directory, start, name);
	if (n < (int)sizeof(s->path))
		return listen_at(s, log);
	log_error(log, "~/.ssh/agent: %s", strerror(ENAMETOOLONG));
	return ERR_SYSTEM;
}

enum err
agent_socket_make(struct agent_socket *s, const struct agent_place *place, const struct log *log)
{
	*s = (struct agent_socket){ .fd = -1 };
	if (place->path != NULL) {
		if (snprintf(s->path, sizeof(s->path), "%s", place->path) < (int)sizeof(s->path))
			return listen_at(s, log);
		log_error(log, "%s: %s", place->path, strerror(ENAMETOOLONG));
		return ERR_SYSTEM;
	}
	if (place->in_tmp)
		return make_in_tmp(s, log);
	if (!place->keep_stale)
		agent_socket_clean(false, log);
	return make_in_home(s, log);
}

void
agent_socket_remove(const struct agent_socket *s)
{
	if (s->is_given)
		return;
	if (s->absolute[0] != '\0')
		(void)unlink(s->absolute);
	if (s->directory[0] != '\0')
		(void)rmdir(s->directory);
}

/* --- what others left --- */

/* Whether nobody listens there any more. */
static bool
is_stale(const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == -1 || !S_ISSOCK(st.st_mode) || st.st_uid != getuid() ||
	    st.st_mtime > (time_t)clock_wall() - STALE_AGE)
		return false;
	if (net_connect_unix(path, SOCK_STREAM, &fd) == ERR_OK) {
		close(fd);
		return false;
	}
	return errno == ECONNREFUSED;
}

void
agent_socket_clean(bool any_host, const struct log *log)
{
	char directory[PATH_MAX], start[32], path[PATH_MAX + NAME_MAX + 2];
	const struct dirent *entry;
	DIR *dir;

	if (!home_path(directory, sizeof(directory), ".ssh/agent"))
		return;
	prefix(start, sizeof(start));
	if (any_host)
		start[2] = '\0';
	dir = opendir(directory);
	for (unsigned n = 0; dir != NULL && n < CLEAN_MOST && (entry = readdir(dir)) != NULL; n++) {
		if (strncmp(entry->d_name, start, strlen(start)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (is_stale(path) && unlink(path) == 0)
			log_debug(log, "removed %s, which nobody listens on", path);
	}
	if (dir != NULL)
		closedir(dir);
}
