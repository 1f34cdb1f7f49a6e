/* SPDX-License-Identifier: ISC */
/* Lists of algorithms: a,b replaces, +a,b adds, -pattern takes away, ^a,b goes first. */
#include <stdlib.h>

#include "config/table.h"

/*
 * Names that OpenSSH knows, or knew: a stock config may have them. Those that
 * this build lacks are passed over with a remark; other names are mistakes.
 */
static const char *const known_elsewhere[] = {
	/* key exchange */
	"mlkem768x25519-sha256,mlkem768nistp256-sha256,mlkem1024nistp384-sha384,"
	"sntrup761x25519-sha512,"
	"sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,"
	"ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
	"diffie-hellman-group-exchange-sha256,diffie-hellman-group-exchange-sha1,"
	"diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,diffie-hellman-group14-sha256,"
	"diffie-hellman-group16-sha512,diffie-hellman-group18-sha512",
	/* ciphers */
	"chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
	"aes128-ctr,aes192-ctr,aes256-ctr,aes128-cbc,aes192-cbc,aes256-cbc,3des-cbc,"
	"rijndael-cbc@lysator.liu.se,blowfish-cbc,cast128-cbc,arcfour,arcfour128,arcfour256",
	/* MACs */
	"umac-64-etm@openssh.com,umac-128-etm@openssh.com,umac-64@openssh.com,"
	"umac-128@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
	"hmac-sha1-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1,hmac-sha1-96,"
	"hmac-sha1-96-etm@openssh.com,hmac-md5,hmac-md5-etm@openssh.com,hmac-md5-96,"
	"hmac-md5-96-etm@openssh.com,hmac-ripemd160,hmac-ripemd160@openssh.com,"
	"hmac-ripemd160-etm@openssh.com",
	/* signatures */
	"ssh-ed25519,ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
	"ecdsa-sha2-nistp521,ecdsa-sha2-nistp256-cert-v01@openssh.com,"
	"ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com,"
	"sk-ssh-ed25519@openssh.com,sk-ssh-ed25519-cert-v01@openssh.com,"
	"sk-ecdsa-sha2-nistp256@openssh.com,sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,"
	"webauthn-sk-ecdsa-sha2-nistp256@openssh.com,"
	"webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com,rsa-sha2-256,rsa-sha2-512,"
	"rsa-sha2-256-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com,ssh-rsa,"
	"ssh-rsa-cert-v01@openssh.com,ssh-dss,ssh-dss-cert-v01@openssh.com,"
	"ssh-mldsa44-ed25519@openssh.com,ssh-mldsa44-ed25519-cert-v01@openssh.com,"
	"ssh-xmss@openssh.com,ssh-xmss-cert-v01@openssh.com",
};

static bool
is_known_elsewhere(struct span name)
{
	for (size_t i = 0; i < COUNT(known_elsewhere); i++) {
		if (text_list_has(span_str(known_elsewhere[i]), name))
			return true;
	}
	return false;
}

/* Adds a name to a comma list that does not have it yet. */
static void
add_name(struct writer *w, struct span name)
{
	if (text_list_has(writer_span(w), name))
		return;
	if (w->len > 0)
		wr_u8(w, ',');
	wr_raw(w, name);
}

/* Adds the names of list that no pattern of but matches. */
static void
add_names(struct writer *w, struct span list, struct span but)
{
	struct span name;

	while (span_token(&list, ',', &name)) {
		if (name.len > 0 && text_match_list(name, but, false) != MATCH_YES)
			add_name(w, name);
	}
}

/* Adds the names that a list as written stands for, as far as we have them. */
static enum err
add_written(struct args *a, struct writer *w, struct span list, const char *all)
{
	struct span name;
	char shown[64];

	while (span_token(&list, ',', &name)) {
		struct span rest = span_str(all), match;
		bool found = name.len == 0;

		while (span_token(&rest, ',', &match)) {
			if (match.len == 0 || !text_match(match, name, false))
				continue;
			add_name(w, match);
			found = true;
		}
		if (found)
			continue;
		text_visible_str(shown, sizeof(shown), name);
		if (span_find(name, '*') == name.len && !is_known_elsewhere(name))
			return args_bad(a, "unknown algorithm %s", shown);
		if (a->remark != NULL)
			a->remark(a->self, "an algorithm is not in this build", shown);
	}
	return ERR_OK;
}

/* Makes the exact list from what is written, all there is and the defaults. */
static enum err
resolve(struct args *a, struct writer *w, struct span text, const char *all,
    const char *defaults)
{
	struct span std = span_str(defaults);
	uint8_t how = text.len > 0 ? text.p[0] : '+';

	if (how != '+' && how != '-' && how != '^')
		return add_written(a, w, text, all);
	text = span_skip(text, 1);
	if (how == '-') {
		add_names(w, std, text);
	} else if (how == '+') {
		add_names(w, std, SPAN_EMPTY);
		TRY(add_written(a, w, text, all));
	} else {
		TRY(add_written(a, w, text, all));
		add_names(w, std, SPAN_EMPTY);
	}
	return ERR_OK;
}

static enum err
algs_parse(struct args *a, void *value)
{
	enum alg_set set = a->keyword->detail->algs;
	SCOPED(writer_free) struct writer w = writer_init(SIZE_MAX);
	const char *all = NULL, *defaults = NULL;
	struct span text = SPAN_EMPTY;

	if (a->algs != NULL) {
		all = a->algs->of[set].all;
		defaults = a->algs->of[set].defaults;
	}
	if (!a->fallback)
		TRY(args_one(a, &text));
	if (all == NULL && !a->fallback)
		wr_raw(&w, text);
	else
		TRY(resolve(a, &w, text, all, defaults));
	TRY(wr_end(&w));
	if (w.len == 0 && !a->fallback)
		return args_bad(a, "leaves no algorithm");
	return copy_text(value, writer_span(&w));
}

static void
algs_free(void *value)
{
	char **text = value;

	free(*text);
	*text = NULL;
}

static size_t
algs_lines(const struct keyword *k, const void *value)
{
	const char *text = *(char *const *)value;

	(void)k;
	return text == NULL || text[0] == '\0' ? 0 : 1;
}

static void
algs_print(const struct keyword *k, const void *value, size_t i, struct writer *w)
{
	(void)k;
	(void)i;
	word_put(w, span_str(*(char *const *)value));
}

const struct kind kind_algs = {
	.size = sizeof(char *), .parse = algs_parse, .lines = algs_lines,
	.print = algs_print, .free = algs_free,
};
