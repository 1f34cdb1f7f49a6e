/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral list. */
#include <getopt.h>
#include <string.h>

#include "auth/ephemeral.h"
#include "base/text.h"
#include "keys/key.h"
#include "tools/ssh_ephemeral.h"

/* What one page of a list may take. */
#define PAGE_MAX	(8 * 1024 * 1024)

struct list {
	bool json;
	size_t n;
	struct writer out;
};

/* What is over is worth a line while sessions of it last. */
static bool
is_shown(const struct msg_ctl_grant *m)
{
	return m->state == EPHEMERAL_LIVE || m->sessions > 0;
}

/* Writes s and fills up to a width; what is longer pushes the rest. */
static void
put_column(struct writer *w, struct span s, int width)
{
	SCOPED(writer_free) struct writer cell = writer_init(4 * LIMIT_IPC);

	text_visible(&cell, s);
	wr_raw(w, writer_span(&cell));
	wr_printf(w, "%*s", cell.len < (size_t)width ? width - (int)cell.len + 1 : 1, "");
}

/* "2/3", "2" where there is no limit. */
static void
put_uses(struct writer *w, const struct msg_ctl_grant *m)
{
	char text[32];

	if (m->uses > 0)
		snprintf(text, sizeof(text), "%u/%u", m->used, m->uses);
	else
		snprintf(text, sizeof(text), "%u", m->used);
	put_column(w, span_str(text), 5);
}

static void
put_left(struct writer *w, const struct msg_ctl_grant *m)
{
	SCOPED(writer_free) struct writer text = writer_init(64);

	if (m->state == EPHEMERAL_LIVE)
		eph_put_time(&text, m->left);
	else if (m->state <= EPHEMERAL_REVOKED)
		wr_printf(&text, "%s", ephemeral_state_name((enum ephemeral_state)m->state));
	put_column(w, writer_span(&text), 8);
}

static void
put_row(struct writer *w, const struct msg_ctl_grant *m)
{
	SCOPED(writer_free) struct writer key = writer_init(1024);
	const char *label = key_type_label(m->key_type);
	char sessions[16];

	eph_put_fingerprint(&key, m->fingerprint);
	wr_printf(&key, " %s", label == NULL ? "?" : label);
	snprintf(sessions, sizeof(sessions), "%u", m->sessions);
	put_column(w, m->id, 8);
	put_column(w, m->user, 12);
	put_left(w, m);
	put_uses(w, m);
	put_column(w, span_str(sessions), 4);
	put_column(w, m->registrar, 8);
	put_column(w, m->sources.len > 0 ? m->sources : SPAN_LIT("any"), 12);
	put_column(w, writer_span(&key), 58);
	text_visible(w, m->comment);
	wr_printf(w, "\n");
}

static void
show(void *arg, const struct msg_ctl_grant *m)
{
	struct list *l = arg;

	if (!is_shown(m))
		return;
	if (l->json) {
		wr_printf(&l->out, l->n == 0 ? "[\n" : ",\n");
		eph_put_json(&l->out, m);
	} else {
		if (l->n == 0)
			wr_printf(&l->out, "%-8s %-12s %-8s %-5s %-4s %-8s %-12s %-58s %s\n", "ID", "USER",
			    "LEFT", "USED", "OPEN", "BY", "FROM", "KEY", "COMMENT");
		put_row(&l->out, m);
	}
	l->n++;
}

/* Asks page by page, printing each. */
static int
list(struct list *l, struct eph_client *c)
{
	struct msg_ctl_list m = { .live_only = false };
	int code;

	do {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

		msg_ctl_list_put(&w, &m);
		code = eph_ask(c, &w);
		if (code != EPH_DONE)
			return code;
		if (!eph_print(&l->out))
			return eph_complain(EPH_REFUSED, "cannot print the list");
		writer_reset(&l->out);
		m.cursor = c->done.cursor;
		m.cursor_id = c->done.cursor_id;
	} while (c->done.more);
	return EPH_DONE;
}

static int
run(struct list *l, const struct eph_where *where)
{
	struct eph_client c;
	int code = eph_connect(&c, where);

	if (code != EPH_DONE)
		return code;
	c.grant = show;
	c.arg = l;
	code = list(l, &c);
	eph_close(&c);
	if (code == EPH_DONE && l->json)
		printf(l->n == 0 ? "[]\n" : "\n]\n");
	return code;
}

int
eph_list_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		EPH_WHERE_OPTIONS,
		{ NULL, 0, NULL, 0 },
	};
	struct list l = { .out = writer_init(PAGE_MAX) };
	struct eph_where where = { .socket = NULL };
	int opt, code;

	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, &EPH_WHERE_SHORT[1], options, NULL)) != -1) {
		if (opt == 'j')
			l.json = true;
		else if (!eph_where_option(&where, opt))
			return eph_bad_option("list", argv);
	}
	if (optind != argc)
		return eph_usage("list takes no argument");
	code = run(&l, &where);
	writer_free(&l.out);
	return code;
}
