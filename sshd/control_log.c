/* SPDX-License-Identifier: ISC */
/* What happens to ephemeral keys, as log lines. */
#include "sshd/control.h"

#include "keys/fingerprint.h"
#include "keys/key.h"

/* "alice: ED25519 SHA256:..." */
static void
put_key(struct writer *w, const struct ephemeral_grant *g)
{
	char fingerprint[FINGERPRINT_SIZE];
	const char *label = key_type_label(key_blob_type(g->blob));

	text_visible(w, g->user);
	wr_printf(w, ": %s %s", label == NULL ? "key" : label,
	    fingerprint_str(fingerprint, g->blob, FINGERPRINT_SHA256));
}

/* What is said of an event behind the key. */
static void
put_detail(struct writer *w, const struct ephemeral_event *ev)
{
	const struct ephemeral_grant *g = &ev->grant;
	char from[64];

	if (ev->kind == EPHEMERAL_EV_REGISTERED) {
		wr_printf(w, " by ");
		text_visible(w, g->registrar);
		wr_printf(w, ", ttl %llu s", (unsigned long long)((g->end - g->registered) / 1000));
		if (g->uses > 0)
			wr_printf(w, ", uses %u", g->uses);
		if (g->comment.len > 0) {
			wr_printf(w, " (");
			text_visible(w, g->comment);
			wr_printf(w, ")");
		}
	}
	if ((ev->kind == EPHEMERAL_EV_USED || ev->kind == EPHEMERAL_EV_REFUSED) &&
	    ev->source.family != 0)
		wr_printf(w, " from %s", address_print(&ev->source, from, sizeof(from)));
	if (ev->times > 1)
		wr_printf(w, " (%u times)", ev->times);
}

void
control_log_events(struct ephemeral *table, const struct log *log)
{
	struct ephemeral_event ev;

	while (ephemeral_next_event(table, &ev)) {
		SCOPED(writer_free) struct writer w = writer_init(LOG_LINE_MAX);

		put_key(&w, &ev.grant);
		put_detail(&w, &ev);
		log_info(log, "Ephemeral key %s %s for %.*s", ev.grant.id,
		    ephemeral_event_name(ev.kind), (int)w.len, (const char *)w.p);
	}
}
