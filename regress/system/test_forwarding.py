# SPDX-License-Identifier: ISC
"""Forwarded connections, and what keeps them from being made."""
import os
import socket
import subprocess
import threading
import time

import pytest

import harness
from harness import run, wait_until


class Echo:
    """A server on loopback that sends back what it gets, with a word before it."""

    def __init__(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        self.socket = socket.socket(family)
        self.socket.bind(address)
        self.socket.listen()
        self.port = self.socket.getsockname()[1] if family != socket.AF_UNIX else None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(c,), daemon=True).start()

    def one(self, c):
        c.sendall(b"hello ")
        while data := c.recv(65536):
            c.sendall(data)
        c.close()


@pytest.fixture
def echo():
    e = Echo()
    yield e
    e.socket.close()


def forwarding(server, *options, key=None):
    """A client that only forwards, once it does."""
    p = subprocess.Popen(server.ssh(key=key or server.key, program="ssh",
                                    options=["-N", "-v", "-o", "ExitOnForwardFailure=yes", *options]),
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return p


def listens(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), harness.TIMEOUT).close()
        return True
    except OSError:
        return False


def talk(address, data=b"data" * 100000):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as c:
        c.settimeout(20)
        c.connect(address)
        threading.Thread(target=lambda: (c.sendall(data), c.shutdown(socket.SHUT_WR)), daemon=True).start()
        got = b""
        while part := c.recv(65536):
            got += part
    return got == b"hello " + data


def test_local_forwarding(sshd, echo):
    port = harness.free_port()
    p = forwarding(sshd, "-L", f"{port}:127.0.0.1:{echo.port}")
    try:
        wait_until(lambda: listens(port), "the client to listen")
        assert all(talk(("127.0.0.1", port)) for _ in range(5))
    finally:
        harness.end(p)


def test_local_forwarding_to_a_name(sshd, echo):
    port = harness.free_port()
    p = forwarding(sshd, "-L", f"{port}:localhost:{echo.port}")
    try:
        wait_until(lambda: listens(port), "the client to listen")
        assert talk(("127.0.0.1", port))
    finally:
        harness.end(p)


def test_a_closed_port_is_refused_with_the_reason(sshd):
    done = run(sshd.ssh(key=sshd.key, program="ssh", options=["-W", f"127.0.0.1:{harness.free_port()}"]), check=False)
    assert done.returncode == 255 and "Connection refused" in done.stderr


@pytest.mark.parametrize("program", [harness.SSH, "ssh"], ids=["dayfly", "openssh"])
def test_what_reads_from_a_stdio_forwarding_hears_that_the_far_host_has_closed(sshd, program):
    """Who waits for that before closing its own side must not wait for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        p = subprocess.Popen(sshd.ssh(key=sshd.key, program=program, options=["-W", f"127.0.0.1:{listener.getsockname()[1]}"]),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        far, _ = listener.accept()
        far.sendall(b"bye")
        far.close()
        assert p.stdout.read() == b"bye"
        p.stdin.close()
        p.wait(harness.TIMEOUT)


def test_a_name_that_is_not_known_is_refused(sshd):
    done = run(sshd.ssh(key=sshd.key, program="ssh", options=["-W", "no-such-host.invalid:80"]), check=False, timeout=60)
    assert done.returncode == 255


def test_remote_forwarding(sshd, echo):
    port = harness.free_port()
    p = forwarding(sshd, "-R", f"{port}:127.0.0.1:{echo.port}")
    try:
        wait_until(lambda: listens(port), "the server to listen")
        assert all(talk(("127.0.0.1", port)) for _ in range(5))
        with open("/proc/net/tcp", encoding="utf-8") as f:
            assert f"00000000:{port:04X}" not in f.read(), "on loopback alone"
    finally:
        harness.end(p)
    wait_until(lambda: not listens(port), "the server to close it")


def test_remote_forwarding_with_a_port_of_the_servers_choice(sshd, echo):
    p = forwarding(sshd, "-R", f"0:127.0.0.1:{echo.port}")
    try:
        line = wait_until(lambda: next((x for x in iter(p.stderr.readline, "") if "Allocated port" in x), None), "a port")
        assert talk(("127.0.0.1", int(line.split("Allocated port ")[1].split()[0])))
    finally:
        harness.end(p)


def test_a_port_in_use_fails(sshd, echo):
    p = forwarding(sshd, "-R", f"{echo.port}:127.0.0.1:{echo.port}")
    assert p.wait(harness.TIMEOUT) == 255
    assert "remote port forwarding failed" in p.stderr.read()


@pytest.mark.parametrize("setting, asked, everywhere", [
    ("no", "", False), ("no", "*:", False), ("yes", "", True), ("yes", "127.0.0.1:", True),
    ("clientspecified", "", False), ("clientspecified", "*:", True), ("clientspecified", "127.0.0.1:", False)])
def test_gateway_ports(folder, echo, setting, asked, everywhere):
    with harness.server(folder / "s", config=f"GatewayPorts {setting}") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        port = harness.free_port()
        p = forwarding(s, "-R", f"{asked}{port}:127.0.0.1:{echo.port}")
        try:
            wait_until(lambda: listens(port), "the server to listen")
            with open("/proc/net/tcp", encoding="utf-8") as f:
                assert (f" 00000000:{port:04X} " in f.read()) == everywhere
        finally:
            harness.end(p)


@pytest.mark.parametrize("config, options, local, remote", [
    ("", "", True, True),
    ("AllowTcpForwarding no", "", False, False),
    ("AllowTcpForwarding local", "", True, False),
    ("AllowTcpForwarding remote", "", False, True),
    ("DisableForwarding yes", "", False, False),
    ("PermitOpen 127.0.0.1:1", "", False, True),
    ("PermitOpen 127.0.0.1:*", "", True, True),
    ("PermitListen 1", "", True, False),
    ("", "no-port-forwarding", False, False),
    ("", "restrict", False, False),
    ("", "restrict,port-forwarding", True, True),
    ("", 'permitopen="127.0.0.1:1"', False, True),
    ("", 'permitlisten="1"', True, False),
])
def test_what_keeps_forwardings_from_being_made(folder, echo, config, options, local, remote):
    with harness.server(folder / "s", config=config) as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub", options=options)
        done = run(s.ssh(key=s.key, program="ssh", options=["-W", f"127.0.0.1:{echo.port}"]), check=False, input="x")
        assert (done.stdout == "hello x") == local
        if not local:
            assert "administratively prohibited" in done.stderr
        port = harness.free_port()
        p = forwarding(s, "-R", f"{port}:127.0.0.1:{echo.port}")
        try:
            if remote:
                wait_until(lambda: listens(port), "the server to listen")
            else:
                assert p.wait(harness.TIMEOUT) == 255
        finally:
            harness.end(p)


def open_folder(folder):
    """A folder that everybody may make sockets in."""
    where = folder / "open"
    where.mkdir()
    os.chmod(where, 0o777)
    return where


def test_unix_sockets_both_ways(sshd, folder, echo):
    where = open_folder(folder)
    far, near = str(where / "far"), str(where / "near")
    e = Echo(socket.AF_UNIX, far)
    os.chmod(far, 0o777)
    p = forwarding(sshd, "-L", f"{near}:{far}")
    try:
        wait_until(lambda: os.path.exists(near), "the client to listen")
        assert talk(near)
    finally:
        harness.end(p)
        e.socket.close()
    back = str(where / "back")
    p = forwarding(sshd, "-R", f"{back}:127.0.0.1:{echo.port}")
    try:
        wait_until(lambda: os.path.exists(back), "the server to listen")
        assert talk(back)
        assert os.stat(back).st_mode & 0o777 == 0o600
    finally:
        harness.end(p)
    wait_until(lambda: not os.path.exists(back), "the socket to be removed")


def test_a_file_in_the_way_of_a_socket_stays(folder, echo):
    with harness.server(folder / "s", config="StreamLocalBindUnlink yes") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        file = open_folder(folder) / "precious"
        file.write_text("precious")
        p = forwarding(s, "-R", f"{file}:127.0.0.1:{echo.port}")
        assert p.wait(harness.TIMEOUT) == 255
        assert file.read_text() == "precious"


def test_a_connection_listens_at_a_bounded_number_of_places(sshd):
    """FORWARD_LISTENERS of sshd/session_forward.h; the connection goes on."""
    wanted = 140
    done = run(sshd.ssh("echo on", key=sshd.key, options=[
        word for n in range(wanted) for word in ("-R", f"127.0.0.1:0:127.0.0.1:{n + 1}")]))
    assert done.stdout == "on\n"
    assert done.stderr.count("Allocated port") == 128, done.stderr
    assert done.stderr.count("remote port forwarding failed for listen port 0") == wanted - 128


def test_a_port_above_65535_is_refused(sshd):
    import paramiko
    t = paramiko.Transport(("127.0.0.1", sshd.port))
    t.connect(username=harness.login_user(), pkey=paramiko.Ed25519Key.from_private_key_file(sshd.key))
    assert t.global_request("tcpip-forward", ("127.0.0.1", 65536), wait=True) is None
    assert t.is_active()
    t.close()


def test_many_connections_at_once(sshd, echo):
    port = harness.free_port()
    p = forwarding(sshd, "-L", f"{port}:127.0.0.1:{echo.port}")
    results = []
    try:
        wait_until(lambda: listens(port), "the client to listen")
        threads = [threading.Thread(target=lambda: results.append(talk(("127.0.0.1", port)))) for _ in range(20)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert results == [True] * 20
    finally:
        harness.end(p)


def test_out_of_descriptors_a_channel_is_refused_and_the_connection_goes_on(folder):
    """wire may have 200 descriptors, and is asked for more."""
    with harness.server(folder / "s", prefix=("prlimit", "--nofile=200:200")) as s, socket.socket() as far:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        far.bind(("127.0.0.1", 0))
        far.listen(400)
        near = harness.free_port()
        p = subprocess.Popen(s.ssh("echo up; exec cat", key=key, options=[
            "-L", f"127.0.0.1:{near}:127.0.0.1:{far.getsockname()[1]}"]), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert p.stdout.readline() == "up\n"
        held, refused = [], 0
        for _ in range(250):
            c = socket.create_connection(("127.0.0.1", near), harness.TIMEOUT)
            c.settimeout(0.02)
            try:
                refused += c.recv(1) == b""
            except TimeoutError:
                pass
            held.append(c)
        assert p.poll() is None
        p.stdin.write("still here\n")
        p.stdin.flush()
        assert p.stdout.readline() == "still here\n"
        s.wait_log("no descriptors left for channels")
        far.close()         # resets those that it never accepted
        for c in held:
            c.close()
        p.stdin.close()
        assert p.wait(harness.TIMEOUT) == 0
        assert "open failed" in p.stderr.read()


@pytest.mark.skipif(not harness.ROOT, reason="needs a hosts file of its own")
def test_an_address_that_does_not_answer_keeps_nobody_waiting(folder, echo):
    """RFC 8305: the next address is tried while the first one is still silent."""
    (folder / "hosts").write_text("::1 two.example\n127.0.0.1 two.example\n")
    prefix = ["unshare", "--mount", "sh", "-c", f"mount --bind {folder}/hosts /etc/hosts && exec \"$@\"", "sh"]
    with harness.server(folder / "s", prefix=prefix) as s, socket.socket(socket.AF_INET6) as jammed:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        jammed.bind(("::1", echo.port))
        jammed.listen(0)
        held = []
        for _ in range(4):      # its queue is full: further ones are not answered
            c = socket.socket(socket.AF_INET6)
            c.setblocking(False)
            c.connect_ex(("::1", echo.port))
            held.append(c)
        began = time.monotonic()
        done = run(s.ssh(key=s.key, program="ssh", options=["-W", f"two.example:{echo.port}"]), check=False, input="x")
        assert done.stdout == "hello x"
        assert time.monotonic() - began > 0.2       # and not the minutes that a connection tries
        for c in held:
            c.close()
