# SPDX-License-Identifier: ISC
"""Sources that misbehave: penalties seen and cleared, places kept for others while one floods, time that is up."""
import json
import socket
import time

import paramiko
import pytest

import harness
from harness import run, wait_until

needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root and addresses of its own")


@pytest.fixture
def serve(servers):
    def start(config="", **kwargs):
        return servers(config + "\nListenAddress 0.0.0.0", **kwargs)
    return start


@pytest.fixture
def addresses():
    """Two neighbours that are not loopback's."""
    for a in ("192.0.2.1", "192.0.2.2", "198.51.100.1"):
        run(["ip", "address", "add", f"{a}/32", "dev", "lo"], check=False)
    return "192.0.2.1", "192.0.2.2", "198.51.100.1"


def connect(s, source, timeout=10):
    c = socket.create_connection((source, s.port), timeout, source_address=(source, 0))
    c.settimeout(timeout)
    return c


def greeting(s, source):
    with connect(s, source) as c:
        return c.recv(100)


def listed(s):
    return json.loads(s.ephemeral("penalties", "--json").stdout)


@needs_root
def test_penalties_are_listed_and_cleared(serve, addresses):
    s = serve("PerSourcePenalties noauth:40 min:10\nPerSourcePenalties noauth:1 max:50\n")
    bad, good, other = addresses
    assert listed(s) == [] and s.ephemeral("penalties").stdout == ""
    greeting(s, bad)
    greeting(s, other)
    wait_until(lambda: len(listed(s)) == 2, "two penalties")
    entry = [e for e in listed(s) if e["source"] == bad + "/32"][0]
    assert entry["refused"] is True and 30 <= entry["over_in"] <= 40 and entry["cause"] == "did not attempt authentication"
    assert f"{bad}/32 is refused for " in s.ephemeral("penalties").stdout
    assert greeting(s, bad) == b"Not allowed at this time\r\n"
    assert greeting(s, good).startswith(b"SSH-2.0-")
    s.wait_log(f"drop connection #0 from [{bad}]")
    assert s.ephemeral("penalties", "--clear", bad).stdout == "Cleared 1 source\n"
    assert greeting(s, bad).startswith(b"SSH-2.0-")
    done = s.ephemeral("penalties", "--json", "--clear", "all")
    assert json.loads(done.stdout)["cleared"] >= 1
    done = s.ephemeral("penalties", "--clear", "nonsense", check=False)
    assert done.returncode == 1 and '"nonsense" is not an address' in done.stderr


@needs_root
@pytest.mark.parametrize("what, cause", [
    ("authfail", "failed authentication"), ("invaliduser", "attempted authentication by invalid user"),
    ("noauth", "did not attempt authentication"), ("grace-exceeded", "exceeded LoginGraceTime"),
    ("refuseconnection", "connection prohibited by RefuseConnection")])
def test_each_class_has_its_own_value(serve, addresses, what, cause):
    s = serve(f"LoginGraceTime 1\nPerSourcePenalties authfail:0 invaliduser:0 noauth:0 grace-exceeded:0 refuseconnection:0\n"
              .replace(f"{what}:0", f"{what}:33"), last="Match User bob\n\tRefuseConnection yes\n")
    user = {"invaliduser": "nobody-at-all", "refuseconnection": "bob"}.get(what, "alice")
    with connect(s, addresses[0]) as c:
        if what in ("noauth", "grace-exceeded"):
            c.recv(100)
            if what == "grace-exceeded":
                wait_until(lambda: closed(c), "the end")
        else:
            t = paramiko.Transport(c)
            t.start_client(timeout=20)
            with pytest.raises((paramiko.SSHException, EOFError)):
                t.auth_password(user, "wrong", fallback=False)
            t.close()
    entry = wait_until(lambda: listed(s), "a penalty")[0]
    assert entry["cause"] == cause and entry["over_in"] <= 33
    s.wait_log(f"new {addresses[0]}/32 active penalty of 33.000 seconds for {cause}")


def title(s):
    with open(f"/proc/{s.process.pid}/cmdline", encoding="utf-8") as f:
        return f.read()


def closed(c):
    try:
        return c.recv(65536) == b""
    except OSError:
        return True


@needs_root
def test_exempt_sources_get_none(serve, addresses):
    s = serve(f"PerSourcePenalties noauth:40 min:10\nPerSourcePenaltyExemptList {addresses[0]}/32\n")
    greeting(s, addresses[0])
    greeting(s, addresses[1])
    wait_until(lambda: listed(s), "a penalty")
    assert [e["source"] for e in listed(s)] == [addresses[1] + "/32"]


@needs_root
def test_a_net_block_is_one_source(serve, addresses):
    s = serve("PerSourcePenalties noauth:40 min:10\nPerSourceNetBlockSize 24:64\n")
    greeting(s, addresses[0])
    wait_until(lambda: listed(s), "a penalty")
    assert greeting(s, addresses[1]) == b"Not allowed at this time\r\n"
    assert greeting(s, addresses[2]).startswith(b"SSH-2.0-")


@needs_root
def test_threats_6_one_source_that_holds_all_places_leaves_some_to_others(serve, addresses):
    s = serve("MaxStartups 10\nPerSourceMaxStartups 4\nPerSourcePenalties no\n")
    flood = [connect(s, addresses[0]) for _ in range(12)]
    answers = [c.recv(100) for c in flood]
    assert sum(a.startswith(b"SSH-") for a in answers) == 4
    assert greeting(s, addresses[1]).startswith(b"SSH-2.0-")
    s.wait_log("PerSourceMaxStartups")
    for c in flood:
        c.close()


def test_threats_6_who_floods_all_places_makes_room_for_others_by_default(serve):
    """CVE-2010-5107, without PerSourceMaxStartups: the source that holds most places loses one to whoever holds fewer."""
    s = serve("MaxStartups 8\nPerSourcePenalties no\n")

    def holds(c):
        """Whether the server still talks on it."""
        c.settimeout(0.001)
        try:
            return c.recv(100) != b""
        except socket.timeout:
            return True
        except OSError:
            return False

    def come(source):
        c = socket.create_connection(("127.0.0.1", s.port), harness.TIMEOUT, source_address=(source, 0))
        return (c, c.recv(100).startswith(b"SSH-2.0-"))
    # Whoever saw that it listens has been forgotten.
    wait_until(lambda: " 0 of 8-8 startups" in title(s), "nobody to be starting")
    flood = [come("127.0.0.2") for _ in range(12)]
    assert [ok for _, ok in flood] == [True] * 8 + [False] * 4
    one = come("127.0.0.3")
    assert one[1], "others have room"
    wait_until(lambda: sum(holds(c) for c, ok in flood if ok) == 7, "one of the flood to go")
    s.wait_log("Maxstartups: its source holds the most places")
    # More of the flood changes nothing for others, whose logins go on.
    assert not any(come("127.0.0.2")[1] for _ in range(5))
    assert holds(one[0])
    # A second one gets as much as the first has, and no more.
    others = [come("127.0.0.3") for _ in range(6)]
    assert [ok for _, ok in others] == [True] * 3 + [False] * 3
    wait_until(lambda: sum(holds(c) for c, ok in flood if ok) == 4, "the flood to have its half")
    assert all(holds(c) for c, ok in [one, *others] if ok)
    for c, _ in [one, *flood, *others]:
        c.close()
    wait_until(lambda: come("127.0.0.2")[1], "places again")


@needs_root
def test_max_startups_drops_some_early_and_all_when_full(serve, addresses):
    s = serve("MaxStartups 5:50:20\nPerSourcePenalties no\n")
    held, dropped = [], 0
    for _ in range(60):
        c = connect(s, addresses[0])
        if c.recv(100).startswith(b"SSH-"):
            held.append(c)
        else:
            dropped += 1
            c.close()
    assert 5 <= len(held) <= 20 and dropped >= 40
    s.wait_log("Maxstartups")
    for c in held:
        c.close()
    wait_until(lambda: greeting(s, addresses[1]).startswith(b"SSH-"), "a place")


def test_threats_6_a_dripping_client_has_no_more_time(serve):
    """One byte now and then does not move the end of LoginGraceTime."""
    s = serve("LoginGraceTime 2\nPerSourcePenalties no\n")
    began = time.monotonic()
    with connect(s, "127.0.0.1") as c:
        c.settimeout(0.1)
        gone, rest = False, b"SSH-2.0-a_name_that_takes_its_time" + b"x" * 200
        while not gone and time.monotonic() - began < harness.TIMEOUT:
            try:
                c.send(rest[:1])
                rest = rest[1:]
                gone = c.recv(4096) == b""
            except socket.timeout:
                pass
            except OSError:
                gone = True
        assert gone and time.monotonic() - began >= 1.5
    wait_until(lambda: "Timeout before authentication" in s.log_text() or "banner exchange" in s.log_text(), "the log")
