# SPDX-License-Identifier: ISC
conn_SRCS =
