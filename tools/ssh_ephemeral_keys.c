/* SPDX-License-Identifier: ISC */
#include "tools/ssh_ephemeral_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/random.h"
#include "keys/private_file.h"
#include "os/file.h"
#include "os/process.h"

enum err
eph_hide(const char *name, struct span bytes, int *fd, char path[static 64])
{
	*fd = memfd_create(name, MFD_CLOEXEC);
	/* Not on 0, 1 or 2, which ssh inherits. */
	if (*fd != -1 && *fd <= STDERR_FILENO) {
		int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		close(*fd);
		*fd = moved;
	}
	if (*fd == -1 || fchmod(*fd, 0600) == -1)
		return ERR_SYSTEM;
	snprintf(path, 64, "/proc/%ld/fd/%d", (long)getpid(), *fd);
	return file_write_all(*fd, bytes);
}

enum err
eph_key_hide(struct eph_key *k, const char *name)
{
	static const struct private_file_format plain = { .kind = PRIVATE_OPENSSH };
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	struct rng rng = rng_system();

	TRY(private_file_write(k->key, span_str(name), &plain, &rng, &file));
	return eph_hide(name, writer_span(&file), &k->fd, k->path);
}

enum err
eph_key_make(struct eph_key *k, const char *name)
{
	struct rng rng = rng_system();

	TRY(key_generate(SPAN_LIT("ed25519"), 0, &rng, &k->key));
	return eph_key_hide(k, name);
}

void
eph_key_forget(struct eph_key *k)
{
	key_free(&k->key);
	if (k->fd != -1)
		close(k->fd);
	k->fd = -1;
}

/* --- running ssh --- */

int
eph_run(const struct eph_argv *a)
{
	static const struct process_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	static const int passed_by[] = { SIGINT, SIGQUIT };
	struct process_job job = process_job(a->program, a->v);
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old[COUNT(passed_by)];
	int status;
	pid_t pid;
	enum err e;

	job.fds = fds;
	job.n_fds = COUNT(fds);
	job.dies_with_parent = true;
	e = process_start(&job, &pid);
	if (e != ERR_OK)
		return eph_complain(EPH_NO_SERVER, "cannot run %s: %s", a->program, strerror(errno));
	/* What the terminal's keys mean is ssh's to decide. */
	for (size_t i = 0; i < COUNT(passed_by); i++)
		(void)sigaction(passed_by[i], &ignore, &old[i]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	for (size_t i = 0; i < COUNT(passed_by); i++)
		(void)sigaction(passed_by[i], &old[i], NULL);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
