/* SPDX-License-Identifier: ISC */
/* ssh-agent: questions to the user (ssh-add -c), by a process of their own, so that nobody else waits. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process.h"
#include "os/tty.h"
#include "tools/ssh_agent.h"

/* How often it is seen whether the client still waits. */
#define LOOK_EVERY	((msec)1000)

/* The asking process: its exit status is the answer. */
NORETURN static void
ask(const char *text, pid_t agent, uint64_t files)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };
	bool agrees;

	(void)setpgid(0, 0);
	process_die_with_parent(agent);
	process_close_others(NULL, 0);
	process_limit_files(files);
	loop_signals_reset();
	/* There is no terminal here to ask on. */
	if (setenv("SSH_ASKPASS_REQUIRE", "force", 1) == -1 ||
	    tty_ask(TTY_ASK_CONFIRM, text, &answer) != ERR_OK)
		_exit(1);
	agrees = answer.len == 0 || (answer.len == 3 && strncasecmp((const char *)answer.p, "yes", 3) == 0);
	_exit(agrees ? 0 : 1);
}

/* Nobody tells when a client goes of whom nothing is read. */
static void
on_look(void *arg)
{
	struct agent_program *p = arg;

	if (p->question.pid == 0 || p->question.client == NULL)
		return;
	if (agent_client_is_gone(p->question.client))
		agent_answered(p, p->question.client, false);
	else
		timer_set(p->question.look, loop_now(p->loop) + LOOK_EVERY);
}

enum err
agent_ask(struct agent_program *p, struct client *c, const char *text)
{
	pid_t own = getpid();

	if (!tty_askpass_is_allowed())
		return ERR_NOTFOUND;
	if (p->question.look == NULL)
		TRY(loop_timer(p->loop, &p->question.look, on_look, p));
	p->question.pid = fork();
	if (p->question.pid == -1) {
		p->question.pid = 0;
		return ERR_SYSTEM;
	}
	if (p->question.pid == 0)
		ask(text, own, p->files);
	(void)setpgid(p->question.pid, p->question.pid);
	p->question.client = c;
	timer_set(p->question.look, loop_now(p->loop) + LOOK_EVERY);
	return ERR_OK;
}

void
agent_ask_abort(struct agent_program *p)
{
	p->question.client = NULL;
	if (p->question.pid > 0)
		(void)kill(-p->question.pid, SIGKILL);
}

void
agent_ask_reap(struct agent_program *p)
{
	struct client *c = p->question.client;
	int status;
	pid_t pid;

	if (p->question.pid == 0)
		return;
	do
		pid = waitpid(p->question.pid, &status, WNOHANG);
	while (pid == -1 && errno == EINTR);
	if (pid == 0)
		return;
	p->question.pid = 0;
	p->question.client = NULL;
	timer_set(p->question.look, MSEC_NEVER);
	agent_answered(p, c, pid > 0 && status == 0);
}
