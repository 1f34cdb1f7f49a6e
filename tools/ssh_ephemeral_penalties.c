/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral penalties: which sources the server refuses for now (PerSourcePenalties). */
#include <getopt.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "tools/ssh_ephemeral.h"

struct view {
	bool json;
	unsigned n;
};

static void
show(void *arg, const struct msg_ctl_penalty *m)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	struct view *v = arg;

	if (v->json) {
		wr_printf(&w, "%s{\"source\": ", v->n == 0 ? "" : ", ");
		json_put_str(&w, m->source);
		json_put_flag(&w, "refused", m->is_active);
		json_put_number(&w, "over_in", (m->left + 999) / 1000);
		json_put_text(&w, "cause", m->cause);
		wr_printf(&w, "}");
	} else {
		text_visible(&w, m->source);
		wr_printf(&w, " %s for ", m->is_active ? "is refused" : "has penalties");
		eph_put_time(&w, m->left);
		wr_printf(&w, ": ");
		text_visible(&w, m->cause);
		wr_printf(&w, "\n");
	}
	v->n++;
	(void)eph_print(&w);
}

/* Asks for page after page. */
static int
list(struct eph_client *c, struct view *v)
{
	int code = EPH_DONE;
	struct msg_ctl_penalties m = { .skip = 0 };

	if (v->json)
		printf("[");
	do {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

		msg_ctl_penalties_put(&w, &m);
		code = eph_ask(c, &w);
		m.skip = c->done.cursor;
	} while (code == EPH_DONE && c->done.more);
	if (v->json)
		printf("]\n");
	return code;
}

static int
clear(struct eph_client *c, const char *what, bool json)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	struct msg_ctl_penalties m = { .clear = span_str(what) };
	int code;

	msg_ctl_penalties_put(&w, &m);
	code = eph_ask(c, &w);
	if (code == EPH_DONE && json)
		printf("{\"cleared\": %u}\n", c->done.count);
	else if (code == EPH_DONE)
		printf("Cleared %u %s\n", c->done.count, c->done.count == 1 ? "source" : "sources");
	return code;
}

int
eph_penalties_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "socket", required_argument, NULL, EPH_OPT_SOCKET },
		{ "clear", required_argument, NULL, 'C' },
		{ NULL, 0, NULL, 0 },
	};
	struct eph_where where = { .socket = NULL };
	struct view v = { .json = false };
	const char *what = NULL;
	struct eph_client c;
	int opt, code;

	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'j')
			v.json = true;
		else if (opt == 'C')
			what = optarg;
		else if (!eph_where_option(&where, opt))
			return eph_bad_option("penalties", argv);
	}
	if (optind != argc || (what != NULL && *what == '\0'))
		return eph_usage("penalties: --clear ADDRESS, --clear all, or nothing");
	code = eph_connect(&c, &where);
	if (code != EPH_DONE)
		return code;
	c.penalty = show;
	c.arg = &v;
	code = what != NULL ? clear(&c, what, v.json) : list(&c, &v);
	eph_close(&c);
	return code;
}
