/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral(1): finds the subcommand; words that all of them share. */
#include "tools/ssh_ephemeral.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "auth/ephemeral.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "os/file.h"
#include "tools/programs.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{ "add", eph_add_main, "add --user NAME... [--ttl TIME] [--once | --uses N] [--grace TIME]\n"
	    "        [--from CIDR,...] [--session TIME|grant] [--options OPTIONS] [--comment TEXT]\n"
	    "        [WHERE] [--json] KEY.pub|-" },
	{ "list", eph_list_main, "list [WHERE] [--json]" },
	{ "extend", eph_extend_main, "extend [WHERE] [--json] ID --ttl TIME" },
	{ "revoke", eph_revoke_main,
	    "revoke [WHERE] [--json] [--kill] ID|FINGERPRINT|--user NAME|all" },
	{ "connect", eph_connect_main, "connect [--via [USER@]REGISTRAR[:PORT]] [--ttl TIME]\n"
	    "        [--session TIME|grant] [ssh options] USER@HOST[:PORT] [-- ssh options and COMMAND]" },
	{ "code", eph_code_main, "code [--user NAME] [--ttl TIME] [--session TIME|grant] [--from CIDR,...]\n"
	    "        [--options OPTIONS] [--comment TEXT] [WHERE] [--json]" },
	{ "login", eph_login_main,
	    "login [CODE] [ssh options] [USER@]HOST[:PORT] [-- ssh options and COMMAND]\n"
	    "  ssh-ephemeral login [R-CODE] [--user NAME] [ssh options] DEVICE@[USER@]RELAY[:PORT] [-- ...]" },
	{ "assist", eph_assist_main, "assist --relay [USER@]HOST[:PORT] [--device NAME] [--ttl TIME] [--from CIDR,...]\n"
	    "        [--port PORT] [--user NAME] [--options OPTIONS] [--to HOST:PORT] [--throwaway] [--sshd PATH]\n"
	    "        [--socket PATH] [--json] [ssh options]" },
	{ "events", eph_events_main, "events [WHERE] [--follow] [--new]" },
	{ "penalties", eph_penalties_main, "penalties [--socket PATH] [--json] [--clear ADDRESS|all]" },
	{ "loopback", eph_loopback_main, "loopback [--user NAME]... [-o KEYWORD=VALUE]... [--sshd PATH] [--json]\n"
	    "        [-- COMMAND [ARGUMENT...]]" },
};

static void
print_usage(FILE *to)
{
	fprintf(to, "usage:\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(to, "  ssh-ephemeral %s\n", commands[i].usage);
	fprintf(to, "WHERE is --socket PATH, or --host [USER@]HOST[:PORT] with options of ssh (-i -o -p ...).\n");
	fprintf(to, "TIME is 90, 90s, 5m, 1h30m. See ssh-ephemeral(1).\n");
}

int
ssh_ephemeral_main(int argc, char **argv)
{
	crypto_init();
	if (argc < 2) {
		print_usage(stderr);
		return EPH_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout);
		return EPH_DONE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("Dayfly_%s\n", DAYFLY_VERSION);
		return EPH_DONE;
	}
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].main(argc - 1, argv + 1);
	}
	fprintf(stderr, "ssh-ephemeral: there is no command \"%s\"\n", argv[1]);
	print_usage(stderr);
	return EPH_USAGE;
}

/* --- complaints --- */

int
eph_complain(int code, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "ssh-ephemeral: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return code;
}

int
eph_usage(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "ssh-ephemeral: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry: ssh-ephemeral --help\n");
	return EPH_USAGE;
}

int
eph_bad_option(const char *command, char **argv)
{
	return eph_usage("%s: there is no option %s, or it needs a value", command, argv[optind - 1]);
}

/* --- words --- */

bool
eph_time(const char *text, uint64_t *ms)
{
	uint64_t seconds;

	if (text_time(span_str(text), &seconds) != ERR_OK)
		return false;
	*ms = seconds * 1000;
	return true;
}

void
eph_put_time(struct writer *w, uint64_t ms)
{
	uint64_t s = (ms + 999) / 1000;
	unsigned long long h = s / 3600, m = s / 60 % 60;

	if (h > 0)
		wr_printf(w, "%lluh", h);
	if (m > 0 || (h > 0 && s % 60 > 0))
		wr_printf(w, "%llum", m);
	if (s % 60 > 0 || s < 60)
		wr_printf(w, "%llus", (unsigned long long)(s % 60));
}

void
eph_put_fingerprint(struct writer *w, struct span fingerprint)
{
	wr_printf(w, "SHA256:");
	base64_put(w, fingerprint, false);
}

void
eph_put_json(struct writer *w, const struct msg_ctl_grant *m)
{
	bool is_live = m->state == EPHEMERAL_LIVE;

	wr_printf(w, "{\"id\": ");
	json_put_str(w, m->id);
	json_put_text(w, "state", m->state > EPHEMERAL_REVOKED ? SPAN_LIT("unknown") :
	    span_str(ephemeral_state_name((enum ephemeral_state)m->state)));
	json_put_text(w, "user", m->user);
	json_put_text(w, "key_type", m->key_type);
	wr_printf(w, ", \"fingerprint\": \"");
	eph_put_fingerprint(w, m->fingerprint);
	wr_printf(w, "\"");
	json_put_number(w, "registered_ago", m->age / 1000);
	json_put_number(w, is_live ? "expires_in" : "over_since", (m->left + 999) / 1000);
	json_put_number(w, "uses", m->uses);
	json_put_number(w, "used", m->used);
	json_put_number(w, "grace", m->grace / 1000);
	json_put_text(w, "from", m->sources);
	json_put_text(w, "options", m->options);
	json_put_text(w, "session", m->session == EPHEMERAL_SESSION_GRANT ? SPAN_LIT("grant") :
	    m->session == EPHEMERAL_SESSION_LENGTH ? SPAN_LIT("length") : SPAN_LIT("free"));
	json_put_number(w, "session_length", m->session_length / 1000);
	json_put_number(w, "sessions", m->sessions);
	json_put_text(w, "registrar", m->registrar);
	json_put_text(w, "comment", m->comment);
	wr_printf(w, "}");
}

bool
eph_print(const struct writer *w)
{
	if (wr_end(w) != ERR_OK || fflush(stdout) != 0)
		return false;
	return file_write_all(STDOUT_FILENO, writer_span(w)) == ERR_OK;
}
