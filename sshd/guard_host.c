/* SPDX-License-Identifier: ISC */
/* The client's name, if UseDNS asks for it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/clock.h"
#include "os/output.h"
#include "sshd/guard_i.h"
#include "sshd/resolver.h"

/* Its answer is one line with one name. */
#define ANSWER_MAX	2048

/* Runs the resolver. */
static enum err
resolve(struct guard *g, struct writer *answer)
{
	char uid[16], flag[] = RESOLVER_FLAG, name[] = "sshd";
	char *argv[] = { name, flag, uid, g->client, NULL }, *envp[] = { NULL };
	struct output_job job = { .exec_fd = g->start->self_fd, .argv = argv, .envp = envp,
	    .timeout = RESOLVER_MSEC + 1000, .abort_fd = g->wire.fd };
	int status;

	if (g->start->self_fd == -1)
		return ERR_NOTFOUND;
	snprintf(uid, sizeof(uid), "%lu", (unsigned long)g->start->config->wire_uid_range.first);
	return output_of(&job, answer, &status);
}

/* Takes its line apart. */
static void
take(struct guard *g, struct span line)
{
	struct span word, rest = span_first(line, span_find(line, '\n'));
	char text[REVERSE_MAX * 4];

	(void)span_token(&rest, ' ', &word);
	text_visible_str(text, sizeof(text), rest);
	if (span_is(word, "ok") && rest.len > 0 && rest.len < sizeof(g->host))
		memcpy(g->host, rest.p, rest.len);
	else if (span_is(word, "no") && rest.len > 0)
		log_info(&g->log, "Address %s maps to %s, but this does not map back to the address.",
		    g->client, text);
	else if (span_is(word, "no"))
		log_verbose(&g->log, "Address %s has no name", g->client);
	else
		log_info(&g->log, "The name of %s could not be found out: %s", g->client, text);
}

void
guard_find_host(struct guard *g)
{
	SCOPED(writer_free) struct writer answer = writer_init(ANSWER_MAX);
	enum err e;

	if (!g->start->config->use_dns || !g->start->has_ends || g->host_is_known)
		return;
	g->host_is_known = true;
	e = resolve(g, &answer);
	if (e == ERR_OK)
		take(g, writer_span(&answer));
	else
		log_info(&g->log, "The name of %s could not be found out: %s", g->client,
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	if (g->host[0] != '\0')
		log_debug(&g->log, "%s is %s", g->client, g->host);
}

struct client_host
guard_client_host(const struct guard *g)
{
	return (struct client_host){ .address = g->start->has_ends ? &g->start->client.address : NULL,
	    .text = g->client, .name = g->host[0] == '\0' ? NULL : g->host,
	    .wants_name = g->start->config->use_dns };
}
