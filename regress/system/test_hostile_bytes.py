# SPDX-License-Identifier: ISC
"""What bytes from strangers cost: memory beyond an idle connection, and CPU time for a message.

Each input goes to a connection of its own, after it has been idle for a moment. Its processes
are stopped at their very end (ptrace), so that what they used can be read even when the answer
to the input is to end the connection.
"""
import contextlib
import ctypes
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import zlib

import pytest

import harness

pytestmark = [
    pytest.mark.skipif(not harness.ROOT, reason="processes that hide their memory show it to root only"),
    pytest.mark.skipif("sanitize" in harness.BINDIR, reason="sanitizers take memory and time of their own"),
]

MEMORY_MAX = 4096		# KiB beyond idle
CPU_MAX = 0.1			# seconds for one message
KIB = 1024


# --- measuring ---

PTRACE_CONT, PTRACE_SEIZE, PTRACE_O_TRACEEXIT, WALL = 7, 0x4206, 0x40, 0x40000000


def ptrace(request, pid, data=0):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(request, pid, None, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace")


class Process:
    """What one of sshd's processes has used since it was idle."""

    def __init__(self, pid):
        self.pid = pid
        self.has_ended = False
        ptrace(PTRACE_SEIZE, pid, PTRACE_O_TRACEEXIT)
        self.now = (0, 0.0)
        self.now = self.idle = self.used()

    def used(self):
        """(most memory so far in KiB, CPU seconds)"""
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as f:
            memory = re.search(r"^VmHWM:\s+(\d+) kB", f.read(), re.M)
        if memory is None:      # it has ended since: what was seen at its end stands
            return self.now
        memory = int(memory.group(1))
        with open(f"/proc/{self.pid}/schedstat", encoding="utf-8") as f:
            return memory, int(f.read().split()[0]) / 1e9

    def look(self):
        """Lets it go on, or end, and notes what it has used."""
        if self.has_ended:
            return
        pid, status = os.waitpid(self.pid, os.WNOHANG | WALL)
        if pid != 0 and not os.WIFSTOPPED(status):
            self.has_ended = True
            return
        self.now = self.used()
        if pid != 0:
            stop = os.WSTOPSIG(status)
            ptrace(PTRACE_CONT, self.pid, 0 if status >> 16 or stop in (signal.SIGTRAP, signal.SIGSTOP) else stop)

    def more(self):
        return self.now[0] - self.idle[0], self.now[1] - self.idle[1]


def owner_of(ours):
    """The process that has the other end of a connection of ours."""
    ends = ours.getpeername()[1], ours.getsockname()[1]
    inode = None
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            fields = line.split()
            # Both ports: an old connection of another server's may have had ours, and waits.
            if tuple(int(end.split(":")[1], 16) for end in fields[1:3]) == ends:
                inode = fields[9]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{fd}") == f"socket:[{inode}]":
                    return int(pid)
    return None


class Stranger:
    """A connection whose processes are watched, with what it takes to speak in clear."""

    def __init__(self, sshd):
        before = set(sshd.children())
        self.socket = socket.create_connection(("127.0.0.1", sshd.port), 20)
        self.socket.settimeout(harness.TIMEOUT)
        self.file = self.socket.makefile("rb")
        self.is_read_elsewhere = False
        self.ident = self.file.readline()
        wire = harness.wait_until(lambda: owner_of(self.socket), "a process for the connection")
        time.sleep(0.1)
        # Its guard, and not those that stand ready for others.
        guards = {pid for pid, title in sshd.children().items() if pid not in before and "[accepted]" in title}
        pids = {wire} | guards
        self.processes = [p for p in map(self.watch, pids) if p is not None]
        assert len(self.processes) == 2

    @staticmethod
    def watch(pid):
        try:
            return Process(pid)
        except OSError:
            return None

    def send(self, data):
        with contextlib.suppress(OSError):
            self.socket.settimeout(0.3)
            self.socket.sendall(data)
        for p in self.processes:
            p.look()

    def packet(self, payload):
        padding = 8 - (5 + len(payload)) % 8 + 8 * ((5 + len(payload)) % 8 > 4)
        self.send(struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + b"\0" * padding)

    def settle(self, seconds=1.0):
        """Waits until the processes have done what there is to do: they end, or use nothing for a while."""
        end = time.monotonic() + seconds
        used, quiet = None, 0
        with contextlib.suppress(OSError):
            self.socket.settimeout(0.01)
        while time.monotonic() < end and quiet < 30 and not all(p.has_ended for p in self.processes):
            with contextlib.suppress(OSError):
                if not self.is_read_elsewhere:
                    self.socket.recv(1 << 18)
            for p in self.processes:
                p.look()
            now = [p.now for p in self.processes]
            quiet = quiet + 1 if now == used and seconds < 10 else 0
            used = now
            time.sleep(0.01)

    def end(self):
        self.socket.close()
        self.file.close()
        self.settle(10)
        assert all(p.has_ended for p in self.processes)


def name_list(data):
    return struct.pack(">I", len(data)) + data


def kexinit(*lists, kex=b"curve25519-sha256", hostkey=b"ssh-ed25519"):
    lists = lists or (kex, hostkey, *[b"aes128-ctr"] * 2, *[b"hmac-sha2-256"] * 2, b"none", b"none", b"", b"")
    return b"\x14" + os.urandom(16) + b"".join(name_list(item) for item in lists) + b"\0" * 5


def mpint(data):
    return struct.pack(">I", len(data)) + data


# --- inputs: each yields after what counts as one message ---

def kex_of(method, *messages):
    """An exchange in clear, up to the client's messages."""
    def run(s):
        s.packet(kexinit(kex=method))
        yield
        for message in messages:
            s.packet(message)
            yield
    return run


def ident_first(run):
    def after(s):
        s.send(b"SSH-2.0-stranger\r\n")
        yield
        yield from run(s)
    return after


def commas(s):
    s.packet(kexinit(*[b"," * 3200] * 10))
    yield


def long_lists(s):
    s.packet(kexinit(*[b",".join(b"name-%d@example.org" % i for i in range(140))] * 10))
    yield


def largest_kexinit(s):
    s.packet(kexinit(*[b"x," * 12000] * 10))
    yield


def wrapping_list(s):
    s.packet(b"\x14" + b"\0" * 16 + b"\xff\xff\xff\xff" + b"a" * 1000)
    yield


def large_ignores(s):
    for _ in range(40):
        s.packet(b"\x02" + mpint(b"i" * (255 * KIB)))
        yield


def many_small(s):
    for _ in range(20):
        s.send((struct.pack(">IB", 12, 6) + b"\x02\0\0\0\0" + b"\0" * 6) * 1000)
        yield


def lengths(n):
    def run(s):
        s.send(struct.pack(">I", n) + b"\x08" * 65536)
        yield
    return run


def dripping(s):
    """Promises the longest packet and gives it away by the byte."""
    s.send(struct.pack(">IB", 256 * KIB, 8))
    for _ in range(50):
        s.send(b"\x14")
        yield


def half_a_large_packet(s):
    s.send(struct.pack(">IB", 256 * KIB, 8) + b"\x02" + b"x" * (200 * KIB))
    yield


def two_kexinits(s):
    s.packet(kexinit())
    yield
    s.packet(kexinit())
    yield


def upper_messages(s):
    for number in (5, 50, 90, 94, 192):
        s.packet(bytes([number]) + b"\0" * 200)
        yield


GROUP14 = b"diffie-hellman-group14-sha256"
GROUP18 = b"diffie-hellman-group18-sha512"
GEX = b"diffie-hellman-group-exchange-sha256"
INPUTS = {
    "an identification without an end": lambda s: iter([s.send(b"SSH-2.0-" + b"x" * 60000)]),
    "http": lambda s: iter([s.send(b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 20000)]),
    "a list of commas": ident_first(commas),
    "long lists": ident_first(long_lists),
    "a kexinit of 240 KiB": ident_first(largest_kexinit),
    "a list longer than the packet": ident_first(wrapping_list),
    "ignore of 255 KiB": ident_first(large_ignores),
    "20,000 small packets": ident_first(many_small),
    "a length of 2^32-1": ident_first(lengths(0xffffffff)),
    "a length of 2^31-1": ident_first(lengths(0x7fffffff)),
    "the longest packet by the byte": ident_first(dripping),
    "most of a large packet": ident_first(half_a_large_packet),
    "a second kexinit": ident_first(two_kexinits),
    "messages of the upper layers": ident_first(upper_messages),
    "x25519 of 200 KiB": ident_first(kex_of(b"curve25519-sha256", b"\x1e" + mpint(b"\x01" * 200 * KIB))),
    "x25519 all zero": ident_first(kex_of(b"curve25519-sha256", b"\x1e" + mpint(bytes(32)))),
    "a point at no curve": ident_first(kex_of(b"ecdh-sha2-nistp521", b"\x1e" + mpint(b"\x04" + b"\x01" * 132))),
    "mlkem with coefficients out of range": ident_first(
        kex_of(b"mlkem768x25519-sha256", b"\x1e" + mpint(b"\xff" * 1184 + b"\x09" + bytes(31)))),
    "mlkem that is right": ident_first(
        kex_of(b"mlkem768x25519-sha256", b"\x1e" + mpint(bytes(1184) + b"\x09" + bytes(31)))),
    "sntrup of 200 KiB": ident_first(kex_of(b"sntrup761x25519-sha512", b"\x1e" + mpint(b"\x01" * 200 * KIB))),
    "sntrup that is right": ident_first(
        kex_of(b"sntrup761x25519-sha512", b"\x1e" + mpint(bytes(1158) + b"\x09" + bytes(31)))),
    "an mpint of 16 KiB": ident_first(kex_of(GROUP14, b"\x1e" + mpint(b"\x7f" * 16 * KIB))),
    "an mpint of 200 KiB": ident_first(kex_of(GROUP18, b"\x1e" + mpint(b"\x7f" * 200 * KIB))),
    "a negative mpint": ident_first(kex_of(GROUP14, b"\x1e" + mpint(b"\x80" + bytes(255)))),
    "e = 0": ident_first(kex_of(GROUP18, b"\x1e" + mpint(b""))),
    "e = p - 1": ident_first(kex_of(GROUP14, b"\x1e" + mpint(b"\0" + b"\xff" * 255 + b"\xfe"))),
    "sntrup without its last byte": ident_first(
        kex_of(b"sntrup761x25519-sha512", b"\x1e" + mpint(bytes(1158) + b"\x09" + bytes(30)))),
    "mlkem without its last byte": ident_first(
        kex_of(b"mlkem768x25519-sha256", b"\x1e" + mpint(bytes(1184) + b"\x09" + bytes(30)))),
    "mlkem of 200 KiB": ident_first(kex_of(b"mlkem768x25519-sha256", b"\x1e" + mpint(b"\x01" * 200 * KIB))),
    "mlkem768nistp256 at no curve": ident_first(
        kex_of(b"mlkem768nistp256-sha256", b"\x1e" + mpint(bytes(1184) + b"\x04" + b"\x01" * 64))),
    "mlkem1024nistp384 at no curve": ident_first(
        kex_of(b"mlkem1024nistp384-sha384", b"\x1e" + mpint(bytes(1568) + b"\x04" + b"\x01" * 96))),
    "modp 8192": ident_first(kex_of(GROUP18, b"\x1e" + mpint(b"\x01" + os.urandom(1000)))),
    "group exchange, 8192 bits": ident_first(
        kex_of(GEX, b"\x22" + struct.pack(">III", 8192, 8192, 8192), b"\x20" + mpint(b"\x01" + os.urandom(1000)))),
    "group exchange, 2048 to 8192 bits": ident_first(
        kex_of(GEX, b"\x22" + struct.pack(">III", 2048, 8192, 0xffffffff), b"\x20" + mpint(b"\x7f" * 200 * KIB))),
    "group exchange, one after the other": ident_first(
        kex_of(GEX, *[b"\x22" + struct.pack(">III", 8192, 8192, 8192)] * 20)),
    "group exchange, less than 2048 bits": ident_first(
        kex_of(GEX, b"\x22" + struct.pack(">III", 512, 512, 1024), b"\x20" + mpint(b"\x01" + os.urandom(60)))),
    "group exchange, no sizes": ident_first(kex_of(GEX, b"\x22" + struct.pack(">III", 0xffffffff, 0, 1))),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    for part in [folder, *folder.parents]:
        if "pytest-" in str(part):
            os.chmod(part, 0o755)
    with harness.server(folder / "sshd", config="PerSourcePenalties no\nMaxStartups 100\nKexAlgorithms +"
                        + b",".join([GROUP14, GROUP18, GEX, b"mlkem768nistp256-sha256,mlkem1024nistp384-sha384"]).decode(),
                        keys=("ed25519", "ecdsa", "rsa")) as s:
        yield s


def judge(stranger, n):
    """Holds what was used against the limits; n messages were sent."""
    for p in stranger.processes:
        memory, cpu = p.more()
        assert memory <= MEMORY_MAX, f"process {p.pid}: {memory} KiB more than idle"
        assert cpu <= CPU_MAX * max(1, n), f"process {p.pid}: {cpu:.3f} s for {n} messages"


@pytest.mark.parametrize("name", INPUTS)
def test_no_input_before_login_costs_more_than_4_mib_or_100_ms(server, name):
    stranger = Stranger(server)
    n = 0
    for _ in INPUTS[name](stranger):
        n += 1
        stranger.settle(0.02)
    stranger.settle()
    stranger.end()
    judge(stranger, n)


# --- under encryption, by a client that can ---

def ssh_transport(sshd, compress=False):
    """paramiko's transport, its key exchange done, and its watched processes."""
    import paramiko
    stranger = Stranger(sshd)
    stranger.file.close()
    stranger.is_read_elsewhere = True

    class Rest:
        """The socket, with the line that was read already before everything else."""

        def __init__(self, s, first):
            self.s, self.first = s, first

        def recv(self, n):
            got, self.first = self.first[:n], self.first[n:]
            return got or self.s.recv(n)

        def __getattr__(self, name):
            return getattr(self.s, name)

    t = paramiko.Transport(Rest(stranger.socket, stranger.ident))
    t.use_compression(compress)
    t.start_client(timeout=20)
    return stranger, t


def auth_request(*fields):
    import paramiko
    m = paramiko.Message()
    m.add_byte(b"\x32")
    for field in fields:
        if isinstance(field, bool):
            m.add_boolean(field)
        else:
            m.add_string(field)
    return m


def info_response(n):
    import paramiko
    m = paramiko.Message()
    m.add_byte(b"\x3d")
    m.add_int(n)
    return m


def signed_by(alg, *blob, sig=b"\x7f" * 64):
    """A request with a signature, so that the key is looked at and the signature verified."""
    return auth_request("alice", "ssh-connection", "publickey", True, alg, b"".join(blob), mpint(alg) + mpint(sig))


def certificate(kind, *fields, key_id=b"id", principals=b"", rest=b""):
    """The blob of a certificate that no CA has signed; rest: instead of what follows the principals."""
    return b"".join([mpint(kind), mpint(b"nonce"), *fields, struct.pack(">QI", 0, 1), mpint(key_id), mpint(principals),
                     rest or struct.pack(">QQ", 0, 2**64 - 1) + mpint(b"") * 3 + mpint(CA) + mpint(mpint(
                         b"ssh-ed25519") + mpint(bytes(64)))])


RSA = mpint(b"ssh-rsa")
CA = mpint(b"ssh-ed25519") + mpint(b"\x11" * 32)
MODULUS = mpint(b"\0" + b"\xff" * 2048)		# of 16,384 bits, and odd
CERT = b"ssh-ed25519-cert-v01@openssh.com"
LIVE_KEY = mpint(b"\x22" * 32)
REQUESTS = {
    "an rsa exponent as long as its modulus": signed_by(b"rsa-sha2-512", RSA, MODULUS, MODULUS, sig=b"\x7f" * 2048),
    "an rsa exponent of 32 bits": signed_by(
        b"rsa-sha2-512", RSA, mpint(b"\0\xff\xff\xff\xff"), MODULUS, sig=b"\x7f" * 2048),
    "an rsa exponent of 0": signed_by(b"rsa-sha2-512", RSA, mpint(b""), MODULUS, sig=b"\x7f" * 2048),
    "an even rsa modulus": signed_by(
        b"rsa-sha2-512", RSA, mpint(b"\x01\x00\x01"), mpint(b"\x7f" * 2047 + b"\x00"), sig=b"\x7f" * 2048),
    "an rsa modulus of 0": signed_by(b"rsa-sha2-512", RSA, mpint(b"\x01\x00\x01"), mpint(b""), sig=b"\x7f" * 2048),
    "an ecdsa point at no curve": signed_by(
        b"ecdsa-sha2-nistp521", mpint(b"ecdsa-sha2-nistp521"), mpint(b"nistp521"), mpint(b"\x04" + b"\x01" * 132)),
    "an ecdsa point of 200 KiB": signed_by(
        b"ecdsa-sha2-nistp256", mpint(b"ecdsa-sha2-nistp256"), mpint(b"nistp256"), mpint(b"\x04" + b"\x01" * 200 * KIB)),
    "an ecdsa signature of 100 KiB numbers": signed_by(
        b"ecdsa-sha2-nistp256", mpint(b"ecdsa-sha2-nistp256"), mpint(b"nistp256"),
        mpint(bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")),
        sig=mpint(b"\x7f" * 100 * KIB) * 2),
    "a certificate with a key id of 200 KiB": signed_by(
        CERT, certificate(CERT, LIVE_KEY, key_id=b"i" * 200 * KIB)),
    "a certificate of 60,000 principals": signed_by(
        CERT, certificate(CERT, LIVE_KEY, principals=mpint(b"") * 60000)),
    "a certificate of 3,000 principals": signed_by(
        CERT, certificate(CERT, LIVE_KEY, principals=mpint(b"") * 3000)),
    "a certificate of 20,000 options": signed_by(
        CERT, certificate(CERT, LIVE_KEY, rest=struct.pack(">QQ", 0, 2**64 - 1) + mpint(b"".join(
            mpint(b"%06d" % i) + mpint(b"") for i in range(10000))) * 2 + mpint(b"") + mpint(CA) + mpint(b"sig"))),
    "a certificate by a certificate": signed_by(
        CERT, certificate(CERT, LIVE_KEY, rest=struct.pack(">QQ", 0, 2**64 - 1) + mpint(b"") * 3 + mpint(
            certificate(CERT, LIVE_KEY)) + mpint(b"sig"))),
    "a certificate by an rsa key of 16,384 bits": signed_by(
        CERT, certificate(CERT, LIVE_KEY, rest=struct.pack(">QQ", 0, 2**64 - 1) + mpint(b"") * 3 + mpint(
            RSA + mpint(b"\0\xff\xff\xff\xff") + MODULUS) + mpint(mpint(b"rsa-sha2-512") + mpint(b"\x7f" * 2048)))),
    "an rsa certificate of 16,384 bits": signed_by(
        b"rsa-sha2-512-cert-v01@openssh.com",
        certificate(b"ssh-rsa-cert-v01@openssh.com", mpint(b"\0\xff\xff\xff\xff"), MODULUS), sig=b"\x7f" * 2048),
    "answers to no questions": info_response(0x10000000),
    "a submethod list of 200 KiB": auth_request("alice", "ssh-connection", "keyboard-interactive", "",
                                                b"pam," * 50 * KIB),
    "another user of 250 KiB": auth_request(b"u" * 250 * KIB, "ssh-connection", "none"),
    "a password of 250 KiB": auth_request("alice", "ssh-connection", "password", False, b"p" * 250 * KIB),
    "a password as long as crypt takes it": auth_request("alice", "ssh-connection", "password", False, b"p" * 511),
    "a password of 1,024 bytes": auth_request("alice", "ssh-connection", "password", False, b"p" * 1024),
    "a new password of 250 KiB": auth_request("alice", "ssh-connection", "password", True, b"p", b"q" * 250 * KIB),
    "a key of 250 KiB": auth_request("alice", "ssh-connection", "publickey", False, "ssh-rsa", b"k" * 250 * KIB),
    "an rsa key of megabits": auth_request(
        "alice", "ssh-connection", "publickey", True, "rsa-sha2-256",
        mpint(b"ssh-rsa") + mpint(b"\x01\x00\x01") + mpint(b"\x7f" * 120 * KIB),
        mpint(b"rsa-sha2-256") + mpint(b"\x7f" * 120 * KIB)),
    "an rsa key of 16,384 bits": auth_request(
        "alice", "ssh-connection", "publickey", True, "rsa-sha2-256",
        mpint(b"ssh-rsa") + mpint(b"\x01\x00\x01") + mpint(b"\x00" + b"\xff" * 2048),
        mpint(b"rsa-sha2-256") + mpint(b"\x7f" * 2048)),
    "a method of 250 KiB": auth_request("alice", "ssh-connection", b"m" * 250 * KIB),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_no_request_for_a_login_costs_more_than_4_mib_or_100_ms(server, name):
    """Counted from the moment when a first request has been denied: the exchange is another test's."""
    import paramiko
    stranger, t = ssh_transport(server)
    with pytest.raises(paramiko.BadAuthenticationType):
        t.auth_none("alice")
    for p in stranger.processes:
        p.look()
        p.idle = p.now
    with contextlib.suppress(Exception):
        t._send_message(REQUESTS[name])
    stranger.settle(1.5)
    t.close()
    stranger.end()
    judge(stranger, 1)


def test_a_flood_of_key_exchanges_before_login_is_ended(server):
    stranger, t = ssh_transport(server)
    n = 0
    with contextlib.suppress(Exception):
        while n < 100:
            t.renegotiate_keys()
            n += 1
            for p in stranger.processes:
                p.look()
    assert n < 20
    t.close()
    stranger.end()
    judge(stranger, n)


# --- compression: what a packet may inflate to ---

def bomb():
    """Instead of paramiko's compressor: 100 MiB in a packet of 100 KiB."""
    deflate = zlib.compressobj(9)
    return lambda data: deflate.compress(data + bytes(100 << 20)) + deflate.flush(zlib.Z_SYNC_FLUSH)


def test_a_compressed_bomb_costs_the_server_no_more_than_a_packet(server, tmp_path):
    import paramiko
    key = harness.make_key(tmp_path / "id")
    server.authorize(key + ".pub")
    stranger, t = ssh_transport(server, compress=True)
    t.auth_publickey(harness.login_user(), paramiko.Ed25519Key.from_private_key_file(key))
    session = t.open_session(timeout=20)
    session.exec_command("cat")
    session.sendall(b"in clear")
    assert session.recv(100) == b"in clear"
    for p in stranger.processes:
        p.look()
        p.idle = p.now
    t.packetizer.set_outbound_compressor(bomb())
    session.sendall(b"boom")
    server.wait_log("compressed data not valid")
    t.close()
    stranger.end()
    judge(stranger, 2)


def test_a_compressed_bomb_costs_the_client_no_more_than_a_packet(tmp_path):
    import paramiko
    path = harness.make_key(tmp_path / "host", "ecdsa", bits="256")

    class Any(paramiko.ServerInterface):
        def check_auth_none(self, username):
            return paramiko.AUTH_SUCCESSFUL

        def check_channel_request(self, kind, chanid):
            t.packetizer.set_outbound_compressor(bomb())
            return paramiko.OPEN_SUCCEEDED

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        # Half of what the bomb holds is all that there is.
        p = subprocess.Popen(["prlimit", f"--as={50 << 20}", harness.SSH, "-C", "-F", "none", "-p", str(port), "-o", "StrictHostKeyChecking=no",
                              "-o", "UserKnownHostsFile=none", "-o", "BatchMode=yes", "127.0.0.1", "cat"],
                             stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        s, _ = listener.accept()
        t = paramiko.Transport(s)
        t.use_compression(True)
        t.add_server_key(paramiko.ECDSAKey.from_private_key_file(path))
        t.start_server(event=threading.Event(), server=Any())
        _, err = p.communicate(timeout=harness.TIMEOUT)
        t.close()
    assert p.returncode == 255 and b"compressed data not valid" in err, err
