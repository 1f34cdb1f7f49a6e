/* SPDX-License-Identifier: ISC */
/* ssh-keyscan(1): the command line. */
#include "tools/ssh_keyscan.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "keys/sshfp.h"
#include "os/file.h"
#include "os/process.h"
#include "tools/die.h"
#include "tools/programs.h"

/* Descriptors that a connection may need: several addresses are tried at a time. */
#define FILES_EACH	4
#define FILES_OURS	16

static const char usage_text[] =
    "usage: ssh-keyscan [-46cDHqv] [-f file] [-O option] [-p port] [-T timeout]\n"
    "                   [-t type] [host | addrlist namelist]\n";

NORETURN static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(1);
}

/* --- options --- */

static void
set_port(struct keyscan *ks, const char *text)
{
	uint64_t port;

	if (text_number(span_str(text), 1, UINT16_MAX, &port) != ERR_OK) {
		fprintf(stderr, "Bad port '%s'\n", text);
		exit(1);
	}
	ks->form.port = (uint16_t)port;
}

static void
set_timeout(struct keyscan *ks, const char *text)
{
	uint64_t seconds;

	if (text_time(span_str(text), &seconds) != ERR_OK || seconds == 0) {
		fprintf(stderr, "Bad timeout '%s'\n", text);
		usage();
	}
	ks->timeout = seconds * 1000;
}

static void
set_kinds(struct keyscan *ks, const char *text)
{
	struct span list = span_str(text), name;

	ks->kinds = 0;
	while (keyscan_next_name(&list, &name)) {
		keyscan_kinds kind = keyscan_find_kind(name);

		if (kind == 0)
			die("Unknown key type \"%.*s\"", (int)name.len, (const char *)name.p);
		ks->kinds |= kind;
	}
	if (ks->kinds == 0)
		die("Unknown key type \"%s\"", text);
}

static void
set_option(struct keyscan *ks, const char *text)
{
	struct span option = span_str(text), name = SPAN_LIT("hashalg=");

	if (!text_match(span_first(option, name.len), name, true))
		die("Unsupported -O option");
	ks->form.sshfp_hash = sshfp_hash(span_skip(option, name.len));
	if (ks->form.sshfp_hash == 0)
		die("Unsupported hash algorithm \"%s\"", text + name.len);
}

/* --- lists --- */

/* Adds what is in a file ("-": standard input) to the list. */
static void
add_file(struct writer *list, const char *path)
{
	SCOPED(writer_free) struct writer file = writer_init(KEYSCAN_MAX_LIST);
	bool is_stdin = strcmp(path, "-") == 0;
	enum err e = is_stdin ? file_read_fd(STDIN_FILENO, &file) : file_read_any(path, &file, NULL);

	if (e != ERR_OK)
		die("ssh-keyscan: %s: %s", is_stdin ? "(stdin)" : path,
		    e == ERR_SYSTEM || e == ERR_NOTFOUND ? strerror(errno) : err_text(e));
	wr_raw(list, writer_span(&file));
	wr_u8(list, '\n');
}

/* Connections that the limit of open files leaves room for. */
static unsigned
parallel(void)
{
	struct rlimit r;
	rlim_t n;

	process_raise_files();
	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur < FILES_OURS + FILES_EACH)
		return 1;
	n = (r.rlim_cur - FILES_OURS) / FILES_EACH;
	return n < KEYSCAN_PARALLEL ? (unsigned)n : KEYSCAN_PARALLEL;
}

/* An option without a value. */
static void
set_flag(struct keyscan *ks, int letter)
{
	switch (letter) {
	case '4':
		ks->family = NAMES_INET;
		break;
	case '6':
		ks->family = NAMES_INET6;
		break;
	case 'c':
		ks->form.is_cert = true;
		break;
	case 'D':
		ks->form.is_sshfp = true;
		break;
	case 'H':
		ks->form.is_hashed = true;
		break;
	case 'q':
		ks->is_quiet = true;
		break;
	case 'v':
		if (ks->log.level < LOG_LEVEL_DEBUG1)
			ks->log.level = LOG_LEVEL_DEBUG1;
		else if (ks->log.level < LOG_LEVEL_DEBUG3)
			ks->log.level++;
		break;
	default:
		usage();
	}
}

/* Reads the command line; what is to be scanned is added to the list. */
static void
parse(struct keyscan *ks, struct writer *list, int argc, char **argv)
{
	bool has_file = false;
	int letter;

	while ((letter = getopt(argc, argv, "46cDHqvf:O:p:T:t:")) != -1) {
		switch (letter) {
		case 'f':
			add_file(list, optarg);
			has_file = true;
			break;
		case 'O':
			set_option(ks, optarg);
			break;
		case 'p':
			set_port(ks, optarg);
			break;
		case 'T':
			set_timeout(ks, optarg);
			break;
		case 't':
			set_kinds(ks, optarg);
			break;
		default:
			set_flag(ks, letter);
		}
	}
	if (optind == argc && !has_file)
		usage();
	if (ks->form.is_cert && ks->form.is_sshfp)
		die("-c and -D exclude each other: certificates have no SSHFP records");
	for (int i = optind; i < argc; i++) {
		wr_raw(list, span_str(argv[i]));
		wr_u8(list, '\n');
	}
}

int
ssh_keyscan_main(int argc, char **argv)
{
	SCOPED(writer_free) struct writer list = writer_init(KEYSCAN_MAX_LIST);
	struct keyscan ks = {
		.form = { .port = 22 },
		.kinds = keyscan_default_kinds(),
		.timeout = 5000,
		.log = log_to_stderr("ssh-keyscan"),
		.out = STDOUT_FILENO,
		.comments = STDERR_FILENO,
	};
	uint64_t n_keys;
	enum err e;

	process_fill_standard();
	crypto_init();
	(void)signal(SIGPIPE, SIG_IGN);
	ks.log.plain_errors = true;
	parse(&ks, &list, argc, argv);
	ks.parallel = parallel();
	e = wr_end(&list);
	ks.list = writer_span(&list);
	if (e == ERR_OK)
		e = keyscan_run(&ks, &n_keys);
	if (e != ERR_OK)
		die("ssh-keyscan: %s", e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	return n_keys > 0 ? 0 : 1;
}
