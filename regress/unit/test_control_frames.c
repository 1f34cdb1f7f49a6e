/* SPDX-License-Identifier: ISC */
/* sshd/control_frames: messages on a stream, and the relay between stream and listener. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/span.h"
#include "os/ipc.h"
#include "sshd/control_frames.h"

static void
feed(struct frames *f, struct span bytes)
{
	struct room room = frames_room(f);

	assert_true(room.len >= bytes.len);
	memcpy(room.p, bytes.p, bytes.len);
	frames_got(f, bytes.len);
}

static void
messages_come_whole_however_the_bytes_come(void **state)
{
	static struct frames f;
	static const struct span stream = SPAN_LIT("\0\0\0\3one\0\0\0\0\0\0\0\5three");
	static const char *const expected[] = { "one", "", "three" };
	struct span m;

	(void)state;
	for (size_t step = 1; step <= stream.len; step++) {
		size_t n = 0;

		f.have = f.taken = 0;
		for (size_t at = 0; at < stream.len; at += step) {
			feed(&f, span_first(span_skip(stream, at), step));
			while (frames_next(&f, &m) == ERR_OK)
				assert_true(span_is(m, expected[n++]));
		}
		assert_int_equal(n, 3);
		assert_int_equal(frames_next(&f, &m), ERR_AGAIN);
	}
}

static void
a_message_longer_than_any_is_refused_at_its_length(void **state)
{
	static struct frames f;
	struct span m;

	(void)state;
	feed(&f, SPAN_LIT("\0\2\0\0"));
	assert_int_equal(frames_next(&f, &m), ERR_AGAIN);
	f.have = f.taken = 0;
	feed(&f, SPAN_LIT("\0\2\0\1"));
	assert_int_equal(frames_next(&f, &m), ERR_LIMIT);
}

static void
the_longest_message_has_room(void **state)
{
	static struct frames f;
	struct span m;
	struct room room;

	(void)state;
	feed(&f, SPAN_LIT("\0\2\0\0"));
	room = frames_room(&f);
	assert_int_equal(room.len, LIMIT_IPC);
	memset(room.p, 'x', room.len);
	frames_got(&f, room.len);
	assert_int_equal(frames_next(&f, &m), ERR_OK);
	assert_int_equal(m.len, LIMIT_IPC);
	assert_int_equal(frames_room(&f).len, 4 + LIMIT_IPC);
}

static void
the_relay_answers_what_was_asked_before_the_stream_ended(void **state)
{
	int control[2], in[2], out[2], status;
	struct ipc listener;
	struct ipc_fds fds = { .n = 0 };
	uint8_t buf[64];
	struct span m;
	pid_t pid;

	(void)state;
	assert_int_equal(ipc_pair(control), ERR_OK);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(write(in[1], "\0\0\0\4ping", 8), 8);
	pid = fork();
	if (pid == 0) {
		close(in[1]);
		close(control[0]);
		_exit(frames_relay(control[1], in[0], out[1]));
	}
	close(in[0]);
	close(in[1]);
	close(out[1]);
	close(control[1]);
	ipc_init(&listener, control[0]);
	/* Its end of stream comes behind its request. */
	while (ipc_receive(&listener, (struct room){ buf, sizeof(buf) }, &m, &fds) == ERR_AGAIN)
		;
	assert_true(span_is(m, "ping"));
	assert_int_equal(ipc_send(&listener, SPAN_LIT("pong"), NULL), ERR_OK);
	ipc_close(&listener);
	assert_int_equal(read(out[0], buf, sizeof(buf)), 8);
	assert_memory_equal(buf, "\0\0\0\4pong", 8);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(out[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_whole_however_the_bytes_come),
		cmocka_unit_test(a_message_longer_than_any_is_refused_at_its_length),
		cmocka_unit_test(the_longest_message_has_room),
		cmocka_unit_test(the_relay_answers_what_was_asked_before_the_stream_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
