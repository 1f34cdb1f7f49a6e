# SPDX-License-Identifier: ISC
"""Each kind of forwarding with each peer that has it, both ways round, for the table of docs/INTEROP.md."""
import asyncio
import contextlib
import os
import socket
import subprocess
import tempfile
import threading

import asyncssh
import paramiko
import pytest

import harness
import peer_servers
from harness import Service, run, wait_until
from test_algorithms import record
from test_client_life import COOKIE, X_CLIENT, display, echo  # noqa: F401 (a fixture)

OPENSSH = ["-L port", "-L socket", "-R port", "-R socket", "-D", "-W", "-A", "-X"]
SERVERS = {"OpenSSH 9.2": OPENSSH, "OpenSSH 10.0": OPENSSH, "Dropbear": ["-L port", "-R port", "-D", "-W", "-A"],
           "asyncssh": ["-L port", "-L socket", "-R port", "-R socket", "-D", "-W"]}
CLIENTS = {"OpenSSH 9.2": OPENSSH, "OpenSSH 10.0": OPENSSH, "Dropbear": ["-L port", "-R port", "-W", "-A"],
           "PuTTY": ["-L port", "-R port", "-D", "-W", "-A", "-X"],
           "asyncssh": ["-L port", "-L socket", "-R port", "-R socket", "-D", "-A"], "paramiko": ["-L port", "-R port", "-A"]}
DATA = os.urandom(100000)


def cells(peers):
    return [pytest.param(peer, kind, id=f"{peer} {kind}") for peer, kinds in peers.items() for kind in kinds]


def done(peer, direction, kind):
    record(peer, direction, "forwarding" + kind.replace(" ", ""), [["forwarding", kind]])


# --- what is at either end ---

def through(where, target=None):
    """Whether DATA comes back from a port or the path of a socket; target: the port to ask for by SOCKS 5."""
    try:
        with socket.socket(socket.AF_UNIX) if isinstance(where, str) else socket.socket() as c:
            c.settimeout(20)
            c.connect(where if isinstance(where, str) else ("127.0.0.1", where))
            if target:
                c.sendall(b"\5\1\0")
                assert c.recv(2, socket.MSG_WAITALL) == b"\5\0"
                c.sendall(b"\5\1\0\1\x7f\0\0\1" + target.to_bytes(2, "big"))
                assert c.recv(10, socket.MSG_WAITALL)[:2] == b"\5\0"
            threading.Thread(target=lambda: (c.sendall(DATA), c.shutdown(socket.SHUT_WR)), daemon=True).start()
            got = b""
            while part := c.recv(65536):
                got += part
        return got == DATA
    except OSError:
        return False


@contextlib.contextmanager
def agent(key):
    with tempfile.TemporaryDirectory(prefix="agent") as folder:
        path = os.path.join(folder, "sock")
        with harness.agent(path, key):
            yield path


class Ends:
    """Where a forwarding begins and ends: ports, or sockets that every account may use."""

    def __init__(self, kind):
        self.kind, self.flag = kind, kind[:2]
        self.folder = tempfile.mkdtemp(prefix="fwd", dir="/tmp")
        os.chmod(self.folder, 0o777)
        self.tcp = Service(echo)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path("target"))
        os.chmod(self.path("target"), 0o777)
        listener.listen(100)
        self.unix = Service(echo, listener)
        self.is_socket = kind.endswith("socket")
        self.where = self.path("listen") if self.is_socket else harness.free_port()
        self.to = self.path("target") if self.is_socket else self.tcp.port

    def path(self, name):
        return os.path.join(self.folder, name)

    def spec(self):
        if self.kind == "-D":
            return str(self.where)
        return f"{self.where}:{self.to}" if self.is_socket else f"{self.where}:127.0.0.1:{self.to}"

    def work(self):
        return through(self.where, self.to if self.kind == "-D" else None)

    def stop(self):
        self.tcp.stop()
        self.unix.stop()
        run(["rm", "-rf", self.folder])


@pytest.fixture
def ends(kind):
    e = Ends(kind)
    yield e
    e.stop()


def check(kind, ends, command, key, shown, stdio="-W", x11="-Y"):
    """One kind by way of a program: command(options, remote, agent) is its command line."""
    if kind == "-A":
        with agent(key) as path:
            said = run(command(["-A"], ["ssh-add -l"], path), env={**os.environ, "SSH_AUTH_SOCK": path})
        assert "ED25519" in said.stdout, said
    elif kind == "-X":
        env, seen = shown
        said = run(command([x11], ["python3 -c '" + X_CLIENT.replace("'", "'\\''") + "'"], None), env=env, check=False)
        assert said.stdout == "welcome\n", said
        assert seen[0].endswith(bytes.fromhex(COOKIE))
    elif kind == "-W":
        said = run(command([stdio, f"127.0.0.1:{ends.to}"], [], None), input="to and fro\n")
        assert said.stdout == "to and fro\n", said
    else:
        with tempfile.TemporaryFile() as log:
            p = subprocess.Popen(command(["-N", ends.flag, ends.spec()], [], None), stdin=subprocess.PIPE, stdout=log,
                                 stderr=log)
            try:
                wait_until(lambda: p.poll() is not None or ends.work(), f"{kind} to work")
                assert p.poll() is None, os.pread(log.fileno(), 10000, 0)
            finally:
                harness.end(p)
                p.stdin.close()


class Loop:
    """An asyncio loop in a thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


# --- our ssh ---

class AsyncSSH(peer_servers.Peer):
    def __init__(self, folder):
        super().__init__(folder)

        class Any(asyncssh.SSHServer):
            def connection_requested(self, *_):
                return True

            server_requested = unix_connection_requested = unix_server_requested = connection_requested

        self.host_key = harness.host_key(self.path("host_ed25519"), "ed25519")
        with open(self.host_key + ".pub", encoding="utf-8") as f:
            self.write_known_hosts(f.read())
        self.loop = Loop()
        self.listener = self.loop.call(self.listen(Any))

    async def listen(self, factory):
        return await asyncssh.listen("127.0.0.1", self.port, server_factory=factory, server_host_keys=[self.host_key],
                                     authorized_client_keys=self.key + ".pub")

    def stop(self):
        self.loop.loop.call_soon_threadsafe(self.listener.close)
        self.loop.stop()


def start(peer, folder):
    if peer.startswith("OpenSSH"):
        return peer_servers.OpenSSH(folder / "peer", version=peer.split()[1], kinds=("ed25519",),
                                    config="X11Forwarding yes\nXAuthLocation /usr/bin/xauth")
    return AsyncSSH(folder / "peer") if peer == "asyncssh" else peer_servers.Dropbear(folder / "peer")


@pytest.mark.parametrize("peer, kind", cells(SERVERS))
def test_our_client(peer, kind, folder, ends, display):  # noqa: F811
    server = start(peer, folder)
    try:
        check(kind, ends, lambda options, remote, path: server.ssh(
            *remote, options=options, agent="SSH_AUTH_SOCK" if path else "none"), server.key, display)
    finally:
        server.stop()
    done(peer, "server", kind)


INTERFACES = [("OpenSSH 9.2", "server", 17), ("OpenSSH 10.0", "server", 18), ("OpenSSH 9.2", "client", 19),
              ("OpenSSH 10.0", "client", 20)]


def openssh_client(peer):
    return {"9.2": "/usr/bin/ssh", "10.0": os.path.join(peer_servers.OPENSSH10, "bin/ssh")}[peer.split()[1]]


@pytest.mark.parametrize("peer, direction, unit", INTERFACES)
def test_an_interface_on_both_sides_carries_packets(peer, direction, unit, folder):
    """The client is in a network of its own, so that the interfaces have to be used."""
    if not harness.can_make_tunnels():
        pytest.skip("this machine makes no tun devices")
    far = harness.FarNetwork()
    config = f"ListenAddress {far.net}.1\nPermitRootLogin yes\nPermitTunnel yes"
    options = ["-w", f"7:{unit}", "-o", "HostKeyAlias=[127.0.0.1]:{}"]
    if direction == "server":
        server = peer_servers.OpenSSH(folder / "peer", version=peer.split()[1], config=config)
        line = server.ssh(options=options)
    else:
        server = harness.Server(folder / "own", config=config)
        key = harness.make_key(folder / "id")
        server.authorize(key + ".pub", user="root")
        line = server.ssh(key=key, options=options, program=openssh_client(peer))
    line = [word.format(server.port) if word.startswith("HostKeyAlias") else word for word in line[:-1]]
    p = subprocess.Popen(far.command(*line, f"root@{far.net}.1", "echo up; exec sleep 60"), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert p.stdout.readline() == "up\n", p.communicate()
        assert far.carries(f"10.97.{unit}", f"tun{unit}", "tun7")
    finally:
        p.kill()
        p.communicate()
        server.stop()
        wait_until(lambda: not os.path.exists(f"/sys/class/net/tun{unit}"), "the interface to be gone")
        far.stop()


# --- our sshd ---

@pytest.fixture
def own(folder):
    with harness.server(folder / "sshd", config="X11Forwarding yes") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        yield s


def openssh_command(s, program):
    def command(options, remote, path):
        line = s.ssh(*remote, key=s.key, program=program, options=options)
        if path:
            line[line.index("IdentityAgent=none")] = "IdentityAgent=SSH_AUTH_SOCK"
        return line
    return command


def dropbear_command(s, folder):
    key = str(folder / "id.dropbear")
    run(["dropbearconvert", "openssh", "dropbear", s.key, key])
    return lambda options, remote, path: ["env", f"HOME={folder}", "dbclient", "-y", "-y", "-p", str(s.port), "-i", key,
                                          *options, f"{harness.login_user()}@127.0.0.1", *remote]


def putty_command(s, folder):
    ppk = str(folder / "id.ppk")
    run(["puttygen", s.key, "-O", "private", "-o", ppk])
    fingerprint = run(["ssh-keygen", "-lf", f"{s.dir}/host_ed25519.pub"]).stdout.split()[1]
    return lambda options, remote, path: ["env", f"HOME={folder}", "plink", "-batch", "-ssh", "-P", str(s.port), "-l",
                                          harness.login_user(), "-i", ppk, "-hostkey", fingerprint, *options,
                                          "127.0.0.1", *remote]


def check_asyncssh(s, kind, ends):
    async def go(path):
        c = await asyncssh.connect("127.0.0.1", s.port, username=harness.login_user(), known_hosts=None, config=None,
                                   client_keys=[s.key], agent_path=path, agent_forwarding=path is not None)
        if kind == "-A":
            return c, (await c.run("ssh-add -l")).stdout
        if kind == "-D":
            return c, await c.forward_socks("127.0.0.1", ends.where)
        if ends.is_socket:
            forward = c.forward_local_path if ends.flag == "-L" else c.forward_remote_path
            return c, await forward(ends.where, ends.to)
        forward = c.forward_local_port if ends.flag == "-L" else c.forward_remote_port
        return c, await forward("127.0.0.1", ends.where, "127.0.0.1", ends.to)

    loop = Loop()
    with agent(s.key) if kind == "-A" else contextlib.nullcontext() as path:
        c, got = loop.call(go(path))
        assert "ED25519" in got if kind == "-A" else ends.work()
        loop.loop.call_soon_threadsafe(c.close)
        loop.call(c.wait_closed())
    loop.stop()


def check_paramiko(s, kind, ends):
    def copy(channel):
        with socket.create_connection(("127.0.0.1", ends.to)) as c:
            while data := channel.recv(65536):
                c.sendall(data)
            c.shutdown(socket.SHUT_WR)
            while data := c.recv(65536):
                channel.sendall(data)
        channel.close()

    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    with agent(s.key) as path, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSH_AUTH_SOCK", path)
        c.connect("127.0.0.1", s.port, harness.login_user(), key_filename=s.key, timeout=20, allow_agent=False,
                  look_for_keys=False)
        transport = c.get_transport()
        if kind == "-A":
            session = transport.open_session()
            forwarded = paramiko.agent.AgentRequestHandler(session)
            session.exec_command("ssh-add -l")
            assert b"ED25519" in session.makefile().read()
            forwarded.close()
        elif kind == "-R port":
            transport.request_port_forward("127.0.0.1", ends.where, lambda channel, *_: threading.Thread(
                target=copy, args=(channel,), daemon=True).start())
            assert ends.work()
        else:
            channel = transport.open_channel("direct-tcpip", ("127.0.0.1", ends.to), ("127.0.0.1", 1))
            threading.Thread(target=lambda: (channel.sendall(DATA), channel.shutdown_write()), daemon=True).start()
            assert channel.makefile().read() == DATA
        c.close()


@pytest.mark.parametrize("peer, kind", cells(CLIENTS))
def test_our_server(peer, kind, folder, ends, own, display):  # noqa: F811
    if peer.startswith("OpenSSH"):
        check(kind, ends, openssh_command(own, openssh_client(peer)), own.key, display)
    elif peer == "Dropbear":
        check(kind, ends, dropbear_command(own, folder), own.key, display, stdio="-B")
    elif peer == "PuTTY":
        check(kind, ends, putty_command(own, folder), own.key, display, stdio="-nc", x11="-X")
    else:
        (check_asyncssh if peer == "asyncssh" else check_paramiko)(own, kind, ends)
    done(peer, "client", kind)
