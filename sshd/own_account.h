/* SPDX-License-Identifier: ISC */
/*
 * sshd/own_account.h - the account of whoever started the server, where no file
 * has it.
 *
 * A container gives its programs any uid, and an initramfs may have no account
 * files at all; both still want to be logged in to. The account is made from
 * HOME, USER (LOGNAME, the uid) and SHELL of the server's environment, and has no
 * password. Root's is called root, and is made only if there is no /etc/passwd
 * and the config names no other file: one that cannot be read for a moment must
 * not make an account that it would not have had.
 */
#ifndef SSHD_OWN_ACCOUNT_H
#define SSHD_OWN_ACCOUNT_H

#include "auth/account.h"
#include "config/values.h"

/*
 * Makes it, freed by account_free(). Whether the files have an entry for the uid
 * is for the caller to look at, but for root's. ERR_NOTFOUND: there is none;
 * ERR_SYNTAX: the environment cannot be used; ERR_NOMEM.
 */
enum err own_account_make(struct account *out, const struct words *passwd_files);

#endif
