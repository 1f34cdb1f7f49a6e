/* SPDX-License-Identifier: ISC */
/* Methods that ask the user: password (RFC 4252 8), keyboard-interactive (RFC 4256). */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "os/file.h"
#include "os/tty.h"
#include "ssh/login.h"

/* What one message can have; servers show licences and the like. */
#define PRINT_MAX	LIMIT_PACKET

static void
put_printable(struct writer *w, struct span s)
{
	while (s.len > 0) {
		size_t n = 1;

		if (s.p[0] == '\n' || s.p[0] == '\t' || (s.p[0] >= 0x20 && s.p[0] < 0x7f))
			wr_u8(w, s.p[0]);
		else if ((n = text_utf8_char(s)) > 0)
			wr_raw(w, span_first(s, n));
		else if (s.p[0] != '\r')
			text_visible(w, span_first(s, 1));
		s = span_skip(s, n == 0 ? 1 : n);
	}
}

void
login_print(struct span text)
{
	SCOPED(writer_free) struct writer w = writer_init(8 * PRINT_MAX);

	put_printable(&w, span_first(text, PRINT_MAX));
	if (wr_end(&w) == ERR_OK)
		(void)!file_write_all(STDERR_FILENO, writer_span(&w));
}

/* --- password --- */

PRINTF(2, 3) static enum err
ask_secret(struct secret *answer, const char *fmt, ...)
{
	char question[768];
	enum err e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(question, sizeof(question), fmt, ap);
	va_end(ap);
	e = tty_ask(TTY_ASK_SECRET, question, answer);
	/* End of file is an empty answer, as in OpenSSH. */
	return e == ERR_CLOSED ? ERR_OK : e;
}

bool
login_next_password(struct ssh *s)
{
	struct login *l = s->login;

	if (l->tries[LOGIN_PASSWORD] >= s->settings.config.number_of_password_prompts)
		return false;
	if (l->tries[LOGIN_PASSWORD]++ > 0)
		log_error(&s->log, "Permission denied, please try again.");
	if (ask_secret(&l->password, "%s@%s's password: ", s->settings.user,
	    s->settings.host) != ERR_OK) {
		log_debug(&s->log, "read_passphrase: there is no terminal to ask on");
		return false;
	}
	conn_auth_password(s->conn, s->settings.user, secret_span(&l->password));
	return true;
}

void
login_change_password(struct ssh *s, struct span text)
{
	SCOPED(secret_free) struct secret fresh = { NULL, 0 };
	SCOPED(secret_free) struct secret again = { NULL, 0 };
	const char *user = s->settings.user;
	const char *host = s->settings.host;

	if (text.len > 0) {
		login_print(text);
		login_print(SPAN_LIT("\n"));
	}
	for (;;) {
		if (ask_secret(&fresh, "Enter %s@%s's new password: ", user, host) != ERR_OK ||
		    fresh.len == 0)
			break;
		if (ask_secret(&again, "Retype %s@%s's new password: ", user, host) != ERR_OK)
			break;
		if (span_eq_secret(secret_span(&fresh), secret_span(&again))) {
			conn_auth_new_password(s->conn, user, secret_span(&s->login->password),
			    secret_span(&fresh));
			return;
		}
		log_error(&s->log, "Mismatch; try again, EOF to quit.");
	}
	ssh_leave(s, 255);
}

/* --- keyboard-interactive --- */

/* The submethods wanted, as a comma list. */
static const char *
devices(const struct ssh *s, char *buf, size_t size)
{
	const struct words *w = &s->settings.config.kbd_interactive_devices;
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < w->n; i++) {
		int n = snprintf(buf + len, size - len, "%s%s", i > 0 ? "," : "", w->v[i]);

		if (n < 0 || (size_t)n >= size - len)
			break;
		len += (size_t)n;
	}
	return buf;
}

bool
login_next_kbdint(struct ssh *s)
{
	struct login *l = s->login;
	char list[512];

	if (l->tries[LOGIN_KBDINT] >= s->settings.config.number_of_password_prompts)
		return false;
	/* A server that fails without a question will do so again. */
	if (l->tries[LOGIN_KBDINT]++ > 0 && !l->saw_prompts)
		return false;
	conn_auth_kbdint(s->conn, s->settings.user, devices(s, list, sizeof(list)));
	return true;
}

static void
print_line(struct span text)
{
	if (text.len == 0)
		return;
	login_print(text);
	if (text.p[text.len - 1] != '\n')
		login_print(SPAN_LIT("\n"));
}

/* One question, with who asks it before it, so that no server can pose as another. */
static enum err
ask_prompt(const struct ssh *s, const struct kbdint_prompt *p, struct secret *answer)
{
	SCOPED(writer_free) struct writer w = writer_init(16 * 1024);
	enum err e;

	wr_printf(&w, "(%s@%s) ", s->settings.user, s->settings.host);
	put_printable(&w, span_first(p->text, 1024));
	wr_u8(&w, 0);
	TRY(wr_end(&w));
	e = tty_ask(p->echo ? TTY_ASK_LINE : TTY_ASK_SECRET, (const char *)w.p, answer);
	return e == ERR_CLOSED ? ERR_OK : e;
}

void
login_answer(struct ssh *s, const struct event *ev)
{
	struct secret answers[KBDINT_MAX_PROMPTS] = { { NULL, 0 } };
	struct span spans[KBDINT_MAX_PROMPTS];
	unsigned n = ev->prompts.n;

	s->login->saw_prompts = true;
	if (log_wants(&s->log, LOG_LEVEL_INFO)) {
		print_line(ev->prompts.name);
		print_line(ev->prompts.instruction);
	}
	for (unsigned i = 0; i < n; i++) {
		/* Nobody to ask: an empty answer fails, and the server says what else there is. */
		if (ask_prompt(s, &ev->prompts.prompt[i], &answers[i]) != ERR_OK)
			s->login->saw_prompts = false;
		spans[i] = secret_span(&answers[i]);
	}
	conn_auth_answers(s->conn, spans, n);
	for (unsigned i = 0; i < n; i++)
		secret_free(&answers[i]);
}
