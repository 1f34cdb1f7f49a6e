/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral connect: a key pair in memory, registered, used, gone. */
#include <getopt.h>
#include <string.h>

#include "auth/ephemeral.h"
#include "base/text.h"
#include "tools/ssh_ephemeral_keys.h"

struct connect {
	struct eph_where where;		/* options for ssh, to both */
	struct eph_where via;
	struct msg_ctl_add m;
	const char *host;		/* [USER@]HOST[:PORT] */
	char **rest;			/* behind --: options for ssh, and a command */
	bool is_registered;
};

static void
registered(void *arg, const struct msg_ctl_grant *m)
{
	struct connect *c = arg;

	(void)m;
	c->is_registered = true;
}

/* Registers the key where --via says: at the host itself by default. */
static int
enter(struct connect *c, const struct eph_key *key)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	struct eph_client client;
	int code;

	c->m.key = key_blob(key->key);
	msg_ctl_add_put(&w, &c->m);
	code = eph_connect(&client, &c->via);
	if (code != EPH_DONE)
		return code;
	client.grant = registered;
	client.arg = c;
	code = eph_ask(&client, &w);
	eph_close(&client);
	if (code == EPH_DONE && !c->is_registered)
		return eph_complain(EPH_REFUSED, "the server has registered nothing");
	return code;
}

/* The user that is in the host's name. */
static struct span
user_of(const char *host)
{
	const char *at = strrchr(host, '@');

	return at == NULL ? SPAN_EMPTY : span_of(host, (size_t)(at - host));
}

static int
log_in(const struct connect *c, const struct eph_key *key)
{
	struct eph_argv a;
	int code = eph_ssh_argv(&c->where, c->host, &a);

	if (code != EPH_DONE)
		return code;
	eph_argv_add(&a, "-oIdentitiesOnly=yes");
	eph_argv_add(&a, "-oIdentityAgent=none");
	eph_argv_add(&a, "-oAddKeysToAgent=no");
	eph_argv_add(&a, "-oControlPath=none");
	eph_argv_add(&a, "-i");
	eph_argv_add(&a, key->path);
	eph_argv_add(&a, a.host);
	for (char **p = c->rest; *p != NULL; p++) {
		if (a.n + 2 >= EPH_ARGV)
			return eph_usage("connect: that are too many words");
		eph_argv_add(&a, *p);
	}
	return eph_run(&a);
}

static int
run(struct connect *c)
{
	struct eph_key key = { .fd = -1 };
	int code;

	if (eph_key_make(&key, "ephemeral") != ERR_OK)
		code = eph_complain(EPH_REFUSED, "cannot make a key");
	else
		code = enter(c, &key);
	if (code == EPH_DONE)
		code = log_in(c, &key);
	eph_key_forget(&key);
	return code;
}

static int
take_option(struct connect *c, int opt, char **argv)
{
	switch (opt) {
	case 'V':
		c->via.host = optarg;
		return EPH_DONE;
	case 't':
		return eph_time(optarg, &c->m.ttl) && c->m.ttl > 0 ? EPH_DONE :
		    eph_usage("--ttl: \"%s\" is not a time (90, 90s, 5m, 1h30m)", optarg);
	case 's':
		if (strcmp(optarg, "grant") == 0) {
			c->m.session = EPHEMERAL_SESSION_GRANT;
			return EPH_DONE;
		}
		c->m.session = EPHEMERAL_SESSION_LENGTH;
		return eph_time(optarg, &c->m.session_length) && c->m.session_length > 0 ? EPH_DONE :
		    eph_usage("--session: \"%s\" is not a time (90, 90s, 5m, 1h30m)", optarg);
	default:
		return eph_where_option(&c->where, opt) ? EPH_DONE : eph_bad_option("connect", argv);
	}
}

int
eph_connect_main(int argc, char **argv)
{
	static const struct option options[] = {
		EPH_WHERE_OPTIONS,
		{ "via", required_argument, NULL, 'V' },
		{ "ttl", required_argument, NULL, 't' },
		{ "session", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct connect c = { .m = { .uses = 1, .comment = SPAN_LIT("ssh-ephemeral connect") } };
	char host[512];
	int opt, code;

	optind = 1;
	opterr = 0;
	/* Options may stand on both sides of the host, but what is behind -- is ssh's. */
	while ((opt = getopt_long(argc, argv, EPH_WHERE_SHORT, options, NULL)) != -1 ||
	    (c.host == NULL && optind < argc && strcmp(argv[optind - 1], "--") != 0)) {
		if (opt == -1) {
			c.host = argv[optind++];
			continue;
		}
		code = take_option(&c, opt, argv);
		if (code != EPH_DONE)
			return code;
	}
	c.rest = argv + optind;
	if (c.host == NULL && *c.rest != NULL)
		c.host = *c.rest++;
	if (c.host == NULL || user_of(c.host).len == 0)
		return eph_usage("connect: USER@HOST is needed: whom to log in as, and where");
	if (*c.rest != NULL && c.rest > argv && strcmp(c.rest[-1], "--") != 0)
		return eph_usage("connect: a command or options for ssh come behind --");
	if (c.where.host != NULL)
		return eph_usage("connect: the registrar is --via");
	c.m.user = user_of(c.host);
	memcpy(c.via.options, c.where.options, sizeof(c.via.options));
	c.via.n_options = c.where.n_options;
	c.via.ssh = c.where.ssh;
	if (c.where.socket != NULL) {	/* this machine's own table */
		c.via.socket = c.where.socket;
		c.via.n_options = 0;
	} else if (c.via.host == NULL) {
		snprintf(host, sizeof(host), "%s", strrchr(c.host, '@') + 1);
		c.via.host = host;
	}
	return run(&c);
}
