/* SPDX-License-Identifier: ISC */
/*
 * ssh/query.h - ssh -Q: what this build can do.
 */
#ifndef SSH_QUERY_H
#define SSH_QUERY_H

/* Prints the names that the term stands for, a line each. Returns the exit code. */
int query(const char *term);

#endif
