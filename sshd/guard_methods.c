/* SPDX-License-Identifier: ISC */
#include "sshd/guard_methods.h"

/* The methods there are, in the order clients are told. */
static const struct {
	const char *name;
	size_t offset;			/* of what switches it on */
} methods[] = {
	{ "publickey", offsetof(struct sshd_config, pubkey_authentication) },
	{ "password", offsetof(struct sshd_config, password_authentication) },
	{ "hostbased", offsetof(struct sshd_config, hostbased_authentication) },
};

/* The hostbound form is publickey with more in what is signed. */
static struct span
plain_name(struct span method)
{
	return span_is(method, "publickey-hostbound-v00@openssh.com") ?
	    SPAN_LIT("publickey") : method;
}

static bool
is_on(const struct sshd_config *c, struct span method)
{
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (span_is(method, methods[i].name))
			return *(const bool *)((const char *)c + methods[i].offset);
	}
	return false;
}

/* Whether no order is asked for. */
static bool
is_any(const struct sshd_config *c)
{
	const struct words *chains = &c->authentication_methods;

	return chains->n == 0 || (chains->n == 1 && span_is(span_str(chains->v[0]), "any"));
}

/* The method that comes next in a chain (without ":submethod"); empty at its end. */
static struct span
next_in(const struct sshd_config *c, const struct guard_proof *p, size_t chain)
{
	struct span list = span_str(c->authentication_methods.v[chain]);
	struct span part = SPAN_EMPTY;

	for (unsigned i = 0; i <= p->progress[chain]; i++) {
		if (!span_token(&list, ',', &part))
			return SPAN_EMPTY;
	}
	return span_first(part, span_find(part, ':'));
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
	if (is_any(c))
		return true;
	for (size_t i = 0; i < n_chains(c); i++) {
		if (span_eq(next_in(c, p, i), name))
			return true;
	}
	return false;
}

bool
guard_methods_advance(const struct sshd_config *c, struct guard_proof *p, struct span method)
{
	struct span name = plain_name(method);
	bool complete = false;

	if (is_any(c))
		return true;
	for (size_t i = 0; i < n_chains(c); i++) {
		if (!span_eq(next_in(c, p, i), name))
			continue;
		p->progress[i]++;
		complete |= next_in(c, p, i).len == 0;
	}
	return complete;
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
