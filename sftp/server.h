/* SPDX-License-Identifier: ISC */
/*
 * sftp/server.h - the server of SFTP version 3: requests in, answers out, with
 * a file system behind it.
 *
 * policy   what of it is allowed: -R, -P, -p
 * handle   a file or directory that the client has open: four bytes to it, which
 *          hold a place in a table and how often that place has been in use
 *
 * The server takes bytes and gives bytes; sftp/serve.h moves them. Answers come
 * in the order of the requests, and no further request is taken while
 * SFTP_OUTPUT_FULL or more of answers wait to be fetched. A stream that makes no
 * sense ends the session (an error of sftp_server_take()); a request that is not
 * known, not allowed or not possible is answered by a STATUS.
 */
#ifndef SFTP_SERVER_H
#define SFTP_SERVER_H

#include "os/log.h"
#include "sftp/fs.h"

/* So much of answers may wait; the last may make it more, by a packet. */
#define SFTP_OUTPUT_FULL	(512 * 1024)

/* Open files and directories at most, whatever the system allows. */
#define SFTP_HANDLES_MAX	4096

/* The requests that are not allowed. */
struct sftp_policy {
	bool read_only;			/* -R: nothing may be changed */
	uint64_t denied;		/* a bit 1 << op each */
};

/* Allows (or denies) the requests of a comma list by their names. ERR_NOTFOUND: one is none. */
enum err sftp_policy_deny(struct sftp_policy *p, struct span names);
enum err sftp_policy_allow_only(struct sftp_policy *p, struct span names);

/* Where names of users and homes come from. */
struct sftp_names {
	/* Writes the home of a user (by name; empty: who is served). ERR_NOTFOUND. */
	enum err (*home)(void *arg, struct span user, struct writer *out);
	/* The name of a user or group; borrowed until the next call; empty: unknown. */
	struct span (*name)(void *arg, uint32_t id, bool is_group);
};

/* What a server is made of; all borrowed. */
struct sftp_server_setup {
	const struct sftp_fs *fs;
	void *fs_arg;
	const struct sftp_names *names;
	void *names_arg;
	const struct log *log;
	struct sftp_policy policy;
	size_t max_handles;		/* 1 or more; above SFTP_HANDLES_MAX is that */
	const char *user;		/* for the log */
	const char *client;
};

struct sftp_server;

/* Makes a server, and logs that the session is open. ERR_NOMEM. */
enum err sftp_server_new(struct sftp_server **out, const struct sftp_server_setup *setup);

/* Closes what is open (and logs that), and frees it. NULL is fine. */
void sftp_server_free(struct sftp_server *s);

/*
 * Takes whole packets of in, until it ends or enough output waits; *used: how
 * many bytes. now: seconds since 1970. An error ends the session: ERR_FORMAT, ERR_SHORT,
 * ERR_LIMIT, ERR_SEQUENCE of the stream, ERR_NOMEM. It has been logged.
 */
enum err sftp_server_take(struct sftp_server *s, struct span in, int64_t now, size_t *used);

/* Answers that wait; valid until the next call. */
struct span sftp_server_output(const struct sftp_server *s);

/* The first n bytes of them have gone. */
void sftp_server_sent(struct sftp_server *s, size_t n);

/* Whether nothing is taken now, because so many answers wait. */
bool sftp_server_is_full(const struct sftp_server *s);

#endif
