/* SPDX-License-Identifier: ISC */
/*
 * os/names.h - host names to addresses, by c-ares: /etc/hosts, then DNS.
 *
 * The C library's resolver is never asked, so nsswitch.conf is not opened and
 * no NSS module loaded. Addresses in numbers ("::1", "fe80::1%eth0") are not
 * looked up at all, and c-ares is not even started for them.
 *
 * lookup   one question that has not been answered yet
 */
#ifndef OS_NAMES_H
#define OS_NAMES_H

#include "base/writer.h"
#include "os/loop.h"
#include "os/net.h"

struct names;
struct name_lookup;

/* More addresses of one name than this are dropped: nobody tries them all. */
#define NAMES_MAX	64

enum names_family { NAMES_ANY, NAMES_INET, NAMES_INET6 };

/* What became of a lookup. */
struct names_result {
	enum err err;		/* ERR_OK, ERR_NOTFOUND, ERR_TIMEOUT, ERR_NOMEM, ERR_SYSTEM */
	const char *why;	/* "Name or service not known" ...; static; NULL with ERR_OK */
	struct endpoint *v;	/* best first (RFC 6724) */
	size_t n;		/* 1 or more with ERR_OK */
	char *canonical;	/* name at the end of the CNAMEs; NULL if not known */
};

/* Frees what a result holds. NULL is fine. */
void names_result_free(struct names_result *r);

/*
 * Makes a resolver on a loop. resolv.conf is read at the first name that is
 * looked up. ERR_NOMEM.
 */
enum err names_new(struct names **out, struct loop *loop);

/* Ends all lookups without calling anybody, and frees. NULL is fine. */
void names_free(struct names *names);

/*
 * Looks up a name: done(arg, result) is called once, from a later turn of the
 * loop, and may take what is in the result (and zero it). *out (may be NULL)
 * is for name_lookup_cancel(), until then. ERR_NOMEM.
 */
enum err names_lookup(struct names *names, const char *host, uint16_t port,
    enum names_family family, void (*done)(void *arg, struct names_result *r), void *arg,
    struct name_lookup **out);

/* Makes sure that done() is not called. NULL is fine. */
void name_lookup_cancel(struct name_lookup *lookup);

/*
 * Looks up a name and waits for the answer, for programs that have nothing
 * else to do: *r is for names_result_free(). timeout 0: as long as the
 * resolver tries. Returns r->err.
 */
enum err names_wait(const char *host, uint16_t port, enum names_family family, msec timeout,
    struct names_result *r);

/* --- names_record.c: records that are no addresses --- */

/*
 * Asks the DNS for records of a type and waits for the answer, at most as long
 * as timeout: appends the whole message, which may say that there is nothing.
 * ERR_NOTFOUND, ERR_TIMEOUT, ERR_NOMEM.
 */
enum err names_wait_record(const char *name, unsigned type, msec timeout, struct writer *answer);

/*
 * Whether the resolver may be believed that it has checked signatures: "options
 * trust-ad" of resolv.conf, or RES_OPTIONS.
 */
bool names_trusts_ad(void);

#endif
