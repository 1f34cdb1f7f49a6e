# SPDX-License-Identifier: ISC
sftp_SRCS =
