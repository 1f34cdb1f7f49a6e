/* SPDX-License-Identifier: ISC */
/* Codes as anybody may type them: what is taken is printed so that it is taken again, as the same. */
#include <string.h>

#include "auth/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char code[CODE_SIZE], again[CODE_SIZE];

	if (code_parse(span_of(data, size), code) != ERR_OK)
		return 0;
	must(strlen(code) == CODE_SIZE - 1);
	must(code_parse(span_str(code), again) == ERR_OK);
	must(strcmp(code, again) == 0);
	return 0;
}
