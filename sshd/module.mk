# SPDX-License-Identifier: ISC
PROGRAMS += sshd
SBIN_PROGRAMS += sshd
CONTROL_SRCS = sshd/control.c sshd/control_client.c sshd/journal.c sshd/journal_event.c sshd/control_policy.c \
	sshd/control_add.c sshd/control_requests.c sshd/penalties.c sshd/control_socket.c sshd/own_account.c
sshd_SRCS = $(CONTROL_SRCS)
sshd_SRCS += sshd/sshd.c sshd/options.c sshd/load.c sshd/title.c sshd/host_keys.c sshd/host_agent.c
sshd_SRCS += sshd/listener.c sshd/listener_sockets.c sshd/listener_clients.c sshd/listener_table.c sshd/listener_held.c sshd/listener_startups.c sshd/startups.c sshd/listener_takeover.c sshd/pool.c sshd/nursery.c sshd/nursery_ask.c sshd/keeper.c
sshd_SRCS += sshd/guard.c sshd/guard_sign.c sshd/guard_user.c sshd/guard_access.c sshd/guard_auth.c
sshd_SRCS += sshd/guard_methods.c sshd/guard_password.c sshd/guard_change.c sshd/guard_explain.c sshd/reasons.c sshd/guard_key.c sshd/guard_grant.c sshd/guard_keyfile.c sshd/guard_cert.c sshd/guard_command.c sshd/guard_options.c sshd/guard_host.c sshd/guard_hostbased.c sshd/rhosts.c sshd/client_host.c sshd/resolver.c sshd/guard_login.c sshd/guard_end.c
sshd_SRCS += sshd/guard_code.c
sshd_SRCS += sshd/login_record.c
sshd_SRCS += sshd/wire.c sshd/wire_guard.c sshd/wire_session.c sshd/wire_watchdog.c
sshd_SRCS += sshd/session.c sshd/session_may.c sshd/session_program.c sshd/session_start.c sshd/session_env.c
sshd_SRCS += sshd/session_forward.c sshd/session_connect.c sshd/session_listener.c sshd/session_listen.c sshd/session_agent.c sshd/session_x11.c sshd/session_name.c sshd/session_takeover.c sshd/session_tunnel.c
sshd_SRCS += sshd/session_registrar.c sshd/control_frames.c sshd/session_sftp.c

sshd_TESTS = regress/unit/test_control.c regress/unit/test_control_policy.c
test_control_OBJS = $(CONTROL_SRCS:.c=.o) sshd/load.o
test_control_policy_OBJS = $(CONTROL_SRCS:.c=.o) sshd/load.o
sshd_TESTS += regress/unit/test_journal.c regress/unit/test_control_frames.c
test_control_frames_OBJS = sshd/control_frames.o
test_journal_OBJS = sshd/journal.o sshd/journal_event.o
sshd_TESTS += regress/unit/test_penalties.c regress/unit/test_guard_access.c regress/unit/test_client_host.c regress/unit/test_rhosts.c regress/unit/test_reasons.c regress/unit/test_startups.c
sshd_TESTS += regress/unit/test_sshd_messages.c regress/unit/test_sshd_options.c
sshd_TESTS += regress/unit/test_guard.c
test_guard_OBJS = $(patsubst %.c,%.o,$(filter sshd/guard%,$(sshd_SRCS))) sshd/host_keys.o sshd/host_agent.o sshd/client_host.o sshd/rhosts.o sshd/load.o \
	sshd/login_record.o sshd/nursery_ask.o sshd/reasons.o sshd/title.o sshd/control_policy.o sshd/own_account.o
sshd_TESTS += regress/unit/test_keeper.c
test_keeper_OBJS = sshd/keeper.o sshd/title.o
test_startups_OBJS = sshd/startups.o
test_reasons_OBJS = sshd/reasons.o
test_rhosts_OBJS = sshd/rhosts.o
test_client_host_OBJS = sshd/client_host.o
test_penalties_OBJS = sshd/penalties.o
test_guard_access_OBJS = sshd/guard_access.o sshd/client_host.o sshd/guard_methods.o
test_sshd_options_OBJS = sshd/options.o
sshd_FUZZ = regress/fuzz/fuzz_control.c regress/fuzz/fuzz_sshd_messages.c
sshd_FUZZ += regress/fuzz/fuzz_control_frames.c regress/fuzz/fuzz_rhosts.c
fuzz_rhosts_OBJS = sshd/rhosts.o
fuzz_control_frames_OBJS = sshd/control_frames.o
fuzz_control_OBJS = $(CONTROL_SRCS:.c=.o) sshd/load.o
sshd_TESTS += regress/unit/test_session_name.c
test_session_name_OBJS = sshd/session_name.o
