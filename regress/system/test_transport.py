# SPDX-License-Identifier: ISC
"""The transport layer from outside: what goes over the wire, when, and what it costs."""
import contextlib
import os
import re
import selectors
import socket
import subprocess
import threading
import time

import pexpect
import pytest

import harness


class Relay:
    """Passes the bytes of one connection on, and notes how many the client sent when."""

    def __init__(self, port, delay=0):
        self.delay = delay
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = port
        self.sent = []
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with contextlib.suppress(OSError):
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            for s in (client, server):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with client, server, selectors.DefaultSelector() as selector:
                selector.register(client, selectors.EVENT_READ, server)
                selector.register(server, selectors.EVENT_READ, client)
                while True:
                    for key, _ in selector.select():
                        data = key.fileobj.recv(65536)
                        if not data:
                            return
                        time.sleep(self.delay)
                        if key.fileobj is client:
                            self.sent.append((time.monotonic(), len(data)))
                        key.data.sendall(data)

    def stop(self):
        self.listener.close()
        self.thread.join(5)


def through(relay, sshd, *options):
    """A client with a terminal whose connection goes through the relay."""
    command = sshd.ssh("stty -echo; echo rea''dy; cat", key=sshd.key, tty=True,
                       options=["-o", f"HostKeyAlias=[127.0.0.1]:{sshd.port}", "-p", str(relay.port), *options])
    # Of two -p the first one counts.
    command.remove("-p")
    command.remove(str(sshd.port))
    return command


def typed(sshd, *options):
    """What the client sends while three keys are typed slowly, and two seconds beyond."""
    relay = Relay(sshd.port)
    command = through(relay, sshd, *options)
    child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8")
    try:
        child.expect("ready\r\n")
        time.sleep(0.3)
        begin = len(relay.sent)
        for key in "abc":
            before = len(relay.sent)
            child.send(key)
            harness.wait_until(lambda n=before: len(relay.sent) > n, "the key to be sent")
            time.sleep(0.25)
        time.sleep(1.5)
        sent = relay.sent[begin:]
        child.sendline("")
        child.expect("abc\r\n")
        child.sendcontrol("d")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
        relay.stop()
    return [n for _, n in sent]


def test_when_keys_are_typed_cannot_be_seen_on_the_wire(sshd):
    """Not three packets, but a stream of equal ones that goes on after the last key."""
    sizes = typed(sshd)
    smallest = min(sizes)
    assert sum(sizes) // smallest > 30
    # Two may arrive together where the machine is busy.
    assert all(n % smallest == 0 for n in sizes), sizes


def test_keys_go_as_they_are_typed_without_obscuring(sshd):
    assert len(typed(sshd, "-o", "ObscureKeystrokeTiming=no")) == 3


def grid(command, log):
    """Types lines, with pauses, and gives each interval that the client tells in its log."""
    told = re.compile(r"keystrokes: every (\d+) ms")
    child = pexpect.spawn(command[0], [*command[1:-2], "-vv", "-E", log, *command[-2:]], timeout=harness.TIMEOUT, encoding="utf-8")
    try:
        child.expect("ready\r\n")
        for n in range(10):
            child.sendline(f"line {n}")
            child.expect(f"line {n}\r\n")

            def pauses():
                with open(log, encoding="utf-8") as f:
                    text = f.read()
                return text if text.count("keystrokes: nobody types") > n else None
            yield int(told.findall(harness.wait_until(pauses, "the grid to end"))[-1])
    finally:
        child.close(force=True)


def test_the_grid_of_keys_is_narrow_where_the_server_is_near(sshd, folder):
    command = sshd.ssh("stty -echo; echo rea''dy; cat", key=sshd.key, tty=True)
    assert 8 in grid(command, str(folder / "near.log"))


def test_the_grid_of_keys_is_wide_where_the_server_is_far(sshd, folder):
    relay = Relay(sshd.port, delay=0.01)
    try:
        intervals = grid(through(relay, sshd), str(folder / "far.log"))
        assert [next(intervals), next(intervals)] == [20, 20]
        intervals.close()
    finally:
        relay.stop()


def test_what_is_pasted_does_not_wait(sshd):
    """Large pieces are no typing, and arrive whole."""
    text = "x" * 3000
    command = sshd.ssh("stty -echo -icanon; echo rea''dy; head -c 3002 | wc -c", key=sshd.key, tty=True,
                       options=["-o", "ObscureKeystrokeTiming=interval:1000"])
    child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8")
    child.expect("ready\r\n")
    child.send("a")
    time.sleep(0.1)
    child.send("b")
    child.send(text)
    begin = time.monotonic()
    child.expect("3002")
    assert time.monotonic() - begin < 5
    child.expect(pexpect.EOF)
    child.wait()
    child.close()


# --- the socket: IPQoS, TCPKeepAlive ---

SO_RCVBUFFORCE = 33


class Marks:
    """The traffic class of all data packets on loopback that go from or to a port."""

    def __init__(self, port):
        self.port = port
        self.seen = {"server": set(), "client": set()}
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        # Other tests' transfers pass by, too: what does not fit is lost without a word.
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 512 << 20)
        self.socket.bind(("lo", 0))
        self.socket.settimeout(0.2)

    def take(self):
        """What has been seen since the last time."""
        self.seen = {"server": set(), "client": set()}
        with contextlib.suppress(TimeoutError):
            while True:
                ip = self.socket.recv(65536)[14:]
                tcp = ip[(ip[0] & 15) * 4:]
                ports = [int.from_bytes(tcp[i:i + 2], "big") for i in (0, 2)]
                if ip[9] == 6 and self.port in ports and len(tcp) > (tcp[12] >> 4) * 4:
                    self.seen["server" if ports[0] == self.port else "client"].add(ip[1])
        return self.seen


@pytest.mark.skipif(not harness.ROOT, reason="needs to look at packets")
def test_packets_are_marked_as_ipqos_says_on_both_sides(folder):
    with harness.server(folder / "sshd", config="IPQoS af21 cs1") as sshd:
        key = harness.make_key(folder / "id")
        sshd.authorize(key + ".pub")
        marks = Marks(sshd.port)
        harness.run(sshd.ssh("head -c 100000 /dev/zero", key=key, options=["-o", "IPQoS=af11 af13"]), text=False)
        seen = marks.take()
        assert 0x20 in seen["server"] and 0x48 not in seen["server"]
        assert 0x38 in seen["client"] and 0x28 not in seen["client"]
        harness.run(sshd.ssh("echo out", key=key, tty=True, options=["-o", "IPQoS=af11 af13"]))
        seen = marks.take()
        assert 0x48 in seen["server"]
        assert 0x28 in seen["client"]
    with harness.server(folder / "sshd2", config="IPQoS none") as sshd:
        sshd.authorize(key + ".pub")
        marks = Marks(sshd.port)
        harness.run(sshd.ssh("echo out", key=key, tty=True, options=["-o", "IPQoS=none"]))
        assert marks.take() == {"server": {0}, "client": {0}}


def keepalive_timers(port):
    """{side: whether its socket's keepalive timer runs} of the one idle connection to a port."""
    found = {}
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            _, local, remote, state, _, timer = line.split()[:6]
            ports = [int(address.split(":")[1], 16) for address in (local, remote)]
            if state == "01" and port in ports:
                found["server" if ports[0] == port else "client"] = timer.startswith("02")
    return found


@pytest.mark.parametrize("server", ["yes", "no"])
@pytest.mark.parametrize("client", ["yes", "no"])
def test_tcp_keepalive_is_on_unless_turned_off_on_both_sides(folder, server, client):
    with harness.server(folder / "sshd", config=f"TCPKeepAlive {server}") as sshd:
        key = harness.make_key(folder / "id")
        sshd.authorize(key + ".pub")
        p = subprocess.Popen(sshd.ssh("echo up; cat", key=key, options=["-o", f"TCPKeepAlive={client}"]),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert p.stdout.readline() == b"up\n"
        wanted = {"server": server == "yes", "client": client == "yes"}
        harness.wait_until(lambda: keepalive_timers(sshd.port) == wanted, f"timers as {wanted}")
        p.stdin.close()
        assert p.wait(harness.TIMEOUT) == 0


# --- EXT_INFO ---

def test_a_user_s_own_signature_algorithms_come_in_a_second_ext_info(folder):
    """By ext-info-in-auth@openssh.com: OpenSSH 10's client and ours say so when they are told."""
    config = f"Match User {harness.login_user()}\nPubkeyAcceptedAlgorithms rsa-sha2-512\nMatch all"
    with harness.server(folder / "sshd", last=config) as sshd:
        key = harness.make_key(folder / "id", "rsa", bits="2048")
        sshd.authorize(key + ".pub")
        done = harness.run(sshd.ssh("true", key=key, options=["-v"]))
        assert re.findall(r"kex_ext_info: server-sig-algs=<([^>]*)>", done.stderr)[1:] == ["rsa-sha2-512"]
        for name in ("publickey-hostbound@openssh.com", "ping@openssh.com", "agent-forward"):
            assert f"kex_ext_info: {name}=<0>" in done.stderr
        program = os.path.join(harness.PEERS, "openssh10/usr/bin/ssh")
        done = harness.run(sshd.ssh("true", key=key, program=program, options=["-v"]))
        assert re.findall(r"server-sig-algs=<([^>]*)>", done.stderr)[-1] == "rsa-sha2-512"


# --- rekeying ---

def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()



@pytest.mark.parametrize("who", ["client", "server", "both"])
def test_rekeying_under_full_load_both_ways_loses_nothing(folder, who):
    limit = "RekeyLimit 512K"
    with harness.server(folder / "sshd", config=limit if who != "client" else "") as sshd:
        key = harness.make_key(folder / "id")
        sshd.authorize(key + ".pub")
        data = os.urandom(1 << 20) * 16
        options = ["-v", *(["-o", limit] if who != "server" else [])]
        done = subprocess.run(sshd.ssh("cat", key=key, options=options), input=data, capture_output=True, timeout=60,
                              check=True)
        assert done.stdout == data
        assert done.stderr.count(b"kex: algorithm: ") > 4


def exchanges_of(sshd, *, match="", client="", command="cat", data=b""):
    """How many key exchanges a connection has, by our client's log, and what came back."""
    with harness.server(sshd, last=f"{match}\nMatch all" if match else "") as s:
        key = harness.make_key(sshd / "id")
        s.authorize(key + ".pub")
        done = subprocess.run(s.ssh(command, key=key, options=["-v", *(["-o", client] if client else [])]), input=data,
                              capture_output=True, timeout=60, check=True)
        return done.stderr.count(b"kex: algorithm: "), done.stdout


def test_a_user_s_own_rekey_limit_holds_for_that_user(folder):
    """Match: it is known who it is after the first exchange only."""
    data = os.urandom(1 << 20)
    limit = "\nRekeyLimit 128K"
    n, got = exchanges_of(folder / "this", match=f"Match User {harness.login_user()}{limit}", data=data)
    assert n > 4 and got == data
    n, got = exchanges_of(folder / "another", match=f"Match User nobody-else{limit}", data=data)
    assert n == 1 and got == data


@pytest.mark.parametrize("who", ["client", "server"])
def test_rekeying_by_time_comes_without_data(folder, who):
    """Nothing is sent while the test waits for two of them."""
    log = str(folder / "log")
    limit = "RekeyLimit default 1"
    with harness.server(folder / "sshd", config=limit if who == "server" else "") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        command = s.ssh("cat", key=key, options=["-v", "-E", log, *(["-o", limit] if who == "client" else [])])
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
            harness.wait_until(lambda: os.path.exists(log) and read(log).count("kex: algorithm: ") >= 3, "two rekeys")
            out, _ = p.communicate(b"still here", timeout=harness.TIMEOUT)
        assert (p.returncode, out) == (0, b"still here")


# --- who is not SSH ---

def talk(port, data, seconds=5):
    """Sends data; what comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as s:
        s.settimeout(seconds)
        got = b""
        with contextlib.suppress(ConnectionError):
            s.sendall(data)
            while more := s.recv(65536):
                got += more
        return got


@pytest.mark.parametrize("line", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
    b"forged\x1b[2J\nAccepted password for root from 127.0.0.1 port 1 ssh2\r\n",
    b"SSH-1.5-old\r\n",
    b"SSH-2.0-" + b"x" * 300,
    b"\0" * 10,
], ids=["http", "tls", "forged line", "ssh 1", "endless", "nul"])
def test_what_is_not_ssh_gets_a_short_answer_and_a_line_that_cannot_be_forged(folder, line):
    with harness.server(folder / "sshd") as sshd:
        before = len(sshd.log_text())
        answer = talk(sshd.port, line)
        assert answer.startswith(b"SSH-2.0-")
        assert answer.split(b"\r\n", 1)[1] == b"Invalid SSH identification string.\r\n"
        sshd.wait_log(": invalid format")
        log = sshd.log_text()[before:]
        assert "Bad remote protocol version identification: '" in log
        assert re.search(r"banner exchange: Connection from 127\.0\.0\.1 port \d+: invalid format", log)
        if line.startswith(b"GET"):
            assert "'GET / HTTP/1.1'" in log
        assert "\x1b" not in log
        assert not re.search(r"^Accepted", log, re.M)


def test_an_identification_that_drips_ends_at_the_grace_time(folder):
    """An absolute deadline: a byte now and then does not extend it."""
    with harness.server(folder / "sshd", config="LoginGraceTime 2\nPerSourcePenalties no") as sshd:
        with socket.create_connection(("127.0.0.1", sshd.port), harness.TIMEOUT) as s:
            with pytest.raises(ConnectionError):
                for byte in b"SSH-2.0-" + b"x" * 240:
                    s.sendall(bytes([byte]))
                    time.sleep(0.1)


def test_a_client_reads_lines_before_the_identification_but_not_for_ever(folder):
    """1,024 of them."""
    for n, is_fine in ((1000, True), (1100, False)):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            p = subprocess.Popen([harness.SSH, "-F", "none", "-v", "-o", "BatchMode=yes", "-p", str(port), "127.0.0.1"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            s, _ = listener.accept()
            with s:
                with contextlib.suppress(OSError):
                    s.sendall(b"some words\x1b[2J\r\n" * n + b"SSH-2.0-found\r\n")
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(65536):        # closed before, what it has not read yet would be lost
                        pass
            _, err = p.communicate(timeout=harness.TIMEOUT)
            assert (b"remote software version found" in err) == is_fine, err
            assert b"\x1b" not in err
            assert p.returncode == 255
