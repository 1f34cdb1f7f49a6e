# SPDX-License-Identifier: ISC
kex_SRCS = kex/compress.c kex/event.c kex/exchange.c kex/exchange_method.c kex/ext_info.c \
	kex/generic.c kex/ident.c kex/input.c kex/kexinit.c kex/method.c kex/method_curve25519.c \
	kex/method_dh.c kex/method_ecdh.c \
	kex/method_hybrid.c kex/moduli.c kex/newkeys.c kex/no_match.c kex/output.c kex/packet.c \
	kex/proposal.c kex/rekey.c kex/send.c kex/transport.c
kex_TESTS = regress/prop/test_buffers.c regress/unit/test_ident.c regress/unit/test_kexinit.c regress/unit/test_method.c regress/unit/test_moduli.c
kex_FUZZ = regress/fuzz/fuzz_ident.c regress/fuzz/fuzz_kexinit.c regress/fuzz/fuzz_moduli.c regress/fuzz/fuzz_packet.c
