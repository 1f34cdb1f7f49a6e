/* SPDX-License-Identifier: ISC */
#include "ssh/hostkey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "keys/fingerprint.h"
#include "keys/key.h"
#include "keys/krl.h"
#include "os/file.h"

#define KNOWN_HOSTS_MAX	(64 * 1024 * 1024)

/* --- files and names --- */

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
	if (e == ERR_NOMEM)
		return e;
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

static enum err
make_name(struct span host, unsigned port, char **out)
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
		TRY(make_name(span_str(c->host_key_alias), 22, &h->name));
		log_debug(&s->log, "using hostkeyalias: %s", h->name);
	} else {
		TRY(make_name(span_str(s->settings.host), c->port, &h->name));
	}
	if (s->route.is_proxied)
		return ERR_OK;
	return make_name(span_str(s->route.peer_text), c->port, &h->ip);
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

/*
 * Lets KnownHostsCommand give lines about name, as one more file that is
 * forgotten again. Nothing happens if there is none.
 */
static enum err
add_command_lines(struct ssh *s, const char *what, const char *name, struct span blob)
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

	TRY(add_command_lines(s, "ORDER", s->hostkeys->name, SPAN_EMPTY));
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

/* --- looking up --- */

static enum err
look_up(const struct hostkeys *h, struct span name, struct span blob,
    struct known_hosts_result *result)
{
	*result = (struct known_hosts_result){ .status = KNOWN_HOSTS_NEW };
	for (size_t i = 0; i < h->n_files; i++)
		TRY(known_hosts_check(writer_span(&h->files[i].text), (unsigned)i, name, blob,
		    KNOWN_HOSTS_PLAIN, result));
	return ERR_OK;
}

/* RevokedHostKeys: a file that cannot be read, or understood, revokes all. */
static bool
is_revoked(const struct ssh *s, struct span blob)
{
	const struct words *files = &s->settings.config.revoked_host_keys;

	for (size_t i = 0; i < files->n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(KNOWN_HOSTS_MAX);
		bool revoked = true;
		char *path = NULL;
		enum err e = settings_expand(&s->settings, &s->log, SSH_KEYWORD_RevokedHostKeys,
		    files->v[i], &path);

		if (e == ERR_OK)
			e = file_read(path, &text, NULL);
		if (e == ERR_OK)
			e = revoked_key(writer_span(&text), blob, &revoked);
		if (e != ERR_OK)
			log_error(&s->log, "Error checking host key against revoked keys file %s: %s",
			    path == NULL ? files->v[i] : path,
			    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		free(path);
		if (e != ERR_OK)
			return true;
		if (revoked) {
			log_error(&s->log, "Host key %s revoked by file %s", hostkey_label(blob),
			    files->v[i]);
			return true;
		}
	}
	return false;
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

static enum err
put_lines(const struct ssh *s, struct span blob, struct writer *w)
{
	const struct ssh_config *c = &s->settings.config;
	const struct hostkeys *h = s->hostkeys;
	enum known_hosts_form form = c->hash_known_hosts ? KNOWN_HOSTS_HASHED : KNOWN_HOSTS_NAMED;
	const struct writer *text = &h->files[0].text;
	struct rng rng = rng_system();

	/* Somebody's editor left the last line without its end. */
	if (text->len > 0 && text->p[text->len - 1] != '\n')
		wr_u8(w, '\n');
	TRY(known_hosts_put(w, span_str(h->name), form, blob, SPAN_EMPTY, &rng));
	if (c->check_host_ip && h->ip != NULL && strcmp(h->ip, h->name) != 0 &&
	    c->host_key_alias == NULL)
		TRY(known_hosts_put(w, span_str(h->ip), form, blob, SPAN_EMPTY, &rng));
	return wr_end(w);
}

/* Adds the key to the user's first file. A failure is told, and is none of the check. */
static void
remember(struct ssh *s, struct span blob)
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

/* --- deciding --- */

static bool
is_localhost(const struct ssh *s)
{
	const struct address *a = &s->route.peer.address;
	static const uint8_t v6[16] = { [15] = 1 };

	if (s->route.is_proxied)
		return false;
	return a->family == 4 ? a->bytes[0] == 127 : memcmp(a->bytes, v6, sizeof(v6)) == 0;
}

/* A key on a port of its own may be known by the host's name alone. */
static bool
is_known_without_port(const struct ssh *s, struct span blob)
{
	const struct ssh_config *c = &s->settings.config;
	struct known_hosts_result result;
	bool found;
	char *name;

	if (c->host_key_alias != NULL || c->port == 22)
		return false;
	if (make_name(span_str(s->settings.host), 22, &name) != ERR_OK)
		return false;
	log_debug(&s->log, "checking without port identifier");
	found = look_up(s->hostkeys, span_str(name), blob, &result) == ERR_OK &&
	    result.status == KNOWN_HOSTS_FOUND;
	free(name);
	if (found)
		log_debug(&s->log, "found matching key w/out port");
	return found;
}

static bool
decide_new(struct ssh *s, struct span blob, const struct known_hosts_result *result)
{
	enum strict_checking strict = s->settings.config.strict_host_key_checking;

	if (is_known_without_port(s, blob))
		return true;
	if (strict == STRICT_YES) {
		log_error(&s->log,
		    "No %s host key is known for %s and you have requested strict checking.",
		    hostkey_label(blob), s->hostkeys->name);
		return false;
	}
	if (strict == STRICT_ASK && (s->settings.config.batch_mode ||
	    !hostkey_ask(s, blob, result->n_known > 0)))
		return false;
	s->hostkeys->is_confirmed = strict == STRICT_ASK;
	remember(s, blob);
	return true;
}

/*
 * The host has shown another key than the files have; that they only have keys
 * of other types is no excuse, for whoever is in the middle chooses the type.
 * With no checking the connection may go on, but nothing of value is given
 * away (as in OpenSSH).
 */
static bool
decide_changed(struct ssh *s, struct span blob, const struct known_hosts_result *result)
{
	struct ssh_config *c = &s->settings.config;

	hostkey_say_changed(s, blob, result);
	if (c->strict_host_key_checking != STRICT_NO) {
		log_error(&s->log,
		    "Host key for %s has changed and you have requested strict checking.",
		    s->hostkeys->name);
		return false;
	}
	s->hostkeys->is_unsafe = true;
	if (c->password_authentication)
		log_error(&s->log,
		    "Password authentication is disabled to avoid man-in-the-middle attacks.");
	if (c->kbd_interactive_authentication)
		log_error(&s->log, "Keyboard-interactive authentication is disabled to avoid "
		    "man-in-the-middle attacks.");
	if (c->forward_agent.on)
		log_error(&s->log,
		    "Agent forwarding is disabled to avoid man-in-the-middle attacks.");
	if (c->local_forwards.n + c->remote_forwards.n + c->dynamic_forwards.n > 0)
		log_error(&s->log,
		    "Port forwarding is disabled to avoid man-in-the-middle attacks.");
	c->password_authentication = false;
	c->kbd_interactive_authentication = false;
	c->forward_agent.on = false;
	c->clear_all_forwardings = true;
	return true;
}

static bool
decide(struct ssh *s, struct span blob)
{
	const struct ssh_config *c = &s->settings.config;
	struct hostkeys *h = s->hostkeys;
	struct known_hosts_result result;

	if (is_revoked(s, blob)) {
		hostkey_say_revoked(s, blob);
		return false;
	}
	if (c->no_host_authentication_for_localhost && is_localhost(s)) {
		log_debug(&s->log, "Forcing accepting of host key for loopback/localhost.");
		return true;
	}
	if (add_command_lines(s, "HOSTNAME", h->name, blob) != ERR_OK ||
	    look_up(h, span_str(h->name), blob, &result) != ERR_OK) {
		log_error(&s->log, "Looking up the host key failed.");
		return false;
	}
	switch (result.status) {
	case KNOWN_HOSTS_FOUND:
		log_debug(&s->log, "Host '%s' is known and matches the %s host key.", h->name,
		    hostkey_label(blob));
		log_debug(&s->log, "Found key in %s:%u", h->files[result.file].path, result.line);
		h->is_confirmed = result.file == 0 && h->files[0].is_user;
		return true;
	case KNOWN_HOSTS_NEW:
		return decide_new(s, blob, &result);
	case KNOWN_HOSTS_CHANGED:
		return decide_changed(s, blob, &result);
	case KNOWN_HOSTS_IS_REVOKED:
		break;
	}
	hostkey_say_revoked(s, blob);
	return false;
}

bool
hostkeys_check(struct ssh *s, struct span blob, const char *alg)
{
	struct hostkeys *h = s->hostkeys;
	char fp[FINGERPRINT_SIZE];

	/* A rekey must show the key of the beginning. */
	if (h->trusted.len > 0)
		return span_eq(blob, writer_span(&h->trusted));
	log_debug(&s->log, "Server host key: %s %s", alg,
	    fingerprint_str(fp, blob, FINGERPRINT_SHA256));
	if (!decide(s, blob)) {
		log_fatal(&s->log, "Host key verification failed.");
		return false;
	}
	wr_raw(&h->trusted, blob);
	return wr_end(&h->trusted) == ERR_OK;
}
