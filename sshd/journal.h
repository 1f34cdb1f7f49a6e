/* SPDX-License-Identifier: ISC */
/*
 * sshd/journal.h - what happens to ephemeral keys and the sessions that they
 * open, told to the log, to a file, and to whoever follows.
 *
 * event    one JSON object on a line: "time", "event", and what belongs to it
 *          (docs/EPHEMERAL.md has every field)
 * ring     the last events, so that a program that asks later sees them, too
 *
 * Times in events are the wall clock's, for people; nothing is decided by them.
 * The journal belongs to the listener. It never waits: what cannot be written
 * is left out, and the log says so once.
 */
#ifndef SSHD_JOURNAL_H
#define SSHD_JOURNAL_H

#include "auth/ephemeral.h"
#include "os/log.h"

/* The ring: events, and bytes of all of them. */
#define JOURNAL_EVENTS		512
#define JOURNAL_BYTES		(256 * 1024)

struct journal;

/* Makes a journal of the table; table and log are borrowed. ERR_NOMEM. */
enum err journal_new(struct journal **out, struct ephemeral *table, const struct log *log);

/* Calls told(arg) when there is a new event, within the call that told it. NULL: nobody. */
void journal_follow(struct journal *j, void (*told)(void *arg), void *arg);

/* Closes the file and frees all. NULL is fine. */
void journal_free(struct journal *j);

/*
 * Appends to the file at path (made with mode 0600) from now on; NULL: to none.
 * It is opened anew in any case, so that a reload lets it be rotated. If it
 * cannot be, the log says why.
 */
void journal_set_file(struct journal *j, const char *path);

/* Tells the table's pending events. */
void journal_pull(struct journal *j);

/* --- what the table does not know --- */

/* A session that a grant has opened. */
struct journal_session {
	const char *grant;		/* id */
	struct span user;
	struct span registrar;
	struct span source;		/* address in numbers; empty: none */
	uint64_t number;		/* of the session */
};

/* It has begun. */
void journal_session_started(struct journal *j, const struct journal_session *s);

/* Its terminals were told that it ends in so many seconds. */
void journal_session_warned(struct journal *j, const struct journal_session *s, uint32_t seconds);

/* It has ended after so many seconds; why: "closed", "time over", "revoked". */
void journal_session_ended(struct journal *j, const struct journal_session *s, uint64_t seconds,
    const char *why);

/* A registration was refused, with this sentence. */
void journal_not_registered(struct journal *j, const char *registrar, const char *why);

/* --- reading it --- */

/*
 * Gives the next event behind *serial that registrar may see (NULL: all), and
 * moves *serial behind it; begins with 0. *lost: how many have been dropped
 * since. False at the end. The span lives until the next event.
 */
bool journal_next(const struct journal *j, const char *registrar, uint64_t *serial,
    struct span *line, uint64_t *lost);

/* Behind the last event there is. */
uint64_t journal_end(const struct journal *j);

#endif
