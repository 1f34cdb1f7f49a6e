/* SPDX-License-Identifier: ISC */
/*
 * sshd/session_i.h - inside the session process: session.c has the process,
 * session_may.c what the user may do, session_program.c his programs,
 * session_start.c how one is started, session_env.c its environment,
 * session_forward.c forwarded connections, session_connect.c and
 * session_listen.c those of either direction, session_agent.c and
 * session_x11.c the agent's and the X server's, session_sftp.c internal-sftp.
 *
 * program   what runs (or will run) on one "session" channel
 */
#ifndef SSHD_SESSION_I_H
#define SSHD_SESSION_I_H

#include <termios.h>

#include "base/limits.h"
#include "channels/channels.h"
#include "config/sshd_config.h"
#include "keys/authorized_keys.h"
#include "os/ipc.h"
#include "os/log.h"
#include "os/loop.h"
#include "os/net.h"
#include "os/pty.h"
#include "sshd/messages.h"
#include "sshd/title.h"

/* What the user may do: config and the options of every key that was used. */
struct may {
	unsigned permit;		/* enum permit of keys/authorized_keys.h */
	const char *command;		/* forced: NULL none; within config or key_command */
	bool command_is_key;		/* it is the key's */
	char *key_command;
	struct authorized_options key[MAY_KEYS];
	size_t n_keys;
};

/* A display that the client's X server shows on. */
struct x11 {
	char *display;			/* "localhost:10.0"; NULL: there is none */
	char *entry;			/* its name to xauth */
	char *protocol, *cookie;
	uint32_t number, screen;
};

struct program {
	struct program *next;
	struct session *session;
	uint32_t channel;
	bool is_closed;			/* the channel is gone */
	struct writer env;		/* the client's: string name, string value, for each */
	size_t n_env;
	char *term;			/* of pty-req */
	struct pty pty;			/* master -1: there is none */
	bool has_record;		/* the guard knows of the terminal */
	bool is_started;		/* one command for each channel */
	char *command;			/* as the client asked; NULL: a shell */
	bool is_subsystem;
	bool is_registrar;		/* that subsystem is our own "ephemeral" */
	int sftp_log;			/* lines of internal-sftp; -1: it is none, or has ended */
	struct watch *sftp_watch;
	bool is_attached;		/* wire has our ends */
	int fds[3];			/* the program's ends, until it has been started */
	int ours[3];			/* until they have gone to wire */
	pid_t rc;			/* ~/.ssh/rc runs before it; 0: it does not */
	pid_t pid;			/* 0: not running */
	char subsystem[64];		/* its name */
	struct x11 x11;
};

struct names;

struct session {
	struct title title;
	pid_t parent;			/* the keeper, of a session that an ephemeral key opened */
	struct log log;			/* its lines go to the guard */
	struct loop *loop;
	uint32_t phase;
	struct ipc guard, wire;
	struct watch *guard_watch, *wire_watch;
	struct writer parts[SESSION_N_PARTS];
	struct sshd_config config;
	struct may may;
	char *user, *home, *shell, *last_login, *auth_info;
	uid_t uid;
	gid_t gid;
	char client[64], server[64];
	uint32_t client_port, server_port;
	char grant[16];
	char *auth_info_path;		/* ExposeAuthInfo: the file; NULL: none */
	struct timer *end_timer;	/* running: programs are killed when it fires */
	bool ends;			/* by force: nobody is told how a program ended */
	int home_errno;			/* why the home could not be entered; 0: it is */
	struct program *programs;
	size_t n_programs;
	struct attempt *attempts;	/* connections that are being made */
	size_t n_attempts;
	struct forward_listener *listeners;
	size_t n_listeners;
	struct session_tunnel *tunnels;
	size_t n_tunnels;
	struct takeover *takeovers;	/* ports that other connections still have */
	size_t n_takeovers;
	struct names *names;		/* the resolver; NULL: not needed yet */
	uint8_t buf[LIMIT_IPC];		/* of messages received */
};

/* Ends the process over a failure of its own. */
NORETURN void session_die(struct session *s, const char *why);

/* After a send to wire or guard: e is its result. */
void session_sent(struct session *s, enum err e);

/* --- session_may.c --- */

/* Works out what the user may; options: those of his keys, as strings. */
enum err may_set(struct may *may, const struct sshd_config *c, struct span options);

/* Frees it. */
void may_free(struct may *may);

/* Whether a direct-tcpip to host and port is allowed. */
bool may_open(const struct may *may, const struct sshd_config *c, struct span host,
    uint32_t port);

/* Whether this address may connect to what listens for the client (GatewaySources). */
bool may_come_from(const struct may *may, const struct sshd_config *c, const struct address *a);

/*
 * With ForwardingNames: whether a name may be listened under, for which a
 * permission is needed that says so, or connected to, for which the keys of those that
 * listen need one. Other addresses are as names, but for connecting to them.
 */
bool may_listen_name(const struct may *may, const struct sshd_config *c, struct span name,
    uint32_t port);
bool may_open_name(const struct may *may, const struct sshd_config *c, struct span name,
    uint32_t port);

/* Whether Unix sockets may be connected to: not if keys name what may be. */
bool may_open_paths(const struct may *may);

/* Whether Unix sockets may be listened on: not if keys name what may be. */
bool may_listen_paths(const struct may *may);

/* Whether listening at address and port for the client is allowed. */
bool may_listen(const struct may *may, const struct sshd_config *c, struct span address,
    uint32_t port);

/* --- session_program.c --- */

/* The client opens a channel of type "session". */
void program_open(struct session *s, uint32_t channel);

/* A request on one of them. */
void program_request(struct session *s, const struct msg_to_session_request *m);

/* The channel is gone; false: it is none of a program. */
bool program_closed(struct session *s, uint32_t channel);

/* The connection is over: hangs up the programs on terminals. */
void program_hang_up(struct session *s);

/* Sends a signal to all programs and what they have started in their groups. */
void program_signal_all(struct session *s, int signo);

/* A child has ended. */
void program_reaped(struct session *s, pid_t pid, int status);

/* Tells the guard that its terminal is in use, or not any more. */
void program_record(struct program *p, bool in_use);

/* The program of an open channel; NULL: none. */
struct program *program_find(const struct session *s, uint32_t channel);

/* Writes a line to the terminals of all programs. */
void program_notice(struct session *s, struct span text);

/* The process title: who, and on which terminals. */
void program_show(const struct session *s);

/* The program has ended: tells wire and the guard. */
void program_ended(struct program *p, int status);

/* --- session_start.c --- */

/* Makes the descriptors between program and wire. ERR_SYSTEM. */
enum err program_connect(struct program *p);

/* Closes those that are still here. */
void program_disconnect(struct program *p);

/*
 * Gives wire its ends and starts the program (~/.ssh/rc first, if there is
 * one). What cannot be started says so on its standard error, and ends.
 */
void program_start(struct program *p);

/* Gives wire its ends. */
void program_attach(struct program *p);

/* Closes the program's own ends: it has been started, or will not be. */
void program_let_go(struct program *p);

/* After ~/.ssh/rc: starts what was asked for. */
void program_exec(struct program *p);

/* A break on the terminal (RFC 4335). ERR_SYSTEM. */
enum err program_break(const struct program *p);

/* --- session_registrar.c --- */

/* The user asks for the subsystem "ephemeral" on a program's channel. */
void registrar_ask(struct program *p);

/* Whether he gets it: control is an end of the control socket, or -1. It stays the caller's. */
void registrar_answer(struct session *s, const struct msg_session_registrar *m, int control);

/* --- session_sftp.c --- */

/* Whether a command is internal-sftp, in quotes or not, with arguments or without. */
bool sftp_is_internal(const char *command);

/* Starts internal-sftp in a child of its own: p->pid, or 0 if it cannot be started. */
void sftp_start(struct program *p, const char *command);

/* Hands on what it has left to say; it has ended. */
void sftp_ended(struct program *p);

/* The guard takes messages again: reads on what waits to be logged. */
void sftp_resume(struct session *s);

/* The connection is over: gives those that run a moment to say so in the log. */
void sftp_last_words(struct session *s);

/* --- session_env.c --- */

/* Makes the environment of a program; *out is for environment_free(). ERR_NOMEM. */
enum err environment_make(const struct program *p, char ***out);

/* Frees it. NULL is fine. */
void environment_free(char ***env);

/* Whether the client may set this variable (AcceptEnv). */
bool environment_accepts(const struct sshd_config *c, struct span name);

/* --- session_forward.c --- */

/* The client opens a channel that is a forwarded connection; false: it is none. */
bool forward_open(struct session *s, const struct msg_to_session_open *m);

/* A global request about forwardings; false: it is none. */
bool forward_global(struct session *s, const struct msg_to_session_global *m);

/* What became of a channel that we opened. */
void forward_opened(struct session *s, const struct msg_to_session_opened *m);

/* Removes what forwarding has left in the file system. */
void forward_end(struct session *s);

/* The channel is gone; false: it is none of ours. */
bool forward_closed(struct session *s, uint32_t channel);

/* --- session_agent.c --- */

/* auth-agent-req@openssh.com, or agent-req if is_iana; whether there is a socket now. */
bool agent_request(struct session *s, struct span body, bool is_iana);

/* SSH_AUTH_SOCK of the user's programs; NULL: no agent is forwarded. */
const char *agent_socket(const struct session *s);

/* --- session_tunnel.c --- */

/* The client opens a channel for the packets of a network interface. */
void tunnel_request(struct session *s, uint32_t channel, struct span body);

/* SSH_TUNNEL of the user's programs; NULL: there is none. */
const char *tunnel_name(const struct session *s);

/* The channel is gone; false: it is none of a tunnel. */
bool tunnel_closed(struct session *s, uint32_t channel);

/* --- session_x11.c --- */

/* x11-req; whether there is a display now. */
bool x11_request(struct program *p, struct span body);

/* Closes the display. */
void x11_end(struct program *p);

/* Standard input of ~/.ssh/rc: protocol and cookie. ERR_SYSTEM. */
enum err x11_rc_input(const struct program *p, int *fd);

/* Standard input of xauth, where no rc takes care of the cookie. ERR_SYSTEM. */
enum err x11_xauth_input(const struct program *p, int *fd);

#endif
