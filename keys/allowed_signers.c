/* SPDX-License-Identifier: ISC */
#include "keys/allowed_signers.h"

#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/text.h"
#include "keys/line.h"
#include "keys/timestamp.h"

/* --- options --- */

/* What is wrong with an option, in the words of its name. */
struct option_words {
	const char *name;
	const char *twice;
	const char *invalid;
};

static const struct option_words after_words = { "valid-after",
    "bad options: multiple \"valid-after\" clauses", "bad options: invalid \"valid-after\" time" };
static const struct option_words before_words = { "valid-before",
    "bad options: multiple \"valid-before\" clauses", "bad options: invalid \"valid-before\" time" };

static enum err
fail(const char **why, const char *what)
{
	*why = what;
	return ERR_SYNTAX;
}

/* Takes name off *rest if that begins with it, in any case. */
static bool
take_name(struct span *rest, const char *name)
{
	size_t len = strlen(name);

	if (rest->len < len || strncasecmp((const char *)rest->p, name, len) != 0)
		return false;
	*rest = span_skip(*rest, len);
	return true;
}

/* Takes a quoted value off *rest and unquotes it into value. */
static enum err
take_value(struct span *rest, struct writer *value, const char **why)
{
	size_t i;

	if (rest->len == 0 || rest->p[0] != '"')
		return fail(why, "bad options: missing start quote");
	for (i = 1; i < rest->len && rest->p[i] != '"'; i++) {
		if (rest->p[i] == '\\' && i + 1 < rest->len && rest->p[i + 1] == '"')
			i++;
		wr_u8(value, rest->p[i]);
	}
	if (i >= rest->len)
		return fail(why, "bad options: missing end quote");
	*rest = span_skip(*rest, i + 1);
	return value->err == ERR_LIMIT ? fail(why, "bad options: value too long") : wr_end(value);
}

static enum err
take_time(struct span *rest, const struct option_words *words, struct signer_time *out,
    const char **why)
{
	SCOPED(writer_free) struct writer value = writer_init(LIMIT_LINE);
	struct span s;

	if (out->is_set)
		return fail(why, words->twice);
	TRY(take_value(rest, &value, why));
	s = writer_span(&value);
	if (timestamp_parse(s, 0, &out->seconds) != ERR_OK)
		return fail(why, words->invalid);
	out->is_set = true;
	out->is_local = s.p[s.len - 1] != 'Z';
	return ERR_OK;
}

static enum err
take_option(struct span *rest, struct allowed_signer *s, const char **why)
{
	if (take_name(rest, "cert-authority")) {
		s->is_ca = true;
		return ERR_OK;
	}
	if (take_name(rest, "valid-after="))
		return take_time(rest, &after_words, &s->after, why);
	if (take_name(rest, "valid-before="))
		return take_time(rest, &before_words, &s->before, why);
	if (!take_name(rest, "namespaces="))
		return fail(why, "bad options: unknown key option");
	if (s->has_name_spaces)
		return fail(why, "bad options: multiple \"namespaces\" clauses");
	s->has_name_spaces = true;
	return take_value(rest, &s->name_spaces, why);
}

static enum err
take_options(struct span rest, struct allowed_signer *s, const char **why)
{
	for (;;) {
		if (rest.len == 0 || rest.p[0] == ',')
			return fail(why, "bad options: unexpected end-of-options");
		TRY(take_option(&rest, s, why));
		if (rest.len == 0)
			break;
		if (rest.p[0] != ',')
			return fail(why, "bad options: unknown key option");
		rest = span_skip(rest, 1);
	}
	if (s->after.is_set && s->before.is_set && s->after.is_local == s->before.is_local &&
	    s->before.seconds <= s->after.seconds)
		return fail(why, "bad options: \"valid-before\" time is before \"valid-after\"");
	return ERR_OK;
}

/* --- lines --- */

/* Takes the principals off *rest: a word, or what stands in quotes. */
static bool
take_principals(struct span *rest, struct span *principals)
{
	size_t end;

	if (rest->len == 0 || rest->p[0] != '"') {
		*principals = line_word(rest);
		return true;
	}
	*rest = span_skip(*rest, 1);
	end = span_find(*rest, '"');
	*principals = span_first(*rest, end);
	if (end == rest->len) {
		*principals = SPAN_EMPTY;
		return false;
	}
	*rest = line_trim(span_skip(*rest, end + 1));
	return true;
}

/* Takes the options off *rest, up to a blank outside of quotes; false without an end quote. */
static bool
cut_options(struct span *rest, struct span *options)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < rest->len; i++) {
		if (rest->p[i] == '\\' && i + 1 < rest->len && rest->p[i + 1] == '"')
			i++;
		else if (rest->p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (rest->p[i] == ' ' || rest->p[i] == '\t'))
			break;
	}
	*options = span_first(*rest, i);
	*rest = line_trim(span_skip(*rest, i));
	return !quoted;
}

static bool
begins_with_type(struct span rest)
{
	struct span word = line_word(&rest);

	return key_type_find(word) != NULL || cert_type_plain(word) != NULL;
}

static enum err
parse(struct span rest, struct allowed_signer *s, const char **why)
{
	struct span options = SPAN_EMPTY, type;
	enum err e;

	if (!take_principals(&rest, &s->principals))
		return fail(why, "invalid line");
	if (rest.len == 0)
		return fail(why, "missing key");
	if (!begins_with_type(rest) && !cut_options(&rest, &options))
		return fail(why, "invalid options");
	if (rest.len == 0)
		return fail(why, "missing key");
	if (!begins_with_type(rest))
		return fail(why, "invalid key");
	type = line_word(&rest);
	e = line_key_decode(type, line_word(&rest), &s->blob);
	if (e != ERR_OK)
		return e == ERR_NOMEM ? e : fail(why, "invalid key");
	return options.len == 0 ? ERR_OK : take_options(options, s, why);
}

enum err
allowed_signer_parse(struct span line, struct allowed_signer *out, const char **why)
{
	enum err e;

	*out = (struct allowed_signer){
		.name_spaces = writer_init(LIMIT_LINE), .blob = writer_init(LIMIT_KEY_BLOB),
	};
	*why = NULL;
	line = line_trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return ERR_NOTFOUND;
	e = parse(line, out, why);
	if (e != ERR_OK) {
		struct span principals = out->principals;

		allowed_signer_free(out);
		out->principals = principals;
	}
	return e;
}

void
allowed_signer_free(struct allowed_signer *s)
{
	if (s == NULL)
		return;
	writer_free(&s->name_spaces);
	writer_free(&s->blob);
	*s = (struct allowed_signer){ .is_ca = false };
}

bool
allowed_next(struct allowed_walk *walk, struct allowed_signer *out, enum err *e, const char **why)
{
	struct span line;

	while (line_next(&walk->rest, &line)) {
		walk->number++;
		*e = allowed_signer_parse(line, out, why);
		if (*e != ERR_NOTFOUND)
			return true;
	}
	return false;
}

/* --- questions --- */

bool
allowed_signer_is_for(const struct allowed_signer *s, struct span name)
{
	return text_match_list(name, s->principals, false) == MATCH_YES;
}

/* What is to be said about times, by the clock that the line means. */
static enum signer_answer
ask_times(const struct allowed_signer *s, const struct signer_question *q)
{
	int64_t now = q->now > INT64_MAX ? INT64_MAX : (int64_t)q->now;

	if (s->after.is_set && (s->after.is_local ? q->now_local : now) < s->after.seconds)
		return SIGNER_EARLY;
	if (s->before.is_set && (s->before.is_local ? q->now_local : now) > s->before.seconds)
		return SIGNER_LATE;
	return SIGNER_ALLOWED;
}

/* Whether the line is about the key that signed; else *answer says what it is. */
static enum err
ask_key(const struct allowed_signer *s, const struct signer_question *q,
    enum signer_answer *answer, const char **why)
{
	struct span blob = writer_span(&s->blob);
	struct cert_need need = {
		.role = CERT_USER, .now = q->now, .ca_algs = span_str(keys_list(KEY_LIST_CA)),
		.name = q->principal, .any_name = q->principal.p == NULL,
	};
	enum err e;

	if (!s->is_ca) {
		*answer = span_eq(blob, q->signer) ? SIGNER_ALLOWED : SIGNER_OTHER;
		return ERR_OK;
	}
	*answer = SIGNER_OTHER;
	if (q->cert == NULL || !span_eq(blob, key_blob(q->cert->ca)))
		return ERR_OK;
	e = cert_check(q->cert, &need, why);
	if (e == ERR_OK)
		*answer = SIGNER_ALLOWED;
	else if (e == ERR_DENIED)
		*answer = SIGNER_BAD_CERT;
	return e == ERR_DENIED ? ERR_OK : e;
}

enum err
allowed_signer_ask(const struct allowed_signer *s, const struct signer_question *q,
    enum signer_answer *answer, const char **why)
{
	*answer = SIGNER_OTHER;
	*why = NULL;
	if (q->principal.p != NULL && !allowed_signer_is_for(s, q->principal))
		return ERR_OK;
	TRY(ask_key(s, q, answer, why));
	if (*answer != SIGNER_ALLOWED)
		return ERR_OK;
	if (s->has_name_spaces && q->name_space.p != NULL &&
	    text_match_list(q->name_space, writer_span(&s->name_spaces), false) != MATCH_YES)
		*answer = SIGNER_NAME_SPACE;
	else
		*answer = ask_times(s, q);
	return ERR_OK;
}
