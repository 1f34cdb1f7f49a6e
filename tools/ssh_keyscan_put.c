/* SPDX-License-Identifier: ISC */
/* ssh-keyscan: the kinds of keys, and how they are printed. */
#include "base/limits.h"
#include "keys/key.h"
#include "keys/known_hosts.h"
#include "keys/private_file.h"
#include "keys/sshfp.h"
#include "tools/ssh_keyscan.h"

#define CERT	"-cert-v01@openssh.com"
#define RSA	"rsa-sha2-512,rsa-sha2-256,ssh-rsa"
#define RSA_CERTS	"rsa-sha2-512" CERT ",rsa-sha2-256" CERT ",ssh-rsa" CERT
#define P256	"ecdsa-sha2-nistp256"
#define P384	"ecdsa-sha2-nistp384"
#define P521	"ecdsa-sha2-nistp521"

/* In the order in which they are asked for; those without a default come last. */
static const struct {
	struct keyscan_kind kind;
	const char *type;		/* another name of it */
	bool is_default;
} kinds[] = {
	{ { "rsa", RSA, RSA_CERTS }, "ssh-rsa", true },
	{ { "ecdsa", P256 "," P384 "," P521, P256 CERT "," P384 CERT "," P521 CERT }, "ecdsa", true },
	{ { "ed25519", "ssh-ed25519", "ssh-ed25519" CERT }, "ssh-ed25519", true },
	{ { "ecdsa-sk", "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256" CERT },
	    "sk-ecdsa-sha2-nistp256@openssh.com", true },
	{ { "ed25519-sk", "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519" CERT },
	    "sk-ssh-ed25519@openssh.com", true },
	{ { P256, P256, P256 CERT }, P256, false },
	{ { P384, P384, P384 CERT }, P384, false },
	{ { P521, P521, P521 CERT }, P521, false },
	{ { "mldsa44-ed25519", "ssh-mldsa44-ed25519@openssh.com", "ssh-mldsa44-ed25519" CERT },
	    "ssh-mldsa44-ed25519@openssh.com", false },
};

keyscan_kinds
keyscan_default_kinds(void)
{
	keyscan_kinds chosen = 0;

	for (unsigned i = 0; i < COUNT(kinds); i++)
		if (kinds[i].is_default)
			chosen |= 1u << i;
	return chosen;
}

keyscan_kinds
keyscan_find_kind(struct span name)
{
	for (unsigned i = 0; i < COUNT(kinds); i++) {
		struct span algs = span_str(kinds[i].kind.algs);

		if (!text_match(name, span_str(kinds[i].kind.name), true) &&
		    !text_match(name, span_str(kinds[i].type), true))
			continue;
		if (key_alg_find(span_first(algs, span_find(algs, ','))) != NULL)
			return 1u << i;
	}
	return 0;
}

const struct keyscan_kind *
keyscan_kind(keyscan_kinds chosen, unsigned number)
{
	for (unsigned i = 0; i < COUNT(kinds); i++)
		if ((chosen & 1u << i) != 0 && number-- == 0)
			return &kinds[i].kind;
	return NULL;
}

/* What is printed for a key under one name. */
static enum err
put_named(struct writer *w, const struct keyscan_form *form, struct span name, struct span blob,
    const struct rng *rng)
{
	SCOPED(writer_free) struct writer host = writer_init(LIMIT_LINE);

	if (form->is_sshfp) {
		sshfp_put(w, name, blob, form->sshfp_hash, SSHFP_NAMED);
		return wr_end(w);
	}
	known_hosts_name(&host, name, form->port);
	TRY(wr_end(&host));
	return known_hosts_put(w, writer_span(&host),
	    form->is_hashed ? KNOWN_HOSTS_HASHED : KNOWN_HOSTS_NAMED, blob, SPAN_EMPTY, rng);
}

/* One line for all names, as there is no port to go with each. */
static enum err
put_together(struct writer *w, struct span names, struct span blob)
{
	SCOPED(writer_free) struct writer hosts = writer_init(KEYSCAN_MAX_LIST);
	struct span name;

	while (keyscan_next_name(&names, &name)) {
		if (hosts.len > 0)
			wr_u8(&hosts, ',');
		known_hosts_name(&hosts, name, 0);
	}
	TRY(wr_end(&hosts));
	return known_hosts_put(w, writer_span(&hosts), KNOWN_HOSTS_NAMED, blob, SPAN_EMPTY, NULL);
}

enum err
keyscan_put(struct writer *w, const struct keyscan_form *form, struct span names,
    struct span blob, const struct rng *rng)
{
	struct span name;

	if (form->is_cert) {
		public_line_put(w, blob, SPAN_EMPTY);
		wr_u8(w, '\n');
		return wr_end(w);
	}
	if (form->port == 22 && !form->is_hashed && !form->is_sshfp)
		return put_together(w, names, blob);
	while (keyscan_next_name(&names, &name))
		TRY(put_named(w, form, name, blob, rng));
	return wr_end(w);
}
