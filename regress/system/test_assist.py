# SPDX-License-Identifier: ISC
"""ssh-ephemeral assist: a device lets somebody in through a relay, for a while. And names on the relay (ForwardingNames)."""
import glob
import json
import os
import signal
import subprocess
import threading

import pexpect
import pytest

import harness
from harness import run, wait_until

ME = harness.login_user()

# Names are the account's, whichever of its relays on this machine: each test process has its own.
DEVICE, OTHER = (f"kiosk-{os.urandom(4).hex()}" for _ in range(2))

# As in docs/EPHEMERAL.md, but for whose account it is.
RELAY = """ForwardingNames yes
PermitTTY no
ForceCommand /bin/false
PermitTunnel no
PerSourcePenalties no"""


class Relay(harness.Server):
    """A relay, the keys of two devices and that of an engineer."""

    def __init__(self, folder, config=RELAY, names=(DEVICE, OTHER), more=""):
        super().__init__(folder / "relay", config=config)
        self.keys = {name: harness.make_key(folder / name) for name in (*names, "engineer")}
        for name, key in self.keys.items():
            listen = "" if name == "engineer" else f',permitlisten="{name}:22"' + more
            self.authorize(key + ".pub", options="restrict,port-forwarding" + listen)

    def options(self, who, port=None):
        """What somebody's ssh needs to log in here."""
        return ["-F", "none", "-i", self.keys[who], "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
                "-o", f"UserKnownHostsFile={self.known_hosts()}", "-o", "GlobalKnownHostsFile=/dev/null", "-p", str(port or self.port)]

    def listen(self, who, name, target):
        """A device's ssh without assist."""
        return subprocess.Popen([harness.SSH, *self.options(who), "-N", "-o", "ExitOnForwardFailure=yes", "-R", f"{name}:22:{target}",
                                 f"{ME}@127.0.0.1"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def reach(self, name, who="engineer", port=22):
        """What an ssh of the engineer hears from there."""
        return run([harness.SSH, *self.options(who), "-W", f"{name}:{port}", f"{ME}@127.0.0.1"], check=False, stdin=subprocess.DEVNULL)


class Assist:
    """A run of assist, and its lines of JSON."""

    def __init__(self, relay, *args, prefix=(), who=DEVICE, at="127.0.0.1", env=None):
        self.process = subprocess.Popen([*prefix, harness.EPHEMERAL, "assist", "--json", "--relay", f"{ME}@{at}", "--device", who, "--user", ME,
                                         *args, *relay.options(who)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=env)
        self.states, self.words = [], []
        self.readers = [threading.Thread(target=self.read, args=of, daemon=True) for of in ((self.process.stdout, self.states),
                                                                                            (self.process.stderr, self.words))]
        for reader in self.readers:
            reader.start()

    def read(self, stream, to):
        for line in stream:
            to.append(json.loads(line) if to is self.states else line)

    def wait(self, state, since=0):
        wait_until(lambda: any(s["state"] == state for s in self.states[since:]) or self.process.poll() is not None,
                   f"the state {state}")
        if self.process.poll() is not None:     # what it said last may not be read yet
            for reader in self.readers:
                reader.join(harness.TIMEOUT)
        found = [s for s in self.states[since:] if s["state"] == state]
        assert found, (self.states, "".join(self.words))
        return found[-1]

    def end(self, signo=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signo)
        self.process.wait(harness.TIMEOUT)


def login(relay, code, *command, name=DEVICE, user=ME, at="127.0.0.1", prefix=(), **kwargs):
    return run([*prefix, harness.EPHEMERAL, "login", code, "--user", user, *relay.options("engineer"), f"{name}@{ME}@{at}", "--",
                *command], check=False, **kwargs)


@pytest.fixture
def relay(folder):
    r = Relay(folder)
    yield r
    r.stop()


@pytest.fixture
def device(folder):
    with harness.server(folder / "device", config="PasswordAuthentication no\nEphemeralKeyMaxTTL 1d") as s:
        yield s


@pytest.fixture
def assist(relay, device):
    a = Assist(relay, "--socket", device.socket, "--to", f"127.0.0.1:{device.port}")
    yield a
    a.end()


def test_an_engineer_gets_in_by_code_and_name_and_the_device_shows_it(relay, device, assist):
    first = assist.wait("waiting")
    assert first["relay_fingerprint"].startswith("SHA256:") and first["code"].startswith("R-")
    assert first["ready"] is True and 7000 < first["ends_in"] <= 7200 and first["sessions"] == 0
    assert first["login"].split()[:3] == ["ssh-ephemeral", "login", first["code"]]
    with subprocess.Popen([harness.EPHEMERAL, *first["login"].split()[1:], *relay.options("engineer"), "--", "cat"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        session.stdin.write("hello\n")
        session.stdin.flush()
        assert session.stdout.readline() == "hello\n"
        seen = assist.wait("connected")
        assert (seen["sessions"], seen["source"]) == (1, "127.0.0.1")
        n = len(assist.states)
        session.stdin.close()
        assert session.wait(harness.TIMEOUT) == 0
    after = assist.wait("waiting", n)
    assert after["sessions"] == 0 and after["code"] not in ("", first["code"])
    used = login(relay, first["code"], "true")
    assert used.returncode == 255 and "was used up" in used.stderr
    assert login(relay, after["code"], "echo in").stdout == "in\n"
    relay.wait_log(f"to the name {DEVICE} port 22 of {ME}")


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_sessions_codes_and_line_and_leaves_nothing(relay, device, assist, signo):
    code = assist.wait("waiting")["code"]
    with subprocess.Popen([harness.EPHEMERAL, "login", code, "--user", ME, *relay.options("engineer"), f"{DEVICE}@{ME}@127.0.0.1", "--",
                           "echo in; sleep 1000"], stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout.readline() == "in\n"
        last = assist.wait("code_used")["code"]
        assist.wait("connected")
        assist.end(signo)
        assert assist.process.returncode == 128 + signo
        assert session.wait(harness.TIMEOUT) == 255
    ended = assist.wait("ended")
    assert (ended["code"], ended["sessions"], ended["ends_in"], ended["reason"]) == ("", 0, 0, "stopped on the device")
    assert [g for g in json.loads(device.ephemeral("list", "--json").stdout) if g["state"] == "live"] == []
    wait_until(lambda: relay.reach(DEVICE).returncode == 255, "the name to be gone")
    refused = login(relay, last, "true")
    assert refused.returncode == 255 and "nobody of that name is connected" in refused.stderr


def test_the_end_of_the_time_ends_the_session_too(relay, device):
    a = Assist(relay, "--socket", device.socket, "--to", f"127.0.0.1:{device.port}", "--ttl", "4s")
    try:
        code = a.wait("waiting")["code"]
        done = login(relay, code, "echo in; sleep 1000", timeout=30)
        assert (done.returncode, done.stdout) == (255, "in\n"), done.stderr
        a.process.wait(harness.TIMEOUT)
        assert a.wait("ended")["reason"] == "the time is over", a.words
        assert a.process.returncode == 0
    finally:
        a.end()


def test_without_a_sshd_on_the_device_a_throwaway_one_takes_the_code(relay, folder):
    env = {**os.environ, "TMPDIR": str(folder)}
    a = Assist(relay, "--throwaway", env=env)
    try:
        code = a.wait("waiting")["code"]
        assert login(relay, code, "echo in").stdout == "in\n"
        a.wait("code_used")
    finally:
        a.end()
    assert a.process.returncode == 128 + signal.SIGTERM
    assert glob.glob(str(folder / "dayfly-loopback-*")) == []


def test_a_public_port_is_opened_when_it_is_asked_for_and_allowed(folder, device):
    """Direct to the port, without the relay's account; and the code is that of the name."""
    port = harness.free_port()
    r = Relay(folder, config=RELAY + "\nGatewayPorts clientspecified", more=f',permitlisten="*:{port}"')
    a = Assist(r, "--socket", device.socket, "--to", f"127.0.0.1:{device.port}", "--port", str(port), "--from", "127.0.0.0/8")
    try:
        code = a.wait("waiting")["code"]
        wait_until(lambda: harness.answers(port), "the port")
        done = run([harness.EPHEMERAL, "login", code[2:], "-F", "none", f"{ME}@127.0.0.1:{port}", "--", "echo in"], check=False)
        assert (done.stdout, done.returncode) == ("in\n", 0), done.stderr
    finally:
        a.end()
        r.stop()


def test_who_comes_from_elsewhere_is_refused_by_the_device(relay, device):
    a = Assist(relay, "--socket", device.socket, "--to", f"127.0.0.1:{device.port}", "--from", "192.0.2.0/24")
    try:
        code = a.wait("waiting")["code"]
        assert login(relay, code, "true").returncode == 255
        wait_until(lambda: any("refused: not in GatewaySources" in w for w in a.words), "the device to say so")
    finally:
        a.end()


def test_a_relay_that_does_not_let_the_device_have_its_name_is_said(relay, device):
    done = run([harness.EPHEMERAL, "assist", "--relay", f"{ME}@127.0.0.1", "--device", OTHER, "--socket", device.socket,
                *relay.options(DEVICE)], check=False)
    assert done.returncode == 3
    assert "does not let the device listen under its name" in done.stdout
    relay.wait_log("tcpip-forward of")
    assert json.loads(device.ephemeral("list", "--json").stdout) == []


def test_on_a_terminal_the_time_runs_down_and_ctrl_c_ends_it(relay, device):
    child = pexpect.spawn(harness.EPHEMERAL, ["assist", "--relay", f"{ME}@127.0.0.1", "--device", DEVICE, "--user", ME, "--ttl", "100s",
                                              "--socket", device.socket, "--to", f"127.0.0.1:{device.port}", *relay.options(DEVICE)],
                          timeout=harness.TIMEOUT, encoding="utf-8")
    try:
        child.expect_exact("Connecting to the relay.\r\n")
        child.expect_exact("left, 0 connected, no line to the relay ")
        child.expect(r"Code +(R-[-\w]+)\r\n")
        code = child.match[1]
        child.expect_exact("or with Ctrl-C\r\n")
        left = []
        while len(left) < 3:
            child.expect(r"\r\x1b\[K([0-9ms ]+) left, 0 connected ")
            left.append(child.match[1])
        # Each is written over the one before; nothing else happens meanwhile.
        assert child.before == "" and len(set(left)) > 1, left
        assert login(relay, code, "true").returncode == 0
        child.expect_exact("The code was used.\r\n")
        child.sendcontrol("c")
        child.expect_exact("Ended: stopped on the device. Nobody can log in any more.\r\n")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 128 + signal.SIGINT
    finally:
        child.close(force=True)


def test_what_a_relay_says_does_not_pass_for_the_log(folder, device):
    """Its words are shown; a fingerprint, a caller and the state of the line are ssh's to tell."""
    (folder / "banner").write_text("Welcome, device.\ndebug1: Server host key: ssh-ed25519 SHA256:made-up\n"
                                   "debug1: client_request_forwarded_tcpip: originator 192.0.2.9\n"
                                   f"{'x' * 5000}debug1: Server host key: ssh-ed25519 SHA256:tail\n"
                                   "Connection to relay: trying again in 1.0 s.\nThat was all.\n")
    r = Relay(folder, config=RELAY + f"\nBanner {folder}/banner")
    a = Assist(r, "--socket", device.socket, "--to", f"127.0.0.1:{device.port}")
    try:
        first = a.wait("waiting")
        assert first["relay_fingerprint"] == run(["ssh-keygen", "-lf", f"{r.dir}/host_ed25519.pub"]).stdout.split()[1]
        wait_until(lambda: "That was all.\n" in a.words, "the banner")
        assert a.words[0] == "Welcome, device.\n" and "debug1: Server host key: ssh-ed25519 SHA256:made-up\n" in a.words
        assert login(r, first["code"], "echo in").stdout == "in\n"
        assert a.wait("connected")["source"] == "127.0.0.1"
        assert [s["state"] for s in a.states if s["state"] == "lost"] == []
    finally:
        a.end()
        r.stop()


@pytest.mark.parametrize("args, says", [
    ([], "--relay [USER@]HOST is needed"), (["--relay", "x", "--device", "a b"], "is no name"),
    (["--relay", "x", "--ttl", "soon"], "is not a time"), (["--relay", "x", "--port", "0"], "is no port"),
    (["--relay", "x", "--from", "10/99"], "not a list of networks"), (["--relay", "x", "more"], "takes no argument"),
    (["--relay", "x", "--throwaway", "--socket", "/s"], "name two servers"), (["--relay", "x", "-q"], "-q would hide the line"),
    (["-f", "--relay", "x"], "-f would hide the line"), (["-W", "a:1", "--relay", "x"], "-W would hide the line")])
def test_what_assist_cannot_mean_is_refused(args, says):
    done = run([harness.EPHEMERAL, "assist", *args], check=False)
    assert done.returncode == 2 and says in done.stderr


@pytest.mark.parametrize("args, says", [
    (["R-0000-0000-00000", "host"], "needs DEVICE@"), (["0000-0000-00000", "--user", "x", "a@b"], "behind a relay")])
def test_a_login_that_does_not_fit_its_code_is_refused(args, says):
    done = run([harness.EPHEMERAL, "login", *args], check=False)
    assert done.returncode == 2 and says in done.stderr


# --- names ---

@pytest.fixture
def banners():
    """Something that says who it is."""
    import socket
    made = []

    def make(text):
        listener = socket.create_server(("127.0.0.1", 0))
        made.append(listener)

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.sendall(text.encode())
                connection.close()
        threading.Thread(target=serve, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"
    yield make
    for listener in made:
        listener.close()


def test_a_newer_connection_of_the_same_key_takes_the_name_over_and_another_key_does_not(relay, banners):
    clients = [relay.listen(DEVICE, DEVICE, banners("first\n"))]
    try:
        wait_until(lambda: relay.reach(DEVICE).stdout == "first\n", "the name")
        stranger = relay.listen(OTHER, DEVICE, banners("stranger\n"))
        assert stranger.wait(harness.TIMEOUT) == 255
        # One that may have the name, but is somebody else, has to wait until it is free.
        with open(relay.keys[OTHER] + ".pub", encoding="utf-8") as f:
            other = f.read()
        path = os.path.join(relay.dir, f"authorized_keys.{ME}")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'restrict,port-forwarding,permitlisten="{DEVICE}:22" {other}' + text)
        assert relay.listen(OTHER, DEVICE, banners("stranger\n")).wait(harness.TIMEOUT) == 255
        assert relay.reach(DEVICE).stdout == "first\n"
        clients.append(relay.listen(DEVICE, DEVICE, banners("second\n")))
        wait_until(lambda: relay.reach(DEVICE).stdout == "second\n", "the name to be taken over")
        relay.wait_log(f"port 22 of {DEVICE} goes to another connection of")
    finally:
        for c in clients:
            harness.end(c)
    wait_until(lambda: "nobody of that name" in relay.reach(DEVICE).stderr, "the name to be free")


def test_on_a_relay_names_are_all_that_can_be_connected_to_or_listened_on(relay, banners):
    client = relay.listen(DEVICE, DEVICE, banners("device\n"))
    try:
        wait_until(lambda: relay.reach(DEVICE).stdout == "device\n", "the name")
        for host, port in (("127.0.0.1", relay.port), ("localhost", relay.port), (DEVICE, 23), (OTHER, 22)):
            assert relay.reach(host, port=port).returncode == 255, host
        # A device reaches nobody, and an engineer takes no name and no port.
        assert relay.reach(DEVICE, who=OTHER).returncode == 255
        for name in ("engineer", "127.0.0.1", "localhost"):
            assert relay.listen("engineer", name, "127.0.0.1:1").wait(harness.TIMEOUT) == 255, name
        assert "/bin/false" not in run([harness.SSH, *relay.options("engineer"), f"{ME}@127.0.0.1", "echo in"], check=False).stdout
    finally:
        harness.end(client)


def test_without_forwarding_names_a_name_is_no_place_to_listen(folder, banners):
    r = Relay(folder, config="PerSourcePenalties no\nGatewayPorts clientspecified")
    try:
        assert r.listen(DEVICE, DEVICE, banners("x")).wait(harness.TIMEOUT) == 255
    finally:
        r.stop()
