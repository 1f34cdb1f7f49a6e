/* SPDX-License-Identifier: ISC */
/*
 * passwd, shadow and group, all three the same hostile text; the name looked
 * for is the input's first field.
 */
#include <string.h>

#include "auth/account.h"
#include "auth/password.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
use_account(struct account *a, struct span text)
{
	struct account_facts facts = { .today = 20000, .shell_exists = true,
	    .shell_executable = true };
	int64_t left;

	must(a->name != NULL && a->home[0] != '\0' && a->shell[0] != '\0');
	must(strchr(a->name, ':') == NULL && strchr(a->home, '\n') == NULL);
	must(a->uid != UINT32_MAX && a->gid != UINT32_MAX);
	must(account_add_shadow(a, text) == ERR_OK);
	(void)account_verdict_text(account_check(a, &facts));
	(void)account_password_age(a, 20000, &left);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct span name = span_first(text, span_find(text, ':'));
	SCOPED(account_free) struct account by_name = { .name = NULL };
	SCOPED(account_free) struct account by_uid = { .name = NULL };
	SCOPED(group_list_free) struct group_list g = { NULL, 0 };
	char fake[PASSWORD_SETTING_MAX];
	struct span group;
	uint32_t gid;

	if (account_find(&by_name, text, name) == ERR_OK) {
		must(span_eq(span_str(by_name.name), name));
		use_account(&by_name, text);
	}
	if (account_find_uid(&by_uid, text, 0) == ERR_OK) {
		must(by_uid.uid == 0);
		use_account(&by_uid, text);
	}
	must(group_list_of(&g, text, name, 1) == ERR_OK && g.n >= 1);
	if (group_name(text, 0, &group) == ERR_OK)
		must(group_number(text, group, &gid) == ERR_OK);
	password_fake_setting(text, fake);
	must(memchr(fake, '\0', sizeof(fake)) != NULL);
	return 0;
}
