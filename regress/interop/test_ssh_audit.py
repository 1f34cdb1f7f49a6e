# SPDX-License-Identifier: ISC
"""What ssh-audit says of our server: with its built-in lists, and with the config of an installation."""
import asyncio
import os
import re
import sys

import asyncssh
import paramiko
import pytest

import harness
from harness import run

MODULES = os.path.join(harness.PEERS, "ssh-audit/usr/lib/python3/dist-packages")
CONFIG = os.path.join(os.path.dirname(__file__), "../../packaging/sshd_config")

# All of them are in OpenSSH 10's default lists, and objected to there, too.
OBJECTS = {
    "ecdh-sha2-nistp256": {"fail"}, "ecdh-sha2-nistp384": {"fail"}, "ecdh-sha2-nistp521": {"fail"},
    "ecdsa-sha2-nistp256": {"fail", "warn"},
    "hmac-sha1-etm@openssh.com": {"fail"}, "hmac-sha1": {"fail", "warn"},
    "umac-64-etm@openssh.com": {"warn"}, "umac-64@openssh.com": {"warn"}, "umac-128@openssh.com": {"warn"},
    "hmac-sha2-256": {"warn"}, "hmac-sha2-512": {"warn"},
}


def audit(port):
    """{algorithm: levels above info} and the whole report."""
    if not os.path.isdir(MODULES):
        pytest.fail("ssh-audit is not there (./check peers fetches it)")
    done = run([sys.executable, "-m", "ssh_audit", "-n", "-4", "--skip-rate-test", "-p", str(port), "127.0.0.1"],
               check=False, env={**os.environ, "PYTHONPATH": MODULES})
    found, name = {}, None
    for line in done.stdout.split("\n"):
        begin = re.match(r"\((kex|key|enc|mac)\) (\S+)", line)
        name = begin.group(2) if begin else name
        level = re.search(r"\[(fail|warn)\]", line)
        if level:
            found.setdefault(name, set()).add(level.group(1))
    assert "(kex) mlkem768x25519-sha256" in done.stdout and "(enc) aes256-ctr" in done.stdout, done.stdout
    return found, done.stdout


def test_ssh_audit_objects_to_what_openssh_offers_too_and_to_nothing_else(folder):
    with harness.server(folder / "sshd", keys=("ed25519", "ecdsa", "rsa")) as s:
        found, report = audit(s.port)
    assert found == OBJECTS, report


@pytest.fixture
def installed(folder):
    """A server with that config and keys of all kinds."""
    with open(CONFIG, encoding="utf-8") as f:
        config = f.read()
    with harness.server(folder / "sshd", keys=("ed25519", "ecdsa", "rsa"), config=config) as s:
        yield s


def test_ssh_audit_finds_no_failure_and_no_warning_with_the_config_of_an_installation(installed):
    found, report = audit(installed.port)
    assert found == {}, report


def test_clients_at_hand_log_in_with_the_config_of_an_installation(installed, folder):
    """Those that know one of its MACs, or a cipher that needs none."""
    key = harness.make_key(folder / "id")
    installed.authorize(key + ".pub")
    rsa = harness.make_key(folder / "id_rsa", "rsa", bits="2048")
    installed.authorize(rsa + ".pub")
    home = str(folder / "home")
    os.makedirs(os.path.join(home, ".ssh"))
    env = {**os.environ, "HOME": home}
    user = harness.login_user()
    for program in (harness.SSH, "ssh", os.path.join(harness.PEERS, "openssh10/usr/bin/ssh")):
        assert run(installed.ssh("echo ok", key=key, program=program)).stdout == "ok\n"
    run(["dropbearconvert", "openssh", "dropbear", key, os.path.join(home, "id")])
    run(["puttygen", key, "-O", "private", "-o", os.path.join(home, "id.ppk")], env=env)
    fingerprint = run(["ssh-keygen", "-lf", os.path.join(installed.dir, "host_ed25519.pub")]).stdout.split()[1]
    assert run(["dbclient", "-y", "-y", "-p", str(installed.port), "-i", os.path.join(home, "id"), f"{user}@127.0.0.1",
                "echo ok"], env=env).stdout == "ok\n"
    assert run(["plink", "-batch", "-ssh", "-P", str(installed.port), "-l", user, "-i", os.path.join(home, "id.ppk"),
                "-hostkey", fingerprint, "127.0.0.1", "echo ok"], env=env).stdout == "ok\n"
    t = paramiko.Transport(("127.0.0.1", installed.port))
    t.start_client(timeout=20)
    t.auth_publickey(user, paramiko.RSAKey.from_private_key_file(rsa))
    assert t.is_authenticated()
    t.close()

    async def by_asyncssh():
        async with asyncssh.connect("127.0.0.1", installed.port, username=user, known_hosts=None, client_keys=[key],
                                    config=None, agent_path=None) as c:
            return (await c.run("echo ok")).stdout

    assert asyncio.run(by_asyncssh()) == "ok\n"
