/* SPDX-License-Identifier: ISC */
/*
 * channels/mux.h - messages of the multiplexing protocol, version 4, that
 * several ssh processes share one connection by (a Unix socket; descriptors
 * travel beside it).
 *
 * master   the process that has the connection
 * client   one that borrows it
 * packet   uint32 length, and so many bytes: uint32 type, body
 *
 * One struct, one _get, one _put each; _get takes the body, _put writes type
 * and body (the caller writes the length around it: wr_open(), wr_close()).
 * Each descriptor comes behind its message with one byte 0 in the stream.
 */
#ifndef CHANNELS_MUX_H
#define CHANNELS_MUX_H

#include "base/reader.h"
#include "base/writer.h"

#define MUX_VERSION	4

/* The port that says "the host is the path of a Unix socket". */
#define MUX_PORT_PATH	(UINT32_MAX - 1)

/* The escape character that says "none". */
#define MUX_NO_ESCAPE	UINT32_MAX

enum mux_type {
	MUX_HELLO		= 0x00000001,
	/* from the client */
	MUX_NEW_SESSION		= 0x10000002,
	MUX_ALIVE_CHECK		= 0x10000004,
	MUX_TERMINATE		= 0x10000005,
	MUX_OPEN_FWD		= 0x10000006,
	MUX_CLOSE_FWD		= 0x10000007,
	MUX_NEW_STDIO_FWD	= 0x10000008,
	MUX_STOP_LISTENING	= 0x10000009,
	MUX_PROXY		= 0x1000000f,
	MUX_EXT_INFO		= 0x20000001,
	/* from the master */
	MUX_OK			= 0x80000001,
	MUX_PERMISSION_DENIED	= 0x80000002,
	MUX_FAILURE		= 0x80000003,
	MUX_EXIT_MESSAGE	= 0x80000004,
	MUX_ALIVE		= 0x80000005,
	MUX_SESSION_OPENED	= 0x80000006,
	MUX_REMOTE_PORT		= 0x80000007,
	MUX_TTY_ALLOC_FAIL	= 0x80000008,
	MUX_PROXY_OK		= 0x8000000f,
	MUX_EXT_INFO_REPLY	= 0x90000001,
};

enum mux_forward_type { MUX_FORWARD_LOCAL = 1, MUX_FORWARD_REMOTE = 2, MUX_FORWARD_DYNAMIC = 3 };

/* HELLO: both sides' first; extensions: string name, string value, for each. */
struct mux_hello {
	uint32_t version;
	struct span extensions;
};

/* NEW_SESSION; with it come stdin, stdout and stderr. env: a string each. */
struct mux_new_session {
	uint32_t request;
	struct span reserved;
	bool want_tty;
	bool want_x11;
	bool want_agent;
	bool is_subsystem;
	uint32_t escape;
	struct span term;
	struct span command;
	struct span env;
};

/* ALIVE_CHECK, TERMINATE, STOP_LISTENING, PROXY; and OK, PROXY_OK. */
struct mux_plain {
	enum mux_type type;		/* of _put; _get leaves it alone */
	uint32_t request;
};

/* OPEN_FWD, CLOSE_FWD. */
struct mux_forward {
	enum mux_type type;		/* of _put; _get leaves it alone */
	uint32_t request;
	uint32_t kind;			/* enum mux_forward_type */
	struct span listen_host;
	uint32_t listen_port;
	struct span connect_host;
	uint32_t connect_port;
};

/* NEW_STDIO_FWD; with it come stdin and stdout. */
struct mux_stdio_forward {
	uint32_t request;
	struct span reserved;
	struct span host;
	uint32_t port;
};

/* EXT_INFO: "connection" or "channels". */
struct mux_ext_info {
	uint32_t request;
	struct span name;
};

/* PERMISSION_DENIED, FAILURE. */
struct mux_refusal {
	enum mux_type type;		/* of _put; _get leaves it alone */
	uint32_t request;
	struct span reason;
};

/* ALIVE: pid; SESSION_OPENED: session; REMOTE_PORT: port; EXIT_MESSAGE: session, code. */
struct mux_pair {
	enum mux_type type;		/* of _put; _get leaves it alone */
	uint32_t first;			/* request, or session of EXIT_MESSAGE */
	uint32_t second;
};

/* TTY_ALLOC_FAIL. */
struct mux_tty_fail {
	uint32_t session;
};

/* The answer to EXT_INFO. */
struct mux_ext_info_reply {
	uint32_t request;
	bool ok;
	struct span text;
};

/*
 * Finds the first packet in a stream: its type, its body, and how many bytes
 * it takes. ERR_AGAIN: more is needed; ERR_LIMIT above LIMIT_PACKET bytes;
 * ERR_SHORT without a type.
 */
enum err mux_packet(struct span in, enum mux_type *type, struct span *body, size_t *used);

/* HELLO; ERR_UNSUPPORTED for another version. */
enum err mux_hello_get(struct span body, struct mux_hello *m);
/* HELLO. */
void mux_hello_put(struct writer *w, const struct mux_hello *m);

/* NEW_SESSION. */
enum err mux_new_session_get(struct span body, struct mux_new_session *m);
/* NEW_SESSION. */
void mux_new_session_put(struct writer *w, const struct mux_new_session *m);

/* Messages with nothing but a request id. */
enum err mux_plain_get(struct span body, struct mux_plain *m);
/* Messages with nothing but a request id. */
void mux_plain_put(struct writer *w, const struct mux_plain *m);

/* OPEN_FWD, CLOSE_FWD; ERR_FORMAT for a kind or port that does not exist. */
enum err mux_forward_get(struct span body, struct mux_forward *m);
/* OPEN_FWD, CLOSE_FWD. */
void mux_forward_put(struct writer *w, const struct mux_forward *m);

/* NEW_STDIO_FWD. */
enum err mux_stdio_forward_get(struct span body, struct mux_stdio_forward *m);
/* NEW_STDIO_FWD. */
void mux_stdio_forward_put(struct writer *w, const struct mux_stdio_forward *m);

/* EXT_INFO. */
enum err mux_ext_info_get(struct span body, struct mux_ext_info *m);
/* EXT_INFO. */
void mux_ext_info_put(struct writer *w, const struct mux_ext_info *m);

/* PERMISSION_DENIED, FAILURE. */
enum err mux_refusal_get(struct span body, struct mux_refusal *m);
/* PERMISSION_DENIED, FAILURE. */
void mux_refusal_put(struct writer *w, const struct mux_refusal *m);

/* Messages of two numbers. */
enum err mux_pair_get(struct span body, struct mux_pair *m);
/* Messages of two numbers. */
void mux_pair_put(struct writer *w, const struct mux_pair *m);

/* TTY_ALLOC_FAIL. */
enum err mux_tty_fail_get(struct span body, struct mux_tty_fail *m);
/* TTY_ALLOC_FAIL. */
void mux_tty_fail_put(struct writer *w, const struct mux_tty_fail *m);

/* The answer to EXT_INFO. */
enum err mux_ext_info_reply_get(struct span body, struct mux_ext_info_reply *m);
/* The answer to EXT_INFO. */
void mux_ext_info_reply_put(struct writer *w, const struct mux_ext_info_reply *m);

#endif
