/* SPDX-License-Identifier: ISC */
/*
 * channels/request.h - bodies of the channel requests (RFC 4254 6, RFC 4335,
 * and OpenSSH's): one struct, one _get, one _put each.
 *
 * body   what follows `want reply` in CHANNEL_REQUEST
 *
 * _get gives ERR_SHORT, ERR_TRAILING or ERR_FORMAT, and spans that borrow
 * from the body; strings that end up as C strings (commands, names, paths)
 * are ERR_FORMAT with a NUL in them. _put writes what _get reads.
 * Requests without fields (shell, auth-agent-req@openssh.com,
 * eow@openssh.com, keepalive@openssh.com) are read by request_empty_get().
 */
#ifndef CHANNELS_REQUEST_H
#define CHANNELS_REQUEST_H

#include "base/reader.h"
#include "base/writer.h"

/* Size of a terminal: characters, and pixels where known (else 0). */
struct term_size {
	uint32_t cols;
	uint32_t rows;
	uint32_t width_px;
	uint32_t height_px;
};

/* pty-req (RFC 4254 6.2); modes: see channels/pty_modes.h. */
struct request_pty {
	struct span term;
	struct term_size size;
	struct span modes;
};

/* env (RFC 4254 6.4). */
struct request_env {
	struct span name;
	struct span value;
};

/* exec (RFC 4254 6.5). */
struct request_exec {
	struct span command;
};

/* subsystem (RFC 4254 6.5). */
struct request_subsystem {
	struct span name;
};

/* signal (RFC 4254 6.9); name without "SIG". */
struct request_signal {
	struct span name;
};

/* break (RFC 4335 3). */
struct request_break {
	uint32_t ms;
};

/* exit-status (RFC 4254 6.10). */
struct request_exit_status {
	uint32_t status;
};

/* exit-signal (RFC 4254 6.10); name without "SIG". */
struct request_exit_signal {
	struct span name;
	bool core_dumped;
	struct span message;
	struct span language;
};

/* xon-xoff (RFC 4254 6.8). */
struct request_xon_xoff {
	bool client_can_do;
};

/* x11-req (RFC 4254 6.3.1). */
struct request_x11 {
	bool single;
	struct span protocol;
	struct span cookie;		/* hexadecimal */
	uint32_t screen;
};

/* Checks that a body is empty. */
enum err request_empty_get(struct span body);

/* pty-req. */
enum err request_pty_get(struct span body, struct request_pty *m);
/* pty-req. */
void request_pty_put(struct writer *w, const struct request_pty *m);

/* env. */
enum err request_env_get(struct span body, struct request_env *m);
/* env. */
void request_env_put(struct writer *w, const struct request_env *m);

/* exec. */
enum err request_exec_get(struct span body, struct request_exec *m);
/* exec. */
void request_exec_put(struct writer *w, const struct request_exec *m);

/* subsystem. */
enum err request_subsystem_get(struct span body, struct request_subsystem *m);
/* subsystem. */
void request_subsystem_put(struct writer *w, const struct request_subsystem *m);

/* window-change (RFC 4254 6.7). */
enum err request_window_change_get(struct span body, struct term_size *m);
/* window-change. */
void request_window_change_put(struct writer *w, const struct term_size *m);

/* signal. */
enum err request_signal_get(struct span body, struct request_signal *m);
/* signal. */
void request_signal_put(struct writer *w, const struct request_signal *m);

/* break. */
enum err request_break_get(struct span body, struct request_break *m);
/* break. */
void request_break_put(struct writer *w, const struct request_break *m);

/* exit-status. */
enum err request_exit_status_get(struct span body, struct request_exit_status *m);
/* exit-status. */
void request_exit_status_put(struct writer *w, const struct request_exit_status *m);

/* exit-signal. */
enum err request_exit_signal_get(struct span body, struct request_exit_signal *m);
/* exit-signal. */
void request_exit_signal_put(struct writer *w, const struct request_exit_signal *m);

/* xon-xoff. */
enum err request_xon_xoff_get(struct span body, struct request_xon_xoff *m);
/* xon-xoff. */
void request_xon_xoff_put(struct writer *w, const struct request_xon_xoff *m);

/* x11-req. */
enum err request_x11_get(struct span body, struct request_x11 *m);
/* x11-req. */
void request_x11_put(struct writer *w, const struct request_x11 *m);

#endif
