/* SPDX-License-Identifier: ISC */
/*
 * base/side.h - which end of a connection, and which way: enums, used as
 * indices. Core code has no "in/out", "mode" or "c2s".
 */
#ifndef BASE_SIDE_H
#define BASE_SIDE_H

enum side { SIDE_CLIENT, SIDE_SERVER };

enum direction { RX, TX };

#endif
