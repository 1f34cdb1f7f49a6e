/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/ipc.h"
#include "regress/support/alloc.h"

#define PHASE_OPEN	1u
#define PHASE_CLOSED	2u

#define TEST_MESSAGES(M)						\
	M(hello, PHASE_OPEN, 1, HELLO_FIELDS)				\
	M(data, PHASE_OPEN | PHASE_CLOSED, 0, DATA_FIELDS)		\
	M(ping, PHASE_CLOSED, 0, PING_FIELDS)
#define HELLO_FIELDS(F)	F(u32, version) F(flag, is_new) F(bytes, name)
#define DATA_FIELDS(F)	F(u64, offset) F(bytes, data)
#define PING_FIELDS(F)
IPC_MESSAGES(test, TEST_MESSAGES)

struct receiver {
	uint32_t version;
	bool is_new;
	uint64_t offset;
	uint8_t data[64];
	size_t len;
	int fd;
	unsigned calls;
};

static enum err
on_hello(struct receiver *r, const struct msg_hello *m, struct ipc_fds *fds)
{
	(void)fds;
	r->version = m->version;
	r->is_new = m->is_new;
	r->calls++;
	return ERR_OK;
}

static enum err
on_data(struct receiver *r, const struct msg_data *m, struct ipc_fds *fds)
{
	r->offset = m->offset;
	r->len = m->data.len < sizeof(r->data) ? m->data.len : sizeof(r->data);
	if (r->len > 0)
		memcpy(r->data, m->data.p, r->len);
	if (fds->n > 0) {
		r->fd = fds->fd[0];
		fds->fd[0] = -1;
	}
	r->calls++;
	return ERR_OK;
}

static enum err
on_ping(struct receiver *r, const struct msg_ping *m, struct ipc_fds *fds)
{
	(void)m;
	(void)fds;
	r->calls++;
	return ERR_OK;
}

IPC_RECEIVER(receiver_on_message, TEST_MESSAGES, struct receiver)

struct fixture {
	struct ipc a, b;
	struct receiver r;
	uint8_t buf[LIMIT_IPC];
};

static void
set_up(struct fixture *f)
{
	int fd[2];

	assert_int_equal(ipc_pair(fd), ERR_OK);
	ipc_init(&f->a, fd[0]);
	ipc_init(&f->b, fd[1]);
	f->r = (struct receiver){ .fd = -1 };
}

static void
tear_down(struct fixture *f)
{
	ipc_close(&f->a);
	ipc_close(&f->b);
}

/* Receives one message at b and dispatches it. */
static enum err
take(struct fixture *f, uint32_t phase)
{
	struct span message;
	struct ipc_fds fds;
	enum err e;

	TRY(ipc_receive(&f->b, (struct room){ f->buf, sizeof(f->buf) }, &message, &fds));
	e = receiver_on_message(&f->r, &f->b, phase, message, &fds);
	ipc_fds_close(&fds);
	return e;
}

static void
fields_arrive_as_they_were_sent(void **state)
{
	static struct fixture f;

	(void)state;
	set_up(&f);
	assert_int_equal(ipc_send_hello(&f.a, &(struct msg_hello){ .version = 7, .is_new = true,
	    .name = SPAN_LIT("x") }, NULL), ERR_OK);
	assert_int_equal(take(&f, PHASE_OPEN), ERR_OK);
	assert_int_equal(f.r.version, 7);
	assert_true(f.r.is_new);
	assert_int_equal(take(&f, PHASE_OPEN), ERR_AGAIN);
	tear_down(&f);
}

static void
a_descriptor_travels_with_its_message(void **state)
{
	static struct fixture f;
	int p[2];
	char c = 0;

	(void)state;
	set_up(&f);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(ipc_send_data(&f.a, &(struct msg_data){ .offset = 1ULL << 40,
	    .data = SPAN_LIT("abc") }, &(struct ipc_fds){ .fd = { p[1] }, .n = 1 }), ERR_OK);
	close(p[1]);
	assert_int_equal(take(&f, PHASE_OPEN), ERR_OK);
	assert_true(f.r.fd >= 0);
	assert_true(f.r.offset == 1ULL << 40);
	assert_int_equal(write(f.r.fd, "z", 1), 1);
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(c, 'z');
	close(f.r.fd);
	assert_int_equal(read(p[0], &c, 1), 0);	/* no other copy is left open */
	close(p[0]);
	tear_down(&f);
}

static void
a_message_out_of_phase_is_refused_and_not_handled(void **state)
{
	static struct fixture f;

	(void)state;
	set_up(&f);
	assert_int_equal(ipc_send_ping(&f.a, &(struct msg_ping){ .ends_here = 0 }, NULL), ERR_OK);
	assert_int_equal(take(&f, PHASE_OPEN), ERR_SEQUENCE);
	assert_int_equal(f.r.calls, 0);
	tear_down(&f);
}

static void
a_message_that_may_come_once_is_refused_the_second_time(void **state)
{
	static struct fixture f;
	struct msg_hello m = { .version = 1 };

	(void)state;
	set_up(&f);
	assert_int_equal(ipc_send_hello(&f.a, &m, NULL), ERR_OK);
	assert_int_equal(ipc_send_hello(&f.a, &m, NULL), ERR_OK);
	assert_int_equal(take(&f, PHASE_OPEN), ERR_OK);
	assert_int_equal(take(&f, PHASE_OPEN), ERR_SEQUENCE);
	assert_int_equal(f.r.calls, 1);
	tear_down(&f);
}

static void
malformed_messages_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum err e;
	} bad[] = {
		{ "\0\0", 2, ERR_SHORT },				/* no number */
		{ "\0\0\0\x63", 4, ERR_FORMAT },			/* no such number */
		{ "\xff\xff\xff\xff", 4, ERR_FORMAT },
		{ "\0\0\0\1", 4, ERR_SHORT },				/* no fields */
		{ "\0\0\0\1\0\0\0\0\0\0\0\0\xff\xff\xff\xff", 16, ERR_SHORT },
		{ "\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0x", 17, ERR_TRAILING },
	};
	static struct fixture f;

	(void)state;
	set_up(&f);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(ipc_send(&f.a, span_of(bad[i].bytes, bad[i].len), NULL), ERR_OK);
		assert_int_equal(take(&f, PHASE_OPEN), bad[i].e);
	}
	assert_int_equal(f.r.calls, 0);
	tear_down(&f);
}

static void
what_the_kernel_does_not_take_waits_in_order(void **state)
{
	static struct fixture f;
	static uint8_t big[60000];
	uint64_t sent = 0, got = 0;
	enum err e;

	(void)state;
	set_up(&f);
	while (!ipc_wants_write(&f.a)) {
		assert_int_equal(ipc_send_data(&f.a, &(struct msg_data){ .offset = sent++,
		    .data = { big, sizeof(big) } }, NULL), ERR_OK);
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(ipc_send_data(&f.a, &(struct msg_data){ .offset = sent++ }, NULL), ERR_OK);
	while (got < sent) {
		e = take(&f, PHASE_OPEN);
		if (e == ERR_AGAIN) {
			assert_int_equal(ipc_flush(&f.a), ERR_OK);
			continue;
		}
		assert_int_equal(e, ERR_OK);
		assert_true(f.r.offset == got);
		got++;
	}
	assert_false(ipc_wants_write(&f.a));
	tear_down(&f);
}

static void
a_reader_that_never_reads_is_an_error_not_memory(void **state)
{
	static struct fixture f;
	static uint8_t big[100000];
	enum err e = ERR_OK;
	unsigned n = 0;

	(void)state;
	set_up(&f);
	while (e == ERR_OK && n++ < 1000)
		e = ipc_send_data(&f.a, &(struct msg_data){ .data = { big, sizeof(big) } }, NULL);
	assert_int_equal(e, ERR_LIMIT);
	assert_true(f.a.queued <= IPC_QUEUE_MAX);
	tear_down(&f);
}

/* Sends n bytes with copies of one descriptor, past all our own checks. */
static void
send_raw(int fd, size_t n, unsigned n_fds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control;
	char bytes[8] = { 0 };
	int fds[8];
	struct iovec iov = { bytes, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
	    .msg_controllen = CMSG_SPACE(n_fds * sizeof(int)) };

	memset(&control, 0, sizeof(control));
	for (unsigned i = 0; i < n_fds; i++)
		fds[i] = fd;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
	assert_int_equal(sendmsg(fd, &msg, 0), n);
}

/* The lowest descriptor that is free. */
static int
lowest_free(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void
descriptors_that_come_with_what_is_refused_are_closed(void **state)
{
	static struct fixture f;
	struct span message;
	struct ipc_fds fds;
	int before;

	(void)state;
	set_up(&f);
	before = lowest_free();
	send_raw(f.a.fd, 8, 8);		/* more than there is room for */
	assert_int_equal(ipc_receive(&f.b, (struct room){ f.buf, sizeof(f.buf) }, &message, &fds),
	    ERR_LIMIT);
	assert_int_equal(lowest_free(), before);
	send_raw(f.a.fd, 0, 4);		/* an empty message: as good as the end */
	assert_int_equal(ipc_receive(&f.b, (struct room){ f.buf, sizeof(f.buf) }, &message, &fds),
	    ERR_CLOSED);
	assert_int_equal(fds.n, 0);
	assert_int_equal(lowest_free(), before);
	tear_down(&f);
}

static void
the_end_of_the_other_process_is_seen(void **state)
{
	static struct fixture f;

	(void)state;
	set_up(&f);
	ipc_close(&f.a);
	assert_int_equal(take(&f, PHASE_OPEN), ERR_CLOSED);
	assert_int_equal(ipc_send_data(&f.b, &(struct msg_data){ .offset = 0 }, NULL), ERR_CLOSED);
	tear_down(&f);
}

static void
a_message_whose_descriptor_found_no_room_says_so_and_is_whole(void **state)
{
	static struct fixture f;
	struct ipc_fds fds = { .n = 0 };
	struct rlimit limit, low;
	struct span message = SPAN_EMPTY;
	int highest = dup(STDIN_FILENO);

	(void)state;
	assert_true(highest >= 0);
	close(highest);
	set_up(&f);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(ipc_send_data(&f.a, &(struct msg_data){ .data = SPAN_LIT("abc") },
	    &(struct ipc_fds){ .fd = { STDIN_FILENO }, .n = 1 }), ERR_OK);
	low = (struct rlimit){ (rlim_t)highest, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(ipc_receive(&f.b, (struct room){ f.buf, sizeof(f.buf) }, &message, &fds),
	    ERR_LIMIT);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(fds.lost);
	assert_int_equal(fds.n, 0);
	assert_true(message.len > 3);
	assert_memory_equal(message.p + message.len - 3, "abc", 3);
	tear_down(&f);
}

static void
a_message_that_is_too_long_is_not_sent(void **state)
{
	static struct fixture f;
	static uint8_t big[LIMIT_IPC + 1];

	(void)state;
	set_up(&f);
	assert_int_equal(ipc_send_data(&f.a, &(struct msg_data){ .data = { big, sizeof(big) } }, NULL),
	    ERR_LIMIT);
	assert_int_equal(take(&f, PHASE_OPEN), ERR_AGAIN);
	tear_down(&f);
}

static void
sending_without_memory_says_so(void **state)
{
	static struct fixture f;

	(void)state;
	set_up(&f);
	alloc_fail_after(0);
	assert_int_equal(ipc_send_data(&f.a, &(struct msg_data){ .offset = 1 }, NULL), ERR_NOMEM);
	alloc_fail_never();
	assert_int_equal(take(&f, PHASE_OPEN), ERR_AGAIN);
	tear_down(&f);
}

static void
what_was_said_before_a_reset_is_heard(void **state)
{
	static struct fixture f;

	(void)state;
	set_up(&f);
	assert_int_equal(ipc_send_data(&f.b, &(struct msg_data){ .offset = 1 }, NULL), ERR_OK);
	assert_int_equal(ipc_send_hello(&f.a, &(struct msg_hello){ .version = 9 }, NULL), ERR_OK);
	ipc_close(&f.a);		/* with b's message unread: b's end is reset */
	assert_int_equal(take(&f, PHASE_OPEN), ERR_OK);
	assert_int_equal(f.r.version, 9);
	assert_int_equal(take(&f, PHASE_OPEN), ERR_CLOSED);
	tear_down(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_said_before_a_reset_is_heard),
		cmocka_unit_test(fields_arrive_as_they_were_sent),
		cmocka_unit_test(a_descriptor_travels_with_its_message),
		cmocka_unit_test(a_message_out_of_phase_is_refused_and_not_handled),
		cmocka_unit_test(a_message_that_may_come_once_is_refused_the_second_time),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(what_the_kernel_does_not_take_waits_in_order),
		cmocka_unit_test(a_reader_that_never_reads_is_an_error_not_memory),
		cmocka_unit_test(descriptors_that_come_with_what_is_refused_are_closed),
		cmocka_unit_test(the_end_of_the_other_process_is_seen),
		cmocka_unit_test(a_message_whose_descriptor_found_no_room_says_so_and_is_whole),
		cmocka_unit_test(a_message_that_is_too_long_is_not_sent),
		cmocka_unit_test(sending_without_memory_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
