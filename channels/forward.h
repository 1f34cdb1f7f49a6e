/* SPDX-License-Identifier: ISC */
/*
 * channels/forward.h - bodies of the forwarding messages: channel opens
 * (behind the common fields) and global requests (RFC 4254 7; OpenSSH's
 * streamlocal ones; x11, RFC 4254 6.3.2).
 *
 * One struct, one _get, one _put each, with the rules of channels/request.h.
 * auth-agent@openssh.com, agent-connect and session opens have no fields:
 * request_empty_get().
 */
#ifndef CHANNELS_FORWARD_H
#define CHANNELS_FORWARD_H

#include "base/reader.h"
#include "base/writer.h"

/* direct-tcpip: where to connect; forwarded-tcpip: where it was accepted. */
struct open_tcpip {
	struct span host;
	uint32_t port;
	struct span origin_host;
	uint32_t origin_port;
};

/* direct-streamlocal@openssh.com. */
struct open_direct_streamlocal {
	struct span path;
	struct span reserved;
	uint32_t reserved_port;
};

/* forwarded-streamlocal@openssh.com. */
struct open_forwarded_streamlocal {
	struct span path;
	struct span reserved;
};

/* x11. */
struct open_x11 {
	struct span origin_host;
	uint32_t origin_port;
};

/* tun@openssh.com. */
struct open_tun {
	uint32_t mode;			/* 1: IP packets, 2: Ethernet frames */
	uint32_t unit;			/* of the interface; 0x7fffffff: any */
};

/* tcpip-forward and cancel-tcpip-forward. */
struct global_tcpip_forward {
	struct span address;
	uint32_t port;
};

/* Answer to tcpip-forward with port 0. */
struct global_forward_port {
	uint32_t port;
};

/* streamlocal-forward@openssh.com and cancel-streamlocal-forward@openssh.com. */
struct global_streamlocal_forward {
	struct span path;
};

/* direct-tcpip, forwarded-tcpip; ports above 65535 are ERR_FORMAT. */
enum err open_tcpip_get(struct span body, struct open_tcpip *m);
/* direct-tcpip, forwarded-tcpip. */
void open_tcpip_put(struct writer *w, const struct open_tcpip *m);

/* direct-streamlocal@openssh.com. */
enum err open_direct_streamlocal_get(struct span body,
    struct open_direct_streamlocal *m);
/* direct-streamlocal@openssh.com. */
void open_direct_streamlocal_put(struct writer *w,
    const struct open_direct_streamlocal *m);

/* forwarded-streamlocal@openssh.com. */
enum err open_forwarded_streamlocal_get(struct span body,
    struct open_forwarded_streamlocal *m);
/* forwarded-streamlocal@openssh.com. */
void open_forwarded_streamlocal_put(struct writer *w,
    const struct open_forwarded_streamlocal *m);

/* x11. */
enum err open_x11_get(struct span body, struct open_x11 *m);
/* x11. */
void open_x11_put(struct writer *w, const struct open_x11 *m);

/* tun@openssh.com; modes other than 1 and 2 are ERR_FORMAT. */
enum err open_tun_get(struct span body, struct open_tun *m);
/* tun@openssh.com. */
void open_tun_put(struct writer *w, const struct open_tun *m);

/* tcpip-forward, cancel-tcpip-forward; ports above 65535 are ERR_FORMAT. */
enum err global_tcpip_forward_get(struct span body,
    struct global_tcpip_forward *m);
/* tcpip-forward, cancel-tcpip-forward. */
void global_tcpip_forward_put(struct writer *w,
    const struct global_tcpip_forward *m);

/* The port in an answer to tcpip-forward. */
enum err global_forward_port_get(struct span body,
    struct global_forward_port *m);
/* The port in an answer to tcpip-forward. */
void global_forward_port_put(struct writer *w,
    const struct global_forward_port *m);

/* streamlocal-forward@openssh.com and its cancel. */
enum err global_streamlocal_forward_get(struct span body,
    struct global_streamlocal_forward *m);
/* streamlocal-forward@openssh.com and its cancel. */
void global_streamlocal_forward_put(struct writer *w,
    const struct global_streamlocal_forward *m);

#endif
