/* SPDX-License-Identifier: ISC */
/* The SFTP server: each request, over a file system in memory and over a folder of the machine's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "regress/support/alloc.h"
#include "regress/support/sftp_memory.h"
#include "sftp/accounts.h"
#include "sftp/longname.h"
#include "sftp/options.h"

struct bed {
	struct memory_fs memory;
	struct sftp_server *server;
	struct sftp_server_setup setup;
	struct log log;
	struct writer lines;		/* of the log, each with a newline */
	struct writer in;
	struct writer kept;		/* the last answer */
	struct sftp_reply answer;
	char folder[64];		/* of the machine's; empty: memory */
	uint32_t id;
};

static void
keep_line(void *arg, enum log_level level, const char *line)
{
	struct bed *b = arg;

	(void)level;
	wr_raw(&b->lines, span_str(line));
	wr_u8(&b->lines, '\n');
}

/* Whether the log has a line with this in it. */
static bool
logged(struct bed *b, const char *text)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);

	wr_raw(&w, writer_span(&b->lines));
	wr_u8(&w, 0);
	assert_int_equal(wr_end(&w), ERR_OK);
	return strstr((const char *)w.p, text) != NULL;
}

static struct bed *
bed_new(struct sftp_policy policy, bool is_real)
{
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->lines = b->in = b->kept = writer_init(1 << 21);
	b->log = (struct log){ .level = LOG_LEVEL_VERBOSE, .fd = -1, .sink = keep_line, .sink_arg = b };
	b->setup = (struct sftp_server_setup){ .fs = is_real ? &sftp_fs_system : &memory_table, .fs_arg = &b->memory,
	    .names = &memory_names, .log = &b->log, .policy = policy, .max_handles = 8, .user = "alice",
	    .client = "192.0.2.1" };
	assert_int_equal(memory_mkdir(&b->memory, "/", 0755), 0);
	if (is_real) {
		strcpy(b->folder, "/tmp/dayfly-test-sftp.XXXXXX");
		assert_non_null(mkdtemp(b->folder));
		assert_int_equal(chdir(b->folder), 0);
	}
	assert_int_equal(sftp_server_new(&b->server, &b->setup), ERR_OK);
	return b;
}

static void
bed_free(struct bed *b)
{
	sftp_server_free(b->server);
	assert_int_equal(b->memory.n_open, 0);
	writer_free(&b->lines);
	writer_free(&b->in);
	writer_free(&b->kept);
	if (b->folder[0] != '\0') {
		char command[96];

		assert_int_equal(chdir("/"), 0);
		snprintf(command, sizeof(command), "rm -rf %s", b->folder);
		assert_int_equal(system(command), 0);
	}
	free(b);
}

/* Feeds bytes as they are. */
static enum err
feed(struct bed *b, struct span bytes)
{
	size_t used;
	enum err e;

	wr_raw(&b->in, bytes);
	e = sftp_server_take(b->server, writer_span(&b->in), 1700000000, &used);
	writer_consume(&b->in, used);
	return e;
}

/* Asks, and keeps the one answer in b->answer; its type. */
static int
ask(struct bed *b, struct sftp_request q)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	struct span payload, out;

	q.id = ++b->id;
	sftp_request_put(&w, &q);
	assert_int_equal(feed(b, writer_span(&w)), ERR_OK);
	out = sftp_server_output(b->server);
	assert_int_equal(sftp_frame(out, SFTP_MAX_PACKET, &payload), ERR_OK);
	assert_int_equal(payload.len + 4, out.len);
	writer_reset(&b->kept);
	wr_raw(&b->kept, payload);
	sftp_server_sent(b->server, out.len);
	assert_int_equal(sftp_reply_get(writer_span(&b->kept), &b->answer), ERR_OK);
	if (q.op != SFTP_OP_INIT)
		assert_int_equal(b->answer.id, q.id);
	return b->answer.type;
}

/* Asks for something that a STATUS answers; its code. */
static int
status(struct bed *b, struct sftp_request q)
{
	assert_int_equal(ask(b, q), SFTP_STATUS);
	return (int)b->answer.code;
}

static void
begin(struct bed *b)
{
	assert_int_equal(ask(b, (struct sftp_request){ .op = SFTP_OP_INIT, .version = 3 }), SFTP_VERSION_IS);
}

/* A handle: four bytes. */
struct four {
	uint8_t bytes[4];
};

static struct four
open_file(struct bed *b, const char *path, uint32_t pflags)
{
	struct four h;

	assert_int_equal(ask(b, (struct sftp_request){ .op = SFTP_OP_OPEN, .path = span_str(path), .pflags = pflags }),
	    SFTP_HANDLE);
	assert_int_equal(b->answer.data.len, 4);
	memcpy(h.bytes, b->answer.data.p, 4);
	return h;
}

#define H(h)	span_of((h).bytes, 4)
#define Q(...)	((struct sftp_request){ __VA_ARGS__ })

static void
nothing_is_served_before_init(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, false);

	(void)state;
	assert_int_equal(feed(b, SPAN_LIT("\0\0\0\x0a\x10\0\0\0\1\0\0\0\1/")), ERR_SEQUENCE);
	assert_true(logged(b, "bad message"));
	bed_free(b);
}

static void
version_names_all_extensions(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, false);

	(void)state;
	begin(b);
	for (unsigned op = 0; op < SFTP_OP_INIT; op++)
		assert_int_equal(b->answer.extensions >> op & 1, sftp_op_extension((enum sftp_op)op) != NULL);
	assert_true(logged(b, "session opened for local user alice from [192.0.2.1]"));
	assert_true(logged(b, "received client version 3"));
	bed_free(b);
}

static void
a_file_is_written_and_read(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct four h;

	(void)state;
	begin(b);
	h = open_file(b, "f", SFTP_PF_READ | SFTP_PF_WRITE | SFTP_PF_CREAT);
	assert_int_equal(status(b, Q(.op = SFTP_OP_WRITE, .handle = H(h), .data = SPAN_LIT("hello"), .offset = 3)), SFTP_OK);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_READ, .handle = H(h), .offset = 2, .length = 100)), SFTP_DATA);
	assert_int_equal(b->answer.data.len, 6);
	assert_memory_equal(b->answer.data.p, "\0hello", 6);
	assert_int_equal(status(b, Q(.op = SFTP_OP_READ, .handle = H(h), .offset = 8, .length = 100)), SFTP_EOF);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_FSTAT, .handle = H(h))), SFTP_ATTRS);
	assert_int_equal(b->answer.attrs.size, 8);
	assert_int_equal(status(b, Q(.op = SFTP_OP_FSYNC, .handle = H(h))), SFTP_OK);
	assert_int_equal(status(b, Q(.op = SFTP_OP_CLOSE, .handle = H(h))), SFTP_OK);
	assert_int_equal(status(b, Q(.op = SFTP_OP_CLOSE, .handle = H(h))), SFTP_FAILURE);
	assert_true(logged(b, "open \"f\" flags READ,WRITE,CREATE mode 0666"));
	assert_true(logged(b, "close \"f\" bytes read 6 written 5"));
	bed_free(b);
}

static void
open_keeps_to_its_flags(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	const uint32_t make = SFTP_PF_WRITE | SFTP_PF_CREAT;
	struct stat st;
	struct four h;

	(void)state;
	(void)umask(022);
	begin(b);
	assert_int_equal(status(b, Q(.op = SFTP_OP_OPEN, .path = SPAN_LIT("f"), .pflags = SFTP_PF_READ)), SFTP_NO_SUCH_FILE);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_OPEN, .path = SPAN_LIT("f"), .pflags = make | SFTP_PF_EXCL,
	    .attrs = { .flags = SFTP_ATTR_PERMISSIONS, .permissions = 0100620 })), SFTP_HANDLE);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(status(b, Q(.op = SFTP_OP_OPEN, .path = SPAN_LIT("f"), .pflags = make | SFTP_PF_EXCL)), SFTP_FAILURE);
	assert_true(span_is(b->answer.message, "File exists"));
	h = open_file(b, "f", SFTP_PF_WRITE | SFTP_PF_APPEND);
	for (int i = 0; i < 2; i++)
		assert_int_equal(status(b, Q(.op = SFTP_OP_WRITE, .handle = H(h), .data = SPAN_LIT("ab"))), SFTP_OK);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(status(b, Q(.op = SFTP_OP_READ, .handle = H(h), .length = 1)), SFTP_NO_SUCH_FILE);	/* EBADF */
	(void)open_file(b, "f", make | SFTP_PF_TRUNC);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_size, 0);
	bed_free(b);
}

static void
a_read_of_four_gigabytes_gives_what_goes_into_a_packet(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct four h;

	(void)state;
	begin(b);
	h = open_file(b, "f", SFTP_PF_READ | SFTP_PF_WRITE | SFTP_PF_CREAT);
	assert_int_equal(truncate("f", 1 << 20), 0);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_READ, .handle = H(h), .length = 0xffffffff)), SFTP_DATA);
	assert_int_equal(b->answer.data.len, SFTP_MAX_DATA);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_READ, .handle = H(h), .length = 0)), SFTP_DATA);
	assert_int_equal(b->answer.data.len, 0);
	bed_free(b);
}

static void
offsets_beyond_all_files_are_refused(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct sftp_attrs huge = { .flags = SFTP_ATTR_SIZE, .size = UINT64_MAX };
	struct four h;

	(void)state;
	begin(b);
	h = open_file(b, "f", SFTP_PF_READ | SFTP_PF_WRITE | SFTP_PF_CREAT);
	assert_int_equal(status(b, Q(.op = SFTP_OP_READ, .handle = H(h), .offset = UINT64_MAX, .length = 1)), SFTP_BAD_MESSAGE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_WRITE, .handle = H(h), .offset = UINT64_MAX, .data = SPAN_LIT("x"))),
	    SFTP_FAILURE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_WRITE, .handle = H(h), .offset = INT64_MAX, .data = SPAN_LIT("x"))),
	    SFTP_FAILURE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_FSETSTAT, .handle = H(h), .attrs = huge)), SFTP_BAD_MESSAGE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_SETSTAT, .path = SPAN_LIT("f"), .attrs = huge)), SFTP_BAD_MESSAGE);
	bed_free(b);
}

static void
a_handle_is_four_bytes_that_were_given(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, false);
	struct four h, again;
	uint8_t other[4] = { 0xff, 0xff, 0, 1 };

	(void)state;
	begin(b);
	h = open_file(b, "f", SFTP_PF_WRITE | SFTP_PF_CREAT);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(status(b, Q(.op = SFTP_OP_FSTAT, .handle = span_of(h.bytes, n))), SFTP_FAILURE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_FSTAT, .handle = SPAN_LIT("\0\0\0\1\0"))), SFTP_FAILURE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_FSTAT, .handle = span_of(other, 4))), SFTP_FAILURE);
	/* Not one of a directory, and none of before in the same place. */
	assert_int_equal(status(b, Q(.op = SFTP_OP_READDIR, .handle = H(h))), SFTP_FAILURE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_CLOSE, .handle = H(h))), SFTP_OK);
	again = open_file(b, "f", SFTP_PF_WRITE);
	assert_memory_equal(h.bytes, again.bytes, 2);
	assert_memory_not_equal(h.bytes, again.bytes, 4);
	assert_int_equal(status(b, Q(.op = SFTP_OP_WRITE, .handle = H(h), .data = SPAN_LIT("x"))), SFTP_FAILURE);
	bed_free(b);
}

static void
so_many_files_may_be_open_and_no_more(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, false);
	struct four h = { { 0 } };

	(void)state;
	begin(b);
	for (int i = 0; i < 8; i++)
		h = open_file(b, "f", SFTP_PF_WRITE | SFTP_PF_CREAT);
	assert_int_equal(status(b, Q(.op = SFTP_OP_OPEN, .path = SPAN_LIT("f"), .pflags = SFTP_PF_READ)), SFTP_FAILURE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_OPENDIR, .path = SPAN_LIT("/"))), SFTP_FAILURE);
	assert_int_equal(b->memory.n_open, 8);
	assert_int_equal(status(b, Q(.op = SFTP_OP_CLOSE, .handle = H(h))), SFTP_OK);
	(void)open_file(b, "f", SFTP_PF_READ);
	sftp_server_free(b->server);
	b->server = NULL;
	assert_int_equal(b->memory.n_open, 0);
	assert_true(logged(b, "forced close \"f\" bytes read 0 written 0"));
	assert_true(logged(b, "session closed for local user alice from [192.0.2.1]"));
	bed_free(b);
}

/* Reads a directory to its end: how many names, and whether one is there; the long name of it. */
static unsigned
list(struct bed *b, const char *path, const char *wanted, char *longname, size_t size)
{
	uint8_t h[4];
	unsigned n = 0;

	assert_int_equal(ask(b, Q(.op = SFTP_OP_OPENDIR, .path = span_str(path))), SFTP_HANDLE);
	memcpy(h, b->answer.data.p, 4);
	while (ask(b, Q(.op = SFTP_OP_READDIR, .handle = span_of(h, 4))) == SFTP_NAME) {
		struct reader r = rd_init(b->answer.names);

		assert_true(b->kept.len < 34000);
		for (uint32_t i = 0; i < b->answer.count; i++, n++) {
			struct sftp_name name;

			sftp_name_get(&r, &name);
			if (span_is(name.name, wanted))
				snprintf(longname, size, "%.*s", (int)name.longname.len, (const char *)name.longname.p);
		}
	}
	assert_int_equal(b->answer.code, SFTP_EOF);
	assert_int_equal(status(b, Q(.op = SFTP_OP_CLOSE, .handle = span_of(h, 4))), SFTP_OK);
	return n;
}

static void
a_large_directory_is_read_in_packets_that_all_clients_take(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	char longname[400] = "", name[256];

	(void)state;
	begin(b);
	for (int i = 0; i < 300; i++) {
		memset(name, 'x', 200);
		snprintf(name + 200, sizeof(name) - 200, "%d", i);
		assert_int_equal(close(creat(name, 0644)), 0);
	}
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(list(b, ".", "d", longname, sizeof(longname)), 303);
	assert_memory_equal(longname, "drwxr-xr-x ", 11);
	assert_string_equal(longname + strlen(longname) - 2, " d");
	assert_int_equal(status(b, Q(.op = SFTP_OP_OPENDIR, .path = SPAN_LIT("nix"))), SFTP_NO_SUCH_FILE);
	bed_free(b);
}

static void
long_names_are_lines_of_ls(void **state)
{
	static const struct {
		mode_t mode;
		int64_t mtime;
		const char *line;
	} rows[] = {
		{ S_IFREG | 0644, 1699999000, "-rw-r--r--    2 alice    staff      123456 Nov 14 21:56 f" },
		{ S_IFREG | 06755, 1600000000, "-rwsr-sr-x    2 alice    staff      123456 Sep 13  2020 f" },
		{ S_IFDIR | 01777, 1800000000, "drwxrwxrwt    2 alice    staff      123456 Jan 15  2027 f" },
		{ S_IFDIR | 07000, 1699999000, "d--S--S--T    2 alice    staff      123456 Nov 14 21:56 f" },
		{ S_IFLNK | 0777, 1699999000, "lrwxrwxrwx    2 alice    staff      123456 Nov 14 21:56 f" },
		{ 0, 1699999000, "?---------    2 alice    staff      123456 Nov 14 21:56 f" },
	};

	(void)state;
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(writer_free) struct writer w = writer_init(1000);
		struct stat st = { .st_mode = rows[i].mode, .st_nlink = 2, .st_size = 123456 };

		st.st_mtime = rows[i].mtime;
		sftp_longname(&w, &st, SPAN_LIT("f"), SPAN_LIT("alice"), SPAN_LIT("staff"), 1700000000);
		assert_int_equal(w.len, strlen(rows[i].line));
		assert_memory_equal(w.p, rows[i].line, w.len);
	}
}

static void
attributes_are_set_by_path_and_by_handle(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct sftp_attrs a = { .flags = SFTP_ATTR_SIZE | SFTP_ATTR_PERMISSIONS | SFTP_ATTR_ACMODTIME, .size = 9,
		.permissions = 0100640, .atime = 5, .mtime = 4000000000 };
	struct stat st;
	struct four h;

	(void)state;
	begin(b);
	h = open_file(b, "f", SFTP_PF_WRITE | SFTP_PF_CREAT);
	assert_int_equal(status(b, Q(.op = SFTP_OP_SETSTAT, .path = SPAN_LIT("f"), .attrs = a)), SFTP_OK);
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_size, 9);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_atime, 5);
	assert_int_equal(st.st_mtime, 4000000000);
	a.permissions = 0600;
	a.size = 3;
	assert_int_equal(status(b, Q(.op = SFTP_OP_FSETSTAT, .handle = H(h), .attrs = a)), SFTP_OK);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_STAT, .path = SPAN_LIT("f"))), SFTP_ATTRS);
	assert_int_equal(b->answer.attrs.size, 3);
	assert_int_equal(b->answer.attrs.permissions, S_IFREG | 0600);
	assert_int_equal(b->answer.attrs.mtime, 4000000000);
	a = (struct sftp_attrs){ .flags = SFTP_ATTR_UIDGID, .uid = getuid(), .gid = getgid() };
	assert_int_equal(status(b, Q(.op = SFTP_OP_SETSTAT, .path = SPAN_LIT("f"), .attrs = a)), SFTP_OK);
	assert_int_equal(status(b, Q(.op = SFTP_OP_SETSTAT, .path = SPAN_LIT("nix"), .attrs = a)), SFTP_NO_SUCH_FILE);
	assert_true(logged(b, "set \"f\" size 9\nset \"f\" mode 0640\nset \"f\" modtime 20961002-"));
	bed_free(b);
}

static void
lsetstat_changes_the_link_and_not_what_it_leads_to(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct sftp_attrs a = { .flags = SFTP_ATTR_ACMODTIME, .atime = 5, .mtime = 6 };
	struct stat st;

	(void)state;
	begin(b);
	(void)open_file(b, "f", SFTP_PF_WRITE | SFTP_PF_CREAT);
	assert_int_equal(symlink("f", "l"), 0);
	assert_int_equal(status(b, Q(.op = SFTP_OP_LSETSTAT, .path = SPAN_LIT("l"), .attrs = a)), SFTP_OK);
	assert_int_equal(lstat("l", &st), 0);
	assert_int_equal(st.st_mtime, 6);
	assert_int_equal(stat("l", &st), 0);
	assert_int_not_equal(st.st_mtime, 6);
	a = (struct sftp_attrs){ .flags = SFTP_ATTR_SIZE, .size = 0 };
	assert_int_equal(status(b, Q(.op = SFTP_OP_LSETSTAT, .path = SPAN_LIT("l"), .attrs = a)), SFTP_BAD_MESSAGE);
	bed_free(b);
}

static void
rename_does_not_replace_and_posix_rename_does(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct stat st;

	(void)state;
	begin(b);
	assert_int_equal(close(creat("a", 0644)), 0);
	assert_int_equal(close(creat("b", 0644)), 0);
	assert_int_equal(truncate("a", 1), 0);
	assert_int_equal(status(b, Q(.op = SFTP_OP_RENAME, .path = SPAN_LIT("a"), .path2 = SPAN_LIT("b"))), SFTP_FAILURE);
	assert_int_equal(stat("b", &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(status(b, Q(.op = SFTP_OP_POSIX_RENAME, .path = SPAN_LIT("a"), .path2 = SPAN_LIT("b"))), SFTP_OK);
	assert_int_equal(stat("b", &st), 0);
	assert_int_equal(st.st_size, 1);
	assert_int_equal(status(b, Q(.op = SFTP_OP_RENAME, .path = SPAN_LIT("b"), .path2 = SPAN_LIT("c"))), SFTP_OK);
	assert_int_equal(status(b, Q(.op = SFTP_OP_RENAME, .path = SPAN_LIT("b"), .path2 = SPAN_LIT("d"))), SFTP_NO_SUCH_FILE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_MKDIR, .path = SPAN_LIT("dir"))), SFTP_OK);
	assert_int_equal(status(b, Q(.op = SFTP_OP_RENAME, .path = SPAN_LIT("dir"), .path2 = SPAN_LIT("dir2"))), SFTP_OK);
	assert_int_equal(stat("dir2", &st), 0);
	bed_free(b);
}

/* From now on this process has no renameat2(2), as old kernels and some file systems. */
static bool
lose_renameat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = COUNT(code), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* In a child: the line that was not as it should be; 0: all was. */
static int
rename_without_renameat2(struct bed *b)
{
	static const struct {
		const char *from, *to;
		int e;
	} rows[] = {
		{ "a", "b", EEXIST }, { "a", "d", EEXIST }, { "a", "dangling", EEXIST }, { "a", "c", 0 }, { "a", "x", ENOENT },
		{ "d", "b", EEXIST }, { "d", "d2", 0 }, { "dangling", "d2", EEXIST }, { "dangling", "l", 0 }, { "c", "none/x", ENOENT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (b->setup.fs->rename(NULL, rows[i].from, rows[i].to, false) != rows[i].e)
			return (int)i + 1;
	}
	return access("a", F_OK) == -1 && access("b", F_OK) == 0 && access("c", F_OK) == 0 && access("d2", F_OK) == 0 ? 0 : 100;
}

static void
rename_does_not_replace_where_the_kernel_does_not_help(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	int status = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(close(creat("a", 0644)), 0);
	assert_int_equal(close(creat("b", 0644)), 0);
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(symlink("nowhere", "dangling"), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(lose_renameat2() ? rename_without_renameat2(b) : 77);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	bed_free(b);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void
accounts_are_those_of_the_machine(void **state)
{
	struct sftp_accounts a = { .user = "who", .home = "/home/who" };
	SCOPED(writer_free) struct writer w = writer_init(4096);

	(void)state;
	assert_true(span_is(sftp_accounts_names.name(&a, 0, false), "root"));
	assert_true(span_is(sftp_accounts_names.name(&a, 0, true), "root"));
	/* Numbers that nobody has; two of them share a place with root's. */
	assert_int_equal(sftp_accounts_names.name(&a, 4000000000, false).len, 0);
	assert_int_equal(sftp_accounts_names.name(&a, 4000000008, false).len, 0);
	assert_int_equal(sftp_accounts_names.name(&a, 4000000000, true).len, 0);
	assert_true(span_is(sftp_accounts_names.name(&a, 0, false), "root"));
	assert_int_equal(sftp_accounts_names.home(&a, SPAN_EMPTY, &w), ERR_OK);
	assert_true(span_eq(writer_span(&w), SPAN_LIT("/home/who")));
	assert_int_equal(sftp_accounts_names.home(&a, SPAN_LIT("who"), &w), ERR_OK);
	assert_int_equal(sftp_accounts_names.home(&a, SPAN_LIT("root"), &w), ERR_OK);
	assert_int_equal(sftp_accounts_names.home(&a, SPAN_LIT("nobody-of-this-name"), &w), ERR_NOTFOUND);
	sftp_accounts_free(&a);
}

static void
links_are_made_and_read_as_openssh_has_them(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct stat st;

	(void)state;
	begin(b);
	assert_int_equal(status(b, Q(.op = SFTP_OP_SYMLINK, .path = SPAN_LIT("what it says"), .path2 = SPAN_LIT("l"))), SFTP_OK);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_READLINK, .path = SPAN_LIT("l"))), SFTP_NAME);
	assert_int_equal(b->answer.count, 1);
	assert_memory_equal(b->answer.names.p, "\0\0\0\x0cwhat it says\0\0\0\x0cwhat it says\0\0\0\0", 36);
	assert_int_equal(status(b, Q(.op = SFTP_OP_STAT, .path = SPAN_LIT("l"))), SFTP_NO_SUCH_FILE);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_LSTAT, .path = SPAN_LIT("l"))), SFTP_ATTRS);
	assert_true(S_ISLNK(b->answer.attrs.permissions));
	assert_int_equal(status(b, Q(.op = SFTP_OP_READLINK, .path = SPAN_LIT("."))), SFTP_BAD_MESSAGE);
	assert_int_equal(close(creat("a", 0644)), 0);
	assert_int_equal(status(b, Q(.op = SFTP_OP_HARDLINK, .path = SPAN_LIT("a"), .path2 = SPAN_LIT("b"))), SFTP_OK);
	assert_int_equal(stat("b", &st), 0);
	assert_int_equal(st.st_nlink, 2);
	bed_free(b);
}

/* What realpath says of path, without the folder in front. */
static const char *
resolved(struct bed *b, enum sftp_op op, const char *path, char *buf, size_t size)
{
	struct sftp_name n;
	struct reader r;
	size_t len = strlen(b->folder);

	if (ask(b, Q(.op = op, .path = span_str(path))) == SFTP_STATUS)
		return "";
	r = rd_init(b->answer.names);
	sftp_name_get(&r, &n);
	assert_int_equal(rd_end(&r), ERR_OK);
	if (span_starts(n.name, span_str(b->folder)))
		n.name = span_skip(n.name, len);
	snprintf(buf, size, "%.*s", (int)n.name.len, (const char *)n.name.p);
	return buf;
}

static void
realpath_knows_also_what_is_not_there(void **state)
{
	static const char *const rows[][2] = {
		{ ".", "" }, { "", "" }, { "d", "/d" }, { "d/..", "" }, { "d/../d/./", "/d" }, { "l", "/d" },
		{ "new", "/new" }, { "d/new", "/d/new" }, { "l/new", "/d/new" }, { "new/", "/new" }, { "new/x", NULL },
		{ "new/..", NULL }, { "dangling", "/d/none" }, { "far", "/nothing-there" }, { "loop", NULL },
		{ "/", "/" }, { "//", "/" }, { "/..", "/" }, { "/nothing-there", "/nothing-there" },
	};
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	char buf[4200], path[4097];

	(void)state;
	begin(b);
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(symlink("d", "l"), 0);
	assert_int_equal(symlink("l/none", "dangling"), 0);
	assert_int_equal(symlink("/nothing-there", "far"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf[0] = '\0';
		assert_string_equal(resolved(b, SFTP_OP_REALPATH, rows[i][0], buf, sizeof(buf)),
		    rows[i][1] == NULL ? "" : rows[i][1]);
		assert_int_equal(b->answer.type, rows[i][1] == NULL ? SFTP_STATUS : SFTP_NAME);
	}
	memset(path, 'x', sizeof(path) - 1);
	path[4096] = '\0';
	assert_string_equal(resolved(b, SFTP_OP_REALPATH, path, buf, sizeof(buf)), "");
	assert_int_equal(b->answer.code, SFTP_BAD_MESSAGE);
	assert_string_equal(resolved(b, SFTP_OP_REALPATH, path + 1, buf, sizeof(buf)), "");
	bed_free(b);
}

static void
homes_are_found_by_name(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, false);
	char buf[100];

	(void)state;
	begin(b);
	assert_string_equal(resolved(b, SFTP_OP_HOME_DIRECTORY, "alice", buf, sizeof(buf)), "/home/alice");
	assert_string_equal(resolved(b, SFTP_OP_HOME_DIRECTORY, "nobody", buf, sizeof(buf)), "");
	assert_int_equal(b->answer.code, SFTP_NO_SUCH_FILE);
	assert_string_equal(resolved(b, SFTP_OP_EXPAND_PATH, "~alice", buf, sizeof(buf)), "/home/alice");
	assert_string_equal(resolved(b, SFTP_OP_EXPAND_PATH, "~alice/x", buf, sizeof(buf)), "/home/alice/x");
	assert_string_equal(resolved(b, SFTP_OP_EXPAND_PATH, "~bob/x", buf, sizeof(buf)), "");
	assert_string_equal(resolved(b, SFTP_OP_EXPAND_PATH, "/x~", buf, sizeof(buf)), "/x~");
	bed_free(b);
}

static void
a_tilde_is_where_the_server_has_begun(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	char buf[200];

	(void)state;
	begin(b);
	assert_int_equal(mkdir("d", 0755), 0);
	assert_string_equal(resolved(b, SFTP_OP_EXPAND_PATH, "~", buf, sizeof(buf)), "");
	assert_int_equal(b->answer.type, SFTP_NAME);
	assert_string_equal(resolved(b, SFTP_OP_EXPAND_PATH, "~/", buf, sizeof(buf)), "");
	assert_int_equal(b->answer.type, SFTP_NAME);
	assert_string_equal(resolved(b, SFTP_OP_EXPAND_PATH, "~/d/x", buf, sizeof(buf)), "/d/x");
	assert_string_equal(resolved(b, SFTP_OP_EXPAND_PATH, "~//d", buf, sizeof(buf)), "/d");
	bed_free(b);
}

static void
what_has_gone_while_a_directory_is_read_is_not_in_it(void **state)
{
	const struct sftp_fs *fs = &sftp_fs_system;
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	static const char *const names[] = { "a", "b", "c" };
	unsigned seen = 0;
	const char *name;
	struct stat st;
	void *dir;
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(mkdir(names[i], 0755), 0);
	assert_int_equal(fs->dir_open(NULL, ".", &dir, &fd), 0);
	while (fs->dir_read(NULL, dir, &name, &st) == 0 && name != NULL) {
		assert_true(S_ISDIR(st.st_mode));
		seen++;
		for (size_t i = 0; i < COUNT(names); i++)	/* all were read at once, and are there no longer */
			(void)rmdir(names[i]);
	}
	assert_int_equal(fs->dir_close(NULL, dir), 0);
	assert_in_range(seen, 2, 3);	/* "." and ".." stay; the first may be another */
	bed_free(b);
}

static void
users_and_groups_have_names(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, false);
	struct sftp_request q = { .op = SFTP_OP_USERS_GROUPS, .uids = SPAN_LIT("\0\0\3\xe8\0\0\0\1"), .gids = SPAN_LIT("\0\0\3\xe8") };

	(void)state;
	begin(b);
	assert_int_equal(ask(b, q), SFTP_EXTENDED_REPLY);
	assert_int_equal(b->answer.data.len, 30);
	assert_memory_equal(b->answer.data.p, "\0\0\0\x0d\0\0\0\5alice\0\0\0\0\0\0\0\x09\0\0\0\5staff", 30);
	q.gids.len = 3;
	assert_int_equal(status(b, q), SFTP_BAD_MESSAGE);
	bed_free(b);
}

static void
limits_and_statvfs_are_told(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct sftp_limits l;
	struct sftp_statvfs v;
	struct four h;

	(void)state;
	begin(b);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_LIMITS)), SFTP_EXTENDED_REPLY);
	assert_int_equal(sftp_limits_get(b->answer.data, &l), ERR_OK);
	assert_int_equal(l.packet, 262144);
	assert_int_equal(l.read, 261120);
	assert_int_equal(l.write, 261120);
	assert_int_equal(l.handles, 8);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_STATVFS, .path = SPAN_LIT("."))), SFTP_EXTENDED_REPLY);
	assert_int_equal(sftp_statvfs_get(b->answer.data, &v), ERR_OK);
	assert_true(v.namemax > 0 && v.frsize > 0);
	h = open_file(b, "f", SFTP_PF_WRITE | SFTP_PF_CREAT);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_FSTATVFS, .handle = H(h))), SFTP_EXTENDED_REPLY);
	assert_int_equal(sftp_statvfs_get(b->answer.data, &v), ERR_OK);
	bed_free(b);
}

static void
copy_data_copies_between_files_and_never_into_itself(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	const uint32_t both = SFTP_PF_READ | SFTP_PF_WRITE | SFTP_PF_CREAT;
	struct four from, to, zero;
	struct sftp_request q = { .op = SFTP_OP_COPY_DATA, .offset = 1 };
	struct stat st;

	(void)state;
	begin(b);
	from = open_file(b, "a", both);
	to = open_file(b, "b", both);
	assert_int_equal(truncate("a", 300000), 0);
	q.handle = H(from);
	q.handle2 = H(to);
	assert_int_equal(status(b, q), SFTP_OK);
	assert_int_equal(stat("b", &st), 0);
	assert_int_equal(st.st_size, 299999);
	q.length = 300000;
	assert_int_equal(status(b, q), SFTP_EOF);
	q.length = 10;
	q.offset2 = 400000;
	assert_int_equal(status(b, q), SFTP_OK);
	assert_int_equal(stat("b", &st), 0);
	assert_int_equal(st.st_size, 400010);
	/* The same file by another name. */
	assert_int_equal(link("a", "c"), 0);
	to = open_file(b, "c", both);
	q.handle2 = H(to);
	assert_int_equal(status(b, q), SFTP_FAILURE);
	q.handle2 = H(from);
	assert_int_equal(status(b, q), SFTP_FAILURE);
	zero = open_file(b, "/dev/zero", SFTP_PF_READ);
	q.handle = H(zero);
	q.length = 0;
	assert_int_equal(status(b, q), SFTP_FAILURE);
	bed_free(b);
}

static void
a_fifo_keeps_nobody_waiting(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct four h;

	(void)state;
	begin(b);
	assert_int_equal(mkfifo("p", 0600), 0);
	assert_int_equal(status(b, Q(.op = SFTP_OP_OPEN, .path = SPAN_LIT("p"), .pflags = SFTP_PF_WRITE)), SFTP_FAILURE);
	h = open_file(b, "p", SFTP_PF_READ);
	assert_int_equal(status(b, Q(.op = SFTP_OP_READ, .handle = H(h), .length = 1)), SFTP_FAILURE);
	bed_free(b);
}

static void
directories_are_made_and_removed(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, true);
	struct stat st;

	(void)state;
	(void)umask(022);
	begin(b);
	assert_int_equal(status(b, Q(.op = SFTP_OP_MKDIR, .path = SPAN_LIT("d"),
	    .attrs = { .flags = SFTP_ATTR_PERMISSIONS, .permissions = 0700 })), SFTP_OK);
	assert_int_equal(stat("d", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(status(b, Q(.op = SFTP_OP_MKDIR, .path = SPAN_LIT("d"))), SFTP_FAILURE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_MKDIR, .path = SPAN_LIT("d/e"))), SFTP_OK);
	assert_int_equal(status(b, Q(.op = SFTP_OP_RMDIR, .path = SPAN_LIT("d"))), SFTP_FAILURE);
	assert_true(span_is(b->answer.message, "Directory not empty"));
	assert_int_equal(status(b, Q(.op = SFTP_OP_REMOVE, .path = SPAN_LIT("d/e"))), SFTP_FAILURE);
	assert_int_equal(status(b, Q(.op = SFTP_OP_RMDIR, .path = SPAN_LIT("d/e"))), SFTP_OK);
	assert_int_equal(status(b, Q(.op = SFTP_OP_RMDIR, .path = SPAN_LIT("d"))), SFTP_OK);
	bed_free(b);
}

/* --- policy --- */

static void
read_only_refuses_whatever_changes_anything(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ .read_only = true }, false);
	struct memory_file *f;
	struct sftp_attrs attrs = { .flags = SFTP_ATTR_PERMISSIONS, .permissions = 0777 };
	struct four h;
	unsigned before;

	(void)state;
	assert_int_equal(memory_make(&b->memory, "f", S_IFREG | 0600, &f), 0);
	assert_int_equal(memory_mkdir(&b->memory, "d", 0700), 0);
	before = b->memory.n_changes;
	begin(b);
	h = open_file(b, "f", SFTP_PF_READ);
	for (uint32_t flags = 0; flags < 0x100; flags++) {
		int type = ask(b, Q(.op = SFTP_OP_OPEN, .path = SPAN_LIT("new"), .pflags = flags));

		assert_int_equal(type, SFTP_STATUS);
		assert_int_equal(b->answer.code, flags <= SFTP_PF_READ ? SFTP_NO_SUCH_FILE : SFTP_PERMISSION_DENIED);
	}
	for (unsigned op = SFTP_OP_WRITE; op < SFTP_OP_INIT; op++) {
		struct sftp_request q = { .op = (enum sftp_op)op, .path = SPAN_LIT("f"), .path2 = SPAN_LIT("g"), .handle = H(h),
			.handle2 = H(h), .data = SPAN_LIT("x"), .attrs = attrs };

		(void)ask(b, q);
		assert_int_equal(b->memory.n_changes, before);
		q.path = SPAN_LIT("d");
		(void)ask(b, q);
		assert_int_equal(b->memory.n_changes, before);
	}
	assert_true(logged(b, "Refusing posix-rename request in read-only mode"));
	bed_free(b);
}

static void
read_only_does_not_offer_what_it_refuses(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ .read_only = true }, false);

	(void)state;
	begin(b);
	assert_true(b->answer.extensions == (UINT64_C(1) << SFTP_OP_STATVFS | UINT64_C(1) << SFTP_OP_FSTATVFS |
	    UINT64_C(1) << SFTP_OP_LIMITS | UINT64_C(1) << SFTP_OP_EXPAND_PATH | UINT64_C(1) << SFTP_OP_HOME_DIRECTORY |
	    UINT64_C(1) << SFTP_OP_USERS_GROUPS));
	bed_free(b);
}

static void
requests_are_denied_and_allowed_by_their_names(void **state)
{
	struct sftp_policy p = { 0 };
	struct bed *b;

	(void)state;
	assert_int_equal(sftp_policy_deny(&p, SPAN_LIT("remove,limits")), ERR_OK);
	b = bed_new(p, false);
	begin(b);
	assert_false(b->answer.extensions >> SFTP_OP_LIMITS & 1);
	assert_int_equal(status(b, Q(.op = SFTP_OP_REMOVE, .path = SPAN_LIT("/"))), SFTP_PERMISSION_DENIED);
	assert_int_equal(status(b, Q(.op = SFTP_OP_LIMITS)), SFTP_PERMISSION_DENIED);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_STAT, .path = SPAN_LIT("/"))), SFTP_ATTRS);
	assert_true(logged(b, "Refusing remove request"));
	bed_free(b);
	p = (struct sftp_policy){ 0 };
	assert_int_equal(sftp_policy_allow_only(&p, SPAN_LIT("stat,remove")), ERR_OK);
	assert_int_equal(sftp_policy_deny(&p, SPAN_LIT("remove")), ERR_OK);
	b = bed_new(p, false);
	begin(b);
	assert_true(b->answer.extensions == 0);
	assert_int_equal(status(b, Q(.op = SFTP_OP_REMOVE, .path = SPAN_LIT("/"))), SFTP_PERMISSION_DENIED);
	assert_int_equal(status(b, Q(.op = SFTP_OP_LSTAT, .path = SPAN_LIT("/"))), SFTP_PERMISSION_DENIED);
	assert_int_equal(ask(b, Q(.op = SFTP_OP_STAT, .path = SPAN_LIT("/"))), SFTP_ATTRS);
	bed_free(b);
	assert_int_equal(sftp_policy_deny(&p, SPAN_LIT("remove,no-such")), ERR_NOTFOUND);
}

/* --- the stream --- */

static void
a_request_nobody_knows_is_answered_so(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, false);
	struct sftp_reply a;

	(void)state;
	begin(b);
	assert_int_equal(feed(b, SPAN_LIT("\0\0\0\5\x63\0\0\0\7\0\0\0\x0a\xc8\0\0\0\x08\0\0\0\1x")), ERR_OK);
	assert_int_equal(sftp_server_output(b->server).len, 2 * (4 + 17 + 21));
	assert_int_equal(sftp_reply_get(span_of(sftp_server_output(b->server).p + 4, 38), &a), ERR_OK);
	assert_int_equal(a.id, 7);
	assert_int_equal(a.code, SFTP_OP_UNSUPPORTED);
	bed_free(b);
}

static void
what_makes_no_sense_ends_the_session(void **state)
{
	static const struct {
		struct span bytes;
		enum err e;
	} rows[] = {
		{ SPAN_LIT("\0\0\0\0"), ERR_FORMAT },
		{ SPAN_LIT("\xff\xff\xff\xff"), ERR_LIMIT },
		{ SPAN_LIT("\0\4\0\1"), ERR_LIMIT },
		{ SPAN_LIT("\0\0\0\1\x10"), ERR_SHORT },
		{ SPAN_LIT("\0\0\0\x0a\x10\0\0\0\1\xff\xff\xff\xffx"), ERR_SHORT },
		{ SPAN_LIT("\0\0\0\x0c\x10\0\0\0\1\0\0\0\3/\0x"), ERR_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct bed *b = bed_new((struct sftp_policy){ 0 }, false);

		begin(b);
		assert_int_equal(feed(b, rows[i].bytes), rows[i].e);
		assert_true(logged(b, "bad message from alice [192.0.2.1]: "));
		bed_free(b);
	}
}

static void
ten_thousand_requests_wait_while_nobody_reads_the_answers(void **state)
{
	struct bed *b = bed_new((struct sftp_policy){ 0 }, false);
	struct sftp_request q = { .op = SFTP_OP_READ, .length = MEMORY_SIZE };
	unsigned answered = 0, turns = 0;
	struct memory_file *f;
	struct four h;

	(void)state;
	assert_int_equal(memory_make(&b->memory, "f", S_IFREG | 0600, &f), 0);
	f->len = MEMORY_SIZE;
	begin(b);
	h = open_file(b, "f", SFTP_PF_READ);
	q.handle = H(h);
	for (q.id = 0; q.id < 10000; q.id++)
		sftp_request_put(&b->in, &q);
	while (answered < 10000) {
		struct span out, payload;

		assert_int_equal(feed(b, SPAN_EMPTY), ERR_OK);
		out = sftp_server_output(b->server);
		assert_true(out.len <= SFTP_OUTPUT_FULL + SFTP_MAX_PACKET);
		assert_true(sftp_server_is_full(b->server) || b->in.len == 0);
		for (size_t at = 0; at < out.len; at += payload.len + 4) {
			struct sftp_reply a;

			assert_int_equal(sftp_frame(span_skip(out, at), SFTP_MAX_PACKET, &payload), ERR_OK);
			assert_int_equal(sftp_reply_get(payload, &a), ERR_OK);
			assert_int_equal(a.id, answered++);	/* in their order */
		}
		sftp_server_sent(b->server, out.len / 2);	/* half of it is no room yet */
		assert_int_equal(feed(b, SPAN_EMPTY), ERR_OK);
		sftp_server_sent(b->server, sftp_server_output(b->server).len);
		turns++;
	}
	assert_true(turns > 50);
	bed_free(b);
}

static void
memory_that_runs_out_ends_the_session_or_is_told(void **state)
{
	(void)state;
	for (unsigned n = 0; ; n++) {
		static struct memory_fs fs;
		struct log log = { .level = LOG_LEVEL_QUIET, .fd = -1 };
		struct sftp_server_setup setup = { .fs = &memory_table, .fs_arg = &fs, .names = &memory_names, .log = &log,
			.max_handles = 4, .user = "u", .client = "c" };
		SCOPED(writer_free) struct writer in = writer_init(1 << 16);
		struct sftp_server *s = NULL;
		size_t used;
		bool failed;
		enum err e;

		memset(&fs, 0, sizeof(fs));
		assert_int_equal(memory_mkdir(&fs, "/", 0755), 0);
		for (unsigned op = SFTP_OP_COUNT; op-- > 0;) {
			struct sftp_request q = { .op = (enum sftp_op)((op + SFTP_OP_UNKNOWN) % SFTP_OP_COUNT), .version = 3,
				.path = SPAN_LIT("/"), .path2 = SPAN_LIT("x"), .handle = SPAN_LIT("\0\0\0\1"), .pflags = 0x1b };

			if (q.op != SFTP_OP_UNKNOWN)
				sftp_request_put(&in, &q);
		}
		assert_int_equal(wr_end(&in), ERR_OK);
		alloc_fail_after(n);
		e = sftp_server_new(&s, &setup);
		if (e == ERR_OK)
			e = sftp_server_take(s, writer_span(&in), 1700000000, &used);
		failed = alloc_failed();
		alloc_fail_never();
		sftp_server_free(s);
		assert_int_equal(fs.n_open, 0);
		if (!failed) {
			assert_int_equal(e, ERR_OK);
			break;
		}
		assert_true(e == ERR_OK || e == ERR_NOMEM);
	}
}

/* --- arguments --- */

static enum sftp_start
options(struct sftp_options *o, const char *line)
{
	static char words[16][64];	/* strings of *o are of argv */
	char *argv[17], why[256];
	struct span rest = span_str(line), word;
	int argc = 0;

	while (span_token(&rest, ' ', &word)) {
		snprintf(words[argc], sizeof(words[argc]), "%.*s", (int)word.len, (const char *)word.p);
		argv[argc] = words[argc];
		argc++;
	}
	argv[argc] = NULL;
	return sftp_options_read(o, argc, argv, why, sizeof(why));
}

static void
arguments_are_openssh_s(void **state)
{
	struct sftp_options o;

	(void)state;
	assert_int_equal(options(&o, "internal-sftp"), SFTP_START);
	assert_int_equal(o.level, LOG_LEVEL_ERROR);
	assert_false(o.policy.read_only || o.has_umask || o.to_stderr || o.policy.denied != 0);
	assert_int_equal(options(&o, "internal-sftp -eR -l VERBOSE -f LOCAL3 -d /up/%u -u 0027 -P remove,rmdir"), SFTP_START);
	assert_true(o.to_stderr && o.policy.read_only && o.has_umask);
	assert_int_equal(o.level, LOG_LEVEL_VERBOSE);
	assert_string_equal(o.facility, "LOCAL3");
	assert_string_equal(o.directory, "/up/%u");
	assert_int_equal(o.umask, 027);
	assert_true(o.policy.denied == (UINT64_C(1) << SFTP_OP_REMOVE | UINT64_C(1) << SFTP_OP_RMDIR));
	assert_int_equal(options(&o, "sftp-server -Q requests"), SFTP_SHOW_REQUESTS);
	assert_int_equal(options(&o, "sftp-server -R -c whatever -Z"), SFTP_START);
	assert_true(o.policy.read_only);
	assert_int_equal(options(&o, "sftp-server -h"), SFTP_USAGE);
	assert_int_equal(options(&o, "sftp-server -Z"), SFTP_USAGE);
	assert_int_equal(options(&o, "sftp-server word"), SFTP_USAGE);
	assert_int_equal(options(&o, "sftp-server -u"), SFTP_USAGE);
	assert_int_equal(options(&o, "sftp-server -u 8"), SFTP_BAD);
	assert_int_equal(options(&o, "sftp-server -u 1000"), SFTP_BAD);
	assert_int_equal(options(&o, "sftp-server -l LOUD"), SFTP_BAD);
	assert_int_equal(options(&o, "sftp-server -f NOWHERE"), SFTP_BAD);
	assert_int_equal(options(&o, "sftp-server -P remov"), SFTP_BAD);
	assert_int_equal(options(&o, "sftp-server -Q versions"), SFTP_BAD);
}

static void
the_start_directory_has_tokens(void **state)
{
	static const char *const rows[][2] = {
		{ "/a", "/a" }, { "~", "/home/al" }, { "~/x", "/home/al/x" }, { "%d/x", "/home/al/x" }, { "%h", "/home/al" },
		{ "/up/%u-%U%%", "/up/al-77%" }, { "%x", NULL }, { "a%", NULL }, { "~bob", "~bob" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(writer_free) struct writer w = writer_init(SFTP_PATH_SIZE);
		struct sftp_options o = { .directory = rows[i][0] };
		enum err e = sftp_options_directory(&o, "al", "/home/al", 77, &w);

		assert_int_equal(e, rows[i][1] == NULL ? ERR_SYNTAX : ERR_OK);
		if (e == ERR_OK)
			assert_string_equal((const char *)w.p, rows[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_served_before_init),
		cmocka_unit_test(version_names_all_extensions),
		cmocka_unit_test(a_file_is_written_and_read),
		cmocka_unit_test(open_keeps_to_its_flags),
		cmocka_unit_test(a_read_of_four_gigabytes_gives_what_goes_into_a_packet),
		cmocka_unit_test(offsets_beyond_all_files_are_refused),
		cmocka_unit_test(a_handle_is_four_bytes_that_were_given),
		cmocka_unit_test(so_many_files_may_be_open_and_no_more),
		cmocka_unit_test(a_large_directory_is_read_in_packets_that_all_clients_take),
		cmocka_unit_test(long_names_are_lines_of_ls),
		cmocka_unit_test(attributes_are_set_by_path_and_by_handle),
		cmocka_unit_test(lsetstat_changes_the_link_and_not_what_it_leads_to),
		cmocka_unit_test(rename_does_not_replace_and_posix_rename_does),
		cmocka_unit_test(rename_does_not_replace_where_the_kernel_does_not_help),
		cmocka_unit_test(accounts_are_those_of_the_machine),
		cmocka_unit_test(links_are_made_and_read_as_openssh_has_them),
		cmocka_unit_test(realpath_knows_also_what_is_not_there),
		cmocka_unit_test(homes_are_found_by_name),
		cmocka_unit_test(a_tilde_is_where_the_server_has_begun),
		cmocka_unit_test(what_has_gone_while_a_directory_is_read_is_not_in_it),
		cmocka_unit_test(users_and_groups_have_names),
		cmocka_unit_test(limits_and_statvfs_are_told),
		cmocka_unit_test(copy_data_copies_between_files_and_never_into_itself),
		cmocka_unit_test(a_fifo_keeps_nobody_waiting),
		cmocka_unit_test(directories_are_made_and_removed),
		cmocka_unit_test(read_only_refuses_whatever_changes_anything),
		cmocka_unit_test(read_only_does_not_offer_what_it_refuses),
		cmocka_unit_test(requests_are_denied_and_allowed_by_their_names),
		cmocka_unit_test(a_request_nobody_knows_is_answered_so),
		cmocka_unit_test(what_makes_no_sense_ends_the_session),
		cmocka_unit_test(ten_thousand_requests_wait_while_nobody_reads_the_answers),
		cmocka_unit_test(memory_that_runs_out_ends_the_session_or_is_told),
		cmocka_unit_test(arguments_are_openssh_s),
		cmocka_unit_test(the_start_directory_has_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
