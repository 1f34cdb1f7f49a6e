# SPDX-License-Identifier: ISC
channels_SRCS = channels/channels.c channels/close.c channels/data.c \
	channels/forward.c channels/kind.c channels/mux.c channels/open.c channels/owed.c \
	channels/pty_modes.c channels/reply.c channels/request.c \
	channels/socks.c channels/window.c channels/x11.c
channels_TESTS = regress/prop/test_window.c regress/unit/test_channels.c \
	regress/unit/test_channels_hostile.c regress/unit/test_mux.c regress/unit/test_request.c \
	regress/unit/test_socks.c regress/unit/test_window.c regress/unit/test_x11.c
channels_FUZZ = regress/fuzz/fuzz_channels.c regress/fuzz/fuzz_mux.c regress/fuzz/fuzz_request.c \
	regress/fuzz/fuzz_socks.c regress/fuzz/fuzz_x11.c
