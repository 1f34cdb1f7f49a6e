/* SPDX-License-Identifier: ISC */
/*
 * sshd/startups.h - whom MaxStartups drops.
 *
 * source     addresses that PerSourceNetBlockSize takes for one
 * newcomer   who has just connected, and for whom there may be no place
 *
 * From begin on a share of the newcomers is dropped, which grows to all of
 * them at full (random early drop, as in OpenSSH). One source alone could so
 * keep all others out. So it is not always the newcomer who goes: while
 * another source holds more places than the newcomer's would with him, it is
 * one of that source's.
 *
 * Nothing here knows time or processes.
 */
#ifndef SSHD_STARTUPS_H
#define SSHD_STARTUPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rng.h"
#include "base/text.h"
#include "config/values.h"

/* Whether somebody has to go while n are starting. */
bool startups_full(const struct max_startups *m, size_t n, struct rng *rng);

/* The source that the address belongs to. */
struct cidr startups_source(const struct net_block *block, const struct address *a);

/*
 * Who goes instead of a newcomer: the index of one of those who are starting,
 * by chance one of the source that holds most; n if it is the newcomer's turn.
 */
size_t startups_victim(const struct address *starting, size_t n, const struct address *newcomer,
    const struct net_block *block, struct rng *rng);

#endif
