/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_ephemeral_keys.h - what ssh is handed without a file: a memfd of
 * this process, which ssh opens as /proc/PID/fd/N while this process waits for it.
 */
#ifndef TOOLS_SSH_EPHEMERAL_KEYS_H
#define TOOLS_SSH_EPHEMERAL_KEYS_H

#include "base/writer.h"
#include "keys/key.h"
#include "tools/ssh_ephemeral.h"

struct eph_key {
	struct key *key;
	int fd;				/* memfd with the private key file */
	char path[64];			/* /proc/PID/fd/N */
};

/* Puts bytes into a memfd; path (64 bytes) names it. ERR_SYSTEM. */
enum err eph_hide(const char *name, struct span bytes, int *fd, char path[static 64]);

/* Hides the private file of k->key. ERR_NOMEM, ERR_SYSTEM, ERR_CRYPTO. */
enum err eph_key_hide(struct eph_key *k, const char *name);

/* Makes a key pair and hides it. As above. */
enum err eph_key_make(struct eph_key *k, const char *name);

/* Wipes and closes. */
void eph_key_forget(struct eph_key *k);

/* Runs a command line with our terminal until it ends; its exit status as a shell has it. */
int eph_run(const struct eph_argv *a);

#endif
