/* SPDX-License-Identifier: ISC */
/* ssh-agent: the socket, the signals, and the loop. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "os/net.h"
#include "os/process.h"
#include "tools/ssh_agent.h"

/* Without a descriptor for the next client: when to try again. */
#define PAUSE		((msec)200)

/* --- the socket --- */

/* Whoever may use the keys: this user, and root. */
static bool
is_welcome(const struct agent_program *p, int fd)
{
	uid_t uid;

	if (net_peer_uid(fd, &uid) != ERR_OK)
		return false;
	if (uid == 0 || uid == getuid())
		return true;
	log_error(&p->log, "uid mismatch: peer euid %u != uid %u", (unsigned)uid, (unsigned)getuid());
	return false;
}

static void
on_connection(void *arg, unsigned events)
{
	struct agent_program *p = arg;
	enum err e;
	int fd;

	(void)events;
	e = net_accept(p->socket.fd, &fd);
	if (e == ERR_AGAIN)
		return;
	if (e != ERR_OK) {
		log_error(&p->log, "accept: %s", strerror(errno));
		watch_set(p->listener, 0);
		timer_set(p->pause, loop_now(p->loop) + PAUSE);
		return;
	}
	if (!is_welcome(p, fd) || agent_client_new(p, fd) != ERR_OK)
		close(fd);
}

static void
on_pause_over(void *arg)
{
	struct agent_program *p = arg;

	if (p->n_clients < AGENT_MAX_CLIENTS)
		watch_set(p->listener, LOOP_READ);
}

static void
on_expiry(void *arg)
{
	struct agent_program *p = arg;
	unsigned n = agent_expire(p->agent, loop_time(p->loop));

	if (n > 0)
		log_debug(&p->log, "expired: %u", n);
	timer_set(p->expiry, agent_deadline(p->agent));
}

/* --- signals --- */

static void
on_signal(void *arg, int signo)
{
	struct agent_program *p = arg;

	switch (signo) {
	case SIGCHLD:
		agent_ask_reap(p);
		break;
	case SIGUSR1:
		log_info(&p->log, "all keys removed on signal %d: %u", signo, agent_forget(p->agent));
		timer_set(p->expiry, MSEC_NEVER);
		break;
	case SIGINT:
		if (p->ignores_interrupt)
			break;
		loop_stop(p->loop);
		break;
	default:
		log_debug(&p->log, "exiting on signal %d", signo);
		loop_stop(p->loop);
	}
}

static enum err
take_signals(struct agent_program *p)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGCHLD };

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT(signals); i++)
		TRY(loop_signal(p->loop, signals[i], on_signal, p));
	return ERR_OK;
}

/* --- all of it --- */

/* Keeps keys out of core files, other processes' sight and, where the limits allow it, swap space. */
static void
hide(void)
{
	struct rlimit limit;

	process_hide_memory();
	crypto_guard_keys();
	/* All of it, where that cannot make memory run out. */
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
		(void)mlockall(MCL_CURRENT | MCL_FUTURE);
}

/* The command that this agent is for is its parent. */
static bool
ends_with_parent(const struct agent_program *p)
{
	if (p->parent == 0)
		return true;
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == p->parent;
}

static enum err
run(struct agent_program *p)
{
	TRY(loop_new(&p->loop));
	TRY(take_signals(p));
	TRY(loop_timer(p->loop, &p->expiry, on_expiry, p));
	TRY(loop_timer(p->loop, &p->pause, on_pause_over, p));
	TRY(loop_watch(p->loop, &p->listener, p->socket.fd, LOOP_READ, on_connection, p));
	if (!ends_with_parent(p))
		return ERR_OK;
	return loop_run(p->loop);
}

int
agent_serve(struct agent_program *p)
{
	enum err e;

	hide();
	p->files = process_raise_files();
	e = run(p);
	if (e != ERR_OK)
		log_fatal(&p->log, "%s", e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	agent_socket_remove(&p->socket);
	p->listener = NULL;
	agent_clients_free(p);
	agent_free(&p->agent);
	loop_free(p->loop);
	close(p->socket.fd);
	return e == ERR_OK ? 0 : 1;
}
