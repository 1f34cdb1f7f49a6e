/* SPDX-License-Identifier: ISC */
#include "tools/meter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "os/clock.h"
#include "os/tty.h"
#include "tools/far.h"

#define SECOND	1000000u

/* What stands behind the name. */
#define BEHIND	36

bool
meter_can(void)
{
	return isatty(STDOUT_FILENO) && tty_is_ours(STDOUT_FILENO);
}

/* As "1234KB": four digits at most. */
static void
print_size(char *buf, size_t size, uint64_t n)
{
	static const char *const unit[] = { "B ", "KB", "MB", "GB", "TB", "PB" };
	size_t i = 0;

	for (; n >= 10000 && i + 1 < COUNT(unit); i++)
		n = (n + 512) / 1024;
	snprintf(buf, size, "%4" PRIu64 "%s", n, unit[i]);
}

/* As "5.3MB" a second. */
static void
print_rate(char *buf, size_t size, uint64_t n)
{
	static const char *const unit[] = { "KB", "MB", "GB", "TB" };
	size_t i = 0;
	uint64_t tenths = n * 10 / 1024;

	for (; tenths >= 10000 && i + 1 < COUNT(unit); i++)
		tenths /= 1024;
	snprintf(buf, size, "%3" PRIu64 ".%" PRIu64 "%s", tenths / 10, tenths % 10, unit[i]);
}

static void
print_time(char *buf, size_t size, uint64_t seconds)
{
	if (seconds >= 360000)
		snprintf(buf, size, "  --:--");
	else if (seconds >= 3600)
		snprintf(buf, size, "%2u:%02u:%02u", (unsigned)(seconds / 3600) % 100,
		    (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
	else
		snprintf(buf, size, "  %02u:%02u", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
}

/* How many columns of the name there are: a character of UTF-8 is one. */
static size_t
columns(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void
show(struct meter *m, bool is_last)
{
	struct winsize ws = { .ws_col = 80 };
	char size[32], rate[48], left[16];
	uint64_t now = clock_monotonic_usec(), average, seconds;
	size_t room, len = strlen(m->name);
	unsigned percent = m->size == 0 ? (is_last ? 100 : 0) :
	    m->done >= m->size ? 100 : (unsigned)((double)m->done * 100 / (double)m->size);

	if (!tty_is_ours(STDOUT_FILENO))
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1 || ws.ws_col < BEHIND + 5)
		ws.ws_col = 80;
	room = ws.ws_col - BEHIND - 1u;
	while (columns(m->name) > room && len > 0)	/* cut at its end */
		m->name[--len] = '\0';
	average = (uint64_t)((double)(m->done - m->began_with) * SECOND / (double)(now > m->began ? now - m->began : 1));
	if (!is_last && now - m->rate_at >= SECOND) {
		uint64_t recent = (m->done - m->rate_done) * SECOND / (now - m->rate_at);

		m->rate = m->rate == 0 ? recent : (m->rate * 9 + recent) / 10;
		m->rate_at = now;
		m->rate_done = m->done;
	}
	if (is_last || m->rate == 0)
		m->rate = average;
	seconds = is_last ? (now - m->began) / SECOND :
	    m->rate == 0 || m->size <= m->done ? 0 : (m->size - m->done) / m->rate;
	print_size(size, sizeof(size), m->done);
	print_rate(rate, sizeof(rate), m->rate);
	print_time(left, sizeof(left), seconds);
	printf("\r%s%*s %3u%% %s %s/s %s%s", m->name, (int)(room - columns(m->name)), "", percent, size, rate,
	    left, is_last ? "    " : " ETA");
	if (is_last)
		putchar('\n');
	fflush(stdout);
	m->shown = now;
}

void
meter_begin(struct meter *m, const char *name, uint64_t size, uint64_t done)
{
	char *last;

	if (!m->is_on)
		return;
	last = far_must(sftp_path_last(name));
	m->name = far_shown(last);
	free(last);
	m->size = size;
	m->done = m->began_with = m->rate_done = done;
	m->began = m->rate_at = clock_monotonic_usec();
	m->rate = 0;
	m->is_running = true;
	show(m, false);
}

void
meter_progress(struct meter *m, uint64_t done)
{
	m->done = done;
	if (m->is_running && clock_monotonic_usec() - m->shown >= SECOND)
		show(m, false);
}

void
meter_end(struct meter *m)
{
	if (!m->is_running)
		return;
	m->is_running = false;
	show(m, true);
	free(m->name);
	m->name = NULL;
}
