# SPDX-License-Identifier: ISC
os_SRCS = os/clock.c os/file.c os/ids.c os/ipc.c os/log.c os/loop.c os/net.c os/process.c os/process_tree.c os/pty.c os/sandbox.c
os_SRCS += os/backlog.c os/pump.c os/pump_attach.c os/pump_channel.c os/pump_io.c os/pump_source.c
os_SRCS += os/dial.c os/dns.c os/names.c os/pty_modes.c os/tty.c os/tty_ask.c os/tun.c
os_TESTS = regress/unit/test_file.c regress/unit/test_ipc.c regress/unit/test_loop.c regress/unit/test_process.c
os_TESTS += regress/unit/test_pty_modes.c regress/unit/test_process_tree.c
os_TESTS += regress/unit/test_tun.c
os_SRCS += os/glob.c
os_TESTS += regress/unit/test_pump.c regress/unit/test_pump_conn.c regress/unit/test_pump_data.c
os_SRCS += os/output.c os/reverse.c os/whoami.c
os_TESTS += regress/unit/test_names.c regress/unit/test_output.c regress/unit/test_tty.c
os_SRCS += os/names_record.c
