/* SPDX-License-Identifier: ISC */
#include "keys/agent_destination.h"

#include "base/reader.h"
#include "base/text.h"
#include "keys/cert.h"
#include "keys/key.h"

/* --- writing --- */

static void
put_hop(struct writer *w, const struct agent_hop *hop)
{
	size_t mark = wr_open(w);

	wr_bytes(w, hop->user);
	wr_bytes(w, hop->host);
	wr_bytes(w, SPAN_EMPTY);	/* reserved */
	wr_raw(w, hop->keys);
	wr_close(w, mark);
}

void
agent_destination_put(struct writer *w, const struct agent_destination *d)
{
	size_t mark = wr_open(w);

	put_hop(w, &d->from);
	put_hop(w, &d->to);
	wr_bytes(w, SPAN_EMPTY);	/* reserved */
	wr_close(w, mark);
}

void
agent_hop_key_put(struct writer *w, struct span blob, bool is_ca)
{
	wr_bytes(w, blob);
	wr_flag(w, is_ca);
}

/* --- reading --- */

static struct agent_hop
read_hop(struct reader *r)
{
	struct reader in = rd_init(rd_bytes(r));
	struct agent_hop hop;

	hop.user = rd_text(&in);
	hop.host = rd_text(&in);
	/* What is reserved may one day say that less is allowed. */
	if (rd_bytes(&in).len != 0)
		rd_fail(&in, ERR_UNSUPPORTED);
	hop.keys = rd_rest(&in);
	if (in.err != ERR_OK)
		rd_fail(r, in.err);
	return hop;
}

/* Reads one off the list. */
static enum err
read_destination(struct reader *list, struct agent_destination *out)
{
	struct reader r = rd_init(rd_bytes(list));

	TRY(list->err);
	out->from = read_hop(&r);
	out->to = read_hop(&r);
	if (rd_bytes(&r).len != 0)
		rd_fail(&r, ERR_UNSUPPORTED);
	return rd_end(&r);
}

bool
agent_destination_next(struct span *list, struct agent_destination *out)
{
	struct reader r = rd_init(*list);

	if (list->len == 0 || read_destination(&r, out) != ERR_OK)
		return false;
	*list = r.rest;
	return true;
}

bool
agent_hop_key_next(struct span *keys, struct span *blob, bool *is_ca)
{
	struct reader r = rd_init(*keys);

	if (keys->len == 0)
		return false;
	*blob = rd_bytes(&r);
	*is_ca = rd_flag(&r);
	*keys = r.rest;
	return r.err == ERR_OK;
}

/* Checks the keys of a hop, of which so many may be left. */
static enum err
check_keys(struct span keys, unsigned *left)
{
	struct reader r = rd_init(keys);

	while (r.rest.len > 0) {
		SCOPED(key_free) struct key *k = NULL;
		struct span blob = rd_bytes(&r);

		(void)rd_flag(&r);
		TRY(r.err);
		if ((*left)-- == 0)
			return ERR_LIMIT;
		TRY(key_from_blob(blob, &k));
	}
	return ERR_OK;
}

enum err
agent_destinations_check(struct span list)
{
	struct reader r = rd_init(list);
	unsigned keys_left = AGENT_MAX_HOP_KEYS;

	for (unsigned n = 0; r.rest.len > 0; n++) {
		struct agent_destination d;

		if (n == AGENT_MAX_DESTINATIONS)
			return ERR_LIMIT;
		TRY(read_destination(&r, &d));
		if (d.from.user.len != 0 || (d.from.host.len == 0) != (d.from.keys.len == 0) ||
		    d.to.host.len == 0 || d.to.keys.len == 0)
			return ERR_FORMAT;
		TRY(check_keys(d.from.keys, &keys_left));
		TRY(check_keys(d.to.keys, &keys_left));
	}
	return ERR_OK;
}

/* --- asking --- */

/* A host as it has proved itself: by a key, or by a certificate. */
struct proof {
	struct span blob;
	struct cert cert;	/* type NULL: none, or none to be believed */
	bool is_signed;		/* by its CA, which has been seen */
};

/* Whether a host certificate is good for the hop's name, by this CA. */
static bool
is_certified(struct proof *p, struct span ca, struct span host, uint64_t wall)
{
	struct cert_need need = {
		.role = CERT_HOST, .now = wall, .ca_algs = span_str(keys_list(KEY_LIST_CA)), .name = host,
	};

	if (p->cert.type == NULL || !span_eq(key_blob(p->cert.ca), ca) || cert_fault(&p->cert, &need) != NULL)
		return false;
	/* A list may name the CA some thousand times: what it has signed is looked at once. */
	if (!p->is_signed && cert_check_signature(&p->cert, need.ca_algs) != ERR_OK)
		cert_free(&p->cert);
	else
		p->is_signed = true;
	return p->is_signed;
}

static bool
is_host(const struct agent_hop *hop, struct proof *p, uint64_t wall)
{
	struct span keys = hop->keys, blob;
	bool is_ca;

	while (agent_hop_key_next(&keys, &blob, &is_ca))
		if (is_ca ? is_certified(p, blob, hop->host, wall) : span_eq(blob, p->blob))
			return true;
	return false;
}

/* An error of cert_parse() leaves no certificate: then no CA can match. */
static struct proof
proof_of(struct span blob)
{
	struct proof p = { .blob = blob };

	if (cert_type_plain(key_blob_type(blob)) != NULL)
		(void)!cert_parse(blob, &p.cert);
	return p;
}

bool
agent_destinations_allow(struct span list, const struct agent_step *step)
{
	struct proof from = proof_of(step->from), to = proof_of(step->to);
	struct agent_destination d;
	bool is_allowed = false;

	while (!is_allowed && agent_destination_next(&list, &d)) {
		if (step->from.len == 0 ? d.from.host.len != 0 : !is_host(&d.from, &from, step->wall))
			continue;
		if (step->to.len != 0 && !is_host(&d.to, &to, step->wall))
			continue;
		is_allowed = d.to.user.len == 0 || step->user.p == NULL ||
		    text_match(step->user, d.to.user, false);
	}
	cert_free(&from.cert);
	cert_free(&to.cert);
	return is_allowed;
}
