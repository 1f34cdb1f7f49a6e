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

/* A line of its log; more is cut into pieces. */
#define LINE_LIMIT	4096

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
on_line(struct assist *a, struct span line)
{
	struct span value;
	char shown[1024];

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
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
		fprintf(stderr, "%s%s\n", a->is_tty ? "\r\033[K" : "",
		    text_visible_str(shown, sizeof(shown), line));
		break;
	case ASSIST_NOTHING:
		break;
	}
}

static void
log_over(struct assist *a)
{
	watch_free(a->log_watch);
	a->log_watch = NULL;
	if (a->log != -1)
		close(a->log);
	a->log = -1;
}

/* Takes what there is. False at its end. */
static bool
take_log(struct assist *a)
{
	char buf[2048];
	ssize_t n = read(a->log, buf, sizeof(buf));

	if (n <= 0)
		return n == -1 && (errno == EINTR || errno == EAGAIN);
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != '\n' && a->pending.len < LINE_LIMIT) {
			wr_u8(&a->pending, (uint8_t)buf[i]);
			continue;
		}
		if (wr_end(&a->pending) == ERR_OK && !a->stop)
			on_line(a, writer_span(&a->pending));
		writer_reset(&a->pending);
	}
	return true;
}

static void
on_log(void *arg, unsigned events)
{
	struct assist *a = arg;

	(void)events;
	if (!take_log(a))
		log_over(a);
}

/* --- its life --- */

/* What counts whatever the user's options say; what his options may change comes behind them. */
static const char *const first[] = { "-N", "-T", "-a", "-x", "-oLogLevel=DEBUG1", "-oReconnect=yes",
    "-oExitOnForwardFailure=yes", "-oControlPath=none", "-oControlMaster=no",
    "-oForkAfterAuthentication=no", "-oPermitLocalCommand=no" };
static const char *const last[] = { "-oServerAliveInterval=15", "-oServerAliveCountMax=3" };

static int
launch(struct assist *a, const struct eph_argv *argv)
{
	struct process_job job = process_job(argv->program, argv->v);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), log[2];
	struct process_fd fds[3];
	enum err e;

	if (null == -1 || pipe2(log, O_CLOEXEC) == -1) {
		if (null != -1)
			close(null);
		return eph_complain(EPH_NO_SERVER, "assist: %s", strerror(errno));
	}
	fds[0] = (struct process_fd){ null, STDIN_FILENO };
	fds[1] = (struct process_fd){ null, STDOUT_FILENO };
	fds[2] = (struct process_fd){ log[1], STDERR_FILENO };
	job.fds = fds;
	job.n_fds = COUNT(fds);
	job.dies_with_parent = true;
	e = process_start(&job, &a->ssh);
	close(null);
	close(log[1]);
	a->log = log[0];
	if (e == ERR_OK) {
		(void)fcntl(a->log, F_SETFL, O_NONBLOCK);
		e = loop_watch(a->loop, &a->log_watch, a->log, LOOP_READ, on_log, a);
	} else {
		a->ssh = 0;
	}
	return e == ERR_OK ? EPH_DONE :
	    eph_complain(EPH_NO_SERVER, "cannot run %s: %s", argv->program, strerror(errno));
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
	if (a->log != -1)
		(void)take_log(a);		/* its last words explain it */
	assist_end(a, EPH_NO_SERVER, a->was_ready ? "the relay does not take the device back" :
	    "the relay could not be reached, or does not let the device listen under its name");
}

void
assist_line_stop(struct assist *a)
{
	msec give_up = loop_time(a->loop) + STOP_MS;

	log_over(a);
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
