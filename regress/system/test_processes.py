# SPDX-License-Identifier: ISC
"""Processes and privileges: who runs as what, and what happens when one of them dies."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

import harness
from harness import run, wait_until

SANITIZED = "sanitize" in harness.BINDIR


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def kinds(server, but=()):
    """The processes of the one connection that is open: {kind: pid}, but for some pids."""
    found = {}
    for pid, command in server.children().items():
        if pid in but:
            continue
        if "[wire]" in command and "waiting" not in command:
            found["wire"] = pid
        elif "[priv]" in command:
            found["guard"] = pid
        elif "--session" in command or re.match(r"sshd: \S+@", command):
            found["session"] = pid
    return found


def open_session(server, user=None, program="ssh"):
    p = subprocess.Popen(server.ssh("echo ready; exec cat", key=server.key, user=user, program=program),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"ready\n"
    return p


def test_each_connection_has_its_processes(sshd):
    p = open_session(sshd)
    found = kinds(sshd)
    assert set(found) == {"guard", "wire", "session"}, sshd.children()
    p.stdin.close()
    p.wait(harness.TIMEOUT)
    wait_until(lambda: not kinds(sshd), "the connection's processes to be gone")


def test_processes_that_end_all_at_once_are_all_reaped(folder):
    """Their signals are one signal: who is told of one child only still looks for the others."""
    with harness.server(folder / "s") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        clients = [open_session(s) for _ in range(3)]
        before = {p for p in s.children() if status_of(p)["PPid"] == str(s.process.pid)}
        assert len(before) >= 9, s.children()
        os.kill(s.process.pid, signal.SIGSTOP)
        wait_until(lambda: harness.state(s.process.pid) == "T", "the listener to stand still")
        for pid in before:
            if harness.runs(pid):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(harness.runs(p) for p in before), "all to have ended")
        os.kill(s.process.pid, signal.SIGCONT)
        wait_until(lambda: not any(harness.state(p) for p in before), "all to be reaped")
        for c in clients:
            c.kill()
            c.communicate()
        assert run(s.ssh("true", key=s.key)).returncode == 0


@pytest.mark.skipif(not harness.ROOT, reason="needs root")
@pytest.mark.skipif(SANITIZED, reason="sanitizers need system calls that the filter refuses")
@pytest.mark.parametrize("user", ["alice", "root"])
def test_wire_is_locked_in_before_and_after_login(folder, user):
    with harness.server(folder / "s", config="PermitRootLogin yes") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub", user=user)
        with socket.create_connection(("127.0.0.1", s.port)) as early:
            early.recv(100)
            wire = wait_until(lambda: kinds(s).get("wire"), "wire to have the connection")
            locked_in(wire)
        wait_until(lambda: not kinds(s).get("wire"), "the first connection to end")
        p = open_session(s, user=user)
        found = kinds(s)
        locked_in(found["wire"])
        session = status_of(found["session"])
        uid = "0" if user == "root" else "1001"
        assert session["Uid"].split() == [uid] * 4
        if user == "alice":
            assert session["Gid"].split() == ["1001"] * 4
            assert session["Groups"].split() == ["1001", "2001"]
        p.kill()
        p.wait()


def locked_in(pid):
    wait_until(lambda: status_of(pid)["Seccomp"] == "2", "the filter")
    status = status_of(pid)
    assert status["NoNewPrivs"] == "1"
    uids = set(status["Uid"].split())
    assert len(uids) == 1 and uids != {"0"}
    assert status["Groups"].split() in ([], status["Gid"].split()[:1])
    assert int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0
    # The root of wire is an empty folder, which root may look into.
    assert os.listdir(f"/proc/{pid}/root/") == []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        assert "libnss" not in f.read()


@pytest.mark.skipif(not harness.ROOT, reason="needs root")
def test_two_wires_have_different_uids(folder):
    with harness.server(folder / "s") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        a, b = open_session(s), open_session(s)
        uids = [status_of(pid)["Uid"].split()[0] for pid, c in s.children().items() if "[wire]" in c]
        assert len(set(uids) - {"0"}) == len([u for u in uids if u != "0"])
        for p in (a, b):
            p.kill()
            p.wait()


@pytest.mark.parametrize("kind", ["guard", "wire", "session"])
def test_when_one_process_dies_the_connection_is_gone_and_no_other(sshd, kind):
    other = open_session(sshd)
    others = kinds(sshd).values()
    p = open_session(sshd)
    mine = kinds(sshd, but=others)
    assert set(mine) == {"guard", "wire", "session"}, (mine, sshd.children())
    os.kill(mine[kind], signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in mine.values()), f"the rest after kill -9 of {kind}")
    assert p.wait(harness.TIMEOUT) == 255
    other.stdin.write(b"still here\n")
    other.stdin.flush()
    assert other.stdout.readline() == b"still here\n"
    other.stdin.close()
    assert other.wait(harness.TIMEOUT) == 0
    again = open_session(sshd)
    again.stdin.close()
    assert again.wait(harness.TIMEOUT) == 0


def alive(pid):
    try:
        return status_of(pid)["State"][0] != "Z"
    except OSError:
        return False


def test_the_pool_is_refilled(sshd):
    def spare():
        return [pid for pid, c in sshd.children().items() if "[wire]" in c]
    before = wait_until(spare, "the pool")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: set(spare()) - set(before), "new ones")
    p = open_session(sshd)
    p.stdin.close()
    assert p.wait(harness.TIMEOUT) == 0


def nursery(sshd):
    found = [pid for pid, c in sshd.children().items() if "[nursery]" in c]
    return found[0] if found else None


def test_a_wire_that_crashed_has_no_brothers(sshd):
    """Who crashes a wire to learn its addresses meets other addresses."""
    before = nursery(sshd)
    p = open_session(sshd)
    os.kill(kinds(sshd)["wire"], signal.SIGSEGV)
    sshd.crashes += 1
    assert p.wait(harness.TIMEOUT) == 255
    wait_until(lambda: nursery(sshd) not in (None, before), "another nursery")
    wait_until(lambda: not alive(before), "the end of the old one")
    again = open_session(sshd)
    again.stdin.close()
    assert again.wait(harness.TIMEOUT) == 0


def test_without_its_nursery_the_server_makes_another(sshd):
    p = open_session(sshd)
    before = nursery(sshd)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: not harness.runs(before), "its end")
    for _ in range(4):      # more than there are spares
        again = open_session(sshd)
        again.stdin.close()
        assert again.wait(harness.TIMEOUT) == 0
    p.stdin.write(b"still here\n")
    p.stdin.close()
    assert p.stdout.read() == b"still here\n"
    assert p.wait(harness.TIMEOUT) == 0


def test_a_nursery_that_takes_its_time_is_waited_for(folder):
    """A machine with much to do executes no program within a second; sshd starts on it all the same."""
    slow = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "inject=execveat:delay_exit=1500000"]
    with harness.server(folder / "s", prefix=slow, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}) as s:
        assert "cannot start" not in s.log_text()


def test_a_nursery_has_no_more_than_64_wires(sshd):
    before = nursery(sshd)
    port = int(sshd.port)
    for _ in range(70):
        with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as c:
            assert c.recv(4) == b"SSH-"
    wait_until(lambda: nursery(sshd) not in (None, before), "another nursery")


def test_ending_the_listener_lets_sessions_end_in_their_own_time_or_at_once_but_leaves_none_broken(sshd):
    p = open_session(sshd)
    sshd.process.terminate()
    assert sshd.process.wait(harness.TIMEOUT) == 0
    sshd.wait_log("Received signal 15; terminating.")
    p.stdin.close()
    p.wait(harness.TIMEOUT)


def test_no_nss_no_pam(sshd, folder):
    """strace of sshd, ssh and ssh-keygen shows neither nsswitch.conf nor libnss nor libpam."""
    trace = str(folder / "trace")
    port = harness.free_port()
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"     # cannot be done under strace
    server = subprocess.Popen(["strace", "-D", "-f", "-qq", "-e", "trace=open,openat,connect", "-o", trace, harness.SSHD,
                               "-f", sshd.config_path, "-p", str(port), "-o", "PidFile=none",
                               "-o", f"EphemeralKeySocket={folder}/e.sock", "-D", "-e"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: harness.answers(port), "sshd under strace")
        command = sshd.ssh("echo", "in", key=sshd.key)
        command[command.index("-p") + 1] = str(port)
        command[1:1] = ["-o", "StrictHostKeyChecking=no"]
        done = run(["strace", "-f", "-qq", "-e", "trace=open,openat,connect", "-o", trace + ".ssh", *command])
        assert done.stdout == "in\n"
        run(["strace", "-f", "-qq", "-e", "trace=open,openat,connect", "-o", trace + ".name", harness.SSH, "-F", "none",
             "-o", "BatchMode=yes", "-p", str(port), "localhost", "true"], check=False)
        run(["strace", "-f", "-qq", "-e", "trace=open,openat,connect", "-o", trace + ".keygen", harness.KEYGEN, "-q",
             "-t", "ed25519", "-N", "", "-f", str(folder / "k")])
    finally:
        harness.end(server)
    for name in ("", ".ssh", ".name", ".keygen"):
        with open(trace + name, encoding="utf-8", errors="replace") as f:
            text = f.read()
        assert "openat" in text
        for word in ("nsswitch", "libnss", "libpam", "nscd", "/etc/pam"):
            assert word not in text, (name, word)


def test_identification(sshd):
    with socket.create_connection(("127.0.0.1", sshd.port)) as s:
        assert re.match(rb"SSH-2\.0-Dayfly_[0-9.]+\r\n", s.recv(256))


def test_a_session_that_its_user_has_stopped_ends_with_its_client(sshd):
    p = subprocess.Popen(sshd.ssh("kill -STOP $PPID; echo stopped; exec cat", key=sshd.key), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert p.stdout.readline() == b"stopped\n"
    session = [pid for pid, what in sshd.children().items() if "@notty" in what]
    assert len(session) == 1
    p.kill()
    p.wait()
    try:
        wait_until(lambda: session[0] not in sshd.children(), "the session to be gone")
    finally:
        if session[0] in sshd.children():
            os.kill(session[0], signal.SIGKILL)


@pytest.mark.parametrize("kind", ["[wire]", "[accepted]"])
def test_a_process_that_hangs_before_login_ends_with_login_grace_time(folder, kind):
    with harness.server(folder / "s", config="LoginGraceTime 2\nPerSourcePenalties no") as s:
        wait_until(lambda: not any(what.endswith(("[wire]", "[accepted]")) for what in s.children().values()),
                   "the harness' own to be gone")
        with socket.create_connection(("127.0.0.1", s.port), harness.TIMEOUT) as c:
            assert c.recv(4) == b"SSH-"
            hung = [pid for pid, what in s.children().items() if what.endswith(kind)]
            assert len(hung) == 1
            os.kill(hung[0], signal.SIGSTOP)
            try:
                if kind == "[wire]":
                    wait_until(lambda: hung[0] not in s.children(), "it to be gone")
            finally:
                if hung[0] in s.children():
                    os.kill(hung[0], signal.SIGKILL)
        wait_until(lambda: not any(what.endswith(("[wire]", "[accepted]")) for what in s.children().values()),
                   "the rest to be gone")
        assert harness.answers(s.port)
