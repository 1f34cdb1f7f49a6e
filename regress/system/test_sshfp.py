# SPDX-License-Identifier: ISC
"""Fingerprints of host keys in the DNS (VerifyHostKeyDNS): believed, told, or warned about."""
import base64
import contextlib
import hashlib
import os
import socket
import struct
import threading

import pytest

import harness
from harness import run

needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs a DNS server's port")
HOST = "host.example.org"


class NameServer(threading.Thread):
    """Knows one address, and the SSHFP records that a test gives it."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.socket.settimeout(0.2)
        self.address, self.records, self.secure, self.wants_ad = address, [], True, False
        self.is_silent = self.is_over = False

    def run(self):
        while not self.is_over:
            with contextlib.suppress(TimeoutError):
                query, peer = self.socket.recvfrom(4096)
                answer = self.answer(query)
                if answer:
                    self.socket.sendto(answer, peer)

    def answer(self, query):
        end = query.index(b"\0", 12) + 5
        kind = struct.unpack(">H", query[end - 4:end - 2])[0]
        data = [socket.inet_aton("127.0.0.1")] if kind == 1 else self.records if kind == 44 else []
        flags = 0x8180
        if kind == 44:
            self.wants_ad = bool(query[3] & 0x20)
            if self.is_silent:
                return None
            flags |= 0x20 if self.secure else 0
        body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(d)) + d for d in data)
        return query[:2] + struct.pack(">HHHHH", flags, 1, len(data), 0, 0) + query[12:end] + body


@pytest.fixture
def bed(folder):
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    names = NameServer(f"127.54.0.{worker + 1}")
    names.start()
    with harness.server(folder / "s") as sshd:
        sshd.key = harness.make_key(folder / "id")
        sshd.authorize(sshd.key + ".pub")
        with open(f"{sshd.dir}/host_ed25519.pub", encoding="utf-8") as f:
            names.blob = base64.b64decode(f.read().split()[1])
        names.sshd, names.folder = sshd, folder
        yield names
    names.is_over = True
    names.join()
    names.socket.close()


def record(blob, kind=4, algorithm=2, wrong=False):
    digest = (hashlib.sha256 if algorithm == 2 else hashlib.sha1)(blob + (b"x" if wrong else b"")).digest()
    return bytes([kind, algorithm]) + digest


def ask(bed, verify, trust=True, strict="yes", known="", env=None):
    resolv = bed.folder / "resolv.conf"
    resolv.write_text(f"nameserver {bed.address}\noptions timeout:1 attempts:1{' trust-ad' if trust else ''}\n")
    path = bed.folder / "known"
    path.write_text(known)
    script = f"mount --bind {resolv} $(readlink -f /etc/resolv.conf) && exec \"$@\""
    command = ["unshare", "--mount", "sh", "-c", script, "sh", "setsid", "-w", harness.SSH, "-F", "none",
               "-p", str(bed.sshd.port), "-i", bed.sshd.key, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
               "-o", f"UserKnownHostsFile={path}", "-o", "GlobalKnownHostsFile=none", "-o", f"VerifyHostKeyDNS={verify}",
               "-o", f"StrictHostKeyChecking={strict}", f"{harness.login_user()}@{HOST}", "echo in"]
    done = run(command, check=False, env=env)
    done.known = path.read_text()
    return done


@needs_root
@pytest.mark.parametrize("algorithm", [1, 2])
def test_a_secure_fingerprint_is_believed(bed, algorithm):
    bed.records = [record(bed.blob, wrong=True), record(bed.blob, algorithm=algorithm)]
    done = ask(bed, "yes")
    assert (done.stdout, done.returncode) == ("in\n", 0), done.stderr
    assert done.known == "" and bed.wants_ad


@needs_root
@pytest.mark.parametrize("verify, trust, secure", [
    ("no", True, True), ("ask", True, True), ("yes", False, True), ("yes", True, False)])
def test_a_fingerprint_that_is_not_secure_or_not_asked_for_is_not_enough(bed, verify, trust, secure):
    bed.records, bed.secure = [record(bed.blob)], secure
    done = ask(bed, verify, trust)
    assert (done.stdout, done.returncode) == ("", 255)
    assert "No ED25519 host key is known" in done.stderr


@needs_root
def test_another_fingerprint_is_warned_about(bed):
    bed.records = [record(bed.blob, wrong=True)]
    done = ask(bed, "yes")
    assert done.returncode == 255
    assert "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!" in done.stderr
    assert "Update the SSHFP RR in DNS with the new host key to get rid of this message." in done.stderr


@needs_root
def test_a_fingerprint_of_another_type_says_nothing(bed):
    bed.records = [record(bed.blob, kind=1)]
    done = ask(bed, "yes")
    assert done.returncode == 255 and "CHANGED" not in done.stderr


@needs_root
def test_a_revoked_key_stays_revoked_whatever_the_dns_says(bed):
    bed.records = [record(bed.blob)]
    key = base64.b64encode(bed.blob).decode()
    done = ask(bed, "yes", strict="no", known=f"@revoked * ssh-ed25519 {key}\n")
    assert done.returncode == 255
    assert "WARNING: REVOKED HOST KEY DETECTED!" in done.stderr


@needs_root
@pytest.mark.parametrize("records, told", [(True, "Matching"), (False, "No matching")])
def test_the_question_says_what_the_dns_has(bed, records, told):
    bed.records = [record(bed.blob)] if records else []
    asked = bed.folder / "asked"
    script = bed.folder / "askpass"
    script.write_text(f"#!/bin/sh\nprintf '%s' \"$1\" >{asked}\necho no\n")
    script.chmod(0o755)
    done = ask(bed, "ask", strict="ask",
               env={**os.environ, "SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force"})
    assert done.returncode == 255
    assert f"\n{told} host key fingerprint found in DNS.\n" in asked.read_text()


@needs_root
def test_where_the_dns_does_not_answer_the_files_decide(bed):
    bed.is_silent = True
    assert ask(bed, "yes").returncode == 255
    key = base64.b64encode(bed.blob).decode()
    done = ask(bed, "yes", known=f"[{HOST}]:{bed.sshd.port} ssh-ed25519 {key}\n")
    assert (done.stdout, done.returncode) == ("in\n", 0), done.stderr
