#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""asyncssh as a process of its own, so that it may be one for another Python.

usage: asyncssh_peer.py offer                what it has, by kind of algorithm, as JSON
       asyncssh_peer.py serve PORT KEY...    a server that echoes; its host keys let users in, too
       asyncssh_peer.py transfer             a client: one JSON object a line says from where to where, and with
                                             what; one line a transfer says "ok" or what went wrong
"""
import asyncio
import contextlib
import hashlib
import json
import logging
import os
import sys

import asyncssh
from asyncssh import encryption, kex, mac, public_key

SIGNATURES = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512",
              "rsa-sha2-256", "ssh-rsa"]


def offer():
    names = {"key exchange": kex.get_kex_algs(), "cipher": encryption.get_encryption_algs(),
             "MAC": mac.get_mac_algs(), "host key": public_key.get_public_key_algs()}
    found = {kind: [n.decode() for n in v] for kind, v in names.items()}
    found["key exchange"] = [n for n in found["key exchange"] if not n.startswith(("gss", "rsa"))]
    found["user key"] = found["host key"]
    found["compression"] = ["none", "zlib@openssh.com"]
    return found


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


async def echo(process):
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await process.stdin.read(65536):
            process.stdout.write(data)
            await process.stdout.drain()
    process.exit(0)


async def serve(port, keys):
    class Any(asyncssh.SSHServer):
        def begin_auth(self, username):
            return True

    has = offer()
    await asyncssh.listen(
        "127.0.0.1", port, server_factory=Any, process_factory=echo, encoding=None, server_host_keys=keys,
        authorized_client_keys=asyncssh.import_authorized_keys("".join(read(path + ".pub") for path in keys)),
        kex_algs=has["key exchange"], encryption_algs=has["cipher"], mac_algs=has["MAC"], signature_algs=SIGNATURES,
        compression_algs=has["compression"], login_timeout=60)
    await asyncio.Event().wait()


async def transfer(job):
    """Blocks through a remote cat, each sent when the one before has come back."""
    row, sent, got = job["row"], hashlib.sha256(), hashlib.sha256()
    host_key = " ".join(read(job["host_key"] + ".pub").split()[:2])
    async with asyncssh.connect(
            "127.0.0.1", job["port"], username=job["user"], client_keys=[job["key"]], config=None, agent_path=None,
            known_hosts=asyncssh.import_known_hosts(f"[127.0.0.1]:{job['port']} {host_key}\n"),
            signature_algs=[row["user key"]], server_host_key_algs=[row["host key"]],
            kex_algs=[row["key exchange"]], encryption_algs=[row["cipher"]],
            mac_algs=[row["MAC"] or "hmac-sha2-256"], compression_algs=[row["compression"]]) as c:
        p = await c.create_process("cat", encoding=None)
        for _ in range(job["blocks"]):
            block = os.urandom(job["block"])
            sent.update(block)
            p.stdin.write(block)
            got.update(await p.stdout.readexactly(len(block)))
        p.stdin.write_eof()
        done = await p.wait()
    assert (sent.digest(), done.exit_status) == (got.digest(), 0), "not what was sent"


def transfers():
    for line in sys.stdin:
        try:
            asyncio.run(asyncio.wait_for(transfer(json.loads(line)), 80))
            answer = "ok"
        except Exception as e:  # pylint: disable=broad-except
            answer = f"{type(e).__name__}: {e}"
        print(answer.replace("\n", " "), flush=True)


def main(argv):
    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    if argv[1] == "offer":
        print(json.dumps(offer()))
    elif argv[1] == "serve":
        asyncio.run(serve(int(argv[2]), argv[3:]))
    elif argv[1] == "transfer":
        transfers()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv)
