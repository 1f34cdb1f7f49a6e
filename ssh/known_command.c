/* SPDX-License-Identifier: ISC */
/* KnownHostsCommand: a program that knows host keys. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "config/line.h"
#include "keys/fingerprint.h"
#include "keys/key.h"
#include "os/process.h"
#include "ssh/hostkey.h"

#define ARGS_MAX	64

/* The program and its arguments, malloc'ed. */
struct command {
	char *v[ARGS_MAX];
	size_t n;
};

static void
command_free(struct command *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i]);
}

/* Expands one word. */
static enum err
add_word(const struct ssh *s, const struct config_tokens *tokens, struct span word,
    struct command *c)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	if (c->n == ARGS_MAX - 1)
		return ERR_LIMIT;
	TRY(ssh_config_expand(&w, SSH_KEYWORD_KnownHostsCommand, word, tokens, &s->settings.facts));
	TRY(wr_end(&w));
	c->v[c->n] = span_dup_str(writer_span(&w));
	return c->v[c->n] == NULL ? ERR_NOMEM : (c->n++, ERR_OK);
}

static enum err
add_words(const struct ssh *s, const struct config_tokens *tokens, struct command *c)
{
	SCOPED(lexer_free) struct lexer lx = { .text = NULL };
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_LINE);
	struct line line;
	const char *why;

	wr_printf(&text, "KnownHostsCommand %s", s->settings.config.known_hosts_command);
	TRY(wr_end(&text));
	TRY(line_split(&lx, writer_span(&text), &line, &why));
	for (size_t i = 0; i < line.n_words; i++)
		TRY(add_word(s, tokens, line.words[i], c));
	return c->n == 0 || c->v[0][0] != '/' ? ERR_SYNTAX : ERR_OK;
}

/* The tokens that this command has beside the usual ones. */
static enum err
make_command(const struct ssh *s, const char *what, const char *name, struct span blob,
    struct command *c)
{
	SCOPED(writer_free) struct writer base64 = writer_init(2 * LIMIT_KEY_BLOB);
	SCOPED(writer_free) struct writer type = writer_init(LIMIT_LINE);
	struct config_tokens tokens = s->settings.tokens.tokens;
	char fp[FINGERPRINT_SIZE] = "NONE";

	if (blob.len > 0) {
		fingerprint_str(fp, blob, FINGERPRINT_SHA256);
		base64_put(&base64, blob, true);
		wr_raw(&type, key_blob_type(blob));
	} else {
		wr_raw(&base64, SPAN_LIT("NONE"));
		wr_raw(&type, SPAN_LIT("NONE"));
	}
	wr_u8(&base64, 0);
	wr_u8(&type, 0);
	TRY(wr_end(&base64));
	TRY(wr_end(&type));
	tokens.value['f'] = fp;
	tokens.value['H'] = name;
	tokens.value['I'] = what;
	tokens.value['K'] = (const char *)base64.p;
	tokens.value['t'] = (const char *)type.p;
	return add_words(s, &tokens, c);
}

/* Reads all that fd has, up to the writer's limit. */
static enum err
read_all(int fd, struct writer *w)
{
	for (;;) {
		struct room room = wr_reserve(w, 4096);
		ssize_t n;

		TRY(wr_end(w));
		n = read(fd, room.p, room.len);
		if (n == 0)
			return ERR_OK;
		if (n == -1 && errno != EINTR)
			return ERR_SYSTEM;
		wr_commit(w, n == -1 ? 0 : (size_t)n);
	}
}

static enum err
run(const struct command *c, struct writer *text)
{
	struct process_fd fds[] = { { -1, 0 }, { -1, 1 }, { 2, 2 } };
	struct process_job job = process_job(c->v[0], c->v);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int status = -1, out[2];
	enum err e = ERR_SYSTEM;
	pid_t pid;

	if (null == -1)
		return ERR_SYSTEM;
	if (pipe2(out, O_CLOEXEC) == 0) {
		fds[0].from = null;
		fds[1].from = out[1];
		job.fds = fds;
		job.n_fds = COUNT(fds);
		e = process_start(&job, &pid);
		close(out[1]);
		if (e == ERR_OK) {
			e = read_all(out[0], text);
			close(out[0]);
			while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
				;
			if (e == ERR_OK && status != 0)
				e = ERR_CLOSED;
		} else {
			close(out[0]);
		}
	}
	close(null);
	return e;
}

enum err
known_command(const struct ssh *s, const char *what, const char *name, struct span blob,
    struct writer *text)
{
	struct command c = { .n = 0 };
	enum err e = make_command(s, what, name, blob, &c);

	if (e == ERR_OK)
		e = run(&c, text);
	if (e != ERR_OK)
		log_error(&s->log, "KnownHostsCommand failed: %s: %s", c.n > 0 ? c.v[0] :
		    s->settings.config.known_hosts_command,
		    e == ERR_SYSTEM ? strerror(errno) : e == ERR_CLOSED ? "exited with an error" :
		    err_text(e));
	command_free(&c);
	return e;
}
