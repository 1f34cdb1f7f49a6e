/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral assist: lets a support engineer in through a relay, for a while. */
#include "tools/assist.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text.h"
#include "os/process.h"
#include "os/whoami.h"

/* The server ends the sessions when the time is over, and says why; this process a moment later. */
#define AFTER_END_MS	1000

/* Options for ssh that leave nothing to watch: no process, no log, another way. */
#define NO_OPTIONS	"fqW"

/* --- what ends it --- */

static void
on_signal(void *arg, int signo)
{
	struct assist *a = arg;

	a->signo = signo;
	assist_end(a, 128 + signo, "stopped on the device");
}

static void
on_child(void *arg, int signo)
{
	(void)signo;
	assist_line_reap(arg);
}

/* Each second; the end has its time. */
static void
on_tick(void *arg)
{
	struct assist *a = arg;
	msec now = loop_now(a->loop), over = a->end + AFTER_END_MS;

	if (now >= over) {
		assist_end(a, EPH_DONE, "the time is over");
		return;
	}
	assist_tell_time(a);
	timer_set(a->tick, a->is_tty && now + 1000 < over ? now + 1000 : over);
}

static enum err
take_signals(struct assist *a)
{
	static const int ending[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

	TRY(loop_timer(a->loop, &a->tick, on_tick, a));
	for (size_t i = 0; i < COUNT(ending); i++)
		TRY(loop_signal(a->loop, ending[i], on_signal, a));
	return loop_signal(a->loop, SIGCHLD, on_child, a);
}

/* --- its life --- */

static int
serve(struct assist *a)
{
	int code = assist_server_start(a);

	if (code != EPH_DONE || a->stop)
		return a->stop ? a->code_of_exit : code;
	assist_tell(a, "connecting");
	code = assist_line_start(a);
	if (code != EPH_DONE)
		return code;
	timer_set(a->tick, loop_time(a->loop));
	while (!a->stop && loop_run(a->loop) == ERR_OK)
		;
	/* Nothing more comes in, then whoever is in goes. */
	a->stop = true;
	a->is_ready = false;
	assist_line_stop(a);
	return a->code_of_exit;
}

static int
run(struct assist *a)
{
	int code;

	if (loop_new(&a->loop) != ERR_OK)
		return eph_complain(EPH_REFUSED, "cannot wait for anything: %s", strerror(errno));
	a->lb.loop = a->loop;
	a->end = loop_time(a->loop) + (msec)a->ttl;
	if (take_signals(a) == ERR_OK)
		code = serve(a);
	else
		code = eph_complain(EPH_REFUSED, "cannot wait for anything: %s", strerror(errno));
	a->stop = true;
	assist_server_stop(a);
	a->n_sessions = 0;
	a->is_code_open = false;
	if (a->reason != NULL)
		assist_tell(a, "ended");
	timer_free(a->tick);
	writer_free(&a->log.pending);
	writer_free(&a->said.pending);
	wipe(a->code, sizeof(a->code));
	loop_free(a->loop);
	return code;
}

/* --- the command line --- */

static int
take_option(struct assist *a, int opt, char **argv)
{
	uint64_t port;

	switch (opt) {
	case 'r':
		a->relay = optarg;
		return EPH_DONE;
	case 'd':
		if (!name_is_valid(span_str(optarg)))
			return eph_usage("--device: \"%s\" is no name (letters, digits, - _ and .)", optarg);
		snprintf(a->device, sizeof(a->device), "%s", optarg);
		return EPH_DONE;
	case 'u':
		a->user = optarg;
		return EPH_DONE;
	case 'f':
		a->from = optarg;
		return EPH_DONE;
	case 'T':
		a->to = optarg;
		return EPH_DONE;
	case 'O':
		a->options = optarg;
		return EPH_DONE;
	case 's':
		a->sshd = optarg;
		return EPH_DONE;
	case 'w':
		a->is_throwaway = true;
		return EPH_DONE;
	case 'P':
		if (text_number(span_str(optarg), 1, UINT16_MAX, &port) != ERR_OK)
			return eph_usage("--port: \"%s\" is no port", optarg);
		a->port = (uint32_t)port;
		return EPH_DONE;
	case 't':
		return eph_time(optarg, &a->ttl) && a->ttl > 0 ? EPH_DONE :
		    eph_usage("--ttl: \"%s\" is not a time (90, 90s, 5m, 1h30m)", optarg);
	case 'j':
		a->json = true;
		return EPH_DONE;
	default:
		return eph_bad_option("assist", argv);
	}
}

/* What was not given: who runs this, and the machine's own name. */
static int
fill_in(struct assist *a, struct account *me)
{
	char host[256];
	struct cidr cidr;
	struct span list, one;

	if (a->relay == NULL || a->where.host != NULL)
		return eph_usage("assist: --relay [USER@]HOST is needed");
	if (a->is_throwaway && a->where.socket != NULL)
		return eph_usage("--throwaway and --socket name two servers");
	list = a->from == NULL ? SPAN_EMPTY : span_str(a->from);
	while (a->from != NULL && span_token(&list, ',', &one)) {
		if (cidr_parse(one, &cidr) != ERR_OK)
			return eph_usage("--from: \"%s\" is not a list of networks", a->from);
	}
	if (whoami_account(me) != ERR_OK)
		return eph_complain(EPH_REFUSED, "out of memory");
	if (a->user == NULL)
		a->user = me->name;
	if (a->device[0] != '\0')
		return EPH_DONE;
	whoami_host(host, sizeof(host));
	host[strcspn(host, ".")] = '\0';
	if (!name_is_valid(span_str(host)))
		return eph_usage("this machine is called \"%s\": give --device NAME", host);
	snprintf(a->device, sizeof(a->device), "%.63s", host);
	return EPH_DONE;
}

int
eph_assist_main(int argc, char **argv)
{
	static const struct option options[] = {
		EPH_WHERE_OPTIONS,
		{ "relay", required_argument, NULL, 'r' + 256 },
		{ "device", required_argument, NULL, 'd' + 256 },
		{ "user", required_argument, NULL, 'u' + 256 },
		{ "from", required_argument, NULL, 'f' + 256 },
		{ "to", required_argument, NULL, 'T' + 256 },
		{ "options", required_argument, NULL, 'O' + 256 },
		{ "sshd", required_argument, NULL, 's' + 256 },
		{ "throwaway", no_argument, NULL, 'w' + 256 },
		{ "port", required_argument, NULL, 'P' + 256 },
		{ "ttl", required_argument, NULL, 't' + 256 },
		{ "json", no_argument, NULL, 'j' + 256 },
		{ NULL, 0, NULL, 0 },
	};
	SCOPED(account_free) struct account me = { .name = NULL };
	struct assist a = { .ttl = (uint64_t)2 * 3600 * 1000, .state = "connecting",
	    .lb = { .host = { .fd = -1 }, .user = { .fd = -1 } }, .is_tty = isatty(STDOUT_FILENO) == 1,
	    .log = { .fd = -1, .is_log = true, .pending = writer_init(64 * 1024) },
	    .said = { .fd = -1, .pending = writer_init(64 * 1024) }, .events = { .in = -1, .out = -1 } };
	int opt, code;

	process_fill_standard();
	optind = 1;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, EPH_WHERE_SHORT, options, NULL)) != -1) {
		code = opt >= 256 && opt < 512 ? take_option(&a, opt - 256, argv) :
		    eph_where_option(&a.where, opt) ? EPH_DONE : eph_bad_option("assist", argv);
		if (code != EPH_DONE)
			return code;
		if (opt < 256 && strchr(NO_OPTIONS, opt) != NULL)
			return eph_usage("assist: -%c would hide the line from it", opt);
	}
	if (optind != argc)
		return eph_usage("assist takes no argument");
	code = fill_in(&a, &me);
	return code == EPH_DONE ? run(&a) : code;
}
