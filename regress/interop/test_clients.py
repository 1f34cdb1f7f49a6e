# SPDX-License-Identifier: ISC
"""Other people's clients log in to our sshd: with an ephemeral key and with authorized_keys."""
import os
import subprocess

import pytest

import harness
from harness import run

OPENSSH10 = os.path.join(harness.PEERS, "openssh10/usr/bin/ssh")


def register(sshd, key):
    """Takes the key out of authorized_keys and puts it into the ephemeral table."""
    os.unlink(os.path.join(sshd.dir, f"authorized_keys.{harness.login_user()}"))
    sshd.ephemeral("add", "--user", harness.login_user(), "--ttl", "60", key + ".pub")


@pytest.fixture(params=["ephemeral", "authorized_keys"])
def way(request):
    return request.param


@pytest.mark.parametrize("program", ["ssh", OPENSSH10], ids=["9.2", "10.0"])
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_openssh(sshd, folder, way, program, kind):
    if not harness.have(program):
        pytest.fail(f"{program} is not there")
    key = harness.make_key(folder / "user_key", kind)
    sshd.authorize(key + ".pub")
    if way == "ephemeral":
        register(sshd, key)
    done = run(sshd.ssh("echo out; echo err >&2; exit 7", key=key, program=program), check=False)
    assert (done.stdout, done.returncode) == ("out\n", 7)
    assert "err\n" in done.stderr


def test_plink(sshd, folder, way):
    if way == "ephemeral":
        register(sshd, sshd.key)
    ppk = str(folder / "id.ppk")
    run(["puttygen", sshd.key, "-O", "private", "-o", ppk])
    fingerprint = run(["ssh-keygen", "-lf", f"{sshd.dir}/host_ed25519.pub"]).stdout.split()[1]
    done = run(["plink", "-batch", "-ssh", "-P", str(sshd.port), "-l", harness.login_user(), "-i", ppk,
                "-hostkey", fingerprint, "127.0.0.1", "echo out; exit 7"], check=False,
               env={**os.environ, "HOME": str(folder)})
    assert (done.stdout, done.returncode) == ("out\n", 7)


def test_dbclient(sshd, folder, way):
    if way == "ephemeral":
        register(sshd, sshd.key)
    key = str(folder / "id.dropbear")
    run(["dropbearconvert", "openssh", "dropbear", sshd.key, key])
    done = run(["dbclient", "-y", "-y", "-p", str(sshd.port), "-i", key, f"{harness.login_user()}@127.0.0.1",
                "echo out; exit 7"], check=False, env={**os.environ, "HOME": str(folder)})
    assert (done.stdout, done.returncode) == ("out\n", 7)


def test_paramiko(sshd, way):
    import paramiko
    if way == "ephemeral":
        register(sshd, sshd.key)
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", sshd.port, harness.login_user(), key_filename=sshd.key, timeout=20,
                   allow_agent=False, look_for_keys=False)
    stdin, stdout, stderr = client.exec_command("cat; echo err >&2; exit 7")
    stdin.write("in\n")
    stdin.channel.shutdown_write()
    assert stdout.read() == b"in\n"
    assert stderr.read() == b"err\n"
    assert stdout.channel.recv_exit_status() == 7
    client.close()


def test_asyncssh(sshd, way):
    import asyncio

    import asyncssh
    if way == "ephemeral":
        register(sshd, sshd.key)

    async def go():
        async with asyncssh.connect("127.0.0.1", sshd.port, username=harness.login_user(), known_hosts=None,
                                    client_keys=[sshd.key], config=None) as c:
            return await c.run("cat; echo err >&2; exit 7", input="in\n")

    done = asyncio.run(asyncio.wait_for(go(), 20))
    assert (done.stdout, done.stderr, done.exit_status) == ("in\n", "err\n", 7)


@pytest.mark.parametrize("program", ["ssh", OPENSSH10], ids=["9.2", "10.0"])
@pytest.mark.parametrize("cipher", ["chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr"])
def test_transfer_across_rekeys(sshd, program, cipher):
    """16 MiB there and back with a rekey every 2 MiB or so arrive as they were sent."""
    data = os.urandom(1 << 20) * 16
    done = subprocess.run(sshd.ssh("cat", key=sshd.key, program=program,
                                   options=["-c", cipher, "-o", "RekeyLimit=2M"]),
                          input=data, capture_output=True, timeout=60, check=True)
    assert done.stdout == data


def test_post_quantum_kex(sshd):
    done = run(sshd.ssh("echo", "out", key=sshd.key, program=OPENSSH10,
                        options=["-v", "-o", "KexAlgorithms=mlkem768x25519-sha256"]))
    assert done.stdout == "out\n"
    assert "kex: algorithm: mlkem768x25519-sha256" in done.stderr


@pytest.mark.parametrize("program", ["ssh", OPENSSH10], ids=["9.2", "10.0"])
@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"])
def test_clients_learn_host_keys_that_are_proved(folder, program, algorithm):
    """hostkeys-00@openssh.com, and proofs; RSA's by the algorithm of the key exchange."""
    with harness.server(folder / "sshd", keys=("ed25519", "ecdsa", "rsa")) as sshd:
        key = harness.make_key(folder / "id")
        sshd.authorize(key + ".pub")
        command = sshd.ssh("sleep 0.5", key=key, program=program, options=[
            "-v", "-o", "UpdateHostKeys=yes", "-o", f"HostKeyAlgorithms={algorithm},ecdsa-sha2-nistp256,ssh-ed25519,"
                                                    "rsa-sha2-512"])
        known = os.path.join(sshd.dir, "known_hosts")
        with open(known, encoding="utf-8") as f:
            lines = f.read().splitlines()
        kind = "ssh-rsa" if algorithm.startswith("rsa") else algorithm
        with open(known, "w", encoding="utf-8") as f:
            f.write("".join(line + "\n" for line in lines if f" {kind} " in line))
        done = run(command)
        with open(known, encoding="utf-8") as f:
            assert sorted(line.split()[1] for line in f) == sorted(line.split()[1] for line in lines), done.stderr


@pytest.mark.parametrize("program", ["ssh", OPENSSH10], ids=["9.2", "10.0"])
def test_disconnects_say_why_in_both_directions(folder, program):
    with harness.server(folder / "sshd", config="UnusedConnectionTimeout 1") as sshd:
        key = harness.make_key(folder / "id")
        sshd.authorize(key + ".pub")
        run(sshd.ssh("true", key=key, program=program))
        sshd.wait_log(":11: disconnected by user")
        done = run(sshd.ssh(key=key, program=program, options=["-N"]), check=False)
        assert done.returncode == 255
        assert ":11: connection unused for too long" in done.stderr, done.stderr
