/* SPDX-License-Identifier: ISC */
#include "sshd/control_client.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "sshd/load.h"

/* Length of the directory part of an absolute path: 1 for "/". */
static int
directory_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? 1 : (int)(slash - path);
}

enum err
control_socket_path(const char *configured, uid_t uid, const char *runtime_dir,
    const char *pid_file, char *buf, size_t size)
{
	const char *named = configured == NULL ? CONTROL_DEFAULT_PATH : configured;
	int n;

	if (strcmp(named, "none") == 0)
		return ERR_NOTFOUND;
	if (uid == 0 || strcmp(named, CONTROL_DEFAULT_PATH) != 0)
		n = snprintf(buf, size, "%s", named);
	else if (runtime_dir != NULL && runtime_dir[0] == '/')
		n = snprintf(buf, size, "%s/dayfly/ephemeral.sock", runtime_dir);
	else if (pid_file != NULL && pid_file[0] == '/')
		n = snprintf(buf, size, "%.*s/ephemeral.sock", directory_len(pid_file), pid_file);
	else
		return ERR_NOTFOUND;
	if (n < 0 || (size_t)n >= size || (size_t)n >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return ERR_RANGE;
	return ERR_OK;
}

/* Drops what loading a config has to say: the server has said it already. */
static void
say_nothing(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

enum err
control_configured_path(char *buf, size_t size)
{
	struct log log = { .level = LOG_LEVEL_ERROR, .fd = -1, .sink = say_nothing };
	struct load_input in = { .file = SSH_CONF_DIR "/sshd_config", .log = &log };
	SCOPED(loaded_free) struct loaded l = { .rules = NULL };
	const struct sshd_config *c = &l.config;
	const char *named = NULL;

	if (load_config(&l, &in) == ERR_OK && sshd_config_is_set(c, SSHD_EphemeralKeySocket))
		named = c->ephemeral_key_socket == NULL ? "none" : c->ephemeral_key_socket;
	return control_socket_path(named, 0, NULL, NULL, buf, size);
}
