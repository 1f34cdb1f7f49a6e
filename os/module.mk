# SPDX-License-Identifier: ISC
os_SRCS = os/clock.c os/file.c os/ipc.c os/log.c os/loop.c
