/* SPDX-License-Identifier: ISC */
#include "tools/sftp_edit.h"

#ifdef HAVE_LIBEDIT
#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_SIZE	100

struct editor {
	EditLine *el;
	History *history;
	char *line;
};

static char *
prompt(EditLine *el)
{
	static char text[] = "sftp> ";

	(void)el;
	return text;
}

/*
 * libedit drops what is no character of the locale: "rm \303\266*" would be "rm *". Whether there is
 * a locale that has them; where the user has none, names are UTF-8.
 */
static bool
knows_characters(void)
{
	if (setlocale(LC_CTYPE, "") != NULL && (MB_CUR_MAX > 1 || strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968") != 0))
		return true;
	return setlocale(LC_CTYPE, "C.UTF-8") != NULL;
}

struct editor *
editor_new(void)
{
	struct editor *e = knows_characters() ? calloc(1, sizeof(*e)) : NULL;
	HistEvent event;

	if (e == NULL)
		return NULL;
	e->el = el_init("sftp", stdin, stdout, stderr);
	e->history = history_init();
	if (e->el == NULL || e->history == NULL) {
		editor_free(e);
		return NULL;
	}
	(void)history(e->history, &event, H_SETSIZE, HISTORY_SIZE);
	(void)el_set(e->el, EL_HIST, history, e->history);
	(void)el_set(e->el, EL_PROMPT, prompt);
	(void)el_set(e->el, EL_EDITOR, "emacs");
	(void)el_set(e->el, EL_SIGNAL, 1);
	(void)el_source(e->el, NULL);
	return e;
}

const char *
editor_line(struct editor *e)
{
	HistEvent event;
	const char *got;
	int n = 0;

	errno = 0;
	got = el_gets(e->el, &n);
	free(e->line);
	e->line = got == NULL || n <= 0 ? NULL : strndup(got, (size_t)n);
	if (e->line == NULL)
		return NULL;
	n = (int)strcspn(e->line, "\n");
	if (n > 0)
		(void)history(e->history, &event, H_ENTER, e->line);
	e->line[n] = '\0';
	return e->line;
}

void
editor_free(struct editor *e)
{
	if (e == NULL)
		return;
	if (e->el != NULL)
		el_end(e->el);
	if (e->history != NULL)
		history_end(e->history);
	free(e->line);
	free(e);
}

#else

#include <stddef.h>

struct editor *
editor_new(void)
{
	return NULL;
}

const char *
editor_line(struct editor *e)
{
	(void)e;
	return NULL;
}

void
editor_free(struct editor *e)
{
	(void)e;
}
#endif
