# SPDX-License-Identifier: ISC
"""How our client logs in at OpenSSH's servers: hosts that answer for users, and what is told in the end."""
import contextlib
import fcntl
import os
import shutil
import socket
import threading

import pytest

import harness
import peer_servers
from harness import run

pytestmark = pytest.mark.skipif(not harness.ROOT, reason="needs accounts of its own")


@pytest.fixture(params=["9.2", "10.0"])
def serve(request, folder):
    peers = []

    def start(config=""):
        peer = peer_servers.OpenSSH(folder, config=config, version=request.param)
        peers.append(peer)
        return peer
    yield start
    for peer in peers:
        peer.stop()


# --- hostbased ---

@pytest.fixture
def alone():
    """Not while another test uses this machine's own files."""
    with open("/run/lock/hostbased", "w", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


@pytest.fixture(params=["ed25519", "ecdsa", "rsa"])
def machine(request, folder, alone):
    """This machine has a key, which servers know by its name."""
    name = socket.gethostname()
    path = f"/etc/ssh/ssh_host_{request.param}_key"
    harness.make_key(path, request.param)
    known = folder / "ssh_known_hosts"
    with open(path + ".pub", encoding="utf-8") as key, open(known, "w", encoding="utf-8") as f:
        f.write(f"{name} " + key.read())
    shutil.copy(known, "/etc/ssh/ssh_known_hosts")
    shosts = "/home/alice/.shosts"
    os.makedirs("/home/alice", exist_ok=True)
    with open(shosts, "w", encoding="utf-8") as f:
        f.write(f"{name} root\n{name} bob\n")
    shutil.chown(shosts, "alice", "alice")
    yield path
    for p in (path, path + ".pub", "/etc/ssh/ssh_known_hosts", shosts):
        os.unlink(p)


HOSTBASED = ("HostbasedAuthentication yes\nHostbasedUsesNameFromPacketOnly yes\nIgnoreRhosts no\n"
             "PubkeyAuthentication no\n")


def by_host(peer, *options, check=False, before=(), agent="none", **kwargs):
    line = peer.ssh("echo in", key=False, agent=agent, options=["-o", "HostbasedAuthentication=yes", *options])
    return run([*before, *line], check=check, **kwargs)


def test_hostbased_with_a_key_that_can_be_read(serve, machine):
    peer = serve(HOSTBASED)
    done = by_host(peer)
    assert (done.stdout, done.returncode) == ("in\n", 0), done.stderr + peer.log()
    # Unless it is asked for, the machine does not speak for its users.
    assert run(peer.ssh("echo in", key=False), check=False).returncode == 255


def test_hostbased_of_a_machine_that_the_server_does_not_know(serve, machine):
    peer = serve(HOSTBASED)
    os.truncate("/etc/ssh/ssh_known_hosts", 0)
    done = by_host(peer)
    assert done.returncode == 255
    assert "Tried: hostbased" in done.stderr


def test_hostbased_algorithms(serve, machine):
    peer = serve(HOSTBASED)
    done = by_host(peer, "-o", "HostbasedAcceptedAlgorithms=ecdsa-sha2-nistp384")
    assert done.returncode == 255
    assert "hostbased (no key of this host can be used)" in done.stderr


def relay(path, target):
    """Lets everybody use an agent that answers nobody but its own user."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    os.chmod(path, 0o666)

    def carry(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(target)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    return listener


def test_hostbased_by_an_agent_when_the_key_cannot_be_read(serve, machine):
    """No setuid program: an agent that holds the machine's keys signs for users who may not read them."""
    peer = serve(HOSTBASED)
    known = shutil.copy(peer.known, "/home/alice/known_of_bob")
    os.chmod(known, 0o644)
    sock = "/home/alice/agent"
    bob = ["setpriv", "--reuid=bob", "--regid=bob", "--clear-groups", "--"]
    options = ["-v", "-o", f"UserKnownHostsFile={known}"]
    with harness.agent(sock, machine):
        try:
            with relay(sock + ".bob", sock):
                refused = by_host(peer, *options, before=bob, cwd="/")
                done = by_host(peer, *options, agent=sock + ".bob", before=bob, cwd="/")
        finally:
            for path in (sock + ".bob", known):
                os.unlink(path)
    assert refused.returncode == 255
    assert (done.stdout, done.returncode) == ("in\n", 0), done.stderr + peer.log()


# --- what is told at the end ---

def test_the_end_of_a_failed_login_tells_what_was_tried(serve, folder):
    peer = serve("KbdInteractiveAuthentication yes\nUsePAM no")
    other = harness.make_key(folder / "other")
    done = run(peer.ssh("true", key=False, options=["-i", other]), check=False)
    assert done.returncode == 255
    lines = done.stderr.splitlines()
    assert lines[-1] == f"{peer.user}@127.0.0.1: Permission denied (publickey,password,keyboard-interactive)."
    assert lines[-3:-1] == [
        f"Tried: publickey with {other} (ED25519).",
        "The server would take: publickey (tried), password (BatchMode yes), keyboard-interactive (BatchMode yes)."]


@pytest.mark.parametrize("options, told", [
    (["-o", "PubkeyAuthentication=no"], "publickey (PubkeyAuthentication no)"),
    (["-o", "PreferredAuthentications=password"], "publickey (not in PreferredAuthentications)"),
    (["-o", "IdentityFile=none"], "publickey (there is no key to offer)"),
    (["-o", "PasswordAuthentication=no"], "password (PasswordAuthentication no)"),
    (["-o", "BatchMode=no"], "password (tried)"),
])
def test_why_a_method_was_not_tried_is_told(serve, folder, options, told):
    peer = serve("KbdInteractiveAuthentication no\nUsePAM no")
    env = {**os.environ, "SSH_ASKPASS": "/bin/true", "SSH_ASKPASS_REQUIRE": "force", "HOME": str(folder)}
    done = run(peer.ssh("true", key=False, batch=False, options=[*options, "-o", "BatchMode=yes"]), check=False, env=env)
    assert done.returncode == 255
    assert told in done.stderr.splitlines()[-2]


def test_quiet_tells_nothing_of_it(serve):
    peer = serve()
    done = run(peer.ssh("true", key=False, options=["-q"]), check=False)
    assert (done.returncode, done.stderr) == (255, "")
