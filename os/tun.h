/* SPDX-License-Identifier: ISC */
/*
 * os/tun.h - network interfaces whose packets travel in a channel
 * (tun@openssh.com): a tun device carries IP packets, a tap device Ethernet
 * frames.
 *
 * frame   what travels, one in a CHANNEL_DATA: for IP packets a uint32 address
 *         family (2: IPv4, 24: IPv6, as in OpenBSD), then the packet
 *
 * A tunnel stands between the device and a SOCK_SEQPACKET socket, a frame a
 * message, whose other end is attached to the channel with PUMP_DATAGRAM.
 */
#ifndef OS_TUN_H
#define OS_TUN_H

#include "os/loop.h"

enum tun_mode { TUN_MODE_IP = 1, TUN_MODE_ETHERNET = 2 };

/* The unit that stands for any free one. */
#define TUN_UNIT_ANY		0x7fffffffu

/* The highest unit that can be asked for. */
#define TUN_UNIT_MAX		0x7ffffffdu

#define TUN_NAME_SIZE	16

/*
 * Opens a device, and sets its interface up if that is allowed; name is what
 * the system calls it ("tun0"). ERR_SYSTEM with errno.
 */
enum err tun_open(enum tun_mode mode, uint32_t unit, int *fd, char name[static TUN_NAME_SIZE]);

struct tun;

/*
 * Starts moving packets between the device (which is the tunnel's from now on,
 * also on error) and *socket, which is the caller's to attach. done(arg) is
 * called once when either side has closed; the tunnel is still to be freed.
 * ERR_NOMEM, ERR_SYSTEM.
 */
enum err tun_new(struct tun **out, struct loop *loop, int device, enum tun_mode mode,
    int *socket, void (*done)(void *arg), void *arg);

/* Closes the device. NULL is fine. */
void tun_free(struct tun *t);

#endif
