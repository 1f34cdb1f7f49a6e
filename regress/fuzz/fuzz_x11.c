/* SPDX-License-Identifier: ISC */
/* X11 setups: what is let through has as many bytes as it had, and none of the fake cookie. */
#include "channels/x11.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(writer_free) struct writer out = writer_init(X11_SETUP_MAX);
	const struct span fake = SPAN_LIT("0123456789abcdef"), real = SPAN_LIT("fedcba9876543210");
	struct span in = span_of(data, size);
	size_t used;
	enum err e = x11_setup_swap(in, SPAN_LIT("MIT-MAGIC-COOKIE-1"), fake, real, &out, &used);

	must(used <= size);
	if (e == ERR_OK) {
		must(out.len == used && used >= 12 + 20 + 16);
		must(span_eq(span_of(out.p + 32, 16), real));
	} else {
		must(used == 0);
	}
	if (e == ERR_AGAIN)
		must(size < X11_SETUP_MAX);
	return 0;
}
