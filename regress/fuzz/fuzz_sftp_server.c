/* SPDX-License-Identifier: ISC */
/*
 * A server, whatever its client sends: in pieces, with answers fetched now and
 * then; all that is open is closed in the end, and read-only nothing is changed. Input: a byte that says
 * how it is set up, then records of a byte of op or kind, and what belongs to it.
 */
#include "regress/support/sftp_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bed {
	struct sftp_server *server;
	struct writer in;
	uint8_t bytes[2][4];		/* of the last two handles */
	bool is_over;
};

/* Looks at all that the server has said, and keeps the handles. */
static void
fetch(struct bed *b)
{
	struct span out = sftp_server_output(b->server), payload;
	size_t n = out.len;
	struct sftp_reply a;

	while (out.len > 0) {
		must(sftp_frame(out, SFTP_MAX_PACKET, &payload) == ERR_OK);
		must(sftp_reply_get(payload, &a) == ERR_OK);
		if (a.type == SFTP_HANDLE) {
			must(a.data.len == 4);
			memcpy(b->bytes[0], b->bytes[1], 4);
			memcpy(b->bytes[1], a.data.p, 4);
		}
		out = span_skip(out, payload.len + 4);
	}
	sftp_server_sent(b->server, n);
}

static void
feed(struct bed *b, bool fetches)
{
	size_t used;

	if (b->is_over)
		return;
	b->is_over = sftp_server_take(b->server, writer_span(&b->in), 1700000000, &used) != ERR_OK;
	must(used <= b->in.len);
	must(sftp_server_output(b->server).len <= SFTP_OUTPUT_FULL + SFTP_MAX_PACKET + 4);
	writer_consume(&b->in, used);
	if (fetches)
		fetch(b);
}

/* A name out of few, so that requests meet. */
static struct span
name(struct reader *r)
{
	static const char *const names[] = { "a", "b", "/", "~", "~alice/x", "", "dir", "link" };
	uint8_t n = rd_u8(r);

	return n < 0xf0 ? span_str(names[n % COUNT(names)]) : span_first(r->rest, n - 0xf0);
}

/* A request that makes sense, mostly. */
static void
ask(struct bed *b, struct reader *r, uint8_t op)
{
	struct sftp_request q = { .op = (enum sftp_op)(op % SFTP_OP_UNKNOWN), .id = rd_u8(r), .version = 3 };
	uint8_t which = rd_u8(r);

	q.path = name(r);
	q.path2 = name(r);
	q.handle = span_of(b->bytes[which & 1], which & 4 ? 3 : 4);
	q.handle2 = span_of(b->bytes[which >> 1 & 1], 4);
	q.pflags = rd_u8(r);
	q.offset = which & 8 ? UINT64_MAX - rd_u8(r) : rd_u8(r) * UINT64_C(16);
	q.offset2 = q.offset / 2;
	q.length = which & 16 ? UINT64_MAX : rd_u8(r) * UINT64_C(4);
	q.data = q.uids = q.gids = span_first(r->rest, which >> 3);
	q.attrs = (struct sftp_attrs){ .flags = which, .size = q.offset, .permissions = 0123456, .mtime = UINT32_MAX };
	sftp_request_put(&b->in, &q);
}

static void
step(struct bed *b, struct reader *r)
{
	uint8_t op = rd_u8(r);

	if (op < 0xe0)
		ask(b, r, op);
	else if (op < 0xf0)
		wr_raw(&b->in, rd_raw(r, rd_u8(r) < r->rest.len ? op & 15u : 0));
	else {			/* a whole packet of whatever kind */
		uint8_t n = rd_u8(r);

		wr_bytes(&b->in, span_first(r->rest, n));
		r->rest = span_skip(r->rest, n);
	}
	feed(b, op & 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_fs fs;
	struct reader r = rd_init(span_of(data, size));
	uint8_t how = rd_u8(&r);
	struct log log = { .level = how & 4 ? LOG_LEVEL_DEBUG3 : LOG_LEVEL_QUIET, .fd = -1 };
	struct sftp_server_setup setup = { .fs = &memory_table, .fs_arg = &fs, .names = &memory_names, .log = &log,
		.policy = { .read_only = how & 1, .denied = how & 2 ? rd_u64(&r) : 0 }, .max_handles = 1u + (how >> 4),
		.user = "alice", .client = "192.0.2.1" };
	struct bed b = { .in = writer_init(1024 * 1024) };
	struct sftp_request init = { .op = SFTP_OP_INIT, .version = 3 };
	unsigned before;

	memset(&fs, 0, sizeof(fs));
	must(memory_mkdir(&fs, "/", 0755) == 0 && memory_mkdir(&fs, "dir", 0755) == 0);
	must(memory_symlink(&fs, "a", "link") == 0);
	before = fs.n_changes;
	must(sftp_server_new(&b.server, &setup) == ERR_OK);
	if (!(how & 8))
		sftp_request_put(&b.in, &init);
	while (r.err == ERR_OK && r.rest.len > 0 && !b.is_over)
		step(&b, &r);
	while (!b.is_over && b.in.len > 0) {
		size_t left = b.in.len;

		feed(&b, true);
		if (b.in.len == left)
			break;
	}
	fetch(&b);
	sftp_server_free(b.server);
	writer_free(&b.in);
	must(fs.n_open == 0);
	must(!setup.policy.read_only || fs.n_changes == before);
	return 0;
}
