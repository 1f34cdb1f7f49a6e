# SPDX-License-Identifier: ISC
# Objects linked to every test and every fuzz target.
TEST_SUPPORT_OBJS =
FUZZ_SUPPORT_OBJS =
