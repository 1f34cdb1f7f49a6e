# SPDX-License-Identifier: ISC
channels_SRCS =
