/* SPDX-License-Identifier: ISC */
/*
 * tools/scp.h - between the files of scp(1).
 *
 * source   who sends; sink: who receives. Of the old protocol (-O) both exist here
 *          and as what the other side runs (scp -f, scp -t)
 */
#ifndef TOOLS_SCP_H
#define TOOLS_SCP_H

#include "tools/far.h"
#include "tools/meter.h"

/* Options that ssh is told each time, behind its name; and one behind the user's. */
#define SCP_SSH_ALWAYS	6
#define SCP_NO_AGENT	"-oForwardAgent=no"

struct scp {
	struct words ssh;		/* the program and what it is told each time */
	struct words cp;		/* options of cp(1) for copies on this machine */
	const char *direct;		/* -D: run instead of ssh */
	int port;			/* -P; -1: not said */
	bool is_old;			/* -O */
	bool is_recursive;
	bool is_preserve;
	bool is_verbose;
	bool is_quiet;
	bool is_unchecked;		/* -T */
	bool is_through;		/* -3: remote to remote, through here */
	bool is_origin;			/* -R: the one remote machine runs scp to the other */
	bool wants_folder;		/* more than one source, or -d */
	bool is_remote;			/* -f or -t: run by the other side */
	struct rate rate;
	struct meter meter;
	struct sftp_how how;
	unsigned errors;
	bool is_lost;			/* a connection for -s could not be had, or has ended */
	/* The connection for -s that is open, and to whom: the next source may be there, too. */
	struct far far;
	struct sftp_client *client;
	char *peer;
};

/* Counts an error and prints it; in the old protocol it is told the other side, too, if f is not NULL. */
PRINTF(3, 4) void scp_error(struct scp *s, struct far *f, const char *fmt, ...);

/* --- ssh --- */

/* Runs ssh for a command there, or for the subsystem sftp if command is NULL. */
bool scp_run(struct scp *s, const struct where *w, const char *command, struct far *f);

/* The command line of ssh for that. */
void scp_ssh_words(const struct scp *s, const struct where *w, const char *command, struct words *out);

/* The command of the old protocol there: letter is t or f. The caller frees it. */
char *scp_command(const struct scp *s, char letter, const char *path);

/* --- kinds of copies --- */

/* Both on this machine: cp(1). */
void scp_copy_here(struct scp *s, const char *source, const char *target);

/* Local sources to a remote target. */
void scp_to_remote(struct scp *s, char **sources, size_t n, const struct where *target);

/* A remote source to a local target. */
void scp_to_local(struct scp *s, const struct where *source, const char *target);

/* -3 with the old protocol: the two talk to each other through pipes of ours. */
void scp_through_here(struct scp *s, const struct where *source, const struct where *target);

/* -R: the source's machine copies to the target by itself. text is the target as the user wrote it. */
void scp_by_origin(struct scp *s, const struct where *source, const char *text);

/* --- SFTP --- */

/* Local files to a remote target. */
void scp_upload(struct scp *s, char **sources, size_t n, const struct where *target);

/* A remote source to a local target. */
void scp_download(struct scp *s, const struct where *source, const char *target);

/* A remote source to a remote target, through here. */
void scp_cross(struct scp *s, const struct where *source, const struct where *target);

/* Ends the connection that is open. */
void scp_disconnect(struct scp *s);

/* --- the old protocol --- */

/* Sends files, with the other side's sink at f. */
void scp_source(struct scp *s, struct far *f, char **paths, size_t n);

/* Receives files into target; asked is what they were asked for by, NULL: by nobody here. */
void scp_sink(struct scp *s, struct far *f, const char *target, const char *asked);

/*
 * Takes the status that the other side answers with. False if it is an error,
 * which has been counted. The end of the connection ends the program.
 */
bool scp_response(struct scp *s, struct far *f);

/* The connection has gone: ends the program. */
NORETURN void scp_lost(struct scp *s, struct far *f);

#endif
