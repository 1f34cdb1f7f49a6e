/* SPDX-License-Identifier: ISC */
/*
 * UpdateHostKeys: a server that has proved who it is names its other host
 * keys (hostkeys-00@openssh.com). Those that it can prove to hold are added to
 * the user's file, those that it no longer has are taken out, so that it may
 * change keys without alarming anybody.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"
#include "crypto/random.h"
#include "keys/fingerprint.h"
#include "keys/key.h"
#include "os/file.h"
#include "os/tty.h"
#include "ssh/alive.h"
#include "ssh/hostkey.h"
#include "ssh/session.h"

#define PROVE		"hostkeys-prove-00@openssh.com"
#define KEYS_MAX	64		/* of one server */

struct hostkey_update {
	struct writer keys;		/* all that the server has: strings */
	struct span offered[KEYS_MAX];	/* spans of keys */
	bool is_new[KEYS_MAX];
	size_t n;
};

/* Lines that say something about this host alone, and so may be taken out. */
static bool
is_own_line(const struct hostkeys *h, const struct known_hosts_line *line)
{
	return line->err == ERR_OK && line->marker == KNOWN_HOSTS_PLAIN &&
	    (span_is(line->names, h->name) || (span_starts(line->names, SPAN_LIT("|1|")) &&
	    known_hosts_matches(line, span_str(h->name))));
}

/* Whether a line's key is one that the server still has. */
static bool
is_current(const struct hostkey_update *u, const struct known_hosts_line *line)
{
	SCOPED(writer_free) struct writer key = writer_init(LIMIT_KEY_BLOB);

	if (known_hosts_key(line, &key) != ERR_OK)
		return true;		/* not understood: not touched */
	for (size_t i = 0; i < u->n; i++)
		if (span_eq(u->offered[i], writer_span(&key)))
			return true;
	return false;
}

/* Writes the user's file anew: without old keys, with new ones behind. */
static enum err
make_text(const struct ssh *s, const struct hostkey_update *u, struct span old,
    struct writer *w, unsigned *changes)
{
	const struct hostkeys *h = s->hostkeys;
	enum known_hosts_form form = s->settings.config.hash_known_hosts ? KNOWN_HOSTS_HASHED :
	    KNOWN_HOSTS_NAMED;
	struct rng rng = rng_system();
	struct span text = old, raw;

	while (text.len > 0 && span_token(&text, '\n', &raw)) {
		struct known_hosts_line line;

		line.err = known_hosts_parse(raw, &line);
		if (line.err == ERR_OK && is_own_line(h, &line) && !is_current(u, &line)) {
			(*changes)++;
			continue;
		}
		wr_raw(w, raw);
		wr_u8(w, '\n');
	}
	for (size_t i = 0; i < u->n; i++) {
		if (!u->is_new[i])
			continue;
		TRY(known_hosts_put(w, span_str(h->name), form, u->offered[i], SPAN_EMPTY, &rng));
		(*changes)++;
	}
	return wr_end(w);
}

static void
say_new(const struct ssh *s, const struct hostkey_update *u)
{
	char fp[FINGERPRINT_SIZE];

	for (size_t i = 0; i < u->n; i++)
		if (u->is_new[i])
			log_verbose(&s->log, "Learned new hostkey: %s %s",
			    hostkey_label(u->offered[i]),
			    fingerprint_str(fp, u->offered[i], FINGERPRINT_SHA256));
}

/* UpdateHostKeys ask; in a raw terminal there is nobody to ask. */
static bool
user_agrees(const struct ssh *s)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };

	if (s->settings.config.update_host_keys != YNA_ASK)
		return true;
	if (s->session != NULL && s->session->tty.is_raw)
		return false;
	return tty_ask(TTY_ASK_CONFIRM, "Accept updated hostkeys? (yes/no): ", &answer) == ERR_OK &&
	    span_is(secret_span(&answer), "yes");
}

/* All new keys are proved: the file as it is now is changed. */
static void
update_file(struct ssh *s, const struct hostkey_update *u)
{
	SCOPED(writer_free) struct writer old = writer_init(64 * 1024 * 1024);
	SCOPED(writer_free) struct writer text = writer_init(64 * 1024 * 1024);
	const char *path = s->hostkeys->files[0].path;
	unsigned changes = 0;
	struct stat st;
	enum err e = file_read(path, &old, &st);

	say_new(s, u);
	if (e == ERR_OK)
		e = make_text(s, u, writer_span(&old), &text, &changes);
	if (e == ERR_OK && changes > 0 && user_agrees(s))
		e = file_create(path, writer_span(&text), st.st_mode & 0777, FILE_REPLACE);
	if (e != ERR_OK)
		log_error(&s->log, "update_known_hosts: %s could not be changed: %s", path,
		    err_text(e));
}

/* --- proofs --- */

/* Whether sig shows that the server holds the key. */
static bool
is_proved(const struct ssh *s, struct span blob, struct span sig)
{
	SCOPED(writer_free) struct writer data = writer_init(LIMIT_PACKET);
	SCOPED(key_free) struct key *key = NULL;
	struct reader r = rd_init(sig);
	struct span alg = rd_bytes(&r);

	if (r.err != ERR_OK || key_from_blob(blob, &key) != ERR_OK)
		return false;
	wr_str(&data, PROVE);
	wr_bytes(&data, conn_session_id(s->conn));
	wr_bytes(&data, blob);
	return wr_end(&data) == ERR_OK &&
	    key_verify(key, alg, span_str(s->settings.config.host_key_algorithms), sig,
	    writer_span(&data), NULL) == ERR_OK;
}

static void
update_free(struct hostkey_update *u)
{
	if (u != NULL)
		writer_free(&u->keys);
	free(u);
}

static void
on_proofs(struct ssh *s, void *arg, bool ok, struct span body)
{
	struct hostkey_update *u = arg;
	struct reader r = rd_init(body);

	for (size_t i = 0; ok && i < u->n; i++)
		if (u->is_new[i])
			ok = is_proved(s, u->offered[i], rd_bytes(&r));
	if (ok && rd_end(&r) == ERR_OK)
		update_file(s, u);
	else
		log_debug(&s->log, "server failed to prove that it holds its host keys");
	s->hostkeys->update = NULL;
	update_free(u);
}

/* --- what the server names --- */

/* Whether a key is of a type that we would take from this server. */
static bool
is_acceptable(const struct ssh *s, struct span blob)
{
	SCOPED(key_free) struct key *key = NULL;
	struct span algs, alg;

	if (key_from_blob(blob, &key) != ERR_OK ||
	    (span_is(key_blob_type(blob), "ssh-rsa") &&
	    key_bits(key) < s->settings.config.required_rsa_size))
		return false;
	algs = span_str(key_algs(key));
	while (span_token(&algs, ',', &alg))
		if (text_list_has(span_str(s->settings.config.host_key_algorithms), alg))
			return true;
	return false;
}

static bool
is_known(const struct hostkeys *h, struct span blob)
{
	struct known_hosts_result result = { .status = KNOWN_HOSTS_NEW };

	for (size_t i = 0; i < h->n_files; i++)
		if (known_hosts_check(writer_span(&h->files[i].text), (unsigned)i,
		    span_str(h->name), blob, KNOWN_HOSTS_PLAIN, &result) != ERR_OK)
			return true;
	return result.status == KNOWN_HOSTS_FOUND || result.status == KNOWN_HOSTS_IS_REVOKED;
}

/* Takes the list apart. Returns how many of them are new; SIZE_MAX if it is no good. */
static size_t
take_keys(const struct ssh *s, struct hostkey_update *u, struct span body)
{
	bool has_trusted = false;
	struct reader r;
	size_t n_new = 0;

	wr_raw(&u->keys, body);
	if (wr_end(&u->keys) != ERR_OK)
		return SIZE_MAX;
	r = rd_init(writer_span(&u->keys));
	while (r.rest.len > 0 && r.err == ERR_OK && u->n < KEYS_MAX) {
		struct span blob = rd_bytes(&r);

		if (r.err != ERR_OK)
			break;
		has_trusted |= span_eq(blob, writer_span(&s->hostkeys->trusted));
		if (!is_acceptable(s, blob))	/* as good as not there any more */
			continue;
		u->offered[u->n] = blob;
		u->is_new[u->n] = !is_known(s->hostkeys, blob);
		n_new += u->is_new[u->n++];
	}
	/* A list without the key that it proved itself with is not to be trusted. */
	return rd_end(&r) == ERR_OK && has_trusted ? n_new : SIZE_MAX;
}

static void
ask_for_proofs(struct ssh *s, struct hostkey_update *u)
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);

	for (size_t i = 0; i < u->n; i++)
		if (u->is_new[i])
			wr_bytes(&body, u->offered[i]);
	if (wr_end(&body) != ERR_OK ||
	    alive_ask(s, PROVE, writer_span(&body), on_proofs, u) != ERR_OK) {
		update_free(u);
		return;
	}
	s->hostkeys->update = u;
}

bool
hostkeys_event(struct ssh *s, const struct event *ev)
{
	struct hostkeys *h = s->hostkeys;
	struct hostkey_update *u;
	size_t n_new;

	if (ev->type != EV_GLOBAL_REQUEST || ev->want_reply ||
	    !span_is(ev->request, "hostkeys-00@openssh.com"))
		return false;
	if (h == NULL || s->settings.config.update_host_keys == YNA_NO || !h->is_confirmed || h->has_updated)
		return true;
	h->has_updated = true;
	u = calloc(1, sizeof(*u));
	if (u == NULL)
		return true;
	u->keys = writer_init(LIMIT_PACKET);
	n_new = take_keys(s, u, ev->body);
	if (n_new != 0 && n_new != SIZE_MAX) {
		ask_for_proofs(s, u);
		return true;
	}
	if (n_new == 0)
		update_file(s, u);
	update_free(u);
	return true;
}

void
hostkeys_end_update(struct hostkeys *h)
{
	update_free(h->update);
	h->update = NULL;
}
