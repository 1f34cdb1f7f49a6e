/* SPDX-License-Identifier: ISC */
/*
 * channels/owed.h - requests of the peer that wait for our answer.
 *
 * The program may answer in any order; RFC 4254 4 and 5.4 want the answers in
 * the order of the requests. A queue keeps them so. Beyond a limit requests
 * are denied without asking the program, also in their turn.
 */
#ifndef CHANNELS_OWED_H
#define CHANNELS_OWED_H

#include "base/err.h"
#include "base/writer.h"

enum answer { ANSWER_NONE, ANSWER_NO, ANSWER_YES };

/* One request; then the requests behind it that were denied at once. */
struct owed {
	uint32_t id;
	enum answer answer;
	struct writer body;
	uint32_t n_denied;
};

struct owed_queue {
	struct owed *v;
	size_t n;
	size_t cap;
};

/* Appends a request. ERR_NOMEM. */
enum err owed_push(struct owed_queue *q, uint32_t id);

/* Appends a request that is denied; false if it may be answered right now. */
bool owed_push_denied(struct owed_queue *q);

/*
 * Keeps the answer to id. One that is not there, or answered already, is
 * ignored. ERR_NOMEM, ERR_LIMIT for a body beyond LIMIT_PACKET.
 */
enum err owed_answer(struct owed_queue *q, uint32_t id, bool ok, struct span body);

/* The oldest request if it has been answered, else NULL. */
struct owed *owed_first(struct owed_queue *q);

/* How many requests in the queue were denied at once. */
size_t owed_denied(const struct owed_queue *q);

/* Removes the oldest request. */
void owed_pop(struct owed_queue *q);

/* Frees all. */
void owed_free(struct owed_queue *q);

#endif
