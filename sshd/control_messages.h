/* SPDX-License-Identifier: ISC */
/*
 * sshd/control_messages.h - what is spoken on the control socket: the two
 * lists, requests of a tool and replies of the listener (os/ipc.h).
 *
 * The socket is SOCK_SEQPACKET; who asks is what SO_PEERCRED says. Each
 * request has one reply that ends it: ctl_refused or ctl_done (of a list: after
 * up to CONTROL_PAGE grants; `more` says that asking again with its cursor
 * gives the rest) or ctl_server; ctl_events with
 * `follow` has no end until the tool closes the connection. Times are milliseconds.
 */
#ifndef SSHD_CONTROL_MESSAGES_H
#define SSHD_CONTROL_MESSAGES_H

#include "os/ipc.h"

/* Grants in one page of a list. */
#define CONTROL_PAGE		100

/* Requests may come as often as they like: only root and registrars can ask. */
#define CONTROL_PHASE		1u

#define CTL_INFO_FIELDS(F)	F(u32, version)
#define CTL_ADD_FIELDS(F)						\
	F(bytes, user) F(bytes, key) F(u64, ttl) F(u32, uses)		\
	F(u64, grace) F(bytes, sources) F(bytes, options)		\
	F(u32, session) F(u64, session_length) F(bytes, comment)	\
	F(bytes, proof)
#define CTL_LIST_FIELDS(F)						\
	F(u64, cursor) F(bytes, cursor_id) F(bytes, user) F(flag, live_only)
#define CTL_EXTEND_FIELDS(F)	F(bytes, id) F(u64, ttl)
/* One of id, fingerprint (32 bytes) and user, or all. */
#define CTL_REVOKE_FIELDS(F)						\
	F(bytes, id) F(bytes, fingerprint) F(bytes, user) F(flag, all) F(flag, kill)

/* follow: go on with those that will happen. past: begin with the last that did. */
#define CTL_EVENTS_FIELDS(F)	F(flag, past) F(flag, follow)

/* Sources with penalties, from number skip on; clear: an address, or "all", to be forgotten instead. */
#define CTL_PENALTIES_FIELDS(F)	F(u64, skip) F(bytes, clear)

/* name, phases, uses, fields */
#define CONTROL_REQUESTS(M)						\
	M(ctl_info,	CONTROL_PHASE, 0, CTL_INFO_FIELDS)		\
	M(ctl_add,	CONTROL_PHASE, 0, CTL_ADD_FIELDS)		\
	M(ctl_list,	CONTROL_PHASE, 0, CTL_LIST_FIELDS)		\
	M(ctl_extend,	CONTROL_PHASE, 0, CTL_EXTEND_FIELDS)		\
	M(ctl_revoke,	CONTROL_PHASE, 0, CTL_REVOKE_FIELDS)		\
	M(ctl_events,	CONTROL_PHASE, 0, CTL_EVENTS_FIELDS)	\
	M(ctl_penalties,	CONTROL_PHASE, 0, CTL_PENALTIES_FIELDS)

#define CTL_REFUSED_FIELDS(F)	F(bytes, text)
#define CTL_SERVER_FIELDS(F)						\
	F(bytes, version) F(u32, pid) F(u32, live) F(u32, total)	\
	F(u64, min_ttl) F(u64, max_ttl)
/* age: since registered; left: until it ends, or since it is over. */
#define CTL_GRANT_FIELDS(F)						\
	F(bytes, id) F(u32, state) F(bytes, user) F(bytes, key_type)	\
	F(bytes, fingerprint) F(bytes, sources) F(bytes, options)	\
	F(bytes, registrar) F(bytes, comment) F(u64, age) F(u64, left)	\
	F(u32, uses) F(u32, used) F(u64, grace) F(u32, session)		\
	F(u64, session_length) F(u32, sessions)
#define CTL_DONE_FIELDS(F)						\
	F(u32, count) F(u32, killed) F(flag, more) F(u64, cursor) F(bytes, cursor_id)

/* A line of JSON (sshd/journal.h), with its newline; lost: how many before it were dropped. */
#define CTL_EVENT_FIELDS(F)	F(bytes, line) F(u64, lost)

/* source: ADDRESS/BITS; left: milliseconds until it is over; cause: as in the log. */
#define CTL_PENALTY_FIELDS(F)	F(bytes, source) F(flag, is_active) F(u64, left) F(bytes, cause)

#define CONTROL_REPLIES(M)						\
	M(ctl_refused,	CONTROL_PHASE, 0, CTL_REFUSED_FIELDS)		\
	M(ctl_server,	CONTROL_PHASE, 0, CTL_SERVER_FIELDS)		\
	M(ctl_grant,	CONTROL_PHASE, 0, CTL_GRANT_FIELDS)		\
	M(ctl_done,	CONTROL_PHASE, 0, CTL_DONE_FIELDS)		\
	M(ctl_event,	CONTROL_PHASE, 0, CTL_EVENT_FIELDS)		\
	M(ctl_penalty,	CONTROL_PHASE, 0, CTL_PENALTY_FIELDS)

/* What ctl_info.version says today; a server answers any. */
#define CONTROL_VERSION		1

IPC_MESSAGES(CONTROL_REQUESTS, CONTROL_REQUESTS)
IPC_MESSAGES(CONTROL_REPLIES, CONTROL_REPLIES)

#endif
