/* SPDX-License-Identifier: ISC */
/* Messages of SFTP: a request that was read is written as something that reads the same. */
#include "sftp/sftp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
request(struct span payload)
{
	SCOPED(writer_free) struct writer a = writer_init(SFTP_MAX_PACKET);
	SCOPED(writer_free) struct writer b = writer_init(SFTP_MAX_PACKET);
	struct sftp_request q;
	struct span again;

	if (sftp_request_get(payload, &q) != ERR_OK || q.op == SFTP_OP_UNKNOWN)
		return;
	sftp_request_put(&a, &q);
	must(wr_end(&a) == ERR_OK && a.len <= payload.len + 4);
	must(sftp_frame(writer_span(&a), SFTP_MAX_PACKET, &again) == ERR_OK && again.len == a.len - 4);
	must(sftp_request_get(again, &q) == ERR_OK && q.extra.len == 0);
	sftp_request_put(&b, &q);
	must(span_eq(writer_span(&a), writer_span(&b)));
}

static void
reply(struct span payload)
{
	SCOPED(writer_free) struct writer w = writer_init(SFTP_MAX_PACKET);
	struct sftp_statvfs v;
	struct sftp_limits l;
	struct sftp_reply a;
	struct sftp_name n;
	struct reader r;

	if (sftp_reply_get(payload, &a) != ERR_OK)
		return;
	r = rd_init(a.names);
	for (uint32_t i = 0; i < a.count; i++) {
		sftp_name_get(&r, &n);
		sftp_name_put(&w, &n);
	}
	must(rd_end(&r) == ERR_OK && wr_end(&w) == ERR_OK && w.len <= payload.len);
	if (a.type == SFTP_EXTENDED_REPLY && sftp_statvfs_get(a.data, &v) == ERR_OK)
		must(a.data.len == 88);
	if (a.type == SFTP_EXTENDED_REPLY && sftp_limits_get(a.data, &l) == ERR_OK)
		must(a.data.len == 32);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), payload;

	while (sftp_frame(in, 1000, &payload) == ERR_OK) {
		request(payload);
		reply(payload);
		in = span_skip(in, payload.len + 4);
	}
	request(span_of(data, size));
	reply(span_of(data, size));
	return 0;
}
