# SPDX-License-Identifier: ISC
"""Other people's clients log in to our sshd with a password, by both methods; what fail2ban sees of it."""
import asyncio
import os
import re

import pexpect
import pytest

import harness
from harness import run

pytestmark = pytest.mark.skipif(not harness.ROOT, reason="needs accounts with passwords")

OPENSSH10 = os.path.join(harness.PEERS, "openssh10/usr/bin/ssh")


@pytest.fixture(params=["password", "keyboard-interactive"])
def method(request):
    return request.param


def only(method):
    return f"AuthenticationMethods {method}"


def accepted(s, method):
    s.wait_log(f"Accepted {method}{'/password' if method != 'password' else ''} for alice from 127.0.0.1")


def type_password(command, password="secret-alice", **kwargs):
    child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8", **kwargs)
    child.delaybeforesend = None
    child.expect("assword: ?")
    child.sendline(password)
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    return child.before, child.exitstatus


@pytest.mark.parametrize("program", ["ssh", OPENSSH10], ids=["9.2", "10.0"])
def test_openssh(folder, method, program):
    with harness.server(folder / "s", config=only(method)) as s:
        line = s.ssh("echo in; exit 7", program=program)
        line[1:1] = ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1"]
        out, code = type_password(line)
        assert code == 7 and "in\r\n" in out
        accepted(s, method)


def test_our_client(folder, method):
    with harness.server(folder / "s", config=only(method)) as s:
        line = s.ssh("echo in; exit 7")
        line[1:1] = ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1"]
        out, code = type_password(line)
        assert code == 7 and "in\r\n" in out
        accepted(s, method)


def test_plink(folder, method):
    with harness.server(folder / "s", config=only(method)) as s:
        fingerprint = run(["ssh-keygen", "-lf", f"{s.dir}/host_ed25519.pub"]).stdout.split()[1]
        out, code = type_password(["plink", "-ssh", "-no-antispoof", "-P", str(s.port), "-l", "alice", "-hostkey", fingerprint, "127.0.0.1",
                                   "echo in; exit 7"], env={**os.environ, "HOME": str(folder)})
        assert code == 7 and "in" in out
        accepted(s, method)


def test_dbclient(folder, method):
    with harness.server(folder / "s", config=only(method)) as s:
        out, code = type_password(["dbclient", "-y", "-y", "-p", str(s.port), "alice@127.0.0.1", "echo in; exit 7"],
                                  env={**os.environ, "HOME": str(folder)})
        assert code == 7 and "in" in out
        accepted(s, method)


def test_paramiko(folder, method):
    import paramiko
    with harness.server(folder / "s", config=only(method)) as s:
        t = paramiko.Transport(("127.0.0.1", s.port))
        t.start_client(timeout=20)
        if method == "password":
            t.auth_password("alice", "secret-alice", fallback=False)
        else:
            t.auth_interactive("alice", lambda *a: ["secret-alice"])
        assert t.is_authenticated()
        t.close()
        accepted(s, method)


def test_asyncssh(folder, method):
    import asyncssh

    async def go(port):
        async with asyncssh.connect("127.0.0.1", port, username="alice", password="secret-alice", known_hosts=None,
                                    client_keys=None, agent_path=None, config=None) as c:
            return await c.run("echo in; exit 7")

    with harness.server(folder / "s", config=only(method)) as s:
        done = asyncio.run(asyncio.wait_for(go(s.port), 20))
        assert (done.stdout, done.exit_status) == ("in\n", 7)
        accepted(s, method)


def test_fail2ban_finds_our_lines(folder):
    """Its shipped filter for sshd, on a log with one of each: who failed is found, who got in is not."""
    if not harness.have("fail2ban-regex"):
        pytest.fail("fail2ban-regex is not there")
    with harness.server(folder / "s", config="PerSourcePenalties no\nMaxAuthTries 2\nLogLevel INFO") as s:
        for user, password in (("alice", "wrong"), ("mallory", "x"), ("carol", "secret-carol"), ("erin", "x"), ("alice", "secret-alice")):
            line = s.ssh("true", user=user, program="ssh", options=["-o", "PreferredAuthentications=password"])
            line[1:1] = ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1"]
            type_password(line, password)
        line = s.ssh("true", user="bob", program="ssh", options=["-o", "PreferredAuthentications=keyboard-interactive"])
        line[1:1] = ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=3"]
        child = pexpect.spawn(line[0], line[1:], timeout=harness.TIMEOUT, encoding="utf-8")
        for _ in range(2):
            child.expect("assword: ")
            child.sendline("wrong")
        child.expect(pexpect.EOF)
        s.wait_log("maximum authentication attempts exceeded for bob")
        s.wait_log("Accepted password for alice")
        text = s.log_text()
    # As syslog has them.
    lines = [re.sub(r"^.*?sshd(\[\d+\])?:? ?", "", x) for x in text.splitlines()]
    log = folder / "auth.log"
    log.write_text("".join(f"Nov 21 10:00:00 host sshd[77]: {x}\n" for x in lines))
    out = run(["fail2ban-regex", "--print-all-matched", str(log), "sshd"], check=False).stdout
    matched = out.split("Matched line(s):")[-1].split("Ignored line(s)")[0].split("Missed line(s)")[0]
    for expected in ("Failed password for alice", "Invalid user mallory", "Failed password for invalid user mallory",
                     "User carol not allowed because account is locked", "Failed keyboard-interactive/password for bob",
                     "maximum authentication attempts exceeded for bob"):
        assert expected in matched, (expected, out)
    assert "Accepted" not in matched
