/* SPDX-License-Identifier: ISC */
/*
 * sftp/client_i.h - the inside of sftp/client.h.
 *
 * The ids of questions count up; a question has the slot of the table that its
 * id's low bits name, so that looking one up is one comparison, and a question
 * that stays unanswered keeps only those from being asked that come a whole
 * table later.
 */
#ifndef SFTP_CLIENT_I_H
#define SFTP_CLIENT_I_H

#include "sftp/client.h"

/* Questions beyond this many unsent bytes wait: two writes of the largest size. */
#define CLIENT_OUT_ENOUGH	(2 * SFTP_MAX_PACKET)

/* One packet, and what a read(2) may bring with it. */
#define CLIENT_IN_SIZE		(2 * (SFTP_MAX_PACKET + 4))

struct client_question {
	bool is_asked;
	uint32_t id;
	uint64_t tag[2];
};

struct sftp_client {
	struct sftp_transport transport;
	struct writer out;
	size_t out_sent;		/* bytes of out that are gone */
	size_t write_mark;		/* of sftp_send_write() */
	size_t write_data;
	uint64_t write_offset;
	uint8_t *in;
	size_t in_from;			/* in[from .. to) has come and was not looked at */
	size_t in_to;
	struct client_question *questions;
	unsigned n_questions;
	uint32_t next_id;
	uint32_t version;
	uint64_t extensions;
	struct sftp_limits limits;
	uint32_t status;
	uint32_t length;
	enum err dead;			/* what ended it; ERR_OK: nothing yet */
};

#endif
