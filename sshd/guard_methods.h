/* SPDX-License-Identifier: ISC */
/*
 * sshd/guard_methods.h - which ways to log in are open: what the config
 * switches on, in the orders that AuthenticationMethods asks for.
 */
#ifndef SSHD_GUARD_METHODS_H
#define SSHD_GUARD_METHODS_H

#include "sshd/guard_i.h"

/* Whether a method may be tried now. */
bool guard_methods_allow(const struct sshd_config *c, const struct guard_proof *p,
    struct span method);

/* Whether no order of methods is asked for: one of them, any, is enough. */
bool guard_methods_any(const struct sshd_config *c);

/* The keyword that keeps a method from being tried now; SSHD_N_KEYWORDS: there is no such method. */
enum sshd_keyword guard_methods_rule(const struct sshd_config *c, struct span method);

/* Notes that the method was proved; true: that is all that was asked for. */
bool guard_methods_advance(const struct sshd_config *c, struct guard_proof *p,
    struct span method);

/* Writes the comma list of methods that can go on. */
void guard_methods(const struct sshd_config *c, const struct guard_proof *p,
    struct writer *w);

#endif
