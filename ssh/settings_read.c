/* SPDX-License-Identifier: ISC */
/* Reading the config: what it asks of us, and where it comes from. */
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "config/line.h"
#include "crypto/crypto.h"
#include "keys/key.h"
#include "kex/kex.h"
#include "os/file.h"
#include "os/glob.h"
#include "os/net.h"
#include "os/process.h"
#include "os/whoami.h"
#include "ssh/settings_i.h"

#define SYSTEM_CONFIG	SSH_CONF_DIR "/ssh_config"

/* --- callbacks --- */

static void
on_say(void *self, enum config_say level, const char *line)
{
	static const enum log_level levels[] = {
		[CONFIG_SAY_ERROR] = LOG_LEVEL_ERROR,
		[CONFIG_SAY_WARNING] = LOG_LEVEL_ERROR,
		[CONFIG_SAY_DEBUG] = LOG_LEVEL_DEBUG1,
	};
	const struct loading *l = self;

	log_at(l->log, levels[level], "%s", line);
}

/* Nobody else may be able to write the user's config. */
static bool
has_good_modes(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == getuid()) && (st->st_mode & 022) == 0;
}

static enum err
read_checked(struct loading *l, const char *path, struct writer *text)
{
	struct stat st;

	/* What is named on the command line may be anything: /dev/null, <(...). */
	TRY(l->checks_modes ? file_read(path, text, &st) : file_read_any(path, text, &st));
	if (!l->checks_modes || has_good_modes(&st))
		return ERR_OK;
	log_fatal(l->log, "Bad owner or permissions on %s", path);
	return ERR_DENIED;
}

static enum err
on_include(void *self, const char *pattern, struct config_files *files)
{
	SCOPED(glob_names_free) struct glob_names names = { NULL, 0 };
	struct loading *l = self;

	TRY(glob_list(&names, pattern));
	for (size_t i = 0; i < names.n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(LIMIT_LINE);
		enum err e = read_checked(l, names.v[i], &text);

		if (e == ERR_DENIED || e == ERR_NOMEM)
			return e;
		if (e != ERR_OK) {
			log_debug(l->log, "Can't read config file %s: %s", names.v[i],
			    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
			continue;
		}
		TRY(config_files_add(files, span_str(names.v[i]), writer_span(&text)));
	}
	return ERR_OK;
}

static const char *
on_getenv(void *self, const char *name)
{
	(void)self;
	return getenv(name);
}

/* Match exec: by the user's shell, its output thrown away, as ssh_config(5) has it. */
static bool
on_run(void *self, const char *command)
{
	const struct loading *l = self;
	const char *shell = getenv("SHELL");
	char option[] = "-c";
	char *argv[] = { NULL, option, (char *)(uintptr_t)command, NULL };
	struct process_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	struct process_job job;
	int status = -1;
	pid_t pid;

	if (shell == NULL || shell[0] == '\0')
		shell = "/bin/sh";
	argv[0] = (char *)(uintptr_t)shell;
	job = process_job(shell, argv);
	job.fds = fds;
	job.n_fds = COUNT(fds);
	log_debug2(l->log, "Executing command: '%s'", command);
	if (process_start(&job, &pid) != ERR_OK) {
		log_error(l->log, "Unable to execute '%s': %s", command, strerror(errno));
		return false;
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* --- facts --- */

static size_t
find_addresses(struct address *out, size_t max)
{
	struct ifaddrs *all;
	size_t n = 0;

	if (getifaddrs(&all) == -1)
		return 0;
	for (const struct ifaddrs *i = all; i != NULL && n < max; i = i->ifa_next) {
		struct sockaddr_storage sa = { 0 };
		struct endpoint e;

		if (i->ifa_addr == NULL)
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			memcpy(&sa, i->ifa_addr, sizeof(struct sockaddr_in));
		else if (i->ifa_addr->sa_family == AF_INET6)
			memcpy(&sa, i->ifa_addr, sizeof(struct sockaddr_in6));
		else
			continue;
		if (endpoint_from_sockaddr(&e, &sa) == ERR_OK)
			out[n++] = e.address;
	}
	freeifaddrs(all);
	return n;
}

/* What the session will be, as Match sessiontype calls it. */
static const char *
session_type(const struct options *o)
{
	for (size_t i = 0; i < o->front.n; i++)
		if (strcmp(o->front.v[i], "SessionType none") == 0 ||
		    strncmp(o->front.v[i], "SessionType \"none", 17) == 0)
			return "none";
	if (o->is_subsystem)
		return "subsystem";
	return o->command != NULL ? "exec" : "shell";
}

static enum err
set_facts(struct loading *l, const struct options *o)
{
	struct settings *s = l->s;
	char name[256];

	s->local_host = strdup(whoami_host(name, sizeof(name)));
	s->host_typed = strdup(o->host == NULL ? "" : o->host);
	if (s->local_host == NULL || s->host_typed == NULL)
		return ERR_NOMEM;
	snprintf(s->uid, sizeof(s->uid), "%lu", (unsigned long)getuid());
	s->facts = (struct ssh_facts){
		.original_host = span_str(s->host_typed),
		.host = span_str(s->host_typed),
		.local_user = span_str(s->me.name),
		.local_host = span_str(s->local_host),
		.uid = span_str(s->uid),
		.home = span_str(s->me.home),
		.command = span_str(o->command),
		.session_type = span_str(session_type(o)),
		.version = SPAN_LIT("Dayfly_" DAYFLY_VERSION),
		.getenv_of = on_getenv,
	};
	l->in.facts = s->facts;
	l->in.facts.local_addresses = l->addresses;
	l->in.facts.n_local_addresses = find_addresses(l->addresses, ADDRESSES_MAX);
	l->in.facts.run = on_run;
	l->in.facts.self = l;
	return ERR_OK;
}

static void
set_algs(struct config_algs *algs)
{
	algs->of[ALGS_KEX].all = kex_names();
	algs->of[ALGS_KEX].defaults = kex_default_algs(SIDE_CLIENT);
	algs->of[ALGS_CIPHERS].all = crypto_cipher_names();
	algs->of[ALGS_CIPHERS].defaults = crypto_cipher_defaults();
	algs->of[ALGS_MACS].all = crypto_mac_names();
	algs->of[ALGS_MACS].defaults = crypto_mac_defaults();
	algs->of[ALGS_SIGNATURES].all = keys_list(KEY_LIST_ALL);
	algs->of[ALGS_SIGNATURES].defaults = keys_list(KEY_LIST_DEFAULT);
	algs->of[ALGS_CA_SIGNATURES].all = keys_list(KEY_LIST_SIG);
	algs->of[ALGS_CA_SIGNATURES].defaults = keys_list(KEY_LIST_CA);
}

/* --- reading --- */

static enum err
take_lines(struct loading *l, const struct option_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		TRY(ssh_config_option(&l->s->config, &l->in, lines->v[i]));
	return ERR_OK;
}

/* -i: a file that is not there is said so and left out (ssh(1)). */
static enum err
take_identities(struct loading *l, const struct option_lines *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
		struct stat st;

		if (paths->v[i][0] != '~' && stat(paths->v[i], &st) == -1) {
			fprintf(stderr, "Warning: Identity file %s not accessible: %s.\n",
			    paths->v[i], strerror(errno));
			continue;
		}
		wr_raw(&w, SPAN_LIT("IdentityFile "));
		word_put(&w, span_str(paths->v[i]));
		wr_u8(&w, 0);
		TRY(wr_end(&w));
		TRY(ssh_config_option(&l->s->config, &l->in, (const char *)w.p));
	}
	return ERR_OK;
}

static enum err
read_file(struct loading *l, const char *path, bool is_user, bool must_exist)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_LINE);
	enum err e = read_checked(l, path, &text);

	if (e == ERR_OK) {
		log_debug(l->log, "Reading configuration data %s", path);
		return ssh_config_read(&l->s->config, &l->in, path, writer_span(&text), is_user);
	}
	if (e == ERR_DENIED || e == ERR_NOMEM)
		return e;
	if (!must_exist)
		return ERR_OK;
	log_fatal(l->log, "Can't open user config file %s: %s", path,
	    e == ERR_SYSTEM || e == ERR_NOTFOUND ? strerror(errno) : err_text(e));
	return e;
}

enum err
loading_files(struct loading *l, const struct options *o)
{
	SCOPED(writer_free) struct writer path = writer_init(LIMIT_LINE);

	if (o->config_file != NULL) {
		if (strcmp(o->config_file, "none") == 0)
			return ERR_OK;
		return read_file(l, o->config_file, true, true);
	}
	wr_printf(&path, "%s/.ssh/config", l->s->me.home);
	wr_u8(&path, 0);
	TRY(wr_end(&path));
	l->checks_modes = true;
	TRY(read_file(l, (const char *)path.p, true, false));
	l->checks_modes = false;
	return read_file(l, SYSTEM_CONFIG, false, false);
}

enum err
loading_options(struct loading *l, const struct options *o)
{
	TRY(take_lines(l, &o->front));
	TRY(take_lines(l, &o->lines));
	return take_identities(l, &o->identities);
}

enum err
loading_begin(struct loading *l, const struct options *o)
{
	l->in.io = (struct config_io){ .include = on_include, .say = on_say, .self = l };
	set_algs(&l->in.algs);
	TRY(whoami_account(&l->s->me));
	return set_facts(l, o);
}
