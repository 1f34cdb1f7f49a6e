/* SPDX-License-Identifier: ISC */
/*
 * openssh-key-v1: an armoured blob of
 *
 *	"openssh-key-v1\0", string cipher, string kdf, string kdf options,
 *	uint32 1, string public blob, string private section, tag
 *
 * where the private section, encrypted, is
 *
 *	uint32 check, uint32 check, the key, string comment, padding 1, 2, 3 ...
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"
#include "crypto/cipher.h"
#include "keys/bcrypt_pbkdf.h"
#include "keys/key_i.h"
#include "keys/private_i.h"

#define BEGIN		"-----BEGIN OPENSSH PRIVATE KEY-----"
#define END		"-----END OPENSSH PRIVATE KEY-----"
#define MAGIC		SPAN_LIT("openssh-key-v1\0")
#define LINE_LEN	70
#define PLAIN_BLOCK	8
#define SALT_LEN	16
#define DEFAULT_CIPHER	"aes256-ctr"

/* What is in clear; spans borrow from the decoded file. */
struct envelope {
	struct span cipher;
	struct span kdf;
	struct span salt;
	uint32_t rounds;
	struct span pub;
	struct span sealed;
	struct span tag;
	bool is_encrypted;
};

/* What follows white space. */
static struct span
skip_space(struct span s)
{
	size_t n = 0;

	while (n < s.len && (s.p[n] == ' ' || (s.p[n] >= '\t' && s.p[n] <= '\r')))
		n++;
	return span_skip(s, n);
}

bool
private_openssh_is(struct span file)
{
	return span_starts(skip_space(file), SPAN_LIT(BEGIN));
}

/* Takes the armour off, into w. */
static enum err
unarmour(struct span file, struct writer *w)
{
	struct span body = span_skip(skip_space(file), sizeof BEGIN - 1);
	size_t end = span_find(body, '-');

	if (!span_starts(span_skip(body, end), SPAN_LIT(END)))
		return ERR_FORMAT;
	if (base64_get(w, span_first(body, end)) == ERR_SYNTAX)
		return ERR_FORMAT;
	return wr_end(w);
}

/* Reads "bcrypt" and its options, or "none". */
static void
read_kdf(struct reader *r, struct envelope *e)
{
	struct reader options;

	e->kdf = rd_bytes(r);
	options = rd_init(rd_bytes(r));
	e->is_encrypted = !span_is(e->kdf, "none");
	if (e->is_encrypted) {
		e->salt = rd_bytes(&options);
		e->rounds = rd_u32(&options);
	}
	if (rd_end(&options) != ERR_OK)
		rd_fail(r, ERR_FORMAT);
	if (e->is_encrypted && !span_is(e->kdf, "bcrypt"))
		rd_fail(r, ERR_UNSUPPORTED);
	/* Nothing is encrypted under a key that everybody has. */
	if (e->is_encrypted == span_is(e->cipher, "none"))
		rd_fail(r, ERR_FORMAT);
	if (e->is_encrypted && (e->rounds == 0 || e->salt.len == 0))
		rd_fail(r, ERR_FORMAT);
	if (e->rounds > PRIVATE_FILE_MAX_ROUNDS)
		rd_fail(r, ERR_LIMIT);
}

static enum err
envelope_get(struct span s, struct envelope *e)
{
	struct reader r = rd_init(s);

	*e = (struct envelope){ .rounds = 0 };
	if (!span_eq(rd_raw(&r, MAGIC.len), MAGIC))
		return ERR_FORMAT;
	e->cipher = rd_bytes(&r);
	read_kdf(&r, e);
	if (rd_u32(&r) != 1)
		rd_fail(&r, ERR_UNSUPPORTED);
	e->pub = rd_bytes(&r);
	e->sealed = rd_bytes(&r);
	e->tag = rd_rest(&r);
	return rd_end(&r);
}

/* Derives key and IV and gives both as spans of *memory. */
static enum err
derive(const struct cipher_info *c, struct span passphrase, struct span salt,
    unsigned rounds, struct secret *memory, struct span *key, struct span *iv)
{
	TRY(secret_alloc(memory, c->key_len + c->iv_len));
	TRY(bcrypt_pbkdf(passphrase, salt, rounds,
	    (struct room){ memory->p, memory->len }));
	*key = span_first(secret_span(memory), c->key_len);
	*iv = span_skip(secret_span(memory), c->key_len);
	return ERR_OK;
}

/* Decrypts the private section into *clear. */
static enum err
open_section(const struct envelope *e, struct span passphrase, struct secret *clear)
{
	SCOPED(secret_free) struct secret memory = { 0 };
	struct cipher_info c = { .block_len = PLAIN_BLOCK };
	struct span key, iv;
	enum err err;

	if (e->is_encrypted && !cipher_find(&c, e->cipher))
		return ERR_UNSUPPORTED;
	if (e->sealed.len == 0 || e->sealed.len % c.block_len != 0 || e->tag.len != c.tag_len)
		return ERR_FORMAT;
	TRY(secret_copy(clear, e->sealed));
	if (!e->is_encrypted)
		return ERR_OK;
	if (passphrase.len == 0)
		return ERR_PASSPHRASE;
	TRY(derive(&c, passphrase, e->salt, e->rounds, &memory, &key, &iv));
	err = cipher_decrypt(&c, key, iv, (struct room){ clear->p, clear->len }, e->tag);
	return err == ERR_MAC ? ERR_PASSPHRASE : err;
}

/* Whether what is left is padding: 1, 2, 3 ... */
static bool
is_padding(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != (uint8_t)(i + 1))
			return false;
	return true;
}

/* Reads the decrypted section. */
static enum err
section_get(struct span s, const struct envelope *e, struct key **out,
    struct writer *comment)
{
	SCOPED(key_free) struct key *k = NULL;
	struct reader r = rd_init(s);
	uint32_t check = rd_u32(&r);
	struct span text;

	if (rd_u32(&r) != check || r.err != ERR_OK)
		return e->is_encrypted ? ERR_PASSPHRASE : ERR_FORMAT;
	TRY(key_read_private(&r, &k));
	text = rd_bytes(&r);
	TRY(r.err);
	if (!is_padding(r.rest) || !span_eq(key_blob(k), e->pub))
		return ERR_FORMAT;
	if (comment != NULL) {
		wr_raw(comment, text);
		TRY(wr_end(comment));
	}
	*out = k;
	k = NULL;
	return ERR_OK;
}

/* Errors of damaged files by one name, whichever field it was. */
static enum err
file_error(enum err e)
{
	return e == ERR_SHORT || e == ERR_TRAILING ? ERR_FORMAT : e;
}

enum err
private_openssh_peek(struct span file, struct private_file *out)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	struct envelope e;

	TRY(unarmour(file, &w));
	TRY(file_error(envelope_get(writer_span(&w), &e)));
	out->is_encrypted = e.is_encrypted;
	return file_error(key_from_blob(e.pub, &out->pub));
}

enum err
private_openssh_read(struct span file, struct span passphrase, struct key **out,
    struct writer *comment)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEY_FILE);
	SCOPED(secret_free) struct secret clear = { 0 };
	struct envelope e;

	TRY(unarmour(file, &w));
	TRY(file_error(envelope_get(writer_span(&w), &e)));
	TRY(open_section(&e, passphrase, &clear));
	return file_error(section_get(secret_span(&clear), &e, out, comment));
}

/* --- writing --- */

/* Writes the private section, padded to a multiple of block_len. */
static enum err
section_put(struct writer *w, const struct key *k, struct span comment,
    size_t block_len, const struct rng *rng)
{
	uint32_t check;

	rng_fill(rng, &check, sizeof check);
	wr_u32(w, check);
	wr_u32(w, check);
	TRY(key_write_private(k, w));
	wr_bytes(w, comment);
	for (uint8_t i = 1; w->len % block_len != 0 && w->err == ERR_OK; i++)
		wr_u8(w, i);
	return wr_end(w);
}

/* Encrypts the section where it stands and appends its tag to tag. */
static enum err
seal_section(const struct cipher_info *c, const struct private_file_format *format,
    struct span salt, unsigned rounds, struct writer *section, struct writer *tag)
{
	SCOPED(secret_free) struct secret memory = { 0 };
	struct span key, iv;
	struct room room = wr_reserve(tag, c->tag_len);

	TRY(wr_end(tag));
	TRY(derive(c, format->passphrase, salt, rounds, &memory, &key, &iv));
	TRY(cipher_encrypt(c, key, iv, (struct room){ section->p, section->len }, room.p));
	wr_commit(tag, c->tag_len);
	return ERR_OK;
}

/* Writes blob between armour lines. */
static enum err
armour(struct writer *w, struct span blob)
{
	SCOPED(writer_free) struct writer text = writer_init(2 * LIMIT_KEY_FILE);
	struct span rest;

	base64_put(&text, blob, true);
	TRY(wr_end(&text));
	wr_raw(w, SPAN_LIT(BEGIN "\n"));
	for (rest = writer_span(&text); rest.len > 0; rest = span_skip(rest, LINE_LEN)) {
		wr_raw(w, span_first(rest, LINE_LEN));
		wr_u8(w, '\n');
	}
	wr_raw(w, SPAN_LIT(END "\n"));
	return wr_end(w);
}

/* Writes cipher, kdf and options. */
static void
put_kdf(struct writer *w, const char *cipher, struct span salt, unsigned rounds)
{
	size_t m;

	wr_str(w, cipher);
	wr_str(w, rounds == 0 ? "none" : "bcrypt");
	m = wr_open(w);
	if (rounds != 0) {
		wr_bytes(w, salt);
		wr_u32(w, rounds);
	}
	wr_close(w, m);
}

enum err
private_openssh_write(const struct key *k, struct span comment,
    const struct private_file_format *format, const struct rng *rng,
    struct writer *w)
{
	SCOPED(writer_free) struct writer section = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer tag = writer_init(LIMIT_KEY_FILE);
	bool encrypt = format->passphrase.len > 0;
	const char *cipher = !encrypt ? "none" :
	    format->cipher != NULL ? format->cipher : DEFAULT_CIPHER;
	unsigned rounds = !encrypt ? 0 :
	    format->rounds != 0 ? format->rounds : PRIVATE_FILE_ROUNDS;
	struct cipher_info c = { .block_len = PLAIN_BLOCK };
	uint8_t salt[SALT_LEN];

	if (encrypt && !cipher_find(&c, span_str(cipher)))
		return ERR_UNSUPPORTED;
	if (rounds > PRIVATE_FILE_MAX_ROUNDS)
		return ERR_RANGE;
	if (c.block_len < PLAIN_BLOCK)
		c.block_len = PLAIN_BLOCK;
	rng_fill(rng, salt, sizeof salt);
	TRY(section_put(&section, k, comment, c.block_len, rng));
	if (encrypt)
		TRY(seal_section(&c, format, span_of(salt, sizeof salt), rounds, &section, &tag));
	wr_raw(&blob, MAGIC);
	put_kdf(&blob, cipher, span_of(salt, sizeof salt), rounds);
	wr_u32(&blob, 1);
	wr_bytes(&blob, key_blob(k));
	wr_bytes(&blob, writer_span(&section));
	wr_raw(&blob, writer_span(&tag));
	TRY(wr_end(&blob));
	return armour(w, writer_span(&blob));
}
