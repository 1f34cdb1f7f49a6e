/* SPDX-License-Identifier: ISC */
/*
 * sshd: from the command line to the listener. Started with a hidden flag it
 * is one of the other processes instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "sshd/guard_explain.h"
#include "sshd/listener.h"
#include "sshd/nursery.h"
#include "sshd/resolver.h"
#include "tools/programs.h"

/* Exit statuses, as OpenSSH has them. */
#define EXIT_BAD	255
#define EXIT_NO_KEYS	1

static int
print_version(void)
{
	fprintf(stderr, "%s, %s\n", DAYFLY_PRODUCT, OpenSSL_version(OPENSSL_VERSION));
	return 0;
}

/* Opens the log file of -E, with %p, %P and %% in its name expanded. */
static enum err
open_log_file(const char *name, struct log *log)
{
	SCOPED(writer_free) struct writer path = writer_init(4096);

	for (const char *p = name; *p != '\0'; p++) {
		if (p[0] == '%' && p[1] == 'p')
			wr_printf(&path, "%ld", (long)getpid());
		else if (p[0] == '%' && p[1] == 'P')
			wr_printf(&path, "sshd");
		else if (p[0] == '%' && p[1] == '%')
			wr_u8(&path, '%');
		else {
			wr_u8(&path, (uint8_t)*p);
			continue;
		}
		p++;
	}
	wr_u8(&path, 0);
	TRY(wr_end(&path));
	log->fd = open((const char *)path.p, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log->fd == -1) {
		fprintf(stderr, "Couldn't open logfile %s: %s\n", (const char *)path.p, strerror(errno));
		return ERR_SYSTEM;
	}
	log->prefix_pid = true;
	return ERR_OK;
}

/* Where lines go while the config is read: where a person is, if there is one. */
static enum err
start_log(struct log *log, const struct sshd_options *o)
{
	*log = log_to_stderr("sshd");
	if (o->log_file != NULL)
		TRY(open_log_file(o->log_file, log));
	else if (o->inetd && !o->log_to_stderr && o->task == SSHD_SERVE) {
		log->fd = -1;
		log->use_syslog = true;
	}
	if (o->quiet)
		log->level = LOG_LEVEL_QUIET;
	else if (o->debug > 0)
		log->level = (enum log_level)(LOG_LEVEL_VERBOSE + o->debug);
	return ERR_OK;
}

/* From here on as the config says. */
static void
settle_log(struct log *log, const struct sshd_options *o, const struct sshd_config *c)
{
	log->facility = (int)c->syslog_facility;
	if (o->debug == 0 && !o->quiet)
		log->level = (enum log_level)c->log_level;
	if (!o->log_to_stderr) {
		log->fd = -1;
		log->use_syslog = true;
	}
}

/* -T and -G: the values that hold for a connection, if -C says which. */
static int
dump(const struct sshd_options *o, const struct loaded *loaded, const struct log *log)
{
	SCOPED(sshd_config_free) struct sshd_config c = { .ports = { .n = 0 } };
	SCOPED(sshd_test_facts_free) struct sshd_test_facts facts = { .user = NULL };
	SCOPED(writer_free) struct writer text = writer_init(LOAD_MAX);
	const char *missing;

	for (size_t i = 0; i < o->n_facts; i++) {
		if (sshd_test_facts_add(&facts, span_str(o->facts[i])) != ERR_OK) {
			log_fatal(log, "Invalid test mode specification -C %s", o->facts[i]);
			return EXIT_BAD;
		}
	}
	missing = o->n_facts == 0 ? NULL : sshd_rules_missing_fact(loaded->rules, &facts.facts);
	if (missing != NULL) {
		log_fatal(log, "'Match %s' in configuration but '%s' not in connection test specification.",
		    missing, missing);
		return EXIT_BAD;
	}
	if (sshd_config_for(&c, loaded->rules, o->n_facts == 0 ? NULL : &facts.facts) != ERR_OK)
		return EXIT_BAD;
	sshd_config_dump(&c, &text);
	if (wr_end(&text) != ERR_OK ||
	    file_write_all(STDOUT_FILENO, writer_span(&text)) != ERR_OK)
		return EXIT_BAD;
	return 0;
}

/* --explain: what would become of a login as -C describes it. */
static int
explain(const struct sshd_options *o, const struct listener_input *in)
{
	SCOPED(sshd_test_facts_free) struct sshd_test_facts t = { .user = NULL };
	static const uint8_t no_secret[32];
	struct guard_start start = { .log = in->log, .rules = in->loaded.rules, .config = &in->loaded.config,
	    .keys = &in->keys, .title = in->title, .in = -1, .out = -1, .wire_fd = -1, .listener_fd = -1,
	    .nursery_fd = -1, .self_fd = -1, .accepted = clock_boot(), .secret = no_secret,
	    .debug_level = LOG_LEVEL_QUIET };
	struct explain what = { .key_file = o->key_file };

	for (size_t i = 0; i < o->n_facts; i++) {
		if (sshd_test_facts_add(&t, span_str(o->facts[i])) != ERR_OK) {
			log_fatal(in->log, "Invalid connection specification -C %s", o->facts[i]);
			return EXIT_BAD;
		}
	}
	if (t.facts.user.len == 0) {
		log_fatal(in->log, "--explain: -C needs user=NAME");
		return EXIT_BAD;
	}
	start.has_ends = t.facts.address.family != 0;
	start.client.address = t.facts.address;
	start.server = (struct endpoint){ .address = t.facts.local_address, .port = t.facts.local_port };
	what.user = t.facts.user;
	what.host = t.facts.host;
	return guard_explain(&start, &what);
}

/* The command line, for the title. */
static char *
join(int argc, char **argv)
{
	SCOPED(writer_free) struct writer w = writer_init(4096);

	for (int i = 0; i < argc; i++)
		wr_printf(&w, "%s%s", i == 0 ? "" : " ", argv[i]);
	return span_dup_str(writer_span(&w));
}

/* Makes the paths of an ordinary user's server where root's stand by default. */
static int
prepare(struct listener_input *in, const struct sshd_options *o)
{
	bool serves = o->task == SSHD_SERVE;

	if (host_keys_first_start(&in->loaded.config, in->config_file, serves, in->log) != ERR_OK)
		return EXIT_NO_KEYS;
	if (host_keys_load(&in->keys, &in->loaded.config, in->log) != ERR_OK)
		return EXIT_NO_KEYS;
	return 0;
}

static int
run(struct sshd_options *o, const struct net_given *given, struct title *title, char *command)
{
	struct log log;
	struct listener_input in = { .options = o, .log = &log, .title = title,
	    .config_file = o->config_file == NULL ? SSH_CONF_DIR "/sshd_config" : o->config_file,
	    .self_fd = -1, .given = *given, .command = command };
	struct load_input load = { .options = o->config, .n_options = o->n_config,
	    .ports = o->ports, .n_ports = o->n_ports, .log = &log };
	int status;

	if (start_log(&log, o) != ERR_OK)
		return EXIT_BAD;
	load.file = in.config_file;
	if (load_config(&in.loaded, &load) != ERR_OK)
		return EXIT_BAD;
	status = o->task == SSHD_DUMP_ONLY || o->task == SSHD_EXPLAIN ? 0 : prepare(&in, o);
	if (status == 0 && (o->task == SSHD_DUMP || o->task == SSHD_DUMP_ONLY))
		status = dump(o, &in.loaded, &log);
	if (status == 0 && o->task == SSHD_EXPLAIN)
		status = explain(o, &in);
	if (status != 0 || o->task != SSHD_SERVE) {
		host_keys_free(&in.keys);
		loaded_free(&in.loaded);
		return status;
	}
	if (process_open_self(&in.self_fd) != ERR_OK) {
		log_fatal(&log, "cannot open the program's own file (/proc/self/exe): %s", strerror(errno));
		return EXIT_BAD;
	}
	/* An ordinary user's server and what it runs have one uid: not its keys. */
	process_not_traceable();
	settle_log(&log, o, &in.loaded.config);
	log_debug(&log, "sshd version %s, %s", DAYFLY_PRODUCT, OpenSSL_version(OPENSSL_VERSION));
	return listener_run(&in);
}

int
sshd_main(int argc, char **argv)
{
	SCOPED(sshd_options_free) struct sshd_options o = { .n_config = 0 };
	struct title title;
	struct net_given given;
	char *command;
	int status;

	process_fill_standard();
	crypto_init();
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && strcmp(argv[1], NURSERY_FLAG) == 0)
		return nursery_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], RESOLVER_FLAG) == 0)
		return resolver_main(argc, argv);
	if (sshd_options_parse(&o, argc, argv) != ERR_OK)
		return EXIT_BAD;
	if (o.task == SSHD_VERSION)
		return print_version();
	if (net_take_given(&given) != ERR_OK) {
		fprintf(stderr, "sshd: LISTEN_PID and LISTEN_FDS make no sense\n");
		return EXIT_BAD;
	}
	if (o.inetd)		/* the client is on standard input, and among these once more */
		given.n = 0;
	process_close_others(given.fds, given.n);
	(void)umask(022 | umask(077));
	command = join(argc, argv);
	if (command == NULL)
		return EXIT_BAD;
	/* Options point into argv: what they say must be there after a title is. */
	status = sshd_options_own(&o) == ERR_OK ? 0 : EXIT_BAD;
	title_init(&title, argc, argv);
	if (status == 0)
		status = run(&o, &given, &title, command);
	free(command);
	return status;
}
