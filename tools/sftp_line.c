/* SPDX-License-Identifier: ISC */
/* Lines of sftp: words, and which command it is. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/sftp.h"

/* What stands between words; a batch may come from a machine where lines end with \r\n. */
#define SPACES	" \t\r\v\f"

bool
args_has(const struct args *a, char flag)
{
	return strchr(a->flags, flag) != NULL;
}

bool
sftp_fail(const char *fmt, ...)
{
	char *text = NULL, *fit;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		text = far_must(NULL);
	va_end(ap);
	fit = far_shown(text);
	fflush(stdout);
	fprintf(stderr, "%s\n", fit);
	free(fit);
	free(text);
	return false;
}

/* --- words --- */

bool
sftp_split(const char *line, struct words *out, const char **why)
{
	char *word = far_must(malloc(2 * strlen(line) + 1)), *p = word;
	bool in_word = false;
	char quote = '\0';

	*out = (struct words){ .n = 0 };
	for (; *line != '\0'; line++) {
		char c = *line;

		if (quote == '\0' && strchr(SPACES, c) != NULL) {
			*p = '\0';
			if (in_word)
				words_add(out, "%s", word);
			in_word = false;
			p = word;
			continue;
		}
		in_word = true;
		if (quote == '\0' && (c == '\'' || c == '"')) {
			quote = c;
		} else if (quote != '\0' && c == quote) {
			quote = '\0';
		} else if (c == '\\' && line[1] != '\0') {
			c = *++line;
			/* In quotes a backslash is one but before the quote, itself and patterns. */
			if (quote != '\0' && c != quote && strchr("\\*?[", c) == NULL) {
				*p++ = '\\';
				*p++ = '\\';
			} else if (strchr("\\*?[", c) != NULL) {
				*p++ = '\\';
			}
			*p++ = c;
		} else {
			if (c == '\\' || (quote != '\0' && strchr("*?[", c) != NULL))
				*p++ = '\\';
			*p++ = c;
		}
	}
	*p = '\0';
	if (in_word)
		words_add(out, "%s", word);
	free(word);
	*why = "Unterminated quoted argument";
	if (quote == '\0')
		return true;
	words_free(out);
	return false;
}

/* --- small commands --- */

static bool
quit(struct session *s, const struct args *a)
{
	(void)a;
	s->is_over = true;
	return true;
}

static bool
pwd(struct session *s, const struct args *a)
{
	(void)a;
	far_print(stdout, "Remote working directory: %s\n", s->pwd);
	return true;
}

static bool
version(struct session *s, const struct args *a)
{
	(void)a;
	printf("SFTP protocol version %u\n", sftp_client_version(s->c));
	return true;
}

static bool
progress(struct session *s, const struct args *a)
{
	(void)a;
	s->wants_progress = !s->wants_progress;
	printf("Progress meter %s\n", s->wants_progress ? "enabled" : "disabled");
	return true;
}

static bool
help(struct session *s, const struct args *a)
{
	static const char *const lines[][2] = {
		{ "bye, exit, quit", "end" },
		{ "cd PATH", "go to a folder there" },
		{ "chgrp [-h] GROUP PATH", "give files another group, by number" },
		{ "chmod [-h] MODE PATH", "give files another mode, in octal" },
		{ "chown [-h] OWNER PATH", "give files another owner, by number" },
		{ "copy, cp FROM TO", "copy a file there to another place there" },
		{ "df [-hi] [PATH]", "how full the file system there is" },
		{ "get, mget [-afpR] THERE [HERE]", "fetch files" },
		{ "help, ?", "this list" },
		{ "lcd PATH", "go to a folder here" },
		{ "lls [OPTIONS] [PATH]", "list a folder here" },
		{ "lmkdir PATH", "make a folder here" },
		{ "ln [-s] FROM TO", "make a link there, with -s a symbolic one" },
		{ "lpwd", "where we are here" },
		{ "ls, dir [-1afhlnrSt] [PATH]", "list a folder there" },
		{ "lumask MASK", "what modes of new files here lack" },
		{ "mkdir PATH", "make a folder there" },
		{ "progress", "show how far a copy is, or no longer" },
		{ "put, mput [-afpR] HERE [THERE]", "bring files there" },
		{ "pwd", "where we are there" },
		{ "reget [-fpR] THERE [HERE]", "go on fetching" },
		{ "rename [-l] FROM TO", "call a file there otherwise" },
		{ "reput [-fpR] HERE [THERE]", "go on bringing" },
		{ "rm PATH", "delete files there" },
		{ "rmdir PATH", "delete an empty folder there" },
		{ "symlink FROM TO", "make a symbolic link there" },
		{ "version", "the protocol's version" },
		{ "![COMMAND]", "a command here, or a shell" },
	};

	(void)s;
	(void)a;
	printf("Commands:\n");
	for (size_t i = 0; i < COUNT(lines); i++)
		printf("%-34s %s\n", lines[i][0], lines[i][1]);
	return true;
}

/* --- which one --- */

static const struct command {
	const char *name;
	bool (*run)(struct session *s, const struct args *a);
	const char *flags;	/* that it takes; NULL: its words are its own business */
	size_t least;		/* words that it needs */
	const char *needs;	/* what is said if there are fewer */
} commands[] = {
	{ "bye", quit, "", 0, NULL },
	{ "cd", sftp_cd, "", 0, NULL },
	{ "chdir", sftp_cd, "", 0, NULL },
	{ "chgrp", sftp_change, "h", 2, NULL },
	{ "chmod", sftp_change, "h", 2, NULL },
	{ "chown", sftp_change, "h", 2, NULL },
	{ "copy", sftp_copy, "", 2, "two paths" },
	{ "cp", sftp_copy, "", 2, "two paths" },
	{ "delete", sftp_rm, "", 1, "a path" },
	{ "df", sftp_df, "hi", 0, NULL },
	{ "dir", sftp_ls, "1afhlnrSt", 0, NULL },
	{ "exit", quit, "", 0, NULL },
	{ "get", sftp_get, "afpPrR", 1, "at least one path" },
	{ "help", help, "", 0, NULL },
	{ "lcd", sftp_lcd, "", 0, NULL },
	{ "lchdir", sftp_lcd, "", 0, NULL },
	{ "lls", sftp_lls, NULL, 0, NULL },
	{ "lmkdir", sftp_lmkdir, "", 1, "a path" },
	{ "ln", sftp_link, "s", 2, "two paths" },
	{ "lpwd", sftp_lpwd, "", 0, NULL },
	{ "ls", sftp_ls, "1afhlnrSt", 0, NULL },
	{ "lumask", sftp_lumask, "", 0, NULL },
	{ "mget", sftp_get, "afpPrR", 1, "at least one path" },
	{ "mkdir", sftp_folder, "", 1, "a path" },
	{ "mput", sftp_put, "afpPrR", 1, "at least one path" },
	{ "progress", progress, "", 0, NULL },
	{ "put", sftp_put, "afpPrR", 1, "at least one path" },
	{ "pwd", pwd, "", 0, NULL },
	{ "quit", quit, "", 0, NULL },
	{ "reget", sftp_get, "fpPrR", 1, "at least one path" },
	{ "rename", sftp_rename, "l", 2, "two paths" },
	{ "reput", sftp_put, "fpPrR", 1, "at least one path" },
	{ "rm", sftp_rm, "", 1, "a path" },
	{ "rmdir", sftp_folder, "", 1, "a path" },
	{ "symlink", sftp_link, "", 2, "two paths" },
	{ "version", version, "", 0, NULL },
	{ "?", help, "", 0, NULL },
};

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcasecmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Takes the flags at the beginning of the words: *n of these, letters in flags. */
static bool
take_flags(const struct command *c, const struct words *w, size_t *n, char *flags, size_t size)
{
	size_t n_flags = 0;

	for (*n = 1; c->flags != NULL && *n < w->n && w->v[*n][0] == '-' && w->v[*n][1] != '\0'; ++*n) {
		if (strcmp(w->v[*n], "--") == 0) {
			++*n;
			break;
		}
		for (const char *p = w->v[*n] + 1; *p != '\0'; p++) {
			if (strchr(c->flags, *p) == NULL)
				return sftp_fail("%s: Invalid flag -%c", w->v[0], *p);
			if (strchr(flags, *p) == NULL && n_flags + 1 < size) {
				flags[n_flags++] = *p;
				flags[n_flags] = '\0';
			}
		}
	}
	return true;
}

static bool
run_words(struct session *s, const struct words *w, const char *line)
{
	const struct command *c = find(w->v[0]);
	char flags[16] = "";
	struct args a;
	size_t n;

	if (c == NULL)
		return sftp_fail("Invalid command.");
	if (!take_flags(c, w, &n, flags, sizeof(flags)))
		return false;
	a = (struct args){ .name = c->name, .flags = flags, .words = w->v + n, .n = w->n - n };
	a.rest = line + strcspn(line, SPACES);
	a.rest += strspn(a.rest, SPACES);
	if (a.n < c->least && c->needs != NULL)
		return sftp_fail("You must specify %s after a %s command.", c->needs, c->name);
	return c->run(s, &a);
}

bool
sftp_do_line(struct session *s, const char *line)
{
	struct words words;
	const char *why;
	bool ok;

	line += strspn(line, SPACES);
	if (*line == '\0' || *line == '#')
		return true;
	if (*line == '!')
		return sftp_shell(s, line + 1 + strspn(line + 1, SPACES));
	if (!sftp_split(line, &words, &why))
		return sftp_fail("%s", why);
	ok = words.n == 0 || run_words(s, &words, line);
	words_free(&words);
	return ok;
}
