/* SPDX-License-Identifier: ISC */
/* The files with known hosts, and how hosts are called in them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "crypto/random.h"
#include "os/file.h"
#include "ssh/hostkey.h"

#define KNOWN_HOSTS_MAX	(64 * 1024 * 1024)

/*
 * Whether a file that could not be read may count as one without lines, as one
 * that is not there does: it is not the user's to read. With anything else, it
 * would be unknown what it says about the host.
 */
static bool
may_be_empty(enum err e)
{
	if (e == ERR_SYSTEM)
		return errno == EACCES || errno == EPERM || errno == ELOOP || errno == ENXIO ||
		    errno == ENAMETOOLONG;
	return e == ERR_NOTFOUND || e == ERR_FORMAT;
}

static enum err
add_file(struct ssh *s, enum ssh_keyword k, const char *text, bool is_user)
{
	struct hostkeys *h = s->hostkeys;
	struct hostkey_file *f = &h->files[h->n_files];
	enum err e;

	if (h->n_files == HOSTKEY_FILES)
		return ERR_OK;
	TRY(settings_expand(&s->settings, &s->log, k, text, &f->path));
	f->text = writer_init(KNOWN_HOSTS_MAX);
	f->is_user = is_user;
	h->n_files++;
	e = file_read(f->path, &f->text, NULL);
	if (e != ERR_OK && !may_be_empty(e)) {
		log_error(&s->log, "load_hostkeys: %s: %s", f->path,
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		return e;
	}
	if (e != ERR_OK && e != ERR_NOTFOUND)
		log_debug(&s->log, "load_hostkeys: %s: %s", f->path,
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	else if (e == ERR_NOTFOUND)
		log_debug(&s->log, "load_hostkeys: fopen %s: %s", f->path, strerror(ENOENT));
	return ERR_OK;
}

static enum err
add_files(struct ssh *s, enum ssh_keyword k, const struct words *files, bool is_user)
{
	for (size_t i = 0; i < files->n; i++)
		TRY(add_file(s, k, files->v[i], is_user));
	return ERR_OK;
}

enum err
hostkeys_name(struct span host, unsigned port, char **out)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	known_hosts_name(&w, host, port);
	TRY(wr_end(&w));
	*out = span_dup_str(writer_span(&w));
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
make_names(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	struct hostkeys *h = s->hostkeys;

	if (c->host_key_alias != NULL) {
		TRY(hostkeys_name(span_str(c->host_key_alias), 22, &h->name));
		log_debug(&s->log, "using hostkeyalias: %s", h->name);
	} else {
		TRY(hostkeys_name(span_str(s->settings.host), c->port, &h->name));
	}
	if (s->route.is_proxied)
		return ERR_OK;
	return hostkeys_name(span_str(s->route.peer_text), c->port, &h->ip);
}

/* Puts algorithms first that the files know keys for; the first file's very first. */
static enum err
order_algs(struct ssh *s)
{
	const struct hostkeys *h = s->hostkeys;

	s->hostkey_algs = s->settings.config.host_key_algorithms;
	if (ssh_config_is_set(&s->settings.config, SSH_KEYWORD_HostKeyAlgorithms))
		return ERR_OK;
	for (size_t i = h->n_files; i > 0; i--) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

		TRY(known_hosts_order(writer_span(&h->files[i - 1].text), span_str(h->name),
		    span_str(s->hostkey_algs), &w));
		wr_u8(&w, 0);
		TRY(wr_end(&w));
		free(s->hostkey_algs_own);
		s->hostkey_algs_own = (char *)writer_take(&w, &(size_t){ 0 });
		s->hostkey_algs = s->hostkey_algs_own;
	}
	return ERR_OK;
}

enum err
hostkeys_ask_command(struct ssh *s, const char *what, const char *name, struct span blob)
{
	struct hostkeys *h = s->hostkeys;
	struct hostkey_file *f = &h->files[h->n_files];

	if (s->settings.config.known_hosts_command == NULL || h->n_files == HOSTKEY_FILES)
		return ERR_OK;
	*f = (struct hostkey_file){ .text = writer_init(KNOWN_HOSTS_MAX) };
	if (asprintf(&f->path, "KnownHostsCommand-%s", what) == -1) {
		f->path = NULL;
		return ERR_NOMEM;
	}
	h->n_files++;
	return known_command(s, what, name, blob, &f->text);
}

static void
forget_last_file(struct hostkeys *h)
{
	struct hostkey_file *f = &h->files[--h->n_files];

	free(f->path);
	writer_free(&f->text);
}

/* The command may know keys, and so what to ask for; it is asked again about the key itself. */
static enum err
order_with_command(struct ssh *s)
{
	size_t n = s->hostkeys->n_files;
	enum err e;

	if (!ssh_config_is_set(&s->settings.config, SSH_KEYWORD_HostKeyAlgorithms))
		TRY(hostkeys_ask_command(s, "ORDER", s->hostkeys->name, SPAN_EMPTY));
	e = order_algs(s);
	while (s->hostkeys->n_files > n)
		forget_last_file(s->hostkeys);
	return e;
}

enum err
hostkeys_load(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;

	s->hostkeys = calloc(1, sizeof(*s->hostkeys));
	if (s->hostkeys == NULL)
		return ERR_NOMEM;
	s->hostkeys->trusted = writer_init(LIMIT_KEY_BLOB);
	TRY(make_names(s));
	TRY(add_files(s, SSH_KEYWORD_UserKnownHostsFile, &c->user_known_hosts_files, true));
	TRY(add_files(s, SSH_KEYWORD_GlobalKnownHostsFile, &c->global_known_hosts_files, false));
	return order_with_command(s);
}

void
hostkeys_free(struct hostkeys *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->n_files; i++) {
		free(h->files[i].path);
		writer_free(&h->files[i].text);
	}
	free(h->name);
	free(h->ip);
	hostkeys_end_update(h);
	writer_free(&h->trusted);
	free(h);
}

/* --- adding --- */

/* Makes the folder of the user's file if it is ~/.ssh. */
static void
make_folder(const struct ssh *s, const char *path)
{
	char folder[4096];
	int n = snprintf(folder, sizeof(folder), "%s/.ssh", s->settings.me.home);

	if (n < 0 || (size_t)n >= sizeof(folder) || strncmp(path, folder, (size_t)n) != 0 ||
	    path[n] != '/')
		return;
	if (mkdir(folder, 0700) == -1 && errno != EEXIST)
		log_error(&s->log, "Could not create directory '%s' (%s).", folder, strerror(errno));
}

/* Whether the first file is left in the middle of a line: somebody's editor did not end it. */
static bool
is_open_ended(const struct hostkeys *h)
{
	const struct writer *text = &h->files[0].text;

	return text->len > 0 && text->p[text->len - 1] != '\n';
}

static enum err
put_lines(const struct ssh *s, struct span blob, struct writer *w)
{
	const struct ssh_config *c = &s->settings.config;
	const struct hostkeys *h = s->hostkeys;
	enum known_hosts_form form = c->hash_known_hosts ? KNOWN_HOSTS_HASHED : KNOWN_HOSTS_NAMED;
	struct rng rng = rng_system();

	if (is_open_ended(h))
		wr_u8(w, '\n');
	TRY(known_hosts_put(w, span_str(h->name), form, blob, SPAN_EMPTY, &rng));
	if (hostkeys_checks_ip(s))
		TRY(known_hosts_put(w, span_str(h->ip), form, blob, SPAN_EMPTY, &rng));
	return wr_end(w);
}

void
hostkeys_remember(struct ssh *s, struct span blob)
{
	SCOPED(writer_free) struct writer lines = writer_init(LIMIT_LINE);
	const struct hostkeys *h = s->hostkeys;
	enum err e;

	if (h->n_files == 0 || !h->files[0].is_user)
		return;
	make_folder(s, h->files[0].path);
	e = put_lines(s, blob, &lines);
	if (e == ERR_OK)
		e = file_append(h->files[0].path, writer_span(&lines), 0600);
	if (e != ERR_OK)
		log_info(&s->log, "Failed to add the host to the list of known hosts (%s).",
		    h->files[0].path);
	else
		log_info(&s->log, "Warning: Permanently added '%s' (%s) to the list of known hosts.",
		    h->name, hostkey_label(blob));
}

void
hostkeys_remember_ip(struct ssh *s, struct span blob)
{
	SCOPED(writer_free) struct writer line = writer_init(LIMIT_LINE);
	const struct hostkeys *h = s->hostkeys;
	struct rng rng = rng_system();
	enum err e;

	if (h->n_files == 0 || !h->files[0].is_user)
		return;
	if (is_open_ended(h))
		wr_u8(&line, '\n');
	e = known_hosts_put(&line, span_str(h->ip), s->settings.config.hash_known_hosts ?
	    KNOWN_HOSTS_HASHED : KNOWN_HOSTS_NAMED, blob, SPAN_EMPTY, &rng);
	if (e == ERR_OK)
		e = wr_end(&line);
	if (e == ERR_OK)
		e = file_append(h->files[0].path, writer_span(&line), 0600);
	if (e != ERR_OK)
		log_info(&s->log, "Failed to add the %s host key for IP address '%s' to the list of "
		    "known hosts (%s).", hostkey_label(blob), h->ip, h->files[0].path);
	else
		log_info(&s->log, "Warning: Permanently added the %s host key for IP address '%s' to "
		    "the list of known hosts.", hostkey_label(blob), h->ip);
}
