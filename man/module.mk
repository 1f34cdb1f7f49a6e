# SPDX-License-Identifier: ISC
MAN_PAGES =
