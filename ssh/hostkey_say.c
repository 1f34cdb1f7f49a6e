/* SPDX-License-Identifier: ISC */
/* What the user reads, and is asked, about host keys: in OpenSSH's words, which tools look for. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "keys/fingerprint.h"
#include "keys/key.h"
#include "os/tty.h"
#include "ssh/hostkey.h"

const char *
hostkey_label(struct span blob)
{
	const char *label = key_type_label(key_blob_type(blob));

	return label == NULL ? "unknown" : label;
}

static enum fingerprint
wanted_fingerprint(const struct ssh *s)
{
	return s->settings.config.fingerprint_hash == FINGERPRINT_HASH_MD5 ? FINGERPRINT_MD5 :
	    FINGERPRINT_SHA256;
}

/* Names under which this very key is known already: "    FILE:LINE: NAMES". */
static unsigned
list_other_names(const struct hostkeys *h, struct span blob, struct writer *w)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->n_files; i++) {
		struct known_hosts_walk walk = { .rest = writer_span(&h->files[i].text) };
		struct known_hosts_line line;

		while (known_hosts_next(&walk, &line)) {
			SCOPED(writer_free) struct writer key = writer_init(LIMIT_KEY_BLOB);
			bool is_hashed = span_starts(line.names, SPAN_LIT("|"));

			if (line.err != ERR_OK || line.marker != KNOWN_HOSTS_PLAIN ||
			    known_hosts_key(&line, &key) != ERR_OK ||
			    !span_eq(writer_span(&key), blob) || n++ >= 8)
				continue;
			wr_printf(w, "    %s:%u: ", h->files[i].path, line.number);
			text_visible(w, is_hashed ? SPAN_LIT("[hashed name]") : line.names);
			wr_u8(w, '\n');
		}
	}
	return n;
}

static void
put_randomart(const struct ssh *s, struct span blob, struct writer *w)
{
	SCOPED(key_free) struct key *key = NULL;

	if (!s->settings.config.visual_host_key || key_from_blob(blob, &key) != ERR_OK)
		return;
	randomart_put(w, blob, wanted_fingerprint(s), key_label(key), key_bits(key));
	if (w->len > 0 && w->p[w->len - 1] != '\n')
		wr_u8(w, '\n');
}

void
hostkey_say_picture(const struct ssh *s, struct span blob)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	char fp[FINGERPRINT_SIZE];
	struct span rest, line;

	put_randomart(s, blob, &w);
	if (w.len == 0 || wr_end(&w) != ERR_OK)
		return;
	fingerprint_str(fp, blob, wanted_fingerprint(s));
	log_info(&s->log, "Host key fingerprint is %s", fp);
	rest = writer_span(&w);
	while (span_token(&rest, '\n', &line))
		if (line.len > 0)
			log_info(&s->log, "%.*s", (int)line.len, (const char *)line.p);
}

/* The whole question, NUL terminated. */
static enum err
make_question(const struct ssh *s, struct span blob, bool same_host, const char *fp,
    struct writer *w)
{
	const struct hostkeys *h = s->hostkeys;
	SCOPED(writer_free) struct writer names = writer_init(LIMIT_LINE);
	unsigned n = list_other_names(h, blob, &names);

	wr_printf(w, "The authenticity of host '%s (%s)' can't be established%s\n", h->name,
	    h->ip == NULL ? "<no hostip for proxy command>" : h->ip,
	    same_host ? "\nbut keys of different type are already known for this host." : ".");
	wr_printf(w, "%s key fingerprint is %s.\n", hostkey_label(blob), fp);
	if (s->settings.config.verify_host_key_dns != YNA_NO)
		wr_printf(w, "%s host key fingerprint found in DNS.\n",
		    h->dns >= HOSTKEY_DNS_MATCHES ? "Matching" : "No matching");
	put_randomart(s, blob, w);
	if (n == 0) {
		wr_printf(w, "This key is not known by any other names.\n");
	} else {
		wr_printf(w, "This host key is known by the following other names/addresses:\n");
		wr_raw(w, writer_span(&names));
		if (n > 8)
			wr_printf(w, "    (%u additional names omitted)\n", n - 8);
	}
	wr_printf(w, "Are you sure you want to continue connecting (yes/no/[fingerprint])? ");
	wr_u8(w, 0);
	return wr_end(w);
}

/* An answer without the blanks around it. */
static struct span
trim(struct span s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_skip(s, 1);
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r')
			return span_first(s, i);
	return s;
}

static bool
is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.p, word, s.len) == 0;
}

bool
hostkey_confirm(const char *question)
{
	SCOPED(secret_free) struct secret answer = { NULL, 0 };

	for (;;) {
		struct span said;

		if (tty_ask(TTY_ASK_LINE, question, &answer) != ERR_OK)
			return false;
		said = trim(secret_span(&answer));
		if (said.len == 0 || is_word(said, "no"))
			return false;
		if (is_word(said, "yes"))
			return true;
		question = "Please type 'yes' or 'no': ";
	}
}

bool
hostkey_ask(const struct ssh *s, struct span blob, bool same_host)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	SCOPED(secret_free) struct secret answer = { NULL, 0 };
	char fp[FINGERPRINT_SIZE];
	const char *text;

	fingerprint_str(fp, blob, wanted_fingerprint(s));
	if (make_question(s, blob, same_host, fp, &w) != ERR_OK)
		return false;
	text = (const char *)w.p;
	for (;;) {
		struct span said;

		if (tty_ask(TTY_ASK_LINE, text, &answer) != ERR_OK)
			return false;
		said = trim(secret_span(&answer));
		if (said.len == 0 || is_word(said, "no"))
			return false;
		if (is_word(said, "yes") || fingerprint_is(said, blob))
			return true;
		text = "Please type 'yes', 'no' or the fingerprint: ";
	}
}

void
hostkey_say_box(const struct log *log, const char *middle)
{
	static const char line[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

	log_error(log, "%s", line);
	log_error(log, "%s", middle);
	log_error(log, "%s", line);
}

/* The block about a key that has changed, up to what may be done about it. */
static void
say_changed(const struct ssh *s, struct span blob)
{
	char fp[FINGERPRINT_SIZE];

	fingerprint_str(fp, blob, wanted_fingerprint(s));
	hostkey_say_box(&s->log, "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @");
	log_error(&s->log, "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!");
	log_error(&s->log,
	    "Someone could be eavesdropping on you right now (man-in-the-middle attack)!");
	log_error(&s->log, "It is also possible that a host key has just been changed.");
	log_error(&s->log, "The fingerprint for the %s key sent by the remote host is",
	    hostkey_label(blob));
	log_error(&s->log, "%s.", fp);
	log_error(&s->log, "Please contact your system administrator.");
}

void
hostkey_say_dns_differs(const struct ssh *s, struct span blob)
{
	say_changed(s, blob);
	log_error(&s->log,
	    "Update the SSHFP RR in DNS with the new host key to get rid of this message.");
}

void
hostkey_say_changed(const struct ssh *s, struct span blob,
    const struct known_hosts_result *result)
{
	const struct hostkeys *h = s->hostkeys;
	const struct hostkey_file *f = &h->files[result->file];
	struct known_hosts_walk walk = { .rest = writer_span(&f->text) };
	struct known_hosts_line line = { .number = 0 };
	const char *label = NULL;

	while (line.number != result->line && known_hosts_next(&walk, &line))
		;
	if (line.number == result->line)
		label = key_type_label(line.type);
	say_changed(s, blob);
	log_error(&s->log, "Add correct host key in %s to get rid of this message.",
	    h->n_files > 0 ? h->files[0].path : "known_hosts");
	log_error(&s->log, "Offending %s key in %s:%u", label == NULL ? "unknown" : label, f->path,
	    result->line);
	log_error(&s->log, "  remove with:");
	log_error(&s->log, "  ssh-keygen -f '%s' -R '%s'", f->path, h->name);
}

void
hostkey_say_revoked(const struct ssh *s, struct span blob)
{
	hostkey_say_box(&s->log, "@       WARNING: REVOKED HOST KEY DETECTED!               @");
	log_error(&s->log, "The %s host key for %s is marked as revoked.", hostkey_label(blob),
	    s->hostkeys->name);
	log_error(&s->log,
	    "This could mean that a stolen key is being used to impersonate this host.");
}
