/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral assist: the reverse connection, by ssh. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "os/process.h"
#include "tools/assist.h"

/* ssh that was told to end has this long. */
#define STOP_MS		2000

/* A line; the tail of one that is longer is dropped, and is no line of its own. */
#define LINE_LIMIT	4096

/* Where ssh has its log. */
#define LOG_FD		3
#define LOG_PATH	"/proc/self/fd/3"

/* --- what it says --- */

static void
on_ready(struct assist *a)
{
	bool is_first = !a->was_ready;
	int code = EPH_DONE;

	a->is_ready = a->was_ready = true;
	if (!a->is_code_open)
		code = assist_code_make(a);
	if (code != EPH_DONE && is_first)
		assist_end(a, code, "no code could be made");
	else
		assist_tell(a, a->n_sessions > 0 ? "connected" : "waiting");
}

static void
show(const struct assist *a, struct span line)
{
	char shown[1024];

	fprintf(stderr, "%s%s\n", a->is_tty ? "\r\033[K" : "",
	    text_visible_str(shown, sizeof(shown), line));
}

static void
on_log_line(struct assist *a, struct span line)
{
	struct span value;

	switch (assist_read_log(line, a->device, &value)) {
	case ASSIST_FINGERPRINT:
		(void)text_visible_str(a->fingerprint, sizeof(a->fingerprint), value);
		break;
	case ASSIST_READY:
		on_ready(a);
		break;
	case ASSIST_LOST:
		a->is_ready = false;
		assist_tell(a, "lost");
		break;
	case ASSIST_CALLER:
		(void)text_visible_str(a->caller, sizeof(a->caller), value);
		break;
	case ASSIST_WORDS:
		show(a, line);
		break;
	case ASSIST_NOTHING:
		break;
	}
}

static void
on_line(const struct assist_stream *st, struct span line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (st->is_log)
		on_log_line(st->assist, line);
	else if (line.len > 0)
		show(st->assist, line);
}

static void
stream_over(struct assist_stream *st)
{
	watch_free(st->watch);
	st->watch = NULL;
	if (st->fd != -1)
		close(st->fd);
	st->fd = -1;
}

/* Takes what there is. False at its end. */
static bool
take_lines(struct assist_stream *st)
{
	char buf[2048];
	ssize_t n = st->fd == -1 ? 0 : read(st->fd, buf, sizeof(buf));

	if (n <= 0)
		return n == -1 && (errno == EINTR || errno == EAGAIN);
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != '\n') {
			if (st->pending.len < LINE_LIMIT)
				wr_u8(&st->pending, (uint8_t)buf[i]);
			continue;
		}
		if (wr_end(&st->pending) == ERR_OK && !st->assist->stop)
			on_line(st, writer_span(&st->pending));
		writer_reset(&st->pending);
	}
	return true;
}

static void
on_lines(void *arg, unsigned events)
{
	struct assist_stream *st = arg;

	(void)events;
	if (!take_lines(st))
		stream_over(st);
}

/* A pipe that is read here; *theirs is the end that is written to. */
static enum err
stream_open(struct assist *a, struct assist_stream *st, int *theirs)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) == -1)
		return ERR_SYSTEM;
	st->assist = a;
	st->fd = fd[0];
	*theirs = fd[1];
	(void)fcntl(st->fd, F_SETFL, O_NONBLOCK);
	return loop_watch(a->loop, &st->watch, st->fd, LOOP_READ, on_lines, st);
}

/* --- its life --- */

/* What counts whatever the user's options say; what his options may change comes behind them. */
static const char *const first[] = { "-N", "-T", "-a", "-x", "-E", LOG_PATH, "-oLogLevel=DEBUG1", "-oReconnect=yes",
    "-oExitOnForwardFailure=yes", "-oControlPath=none", "-oControlMaster=no",
    "-oForkAfterAuthentication=no", "-oPermitLocalCommand=no" };
static const char *const last[] = { "-oServerAliveInterval=15", "-oServerAliveCountMax=3" };

static int
launch(struct assist *a, const struct eph_argv *argv)
{
	struct process_job job = process_job(argv->program, argv->v);
	struct process_fd fds[] = { { -1, STDIN_FILENO }, { -1, STDOUT_FILENO },
	    { -1, STDERR_FILENO }, { -1, LOG_FD } };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), said = -1, log = -1;
	enum err e = null == -1 ? ERR_SYSTEM : stream_open(a, &a->said, &said);

	if (e == ERR_OK)
		e = stream_open(a, &a->log, &log);
	fds[0].from = fds[1].from = null;
	fds[2].from = said;
	fds[3].from = log;
	job.fds = fds;
	job.n_fds = COUNT(fds);
	job.dies_with_parent = true;
	if (e == ERR_OK)
		e = process_start(&job, &a->ssh);
	if (e != ERR_OK) {
		a->ssh = 0;
		(void)eph_complain(EPH_NO_SERVER, "cannot run %s: %s", argv->program, strerror(errno));
		assist_line_stop(a);
	}
	for (size_t i = 1; i < COUNT(fds); i++)
		if (fds[i].from != -1)
			close(fds[i].from);
	return e == ERR_OK ? EPH_DONE : EPH_NO_SERVER;
}

int
assist_line_start(struct assist *a)
{
	char name[400], port[400], sources[512];
	struct eph_argv user, argv = { .n = 0 };
	int code = eph_ssh_argv(&a->where, a->relay, &user);

	if (code != EPH_DONE)
		return code;
	snprintf(argv.program, sizeof(argv.program), "%s", user.program);
	eph_argv_add(&argv, argv.program);
	for (size_t i = 0; i < COUNT(first); i++)
		eph_argv_add(&argv, first[i]);
	eph_argv_add(&argv, a->json || !isatty(STDIN_FILENO) ? "-oBatchMode=yes" : "-oBatchMode=no");
	if (a->from != NULL) {
		snprintf(sources, sizeof(sources), "-oGatewaySources=%s", a->from);
		eph_argv_add(&argv, sources);
	}
	for (size_t i = 1; i < user.n; i++)
		eph_argv_add(&argv, user.v[i]);
	for (size_t i = 0; i < COUNT(last); i++)
		eph_argv_add(&argv, last[i]);
	snprintf(name, sizeof(name), "-R%s:22:%s", a->device, a->target);
	eph_argv_add(&argv, name);
	if (a->port != 0) {
		snprintf(port, sizeof(port), "-R*:%u:%s", (unsigned)a->port, a->target);
		eph_argv_add(&argv, port);
	}
	eph_argv_add(&argv, "--");
	eph_argv_add(&argv, user.host);
	return launch(a, &argv);
}

void
assist_line_reap(struct assist *a)
{
	int status;

	if (a->ssh == 0 || waitpid(a->ssh, &status, WNOHANG) != a->ssh)
		return;
	a->ssh = 0;
	/* Its last words explain it. */
	(void)take_lines(&a->said);
	(void)take_lines(&a->log);
	assist_end(a, EPH_NO_SERVER, a->was_ready ? "the relay does not take the device back" :
	    "the relay could not be reached, or does not let the device listen under its name");
}

void
assist_line_stop(struct assist *a)
{
	msec give_up = loop_time(a->loop) + STOP_MS;

	stream_over(&a->said);
	stream_over(&a->log);
	if (a->ssh == 0)
		return;
	kill(a->ssh, SIGTERM);
	while (a->ssh != 0 && loop_time(a->loop) < give_up) {
		if (loop_turn(a->loop, give_up) != ERR_OK)
			break;
	}
	if (a->ssh == 0)
		return;
	kill(a->ssh, SIGKILL);
	while (waitpid(a->ssh, NULL, 0) == -1 && errno == EINTR)
		;
	a->ssh = 0;
}
