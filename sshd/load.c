/* SPDX-License-Identifier: ISC */
#include "sshd/load.h"

#include <errno.h>
#include <string.h>

#include "crypto/crypto.h"
#include "kex/kex.h"
#include "keys/key.h"
#include "os/file.h"
#include "os/glob.h"
#include "sshd/control.h"

struct config_algs
load_algs(void)
{
	return (struct config_algs){ .of = {
		[ALGS_KEX] = { kex_names(), kex_default_algs(SIDE_SERVER) },
		[ALGS_CIPHERS] = { crypto_cipher_names(), crypto_cipher_defaults() },
		[ALGS_MACS] = { crypto_mac_names(), crypto_mac_defaults() },
		[ALGS_SIGNATURES] = { keys_list(KEY_LIST_ALL), keys_list(KEY_LIST_DEFAULT) },
		[ALGS_CA_SIGNATURES] = { keys_list(KEY_LIST_SIG), keys_list(KEY_LIST_CA) },
	} };
}

/* Takes what the parser has to say. */
static void
say(void *self, enum config_say level, const char *line)
{
	const struct log *log = self;

	log_at(log, level == CONFIG_SAY_ERROR ? LOG_LEVEL_ERROR :
	    level == CONFIG_SAY_WARNING ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG1, "%s", line);
}

static enum err
read_file(const char *path, const struct log *log, struct writer *text)
{
	enum err e = file_read_any(path, text, NULL);

	if (e != ERR_OK)
		log_error(log, "%s: %s", path, e == ERR_SYSTEM || e == ERR_NOTFOUND ?
		    strerror(errno) : err_text(e));
	return e;
}

/* Gives the parser the files of an Include. */
static enum err
include(void *self, const char *pattern, struct config_files *files)
{
	const struct log *log = self;
	SCOPED(glob_names_free) struct glob_names names;

	TRY(glob_list(&names, pattern));
	for (size_t i = 0; i < names.n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(LOAD_MAX);

		TRY(read_file(names.v[i], log, &text));
		TRY(config_files_add(files, span_str(names.v[i]), writer_span(&text)));
	}
	return ERR_OK;
}

/* What the table of keywords cannot say. */
static enum err
check(const struct sshd_config *c, const struct log *log)
{
	SCOPED(control_policy_free) struct control_policy policy = { .n = 0 };
	char why[256] = "";
	enum err e = control_policy_parse(&policy, span_str(c->ephemeral_key_registrars), why,
	    sizeof(why));

	if (e != ERR_OK)
		log_error(log, "EphemeralKeyRegistrars: %s", why[0] == '\0' ? err_text(e) : why);
	return e;
}

enum err
load_config(struct loaded *out, const struct load_input *in)
{
	SCOPED(writer_free) struct writer text = writer_init(LOAD_MAX);
	struct sshd_input input = { .options = in->options, .n_options = in->n_options,
	    .ports = in->ports, .n_ports = in->n_ports,
	    .name = in->file, .version = "Dayfly_" DAYFLY_VERSION, .algs = load_algs(),
	    .io = { .include = include, .say = say, .self = (void *)(uintptr_t)in->log } };
	enum err e;

	*out = (struct loaded){ .rules = NULL };
	if (strcmp(in->file, "none") != 0)
		TRY(read_file(in->file, in->log, &text));
	input.text = writer_span(&text);
	TRY(sshd_rules_load(&out->rules, &input));
	e = sshd_config_for(&out->config, out->rules, NULL);
	if (e != ERR_OK)
		log_error(in->log, "%s: %s", in->file, err_text(e));
	else
		e = check(&out->config, in->log);
	if (e != ERR_OK)
		loaded_free(out);
	return e;
}

void
loaded_free(struct loaded *l)
{
	if (l == NULL)
		return;
	sshd_config_free(&l->config);
	sshd_rules_free(l->rules);
	*l = (struct loaded){ .rules = NULL };
}
