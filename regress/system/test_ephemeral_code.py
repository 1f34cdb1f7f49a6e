# SPDX-License-Identifier: ISC
"""Codes: made on the device, used once, proved by the server; and connect, which keeps nothing."""
import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import socket
import struct
import threading

import pytest

import harness
from harness import run, wait_until

ME = harness.login_user()


@pytest.fixture
def server(folder):
    with harness.server(folder / "sshd", config=f"EphemeralKeyRegistrars {ME}:users=*,ssh=any\nPerSourcePenalties no\n"
                        "PasswordAuthentication no") as s:
        s.key = harness.make_key(folder / "admin")
        s.authorize(s.key + ".pub")
        yield s


def make_code(server, *args):
    return json.loads(server.ephemeral("code", "--user", ME, "--json", *args).stdout)["code"]


def login(port, code, *command, user=ME, options=(), check=False, env=None):
    return run([harness.EPHEMERAL, "login", code, "-F", "none", *options, f"{user}@127.0.0.1:{port}", "--", *command],
               check=check, env=env)


def test_a_code_lets_in_once_and_no_host_key_is_compared_or_kept(server, folder):
    env = {**os.environ, "HOME": str(folder)}
    code = make_code(server)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5}", code)
    done = login(server.port, code, "echo", "in", env=env)
    assert (done.stdout, done.returncode) == ("in\n", 0), done.stderr
    assert not os.path.exists(folder / ".ssh")
    again = login(server.port, code, "true", env=env)
    assert again.returncode == 255
    assert "this code was for one login and was used up" in again.stderr
    kinds = [json.loads(line) for line in server.ephemeral("events").stdout.splitlines()]
    assert kinds[0]["event"] == "registered" and kinds[0]["code"] is True


def test_a_code_may_be_typed_as_it_is_heard(server):
    code = make_code(server)
    heard = code.lower().replace("-", "").replace("0", "o").replace("1", "l")
    assert login(server.port, heard, "true").returncode == 0


def test_a_typing_error_is_found_before_anything_is_sent(server):
    code = make_code(server)
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    refused = login(1, wrong, "true")
    assert refused.returncode == 1
    assert "typing error" in refused.stderr


def test_a_wrong_code_is_denied_like_any_wrong_key(server):
    make_code(server)
    refused = login(server.port, "0000-0000-00000", "true")
    assert refused.returncode == 255
    assert "Permission denied" in refused.stderr
    assert "code" not in refused.stderr


def test_the_code_is_asked_for_without_being_shown(server):
    import pexpect
    code = make_code(server)
    child = pexpect.spawn(harness.EPHEMERAL, ["login", "-F", "none", f"{ME}@127.0.0.1:{server.port}", "--", "-T", "echo", "in"],
                          timeout=20, encoding="utf-8")
    child.expect("Code: ")
    child.sendline(code)
    child.expect("in\r\n")
    child.expect(pexpect.EOF)
    assert code not in (child.before or "")
    child.wait()
    child.close()
    assert child.exitstatus == 0


def test_code_options_hold(server):
    code = make_code(server, "--options", 'command="echo forced"', "--session", "1h", "--comment", "on the phone")
    assert login(server.port, code, "echo", "asked").stdout == "forced\n"
    code = make_code(server, "--from", "192.0.2.0/24")
    refused = login(server.port, code, "true")
    assert "not for logins from your address" in refused.stderr
    code = make_code(server, "--ttl", "1")
    wait_until(lambda: "expired" in server.ephemeral("events").stdout, "the code to expire")
    assert "this code expired" in login(server.port, code, "true").stderr


def test_a_code_is_not_confirmed_to_who_only_asks(server):
    """A query for the key of a live code is answered as one for any unknown key."""
    code = make_code(server)
    entry = [e for e in json.loads(server.ephemeral("list", "--json").stdout)][0]
    assert entry["state"] == "live"
    # Even somebody who has its public half (and asks before signing) learns nothing: see the unit
    # tests of the table; here the list shows it, and nobody has used or refused it.
    assert entry["used"] == 0 and code not in server.log_text()


class Middle(threading.Thread):
    """Somebody with a host key of their own, who lets everybody in and notes what is sent."""

    def __init__(self, proof):
        import paramiko
        super().__init__(daemon=True)
        self.proof, self.seen, self.asked = proof, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.host_key = paramiko.ECDSAKey.generate()
        middle = self

        class Interface(paramiko.ServerInterface):
            def get_allowed_auths(self, username):
                return "publickey,password,keyboard-interactive"

            def check_auth_publickey(self, username, key):
                return paramiko.AUTH_SUCCESSFUL

            def check_auth_password(self, username, password):
                middle.seen.append(("password", password))
                return paramiko.AUTH_FAILED

            def check_global_request(self, kind, msg):
                middle.asked.append(kind)
                if kind != "ephemeral-proof@dayfly":
                    return False
                return (middle.proof(middle.transport),) if callable(middle.proof) else middle.proof

            def check_channel_request(self, kind, chanid):
                middle.seen.append(("channel", kind))
                return paramiko.OPEN_SUCCEEDED

            def check_channel_env_request(self, channel, name, value):
                middle.seen.append(("env", name))
                return True

            def check_channel_exec_request(self, channel, command):
                middle.seen.append(("exec", command))
                return False

            def check_port_forward_request(self, address, port):
                middle.seen.append(("forward", port))
                return False
        self.interface = Interface()
        self.start()

    def run(self):
        import paramiko
        connection, _ = self.listener.accept()
        self.transport = paramiko.Transport(connection)
        self.transport.add_server_key(self.host_key)
        with contextlib.suppress(paramiko.SSHException):    # it was found out
            self.transport.start_server(server=self.interface)

    def stop(self):
        self.listener.close()
        if hasattr(self, "transport"):
            self.transport.close()


@pytest.mark.parametrize("proof, says", [(False, "it knows of none"), ((b"\x55" * 32,), "its proof is wrong"),
                                         ((b"",), "its proof is wrong"), ((b"\x55" * 31,), "its proof is wrong")])
def test_a_stranger_in_the_middle_is_found_before_anything_is_sent(server, proof, says):
    code = make_code(server)
    middle = Middle(proof)
    try:
        refused = login(middle.port, code, "cat /etc/shadow", options=["-o", "SendEnv=SECRET"])
        assert refused.returncode == 255
        assert "could not prove that it knows the code" in refused.stderr and says in refused.stderr
        assert "Somebody may be in the middle" in refused.stderr
        assert middle.asked == ["ephemeral-proof@dayfly"]
        assert middle.seen == []
    finally:
        middle.stop()
    assert login(server.port, code, "true").returncode == 0, "the code has not been used by that"


def proof_of(code, session, host_key):
    """What a server that knows the code says in a session (docs/EPHEMERAL.md)."""
    key = hashlib.scrypt(code.encode(), salt=b"dayfly ephemeral code 1", n=1 << 15, r=8, p=1, maxmem=1 << 26, dklen=64)[32:]
    parts = (b"ephemeral-proof@dayfly", session, host_key)
    return hmac.digest(key, b"".join(struct.pack(">I", len(p)) + p for p in parts), "sha256")


@pytest.mark.parametrize("which", ["of the server's own key", "of another session", "as it should be"])
def test_a_proof_that_was_made_for_another_connection_is_worth_nothing(server, which):
    """What a relay can get from the server it stands before: a proof over that server's key, or over its own session there."""
    code = make_code(server)
    with open(server.known_hosts(), encoding="utf-8") as f:
        servers_own = base64.b64decode(f.read().split()[2])

    def proof(transport):
        return proof_of(code, b"\x55" * 32 if which == "of another session" else transport.session_id,
                        servers_own if which == "of the server's own key" else middle.host_key.asbytes())
    middle = Middle(proof)
    try:
        done = login(middle.port, code, "cat /etc/shadow")
        assert ("its proof is wrong" in done.stderr) == (which != "as it should be"), done.stderr
        assert [kind for kind, _ in middle.seen] == ([] if which != "as it should be" else ["channel", "exec"])
    finally:
        middle.stop()


def test_the_server_that_knows_the_code_says_so(server):
    done = login(server.port, make_code(server), "true", options=["-v"])
    assert done.returncode == 0 and "has proved that it knows the code" in done.stderr


def test_too_many_wrong_tries_shut_out_their_source_and_then_lock_the_code(server, folder):
    code = make_code(server, "--ttl", "1h")
    wrong = [harness.make_key(folder / f"wrong{i}") for i in range(5)]

    def guess(source):
        command = server.ssh("true", key=wrong[0], options=["-b", source])
        for key in wrong[1:]:
            command[1:1] = ["-i", key]
        assert run(command, check=False).returncode == 255

    for _ in range(4):                  # 10 count, the others are shut out
        guess("127.0.0.2")
    refused = login(server.port, code, "true", options=["-b", "127.0.0.2"])
    assert refused.returncode == 255 and "code" not in refused.stderr
    guessed = [json.loads(line) for line in server.ephemeral("events").stdout.splitlines()]
    assert sum(e["times"] for e in guessed if e["event"] == "guessed_at") == 10
    for n in range(3, 7):
        guess(f"127.0.0.{n}")
        guess(f"127.0.0.{n}")
    refused = login(server.port, code, "true")
    assert "locked after too many wrong tries" in refused.stderr
    events = [json.loads(line) for line in server.ephemeral("events").stdout.splitlines()]
    from test_ephemeral_events import documented
    table = documented()
    for kind in ("guessed_at", "locked"):
        assert all(set(e) == table[kind] for e in events if e["event"] == kind)
        assert any(e["event"] == kind for e in events)


# --- codes in the place of a password ---

def type_code(port, code, *command, method="password", program="ssh"):
    """An ordinary ssh, with the code typed by a program that stands in for a person."""
    ask = f"#!/bin/sh\necho '{code}'\n"
    path = f"/tmp/askpass-{os.getpid()}"
    with open(path, "w", encoding="utf-8") as f:
        f.write(ask)
    os.chmod(path, 0o755)
    env = {**os.environ, "SSH_ASKPASS": path, "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "x"}
    done = run([program, "-F", "none", "-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", f"PreferredAuthentications={method}", "-o", "NumberOfPasswordPrompts=1", "-o", "IdentityAgent=none",
                f"{ME}@127.0.0.1", *command], check=False, env=env)
    os.unlink(path)
    return done


@pytest.fixture
def typed(folder):
    with harness.server(folder / "sshd", config="EphemeralCodes interactive\nPerSourcePenalties no") as s:
        yield s


METHODS = ["password"] + (["keyboard-interactive"] if os.path.exists(os.path.join(
    os.path.dirname(__file__), "..", "..", "sshd", "guard_password.c")) else [])


@pytest.mark.parametrize("method", METHODS)
def test_a_code_typed_as_a_password_lets_in_once(typed, method):
    code = make_code(typed, "--options", 'command="echo forced"')
    done = type_code(typed.port, code.lower(), "echo asked", method=method)
    assert (done.stdout, done.returncode) == ("forced\n", 0), done.stderr
    again = type_code(typed.port, code, "true", method=method)
    assert again.returncode == 255 and "this code was for one login and was used up" in again.stderr


def test_a_wrong_code_typed_as_a_password_is_counted_and_denied_like_any_password(typed):
    code = make_code(typed)
    denied = type_code(typed.port, "0000-0000-00000", "true")
    assert denied.returncode == 255 and "code" not in denied.stderr
    guessed = [json.loads(line) for line in typed.ephemeral("events").stdout.splitlines()]
    assert [e["event"] for e in guessed] == ["registered", "guessed_at"]
    # One with a typing error is no code, and costs nothing.
    assert type_code(typed.port, code[:-1] + ("2" if code[-1] != "2" else "3"), "true").returncode == 255
    guessed = [json.loads(line) for line in typed.ephemeral("events").stdout.splitlines()]
    assert len(guessed) == 2
    assert type_code(typed.port, code, "true").returncode == 0


def test_codes_are_typed_only_where_the_config_says_so(server, folder):
    code = make_code(server)
    assert type_code(server.port, code, "true").returncode == 255
    assert login(server.port, code, "true").returncode == 0
    with harness.server(folder / "none", config="EphemeralCodes no") as s:
        refused = s.ephemeral("code", "--user", ME, check=False)
        assert refused.returncode == 1 and "EphemeralCodes" in refused.stderr


# --- connect ---

def connect(server, *args, env=None, strace=None):
    options = server.ssh(key=server.key)[1:-1]
    kept, i = [], 0
    while i < len(options):
        if options[i] != "-p":
            kept += [options[i], options[i + 1]]
        i += 2
    # The registrar's own key comes from a config, as it would for a person.
    config = os.path.join(server.dir, "ssh_config")
    with open(config, "w", encoding="utf-8") as f:
        f.write(f"Match originalhost registrar\n HostName 127.0.0.1\n Port {server.port}\n User {ME}\n IdentityFile {server.key}\n"
                f"Match all\n UserKnownHostsFile {server.known_hosts()}\n GlobalKnownHostsFile /dev/null\n BatchMode yes\n"
                " IdentityAgent none\n HostKeyAlias 127.0.0.1\n CheckHostIP no\n")
    with open(server.known_hosts(), encoding="utf-8") as f:
        text = f.read()
    with open(os.path.join(server.dir, "known_hosts"), "w", encoding="utf-8") as f:
        f.write(text + text.replace(f"[127.0.0.1]:{server.port}", "127.0.0.1"))
    command = [harness.EPHEMERAL, "connect", "-F", config, "--via", "registrar", f"{ME}@127.0.0.1:{server.port}", *args]
    return run([*(strace or []), *command], check=False, env=env)


def test_connect_logs_in_with_a_key_that_is_gone_afterwards(server):
    done = connect(server, "--", "echo", "in")
    assert (done.stdout, done.returncode) == ("in\n", 0), done.stderr
    # The client may be gone before the listener has heard that the session ended.
    wait_until(lambda: json.loads(server.ephemeral("list", "--json").stdout) == [], "the key to be gone")
    events = [json.loads(line)["event"] for line in server.ephemeral("events").stdout.splitlines()]
    assert events[:4] == ["registered", "used", "used_up", "session_started"]
    assert connect(server, "--", "exit 7").returncode == 7


@pytest.mark.skipif(not harness.have("strace"), reason="needs strace")
def test_connect_writes_no_file(server, folder):
    trace = folder / "trace"
    # A sanitizer that looks for leaks cannot do so while it is traced.
    env = {**os.environ, "HOME": str(folder), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    done = connect(server, "--", "true", env=env,
                   strace=["strace", "-f", "-o", str(trace), "-e",
                           "trace=open,openat,creat,rename,renameat,renameat2,link,linkat,symlink,mkdir,mkdirat,mknod,mknodat"])
    assert done.returncode == 0, done.stderr
    with open(trace, encoding="utf-8", errors="replace") as f:
        lines = f.read().splitlines()
    assert any("openat" in line for line in lines)
    writes = [line for line in lines if re.search(r"O_WRONLY|O_RDWR|O_CREAT|creat\(|rename|link|mkdir|mknod", line)
              and "/dev/null" not in line and "/dev/tty" not in line and "/proc/self/fd/" not in line and "ENOENT" not in line]
    assert writes == []


def test_connect_says_why_it_may_not(server):
    refused = connect(server, "--ttl", "400d")
    assert refused.returncode == 1 and "ttl must be" in refused.stderr
    for args in ([], ["host"], ["--via", "x"], ["user@host", "command"]):
        assert run([harness.EPHEMERAL, "connect", *args], check=False).returncode == 2, args


@pytest.mark.parametrize("args", [[], ["code-that-is-none"], ["a", "b", "c"], ["0000-0000-00000"]])
def test_login_without_what_it_needs_is_refused(args):
    assert run([harness.EPHEMERAL, "login", *args], check=False).returncode in (1, 2)
