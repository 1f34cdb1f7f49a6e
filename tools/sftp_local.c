/* SPDX-License-Identifier: ISC */
/* Commands of sftp for this machine. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/process.h"
#include "tools/sftp.h"

bool
sftp_lcd(struct session *s, const struct args *a)
{
	const char *home = getenv("HOME");
	char *path = a->n > 0 ? far_must(glob_unescape(a->words[0])) : far_strdup(home == NULL ? "/" : home);
	bool ok;

	(void)s;
	/* The shell's way to the home, which is not looked up in any other case. */
	if (a->n > 0 && a->words[0][0] == '~' && (path[1] == '\0' || path[1] == '/') && home != NULL) {
		char *whole;

		if (asprintf(&whole, "%s%s", home, path + 1) == -1)
			whole = far_must(NULL);
		free(path);
		path = whole;
	}
	ok = chdir(path) == 0 || sftp_fail("Couldn't change local directory to \"%s\": %s", path, strerror(errno));
	free(path);
	return ok;
}

bool
sftp_lmkdir(struct session *s, const struct args *a)
{
	char *path = far_must(glob_unescape(a->words[0]));
	bool ok = mkdir(path, 0777) == 0 ||
	    sftp_fail("Couldn't create local directory \"%s\": %s", path, strerror(errno));

	(void)s;
	free(path);
	return ok;
}

bool
sftp_lpwd(struct session *s, const struct args *a)
{
	char path[PATH_MAX];

	(void)s;
	(void)a;
	if (getcwd(path, sizeof(path)) == NULL)
		return sftp_fail("Couldn't get local cwd: %s", strerror(errno));
	far_print(stdout, "Local working directory: %s\n", path);
	return true;
}

bool
sftp_lumask(struct session *s, const struct args *a)
{
	mode_t mask = 0;
	const char *p = a->n > 0 ? a->words[0] : "";

	(void)s;
	for (; *p >= '0' && *p <= '7' && mask <= 0777; p++)
		mask = mask << 3 | (mode_t)(*p - '0');
	if (a->n == 0 || a->words[0][0] == '\0' || *p != '\0' || mask > 0777)
		return sftp_fail("You must supply a numeric argument to the lumask command.");
	(void)umask(mask);
	printf("Local umask: %03o\n", (unsigned)mask);
	return true;
}

/* Runs the user's shell with these words, and waits for it. */
static bool
run_shell(struct session *s, const char *command)
{
	const char *shell = getenv("SHELL");
	struct process_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	struct far f = { .in = -1, .out = -1 };
	struct words argv = { .n = 0 };
	struct process_job job;
	int status = 0;
	bool ok;

	if (shell == NULL || shell[0] != '/')
		shell = "/bin/sh";
	words_add(&argv, "%s", shell);
	if (command[0] != '\0') {
		words_add(&argv, "-c");
		words_add(&argv, "%s", command);
	}
	fflush(stdout);
	job = process_job(argv.v[0], argv.v);
	job.fds = fds;
	job.n_fds = COUNT(fds);
	ok = process_start(&job, &f.pid) == ERR_OK;
	if (ok)
		status = far_end(&f);
	/* A signal of the terminal was for the shell. */
	*s->interrupts = 0;
	if (!ok)
		(void)sftp_fail("Couldn't execute \"%s\": %s", shell, strerror(errno));
	else if (status != 0)		/* told, but as with OpenSSH no failure of the batch */
		(void)sftp_fail("Shell exited with status %d", status);
	words_free(&argv);
	return ok;
}

bool
sftp_shell(struct session *s, const char *command)
{
	return run_shell(s, command);
}

bool
sftp_lls(struct session *s, const struct args *a)
{
	char *command;
	bool ok;

	if (asprintf(&command, "ls %s", a->rest) == -1)
		command = far_must(NULL);
	ok = run_shell(s, command);
	free(command);
	return ok;
}
