# SPDX-License-Identifier: ISC
keys_SRCS = keys/agent.c keys/agent_bind.c keys/agent_destination.c keys/agent_key.c keys/agent_lock.c keys/agent_msg.c keys/agent_table.c keys/authorized_keys.c keys/authorized_options.c keys/bcrypt_pbkdf.c keys/blowfish.c \
	keys/bubblebabble.c keys/cert.c keys/cert_check.c keys/cert_make.c keys/ec.c keys/ecdsa.c keys/ed25519.c \
	keys/fingerprint.c keys/generate.c keys/key.c keys/key_kinds.c keys/known_hosts.c keys/known_hosts_check.c \
	keys/known_hosts_edit.c keys/krl.c keys/krl_edit.c keys/krl_put.c keys/krl_spec.c keys/krl_walk.c keys/line.c keys/mldsa.c keys/private_file.c keys/private_openssh.c keys/private_pem.c \
	keys/public_line.c keys/public_pem.c keys/randomart.c keys/rfc4716.c keys/rsa.c keys/sk.c keys/timestamp.c
keys_TESTS = regress/unit/test_agent.c regress/unit/test_agent_bind.c regress/unit/test_agent_msg.c regress/unit/test_authorized_keys.c \
	regress/unit/test_authorized_options.c regress/unit/test_bcrypt_pbkdf.c regress/unit/test_cert.c \
	regress/unit/test_key.c regress/unit/test_key_blob.c regress/unit/test_key_verify.c \
	regress/unit/test_known_hosts.c regress/unit/test_krl.c regress/unit/test_krl_edit.c regress/unit/test_mldsa.c regress/unit/test_private_file.c \
	regress/unit/test_public_format.c regress/unit/test_public_line.c
keys_FUZZ = regress/fuzz/fuzz_agent.c regress/fuzz/fuzz_agent_msg.c regress/fuzz/fuzz_authorized_keys.c regress/fuzz/fuzz_cert.c \
	regress/fuzz/fuzz_key_blob.c regress/fuzz/fuzz_known_hosts.c regress/fuzz/fuzz_krl.c regress/fuzz/fuzz_krl_edit.c \
	regress/fuzz/fuzz_private_file.c regress/fuzz/fuzz_signature.c
# Host keys in the DNS.
keys_SRCS += keys/sshfp.c
keys_TESTS += regress/unit/test_sshfp.c
keys_FUZZ += regress/fuzz/fuzz_sshfp.c
# Signatures of files, and who may make them.
keys_SRCS += keys/allowed_signers.c keys/sshsig.c
keys_TESTS += regress/unit/test_allowed_signers.c regress/unit/test_sshsig.c
keys_FUZZ += regress/fuzz/fuzz_allowed_signers.c regress/fuzz/fuzz_sshsig.c
