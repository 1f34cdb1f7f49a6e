# SPDX-License-Identifier: ISC
"""Events of ephemeral keys: what docs/EPHEMERAL.md says of each is what is told."""
import json
import os
import re
import select
import signal
import subprocess
import time

import pytest

import harness
from harness import run, wait_until

DOC = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "EPHEMERAL.md")
COMMON = {"time", "event"}
OF_KEYS = COMMON | {"id", "user", "key_type", "fingerprint", "registrar", "comment"}
OF_SESSIONS = COMMON | {"id", "user", "registrar", "source", "number"}


def documented():
    """{event: its fields}, out of the table in the manual."""
    rows = {}
    with open(DOC, encoding="utf-8") as f:
        for line in f:
            m = re.match(r"\| `(\w+)` \| [^|]*\| ([^|]*)\|$", line)
            if m:
                fields = re.sub(r"\([^)]*\)", "", m.group(2))
                own = set(re.findall(r"`(\w+)`", fields))
                base = COMMON if m.group(1) == "not_registered" else (
                    OF_SESSIONS if m.group(1).startswith("session_") else OF_KEYS)
                rows[m.group(1)] = base | own
    return rows


def events(server, *args):
    return [json.loads(line) for line in server.ephemeral("events", *args).stdout.splitlines()]


def of_kind(server, kind):
    return [e for e in events(server) if e["event"] == kind]


@pytest.fixture
def server(folder):
    with harness.server(folder / "sshd", config=f"EphemeralKeyEventLog {folder}/sshd/events\nPerSourcePenalties no") as s:
        s.key = harness.make_key(folder / "id")
        s.other = harness.make_key(folder / "other")
        yield s


def add(server, key, *args, check=True):
    return server.ephemeral("add", "--user", harness.login_user(), *args, "--json", key + ".pub", check=check)


def fingerprint(key):
    return run(["ssh-keygen", "-lf", key + ".pub"]).stdout.split()[1]


def login(server, key, command="true", **kwargs):
    return run(server.ssh(command, key=key, **kwargs), check=False)


def test_every_documented_event_occurs_with_the_documented_fields(server):
    me = harness.login_user()
    add(server, server.key, "--once", "--comment", "one")
    assert login(server, server.key).returncode == 0                      # registered used used_up session_*
    assert login(server, server.key).returncode == 255                    # refused
    granted = json.loads(add(server, server.other, "--session", "11s", "--ttl", "60", "--comment", "two").stdout)
    server.ephemeral("extend", granted["id"], "--ttl", "100")             # extended
    done = run(server.ssh("sleep 30", key=server.other, tty=True), check=False)
    assert done.returncode == 255                                         # session_warned
    server.ephemeral("revoke", "all")                                     # revoked
    add(server, server.key, "--ttl", "1")
    add(server, server.key, "--ttl", "400d", check=False)                 # not_registered
    wait_until(lambda: of_kind(server, "expired"), "the key to expire")
    wait_until(lambda: len(of_kind(server, "session_ended")) == 2, "both sessions to have ended")
    seen = {}
    for event in events(server):
        seen.setdefault(event["event"], []).append(event)
    table = documented()
    assert len(table) == 13
    for kind in set(table) - {"guessed_at", "locked"}:
        assert kind in seen, f"{kind} did not occur"
        for event in seen[kind]:
            assert set(event) == table[kind], kind
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    assert set(seen) <= set(table)
    assert seen["registered"][0]["user"] == me and seen["registered"][0]["uses"] == 1
    assert seen["registered"][0]["comment"] == "one" and seen["registered"][0]["code"] is False
    assert seen["used"][0]["source"] == "127.0.0.1"
    assert seen["refused"][0]["reason"] == "used up"
    assert {e["reason"] for e in seen["session_ended"]} == {"closed", "time over"}
    assert [e["seconds"] for e in seen["session_warned"]] == [10]
    assert "ttl" in seen["not_registered"][0]["reason"]
    order = [e["event"] for e in events(server)]
    assert order[:5] == ["registered", "used", "used_up", "session_started", "session_ended"]


def test_the_file_has_the_same_lines_and_survives_rotation(server, folder):
    path = f"{folder}/sshd/events"
    add(server, server.key)
    with open(path, encoding="utf-8") as f:
        assert [json.loads(line) for line in f] == events(server)
    assert os.stat(path).st_mode & 0o777 == 0o600
    os.rename(path, path + ".1")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: os.path.exists(path), "a new file")
    server.ephemeral("revoke", "all")
    with open(path, encoding="utf-8") as f:
        assert [json.loads(line)["event"] for line in f] == ["revoked"]


def test_followers_are_told_as_it_happens(server):
    add(server, server.key)
    follower = subprocess.Popen([harness.EPHEMERAL, "events", "--socket", server.socket, "--follow", "--new"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    old = subprocess.Popen([harness.EPHEMERAL, "events", "--socket", server.socket, "--follow"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert json.loads(old.stdout.readline())["event"] == "registered"
        # Once it follows it is told, and not of what was before.
        wait_until(lambda: add(server, server.other) and select.select([follower.stdout], [], [], 0.1)[0], "a follower")
        first = json.loads(follower.stdout.readline())
        assert (first["event"], first["fingerprint"]) == ("registered", fingerprint(server.other))
        before = events(server)
        registered = [e for e in before if e["event"] == "registered"]
        server.ephemeral("revoke", "all")
        told = events(server)
        assert [e["event"] for e in told[len(before):]] == ["revoked"] * len(registered)
        at = told.index(first)
        assert [json.loads(follower.stdout.readline()) for _ in told[at + 1:]] == told[at + 1:]
        assert [json.loads(old.stdout.readline()) for _ in told[1:]] == told[1:]
        server.process.send_signal(signal.SIGHUP)
        add(server, server.key)
        assert json.loads(follower.stdout.readline())["event"] == "registered"
    finally:
        for p in (follower, old):
            p.kill()
            p.wait()


def test_a_follower_that_does_not_read_costs_nobody_anything(server):
    follower = subprocess.Popen([harness.EPHEMERAL, "events", "--socket", server.socket, "--follow"],
                                stdout=subprocess.PIPE, text=True)
    try:
        add(server, server.key)
        assert json.loads(follower.stdout.readline())["event"] == "registered"
        os.kill(follower.pid, signal.SIGSTOP)
        for _ in range(40):
            add(server, server.key, "--ttl", "400d", "--comment", "x" * 200, check=False)
        assert login(server, server.key).returncode == 0
        os.kill(follower.pid, signal.SIGCONT)
        kinds = [json.loads(follower.stdout.readline())["event"] for _ in range(42)]
        assert kinds == ["not_registered"] * 40 + ["used", "session_started"]
    finally:
        follower.kill()
        follower.wait()


def test_revoking_with_kill_is_the_reason_of_the_end(server):
    add(server, server.key)
    p = subprocess.Popen(server.ssh("echo in; exec sleep 100", key=server.key), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert p.stdout.readline() == b"in\n"
    server.ephemeral("revoke", "all", "--kill")
    p.wait(harness.TIMEOUT)
    ended = wait_until(lambda: of_kind(server, "session_ended"), "the end of the session")
    assert ended[0]["reason"] == "revoked"
