/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral add. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "auth/ephemeral.h"
#include "base/text.h"
#include "keys/key.h"
#include "keys/private_file.h"
#include "os/file.h"
#include "tools/ssh_ephemeral.h"

/* Accounts in one call. */
#define MAX_USERS	64

struct add {
	struct eph_where where;
	const char *users[MAX_USERS];
	size_t n_users;
	const char *key_file;
	bool json;
	bool has_comment;
	struct msg_ctl_add m;
	struct writer blob;		/* what m.key spans */
	struct writer text;		/* of the key file; what m.comment may span */
};

enum { OPT_USER = 1, OPT_TTL, OPT_ONCE, OPT_USES, OPT_GRACE, OPT_FROM, OPT_SESSION, OPT_OPTIONS,
	OPT_COMMENT, OPT_JSON };

static const struct option options[] = {
	{ "user", required_argument, NULL, OPT_USER },
	{ "ttl", required_argument, NULL, OPT_TTL },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "uses", required_argument, NULL, OPT_USES },
	{ "grace", required_argument, NULL, OPT_GRACE },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "session", required_argument, NULL, OPT_SESSION },
	{ "options", required_argument, NULL, OPT_OPTIONS },
	{ "comment", required_argument, NULL, OPT_COMMENT },
	EPH_WHERE_OPTIONS,
	{ "json", no_argument, NULL, OPT_JSON },
	{ NULL, 0, NULL, 0 },
};

static int
add_user(struct add *a, const char *name)
{
	if (*name == '\0' || a->n_users == MAX_USERS)
		return eph_usage("add: --user takes the name of an account, %d times at most", MAX_USERS);
	a->users[a->n_users++] = name;
	return EPH_DONE;
}

static int
set_uses(struct add *a, const char *value)
{
	uint64_t n;

	if (a->m.uses != 0)
		return eph_usage("--once and --uses say the same thing twice");
	if (text_number(span_str(value), 1, UINT32_MAX, &n) != ERR_OK)
		return eph_usage("--uses takes a number from 1 on, not \"%s\"", value);
	a->m.uses = (uint32_t)n;
	return EPH_DONE;
}

static int
set_time(const char *option, const char *value, uint64_t *ms)
{
	if (!eph_time(value, ms))
		return eph_usage("%s: \"%s\" is not a time (90, 90s, 5m, 1h30m)", option, value);
	if (*ms == 0)
		return eph_usage("%s: a ttl or other time of 0 is none at all", option);
	return EPH_DONE;
}

static int
set_session(struct add *a, const char *value)
{
	if (strcmp(value, "grant") == 0) {
		a->m.session = EPHEMERAL_SESSION_GRANT;
		return EPH_DONE;
	}
	a->m.session = EPHEMERAL_SESSION_LENGTH;
	return set_time("--session", value, &a->m.session_length);
}

static int
one_option(struct add *a, int opt, const char *value, char **argv)
{
	switch (opt) {
	case OPT_USER:
		return add_user(a, value);
	case OPT_TTL:
		return set_time("--ttl", value, &a->m.ttl);
	case OPT_ONCE:
		return set_uses(a, "1");
	case OPT_USES:
		return set_uses(a, value);
	case OPT_GRACE:
		return set_time("--grace", value, &a->m.grace);
	case OPT_FROM:
		a->m.sources = span_str(value);
		return EPH_DONE;
	case OPT_SESSION:
		return set_session(a, value);
	case OPT_OPTIONS:
		a->m.options = span_str(value);
		return EPH_DONE;
	case OPT_COMMENT:
		a->m.comment = span_str(value);
		a->has_comment = true;
		return EPH_DONE;
	case OPT_JSON:
		a->json = true;
		return EPH_DONE;
	default:
		return eph_where_option(&a->where, opt) ? EPH_DONE : eph_bad_option("add", argv);
	}
}

static int
parse(struct add *a, int argc, char **argv)
{
	int opt, code;

	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, &EPH_WHERE_SHORT[1], options, NULL)) != -1) {
		code = one_option(a, opt, optarg, argv);
		if (code != EPH_DONE)
			return code;
	}
	if (a->n_users == 0)
		return eph_usage("add: --user NAME is needed: whom the key lets in");
	if (optind + 1 != argc)
		return eph_usage("add: one KEY.pub is needed, or - for standard input");
	if (a->m.uses == 1 && a->m.grace != 0)
		return eph_usage("add: --grace is for further logins, which --once rules out: use --uses N");
	a->key_file = argv[optind];
	return EPH_DONE;
}

/* Reads the public key and, unless one was given, its comment. */
static int
read_key(struct add *a)
{
	bool is_stdin = strcmp(a->key_file, "-") == 0;
	struct span comment = SPAN_EMPTY;
	enum err e;

	e = is_stdin ? file_read_fd(STDIN_FILENO, &a->text) :
	    file_read_any(a->key_file, &a->text, NULL);
	if (e != ERR_OK)
		return eph_complain(EPH_REFUSED, "%s: %s", a->key_file,
		    e == ERR_SYSTEM || e == ERR_NOTFOUND ? strerror(errno) : err_text(e));
	e = public_file_parse(writer_span(&a->text), &a->blob, &comment);
	if (e != ERR_OK) {
		SCOPED(private_file_free) struct private_file private;

		if (private_file_peek(writer_span(&a->text), &private) == ERR_OK)
			return eph_complain(EPH_REFUSED, "%s is a private key: it stays with you, "
			    "the server gets the .pub file", a->key_file);
		return eph_complain(EPH_REFUSED, "%s: bad key: %s", a->key_file,
		    e == ERR_NOTFOUND ? "there is none in it" :
		    e == ERR_UNSUPPORTED ? "its type is not known" : "this is no public key line");
	}
	a->m.key = writer_span(&a->blob);
	if (!a->has_comment)
		a->m.comment = span_first(comment, EPHEMERAL_MAX_COMMENT);
	return EPH_DONE;
}

static void
put_words(struct writer *w, const struct msg_ctl_grant *m)
{
	const char *label = key_type_label(m->key_type);

	wr_printf(w, "Registered %s ", label == NULL ? "key" : label);
	eph_put_fingerprint(w, m->fingerprint);
	wr_printf(w, " for ");
	text_visible(w, m->user);
	wr_printf(w, " as ");
	text_visible(w, m->id);
	wr_printf(w, ": good for ");
	eph_put_time(w, m->left);
	if (m->uses == 1)
		wr_printf(w, ", once");
	else if (m->uses > 0)
		wr_printf(w, ", %u times", m->uses);
}

static void
show(void *arg, const struct msg_ctl_grant *m)
{
	const struct add *a = arg;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

	if (a->json)
		eph_put_json(&w, m);
	else
		put_words(&w, m);
	wr_printf(&w, "\n");
	(void)eph_print(&w);
}

/* For one account after the other; what was registered before a refusal has been shown. */
static int
add_each(struct add *a, struct eph_client *c)
{
	int code = EPH_DONE;

	for (size_t i = 0; i < a->n_users && code == EPH_DONE; i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

		a->m.user = span_str(a->users[i]);
		msg_ctl_add_put(&w, &a->m);
		code = eph_ask(c, &w);
	}
	return code;
}

static int
add(struct add *a)
{
	struct eph_client c;
	int code = read_key(a);

	if (code != EPH_DONE)
		return code;
	code = eph_connect(&c, &a->where);
	if (code != EPH_DONE)
		return code;
	c.grant = show;
	c.arg = a;
	code = add_each(a, &c);
	eph_close(&c);
	return code;
}

int
eph_add_main(int argc, char **argv)
{
	struct add a = { .blob = writer_init(LIMIT_KEY_BLOB), .text = writer_init(LIMIT_KEY_FILE) };
	int code = parse(&a, argc, argv);

	if (code == EPH_DONE)
		code = add(&a);
	writer_free(&a.blob);
	writer_free(&a.text);
	return code;
}
