/* SPDX-License-Identifier: ISC */
/*
 * sshd/resolver.h - the name of a client's address (UseDNS), looked up by a
 * process of its own: what name servers answer comes from the network.
 *
 * It is this program, executed anew, with a uid of the wires' range and
 * nothing of ours: no key, no config, no socket. It prints one line and ends.
 */
#ifndef SSHD_RESOLVER_H
#define SSHD_RESOLVER_H

/* The hidden flag that makes sshd one: --resolver UID ADDRESS. */
#define RESOLVER_FLAG	"--resolver"

/* How long it may take. */
#define RESOLVER_MSEC	10000

/*
 * All of the process. It prints "ok NAME"; or "no NAME", where the name (maybe
 * empty) is none to be believed; or "? TEXT", if it could not be found out.
 */
int resolver_main(int argc, char **argv);

#endif
