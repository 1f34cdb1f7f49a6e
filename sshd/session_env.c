/* SPDX-License-Identifier: ISC */
/* The environment of the user's programs; later ones of these beat earlier ones. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "os/file.h"
#include "sshd/session_i.h"

#define PATH_USER	"/usr/local/bin:/usr/bin:/bin"
#define PATH_ROOT	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Variables of one program, from all sources. */
#define VARIABLES_MAX	1024

struct variables {
	char **v;
	size_t n;
	enum err err;			/* sticky */
};

void
environment_free(char ***env)
{
	if (env == NULL || *env == NULL)
		return;
	for (size_t i = 0; (*env)[i] != NULL; i++)
		free((*env)[i]);
	free(*env);
	*env = NULL;
}

/* Index of the variable of that name, or n. */
static size_t
find(const struct variables *vars, struct span name)
{
	size_t i = 0;

	for (; i < vars->n; i++) {
		if (strncmp(vars->v[i], (const char *)name.p, name.len) == 0 &&
		    vars->v[i][name.len] == '=')
			break;
	}
	return i;
}

/* Sets a variable, in the place of one of the same name. */
static void
set(struct variables *vars, struct span name, struct span value)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	size_t at = find(vars, name);
	char *s;

	if (name.len == 0 || at == VARIABLES_MAX || vars->err != ERR_OK ||
	    span_find(name, '=') < name.len || span_find(name, '\0') < name.len ||
	    span_find(value, '\0') < value.len)
		return;
	wr_raw(&w, name);
	wr_u8(&w, '=');
	wr_raw(&w, value);
	s = wr_end(&w) == ERR_OK ? span_dup_str(writer_span(&w)) : NULL;
	if (s == NULL) {
		vars->err = ERR_NOMEM;
		return;
	}
	if (at < vars->n)
		free(vars->v[at]);
	else
		vars->n++;
	vars->v[at] = s;
}

PRINTF(3, 4) static void
set_fmt(struct variables *vars, const char *name, const char *fmt, ...)
{
	char value[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	set(vars, span_str(name), span_str(value));
}

/* Whether it is the name of a variable: letters, digits and "_". */
static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((s.p[i] < 'A' || s.p[i] > 'Z') && (s.p[i] < 'a' || s.p[i] > 'z') &&
		    (s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '_')
			return false;
	}
	return s.len > 0;
}

bool
environment_accepts(const struct sshd_config *c, struct span name)
{
	if (!is_name(name))
		return false;
	for (size_t i = 0; i < c->accept_env.n; i++) {
		if (text_match(name, span_str(c->accept_env.v[i]), false))
			return true;
	}
	return false;
}

/* What the client has asked for, and may. */
static void
from_client(struct variables *vars, const struct program *p)
{
	struct reader r = rd_init(writer_span(&p->env));

	while (r.err == ERR_OK && r.rest.len > 0) {
		struct span name = rd_bytes(&r);
		struct span value = rd_bytes(&r);

		set(vars, name, value);
	}
}

/* What every login has. */
static void
standard(struct variables *vars, const struct program *p)
{
	const struct session *s = p->session;
	const char *zone = getenv("TZ");
	struct stat st;
	char run[64];

	set_fmt(vars, "USER", "%s", s->user);
	set_fmt(vars, "LOGNAME", "%s", s->user);
	set_fmt(vars, "HOME", "%s", s->home);
	set_fmt(vars, "PATH", "%s", s->uid == 0 ? PATH_ROOT : PATH_USER);
	set_fmt(vars, "MAIL", "/var/mail/%s", s->user);
	set_fmt(vars, "SHELL", "%s", s->shell);
	if (zone != NULL)
		set_fmt(vars, "TZ", "%s", zone);
	if (p->term != NULL)
		set_fmt(vars, "TERM", "%s", p->term);
	snprintf(run, sizeof(run), "/run/user/%lu", (unsigned long)s->uid);
	if (stat(run, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == s->uid)
		set_fmt(vars, "XDG_RUNTIME_DIR", "%s", run);
}

/* Whether PermitUserEnvironment lets the user's files set this. */
static bool
user_may_set(const struct sshd_config *c, struct span name)
{
	const struct user_environment *u = &c->permit_user_environment;

	return u->allowed && (u->patterns == NULL ||
	    text_match_list(name, span_str(u->patterns), false) == MATCH_YES);
}

/* environment= of the keys; of one name the first counts. */
static void
from_keys(struct variables *vars, const struct session *s)
{
	for (size_t i = s->may.n_keys; i > 0; i--) {
		const struct authorized_options *o = &s->may.key[i - 1];

		for (size_t k = o->n_env; k > 0; k--) {
			if (user_may_set(&s->config, o->env[k - 1].name))
				set(vars, o->env[k - 1].name, o->env[k - 1].value);
		}
	}
}

/* ~/.ssh/environment: NAME=value lines. */
static void
from_file(struct variables *vars, const struct session *s)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_LINE);
	struct span rest, line;

	if (!s->config.permit_user_environment.allowed || s->home_errno != 0 ||
	    file_read(".ssh/environment", &text, NULL) != ERR_OK)
		return;
	rest = writer_span(&text);
	while (span_token(&rest, '\n', &line)) {
		size_t eq = span_find(line, '=');

		while (line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t')) {
			line = span_skip(line, 1);
			eq = span_find(line, '=');
		}
		if (line.len > 0 && line.p[0] != '#' && eq < line.len &&
		    user_may_set(&s->config, span_first(line, eq)))
			set(vars, span_first(line, eq), span_skip(line, eq + 1));
	}
}

static void
from_config(struct variables *vars, const struct sshd_config *c)
{
	for (size_t i = c->set_env.n; i-- > 0;) {	/* of a name, the first counts */
		struct span pair = span_str(c->set_env.v[i]);
		size_t eq = span_find(pair, '=');

		set(vars, span_first(pair, eq), span_skip(pair, eq + 1));
	}
}

/* What only we know; nothing beats it. */
static void
about_connection(struct variables *vars, const struct program *p)
{
	const struct session *s = p->session;
	struct reader r = rd_init(writer_span(&s->parts[SESSION_PART_ENV]));

	while (r.err == ERR_OK && r.rest.len > 0) {
		struct span name = rd_bytes(&r);
		struct span value = rd_bytes(&r);

		set(vars, name, value);
	}
	set_fmt(vars, "SSH_CLIENT", "%s %u %u", s->client, (unsigned)s->client_port,
	    (unsigned)s->server_port);
	set_fmt(vars, "SSH_CONNECTION", "%s %u %s %u", s->client, (unsigned)s->client_port, s->server,
	    (unsigned)s->server_port);
	if (p->pty.name[0] != '\0')
		set_fmt(vars, "SSH_TTY", "%s", p->pty.name);
	if (agent_socket(s) != NULL)
		set_fmt(vars, "SSH_AUTH_SOCK", "%s", agent_socket(s));
	if (tunnel_name(s) != NULL)
		set_fmt(vars, "SSH_TUNNEL", "%s", tunnel_name(s));
	if (p->x11.display != NULL)
		set_fmt(vars, "DISPLAY", "%s", p->x11.display);
	if (s->may.command != NULL && p->command != NULL)
		set(vars, SPAN_LIT("SSH_ORIGINAL_COMMAND"), span_str(p->command));
	if (s->auth_info_path != NULL)
		set_fmt(vars, "SSH_USER_AUTH", "%s", s->auth_info_path);
}

enum err
environment_make(const struct program *p, char ***out)
{
	struct variables vars = { .v = calloc(VARIABLES_MAX + 1, sizeof(char *)) };

	*out = NULL;
	if (vars.v == NULL)
		return ERR_NOMEM;
	from_client(&vars, p);
	standard(&vars, p);
	from_keys(&vars, p->session);
	from_file(&vars, p->session);
	from_config(&vars, &p->session->config);
	about_connection(&vars, p);
	if (vars.err != ERR_OK)
		environment_free(&vars.v);
	else
		*out = vars.v;
	return vars.err;
}
