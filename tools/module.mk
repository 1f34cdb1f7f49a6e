# SPDX-License-Identifier: ISC
PROGRAMS += ssh-keygen
ssh-keygen_SRCS = tools/die.c tools/ssh_keygen.c tools/ssh_keygen_cert.c tools/ssh_keygen_change.c tools/ssh_keygen_convert.c \
	tools/ssh_keygen_files.c tools/ssh_keygen_hosts.c tools/ssh_keygen_krl.c tools/ssh_keygen_list.c tools/ssh_keygen_make.c \
	tools/ssh_keygen_show.c tools/ssh_keygen_validity.c
# Signatures of files.
ssh-keygen_SRCS += tools/ssh_keygen_sign_file.c tools/ssh_keygen_signature.c tools/ssh_keygen_verify.c \
	tools/ssh_keygen_agent.c ssh/agent_client.c

PROGRAMS += ssh-keyscan
ssh-keyscan_SRCS = tools/die.c tools/ssh_keyscan.c tools/ssh_keyscan_ask.c tools/ssh_keyscan_list.c tools/ssh_keyscan_put.c \
	tools/ssh_keyscan_scan.c
tools_TESTS += regress/unit/test_ssh_keyscan.c
test_ssh_keyscan_OBJS = $(ssh-keyscan_SRCS:.c=.o)
tools_FUZZ += regress/fuzz/fuzz_ssh_keyscan.c
fuzz_ssh_keyscan_OBJS = $(ssh-keyscan_SRCS:.c=.o)

SCRIPTS += ssh-copy-id

PROGRAMS += ssh-agent
ssh-agent_SRCS = tools/die.c tools/ssh_agent.c tools/ssh_agent_ask.c tools/ssh_agent_client.c tools/ssh_agent_serve.c \
	tools/ssh_agent_socket.c

PROGRAMS += ssh-add
ssh-add_SRCS = tools/die.c tools/ssh_add.c tools/ssh_add_destination.c tools/ssh_add_keys.c tools/ssh_add_list.c tools/ssh_add_remove.c \
	tools/ssh_keygen_files.c ssh/agent_client.c

PROGRAMS += ssh-ephemeral
ssh-ephemeral_SRCS = tools/assist.c tools/assist_line.c tools/assist_read.c tools/assist_server.c tools/assist_tell.c tools/assist_way.c \
	tools/ssh_ephemeral.c tools/ssh_ephemeral_add.c tools/ssh_ephemeral_change.c tools/ssh_ephemeral_penalties.c \
	tools/ssh_ephemeral_client.c tools/ssh_ephemeral_code.c tools/ssh_ephemeral_connect.c \
	tools/ssh_ephemeral_keys.c tools/ssh_ephemeral_events.c tools/ssh_ephemeral_list.c \
	tools/ssh_ephemeral_loopback.c tools/ssh_ephemeral_server.c tools/ssh_ephemeral_users.c \
	tools/ssh_ephemeral_where.c sshd/control_client.c sshd/control_frames.c sshd/control_policy.c sshd/own_account.c \
	sshd/load.c
tools_TESTS += regress/unit/test_ssh_ephemeral.c
test_ssh_ephemeral_OBJS = $(ssh-ephemeral_SRCS:.c=.o) sshd/control.o sshd/journal.o sshd/journal_event.o \
	sshd/control_add.o sshd/control_requests.o sshd/penalties.o sshd/control_socket.o
tools_TESTS += regress/unit/test_assist.c
test_assist_OBJS = $(ssh-ephemeral_SRCS:.c=.o)
tools_FUZZ += regress/fuzz/fuzz_assist.c
fuzz_assist_OBJS = $(ssh-ephemeral_SRCS:.c=.o)

# Copying files.
PROGRAMS += scp
far_SRCS = tools/far.c tools/far_show.c tools/meter.c
scp_SRCS = tools/scp.c tools/scp_run.c tools/scp_sftp.c tools/scp_sink.c tools/scp_source.c $(far_SRCS)
PROGRAMS += sftp
sftp_PROGRAM_SRCS = tools/sftp.c tools/sftp_change.c tools/sftp_copy.c tools/sftp_edit.c tools/sftp_line.c tools/sftp_list.c \
	tools/sftp_local.c $(far_SRCS)
sftp_PROGRAM_LIBS = $(EDIT_LIBS)
tools_TESTS += regress/unit/test_sftp_line.c
test_sftp_line_LIBS = $(EDIT_LIBS)
test_sftp_line_OBJS = $(sftp_PROGRAM_SRCS:.c=.o)
tools_FUZZ += regress/fuzz/fuzz_sftp_line.c
fuzz_sftp_line_LIBS = $(EDIT_LIBS)
fuzz_sftp_line_OBJS = $(sftp_PROGRAM_SRCS:.c=.o)

# In libexec, as OpenSSH's.
PROGRAMS += sftp-server
LIBEXEC_PROGRAMS += sftp-server
sftp-server_SRCS = tools/sftp_server.c
