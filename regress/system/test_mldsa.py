# SPDX-License-Identifier: ISC
"""ssh-mldsa44-ed25519@openssh.com, where this build's libcrypto has ML-DSA."""
import os

import pytest

import harness
from harness import run

NAME = "ssh-mldsa44-ed25519@openssh.com"
has_mldsa = NAME in run([harness.SSH, "-Q", "key-plain"]).stdout.split() if os.path.exists(harness.SSH) else False
pytestmark = pytest.mark.skipif(not has_mldsa, reason="libcrypto has no ML-DSA")

SERVER = f"HostKeyAlgorithms +{NAME}\nPubkeyAcceptedAlgorithms +{NAME}"
CLIENT = ["-v", "-o", f"HostKeyAlgorithms={NAME}", "-o", f"PubkeyAcceptedAlgorithms={NAME}"]


@pytest.fixture
def server(folder):
    harness.make_key(folder / "sshd_key", "mldsa44-ed25519", keygen=harness.KEYGEN)
    config = f"{SERVER}\nHostKey {folder}/sshd_key"
    with harness.server(folder / "sshd", config=config, keys=("ed25519",)) as s:
        os.rename(folder / "sshd_key.pub", f"{s.dir}/host_mldsa.pub")
        yield s


def test_host_and_user_prove_themselves_by_composite_signatures(server, folder):
    key = harness.make_key(folder / "id", "mldsa44-ed25519", keygen=harness.KEYGEN)
    server.authorize(key + ".pub")
    done = run(server.ssh("echo ok", key=key, options=CLIENT))
    assert done.stdout == "ok\n" and f"kex: host key algorithm: {NAME}\n" in done.stderr
    server.wait_log("Accepted publickey", "MLDSA44-ED25519 SHA256:")


def test_it_is_off_by_default_on_both_sides(server, folder):
    key = harness.make_key(folder / "id", "mldsa44-ed25519", keygen=harness.KEYGEN)
    server.authorize(key + ".pub")
    done = run(server.ssh("echo ok", key=key, options=["-v"]), check=False)
    assert done.returncode == 255 and "no mutual signature algorithm" in done.stderr
    assert "kex: host key algorithm: ssh-ed25519\n" in done.stderr


def test_it_can_be_registered_for_a_minute(server, folder):
    key = harness.make_key(folder / "id", "mldsa44-ed25519", keygen=harness.KEYGEN)
    server.ephemeral("add", "--user", harness.login_user(), "--ttl", "60", key + ".pub")
    assert run(server.ssh("echo ok", key=key, options=CLIENT)).stdout == "ok\n"


def test_a_key_with_a_passphrase_comes_back(folder):
    key = harness.make_key(folder / "id", "mldsa44-ed25519", keygen=harness.KEYGEN, passphrase="secret")
    with open(key + ".pub", encoding="utf-8") as f:
        public = f.read().split()[:2]
    assert public[0] == NAME
    assert run([harness.KEYGEN, "-y", "-P", "secret", "-f", key]).stdout.split()[:2] == public
    assert run([harness.KEYGEN, "-y", "-P", "wrong", "-f", key], check=False).returncode != 0
    assert "(MLDSA44-ED25519)" in run([harness.KEYGEN, "-l", "-f", key]).stdout


def test_a_composite_key_signs_files(folder):
    key = harness.make_key(folder / "id", "mldsa44-ed25519", keygen=harness.KEYGEN)
    with open(key + ".pub", encoding="utf-8") as f:
        (folder / "signers").write_text(f"u@x {f.read()}")
    (folder / "sig").write_text(run([harness.KEYGEN, "-Y", "sign", "-f", key, "-n", "file"], input="text").stdout)
    verify = [harness.KEYGEN, "-Y", "verify", "-f", folder / "signers", "-I", "u@x", "-n", "file", "-s", folder / "sig"]
    assert run(verify, input="text").stdout.startswith('Good "file" signature for u@x with MLDSA44-ED25519 key SHA256:')
    assert run(verify, input="other", check=False).returncode == 255
