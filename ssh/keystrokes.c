/* SPDX-License-Identifier: ISC */
#include "ssh/keystrokes.h"

#include "crypto/random.h"
#include "ssh/session.h"

/* The grid, unless the config says otherwise: of servers that answer soon, and of others. */
#define NEAR_INTERVAL	8
#define FAR_INTERVAL	20

/* An answer within so much is soon. */
#define NEAR_MSEC	5

/* More than this at a time has not been typed. */
#define PASTED		64

/* How long chaff goes on after the last key: this, and up to as much again and a half. */
#define CHAFF_MIN	1024
#define CHAFF_MORE	2048

/* As long a payload as a key's CHANNEL_DATA. */
#define CHAFF		"PING!"

static uint32_t
random_below(uint32_t n)
{
	struct rng rng = rng_system();
	uint8_t b[4];

	rng_fill(&rng, b, sizeof(b));
	return ((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]) % n;
}

static uint32_t
interval_of(const struct ssh *s)
{
	uint32_t wanted = s->settings.config.obscure_keystroke_timing;

	if (wanted != KEYSTROKES_YES)
		return wanted;
	return s->keystrokes_path.is_near ? NEAR_INTERVAL : FAR_INTERVAL;
}

/* The grid is not quite even: else it would tell which clock it is of. */
static void
next_tick(struct session *se)
{
	uint32_t interval = interval_of(se->s), fuzz = (interval + 9) / 10;

	timer_set(se->keystrokes.tick, loop_now(se->s->loop) + interval - fuzz + random_below(2 * fuzz + 1));
}

/* Asks the server for an answer; how long it takes says how near it is. */
static void
ping(struct ssh *s)
{
	struct keystrokes_path *path = &s->keystrokes_path;

	/* Refused in a key exchange: keys do not leave then either. */
	if (!conn_ping(s->conn, SPAN_LIT(CHAFF)))
		return;
	if (path->unanswered++ == 0)
		path->asked = loop_time(s->loop);
	pump_kick(s->pump);
}

bool
keystrokes_event(struct ssh *s, const struct event *ev)
{
	struct keystrokes_path *path = &s->keystrokes_path;

	if (ev->type != EV_PONG || path->unanswered == 0)
		return false;
	path->unanswered--;
	if (path->asked != 0)
		path->is_near = loop_time(s->loop) - path->asked <= NEAR_MSEC;
	path->asked = 0;
	return true;
}

static void
on_tick(void *arg)
{
	struct session *se = arg;
	struct ssh *s = se->s;
	struct keystrokes *k = &se->keystrokes;
	struct channel_id id = se->id;

	if (!k->is_running || s->is_leaving || pump_has_ended(s->pump))
		return;
	if (!pump_release(s->pump, id)) {
		if (loop_now(s->loop) >= k->chaff_until) {
			k->is_running = false;
			pump_hold(s->pump, id, false);
			log_debug2(&s->log, "keystrokes: nobody types");
			return;
		}
		ping(s);
	}
	next_tick(se);
}

enum err
keystrokes_start(struct session *se)
{
	struct ssh *s = se->s;
	struct keystrokes *k = &se->keystrokes;
	struct span version;

	if (s->settings.config.obscure_keystroke_timing == 0 || k->tick != NULL)
		return ERR_OK;
	if (!conn_peer_extension(s->conn, "ping@openssh.com", &version) || !span_is(version, "0")) {
		log_debug(&s->log, "keystrokes: the server answers no PING: their times can be seen");
		return ERR_OK;
	}
	TRY(loop_timer(s->loop, &k->tick, on_tick, se));
	ping(s);
	return ERR_OK;
}

void
keystrokes_typed(struct session *se, size_t n)
{
	struct ssh *s = se->s;
	struct keystrokes *k = &se->keystrokes;

	if (k->tick == NULL || n == 0)
		return;
	if (n > PASTED) {
		pump_hold(s->pump, se->id, false);
		return;
	}
	k->chaff_until = loop_now(s->loop) + CHAFF_MIN + random_below(CHAFF_MORE);
	if (k->is_running) {
		pump_hold(s->pump, se->id, true);
		return;
	}
	k->is_running = true;
	log_debug2(&s->log, "keystrokes: every %u ms", interval_of(s));
	next_tick(se);
}

void
keystrokes_stop(struct keystrokes *k)
{
	timer_free(k->tick);
	*k = (struct keystrokes){ .tick = NULL };
}
