/* SPDX-License-Identifier: ISC */
#include "sshd/keeper.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process_tree.h"

/* What forks faster than it is killed is gone after again, so often. */
#define TRIES		20

pid_t
keeper_fork(const struct title *title)
{
	pid_t pid;

	/* Without adopting he is of no use; that is no reason to keep the user out. */
	(void)!process_adopt_orphans();
	pid = fork();
	if (pid > 0)
		title_set(title, "[keeper]");
	return pid;
}

int
keeper_run(pid_t session)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(session, &status, 0);
	while (pid == -1 && errno == EINTR);
	if (pid != session)
		return 255;
	if (!WIFSIGNALED(status) && WEXITSTATUS(status) != KEEPER_BY_FORCE)
		return 0;
	for (int i = 0; i < TRIES && process_kill_descendants(getpid(), -1) == ERR_LIMIT; i++)
		;
	return 0;
}
