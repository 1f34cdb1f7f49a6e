# SPDX-License-Identifier: ISC
os_SRCS = os/ipc.c
