/* SPDX-License-Identifier: ISC */
#include "regress/support/kat.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
stop(const char *what, const char *name)
{
	fprintf(stderr, "kat: %s: %s\n", what, name);
	exit(2);
}

char *
kat_file(const char *path, size_t *len)
{
	const char *srcdir = getenv("SRCDIR");
	char full[4096];
	char *text;
	long size = 0;
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", srcdir == NULL ? "." : srcdir, path);
	f = fopen(full, "rb");
	if (f == NULL || fseek(f, 0, SEEK_END) == -1 || (size = ftell(f)) < 0)
		stop("cannot read (is SRCDIR set?)", full);
	rewind(f);
	text = malloc((size_t)size + 1);
	if (text == NULL || fread(text, 1, (size_t)size, f) != (size_t)size)
		stop("cannot read", full);
	fclose(f);
	text[size] = '\0';
	if (len != NULL)
		*len = (size_t)size;
	return text;
}

void
kat_open(struct kat *kat, const char *name)
{
	char path[256];

	*kat = (struct kat){ .n = 0 };
	snprintf(path, sizeof(path), "regress/kat/%s", name);
	kat->text = kat->at = kat_file(path, NULL);
}

static void
clear_record(struct kat *kat)
{
	for (size_t i = 0; i < kat->n; i++)
		free(kat->field[i].bytes);
	kat->n = 0;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes the value of the last field where it is hexadecimal. */
static void
decode(struct kat *kat, size_t i)
{
	const char *v = kat->field[i].value;
	size_t len = strlen(v);
	uint8_t *out = malloc(len / 2 + 1);

	if (out == NULL)
		stop("out of memory", kat->field[i].name);
	kat->field[i].len = 0;
	for (size_t k = 0; k + 1 < len; k += 2) {
		if (digit(v[k]) < 0 || digit(v[k + 1]) < 0) {
			free(out);
			return;
		}
		out[kat->field[i].len++] = (uint8_t)(digit(v[k]) << 4 | digit(v[k + 1]));
	}
	kat->field[i].bytes = out;
}

/* Takes one line apart: "name = value". */
static void
take_line(struct kat *kat, char *line)
{
	char *equals = strchr(line, '=');
	char *end;

	if (equals == NULL || kat->n == KAT_MAX_FIELDS)
		stop("bad line", line);
	for (end = equals; end > line && isspace((unsigned char)end[-1]); end--)
		;
	*end = '\0';
	do
		equals++;
	while (isspace((unsigned char)*equals));
	for (end = equals + strlen(equals); end > equals && isspace((unsigned char)end[-1]); end--)
		;
	*end = '\0';
	kat->field[kat->n].name = line;
	kat->field[kat->n].value = equals;
	kat->field[kat->n].bytes = NULL;
	decode(kat, kat->n);
	kat->n++;
}

bool
kat_next(struct kat *kat)
{
	clear_record(kat);
	while (kat->at != NULL && *kat->at != '\0') {
		char *line = kat->at;
		char *newline = strchr(line, '\n');

		kat->at = newline == NULL ? NULL : newline + 1;
		if (newline != NULL)
			*newline = '\0';
		if (*line == '#')
			continue;
		if (line[strspn(line, " \t\r")] == '\0') {
			if (kat->n > 0)
				return true;
			continue;
		}
		take_line(kat, line);
	}
	if (kat->n > 0)
		return true;
	free(kat->text);
	*kat = (struct kat){ .n = 0 };
	return false;
}

const uint8_t *
kat_bytes(const struct kat *kat, const char *field, size_t *len)
{
	for (size_t i = 0; i < kat->n; i++) {
		if (strcmp(kat->field[i].name, field) == 0 && kat->field[i].bytes != NULL) {
			if (len != NULL)
				*len = kat->field[i].len;
			return kat->field[i].bytes;
		}
	}
	stop("no such field, or not hexadecimal", field);
	return NULL;
}

const char *
kat_text(const struct kat *kat, const char *field)
{
	for (size_t i = 0; i < kat->n; i++) {
		if (strcmp(kat->field[i].name, field) == 0)
			return kat->field[i].value;
	}
	return NULL;
}

struct span
kat_span(const char *name)
{
	char path[256];
	size_t len;
	char *text;

	snprintf(path, sizeof(path), "regress/kat/%s", name);
	text = kat_file(path, &len);
	return span_of(text, len);
}

void
kat_span_free(struct span *s)
{
	free((void *)(uintptr_t)s->p);
}
