/* SPDX-License-Identifier: ISC */
/*
 * kex/msg.h - message numbers of the transport layer (RFC 4250 4.1.2).
 */
#ifndef KEX_MSG_H
#define KEX_MSG_H

enum transport_msg {
	MSG_DISCONNECT = 1,
	MSG_IGNORE = 2,
	MSG_UNIMPLEMENTED = 3,
	MSG_DEBUG = 4,
	MSG_EXT_INFO = 7,		/* RFC 8308 */
	MSG_KEXINIT = 20,
	MSG_NEWKEYS = 21,
	MSG_KEX_FIRST = 30,		/* 30 to 49: what they are, the method says */
	MSG_KEX_LAST = 49,
	MSG_PING = 192,			/* ping@openssh.com */
	MSG_PONG = 193,
};

/* Disconnect reasons of RFC 4253 11.1 that no enum err stands for. */
enum disconnect_reason {
	DISCONNECT_BY_APPLICATION = 11,
};

#endif
