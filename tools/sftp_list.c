/* SPDX-License-Identifier: ISC */
/* sftp's ls and df. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "os/clock.h"
#include "sftp/longname.h"
#include "tools/sftp.h"

/* How a list is sorted: what qsort(3) cannot be told stands in the entries' order. */
struct order {
	bool by_time;
	bool by_size;
	bool is_reverse;
};

static int
compare(const struct sftp_entry *a, const struct sftp_entry *b, const struct order *o)
{
	int r = 0;

	if (o->by_time)
		r = (a->attrs.mtime < b->attrs.mtime) - (a->attrs.mtime > b->attrs.mtime);
	else if (o->by_size)
		r = (a->attrs.size < b->attrs.size) - (a->attrs.size > b->attrs.size);
	if (r == 0)
		r = strcmp(a->name, b->name);
	return o->is_reverse ? -r : r;
}

static int
compare_by(const void *a, const void *b, void *order)
{
	return compare(a, b, order);
}

/* --- numbers --- */

/* As "1.9M": one digit behind the point below 100. */
static void
print_scaled(char *buf, size_t size, uint64_t n)
{
	static const char unit[] = "BKMGTPE";
	uint64_t tenths = 0;
	size_t i = 0;

	for (; n >= 1024 && i + 2 < sizeof(unit); i++) {
		tenths = (n % 1024 * 10 + 512) / 1024;
		n /= 1024;
		if (tenths == 10) {
			n++;
			tenths = 0;
		}
	}
	if (i == 0 || n >= 100)
		snprintf(buf, size, "%" PRIu64 "%c", n + (tenths >= 5), unit[i]);
	else
		snprintf(buf, size, "%" PRIu64 ".%u%c", n, (unsigned)tenths, unit[i]);
}

/* --- names of users and groups --- */

struct owner {
	uint32_t id;
	char *name;		/* "": the server has none */
};

struct owners {
	struct owner *v;
	size_t n;
};

static void
owners_free(struct owners *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->v[i].name);
	free(o->v);
	*o = (struct owners){ .n = 0 };
}

static struct owner *
owner_of(const struct owners *o, uint32_t id)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].id == id)
			return &o->v[i];
	return NULL;
}

/* Adds an id unless it is there; more than a server would like to be asked for are shown as numbers. */
static void
owners_add(struct owners *o, uint32_t id)
{
	if (o->n >= 1000 || owner_of(o, id) != NULL)
		return;
	o->v = far_must(realloc(o->v, (o->n + 1) * sizeof(*o->v)));
	o->v[o->n++] = (struct owner){ id, NULL };
}

static void
put_ids(struct writer *w, const struct owners *o)
{
	for (size_t i = 0; i < o->n; i++)
		wr_u32(w, o->v[i].id);
}

/* Takes the names that belong to the ids, in their order. */
static void
take_names(struct span names, struct owners *o)
{
	struct reader r = rd_init(names);

	for (size_t i = 0; i < o->n; i++) {
		struct span name = rd_text(&r);

		o->v[i].name = r.err == ERR_OK && name.len > 0 ? far_must(span_dup_str(name)) : NULL;
	}
}

/* Asks for the names of all ids in the list. */
static enum err
ask_names(struct session *s, const struct sftp_entries *list, struct owners *users, struct owners *groups)
{
	SCOPED(writer_free) struct writer uids = writer_init(16384), gids = writer_init(16384);
	struct sftp_reply a;
	struct reader r;
	enum err e;

	if (!sftp_client_has(s->c, SFTP_OP_USERS_GROUPS))
		return ERR_OK;
	for (size_t i = 0; i < list->n; i++) {
		if ((list->v[i].attrs.flags & SFTP_ATTR_UIDGID) == 0)
			continue;
		owners_add(users, list->v[i].attrs.uid);
		owners_add(groups, list->v[i].attrs.gid);
	}
	put_ids(&uids, users);
	put_ids(&gids, groups);
	if (users->n == 0)
		return ERR_OK;
	e = sftp_ask(s->c, &(struct sftp_request){ .op = SFTP_OP_USERS_GROUPS, .uids = writer_span(&uids),
	    .gids = writer_span(&gids) }, &a);
	if (e != ERR_OK)
		return e == ERR_DENIED ? ERR_OK : e;
	r = rd_init(a.data);
	take_names(rd_bytes(&r), users);
	take_names(rd_bytes(&r), groups);
	return ERR_OK;
}

/* --- lines --- */

static void
print_id(char *buf, size_t size, const struct owners *o, uint32_t id, bool is_known)
{
	const struct owner *found = owner_of(o, id);

	if (found != NULL && found->name != NULL)
		snprintf(buf, size, "%s", found->name);
	else if (is_known)
		snprintf(buf, size, "%" PRIu32, id);
	else
		snprintf(buf, size, "?");
}

/* A line of ls -l of our own making. */
static void
print_long(const struct sftp_entry *e, const char *name, const struct owners *users, const struct owners *groups,
    bool is_scaled)
{
	bool has_ids = (e->attrs.flags & SFTP_ATTR_UIDGID) != 0;
	char mode[SFTP_MODE_TEXT], when[SFTP_TIME_TEXT], size[32], user[64], group[64];

	sftp_mode_text(e->attrs.permissions, mode);
	sftp_time_text(e->attrs.mtime, clock_wall(), when);
	print_id(user, sizeof(user), users, e->attrs.uid, has_ids);
	print_id(group, sizeof(group), groups, e->attrs.gid, has_ids);
	if (is_scaled)
		print_scaled(size, sizeof(size), e->attrs.size);
	else
		snprintf(size, sizeof(size), "%" PRIu64, e->attrs.size);
	far_print(stdout, "%s    ? %-8s %-8s %8s %s %s\n", mode, user, group, size, when, name);
}

static unsigned
columns_of_terminal(void)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1 || ws.ws_col == 0)
		return 80;
	return ws.ws_col;
}

/* Names beside each other, as many as there is room for. */
static void
print_columns(char **names, size_t n)
{
	size_t width = 0, columns, room;

	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) > width)
			width = strlen(names[i]);
	columns = columns_of_terminal() / (width + 2);
	if (columns == 0)
		columns = 1;
	room = columns_of_terminal() / columns;
	for (size_t i = 0; i < n; i++)
		printf("%-*s%s", (int)(room < width ? width : room), names[i], (i + 1) % columns == 0 || i + 1 == n ? "\n" : "");
}

/* What is shown of a path: not the folder that we are in. */
static const char *
strip(const struct session *s, const char *path, bool was_relative)
{
	size_t n = strlen(s->pwd);

	if (!was_relative || strncmp(path, s->pwd, n) != 0)
		return path;
	if (path[n] == '/')
		n++;
	else if (n == 0 || s->pwd[n - 1] != '/')
		return path;
	return path[n] == '\0' ? "." : path + n;
}

/* Prints the list; its names are what is to be shown. */
static enum err
print_list(struct session *s, const struct args *a, struct sftp_entries *list)
{
	struct owners users = { .n = 0 }, groups = { .n = 0 };
	struct order order = { args_has(a, 't'), args_has(a, 'S'), args_has(a, 'r') };
	bool is_long = args_has(a, 'l') || args_has(a, 'n');
	enum err e = ERR_OK;

	if (!args_has(a, 'f') && list->n > 1)
		qsort_r(list->v, list->n, sizeof(*list->v), compare_by, &order);
	if (is_long && !args_has(a, 'n'))
		e = ask_names(s, list, &users, &groups);
	if (e == ERR_OK && !is_long && !args_has(a, '1')) {
		char **names = far_must(malloc((list->n + 1) * sizeof(*names)));

		for (size_t i = 0; i < list->n; i++)
			names[i] = far_shown(list->v[i].name);
		print_columns(names, list->n);
		for (size_t i = 0; i < list->n; i++)
			free(names[i]);
		free(names);
	} else if (e == ERR_OK) {
		for (size_t i = 0; i < list->n && *s->how.stop == 0; i++)
			if (!is_long)
				far_print(stdout, "%s\n", list->v[i].name);
			else if (users.n == 0 && !args_has(a, 'n') && !args_has(a, 'h') && list->v[i].longname[0] != '\0')
				far_print(stdout, "%s\n", list->v[i].longname);
			else
				print_long(&list->v[i], list->v[i].name, &users, &groups, args_has(a, 'h'));
	}
	owners_free(&users);
	owners_free(&groups);
	return e;
}

/* What is in a folder. shown: what stands before each name, NULL for nothing. */
static bool
list_folder(struct session *s, const struct args *a, const char *path, const char *shown)
{
	SCOPED(sftp_entries_free) struct sftp_entries all = { .n = 0 }, list = { .n = 0 };
	size_t n_bad;
	enum err e = sftp_list(s->c, path, &all, &n_bad);

	if (e == ERR_DENIED)
		return sftp_fail("remote readdir(\"%s\"): %s", path, sftp_client_refusal(s->c));
	for (size_t i = 0; e == ERR_OK && i < all.n; i++) {
		const struct sftp_entry *entry = &all.v[i];
		char *name;

		if (entry->name[0] == '.' && !args_has(a, 'a'))
			continue;
		name = shown == NULL ? far_strdup(entry->name) : far_must(sftp_path_join(shown, entry->name));
		e = sftp_entries_add(&list, span_str(name), span_str(entry->longname), &entry->attrs);
		free(name);
	}
	if (e == ERR_OK)
		e = print_list(s, a, &list);
	return sftp_went_well(s, e);
}

/* What a pattern stands for: the names themselves. */
static bool
list_found(struct session *s, const struct args *a, const struct sftp_entries *found, bool is_relative)
{
	SCOPED(sftp_entries_free) struct sftp_entries list = { .n = 0 };
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < found->n; i++) {
		const struct sftp_entry *entry = &found->v[i];
		bool is_dir = (entry->attrs.flags & SFTP_ATTR_PERMISSIONS) != 0 && S_ISDIR(entry->attrs.permissions);
		const char *name = strip(s, entry->name, is_relative);
		char *marked = far_must(malloc(strlen(name) + 2));

		strcat(strcpy(marked, name), is_dir && found->n > 1 ? "/" : "");
		/* The server's line has the bare name. */
		e = sftp_entries_add(&list, span_str(marked), SPAN_EMPTY, &entry->attrs);
		free(marked);
	}
	if (e == ERR_OK)
		e = print_list(s, a, &list);
	return sftp_went_well(s, e);
}

bool
sftp_ls(struct session *s, const struct args *a)
{
	SCOPED(sftp_entries_free) struct sftp_entries found = { .n = 0 };
	struct glob_place place = glob_remote(s->c);
	bool is_relative, is_dir = false, ok;
	char *pattern;
	enum err e;

	if (a->n == 0)
		return list_folder(s, a, s->pwd, NULL);
	is_relative = a->words[0][0] != '/';
	pattern = sftp_pattern_there(s, a->words[0]);
	e = glob_find(&place, pattern, &found);
	if (e == ERR_OK && found.n == 0) {
		char *path = sftp_there(s, a->words[0]);

		(void)sftp_fail("Can't ls: \"%s\" not found", path);
		free(path);
		e = ERR_DENIED;
	}
	if (e == ERR_OK && found.n == 1)
		e = sftp_is_folder(s, found.v[0].name, &is_dir);
	if (e != ERR_OK)
		ok = sftp_went_well(s, e);
	else if (is_dir) {
		const char *shown = strip(s, found.v[0].name, is_relative);

		ok = list_folder(s, a, found.v[0].name, strcmp(shown, ".") == 0 ? NULL : shown);
	} else
		ok = list_found(s, a, &found, is_relative);
	free(pattern);
	return ok;
}

/* --- df --- */

/* n blocks of so many bytes in KiB; what would not fit is cut. */
static uint64_t
kib(uint64_t n, uint64_t size)
{
	return size >= 1024 ? n * (size / 1024) : n / (1024 / (size == 0 ? 1 : size));
}

bool
sftp_df(struct session *s, const struct args *a)
{
	char *path = a->n > 0 ? sftp_there(s, a->words[0]) : far_strdup(s->pwd);
	struct sftp_statvfs v;
	struct sftp_reply r;
	enum err e;
	bool ok;

	if (!sftp_client_has(s->c, SFTP_OP_STATVFS)) {
		free(path);
		return sftp_fail("Server does not support statvfs@openssh.com extension");
	}
	e = sftp_ask(s->c, &(struct sftp_request){ .op = SFTP_OP_STATVFS, .path = span_str(path) }, &r);
	if (e == ERR_OK && sftp_statvfs_get(r.data, &v) != ERR_OK)
		e = sftp_client_end(s->c, ERR_FORMAT);
	ok = sftp_tell(s, e, "remote statvfs", path);
	free(path);
	if (!ok)
		return false;
	uint64_t used = v.blocks > v.bfree ? v.blocks - v.bfree : 0;
	unsigned percent = v.blocks == 0 ? 0 : (unsigned)((double)used * 100 / (double)v.blocks);

	if (args_has(a, 'i')) {
		uint64_t used_files = v.files > v.ffree ? v.files - v.ffree : 0;

		printf("     Inodes        Used       Avail      (root)    %%Capacity\n");
		printf("%11" PRIu64 " %11" PRIu64 " %11" PRIu64 " %11" PRIu64 "         %3u%%\n", v.files, used_files,
		    v.favail, v.ffree, v.files == 0 ? 0 : (unsigned)((double)used_files * 100 / (double)v.files));
	} else if (args_has(a, 'h')) {
		char size[32], taken[32], free_for_us[32], free_for_root[32];

		print_scaled(size, sizeof(size), v.blocks * v.frsize);
		print_scaled(taken, sizeof(taken), used * v.frsize);
		print_scaled(free_for_us, sizeof(free_for_us), v.bavail * v.frsize);
		print_scaled(free_for_root, sizeof(free_for_root), v.bfree * v.frsize);
		printf("    Size     Used    Avail   (root)    %%Capacity\n");
		printf("%7sB %7sB %7sB %7sB         %3u%%\n", size, taken, free_for_us, free_for_root, percent);
	} else {
		printf("        Size         Used        Avail       (root)    %%Capacity\n");
		printf("%12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "         %3u%%\n", kib(v.blocks, v.frsize),
		    kib(used, v.frsize), kib(v.bavail, v.frsize), kib(v.bfree, v.frsize), percent);
	}
	return true;
}
