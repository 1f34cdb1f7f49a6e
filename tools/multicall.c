/* SPDX-License-Identifier: ISC */
/*
 * One binary for all programs (--enable-multicall): which one it is, is in
 * the name it was started by, or in its first argument.
 */
#include <stdio.h>
#include <string.h>

#include "base/cc.h"
#include "tools/programs.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} programs[] = {
	{ "sshd", sshd_main },
	{ "ssh", ssh_main },
	{ "ssh-keygen", ssh_keygen_main },
	{ "ssh-keyscan", ssh_keyscan_main },
	{ "ssh-agent", ssh_agent_main },
	{ "ssh-add", ssh_add_main },
	{ "ssh-ephemeral", ssh_ephemeral_main },
	{ "scp", scp_main },
	{ "sftp", sftp_main },
	{ "sftp-server", sftp_server_main },
};

/* Runs the program whose name the path ends with; -1 if there is none. */
static int
run_as(const char *path, int argc, char **argv)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	if (*name == '-')		/* a login shell's way of starting */
		name++;
	for (size_t i = 0; i < COUNT(programs); i++) {
		if (strcmp(name, programs[i].name) == 0)
			return programs[i].main(argc, argv);
	}
	return -1;
}

int
main(int argc, char **argv)
{
	int code = argc > 0 ? run_as(argv[0], argc, argv) : -1;

	if (code == -1 && argc > 1)
		code = run_as(argv[1], argc - 1, argv + 1);
	if (code != -1)
		return code;
	fprintf(stderr, "usage: dayfly PROGRAM [ARGUMENT...], or a link to it named as the program:\n");
	for (size_t i = 0; i < COUNT(programs); i++)
		fprintf(stderr, "  %s\n", programs[i].name);
	return 255;
}
