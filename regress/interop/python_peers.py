# SPDX-License-Identifier: ISC
"""paramiko and asyncssh: their servers on loopback, each in a thread, and their clients."""
import asyncio
import contextlib
import hashlib
import logging
import os
import socket
import threading

import algorithms
import harness

logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

PARAMIKO_KEYS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512",
                 "rsa-sha2-256", "ssh-rsa"]


def read_public(path):
    with open(path + ".pub", encoding="utf-8") as f:
        return f.read()


class Server:
    """What both have: a port, our client's known_hosts, and one user key of each kind."""

    def __init__(self, folder, keys):
        os.makedirs(folder, exist_ok=True)
        self.keys = keys
        self.known = os.path.join(folder, "known_hosts")
        self.user = "anybody"
        self.port = harness.free_port()
        with open(self.known, "w", encoding="utf-8") as f:
            for path in keys.values():
                f.write(f"[127.0.0.1]:{self.port} {' '.join(read_public(path).split()[:2])}\n")


# --- asyncssh ---

def asyncssh_offer():
    from asyncssh import encryption, kex, mac, public_key
    names = {"key exchange": kex.get_kex_algs(), "cipher": encryption.get_encryption_algs(),
             "MAC": mac.get_mac_algs(), "host key": public_key.get_public_key_algs()}
    offer = {kind: [n.decode() for n in v] for kind, v in names.items()}
    offer["user key"] = offer["host key"]
    offer["compression"] = ["none", "zlib@openssh.com"]
    return offer


def asyncssh_options(row):
    return {"kex_algs": [row["key exchange"]], "encryption_algs": [row["cipher"]],
            "mac_algs": [row["MAC"] or "hmac-sha2-256"], "compression_algs": [row["compression"]]}


class AsyncSSH(Server):
    """asyncssh's server with everything it has turned on."""

    def __init__(self, folder, keys):
        super().__init__(folder, keys)
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(30)

    def serve(self, ready):
        import asyncssh
        authorized = asyncssh.import_authorized_keys("".join(read_public(path) for path in self.keys.values()))

        class Any(asyncssh.SSHServer):
            def begin_auth(self, username):
                return True

        async def echo(process):
            with contextlib.suppress(OSError, asyncssh.Error):
                while data := await process.stdin.read(65536):
                    process.stdout.write(data)
                    await process.stdout.drain()
            process.exit(0)

        async def listen():
            offer = asyncssh_offer()
            await asyncssh.listen(
                "127.0.0.1", self.port, server_factory=Any, process_factory=echo, encoding=None,
                server_host_keys=list(self.keys.values()), authorized_client_keys=authorized,
                kex_algs=[n for n in offer["key exchange"] if not n.startswith("gss") and not n.startswith("rsa")],
                encryption_algs=offer["cipher"], mac_algs=offer["MAC"], signature_algs=PARAMIKO_KEYS,
                compression_algs=["none", "zlib@openssh.com"], login_timeout=60)
            ready.set()

        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(listen())
        self.loop.run_forever()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


def asyncssh_client(port, user, key, host_key, row):
    """A transfer by asyncssh's client."""
    import asyncssh
    known = asyncssh.import_known_hosts(f"[127.0.0.1]:{port} {' '.join(read_public(host_key).split()[:2])}\n")

    async def go():
        sent, got = hashlib.sha256(), hashlib.sha256()
        async with asyncssh.connect("127.0.0.1", port, username=user, known_hosts=known, client_keys=[key],
                                    config=None, agent_path=None, signature_algs=[row["user key"]],
                                    server_host_key_algs=[row["host key"]], **asyncssh_options(row)) as c:
            p = await c.create_process("cat", encoding=None)
            for _ in range(algorithms.BLOCKS):
                block = os.urandom(algorithms.BLOCK)
                sent.update(block)
                p.stdin.write(block)
                got.update(await p.stdout.readexactly(len(block)))
            p.stdin.write_eof()
            done = await p.wait()
        assert (sent.digest(), done.exit_status) == (got.digest(), 0)

    asyncio.run(asyncio.wait_for(go(), 80))


# --- paramiko ---

def paramiko_offer(is_server):
    from paramiko import Transport
    kex = [n for n in Transport._preferred_kex if not (is_server and "group-exchange" in n)]
    return {"key exchange": kex, "cipher": Transport._preferred_ciphers, "MAC": Transport._preferred_macs,
            "compression": ["none", "zlib@openssh.com"], "host key": PARAMIKO_KEYS, "user key": PARAMIKO_KEYS}


def paramiko_key(path):
    import paramiko
    kind = {"ed": paramiko.Ed25519Key, "ec": paramiko.ECDSAKey, "rs": paramiko.RSAKey}
    return kind[os.path.basename(path)[:2]].from_private_key_file(path)


class Paramiko(Server):
    """paramiko's server. It wants its host keys in a thread for each connection."""

    def __init__(self, folder, keys):
        super().__init__(folder, keys)
        self.host_keys = [paramiko_key(path) for path in keys.values()]
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        import paramiko
        authorized = {read_public(path).split()[1] for path in self.keys.values()}

        class Any(paramiko.ServerInterface):
            def check_auth_publickey(self, username, key):
                return paramiko.AUTH_SUCCESSFUL if key.get_base64() in authorized else paramiko.AUTH_FAILED

            def get_allowed_auths(self, username):
                return "publickey"

            def check_channel_request(self, kind, chanid):
                return paramiko.OPEN_SUCCEEDED

            def check_channel_exec_request(self, channel, command):
                threading.Thread(target=echo, args=(channel,), daemon=True).start()
                return True

        def echo(channel):
            with contextlib.suppress(OSError, EOFError):
                while data := channel.recv(32768):
                    channel.sendall(data)
                channel.send_exit_status(0)
                channel.close()

        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            try:
                t = paramiko.Transport(s)
                t.use_compression(True)
                t._preferred_compression = ("none", "zlib@openssh.com")
                for key in self.host_keys:
                    t.add_server_key(key)
                t.start_server(event=threading.Event(), server=Any())
            except Exception:  # pylint: disable=broad-except
                s.close()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


def paramiko_client(port, user, key, host_key, row):
    """A transfer by paramiko's client."""
    import paramiko
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        t = paramiko.Transport(s)
        try:
            t._preferred_kex = (row["key exchange"],)
            t._preferred_ciphers = (row["cipher"],)
            t._preferred_macs = (row["MAC"] or "hmac-sha2-256",)
            t._preferred_keys = (row["host key"],)
            t._preferred_pubkeys = (row["user key"],)
            t._preferred_compression = (row["compression"],)
            t.packetizer.REKEY_BYTES = algorithms.REKEY
            t.start_client(timeout=60)
            assert t.get_remote_server_key().get_base64() == read_public(host_key).split()[1]
            t.auth_publickey(user, paramiko_key(key))
            channel = t.open_session(timeout=60)
            channel.settimeout(40)
            channel.exec_command("cat")
            sent, got = hashlib.sha256(), hashlib.sha256()
            for _ in range(algorithms.BLOCKS):
                block = os.urandom(algorithms.BLOCK)
                sent.update(block)
                channel.sendall(block)
                left = len(block)
                while left > 0 and (data := channel.recv(left)):
                    got.update(data)
                    left -= len(data)
            channel.shutdown_write()
            assert (sent.digest(), channel.recv_exit_status()) == (got.digest(), 0)
        finally:
            t.close()
