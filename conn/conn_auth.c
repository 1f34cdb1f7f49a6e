/* SPDX-License-Identifier: ISC */
/* The program's calls that are the authentication layer's business. */
#include "conn/conn_i.h"

/* --- server --- */

/* The question with this id is answered: packets may be taken again. */
static void
answered(struct conn *c, uint32_t id)
{
	if (c->auth_asked == id)
		c->auth_asked = 0;
	conn_note_auth(c);
}

void
conn_answer_auth(struct conn *c, uint32_t id, enum auth_result result, struct span methods)
{
	auth_answer(c->auth, id, result, methods);
	answered(c, id);
}

void
conn_answer_auth_prompts(struct conn *c, uint32_t id, struct span name,
    struct span instruction, const struct kbdint_prompt *prompts, unsigned n)
{
	auth_answer_prompts(c->auth, id, name, instruction, prompts, n);
	answered(c, id);
}

void
conn_answer_auth_change(struct conn *c, uint32_t id, struct span prompt)
{
	auth_answer_change(c->auth, id, prompt);
	answered(c, id);
}

void
conn_auth_banner(struct conn *c, struct span text)
{
	auth_banner(c->auth, text);
}

/* --- client --- */

void
conn_auth_none(struct conn *c, const char *user)
{
	auth_send_none(c->auth, span_str(user));
}

void
conn_auth_password(struct conn *c, const char *user, struct span password)
{
	auth_send_password(c->auth, span_str(user), password);
}

void
conn_auth_new_password(struct conn *c, const char *user, struct span old_password,
    struct span new_password)
{
	auth_send_new_password(c->auth, span_str(user), old_password, new_password);
}

void
conn_auth_query_key(struct conn *c, const char *user, const char *alg, struct span blob)
{
	auth_send_query(c->auth, span_str(user), span_str(alg), blob);
}

void
conn_auth_key_data(struct conn *c, const char *user, const char *alg, struct span blob,
    struct writer *data)
{
	auth_key_data(c->auth, span_str(user), span_str(alg), blob, data);
}

void
conn_auth_key(struct conn *c, const char *user, const char *alg, struct span blob,
    struct span sig)
{
	auth_send_key(c->auth, span_str(user), span_str(alg), blob, sig);
}

void
conn_auth_hostbased_data(struct conn *c, const char *user, const char *alg, struct span blob,
    struct span host, struct span local_user, struct writer *data)
{
	auth_hostbased_data(data, &(struct auth_signed){
	    .session_id = conn_session_id(c),
	    .user = span_str(user),
	    .service = SPAN_LIT("ssh-connection"),
	    .alg = span_str(alg),
	    .blob = blob,
	}, host, local_user);
}

void
conn_auth_hostbased(struct conn *c, const char *user, const char *alg, struct span blob,
    struct span host, struct span local_user, struct span sig)
{
	auth_send_hostbased(c->auth, span_str(user), span_str(alg), blob, host, local_user, sig);
}

void
conn_auth_kbdint(struct conn *c, const char *user, const char *devices)
{
	auth_send_kbdint(c->auth, span_str(user), span_str(devices));
}

void
conn_auth_answers(struct conn *c, const struct span *answers, unsigned n)
{
	auth_send_answers(c->auth, answers, n);
}
