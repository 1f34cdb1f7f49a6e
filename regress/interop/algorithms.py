# SPDX-License-Identifier: ISC
"""Which algorithms a peer shares with us, and transfers that use each of them.

kinds     of algorithms: key exchange, cipher, MAC, compression, host key, user key
row       one connection's choice: a name of each kind. The rows for a peer go on until
          every name that both have was used once; a name alone is offered, so that what
          works was used.
transfer  blocks there and back in lock step, longer than both ends' RekeyLimit, so that
          about every block brings a key exchange; what comes back must be what was sent
"""
import contextlib
import hashlib
import os
import re
import selectors
import socket
import struct
import subprocess

import harness
from harness import run

KINDS = ["key exchange", "cipher", "MAC", "compression", "host key", "user key"]
QUERIES = dict(zip(KINDS, ["kex", "cipher", "mac", "compression", "key-sig", "key-sig"]))
KEY_FILES = {"ssh-ed25519": "ed25519", "ecdsa-sha2-nistp256": "ecdsa256", "ecdsa-sha2-nistp384": "ecdsa384",
             "ecdsa-sha2-nistp521": "ecdsa521", "rsa-sha2-512": "rsa", "rsa-sha2-256": "rsa", "ssh-rsa": "rsa"}
AEAD = ("chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
REKEY = 32 * 1024
# For tinysshd: it stands still when our next KEXINIT comes in the same read as the end of the exchange
# before, since nothing may follow that. It reads 35,000 bytes at most.
REKEY_APART = 64 * 1024
BLOCK = 48 * 1024
BLOCKS = 3
REKEYS = 3


def query(program, kind):
    names = run([program, "-Q", QUERIES[kind]]).stdout.split()
    # Certificates have tests of their own; sk- needs a token to sign.
    return [n for n in names if n in KEY_FILES or "key" not in QUERIES[kind]]


def ours(kind):
    return query(harness.SSH, kind)


def keys(folder):
    """One key pair of each kind, by the name of the file."""
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    for name in set(KEY_FILES.values()):
        kind, bits = re.fullmatch(r"([a-z]+|ed25519)(\d+)?", name).groups() if name != "ed25519" else (name, None)
        harness.make_key(os.path.join(folder, name), kind, bits=bits or ("2048" if kind == "rsa" else None))
    return {name: os.path.join(folder, name) for name in KEY_FILES.values()}


def rows(theirs):
    """Rows that use each name that `theirs` (by kind) shares with us."""
    common = {kind: [n for n in ours(kind) if n in theirs[kind]] for kind in KINDS}
    plain = [c for c in common["cipher"] if c not in AEAD]
    pairs = [(c, None) for c in common["cipher"] if c in AEAD]
    if plain:
        n = max(len(plain), len(common["MAC"]))
        pairs += [(plain[i % len(plain)], common["MAC"][i % len(common["MAC"])]) for i in range(n)]
    n = max([len(pairs)] + [len(common[kind]) for kind in KINDS if kind not in ("cipher", "MAC")])
    found = []
    for i in range(n):
        row = {kind: common[kind][i % len(common[kind])] for kind in KINDS if kind != "MAC"}
        row["cipher"], row["MAC"] = pairs[i % len(pairs)]
        found.append(row)
    return found


def options(row, skip=()):
    """The row as options of ours and OpenSSH's programs, both ends."""
    keywords = {"key exchange": "KexAlgorithms", "cipher": "Ciphers", "MAC": "MACs", "host key": "HostKeyAlgorithms",
                "user key": "PubkeyAcceptedAlgorithms"}
    lines = [f"{word} {row[kind]}" for kind, word in keywords.items() if row[kind] and kind not in skip]
    lines.append(f"Compression {'no' if row['compression'] == 'none' else 'yes'}")
    return lines


# --- what a peer offers ---

def kexinit_of(sock):
    """The peer's first KEXINIT: its ten lists, given that ours is the identification string only."""
    sock.settimeout(20)
    f = sock.makefile("rb")
    while not f.readline().startswith(b"SSH-"):
        pass
    length, padding = struct.unpack(">IB", f.read(5))
    payload = f.read(length - 1)[:length - 1 - padding]
    assert payload[0] == 20, payload[:1]
    lists, at = [], 17
    for _ in range(10):
        n = struct.unpack_from(">I", payload, at)[0]
        lists.append(payload[at + 4:at + 4 + n].decode().split(","))
        at += 4 + n
    return {"key exchange": lists[0], "host key": lists[1], "cipher": lists[2], "MAC": lists[4],
            "compression": lists[6]}


def offered_by_server(port):
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        s.sendall(b"SSH-2.0-list\r\n")
        return kexinit_of(s)


def offered_by_client(command, env):
    """What a client offers that is started by command(port)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        p = subprocess.Popen(command(listener.getsockname()[1]), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        try:
            s, _ = listener.accept()
            with s:
                s.sendall(b"SSH-2.0-list\r\n")
                return kexinit_of(s)
        finally:
            harness.end(p)


# --- transfers ---

def read_exactly(stream, n, seconds=40):
    """n bytes of a pipe, or what came before its end or the deadline."""
    got = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while len(got) < n and selector.select(seconds):
            some = os.read(stream.fileno(), n - len(got))
            if not some:
                break
            got += some
    return got


def lock_step(p, sent, got):
    """Blocks, each sent when the one before has come back."""
    for _ in range(BLOCKS):
        block = os.urandom(BLOCK)
        sent.update(block)
        p.stdin.write(block)
        p.stdin.flush()
        echo = read_exactly(p.stdout, BLOCK)
        got.update(echo)
        if len(echo) < BLOCK:
            return


def transfer(command, env=None, in_lock_step=True):
    """A client program's transfer through a remote `cat`; gives its standard error.

    Not in lock step: all at once, for tinysshd, which looks at what came with the end of a key
    exchange only when more comes: more data, or a keepalive behind the last of it.
    """
    sent, got, rest = hashlib.sha256(), hashlib.sha256(), b""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=env) as p:
        try:
            with contextlib.suppress(BrokenPipeError):
                if in_lock_step:
                    lock_step(p, sent, got)
                else:
                    rest = os.urandom(4 * BLOCKS * BLOCK)
                    sent.update(rest)
            out, err = p.communicate(rest, timeout=40)
            got.update(out)
        finally:
            if p.poll() is None:
                p.kill()
    err = err.decode(errors="replace")
    assert p.returncode == 0, f"exit {p.returncode}: {' '.join(command)}\n{err}"
    assert sent.digest() == got.digest(), f"{' '.join(command)}: not what was sent\n{err}"
    return err


def used(log, row):
    """Checks our own log for the row, and gives the number of rekeys."""
    exchanges = re.findall(r"kex: algorithm: (\S+)", log)
    assert exchanges and set(exchanges) == {row["key exchange"]}, log
    assert set(re.findall(r"kex: host key algorithm: (\S+)", log)) == {row["host key"]}, log
    for cipher, mac, compression in re.findall(r"cipher: (\S+) MAC: (\S+) compression: (\S+)", log):
        assert cipher == row["cipher"], log
        assert row["MAC"] is None or mac == row["MAC"], log
        assert compression == row["compression"], log
    return len(exchanges) - 1
