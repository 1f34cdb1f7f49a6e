# SPDX-License-Identifier: ISC
"""hostbased authentication; the client is asyncssh, which needs no setuid helper."""
import asyncio
import fcntl
import os

import pytest

import harness

asyncssh = pytest.importorskip("asyncssh")
needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root")
NAME = "desk.example.org"


@pytest.fixture
def hostkey(folder):
    return harness.make_key(folder / "client_host")


@pytest.fixture
def serve(folder):
    """A server that lets alice in by her ~/.shosts, if a test writes one."""
    servers, files = [], []
    # There is one home of alice, and tests run side by side.
    lock = open("/run/hostbased.lock", "w", encoding="utf-8")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def start(config="HostbasedUsesNameFromPacketOnly yes", shosts=None, known=None, ignore="shosts-only", last=""):
        os.makedirs("/home/alice/.ssh", exist_ok=True)
        for name, text in ((".shosts", shosts), (".ssh/known_hosts", known)):
            path = f"/home/alice/{name}"
            if text is not None:
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                os.chmod(path, 0o644)
                files.append(path)
        s = harness.Server(folder / f"s{len(servers)}",
                           config=f"HostbasedAuthentication yes\nIgnoreRhosts {ignore}\n{config}", last=last)
        servers.append(s)
        return s
    yield start
    for s in servers:
        s.stop()
    for path in files:
        if os.path.exists(path):
            os.unlink(path)
    lock.close()


def line(path):
    with open(path + ".pub", encoding="utf-8") as f:
        return " ".join(f.read().split()[:2])


def comes_in(server, hostkey, user="alice", client_user="carol", name=NAME):
    async def go():
        try:
            async with asyncssh.connect("127.0.0.1", server.port, username=user, known_hosts=None, config=None,
                                        client_keys=None, agent_path=None, client_host_keysign=False,
                                        client_host_keys=[hostkey], client_host=name,
                                        client_username=client_user, preferred_auth=["hostbased"]) as c:
                return (await c.run("echo $SSH_USER_AUTH; id -un")).stdout.split()[-1] == user
        except asyncssh.PermissionDenied:
            return False
    return asyncio.run(asyncio.wait_for(go(), 30))


pytestmark = needs_root


def test_a_trusted_machine_says_who_its_user_is(serve, hostkey):
    s = serve(shosts=f"{NAME} carol\n", known=f"{NAME} {line(hostkey)}\n")
    assert comes_in(s, hostkey)
    s.wait_log("Accepted hostbased for alice from 127.0.0.1")
    s.wait_log(f"hostbased: client user carol of {NAME}, whose key is ED25519 SHA256:")
    # Each of these alone keeps him out.
    assert not comes_in(s, hostkey, client_user="dave")
    s.wait_log("reason=hostbased rule=HostbasedAuthentication")
    assert not comes_in(s, hostkey, name="other.example.org")
    assert not comes_in(s, harness.make_key(hostkey + "2"))
    assert not comes_in(s, hostkey, user="bob")
    os.chmod("/home/alice/.shosts", 0o666)
    assert not comes_in(s, hostkey)
    s.wait_log("Authentication refused: bad ownership or modes for file /home/alice/.shosts")


def test_what_the_config_switches_off(serve, hostkey, folder):
    given = {"shosts": f"{NAME} carol\n127.0.0.1 carol\n", "known": f"{NAME},127.0.0.1 {line(hostkey)}\n"}
    assert not comes_in(serve(ignore="yes", **given), hostkey)
    assert not comes_in(serve("HostbasedUsesNameFromPacketOnly yes\nIgnoreUserKnownHosts yes", **given), hostkey)
    assert not comes_in(serve("HostbasedUsesNameFromPacketOnly yes\nHostbasedAcceptedAlgorithms rsa-sha2-512", **given),
                        hostkey)
    assert not comes_in(serve(last="Match User alice\nHostbasedAuthentication no", **given), hostkey)
    s = serve(f"HostbasedUsesNameFromPacketOnly yes\nRevokedKeys {hostkey}.pub", **given)
    assert not comes_in(s, hostkey)
    s.wait_log("revoked by file")


def test_the_name_is_that_of_the_address_unless_told(serve, hostkey):
    s = serve("HostbasedUsesNameFromPacketOnly no", shosts="127.0.0.1 carol\n", known=f"127.0.0.1 {line(hostkey)}\n")
    assert comes_in(s, hostkey)
    s.wait_log(f"userauth_hostbased mismatch: client sends {NAME}, but we resolve 127.0.0.1 to 127.0.0.1")
    s = serve("HostbasedUsesNameFromPacketOnly no", shosts=f"{NAME} carol\n", known=f"{NAME} {line(hostkey)}\n")
    assert not comes_in(s, hostkey)


def test_a_revoked_host_key_does_not_let_in(serve, hostkey):
    s = serve(shosts=f"{NAME} carol\n", known=f"{NAME} {line(hostkey)}\n@revoked * {line(hostkey)}\n")
    assert not comes_in(s, hostkey)


def test_two_steps_with_hostbased(serve, hostkey):
    s = serve("HostbasedUsesNameFromPacketOnly yes\nAuthenticationMethods hostbased,publickey",
              shosts=f"{NAME} carol\n", known=f"{NAME} {line(hostkey)}\n")
    assert not comes_in(s, hostkey)
    s.wait_log("Partial hostbased for alice")
