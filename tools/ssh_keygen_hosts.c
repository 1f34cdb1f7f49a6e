/* SPDX-License-Identifier: ISC */
/* ssh-keygen: looking into known_hosts, and editing it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/random.h"
#include "keys/known_hosts.h"
#include "os/file.h"
#include "tools/ssh_keygen.h"

/* A known_hosts file, read. */
struct hosts {
	char *path;
	struct writer text;
	struct stat st;
};

static void
hosts_free(struct hosts *h)
{
	free(h->path);
	writer_free(&h->text);
}

/* Reads the file of -f, else ~/.ssh/known_hosts. */
static struct hosts
load_hosts(const struct keygen *kg)
{
	static const char name[] = "/.ssh/known_hosts";
	struct hosts h = { .text = writer_init(KEYGEN_MAX_FILE) };
	size_t size = strlen(kg->me.home) + sizeof name;
	enum err e;

	h.path = kg->file != NULL ? strdup(kg->file) : malloc(size);
	if (h.path == NULL)
		die("%s", err_text(ERR_NOMEM));
	if (kg->file == NULL)
		snprintf(h.path, size, "%s%s", kg->me.home, name);
	e = read_file(h.path, &h.text, &h.st);
	if (e != ERR_OK)
		die("Cannot stat %s: %s", h.path, error_text(e));
	return h;
}

/* Names the lines that are none; returns how many. */
static unsigned
report_invalid(const struct hosts *h)
{
	struct known_hosts_walk walk = { .rest = writer_span(&h->text) };
	struct known_hosts_line line;
	unsigned n = 0;

	while (known_hosts_next(&walk, &line)) {
		if (line.err == ERR_OK)
			continue;
		fprintf(stderr, "%s:%u: invalid line\n", h->path, line.number);
		n++;
	}
	if (n > 0)
		fprintf(stderr, "%s is not a valid known_hosts file.\n", h->path);
	return n;
}

/* The name that is looked for, as known_hosts has it. */
static struct writer
lookup_name(const struct keygen *kg)
{
	struct writer w = writer_init(LIMIT_LINE);

	known_hosts_name(&w, span_str(kg->host), 0);
	if (wr_end(&w) != ERR_OK)
		die("%s", err_text(w.err));
	return w;
}

/* Replaces the file, keeping what it was in NAME.old. */
static void
replace(const struct hosts *h, struct span text)
{
	char old[PATH_MAX];
	mode_t mode = h->st.st_mode & 0777;
	int n = snprintf(old, sizeof old, "%s.old", h->path);
	enum err e;

	if (n < 0 || (size_t)n >= sizeof old)
		die("%s: path too long", h->path);
	e = file_create(old, writer_span(&h->text), mode, FILE_REPLACE);
	if (e != ERR_OK)
		die("link %s to %s: %s", h->path, old, error_text(e));
	e = file_create(h->path, text, mode, FILE_REPLACE);
	if (e != ERR_OK)
		die("rename %s: %s", h->path, error_text(e));
	printf("%s updated.\nOriginal contents retained as %s\n", h->path, old);
}

/* --- finding --- */

/* -l: host, type, fingerprint, comment. */
static void
print_found_fingerprint(const struct keygen *kg, const struct known_hosts_line *line)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);
	SCOPED(key_free) struct key *k = NULL;

	if (known_hosts_key(line, &blob) != ERR_OK ||
	    key_from_blob(writer_span(&blob), &k) != ERR_OK)
		return;
	wr_printf(&w, "%s %s ", kg->host, key_label(k));
	fingerprint_put(&w, key_blob(k), kg->fingerprint);
	if (line->comment.len > 0) {
		wr_u8(&w, ' ');
		text_visible(&w, line->comment);
	}
	wr_u8(&w, '\n');
	if (kg->verbose > 0) {
		randomart_put(&w, key_blob(k), kg->fingerprint, key_label(k), key_bits(k));
		wr_u8(&w, '\n');
	}
	print_writer(&w);
}

static void
print_found(const struct keygen *kg, const struct known_hosts_line *line)
{
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);
	struct rng rng = rng_system();

	if (!kg->is_quiet)
		printf("# Host %s found: line %u %s\n", kg->host, line->number,
		    line->marker == KNOWN_HOSTS_CA ? "CA" :
		    line->marker == KNOWN_HOSTS_REVOKED ? "REVOKED" : "");
	if (kg->wants_list) {
		print_found_fingerprint(kg, line);
		return;
	}
	if (kg->wants_hash) {
		(void)!known_hosts_hash_line(&w, line, &rng);
	} else {
		wr_raw(&w, line->text);
		wr_u8(&w, '\n');
	}
	print_writer(&w);
}

int
keygen_find_host(struct keygen *kg)
{
	SCOPED(hosts_free) struct hosts h = load_hosts(kg);
	SCOPED(writer_free) struct writer name = lookup_name(kg);
	struct known_hosts_walk walk = { .rest = writer_span(&h.text) };
	struct known_hosts_line line;
	bool found = false;

	while (known_hosts_next(&walk, &line)) {
		if (!known_hosts_matches(&line, writer_span(&name)))
			continue;
		found = true;
		print_found(kg, &line);
	}
	return found ? 0 : 1;
}

/* --- editing --- */

int
keygen_remove_host(struct keygen *kg)
{
	SCOPED(hosts_free) struct hosts h = load_hosts(kg);
	SCOPED(writer_free) struct writer name = lookup_name(kg);
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);
	struct known_hosts_walk walk = { .rest = writer_span(&h.text) };
	struct known_hosts_line line;
	unsigned n;
	enum err e;

	if (report_invalid(&h) > 0) {
		fprintf(stderr, "Not replacing existing known_hosts file because of errors\n");
		return 1;
	}
	e = known_hosts_remove(writer_span(&h.text), writer_span(&name), &w, &n);
	if (e != ERR_OK)
		die("%s: %s", h.path, err_text(e));
	if (n == 0) {
		fprintf(stderr, "Host %s not found in %s\n", kg->host, h.path);
		return 0;
	}
	while (!kg->is_quiet && known_hosts_next(&walk, &line))
		if (line.marker == KNOWN_HOSTS_PLAIN && known_hosts_matches(&line, writer_span(&name)))
			printf("# Host %s found: line %u\n", kg->host, line.number);
	replace(&h, writer_span(&w));
	return 0;
}

/* Whether a line names its host openly. */
static bool
is_unhashed(const struct known_hosts_line *line)
{
	return line->err == ERR_OK && line->marker == KNOWN_HOSTS_PLAIN &&
	    !span_starts(line->names, SPAN_LIT("|1|"));
}

/* Writes every line of the file with its names hashed; any: whether one was not. */
static void
hash_lines(const struct hosts *h, struct writer *w, bool *any)
{
	struct rng rng = rng_system();
	struct span text = writer_span(&h->text), line_text;
	struct known_hosts_line line;

	*any = false;
	for (unsigned number = 1; text.len > 0; number++) {
		line_text = span_first(text, span_find(text, '\n'));
		text = span_skip(text, line_text.len + 1);
		if (known_hosts_parse(line_text, &line) == ERR_OK && is_unhashed(&line))
			*any = true;
		if (known_hosts_hash_line(w, &line, &rng) == ERR_UNSUPPORTED)
			fprintf(stderr, "%s:%u: ignoring host name with wildcard: %.*s\n", h->path,
			    number, (int)line.names.len, (const char *)line.names.p);
	}
}

int
keygen_hash_hosts(struct keygen *kg)
{
	SCOPED(hosts_free) struct hosts h = load_hosts(kg);
	SCOPED(writer_free) struct writer w = writer_init(KEYGEN_MAX_FILE);
	bool any;

	if (report_invalid(&h) > 0) {
		fprintf(stderr, "Not replacing existing known_hosts file because of errors\n");
		return 1;
	}
	hash_lines(&h, &w, &any);
	if (wr_end(&w) != ERR_OK)
		die("%s: %s", h.path, err_text(w.err));
	replace(&h, writer_span(&w));
	if (any)
		fprintf(stderr, "WARNING: %s.old contains unhashed entries\n"
		    "Delete this file to ensure privacy of hostnames\n", h.path);
	return 0;
}
