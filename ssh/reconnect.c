/* SPDX-License-Identifier: ISC */
#include "ssh/reconnect.h"

#include <time.h>

#include "crypto/random.h"

/* Pauses grow from the first to the last; one that stood so long begins anew. */
#define FIRST_MSEC	1000u
#define LAST_MSEC	60000u
#define STOOD_MSEC	30000u

bool
reconnect_is_wanted(const struct ssh *s)
{
	return s->settings.config.reconnect && s->options.stdio_forward == NULL &&
	    s->settings.config.session_type == SESSION_TYPE_NONE;
}

/* Half of the pause at least: many that are cut off at once must not come back at once. */
static uint32_t
jittered(uint32_t pause)
{
	const struct rng rng = rng_system();

	return pause / 2 + rng_below(&rng, pause / 2 + 1);
}

/* Signals do what they always do meanwhile. */
static void
wait_msec(uint32_t ms)
{
	struct timespec left = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	loop_signals_reset();
	while (nanosleep(&left, &left) == -1)
		;
}

int
reconnect_run(struct ssh *s)
{
	uint32_t pause = FIRST_MSEC;

	for (;;) {
		int code = ssh_run(s);
		uint32_t ms;

		if (!s->is_lost || !reconnect_is_wanted(s))
			return code;
		if (s->stood >= STOOD_MSEC)
			pause = FIRST_MSEC;
		ms = jittered(pause);
		log_info(&s->log, "Connection to %s: trying again in %u.%u s.", s->settings.host,
		    ms / 1000, ms % 1000 / 100);
		wait_msec(ms);
		pause = pause > LAST_MSEC / 2 ? LAST_MSEC : 2 * pause;
	}
}
