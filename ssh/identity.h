/* SPDX-License-Identifier: ISC */
/*
 * ssh/identity.h - the keys that may prove who the user is.
 *
 * identity   a public key, and a way to sign with its private half: a file,
 *            which may be encrypted, or the agent
 *
 * certificate   offered in the place of its key; who signs is the identity
 *            that has the key, unless the agent has the certificate itself
 *
 * They come in the order in which they are tried: CertificateFile, keys that
 * the user named (from the agent if it has them), the agent's others (unless
 * IdentitiesOnly), default files. A certificate beside a file follows its key.
 */
#ifndef SSH_IDENTITY_H
#define SSH_IDENTITY_H

#include "keys/key.h"
#include "ssh/ssh.h"

/* More keys than this are not tried: no server would let us. */
#define IDENTITIES_MAX	512

struct identity {
	char *path;			/* of the private key's file, or the agent's comment */
	struct writer cert;		/* empty: a plain key */
	struct key *pub;		/* of the certificate, if it is one; NULL: known only when the file has been decrypted */
	struct key *priv;		/* NULL: not read (yet), or in the agent */
	bool is_in_agent;
	bool is_public_only;		/* the file has the public half only */
	bool is_named;			/* by the user, not one of the defaults */
	bool is_bad;			/* of no use: not there, refused, wrong passphrase */
	bool is_tried;
	bool is_offered;		/* to the agent, by AddKeysToAgent */
};

struct identities {
	struct identity *v;
	size_t n;
	int agent;			/* socket; -1: none */
};

/* Finds all there are. ERR_NOMEM. */
enum err identities_find(struct ssh *s, struct identities *ids);

/* Wipes, frees, leaves the agent. NULL is fine. */
void identities_free(struct identities *ids);

/*
 * Makes the private half of a file ready, asking for a passphrase where that
 * takes one and BatchMode lets it. ERR_NOTFOUND (told) if it cannot be used.
 */
enum err identity_unlock(const struct ssh *s, struct identity *id);

/* Whether the private half can be used without asking anybody. Reads the file if need be. */
bool identity_is_ready(const struct ssh *s, struct identity *id);

/* AddKeysToAgent: gives a private key that is about to be used to the agent, if it is to have it. */
void identity_to_agent(const struct ssh *s, const struct identities *ids, struct identity *id);

/* What is offered to the server: the certificate or the key; pub must be there. */
struct span identity_blob(const struct identity *id);

/* Its type name ("ssh-ed25519-cert-v01@openssh.com"); static. pub must be there. */
const char *identity_type(const struct identity *id);

/* Who signs for an identity, mostly it itself; NULL: nobody has the certificate's key. */
struct identity *identity_signer(const struct identities *ids, struct identity *id);

/*
 * Signs data by alg, or by what a certificate's alg stands for; appends the
 * signature blob. id is a signer. Errors as key_sign(), agent_sign().
 */
enum err identity_sign(const struct identities *ids, const struct identity *id, struct span alg,
    struct span data, struct writer *sig);

/* The agent's socket, malloc'ed: IdentityAgent, else SSH_AUTH_SOCK. NULL: none is wanted. */
char *identity_agent_path(const struct ssh *s);

#endif
