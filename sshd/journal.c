/* SPDX-License-Identifier: ISC */
/* Keeping events, and giving them to the file and to those who follow. */
#include "sshd/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sshd/journal_i.h"

enum err
journal_new(struct journal **out, struct ephemeral *table, const struct log *log)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return ERR_NOMEM;
	j->table = table;
	j->log = log;
	j->fd = -1;
	*out = j;
	return ERR_OK;
}

void
journal_follow(struct journal *j, void (*told)(void *arg), void *arg)
{
	j->told = told;
	j->arg = arg;
}

/* --- the file --- */

void
journal_set_file(struct journal *j, const char *path)
{
	struct stat st;

	if (j->fd != -1)
		close(j->fd);
	j->fd = -1;
	j->write_failed = false;
	if (path == NULL)
		return;
	j->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
	    0600);
	if (j->fd == -1 || fstat(j->fd, &st) == -1) {
		log_error(j->log, "EphemeralKeyEventLog: %s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		log_error(j->log, "EphemeralKeyEventLog: %s is not a regular file", path);
		close(j->fd);
		j->fd = -1;
	}
}

/* Appends a whole line at once. */
static void
write_line(struct journal *j, struct span line)
{
	if (j->fd == -1 || write(j->fd, line.p, line.len) == (ssize_t)line.len) {
		j->write_failed = false;
		return;
	}
	if (!j->write_failed)
		log_error(j->log, "EphemeralKeyEventLog: cannot write: %s", strerror(errno));
	j->write_failed = true;
}

/* --- the ring --- */

static struct event_line *
slot(const struct journal *j, uint64_t serial)
{
	return (struct event_line *)&j->ring[serial % JOURNAL_EVENTS];
}

static void
drop_first(struct journal *j)
{
	struct event_line *l = slot(j, j->first);

	j->bytes -= l->len;
	free(l->text);
	*l = (struct event_line){ .text = NULL };
	j->first++;
}

void
journal_keep(struct journal *j, struct span line, struct span registrar)
{
	struct event_line l = { .len = line.len, .registrar_len = registrar.len };

	write_line(j, line);
	l.text = malloc(line.len + registrar.len);
	if (l.text == NULL) {
		log_error(j->log, "no memory for an event: those who follow do not see it");
		return;
	}
	memcpy(l.text, line.p, line.len);
	if (registrar.len > 0)
		memcpy(l.text + line.len, registrar.p, registrar.len);
	while (j->end - j->first >= JOURNAL_EVENTS ||
	    (j->end > j->first && j->bytes + line.len > JOURNAL_BYTES))
		drop_first(j);
	*slot(j, j->end) = l;
	j->bytes += line.len;
	j->end++;
	if (j->told != NULL)
		j->told(j->arg);
}

bool
journal_next(const struct journal *j, const char *registrar, uint64_t *serial, struct span *line,
    uint64_t *lost)
{
	*lost = 0;
	if (*serial < j->first) {
		*lost = j->first - *serial;
		*serial = j->first;
	}
	while (*serial < j->end) {
		const struct event_line *l = slot(j, (*serial)++);

		if (registrar == NULL || span_is(span_of(l->text + l->len, l->registrar_len), registrar)) {
			*line = span_of(l->text, l->len);
			return true;
		}
	}
	return false;
}

uint64_t
journal_end(const struct journal *j)
{
	return j->end;
}

void
journal_free(struct journal *j)
{
	if (j == NULL)
		return;
	while (j->first < j->end)
		drop_first(j);
	if (j->fd != -1)
		close(j->fd);
	free(j);
}
