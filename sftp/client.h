/* SPDX-License-Identifier: ISC */
/*
 * sftp/client.h - the client of SFTP version 3: questions out, answers in.
 *
 * transport    moves bytes, and waits for them; who makes a client gives one.
 *              The engine itself does no I/O.
 * question     a request that is on its way; each has an id of its own, and an
 *              answer to an id that nobody asked for ends the connection
 * refused      the server has said no (a STATUS): ERR_DENIED, and
 *              sftp_client_status() has the code. Every other error means that
 *              nothing more can be asked: the connection is over
 *
 * What a server sends is bounded: packets by SFTP_MAX_PACKET, questions by
 * SFTP_CLIENT_QUESTIONS, lists of names by SFTP_CLIENT_NAMES. Names are taken as
 * they come: sftp_name_is_safe() says which may be one of a file here.
 */
#ifndef SFTP_CLIENT_H
#define SFTP_CLIENT_H

#include <stdbool.h>

#include "sftp/sftp.h"

/* Questions on their way at once; a power of two. */
#define SFTP_CLIENT_QUESTIONS	2048

/* Names of one directory, and what they may take together. */
#define SFTP_CLIENT_NAMES	4000000
#define SFTP_CLIENT_NAME_BYTES	(512u * 1024 * 1024)

/* A path, ours or theirs. */
#define SFTP_CLIENT_PATH	(64 * 1024)

struct sftp_client;

struct sftp_transport {
	/*
	 * Sends some of out and receives into in; with wait until at least one of
	 * them has been possible. Empty ones are not wanted. ERR_CLOSED at the end.
	 */
	enum err (*move)(void *arg, bool wait, struct span out, size_t *sent, struct room in,
	    size_t *received);
	void *arg;
};

/* Makes a client, which asks nothing yet. ERR_NOMEM. */
enum err sftp_client_new(struct sftp_client **out, const struct sftp_transport *transport);

/* Frees it; the transport stays the caller's. NULL is fine. */
void sftp_client_free(struct sftp_client *c);

/*
 * Says hello, and asks for the server's limits if it has any. ERR_CLOSED,
 * ERR_LIMIT if what comes is no SFTP (text that a shell prints at its start, mostly:
 * sftp_client_length() has what it was taken for), ERR_UNSUPPORTED below version 3.
 */
enum err sftp_client_start(struct sftp_client *c);

/* The version that the server has named. */
uint32_t sftp_client_version(const struct sftp_client *c);

/* Whether the server has the extension. */
bool sftp_client_has(const struct sftp_client *c, enum sftp_op op);

/* Its limits; those that it did not tell are what every server can do. */
const struct sftp_limits *sftp_client_limits(const struct sftp_client *c);

/* The code of the last STATUS that was no SFTP_OK. */
uint32_t sftp_client_status(const struct sftp_client *c);

/* The length that was beyond every limit (ERR_LIMIT). */
uint32_t sftp_client_length(const struct sftp_client *c);

/* --- questions that wait for their answers --- */

/*
 * Asks, and waits for the answer of the type that belongs to it; only while no
 * other question is on its way. The spans of *a live until the next call.
 * ERR_DENIED, and what the engine has.
 */
enum err sftp_ask(struct sftp_client *c, const struct sftp_request *q, struct sftp_reply *a);

/* Asks what has a path and is answered with a STATUS: REMOVE, RMDIR ... ERR_DENIED ... */
enum err sftp_ask_path(struct sftp_client *c, enum sftp_op op, const char *path);

/* The same with attributes: MKDIR, SETSTAT, LSETSTAT. */
enum err sftp_ask_attrs(struct sftp_client *c, enum sftp_op op, const char *path,
    const struct sftp_attrs *attrs);

/* The same with two paths, in the order of struct sftp_request. */
enum err sftp_ask_paths(struct sftp_client *c, enum sftp_op op, const char *path, const char *path2);

/* STAT or LSTAT. */
enum err sftp_ask_stat(struct sftp_client *c, enum sftp_op op, const char *path,
    struct sftp_attrs *attrs);

/* REALPATH, READLINK, EXPAND_PATH: one name, malloc'ed. */
enum err sftp_ask_name(struct sftp_client *c, enum sftp_op op, const char *path, char **name);

/* --- handles --- */

/* A handle of the server's. */
struct sftp_handle {
	uint8_t bytes[SFTP_MAX_HANDLE];
	size_t len;
};

/* The bytes of it. */
struct span sftp_handle_span(const struct sftp_handle *h);

/* OPEN or OPENDIR; attrs may be NULL. ERR_DENIED ... */
enum err sftp_ask_handle(struct sftp_client *c, enum sftp_op op, const char *path, uint32_t pflags,
    const struct sftp_attrs *attrs, struct sftp_handle *h);

/* What has a handle and is answered with a STATUS: CLOSE, FSYNC. */
enum err sftp_ask_by_handle(struct sftp_client *c, enum sftp_op op, const struct sftp_handle *h);

/* --- many at once --- */

/* An answer to a question that was not waited for. */
struct sftp_answer {
	struct sftp_reply reply;
	uint64_t tag[2];	/* what was given with the question */
};

/* Whether another question can go out now without taking more memory than it should. */
bool sftp_client_has_room(const struct sftp_client *c);

/* Sends a question, not waiting for its answer; *q gets its id. ERR_NOMEM; ERR_NOTNOW if there is no room. */
enum err sftp_send(struct sftp_client *c, struct sftp_request *q, uint64_t tag0, uint64_t tag1);

/*
 * The same for a WRITE of up to room->len bytes that are not known yet: the
 * caller fills them into *room, and says how many (maybe 0: nothing is
 * sent) by sftp_send_written().
 */
enum err sftp_send_write(struct sftp_client *c, const struct sftp_handle *h, uint64_t offset,
    size_t len, struct room *room);

/* Sends the WRITE that was begun, with n bytes. */
void sftp_send_written(struct sftp_client *c, size_t n);

/* How many questions are on their way. */
unsigned sftp_client_waiting(const struct sftp_client *c);

/* What sftp_receive() waits for. */
enum sftp_wait {
	SFTP_WAIT_ANSWER,
	SFTP_WAIT_ROOM,		/* an answer, or that sftp_client_has_room() again */
	SFTP_WAIT_NOT,
};

/* Takes the next answer, to whichever question. ERR_AGAIN if there is none and it need not wait for one. */
enum err sftp_receive(struct sftp_client *c, enum sftp_wait wait, struct sftp_answer *a);

/* The least of the first tags of the questions that are on their way; UINT64_MAX: there are none. */
uint64_t sftp_client_least_tag(const struct sftp_client *c);

/* Ends the connection, because an answer made no sense to who asked. Returns e. */
enum err sftp_client_end(struct sftp_client *c, enum err e);

/* What the connection ended by; ERR_OK as long as it stands. */
enum err sftp_client_dead(const struct sftp_client *c);

/* The words for the last refusal, as OpenSSH's clients have them; static. */
const char *sftp_client_refusal(const struct sftp_client *c);

/* --- names --- */

/* A file of a directory, or one that a pattern stands for. */
struct sftp_entry {
	char *name;		/* as a path where a pattern was asked for */
	char *longname;
	struct sftp_attrs attrs;
};

struct sftp_entries {
	struct sftp_entry *v;
	size_t n;
	size_t bytes;
};

/* Frees the list. NULL is fine. */
void sftp_entries_free(struct sftp_entries *l);

/* Adds an entry (name and longname are copied). ERR_NOMEM, ERR_LIMIT. */
enum err sftp_entries_add(struct sftp_entries *l, struct span name, struct span longname,
    const struct sftp_attrs *attrs);

/* Sorts by name. */
void sftp_entries_sort(struct sftp_entries *l);

/*
 * Lists a directory, in the server's order, "." and ".." too. Names with a slash and
 * empty ones are left out; *n_bad counts them. ERR_DENIED ...
 */
enum err sftp_list(struct sftp_client *c, const char *path, struct sftp_entries *out, size_t *n_bad);

/* Whether a server's name may be that of a file here: not empty, ".", "..", and without a slash. */
bool sftp_name_is_safe(const char *name);

/* path and name with a slash between them, malloc'ed; a name that is absolute stands alone. NULL: no memory. */
char *sftp_path_join(const char *path, const char *name);

/* What is behind the last slash, trailing ones apart; malloc'ed. "/" gives "/". NULL: no memory. */
char *sftp_path_last(const char *path);

#endif
