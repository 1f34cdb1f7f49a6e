# SPDX-License-Identifier: ISC
"""The transport layer from outside: what goes over the wire, when, and what it costs."""
import contextlib
import os
import re
import selectors
import socket
import threading
import time

import pexpect
import pytest

import harness


class Relay:
    """Passes the bytes of one connection on, and notes how many the client sent when."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = port
        self.sent = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            for s in (client, server):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with client, server, selectors.DefaultSelector() as selector:
                selector.register(client, selectors.EVENT_READ, server)
                selector.register(server, selectors.EVENT_READ, client)
                while True:
                    for key, _ in selector.select():
                        data = key.fileobj.recv(65536)
                        if not data:
                            return
                        if key.fileobj is client:
                            self.sent.append((time.monotonic(), len(data)))
                        key.data.sendall(data)

    def stop(self):
        self.listener.close()
        self.thread.join(5)


def typed(sshd, *options):
    """What the client sends while three keys are typed slowly, and two seconds beyond."""
    relay = Relay(sshd.port)
    command = sshd.ssh("stty -echo; echo rea''dy; cat", key=sshd.key, tty=True,
                       options=["-o", f"HostKeyAlias=[127.0.0.1]:{sshd.port}", "-p", str(relay.port), *options])
    # Of two -p the first one counts.
    command.remove("-p")
    command.remove(str(sshd.port))
    child = pexpect.spawn(command[0], command[1:], timeout=20, encoding="utf-8")
    try:
        child.expect("ready\r\n")
        time.sleep(0.3)
        begin = len(relay.sent)
        for key in "abc":
            child.send(key)
            time.sleep(0.25)
        time.sleep(1.5)
        sent = relay.sent[begin:]
        child.sendline("")
        child.expect("abc\r\n")
        child.sendcontrol("d")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
        relay.stop()
    return [n for _, n in sent]


def test_when_keys_are_typed_cannot_be_seen_on_the_wire(sshd):
    """Not three packets, but a stream of equal ones that goes on after the last key."""
    sizes = typed(sshd)
    assert len(sizes) > 30
    smallest = min(sizes)
    # Two may arrive together where the machine is busy.
    assert all(n % smallest == 0 for n in sizes), sizes


def test_keys_go_as_they_are_typed_without_obscuring(sshd):
    assert len(typed(sshd, "-o", "ObscureKeystrokeTiming=no")) == 3


def test_what_is_pasted_does_not_wait(sshd):
    """Large pieces are no typing, and arrive whole."""
    text = "x" * 3000
    command = sshd.ssh("stty -echo -icanon; echo rea''dy; head -c 3002 | wc -c", key=sshd.key, tty=True,
                       options=["-o", "ObscureKeystrokeTiming=interval:1000"])
    child = pexpect.spawn(command[0], command[1:], timeout=20, encoding="utf-8")
    child.expect("ready\r\n")
    child.send("a")
    time.sleep(0.1)
    child.send("b")
    child.send(text)
    begin = time.monotonic()
    child.expect("3002")
    assert time.monotonic() - begin < 5
    child.expect(pexpect.EOF)
    child.close()
