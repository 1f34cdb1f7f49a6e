# SPDX-License-Identifier: ISC
auth_SRCS =
