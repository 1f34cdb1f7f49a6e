# SPDX-License-Identifier: ISC
base_SRCS = base/err.c base/reader.c base/rng.c base/secret.c base/span.c base/writer.c
base_TESTS =
base_FUZZ =
