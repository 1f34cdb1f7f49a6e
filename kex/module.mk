# SPDX-License-Identifier: ISC
kex_SRCS =
