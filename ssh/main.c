/* SPDX-License-Identifier: ISC */
/* The client's command line: what is asked for, and the exit code. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "crypto/crypto.h"
#include "os/file.h"
#include "os/process.h"
#include "ssh/mux.h"
#include "ssh/query.h"
#include "ssh/reconnect.h"
#include "ssh/ssh.h"
#include "tools/programs.h"

static enum err
open_log(struct ssh *s)
{
	const struct options *o = &s->options;

	s->log = log_to_stderr("ssh");
	s->log.plain_errors = true;
	s->log.use_syslog = o->uses_syslog;
	if (o->uses_syslog)
		s->log.fd = -1;
	if (o->is_quiet)
		s->log.level = LOG_LEVEL_QUIET;
	if (o->verbose > 0)
		s->log.level = (enum log_level)(LOG_LEVEL_VERBOSE + (o->verbose > 3 ? 3 : o->verbose));
	if (o->log_file == NULL)
		return ERR_OK;
	s->log.fd = open(o->log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (s->log.fd != -1)
		return ERR_OK;
	fprintf(stderr, "Couldn't open logfile %s: %s\n", o->log_file, strerror(errno));
	return ERR_SYSTEM;
}

static int
dump(struct ssh *s)
{
	SCOPED(writer_free) struct writer w = writer_init(16 * 1024 * 1024);

	if (settings_show(&s->settings, &s->log) != ERR_OK)
		return 255;
	ssh_config_dump(&s->settings.config, span_str(s->settings.host_typed), &w);
	if (wr_end(&w) != ERR_OK)
		return 255;
	return file_write_all(STDOUT_FILENO, writer_span(&w)) == ERR_OK ? 0 : 255;
}

static int
say_version(void)
{
	fprintf(stderr, "%s, %s\n", DAYFLY_PRODUCT, OpenSSL_version(OPENSSL_VERSION));
	return 0;
}

/* What needs no host: the version, lists of names, and that a host is missing. */
static int
answer_at_once(struct ssh *s)
{
	if (settings_check(&s->options, &s->log) != ERR_OK)
		return 255;
	if (s->options.wants_version)
		return say_version();
	if (s->options.query != NULL)
		return query(s->options.query);
	options_usage();
	return 255;
}

/* By way of a master that runs already, else by a connection of our own. */
static int
connect_or_share(struct ssh *s)
{
	int code;

	if (mux_client_run(s, &code) == ERR_OK)
		return code;
	return s->master_fd != -1 ? ssh_run(s) : reconnect_run(s);
}

static int
start(struct ssh *s, int argc, char **argv)
{
	if (options_parse(&s->options, argc, argv) != ERR_OK)
		return 255;
	if (open_log(s) != ERR_OK)
		return 255;
	if (s->options.wants_version || s->options.query != NULL || s->options.host == NULL)
		return answer_at_once(s);
	if (settings_load(&s->settings, &s->options, &s->log) != ERR_OK)
		return 255;
	if (s->options.wants_dump)
		return dump(s);
	log_debug(&s->log, "%s, %s", DAYFLY_PRODUCT, OpenSSL_version(OPENSSL_VERSION));
	if (s->settings.config.refuse_connection != NULL) {
		log_fatal(&s->log, "%s", s->settings.config.refuse_connection);
		return 255;
	}
	if ((s->options.mux_command == NULL || strcmp(s->options.mux_command, "proxy") == 0) &&
	    s->settings.config.session_type == SESSION_TYPE_SUBSYSTEM &&
	    s->settings.command == NULL) {
		log_fatal(&s->log, "You must specify a subsystem to invoke.");
		return 255;
	}
	return connect_or_share(s);
}

int
ssh_main(int argc, char **argv)
{
	struct ssh s = { .exit_code = 255, .argv0 = argc > 0 ? argv[0] : "ssh",
	    .route = { .read_fd = -1, .write_fd = -1, .socket = -1 }, .master_fd = -1 };
	int code;

	process_fill_standard();
	(void)signal(SIGPIPE, SIG_IGN);
	crypto_init();
	code = start(&s, argc, argv);
	settings_free(&s.settings);
	options_free(&s.options);
	return code;
}
