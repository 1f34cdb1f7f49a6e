/* SPDX-License-Identifier: ISC */
/* ssh-add: -h, where a key may be used: hosts by name, and their keys from known_hosts files. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/agent_destination.h"
#include "keys/agent_msg.h"
#include "keys/known_hosts.h"
#include "os/file.h"
#include "tools/ssh_add.h"
#include "tools/ssh_keygen.h"

/* As ssh has it when nothing is configured. */
static const char *const home_files[] = { "known_hosts", "known_hosts2" };
static const char *const system_files[] = {
	SSH_CONF_DIR "/ssh_known_hosts", SSH_CONF_DIR "/ssh_known_hosts2",
};

/* The files, one behind the other. */
struct known {
	struct writer text;
};

static void
read_known(struct known *known, const char *path)
{
	SCOPED(writer_free) struct writer file = writer_init(KEYGEN_MAX_FILE);
	enum err e = file_read_any(path, &file, NULL);

	if (e == ERR_NOTFOUND)
		return;
	if (e != ERR_OK) {
		fprintf(stderr, "%s: %s\n", path, error_text(e));
		return;
	}
	wr_raw(&known->text, writer_span(&file));
	wr_u8(&known->text, '\n');
}

static void
read_all_known(struct known *known, const struct ssh_add *a)
{
	known->text = writer_init(4 * (size_t)KEYGEN_MAX_FILE);
	for (size_t i = 0; i < a->host_files.n; i++)
		read_known(known, a->host_files.v[i]);
	for (size_t i = 0; a->host_files.n == 0 && i < COUNT(home_files); i++) {
		char *path;

		if (asprintf(&path, "%s/.ssh/%s", a->me.home, home_files[i]) == -1)
			die("%s", err_text(ERR_NOMEM));
		read_known(known, path);
		free(path);
	}
	for (size_t i = 0; a->host_files.n == 0 && i < COUNT(system_files); i++)
		read_known(known, system_files[i]);
	if (wr_end(&known->text) != ERR_OK)
		die("known_hosts: %s", err_text(known->text.err));
}

/* --- hosts --- */

/* Writes the key of a line unless it is of a kind that no agent here would read. */
static void
put_key(struct writer *keys, const struct known_hosts_line *line)
{
	SCOPED(writer_free) struct writer blob = writer_init(AGENT_MAX_FRAME);
	SCOPED(key_free) struct key *k = NULL;

	if (known_hosts_key(line, &blob) == ERR_OK && key_from_blob(writer_span(&blob), &k) == ERR_OK)
		agent_hop_key_put(keys, writer_span(&blob), line->marker == KNOWN_HOSTS_CA);
}

/* Writes all keys that are known of a host; ends the program if there are none. */
static void
find_keys(const struct ssh_add *a, const struct known *known, struct span host, struct writer *keys)
{
	struct known_hosts_walk walk = { .rest = writer_span(&known->text) };
	struct known_hosts_line line;

	while (known_hosts_next(&walk, &line))
		if (line.err == ERR_OK && line.marker != KNOWN_HOSTS_REVOKED && known_hosts_matches(&line, host)) {
			log_debug(&a->log, "%.*s: %.*s", (int)host.len, (const char *)host.p, (int)line.type.len,
			    (const char *)line.type.p);
			put_key(keys, &line);
		}
	if (wr_end(keys) != ERR_OK)
		die("%.*s: too many host keys", (int)host.len, (const char *)host.p);
	if (keys->len == 0)
		die("No host keys found for destination \"%.*s\"", (int)host.len, (const char *)host.p);
}

/* "[user@]host"; the name in lower case, as known_hosts has it. */
static struct agent_hop
parse_hop(char *text)
{
	char *at = strrchr(text, '@');
	struct agent_hop hop = { .user = SPAN_EMPTY };

	if (text[0] == '\0')
		die("Invalid key destination constraint \"%s\": does not specify user or host", text);
	if (at != NULL) {
		hop.user = span_of(text, (size_t)(at - text));
		text = at + 1;
	}
	if (text[0] == '\0')
		die("Invalid key destination constraint \"%.*s@\": does not specify a host",
		    (int)hop.user.len, (const char *)hop.user.p);
	for (char *p = text; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	hop.host = span_str(text);
	return hop;
}

/* Writes what one -h says. */
static void
put_place(const struct ssh_add *a, const struct known *known, const char *text, struct writer *list)
{
	SCOPED(writer_free) struct writer from_keys = writer_init(AGENT_MAX_FRAME);
	SCOPED(writer_free) struct writer to_keys = writer_init(AGENT_MAX_FRAME);
	struct agent_destination d = { .from = { .user = SPAN_EMPTY } };
	char *copy = strdup(text), *gap, *to = copy;

	if (copy == NULL)
		die("%s", err_text(ERR_NOMEM));
	gap = strchr(copy, '>');
	if (gap != NULL) {
		*gap = '\0';
		to = gap + 1;
		if (strchr(copy, '@') != NULL)
			die("Invalid key constraint %s: cannot specify user on 'from' host", copy);
		d.from = parse_hop(copy);
		find_keys(a, known, d.from.host, &from_keys);
		d.from.keys = writer_span(&from_keys);
	}
	d.to = parse_hop(to);
	find_keys(a, known, d.to.host, &to_keys);
	d.to.keys = writer_span(&to_keys);
	agent_destination_put(list, &d);
	free(copy);
}

void
ssh_add_find_destinations(struct ssh_add *a)
{
	struct known known;

	if (a->places.n == 0)
		return;
	read_all_known(&known, a);
	for (size_t i = 0; i < a->places.n; i++)
		put_place(a, &known, a->places.v[i], &a->destinations);
	if (wr_end(&a->destinations) != ERR_OK)
		die("too many destinations and host keys");
	writer_free(&known.text);
}
