/* SPDX-License-Identifier: ISC */
/* KEXINIT: put(get(x)) is x, and agreeing with anything ends well. */
#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "kex/kex.h"
#include "kex/kexinit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char lists[] = "aes128-gcm@openssh.com,aes128-ctr,a,b";

/* A proposal of ours that has something in common with many. */
static struct kexinit
ours(void)
{
	struct kexinit m = { .cookie = SPAN_LIT("0123456789abcdef") };

	for (size_t i = 0; i < LIST_LANGUAGE_CTOS; i++)
		m.list[i] = span_str(lists);
	m.list[LIST_KEX] = span_str(kex_names());
	return m;
}

static void
check_agreement(const struct kexinit *c, const struct kexinit *s)
{
	enum kexinit_list failed = LIST_COUNT;
	struct agreement a;

	if (kexinit_negotiate(c, s, &a, &failed) != ERR_OK) {
		must(failed < LIST_LANGUAGE_CTOS);
		return;
	}
	for (size_t i = 0; i < LIST_COUNT; i++)
		must(a.name[i].len == 0 || (text_list_has(c->list[i], a.name[i]) &&
		    text_list_has(s->list[i], a.name[i])));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEXINIT);
	struct kexinit m, mine = ours();

	if (kexinit_get(span_of(data, size), &m) != ERR_OK)
		return 0;
	wr_u8(&w, data[0]);
	kexinit_put(&w, &m);
	must(wr_end(&w) == ERR_OK);
	/* The reserved field and the boolean may have been anything. */
	must(w.len == size && span_eq(span_first(writer_span(&w), size - 5),
	    span_of(data, size - 5)));
	check_agreement(&m, &mine);
	check_agreement(&mine, &m);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		(void)(kexinit_is_strict(&m, s) && kexinit_has_ext_info(&m, s));
	must(kexinit_markers(m.list[LIST_KEX]) <= m.list[LIST_KEX].len);
	return 0;
}
