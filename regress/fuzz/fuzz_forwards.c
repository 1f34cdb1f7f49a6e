/* SPDX-License-Identifier: ISC */
/*
 * A client that forwards ports, an agent and a display, and a server that says
 * whatever it likes: nothing is reached but what was forwarded, and the agent
 * not before it knows whom for. Input: records of a byte that says what is
 * done, a byte that says how much, and so many bytes.
 */
#include "base/reader.h"
#include "regress/support/forward_bed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes one who has come to a socket of ours, and answers. Returns whether anybody has come. */
static bool
serve(const struct forward_bed *b, enum bed_place place, struct span answer)
{
	int fd = accept4(b->listener[place], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	char buf[4096];

	if (fd == -1)
		return false;
	if (place == BED_AGENT)
		must(read(fd, buf, sizeof(buf)) == sizeof(BED_BIND) - 1 &&
		    memcmp(buf, BED_BIND, sizeof(BED_BIND) - 1) == 0);
	(void)!send(fd, answer.p, answer.len, MSG_NOSIGNAL);
	close(fd);
	return true;
}

/* Opens a channel; bytes say of which type. */
static void
open_some(struct forward_bed *b, struct span bytes)
{
	static const struct {
		const char *type;
		struct span body;
	} types[] = {
		{ "forwarded-tcpip", SPAN_LIT("\0\0\0\x9localhost\0\0\x1f\x90\0\0\0\1o\0\0\0\1") },
		{ "forwarded-tcpip", SPAN_LIT("\0\0\0\x9localhost\0\0\x1f\x91\0\0\0\1o\0\0\0\1") },
		{ "forwarded-tcpip", SPAN_EMPTY }, { "forwarded-streamlocal@openssh.com", SPAN_EMPTY },
		{ "x11", SPAN_LIT("\0\0\0\1o\0\0\0\1") }, { "x11", SPAN_EMPTY },
		{ "auth-agent@openssh.com", SPAN_EMPTY }, { "agent-connect", SPAN_EMPTY },
	};
	size_t i = bytes.len == 0 ? 0 : bytes.p[0] % COUNT(types);

	bed_open(b, types[i].type, types[i].body.len > 0 ? types[i].body : span_skip(bytes, 1));
}

/* A message about the channel that was opened last. */
static void
say_about(struct forward_bed *b, uint32_t channel, uint8_t number, struct span bytes)
{
	uint8_t buf[512] = { (uint8_t)(channel >> 24), (uint8_t)(channel >> 16), (uint8_t)(channel >> 8),
	    (uint8_t)channel, 0, 0, 0, (uint8_t)bytes.len };

	if (bytes.len > 0)
		memcpy(buf + 8, bytes.p, bytes.len);
	bed_say(b, number, span_of(buf, number == 94 ? 8 + bytes.len : 4));
}

static void
step(struct forward_bed *b, uint8_t what, struct span bytes, uint32_t *last)
{
	struct span taken;

	switch (what % 8) {
	case 0:
		bed_say(b, bytes.len == 0 ? 0 : bytes.p[0], span_skip(bytes, 1));
		break;
	case 1:
	case 2:
		open_some(b, bytes);
		break;
	case 3:
		(void)serve(b, BED_AGENT, bytes);
		break;
	case 4:
		say_about(b, *last, 94, bytes);
		break;
	case 5:
		say_about(b, *last, 96, SPAN_EMPTY);
		break;
	case 6:
		say_about(b, *last, 97, SPAN_EMPTY);
		break;
	default:
		(void)!send(b->far, bytes.p, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	bed_turn(b, 3);
	taken = bed_heard(b, 91);
	if (taken.len > 0) {
		struct reader r = rd_init(span_skip(taken, 4));

		*last = rd_u32(&r);
	}
	b->n_got = 0;
}

static void
ignore(struct ssh *s, void *arg, bool ok, uint16_t port)
{
	(void)s;
	(void)arg;
	(void)ok;
	(void)port;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);
	struct forward target = { .listen_port = 8080 }, socks = { .listen_port = 8081 };
	struct reader r = rd_init(span_of(data, size));
	static struct forward_bed b;
	uint32_t last = 0;

	bed_new(&b);
	/* Nothing of this goes out into the world. */
	b.s.settings.config.permit_remote_open.any = false;
	b.s.settings.config.forward_agent.on = true;
	b.s.settings.config.forward_agent.socket = b.path[BED_AGENT];
	target.connect_path = b.path[BED_TARGET];
	forwards_start(&b.s);
	forwards_add(&b.s, FORWARD_REMOTE, &target, ignore, NULL);
	forwards_add(&b.s, FORWARD_REMOTE, &socks, ignore, NULL);
	must(x11_prepare(&b.s, &body));
	bed_turn(&b, 1);
	/* Half of the inputs begin when the server has said yes. */
	if (size % 2 == 1) {
		bed_say(&b, 81, SPAN_EMPTY);
		bed_say(&b, 81, SPAN_EMPTY);
		bed_turn(&b, 1);
	}
	while (r.rest.len > 2) {
		uint8_t what = rd_u8(&r), n = rd_u8(&r);

		step(&b, what, rd_raw(&r, n < r.rest.len ? n : r.rest.len), &last);
		(void)serve(&b, BED_TARGET, SPAN_EMPTY);
	}
	/* Nobody here knows the cookie. */
	must(!serve(&b, BED_DISPLAY, SPAN_EMPTY));
	b.s.settings.config.forward_agent.socket = NULL;
	bed_free(&b);
	return 0;
}
