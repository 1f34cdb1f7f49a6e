# SPDX-License-Identifier: ISC
CONTROL_SRCS = sshd/control.c sshd/control_client.c sshd/control_log.c sshd/control_policy.c \
	sshd/control_requests.c sshd/control_socket.c
sshd_SRCS = $(CONTROL_SRCS)

sshd_TESTS = regress/unit/test_control.c regress/unit/test_control_policy.c
test_control_OBJS = $(CONTROL_SRCS:.c=.o) sshd/load.o
test_control_policy_OBJS = $(CONTROL_SRCS:.c=.o) sshd/load.o
sshd_FUZZ = regress/fuzz/fuzz_control.c
fuzz_control_OBJS = $(CONTROL_SRCS:.c=.o) sshd/load.o
