/* SPDX-License-Identifier: ISC */
/*
 * The subsystem "ephemeral": the user registers keys from elsewhere. Whether he
 * may is the listener's to say, who knows by the guard who he is; this process
 * only carries his messages there, in a child of its own.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "os/process.h"
#include "sshd/control_frames.h"
#include "sshd/session_i.h"

void
registrar_ask(struct program *p)
{
	struct session *s = p->session;

	program_attach(p);
	session_sent(s, ipc_send_from_session_registrar(&s->guard,
	    &(struct msg_from_session_registrar){ .channel = p->channel }, NULL));
}

/* Starts the child that carries the messages. */
static pid_t
start_relay(const struct program *p, int control)
{
	int keep[] = { control, p->fds[0], p->fds[1], p->fds[2] };
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	process_close_others(keep, COUNT(keep));
	loop_signals_reset();
	(void)setsid();
	process_die_with_parent(parent);
	_exit(frames_relay(control, p->fds[0], p->fds[1]));
}

void
registrar_answer(struct session *s, const struct msg_session_registrar *m, int control)
{
	struct program *p = program_find(s, m->channel);
	SCOPED(writer_free) struct writer text = writer_init(1024);

	if (p == NULL || !p->is_registrar || p->pid != 0)
		return;			/* its channel has gone meanwhile */
	if (control == -1) {
		text_visible(&text, m->text);
		wr_raw(&text, SPAN_LIT("\n"));
		if (wr_end(&text) == ERR_OK)
			(void)!file_write_all(p->fds[2], writer_span(&text));
	} else {
		p->pid = start_relay(p, control);
		if (p->pid == -1)
			log_error(&s->log, "cannot start a subsystem: %s", strerror(errno));
	}
	program_let_go(p);
	if (p->pid <= 0)
		program_ended(p, 1 << 8);
}
