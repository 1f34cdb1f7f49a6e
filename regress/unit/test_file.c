/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "os/file.h"

static char folder[] = "/tmp/dayfly-test-file.XXXXXX";

static const char *
in_folder(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static unsigned
files_in_folder(void)
{
	DIR *d = opendir(folder);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;	/* . and .. */
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void
what_was_created_reads_back_with_its_mode(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct stat st;

	(void)state;
	assert_int_equal(file_create(in_folder("a"), SPAN_LIT("hello\n"), 0640, FILE_KEEP), ERR_OK);
	assert_int_equal(file_read(in_folder("a"), &w, &st), ERR_OK);
	assert_true(span_is(writer_span(&w), "hello\n"));
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(files_in_folder(), 1);
}

static void
a_file_that_is_there_is_kept_or_replaced_as_asked(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);

	(void)state;
	assert_int_equal(file_create(in_folder("a"), SPAN_LIT("old"), 0600, FILE_KEEP), ERR_OK);
	assert_int_equal(file_create(in_folder("a"), SPAN_LIT("new"), 0600, FILE_KEEP), ERR_EXISTS);
	assert_int_equal(file_read(in_folder("a"), &w, NULL), ERR_OK);
	assert_true(span_is(writer_span(&w), "old"));
	writer_reset(&w);
	assert_int_equal(file_create(in_folder("a"), SPAN_LIT("new"), 0600, FILE_REPLACE), ERR_OK);
	assert_int_equal(file_read(in_folder("a"), &w, NULL), ERR_OK);
	assert_true(span_is(writer_span(&w), "new"));
	assert_int_equal(files_in_folder(), 1);
}

static void
a_full_disk_leaves_no_trace(void **state)
{
	struct rlimit old, small;
	static uint8_t big[100000];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;		/* write(2) fails with EFBIG, as it would with ENOSPC */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(file_create(in_folder("a"), span_of(big, sizeof(big)), 0600, FILE_KEEP), ERR_SYSTEM);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(files_in_folder(), 0);
}

static void
reading_has_a_limit_and_does_not_hang_on_a_fifo(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(10);

	(void)state;
	assert_int_equal(file_create(in_folder("a"), SPAN_LIT("more than ten bytes"), 0600, FILE_KEEP), ERR_OK);
	assert_int_equal(file_read(in_folder("a"), &w, NULL), ERR_LIMIT);
	assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
	assert_int_equal(file_read(in_folder("fifo"), &w, NULL), ERR_FORMAT);
	assert_int_equal(file_read(in_folder("none"), &w, NULL), ERR_NOTFOUND);
	assert_int_equal(file_read(folder, &w, NULL), ERR_FORMAT);
}

static void
strict_modes_name_the_path_that_others_can_write(void **state)
{
	char why[512];

	(void)state;
	assert_int_equal(mkdir(in_folder("d"), 0700), 0);
	assert_int_equal(file_create(in_folder("d/f"), SPAN_LIT("x"), 0600, FILE_KEEP), ERR_OK);
	assert_int_equal(file_check_modes(in_folder("d/f"), getuid(), folder, FILE_MODES_ALL, why, sizeof(why)), ERR_OK);
	assert_int_equal(chmod(in_folder("d"), 0770), 0);
	assert_int_equal(file_check_modes(in_folder("d/f"), getuid(), folder, FILE_MODES_ALL, why, sizeof(why)), ERR_DENIED);
	assert_non_null(strstr(why, "directory"));
	assert_non_null(strstr(why, in_folder("d")));
	assert_non_null(strstr(why, "0770"));
	assert_int_equal(chmod(in_folder("d"), 0700), 0);
	assert_int_equal(chmod(in_folder("d/f"), 0602), 0);
	assert_int_equal(file_check_modes(in_folder("d/f"), getuid(), folder, FILE_MODES_ALL, why, sizeof(why)), ERR_DENIED);
	assert_non_null(strstr(why, in_folder("d/f")));
	assert_int_equal(file_check_modes(in_folder("d/none"), getuid(), folder, FILE_MODES_ALL, why, sizeof(why)), ERR_NOTFOUND);
}

static void
a_root_that_others_can_write_is_refused_also_with_the_sticky_bit(void **state)
{
	char why[512];

	(void)state;
	assert_int_equal(chmod(folder, 01777), 0);
	assert_int_equal(file_check_chroot(folder, why, sizeof(why)), ERR_DENIED);
	assert_non_null(strstr(why, "lets others write"));
	assert_int_equal(chmod(folder, 0700), 0);
}

static void
directories_are_made_with_their_parents(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_make_directory(in_folder("x/y/z"), 0700), ERR_OK);
	assert_int_equal(stat(in_folder("x/y/z"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(file_make_directory(in_folder("x/y/z"), 0700), ERR_OK);
}

static void
lines_are_appended(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);

	(void)state;
	assert_int_equal(file_append(in_folder("a"), SPAN_LIT("1\n"), 0600), ERR_OK);
	assert_int_equal(file_append(in_folder("a"), SPAN_LIT("2\n"), 0600), ERR_OK);
	assert_int_equal(file_read(in_folder("a"), &w, NULL), ERR_OK);
	assert_true(span_is(writer_span(&w), "1\n2\n"));
}

static void
a_rewritten_file_keeps_mode_and_link(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	char link[256], path[256];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s", in_folder("file"));
	snprintf(link, sizeof(link), "%s", in_folder("link"));
	assert_int_equal(file_create(path, SPAN_LIT("old"), 0640, FILE_REPLACE), ERR_OK);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(file_rewrite(link, SPAN_LIT("new")), ERR_OK);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(file_read(path, &w, &st), ERR_OK);
	assert_true(span_is(writer_span(&w), "new"));
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(files_in_folder(), 2);
	assert_int_equal(file_rewrite(in_folder("nothing"), SPAN_LIT("new")), ERR_NOTFOUND);
	assert_int_equal(files_in_folder(), 2);
}

static void
a_rewrite_that_fails_leaves_the_old_file_and_no_trace(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	struct rlimit old, none;
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s", in_folder("file"));
	assert_int_equal(file_create(path, SPAN_LIT("old"), 0600, FILE_REPLACE), ERR_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = (struct rlimit){ .rlim_cur = 2, .rlim_max = old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(file_rewrite(path, SPAN_LIT("much more than that")), ERR_SYSTEM);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(file_read(path, &w, NULL), ERR_OK);
	assert_true(span_is(writer_span(&w), "old"));
	assert_int_equal(files_in_folder(), 1);
}

/* The lock belongs to a process: somebody else has it here. */
static void
the_lock_of_account_files_is_waited_for_and_no_longer(void **state)
{
	int ready[2], fd = -1, status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		if (file_lock_accounts(folder, 0, &fd) != ERR_OK || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(file_lock_accounts(folder, 40, &fd), ERR_AGAIN);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(file_lock_accounts(folder, 0, &fd), ERR_OK);
	close(fd);
	assert_int_equal(file_lock_accounts("/nonexistent/folder", 0, &fd), ERR_SYSTEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_rewritten_file_keeps_mode_and_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_rewrite_that_fails_leaves_the_old_file_and_no_trace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_lock_of_account_files_is_waited_for_and_no_longer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_created_reads_back_with_its_mode, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_is_there_is_kept_or_replaced_as_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk_leaves_no_trace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reading_has_a_limit_and_does_not_hang_on_a_fifo, set_up, tear_down),
		cmocka_unit_test_setup_teardown(strict_modes_name_the_path_that_others_can_write, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_root_that_others_can_write_is_refused_also_with_the_sticky_bit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(directories_are_made_with_their_parents, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_are_appended, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
