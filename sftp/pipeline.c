/* SPDX-License-Identifier: ISC */
#include "sftp/pipeline.h"

#include "sftp/client.h"

/* An answer may take this much longer (microseconds) without anything being full: somebody else ran. */
#define JITTER	5000

/* Half of the table of questions: one that stays unanswered is in nobody's way. */
#define MOST_QUESTIONS	(SFTP_CLIENT_QUESTIONS / 2)

static unsigned
clamp(uint64_t n, unsigned least, unsigned most)
{
	return n < least ? least : n > most ? most : (unsigned)n;
}

void
pipeline_init(struct pipeline *p, uint32_t block, unsigned most)
{
	*p = (struct pipeline){ .most = clamp(PIPELINE_MOST / (block == 0 ? 1 : block), 1, MOST_QUESTIONS) };
	if (most != 0)
		p->most = clamp(most, 1, MOST_QUESTIONS);
	p->least = clamp(PIPELINE_LEAST / (block == 0 ? 1 : block), 1, p->most);
	p->width = p->least;
}

void
pipeline_asked(struct pipeline *p, uint64_t tag, uint64_t usec)
{
	if (p->has_sample)
		return;
	p->has_sample = true;
	p->sample = tag;
	p->sample_at = usec;
}

void
pipeline_answered(struct pipeline *p, uint64_t tag, uint64_t usec)
{
	uint64_t took = usec - p->sample_at;
	uint64_t enough;

	if (!p->has_sample)
		took = 0;
	if (p->has_sample && p->sample == tag) {
		p->has_sample = p->is_full = false;
		if (p->fastest == 0 || took < p->fastest)
			p->fastest = took == 0 ? 1 : took;
	}
	enough = p->fastest + p->fastest / 2 + JITTER;
	if (p->fastest != 0 && took > enough) {
		/* Less by as much as was too much, but a single slow answer is no proof. */
		if (!p->has_sample)
			p->width = clamp(took > 2 * enough ? (uint64_t)p->width * 3 / 4 :
			    p->width * (enough + took) / (2 * took), p->least, p->most);
		p->is_full = true;
	}
	if (!p->is_full && p->width < p->most)
		p->width++;
}
