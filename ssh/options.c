/* SPDX-License-Identifier: ISC */
#include "ssh/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/writer.h"
#include "config/line.h"
#include "config/ssh_config.h"
#include "ssh/destination.h"

/* Flags that stand for a line of the config; %s is the argument. */
struct flag {
	char letter;
	bool has_value;
	bool is_front;			/* wins over -o, wherever it stands */
	const char *keyword;
	const char *value;		/* NULL: the argument */
};

static const struct flag flags[] = {
	{ '4', false, false, "AddressFamily", "inet" },
	{ '6', false, false, "AddressFamily", "inet6" },
	{ 'A', false, true, "ForwardAgent", "yes" },
	{ 'a', false, true, "ForwardAgent", "no" },
	{ 'B', true, true, "BindInterface", NULL },
	{ 'b', true, true, "BindAddress", NULL },
	{ 'C', false, true, "Compression", "yes" },
	{ 'c', true, false, "Ciphers", NULL },
	{ 'D', true, false, "DynamicForward", NULL },
	{ 'g', false, true, "GatewayPorts", "yes" },
	{ 'J', true, false, "ProxyJump", NULL },
	{ 'K', false, false, NULL, NULL },		/* no GSSAPI here: nothing to do */
	{ 'k', false, false, NULL, NULL },
	{ 'L', true, false, "LocalForward", NULL },
	{ 'l', true, false, "User", NULL },
	{ 'm', true, false, "MACs", NULL },
	{ 'N', false, true, "SessionType", "none" },
	{ 'n', false, true, "StdinNull", "yes" },
	{ 'P', true, false, "Tag", NULL },
	{ 'p', true, false, "Port", NULL },
	{ 'R', true, false, "RemoteForward", NULL },
	{ 'S', true, true, "ControlPath", NULL },
	{ 'X', false, true, "ForwardX11", "yes" },
	{ 'x', false, true, "ForwardX11", "no" },
	{ '2', false, false, NULL, NULL },
};

static const char usage_text[] =
    "usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface] [-b bind_address]\n"
    "           [-c cipher_spec] [-D [bind_address:]port] [-E log_file]\n"
    "           [-e escape_char] [-F configfile] [-i identity_file]\n"
    "           [-J destination] [-L address] [-l login_name] [-m mac_spec]\n"
    "           [-O ctl_cmd] [-o option] [-P tag] [-p port] [-R address]\n"
    "           [-S ctl_path] [-W host:port] [-w local_tun[:remote_tun]]\n"
    "           destination [command [argument ...]]\n"
    "       ssh [-Q query_option]\n";

void
options_usage(void)
{
	fputs(usage_text, stderr);
}

static enum err
usage(void)
{
	options_usage();
	return ERR_SYNTAX;
}

/* Adds a line that becomes list's, also on error. */
static enum err
add_taken(struct option_lines *list, char *line)
{
	char **v = line == NULL ? NULL : realloc(list->v, (list->n + 1) * sizeof(*v));

	if (v == NULL) {
		free(line);
		return ERR_NOMEM;
	}
	list->v = v;
	v[list->n++] = line;
	return ERR_OK;
}

static enum err
add_copy(struct option_lines *list, const char *line)
{
	return add_taken(list, strdup(line));
}

/* Adds "Keyword value", the value as one word. */
static enum err
add_setting(struct option_lines *list, const char *keyword, struct span value)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	wr_printf(&w, "%s ", keyword);
	word_put(&w, value);
	TRY(wr_end(&w));
	return add_taken(list, span_dup_str(writer_span(&w)));
}

/* --- flags that need more than a table --- */

static enum err
take_port(struct options *o, const char *value)
{
	uint64_t port;

	if (text_number(span_str(value), 1, UINT16_MAX, &port) != ERR_OK) {
		fprintf(stderr, "Bad port '%s'\n", value);
		return ERR_SYNTAX;
	}
	return add_setting(&o->lines, "Port", span_str(value));
}

/*
 * -l, or what stands before the host: taken as it is. A variable in it would be
 * expanded, and the command line may have been made by somebody who should not
 * see ours; a % would begin a token.
 */
static enum err
take_user(struct options *o, struct span user)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_LINE);

	if (!ssh_user_is_safe(user)) {
		fputs("remote username contains invalid characters\n", stderr);
		return ERR_SYNTAX;
	}
	for (size_t i = 0; i < user.len; i++) {
		if (user.p[i] == '%')
			wr_u8(&text, '%');
		wr_u8(&text, user.p[i]);
	}
	TRY(wr_end(&text));
	return add_setting(&o->lines, "User", writer_span(&text));
}

static enum err
take_background(struct options *o)
{
	TRY(add_copy(&o->front, "ForkAfterAuthentication yes"));
	return add_copy(&o->front, "StdinNull yes");
}

/* -W; what it implies is in imply_options(). */
static enum err
take_stdio_forward(struct options *o, const char *value)
{
	if (o->stdio_forward != NULL) {
		fputs("stdio forward already specified\n", stderr);
		return ERR_SYNTAX;
	}
	o->stdio_forward = value;
	TRY(add_copy(&o->front, "RequestTTY no"));
	return add_copy(&o->front, "SessionType none");
}

/* -J may be written over by nothing, and -o ProxyCommand must not come with it. */
static enum err
take_jump(struct options *o, const char *value)
{
	if (o->has_jump) {
		fputs("Only a single -J option is permitted (use commas to separate multiple jump hops)\n",
		    stderr);
		return ERR_SYNTAX;
	}
	o->has_jump = true;
	return add_setting(&o->lines, "ProxyJump", span_str(value));
}

static enum err
take_mux_command(struct options *o, const char *value)
{
	static const char *const commands[] = { "check", "forward", "cancel", "exit", "stop",
		"conninfo", "channels", "proxy" };

	if (o->mux_command != NULL) {
		fputs("Multiplexing command already specified\n", stderr);
		return ERR_SYNTAX;
	}
	o->mux_command = value;
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(value, commands[i]) == 0)
			return ERR_OK;
	fputs("Invalid multiplex command.\n", stderr);
	return ERR_SYNTAX;
}

static enum err
take_trusted_x11(struct options *o)
{
	TRY(add_copy(&o->front, "ForwardX11 yes"));
	return add_copy(&o->front, "ForwardX11Trusted yes");
}

static enum err
take_tunnel(struct options *o, const char *value)
{
	TRY(add_setting(&o->lines, "TunnelDevice", span_str(value)));
	return add_copy(&o->lines, "Tunnel point-to-point");
}

static enum err
take_escape(struct options *o, const char *value)
{
	o->has_escape = true;
	return add_setting(&o->front, "EscapeChar", span_str(value));
}

/* Takes flags without a value that change *o itself. False if it is none of them. */
static bool
take_switch(struct options *o, char letter)
{
	switch (letter) {
	case 'G':
		o->wants_dump = true;
		return true;
	case 'q':
		o->is_quiet = true;
		return true;
	case 'T':
		o->no_tty = true;
		o->tty = 0;
		return true;
	case 't':
		o->no_tty = false;
		o->tty++;
		return true;
	case 'V':
		o->wants_version = true;
		return true;
	case 'v':
		o->verbose++;
		return true;
	case 'M':
		o->master++;
		return true;
	case 's':
		o->is_subsystem = true;
		return true;
	case 'y':
		o->uses_syslog = true;
		return true;
	default:
		return false;
	}
}

/* Whether the flag takes a value; false for flags that there are not too. */
static bool
wants_value(char letter)
{
	for (size_t i = 0; i < COUNT(flags); i++)
		if (flags[i].letter == letter)
			return flags[i].has_value;
	return strchr("EeFIiOoQWw", letter) != NULL;
}

static enum err
take_value(struct options *o, char letter, const char *value)
{
	switch (letter) {
	case 'E':
		o->log_file = value;
		return ERR_OK;
	case 'e':
		return take_escape(o, value);
	case 'F':
		o->config_file = value;
		return ERR_OK;
	case 'i':
		return add_copy(&o->identities, value);
	case 'I':
		fputs("no support for PKCS#11.\n", stderr);
		return ERR_OK;
	case 'O':
		return take_mux_command(o, value);
	case 'o':
		return add_copy(&o->lines, value);
	case 'l':
		return take_user(o, span_str(value));
	case 'p':
		return take_port(o, value);
	case 'Q':
		o->query = value;
		return ERR_OK;
	case 'W':
		return take_stdio_forward(o, value);
	case 'w':
		return take_tunnel(o, value);
	case 'J':
		return take_jump(o, value);
	default:
		for (size_t i = 0; i < COUNT(flags); i++)
			if (flags[i].letter == letter)
				return add_setting(flags[i].is_front ? &o->front : &o->lines,
				    flags[i].keyword, span_str(value));
		return usage();
	}
}

static enum err
take_flag(struct options *o, char letter)
{
	if (take_switch(o, letter))
		return ERR_OK;
	if (letter == 'f')
		return take_background(o);
	if (letter == 'Y')
		return take_trusted_x11(o);
	if (letter == '1') {
		fputs("SSH protocol v.1 is no longer supported\n", stderr);
		return ERR_SYNTAX;
	}
	for (size_t i = 0; i < COUNT(flags); i++) {
		const struct flag *f = &flags[i];

		if (f->letter != letter)
			continue;
		if (f->keyword == NULL)
			return ERR_OK;
		return add_setting(f->is_front ? &o->front : &o->lines, f->keyword,
		    span_str(f->value));
	}
	fprintf(stderr, "unknown option -- %c\n", letter);
	return usage();
}

/* -V and -Q are answered at once: nobody looks at what comes behind them. */
static bool
is_answered(const struct options *o)
{
	return o->wants_version || o->query != NULL;
}

/* Takes the flags at argv[*i] and following; stops at what is none. */
static enum err
take_flags(struct options *o, int argc, char **argv, int *i, bool *ended)
{
	for (; *i < argc && argv[*i][0] == '-' && argv[*i][1] != '\0' && !*ended; (*i)++) {
		const char *at = argv[*i] + 1;

		if (strcmp(argv[*i], "--") == 0) {
			*ended = true;
			continue;
		}
		for (; *at != '\0'; at++) {
			char letter = *at;

			if (!wants_value(letter)) {
				TRY(take_flag(o, letter));
				if (is_answered(o))
					return ERR_OK;
				continue;
			}
			if (at[1] == '\0' && *i + 1 == argc) {
				fprintf(stderr, "option requires an argument -- %c\n", letter);
				return usage();
			}
			TRY(take_value(o, letter, at[1] != '\0' ? at + 1 : argv[++*i]));
			if (is_answered(o))
				return ERR_OK;
			break;
		}
	}
	return ERR_OK;
}

/* --- what is not a flag --- */

static enum err
take_destination(struct options *o, const char *text)
{
	SCOPED(writer_free) struct writer user = writer_init(LIMIT_LINE);
	struct destination d;
	char port[8];

	if (destination_parse(span_str(text), &d) != ERR_OK ||
	    destination_put_user(&d, &user) != ERR_OK)
		return usage();
	if (user.len > 0)
		TRY(take_user(o, writer_span(&user)));
	if (d.port != 0) {
		snprintf(port, sizeof(port), "%u", d.port);
		TRY(add_setting(&o->lines, "Port", span_str(port)));
	}
	o->host = span_dup_str(d.host);
	return o->host == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
take_command(struct options *o, int n, char **words)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);

	if (n == 0)
		return ERR_OK;
	for (int i = 0; i < n; i++) {
		if (i > 0)
			wr_u8(&w, ' ');
		wr_raw(&w, span_str(words[i]));
	}
	TRY(wr_end(&w));
	o->command = span_dup_str(writer_span(&w));
	return o->command == NULL ? ERR_NOMEM : ERR_OK;
}

/* What -W implies unless another option says otherwise (ssh(1)). */
static enum err
imply_options(struct options *o)
{
	if (o->stdio_forward == NULL)
		return ERR_OK;
	TRY(add_copy(&o->lines, "ExitOnForwardFailure yes"));
	return add_copy(&o->lines, "ClearAllForwardings yes");
}

/* Flags that were counted become lines, for the config to judge. */
static enum err
finish(struct options *o)
{
	char level[16];

	TRY(imply_options(o));
	if (o->no_tty)
		TRY(add_copy(&o->front, "RequestTTY no"));
	if (o->tty > 0)
		TRY(add_copy(&o->front, o->tty > 1 ? "RequestTTY force" : "RequestTTY yes"));
	if (o->is_subsystem)
		TRY(add_copy(&o->front, "SessionType subsystem"));
	/* Twice: ask; -O talks to a master and never is one. */
	if (o->mux_command != NULL)
		TRY(add_copy(&o->front, "ControlMaster no"));
	else if (o->master > 0)
		TRY(add_copy(&o->front, o->master > 1 ? "ControlMaster ask" : "ControlMaster yes"));
	if (o->verbose > 0) {
		snprintf(level, sizeof(level), "DEBUG%u", o->verbose > 3 ? 3 : o->verbose);
		return add_setting(&o->front, "LogLevel", span_str(level));
	}
	return o->is_quiet ? add_copy(&o->front, "LogLevel QUIET") : ERR_OK;
}

enum err
options_parse(struct options *o, int argc, char **argv)
{
	bool ended = false;
	int i = 1;

	*o = (struct options){ .config_file = NULL };
	TRY(take_flags(o, argc, argv, &i, &ended));
	if (is_answered(o) || i == argc)
		return ERR_OK;
	TRY(take_destination(o, argv[i++]));
	if (!ended)
		TRY(take_flags(o, argc, argv, &i, &ended));
	if (is_answered(o))
		return ERR_OK;
	TRY(take_command(o, argc - i, argv + i));
	if (o->stdio_forward != NULL && o->command != NULL) {
		fputs("Cannot execute command when stdio forwarding is requested\n", stderr);
		return ERR_SYNTAX;
	}
	if (o->is_subsystem && o->command == NULL) {
		fputs("You must specify a subsystem to invoke.\n", stderr);
		return usage();
	}
	return finish(o);
}

static void
lines_free(struct option_lines *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct option_lines){ NULL, 0 };
}

void
options_free(struct options *o)
{
	if (o == NULL)
		return;
	lines_free(&o->front);
	lines_free(&o->lines);
	lines_free(&o->identities);
	free(o->host);
	free(o->command);
	o->host = NULL;
	o->command = NULL;
}
