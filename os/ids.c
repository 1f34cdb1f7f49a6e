/* SPDX-License-Identifier: ISC */
#include "os/ids.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum err
ids_become(uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups)
{
	bool is_own = uid == geteuid() && gid == getegid();

	if (geteuid() == 0 && setgroups(n_groups, groups) == -1 && !(is_own && errno == EPERM))
		return ERR_SYSTEM;
	if (setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		return ERR_SYSTEM;
	if (uid != 0) {
		must(setuid(0) == -1 && seteuid(0) == -1);
		must(getuid() == uid && geteuid() == uid);
	}
	must(getgid() == gid && getegid() == gid);
	return ERR_OK;
}

enum err
ids_drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };

	return syscall(SYS_capset, &header, none) == -1 ? ERR_SYSTEM : ERR_OK;
}

enum err
ids_borrow(struct ids_own *own, uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups)
{
	*own = (struct ids_own){ .uid = geteuid(), .gid = getegid() };
	if (own->uid != 0 || (uid == own->uid && gid == own->gid))
		return ERR_OK;
	own->n_groups = getgroups(0, NULL);
	if (own->n_groups == -1)
		return ERR_SYSTEM;
	own->groups = calloc((size_t)own->n_groups + 1, sizeof(gid_t));
	if (own->groups == NULL)
		return ERR_NOMEM;
	own->n_groups = getgroups(own->n_groups, own->groups);
	own->is_borrowed = own->n_groups >= 0;
	if (!own->is_borrowed || setgroups(n_groups, groups) == -1 || setegid(gid) == -1 ||
	    seteuid(uid) == -1) {
		int saved = errno;

		ids_return(own);
		errno = saved;
		return ERR_SYSTEM;
	}
	return ERR_OK;
}

void
ids_return(struct ids_own *own)
{
	int saved = errno;

	if (own->is_borrowed) {
		must(seteuid(own->uid) == 0);
		must(setegid(own->gid) == 0);
		must(setgroups((size_t)own->n_groups, own->groups) == 0);
	}
	free(own->groups);
	*own = (struct ids_own){ .is_borrowed = false };
	errno = saved;
}
