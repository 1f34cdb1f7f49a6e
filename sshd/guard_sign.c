/* SPDX-License-Identifier: ISC */
/* The guard signs for the host: exchange hashes, and proofs of host keys. And it chooses groups. */
#include <string.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "kex/kex.h"
#include "kex/moduli.h"
#include "os/file.h"
#include "sshd/guard_i.h"

/* Exchanges before login; a client that wants more wants something else. */
#define MAX_EARLY	4

/* A moduli file of this length has tens of thousands of groups. */
#define MODULI_MAX	(16u << 20)

/* What of a transcript must be ours. */
struct transcript {
	struct span v_s;
	struct span k_s;
};

static enum err
read_transcript(struct span s, struct transcript *t)
{
	struct reader r = rd_init(s);

	(void)rd_bytes(&r);		/* V_C */
	t->v_s = rd_bytes(&r);
	(void)rd_bytes(&r);		/* I_C */
	(void)rd_bytes(&r);		/* I_S */
	t->k_s = rd_bytes(&r);
	(void)rd_rest(&r);		/* the method's own fields */
	return rd_end(&r);
}

/* Whether V_S is the identification that this server sends. */
static bool
is_our_ident(const struct guard *g, struct span v_s)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IDENT);

	guard_put_ident(&w, g->start->config);
	return wr_end(&w) == ERR_OK && span_eq(v_s, writer_span(&w));
}

/* Remembers what authentication is bound to. */
static void
first_exchange(struct guard *g, const uint8_t *hash, size_t len, unsigned hostkey)
{
	if (g->session_id_len != 0)
		return;
	memcpy(g->session_id, hash, len);
	g->session_id_len = len;
	g->hostkey = hostkey;
}

/* The hash of that name, if a key exchange that the config allows uses it; NULL. */
static const struct hash_alg *
find_hash(const struct sshd_config *config, struct span hash)
{
	struct span list = span_str(config->kex_algorithms), name;

	while (span_token(&list, ',', &name)) {
		const char *used = kex_hash(name);

		if (used != NULL && span_is(hash, used))
			return hash_find(used);
	}
	return NULL;
}

/* Makes the signature, after it has looked at what it is about. */
static enum err
sign(struct guard *g, const struct msg_from_wire_sign *m, struct writer *sig)
{
	const struct host_keys *keys = g->start->keys;
	const struct hash_alg *alg = find_hash(g->start->config, m->hash);
	struct transcript t;
	uint8_t hash[HASH_MAX_LEN];

	if (m->hostkey >= keys->n || alg == NULL)
		return ERR_FORMAT;
	TRY(read_transcript(m->transcript, &t));
	if (!is_our_ident(g, t.v_s) || !span_eq(t.k_s, host_key_blob(&keys->v[m->hostkey])))
		return ERR_DENIED;
	if (g->phase == PHASE_AUTH && ++g->n_signed > MAX_EARLY)
		return ERR_LIMIT;
	hash_once(alg, m->transcript, hash);
	first_exchange(g, hash, hash_len(alg), m->hostkey);
	return host_key_sign(keys, m->hostkey, m->alg, span_of(hash, hash_len(alg)), sig);
}

enum err
guard_sign(struct guard *g, const struct msg_from_wire_sign *m)
{
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	enum err e = sign(g, m, &sig);

	if (e != ERR_OK) {
		log_error(&g->log, "host key signature refused: %s", err_text(e));
		return e;
	}
	guard_wire_sent(g, ipc_send_wire_signature(&g->wire,
	    &(struct msg_wire_signature){ .id = m->id, .sig = writer_span(&sig) }, NULL));
	return ERR_OK;
}

/* Finds a group in the file; a line for the log if that fails. */
static enum err
find_group(struct guard *g, const struct msg_from_wire_group *m, struct writer *prime,
    struct writer *generator)
{
	SCOPED(writer_free) struct writer text = writer_init(MODULI_MAX);
	const char *path = g->start->config->moduli_file;
	struct rng rng = rng_system();
	enum err e = file_read(path, &text, NULL);

	if (e == ERR_OK)
		e = moduli_choose(writer_span(&text), m->min, m->n, m->max, &rng, prime, generator);
	if (e != ERR_OK && e != ERR_NOMEM)
		log_debug(&g->log, "%s: no group of %u to %u bits: a built-in one is used", path,
		    (unsigned)m->min, (unsigned)m->max);
	return e;
}

enum err
guard_group(struct guard *g, const struct msg_from_wire_group *m)
{
	SCOPED(writer_free) struct writer prime = writer_init(LIMIT_PACKET);
	SCOPED(writer_free) struct writer generator = writer_init(LIMIT_PACKET);
	struct msg_wire_group answer = { .id = m->id };

	if (g->phase == PHASE_AUTH && ++g->n_groups > MAX_EARLY)
		return ERR_LIMIT;
	if (find_group(g, m, &prime, &generator) == ERR_OK) {
		answer.prime = writer_span(&prime);
		answer.generator = writer_span(&generator);
	}
	guard_wire_sent(g, ipc_send_wire_group(&g->wire, &answer, NULL));
	return ERR_OK;
}

struct span
guard_hostkey(const struct guard *g)
{
	return g->session_id_len == 0 ? SPAN_EMPTY : host_key_blob(&g->start->keys->v[g->hostkey]);
}

/* Appends the proof for one key that the client has named. ERR_NOTFOUND. */
static enum err
prove_one(struct guard *g, struct span blob, struct writer *sigs)
{
	const struct host_keys *keys = g->start->keys;

	for (size_t i = 0; i < keys->n; i++) {
		SCOPED(writer_free) struct writer data = writer_init(LIMIT_IPC);
		SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
		struct span algs = span_str(keys->v[i].algs), alg;

		if (keys->v[i].key == NULL || !span_eq(blob, key_blob(keys->v[i].key)))
			continue;
		(void)span_token(&algs, ',', &alg);
		wr_str(&data, "hostkeys-prove-00@openssh.com");
		wr_bytes(&data, span_of(g->session_id, g->session_id_len));
		wr_bytes(&data, blob);
		TRY(wr_end(&data));
		TRY(host_key_sign(keys, i, alg, writer_span(&data), &sig));
		wr_bytes(sigs, writer_span(&sig));
		return wr_end(sigs);
	}
	return ERR_NOTFOUND;
}

enum err
guard_prove(struct guard *g, const struct msg_from_wire_prove *m)
{
	SCOPED(writer_free) struct writer sigs = writer_init(LIMIT_IPC / 2);
	struct msg_wire_proof answer = { .id = m->id };
	struct reader r = rd_init(m->blobs);
	enum err e = ERR_OK;

	while (e == ERR_OK && r.err == ERR_OK && r.rest.len > 0)
		e = prove_one(g, rd_bytes(&r), &sigs);
	if (e == ERR_OK && rd_end(&r) == ERR_OK)
		answer.sigs = writer_span(&sigs);
	guard_wire_sent(g, ipc_send_wire_proof(&g->wire, &answer, NULL));
	return ERR_OK;
}

enum err
guard_prove_code(struct guard *g, uint32_t id)
{
	SCOPED(writer_free) struct writer w = writer_init(64);
	uint8_t proof[32];

	if (g->proof.has_code) {
		code_proof(g->proof.code_proof, span_of(g->session_id, g->session_id_len), guard_hostkey(g), proof);
		wr_bytes(&w, span_of(proof, sizeof(proof)));
		TRY(wr_end(&w));
	}
	wipe(g->proof.code_proof, sizeof(g->proof.code_proof));
	g->proof.has_code = false;
	guard_wire_sent(g, ipc_send_wire_proof(&g->wire, &(struct msg_wire_proof){ .id = id,
	    .sigs = writer_span(&w) }, NULL));
	return ERR_OK;
}
