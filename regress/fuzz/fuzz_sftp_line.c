/* SPDX-License-Identifier: ISC */
/*
 * What users write for scp and sftp: lines of commands, patterns, destinations; and names of a
 * server on their way to a terminal.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/sftp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = span_dup_str(span_first(span_of(data, size), span_find(span_of(data, size), '\0'))), *shown, *again;
	struct words words;
	struct where w;
	const char *why;
	bool is_bad;

	must(text != NULL);
	if (sftp_split(text, &words, &why)) {
		for (size_t i = 0; i < words.n; i++) {
			char *plain = glob_unescape(words.v[i]), *pattern = glob_escape(plain), *back = glob_unescape(pattern);

			/* What is escaped stands for itself. */
			must(strcmp(plain, back) == 0 && !glob_is_pattern(pattern));
			free(plain);
			free(pattern);
			free(back);
		}
		words_free(&words);
	}
	if (where_uri(text, "sftp", &w, &is_bad) || (!is_bad && where_remote(text, &w))) {
		must(w.host != NULL);
		where_free(&w);
	}
	shown = far_shown(text);
	for (const char *p = shown; *p != '\0'; p++)
		must((unsigned char)*p >= ' ' && *p != 0x7f);
	again = far_shown(shown);
	must(strcmp(shown, again) == 0);
	free(again);
	free(shown);
	free(text);
	return 0;
}
