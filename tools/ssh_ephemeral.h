/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_ephemeral.h - between the files of ssh-ephemeral(1).
 *
 * Each subcommand is a function that takes its own arguments (its name is
 * argv[0]) and returns the exit status. A complaint goes to standard error
 * when it is found, beginning with "ssh-ephemeral: ".
 */
#ifndef TOOLS_SSH_EPHEMERAL_H
#define TOOLS_SSH_EPHEMERAL_H

#include <stdio.h>
#include <sys/types.h>

#include "os/ipc.h"
#include "sshd/control_frames.h"
#include "sshd/control_messages.h"

/* Exit status. */
enum eph_exit {
	EPH_DONE = 0,
	EPH_REFUSED = 1,		/* by the server, or for what a file says */
	EPH_USAGE = 2,
	EPH_NO_SERVER = 3,
};

/* Registers a key. */
int eph_add_main(int argc, char **argv);

/* Shows what is registered. */
int eph_list_main(int argc, char **argv);

/* Takes registrations back. */
int eph_revoke_main(int argc, char **argv);

/* Moves the end of a registration. */
int eph_extend_main(int argc, char **argv);

/* Logs in with a key that lives for just that. */
int eph_connect_main(int argc, char **argv);

/* Makes a code; logs in with one. */
int eph_code_main(int argc, char **argv);
int eph_login_main(int argc, char **argv);

/* Shows what happens. */
int eph_events_main(int argc, char **argv);

/* Shows and clears the sources that the server refuses for now. */
int eph_penalties_main(int argc, char **argv);

/* Lets somebody in through a relay, for a while (assist.h). */
int eph_assist_main(int argc, char **argv);

/* Runs a command beside a throwaway server. */
int eph_loopback_main(int argc, char **argv);

/* --- complaints --- */

/* Prints "ssh-ephemeral: ", the sentence and a newline, and returns code. */
PRINTF(2, 3) int eph_complain(int code, const char *fmt, ...);

/* Complains about the command line, names the manual, and returns EPH_USAGE. */
PRINTF(1, 2) int eph_usage(const char *fmt, ...);

/* Complains about the option that getopt_long(3) has just refused; opterr is 0. */
int eph_bad_option(const char *command, char **argv);

/* --- which server --- */

enum { EPH_OPT_SOCKET = 1000, EPH_OPT_HOST, EPH_OPT_SSH, EPH_OPT_USER };

/* Rows and letters of getopt_long(3) for what eph_where_option() takes. */
#define EPH_WHERE_OPTIONS						\
	{ "socket", required_argument, NULL, EPH_OPT_SOCKET },		\
	{ "host", required_argument, NULL, EPH_OPT_HOST },		\
	{ "ssh", required_argument, NULL, EPH_OPT_SSH }
#define EPH_WHERE_SHORT	"+46ACNTXYB:D:F:J:L:R:S:W:b:c:i:l:m:o:p:fqtvx"

/* Options for ssh; words of its command line. */
#define EPH_SSH_OPTIONS	64
#define EPH_ARGV	256

struct eph_ssh_option {
	char name[3];			/* "-p" */
	const char *value;		/* NULL: it takes none */
};

struct eph_where {
	const char *socket;		/* NULL: where it is by default */
	const char *host;		/* [USER@]HOST[:PORT]: by ssh; NULL: this machine's */
	const char *ssh;		/* the program; NULL: the one beside this */
	struct eph_ssh_option options[EPH_SSH_OPTIONS];
	size_t n_options;
};

/* A command line that is being put together; borrows its words. */
struct eph_argv {
	char *v[EPH_ARGV];
	size_t n;
	char program[512];
	char host[512];
};

/* Takes an option that getopt_long(3) gave; false if it is none of these. */
bool eph_where_option(struct eph_where *w, int opt);

/* Begins a command line: ssh, its options, the port of host; a->host is without it. Or complains. */
int eph_ssh_argv(const struct eph_where *w, const char *host, struct eph_argv *a);

/*
 * The same for a device behind a relay, NAME@[ACCOUNT@]RELAY[:PORT]: the options are for
 * the way through the relay, which is written into way (and must outlive a).
 */
int eph_relay_argv(const struct eph_where *w, const char *through, const char *user,
    struct writer *way, struct eph_argv *a);

/* Adds a word. */
void eph_argv_add(struct eph_argv *a, const char *word);

/* Starts ssh for the subsystem of w->host; *in is its output, *out its input. Or complains. */
int eph_start_ssh(const struct eph_where *w, pid_t *pid, int *in, int *out);

/* Finds a program as a shell would. False if there is none. */
bool eph_find_program(const char *name, char *out, size_t size);

/* Finds ssh: the one named, else the one beside this program, else by PATH. */
bool eph_find_ssh(const char *named, char *out, size_t size);

/* --- the server's answers --- */

struct eph_client {
	struct ipc ipc;
	uint8_t *buf;
	char path[256];			/* for messages */
	bool waits_for_ever;		/* for answers */
	bool is_quiet;			/* no complaint about what is refused */

	/* Elsewhere (docs/PROTOCOL.md): messages behind their lengths, through ssh. */
	pid_t ssh;			/* 0: not so */
	int in, out;
	struct frames *frames;

	/* What came in answer to the last request. */
	int code;			/* EPH_DONE, or the complaint's */
	bool is_answered;
	struct msg_ctl_done done;
	char cursor_id[64];		/* what done.cursor_id spans */
	uint32_t live;			/* of ctl_server */
	/* Called for each grant, spans valid meanwhile. May be NULL. */
	void (*grant)(void *arg, const struct msg_ctl_grant *m);
	/* Called for each event; what it returns but ERR_OK ends it. May be NULL. */
	enum err (*event)(void *arg, const struct msg_ctl_event *m);
	/* Called for each source with penalties. May be NULL. */
	void (*penalty)(void *arg, const struct msg_ctl_penalty *m);
	void *arg;
};

/*
 * Connects to the server that where names: by ssh to a host, else to a socket;
 * the default is what DAYFLY_EPHEMERAL_SOCKET names, else where the server's
 * config and the caller's account have it. Returns EPH_DONE, or has complained
 * (EPH_NO_SERVER).
 */
int eph_connect(struct eph_client *c, const struct eph_where *where);

/* Where the caller's own server would be, if there is a socket; else the machine's. ERR_NOTFOUND, ERR_RANGE. */
enum err eph_find_socket(char *buf, size_t size);

/* Connects to path without a word; ERR_SYSTEM if nobody listens there (yet). */
enum err eph_try(struct eph_client *c, const char *path);

/* Closes it. */
void eph_close(struct eph_client *c);

/*
 * Sends a request, which the caller has encoded by msg_*_put(), and takes the
 * answer up to its end. Returns EPH_DONE, or has complained.
 */
int eph_ask(struct eph_client *c, const struct writer *request);

/* Sends a request to a server of this machine whose answers eph_take() takes as they come. */
enum err eph_send(struct eph_client *c, const struct writer *request);

/* Takes one message, if there is one. ERR_AGAIN: there is none; ERR_CLOSED; what c->event returned. */
enum err eph_take(struct eph_client *c);

/* --- words --- */

/* Parses "90", "5m", "1h30m" into milliseconds; false if it is none. */
bool eph_time(const char *text, uint64_t *ms);

/* Writes a grant as a JSON object, without a newline. */
void eph_put_json(struct writer *w, const struct msg_ctl_grant *m);

/* Writes "1h5m", "59s". */
void eph_put_time(struct writer *w, uint64_t ms);

/* Writes "SHA256:..." of a fingerprint's 32 bytes. */
void eph_put_fingerprint(struct writer *w, struct span fingerprint);

/* Prints what has been written to standard output. False if it cannot be. */
bool eph_print(const struct writer *w);

#endif
