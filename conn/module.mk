# SPDX-License-Identifier: ISC
conn_SRCS = conn/conn.c conn/conn_auth.c conn/conn_channel.c conn/conn_transport.c conn/legality.c
conn_TESTS = regress/prop/test_conn.c regress/prop/test_conn_kex.c \
	regress/prop/test_conn_limits.c regress/prop/test_conn_order.c regress/prop/test_conn_packets.c \
	regress/prop/test_conn_states.c regress/prop/test_conn_tamper.c \
	regress/prop/test_freed_memory.c regress/prop/test_no_malloc.c regress/prop/test_proposals.c regress/unit/test_bare.c regress/unit/test_legality.c
conn_FUZZ = regress/fuzz/fuzz_conn_client.c regress/fuzz/fuzz_conn_server.c
