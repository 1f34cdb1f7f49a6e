/* SPDX-License-Identifier: ISC */
#include "sshd/guard_methods.h"

/* The methods there are, in the order clients are told. */
static const struct {
	const char *name;
	size_t offset;			/* of what switches it on */
} methods[] = {
	{ "publickey", offsetof(struct sshd_config, pubkey_authentication) },
	{ "password", offsetof(struct sshd_config, password_authentication) },
	{ "keyboard-interactive", offsetof(struct sshd_config, kbd_interactive_authentication) },
	{ "hostbased", offsetof(struct sshd_config, hostbased_authentication) },
};

/* The hostbound form is publickey with more in what is signed. */
static struct span
plain_name(struct span method)
{
	return span_is(method, "publickey-hostbound-v00@openssh.com") ?
	    SPAN_LIT("publickey") : method;
}

/* What keyboard-interactive asks for here, as a submethod. */
#define KBDINT_DEVICE	"password"

/* Whether a chain asks for a method, in whatever form. */
static bool
is_named(const struct sshd_config *c, const char *method)
{
	for (size_t i = 0; i < c->authentication_methods.n; i++) {
		struct span list = span_str(c->authentication_methods.v[i]), part;

		while (span_token(&list, ',', &part)) {
			if (span_is(span_first(part, span_find(part, ':')), method))
				return true;
		}
	}
	return false;
}

/*
 * Whether the config switches a method on. Who has switched passwords off and
 * does not mention keyboard-interactive does not want to be asked for them
 * that way, either.
 */
static bool
is_on(const struct sshd_config *c, struct span method)
{
	if (span_is(method, "none"))		/* for accounts without a password, where a chain names it */
		return c->permit_empty_passwords && is_named(c, "none");
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (!span_is(method, methods[i].name))
			continue;
		if (!*(const bool *)((const char *)c + methods[i].offset))
			return false;
		return !span_is(method, "keyboard-interactive") || c->password_authentication ||
		    sshd_config_is_set(c, SSHD_KbdInteractiveAuthentication) ||
		    is_named(c, "keyboard-interactive");
	}
	return false;
}

bool
guard_methods_any(const struct sshd_config *c)
{
	const struct words *chains = &c->authentication_methods;

	return chains->n == 0 || (chains->n == 1 && span_is(span_str(chains->v[0]), "any"));
}

/* The method that comes next in a chain, maybe with ":submethod"; empty at its end. */
static struct span
next_in(const struct sshd_config *c, const struct guard_proof *p, size_t chain)
{
	struct span list = span_str(c->authentication_methods.v[chain]);
	struct span part = SPAN_EMPTY;

	for (unsigned i = 0; i <= p->progress[chain]; i++) {
		if (!span_token(&list, ',', &part))
			return SPAN_EMPTY;
	}
	return part;
}

/*
 * Whether part of a chain stands for the method. A submethod must be the one
 * there is: what asks for "pam" is not satisfied with a password.
 */
static bool
part_is(struct span part, struct span name)
{
	size_t colon = span_find(part, ':');
	struct span sub = span_skip(part, colon + 1);

	if (!span_eq(span_first(part, colon), name))
		return false;
	return colon == part.len ||
	    (span_is(name, "keyboard-interactive") && span_is(sub, KBDINT_DEVICE));
}

/* Chains that are looked at; what is beyond never lets anybody in. */
static size_t
n_chains(const struct sshd_config *c)
{
	size_t n = c->authentication_methods.n;

	return n < GUARD_CHAINS ? n : GUARD_CHAINS;
}

bool
guard_methods_allow(const struct sshd_config *c, const struct guard_proof *p, struct span method)
{
	struct span name = plain_name(method);

	if (!is_on(c, name))
		return false;
	if (guard_methods_any(c))
		return true;
	for (size_t i = 0; i < n_chains(c); i++) {
		if (part_is(next_in(c, p, i), name))
			return true;
	}
	return false;
}

bool
guard_methods_advance(const struct sshd_config *c, struct guard_proof *p, struct span method)
{
	struct span name = plain_name(method);
	bool complete = false;

	if (guard_methods_any(c))
		return true;
	for (size_t i = 0; i < n_chains(c); i++) {
		if (!part_is(next_in(c, p, i), name))
			continue;
		p->progress[i]++;
		complete |= next_in(c, p, i).len == 0;
	}
	return complete;
}

enum sshd_keyword
guard_methods_rule(const struct sshd_config *c, struct span method)
{
	struct span name = plain_name(method);

	if (is_on(c, name))
		return SSHD_AuthenticationMethods;
	if (span_is(name, "publickey"))
		return SSHD_PubkeyAuthentication;
	if (span_is(name, "keyboard-interactive"))
		return SSHD_KbdInteractiveAuthentication;
	if (span_is(name, "hostbased"))
		return SSHD_HostbasedAuthentication;
	return span_is(name, "password") ? SSHD_PasswordAuthentication : SSHD_N_KEYWORDS;
}

void
guard_methods(const struct sshd_config *c, const struct guard_proof *p, struct writer *w)
{
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (!guard_methods_allow(c, p, span_str(methods[i].name)))
			continue;
		if (w->len > 0)
			wr_u8(w, ',');
		wr_raw(w, span_str(methods[i].name));
	}
}
