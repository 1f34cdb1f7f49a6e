/* SPDX-License-Identifier: ISC */
/* scp(1): the command line, and what is copied by whom. */
#include "tools/scp.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "os/process.h"
#include "tools/programs.h"

/* Signals that have asked for the end. */
static volatile sig_atomic_t interrupts;

static void
on_signal(int signo)
{
	(void)signo;
	interrupts++;
}

NORETURN static void
usage(void)
{
	fputs("usage: scp [-346ABCOpqRrsTv] [-c cipher] [-D sftp_server_path] [-F ssh_config]\n"
	    "           [-i identity_file] [-J destination] [-l limit] [-o ssh_option]\n"
	    "           [-P port] [-S program] [-X sftp_option] source ... target\n", stderr);
	exit(1);
}

/* --- errors --- */

void
scp_error(struct scp *s, struct far *f, const char *fmt, ...)
{
	char *text = NULL, *fit;
	va_list ap;

	s->errors++;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		text = far_must(NULL);
	va_end(ap);
	fit = far_shown(text);
	if (f != NULL && f->out != -1) {
		char *line;

		if (asprintf(&line, "\001scp: %s\n", fit) == -1)
			line = far_must(NULL);
		(void)far_write(f, line, strlen(line));
		free(line);
	}
	if (!s->is_remote)
		fprintf(stderr, "%s\n", fit);
	free(fit);
	free(text);
}

static void
on_complaint(void *arg, const char *text)
{
	(void)arg;
	far_print(stderr, "scp: %s\n", text);
}

static void
on_begin(void *arg, const char *name, uint64_t size, uint64_t done)
{
	struct scp *s = arg;

	meter_begin(&s->meter, name, size, done);
}

static void
on_progress(void *arg, uint64_t done)
{
	struct scp *s = arg;

	meter_progress(&s->meter, done);
}

static void
on_end(void *arg)
{
	struct scp *s = arg;

	meter_end(&s->meter);
}

/* --- kinds of copies --- */

/* Takes what the user named apart: false if it is a file of this machine. */
static bool
is_elsewhere(const char *text, struct where *w)
{
	bool is_bad;

	if (where_uri(text, "scp", w, &is_bad)) {
		if (w->path == NULL)
			w->path = far_strdup(".");
		return true;
	}
	if (is_bad) {
		far_print(stderr, "%s: invalid uri\n", text);
		exit(1);
	}
	return where_remote(text, w);
}

static void
copy_all(struct scp *s, char **sources, size_t n, const char *target)
{
	struct where to, from;
	bool is_there = is_elsewhere(target, &to);
	struct stat st;

	if (!is_there && s->wants_folder && (stat(target, &st) == -1 || !S_ISDIR(st.st_mode))) {
		far_print(stderr, "%s: Not a directory\n", target);
		exit(1);
	}
	for (size_t i = 0; i < n && interrupts == 0; i++) {
		size_t run;

		if (is_elsewhere(sources[i], &from)) {
			if (!is_there)
				scp_to_local(s, &from, target);
			else if (s->is_origin)
				scp_by_origin(s, &from, target);
			else if (s->is_old)
				scp_through_here(s, &from, &to);
			else
				scp_cross(s, &from, &to);
			where_free(&from);
			continue;
		}
		if (!is_there) {
			scp_copy_here(s, sources[i], target);
			continue;
		}
		/* All that are here go through one connection. */
		for (run = 1; i + run < n; run++) {
			bool is_remote = is_elsewhere(sources[i + run], &from);

			if (is_remote)
				where_free(&from);
			if (is_remote)
				break;
		}
		scp_to_remote(s, sources + i, run, &to);
		i += run - 1;
	}
	if (is_there)
		where_free(&to);
}

/* --- the command line --- */

/* -X nrequests=N, buffer=BYTES. */
static void
sftp_option(struct scp *s, const char *text)
{
	struct span rest = span_str(text), part;
	uint64_t n;

	while (span_token(&rest, ',', &part)) {
		size_t eq = span_find(part, '=');
		struct span value = span_skip(part, eq + 1);

		if (span_is(span_first(part, eq), "nrequests") && text_number(value, 1, 65536, &n) == ERR_OK)
			s->how.requests = (unsigned)n;
		else if (span_is(span_first(part, eq), "buffer") && text_size(value, &n) == ERR_OK && n > 0 &&
		    n <= SFTP_MAX_DATA)
			s->how.block = (uint32_t)n;
		else {
			far_print(stderr, "scp: invalid -X option \"%s\"\n", text);
			exit(1);
		}
	}
}

/* What only changes how we copy; false if the letter is none of these. */
static bool
own_option(struct scp *s, int letter, int *role)
{
	uint64_t n;

	switch (letter) {
	case '3': s->is_through = true; return true;
	case 'R': s->is_origin = true; return true;
	case 'O': s->is_old = true; return true;
	case 's': s->is_old = false; return true;
	case 'T': s->is_unchecked = true; return true;
	case 'd': s->wants_folder = true; return true;
	case 'D': s->direct = optarg; return true;
	case 'X': sftp_option(s, optarg); return true;
	case 't':
	case 'f':
		*role = letter;
		s->is_remote = true;
		return true;
	case 'p':
		s->is_preserve = true;
		words_add(&s->cp, "-p");
		return true;
	case 'r':
		s->is_recursive = true;
		words_add(&s->cp, "-r");
		return true;
	case 'P':
		if (text_number(span_str(optarg), 1, 65535, &n) != ERR_OK) {
			far_print(stderr, "scp: bad port \"%s\"\n", optarg);
			exit(1);
		}
		s->port = (int)n;
		return true;
	case 'l':
		if (text_number(span_str(optarg), 1, 100u * 1024 * 1024, &n) != ERR_OK)
			usage();
		s->rate.bits_per_second = n * 1024;
		return true;
	case 'S':
		free(s->ssh.v[0]);
		s->ssh.v[0] = far_strdup(optarg);
		return true;
	default:
		return false;
	}
}

/* What ssh is told. */
static void
ssh_option(struct scp *s, int letter, bool *has_agent)
{
	switch (letter) {
	case 'A':
		*has_agent = true;
		words_add(&s->ssh, "-A");
		break;
	case 'B':
		words_add(&s->ssh, "-oBatchmode=yes");
		break;
	case 'q':
		s->is_quiet = true;
		words_add(&s->ssh, "-q");
		break;
	case 'v':
		s->is_verbose = true;
		words_add(&s->ssh, "-v");
		break;
	case '4':
	case '6':
	case 'C':
		words_add(&s->ssh, "-%c", letter);
		break;
	case '1':
		fputs("scp: SSH protocol v.1 is no longer supported\n", stderr);
		exit(1);
	case '2':
		break;
	case 'c':
	case 'F':
	case 'i':
	case 'J':
	case 'o':
		words_add(&s->ssh, "-%c", letter);
		words_add(&s->ssh, "%s", optarg);
		break;
	default:
		usage();
	}
}

static int
parse(struct scp *s, int argc, char **argv)
{
	static const char *const always[SCP_SSH_ALWAYS] = { "-x", "-oPermitLocalCommand=no", "-oClearAllForwardings=yes",
	    "-oRemoteCommand=none", "-oRequestTTY=no", "-oControlMaster=no" };
	bool has_agent = false;
	int letter, role = 0;

	words_add(&s->ssh, "%s", far_ssh());
	for (size_t i = 0; i < COUNT(always); i++)
		words_add(&s->ssh, "%s", always[i]);
	while ((letter = getopt(argc, argv, "12346ABCTdfOpqRrstvD:F:J:P:S:c:i:l:o:X:")) != -1)
		if (!own_option(s, letter, &role))
			ssh_option(s, letter, &has_agent);
	if (!has_agent)
		words_add(&s->ssh, SCP_NO_AGENT);
	if (s->direct != NULL && s->is_old) {
		fputs("scp: -D cannot be used with -O\n", stderr);
		exit(1);
	}
	return role;
}

/* What the other side's scp runs: its connection are our standard input and output. */
static void
serve(struct scp *s, int role, char **paths, size_t n)
{
	struct far f = { .in = STDIN_FILENO, .out = STDOUT_FILENO };

	if (role == 'f') {
		if (n < 1)
			usage();
		if (scp_response(s, &f))
			scp_source(s, &f, paths, n);
	} else {
		if (n != 1)
			usage();
		scp_sink(s, &f, paths[0], NULL);
	}
}

int
scp_main(int argc, char **argv)
{
	struct scp s = { .port = -1, .far = { .in = -1, .out = -1 } };
	struct sigaction sa = { .sa_handler = on_signal };
	size_t n;
	int role;

	process_fill_standard();
	role = parse(&s, argc, argv);
	argv += optind;
	n = (size_t)(argc - optind);
	s.meter.is_on = !s.is_quiet && role == 0 && meter_can();
	s.how = (struct sftp_how){ .preserve = s.is_preserve, .follow_links = true, .in_place = true,
	    .requests = s.how.requests,
	    .block = s.how.block, .stop = &interrupts, .complain = on_complaint, .begin = on_begin,
	    .progress = on_progress, .end = on_end, .arg = &s };
	(void)signal(SIGPIPE, SIG_IGN);
	if (role != 0) {
		serve(&s, role, argv, n);
	} else {
		if (n < 2)
			usage();
		(void)sigaction(SIGINT, &sa, NULL);
		(void)sigaction(SIGTERM, &sa, NULL);
		(void)sigaction(SIGHUP, &sa, NULL);
		s.wants_folder |= n > 2;
		copy_all(&s, argv, n - 1, argv[n - 1]);
		scp_disconnect(&s);
	}
	words_free(&s.ssh);
	words_free(&s.cp);
	if (s.is_lost && interrupts == 0)
		return 255;
	return s.errors != 0 || interrupts != 0;
}
