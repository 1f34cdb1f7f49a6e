/* SPDX-License-Identifier: ISC */
/* What scp runs for a copy: ssh, cp, or ssh to a machine that copies by itself. */
#include <stdlib.h>
#include <string.h>

#include "os/process.h"
#include "tools/scp.h"

/* --- ssh --- */

void
scp_ssh_words(const struct scp *s, const struct where *w, const char *command, struct words *out)
{
	int port = w->port != -1 ? w->port : s->port;

	words_add_all(out, &s->ssh);
	if (port != -1) {
		words_add(out, "-p");
		words_add(out, "%d", port);
	}
	if (w->user != NULL) {
		words_add(out, "-l");
		words_add(out, "%s", w->user);
	}
	if (command == NULL)
		words_add(out, "-s");
	words_add(out, "--");
	words_add(out, "%s", w->host);
	words_add(out, "%s", command == NULL ? "sftp" : command);
}

bool
scp_run(struct scp *s, const struct where *w, const char *command, struct far *f)
{
	struct words argv = { .n = 0 };
	bool ok;

	*f = (struct far){ .in = -1, .out = -1, .rate = &s->rate, .interrupts = s->how.stop, .patience = 1 };
	if (s->direct != NULL && command == NULL)
		words_add_split(&argv, s->direct);
	else
		scp_ssh_words(s, w, command, &argv);
	if (s->is_verbose)
		far_print(stderr, "Executing: program %s host %s, user %s, command %s\n", argv.v[0], w->host,
		    w->user == NULL ? "(unspecified)" : w->user, command == NULL ? "sftp" : command);
	ok = argv.n > 0 && far_start(f, &argv, true);
	words_free(&argv);
	if (!ok)
		s->errors++;
	return ok;
}

char *
scp_command(const struct scp *s, char letter, const char *path)
{
	char *command;

	if (asprintf(&command, "scp%s%s%s%s -%c %s%s", s->is_verbose ? " -v" : "", s->is_recursive ? " -r" : "",
	    s->is_preserve ? " -p" : "", letter == 't' && s->wants_folder ? " -d" : "", letter,
	    path[0] == '-' ? "-- " : "", path[0] == '\0' ? "." : path) == -1)
		return far_must(NULL);
	return command;
}

void
scp_lost(struct scp *s, struct far *f)
{
	if (!s->is_remote && *s->how.stop == 0)
		fprintf(stderr, "lost connection\n");
	(void)far_end(f);
	exit(1);
}

/* --- kinds of copies --- */

/* Both on this machine. */
void
scp_copy_here(struct scp *s, const char *source, const char *target)
{
	struct words argv = { .n = 0 };
	struct process_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	struct far f = { .in = -1, .out = -1 };
	struct process_job job;

	words_add(&argv, "/bin/cp");
	words_add_all(&argv, &s->cp);
	words_add(&argv, "--");
	words_add(&argv, "%s", source);
	words_add(&argv, "%s", target);
	job = process_job(argv.v[0], argv.v);
	job.fds = fds;
	job.n_fds = COUNT(fds);
	if (process_start(&job, &f.pid) != ERR_OK)
		scp_error(s, NULL, "scp: cannot run %s", argv.v[0]);
	else if (far_end(&f) != 0)
		s->errors++;
	words_free(&argv);
}

/* Local sources to a remote target. */
void
scp_to_remote(struct scp *s, char **sources, size_t n, const struct where *target)
{
	struct far f;
	char *command;

	if (!s->is_old) {
		scp_upload(s, sources, n, target);
		return;
	}
	command = scp_command(s, 't', target->path);
	if (scp_run(s, target, command, &f)) {
		if (scp_response(s, &f))
			scp_source(s, &f, sources, n);
		if (far_end(&f) != 0)
			s->errors++;
	}
	free(command);
}

void
scp_to_local(struct scp *s, const struct where *source, const char *target)
{
	struct far f;
	char *command;

	if (!s->is_old) {
		scp_download(s, source, target);
		return;
	}
	command = scp_command(s, 'f', source->path);
	if (scp_run(s, source, command, &f)) {
		scp_sink(s, &f, target, source->path);
		if (far_end(&f) != 0)
			s->errors++;
	}
	free(command);
}

/* -3 with the old protocol: the two talk to each other through pipes of ours. */
void
scp_through_here(struct scp *s, const struct where *source, const struct where *target)
{
	char *from = scp_command(s, 'f', source->path), *to = scp_command(s, 't', target->path);
	struct words argv = { .n = 0 };
	struct scp quiet = *s;
	struct far f, g = { .in = -1, .out = -1, .interrupts = s->how.stop, .patience = 1 };

	if (scp_run(s, source, from, &f)) {
		/* Two at once cannot ask for passwords. */
		quiet.ssh = (struct words){ .n = 0 };
		words_add_all(&quiet.ssh, &s->ssh);
		words_add(&quiet.ssh, "-oBatchMode=yes");
		scp_ssh_words(&quiet, target, to, &argv);
		words_free(&quiet.ssh);
		if (!far_start_between(&g, &argv, &f) || far_end(&g) != 0)
			s->errors++;
		if (far_end(&f) != 0)
			s->errors++;
	}
	words_free(&argv);
	free(from);
	free(to);
}

/* -R: the source's machine copies to the target by itself. text is the target as the user wrote it. */
void
scp_by_origin(struct scp *s, const struct where *source, const char *text)
{
	struct words argv = { .n = 0 };
	struct process_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	struct far f = { .in = -1, .out = -1, .interrupts = s->how.stop, .patience = 1 };
	struct process_job job;
	char *path;

	words_add(&argv, "%s", s->ssh.v[0]);
	words_add(&argv, "-x");
	words_add(&argv, "-oClearAllForwardings=yes");
	words_add(&argv, "-n");
	/* What the user said of ssh; the other machine may need the agent. */
	for (size_t i = SCP_SSH_ALWAYS + 1; i < s->ssh.n; i++)
		if (strcmp(s->ssh.v[i], SCP_NO_AGENT) != 0)
			words_add(&argv, "%s", s->ssh.v[i]);
	if (source->port != -1 || s->port != -1) {
		words_add(&argv, "-p");
		words_add(&argv, "%d", source->port != -1 ? source->port : s->port);
	}
	if (source->user != NULL) {
		words_add(&argv, "-l");
		words_add(&argv, "%s", source->user);
	}
	words_add(&argv, "--");
	words_add(&argv, "%s", source->host);
	words_add(&argv, "scp%s%s%s", s->is_verbose ? " -v" : "", s->is_recursive ? " -r" : "",
	    s->is_preserve ? " -p" : "");
	words_add(&argv, "%s", source->path[0] == '\0' ? "." : source->path);
	words_add(&argv, "%s", text);
	path = strchr(argv.v[0], '/') != NULL ? far_strdup(argv.v[0]) : NULL;
	if (path == NULL) {	/* /usr/bin/env looks for it */
		struct words env = { .n = 0 };

		words_add(&env, "/usr/bin/env");
		words_add_all(&env, &argv);
		words_free(&argv);
		argv = env;
		path = far_strdup(argv.v[0]);
	}
	job = process_job(path, argv.v);
	job.fds = fds;
	job.n_fds = COUNT(fds);
	if (process_start(&job, &f.pid) != ERR_OK)
		scp_error(s, NULL, "scp: cannot run %s", argv.v[0]);
	else if (far_end(&f) != 0)
		s->errors++;
	free(path);
	words_free(&argv);
}
