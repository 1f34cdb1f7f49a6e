/* SPDX-License-Identifier: ISC */
/*
 * The client of SFTP: whatever a server sends, in whatever pieces, the client ends,
 * and has written nothing but the file that it was told to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sftp/copy.h"
#include "sftp/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A server that sends what the input is, and takes everything. */
struct line {
	struct span rest;
	uint8_t step;		/* bytes at once; 0: all */
};

static enum err
move(void *arg, bool wait, struct span out, size_t *sent, struct room in, size_t *received)
{
	struct line *l = arg;
	size_t n = l->step == 0 ? l->rest.len : l->step;

	*sent = out.len;
	n = n < in.len ? n : in.len;
	n = n < l->rest.len ? n : l->rest.len;
	if (n > 0)
		memcpy(in.p, l->rest.p, n);
	l->rest = span_skip(l->rest, n);
	*received = n;
	return wait && n == 0 && out.len == 0 ? ERR_CLOSED : ERR_OK;
}

/* What one input does: bits of its first byte. */
static void
use(struct sftp_client *c, uint8_t what, const char *local)
{
	struct sftp_how how = { .preserve = what & 1, .resume = what & 2, .requests = 4, .block = 64 };
	struct glob_place place = glob_remote(c);
	struct sftp_entries list;
	size_t n_bad;
	char *name;

	switch (what >> 2 & 7) {
	case 0:
		(void)!sftp_download(c, "x", NULL, local, &how);
		break;
	case 1:
		(void)!sftp_download(c, "x", &(struct sftp_attrs){ .flags = SFTP_ATTR_SIZE | SFTP_ATTR_PERMISSIONS,
		    .size = 300, .permissions = 0100644 }, local, &how);
		break;
	case 2:
		(void)!sftp_upload(c, "/proc/self/comm", "y", &how);
		break;
	case 3:
		if (sftp_list(c, "x", &list, &n_bad) == ERR_OK)
			sftp_entries_free(&list);
		break;
	case 4:
		if (glob_find(&place, "a*/[b-x]*", &list) == ERR_OK)
			sftp_entries_free(&list);
		break;
	case 5:
		if (sftp_ask_name(c, SFTP_OP_REALPATH, ".", &name) == ERR_OK)
			free(name);
		break;
	case 6:
		(void)!sftp_upload(c, "/etc/hostname", "y", &how);
		break;
	default: {
		struct sftp_reply a;

		(void)!sftp_ask(c, &(struct sftp_request){ .op = SFTP_OP_STATVFS, .path = SPAN_LIT("/") }, &a);
	}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line l = { .step = 0 };
	struct sftp_transport t = { move, &l };
	struct sftp_client *c;
	char local[40];
	int fd;

	if (size < 2)
		return 0;
	l.step = data[1];
	l.rest = span_of(data + 2, size - 2);
	fd = memfd_create("local", MFD_CLOEXEC);
	must(fd != -1);
	snprintf(local, sizeof(local), "/proc/self/fd/%d", fd);
	must(sftp_client_new(&c, &t) == ERR_OK);
	/* With and without the hello, which a fuzzer need not find. */
	if ((data[0] & 0x80) != 0) {
		if (sftp_client_start(c) == ERR_OK)
			use(c, data[0], local);
	} else {
		use(c, data[0], local);
	}
	sftp_client_free(c);
	close(fd);
	return 0;
}
