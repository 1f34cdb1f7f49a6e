# SPDX-License-Identifier: ISC
crypto_SRCS =
