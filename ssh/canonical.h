/* SPDX-License-Identifier: ISC */
/*
 * ssh/canonical.h - CanonicalizeHostname: the full name of a host that was
 * given by a short one.
 */
#ifndef SSH_CANONICAL_H
#define SSH_CANONICAL_H

#include "config/ssh_config.h"
#include "os/log.h"

/*
 * Looks for host in CanonicalDomains, and follows an alias that
 * CanonicalizePermittedCNAMEs allows. *out is malloc'ed: the name to use,
 * which may be the same. ERR_NOTFOUND (told) if it is in no domain and must
 * not be looked up otherwise; ERR_NOMEM.
 */
enum err canonical_name(const struct ssh_config *c, const struct log *log, const char *host,
    char **out);

#endif
