/* SPDX-License-Identifier: ISC */
/*
 * os/ids.h - who a process is, for good or for a moment.
 */
#ifndef OS_IDS_H
#define OS_IDS_H

#include <sys/types.h>

#include <stdbool.h>

#include "base/err.h"

/*
 * Becomes uid, gid and exactly these supplementary groups, for good: real,
 * effective and saved ids. Then tries to get back and aborts if that works.
 * Not root: succeeds only for its own ids, and leaves the groups; so does a
 * root that may not change its groups (a container), for its own ids.
 * ERR_SYSTEM (with errno) if the system refuses.
 */
enum err ids_become(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups);

/*
 * Gives up every capability, for a root that cannot become anybody else (a
 * container with one uid). ERR_SYSTEM.
 */
enum err ids_drop_capabilities(void);

/* What ids_borrow() puts aside. */
struct ids_own {
	bool is_borrowed;
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int n_groups;
};

/*
 * Takes on the user's effective ids, to touch files as he would; ids_return()
 * gives them back. Not root: does nothing. ERR_SYSTEM, ERR_NOMEM.
 */
enum err ids_borrow(struct ids_own *own, uid_t uid, gid_t gid,
    const gid_t *groups, size_t n_groups);

/* Takes back what ids_borrow() put aside; aborts if the system refuses. */
void ids_return(struct ids_own *own);

#endif
