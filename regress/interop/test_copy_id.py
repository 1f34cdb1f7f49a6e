# SPDX-License-Identifier: ISC
"""ssh-copy-id to other people's servers, and with OpenSSH's ssh to ours."""
import os
import pwd

import pytest

import harness
import peer_servers
from harness import run


def make(kind, folder):
    if kind == "own":
        return peer_servers.Own(folder, config="PerSourcePenalties no")
    return peer_servers.make(kind, folder)


@pytest.mark.parametrize("kind,ssh", [*((peer, harness.SSH) for peer in peer_servers.PEERS), ("own", "/usr/bin/ssh")],
                         ids=[*peer_servers.PEERS, "openssh at own"])
def test_keys_that_let_in_are_left_out_and_others_are_appended(kind, ssh, folder):
    if kind in ("dropbear", "tinysshd") and not harness.ROOT:
        pytest.skip("needs an account of its own to put a key into")
    entry = pwd.getpwnam(harness.login_user())
    there = folder / "there"
    there.mkdir()
    os.chown(there, entry.pw_uid, entry.pw_gid)
    programs = folder / "bin"
    programs.mkdir()
    (programs / "ssh").symlink_to(ssh)
    (programs / "ssh-keygen").symlink_to(harness.KEYGEN)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    env.pop("SSH_AUTH_SOCK", None)
    peer = make(kind, folder / "peer")
    try:
        options = ["-p", str(peer.port), "-o", f"UserKnownHostsFile={peer.known}", "-o", "BatchMode=yes",
                   "-o", f"IdentityFile={peer.key}", f"{peer.user}@127.0.0.1"]
        known = run([harness.COPY_ID, "-i", peer.key, *options], env=env)
        assert "All keys were skipped" in known.stderr, known
        new = harness.make_key(folder / "new")
        done = run([harness.COPY_ID, "-t", str(there / "keys"), "-i", new, *options], env=env)
        assert "Number of key(s) added: 1\n" in done.stdout
        with open(new + ".pub", encoding="utf-8") as f:
            assert (there / "keys").read_text(encoding="utf-8") == f.read()
    finally:
        peer.stop()
