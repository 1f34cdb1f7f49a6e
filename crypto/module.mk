# SPDX-License-Identifier: ISC
crypto_SRCS = crypto/chacha.c crypto/cipher.c crypto/crypto.c crypto/dh.c crypto/evp.c crypto/hash.c \
	crypto/hmac.c crypto/mac.c crypto/protect.c crypto/protect_block.c crypto/protect_chacha.c \
	crypto/protect_gcm.c crypto/protect_none.c crypto/random.c crypto/scrypt.c \
	crypto/ecdh.c crypto/keccak.c crypto/mlkem.c crypto/mlkem_evp.c crypto/mlkem_poly.c \
	crypto/mlkem_tree.c crypto/sntrup761.c crypto/sntrup_code.c \
	crypto/sntrup_ring.c crypto/umac.c crypto/x25519.c
crypto_TESTS = $(patsubst %,regress/unit/test_%.c,cipher crypto dh ecdh hash hmac keccak mlkem protect random scrypt sntrup761 umac x25519) \
	regress/prop/test_constant_time.c
crypto_FUZZ = regress/fuzz/fuzz_kem.c regress/fuzz/fuzz_protect.c
