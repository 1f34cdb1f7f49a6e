# SPDX-License-Identifier: ISC
PROGRAMS += ssh
ssh_SRCS = ssh/agent_client.c ssh/alive.c ssh/canonical.c ssh/connect.c ssh/destination.c \
	ssh/escape.c ssh/forward.c ssh/forward_change.c ssh/forward_listen.c ssh/forward_agent.c ssh/forward_remote.c \
	ssh/forward_socks.c ssh/hostkey.c ssh/hostkey_files.c ssh/hostkey_ip.c ssh/hostkey_say.c \
	ssh/hostkey_update.c ssh/identity.c ssh/identity_add.c ssh/info.c ssh/keystrokes.c ssh/known_command.c ssh/login.c \
	ssh/login_ask.c ssh/login_key.c ssh/main.c ssh/mux_client.c ssh/mux_client_command.c \
	ssh/mux_client_session.c ssh/mux_listen.c ssh/mux_master.c ssh/mux_request.c ssh/mux_wire.c \
	ssh/options.c ssh/proof.c ssh/proxy.c ssh/query.c ssh/reconnect.c ssh/session.c \
	ssh/session_commandline.c ssh/session_escape.c \
	ssh/session_open.c ssh/session_start.c ssh/settings.c ssh/settings_read.c ssh/settings_show.c ssh/ssh.c \
	ssh/timeouts.c ssh/x11.c ssh/x11_cookie.c
ssh_SRCS += ssh/hostkey_cert.c ssh/hostkey_dns.c ssh/identity_find.c ssh/login_hostbased.c ssh/login_tell.c
ssh_SRCS += ssh/tunnel.c ssh/mux_proxy.c ssh/mux_proxy_listen.c
ssh_TESTS = regress/unit/test_escape.c regress/unit/test_destination.c
ssh_TESTS += regress/unit/test_hostkey.c regress/unit/test_mux_master.c
MUX_MASTER_OBJS = ssh/mux_listen.o ssh/mux_master.o ssh/mux_proxy.o ssh/mux_proxy_listen.o ssh/mux_request.o
test_mux_master_OBJS = $(MUX_MASTER_OBJS)
ssh_TESTS += regress/unit/test_forward_server.c
FORWARD_OBJS = ssh/alive.o ssh/forward.o ssh/forward_agent.o ssh/forward_change.o ssh/forward_listen.o \
	ssh/forward_remote.o ssh/forward_socks.o ssh/x11.o
test_forward_server_OBJS = $(FORWARD_OBJS)
ssh_TESTS += regress/unit/test_hostkey_update.c
HOSTKEY_OBJS = ssh/hostkey.o ssh/hostkey_cert.o ssh/hostkey_dns.o ssh/hostkey_files.o ssh/hostkey_ip.o \
	ssh/hostkey_say.o ssh/hostkey_update.o ssh/known_command.o
test_hostkey_OBJS = $(HOSTKEY_OBJS)
test_hostkey_update_OBJS = $(HOSTKEY_OBJS)
test_escape_OBJS = ssh/escape.o
test_destination_OBJS = ssh/destination.o
ssh_FUZZ = regress/fuzz/fuzz_forwards.c regress/fuzz/fuzz_mux_master.c regress/fuzz/fuzz_typed.c
fuzz_forwards_OBJS = $(FORWARD_OBJS)
fuzz_mux_master_OBJS = $(MUX_MASTER_OBJS)
fuzz_typed_OBJS = ssh/destination.o ssh/escape.o
