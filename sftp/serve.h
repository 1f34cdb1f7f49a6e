/* SPDX-License-Identifier: ISC */
/*
 * sftp/serve.h - an SFTP server on two descriptors, until its input ends: what
 * sftp-server(8) and internal-sftp have in common.
 */
#ifndef SFTP_SERVE_H
#define SFTP_SERVE_H

#include "sftp/options.h"

/* Who is served. */
struct sftp_who {
	const char *user;
	const char *home;
	uid_t uid;
	const char *client;		/* his address; "UNKNOWN" */
};

/*
 * Serves with the rights of this process, in its root directory, until in
 * ends, out is closed or the client makes no sense. Descriptors in and out must not be
 * needed by anybody else: they do not block meanwhile. Returns the exit status.
 */
int sftp_serve(const struct sftp_options *o, const struct sftp_who *who, const struct log *log, int in, int out);

#endif
