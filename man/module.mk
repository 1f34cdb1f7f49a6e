# SPDX-License-Identifier: ISC
MAN_PAGES = ssh-copy-id.1 ssh-keygen.1 ssh-keyscan.1
MAN_PAGES += ssh-add.1 ssh-agent.1
MAN_PAGES += scp.1 sftp.1
MAN_PAGES += ssh-ephemeral.1
MAN_PAGES += ssh_config.5 sshd_config.5
MAN_PAGES += ssh.1 sshd.8
MAN_PAGES += sftp-server.8
