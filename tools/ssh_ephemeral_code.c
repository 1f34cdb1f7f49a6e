/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral code and login: a code that people read to each other. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "auth/code.h"
#include "auth/ephemeral.h"
#include "base/secret.h"
#include "base/text.h"
#include "crypto/random.h"
#include "os/tty.h"
#include "os/whoami.h"
#include "tools/ssh_ephemeral_keys.h"

/* Whoever has to read it aloud needs a while. */
#define CODE_TTL	((uint64_t)600000)

/* --- code --- */

struct code {
	struct eph_where where;
	struct msg_ctl_add m;
	bool json;
	bool has_ttl;
	char text[CODE_SIZE];
	struct account me;
};

static void
show(void *arg, const struct msg_ctl_grant *m)
{
	const struct code *c = arg;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

	if (c->json) {
		wr_printf(&w, "{\"code\": \"%s\", \"grant\": ", c->text);
		eph_put_json(&w, m);
		wr_printf(&w, "}\n");
	} else {
		wr_printf(&w, "%s\n", c->text);
	}
	(void)eph_print(&w);
	if (c->json)
		return;
	writer_reset(&w);
	wr_printf(&w, "Good for one login as ");
	text_visible(&w, m->user);
	wr_printf(&w, " within ");
	eph_put_time(&w, m->left);
	wr_printf(&w, ": ssh-ephemeral login %s ", c->text);
	text_visible(&w, m->user);
	wr_printf(&w, "@HOST");
	if (wr_end(&w) == ERR_OK)
		fprintf(stderr, "%.*s\n", (int)w.len, (const char *)w.p);
}

/* Stretches a code into its key; the proof key stays in k. */
static enum err
make_key(const char *text, struct code_keys *k, struct key **key)
{
	TRY(code_stretch(text, k));
	TRY(key_from_ed25519_seed(k->seed, key));
	wipe(k->seed, sizeof(k->seed));
	return ERR_OK;
}

static int
make_code(struct code *c)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	SCOPED(key_free) struct key *key = NULL;
	struct rng rng = rng_system();
	struct eph_client client;
	struct code_keys k;
	int code;

	code_make(&rng, c->text);
	if (make_key(c->text, &k, &key) != ERR_OK)
		return eph_complain(EPH_REFUSED, "cannot stretch a code: it needs 32 MiB of memory");
	c->m.key = key_blob(key);
	c->m.proof = span_of(k.proof, sizeof(k.proof));
	msg_ctl_add_put(&w, &c->m);
	wipe(&k, sizeof(k));
	code = eph_connect(&client, &c->where);
	if (code != EPH_DONE)
		return code;
	client.grant = show;
	client.arg = c;
	code = eph_ask(&client, &w);
	eph_close(&client);
	return code;
}

static int
set_time(const char *option, uint64_t *out)
{
	if (!eph_time(optarg, out) || *out == 0)
		return eph_usage("%s: \"%s\" is not a time (90, 90s, 5m, 1h30m)", option, optarg);
	return EPH_DONE;
}

static int
code_option(struct code *c, int opt, char **argv)
{
	switch (opt) {
	case 'U':
		if (c->m.user.len > 0)
			return eph_usage("code: a code is for one account: give --user once");
		c->m.user = span_str(optarg);
		return EPH_DONE;
	case 't':
		return set_time("--ttl", &c->m.ttl);
	case 's':
		c->m.session = strcmp(optarg, "grant") == 0 ? EPHEMERAL_SESSION_GRANT :
		    EPHEMERAL_SESSION_LENGTH;
		return c->m.session == EPHEMERAL_SESSION_GRANT ? EPH_DONE :
		    set_time("--session", &c->m.session_length);
	case 'f':
		c->m.sources = span_str(optarg);
		return EPH_DONE;
	case 'O':
		c->m.options = span_str(optarg);
		return EPH_DONE;
	case 'c':
		c->m.comment = span_str(optarg);
		return EPH_DONE;
	case 'j':
		c->json = true;
		return EPH_DONE;
	default:
		return eph_where_option(&c->where, opt) ? EPH_DONE : eph_bad_option("code", argv);
	}
}

int
eph_code_main(int argc, char **argv)
{
	static const struct option options[] = {
		EPH_WHERE_OPTIONS,
		{ "user", required_argument, NULL, 'U' },
		{ "ttl", required_argument, NULL, 't' },
		{ "session", required_argument, NULL, 's' },
		{ "from", required_argument, NULL, 'f' },
		{ "options", required_argument, NULL, 'O' },
		{ "comment", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	SCOPED(account_free) struct account me = { .name = NULL };
	struct code c = { .m = { .uses = 1, .ttl = CODE_TTL } };
	int opt, code;

	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, &EPH_WHERE_SHORT[1], options, NULL)) != -1) {
		code = code_option(&c, opt, argv);
		if (code != EPH_DONE)
			return code;
	}
	if (optind != argc)
		return eph_usage("code takes no argument");
	if (c.m.user.len == 0) {
		if (whoami_account(&me) != ERR_OK)
			return eph_complain(EPH_REFUSED, "out of memory");
		c.m.user = span_str(me.name);
	}
	code = make_code(&c);
	wipe(c.text, sizeof(c.text));
	return code;
}

/* --- login --- */

struct login {
	struct eph_where where;
	const char *host;		/* [USER@]HOST[:PORT], or NAME@[ACCOUNT@]RELAY[:PORT] */
	const char *user;		/* behind a relay: whom to log in as */
	char **rest;
	char text[CODE_SIZE];
	bool is_relayed;
};

/* Asks for the code without showing it. */
static int
ask_code(struct login *l)
{
	SCOPED(secret_free) struct secret answer = { .p = NULL };
	enum err e = tty_ask(TTY_ASK_SECRET, "Code: ", &answer);

	if (e != ERR_OK)
		return eph_usage("login: there is no terminal to ask for the code: give it as first argument");
	l->is_relayed = code_is_relayed(secret_span(&answer));
	if (code_parse(secret_span(&answer), l->text) != ERR_OK)
		return eph_complain(EPH_REFUSED, "that is no code, or has a typing error");
	return EPH_DONE;
}

static int
log_in(const struct login *l, const struct eph_key *key, const char *proof)
{
	SCOPED(writer_free) struct writer way = writer_init(LIMIT_LINE);
	char option[96];
	struct eph_argv a;
	int code = l->is_relayed ? eph_relay_argv(&l->where, l->host, l->user, &way, &a) :
	    eph_ssh_argv(&l->where, l->host, &a);

	if (code != EPH_DONE)
		return code;
	snprintf(option, sizeof(option), "-oEphemeralProofFile=%s", proof);
	/* The first word on an option counts: these come before the user's own. */
	{
		static const char *const first[] = { "-oIdentitiesOnly=yes", "-oIdentityAgent=none",
		    "-oAddKeysToAgent=no", "-oCertificateFile=none", "-oPreferredAuthentications=publickey",
		    "-oUpdateHostKeys=no", "-oControlPath=none", "-oControlMaster=no", "-i" };
		struct eph_argv mine = { .n = 0 };

		eph_argv_add(&mine, a.v[0]);
		eph_argv_add(&mine, option);
		for (size_t i = 0; i < COUNT(first); i++)
			eph_argv_add(&mine, first[i]);
		eph_argv_add(&mine, key->path);
		for (size_t i = 1; i < a.n; i++)
			eph_argv_add(&mine, a.v[i]);
		memcpy(a.v, mine.v, sizeof(a.v));
		a.n = mine.n;
	}
	eph_argv_add(&a, a.host);
	for (char **p = l->rest; *p != NULL; p++) {
		if (a.n + 2 >= EPH_ARGV)
			return eph_usage("login: that are too many words");
		eph_argv_add(&a, *p);
	}
	return eph_run(&a);
}

static int
use_code(const struct login *l)
{
	struct eph_key key = { .fd = -1 };
	char proof_path[64];
	struct code_keys k;
	int proof_fd = -1, code;
	enum err e = make_key(l->text, &k, &key.key);

	if (e == ERR_OK)
		e = eph_key_hide(&key, "code");
	if (e == ERR_OK)
		e = eph_hide("proof", span_of(k.proof, sizeof(k.proof)), &proof_fd, proof_path);
	wipe(&k, sizeof(k));
	if (e != ERR_OK)
		code = eph_complain(EPH_REFUSED, "cannot stretch the code: it needs 32 MiB of memory");
	else
		code = log_in(l, &key, proof_path);
	if (proof_fd != -1)
		close(proof_fd);
	eph_key_forget(&key);
	return code;
}

int
eph_login_main(int argc, char **argv)
{
	static const struct option options[] = { EPH_WHERE_OPTIONS,
	    { "user", required_argument, NULL, EPH_OPT_USER }, { NULL, 0, NULL, 0 } };
	struct login l = { .host = NULL };
	const char *word[2] = { NULL, NULL };
	size_t n = 0;
	int opt, code;

	optind = 1;
	opterr = 0;
	/* Options may stand between the words, but what is behind -- is ssh's. */
	while ((opt = getopt_long(argc, argv, EPH_WHERE_SHORT, options, NULL)) != -1 ||
	    (n < 2 && optind < argc && strcmp(argv[optind - 1], "--") != 0)) {
		if (opt == -1)
			word[n++] = argv[optind++];
		else if (opt == EPH_OPT_USER)
			l.user = optarg;
		else if (!eph_where_option(&l.where, opt))
			return eph_bad_option("login", argv);
	}
	l.rest = argv + optind;
	l.host = n == 2 ? word[1] : word[0];
	if (n == 0 || l.where.host != NULL || l.where.socket != NULL)
		return eph_usage("login: [CODE] [USER@]HOST are needed");
	if (*l.rest != NULL && strcmp(l.rest[-1], "--") != 0)
		return eph_usage("login: a command or options for ssh come behind --");
	if (n == 2 && code_parse(span_str(word[0]), l.text) != ERR_OK)
		return eph_complain(EPH_REFUSED, "\"%s\" is no code, or has a typing error", word[0]);
	l.is_relayed = n == 2 && code_is_relayed(span_str(word[0]));
	code = n == 2 ? EPH_DONE : ask_code(&l);
	if (code == EPH_DONE && l.user != NULL && !l.is_relayed)
		code = eph_usage("login: --user is for devices behind a relay, whose codes begin with R-");
	if (code == EPH_DONE)
		code = use_code(&l);
	wipe(l.text, sizeof(l.text));
	return code;
}
