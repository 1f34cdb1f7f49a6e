# SPDX-License-Identifier: ISC
os_SRCS = os/clock.c os/file.c os/ids.c os/ipc.c os/log.c os/loop.c os/net.c os/process.c os/pty.c os/sandbox.c
