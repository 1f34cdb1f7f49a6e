/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral loopback: a command beside a throwaway sshd, and its end. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "keys/fingerprint.h"
#include "keys/private_file.h"
#include "os/process.h"
#include "tools/ssh_ephemeral.h"
#include "tools/ssh_ephemeral_loopback.h"

/* A command that was told to end has this long. */
#define COMMAND_MS	5000

struct run {
	struct loopback lb;
	bool json;
	char **command;			/* NULL: none */
	pid_t pid;			/* of the command; 0: not running */
	int status;			/* of wait(2) */
	bool stop;			/* a signal, the command's end, or stdin's */
	int signo;			/* that ended this; 0: none */
	struct timer *hurry;		/* SIGKILL for a command that does not end */
	struct watch *input;
	struct watch *parent;		/* of a descriptor of who started this */
	int parent_fd;			/* -1: none */
};

/* --- what ends it --- */

/* Whether the terminal has sent the signal to the command as well. */
static bool
is_from_terminal(int signo)
{
	return (signo == SIGINT || signo == SIGQUIT) && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

/* Ends the command, and with it all; or all at once. */
static void
end_by(struct run *r, int signo)
{
	if (r->pid != 0) {
		r->signo = signo;
		kill(r->pid, signo);
		timer_set(r->hurry, loop_now(r->lb.loop) + COMMAND_MS);
		return;
	}
	r->signo = signo;
	r->stop = true;
	loop_stop(r->lb.loop);
}

static void
on_signal(void *arg, int signo)
{
	struct run *r = arg;

	/* The command decides, as under a shell. */
	if (r->pid == 0 || !is_from_terminal(signo))
		end_by(r, signo);
}

/* Who started this has ended, in whatever way. */
static void
on_orphaned(void *arg, unsigned events)
{
	struct run *r = arg;

	(void)events;
	watch_free(r->parent);
	r->parent = NULL;
	end_by(r, SIGHUP);
}

static void
on_child(void *arg, int signo)
{
	struct run *r = arg;

	(void)signo;
	if (r->pid != 0 && waitpid(r->pid, &r->status, WNOHANG) == r->pid) {
		r->pid = 0;
		r->stop = true;
		loop_stop(r->lb.loop);
	}
}

static void
on_hurry(void *arg)
{
	struct run *r = arg;

	if (r->pid != 0)
		kill(r->pid, SIGKILL);
}

static void
on_input(void *arg, unsigned events)
{
	struct run *r = arg;
	char buf[512];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	(void)events;
	if (n > 0 || (n == -1 && (errno == EINTR || errno == EAGAIN)))
		return;
	watch_free(r->input);
	r->input = NULL;
	r->stop = true;
	loop_stop(r->lb.loop);
}

static enum err
take_signals(struct run *r)
{
	static const int ending[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

	TRY(loop_timer(r->lb.loop, &r->hurry, on_hurry, r));
	for (size_t i = 0; i < COUNT(ending); i++)
		TRY(loop_signal(r->lb.loop, ending[i], on_signal, r));
	return loop_signal(r->lb.loop, SIGCHLD, on_child, r);
}

/*
 * A descriptor of the parent, not PR_SET_PDEATHSIG: that comes when the thread
 * that started this ends, which test programs have many of.
 */
static enum err
watch_parent(struct run *r)
{
	pid_t parent = getppid();

	/* 0: it is in another namespace. 1: whoever started this has left it to init. */
	if (parent <= 1)
		return ERR_OK;
	r->parent_fd = (int)syscall(SYS_pidfd_open, parent, 0);
	if (r->parent_fd == -1)
		return ERR_OK;		/* an old kernel: the end of standard input has to do */
	TRY(loop_watch(r->lb.loop, &r->parent, r->parent_fd, LOOP_READ, on_orphaned, r));
	if (getppid() != parent)	/* it has ended meanwhile, and the number may be another's */
		on_orphaned(r, 0);
	return ERR_OK;
}

/* --- what is said --- */

static void
tell_json(const struct run *r)
{
	const struct loopback *lb = &r->lb;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	SCOPED(writer_free) struct writer line = writer_init(LIMIT_IPC);
	char fingerprint[FINGERPRINT_SIZE];

	public_line_put(&line, key_blob(lb->host.key), SPAN_EMPTY);
	wr_printf(&w, "{\"host\": \"loopback\", \"address\": \"127.0.0.1\", \"port\": %u, \"user\": ",
	    (unsigned)lb->port);
	json_put_str(&w, span_str(lb->users[0]));
	wr_printf(&w, ", \"users\": [");
	for (size_t i = 0; i < lb->n_users; i++) {
		wr_printf(&w, "%s", i == 0 ? "" : ", ");
		json_put_str(&w, span_str(lb->users[i]));
	}
	wr_printf(&w, "], \"config\": ");
	json_put_str(&w, span_str(lb->config));
	wr_printf(&w, ", \"known_hosts\": ");
	json_put_str(&w, span_str(lb->known_hosts));
	wr_printf(&w, ", \"identity\": ");
	json_put_str(&w, span_str(lb->user.path));
	wr_printf(&w, ", \"socket\": ");
	json_put_str(&w, span_str(lb->socket));
	wr_printf(&w, ", \"host_key\": ");
	json_put_str(&w, writer_span(&line));
	wr_printf(&w, ", \"host_fingerprint\": ");
	json_put_str(&w, span_str(fingerprint_str(fingerprint, key_blob(lb->host.key),
	    FINGERPRINT_SHA256)));
	wr_printf(&w, ", \"id\": ");
	json_put_str(&w, span_str(lb->id));
	wr_printf(&w, ", \"pid\": %ld}\n", (long)lb->server);
	(void)eph_print(&w);
}

static void
tell_words(const struct run *r)
{
	const struct loopback *lb = &r->lb;
	char fingerprint[FINGERPRINT_SIZE];

	fprintf(stderr, "sshd runs on 127.0.0.1 port %u, its host key and your key in memory only; "
	    "key %s registered for %s as %s.\n", (unsigned)lb->port,
	    fingerprint_str(fingerprint, key_blob(lb->user.key), FINGERPRINT_SHA256), lb->users[0],
	    lb->id);
	if (r->command != NULL)
		fprintf(stderr, "For your command: ssh -F \"$DAYFLY_LOOPBACK_CONFIG\" loopback. "
		    "All of it is gone when it ends.\n");
	else
		fprintf(stderr, "This shell is over ssh; all of it is gone when you leave.\n");
	fprintf(stderr, "By hand: ssh-keygen -t ed25519 -N '' -f k; sshd -f CONFIG -p %u -D -e & "
	    "ssh-ephemeral add --user %s k.pub; ssh -i k -p %u 127.0.0.1\n",
	    (unsigned)lb->port, lb->users[0], (unsigned)lb->port);
}

/* --- the command --- */

/* What the command finds in its environment. */
static bool
set_environment(const struct loopback *lb)
{
	char port[8];
	const char *const variables[][2] = {
		{ "SSH_CONFIG", lb->config },
		{ "DAYFLY_LOOPBACK_CONFIG", lb->config },
		{ "DAYFLY_LOOPBACK_HOST", "loopback" },
		{ "DAYFLY_LOOPBACK_ADDRESS", "127.0.0.1" },
		{ "DAYFLY_LOOPBACK_PORT", port },
		{ "DAYFLY_LOOPBACK_USER", lb->users[0] },
		{ "DAYFLY_LOOPBACK_IDENTITY", lb->user.path },
		{ "DAYFLY_LOOPBACK_KNOWN_HOSTS", lb->known_hosts },
		{ "DAYFLY_EPHEMERAL_SOCKET", lb->socket },
	};

	snprintf(port, sizeof(port), "%u", (unsigned)lb->port);
	for (size_t i = 0; i < COUNT(variables); i++) {
		if (setenv(variables[i][0], variables[i][1], 1) == -1)
			return false;
	}
	return true;
}

/* Starts a program with our own descriptors. Returns an exit status. */
static int
start_command(struct run *r, const char *path, char *const *argv)
{
	static const struct process_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	struct process_job job = process_job(path, argv);

	job.fds = fds;
	job.n_fds = COUNT(fds);
	job.dies_with_parent = true;
	if (process_start(&job, &r->pid) == ERR_OK)
		return EPH_DONE;
	r->pid = 0;
	return eph_complain(126, "cannot run %s: %s", path, strerror(errno));
}

/* The command's exit status as a shell would give it. */
static int
exit_code(const struct run *r)
{
	if (r->signo != 0 && (r->command == NULL || WIFSIGNALED(r->status)))
		return 128 + r->signo;
	if (WIFSIGNALED(r->status))
		return 128 + WTERMSIG(r->status);
	return WEXITSTATUS(r->status);
}

static int
run_command(struct run *r)
{
	char *ssh[] = { r->lb.ssh, (char[]){ "-F" }, r->lb.config, (char[]){ "loopback" }, NULL };
	char **argv = r->command != NULL ? r->command : ssh;
	char path[4096];
	int code;

	if (!set_environment(&r->lb))
		return eph_complain(EPH_REFUSED, "out of memory");
	if (!eph_find_program(argv[0], path, sizeof(path)))
		return eph_complain(127, "there is no program %s", argv[0]);
	code = start_command(r, path, argv);
	if (code != EPH_DONE)
		return code;
	while (!r->stop && loop_run(r->lb.loop) == ERR_OK)
		;
	return exit_code(r);
}

/* Without a command: until standard input ends or a signal comes. */
static int
hold(struct run *r)
{
	if (loop_watch(r->lb.loop, &r->input, STDIN_FILENO, LOOP_READ, on_input, r) != ERR_OK)
		return eph_complain(EPH_REFUSED, "cannot wait for the end of standard input");
	while (!r->stop && loop_run(r->lb.loop) == ERR_OK)
		;
	return r->signo != 0 ? 128 + r->signo : EPH_DONE;
}

static int
serve(struct run *r)
{
	int code = loopback_start(&r->lb, &r->stop);

	if (r->stop)
		return 128 + r->signo;
	if (code != EPH_DONE)
		return code;
	if (r->json)
		tell_json(r);
	else
		tell_words(r);
	return r->json && r->command == NULL ? hold(r) : run_command(r);
}

static int
run(struct run *r, const char *sshd)
{
	int code = loopback_find(&r->lb, sshd, r->command == NULL && !r->json);

	if (code != EPH_DONE)
		return code;
	if (loop_new(&r->lb.loop) != ERR_OK || take_signals(r) != ERR_OK ||
	    watch_parent(r) != ERR_OK) {
		loop_free(r->lb.loop);
		return eph_complain(EPH_REFUSED, "cannot wait for anything: %s", strerror(errno));
	}
	code = loopback_prepare(&r->lb);
	if (code == EPH_DONE)
		code = serve(r);
	loopback_stop(&r->lb);
	loopback_clean(&r->lb);
	loop_free(r->lb.loop);
	if (r->parent_fd != -1)
		close(r->parent_fd);
	return code;
}

int
eph_loopback_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "sshd", required_argument, NULL, 's' },
		{ "user", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	struct run r = { .lb = { .host = { .fd = -1 }, .user = { .fd = -1 } },
	    .parent_fd = -1 };
	const char *sshd = NULL;
	int opt, code = EPH_DONE;

	/* No key may land on 0, 1 or 2, which the command inherits. */
	process_fill_standard();
	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+o:", options, NULL)) != -1) {
		if (opt == 'j')
			r.json = true;
		else if (opt == 's')
			sshd = optarg;
		else if (opt == 'u')
			code = loopback_add_user(&r.lb, optarg);
		else if (opt == 'o')
			code = loopback_add_option(&r.lb, optarg);
		else
			code = eph_bad_option("loopback", argv);
		if (code != EPH_DONE)
			return code;
	}
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0)
		return eph_usage("loopback: a command comes behind --");
	if (optind < argc)
		r.command = argv + optind;
	return run(&r, sshd);
}
