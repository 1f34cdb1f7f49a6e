/* SPDX-License-Identifier: ISC */
#include "keys/agent_msg.h"

#include <string.h>

#include "keys/agent_destination.h"
#include "keys/agent_key.h"

#define FLAG_RSA_SHA2_256	2
#define FLAG_RSA_SHA2_512	4

#define CONSTRAIN_LIFETIME	1
#define CONSTRAIN_CONFIRM	2
#define CONSTRAIN_EXTENSION	255
#define EXT_DESTINATION		"restrict-destination-v00@openssh.com"
#define EXT_PROVIDER		"sk-provider@openssh.com"

enum err
agent_frame_get(struct span received, struct agent_frame *out)
{
	struct reader r = rd_init(received);
	uint32_t len = rd_u32(&r);
	struct span message;

	*out = (struct agent_frame){ .type = 0 };
	if (r.err != ERR_OK)
		return ERR_AGAIN;
	if (len == 0)
		return ERR_FORMAT;
	if (len > AGENT_MAX_FRAME)
		return ERR_LIMIT;
	message = rd_raw(&r, len);
	if (r.err != ERR_OK)
		return ERR_AGAIN;
	out->type = message.p[0];
	out->body = span_skip(message, 1);
	out->size = 4 + (size_t)len;
	return ERR_OK;
}

/* Starts a frame. */
static size_t
open_frame(struct writer *w, enum agent_type type)
{
	size_t mark = wr_open(w);

	wr_u8(w, (uint8_t)type);
	return mark;
}

void
agent_put(struct writer *w, enum agent_type type)
{
	wr_close(w, open_frame(w, type));
}

/* --- which keys there are --- */

size_t
agent_identities_put(struct writer *w, uint32_t n)
{
	size_t mark = open_frame(w, AGENT_IDENTITIES_ANSWER);

	wr_u32(w, n);
	return mark;
}

void
agent_identity_put(struct writer *w, struct span blob, struct span comment)
{
	wr_bytes(w, blob);
	wr_bytes(w, comment);
}

enum err
agent_identities_get(struct span body, struct agent_identities *out)
{
	out->r = rd_init(body);
	out->left = rd_u32(&out->r);
	if (out->left > AGENT_MAX_KEYS)
		return ERR_LIMIT;
	return out->r.err;
}

bool
agent_identity_get(struct agent_identities *a, struct span *blob, struct span *comment)
{
	if (a->left == 0)
		return false;
	*blob = rd_bytes(&a->r);
	*comment = rd_bytes(&a->r);
	if (a->r.err != ERR_OK)
		return false;
	a->left--;
	return true;
}

enum err
agent_identities_end(const struct agent_identities *a)
{
	return rd_end(&a->r);
}

/* --- signing --- */

static uint32_t
flags_of(struct span alg)
{
	if (span_starts(alg, SPAN_LIT("rsa-sha2-256")))
		return FLAG_RSA_SHA2_256;
	return span_starts(alg, SPAN_LIT("rsa-sha2-512")) ? FLAG_RSA_SHA2_512 : 0;
}

void
agent_sign_put(struct writer *w, struct span blob, struct span data, struct span alg)
{
	size_t mark = open_frame(w, AGENT_SIGN_REQUEST);

	wr_bytes(w, blob);
	wr_bytes(w, data);
	wr_u32(w, flags_of(alg));
	wr_close(w, mark);
}

enum err
agent_sign_get(struct span body, struct agent_sign *out)
{
	struct reader r = rd_init(body);

	out->blob = rd_bytes(&r);
	out->data = rd_bytes(&r);
	out->flags = rd_u32(&r);
	return rd_end(&r);
}

const char *
agent_sign_alg(struct span type, uint32_t flags)
{
	if (!span_is(type, "ssh-rsa"))
		return key_alg_find(type);
	if ((flags & FLAG_RSA_SHA2_256) != 0)
		return "rsa-sha2-256";
	return (flags & FLAG_RSA_SHA2_512) != 0 ? "rsa-sha2-512" : "ssh-rsa";
}

void
agent_signature_put(struct writer *w, struct span sig)
{
	agent_string_put(w, AGENT_SIGN_RESPONSE, sig);
}

enum err
agent_signature_get(struct span body, struct span *sig)
{
	return agent_string_get(body, sig);
}

/* --- adding and removing --- */

static void
put_extension(struct writer *w, const char *name, struct span value)
{
	wr_u8(w, CONSTRAIN_EXTENSION);
	wr_str(w, name);
	wr_bytes(w, value);
}

void
agent_add_put(struct writer *w, const struct key *k, const struct agent_add *add)
{
	bool constrained = add->lifetime != 0 || add->confirm || add->destinations.len != 0 ||
	    add->provider.len != 0;
	size_t mark = open_frame(w, constrained ? AGENT_ADD_CONSTRAINED : AGENT_ADD_IDENTITY);

	agent_key_put(w, k, add->cert);
	wr_bytes(w, add->comment);
	if (add->lifetime != 0) {
		wr_u8(w, CONSTRAIN_LIFETIME);
		wr_u32(w, add->lifetime);
	}
	if (add->confirm)
		wr_u8(w, CONSTRAIN_CONFIRM);
	if (add->provider.len != 0)
		put_extension(w, EXT_PROVIDER, add->provider);
	if (add->destinations.len != 0)
		put_extension(w, EXT_DESTINATION, add->destinations);
	wr_close(w, mark);
}

/* A constraint with a name. All but one are of things that are not done here. */
static void
read_extension(struct reader *r, struct agent_add *out)
{
	struct span name = rd_bytes(r);
	struct span value;
	enum err e;

	if (!span_is(name, EXT_DESTINATION)) {
		rd_fail(r, ERR_UNSUPPORTED);
		return;
	}
	value = rd_bytes(r);
	/* Which of two was meant? And a list of no places is not one of all places. */
	if (out->destinations.len != 0 || value.len == 0)
		rd_fail(r, ERR_FORMAT);
	e = r->err == ERR_OK ? agent_destinations_check(value) : r->err;
	if (e != ERR_OK)
		rd_fail(r, e);
	out->destinations = value;
}

static enum err
read_constraints(struct reader *r, struct agent_add *out)
{
	while (r->err == ERR_OK && r->rest.len > 0) {
		switch (rd_u8(r)) {
		case CONSTRAIN_LIFETIME:
			/* Which of two was meant? And no time at all is not one without end. */
			if (out->lifetime != 0)
				rd_fail(r, ERR_FORMAT);
			out->lifetime = rd_u32(r);
			if (out->lifetime == 0)
				rd_fail(r, ERR_FORMAT);
			break;
		case CONSTRAIN_CONFIRM:
			out->confirm = true;
			break;
		case CONSTRAIN_EXTENSION:
			read_extension(r, out);
			break;
		default:
			rd_fail(r, ERR_UNSUPPORTED);
		}
	}
	return rd_end(r);
}

enum err
agent_add_get(struct span body, bool constrained, struct key **k, struct agent_add *out)
{
	struct reader r = rd_init(body);
	enum err e;

	*out = (struct agent_add){ .lifetime = 0 };
	TRY(agent_key_get(&r, k, &out->cert));
	out->comment = rd_bytes(&r);
	e = constrained ? read_constraints(&r, out) : rd_end(&r);
	if (e != ERR_OK)
		key_free(k);
	return e;
}

void
agent_string_put(struct writer *w, enum agent_type type, struct span s)
{
	size_t mark = open_frame(w, type);

	wr_bytes(w, s);
	wr_close(w, mark);
}

enum err
agent_string_get(struct span body, struct span *s)
{
	struct reader r = rd_init(body);

	*s = rd_bytes(&r);
	return rd_end(&r);
}

/* --- extensions --- */

void
agent_bind_put(struct writer *w, const struct agent_bind *bind)
{
	size_t mark = open_frame(w, AGENT_EXTENSION);

	wr_str(w, AGENT_EXT_BIND);
	wr_bytes(w, bind->hostkey);
	wr_bytes(w, bind->session_id);
	wr_bytes(w, bind->sig);
	wr_flag(w, bind->is_forwarding);
	wr_close(w, mark);
}

enum err
agent_bind_get(struct span contents, struct agent_bind *out)
{
	struct reader r = rd_init(contents);

	out->hostkey = rd_bytes(&r);
	out->session_id = rd_bytes(&r);
	out->sig = rd_bytes(&r);
	out->is_forwarding = rd_flag(&r);
	return rd_end(&r);
}

void
agent_query_put(struct writer *w)
{
	agent_string_put(w, AGENT_EXTENSION, SPAN_LIT(AGENT_EXT_QUERY));
}

void
agent_query_answer_put(struct writer *w, const char *name)
{
	size_t mark = open_frame(w, AGENT_EXTENSION_RESPONSE);

	wr_str(w, AGENT_EXT_QUERY);
	wr_str(w, name);
	wr_close(w, mark);
}

enum err
agent_query_answer_get(struct span body, struct span *names)
{
	struct reader r = rd_init(body);

	if (!span_is(rd_bytes(&r), AGENT_EXT_QUERY))
		rd_fail(&r, ERR_FORMAT);
	*names = rd_rest(&r);
	return rd_end(&r);
}

enum err
agent_extension_get(struct span body, struct span *name, struct span *contents)
{
	struct reader r = rd_init(body);

	*name = rd_bytes(&r);
	*contents = rd_rest(&r);
	return rd_end(&r);
}
