/* SPDX-License-Identifier: ISC */
/* By itself, so that a test can be linked with another one instead. */
#include "base/secret.h"

void
secret_publish(const void *p, size_t n)
{
	(void)p;
	(void)n;
}
