/* SPDX-License-Identifier: ISC */
/*
 * ssh/proof.h - the server's proof that it knows the code that we log in with
 * (auth/code.h; EphemeralProofFile). It stands in the place of known host keys:
 * whatever key the server shows is taken, but nothing is sent after the login,
 * and no password before it, until the proof is there.
 */
#ifndef SSH_PROOF_H
#define SSH_PROOF_H

#include "ssh/ssh.h"

/* Whether a proof is wanted. */
bool proof_is_wanted(const struct ssh *s);

/* Before the login: nothing but the code's key may be used. */
void proof_prepare(struct ssh *s);

/*
 * After the login: asks for the proof, and calls go_on(s) when it has come and
 * holds; else says so and leaves.
 */
void proof_ask(struct ssh *s, void (*go_on)(struct ssh *s));

#endif
