# SPDX-License-Identifier: ISC
os_SRCS =
