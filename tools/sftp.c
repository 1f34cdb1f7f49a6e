/* SPDX-License-Identifier: ISC */
/* sftp(1): the command line, the connection, and the lines that are read. */
#include "tools/sftp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "os/process.h"
#include "tools/programs.h"
#include "tools/sftp_edit.h"

/* Signals that have asked for the end of what is being done. */
static volatile sig_atomic_t interrupts;

static void
on_signal(int signo)
{
	(void)signo;
	interrupts++;
}

/* What the command line says. */
struct start {
	struct words ssh;
	const char *direct;		/* -D */
	const char *batch;		/* -b; NULL: none */
	const char *subsystem;		/* -s: a name, or a path of a program there */
	int port;
	bool has_agent;
	bool is_loud;			/* -N: -b is not quiet */
	struct where where;
	const char *target;		/* for the file that is fetched at once */
};

NORETURN static void
usage(void)
{
	fputs("usage: sftp [-46AaCfNpqrv] [-B buffer_size] [-b batchfile] [-c cipher]\n"
	    "          [-D sftp_server_command] [-F ssh_config] [-i identity_file]\n"
	    "          [-J destination] [-l limit] [-o ssh_option] [-P port]\n"
	    "          [-R num_requests] [-S program] [-s subsystem | sftp_server]\n"
	    "          [-X sftp_option] destination\n", stderr);
	exit(1);
}

/* --- what copies tell --- */

static void
on_complaint(void *arg, const char *text)
{
	(void)arg;
	(void)sftp_fail("%s", text);
}

static void
on_begin(void *arg, const char *name, uint64_t size, uint64_t done)
{
	struct session *s = arg;

	s->meter.is_on = s->wants_progress && meter_can();
	meter_begin(&s->meter, name, size, done);
}

static void
on_progress(void *arg, uint64_t done)
{
	struct session *s = arg;

	meter_progress(&s->meter, done);
}

static void
on_end(void *arg)
{
	struct session *s = arg;

	meter_end(&s->meter);
}

static void
on_enter(void *arg, const char *path)
{
	struct session *s = arg;

	far_print(stdout, "%s %s\n", s->verb, path);
}

/* --- the command line --- */

static uint64_t
number(const char *text, const char *what, uint64_t most)
{
	uint64_t n;

	if (text_number(span_str(text), 1, most, &n) != ERR_OK) {
		far_print(stderr, "Invalid %s \"%s\"\n", what, text);
		exit(1);
	}
	return n;
}

static uint32_t
buffer(const char *text)
{
	uint64_t n;

	if (text_size(span_str(text), &n) != ERR_OK || n == 0 || n > SFTP_MAX_DATA) {
		far_print(stderr, "Invalid buffer size \"%s\"\n", text);
		exit(1);
	}
	return (uint32_t)n;
}

/* -X nrequests=N, buffer=BYTES. */
static void
sftp_option(struct session *s, const char *text)
{
	if (strncmp(text, "nrequests=", 10) == 0)
		s->how.requests = (unsigned)number(text + 10, "number of requests", 65536);
	else if (strncmp(text, "buffer=", 7) == 0)
		s->how.block = buffer(text + 7);
	else {
		far_print(stderr, "Invalid -X option \"%s\"\n", text);
		exit(1);
	}
}

/* Options of our own; false if the letter is none of these. */
static bool
own_option(struct session *s, struct start *st, int letter)
{
	switch (letter) {
	case 'a': s->how.resume = true; return true;
	case 'B': s->how.block = buffer(optarg); return true;
	case 'D': st->direct = optarg; return true;
	case 'f': s->how.fsync = true; return true;
	case 'l': s->rate.bits_per_second = number(optarg, "limit", 100u * 1024 * 1024) * 1024; return true;
	case 'N': st->is_loud = true; return true;
	case 'P': st->port = (int)number(optarg, "port", 65535); return true;
	case 'p': s->how.preserve = true; return true;
	case 'R': s->how.requests = (unsigned)number(optarg, "number of requests", 65536); return true;
	case 'r': s->is_recursive = true; return true;
	case 's': st->subsystem = optarg; return true;
	case 'X': sftp_option(s, optarg); return true;
	case 'S':
		free(st->ssh.v[0]);
		st->ssh.v[0] = far_strdup(optarg);
		return true;
	default:
		return false;
	}
}

/* What ssh is told. */
static void
ssh_option(struct session *s, struct start *st, int letter)
{
	switch (letter) {
	case 'b':
		if (st->batch != NULL) {
			fputs("Batch file already specified.\n", stderr);
			exit(1);
		}
		st->batch = optarg;
		s->is_quiet = true;
		s->wants_progress = false;
		words_add(&st->ssh, "-obatchmode yes");
		break;
	case 'A':
		st->has_agent = true;
		words_add(&st->ssh, "-A");
		break;
	case 'q':
		s->is_quiet = true;
		s->wants_progress = false;
		words_add(&st->ssh, "-q");
		break;
	case '1':
		fputs("sftp: SSH protocol v.1 is no longer supported\n", stderr);
		exit(1);
	case '2':
		break;
	case '4':
	case '6':
	case 'C':
	case 'v':
		words_add(&st->ssh, "-%c", letter);
		break;
	case 'c':
	case 'F':
	case 'i':
	case 'J':
	case 'o':
		words_add(&st->ssh, "-%c", letter);
		words_add(&st->ssh, "%s", optarg);
		break;
	default:
		usage();
	}
}

/* The destination: sftp://..., [user@]host[:path]. */
static void
destination(struct start *st, const char *text)
{
	const char *at;
	bool is_bad;

	if (where_uri(text, "sftp", &st->where, &is_bad))
		return;
	if (is_bad)
		usage();
	if (where_remote(text, &st->where)) {
		if (st->where.path[0] == '\0') {
			free(st->where.path);
			st->where.path = NULL;
		}
		return;
	}
	at = strrchr(text, '@');
	st->where = (struct where){ .port = -1 };
	if (at != NULL)
		st->where.user = far_must(strndup(text, (size_t)(at - text)));
	at = at == NULL ? text : at + 1;
	if (at[0] == '[' && at[strlen(at) - 1] == ']')
		st->where.host = far_must(strndup(at + 1, strlen(at) - 2));
	else
		st->where.host = far_strdup(at);
	if (st->where.host[0] == '\0') {
		fputs("Missing hostname\n", stderr);
		usage();
	}
}

static void
parse(struct session *s, struct start *st, int argc, char **argv)
{
	int letter;

	words_add(&st->ssh, "%s", far_ssh());
	words_add(&st->ssh, "-oForwardX11 no");
	words_add(&st->ssh, "-oPermitLocalCommand no");
	words_add(&st->ssh, "-oClearAllForwardings yes");
	words_add(&st->ssh, "-oControlMaster no");
	while ((letter = getopt(argc, argv, "1246AafhNpqrvCc:D:i:l:o:s:S:b:B:F:J:P:R:X:")) != -1)
		if (!own_option(s, st, letter))
			ssh_option(s, st, letter);
	if (st->is_loud && st->batch != NULL)
		s->is_quiet = false;
	argc -= optind;
	argv += optind;
	if (st->direct == NULL) {
		if (argc < 1 || argc > 2)
			usage();
		destination(st, argv[0]);
		st->target = argc > 1 ? argv[1] : NULL;
	} else if (argc > 0) {
		usage();
	}
	if (!st->has_agent)
		words_add(&st->ssh, "-oForwardAgent no");
}

/* --- the connection --- */

static bool
connect_to(struct session *s, struct start *st)
{
	struct words argv = { .n = 0 };
	bool is_program = st->subsystem != NULL && strchr(st->subsystem, '/') != NULL, ok;
	int port = st->where.port != -1 ? st->where.port : st->port;

	if (st->direct != NULL) {
		words_add_split(&argv, st->direct);
	} else {
		words_add_all(&argv, &st->ssh);
		if (port != -1)
			words_add(&argv, "-oPort %d", port);
		if (st->where.user != NULL) {
			words_add(&argv, "-l");
			words_add(&argv, "%s", st->where.user);
		}
		if (!is_program)
			words_add(&argv, "-s");
		words_add(&argv, "--");
		words_add(&argv, "%s", st->where.host);
		words_add(&argv, "%s", st->subsystem == NULL ? "sftp" : st->subsystem);
	}
	s->far = (struct far){ .in = -1, .out = -1, .rate = &s->rate, .interrupts = &interrupts, .patience = 1 };
	/* ssh does not get the terminal's SIGINT, which ends a command and not the connection. */
	ok = argv.n > 0 && far_start(&s->far, &argv, false);
	words_free(&argv);
	if (!ok)
		return false;
	if (!far_client(&s->far, &s->c, "")) {
		(void)far_end(&s->far);
		return false;
	}
	s->far.patience = 3;
	if (!s->is_quiet && st->direct == NULL)
		far_print(stderr, "Connected to %s.\n", st->where.host);
	else if (!s->is_quiet)
		far_print(stderr, "Attached to %s.\n", st->direct);
	return true;
}

/* --- lines --- */

/* Where lines come from. */
struct input {
	FILE *file;
	struct editor *editor;		/* of a terminal; NULL: none */
	const char *line;
	char *buf;			/* without an editor */
	size_t size;
	bool is_batch;
	bool is_terminal;
};

/* The next line of the file, without its newline. NULL at the end, and for an interrupt (EINTR). */
static const char *
plain_line(struct input *in)
{
	ssize_t n;

	if (in->is_terminal) {
		printf("sftp> ");
		fflush(stdout);
	}
	errno = 0;
	n = getline(&in->buf, &in->size, in->file);
	if (n == -1) {
		if (errno == EINTR)
			clearerr(in->file);
		return NULL;
	}
	if (n > 0 && in->buf[n - 1] == '\n')
		in->buf[--n] = '\0';
	if (n > 0 && in->buf[n - 1] == '\r')	/* of a file from a machine where lines end so */
		in->buf[n - 1] = '\0';
	return in->buf;
}

/* Reads the next line; false at the end. An interrupt gives an empty one. */
static bool
next_line(struct input *in)
{
	in->line = in->editor != NULL ? editor_line(in->editor) : plain_line(in);
	if (in->line != NULL)
		return true;
	if (in->is_terminal)
		printf("\n");
	in->line = "";
	return interrupts > 0 && in->is_terminal;
}

/* Does the lines until there are no more; false if one of a batch has failed. */
static bool
do_lines(struct session *s, struct input *in)
{
	while (!s->is_over) {
		bool may_fail = false, is_silent = false;
		const char *line;

		interrupts = 0;
		if (!next_line(in)) {
			if (ferror(in->file))
				return sftp_fail("Reading commands: %s", strerror(errno));
			return interrupts == 0;
		}
		line = in->line + strspn(in->line, " \t");
		for (; *line == '-' || *line == '@'; line++) {
			may_fail |= *line == '-';
			is_silent |= *line == '@';
		}
		if (!in->is_terminal && !is_silent)
			far_print(stdout, "sftp> %s\n", in->line);
		s->ends_at_failure = in->is_batch && !may_fail;
		if (!sftp_do_line(s, line) && s->ends_at_failure)
			return false;
		fflush(stdout);
		if (interrupts > 0 && !in->is_terminal)		/* of a batch, all is ended */
			return false;
	}
	return true;
}

/* With the connection: what was named is fetched, or gone to; then lines. Whether all went well. */
static bool
work(struct session *s, const struct start *st, struct input *in)
{
	bool is_dir = true;
	enum err e = sftp_ask_name(s->c, SFTP_OP_REALPATH, ".", &s->home);

	if (e == ERR_DENIED)
		(void)sftp_fail("Need cwd");
	if (!sftp_went_well(s, e))
		return false;
	s->pwd = far_strdup(s->home);
	if (st->where.path != NULL) {
		char *path = far_must(sftp_path_join(s->pwd, st->where.path));

		e = sftp_is_folder(s, path, &is_dir);
		if (e == ERR_OK && is_dir && !s->is_quiet)
			far_print(stdout, "Changing to: %s\n", path);
		if (e == ERR_OK && is_dir && !sftp_go(s, path) && in->is_batch)
			e = ERR_DENIED;
		free(path);
		if (!sftp_went_well(s, e))
			return false;
		if (!is_dir) {
			char *words[2] = { far_strdup(st->where.path), st->target == NULL ? NULL : glob_escape(st->target) };
			struct args a = { .name = "get", .flags = "", .words = words, .n = st->target == NULL ? 1 : 2 };
			bool ok = sftp_get(s, &a);

			free(words[0]);
			free(words[1]);
			return ok;
		}
	}
	return do_lines(s, in);
}

int
sftp_main(int argc, char **argv)
{
	struct session s = { .wants_progress = true, .interrupts = &interrupts };
	struct start st = { .port = -1, .where = { .port = -1 } };
	struct sigaction sa = { .sa_handler = on_signal };
	struct input in = { .file = stdin };
	bool ok;

	process_fill_standard();
	parse(&s, &st, argc, argv);
	s.how.stop = &interrupts;
	s.how.complain = on_complaint;
	s.how.begin = on_begin;
	s.how.progress = on_progress;
	s.how.end = on_end;
	s.how.enter = on_enter;
	s.how.arg = &s;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigaction(SIGINT, &sa, NULL);
	in.is_batch = st.batch != NULL;
	if (in.is_batch && strcmp(st.batch, "-") != 0 && (in.file = fopen(st.batch, "re")) == NULL) {
		far_print(stderr, "%s (%s).\n", strerror(errno), st.batch);
		return 1;
	}
	in.is_terminal = !in.is_batch && isatty(STDIN_FILENO);
	ok = connect_to(&s, &st);
	s.is_lost = !ok;
	if (ok) {
		if (in.is_terminal && isatty(STDOUT_FILENO))
			in.editor = editor_new();
		ok = work(&s, &st, &in);
		if (fflush(stdout) != 0)
			ok = false;
		sftp_client_free(s.c);
		(void)far_end(&s.far);
	}
	free(s.pwd);
	free(s.home);
	editor_free(in.editor);
	free(in.buf);
	where_free(&st.where);
	words_free(&st.ssh);
	if (in.file != stdin)
		fclose(in.file);
	return s.is_lost ? 255 : ok ? 0 : 1;
}
