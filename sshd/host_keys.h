/* SPDX-License-Identifier: ISC */
/*
 * sshd/host_keys.h - the server's own keys: read, checked, made at first start.
 *
 * They live in the listener and, copied on write by fork, in the guards;
 * never in wire or session.
 */
#ifndef SSHD_HOST_KEYS_H
#define SSHD_HOST_KEYS_H

#include "config/sshd_config.h"
#include "keys/cert.h"
#include "keys/key.h"
#include "os/log.h"

#define HOST_KEYS_MAX	16

/* A key, or the certificate of one. */
struct host_key {
	struct key *key;	/* NULL: a certificate */
	struct cert cert;	/* if it is one */
	unsigned signer;	/* a certificate: index of its key */
	char *path;
	char *agent;		/* socket of the agent that has its private half; NULL: we do */
	char *algs;		/* comma list: what it signs by and the config allows; empty: only for its certificate */
};

struct host_keys {
	struct host_key v[HOST_KEYS_MAX];
	size_t n;
};

/*
 * Reads the keys that the config names, and their certificates. Those that are
 * not there by default are skipped; every other one that cannot be used is
 * named in the log with the reason. ERR_NOTFOUND if no key is left.
 */
enum err host_keys_load(struct host_keys *out, const struct sshd_config *config,
    const struct log *log);

/* What clients are shown: the public key, or the certificate. */
struct span host_key_blob(const struct host_key *k);

/*
 * Signs with key i, or the key of certificate i, by itself or through the
 * agent. alg is the plain algorithm. ERR_DENIED if the config does not allow
 * it; else as key_sign(), or what the agent said.
 */
enum err host_key_sign(const struct host_keys *keys, size_t i, struct span alg, struct span data,
    struct writer *sig);

/*
 * First start: where config has no HostKey of its own and none of the default
 * ones exists, makes them: for root in SSH_CONF_DIR, for others beside
 * config_file, whose names then go into config->host_keys. ERR_OK also if
 * there is nothing to do; on ERR_SYSTEM the log says what could not be
 * written, and no part of a key is left.
 */
enum err host_keys_first_start(struct sshd_config *config, const char *config_file,
    bool make, const struct log *log);

/* Frees (wipes) them. NULL is fine. */
void host_keys_free(struct host_keys *k);

#endif
