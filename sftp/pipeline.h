/* SPDX-License-Identifier: ISC */
/*
 * sftp/pipeline.h - how many questions of a transfer are on their way at once.
 *
 * A long path needs many, or the line is empty most of the time; more than it
 * needs only wait somewhere, and are in the way of whoever wants to stop. So
 * the width follows the time that an answer takes: it grows with each answer
 * while they come about as fast as they ever did, stays when they begin to
 * queue, and shrinks when they wait longer than the path itself takes.
 * Time is an argument.
 */
#ifndef SFTP_PIPELINE_H
#define SFTP_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes on their way: never fewer than the first if there is so much to send, never more than the second. */
#define PIPELINE_LEAST	(512u * 1024)
#define PIPELINE_MOST	(64u * 1024 * 1024)

struct pipeline {
	unsigned width;		/* questions that may be on their way */
	unsigned least;
	unsigned most;
	uint64_t fastest;	/* microseconds the fastest answer took; 0: none has come */
	uint64_t sample;	/* the tag of the question that is being timed */
	uint64_t sample_at;
	bool has_sample;
	bool is_full;		/* answers have begun to queue */
};

/* Begins: blocks of so many bytes each; most is the user's wish, 0 if he has none. */
void pipeline_init(struct pipeline *p, uint32_t block, unsigned most);

/* A question goes out. */
void pipeline_asked(struct pipeline *p, uint64_t tag, uint64_t usec);

/* Its answer came. */
void pipeline_answered(struct pipeline *p, uint64_t tag, uint64_t usec);

#endif
