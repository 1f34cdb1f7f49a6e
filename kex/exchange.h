/* SPDX-License-Identifier: ISC */
/*
 * kex/exchange.h - one key exchange (RFC 4253 7 and 8), from the first KEXINIT
 * of either side to the peer's NEWKEYS. It exists only as long as it runs.
 *
 * transcript   what the exchange hash is the hash of: V_C, V_S, I_C, I_S, K_S
 *              as strings, what the method adds, C_INIT, S_REPLY, K
 */
#ifndef KEX_EXCHANGE_H
#define KEX_EXCHANGE_H

#include "crypto/hash.h"
#include "crypto/protect.h"
#include "kex/event.h"
#include "kex/kexinit.h"
#include "kex/method.h"

struct transport;

struct exchange {
	struct writer kexinit[2];	/* payloads, by side: I_C and I_S */
	bool has_agreed;
	bool ignore_next;		/* the peer guessed wrong */
	uint8_t expected;		/* number of the method's next message; 0: none */
	const char *hostkey_alg;	/* as agreed on, maybe a certificate's; static */
	const char *sign_alg;		/* what its signature is made by; static */
	unsigned hostkey_index;		/* server: of config.hostkeys */
	struct protect_alg alg[2];	/* by direction */
	const char *compression[2];
	struct kex_run run;
	struct writer hostkey;		/* K_S */
	struct writer transcript;
	const struct hash_alg *hash_alg;
	uint8_t hash[HASH_MAX_LEN];
	struct protect *next[2];	/* keys to be taken into use, by direction */
	bool has_sent_newkeys;
};

/* Starts one by sending our KEXINIT. A failure is recorded in t. */
void exchange_start(struct transport *t);

/* Dates one that was started since the time was last told: it is t->now. */
void exchange_time(struct transport *t);

/* Wipes and frees. NULL is fine. */
void exchange_free(struct exchange *x);

/* Writes our KEXINIT, whole. ERR_NEGOTIATE if a list would be empty. */
enum err exchange_propose(const struct transport *t, struct writer *w);

/* Agrees on everything, both KEXINITs being there. Records failures. */
enum err exchange_agree(struct transport *t);

/*
 * Records that list has no name in common: the peer is told what is missing,
 * our own log both lists as well and the option that would make it work.
 */
enum err exchange_no_match(struct transport *t, enum kexinit_list list, struct span theirs,
    struct span ours);

/* Client: makes and sends C_INIT. */
enum err exchange_send_init(struct transport *t);

/* What was agreed on, for the program. */
struct kex_names exchange_names(const struct exchange *x);

/* Makes transcript, hash, session identifier and the next keys from run.shared. */
enum err exchange_derive(struct transport *t);

/* Sends NEWKEYS and what follows it, and takes our new keys into use. */
void exchange_send_newkeys(struct transport *t);

#endif
