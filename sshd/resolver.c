/* SPDX-License-Identifier: ISC */
/*
 * The resolver: asks for a name of an address, and that name for its addresses.
 *
 * peers: name servers; its standard output, which a guard reads.
 *
 * calls: all, under a uid that owns nothing and with no_new_privs.
 */
#include "sshd/resolver.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/file.h"
#include "os/ids.h"
#include "os/process.h"
#include "os/reverse.h"
#include "os/sandbox.h"

/* Where a uid of the range does not exist (a container with few uids). */
#define NOBODY	65534

static enum err
lock_down(uint32_t uid)
{
	process_hide_memory();
	TRY(sandbox_no_new_privs());
	if (geteuid() != 0 || ids_become(uid, uid, NULL, 0) == ERR_OK ||
	    ids_become(NOBODY, NOBODY, NULL, 0) == ERR_OK)
		return ERR_OK;
	return ids_drop_capabilities();
}

static int
run(int argc, char **argv)
{
	SCOPED(writer_free) struct writer line = writer_init(REVERSE_MAX * 4 + 16);
	char name[REVERSE_MAX] = "";
	struct address address;
	uint64_t uid;
	enum err e;

	if (argc != 4 || text_number(span_str(argv[2]), 0, UINT32_MAX, &uid) != ERR_OK ||
	    address_parse(span_str(argv[3]), &address) != ERR_OK || lock_down((uint32_t)uid) != ERR_OK)
		return 1;
	e = reverse_wait(&address, RESOLVER_MSEC, name);
	if (e == ERR_OK || e == ERR_DENIED || e == ERR_NOTFOUND) {
		wr_printf(&line, "%s ", e == ERR_OK ? "ok" : "no");
		text_visible(&line, span_str(name));
	} else {
		wr_printf(&line, "? %s", err_text(e));
	}
	wr_u8(&line, '\n');
	return wr_end(&line) == ERR_OK && file_write_all(STDOUT_FILENO, writer_span(&line)) == ERR_OK ? 0 : 1;
}

int
resolver_main(int argc, char **argv)
{
	/* As wire does: what runs at exit (a leak checker) could not look into this process anyway. */
	_exit(run(argc, argv));
}
