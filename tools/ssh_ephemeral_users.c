/* SPDX-License-Identifier: ISC */
/* Whom the throwaway sshd of ssh-ephemeral loopback lets in, and how it is set. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"
#include "os/file.h"
#include "os/whoami.h"
#include "tools/ssh_ephemeral.h"
#include "tools/ssh_ephemeral_loopback.h"

#define PASSWD_FILE	"/etc/passwd"
#define PASSWD_MAX	(64 * 1024 * 1024)

/* Virtual accounts: nobody's ids, and a folder that is always there. */
#define VIRTUAL_LINE	":x:65534:65534:of ssh-ephemeral loopback:/:/bin/sh\n"

/* Names stand in configs and in a passwd file. */
static bool
is_name(const char *name)
{
	static const char others[] = "._-@+$";
	size_t len = strlen(name);

	if (len == 0 || len > 32 || name[0] == '-' || name[0] == '+' || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    strchr(others, c) == NULL)
			return false;
	}
	return true;
}

int
loopback_add_user(struct loopback *lb, const char *name)
{
	if (!is_name(name))
		return eph_usage("--user: \"%s\" is no name of an account", name);
	for (size_t i = 0; i < lb->n_users; i++) {
		if (strcmp(lb->users[i], name) == 0)
			return EPH_DONE;
	}
	if (lb->n_users == LOOPBACK_MAX)
		return eph_usage("--user: %d at most", LOOPBACK_MAX);
	lb->users[lb->n_users++] = name;
	return EPH_DONE;
}

int
loopback_add_option(struct loopback *lb, const char *option)
{
	/* What the configs and the answer of --json depend on. */
	static const char *const own[] = { "AddressFamily", "EphemeralKeys", "EphemeralKeyMaxTTL",
	    "EphemeralKeySocket", "HostKey", "Include", "ListenAddress", "Match", "PasswdFile",
	    "PidFile", "Port" };
	size_t len = strcspn(option, " \t=");

	for (size_t i = 0; i < COUNT(own); i++) {
		if (strlen(own[i]) == len && strncasecmp(own[i], option, len) == 0)
			return eph_usage("loopback: -o: %s is what loopback sets itself", own[i]);
	}
	if (len == 0 || option[len] == '\0')
		return eph_usage("loopback: -o takes Keyword=value, not \"%s\"", option);
	if (lb->n_options == LOOPBACK_MAX)
		return eph_usage("loopback: -o: %d at most", LOOPBACK_MAX);
	lb->options[lb->n_options++] = option;
	return EPH_DONE;
}

/* Only root can become somebody else. */
static int
check_user(const struct loopback *lb, const char *name)
{
	if (geteuid() == 0 || strcmp(name, lb->me.name) == 0)
		return EPH_DONE;
	return eph_complain(EPH_REFUSED, "--user %s: without root it is only for the account that runs it, %s",
	    name, lb->me.name);
}

int
loopback_check_users(struct loopback *lb)
{
	enum err e = whoami_account(&lb->me);
	int code = EPH_DONE;

	if (e != ERR_OK)
		return eph_complain(EPH_REFUSED, "who runs this: %s", err_text(e));
	if (lb->n_users == 0)
		lb->users[lb->n_users++] = lb->me.name;
	for (size_t i = 0; i < lb->n_users && code == EPH_DONE; i++)
		code = check_user(lb, lb->users[i]);
	return code;
}

enum err
loopback_write_passwd(struct loopback *lb)
{
	SCOPED(writer_free) struct writer real = writer_init(PASSWD_MAX);
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	enum err e = file_read(PASSWD_FILE, &real, NULL);

	/* A system without accounts: root's is made by sshd as ours was. */
	if (geteuid() != 0 || e == ERR_NOTFOUND)
		return ERR_OK;
	TRY(e);
	for (size_t i = 0; i < lb->n_users; i++) {
		SCOPED(account_free) struct account found = { .name = NULL };

		e = account_find(&found, writer_span(&real), span_str(lb->users[i]));
		if (e != ERR_OK && e != ERR_NOTFOUND)
			return e;
		if (e == ERR_NOTFOUND)
			wr_printf(&w, "%s" VIRTUAL_LINE, lb->users[i]);
	}
	TRY(wr_end(&w));
	lb->has_virtual = w.len > 0;
	return lb->has_virtual ? file_create(lb->passwd, writer_span(&w), 0600, FILE_REPLACE) : ERR_OK;
}
