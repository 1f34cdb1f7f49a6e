/* SPDX-License-Identifier: ISC */
#include "ssh/canonical.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "os/names.h"

static enum names_family
wanted_family(const struct ssh_config *c)
{
	return c->address_family == FAMILY_INET ? NAMES_INET :
	    c->address_family == FAMILY_INET6 ? NAMES_INET6 : NAMES_ANY;
}

static size_t
count_dots(const char *host)
{
	size_t n = 0;

	for (; *host != '\0'; host++)
		n += *host == '.';
	return n;
}

/* Whether a rule "sources:targets" lets the alias name stand for target. */
static bool
may_follow(const struct words *rules, struct span name, struct span target)
{
	for (size_t i = 0; i < rules->n; i++) {
		struct span rule = span_str(rules->v[i]);
		size_t colon = span_find(rule, ':');
		struct span to = colon < rule.len ? span_skip(rule, colon + 1) : rule;

		if (text_match_list(name, span_first(rule, colon), true) == MATCH_YES &&
		    text_match_list(target, to, true) == MATCH_YES)
			return true;
	}
	return false;
}

/* Takes the name that an answer is about: the alias, or what it stands for. */
static enum err
take_name(const struct ssh_config *c, const struct log *log, const char *name,
    const struct names_result *r, char **out)
{
	if (r->canonical != NULL && strcasecmp(r->canonical, name) != 0 &&
	    may_follow(&c->canonicalize_permitted_cnames, span_str(name), span_str(r->canonical))) {
		log_debug(log, "Canonicalized DNS aliased hostname \"%s\" => \"%s\"", name,
		    r->canonical);
		name = r->canonical;
	}
	*out = strdup(name);
	if (*out == NULL)
		return ERR_NOMEM;
	for (char *p = *out; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return ERR_OK;
}

/* Looks a full name up. ERR_NOTFOUND if there is no such host. */
static enum err
try_name(const struct ssh_config *c, const struct log *log, const char *name, char **out)
{
	struct names_result r;
	enum err e = names_wait(name, (uint16_t)c->port, wanted_family(c),
	    (msec)c->connect_timeout * 1000, &r);

	e = e == ERR_OK ? take_name(c, log, name, &r, out) : ERR_NOTFOUND;
	names_result_free(&r);
	return e;
}

static bool
is_address(const char *host)
{
	struct address a;

	return address_parse(span_first(span_str(host), span_find(span_str(host), '%')), &a) ==
	    ERR_OK;
}

/* Tries host in each domain. ERR_NOTFOUND if none has it. */
static enum err
try_domains(const struct ssh_config *c, const struct log *log, const char *host, char **out)
{
	for (size_t i = 0; i < c->canonical_domains.n; i++) {
		enum err e = ERR_NOMEM;
		char *name;

		if (asprintf(&name, "%s.%s", host, c->canonical_domains.v[i]) != -1) {
			e = try_name(c, log, name, out);
			if (e == ERR_OK)
				log_debug(log, "Canonicalized hostname \"%s\" => \"%s\"", host, *out);
			free(name);
		}
		if (e != ERR_NOTFOUND)
			return e;
	}
	return ERR_NOTFOUND;
}

/* Defaults are filled in later: the config is still being read. */
static uint32_t
max_dots(const struct ssh_config *c)
{
	return ssh_config_is_set(c, SSH_KEYWORD_CanonicalizeMaxDots) ? c->canonicalize_max_dots : 1;
}

static bool
may_fall_back(const struct ssh_config *c)
{
	return !ssh_config_is_set(c, SSH_KEYWORD_CanonicalizeFallbackLocal) ||
	    c->canonicalize_fallback_local;
}

enum err
canonical_name(const struct ssh_config *c, const struct log *log, const char *host, char **out)
{
	bool is_direct = c->proxy_command == NULL && c->proxy_jump == NULL;
	enum err e = ERR_NOTFOUND;

	*out = NULL;
	if ((!is_direct && c->canonicalize_hostname != CANONICALIZE_ALWAYS) || is_address(host)) {
		*out = strdup(host);
		return *out == NULL ? ERR_NOMEM : ERR_OK;
	}
	if (count_dots(host) <= max_dots(c) && host[strlen(host) - 1] != '.') {
		e = try_domains(c, log, host, out);
		if (e == ERR_NOTFOUND && !may_fall_back(c)) {
			log_fatal(log, "Could not resolve host \"%s\"", host);
			return e;
		}
	}
	/* A full name, or one that is in no domain: an alias may be followed all the same. */
	if (e == ERR_NOTFOUND && c->canonicalize_permitted_cnames.n > 0)
		e = try_name(c, log, host, out);
	if (e != ERR_NOTFOUND)
		return e;
	*out = strdup(host);
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}
