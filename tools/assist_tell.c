/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral assist: what is said, in words or in lines of JSON. */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "tools/assist.h"

/* Seconds until the end. */
static uint64_t
seconds_left(const struct assist *a)
{
	msec now = loop_time(a->loop);

	return now >= a->end ? 0 : (uint64_t)(a->end - now + 999) / 1000;
}

void
assist_put_login(const struct assist *a, struct writer *w)
{
	wr_printf(w, "ssh-ephemeral login R-%s ", a->code);
	if (strcmp(a->user, "root") != 0)
		wr_printf(w, "--user %s ", a->user);
	wr_printf(w, "%s@%s", a->device, a->relay);
}

static void
tell_json(const struct assist *a)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	SCOPED(writer_free) struct writer login = writer_init(LIMIT_LINE);
	char code[CODE_SIZE + 2] = "";

	if (a->is_code_open && !a->stop) {
		snprintf(code, sizeof(code), "R-%s", a->code);
		assist_put_login(a, &login);
	}
	wr_printf(&w, "{\"state\": ");
	json_put_str(&w, span_str(a->state));
	json_put_text(&w, "device", span_str(a->device));
	json_put_text(&w, "relay", span_str(a->relay));
	json_put_text(&w, "relay_fingerprint", span_str(a->fingerprint));
	json_put_text(&w, "user", span_str(a->user));
	json_put_text(&w, "code", span_str(code));
	json_put_text(&w, "login", writer_span(&login));
	json_put_flag(&w, "ready", a->is_ready && !a->stop);
	json_put_number(&w, "sessions", a->n_sessions);
	json_put_text(&w, "source", span_str(a->n_sessions > 0 ? a->caller : ""));
	json_put_number(&w, "ends_in", a->stop ? 0 : seconds_left(a));
	json_put_text(&w, "reason", span_str(a->reason == NULL ? "" : a->reason));
	wr_printf(&w, "}\n");
	(void)eph_print(&w);
}

/* All that has to be read to somebody. */
static void
put_card(const struct assist *a, struct writer *w)
{
	wr_printf(w, "Device       %s\nRelay        %s", a->device, a->relay);
	if (a->fingerprint[0] != '\0')
		wr_printf(w, "  %s", a->fingerprint);
	wr_printf(w, "\nCode         R-%s\nFor support  ", a->code);
	assist_put_login(a, w);
	wr_printf(w, "\nEnds         in ");
	eph_put_time(w, seconds_left(a) * 1000);
	wr_printf(w, ", or with Ctrl-C\n");
}

static void
tell_words(const struct assist *a)
{
	static const struct {
		const char *state, *words;
	} all[] = {
		{ "connecting", "Connecting to the relay." },
		{ "lost", "The line to the relay is lost; trying again." },
		{ "code_used", "The code was used." },
		{ "code_locked", "Too many wrong codes were tried." },
		{ "wrong_code", "Somebody has tried a wrong code." },
	};
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

	if (a->is_tty)
		wr_printf(&w, "\r\033[K");
	for (size_t i = 0; i < COUNT(all); i++) {
		if (strcmp(a->state, all[i].state) == 0)
			wr_printf(&w, "%s\n", all[i].words);
	}
	if (strcmp(a->state, "connected") == 0)
		wr_printf(&w, "%zu connected%s%s.\n", a->n_sessions,
		    a->caller[0] == '\0' ? "" : "; the last one came from ", a->caller);
	else if (strcmp(a->state, "ended") == 0)
		wr_printf(&w, "Ended: %s. Nobody can log in any more.\n", a->reason);
	if (a->is_code_open && (strcmp(a->state, "waiting") == 0 || strncmp(a->state, "code_", 5) == 0))
		put_card(a, &w);
	(void)eph_print(&w);
}

void
assist_tell(struct assist *a, const char *state)
{
	a->state = state;
	if (a->json)
		tell_json(a);
	else
		tell_words(a);
	assist_tell_time(a);
}

void
assist_tell_time(struct assist *a)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	if (a->json || !a->is_tty || a->stop)
		return;
	wr_printf(&w, "\r\033[K");
	eph_put_time(&w, seconds_left(a) * 1000);
	wr_printf(&w, " left, %zu connected%s ", a->n_sessions, a->is_ready ? "" : ", no line to the relay");
	(void)eph_print(&w);
}

void
assist_end(struct assist *a, int code, const char *reason)
{
	if (a->stop)
		return;
	a->stop = true;
	a->code_of_exit = code;
	a->reason = reason;
	loop_stop(a->loop);
}
