/* SPDX-License-Identifier: ISC */
/* Forwarded connections. */
#include "sshd/session_i.h"

bool
forward_open(struct session *s, const struct msg_to_session_open *m)
{
	(void)s;
	(void)m;
	return false;
}

bool
forward_global(struct session *s, const struct msg_to_session_global *m)
{
	(void)s;
	(void)m;
	return false;
}

void
forward_opened(struct session *s, const struct msg_to_session_opened *m)
{
	(void)s;
	(void)m;
}

bool
forward_closed(struct session *s, uint32_t channel)
{
	(void)s;
	(void)channel;
	return false;
}
