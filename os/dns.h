/* SPDX-License-Identifier: ISC */
/*
 * os/dns.h - a channel of c-ares for callers that wait; inside os/.
 *
 * Lookups are named at each opening ("f": /etc/hosts, "b": DNS), so that
 * c-ares has no reason to look at nsswitch.conf.
 */
#ifndef OS_DNS_H
#define OS_DNS_H

#include <ares.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"

/* Opens a channel; more (may be NULL) holds the options that mask names. ERR_NOMEM. */
enum err dns_open(ares_channel *out, const char *lookups, const struct ares_options *more, int mask);

/* Lets c-ares work until *done, or the time until is reached (clock_boot()). */
void dns_wait(ares_channel channel, msec until, const bool *done);

/* Closes the channel: questions that are open end with ARES_EDESTRUCTION, before this returns. */
void dns_close(ares_channel channel);

#endif
