/* SPDX-License-Identifier: ISC */
/* sftp-server(8): serves files on standard input and output, to whoever started it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "os/process.h"
#include "os/whoami.h"
#include "sftp/serve.h"
#include "tools/programs.h"

/* The client's address: the first word of SSH_CONNECTION. */
static const char *
client_of(char *buf, size_t size)
{
	const char *connection = getenv("SSH_CONNECTION");
	struct span word = span_str(connection);

	word = span_first(word, span_find(word, ' '));
	if (word.len == 0)
		word = SPAN_LIT("UNKNOWN");
	snprintf(buf, size, "%.*s", (int)word.len, (const char *)word.p);
	return buf;
}

static int
serve(const struct sftp_options *o)
{
	SCOPED(account_free) struct account me = { 0 };
	struct log log = { .level = o->level, .tag = "sftp-server", .fd = o->to_stderr ? STDERR_FILENO : -1,
		.use_syslog = !o->to_stderr, .facility = LOG_AUTH };
	struct sftp_who who = { .uid = getuid() };
	char client[64];

	if (o->facility != NULL && log_facility_parse(span_str(o->facility), &log.facility) != ERR_OK)
		return 255;
	if (whoami_account(&me) != ERR_OK) {
		log_fatal(&log, "No user found for uid %lu", (unsigned long)getuid());
		return 255;
	}
	who.user = me.name;
	who.home = me.home;
	who.client = client_of(client, sizeof(client));
	return sftp_serve(o, &who, &log, STDIN_FILENO, STDOUT_FILENO);
}

int
sftp_server_main(int argc, char **argv)
{
	struct sftp_options o;
	char why[256];

	/* What the client writes to /proc/self/mem must not become code that this runs. */
	process_not_traceable();
	process_fill_standard();
	switch (sftp_options_read(&o, argc, argv, why, sizeof(why))) {
	case SFTP_START:
		return serve(&o);
	case SFTP_SHOW_REQUESTS:
		for (unsigned op = 0; op < SFTP_OP_INIT; op++)
			printf("%s\n", sftp_op_name((enum sftp_op)op));
		return 0;
	case SFTP_BAD:
		fprintf(stderr, "%s\n", why);
		return 255;
	case SFTP_USAGE:
		break;
	}
	fputs(sftp_options_usage(), stderr);
	return 1;
}
