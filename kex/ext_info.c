/* SPDX-License-Identifier: ISC */
/* SSH_MSG_EXT_INFO (RFC 8308), both ways. */
#include <string.h>

#include "base/text.h"
#include "kex/transport_i.h"
#include "keys/cert.h"

/* Whether name is what a certificate's algorithm in list stands for. */
static bool
is_behind_cert(struct span list, const char *name)
{
	struct span one;

	while (span_token(&list, ',', &one)) {
		const char *plain = cert_alg_plain(one);

		if (plain != NULL && strcmp(plain, name) == 0)
			return true;
	}
	return false;
}

/*
 * Writes the names that signatures may have (RFC 8308 3.1). Certificates have none of their own:
 * where only they are taken, clients must still find what the keys in them may sign by.
 */
static void
put_sig_algs(struct writer *w, struct span list)
{
	struct span rest = list, name;
	size_t m, n = 0;

	wr_str(w, "server-sig-algs");
	m = wr_open(w);
	while (span_token(&rest, ',', &name)) {
		const char *plain = cert_alg_plain(name);
		struct span before = span_first(list, (size_t)(name.p - list.p));

		/* Once each: not by way of a certificate what the list or one before it has. */
		if (name.len == 0 || (plain != NULL && (text_list_has(list, span_str(plain)) ||
		    is_behind_cert(before, plain))))
			continue;
		if (n++ > 0)
			wr_u8(w, ',');
		wr_raw(w, plain != NULL ? span_str(plain) : name);
	}
	wr_close(w, m);
}

/* What a server announces; its list of signature algorithms comes first. */
static void
put_server(const struct transport *t, struct writer *w)
{
	const char *algs = t->config.server_sig_algs;
	bool has_algs = algs != NULL && algs[0] != '\0';

	wr_u32(w, has_algs ? 4 : 3);
	if (has_algs)
		put_sig_algs(w, span_str(algs));
	wr_str(w, "publickey-hostbound@openssh.com");
	wr_str(w, "0");
	wr_str(w, "ping@openssh.com");
	wr_str(w, "0");
	wr_str(w, "agent-forward");
	wr_str(w, "0");
}

static void
put_client(struct writer *w)
{
	wr_u32(w, 1);
	wr_str(w, "ext-info-in-auth@openssh.com");
	wr_str(w, "0");
}

void
ext_info_send(struct transport *t)
{
	struct writer *w = transport_begin(t, MSG_EXT_INFO);

	if (t->config.side == SIDE_SERVER)
		put_server(t, w);
	else
		put_client(w);
	transport_end(t);
}

void
transport_tell_sig_algs(struct transport *t, struct span list)
{
	struct span version;
	struct writer *w;

	if (t->is_authenticated || list.len == 0 ||
	    !transport_peer_extension(t, SPAN_LIT("ext-info-in-auth@openssh.com"), &version) ||
	    !span_is(version, "0"))
		return;
	w = transport_begin(t, MSG_EXT_INFO);
	wr_u32(w, 1);
	put_sig_algs(w, list);
	transport_end(t);
}

enum err
transport_on_ext_info(struct transport *t, struct span payload, struct event *ev)
{
	struct reader r = rd_init(span_skip(payload, 1));
	uint32_t n = rd_u32(&r);
	size_t before = t->ext.len;

	(void)ev;
	if (n > LIMIT_EXT_INFO || t->n_ext + n > LIMIT_EXT_INFO)
		return transport_fault(t, ERR_LIMIT, "too many extensions in EXT_INFO");
	/* Stops at the first error: a count costs nothing without the data. */
	for (uint32_t i = 0; i < n && r.err == ERR_OK; i++) {
		wr_bytes(&t->ext, rd_bytes(&r));
		wr_bytes(&t->ext, rd_bytes(&r));
	}
	if (rd_end(&r) != ERR_OK || wr_end(&t->ext) != ERR_OK)
		writer_truncate(&t->ext, before);	/* whole pairs only */
	if (rd_end(&r) != ERR_OK)
		return transport_fault(t, rd_end(&r), "malformed EXT_INFO");
	if (wr_end(&t->ext) != ERR_OK)
		return transport_fault(t, wr_end(&t->ext), "EXT_INFO too long");
	t->n_ext += n;
	return ERR_OK;
}

bool
transport_next_ext(struct transport *t, struct event *ev)
{
	struct reader r = rd_init(span_skip(writer_span(&t->ext), t->ext_told));

	if (r.rest.len == 0)
		return false;
	*ev = (struct event){ .type = EV_EXT_INFO };
	ev->ext.name = rd_bytes(&r);
	ev->ext.value = rd_bytes(&r);
	must(r.err == ERR_OK);
	t->ext_told = t->ext.len - r.rest.len;
	return true;
}

bool
transport_peer_extension(const struct transport *t, struct span ext, struct span *value)
{
	struct reader r = rd_init(writer_span(&t->ext));
	bool found = false;

	/* RFC 8308 2.4: the later EXT_INFO counts. */
	while (r.rest.len > 0 && r.err == ERR_OK) {
		struct span name = rd_bytes(&r);
		struct span v = rd_bytes(&r);

		if (!span_eq(name, ext))
			continue;
		found = true;
		if (value != NULL)
			*value = v;
	}
	return found;
}
