# SPDX-License-Identifier: ISC
# Objects linked to every test and every fuzz target.
TEST_SUPPORT_OBJS = regress/support/alloc.o regress/support/kat.o
TEST_LDFLAGS = -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc
FUZZ_SUPPORT_OBJS = regress/support/fuzz_main.o
