# SPDX-License-Identifier: ISC
config_SRCS =
