/* SPDX-License-Identifier: ISC */
/* Which server is asked: the options for it, and ssh to one that is elsewhere. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process.h"
#include "tools/ssh_ephemeral.h"

bool
eph_where_option(struct eph_where *w, int opt)
{
	switch (opt) {
	case EPH_OPT_SOCKET:
		w->socket = optarg;
		return true;
	case EPH_OPT_HOST:
		w->host = optarg;
		return true;
	case EPH_OPT_SSH:
		w->ssh = optarg;
		return true;
	default:
		break;
	}
	if (opt == '?' || opt > 'z' || strchr(EPH_WHERE_SHORT, opt) == NULL)
		return false;
	if (w->n_options == EPH_SSH_OPTIONS)
		return false;
	w->options[w->n_options++] = (struct eph_ssh_option){ { '-', (char)opt, '\0' }, optarg };
	return true;
}

/* "HOST:PORT" apart; an address of IPv6 with a port is in brackets. Returns the port, or NULL. */
static const char *
split_port(char *host)
{
	char *at = strrchr(host, '@');
	char *name = at == NULL ? host : at + 1;
	char *colon = strrchr(name, ':');

	if (name[0] == '[') {
		char *end = strchr(name, ']');

		if (end == NULL)
			return NULL;
		colon = end[1] == ':' ? end + 1 : NULL;
		memmove(end, end + 1, strlen(end));
		memmove(name, name + 1, strlen(name));
		if (colon != NULL)
			colon -= 2;
	} else if (colon != NULL && strchr(name, ':') != colon) {
		return NULL;		/* an address with colons of its own */
	}
	if (colon == NULL)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

int
eph_ssh_argv(const struct eph_where *w, const char *host, struct eph_argv *out)
{
	const char *port;

	*out = (struct eph_argv){ .n = 0 };
	if (!eph_find_ssh(w->ssh, out->program, sizeof(out->program)))
		return eph_complain(EPH_NO_SERVER, "there is no program %s",
		    w->ssh == NULL ? "ssh" : w->ssh);
	if (strlen(host) >= sizeof(out->host) || host[0] == '-' || host[0] == '\0')
		return eph_usage("\"%s\" is no host", host);
	snprintf(out->host, sizeof(out->host), "%s", host);
	port = split_port(out->host);
	eph_argv_add(out, out->program);
	for (size_t i = 0; i < w->n_options; i++) {
		eph_argv_add(out, w->options[i].name);
		if (w->options[i].value != NULL)
			eph_argv_add(out, w->options[i].value);
	}
	if (port != NULL) {
		eph_argv_add(out, "-p");
		eph_argv_add(out, port);
	}
	return EPH_DONE;
}

void
eph_argv_add(struct eph_argv *a, const char *word)
{
	must(a->n + 1 < EPH_ARGV);
	a->v[a->n++] = (char *)word;
	a->v[a->n] = NULL;
}

int
eph_start_ssh(const struct eph_where *w, pid_t *pid, int *in, int *out)
{
	struct process_fd fds[3];
	struct process_job job;
	struct eph_argv a;
	int to[2], from[2];
	int code = eph_ssh_argv(w, w->host, &a);
	enum err e;

	if (code != EPH_DONE)
		return code;
	/* No terminal, no forwarding, nothing but the subsystem. */
	eph_argv_add(&a, "-T");
	eph_argv_add(&a, "-a");
	eph_argv_add(&a, "-x");
	eph_argv_add(&a, "-oClearAllForwardings=yes");
	eph_argv_add(&a, "-s");
	eph_argv_add(&a, "--");
	eph_argv_add(&a, a.host);
	eph_argv_add(&a, "ephemeral");
	if (pipe(to) == -1)
		return eph_complain(EPH_NO_SERVER, "pipe: %s", strerror(errno));
	if (pipe(from) == -1) {
		close(to[0]);
		close(to[1]);
		return eph_complain(EPH_NO_SERVER, "pipe: %s", strerror(errno));
	}
	fds[0] = (struct process_fd){ to[0], STDIN_FILENO };
	fds[1] = (struct process_fd){ from[1], STDOUT_FILENO };
	fds[2] = (struct process_fd){ STDERR_FILENO, STDERR_FILENO };
	job = process_job(a.program, a.v);
	job.fds = fds;
	job.n_fds = COUNT(fds);
	e = process_start(&job, pid);
	close(to[0]);
	close(from[1]);
	if (e != ERR_OK) {
		close(to[1]);
		close(from[0]);
		return eph_complain(EPH_NO_SERVER, "cannot run %s: %s", a.program, strerror(errno));
	}
	*in = from[0];
	*out = to[1];
	return EPH_DONE;
}

/* --- finding ssh --- */

bool
eph_find_program(const char *name, char *out, size_t size)
{
	const char *path = getenv("PATH");
	struct span places = span_str(path == NULL ? "/usr/local/bin:/usr/bin:/bin" : path);
	struct span place;

	if (strchr(name, '/') != NULL) {
		snprintf(out, size, "%s", name);
		return access(out, X_OK) == 0;
	}
	while (span_token(&places, ':', &place)) {
		int n = place.len == 0 ? snprintf(out, size, "./%s", name) :
		    snprintf(out, size, "%.*s/%s", (int)place.len, (const char *)place.p, name);

		if (n > 0 && (size_t)n < size && access(out, X_OK) == 0)
			return true;
	}
	return false;
}

bool
eph_find_ssh(const char *named, char *out, size_t size)
{
	ssize_t n;
	char *slash;

	if (named != NULL)
		return eph_find_program(named, out, size);
	/* The one beside this program, else the first of the path. */
	n = readlink("/proc/self/exe", out, size - 1);
	if (n > 0) {
		out[n] = '\0';
		slash = strrchr(out, '/');
		if (slash != NULL && (size_t)(slash - out) + sizeof("/ssh") <= size) {
			memcpy(slash, "/ssh", sizeof("/ssh"));
			if (access(out, X_OK) == 0)
				return true;
		}
	}
	return eph_find_program("ssh", out, size);
}
