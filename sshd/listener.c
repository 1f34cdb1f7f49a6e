/* SPDX-License-Identifier: ISC */
/*
 * The listener: opens sockets, forks guards, keeps the ephemeral table.
 *
 * peers: guards (from_guard_*, guard_*), programs of this machine at the
 * control socket (sshd/control_messages.h), the service manager's datagram
 * socket, the kernel. It is root, or whoever started it, and stays what it is:
 * it has to read every file that a guard may need, and to fork it. What
 * keeps it safe is that nothing from the network ever reaches it.
 *
 * calls: all (it execs, forks, opens and binds for the whole of its life).
 */
#include "sshd/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/secret.h"
#include "crypto/random.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "sshd/listener_i.h"

/* With fewer open files nothing can be started (os/process.c). */
#define FILES_LEAST	100

/* Signals of children that ended at once are one signal: the others are looked for this much later. */
#define SWEEP_MSEC	1000

void
listener_show(const struct listener *l)
{
	const struct max_startups *m = &listener_config(l)->max_startups;

	title_set(l->in->title, "%s [listener] %zu of %u-%u startups", l->in->command,
	    l->n_starting, (unsigned)m->begin, (unsigned)m->full);
}

void
listener_notify(const struct listener *l, const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path == NULL ? 0 : strlen(path);
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1)
		log_debug(l->log, "NOTIFY_SOCKET: %s", strerror(errno));
	close(fd);
}

/* --- PID file --- */

static void
write_pid_file(const struct listener *l)
{
	const struct sshd_config *c = listener_config(l);
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (c->pid_file == NULL || l->in->options->debug > 0)
		return;
	if (file_create(c->pid_file, span_of(text, (size_t)n), 0644, FILE_REPLACE) == ERR_OK)
		return;
	/* The default one is root's: no reason to be loud about that. */
	log_at(l->log, geteuid() != 0 && !sshd_config_is_set(c, SSHD_PidFile) ? LOG_LEVEL_DEBUG1 :
	    LOG_LEVEL_ERROR, "Couldn't create pid file \"%s\": %s", c->pid_file, strerror(errno));
}

/* Removes the PID file if it is still ours. */
static void
remove_pid_file(const struct listener *l)
{
	const char *path = listener_config(l)->pid_file;
	SCOPED(writer_free) struct writer text = writer_init(64);

	if (path == NULL || l->in->options->debug > 0 || file_read(path, &text, NULL) != ERR_OK)
		return;
	wr_u8(&text, 0);
	if (wr_end(&text) == ERR_OK && strtol((const char *)text.p, NULL, 10) == (long)getpid())
		(void)unlink(path);
}

/* --- reload --- */

/* Takes a new config and its keys in the place of the old ones. */
static void
replace(struct listener *l, struct loaded *loaded, struct host_keys *keys)
{
	const char *was = listener_config(l)->pid_file, *is = loaded->config.pid_file;

	if (was != NULL && (is == NULL || strcmp(was, is) != 0))
		remove_pid_file(l);
	loaded_free(&l->in->loaded);
	host_keys_free(&l->in->keys);
	l->in->loaded = *loaded;
	l->in->keys = *keys;
}

/* Reads config and keys anew; if either is wrong, what was stays. */
static enum err
reload(struct listener *l)
{
	const struct sshd_options *o = l->in->options;
	struct load_input input = { .file = l->in->config_file, .options = o->config,
	    .n_options = o->n_config, .ports = o->ports, .n_ports = o->n_ports, .log = l->log };
	struct loaded loaded;
	struct host_keys keys;
	enum err e;

	TRY(load_config(&loaded, &input));
	e = host_keys_first_start(&loaded.config, l->in->config_file, false, l->log);
	if (e == ERR_OK)
		e = host_keys_load(&keys, &loaded.config, l->log);
	if (e != ERR_OK) {
		loaded_free(&loaded);
		return e;
	}
	replace(l, &loaded, &keys);
	return ERR_OK;
}

/* Puts the new config into force. */
static void
apply(struct listener *l)
{
	const struct sshd_config *c = listener_config(l);
	size_t failed;

	if (l->in->options->debug == 0 && !l->in->options->quiet)
		l->in->log->level = (enum log_level)c->log_level;
	pool_drop(&l->pool);
	pool_init(&l->pool, l->in->self_fd, &c->wire_uid_range, l->pool.keep_stderr);
	timer_set(l->refill, loop_now(l->loop));
	(void)!listener_accept(l, false);
	if (listener_open_sockets(l, &failed) != ERR_OK)
		log_error(l->log, "not listening any more");
	if (listener_accept(l, true) != ERR_OK)
		log_error(l->log, "accept: %s", strerror(errno));
	if (listener_open_table(l) != ERR_OK)
		log_error(l->log, "ephemeral keys: settings stay as they were");
	write_pid_file(l);	/* scripts take it away and wait for it, to know that it is done */
	listener_show(l);
}

static void
on_terminate(void *arg, int signo)
{
	struct listener *l = arg;

	log_info(l->log, "Received signal %d; terminating.", signo);
	listener_notify(l, "STOPPING=1");
	l->status = signo == SIGTERM ? 0 : 255;
	if (l->one_only && l->n_connections > 0) {
		/* It was there for that connection only; turn() waits for its end. */
		listener_end_all(l);
		return;
	}
	l->ends = true;
	loop_stop(l->loop);
}

static void
on_hangup(void *arg, int signo)
{
	struct listener *l = arg;
	char text[80];

	if (l->one_only) {		/* nothing to reload for: its terminal is gone */
		on_terminate(arg, signo);
		return;
	}
	log_info(l->log, "Received SIGHUP; reloading.");
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_monotonic_usec());
	listener_notify(l, text);
	if (reload(l) == ERR_OK)
		apply(l);
	else
		log_error(l->log, "%s: the old configuration stays in force", l->in->config_file);
	listener_notify(l, "READY=1");
}

/* --- signals and timers --- */

static void
on_child(void *arg, int signo)
{
	struct listener *l = arg;

	(void)signo;
	listener_reap(l, loop_signal_sender(l->loop));
	if (!l->will_sweep)
		timer_set(l->sweep, loop_now(l->loop) + SWEEP_MSEC);
	l->will_sweep = true;
}

static void
on_sweep(void *arg)
{
	struct listener *l = arg;

	l->will_sweep = false;
	listener_reap(l, 0);
}

static void
on_refill(void *arg)
{
	struct listener *l = arg;

	if (!l->one_only && pool_fill(&l->pool, l->log) != ERR_OK)
		timer_set(l->refill, loop_now(l->loop) + 1000);
}

static void
on_reopen(void *arg)
{
	struct listener *l = arg;

	if (listener_accept(l, true) != ERR_OK)
		timer_set(l->reopen, loop_now(l->loop) + 1000);
}

static void
on_ageing(void *arg)
{
	(void)arg;	/* the loop looks at the table after each turn */
}

static enum err
set_up(struct listener *l)
{
	TRY(penalties_new(&l->penalties, rng_system()));
	TRY(loop_timer(l->loop, &l->refill, on_refill, l));
	TRY(loop_timer(l->loop, &l->reopen, on_reopen, l));
	TRY(loop_timer(l->loop, &l->ageing, on_ageing, l));
	TRY(loop_timer(l->loop, &l->sweep, on_sweep, l));
	TRY(loop_signal(l->loop, SIGCHLD, on_child, l));
	TRY(loop_signal(l->loop, SIGTERM, on_terminate, l));
	TRY(loop_signal(l->loop, SIGINT, on_terminate, l));
	TRY(loop_signal(l->loop, SIGQUIT, on_terminate, l));
	TRY(loop_signal(l->loop, SIGHUP, on_hangup, l));
	return listener_open_table(l);
}

/* --- background --- */

/*
 * Goes on in a child, away from the terminal. The parent ends when that is ready, with
 * status 0, so that who started it finds a PID file; with 255 if it has ended before.
 */
static enum err
go_to_background(int *ready)
{
	int null, ends[2];
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return ERR_SYSTEM;
	pid = fork();
	if (pid == -1)
		return ERR_SYSTEM;
	if (pid != 0) {
		ssize_t n;

		close(ends[1]);
		do {
			n = read(ends[0], &byte, 1);
		} while (n == -1 && errno == EINTR);
		_exit(n == 1 ? 0 : 255);
	}
	close(ends[0]);
	*ready = ends[1];
	if (setsid() == -1 || chdir("/") == -1)
		return ERR_SYSTEM;
	null = open("/dev/null", O_RDWR);
	if (null == -1)
		return ERR_SYSTEM;
	for (int fd = 0; fd <= 2; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		close(null);
	return ERR_OK;
}

/* --- running --- */

/* Turns until the end; between turns, what the table has due. */
static enum err
turn(struct listener *l)
{
	while (!l->ends && !(l->one_only && l->n_connections == 0 && l->n_sockets == 0)) {
		listener_age_table(l);
		TRY(loop_turn(l->loop, MSEC_NEVER));
	}
	return ERR_OK;
}

/* -i: the client is on standard input and output. */
static enum err
serve_inetd(struct listener *l)
{
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct endpoint peer;

	if (in == -1 || out == -1 || null == -1)
		return ERR_SYSTEM;
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	close(null);
	if (fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK) == -1 ||
	    fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK) == -1)
		return ERR_SYSTEM;
	if (net_ends(in, NULL, &peer) == ERR_OK) {	/* inetd: both are the socket */
		close(out);
		out = in;
	}
	l->one_only = true;
	listener_take(l, in, out);
	return turn(l);
}

/*
 * Each connection has a descriptor here: takes all that there may be. What is
 * started gets no more than was allowed before, but enough to start anything.
 */
static enum err
take_files(struct listener *l)
{
	uint64_t was = process_raise_files();

	l->pool.files = was < FILES_LEAST ? FILES_LEAST : was;
	if (sysconf(_SC_OPEN_MAX) >= FILES_LEAST)
		return ERR_OK;
	log_fatal(l->log, "this process may open %ld files only: set the limit (ulimit -n, LimitNOFILE) to %d at least, "
	    "and to more than there will be connections", sysconf(_SC_OPEN_MAX), FILES_LEAST);
	l->status = 255;
	return ERR_LIMIT;
}

static enum err
serve(struct listener *l)
{
	const struct sshd_options *o = l->in->options;
	size_t failed;
	int ready = -1;

	TRY(listener_open_sockets(l, &failed));
	if (!o->foreground)
		TRY(go_to_background(&ready));
	TRY(loop_new(&l->loop));
	TRY(set_up(l));
	TRY(listener_accept(l, true));
	TRY(pool_fill(&l->pool, l->log));
	write_pid_file(l);
	listener_show(l);
	listener_notify(l, "READY=1");
	if (ready != -1) {
		(void)!write(ready, "", 1);
		close(ready);
	}
	TRY(turn(l));
	remove_pid_file(l);
	return ERR_OK;
}

static void
clean_up(struct listener *l)
{
	listener_close_sockets(l);
	pool_drop(&l->pool);
	while (l->connections != NULL) {
		struct connection *c = l->connections;

		l->connections = c->next;
		watch_free(c->watch);
		timer_free(c->kill);
		ipc_close(&c->ipc);
		listener_let_go(c);
		free(c);
	}
	listener_close_table(l);
	penalties_free(l->penalties);
	timer_free(l->refill);
	timer_free(l->reopen);
	timer_free(l->ageing);
	loop_free(l->loop);
	loaded_free(&l->in->loaded);
	host_keys_free(&l->in->keys);
}

int
listener_run(struct listener_input *in)
{
	struct listener *l = calloc(1, sizeof(*l));
	const struct sshd_config *c = &in->loaded.config;
	struct rng rng = rng_system();
	enum err e;
	int status;

	if (l == NULL) {
		log_fatal(in->log, "%s", err_text(ERR_NOMEM));
		return 255;
	}
	l->in = in;
	l->log = in->log;
	l->next_number = 1;
	rng_fill(&rng, l->secret, sizeof(l->secret));
	pool_init(&l->pool, in->self_fd, &c->wire_uid_range, in->options->debug > 0);
#ifdef SANITIZED
	l->pool.keep_stderr = true;
#endif
	e = take_files(l);
	if (e == ERR_OK && in->options->inetd) {
		e = loop_new(&l->loop);
		if (e == ERR_OK)
			e = set_up(l);
		if (e == ERR_OK)
			e = serve_inetd(l);
	} else if (e == ERR_OK) {
		e = serve(l);
	}
	if (e != ERR_OK && l->status == 0) {
		log_fatal(l->log, "%s", e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		l->status = 255;
	}
	clean_up(l);
	status = l->status;
	wipe(l->secret, sizeof(l->secret));
	free(l);
	return status;
}
