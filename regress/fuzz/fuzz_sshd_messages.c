/* SPDX-License-Identifier: ISC */
/* Every decoder of the messages between sshd's processes. */
#include <stdint.h>

#include "regress/support/sshd_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)messages_try_all(span_of(data, size < LIMIT_IPC ? size : LIMIT_IPC));
	return 0;
}
