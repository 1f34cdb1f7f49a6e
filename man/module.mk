# SPDX-License-Identifier: ISC
MAN_PAGES = ssh-keygen.1
MAN_PAGES += ssh-ephemeral.1
