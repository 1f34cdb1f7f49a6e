/* SPDX-License-Identifier: ISC */
/*
 * tools/programs.h - the entry points. Each program is a function, so that
 * they can be one binary each (tools/main.c) or one for all
 * (tools/multicall.c, --enable-multicall).
 */
#ifndef TOOLS_PROGRAMS_H
#define TOOLS_PROGRAMS_H

/* The server: sshd(8). Also, by a hidden first argument, its wire and session processes. */
int sshd_main(int argc, char **argv);

/* The client: ssh(1). */
int ssh_main(int argc, char **argv);

/* Makes and shows keys: ssh-keygen(1). */
int ssh_keygen_main(int argc, char **argv);

/* Collects host keys: ssh-keyscan(1). */
int ssh_keyscan_main(int argc, char **argv);

/* Holds keys, and signs with them: ssh-agent(1). */
int ssh_agent_main(int argc, char **argv);

/* Gives keys to an agent, and asks it about them: ssh-add(1). */
int ssh_add_main(int argc, char **argv);

/* Registers ephemeral keys: ssh-ephemeral(1). */
int ssh_ephemeral_main(int argc, char **argv);

/* Copies files: scp(1). */
int scp_main(int argc, char **argv);

/* Copies and changes files by commands: sftp(1). */
int sftp_main(int argc, char **argv);

/* Serves files over SFTP on its standard input and output: sftp-server(8). */
int sftp_server_main(int argc, char **argv);

#endif
