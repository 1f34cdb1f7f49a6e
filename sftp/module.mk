# SPDX-License-Identifier: ISC
sftp_SRCS = sftp/attrs.c sftp/reply.c sftp/request.c
sftp_TESTS = regress/unit/test_sftp_codec.c
sftp_FUZZ = regress/fuzz/fuzz_sftp_codec.c
