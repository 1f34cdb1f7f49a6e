/* SPDX-License-Identifier: ISC */
/*
 * base/cc.h - the compiler attributes the tree uses, and nothing else.
 *
 * NODISCARD  on an enum or function: the result must be looked at
 * PRINTF     (m, n): argument m is a format, its values start at n
 * SCOPED     (free): run free(&variable) when the variable's scope ends
 */
#ifndef BASE_CC_H
#define BASE_CC_H

#define NODISCARD	[[nodiscard]]
#define PRINTF(m, n)	__attribute__((format(printf, m, n)))
#define SCOPED(fn)	__attribute__((cleanup(fn), unused))
#define NORETURN	__attribute__((noreturn))

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#endif
