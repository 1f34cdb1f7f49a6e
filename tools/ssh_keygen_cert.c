/* SPDX-License-Identifier: ISC */
/* ssh-keygen -s: certificates. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "keys/cert.h"
#include "os/file.h"
#include "tools/ssh_keygen.h"
#include "tools/ssh_keygen_agent.h"

/* Extensions that a user certificate has unless -O takes them away, and a host certificate only if -O says so. */
static const char *const permits[] = {
	"permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding",
	"permit-pty", "permit-user-rc",
};

/* One option to go into the certificate. */
struct extra {
	struct span name;
	struct span value;		/* p NULL: a flag */
	bool is_critical;
};

/* What -O has said. */
struct wanted {
	unsigned permits;		/* by place in permits[] */
	bool verify_required;
	bool no_touch_required;
	const char *command;
	const char *source;
	struct extra *extra;
	size_t n_extra;
};

/* A list that would let nobody in is not made. */
static void
check_source(const char *list)
{
	struct span rest = span_str(list), part;
	struct cidr cidr;

	while (span_token(&rest, ',', &part))
		if (cidr_parse(part, &cidr) != ERR_OK)
			die("Invalid source-address list: \"%.*s\" is no address or network",
			    (int)part.len, (const char *)part.p);
}

/* "critical:name[=value]", "extension:name[=value]". */
static void
add_extra(struct wanted *w, const char *text, bool is_critical)
{
	struct span s = span_str(strchr(text, ':') + 1);
	size_t equals = span_find(s, '=');
	struct extra *larger = realloc(w->extra, (w->n_extra + 1) * sizeof *larger);

	if (larger == NULL)
		die("%s", err_text(ERR_NOMEM));
	w->extra = larger;
	w->extra[w->n_extra++] = (struct extra){
		.name = span_first(s, equals),
		.value = equals == s.len ? SPAN_EMPTY :
		    span_of(s.p + equals + 1, s.len - equals - 1),
		.is_critical = is_critical,
	};
}

/* "no-pty", "permit-pty" and the like; false if text is none of them. */
static bool
set_permit(struct wanted *w, const char *text)
{
	for (unsigned i = 0; i < COUNT(permits); i++) {
		if (strcasecmp(text, permits[i]) == 0) {
			w->permits |= 1u << i;
			return true;
		}
		if (strncasecmp(text, "no-", 3) == 0 &&
		    strcasecmp(text + 3, permits[i] + strlen("permit-")) == 0) {
			w->permits &= ~(1u << i);
			return true;
		}
	}
	return false;
}

/* A value that may be given once. */
static void
set_value(const char **slot, const char *value, const char *name)
{
	if (*slot != NULL)
		die("%s already specified", name);
	if (*value == '\0')
		die("Empty %s option", name);
	*slot = value;
}

static void
take_option(struct wanted *w, const char *text)
{
	static const char command[] = "force-command=", source[] = "source-address=";

	if (strcasecmp(text, "clear") == 0) {
		w->permits = 0;
	} else if (set_permit(w, text)) {
		return;
	} else if (strcasecmp(text, "verify-required") == 0) {
		w->verify_required = true;
	} else if (strcasecmp(text, "no-touch-required") == 0) {
		w->no_touch_required = true;
	} else if (strncasecmp(text, command, sizeof command - 1) == 0) {
		set_value(&w->command, text + sizeof command - 1, "force-command");
	} else if (strncasecmp(text, source, sizeof source - 1) == 0) {
		set_value(&w->source, text + sizeof source - 1, "source-address");
		check_source(w->source);
	} else if (strncasecmp(text, "critical:", 9) == 0) {
		add_extra(w, text, true);
	} else if (strncasecmp(text, "extension:", 10) == 0) {
		add_extra(w, text, false);
	} else {
		die("Unsupported certificate option \"%s\"", text);
	}
}

/* Adds a named option of our own to the list. */
static void
add_named(struct extra *list, size_t *n, const char *name, const char *value, bool is_critical)
{
	list[(*n)++] = (struct extra){ span_str(name), value == NULL ? SPAN_EMPTY :
	    span_str(value), is_critical };
}

static int
by_name(const void *a, const void *b)
{
	return span_cmp(((const struct extra *)a)->name, ((const struct extra *)b)->name);
}

/* Writes critical options and extensions, each sorted by name. */
static void
put_options(const struct wanted *w, struct writer *critical, struct writer *extensions)
{
	struct extra *all = calloc(w->n_extra + COUNT(permits) + 4, sizeof *all);
	size_t n = 0;

	if (all == NULL)
		die("%s", err_text(ERR_NOMEM));
	for (size_t i = 0; i < w->n_extra; i++)
		all[n++] = w->extra[i];
	for (unsigned i = 0; i < COUNT(permits); i++)
		if ((w->permits >> i & 1) != 0)
			add_named(all, &n, permits[i], NULL, false);
	if (w->no_touch_required)
		add_named(all, &n, "no-touch-required", NULL, false);
	if (w->verify_required)
		add_named(all, &n, "verify-required", NULL, true);
	if (w->command != NULL)
		add_named(all, &n, "force-command", w->command, true);
	if (w->source != NULL)
		add_named(all, &n, "source-address", w->source, true);
	qsort(all, n, sizeof *all, by_name);
	for (size_t i = 0; i < n; i++)
		cert_option_put(all[i].is_critical ? critical : extensions, all[i].name, all[i].value);
	free(all);
}

static void
check_principals(const char *list)
{
	struct span rest = span_str(list), name;

	while (list != NULL && span_token(&rest, ',', &name))
		if (name.len == 0)
			die("Empty principal name");
}

/* The algorithm the CA signs by: -t, else its best. */
static struct span
ca_alg(const struct keygen *kg, const struct key *ca)
{
	struct span algs = span_str(key_algs(ca)), best;

	if (kg->type == NULL) {
		(void)span_token(&algs, ',', &best);
		return best;
	}
	if (!text_list_has(algs, span_str(kg->type)))
		die("CA key type %s doesn't match specified %s", key_type(ca), kg->type);
	return span_str(kg->type);
}

/* NAME.pub gives NAME-cert.pub. */
static void
cert_path(const char *path, char *out, size_t size)
{
	size_t len = strlen(path);
	int n;

	if (len > 4 && strcmp(path + len - 4, ".pub") == 0)
		len -= 4;
	n = snprintf(out, size, "%.*s-cert.pub", (int)len, path);
	if (n < 0 || (size_t)n >= size)
		die("%s: path too long", path);
}

/* Tells what has been signed. */
static void
tell(const struct cert_order *order, const char *path)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	wr_printf(&w, "Signed %s key %s: id \"", order->role == CERT_HOST ? "host" : "user", path);
	text_visible(&w, order->key_id);
	wr_printf(&w, "\" serial %llu", (unsigned long long)order->serial);
	if (order->principals.len > 0) {
		wr_raw(&w, SPAN_LIT(" for "));
		text_visible(&w, order->principals);
	}
	wr_raw(&w, SPAN_LIT(" valid "));
	put_validity(&w, order->valid_after, order->valid_before);
	if (wr_end(&w) != ERR_OK)
		die("%s", err_text(w.err));
	fprintf(stderr, "%.*s\n", (int)w.len, (const char *)w.p);
}

/* The CA: a private key, or the public half of one that the agent holds. */
struct ca {
	struct key *key;
	struct agent_signer agent;
};

static void
close_ca(struct ca *ca)
{
	agent_signer_close(&ca->agent);
	key_free(&ca->key);
}

/* Loads the public half of a CA key that has to be in the agent. */
static void
find_ca(const struct keygen *kg, struct ca *ca)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	enum err e = load_public_blob(kg->ca, &blob, &comment);

	if (e == ERR_OK)
		e = key_from_blob(writer_span(&blob), &ca->key);
	if (e != ERR_OK)
		die("Cannot load CA public key %s: %s", kg->ca, key_error_text(e));
	e = agent_signer_find(key_blob(ca->key), key_blob(ca->key), &ca->agent);
	if (e == ERR_NOTFOUND)
		die("CA key %s not found in agent", kg->ca);
	if (e != ERR_OK)
		die("Cannot use public key for CA signature: %s", error_text(e));
}

static void
open_ca(const struct keygen *kg, struct ca *ca)
{
	enum err e;

	if (kg->wants_agent) {
		find_ca(kg, ca);
		return;
	}
	e = load_private(kg, kg->ca, &ca->key, NULL);
	if (e != ERR_OK)
		die("Load key \"%s\": %s", kg->ca, key_error_text(e));
}

/* Writes the certificate's blob, signed by whoever has the CA's key. */
static enum err
certify(const struct cert_order *order, const struct ca *ca, struct span alg, struct writer *w)
{
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	struct rng rng = rng_system();

	if (ca->agent.fd == -1)
		return cert_make(order, ca->key, alg, &rng, w);
	TRY(cert_draft(order, ca->key, &rng, w));
	TRY(agent_signer_sign(&ca->agent, alg, writer_span(w), &sig));
	/* An agent may sign otherwise than it was asked to. */
	TRY(key_verify(ca->key, alg, alg, writer_span(&sig), writer_span(w), NULL));
	cert_seal(w, writer_span(&sig));
	return wr_end(w);
}

static void
sign_file(const struct keygen *kg, const struct ca *ca, struct cert_order *order,
    const char *path)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	SCOPED(writer_free) struct writer made = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer line = writer_init(LIMIT_LINE);
	SCOPED(key_free) struct key *k = NULL;
	char out[PATH_MAX];
	enum err e = load_public_blob(path, &blob, &comment);

	if (e == ERR_OK)
		e = key_from_blob(writer_span(&blob), &k);
	if (e != ERR_OK)
		die("load pubkey \"%s\": %s", path, key_error_text(e));
	order->key = k;
	e = certify(order, ca, ca_alg(kg, ca->key), &made);
	if (e != ERR_OK)
		die("Couldn't certify key %s via CA key %s: %s", path, kg->ca,
		    e == ERR_DENIED ? "agent refused operation" : err_text(e));
	public_line_put(&line, writer_span(&made), writer_span(&comment));
	wr_u8(&line, '\n');
	cert_path(path, out, sizeof out);
	e = wr_end(&line);
	if (e == ERR_OK)
		e = file_create(out, writer_span(&line), 0644, FILE_REPLACE);
	if (e != ERR_OK)
		die("Unable to save public key to %s: %s", out, error_text(e));
	if (!kg->is_quiet)
		tell(order, out);
}

int
keygen_sign(struct keygen *kg)
{
	SCOPED(writer_free) struct writer critical = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer extensions = writer_init(LIMIT_KEY_BLOB);
	SCOPED(close_ca) struct ca ca = { .agent = { .fd = -1 } };
	struct wanted wanted = { .permits = kg->is_host ? 0 : (1u << COUNT(permits)) - 1 };
	struct cert_order order = { .role = kg->is_host ? CERT_HOST : CERT_USER,
	    .serial = kg->serial, .principals = span_str(kg->principals) };

	if (kg->key_id == NULL)
		die("Must specify key id (-I) when certifying");
	order.key_id = span_str(kg->key_id);
	check_principals(kg->principals);
	for (size_t i = 0; i < kg->n_options; i++)
		take_option(&wanted, kg->options[i]);
	parse_validity(kg->validity, &order.valid_after, &order.valid_before);
	open_ca(kg, &ca);
	put_options(&wanted, &critical, &extensions);
	order.critical = writer_span(&critical);
	order.extensions = writer_span(&extensions);
	for (size_t i = 0; i < kg->n_files; i++) {
		sign_file(kg, &ca, &order, kg->files[i]);
		order.serial += kg->serial_counts;
	}
	free(wanted.extra);
	return 0;
}
