/* SPDX-License-Identifier: ISC */
/* ssh-keygen: what certificates say (-L). */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"
#include "keys/authorized_keys.h"
#include "keys/cert.h"
#include "tools/ssh_keygen.h"

#define INDENT	"                "

static void
put_principals(struct writer *w, const struct cert *c)
{
	struct span rest = c->principals, name;

	wr_printf(w, "        Principals: %s\n", c->n_principals == 0 ? "(none)" : "");
	while (cert_next_principal(&rest, &name)) {
		wr_raw(w, SPAN_LIT(INDENT));
		text_visible(w, name);
		wr_u8(w, '\n');
	}
}

/* Whether it is known what an option means, in its list. */
static bool
is_known(struct span name, bool critical)
{
	static const char *const criticals[] = { "force-command", "source-address", "verify-required" };
	static const char *const extensions[] = { "permit-X11-forwarding", "permit-agent-forwarding",
	    "permit-port-forwarding", "permit-pty", "permit-user-rc", "no-touch-required" };
	const char *const *list = critical ? criticals : extensions;
	size_t n = critical ? COUNT(criticals) : COUNT(extensions);

	for (size_t i = 0; i < n; i++)
		if (span_is(name, list[i]))
			return true;
	return false;
}

static void
put_options(struct writer *w, const char *title, struct span rest, bool critical)
{
	struct cert_option o;

	wr_printf(w, "        %s: %s\n", title, rest.len == 0 ? "(none)" : "");
	while (cert_next_option(&rest, &o)) {
		wr_raw(w, SPAN_LIT(INDENT));
		text_visible(w, o.name);
		if (!is_known(o.name, critical) && o.is_flag) {
			wr_raw(w, SPAN_LIT(" UNKNOWN FLAG OPTION"));
		} else if (!is_known(o.name, critical) || o.is_odd) {
			wr_raw(w, SPAN_LIT(" UNKNOWN OPTION: "));
			hex_put(w, o.data, '\0');
			wr_printf(w, " (len %zu)", o.data.len);
		} else if (!o.is_flag) {
			wr_u8(w, ' ');
			text_visible(w, o.value);
		}
		wr_u8(w, '\n');
	}
}

/* What a signature names as its algorithm. */
static void
put_signature_alg(struct writer *w, const struct cert *c)
{
	struct reader r = rd_init(c->signature);

	wr_raw(w, SPAN_LIT(" (using "));
	text_visible(w, rd_bytes(&r));
	wr_raw(w, SPAN_LIT(")\n"));
}

static void
show(const struct keygen *kg, const struct cert *c)
{
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);

	wr_printf(&w, "        Type: %s %s certificate\n", c->type,
	    c->role == CERT_HOST ? "host" : "user");
	wr_printf(&w, "        Public key: %s-CERT ", key_label(c->key));
	fingerprint_put(&w, key_blob(c->key), kg->fingerprint);
	wr_printf(&w, "\n        Signing CA: %s ", key_label(c->ca));
	fingerprint_put(&w, key_blob(c->ca), kg->fingerprint);
	put_signature_alg(&w, c);
	wr_raw(&w, SPAN_LIT("        Key ID: \""));
	text_visible(&w, c->key_id);
	wr_printf(&w, "\"\n        Serial: %llu\n        Valid: ", (unsigned long long)c->serial);
	put_validity(&w, c->valid_after, c->valid_before);
	wr_u8(&w, '\n');
	put_principals(&w, c);
	put_options(&w, "Critical Options", c->critical, true);
	put_options(&w, "Extensions", c->extensions, false);
	print_writer(&w);
}

/* One line of a file; says what is wrong with it. */
static bool
show_line(const struct keygen *kg, const char *path, const struct authorized_line *line)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(cert_free) struct cert c = { .key = NULL };
	bool is_stdin = strcmp(path, "-") == 0;
	const char *name = is_stdin ? "(stdin)" : path;

	if (cert_type_plain(line->type) == NULL) {
		fprintf(stderr, line->err == ERR_OK ? "%s:%u is not a certificate\n" :
		    "%s:%u: invalid key: invalid format\n", name, line->number);
		return false;
	}
	if (base64_get(&blob, line->base64) != ERR_OK ||
	    cert_parse(writer_span(&blob), &c) != ERR_OK) {
		fprintf(stderr, "%s:%u: invalid key: invalid format\n", name, line->number);
		return false;
	}
	/* What nobody has signed is nothing that a CA says. */
	if (cert_check_signature(&c, span_str(keys_list(KEY_LIST_SIG))) != ERR_OK) {
		fprintf(stderr, "%s:%u: invalid key: incorrect signature\n", name, line->number);
		return false;
	}
	if (line->number > 1 || is_stdin)
		printf("%s:%u:\n", name, line->number);
	else
		printf("%s:\n", name);
	show(kg, &c);
	return true;
}

int
keygen_show_certs(struct keygen *kg)
{
	const char *path = file_or_ask(kg, "Enter file in which the key is");
	SCOPED(writer_free) struct writer file = writer_init(KEYGEN_MAX_FILE);
	struct authorized_walk walk;
	struct authorized_line line;
	bool any = false;
	enum err e = read_file(path, &file, NULL);

	if (e != ERR_OK)
		die("ssh-keygen: %s: %s", path, error_text(e));
	walk = (struct authorized_walk){ .rest = writer_span(&file) };
	while (authorized_next(&walk, &line))
		any = show_line(kg, path, &line) || any;
	return any ? 0 : 1;
}
