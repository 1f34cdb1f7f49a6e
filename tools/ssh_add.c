/* SPDX-License-Identifier: ISC */
/* ssh-add(1): the command line, and locking. */
#include "tools/ssh_add.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "os/process.h"
#include "os/whoami.h"
#include "ssh/agent_client.h"
#include "tools/programs.h"
#include "tools/ssh_keygen.h"

static const char usage_text[] =
    "usage: ssh-add [-CcDdkLlNQqvXx] [-E fingerprint_hash] [-H hostkey_file]\n"
    "               [-h destination_constraint] [-S provider] [-t life]\n"
    "               [file ...]\n"
    "       ssh-add -T pubkey ...\n";

static const char *const default_files[] = {
	"id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_mldsa44_ed25519",
};

size_t
ssh_add_default_count(void)
{
	return COUNT(default_files);
}

char *
ssh_add_default(const struct ssh_add *a, size_t n)
{
	char *path;

	if (asprintf(&path, "%s/.ssh/%s", a->me.home, default_files[n]) == -1)
		die("%s", err_text(ERR_NOMEM));
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

const char *
ssh_add_error(enum err e)
{
	if (e == ERR_DENIED)
		return "agent refused operation";
	return e == ERR_SYSTEM || e == ERR_CLOSED || err_class(e) == ERR_CLASS_PEER ?
	    "communication with agent failed" : err_text(e);
}

/* --- the command line --- */

NORETURN static void
usage(void)
{
	fputs(usage_text, stderr);
	exit(1);
}

/* What is to be done; one thing only. */
static void
set_action(char *action, int letter)
{
	if (*action == letter)
		die("-%c flag already specified", letter);
	if ((*action == 'l' && letter == 'L') || (*action == 'L' && letter == 'l'))
		die("-%c flag already specified", *action);
	if (*action != '\0')
		die("Invalid combination of actions");
	*action = (char)letter;
}

static void
add_name(struct ssh_add_names *names, const char *name)
{
	const char **v = realloc(names->v, (names->n + 1) * sizeof(*v));

	if (v == NULL)
		die("%s", err_text(ERR_NOMEM));
	names->v = v;
	names->v[names->n++] = name;
}

static void
set_lifetime(struct ssh_add *a, const char *text)
{
	uint64_t seconds;

	if (text_time(span_str(text), &seconds) != ERR_OK) {
		fputs("Invalid lifetime\n", stderr);
		exit(1);
	}
	a->lifetime = (uint32_t)seconds;
}

/* Said rather than left to the agent, which would not know what it is that cannot be done. */
NORETURN static void
refuse_token(int letter)
{
	fprintf(stderr, "ssh-add: -%c: keys of security tokens cannot be fetched from them here\n", letter);
	exit(1);
}

static void
option(struct ssh_add *a, char *action, int letter, const char *value)
{
	switch (letter) {
	case 'C':
		a->certs_only = true;
		break;
	case 'c':
		a->confirm = true;
		break;
	case 'E':
		if (fingerprint_kind(span_str(value), &a->fingerprint) != ERR_OK)
			die("Invalid hash algorithm \"%s\"", value);
		break;
	case 'e':
	case 'K':
	case 's':
		refuse_token(letter);
	case 'H':
		add_name(&a->host_files, value);
		break;
	case 'h':
		add_name(&a->places, value);
		break;
	case 'k':
		a->keys_only = true;
		break;
	case 'M':		/* of keys that there are no more */
	case 'm':
		break;
	case 'v':
		if (a->log.level < LOG_LEVEL_DEBUG3)
			a->log.level = a->log.level < LOG_LEVEL_DEBUG1 ? LOG_LEVEL_DEBUG1 : a->log.level + 1;
		break;
	case 'N':
		a->ignores_expiry = true;
		break;
	case 'q':
		a->is_quiet = true;
		break;
	case 'S':
		a->provider = value;
		break;
	case 't':
		set_lifetime(a, value);
		break;
	case '?':
		usage();
	default:
		set_action(action, letter);
	}
}

/* The letter of the action, or 0: add. */
static char
parse(struct ssh_add *a, int argc, char **argv)
{
	char action = '\0';
	int letter;

	while ((letter = getopt(argc, argv, "+CcDdE:e:H:h:KkLlM:m:NQqS:s:Tt:vXx")) != -1)
		option(a, &action, letter, optarg);
	return action;
}

/* --- -x, -X --- */

static int
lock(const struct ssh_add *a, bool locks)
{
	SCOPED(secret_free) struct secret word = ask_passphrase("Enter lock password: ");
	SCOPED(secret_free) struct secret again = { NULL, 0 };
	SCOPED(writer_free) struct writer request = writer_init(AGENT_MAX_FRAME);
	enum err e;

	if (locks) {
		again = ask_passphrase("Again: ");
		if (!span_eq_secret(secret_span(&word), secret_span(&again))) {
			fputs("Passwords do not match.\n", stderr);
			return 1;
		}
	}
	agent_string_put(&request, locks ? AGENT_LOCK : AGENT_UNLOCK, secret_span(&word));
	e = agent_request(a->agent, &request);
	if (e == ERR_OK)
		fprintf(stderr, "Agent %slocked.\n", locks ? "" : "un");
	else
		fprintf(stderr, "Failed to %slock agent: %s\n", locks ? "" : "un", ssh_add_error(e));
	return e == ERR_OK ? 0 : 1;
}

/* --- all of it --- */

static void
connect_to_agent(struct ssh_add *a)
{
	const char *path = getenv("SSH_AUTH_SOCK");

	if (path == NULL || path[0] == '\0') {
		fputs("Could not open a connection to your authentication agent.\n", stderr);
		exit(2);
	}
	if (agent_open(path, &a->agent) != ERR_OK) {
		fprintf(stderr, "Error connecting to agent: %s\n", strerror(errno));
		exit(2);
	}
	log_debug(&a->log, "connected to the agent at %s", path);
}

static int
run(struct ssh_add *a, char action, char **files, size_t n)
{
	switch (action) {
	case 'D':
		return ssh_add_remove_all(a);
	case 'd':
		return ssh_add_remove(a, files, n);
	case 'L':
	case 'l':
		return ssh_add_list(a, action == 'L');
	case 'Q':
		return ssh_add_query(a);
	case 'T':
		return ssh_add_test(a, files, n);
	case 'X':
	case 'x':
		return lock(a, action == 'x');
	default:
		ssh_add_find_destinations(a);
		return ssh_add_files(a, files, n);
	}
}

int
ssh_add_main(int argc, char **argv)
{
	struct ssh_add a = { .agent = -1, .log = log_to_stderr("ssh-add"), .fingerprint = FINGERPRINT_SHA256, .provider = getenv("SSH_SK_PROVIDER"),
		.destinations = writer_init(AGENT_MAX_FRAME) };
	char action;
	int status;

	process_fill_standard();
	process_not_traceable();
	crypto_init();
	action = parse(&a, argc, argv);
	connect_to_agent(&a);
	if (whoami_account(&a.me) != ERR_OK)
		die("%s", err_text(ERR_NOMEM));
	status = run(&a, action, argv + optind, (size_t)(argc - optind));
	close(a.agent);
	account_free(&a.me);
	secret_free(&a.passphrase);
	writer_free(&a.destinations);
	free(a.places.v);
	free(a.host_files.v);
	if (fflush(stdout) != 0 && status == 0)
		die("ssh-add: writing to standard output failed");
	return status;
}
