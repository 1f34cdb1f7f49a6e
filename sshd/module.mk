# SPDX-License-Identifier: ISC
sshd_SRCS =
