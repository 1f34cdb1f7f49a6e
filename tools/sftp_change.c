/* SPDX-License-Identifier: ISC */
/* Commands of sftp that change something there without moving bytes. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/text.h"
#include "tools/sftp.h"

bool
sftp_go(struct session *s, const char *path)
{
	struct sftp_attrs a;
	char *real = NULL;
	enum err e = sftp_ask_name(s->c, SFTP_OP_REALPATH, path, &real);

	if (e == ERR_OK)
		e = sftp_ask_stat(s->c, SFTP_OP_STAT, real, &a);
	if (e == ERR_DENIED)
		(void)sftp_fail("stat remote: %s", sftp_client_refusal(s->c));
	if (e == ERR_OK && (a.flags & SFTP_ATTR_PERMISSIONS) == 0) {
		(void)sftp_fail("Can't change directory: Can't check target");
		e = ERR_DENIED;
	}
	if (e == ERR_OK && !S_ISDIR(a.permissions)) {
		(void)sftp_fail("Can't change directory: \"%s\" is not a directory", real);
		e = ERR_DENIED;
	}
	if (e != ERR_OK) {
		free(real);
		return sftp_went_well(s, e);
	}
	free(s->pwd);
	s->pwd = real;
	return true;
}

bool
sftp_cd(struct session *s, const struct args *a)
{
	char *path = a->n > 0 ? sftp_there(s, a->words[0]) : far_strdup(s->home);
	bool ok = sftp_go(s, path);

	free(path);
	return ok;
}

/* Whether the next file is to be removed or changed: ok says that all went well with those before. */
static bool
may_go_on(const struct session *s, bool ok)
{
	return !s->is_over && *s->how.stop == 0 && (ok || !s->ends_at_failure);
}

bool
sftp_rm(struct session *s, const struct args *a)
{
	bool ok = true;

	for (size_t k = 0; k < a->n && may_go_on(s, ok); k++) {
		SCOPED(sftp_entries_free) struct sftp_entries list;
		struct glob_place place = glob_remote(s->c);
		char *pattern = sftp_pattern_there(s, a->words[k]), *path = sftp_there(s, a->words[k]);
		enum err e = glob_find(&place, pattern, &list);

		/* The name itself, and what is wrong with it. */
		if (e == ERR_OK && list.n == 0)
			e = sftp_entries_add(&list, span_str(path), SPAN_EMPTY, &(struct sftp_attrs){ .flags = 0 });
		ok &= sftp_went_well(s, e);
		for (size_t i = 0; i < list.n && may_go_on(s, ok); i++) {
			if (!s->is_quiet)
				far_print(stdout, "Removing %s\n", list.v[i].name);
			e = sftp_ask_path(s->c, SFTP_OP_REMOVE, list.v[i].name);
			if (e == ERR_DENIED)
				(void)sftp_fail("remote delete %s: %s", list.v[i].name, sftp_client_refusal(s->c));
			ok &= sftp_went_well(s, e);
		}
		free(pattern);
		free(path);
	}
	return ok;
}

bool
sftp_folder(struct session *s, const struct args *a)
{
	struct sftp_attrs attrs = { .flags = SFTP_ATTR_PERMISSIONS, .permissions = 0777 };
	char *path = sftp_there(s, a->words[0]);
	bool ok;

	if (strcmp(a->name, "mkdir") == 0)
		ok = sftp_tell(s, sftp_ask_attrs(s->c, SFTP_OP_MKDIR, path, &attrs), "remote mkdir", path);
	else
		ok = sftp_tell(s, sftp_ask_path(s->c, SFTP_OP_RMDIR, path), "remote rmdir", path);
	free(path);
	return ok;
}

/* Tells that something from one path to another was refused. */
static bool
tell_both(struct session *s, enum err e, const char *what, const char *from, const char *to)
{
	if (e == ERR_DENIED)
		return sftp_fail("remote %s \"%s\" to \"%s\": %s", what, from, to, sftp_client_refusal(s->c));
	return sftp_went_well(s, e);
}

bool
sftp_rename(struct session *s, const struct args *a)
{
	char *from = sftp_there(s, a->words[0]), *to = sftp_there(s, a->words[1]);
	/* The one that replaces what is there, if there is one. */
	enum sftp_op op = !args_has(a, 'l') && sftp_client_has(s->c, SFTP_OP_POSIX_RENAME) ? SFTP_OP_POSIX_RENAME :
	    SFTP_OP_RENAME;
	bool ok = tell_both(s, sftp_ask_paths(s->c, op, from, to), "rename", from, to);

	free(from);
	free(to);
	return ok;
}

bool
sftp_link(struct session *s, const struct args *a)
{
	bool is_symbolic = args_has(a, 's') || strcmp(a->name, "symlink") == 0;
	/* What a symbolic link says is not looked at. */
	char *from = is_symbolic ? far_must(glob_unescape(a->words[0])) : sftp_there(s, a->words[0]);
	char *to = sftp_there(s, a->words[1]);
	bool ok;

	if (is_symbolic)
		ok = tell_both(s, sftp_ask_paths(s->c, SFTP_OP_SYMLINK, from, to), "symlink", from, to);
	else if (sftp_client_has(s->c, SFTP_OP_HARDLINK))
		ok = tell_both(s, sftp_ask_paths(s->c, SFTP_OP_HARDLINK, from, to), "link", from, to);
	else
		ok = sftp_fail("Server does not support hardlink@openssh.com extension");
	free(from);
	free(to);
	return ok;
}

/* Changes one file. */
static bool
change_one(struct session *s, const struct args *a, uint32_t number, const char *path)
{
	enum sftp_op op = args_has(a, 'h') ? SFTP_OP_LSETSTAT : SFTP_OP_SETSTAT;
	struct sftp_attrs attrs = { .flags = SFTP_ATTR_PERMISSIONS, .permissions = number };

	if (!s->is_quiet)
		far_print(stdout, "Changing %s on %s\n", a->name[2] == 'm' ? "mode" : a->name[2] == 'o' ? "owner" : "group", path);
	if (a->name[2] != 'm') {
		/* User and group go together: the other one stays. */
		enum err e = sftp_ask_stat(s->c, args_has(a, 'h') ? SFTP_OP_LSTAT : SFTP_OP_STAT, path, &attrs);

		if (e == ERR_DENIED)
			return sftp_fail("stat remote: %s", sftp_client_refusal(s->c));
		if (e != ERR_OK)
			return sftp_went_well(s, e);
		if ((attrs.flags & SFTP_ATTR_UIDGID) == 0)
			return sftp_fail("Can't get current ownership of remote file \"%s\"", path);
		attrs.flags = SFTP_ATTR_UIDGID;
		*(a->name[2] == 'o' ? &attrs.uid : &attrs.gid) = number;
	}
	return sftp_tell(s, sftp_ask_attrs(s->c, op, path, &attrs),
	    op == SFTP_OP_LSETSTAT ? "remote lsetstat" : "remote setstat", path);
}

/* The number that the command begins with: a mode in octal, an id in decimal. */
static bool
number_of(const struct args *a, uint32_t *out)
{
	uint64_t n = 0;
	const char *p;

	if (a->n > 0 && a->name[2] == 'm') {
		for (p = a->words[0]; *p >= '0' && *p <= '7' && n <= 07777; p++)
			n = n << 3 | (uint64_t)(*p - '0');
		*out = (uint32_t)n;
		return p != a->words[0] && *p == '\0' && n <= 07777;
	}
	if (a->n == 0 || text_number(span_str(a->words[0]), 0, UINT32_MAX, &n) != ERR_OK)
		return false;
	*out = (uint32_t)n;
	return true;
}

bool
sftp_change(struct session *s, const struct args *a)
{
	bool ok = true;
	uint32_t number;

	if (!number_of(a, &number))
		return sftp_fail("You must supply a numeric argument to the %s command.", a->name);
	if (a->n < 2)
		return sftp_fail("You must specify a path after a %s command.", a->name);
	if (args_has(a, 'h') && !sftp_client_has(s->c, SFTP_OP_LSETSTAT))
		return sftp_fail("Server does not support lsetstat@openssh.com extension");
	for (size_t k = 1; k < a->n && may_go_on(s, ok); k++) {
		SCOPED(sftp_entries_free) struct sftp_entries list;
		struct glob_place place = glob_remote(s->c);
		char *pattern = sftp_pattern_there(s, a->words[k]), *path = sftp_there(s, a->words[k]);
		enum err e = glob_find(&place, pattern, &list);

		if (e == ERR_OK && list.n == 0)
			e = sftp_entries_add(&list, span_str(path), SPAN_EMPTY, &(struct sftp_attrs){ .flags = 0 });
		ok &= sftp_went_well(s, e);
		for (size_t i = 0; i < list.n && may_go_on(s, ok); i++)
			ok &= change_one(s, a, number, list.v[i].name);
		free(pattern);
		free(path);
	}
	return ok;
}

/* With both files open: the server copies by itself. */
static bool
copy_open(struct session *s, const struct sftp_handle *from, const struct sftp_handle *to, const char *path)
{
	struct sftp_reply r;
	enum err e = sftp_ask(s->c, &(struct sftp_request){ .op = SFTP_OP_COPY_DATA,
	    .handle = sftp_handle_span(from), .handle2 = sftp_handle_span(to) }, &r);

	return sftp_tell(s, e, "copy remote", path);
}

bool
sftp_copy(struct session *s, const struct args *a)
{
	char *from = sftp_there(s, a->words[0]), *to = sftp_there(s, a->words[1]);
	struct sftp_attrs attrs;
	struct sftp_handle in, out;
	bool ok = sftp_client_has(s->c, SFTP_OP_COPY_DATA);
	enum err e;

	if (!ok)
		(void)sftp_fail("Server does not support copy-data extension");
	if (ok) {
		e = sftp_ask_stat(s->c, SFTP_OP_STAT, from, &attrs);
		if (e == ERR_DENIED)
			(void)sftp_fail("stat remote: %s", sftp_client_refusal(s->c));
		ok = sftp_went_well(s, e);
	}
	if (ok && (attrs.flags & SFTP_ATTR_PERMISSIONS) != 0 && !S_ISREG(attrs.permissions))
		ok = sftp_fail("Cannot copy non-regular file: %s", from);
	if (ok && sftp_tell(s, sftp_ask_handle(s->c, SFTP_OP_OPEN, from, SFTP_PF_READ, NULL, &in), "open remote", from)) {
		attrs.flags &= SFTP_ATTR_PERMISSIONS;
		attrs.permissions &= 0777;
		ok = sftp_tell(s, sftp_ask_handle(s->c, SFTP_OP_OPEN, to, SFTP_PF_WRITE | SFTP_PF_CREAT | SFTP_PF_TRUNC,
		    &attrs, &out), "open remote", to);
		if (ok) {
			ok = copy_open(s, &in, &out, to);
			if (!s->is_over)
				ok &= sftp_tell(s, sftp_ask_by_handle(s->c, SFTP_OP_CLOSE, &out), "close remote", to);
		}
		if (!s->is_over)
			ok &= sftp_tell(s, sftp_ask_by_handle(s->c, SFTP_OP_CLOSE, &in), "close remote", from);
	} else {
		ok = false;
	}
	free(from);
	free(to);
	return ok;
}
