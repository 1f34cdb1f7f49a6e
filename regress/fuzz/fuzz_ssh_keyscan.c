/* SPDX-License-Identifier: ISC */
/*
 * Lists of hosts: what is printed for a line that was taken are lines of
 * known_hosts with its names, one for each unless they have no port, and none
 * of anything else.
 */
#include "base/limits.h"
#include "keys/known_hosts.h"
#include "tools/ssh_keyscan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first addresses of a network are of its kind and differ. */
static void
walk(struct keyscan_network network)
{
	struct address a, before = { 0 };
	char buf[64];

	for (unsigned i = 0; i < 300 && keyscan_next_address(&network, &a); i++) {
		must(a.family == 4 || a.family == 6);
		must(i == 0 || span_cmp(span_of(a.bytes, 16), span_of(before.bytes, 16)) > 0);
		must(address_print(&a, buf, sizeof(buf))[0] != '\0');
		before = a;
	}
}

static void
print(struct span names, uint16_t port)
{
	static const uint8_t blob[] = "\0\0\0\013ssh-ed25519\0\0\0\040" "0123456789abcdef0123456789abcdef";
	const struct keyscan_form form = { .port = port };
	SCOPED(writer_free) struct writer w = writer_init(KEYSCAN_MAX_OUTPUT);
	struct span key = span_of(blob, sizeof(blob) - 1), name;
	struct known_hosts_walk lines;
	struct known_hosts_line line;

	must(keyscan_put(&w, &form, names, key, NULL) == ERR_OK);
	lines = (struct known_hosts_walk){ .rest = writer_span(&w) };
	line.names = SPAN_EMPTY;
	while (keyscan_next_name(&names, &name)) {
		SCOPED(writer_free) struct writer want = writer_init(LIMIT_LINE);
		struct span got;

		known_hosts_name(&want, name, port);
		if (port != 22 || line.names.len == 0) {
			must(known_hosts_next(&lines, &line));
			must(line.err == ERR_OK && line.marker == KNOWN_HOSTS_PLAIN);
		}
		must(keyscan_next_name(&line.names, &got) && span_eq(got, writer_span(&want)));
	}
	must(line.names.len == 0 && !known_hosts_next(&lines, &line));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	struct keyscan_entry entry;

	while (text.len > 0) {
		struct span line = span_first(text, span_find(text, '\n'));

		text = span_skip(text, line.len + 1);
		if (keyscan_parse(line, &entry) != ERR_OK)
			continue;
		must(entry.addresses.len > 0 && entry.names.len > 0);
		if (entry.is_network)
			walk(entry.network);
		print(entry.names, 22);
		print(entry.names, 2222);
	}
	return 0;
}
