# SPDX-License-Identifier: ISC
base_SRCS = base/address.c base/base64.c base/err.c base/json.c base/match.c base/publish.c base/reader.c base/rng.c base/secret.c base/span.c base/text.c base/writer.c
base_TESTS = $(patsubst %,regress/unit/test_%.c,address base64 err json match reader rng secret span text writer)
base_FUZZ = regress/fuzz/fuzz_reader.c regress/fuzz/fuzz_text.c
