/* SPDX-License-Identifier: ISC */
/*
 * base/limits.h - every count and size that a peer could drive up, with why.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* RFC 4253 6.1 asks for 35,000; OpenSSH takes 256 KiB, and so do we. */
#define LIMIT_PACKET		(256 * 1024)

/* A server reads this much identification (RFC 4253 4.2), a client skips lines. */
#define LIMIT_IDENT		255
#define LIMIT_IDENT_LINES	1024
#define LIMIT_IDENT_LINE	8192

/* KEXINIT (ours or the peer's); real ones are below 3 KiB. */
#define LIMIT_KEXINIT		(32 * 1024)

/* EXT_INFO extensions in one message; real peers send up to 5. */
#define LIMIT_EXT_INFO		1024

/* Control messages of ours that wait for a rekey to end. */
#define LIMIT_REKEY_QUEUE	(1024 * 1024)

/*
 * A peer that asks for more and more instead of answering our KEXINIT: when
 * answers of this size wait for it, nothing more is taken from it. The rest of
 * the queue is for answers to what had been taken by then.
 */
#define LIMIT_REKEY_ANSWERS	(256 * 1024)

/* Output that waits for the peer to read; above it nothing is read from it. */
#define LIMIT_OUTPUT		(1024 * 1024)

/*
 * Channel data stops at this much waiting output. It must be well below
 * LIMIT_OUTPUT: two peers that both stop reading because of their own bulk
 * data would wait for each other for ever.
 */
#define LIMIT_OUTPUT_DATA	(256 * 1024)

/* All of the peer's EXT_INFO together, kept; real ones take below 2 KiB. */
#define LIMIT_EXT_INFO_SIZE	(32 * 1024)

/* Key exchanges before authentication: each costs us a signature. */
#define LIMIT_KEX_UNAUTHENTICATED	16

/* A rekey that a peer does not finish within this (milliseconds) is none. */
#define LIMIT_REKEY_TIME	(5 * 60 * 1000)

/* USERAUTH_REQUESTs a connection may send before it is in, of any kind. */
#define LIMIT_AUTH_REQUESTS	1024

/* Unsigned queries for keys nobody knows: not counted as tries up to here. */
#define LIMIT_KEY_QUERIES	128

/* A password or an answer; crypt() would take longer for longer ones. */
#define LIMIT_PASSWORD		1024

/* User names longer than this exist nowhere. */
#define LIMIT_USER		255

/* Public key blobs: RSA of 16,384 bits takes 2,072 bytes; certificates more. */
#define LIMIT_KEY_BLOB		(16 * 1024)
#define LIMIT_RSA_BITS		16384
#define LIMIT_SIGNATURE		(8 * 1024)

/*
 * Channels of one connection, and opens that wait for an answer: a browser
 * behind -D has some hundreds, most of them waiting when it restores its tabs.
 */
#define LIMIT_CHANNELS		1024
#define LIMIT_PENDING_OPENS	256

/*
 * What the receive windows of one connection may add up to, unless the
 * program says otherwise: 64 MiB fill 5 Gbit/s at 100 ms.
 */
#define LIMIT_WINDOW_BUDGET	(64 * 1024 * 1024)

/* Requests of the peer that wait for our answer, kept in their order. */
#define LIMIT_PENDING_REPLIES	256

/*
 * Requests beyond those, which are denied in their turn. Their answers go out
 * at once when the turn has come, so together they must fit LIMIT_OUTPUT.
 */
#define LIMIT_DENIED_REPLIES	(8 * 1024)

/* Environment variables a client may set in one session. */
#define LIMIT_ENV		128

/* Encoded terminal modes; all of RFC 4254 8 take 300 bytes. */
#define LIMIT_PTY_MODES		1024

/* A private key file, encrypted or not. */
#define LIMIT_KEY_FILE		(1024 * 1024)

/* Options of one key; real ones take below 10 KiB, with a thousand permitopen= 40 KiB. */
#define LIMIT_OPTIONS		(1024 * 1024)

/* One line of authorized_keys, known_hosts or a config file. */
#define LIMIT_LINE		(1024 * 1024)

/* Live entries of the ephemeral key table (DESIGN 5). */
#define LIMIT_EPHEMERAL		100000

/* One message between our own processes. */
#define LIMIT_IPC		(128 * 1024)

#endif
