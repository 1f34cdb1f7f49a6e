# SPDX-License-Identifier: ISC
"""paramiko and asyncssh: their servers on loopback, each in a thread, and their clients."""
import contextlib
import hashlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading

import algorithms
import harness
import peer_servers
from harness import run, wait_until

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

def asyncssh_command(folder, suite):
    """asyncssh_peer.py under the Python of a suite's folder; suite None: under the one that is installed."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "asyncssh_peer.py")
    if suite is None:
        return [sys.executable, script]
    root = os.path.join(harness.PEERS, suite)
    os.makedirs(folder, exist_ok=True)
    return [peer_servers.wrapped(folder, suite, "usr/bin/python3", f"PYTHONHOME='{root}/usr' "
                                 f"PYTHONPATH='{root}/usr/lib/python3/dist-packages'"), script]


def asyncssh_offer(folder, suite):
    return json.loads(run([*asyncssh_command(folder, suite), "offer"]).stdout)


class AsyncSSH(Server):
    """asyncssh's server with everything it has turned on."""

    def __init__(self, folder, keys, suite):
        super().__init__(folder, keys)
        self.process = subprocess.Popen([*asyncssh_command(folder, suite), "serve", str(self.port), *keys.values()],
                                        stdin=subprocess.DEVNULL)
        wait_until(lambda: self.process.poll() is not None or harness.answers(self.port), "asyncssh to listen")
        assert self.process.poll() is None

    def stop(self):
        harness.end(self.process)


class AsyncSSHClient:
    """A process that makes transfers by asyncssh's client."""

    def __init__(self, folder, suite):
        self.process = subprocess.Popen([*asyncssh_command(folder, suite), "transfer"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def transfer(self, port, user, key, host_key, row, _home):
        job = {"port": port, "user": user, "key": key, "host_key": host_key, "row": row,
               "block": algorithms.BLOCK, "blocks": algorithms.BLOCKS}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == "ok", answer

    def stop(self):
        harness.end(self.process)
        self.process.communicate()


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
