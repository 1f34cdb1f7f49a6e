/* SPDX-License-Identifier: ISC */
/*
 * The session: runs what the user wants, as the user.
 *
 * peers: the guard (session_*, from_session_*); wire (to_session_*, to_wire_*),
 * which it believes no more than it would believe the client; the user's
 * programs, by their descriptors and exit statuses. What config and keys allow
 * the user is enforced here: wire cannot give what it does not have.
 *
 * It holds no keys and sees no packets. It starts as the guard is (root, or
 * whoever started sshd), enters ChrootDirectory, and becomes the user for good
 * before it takes a message from wire. It cannot be traced by the user's
 * programs.
 *
 * calls: all, with the user's rights.
 */
#include "sshd/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/file.h"
#include "os/ids.h"
#include "os/process.h"
#include "os/process_tree.h"
#include "sshd/keeper.h"
#include "sshd/session_forward.h"

/* Of all pieces of a part. */
#define PART_MAX	(64 * 1024 * 1024)

/* Programs that are to end have so long to do it by themselves. */
#define END_MSEC	150

/* A wire that floods must not keep the guard's messages and the programs' ends from their turn. */
#define MESSAGES_A_TURN	64

/* Leaves nothing behind in the file system, and ends. */
NORETURN static void
leave(struct session *s, int status)
{
	program_hang_up(s);
	sftp_last_words(s);
	forward_end(s);
	if (s->auth_info_path != NULL)
		(void)unlink(s->auth_info_path);
	_exit(status);
}

void
session_die(struct session *s, const char *why)
{
	log_error(&s->log, "session: %s", why);
	(void)!ipc_flush(&s->guard);
	leave(s, 255);
}

static void
watch_ipc(struct watch *watch, const struct ipc *ipc)
{
	if (watch != NULL)
		watch_set(watch, LOOP_READ | (ipc_wants_write(ipc) ? LOOP_WRITE : 0));
}

void
session_sent(struct session *s, enum err e)
{
	if (e != ERR_OK && s->ends) {	/* programs have the time they were given */
		watch_free(s->wire_watch);
		watch_free(s->guard_watch);
		s->wire_watch = s->guard_watch = NULL;
		ipc_close(&s->wire);
		return;
	}
	if (e != ERR_OK)
		leave(s, e == ERR_CLOSED ? 0 : 255);
	watch_ipc(s->wire_watch, &s->wire);
	watch_ipc(s->guard_watch, &s->guard);
}

/* Log lines go through the guard, which may write them. */
static void
send_line(void *arg, enum log_level level, const char *line)
{
	struct session *s = arg;

	(void)!ipc_send_from_session_log(&s->guard, &(struct msg_from_session_log){
	    .level = (uint32_t)level, .text = span_str(line + strlen(log_level_prefix(level))) }, NULL);
	watch_ipc(s->guard_watch, &s->guard);
}

/* --- wire --- */

static enum err
on_to_session_open(struct session *s, const struct msg_to_session_open *m, struct ipc_fds *fds)
{
	struct msg_to_wire_refuse no = { .channel = m->channel, .code = OPEN_UNKNOWN_TYPE,
	    .text = SPAN_LIT("unsupported channel type") };

	(void)fds;
	if (span_is(m->type, "session"))
		program_open(s, m->channel);
	else if (!forward_open(s, m))
		session_sent(s, ipc_send_to_wire_refuse(&s->wire, &no, NULL));
	return ERR_OK;
}

static enum err
on_to_session_request(struct session *s, const struct msg_to_session_request *m,
    struct ipc_fds *fds)
{
	(void)fds;
	program_request(s, m);
	return ERR_OK;
}

static enum err
on_to_session_closed(struct session *s, const struct msg_to_session_closed *m,
    struct ipc_fds *fds)
{
	(void)fds;
	if (!program_closed(s, m->channel))
		(void)forward_closed(s, m->channel);
	return ERR_OK;
}

static enum err
on_to_session_opened(struct session *s, const struct msg_to_session_opened *m,
    struct ipc_fds *fds)
{
	(void)fds;
	forward_opened(s, m);
	return ERR_OK;
}

static enum err
on_to_session_global(struct session *s, const struct msg_to_session_global *m,
    struct ipc_fds *fds)
{
	(void)fds;
	if (!forward_global(s, m) && m->want_reply)
		session_sent(s, ipc_send_to_wire_global_reply(&s->wire,
		    &(struct msg_to_wire_global_reply){ .id = m->id }, NULL));
	return ERR_OK;
}

IPC_RECEIVER(from_wire, TO_SESSION, struct session)

/* --- becoming the user --- */

/* Enters ChrootDirectory, while it can. */
static enum err
enter_chroot(struct session *s)
{
	SCOPED(writer_free) struct writer path = writer_init(4096);
	char uid[16], why[512];
	struct config_tokens tokens = { .value = { ['h'] = s->home, ['u'] = s->user, ['U'] = uid } };
	enum err e;

	if (s->config.chroot_directory == NULL)
		return ERR_OK;
	tzset();			/* the file of the time zone may be out of reach from then on */
	snprintf(uid, sizeof(uid), "%lu", (unsigned long)s->uid);
	TRY(sshd_config_expand(&path, SSHD_ChrootDirectory, span_str(s->config.chroot_directory), &tokens));
	wr_u8(&path, 0);
	TRY(wr_end(&path));
	if (geteuid() != 0) {
		log_error(&s->log, "ChrootDirectory needs a server that runs as root");
		return ERR_DENIED;
	}
	e = file_check_chroot((const char *)path.p, why, sizeof(why));
	if (e == ERR_OK && (chdir((const char *)path.p) == -1 || chroot(".") == -1))
		e = ERR_SYSTEM;
	if (e != ERR_OK)
		log_error(&s->log, "ChrootDirectory %s: %s", (const char *)path.p,
		    e == ERR_DENIED ? why : strerror(errno));
	else
		log_verbose(&s->log, "Changed root directory to \"%s\"", (const char *)path.p);
	return e;
}

/* Takes the user's groups and ids, for good. */
static enum err
become_user(struct session *s)
{
	struct reader r = rd_init(writer_span(&s->parts[SESSION_PART_GROUPS]));
	size_t n = r.rest.len / 4;
	gid_t *groups = calloc(n + 1, sizeof(*groups));
	enum err e;

	if (groups == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		groups[i] = (gid_t)rd_u32(&r);
	e = rd_end(&r);
	if (e == ERR_OK)
		e = ids_become(s->uid, s->gid, groups, n);
	free(groups);
	if (e != ERR_OK)
		log_error(&s->log, "cannot become %s: %s", s->user, strerror(errno));
	(void)setenv("HOME", s->home, 1);
	(void)prctl(PR_SET_DUMPABLE, 0);	/* his programs are his own to trace; this is not */
	if (s->grant[0] == '\0')
		return e;
	/* What a granted session leaves behind must be found when it is ended by force. */
	if (process_adopt_orphans() != ERR_OK)
		log_error(&s->log, "cannot adopt orphans: %s", strerror(errno));
	process_die_with_parent(s->parent);
	return e;
}

/* The programs start where the user is at home. */
static enum err
go_home(struct session *s)
{
	if (chdir(s->home) == 0)
		return ERR_OK;
	s->home_errno = errno;
	return chdir("/") == -1 ? ERR_SYSTEM : ERR_OK;
}

/* ExposeAuthInfo: a file that says how the user got in. */
static enum err
expose_auth_info(struct session *s)
{
	char path[] = "/tmp/sshauth.XXXXXXXXXXXX";
	int fd;

	if (!s->config.expose_auth_info)
		return ERR_OK;
	fd = mkstemp(path);
	if (fd == -1 || file_write_all(fd, span_str(s->auth_info)) != ERR_OK) {
		log_error(&s->log, "ExposeAuthInfo: cannot write %s: %s", path, strerror(errno));
		if (fd != -1) {
			(void)unlink(path);
			close(fd);
		}
		return ERR_OK;		/* as in OpenSSH: no reason to keep him out */
	}
	close(fd);
	s->auth_info_path = strdup(path);
	return s->auth_info_path == NULL ? ERR_NOMEM : ERR_OK;
}

/* --- guard --- */

static enum err
on_session_part(struct session *s, const struct msg_session_part *m, struct ipc_fds *fds)
{
	(void)fds;
	if (m->of >= SESSION_N_PARTS)
		return ERR_FORMAT;
	wr_raw(&s->parts[m->of], m->piece);
	return wr_end(&s->parts[m->of]);
}

/* Keeps a string of the job. */
static enum err
keep(char **out, struct span s)
{
	*out = span_dup_str(s);
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
keep_job(struct session *s, const struct msg_session_job *m)
{
	TRY(keep(&s->user, m->user));
	TRY(keep(&s->home, m->home));
	TRY(keep(&s->shell, m->shell));
	TRY(keep(&s->last_login, m->last_login));
	TRY(keep(&s->auth_info, m->auth_info));
	s->uid = (uid_t)m->uid;
	s->gid = (gid_t)m->gid;
	text_visible_str(s->client, sizeof(s->client), m->client_address);
	text_visible_str(s->server, sizeof(s->server), m->server_address);
	text_visible_str(s->grant, sizeof(s->grant), m->grant);
	s->client_port = m->client_port;
	s->server_port = m->server_port;
	s->log.level = (enum log_level)m->log_level;
	TRY(sshd_config_get(&s->config, writer_span(&s->parts[SESSION_PART_CONFIG])));
	return may_set(&s->may, &s->config, writer_span(&s->parts[SESSION_PART_OPTIONS]));
}

static void wire_ready(void *arg, unsigned events);

static enum err
on_session_job(struct session *s, const struct msg_session_job *m, struct ipc_fds *fds)
{
	if (fds->n != 1)
		return ERR_FORMAT;
	TRY(keep_job(s, m));
	TRY(enter_chroot(s));
	TRY(become_user(s));
	TRY(go_home(s));
	TRY(expose_auth_info(s));
	for (size_t i = 0; i < SESSION_N_PARTS; i++) {
		if (i != SESSION_PART_ENV)
			writer_free(&s->parts[i]);
	}
	s->phase = PHASE_OPEN;
	ipc_init(&s->wire, fds->fd[0]);
	fds->n = 0;
	program_show(s);
	return loop_watch(s->loop, &s->wire_watch, s->wire.fd, LOOP_READ, wire_ready, s);
}

static enum err
on_session_notice(struct session *s, const struct msg_session_notice *m, struct ipc_fds *fds)
{
	(void)fds;
	program_notice(s, m->text);
	return ERR_OK;
}

static enum err
on_session_release(struct session *s, const struct msg_session_release *m, struct ipc_fds *fds)
{
	(void)fds;
	takeover_release(s, m->port, m->name);
	return ERR_OK;
}

static enum err
on_session_registrar(struct session *s, const struct msg_session_registrar *m, struct ipc_fds *fds)
{
	registrar_answer(s, m, fds->n > 0 ? fds->fd[0] : -1);
	return ERR_OK;
}

static void
end_due(void *arg)
{
	struct session *s = arg;

	program_signal_all(s, SIGKILL);
	if (s->grant[0] != '\0')
		(void)!process_kill_descendants(getpid(), -1);
	/* The keeper has the rights for what the user may not kill. */
	leave(s, s->grant[0] != '\0' ? KEEPER_BY_FORCE : 0);
}

static enum err
on_session_end(struct session *s, const struct msg_session_end *m, struct ipc_fds *fds)
{
	(void)m;
	(void)fds;
	s->ends = true;
	program_signal_all(s, SIGHUP);
	program_signal_all(s, SIGCONT);
	TRY(loop_timer(s->loop, &s->end_timer, end_due, s));
	timer_set(s->end_timer, loop_now(s->loop) + END_MSEC);
	return ERR_OK;
}

IPC_RECEIVER(from_guard, TO_SESSION_GUARD, struct session)

/* --- receiving --- */

static void
take_messages(struct session *s, struct ipc *ipc, unsigned events,
    enum err (*dispatch)(struct session *, struct ipc *, uint32_t, struct span, struct ipc_fds *))
{
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e = ERR_OK;

	if (events & LOOP_WRITE)
		e = ipc_flush(ipc);
	for (int i = 0; i < MESSAGES_A_TURN && e == ERR_OK && ipc->fd != -1; i++) {
		e = ipc_receive(ipc, (struct room){ s->buf, sizeof(s->buf) }, &message, &fds);
		if (e == ERR_OK)
			e = dispatch(s, ipc, s->phase, message, &fds);
		ipc_fds_close(&fds);
	}
	if (e != ERR_OK && e != ERR_AGAIN && e != ERR_CLOSED)
		log_error(&s->log, "session: %s", err_text(e));
	session_sent(s, e == ERR_AGAIN ? ERR_OK : e);
}

static void
wire_ready(void *arg, unsigned events)
{
	struct session *s = arg;

	take_messages(s, &s->wire, events, from_wire);
}

static void
guard_ready(void *arg, unsigned events)
{
	struct session *s = arg;

	take_messages(s, &s->guard, events, from_guard);
	sftp_resume(s);
}

static void
on_child(void *arg, int signo)
{
	struct session *s = arg;
	int status;
	pid_t pid;

	(void)signo;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		program_reaped(s, pid, status);
}

static enum err
set_up(struct session *s)
{
	ipc_init(&s->guard, SESSION_FD);
	ipc_init(&s->wire, -1);
	TRY(loop_new(&s->loop));
	TRY(loop_signal(s->loop, SIGCHLD, on_child, s));
	return loop_watch(s->loop, &s->guard_watch, SESSION_FD, LOOP_READ, guard_ready, s);
}

int
session_run(const struct title *title)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return 255;
	s->title = *title;
	s->parent = getppid();
	title_set(title, "[session]");
	s->phase = PHASE_NEW;
	for (size_t i = 0; i < SESSION_N_PARTS; i++)
		s->parts[i] = writer_init(PART_MAX);
	s->log = (struct log){ .level = LOG_LEVEL_INFO, .fd = -1, .sink = send_line, .sink_arg = s };
	(void)umask(022);
	if (set_up(s) != ERR_OK)
		return 255;
	(void)!loop_run(s->loop);
	return 255;
}
