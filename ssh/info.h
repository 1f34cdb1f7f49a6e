/* SPDX-License-Identifier: ISC */
/*
 * ssh/info.h - what a connection is and has, in lines for people: for ~# and
 * ~I, and for -O channels and -O conninfo.
 */
#ifndef SSH_INFO_H
#define SSH_INFO_H

#include "ssh/ssh.h"

/* The channels, a line each. */
void info_channels(const struct ssh *s, struct writer *w);

/* Whereto, since when, by which algorithms, how many bytes. */
void info_connection(const struct ssh *s, struct writer *w);

#endif
