#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Holds sessions open: one process for all of them, so that their clients weigh nothing.

usage: hold.py PORT USER KEY    then a number a line on standard input: opens as many more, and prints the number
"""
import asyncio
import sys

import asyncssh

AT_ONCE = 8


async def one(gate, port, user, key):
    async with gate:
        connection = await asyncssh.connect("127.0.0.1", port, username=user, client_keys=[key], known_hosts=None,
                                            agent_path=None, config=None, compression_algs=["none"],
                                            login_timeout=120, encryption_algs=["aes128-gcm@openssh.com"])
        process = await connection.create_process("echo ready; exec cat")
        await process.stdout.readline()
        return connection, process


async def main(port, user, key):
    gate, held = asyncio.Semaphore(AT_ONCE), []
    while line := await asyncio.to_thread(sys.stdin.readline):
        held += await asyncio.gather(*(one(gate, port, user, key) for _ in range(int(line))))
        print(line.strip(), flush=True)


asyncio.run(main(int(sys.argv[1]), sys.argv[2], asyncssh.read_private_key(sys.argv[3])))
