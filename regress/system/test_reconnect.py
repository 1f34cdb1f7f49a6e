# SPDX-License-Identifier: ISC
"""Connections that must stay (Reconnect)."""
import re
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

import harness
from harness import run, wait_until


class Path:
    """A TCP relay on loopback whose connections can be cut, or die without a word."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        self.is_dead = False
        self.made = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                a, _ = self.listener.accept()
            except OSError:
                return
            self.made += 1
            b = socket.create_connection(("127.0.0.1", self.target))
            pair = {"sockets": (a, b), "dead": False}
            self.pairs.append(pair)
            for x, y in ((a, b), (b, a)):
                threading.Thread(target=self.copy, args=(x, y, pair), daemon=True).start()

    def copy(self, x, y, pair):
        try:
            while data := x.recv(65536):
                if not pair["dead"]:
                    y.sendall(data)
        except OSError:
            pass
        if not pair["dead"]:
            for s in (x, y):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def cut(self):
        for pair in self.pairs:
            for s in pair["sockets"]:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.pairs = []

    def die(self):
        """What is open says nothing any more; the server's end is gone."""
        for pair in self.pairs:
            pair["dead"] = True
            pair["sockets"][1].close()
        self.pairs = []

    def stop(self):
        self.listener.close()
        self.cut()


@pytest.fixture
def path(sshd):
    p = Path(sshd.port)
    yield p
    p.stop()


def lines_of(process):
    """Standard error as it comes."""
    got = []
    threading.Thread(target=lambda: got.extend(iter(process.stderr.readline, "")), daemon=True).start()

    class Lines:
        def has(self, pattern, n=1):
            return len([x for x in list(got) if re.search(pattern, x)]) >= n

        def wait(self, pattern, n=1, timeout=30):
            wait_until(lambda: self.has(pattern, n), f"{pattern} in {got}", timeout)

    return Lines()


def start(sshd, path, *options):
    command = sshd.ssh(key=sshd.key, options=["-N", "-o", "Reconnect=yes", "-o", f"HostKeyAlias=[127.0.0.1]:{sshd.port}",
                                              *options])
    command = [str(path.port) if c == str(sshd.port) else c for c in command]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True)


def works(port):
    try:
        with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as c:
            c.settimeout(harness.TIMEOUT)
            return c.recv(4) == b"SSH-"
    except OSError:
        return False


@pytest.mark.parametrize("flag", ["-L", "-R"])
def test_a_connection_that_is_cut_is_made_again_with_its_forwardings(sshd, path, flag):
    port = harness.free_port()
    p = start(sshd, path, flag, f"{port}:127.0.0.1:{sshd.port}")
    said = lines_of(p)
    try:
        wait_until(lambda: works(port), "the forwarding")
        for n in (1, 2):
            path.cut()
            said.wait(r"Connection to 127.0.0.1: trying again in \d+\.\d s\.", n)
            said.wait("Connection to 127.0.0.1 re-established.", n)
            wait_until(lambda: works(port), "the forwarding after a cut")
    finally:
        assert harness.end(p) == 0


def test_a_dead_path_is_noticed(sshd, path):
    port = harness.free_port()
    p = start(sshd, path, "-L", f"{port}:127.0.0.1:{sshd.port}", "-o", "ServerAliveInterval=1",
              "-o", "ServerAliveCountMax=1")
    said = lines_of(p)
    try:
        wait_until(lambda: works(port), "the forwarding")
        path.die()
        said.wait("Timeout, server 127.0.0.1 not responding.")
        said.wait("Connection to 127.0.0.1 re-established.")
        wait_until(lambda: works(port), "the forwarding again")
    finally:
        harness.end(p)


def test_pauses_grow_while_nobody_is_there(sshd, path):
    port = harness.free_port()
    p = start(sshd, path, "-L", f"{port}:127.0.0.1:{sshd.port}")
    said = lines_of(p)
    try:
        wait_until(lambda: works(port), "a connection")
        assert path.made == 1
        began = time.monotonic()
        sshd.process.send_signal(signal.SIGSTOP)
        path.listener.shutdown(socket.SHUT_RDWR)
        path.stop()
        sshd.process.send_signal(signal.SIGCONT)
        said.wait("trying again", 3)
        assert time.monotonic() - began >= 0.5 + 1.0, "half of one and of two seconds at least"
        assert said.has("connect to host 127.0.0.1 port .*: Connection refused", 1)
    finally:
        harness.end(p)


def test_descriptors_that_are_short_when_it_is_lost_are_waited_for(sshd, path):
    port = harness.free_port()
    p = start(sshd, path, "-L", f"{port}:127.0.0.1:{sshd.port}")
    try:
        said = lines_of(p)
        wait_until(lambda: works(port), "the forwarding")
        limits = resource.prlimit(p.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        path.cut()
        said.wait("Too many open files")
        said.wait("trying again", 2)
        resource.prlimit(p.pid, resource.RLIMIT_NOFILE, limits)
        said.wait("re-established")
        wait_until(lambda: works(port), "the forwarding again")
    finally:
        harness.end(p)


def test_a_first_connection_that_fails_is_the_end(sshd):
    done = run(sshd.ssh(options=["-N", "-o", "Reconnect=yes", "-p", "9"], key=sshd.key)[:3] +
               ["-p", str(harness.free_port()), "-N", "-o", "Reconnect=yes", "127.0.0.1"], check=False)
    assert done.returncode == 255 and "trying again" not in done.stderr


def test_a_user_who_is_not_let_in_is_the_end(sshd, folder):
    stranger = harness.make_key(folder / "stranger")
    done = run(sshd.ssh(key=stranger, options=["-N", "-o", "Reconnect=yes"]), check=False)
    assert done.returncode == 255 and "Permission denied" in done.stderr and "trying again" not in done.stderr


def test_another_host_in_its_place_is_the_end(sshd, path, folder):
    """Whoever has the address now gets neither a login nor what is forwarded."""
    port = harness.free_port()
    p = start(sshd, path, "-L", f"{port}:127.0.0.1:{sshd.port}")
    try:
        said = lines_of(p)
        with harness.server(folder / "other") as other:
            other.authorize(sshd.key + ".pub")
            wait_until(lambda: works(port), "the forwarding")
            path.target = other.port
            path.cut()
            assert p.wait(harness.TIMEOUT) == 255
            said.wait("Host key verification failed")
            assert said.has("trying again", 1) and not said.has("trying again", 2)
            assert "Accepted" not in other.log_text()
    finally:
        harness.end(p)


def test_a_session_is_not_made_again(sshd, path):
    command = sshd.ssh("echo up; sleep 60", key=sshd.key, options=["-o", "Reconnect=yes", "-o",
                                                                   f"HostKeyAlias=[127.0.0.1]:{sshd.port}"])
    command = [str(path.port) if c == str(sshd.port) else c for c in command]
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "up\n"
    path.cut()
    _, err = p.communicate(timeout=harness.TIMEOUT)
    assert p.returncode == 255 and "trying again" not in err
