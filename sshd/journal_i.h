/* SPDX-License-Identifier: ISC */
/*
 * sshd/journal_i.h - inside the journal: journal.c keeps events,
 * journal_event.c says them.
 */
#ifndef SSHD_JOURNAL_I_H
#define SSHD_JOURNAL_I_H

#include "sshd/journal.h"

struct event_line {
	uint8_t *text;			/* with its newline; then the registrar */
	size_t len;
	size_t registrar_len;
};

struct journal {
	struct ephemeral *table;
	const struct log *log;
	int fd;				/* of the file; -1: none */
	bool write_failed;
	void (*told)(void *arg);
	void *arg;
	struct event_line ring[JOURNAL_EVENTS];
	uint64_t first, end;		/* serials that are there */
	size_t bytes;
};

/* Keeps a finished line (with its newline), which registrar may see. */
void journal_keep(struct journal *j, struct span line, struct span registrar);

#endif
