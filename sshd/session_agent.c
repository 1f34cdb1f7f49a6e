/* SPDX-License-Identifier: ISC */
/*
 * Agent forwarding: a Unix socket of the user's, on which his programs reach
 * the agent at the client (auth-agent-req@openssh.com, agent-req).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channels/request.h"
#include "crypto/random.h"
#include "os/file.h"
#include "sshd/session_forward.h"

/* The path of a Unix socket has this much room. */
#define PATH_SIZE	108

/* Only the user may connect. */
#define SOCKET_UMASK	0177

/* Fills in random letters and digits. */
static void
random_name(char *out, size_t n)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	struct rng rng = rng_system();

	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
	out[n] = '\0';
}

/* ~/.ssh/agent/s.NAME.sshd.PID: nobody else comes near it, and it is found again after a crash. */
static enum err
listen_at_home(const struct session *s, char path[static PATH_SIZE], int *fd)
{
	char name[16], dir[PATH_SIZE];

	if (s->home_errno != 0 ||
	    snprintf(dir, sizeof(dir), "%s/.ssh", s->home) >= (int)sizeof(dir))
		return ERR_NOTFOUND;
	TRY(file_make_directory(dir, 0700));
	if (snprintf(dir, sizeof(dir), "%s/.ssh/agent", s->home) >= (int)sizeof(dir))
		return ERR_NOTFOUND;
	TRY(file_make_directory(dir, 0700));
	random_name(name, sizeof(name) - 1);
	if (snprintf(path, PATH_SIZE, "%s/s.%s.sshd.%ld", dir, name, (long)getpid()) >= PATH_SIZE)
		return ERR_NOTFOUND;
	return net_listen_unix(path, SOCK_STREAM, SOCKET_UMASK, fd);
}

/* A folder of our own in /tmp, where there is no home to write to. */
static enum err
listen_in_tmp(char path[static PATH_SIZE], char folder[static PATH_SIZE], int *fd)
{
	enum err e;

	snprintf(folder, PATH_SIZE, "/tmp/ssh-XXXXXXXXXX");
	if (mkdtemp(folder) == NULL) {
		folder[0] = '\0';
		return ERR_SYSTEM;
	}
	e = snprintf(path, PATH_SIZE, "%s/agent.%ld", folder, (long)getpid()) < PATH_SIZE ?
	    net_listen_unix(path, SOCK_STREAM, SOCKET_UMASK, fd) : ERR_RANGE;
	if (e != ERR_OK)
		(void)rmdir(folder);
	return e;
}

static enum err
open_socket(struct session *s, struct forward_listener **out)
{
	char path[PATH_SIZE], folder[PATH_SIZE] = "";
	int fd;

	if (listen_at_home(s, path, &fd) != ERR_OK)
		TRY(listen_in_tmp(path, folder, &fd));
	TRY(listener_add(s, fd, span_str(path), LISTENER_AGENT, out));
	if (folder[0] != '\0')
		(*out)->folder = strdup(folder);
	return ERR_OK;
}

const char *
agent_socket(const struct session *s)
{
	const struct forward_listener *l = s->listeners;

	while (l != NULL && l->kind != LISTENER_AGENT)
		l = l->next;
	return l == NULL ? NULL : l->address;
}

bool
agent_request(struct session *s, struct span body, bool is_iana)
{
	struct forward_listener *l;
	enum err e;

	if (request_empty_get(body) != ERR_OK)
		return false;
	if (!(s->may.permit & PERMIT_AGENT)) {
		log_debug(&s->log, "agent forwarding is not allowed for %s", s->user);
		return false;
	}
	if (agent_socket(s) != NULL)	/* one serves all programs of a connection */
		return true;
	e = open_socket(s, &l);
	if (e != ERR_OK) {
		log_error(&s->log, "agent forwarding for %s: cannot make a socket: %s", s->user,
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		return false;
	}
	l->is_iana = is_iana;
	return true;
}
