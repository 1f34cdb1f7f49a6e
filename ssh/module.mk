# SPDX-License-Identifier: ISC
ssh_SRCS =
