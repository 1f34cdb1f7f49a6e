/* SPDX-License-Identifier: ISC */
#include "os/clock.h"

#include <time.h>

#include "base/err.h"

msec
clock_boot(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_BOOTTIME, &t) == -1)
		must(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (msec)t.tv_sec * 1000 + (msec)t.tv_nsec / 1000000;
}

uint64_t
clock_monotonic_usec(void)
{
	struct timespec ts;

	must(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int64_t
clock_wall(void)
{
	return (int64_t)time(NULL);
}

const char *
clock_print_utc(int64_t seconds, char *buf, size_t size)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf[0] = '\0';
	return buf;
}
