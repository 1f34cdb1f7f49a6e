/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral events. */
#include <getopt.h>
#include <string.h>

#include "tools/ssh_ephemeral.h"

struct events {
	struct eph_where where;
	struct msg_ctl_events m;
};

static enum err
show(void *arg, const struct msg_ctl_event *m)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

	(void)arg;
	if (m->lost > 0)
		wr_printf(&w, "{\"event\": \"lost\", \"count\": %llu}\n", (unsigned long long)m->lost);
	wr_raw(&w, m->line);
	return eph_print(&w) ? ERR_OK : ERR_SYSTEM;
}

int
eph_events_main(int argc, char **argv)
{
	static const struct option options[] = {
		EPH_WHERE_OPTIONS,
		{ "follow", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "new", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	struct events e = { .m = { .past = true } };
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	struct eph_client c;
	int opt, code;

	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, EPH_WHERE_SHORT, options, NULL)) != -1) {
		if (opt == 'f')
			e.m.follow = true;
		else if (opt == 'n')
			e.m.past = false;
		else if (opt != 'j' && !eph_where_option(&e.where, opt))	/* it is JSON anyway */
			return eph_bad_option("events", argv);
	}
	if (optind != argc)
		return eph_usage("events takes no argument");
	code = eph_connect(&c, &e.where);
	if (code != EPH_DONE)
		return code;
	c.event = show;
	c.waits_for_ever = e.m.follow;
	msg_ctl_events_put(&w, &e.m);
	code = eph_ask(&c, &w);
	eph_close(&c);
	return code;
}
