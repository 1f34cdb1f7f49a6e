# SPDX-License-Identifier: ISC
"""Who may register keys: accounts of this machine, and clients that log in from elsewhere."""
import json
import os
import struct
import subprocess

import pytest

import harness
from harness import run

ME = harness.login_user()


def fingerprint(key):
    return run(["ssh-keygen", "-lf", key + ".pub"]).stdout.split()[1]


def remote(server, *args, key=None, check=True, ssh=None):
    """ssh-ephemeral through ssh to the server's subsystem."""
    options = []
    for word in server.ssh(key=key or server.key)[1:-1]:
        options.append(word)
    command = [harness.EPHEMERAL, args[0], "--host", f"{ME}@127.0.0.1:{server.port}"]
    if ssh:
        command += ["--ssh", ssh]
    i = 0
    while i < len(options):         # -F none -o X -i KEY; the port comes with the host
        if options[i] != "-p":
            command += [options[i], options[i + 1]]
        i += 2
    return run([*command, *args[1:]], check=check)


@pytest.fixture
def start(servers):
    def serve(registrars):
        s = servers(f"EphemeralKeyRegistrars {registrars}\nPerSourcePenalties no")
        s.make_key()
        s.guest = harness.make_key(os.path.join(s.dir, "guest"))
        return s
    return serve


@pytest.mark.parametrize("program", [None, "ssh"])
def test_a_registrar_adds_lists_extends_and_revokes_from_elsewhere(start, program):
    s = start(f"{ME}:users=*,ssh=any")
    added = json.loads(remote(s, "add", "--user", ME, "--once", "--json", s.guest + ".pub", ssh=program).stdout)
    assert added["registrar"] == f"{ME} {fingerprint(s.key)}"
    listed = json.loads(remote(s, "list", "--json", ssh=program).stdout)
    assert [e["id"] for e in listed] == [added["id"]]
    remote(s, "extend", added["id"], "--ttl", "10m", ssh=program)
    assert json.loads(s.ephemeral("list", "--json").stdout)[0]["expires_in"] > 500
    assert run(s.ssh("echo in", key=s.guest)).stdout == "in\n"
    refused = remote(s, "revoke", added["id"], ssh=program, check=False)
    assert refused.returncode == 1 and "used up" in refused.stderr
    s.wait_log("registers ephemeral keys from 127.0.0.1")
    s.wait_log(f"by {ME} {fingerprint(s.key)}")


def test_events_come_from_elsewhere_too(start):
    s = start(f"{ME}:users=*,ssh=any")
    remote(s, "add", "--user", ME, s.guest + ".pub")
    s.ephemeral("add", "--user", ME, s.key + ".pub")       # somebody else's
    seen = [json.loads(line) for line in remote(s, "events").stdout.splitlines()]
    assert [e["event"] for e in seen] == ["registered"]
    assert seen[0]["fingerprint"] == fingerprint(s.guest)


def test_only_the_keys_that_the_config_names_may(start, folder):
    s = start("nobody:ssh=any")
    other = harness.make_key(folder / "other")
    s.authorize(other + ".pub")
    with open(s.config_path, encoding="utf-8") as f:
        text = f.read()
    with open(s.config_path, "w", encoding="utf-8") as f:
        f.write(text.replace("nobody:ssh=any", f"{ME}:users={ME},ssh={fingerprint(s.key)}"))
    s.process.send_signal(1)
    harness.wait_until(lambda: "reloading" in s.log_text(), "the reload")
    refused = remote(s, "list", key=other, check=False)
    assert refused.returncode == 3
    assert "you may not register keys here" in refused.stderr
    assert remote(s, "list").returncode == 0


def test_who_is_not_named_gets_no_service(start):
    s = start(f"{ME}:users=*")      # on this machine only
    refused = remote(s, "add", "--user", ME, s.guest + ".pub", check=False)
    assert refused.returncode == 3
    assert "you may not register keys here" in refused.stderr


def test_a_key_with_a_forced_command_gets_no_subsystem(start, folder):
    s = start(f"{ME}:users=*,ssh=any")
    forced = harness.make_key(folder / "forced")
    s.authorize(forced + ".pub", options='command="echo no"')
    refused = remote(s, "list", key=forced, check=False)
    assert refused.returncode == 3


@pytest.mark.parametrize("rights, args, says", [
    ("max-ttl=2m", ["--ttl", "3m"], "120 seconds"),
    ("max-ttl=2m", ["--grace", "3m"], "120 seconds"),
    ("max-uses=3", ["--uses", "4"], "3 uses"),
    ("max-session=1h", ["--session", "2h"], "3600 seconds"),
    ("max-session=1m", ["--ttl", "2m", "--session", "grant"], "60 seconds"),
    ("permit=pty", ["--options", "port-forwarding"], "restrict,pty"),
    ("permit=none", ["--options", "restrict,pty"], "\"restrict\""),
    ("permit=pty|port-forwarding", ["--options", "restrict,agent-forwarding"], "restrict,pty,port-forwarding"),
    ("users=somebody-else", [], "may not register keys for"),
])
def test_what_a_registrar_may_hand_out_is_limited(start, rights, args, says):
    rights += "" if "users" in rights else ",users=*"
    s = start(f"{ME}:{rights},ssh=any")
    refused = remote(s, "add", "--user", ME, *args, s.guest + ".pub", check=False)
    assert refused.returncode == 1
    assert says in refused.stderr
    assert json.loads(s.ephemeral("list", "--json").stdout) == []


@pytest.mark.skipif(not harness.ROOT, reason="needs more accounts")
def test_quotas_hold_for_who_registers_from_elsewhere(start, folder):
    """Of the registrar, of the user, of the table: each says what is full, and nobody is evicted."""
    s = start(f"{ME}:users=*,ssh=any\nEphemeralKeyLimits 4:3:2")
    keys = [harness.make_key(folder / f"k{i}") + ".pub" for i in range(6)]
    remote(s, "add", "--user", ME, keys[0])
    remote(s, "add", "--user", ME, keys[1])
    full = remote(s, "add", "--user", "bob", keys[2], check=False)
    assert full.returncode == 1 and f"{fingerprint(s.key)} has registered 2 keys already" in full.stderr
    s.ephemeral("add", "--user", ME, keys[2])       # another registrar: the server's own account
    full = s.ephemeral("add", "--user", ME, keys[3], check=False)
    assert full.returncode == 1 and f"full: {ME} has 3 keys already" in full.stderr
    [one, *_] = [e for e in json.loads(remote(s, "list", "--json").stdout)]
    remote(s, "revoke", one["id"])                  # what is taken back counts no more
    remote(s, "add", "--user", "bob", keys[3])
    s.ephemeral("add", "--user", "bob", keys[4])
    full = s.ephemeral("add", "--user", "carol", keys[5], check=False)
    assert full.returncode == 1 and "full: the table holds 4 keys already" in full.stderr
    remote(s, "revoke", "all")
    remote(s, "add", "--user", ME, "--user", "bob", keys[0])
    live = [e for e in json.loads(s.ephemeral("list", "--json").stdout) if e["state"] == "live"]
    assert sorted(e["user"] for e in live) == sorted([ME, ME, "bob", "bob"])


def test_what_was_not_asked_for_is_cut_to_what_the_registrar_may_have(start):
    s = start(f"{ME}:users=*,ssh=any,max-ttl=30s,max-uses=2,max-session=1h,permit=pty")
    e = json.loads(remote(s, "add", "--user", ME, "--json", s.guest + ".pub").stdout)
    assert e["expires_in"] <= 30 and e["uses"] == 2 and e["options"] == "restrict,pty"
    assert e["session"] == "length" and e["session_length"] == 3600
    assert run(s.ssh("echo in", key=s.guest)).stdout == "in\n"
    ok = json.loads(remote(s, "add", "--user", ME, "--json", "--options", "restrict", s.guest + ".pub").stdout)
    assert ok["options"] == "restrict"


@pytest.mark.skipif(not harness.ROOT, reason="becomes another account")
def test_another_account_of_this_machine_registers_for_whom_it_may(start):
    s = start("bob:users=alice|app*,max-ttl=2m")
    as_bob = ["setpriv", "--reuid=bob", "--regid=bob", "--init-groups", "--", harness.EPHEMERAL]
    os.chmod(s.guest + ".pub", 0o644)
    ok = run([*as_bob, "add", "--socket", s.socket, "--user", "alice", "--json", s.guest + ".pub"])
    assert json.loads(ok.stdout)["registrar"] == "bob"
    for user, says in (("root", "EphemeralKeyRegistrars"), ("bob", "EphemeralKeyRegistrars")):
        refused = run([*as_bob, "add", "--socket", s.socket, "--user", user, s.guest + ".pub"], check=False)
        assert refused.returncode == 1 and says in refused.stderr
    carol = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--", harness.EPHEMERAL]
    refused = run([*carol, "list", "--socket", s.socket], check=False)
    assert refused.returncode == 1 and "you may not register keys here" in refused.stderr


def frames(data):
    while data:
        n, = struct.unpack(">I", data[:4])
        yield data[4:4 + n]
        data = data[4 + n:]


def test_any_ssh_can_speak_the_documented_protocol(start):
    """By hand, as docs/PROTOCOL.md has it."""
    s = start(f"{ME}:users=*,ssh=any")
    def string(b):
        return struct.pack(">I", len(b)) + b
    info = struct.pack(">II", 0, 1)
    blob = __import__("base64").b64decode(open(s.guest + ".pub", encoding="ascii").read().split()[1])
    add = (struct.pack(">I", 1) + string(ME.encode()) + string(blob) + struct.pack(">QIQ", 60000, 1, 0) + string(b"") +
           string(b"restrict") + struct.pack(">IQ", 0, 0) + string(b"by hand") + string(b""))
    listing = struct.pack(">IQ", 2, 0) + string(b"") + string(b"") + b"\1"
    command = s.ssh(key=s.key, program="ssh")
    done = run([*command[:-1], "-s", command[-1], "ephemeral"], text=False, input=string(info) + string(add) + string(listing))
    answers = list(frames(done.stdout))
    assert [struct.unpack(">I", a[:4])[0] for a in answers] == [1, 2, 3, 2, 3]
    assert b"by hand" in answers[1]


@pytest.mark.parametrize("bad", [b"\xff\xff\xff\xff", b"\0\0\0\4\0\0\0\x63", b"\0\0\0\0", b"\0\0\0\5\0\0\0\1x",
                                 b"\0\2\0\1" + b"x" * 9, b"\x80\x01\xfe" * 999], ids=range(6))
def test_bad_messages_end_the_channel_and_nothing_else(start, bad):
    s = start(f"{ME}:users=*,ssh=any")
    command = s.ssh(key=s.key, program="ssh")
    done = run([*command[:-1], "-s", command[-1], "ephemeral"], text=False, input=bad, check=False)
    assert done.stdout == b""
    assert remote(s, "list").returncode == 0


def test_a_relay_ends_with_its_connection(start):
    s = start(f"{ME}:users=*,ssh=any")
    command = s.ssh(key=s.key, program="ssh")
    p = subprocess.Popen([*command[:-1], "-s", command[-1], "ephemeral"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    before = None
    try:
        p.stdin.write(struct.pack(">III", 8, 0, 1))
        p.stdin.flush()
        assert p.stdout.read(4)
        before = len(s.children())
    finally:
        p.kill()
        p.wait()
    harness.wait_until(lambda: len(s.children()) < before - 1, "its processes to end")
