# SPDX-License-Identifier: ISC
"""What ssh-audit says of our server: with its defaults, and with the lines of docs/ALGORITHMS.md."""
import os
import re
import sys

import pytest

import harness
from harness import run

MODULES = os.path.join(harness.PEERS, "ssh-audit/usr/lib/python3/dist-packages")
DOC = os.path.join(os.path.dirname(__file__), "../../docs/ALGORITHMS.md")

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


def test_ssh_audit_finds_no_failure_and_no_warning_with_the_lines_of_the_manual(folder):
    with open(DOC, encoding="utf-8") as f:
        lines = [line.strip() for line in f if line.startswith("    ")]
    assert len(lines) == 3
    with harness.server(folder / "sshd", keys=("ed25519", "ecdsa", "rsa"), config="\n".join(lines)) as s:
        found, report = audit(s.port)
        assert found == {}, report
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        assert run(s.ssh("echo ok", key=key)).stdout == "ok\n"
