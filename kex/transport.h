/* SPDX-License-Identifier: ISC */
/*
 * kex/transport.h - the transport layer (RFC 4253) of one connection.
 *
 * Takes bytes as they come from the peer and gives payloads, takes payloads
 * and gives bytes to send. Does the identification exchange, key exchange,
 * rekeying, compression and EXT_INFO by itself. The upper layers (auth/,
 * channels/) use the sending half of this header and nothing else of kex/.
 *
 * packet    what RFC 4253 6 calls a binary packet
 * payload   what is inside: one message, beginning with its number
 * lent      payload area of the next packet, in the output buffer, that the
 *           program fills with read(2); it is encrypted where it stands
 */
#ifndef KEX_TRANSPORT_H
#define KEX_TRANSPORT_H

#include "base/writer.h"
#include "kex/event.h"

struct transport;

/*
 * Starts a message of the upper layers and returns the writer for its fields
 * (the number is already written). Nothing else may be called on the
 * transport until transport_end(). Never NULL: errors are sticky in the
 * transport and end the connection at its next conn_next().
 */
struct writer *transport_begin(struct transport *t, uint8_t number);

/*
 * Ends the message: it is sealed into the output at once, or kept in order
 * until a running key exchange has ended (RFC 4253 7.1), up to
 * LIMIT_REKEY_QUEUE bytes.
 */
void transport_end(struct transport *t);

/*
 * Whether channel data may be sent now: no key exchange is running, nothing
 * is kept back, and less than LIMIT_OUTPUT bytes wait for the peer.
 */
bool transport_may_send(const struct transport *t);

/*
 * Lends room for a payload of head + up to want bytes; p points behind the
 * head, where data goes. Empty if !transport_may_send(). Valid until the next
 * call on this transport; nothing happens if it is not used.
 */
struct room transport_lend(struct transport *t, size_t head, size_t want);

/* Sends the lent payload: head (as long as it was lent with) and n bytes of data. */
void transport_send_lent(struct transport *t, struct span head, size_t n);

/* Bytes that have been sealed and not yet sent. */
size_t transport_queued(const struct transport *t);

/* The session identifier (RFC 4253 7.2); empty before the first exchange. */
struct span transport_session_id(const struct transport *t);

/* Starts delayed compression (zlib@openssh.com), after authentication. */
void transport_authenticated(struct transport *t);

/*
 * Records a fault of the peer or of ours: the first one counts, sends
 * SSH_MSG_DISCONNECT with text and ends the connection (EV_FAILED). text must
 * be static. Returns e, so that handlers can `return transport_fault(...)`.
 */
enum err transport_fault(struct transport *t, enum err e, const char *text);

#endif
