# SPDX-License-Identifier: ISC
# Every program: NAME_SRCS, with NAME_main() (dashes as underscores) in it.
PROGRAMS =
SBIN_PROGRAMS =
