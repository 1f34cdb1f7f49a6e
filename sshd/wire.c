/* SPDX-License-Identifier: ISC */
/*
 * Wire: speaks SSH with one client, from the first byte to the last.
 *
 * peers: the client's socket; the guard (wire_*, from_wire_*); when somebody is
 * logged in, the session (to_session_*, to_wire_*), and the descriptors that it
 * hands over. Every byte of the client is parsed here and nowhere else.
 *
 * It runs under a uid of its own (WireUidRange), which no file belongs to,
 * with an empty directory as its root, no_new_privs, no core files, not to be
 * traced; and it is born before there is a client, so that all of this is
 * done before the first byte comes.
 */
#include "sshd/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "os/ids.h"
#include "os/process.h"
#include "os/sandbox.h"
#include "sshd/wire_i.h"

/* Where a uid of the range does not exist (a container with few uids). */
#define FALLBACK_UID	65534

/* calls: the table of what is allowed once it is locked down (docs/PRIVSEP.md) */
static const struct sandbox_call wire_calls[] = {
	/* moving bytes */
	SANDBOX_CALL(read),
	SANDBOX_CALL(write),
	SANDBOX_CALL(readv),
	SANDBOX_CALL(writev),
	SANDBOX_CALL(recvmsg),
	SANDBOX_CALL(sendmsg),
	SANDBOX_CALL(sendto),
	SANDBOX_CALL(recvfrom),
	SANDBOX_CALL(close),
	SANDBOX_CALL(shutdown),
	SANDBOX_CALL(fcntl),
	/* waiting */
#ifdef SYS_epoll_wait
	SANDBOX_CALL(epoll_wait),
#endif
	SANDBOX_CALL(epoll_pwait),
	SANDBOX_CALL(epoll_ctl),
	SANDBOX_CALL(restart_syscall),
	/* memory */
	SANDBOX_CALL(brk),
	SANDBOX_CALL(mmap),
#ifdef SYS_mmap2
	SANDBOX_CALL(mmap2),
#endif
	SANDBOX_CALL(munmap),
	SANDBOX_CALL(mremap),
	SANDBOX_CALL(madvise),
	SANDBOX_CALL(mprotect),
	SANDBOX_CALL(futex),
	/* time and chance */
	SANDBOX_CALL(clock_gettime),
	SANDBOX_CALL(gettimeofday),
	SANDBOX_CALL(getrandom),
	/* itself */
	SANDBOX_CALL(getpid),
	SANDBOX_CALL(gettid),
	SANDBOX_CALL(rt_sigreturn),
	SANDBOX_CALL(rt_sigprocmask),
	SANDBOX_CALL(tgkill),
	SANDBOX_CALL(exit),
	SANDBOX_CALL(exit_group),
	/* IPQoS, and no other option */
	SANDBOX_OPTION(IPPROTO_IP, IP_TOS),
	SANDBOX_OPTION(IPPROTO_IPV6, IPV6_TCLASS),
	/* what libraries try, and do without */
	SANDBOX_REFUSE(openat),
#ifdef SYS_open
	SANDBOX_REFUSE(open),
#endif
	SANDBOX_REFUSE(socket),
	SANDBOX_REFUSE(ioctl),
	SANDBOX_REFUSE(getsockopt),
	SANDBOX_REFUSE(setsockopt),
#ifdef SYS_newfstatat
	SANDBOX_REFUSE(newfstatat),
#endif
	SANDBOX_REFUSE(fstat),
	SANDBOX_REFUSE(prctl),
	SANDBOX_REFUSE(sysinfo),
};

/* Wipes the connection's keys, and ends. */
NORETURN static void
leave(struct wire *w, int status)
{
	pump_free(w->pump);
	conn_free(w->conn);
	ipc_close(&w->guard);
	ipc_close(&w->session);
	_exit(status);
}

void
wire_die(struct wire *w)
{
	leave(w, 255);
}

/* Copies text into buf, as much as goes in, and gives the copy. */
static struct span
keep(char *buf, size_t size, struct span text)
{
	struct span s = span_first(text, size);

	if (s.len > 0)
		memcpy(buf, s.p, s.len);
	return span_of(buf, s.len);
}

void
wire_ends(struct wire *w, enum wire_end what, uint32_t reason, struct span text)
{
	if (w->has_end)
		return;
	w->has_end = true;
	w->end.what = what;
	w->end.reason = reason;
	w->end.text = keep(w->end_text, sizeof(w->end_text), text);
}

void
wire_disconnect(struct wire *w, uint32_t reason, struct span text)
{
	struct span s = keep(w->last_words, sizeof(w->last_words) - 1, text);

	w->last_words[s.len] = '\0';
	wire_ends(w, WIRE_END_OURS, reason, s);
	pump_disconnect(w->pump, reason, w->last_words);
}

/* --- locking down --- */

/* Gives a line to the guard, which puts the level before it; before there is a client there is nobody to read it. */
static void
send_line(void *arg, enum log_level level, const char *line)
{
	struct wire *w = arg;
	struct msg_from_wire_log m = { .level = (uint32_t)level, .text = span_str(line + strlen(log_level_prefix(level))) };

	if (w->phase != PHASE_NEW)
		wire_guard_sent(w, ipc_send_from_wire_log(&w->guard, &m, NULL));
}

static enum err
become_nobody(uint32_t uid)
{
	if (geteuid() != 0)
		return ERR_OK;
	/* A container may have taken chroot(2) from its root: the rest holds. */
	if (sandbox_empty_root() != ERR_OK && errno != EPERM)
		return ERR_SYSTEM;
	if (ids_become(uid, uid, NULL, 0) == ERR_OK ||
	    ids_become(FALLBACK_UID, FALLBACK_UID, NULL, 0) == ERR_OK)
		return ERR_OK;
	/* One uid is all there is: what is left of root then is its name. */
	return errno == EINVAL || errno == EPERM ? ids_drop_capabilities() : ERR_SYSTEM;
}

/* Gives up all that it does not need: nothing has come from anywhere yet. */
static enum err
lock_down(uint32_t uid)
{
	enum err e;

	TRY(become_nobody(uid));
	process_hide_memory();
	sandbox_limits();
	e = sandbox_calls(wire_calls, COUNT(wire_calls));
	return e == ERR_UNSUPPORTED ? ERR_OK : e;	/* a kernel without seccomp */
}

static enum err
set_up(struct wire *w, uint32_t uid)
{
	ipc_init(&w->guard, WIRE_FD);
	TRY(loop_new(&w->loop));
	TRY(loop_watch(w->loop, &w->guard_watch, WIRE_FD, LOOP_READ, wire_guard_ready, w));
	random_stream_init(&w->random, rng_system());
	return lock_down(uid);
}

int
wire_run(const struct title *title, uint32_t uid)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return 255;
	w->title = *title;
	title_set(&w->title, "[wire] waiting");
	w->phase = PHASE_NEW;
	w->setup = writer_init(LIMIT_IPC);
	w->log = (struct log){ .level = LOG_LEVEL_INFO, .fd = -1, .sink = send_line, .sink_arg = w };
	ipc_init(&w->session, -1);
	if (set_up(w, uid) != ERR_OK)
		return 255;
	(void)!loop_run(w->loop);
	leave(w, 0);
}
