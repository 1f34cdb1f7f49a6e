# SPDX-License-Identifier: ISC
sftp_SRCS = sftp/attrs.c sftp/reply.c sftp/request.c
sftp_TESTS = regress/unit/test_sftp_codec.c
sftp_FUZZ = regress/fuzz/fuzz_sftp_codec.c
# The client.
sftp_SRCS += sftp/client.c sftp/client_ask.c sftp/client_list.c sftp/copy.c sftp/copy_cross.c sftp/copy_get.c \
	sftp/copy_put.c sftp/copy_read.c sftp/glob.c sftp/pipeline.c sftp/scp.c
sftp_TESTS += regress/unit/test_sftp_client.c regress/unit/test_scp_record.c
sftp_FUZZ += regress/fuzz/fuzz_sftp_client.c regress/fuzz/fuzz_scp_record.c
