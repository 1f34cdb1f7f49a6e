# SPDX-License-Identifier: ISC
keys_SRCS =
