/* SPDX-License-Identifier: ISC */
#include "sftp/accounts.h"

#include <string.h>

#include "auth/account.h"
#include "os/file.h"

#define ACCOUNTS_MAX	(64 * 1024 * 1024)

/* Reads both files, once; one that cannot be read is as if it were empty. */
static void
read_files(struct sftp_accounts *a)
{
	if (a->is_read)
		return;
	a->is_read = true;
	a->passwd = writer_init(ACCOUNTS_MAX);
	a->group = writer_init(ACCOUNTS_MAX);
	if (file_read("/etc/passwd", &a->passwd, NULL) != ERR_OK)
		writer_free(&a->passwd);
	if (file_read("/etc/group", &a->group, NULL) != ERR_OK)
		writer_free(&a->group);
}

static enum err
home_of(void *arg, struct span user, struct writer *out)
{
	struct sftp_accounts *a = arg;
	SCOPED(account_free) struct account found = { 0 };

	if (user.len == 0 || span_is(user, a->user)) {
		wr_raw(out, span_str(a->home));
		return ERR_OK;
	}
	read_files(a);
	TRY(account_find(&found, writer_span(&a->passwd), user));
	wr_raw(out, span_str(found.home));
	return ERR_OK;
}

/* Looks the name up; empty if there is none, or if it is as long as none is. */
static void
look_up(struct sftp_accounts *a, struct sftp_name_kept *k)
{
	SCOPED(account_free) struct account user = { 0 };
	struct span name = SPAN_EMPTY;

	read_files(a);
	if (k->is_group) {
		if (group_name(writer_span(&a->group), k->id, &name) != ERR_OK)
			name = SPAN_EMPTY;
	} else if (account_find_uid(&user, writer_span(&a->passwd), k->id) == ERR_OK)
		name = span_str(user.name);
	if (name.len < sizeof(k->name) && name.len > 0)
		memcpy(k->name, name.p, name.len);
}

static struct span
name_of(void *arg, uint32_t id, bool is_group)
{
	struct sftp_accounts *a = arg;
	struct sftp_name_kept *k = &a->kept[(id * 2 + is_group) % SFTP_NAMES_KEPT];

	if (!k->is_used || k->id != id || k->is_group != is_group) {
		*k = (struct sftp_name_kept){ .is_used = true, .is_group = is_group, .id = id };
		look_up(a, k);
	}
	return span_str(k->name);
}

const struct sftp_names sftp_accounts_names = { home_of, name_of };

void
sftp_accounts_free(struct sftp_accounts *a)
{
	writer_free(&a->passwd);
	writer_free(&a->group);
	a->is_read = false;
}
