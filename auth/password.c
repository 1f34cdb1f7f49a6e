/* SPDX-License-Identifier: ISC */
#include "auth/password.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "auth/account_i.h"
#include "base/limits.h"
#include "base/secret.h"

/* yescrypt with the cost that passwd(1) of today uses. */
#define FAKE_DEFAULT	"$y$j9T$ahQLGM2pFkNXFrJC4QO1V/$"

/* Whether hash may be one: not "x", "*", "!...". The shortest (DES) have 13 characters. */
static bool
is_hash(struct span hash)
{
	return hash.len >= 13 && hash.len < CRYPT_OUTPUT_SIZE && hash.p[0] != '!' &&
	    hash.p[0] != '*' && span_find(hash, 0) == hash.len;
}

/*
 * The setting is all up to the last '$' (yescrypt, sha512crypt, md5crypt), or
 * the fixed 29 characters of bcrypt.
 */
static struct span
setting_of(struct span hash)
{
	size_t n = hash.len;

	if (span_starts(hash, SPAN_LIT("$2")))
		return span_first(hash, 29);
	while (n > 0 && hash.p[n - 1] != '$')
		n--;
	return span_first(hash, n);
}

void
password_fake_setting(struct span shadow, char *fake)
{
	struct span setting = SPAN_LIT(FAKE_DEFAULT);
	struct span field[ACCOUNT_MAX_FIELDS];

	while (account_next_line(&shadow, field, SHADOW_FIELDS)) {
		struct span candidate = setting_of(field[1]);

		if (is_hash(field[1]) && field[1].p[0] == '$' && candidate.len > 3 &&
		    candidate.len < PASSWORD_SETTING_MAX) {
			setting = candidate;
			break;
		}
	}
	memcpy(fake, setting.p, setting.len);
	fake[setting.len] = '\0';
}

/* What one check works on; on the heap, for it has 32 KiB. Wiped when freed. */
struct check {
	struct crypt_data data;
	char password[LIMIT_PASSWORD + 1];
	char setting[CRYPT_OUTPUT_SIZE];
};

static void
check_free(struct check **c)
{
	if (*c == NULL)
		return;
	wipe(*c, sizeof(**c));
	free(*c);
	*c = NULL;
}

enum err
password_check(struct span hash, const char *fake, struct span password)
{
	SCOPED(check_free) struct check *c = NULL;
	const char *made;
	bool is_real = is_hash(hash);

	if (password.len == 0 || password.len > LIMIT_PASSWORD)
		return ERR_DENIED;
	/* crypt() would not see what follows a NUL; hash something all the same. */
	if (span_find(password, 0) != password.len)
		is_real = false;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_NOMEM;
	memcpy(c->password, password.p, password.len);
	if (is_real)
		memcpy(c->setting, hash.p, hash.len);
	else
		memcpy(c->setting, fake, strlen(fake) + 1);
	made = crypt_rn(c->password, c->setting, &c->data, sizeof(c->data));
	if (made == NULL) {
		/* A kind of hash that libcrypt does not know: as long as for a fake. */
		if (is_real)
			(void)crypt_rn(c->password, fake, &c->data, sizeof(c->data));
		return ERR_DENIED;
	}
	if (!is_real || !span_eq_secret(span_str(made), hash))
		return ERR_DENIED;
	return ERR_OK;
}

/* The prefix of crypt(5) that a new hash begins with. */
static const char *
prefix_like(struct span hash)
{
	static const struct {
		const char *begins, *prefix;
	} kinds[] = { { "$y$", "$y$" }, { "$6$", "$6$" }, { "$5$", "$5$" }, { "$gy$", "$gy$" },
	    { "$7$", "$7$" }, { "$2", "$2b$" } };

	for (size_t i = 0; is_hash(hash) && i < COUNT(kinds); i++) {
		if (span_starts(hash, span_str(kinds[i].begins)))
			return kinds[i].prefix;
	}
	return "$y$";
}

enum err
password_make(char hash[static PASSWORD_HASH_MAX], struct span like, struct span password,
    struct rng *rng)
{
	SCOPED(check_free) struct check *c = NULL;
	uint8_t salt[16];
	const char *made;

	if (password.len == 0 || password.len > LIMIT_PASSWORD || span_find(password, 0) != password.len)
		return ERR_DENIED;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ERR_NOMEM;
	rng_fill(rng, salt, sizeof(salt));
	memcpy(c->password, password.p, password.len);
	if (crypt_gensalt_rn(prefix_like(like), 0, (const char *)salt, sizeof(salt), c->setting,
	    sizeof(c->setting)) == NULL &&
	    crypt_gensalt_rn("$6$", 0, (const char *)salt, sizeof(salt), c->setting,
	    sizeof(c->setting)) == NULL)
		return ERR_UNSUPPORTED;
	made = crypt_rn(c->password, c->setting, &c->data, sizeof(c->data));
	if (made == NULL || strlen(made) >= PASSWORD_HASH_MAX)
		return ERR_UNSUPPORTED;
	memcpy(hash, made, strlen(made) + 1);
	return ERR_OK;
}
