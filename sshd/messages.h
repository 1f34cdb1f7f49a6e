/* SPDX-License-Identifier: ISC */
/*
 * sshd/messages.h - what sshd's processes say to each other: every list there
 * is between listener, guard, wire and session (os/ipc.h expands them).
 *
 * The name of a message begins with the process it goes to, or with "from_"
 * and the one it comes from where the other end is the more trusted one:
 *
 *	wire <-> guard		wire_*		from_wire_*
 *	guard <-> listener	guard_*		from_guard_*
 *	session <-> guard	session_*	from_session_*
 *	wire <-> session	to_wire_*	to_session_*
 *	nursery <- listener, guard	nursery_*	from_nursery_*
 *
 * phase   bits; the receiver says which one it is in, and a message that is not
 *         allowed in it ends that connection. So does one that comes more often
 *         than its row says (0: any number).
 *
 * A receiver trusts a sender that is less trusted for nothing: names, lengths
 * and numbers are checked as if they came from the network.
 */
#ifndef SSHD_MESSAGES_H
#define SSHD_MESSAGES_H

#include "os/ipc.h"

/* Lists of options that one login may come with (AuthenticationMethods): two a certificate. */
#define MAY_KEYS	16

/* --- phases --- */

#define PHASE_NEW	1u	/* nothing received yet */
#define PHASE_AUTH	2u	/* running, and nobody is logged in */
#define PHASE_OPEN	4u	/* somebody is logged in */
#define PHASE_RUN	(PHASE_AUTH | PHASE_OPEN)

/* --- wire -> guard --- */

/* A finished log line; level as in os/log.h. */
#define FROM_WIRE_LOG_FIELDS(F)		F(u32, level) F(bytes, text)

/* The client's identification string. */
#define FROM_WIRE_IDENT_FIELDS(F)	F(bytes, ident)

/*
 * Asks for a host key's signature. The guard hashes the transcript (V_C, V_S,
 * I_C, I_S, K_S as strings, then the method's fields) by itself, after it has
 * found V_S and K_S to be ours; the first hash is the session id.
 */
#define FROM_WIRE_SIGN_FIELDS(F)					\
	F(u32, id) F(u32, hostkey) F(bytes, alg) F(bytes, hash) F(bytes, transcript)

/* Asks for a group of moduli(5): bits at least, as wished, at most. */
#define FROM_WIRE_GROUP_FIELDS(F)	F(u32, id) F(u32, min) F(u32, n) F(u32, max)

/* A USERAUTH_REQUEST, decoded. */
#define FROM_WIRE_AUTH_FIELDS(F)					\
	F(u32, id) F(bytes, user) F(bytes, service) F(bytes, method)	\
	F(flag, has_sig) F(bytes, alg) F(bytes, blob) F(bytes, sig)	\
	F(bytes, hostkey) F(bytes, password) F(flag, is_change)		\
	F(bytes, host) F(bytes, local_user) F(bytes, new_password)

/* Answers to wire_prompts, a string each; ok: as many as there were prompts. */
#define FROM_WIRE_ANSWERS_FIELDS(F)	F(u32, id) F(flag, ok) F(bytes, answers)

/* hostkeys-prove-00@openssh.com: blobs, one string after the other. */
#define FROM_WIRE_PROVE_FIELDS(F)	F(u32, id) F(bytes, blobs)

/* ephemeral-proof@dayfly: whether this server knows the code that was logged in with. */
#define FROM_WIRE_CODE_PROOF_FIELDS(F)	F(u32, id)

/* How the connection ended; what: enum wire_end. */
#define FROM_WIRE_ENDED_FIELDS(F)					\
	F(u32, what) F(u32, reason) F(bytes, text)

#define FROM_WIRE(M)							\
	M(from_wire_log,	PHASE_RUN,	0, FROM_WIRE_LOG_FIELDS)	\
	M(from_wire_ident,	PHASE_AUTH,	1, FROM_WIRE_IDENT_FIELDS)	\
	M(from_wire_sign,	PHASE_RUN,	0, FROM_WIRE_SIGN_FIELDS)	\
	M(from_wire_group,	PHASE_RUN,	0, FROM_WIRE_GROUP_FIELDS) \
	M(from_wire_auth,	PHASE_AUTH,	LIMIT_AUTH_REQUESTS, FROM_WIRE_AUTH_FIELDS) \
	M(from_wire_answers,	PHASE_AUTH,	LIMIT_AUTH_REQUESTS, FROM_WIRE_ANSWERS_FIELDS) \
	M(from_wire_prove,	PHASE_OPEN,	16, FROM_WIRE_PROVE_FIELDS)	\
	M(from_wire_code_proof,	PHASE_OPEN,	1, FROM_WIRE_CODE_PROOF_FIELDS)	\
	M(from_wire_ended,	PHASE_RUN,	1, FROM_WIRE_ENDED_FIELDS)

/* Values of from_wire_ended.what. */
enum wire_end {
	WIRE_END_CLOSED,	/* the client closed the socket */
	WIRE_END_RESET,		/* the socket failed: text is the system's reason */
	WIRE_END_DISCONNECT,	/* the client's DISCONNECT: reason, text */
	WIRE_END_FAILED,	/* the protocol was broken, by whomever: text */
	WIRE_END_IDENT,		/* it was not SSH: text */
	WIRE_END_NEGOTIATE,	/* no common algorithm: text, with both lists */
	WIRE_END_TIMEOUT,	/* ClientAliveInterval: no answer */
	WIRE_END_UNUSED,	/* UnusedConnectionTimeout */
	WIRE_END_OURS,		/* as wire_end or to_wire_disconnect said */
};

/* --- guard -> wire --- */

/*
 * All it needs to begin: the lists of struct conn_config (conn/conn.h), each
 * with a NUL at its end, and hostkeys: string blob, string algorithms (with a
 * NUL), for each. Descriptors: the socket; or two, to read from and write to.
 */
#define WIRE_SETUP_FIELDS(F)						\
	F(bytes, ident) F(bytes, kex_algs) F(bytes, hostkey_algs)	\
	F(bytes, ciphers) F(bytes, macs) F(bytes, compression)		\
	F(bytes, server_sig_algs) F(bytes, hostkeys)			\
	F(u64, window_budget) F(u32, rsa_bits)				\
	F(u32, log_level)

/* Answers from_wire_sign; an empty signature: refused. */
#define WIRE_SIGNATURE_FIELDS(F)	F(u32, id) F(bytes, sig)

/* Answers from_wire_group: magnitudes; an empty prime: there is none. */
#define WIRE_GROUP_FIELDS(F)		F(u32, id) F(bytes, prime) F(bytes, generator)

/*
 * Answers from_wire_auth; result: enum auth_result. sig_algs: what this user's
 * keys may sign by, with the first answer of a connection, else empty.
 */
#define WIRE_AUTH_ANSWER_FIELDS(F)					\
	F(u32, id) F(u32, result) F(bytes, methods) F(bytes, sig_algs)

/*
 * Answers from_wire_auth and from_wire_answers with questions (RFC 4256): string
 * text, flag echo, for each. Answered by from_wire_answers, or by a new request.
 */
#define WIRE_PROMPTS_FIELDS(F)		F(u32, id) F(bytes, instruction) F(bytes, prompts)

/* Answers a password: a new one is needed, and asked for with this text. */
#define WIRE_CHANGE_FIELDS(F)		F(u32, id) F(bytes, text)

/* A text to show before success: the banner and a nologin file, in 16 parts each at most, and some sentences. */
#define WIRE_BANNER_FIELDS(F)		F(bytes, text)

/*
 * The user's session process; comes before the answer that is SUCCESS.
 * Descriptor: the ipc to it. announce: tell the client all host keys.
 * qos: as struct ip_qos has them. Times in seconds; channel_timeouts: u32 seconds, string pattern, for each.
 */
#define WIRE_SESSION_FIELDS(F)						\
	F(flag, announce) F(u32, alive_interval) F(u32, alive_count)	\
	F(u32, unused_timeout) F(bytes, channel_timeouts) F(u32, log_level) \
	F(u32, qos_interactive) F(u32, qos_bulk) F(u64, rekey_bytes)	\
	F(u32, rekey_seconds)

/* Answers from_wire_prove: signatures, one string after the other; empty: refused. */
#define WIRE_PROOF_FIELDS(F)		F(u32, id) F(bytes, sigs)

/* Sends DISCONNECT and ends. */
#define WIRE_END_FIELDS(F)		F(u32, reason) F(bytes, text)

#define TO_WIRE(M)							\
	M(wire_setup,		PHASE_NEW,	1, WIRE_SETUP_FIELDS)	\
	M(wire_signature,	PHASE_RUN,	0, WIRE_SIGNATURE_FIELDS) \
	M(wire_group,		PHASE_RUN,	0, WIRE_GROUP_FIELDS)	\
	M(wire_auth_answer,	PHASE_AUTH,	0, WIRE_AUTH_ANSWER_FIELDS) \
	M(wire_prompts,		PHASE_AUTH,	0, WIRE_PROMPTS_FIELDS)	\
	M(wire_change,		PHASE_AUTH,	0, WIRE_CHANGE_FIELDS)	\
	M(wire_banner,		PHASE_AUTH,	40, WIRE_BANNER_FIELDS)	\
	M(wire_session,		PHASE_AUTH,	1, WIRE_SESSION_FIELDS)	\
	M(wire_proof,		PHASE_OPEN,	0, WIRE_PROOF_FIELDS)	\
	M(wire_end,		PHASE_RUN,	1, WIRE_END_FIELDS)

/* --- guard -> listener --- */

/*
 * Would this key let that user in (empty: nobody that may log in)? address: in
 * numbers; is_signed: the client has sent a signature, good or bad.
 */
#define FROM_GUARD_FIND_FIELDS(F)					\
	F(u32, id) F(bytes, user) F(bytes, blob) F(bytes, address) F(flag, is_signed)

/* The same, its signature verified: takes a use, which the connection holds until from_guard_commit. */
#define FROM_GUARD_USE_FIELDS(F)					\
	F(u32, id) F(bytes, user) F(bytes, blob) F(bytes, address)

/* Whoever uses it is not let in by it: gives back the use that the connection holds of this grant. */
#define FROM_GUARD_DROP_FIELDS(F)	F(bytes, grant)

/* All that the login needs has been proved: consumes the uses that the connection holds. Answered by guard_grant. */
#define FROM_GUARD_COMMIT_FIELDS(F)	F(u32, id)

/* A code was typed as a password: is there any, and room to stretch it? Answered by guard_code. */
#define FROM_GUARD_CODE_FIELDS(F)	F(u32, id) F(bytes, address)

/* A signature by a key that nobody knows: it may have been a guess at a code. */
#define FROM_GUARD_WRONG_FIELDS(F)	F(bytes, user) F(bytes, address)

/* The user's terminals were told that the session ends. */
#define FROM_GUARD_WARNED_FIELDS(F)	F(u32, seconds)

/*
 * Whoever is logged in wants to register keys from where he is. key:
 * fingerprint of the one he logged in with (empty: none). Answered by
 * guard_registrar.
 */
#define FROM_GUARD_REGISTRAR_FIELDS(F)					\
	F(u32, channel) F(bytes, user) F(u32, uid) F(bytes, key) F(bytes, address)

/*
 * Somebody is logged in: the connection does not count for MaxStartups any more.
 * owner: a hash of the account and the keys that it was opened with; empty
 * without a key.
 */
#define FROM_GUARD_LOGGED_IN_FIELDS(F)	F(bytes, user) F(bytes, owner)

/* Other connections of the same owner are to give up this forwarded port (of this name; empty: of an address). */
#define FROM_GUARD_TAKEOVER_FIELDS(F)	F(u32, port) F(bytes, name)

#define FROM_GUARD(M)							\
	M(from_guard_find,	PHASE_AUTH,	0, FROM_GUARD_FIND_FIELDS) \
	M(from_guard_use,	PHASE_AUTH,	0, FROM_GUARD_USE_FIELDS) \
	M(from_guard_drop,	PHASE_AUTH,	0, FROM_GUARD_DROP_FIELDS) \
	M(from_guard_commit,	PHASE_AUTH,	1, FROM_GUARD_COMMIT_FIELDS) \
	M(from_guard_code,	PHASE_AUTH,	LIMIT_AUTH_REQUESTS, FROM_GUARD_CODE_FIELDS) \
	M(from_guard_wrong,	PHASE_AUTH,	LIMIT_AUTH_REQUESTS, FROM_GUARD_WRONG_FIELDS) \
	M(from_guard_logged_in,	PHASE_AUTH,	1, FROM_GUARD_LOGGED_IN_FIELDS) \
	M(from_guard_takeover,	PHASE_OPEN,	0, FROM_GUARD_TAKEOVER_FIELDS) \
	M(from_guard_warned,	PHASE_OPEN,	0, FROM_GUARD_WARNED_FIELDS)	\
	M(from_guard_registrar,	PHASE_OPEN,	0, FROM_GUARD_REGISTRAR_FIELDS)

/* --- listener -> guard --- */

/*
 * Answers from_guard_find, from_guard_use and from_guard_commit. answer: enum
 * ephemeral_answer; reason: for the proven holder; proof: of a code that was
 * used, its key. Of a commit: YES only if it is that of all; else the one that
 * is not, and why; end: moment of the boot-time clock when the session has to
 * end (MSEC_NEVER: none).
 */
#define GUARD_GRANT_FIELDS(F)						\
	F(u32, id) F(u32, answer) F(bytes, grant) F(bytes, options)	\
	F(bytes, registrar) F(bytes, comment) F(bytes, reason) F(u64, end) \
	F(bytes, proof)

/* Answers from_guard_code. */
#define GUARD_CODE_FIELDS(F)		F(u32, id) F(flag, ok)

/* The session that a grant opened has to end at another time. */
#define GUARD_UNTIL_FIELDS(F)		F(u64, end)

/* A newer connection of the same owner takes over a forwarded port (of this name; empty: of an address). */
#define GUARD_RELEASE_FIELDS(F)		F(u32, port) F(bytes, name)

/* End the connection now; text is for log and client. */
#define GUARD_END_FIELDS(F)		F(bytes, text)

/*
 * Descriptor: an end of the control socket that speaks for him; without one he
 * may not, and text says why.
 */
#define GUARD_REGISTRAR_FIELDS(F)	F(u32, channel) F(bytes, text)

#define TO_GUARD(M)							\
	M(guard_grant,		PHASE_RUN,	0, GUARD_GRANT_FIELDS)	\
	M(guard_code,		PHASE_RUN,	0, GUARD_CODE_FIELDS)	\
	M(guard_until,		PHASE_RUN,	0, GUARD_UNTIL_FIELDS)	\
	M(guard_release,	PHASE_RUN,	0, GUARD_RELEASE_FIELDS) \
	M(guard_end,		PHASE_RUN,	0, GUARD_END_FIELDS)	\
	M(guard_registrar,	PHASE_OPEN,	0, GUARD_REGISTRAR_FIELDS)

/* --- guard -> session --- */

/* A piece of something long; of: enum session_part. Pieces add up in order. */
#define SESSION_PART_FIELDS(F)		F(u32, of) F(bytes, piece)

/*
 * Whom to become; what he may do has come in parts. grant: id of the ephemeral key's grant. *_address in
 * numbers. Descriptor: the ipc to wire.
 */
#define SESSION_JOB_FIELDS(F)						\
	F(bytes, user) F(u32, uid) F(u32, gid) F(bytes, home) F(bytes, shell) \
	F(bytes, grant) F(bytes, auth_info)				\
	F(bytes, client_address) F(u32, client_port)			\
	F(bytes, server_address) F(u32, server_port)			\
	F(u32, log_level) F(bytes, last_login)

/* A line for the user's terminals (the session is about to end, say). */
#define SESSION_NOTICE_FIELDS(F)	F(bytes, text)

/* Stops listening at this port (of this name; empty: of an address), if it does. */
#define SESSION_RELEASE_FIELDS(F)	F(u32, port) F(bytes, name)

/* As guard_registrar. */
#define SESSION_REGISTRAR_FIELDS(F)	F(u32, channel) F(bytes, text)

/* The connection is being ended by force: so are all programs. */
#define SESSION_END_FIELDS(F)

#define TO_SESSION_GUARD(M)						\
	M(session_part,		PHASE_NEW,	0, SESSION_PART_FIELDS)	\
	M(session_job,		PHASE_NEW,	1, SESSION_JOB_FIELDS)	\
	M(session_notice,	PHASE_OPEN,	0, SESSION_NOTICE_FIELDS) \
	M(session_release,	PHASE_OPEN,	0, SESSION_RELEASE_FIELDS) \
	M(session_registrar,	PHASE_OPEN,	0, SESSION_REGISTRAR_FIELDS) \
	M(session_end,		PHASE_OPEN,	1, SESSION_END_FIELDS)

/* Values of session_part.of. */
enum session_part {
	SESSION_PART_CONFIG,	/* sshd_config_put() of the connection's config */
	SESSION_PART_GROUPS,	/* supplementary groups, a u32 each */
	SESSION_PART_OPTIONS,	/* of his keys, as in authorized_keys: a string each */
	SESSION_PART_ENV,	/* what his programs are told of the login: string name, string value, each */
	SESSION_N_PARTS,
};

/* --- session -> guard --- */

/* A line for the log. facility: of one that internal-sftp has written, as "AUTH"; else empty. */
#define FROM_SESSION_LOG_FIELDS(F)	F(u32, level) F(bytes, facility) F(bytes, text)

/* A terminal is in use, or no longer: for utmp and wtmp. tty: "pts/3". */
#define FROM_SESSION_TTY_FIELDS(F)	F(bytes, tty) F(u32, pid) F(flag, in_use)

/* A port (of a name) that the client wants is in use: perhaps by another connection of his. */
#define FROM_SESSION_TAKEOVER_FIELDS(F)	F(u32, port) F(bytes, name)

/* The user wants to register keys on this channel. */
#define FROM_SESSION_REGISTRAR_FIELDS(F)	F(u32, channel)

#define FROM_SESSION(M)							\
	M(from_session_log,	PHASE_OPEN,	0, FROM_SESSION_LOG_FIELDS) \
	M(from_session_tty,	PHASE_OPEN,	0, FROM_SESSION_TTY_FIELDS) \
	M(from_session_takeover, PHASE_OPEN,	0, FROM_SESSION_TAKEOVER_FIELDS) \
	M(from_session_registrar, PHASE_OPEN,	0, FROM_SESSION_REGISTRAR_FIELDS)

/* --- wire -> session: what the client wants; bodies as in channels/ --- */

#define TO_SESSION_OPEN_FIELDS(F)	F(u32, channel) F(bytes, type) F(bytes, body)

#define TO_SESSION_REQUEST_FIELDS(F)					\
	F(u32, channel) F(u32, id) F(bytes, request) F(flag, want_reply) F(bytes, body)

/* Both sides have closed it; its number may come again. */
#define TO_SESSION_CLOSED_FIELDS(F)	F(u32, channel)

/* What became of to_wire_open. */
#define TO_SESSION_OPENED_FIELDS(F)	F(u32, tag) F(flag, ok) F(u32, channel)

#define TO_SESSION_GLOBAL_FIELDS(F)					\
	F(u32, id) F(bytes, request) F(flag, want_reply) F(bytes, body)

#define TO_SESSION(M)							\
	M(to_session_open,	PHASE_OPEN,	0, TO_SESSION_OPEN_FIELDS) \
	M(to_session_request,	PHASE_OPEN,	0, TO_SESSION_REQUEST_FIELDS) \
	M(to_session_closed,	PHASE_OPEN,	0, TO_SESSION_CLOSED_FIELDS) \
	M(to_session_opened,	PHASE_OPEN,	0, TO_SESSION_OPENED_FIELDS) \
	M(to_session_global,	PHASE_OPEN,	0, TO_SESSION_GLOBAL_FIELDS)

/* --- session -> wire --- */

/* Accepts an open. Descriptor (direct-tcpip and the like): the socket; messages: it is one of those. */
#define TO_WIRE_ACCEPT_FIELDS(F)	F(u32, channel) F(flag, messages)

#define TO_WIRE_REFUSE_FIELDS(F)	F(u32, channel) F(u32, code) F(bytes, text)

#define TO_WIRE_REPLY_FIELDS(F)		F(u32, channel) F(u32, id) F(flag, ok)

/*
 * Binds descriptors: to write to, to read from, and for stderr; with a pty the
 * master alone. kind: what the channel is, for ChannelTimeout
 * ("session:shell" ...).
 */
#define TO_WIRE_ATTACH_FIELDS(F)	F(u32, channel) F(flag, is_tty) F(bytes, kind)

/* The program has ended: the request to send when its output has been read. */
#define TO_WIRE_EXIT_FIELDS(F)		F(u32, channel) F(bytes, request) F(bytes, body)

/* Opens a channel; descriptor: the socket to bind it to. Answered by to_session_opened. */
#define TO_WIRE_OPEN_FIELDS(F)		F(u32, tag) F(bytes, type) F(bytes, body)

#define TO_WIRE_GLOBAL_REPLY_FIELDS(F)	F(u32, id) F(flag, ok) F(bytes, body)

#define TO_WIRE_DISCONNECT_FIELDS(F)	F(u32, reason) F(bytes, text)

#define TO_WIRE_SESSION(M)						\
	M(to_wire_accept,	PHASE_OPEN,	0, TO_WIRE_ACCEPT_FIELDS) \
	M(to_wire_refuse,	PHASE_OPEN,	0, TO_WIRE_REFUSE_FIELDS) \
	M(to_wire_reply,	PHASE_OPEN,	0, TO_WIRE_REPLY_FIELDS) \
	M(to_wire_attach,	PHASE_OPEN,	0, TO_WIRE_ATTACH_FIELDS) \
	M(to_wire_exit,		PHASE_OPEN,	0, TO_WIRE_EXIT_FIELDS)	\
	M(to_wire_open,		PHASE_OPEN,	0, TO_WIRE_OPEN_FIELDS)	\
	M(to_wire_global_reply,	PHASE_OPEN,	0, TO_WIRE_GLOBAL_REPLY_FIELDS) \
	M(to_wire_disconnect,	PHASE_OPEN,	1, TO_WIRE_DISCONNECT_FIELDS)

/* --- listener, guard -> nursery --- */

/* Somebody is to be born; kept: with a keeper (sshd/keeper.h). Descriptor: his end of the ipc to whoever asks. */
#define NURSERY_WIRE_FIELDS(F)		F(u32, uid)
#define NURSERY_SESSION_FIELDS(F)	F(flag, is_kept)

#define TO_NURSERY(M)							\
	M(nursery_wire,		PHASE_NEW,	0, NURSERY_WIRE_FIELDS)	\
	M(nursery_session,	PHASE_NEW,	0, NURSERY_SESSION_FIELDS)

/* --- nursery -> listener, guard --- */

/* Who was born; the first message on his ipc. Descriptor: the process, if the kernel has such. */
#define FROM_NURSERY_BORN_FIELDS(F)	F(u32, pid)

#define FROM_NURSERY(M)							\
	M(from_nursery_born,	PHASE_NEW,	1, FROM_NURSERY_BORN_FIELDS)

IPC_MESSAGES(FROM_WIRE, FROM_WIRE)
IPC_MESSAGES(TO_WIRE, TO_WIRE)
IPC_MESSAGES(FROM_GUARD, FROM_GUARD)
IPC_MESSAGES(TO_GUARD, TO_GUARD)
IPC_MESSAGES(TO_SESSION_GUARD, TO_SESSION_GUARD)
IPC_MESSAGES(FROM_SESSION, FROM_SESSION)
IPC_MESSAGES(TO_SESSION, TO_SESSION)
IPC_MESSAGES(TO_WIRE_SESSION, TO_WIRE_SESSION)
IPC_MESSAGES(TO_NURSERY, TO_NURSERY)
IPC_MESSAGES(FROM_NURSERY, FROM_NURSERY)

#endif
