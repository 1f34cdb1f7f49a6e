/* SPDX-License-Identifier: ISC */
#include "ssh/proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/code.h"
#include "base/reader.h"
#include "base/secret.h"
#include "os/file.h"
#include "ssh/alive.h"
#include "ssh/hostkey.h"

/* A server that does not answer is somebody who does not know what to say. */
#define PATIENCE	((msec)30000)

bool
proof_is_wanted(const struct ssh *s)
{
	return s->settings.config.ephemeral_proof_file != NULL;
}

void
proof_prepare(struct ssh *s)
{
	struct ssh_config *c = &s->settings.config;

	c->password_authentication = false;
	c->kbd_interactive_authentication = false;
}

/* Reads the proof key. */
static enum err
read_key(const struct ssh *s, uint8_t key[static CODE_PROOF_LEN])
{
	SCOPED(writer_free) struct writer text = writer_init(1024);
	const char *path = s->settings.config.ephemeral_proof_file;
	enum err e = file_read(path, &text, NULL);

	if (e == ERR_OK && text.len != CODE_PROOF_LEN)
		e = ERR_FORMAT;
	if (e == ERR_OK)
		memcpy(key, text.p, CODE_PROOF_LEN);
	else
		log_error(&s->log, "EphemeralProofFile %s: %s", path, e == ERR_FORMAT ? err_text(e) :
		    strerror(errno));
	return e;
}

/* Whether body is the proof for this connection. */
static bool
holds(const struct ssh *s, struct span body)
{
	uint8_t key[CODE_PROOF_LEN], expected[32];
	struct reader r = rd_init(body);
	struct span got = rd_bytes(&r);
	bool ok;

	if (rd_end(&r) != ERR_OK || read_key(s, key) != ERR_OK)
		return false;
	code_proof(key, conn_session_id(s->conn), writer_span(&s->hostkeys->trusted), expected);
	ok = span_eq_secret(got, span_of(expected, sizeof(expected)));
	wipe(key, sizeof(key));
	return ok;
}

static void
fail(struct ssh *s, const char *why)
{
	log_error(&s->log, "The server at %s could not prove that it knows the code (%s).",
	    s->settings.host, why);
	log_fatal(&s->log, "Somebody may be in the middle. Nothing was sent; do not use this code again.");
	ssh_leave(s, 255);
}

static void
on_overdue(void *arg)
{
	fail(arg, "it does not answer");
}

static void
on_proof(struct ssh *s, void *arg, bool ok, struct span body)
{
	void (*go_on)(struct ssh *) = s->proof_go_on;

	(void)arg;
	timer_free(s->proof_timer);
	s->proof_timer = NULL;
	if (s->is_leaving)
		return;
	if (!ok)
		fail(s, "it knows of none");
	else if (!holds(s, body))
		fail(s, "its proof is wrong");
	else {
		log_verbose(&s->log, "The server has proved that it knows the code.");
		go_on(s);
	}
}

void
proof_ask(struct ssh *s, void (*go_on)(struct ssh *s))
{
	s->proof_go_on = go_on;
	if (loop_timer(s->loop, &s->proof_timer, on_overdue, s) != ERR_OK ||
	    alive_ask(s, CODE_PROOF_REQUEST, SPAN_EMPTY, on_proof, NULL) != ERR_OK) {
		log_fatal(&s->log, "out of memory");
		ssh_leave(s, 255);
		return;
	}
	timer_set(s->proof_timer, loop_now(s->loop) + PATIENCE);
}
