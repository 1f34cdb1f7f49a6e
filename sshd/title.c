/* SPDX-License-Identifier: ISC */
#include "sshd/title.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Moves the environment's strings to memory of their own; false if there is none. */
static bool
move_environment(void)
{
	size_t n = 0;
	char **moved;

	while (environ != NULL && environ[n] != NULL)
		n++;
	moved = calloc(n + 1, sizeof(*moved));
	if (moved == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		moved[i] = strdup(environ[i]);
		if (moved[i] == NULL)
			return false;	/* ends soon anyway; not worth freeing */
	}
	environ = moved;
	return true;
}

void
title_init(struct title *t, int argc, char **argv)
{
	char *end;

	*t = (struct title){ .area = NULL };
	if (argc < 1)
		return;
	end = argv[0];
	for (int i = 0; i < argc; i++) {
		if (argv[i] == end)
			end += strlen(argv[i]) + 1;
	}
	for (size_t i = 0; environ != NULL && environ[i] != NULL; i++) {
		if (environ[i] == end)
			end += strlen(environ[i]) + 1;
	}
	if (!move_environment())
		return;
	t->area = argv[0];
	t->size = (size_t)(end - argv[0]);
}

void
title_set(const struct title *t, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	size_t len;

	if (t->size < 2)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memset(t->area, 0, t->size);
	len = (size_t)snprintf(t->area, t->size, "sshd: %s", text);
	/* The kernel reads on into the environment if the last byte is not NUL. */
	if (len >= t->size)
		t->area[t->size - 1] = '\0';
}
