/* SPDX-License-Identifier: ISC */
/* ssh-agent(1): the command line, what is printed for shells, and going into the background. */
#include "tools/ssh_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/random.h"
#include "keys/fingerprint.h"
#include "os/process.h"
#include "tools/die.h"
#include "tools/programs.h"

static const char usage_text[] =
    "usage: ssh-agent [-c | -s] [-DdTU] [-a bind_address] [-E fingerprint_hash]\n"
    "                 [-O option] [-P allowed_providers] [-t life]\n"
    "       ssh-agent [-TU] [-a bind_address] [-E fingerprint_hash] [-O option]\n"
    "                 [-P allowed_providers] [-t life] command [arg ...]\n"
    "       ssh-agent [-c | -s] -k\n"
    "       ssh-agent -u\n"
    "       ssh-agent -V\n";

/* The command line. */
struct options {
	bool is_csh;			/* -c */
	bool is_sh;			/* -s */
	bool stays;			/* -D, -d */
	bool debugs;			/* -d */
	bool kills;			/* -k */
	unsigned cleans;		/* -u */
	bool has_providers;		/* -P */
	uint32_t lifetime;		/* -t */
	struct agent_place place;
	char **command;			/* NULL: none */
};

NORETURN static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(1);
}

/* --- the command line --- */

static void
set_lifetime(struct options *o, const char *text)
{
	uint64_t seconds;

	if (text_time(span_str(text), &seconds) != ERR_OK) {
		fputs("Invalid lifetime\n", stderr);
		usage();
	}
	o->lifetime = (uint32_t)seconds;
}

/* Options about keys in tokens, of which there are none here: they change nothing. */
static void
check_option(const char *text)
{
	if (strcmp(text, "no-restrict-websafe") != 0 && strcmp(text, "allow-remote-pkcs11") != 0 &&
	    strncmp(text, "websafe-allow=", 14) != 0)
		die("Unknown -O option");
}

static void
check_hash(const char *text)
{
	enum fingerprint kind;

	if (fingerprint_kind(span_str(text), &kind) != ERR_OK)
		die("Invalid hash algorithm \"%s\"", text);
}

static void
option(struct options *o, int letter, const char *value)
{
	switch (letter) {
	case 'a':
		o->place.path = value;
		break;
	case 'c':
		o->is_csh = true;
		break;
	case 'D':
		o->stays = true;
		break;
	case 'd':
		o->stays = o->debugs = true;
		break;
	case 'E':
		check_hash(value);
		break;
	case 'k':
		o->kills = true;
		break;
	case 'O':
		check_option(value);
		break;
	case 'P':
		if (o->has_providers)
			die("-P option already specified");
		o->has_providers = true;
		break;
	case 's':
		o->is_sh = true;
		break;
	case 'T':
		o->place.in_tmp = true;
		break;
	case 't':
		set_lifetime(o, value);
		break;
	case 'U':
		o->place.keep_stale = true;
		break;
	case 'u':
		o->cleans++;
		break;
	case 'V':
		fprintf(stderr, "%s, %s\n", DAYFLY_PRODUCT, OpenSSL_version(OPENSSL_VERSION));
		exit(0);
	default:
		usage();
	}
}

/* Shells whose names end with csh. */
static bool
shell_is_csh(void)
{
	const char *shell = getenv("SHELL");
	size_t len = shell == NULL ? 0 : strlen(shell);

	return len >= 3 && strcmp(shell + len - 3, "csh") == 0;
}

static struct options
parse(int argc, char **argv)
{
	struct options o = { .lifetime = 0 };
	int letter;

	while ((letter = getopt(argc, argv, "+cDdksTuUVa:E:O:P:t:")) != -1)
		option(&o, letter, optarg);
	if (optind < argc)
		o.command = argv + optind;
	if ((o.command != NULL && (o.is_csh || o.is_sh || o.stays || o.kills || o.cleans > 0)) ||
	    (o.is_csh && o.is_sh) || (o.place.path != NULL && o.place.in_tmp))
		usage();
	if (o.command == NULL && !o.is_csh && !o.is_sh)
		o.is_csh = shell_is_csh();
	return o;
}

/* --- what shells are told --- */

/* A word for either kind of shell, quoted if it has to be. */
static void
put_word(struct writer *w, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%=";

	if (word[strspn(word, plain)] == '\0') {
		wr_raw(w, span_str(word));
		return;
	}
	wr_u8(w, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			wr_raw(w, SPAN_LIT("'\\''"));
		else
			wr_u8(w, (uint8_t)*word);
	}
	wr_u8(w, '\'');
}

static void
print_variable(bool is_csh, const char *name, const char *value)
{
	SCOPED(writer_free) struct writer w = writer_init(8 * PATH_MAX);

	wr_printf(&w, is_csh ? "setenv %s " : "%s=", name);
	put_word(&w, value);
	if (is_csh)
		wr_printf(&w, ";\n");
	else
		wr_printf(&w, "; export %s;\n", name);
	if (wr_end(&w) == ERR_OK)
		fwrite(w.p, 1, w.len, stdout);
}

/* --- -k --- */

static int
kill_agent(const struct options *o)
{
	const char *pid = getenv("SSH_AGENT_PID");
	const char *unset = o->is_csh ? "unsetenv" : "unset";
	uint64_t n;
	enum err e;

	if (pid == NULL) {
		fputs("SSH_AGENT_PID not set, cannot kill agent\n", stderr);
		return 1;
	}
	e = text_number(span_str(pid), 2, INT32_MAX, &n);	/* 1 is init */
	if (e != ERR_OK) {
		fprintf(stderr, "SSH_AGENT_PID=\"%s\", which is not a good PID: %s\n", pid,
		    e == ERR_RANGE ? "out of range" : "invalid");
		return 1;
	}
	if (kill((pid_t)n, SIGTERM) == -1) {
		perror("kill");
		return 1;
	}
	printf("%s SSH_AUTH_SOCK;\n%s SSH_AGENT_PID;\necho Agent pid %ld killed;\n", unset, unset, (long)n);
	return 0;
}

/* --- starting --- */

/* The process that has what is to be hidden. */
static int
become_agent(struct agent_program *p, const struct options *o)
{
	struct rng rng = rng_system();

	if (agent_new(&rng, o->lifetime, &p->agent) != ERR_OK) {
		log_fatal(&p->log, "%s", err_text(ERR_NOMEM));
		agent_socket_remove(&p->socket);
		return 1;
	}
	return agent_serve(p);
}

static int
stay(struct agent_program *p, const struct options *o)
{
	if (!p->socket.is_given) {
		print_variable(o->is_csh, "SSH_AUTH_SOCK", p->socket.path);
		printf("echo Agent pid %ld;\n", (long)getpid());
		fflush(stdout);
	}
	return become_agent(p, o);
}

/* Leaves the terminal, and all else that it was started with. */
static void
leave_terminal(struct agent_program *p)
{
	int null;

	process_close_others(&p->socket.fd, 1);
	null = open("/dev/null", O_RDWR);

	p->log = (struct log){ .level = LOG_LEVEL_INFO, .tag = "ssh-agent", .fd = -1,
		.use_syslog = true, .facility = LOG_AUTH };
	p->ignores_interrupt = true;
	(void)setsid();
	if (chdir("/") == -1)
		log_error(&p->log, "/: %s", strerror(errno));
	for (int fd = 0; null != -1 && fd <= 2; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		close(null);
}

static int
run_command(const struct agent_program *p, const struct options *o, const char *pid)
{
	if (setenv("SSH_AUTH_SOCK", p->socket.path, 1) == -1 || setenv("SSH_AGENT_PID", pid, 1) == -1) {
		perror("setenv");
		return 1;
	}
	execvp(o->command[0], o->command);
	perror(o->command[0]);
	return 1;
}

static int
go_to_background(struct agent_program *p, const struct options *o)
{
	pid_t own = getpid(), pid = fork();
	char number[24];

	if (pid == -1) {
		perror("fork");
		agent_socket_remove(&p->socket);
		return 1;
	}
	if (pid == 0) {
		p->parent = o->command == NULL ? 0 : own;
		leave_terminal(p);
		return become_agent(p, o);
	}
	close(p->socket.fd);
	snprintf(number, sizeof(number), "%ld", (long)pid);
	if (o->command != NULL)
		return run_command(p, o, number);
	print_variable(o->is_csh, "SSH_AUTH_SOCK", p->socket.path);
	print_variable(o->is_csh, "SSH_AGENT_PID", number);
	printf("echo Agent pid %s;\n", number);
	return fflush(stdout) == 0 ? 0 : 1;
}

int
ssh_agent_main(int argc, char **argv)
{
	struct agent_program p = { .log = log_to_stderr("ssh-agent") };
	bool is_given = false;
	struct options o;

	process_fill_standard();
	crypto_init();
	o = parse(argc, argv);
	p.log.plain_errors = true;
	if (o.debugs)
		p.log.level = LOG_LEVEL_DEBUG3;
	if (o.kills)
		return kill_agent(&o);
	if (o.cleans > 0) {
		agent_socket_clean(o.cleans > 1, &p.log);
		printf("Deleted stale agent sockets in ~/.ssh/agent\n");
		return 0;
	}
	if (o.stays && o.place.path == NULL && agent_socket_take(&p.socket, &p.log, &is_given) != ERR_OK)
		return 255;
	if (!is_given && agent_socket_make(&p.socket, &o.place, &p.log) != ERR_OK)
		return 1;
	return o.stays ? stay(&p, &o) : go_to_background(&p, &o);
}
