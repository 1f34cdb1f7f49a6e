/* SPDX-License-Identifier: ISC */
/* sftp/client, sftp/copy: against a server in memory, honest and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/file.h"
#include "regress/support/alloc.h"
#include "regress/support/sftp_fake.h"
#include "sftp/glob.h"
#include "sftp/pipeline.h"

#define LIMITS		(1ull << SFTP_OP_LIMITS)
#define FILE_SIZE	(3 * 1000 * 1000 + 17)

struct bed {
	char folder[32];
	char path[64];		/* of a file in it */
	uint8_t *bytes;		/* FILE_SIZE of them */
	struct fake fake;
	struct sftp_client *c;
	struct sftp_how how;
	char said[1000];	/* complaints */
	volatile sig_atomic_t stop;
	uint64_t stop_at;	/* bytes; 0: never */
};

static void
on_complaint(void *arg, const char *text)
{
	struct bed *b = arg;
	size_t n = strlen(b->said);

	snprintf(b->said + n, sizeof(b->said) - n, "%s;", text);
}

static void
on_progress(void *arg, uint64_t done)
{
	struct bed *b = arg;

	if (b->stop_at != 0 && done >= b->stop_at)
		b->stop = 1;
}

static int
setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	strcpy(b->folder, "/tmp/sftp-XXXXXX");
	if (mkdtemp(b->folder) == NULL)
		return -1;
	snprintf(b->path, sizeof(b->path), "%s/f", b->folder);
	b->bytes = malloc(FILE_SIZE);
	for (size_t i = 0; i < FILE_SIZE; i++)
		b->bytes[i] = (uint8_t)(i * 131 + (i >> 11) * 7 + (i >> 21));
	b->fake = fake_init(span_of(b->bytes, FILE_SIZE));
	b->how = (struct sftp_how){ .complain = on_complaint, .progress = on_progress, .stop = &b->stop, .arg = b };
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bed *b = *state;
	char command[100];

	sftp_client_free(b->c);
	fake_free(&b->fake);
	free(b->bytes);
	snprintf(command, sizeof(command), "rm -rf %s", b->folder);
	return system(command) == 0 ? (free(b), 0) : -1;
}

static enum err
try_start(struct bed *b)
{
	struct sftp_transport t = { fake_move, &b->fake };

	sftp_client_free(b->c);
	b->c = NULL;
	TRY(sftp_client_new(&b->c, &t));
	return sftp_client_start(b->c);
}

static void
start(struct bed *b)
{
	b->fake.extensions = LIMITS;
	assert_int_equal(try_start(b), ERR_OK);
}

/* What is in the local file is the first n bytes of the server's. */
static void
expect_local(const struct bed *b, size_t n)
{
	SCOPED(writer_free) struct writer w = writer_init(64 << 20);

	assert_int_equal(file_read(b->path, &w, NULL), ERR_OK);
	assert_int_equal(w.len, n);
	if (n > 0)
		assert_memory_equal(w.p, b->bytes, n);
}

static enum err
fetch(struct bed *b)
{
	return sftp_download(b->c, "/x", NULL, b->path, &b->how);
}

/* --- honest servers --- */

static void
a_download_is_the_whole_file_however_the_bytes_come(void **state)
{
	static const size_t steps[] = { 0, 100000, 4099 };
	struct bed *b = *state;

	for (size_t i = 0; i < COUNT(steps) * 2; i++) {
		b->fake.step = steps[i / 2];
		b->fake.is_backwards = i % 2 == 1;
		start(b);
		assert_int_equal(fetch(b), ERR_OK);
		expect_local(b, FILE_SIZE);
		assert_int_equal(b->fake.n_opens, b->fake.n_closes);
		assert_string_equal(b->said, "");
	}
}

static void
short_answers_are_asked_for_again(void **state)
{
	static const uint32_t most[] = { 32768, 10000, 511 };
	struct bed *b = *state;

	for (size_t i = 0; i < COUNT(most); i++) {
		b->fake.most_read = most[i];
		start(b);
		assert_int_equal(fetch(b), ERR_OK);
		expect_local(b, FILE_SIZE);
	}
}

static void
the_end_of_a_file_is_where_the_server_says_not_where_it_said(void **state)
{
	struct bed *b = *state;

	b->fake.says_size = 10 * FILE_SIZE;	/* it has shrunk */
	start(b);
	assert_int_equal(fetch(b), ERR_OK);
	expect_local(b, FILE_SIZE);
	b->fake.says_size = 1;			/* it has grown, or has no size, as those of /proc */
	start(b);
	assert_int_equal(fetch(b), ERR_OK);
	expect_local(b, FILE_SIZE);
	b->fake.file = SPAN_EMPTY;
	b->fake.says_size = 0;
	assert_int_equal(fetch(b), ERR_OK);
	expect_local(b, 0);
}

static void
a_download_goes_on_where_an_earlier_one_ended(void **state)
{
	struct bed *b = *state;

	start(b);
	b->stop_at = FILE_SIZE / 2;
	b->how.block = 1000;
	assert_int_equal(fetch(b), ERR_DENIED);
	assert_string_equal(b->said, "");
	b->stop = 0;
	b->stop_at = 0;
	b->how.resume = true;
	assert_int_equal(fetch(b), ERR_OK);
	expect_local(b, FILE_SIZE);
	b->fake.file = span_of(b->bytes, 10);
	assert_int_equal(fetch(b), ERR_DENIED);
	assert_non_null(strstr(b->said, "larger than remote"));
	expect_local(b, FILE_SIZE);
}

static void
modes_that_set_ids_never_come(void **state)
{
	struct bed *b = *state;
	struct stat st;

	start(b);
	assert_int_equal(fetch(b), ERR_OK);
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 07000, 0);
	b->how.preserve = true;
	assert_int_equal(fetch(b), ERR_OK);
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_mtime, 1000000001);
}

static void
a_folder_keeps_who_may_delete_in_it_and_sets_no_group(void **state)
{
	struct bed *b = *state;
	struct stat st;

	start(b);
	snprintf(b->path, sizeof(b->path), "%s/new", b->folder);
	b->fake.names[0] = ".";
	for (int i = 0; i < 2; i++) {
		b->how.preserve = i == 1;
		assert_int_equal(sftp_download_tree(b->c, "/dir", NULL, b->path, &b->how), ERR_OK);
		assert_int_equal(stat(b->path, &st), 0);
		assert_int_equal(st.st_mode & 07700, 01700);
	}
}

static void
a_file_that_shrinks_and_grows_has_no_hole(void **state)
{
	struct bed *b = *state;
	struct stat st;

	b->fake.lie = FAKE_SHRINKS_AND_GROWS;
	b->fake.where = 1000000;
	b->fake.is_backwards = true;
	start(b);
	assert_int_equal(fetch(b), ERR_OK);
	assert_int_equal(stat(b->path, &st), 0);
	assert_in_range(st.st_size, 1000000, 1000000 + 261120);
	expect_local(b, (size_t)st.st_size);
}

/* Writes the first n bytes of the pattern into the local file. */
static void
make_local(struct bed *b, size_t n)
{
	assert_int_equal(file_create(b->path, span_of(b->bytes, n), 0640, FILE_REPLACE), ERR_OK);
}

static void
an_upload_is_the_whole_file_however_the_bytes_go(void **state)
{
	static const size_t sizes[] = { 0, 1, 261120, 261121, FILE_SIZE };
	struct bed *b = *state;

	for (size_t i = 0; i < COUNT(sizes) * 2; i++) {
		b->fake.step = i % 2 == 0 ? 0 : 50000;
		writer_truncate(&b->fake.written, 0);
		start(b);
		make_local(b, sizes[i / 2]);
		assert_int_equal(sftp_upload(b->c, b->path, "/y", &b->how), ERR_OK);
		assert_int_equal(b->fake.written.len, sizes[i / 2]);
		assert_memory_equal(b->fake.written.p == NULL ? b->bytes : b->fake.written.p, b->bytes, sizes[i / 2]);
	}
	assert_string_equal(b->said, "");
}

static void
an_upload_that_is_refused_in_its_midst_is_an_error(void **state)
{
	struct bed *b = *state;

	b->fake.lie = FAKE_REFUSES_WRITE;
	b->fake.where = 1000000;
	start(b);
	make_local(b, FILE_SIZE);
	assert_int_equal(sftp_upload(b->c, b->path, "/y", &b->how), ERR_DENIED);
	assert_string_equal(b->said, "write remote \"/y\": Failure;");
	assert_true(b->fake.written_size <= 1000000);
	assert_int_equal(b->fake.n_opens, b->fake.n_closes);
	/* The connection goes on. */
	b->fake.lie = FAKE_HONEST;
	assert_int_equal(sftp_upload(b->c, b->path, "/y", &b->how), ERR_OK);
}

static void
a_copy_between_servers_is_the_whole_file(void **state)
{
	struct bed *b = *state;
	struct fake other = fake_init(SPAN_EMPTY);
	struct sftp_transport t = { fake_move, &other };
	struct sftp_client *to;

	start(b);
	assert_int_equal(sftp_client_new(&to, &t), ERR_OK);
	assert_int_equal(sftp_client_start(to), ERR_OK);	/* takes 32 KiB at once */
	b->fake.is_backwards = true;
	assert_int_equal(sftp_cross(b->c, "/x", NULL, to, "/y", &b->how), ERR_OK);
	assert_int_equal(other.written.len, FILE_SIZE);
	assert_memory_equal(other.written.p, b->bytes, FILE_SIZE);
	/* What could not be read is not there as zeros. */
	b->fake.lie = FAKE_REFUSES_READ;
	b->fake.where = 1000000;
	assert_int_equal(sftp_cross(b->c, "/x", NULL, to, "/y", &b->how), ERR_DENIED);
	assert_true(other.written_size <= 1000000);
	sftp_client_free(to);
	fake_free(&other);
}

/* --- what goes wrong --- */

static void
a_read_that_is_refused_leaves_what_is_right(void **state)
{
	struct bed *b = *state;
	struct stat st;

	b->fake.lie = FAKE_REFUSES_READ;
	b->fake.where = 1000000;
	start(b);
	assert_int_equal(fetch(b), ERR_DENIED);
	assert_string_equal(b->said, "read remote \"/x\" : Failure;");
	assert_int_equal(stat(b->path, &st), 0);
	assert_true(st.st_size <= 1000000);
	expect_local(b, (size_t)st.st_size);
	b->fake.lie = FAKE_HONEST;
	assert_int_equal(fetch(b), ERR_OK);
}

static void
a_connection_that_ends_leaves_what_is_right(void **state)
{
	struct bed *b = *state;
	struct stat st;

	b->fake.lie = FAKE_ENDS;
	b->fake.where = 1500000;
	b->fake.is_backwards = true;
	start(b);
	assert_int_equal(fetch(b), ERR_CLOSED);
	assert_int_equal(stat(b->path, &st), 0);
	assert_true(st.st_size <= 1500000 + 261120);
	expect_local(b, (size_t)st.st_size);
	assert_int_equal(sftp_ask_path(b->c, SFTP_OP_REMOVE, "/x"), ERR_CLOSED);
}

static void
a_full_disk_is_an_error_and_the_connection_goes_on(void **state)
{
	struct bed *b = *state;

	start(b);
	assert_int_equal(sftp_download(b->c, "/x", NULL, "/dev/full", &b->how), ERR_DENIED);
	assert_non_null(strstr(b->said, "write local \"/dev/full\": No space left on device"));
	assert_int_equal(fetch(b), ERR_OK);
	expect_local(b, FILE_SIZE);
}

static void
answers_that_make_no_sense_end_the_connection(void **state)
{
	static const struct { enum fake_lie lie; enum err e; } rows[] = {
		{ FAKE_OTHER_IDS, ERR_SEQUENCE }, { FAKE_TWICE, ERR_SEQUENCE }, { FAKE_LONG_DATA, ERR_FORMAT },
		{ FAKE_OK_TO_READ, ERR_FORMAT }, { FAKE_HUGE_PACKET, ERR_LIMIT }, { FAKE_LONG_HANDLE, ERR_LIMIT },
	};
	struct bed *b = *state;

	b->how.block = 100000;
	for (size_t i = 0; i < COUNT(rows); i++) {
		b->fake.lie = rows[i].lie;
		writer_truncate(&b->fake.out, 0);
		writer_truncate(&b->fake.in, 0);
		start(b);
		assert_int_equal(fetch(b), rows[i].e);
		assert_int_equal(sftp_client_dead(b->c), rows[i].e);
	}
	b->fake.lie = FAKE_DATA_TO_WRITE;
	writer_truncate(&b->fake.out, 0);
	writer_truncate(&b->fake.in, 0);
	start(b);
	make_local(b, 10);
	assert_int_equal(sftp_upload(b->c, b->path, "/y", &b->how), ERR_FORMAT);
}

static void
data_of_no_bytes_is_the_end_and_lists_of_nothing_are_no_lists(void **state)
{
	struct bed *b = *state;
	struct sftp_entries list;
	size_t n_bad;
	char *name;

	b->fake.lie = FAKE_EMPTY_DATA;
	start(b);
	assert_int_equal(fetch(b), ERR_OK);
	expect_local(b, 0);
	b->fake.lie = FAKE_NO_NAMES;
	assert_int_equal(sftp_list(b->c, "/dir", &list, &n_bad), ERR_FORMAT);
	b->fake.lie = FAKE_TWO_NAMES;
	start(b);
	assert_int_equal(sftp_ask_name(b->c, SFTP_OP_REALPATH, ".", &name), ERR_FORMAT);
}

static void
what_is_no_sftp_at_all_is_told_by_its_length(void **state)
{
	struct bed *b = *state;

	wr_raw(&b->fake.out, SPAN_LIT("This machine is for the staff of"));
	assert_int_equal(try_start(b), ERR_LIMIT);
	assert_int_equal(sftp_client_length(b->c), 0x54686973);
	b->fake = (writer_free(&b->fake.out), writer_free(&b->fake.in), fake_init(SPAN_EMPTY));
	wr_raw(&b->fake.out, SPAN_LIT("\0\0\0\5\2\0\0\0\2"));
	assert_int_equal(try_start(b), ERR_UNSUPPORTED);
	b->fake.has_ended = true;
	writer_truncate(&b->fake.out, 0);
	assert_int_equal(try_start(b), ERR_CLOSED);
}

/* --- names --- */

static void
names_that_lead_out_of_a_tree_are_left_out(void **state)
{
	struct bed *b = *state;
	char outside[64];

	snprintf(b->path, sizeof(b->path), "%s/t", b->folder);
	snprintf(outside, sizeof(outside), "%s/evil", b->folder);
	b->fake.file = SPAN_LIT("x");
	b->fake.names[0] = "../evil";
	b->fake.names[1] = "..";
	b->fake.names[2] = "/etc/evil";
	b->fake.names[3] = "good";
	b->fake.names[4] = ".";
	b->fake.names[5] = "";
	b->fake.names[6] = "sub/../../evil";
	start(b);
	assert_int_equal(sftp_download_tree(b->c, "/dir", NULL, b->path, &b->how), ERR_OK);
	assert_string_equal(b->said, "4 names of \"/dir\" are no names of files: left out;");
	assert_int_equal(access(outside, F_OK), -1);
	strcat(b->path, "/good");
	assert_int_equal(access(b->path, F_OK), 0);
}

static void
folders_in_folders_end_somewhere(void **state)
{
	struct bed *b = *state;

	snprintf(b->path, sizeof(b->path), "%s/t", b->folder);
	b->fake.names[0] = b->fake.folder_name = "again";
	b->fake.folders_deep = 1000;
	start(b);
	assert_int_equal(sftp_download_tree(b->c, "/dir", NULL, b->path, &b->how), ERR_DENIED);
	assert_string_equal(b->said, "Maximum directory depth exceeded: 64 levels;");
}

/* Expects what a pattern stands for, names with spaces between. */
static void
expect_glob(const struct glob_place *place, const char *pattern, const char *names)
{
	SCOPED(sftp_entries_free) struct sftp_entries list;
	char found[1000] = "";

	assert_int_equal(glob_find(place, pattern, &list), ERR_OK);
	for (size_t i = 0; i < list.n; i++)
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s", i == 0 ? "" : " ", list.v[i].name);
	assert_string_equal(found, names);
}

static void
patterns_stand_for_what_matches_them_and_nothing_else(void **state)
{
	struct bed *b = *state;
	struct glob_place place;

	b->fake.names[0] = "b.c";
	b->fake.names[1] = "a.c";
	b->fake.names[2] = ".c";
	b->fake.names[3] = "evil";
	b->fake.names[4] = "..";
	b->fake.names[5] = "a*c";
	b->fake.names[6] = "../x.c";
	start(b);
	place = glob_remote(b->c);
	expect_glob(&place, "/dir/*.c", "/dir/a.c /dir/b.c");
	expect_glob(&place, "/dir/[!b].c", "/dir/a.c");
	expect_glob(&place, "/dir/.*", "/dir/.c");
	expect_glob(&place, "/dir/a\\*c", "/dir/a*c");
	expect_glob(&place, "/dir/a?c", "/dir/a*c /dir/a.c");
	expect_glob(&place, "/dir/*.x", "");
	expect_glob(&place, "/*.c/x", "");
	expect_glob(&place, "/some/none", "");
	expect_glob(&place, "/plain", "/plain");
	assert_true(glob_is_pattern("a*") && glob_is_pattern("[") && !glob_is_pattern("a\\*"));
}

static void
one_part_of_a_pattern_matches_names_in_bounded_time(void **state)
{
	static const struct { const char *pattern, *name; bool yes; } rows[] = {
		{ "", "", true }, { "*", "", true }, { "a", "a", true }, { "a", "ab", false }, { "a*", "a", true }, { "*a", "ba", true },
		{ "*.c", ".c", false }, { ".*", ".c", true }, { "\\.c", ".c", true }, { "?c", ".c", false }, { "[.]c", ".c", false },
		{ "a[b-d]", "ac", true }, { "a[!b-d]", "ac", false }, { "a[^b]", "ac", true }, { "a[]]", "a]", true }, { "a[!]]", "a]", false },
		{ "a[b", "a[b", true }, { "a[b", "ab", false }, { "a[-b]", "a-", true }, { "a[b-]", "a-", true }, { "a[\\]]", "a]", true },
		{ "a\\*", "a*", true }, { "a\\*", "ab", false }, { "*a*b*", "xaxbx", true }, { "*a*b*", "bxa", false }, { "a\\", "a\\", true },
		{ "[a-c]*[0-9]", "b77", true }, { "\303?", "\303\266", true }, { "[\300-\377]x", "\350x", true },
	};
	char *name = malloc(100001), pattern[201];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (glob_match(rows[i].pattern, rows[i].name) != rows[i].yes)
			fail_msg("%s and %s", rows[i].pattern, rows[i].name);
	/* A hundred stars, and a name that nearly matches everywhere. */
	memset(name, 'a', 100000);
	name[100000] = '\0';
	for (size_t i = 0; i < 200; i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	pattern[199] = 'b';
	pattern[200] = '\0';
	assert_false(glob_match(pattern, name));
	free(name);
}

static void
paths_are_joined_and_their_last_parts_found(void **state)
{
	static const struct { const char *path, *last; } rows[] = {
		{ "a", "a" }, { "/a/b", "b" }, { "/a/b//", "b" }, { "/", "/" }, { "//", "/" }, { "", "" }, { "a/.", "." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *last = sftp_path_last(rows[i].path);

		assert_string_equal(last, rows[i].last);
		free(last);
	}
	for (size_t i = 0; i < 4; i++) {
		static const char *const parts[][3] = { { "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "a", "/b", "/b" },
		    { "", "b", "b" } };
		char *path = sftp_path_join(parts[i][0], parts[i][1]);

		assert_string_equal(path, parts[i][2]);
		free(path);
	}
}

/* --- how many at once --- */

/* Answers every question of a line that holds so many blocks and takes so long, for a while; the width then. */
static unsigned
width_after(uint64_t path_usec, double blocks_per_msec)
{
	struct pipeline p;
	uint64_t now = 1, tag = 0, oldest = 0, free_at = 0;
	uint64_t answer_at[4096];

	pipeline_init(&p, 32768, 0);
	while (now < 20 * 1000 * 1000) {
		while (tag - oldest < p.width) {
			uint64_t sent = now > free_at ? now : free_at;

			free_at = sent + (uint64_t)(1000 / blocks_per_msec);
			answer_at[tag % COUNT(answer_at)] = free_at + path_usec;
			pipeline_asked(&p, tag++, now);
		}
		now = answer_at[oldest % COUNT(answer_at)];
		pipeline_answered(&p, oldest++, now);
	}
	return p.width;
}

static void
the_pipeline_is_as_wide_as_the_path_needs(void **state)
{
	unsigned wide;

	(void)state;
	/* 1 Gbit/s are 3.8 blocks a millisecond: 100 ms hold 381 of them. */
	wide = width_after(100 * 1000, 3.8);
	assert_in_range(wide, 381, 381 * 2);
	/* A line of 1 MB/s, 10 ms away: half a MiB at once is more than enough. */
	wide = width_after(10 * 1000, 0.03);
	assert_in_range(wide, 16, 64);
	/* Faster than anything: the table has no more. */
	wide = width_after(500 * 1000, 100);
	assert_int_equal(wide, SFTP_CLIENT_QUESTIONS / 2);
}

static void
a_download_asks_for_more_at_once_than_one_block(void **state)
{
	struct bed *b = *state;

	start(b);
	b->how.block = 32768;
	assert_int_equal(fetch(b), ERR_OK);
	assert_in_range(b->fake.n_most_waiting, 16, 1024);
	b->how.requests = 3;
	b->fake.n_most_waiting = 0;
	assert_int_equal(fetch(b), ERR_OK);
	assert_int_equal(b->fake.n_most_waiting, 3);
}

/* --- memory --- */

static void
memory_that_runs_out_at_any_point_is_an_error(void **state)
{
	struct bed *b = *state;
	enum err e = ERR_OK;
	unsigned n;

	b->fake.file = span_of(b->bytes, 1000);
	b->fake.names[0] = "a";
	b->fake.names[1] = "b";
	b->fake.extensions = LIMITS;
	/* The server's own memory is there before. */
	for (struct writer *w = &b->fake.in; w != NULL; w = w == &b->fake.in ? &b->fake.out : NULL) {
		(void)wr_reserve(w, 1 << 20);
	}
	snprintf(b->path, sizeof(b->path), "%s/t", b->folder);
	for (n = 0; n < 1000; n++) {
		writer_truncate(&b->fake.in, 0);
		writer_truncate(&b->fake.out, 0);
		b->said[0] = '\0';
		alloc_fail_once(n);
		e = try_start(b);
		if (e == ERR_OK)
			e = sftp_download_tree(b->c, "/dir", NULL, b->path, &b->how);
		if (!alloc_failed())
			break;
		alloc_fail_never();
		/* The fake answers a question that it has no memory for by its own death, which none is here. */
		/* SHORT: the server had no memory for its answer. */
		if (e != ERR_NOMEM && e != ERR_SHORT && e != ERR_OK && strstr(b->said, "memory") == NULL)
			fail_msg("allocation %u: %s: %s", n, err_name(e), b->said);
	}
	alloc_fail_never();
	assert_int_equal(e, ERR_OK);
	assert_in_range(n, 5, 999);
}

static void
memory_that_runs_out_while_sending_is_an_error(void **state)
{
	struct bed *b = *state;
	enum err e = ERR_OK;
	char folder[64];
	unsigned n;

	b->fake.extensions = LIMITS;
	for (int i = 0; i < 3; i++)
		(void)wr_reserve(i == 0 ? &b->fake.in : i == 1 ? &b->fake.out : &b->fake.written, 1 << 20);
	snprintf(folder, sizeof(folder), "%s/t", b->folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	snprintf(b->path, sizeof(b->path), "%s/t/f", b->folder);
	make_local(b, 1000);
	b->how.in_place = b->how.preserve = true;
	for (n = 0; n < 1000; n++) {
		writer_truncate(&b->fake.in, 0);
		writer_truncate(&b->fake.out, 0);
		writer_truncate(&b->fake.written, 0);
		b->said[0] = '\0';
		alloc_fail_once(n);
		e = try_start(b);
		if (e == ERR_OK)
			e = sftp_upload_tree(b->c, folder, "/dir", &b->how);
		if (!alloc_failed())
			break;
		alloc_fail_never();
		/* SHORT: the server had no memory for its answer. */
		if (e != ERR_NOMEM && e != ERR_SHORT && (e != ERR_DENIED || strstr(b->said, "memory") == NULL) && e != ERR_OK)
			fail_msg("allocation %u: %s: %s", n, err_name(e), b->said);
		/* Success is success: all is there. */
		if (e == ERR_OK && (b->fake.written.len != 1000 || b->said[0] != '\0'))
			fail_msg("allocation %u: %zu bytes: %s", n, b->fake.written.len, b->said);
	}
	alloc_fail_never();
	assert_int_equal(e, ERR_OK);
	assert_in_range(n, 5, 999);
}

int
main(void)
{
#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST_OF(a_download_is_the_whole_file_however_the_bytes_come),
		TEST_OF(short_answers_are_asked_for_again),
		TEST_OF(the_end_of_a_file_is_where_the_server_says_not_where_it_said),
		TEST_OF(a_download_goes_on_where_an_earlier_one_ended),
		TEST_OF(modes_that_set_ids_never_come),
		TEST_OF(a_folder_keeps_who_may_delete_in_it_and_sets_no_group),
		TEST_OF(a_file_that_shrinks_and_grows_has_no_hole),
		TEST_OF(an_upload_is_the_whole_file_however_the_bytes_go),
		TEST_OF(an_upload_that_is_refused_in_its_midst_is_an_error),
		TEST_OF(a_copy_between_servers_is_the_whole_file),
		TEST_OF(a_read_that_is_refused_leaves_what_is_right),
		TEST_OF(a_connection_that_ends_leaves_what_is_right),
		TEST_OF(a_full_disk_is_an_error_and_the_connection_goes_on),
		TEST_OF(answers_that_make_no_sense_end_the_connection),
		TEST_OF(data_of_no_bytes_is_the_end_and_lists_of_nothing_are_no_lists),
		TEST_OF(what_is_no_sftp_at_all_is_told_by_its_length),
		TEST_OF(names_that_lead_out_of_a_tree_are_left_out),
		TEST_OF(folders_in_folders_end_somewhere),
		TEST_OF(patterns_stand_for_what_matches_them_and_nothing_else),
		cmocka_unit_test(one_part_of_a_pattern_matches_names_in_bounded_time),
		cmocka_unit_test(paths_are_joined_and_their_last_parts_found),
		cmocka_unit_test(the_pipeline_is_as_wide_as_the_path_needs),
		TEST_OF(a_download_asks_for_more_at_once_than_one_block),
		TEST_OF(memory_that_runs_out_at_any_point_is_an_error),
		TEST_OF(memory_that_runs_out_while_sending_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
