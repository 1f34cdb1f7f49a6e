# SPDX-License-Identifier: ISC
auth_SRCS = auth/account.c auth/account_change.c auth/account_check.c auth/code.c auth/ephemeral.c auth/ephemeral_code.c auth/ephemeral_entry.c \
	auth/ephemeral_event.c auth/ephemeral_heap.c auth/ephemeral_list.c auth/ephemeral_login.c \
	auth/ephemeral_session.c auth/group.c auth/htable.c auth/messages.c \
	auth/method_hostbased.c auth/method_kbdint.c auth/method_none.c auth/method_password.c \
	auth/method_publickey.c auth/password.c auth/siphash.c auth/userauth.c \
	auth/userauth_client.c auth/userauth_server.c
auth_TESTS = regress/unit/test_code.c regress/prop/test_ephemeral_model.c regress/prop/test_ephemeral_size.c \
	regress/unit/test_account.c regress/unit/test_ephemeral.c regress/unit/test_htable.c \
	regress/unit/test_password.c regress/unit/test_userauth.c \
	regress/unit/test_userauth_refusals.c
auth_FUZZ = regress/fuzz/fuzz_account.c regress/fuzz/fuzz_code.c regress/fuzz/fuzz_userauth.c
