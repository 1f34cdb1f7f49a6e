/* SPDX-License-Identifier: ISC */
/* The display's cookie, as xauth(1) knows it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/process.h"
#include "ssh/x11.h"

/* xauth waits for its lock file; a display that does not answer is none. */
#define XAUTH_MSEC	15000

/* The server looks at its clock a little later than the X server. */
#define SLACK_SECONDS	60

#define OUTPUT_MAX	(64 * 1024)

/* Reads to the end of the file. ERR_TIMEOUT, ERR_SYSTEM, ERR_LIMIT. */
static enum err
read_all(int fd, struct writer *w)
{
	msec until = clock_boot() + XAUTH_MSEC;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		struct room room;
		msec now = clock_boot();
		ssize_t n;

		if (now >= until)
			return ERR_TIMEOUT;
		if (poll(&p, 1, (int)(until - now)) < 1)
			continue;
		room = wr_reserve(w, 4096);
		if (room.len == 0)
			return wr_end(w);
		n = read(fd, room.p, room.len);
		if (n == 0)
			return ERR_OK;
		if (n == -1 && errno != EINTR)
			return ERR_SYSTEM;
		wr_commit(w, n > 0 ? (size_t)n : 0);
	}
}

/* Runs xauth; *status is what waitpid(2) says. */
static enum err
run_xauth(const struct ssh *s, char *const *argv, struct writer *out, int *status)
{
	const char *path = s->settings.config.xauth_location;
	struct process_job job = process_job(path, argv);
	struct process_fd fds[] = { { -1, 0 }, { -1, 1 }, { -1, 2 } };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pipes[2];
	pid_t pid;
	enum err e;

	if (null == -1 || pipe2(pipes, O_CLOEXEC) == -1) {
		if (null != -1)
			close(null);
		return ERR_SYSTEM;
	}
	fds[0].from = fds[2].from = null;
	fds[1].from = pipes[1];
	job.fds = fds;
	job.n_fds = COUNT(fds);
	e = process_start(&job, &pid);
	close(null);
	close(pipes[1]);
	if (e == ERR_OK) {
		e = read_all(pipes[0], out);
		if (e != ERR_OK)
			(void)kill(pid, SIGKILL);
		while (waitpid(pid, status, 0) == -1 && errno == EINTR)
			;
	}
	close(pipes[0]);
	return e;
}

/* "host/unix:0  MIT-MAGIC-COOKIE-1  0123..." */
static enum err
parse_line(struct span text, struct x11_cookie *out)
{
	struct span line, word, words[3];
	size_t n = 0;

	if (!span_token(&text, '\n', &line))
		return ERR_NOTFOUND;
	while (n < COUNT(words) && span_token(&line, ' ', &word))
		if (word.len > 0)
			words[n++] = word;
	if (n < COUNT(words) || words[1].len >= sizeof(out->method) || words[2].len == 0 ||
	    words[2].len % 2 != 0 || words[2].len > 512)
		return ERR_NOTFOUND;
	memcpy(out->method, words[1].p, words[1].len);
	out->method[words[1].len] = '\0';
	TRY(secret_alloc(&out->value, words[2].len / 2));
	for (size_t i = 0; i < words[2].len; i += 2) {
		char hex[3] = { (char)words[2].p[i], (char)words[2].p[i + 1], '\0' }, *end;

		out->value.p[i / 2] = (uint8_t)strtoul(hex, &end, 16);
		if (*end != '\0')
			return ERR_NOTFOUND;
	}
	return ERR_OK;
}

static enum err
list(const struct ssh *s, const char *file, const char *display, struct x11_cookie *out)
{
	SCOPED(writer_free) struct writer text = writer_init(OUTPUT_MAX);
	char name[512], *argv[6];
	size_t n = 0;
	int status = 0;

	/* Its own name for the display of this machine. */
	if (strncmp(display, "localhost:", 10) == 0)
		snprintf(name, sizeof(name), "unix:%s", display + 10);
	else
		snprintf(name, sizeof(name), "%s", display);
	argv[n++] = (char *)(uintptr_t)"xauth";
	if (file != NULL) {
		argv[n++] = (char *)(uintptr_t)"-f";
		argv[n++] = (char *)(uintptr_t)file;
	}
	argv[n++] = (char *)(uintptr_t)"list";
	argv[n++] = name;
	argv[n] = NULL;
	TRY(run_xauth(s, argv, &text, &status));
	return status == 0 ? parse_line(writer_span(&text), out) : ERR_NOTFOUND;
}

/* A cookie with fewer rights, which the display makes and xauth keeps in file. */
static enum err
generate(const struct ssh *s, const char *file, const char *display, uint32_t seconds)
{
	SCOPED(writer_free) struct writer text = writer_init(OUTPUT_MAX);
	char timeout[16];
	const char *argv[] = { "xauth", "-f", file, "generate", display, "MIT-MAGIC-COOKIE-1",
		"untrusted", seconds == 0 ? NULL : "timeout", timeout, NULL };
	int status = 0;

	snprintf(timeout, sizeof(timeout), "%u",
	    seconds > UINT32_MAX - SLACK_SECONDS ? UINT32_MAX : seconds + SLACK_SECONDS);
	TRY(run_xauth(s, (char *const *)(uintptr_t)argv, &text, &status));
	return status == 0 ? ERR_OK : ERR_NOTFOUND;
}

enum err
x11_find_cookie(const struct ssh *s, const char *display, bool is_trusted, uint32_t seconds,
    struct x11_cookie *out)
{
	char folder[] = "/tmp/ssh-XXXXXXXXXXXX", file[sizeof(folder) + 16];
	enum err e;

	if (s->settings.config.xauth_location == NULL)
		return ERR_NOTFOUND;
	if (is_trusted)
		return list(s, NULL, display, out);
	if (mkdtemp(folder) == NULL)
		return ERR_SYSTEM;
	snprintf(file, sizeof(file), "%s/xauthfile", folder);
	e = generate(s, file, display, seconds);
	if (e == ERR_OK)
		e = list(s, file, display, out);
	(void)unlink(file);
	(void)rmdir(folder);
	return e;
}
