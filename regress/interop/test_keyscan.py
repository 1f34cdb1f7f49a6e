# SPDX-License-Identifier: ISC
"""ssh-keyscan at other people's servers, and beside OpenSSH's at all of them."""
import os

import pytest

import harness
import peer_servers
from harness import run

OPENSSH = ["/usr/bin/ssh-keyscan", os.path.join(peer_servers.OPENSSH10, "bin/ssh-keyscan")]


@pytest.fixture(params=peer_servers.PEERS)
def peer(request, folder):
    if request.param in ("dropbear", "tinysshd") and not harness.ROOT:
        pytest.skip("needs an account of its own to put a key into")
    server = peer_servers.make(request.param, folder / "peer")
    yield server
    server.stop()


def scanned(program, port, *args):
    """The keys that a scan prints, as a set of lines; OpenSSH 10 has its comments among them."""
    done = run([program, "-T", "60", "-p", str(port), *args, "127.0.0.1"])
    return {line for line in done.stdout.splitlines() if line[0] not in "#;"}


def test_the_keys_of_a_server_are_those_that_it_has(peer):
    with open(peer.known, encoding="utf-8") as f:
        assert scanned(harness.KEYSCAN, peer.port) == set(f.read().splitlines())
    run(peer.ssh("true"))       # it takes logins after that as before


def test_a_scan_by_openssh_brings_the_same(folder):
    with harness.server(folder, keys=("ed25519", "ecdsa"), config="PerSourcePenalties no") as sshd:
        for args in [], ["-D"]:
            ours = scanned(harness.KEYSCAN, sshd.port, *args)
            assert len(ours) == (4 if args else 2)
            for program in OPENSSH:
                assert scanned(program, sshd.port, *args) == ours
