/* SPDX-License-Identifier: ISC */
/*
 * os/ipc.h - messages between our own processes, and to the control socket.
 *
 * A message list is a macro, one list a direction; everything else is
 * expanded from it: numbers, structs, codecs, the rules of who may send what
 * when and how often, and the receiver's dispatch.
 *
 *	// name, phases it is allowed in (bits), times it may come (0: any), fields
 *	#define WIRE_TO_GUARD(M)					\
 *		M(sign,  PHASE_ANY, 0, FIELDS_SIGN)			\
 *		M(ident, PHASE_NEW, 1, FIELDS_IDENT)
 *	#define FIELDS_SIGN(F)  F(u32, id) F(bytes, transcript)
 *	#define FIELDS_IDENT(F) F(bytes, ident)
 *	IPC_MESSAGES(WIRE_TO_GUARD, WIRE_TO_GUARD)	// in the shared header
 *
 *	// in the receiver: static enum err on_sign(struct guard *,
 *	//     const struct msg_sign *, struct ipc_fds *);  one a message
 *	IPC_RECEIVER(guard_on_message, WIRE_TO_GUARD, struct guard)
 *
 *	// in the sender:
 *	TRY(ipc_send_sign(ipc, &(struct msg_sign){ .id = 1, ... }, NULL));
 *
 * A message without a handler does not compile; a field on one side only
 * does not either. Field kinds: u32, u64, flag, bytes. Descriptors travel
 * beside the fields, IPC_MAX_FDS at most.
 *
 * Messages are SOCK_SEQPACKET datagrams, so that one read gives one message
 * with exactly its descriptors. An ipc never blocks: what the kernel does not
 * take is kept in order up to IPC_QUEUE_MAX, and sent by ipc_flush().
 */
#ifndef OS_IPC_H
#define OS_IPC_H

#include "base/reader.h"
#include "base/writer.h"

#define IPC_MAX_FDS	4
#define IPC_QUEUE_MAX	(4 * 1024 * 1024)

/* Descriptors that came with a message. A handler that keeps one sets it to -1. */
struct ipc_fds {
	int fd[IPC_MAX_FDS];
	size_t n;
	bool lost;			/* received, but there was no room for them */
};

struct ipc_queued;

struct ipc {
	int fd;
	struct ipc_queued *queue;	/* oldest first */
	struct ipc_queued **queue_end;
	size_t queued;			/* bytes in it */
	uint16_t uses[64];		/* messages received, by number */
};

/* Makes a connected pair, both ends non-blocking and close-on-exec. ERR_SYSTEM. */
enum err ipc_pair(int fd[2]);

/* Starts using a SEQPACKET descriptor, which becomes the ipc's. */
void ipc_init(struct ipc *ipc, int fd);

/* Closes the descriptor and frees what was queued. */
void ipc_close(struct ipc *ipc);

/*
 * Sends a message; fds may be NULL and stay the caller's (they are duplicated
 * if the message has to wait). ERR_CLOSED when the other process is gone,
 * ERR_LIMIT when too much waits for it, ERR_NOMEM, ERR_SYSTEM.
 */
enum err ipc_send(struct ipc *ipc, struct span message, const struct ipc_fds *fds);

/* Whether ipc_flush() wants the descriptor to be writable. */
bool ipc_wants_write(const struct ipc *ipc);

/* Sends what waits, as far as the kernel takes it. Errors as ipc_send(). */
enum err ipc_flush(struct ipc *ipc);

/*
 * Receives one message into buf (LIMIT_IPC bytes). ERR_AGAIN if there is
 * none, ERR_CLOSED at the end, ERR_LIMIT if it was cut short. With ERR_LIMIT and
 * fds->lost the message is whole, but there was no room for its descriptors: this
 * process has as many as it may have, and whoever can live with that does. The
 * caller closes what is left in fds with ipc_fds_close().
 */
enum err ipc_receive(struct ipc *ipc, struct room buf, struct span *message,
    struct ipc_fds *fds);

/* Closes the descriptors that are not -1. */
void ipc_fds_close(struct ipc_fds *fds);

/* One row of a list: what dispatch checks before the handler runs. */
struct ipc_rule {
	const char *name;
	uint32_t phases;
	uint16_t uses;
};

/*
 * Checks number and phase against the rules and counts the use. ERR_SEQUENCE
 * if it must not come now or not so often, ERR_FORMAT if there is no such row.
 */
enum err ipc_allow(struct ipc *ipc, const struct ipc_rule *rules, size_t n_rules,
    uint32_t number, uint32_t phase);

/* --- what the lists expand to --- */

#define IPC_TYPE_u32	uint32_t
#define IPC_TYPE_u64	uint64_t
#define IPC_TYPE_flag	bool
#define IPC_TYPE_bytes	struct span

#define IPC_FIELD(kind, name)	IPC_TYPE_##kind name;
#define IPC_PUT(kind, name)	wr_##kind(w, m->name);
#define IPC_GET(kind, name)	m->name = rd_##kind(&r);

#define IPC_NUMBER(name, phases, uses, fields)	MSG_##name,
#define IPC_STRUCT(name, phases, uses, fields)				\
	struct msg_##name {						\
		fields(IPC_FIELD)					\
		char ends_here;						\
	};
#define IPC_CODEC(name, phases, uses, fields)				\
	static inline void						\
	msg_##name##_put(struct writer *w, const struct msg_##name *m)	\
	{								\
		(void)m;						\
		wr_u32(w, MSG_##name);					\
		fields(IPC_PUT)						\
	}								\
	static inline enum err						\
	msg_##name##_get(struct span s, struct msg_##name *m)		\
	{								\
		struct reader r = rd_init(s);				\
		*m = (struct msg_##name){ .ends_here = 0 };		\
		fields(IPC_GET)						\
		return rd_end(&r);					\
	}								\
	static inline enum err						\
	ipc_send_##name(struct ipc *ipc, const struct msg_##name *m,	\
	    const struct ipc_fds *fds)					\
	{								\
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC); \
		msg_##name##_put(&w, m);				\
		TRY(wr_end(&w));					\
		return ipc_send(ipc, writer_span(&w), fds);		\
	}

/* Everything the list LIST stands for; tag names its enum (enum ipc_##tag). */
#define IPC_MESSAGES(tag, LIST)						\
	enum ipc_##tag { LIST(IPC_NUMBER) IPC_N_##tag };		\
	LIST(IPC_STRUCT)						\
	LIST(IPC_CODEC)

#define IPC_RULE(name, phases, uses, fields)	[MSG_##name] = { #name, phases, uses },
#define IPC_CASE(name, phases, uses, fields)				\
	case MSG_##name: {						\
		struct msg_##name m;					\
		TRY(msg_##name##_get(body, &m));			\
		return on_##name(self, &m, fds);			\
	}

/*
 * Defines static enum err fn(SELF *self, struct ipc *ipc, uint32_t phase,
 * struct span message, struct ipc_fds *fds): checks, decodes and calls
 * on_NAME(self, &m, fds), which must be defined above it for each message.
 */
#define IPC_RECEIVER(fn, LIST, SELF)					\
	static enum err							\
	fn(SELF *self, struct ipc *ipc, uint32_t phase,			\
	    struct span message, struct ipc_fds *fds)			\
	{								\
		static const struct ipc_rule rules[] = { LIST(IPC_RULE) }; \
		struct reader r = rd_init(message);			\
		uint32_t number = rd_u32(&r);				\
		struct span body = rd_rest(&r);				\
		TRY(rd_end(&r));					\
		TRY(ipc_allow(ipc, rules, COUNT(rules), number, phase)); \
		switch (number) {					\
		LIST(IPC_CASE)						\
		default:						\
			return ERR_FORMAT;				\
		}							\
	}

#include "base/limits.h"

#endif
