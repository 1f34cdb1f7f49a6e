/* SPDX-License-Identifier: ISC */
#include "sshd/options.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static enum err
usage(const char *why)
{
	if (why != NULL)
		fprintf(stderr, "sshd: %s\n", why);
	fprintf(stderr,
	    DAYFLY_PRODUCT "\n"
	    "usage: sshd [-46DdeGiqTtV] [-C connection_spec] [-E log_file] [-f config_file]\n"
	    "            [-g login_grace_time] [-h host_key_file] [-o option] [-p port]\n"
	    "       sshd --explain -C connection_spec [-k key.pub] [-f config_file] [-o option]\n");
	return ERR_SYNTAX;
}

/* Makes room for one more string pointer. ERR_NOMEM. */
static enum err
add(const char ***list, size_t *n, const char *s)
{
	const char **v = realloc(*list, (*n + 1) * sizeof(*v));

	if (v == NULL || s == NULL)
		return ERR_NOMEM;
	v[(*n)++] = s;
	*list = v;
	return ERR_OK;
}

/* Adds a config option made from a keyword and a value. */
static enum err
add_config(struct sshd_options *o, const char *keyword, const char *value)
{
	size_t len = strlen(keyword) + strlen(value) + 4;
	char *s = malloc(len);
	enum err e;

	if (s == NULL)
		return ERR_NOMEM;
	if (*keyword == '\0')
		snprintf(s, len, "%s", value);
	else
		snprintf(s, len, "%s \"%s\"", keyword, value);
	e = add(&o->config, &o->n_config, s);
	if (e != ERR_OK)
		free(s);
	return e;
}

/* -p: a port of its own, whatever the file says. */
static enum err
add_port(struct sshd_options *o, const char *value)
{
	uint64_t port;

	if (o->n_ports == SSHD_PORTS_MAX || text_number(span_str(value), 1, UINT16_MAX, &port) != ERR_OK) {
		fprintf(stderr, "sshd: -p %s: not a port (1 to 65535)\n", value);
		return ERR_SYNTAX;
	}
	o->ports[o->n_ports++] = (uint16_t)port;
	return ERR_OK;
}

/* -d: foreground, standard error, and one step more to tell each time. */
static void
more_debug(struct sshd_options *o)
{
	o->foreground = true;
	o->log_to_stderr = true;
	if (o->debug < 3)
		o->debug++;
}

/* What getopt_long(3) gives for --explain. */
#define FLAG_EXPLAIN	1000

static enum err
one_flag(struct sshd_options *o, int flag, const char *value)
{
	switch (flag) {
	case '4': return add_config(o, "AddressFamily", "inet");
	case '6': return add_config(o, "AddressFamily", "inet6");
	case 'C': return add(&o->facts, &o->n_facts, value);
	case 'D': o->foreground = true; return ERR_OK;
	case 'd': more_debug(o); return ERR_OK;
	case 'E': o->log_file = value; o->log_to_stderr = true; return ERR_OK;
	case 'e': o->log_to_stderr = true; return ERR_OK;
	case 'f': o->config_file = value; return ERR_OK;
	case 'G': o->task = SSHD_DUMP_ONLY; return ERR_OK;
	case 'g': return add_config(o, "LoginGraceTime", value);
	case 'h': return add_config(o, "HostKey", value);
	case 'i': o->inetd = true; return ERR_OK;
	case 'o': return add_config(o, "", value);
	case 'p': return add_port(o, value);
	case 'q': o->quiet = true; return ERR_OK;
	case 'T': o->task = SSHD_DUMP; return ERR_OK;
	case 't': o->task = SSHD_TEST; return ERR_OK;
	case 'V': o->task = SSHD_VERSION; return ERR_OK;
	case 'k': o->key_file = value; return ERR_OK;	/* of older days: a time, for nothing */
	case FLAG_EXPLAIN: o->task = SSHD_EXPLAIN; return ERR_OK;
	case 'b': case 'Q': case 'r':
		return ERR_OK;		/* of older days: accepted, nothing to do */
	default: return usage(NULL);
	}
}

enum err
sshd_options_parse(struct sshd_options *out, int argc, char **argv)
{
	static const struct option words[] = {
		{ "explain", no_argument, NULL, FLAG_EXPLAIN },
		{ NULL, 0, NULL, 0 },
	};
	int flag;

	*out = (struct sshd_options){ .task = SSHD_SERVE };
	while ((flag = getopt_long(argc, argv, "46b:C:DdeE:f:Gg:h:ik:o:p:QqrTtV", words, NULL)) != -1)
		TRY(one_flag(out, flag, optarg));
	if (optind < argc)
		return usage("extra argument behind the options");
	if (out->n_facts > 0 && out->task != SSHD_DUMP && out->task != SSHD_DUMP_ONLY &&
	    out->task != SSHD_EXPLAIN)
		return usage("-C goes with -T, -G or --explain only");
	if (out->n_facts == 0 && out->task == SSHD_EXPLAIN)
		return usage("--explain: -C user=NAME,addr=ADDRESS is needed");
	return ERR_OK;
}

/* Makes *s a copy of its own. ERR_NOMEM. */
static enum err
own(const char **s)
{
	if (*s == NULL)
		return ERR_OK;
	*s = strdup(*s);
	return *s == NULL ? ERR_NOMEM : ERR_OK;
}

enum err
sshd_options_own(struct sshd_options *o)
{
	TRY(own(&o->config_file));
	TRY(own(&o->log_file));
	TRY(own(&o->key_file));
	for (size_t i = 0; i < o->n_facts; i++)
		TRY(own(&o->facts[i]));
	o->is_owned = true;
	return ERR_OK;
}

void
sshd_options_free(struct sshd_options *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->n_config; i++)
		free((char *)(uintptr_t)o->config[i]);
	for (size_t i = 0; o->is_owned && i < o->n_facts; i++)
		free((char *)(uintptr_t)o->facts[i]);
	if (o->is_owned) {
		free((char *)(uintptr_t)o->config_file);
		free((char *)(uintptr_t)o->log_file);
		free((char *)(uintptr_t)o->key_file);
	}
	free(o->config);
	free(o->facts);
	*o = (struct sshd_options){ .n_config = 0 };
}
