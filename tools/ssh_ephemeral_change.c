/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral extend and revoke. */
#include <getopt.h>
#include <string.h>

#include "auth/ephemeral.h"
#include "base/text.h"
#include "tools/ssh_ephemeral.h"

/* Connects, asks, closes; c->done has the answer. */
static int
ask_once(struct eph_client *c, const struct eph_where *where, const struct writer *request,
    void (*grant)(void *, const struct msg_ctl_grant *), void *arg)
{
	int code = eph_connect(c, where);

	if (code != EPH_DONE)
		return code;
	c->grant = grant;
	c->arg = arg;
	code = eph_ask(c, request);
	eph_close(c);
	return code;
}

/* --- extend --- */

static void
show_extended(void *arg, const struct msg_ctl_grant *m)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	const bool *json = arg;

	if (*json) {
		eph_put_json(&w, m);
	} else {
		text_visible(&w, m->id);
		wr_printf(&w, " is good for ");
		eph_put_time(&w, m->left);
	}
	wr_printf(&w, "\n");
	(void)eph_print(&w);
}

int
eph_extend_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		EPH_WHERE_OPTIONS,
		{ "ttl", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	struct msg_ctl_extend m = { .ttl = 0 };
	struct eph_where where = { .socket = NULL };
	struct eph_client c;
	bool json = false;
	int opt;

	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, &EPH_WHERE_SHORT[1], options, NULL)) != -1) {
		if (opt == 'j')
			json = true;
		else if (opt != 't') {
			if (!eph_where_option(&where, opt))
				return eph_bad_option("extend", argv);
		} else if (!eph_time(optarg, &m.ttl) || m.ttl == 0)
			return eph_usage("--ttl: \"%s\" is not a time (90, 90s, 5m, 1h30m)", optarg);
	}
	if (optind + 1 != argc || m.ttl == 0)
		return eph_usage("extend: one ID and --ttl TIME are needed");
	m.id = span_str(argv[optind]);
	msg_ctl_extend_put(&w, &m);
	return ask_once(&c, &where, &w, show_extended, &json);
}

/* --- revoke --- */

/* ID, FINGERPRINT or "all". The fingerprint's bytes go into raw. */
static int
set_target(struct msg_ctl_revoke *m, const char *target, struct writer *raw)
{
	struct span text = span_str(target);

	if (strcmp(target, "all") == 0) {
		m->all = true;
	} else if (span_starts(text, SPAN_LIT("SHA256:"))) {
		if (base64_get(raw, span_skip(text, 7)) != ERR_OK || raw->len != EPHEMERAL_FP_LEN)
			return eph_usage("\"%s\" is not a whole fingerprint", target);
		m->fingerprint = writer_span(raw);
	} else if (strchr(target, ':') != NULL) {
		return eph_usage("\"%s\": fingerprints are taken as SHA256:...", target);
	} else {
		m->id = text;
	}
	return EPH_DONE;
}

static void
tell(const struct eph_client *c, bool json, bool kill)
{
	unsigned count = c->done.count, killed = c->done.killed;

	if (json)
		printf("{\"revoked\": %u, \"killed\": %u}\n", count, killed);
	else if (kill)
		printf("Revoked %u %s, ended %u %s\n", count, count == 1 ? "key" : "keys",
		    killed, killed == 1 ? "session" : "sessions");
	else
		printf("Revoked %u %s\n", count, count == 1 ? "key" : "keys");
}

int
eph_revoke_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		EPH_WHERE_OPTIONS,
		{ "user", required_argument, NULL, 'u' },
		{ "kill", no_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 },
	};
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	SCOPED(writer_free) struct writer raw = writer_init(256);
	struct msg_ctl_revoke m = { .all = false };
	struct eph_where where = { .socket = NULL };
	struct eph_client c;
	bool json = false;
	int opt, code;

	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, &EPH_WHERE_SHORT[1], options, NULL)) != -1) {
		switch (opt) {
		case 'j':
			json = true;
			break;
		case 'u':
			if (m.user.len > 0)
				return eph_usage("revoke: --user is given once");
			m.user = span_str(optarg);
			break;
		case 'k':
			m.kill = true;
			break;
		default:
			if (!eph_where_option(&where, opt))
				return eph_bad_option("revoke", argv);
		}
	}
	if ((m.user.len > 0) + (argc - optind) != 1 || (optind < argc && *argv[optind] == '\0'))
		return eph_usage("revoke: one of ID, FINGERPRINT, --user NAME, all is needed");
	if (optind < argc) {
		code = set_target(&m, argv[optind], &raw);
		if (code != EPH_DONE)
			return code;
	}
	msg_ctl_revoke_put(&w, &m);
	code = ask_once(&c, &where, &w, NULL, NULL);
	if (code == EPH_DONE)
		tell(&c, json, m.kill);
	return code;
}
