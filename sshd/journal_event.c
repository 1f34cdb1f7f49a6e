/* SPDX-License-Identifier: ISC */
/* Events, as a line of the log for people and as one of JSON for programs. */
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "keys/fingerprint.h"
#include "keys/key.h"
#include "os/clock.h"
#include "sshd/journal_i.h"

/* One event has room for the longest options and sources, escaped. */
#define LINE_MAX_BYTES	(64 * 1024)

/* --- JSON --- */

static void
begin(struct writer *w, const char *event)
{
	char time[32];

	wr_printf(w, "{\"time\": \"%s\", \"event\": \"%s\"",
	    clock_print_utc(clock_wall(), time, sizeof(time)), event);
}

static void
end(struct journal *j, struct writer *w, struct span registrar)
{
	wr_raw(w, SPAN_LIT("}\n"));
	if (wr_end(w) == ERR_OK)
		journal_keep(j, writer_span(w), registrar);
	else
		log_error(j->log, "no memory for an event: those who follow do not see it");
}

/* The name of an event of the table, for programs. */
static const char *
name_of(enum ephemeral_event_kind kind)
{
	static const char *const names[] = {
		[EPHEMERAL_EV_REGISTERED] = "registered",
		[EPHEMERAL_EV_USED] = "used",
		[EPHEMERAL_EV_REFUSED] = "refused",
		[EPHEMERAL_EV_EXTENDED] = "extended",
		[EPHEMERAL_EV_EXPIRED] = "expired",
		[EPHEMERAL_EV_USED_UP] = "used_up",
		[EPHEMERAL_EV_REVOKED] = "revoked",
		[EPHEMERAL_EV_WRONG_CODE] = "guessed_at",
		[EPHEMERAL_EV_LOCKED] = "locked",
	};

	return names[kind];
}

/* What was registered. */
static void
put_terms(struct writer *w, const struct ephemeral_grant *g)
{
	json_put_number(w, "ttl", (g->end - g->registered) / 1000);
	json_put_number(w, "uses", g->uses);
	json_put_number(w, "grace", g->grace / 1000);
	json_put_text(w, "from", g->sources);
	json_put_text(w, "options", g->options);
	json_put_text(w, "session", g->session == EPHEMERAL_SESSION_GRANT ? SPAN_LIT("grant") :
	    g->session == EPHEMERAL_SESSION_LENGTH ? SPAN_LIT("length") : SPAN_LIT("free"));
	json_put_number(w, "session_length", g->session_length / 1000);
	json_put_flag(w, "code", g->proof.len > 0);
}

static void
put_source(struct writer *w, const struct address *source)
{
	char text[64] = "";

	if (source->family != 0)
		address_print(source, text, sizeof(text));
	json_put_text(w, "source", span_str(text));
}

static void
tell_programs(struct journal *j, const struct ephemeral_event *ev)
{
	SCOPED(writer_free) struct writer w = writer_init(LINE_MAX_BYTES);
	const struct ephemeral_grant *g = &ev->grant;
	char fingerprint[FINGERPRINT_SIZE];

	begin(&w, name_of(ev->kind));
	json_put_text(&w, "id", span_str(g->id));
	json_put_text(&w, "user", g->user);
	json_put_text(&w, "key_type", key_blob_type(g->blob));
	json_put_text(&w, "fingerprint", span_str(fingerprint_str(fingerprint, g->blob, FINGERPRINT_SHA256)));
	json_put_text(&w, "registrar", g->registrar);
	json_put_text(&w, "comment", g->comment);
	if (ev->kind == EPHEMERAL_EV_REGISTERED)
		put_terms(&w, g);
	if (ev->kind == EPHEMERAL_EV_EXTENDED)
		json_put_number(&w, "ttl", (g->end - g->registered) / 1000);
	if (ev->kind == EPHEMERAL_EV_USED)
		json_put_number(&w, "used", g->used);
	if (ev->kind == EPHEMERAL_EV_REFUSED)
		json_put_text(&w, "reason", span_str(ephemeral_answer_name(ev->answer)));
	if (ev->kind == EPHEMERAL_EV_USED || ev->kind == EPHEMERAL_EV_REFUSED ||
	    ev->kind == EPHEMERAL_EV_WRONG_CODE) {
		put_source(&w, &ev->source);
		json_put_number(&w, "times", ev->times);
	}
	end(j, &w, g->registrar);
}

/* --- the log --- */

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
	if (ev->kind == EPHEMERAL_EV_REFUSED)
		wr_printf(w, ": %s", ephemeral_answer_name(ev->answer));
	if ((ev->kind == EPHEMERAL_EV_USED || ev->kind == EPHEMERAL_EV_REFUSED ||
	    ev->kind == EPHEMERAL_EV_WRONG_CODE) && ev->source.family != 0)
		wr_printf(w, " from %s", address_print(&ev->source, from, sizeof(from)));
	if (ev->times > 1)
		wr_printf(w, " (%u times)", ev->times);
}

static void
tell_people(struct journal *j, const struct ephemeral_event *ev)
{
	SCOPED(writer_free) struct writer w = writer_init(LOG_LINE_MAX);

	put_key(&w, &ev->grant);
	put_detail(&w, ev);
	log_info(j->log, "Ephemeral key %s %s for %.*s", ev->grant.id,
	    ephemeral_event_name(ev->kind), (int)w.len, (const char *)w.p);
}

void
journal_pull(struct journal *j)
{
	struct ephemeral_event ev;

	while (ephemeral_next_event(j->table, &ev)) {
		tell_people(j, &ev);
		tell_programs(j, &ev);
	}
}

/* --- sessions --- */

static void
begin_session(struct writer *w, const char *event, const struct journal_session *s)
{
	begin(w, event);
	json_put_text(w, "id", span_str(s->grant));
	json_put_text(w, "user", s->user);
	json_put_text(w, "registrar", s->registrar);
	json_put_text(w, "source", s->source);
	json_put_number(w, "number", s->number);
}

void
journal_session_started(struct journal *j, const struct journal_session *s)
{
	SCOPED(writer_free) struct writer w = writer_init(LINE_MAX_BYTES);

	begin_session(&w, "session_started", s);
	end(j, &w, s->registrar);
}

void
journal_session_warned(struct journal *j, const struct journal_session *s, uint32_t seconds)
{
	SCOPED(writer_free) struct writer w = writer_init(LINE_MAX_BYTES);

	begin_session(&w, "session_warned", s);
	json_put_number(&w, "seconds", seconds);
	end(j, &w, s->registrar);
}

void
journal_session_ended(struct journal *j, const struct journal_session *s, uint64_t seconds,
    const char *why)
{
	SCOPED(writer_free) struct writer w = writer_init(LINE_MAX_BYTES);

	begin_session(&w, "session_ended", s);
	json_put_number(&w, "lasted", seconds);
	json_put_text(&w, "reason", span_str(why));
	end(j, &w, s->registrar);
}

void
journal_not_registered(struct journal *j, const char *registrar, const char *why)
{
	SCOPED(writer_free) struct writer w = writer_init(LINE_MAX_BYTES);

	begin(&w, "not_registered");
	json_put_text(&w, "registrar", span_str(registrar));
	json_put_text(&w, "reason", span_str(why));
	end(j, &w, span_str(registrar));
}
