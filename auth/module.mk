# SPDX-License-Identifier: ISC
auth_SRCS = auth/account.c auth/account_check.c auth/group.c auth/messages.c \
	auth/method_hostbased.c auth/method_kbdint.c auth/method_none.c auth/method_password.c \
	auth/method_publickey.c auth/password.c auth/userauth.c auth/userauth_client.c \
	auth/userauth_server.c
auth_TESTS = regress/unit/test_account.c regress/unit/test_password.c \
	regress/unit/test_userauth.c regress/unit/test_userauth_refusals.c
auth_FUZZ = regress/fuzz/fuzz_account.c regress/fuzz/fuzz_userauth.c
