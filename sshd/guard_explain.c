/* SPDX-License-Identifier: ISC */
#include "sshd/guard_explain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/authorized_keys.h"
#include "keys/private_file.h"
#include "os/file.h"
#include "sshd/guard_access.h"
#include "sshd/guard_i.h"
#include "sshd/guard_methods.h"

#define EXIT_REFUSED	1
#define EXIT_BAD	255

/* A public key's file. */
#define KEY_FILE_MAX	(256 * 1024)

/* One line: the rule and what came of it. */
PRINTF(3, 4) static void
say(const struct guard *g, enum sshd_keyword rule, const char *fmt, ...)
{
	char place[1024];
	va_list ap;

	printf("%s: ", guard_place(g, rule, place, sizeof(place)));
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static int
refused(const struct guard *g, enum reason why, enum sshd_keyword rule)
{
	char place[1024];

	printf("verdict: refused: reason=%s rule=%s (%s)\n", reason_code(why),
	    guard_place(g, rule, place, sizeof(place)), reason_text(why));
	return EXIT_REFUSED;
}

/* --- who --- */

/* The lists, in the order in which they count; those behind the refusal are not looked at. */
static void
say_lists(const struct guard *g)
{
	const struct sshd_config *c = &g->user.config;

	for (int i = 0; i < ACCESS_LISTS; i++) {
		enum sshd_keyword k = access_keyword((enum access_list)i);

		if (access_patterns(c, (enum access_list)i)->n == 0)
			continue;
		if (g->user.why_rule == k) {
			say(g, k, "refuses");
			return;
		}
		say(g, k, "passed");
	}
}

/* The account; false if it may not log in. */
static bool
explain_user(const struct guard *g)
{
	const struct guard_user *u = &g->user;

	if (u->why == REASON_UNKNOWN_USER) {
		say(g, SSHD_PasswdFile, "there is no such account");
		return false;
	}
	say(g, SSHD_PasswdFile, "account %s, uid %lu, shell %s", u->account.name, (unsigned long)u->account.uid,
	    u->account.shell);
	if (!u->is_valid && u->why_rule == SSHD_N_KEYWORDS) {
		printf("account: %s\n", reason_text(u->why));
		return false;
	}
	printf("account: its shell, lock and end, and nologin files: passed\n");
	say_lists(g);
	return u->is_valid;
}

/* --- with what --- */

static enum err
read_key(const char *path, struct writer *blob)
{
	SCOPED(writer_free) struct writer text = writer_init(KEY_FILE_MAX);
	struct span comment;
	enum err e;

	TRY(file_read(path, &text, NULL));
	e = public_file_parse(writer_span(&text), blob, &comment);
	return e == ERR_UNSUPPORTED ? cert_line_decode(writer_span(&text), blob) : e;
}

/* An algorithm by which the key would sign; if none is accepted, the type's own name, which is refused then. */
static struct span
choose_alg(const struct guard *g, struct span blob)
{
	struct span list = span_str(g->user.config.pubkey_accepted_algorithms), alg;

	while (span_token(&list, ',', &alg)) {
		if (guard_alg_fits(alg, key_blob_type(blob)))
			return alg;
	}
	return key_blob_type(blob);
}

/* The keyword that names the file in which key or CA were found. */
static enum sshd_keyword
found_by(const struct guard *g)
{
	const char *cas = g->user.config.trusted_user_ca_keys;
	size_t n = cas == NULL ? 0 : strlen(cas);

	return g->key.is_cert && n > 0 && strncmp(g->key.place, cas, n) == 0 && g->key.place[n] == ':' ?
	    SSHD_TrustedUserCAKeys : SSHD_AuthorizedKeysFile;
}

/* The key, as a request that is signed would have it. */
static int
explain_key(struct guard *g, const char *path)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	const struct sshd_config *c = &g->user.config;
	char name[1024];
	enum reason why;
	enum err e = read_key(path, &blob);

	if (e != ERR_OK) {
		log_error(&g->log, "%s: %s", path, e == ERR_SYSTEM || e == ERR_NOTFOUND ? strerror(errno) : err_text(e));
		return EXIT_BAD;
	}
	g->asked = (struct msg_from_wire_auth){ .user = span_str(g->user.name), .service = SPAN_LIT("ssh-connection"),
	    .method = SPAN_LIT("publickey"), .has_sig = true, .blob = writer_span(&blob) };
	g->asked.alg = choose_alg(g, g->asked.blob);
	guard_key_reset(g);
	if (!guard_methods_allow(c, &g->proof, g->asked.method))
		return refused(g, REASON_NO_METHOD, guard_methods_rule(c, g->asked.method));
	say(g, SSHD_PubkeyAuthentication, "passed");
	if (!guard_key_acceptable(g, span_str(c->pubkey_accepted_algorithms)))
		return refused(g, g->why, g->why_rule);
	say(g, SSHD_PubkeyAcceptedAlgorithms, "accepts %.*s", (int)g->asked.alg.len, (const char *)g->asked.alg.p);
	say(g, SSHD_RevokedKeys, "does not have %s", guard_key_name(g, name, sizeof(name)));
	e = guard_find_key(g);
	why = g->key.why;
	if (e != ERR_OK)
		return refused(g, why != REASON_NONE ? why : REASON_KEY_UNKNOWN,
		    why != REASON_NONE ? g->key.why_rule : SSHD_AuthorizedKeysFile);
	say(g, found_by(g), "the %s is at %s", found_by(g) == SSHD_TrustedUserCAKeys ? "CA" : "key", g->key.place);
	if (g->user.account.uid == 0 && !guard_root_may(g))
		return refused(g, REASON_ROOT, SSHD_PermitRootLogin);
	if (g->user.account.uid == 0)
		say(g, SSHD_PermitRootLogin, "passed");
	return guard_methods_advance(c, &g->proof, g->asked.method) ? 0 : EXIT_REFUSED + 1;
}

/* All of it, in order. */
static int
explain(struct guard *g, const struct explain *what)
{
	SCOPED(writer_free) struct writer methods = writer_init(LIMIT_LINE);
	const struct sshd_config *c = &g->user.config;
	int status;

	if (guard_find_user(g, what->user) != ERR_OK)
		return EXIT_BAD;
	if (c->refuse_connection)
		return refused(g, REASON_REFUSED, SSHD_RefuseConnection);
	if (!explain_user(g))
		return refused(g, g->user.why, g->user.why_rule);
	guard_methods(c, &g->proof, &methods);
	wr_u8(&methods, 0);
	if (wr_end(&methods) != ERR_OK)
		return EXIT_BAD;
	say(g, SSHD_AuthenticationMethods, "begins with one of: %s", (const char *)methods.p);
	if (what->key_file == NULL) {
		printf("verdict: may try to log in\n");
		return 0;
	}
	status = explain_key(g, what->key_file);
	if (status == 0)
		printf("verdict: may log in with this key\n");
	if (status != EXIT_REFUSED + 1)
		return status;
	writer_reset(&methods);
	guard_methods(c, &g->proof, &methods);
	wr_u8(&methods, 0);
	printf("verdict: the key is accepted, and one of these is asked for next: %s\n",
	    wr_end(&methods) == ERR_OK ? (const char *)methods.p : "?");
	return 0;
}

int
guard_explain(const struct guard_start *start, const struct explain *what)
{
	struct guard *g = calloc(1, sizeof(*g));
	int status;

	if (g == NULL)
		return EXIT_BAD;
	guard_begin(g, start);
	snprintf(g->client, sizeof(g->client), "UNKNOWN");
	if (start->has_ends)
		address_print(&start->client.address, g->client, sizeof(g->client));
	if (what->host.len < sizeof(g->host))
		memcpy(g->host, what->host.p == NULL ? (const uint8_t *)"" : what->host.p, what->host.len);
	g->host_is_known = true;
	status = explain(g, what);
	guard_key_reset(g);
	guard_user_free(&g->user);
	writer_free(&g->key.options);
	writer_free(&g->key.cert_options);
	free(g);
	return fflush(stdout) == 0 ? status : EXIT_BAD;
}
