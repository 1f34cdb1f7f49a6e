# SPDX-License-Identifier: ISC
config_SRCS = config/algs.c config/args.c config/client.c config/detail.c config/expand.c \
	config/forward.c config/limit.c config/line.c config/listen.c config/reader.c \
	config/scalar.c config/schema.c config/session.c config/ssh_expand.c \
	config/ssh_match.c config/ssh_read.c config/ssh_table.c config/sshd_config.c \
	config/sshd_facts.c config/sshd_match.c config/sshd_rules.c config/sshd_table.c \
	config/string.c
config_TESTS = $(patsubst %,regress/unit/test_%.c,config_golden config_line ssh_config ssh_keywords \
	sshd_config sshd_keywords sshd_match)
config_FUZZ = regress/fuzz/fuzz_ssh_config.c regress/fuzz/fuzz_sshd_config.c
