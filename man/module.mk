# SPDX-License-Identifier: ISC
MAN_PAGES =
MAN_PAGES += ssh-ephemeral.1
