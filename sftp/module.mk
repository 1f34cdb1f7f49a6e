# SPDX-License-Identifier: ISC
sftp_SRCS = sftp/attrs.c sftp/reply.c sftp/request.c
sftp_TESTS = regress/unit/test_sftp_codec.c
sftp_FUZZ = regress/fuzz/fuzz_sftp_codec.c
# The server.
sftp_SRCS += sftp/accounts.c sftp/fs_system.c sftp/longname.c sftp/options.c sftp/serve.c sftp/server.c \
	sftp/server_dir.c sftp/server_file.c sftp/server_handle.c sftp/server_path.c sftp/stat.c
sftp_TESTS += regress/unit/test_sftp_server.c
sftp_FUZZ += regress/fuzz/fuzz_sftp_server.c
# The client.
sftp_SRCS += sftp/client.c sftp/client_ask.c sftp/client_list.c sftp/copy.c sftp/copy_cross.c sftp/copy_get.c \
	sftp/copy_put.c sftp/copy_read.c sftp/glob.c sftp/pipeline.c sftp/scp.c
sftp_TESTS += regress/unit/test_sftp_client.c regress/unit/test_scp_record.c
sftp_FUZZ += regress/fuzz/fuzz_sftp_client.c regress/fuzz/fuzz_scp_record.c
