# SPDX-License-Identifier: ISC
"""Several ssh processes on one connection: ours and OpenSSH's as either side of the control socket."""
import contextlib
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import pexpect
import pytest

import harness
import peer_servers
from harness import run, wait_until
from test_client_life import COOKIE, X_CLIENT, display  # noqa: F401 (a fixture)

# A port nobody listens on: what works with it goes by way of the master.
NOWHERE = "nowhere"
PROGRAMS = {"ours": harness.SSH, "openssh-9.2": "/usr/bin/ssh",
            "openssh-10.0": os.path.join(peer_servers.OPENSSH10, "bin/ssh")}
# client, master
PAIRS = [("ours", "ours"), ("ours", "openssh-9.2"), ("openssh-9.2", "ours"), ("ours", "openssh-10.0"),
         ("openssh-10.0", "ours")]


CONFIG = "MaxSessions 100\nX11Forwarding yes\nXAuthLocation /usr/bin/xauth\nSubsystem echo-it /bin/cat\n"


class Setup:
    def __init__(self, server, client, master, folder):
        self.server, self.client, self.master = server, client, master
        # Paths of sockets must be short.
        self.folder = tempfile.mkdtemp(prefix="mux")
        self.socket = os.path.join(self.folder, "control")
        self.log = str(folder / "master.log")
        self.process = None

    def command(self, who, *remote, options=()):
        command = self.server.ssh(*remote, options=["-S", self.socket, *options], program=PROGRAMS[who])
        if any(o.startswith("IdentityAgent=/") for o in options):
            command = [c for c in command if c != "IdentityAgent=none"]
            command = [c for i, c in enumerate(command) if c != "-o" or command[i + 1] != "-o"]
        # Of two ports the first counts.
        first = [command[0], *(["-p", "9"] if NOWHERE in command else []), "-o", "IgnoreUnknown=WarnWeakCrypto"]
        return first + [c for c in command[1:] if c != NOWHERE]

    def start(self, *options, mode="-M", env=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(self.master, options=[mode, "-N", *options]),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        wait_until(lambda: self.process.poll() is not None or os.path.exists(self.socket), "the master")
        assert self.process.poll() is None, self.log_text()

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def run(self, *remote, options=(), check=False, **kwargs):
        return run(self.command(self.client, *remote, options=[NOWHERE, *options]), check=check, **kwargs)

    def ask(self, command, *options, check=True):
        return run(self.command(self.client, options=["-O", command, *options]), check=check)

    def stop(self):
        if self.process is not None:
            harness.end(self.process)
            assert "Sanitizer" not in self.log_text()
        shutil.rmtree(self.folder)


@pytest.fixture(params=["ours", "openssh-10.0"])
def server(request, folder):
    s = peer_servers.Own(folder, CONFIG + "AcceptEnv TEST_*") if request.param == "ours" else peer_servers.OpenSSH(
        folder / "peer", version="10.0", config=CONFIG + "MaxStartups 100")
    yield s
    s.stop()


@pytest.fixture(params=PAIRS, ids=lambda p: f"{p[0]}-on-{p[1]}")
def pair(request, server, folder):
    s = Setup(server, *request.param, folder)
    yield s
    s.stop()


@pytest.fixture
def own(server, folder):
    s = Setup(server, "ours", "ours", folder)
    yield s
    s.stop()


@contextlib.contextmanager
def echo_server():
    with socket.create_server(("127.0.0.1", 0), backlog=600) as listener:
        def one(c):
            with c:
                while data := c.recv(65536):
                    c.sendall(data)

        def serve():
            while True:
                try:
                    c, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=one, args=(c,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def echoes(port, data=b"through the master"):
    try:
        with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as c:
            c.settimeout(20)
            c.sendall(data)
            c.shutdown(socket.SHUT_WR)
            got = b""
            while part := c.recv(65536):
                got += part
        return got == data
    except OSError:
        return False


# --- sessions ---

def test_commands_streams_and_status_by_way_of_the_master(pair):
    # OpenSSH's masters send what they may send themselves.
    pair.start("-o", "SendEnv=TEST_*")
    done = pair.run("cat; echo err >&2; exit 7", input="in\n")
    assert (done.stdout, done.stderr, done.returncode) == ("in\n", "err\n", 7)
    done = pair.run("echo $TEST_WORD", options=["-o", "SendEnv=TEST_*"], env={**os.environ, "TEST_WORD": "sent"})
    assert done.stdout == "sent\n", done.stderr
    assert pair.run("echo-it", options=["-s"], input="to the subsystem\n").stdout == "to the subsystem\n"


def test_much_data_by_way_of_the_master(pair):
    pair.start()
    data = os.urandom(1 << 20) * 32
    done = pair.run("cat", input=data, text=False, timeout=60)
    assert done.returncode == 0 and hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_a_terminal_by_way_of_the_master(pair):
    pair.start()
    command = pair.command(pair.client, options=[NOWHERE])
    child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8", dimensions=(33, 77))
    child.sendline("PS1=; stty size; tty")
    child.expect("33 77\r\n/dev/pts/[0-9]+\r\n")
    child.setwinsize(44, 99)
    child.sendline("sleep 0.3; stty size")
    child.expect("44 99\r\n")
    child.sendline("exit 5")
    child.expect("Shared connection to 127.0.0.1 closed.")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 5


def test_escapes_of_a_client(pair):
    pair.start()
    command = pair.command(pair.client, options=[NOWHERE])
    child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8")
    child.sendline("PS1=; echo rea''dy")
    child.expect("ready\r\n")
    child.send("\r~?")
    child.expect("Supported escape sequences:")
    child.send("\r~#")
    child.expect("The following connections are open:")
    child.send("\r~&")
    child.expect_exact("escape not available to multiplexed sessions")
    child.send("\r~.")
    child.expect("Shared connection to 127.0.0.1 closed.")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 255
    assert pair.process.poll() is None, "the master goes on"


def test_a_killed_client_takes_its_command_along(pair):
    pair.start()
    p = subprocess.Popen(pair.command(pair.client, "echo $$; exec sleep 300", options=[NOWHERE, "-tt"]),
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    pid = int(p.stdout.readline())
    assert os.path.exists(f"/proc/{pid}")
    harness.end(p, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the command to end")
    assert pair.run("echo on").stdout == "on\n"


def test_a_client_whose_master_dies_ends_with_255(pair):
    pair.start()
    p = subprocess.Popen(pair.command(pair.client, "echo up; sleep 300", options=[NOWHERE]),
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "up\n"
    pair.process.kill()
    assert p.wait(harness.TIMEOUT) == 255
    p.communicate()


def test_twenty_clients_at_once(pair):
    pair.start()
    clients = [subprocess.Popen(pair.command(pair.client, f"cat; exit {n}", options=[NOWHERE]),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for n in range(20)]
    for n, p in enumerate(clients):
        out, err = p.communicate(f"client {n}\n", timeout=30)
        assert (out, p.returncode) == (f"client {n}\n", n), err


def test_stdio_forwarding_by_way_of_the_master(pair):
    pair.start()
    with echo_server() as port:
        p = subprocess.Popen(pair.command(pair.client, options=[NOWHERE, "-W", f"127.0.0.1:{port}"]),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdin.write(b"hello")
        p.stdin.flush()
        assert p.stdout.read(5) == b"hello"
        p.stdin.close()
        assert p.wait(harness.TIMEOUT) == 0, p.stderr.read()
    done = pair.run(options=["-W", f"127.0.0.1:{harness.free_port()}"])
    assert done.returncode != 0 and done.stdout == ""


def test_agent_by_way_of_the_master(pair, folder):
    agent = str(folder / "agent.sock")
    with harness.agent(agent, pair.server.key) as env:
        pair.start("-A", "-o", f"IdentityAgent={agent}", env=env)
        # The server gives all sessions of a connection the agent once one has asked for it.
        assert "ED25519" not in pair.run("ssh-add -l", options=["-a"], env=env).stdout
        done = pair.run("ssh-add -l", options=["-A", "-o", f"IdentityAgent={agent}"], env=env)
        assert "ED25519" in done.stdout, done.stdout + done.stderr


def test_x11_by_way_of_the_master(pair, display):
    env, seen = display
    pair.start("-Y", env=env)
    show = "python3 -c '" + X_CLIENT.replace("'", "'\\''") + "'"
    done = pair.run(show, options=["-Y"], env=env)
    assert done.stdout == "welcome\n", done.stderr
    assert len(seen) == 1 and seen[0].endswith(bytes.fromhex(COOKIE)), "the display got its own cookie"
    assert pair.run("echo [$DISPLAY]", options=["-x"], env=env).stdout == "[]\n"


# --- proxy mode: the client speaks SSH itself, over the socket ---

PROXY = ["-O", "proxy"]


def test_a_session_in_proxy_mode(pair):
    pair.start()
    done = pair.run("cat; echo err >&2; exit 7", options=PROXY, input="in\n")
    assert (done.stdout, done.stderr, done.returncode) == ("in\n", "err\n", 7)
    data = os.urandom(1 << 20) * 16
    done = pair.run("cat", options=PROXY, input=data, text=False, timeout=60)
    assert done.returncode == 0 and hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()
    assert pair.run("echo-it", options=[*PROXY, "-s"], input="to the subsystem\n").stdout == "to the subsystem\n"
    assert pair.process.poll() is None, "the master goes on"


def test_a_terminal_in_proxy_mode(pair):
    pair.start()
    command = pair.command(pair.client, options=[NOWHERE, *PROXY, "-tt"])
    child = pexpect.spawn(command[0], command[1:], timeout=20, encoding="utf-8", dimensions=(33, 77))
    child.sendline("PS1=; stty size; tty")
    child.expect("33 77\r\n/dev/pts/[0-9]+\r\n")
    child.setwinsize(44, 99)
    child.sendline("stty size; while [ \"$(stty size)\" != '44 99' ]; do sleep .1; done; echo lar''ger")
    child.expect("larger\r\n")
    child.sendline("exit 5")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 5


@pytest.mark.parametrize("flag", ["-L", "-R"])
def test_forwardings_in_proxy_mode_end_with_their_client(pair, flag):
    if flag == "-R" and pair.master != "ours":
        pytest.skip("OpenSSH's master does not tell a client in proxy mode that the server listens")
    pair.start()
    port = harness.free_port()
    with echo_server() as target:
        p = subprocess.Popen(pair.command(pair.client, options=[NOWHERE, *PROXY, "-N", flag,
                                                                f"{port}:127.0.0.1:{target}"]),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until(lambda: p.poll() is not None or echoes(port), f"{flag} to work")
        assert echoes(port, os.urandom(1 << 20))
        harness.end(p)
        p.stderr.close()
        if pair.master == "ours":
            wait_until(lambda: not echoes(port), "the forwarding to be gone")
    assert pair.run("echo on").stdout == "on\n"


def test_a_client_in_proxy_mode_that_is_killed_takes_its_command_along(own):
    own.start()
    p = subprocess.Popen(own.command("ours", "echo $$; exec cat", options=[NOWHERE, *PROXY]),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    pid = int(p.stdout.readline())
    assert re.search(r"#\d+ proxied for client \d+\n", own.ask("channels").stdout)
    harness.end(p, signal.SIGKILL)
    p.communicate()
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the command to end")
    wait_until(lambda: "#" not in own.ask("channels").stdout, "the channel to be gone")
    assert own.run("echo on").stdout == "on\n"


def test_a_client_in_proxy_mode_whose_master_dies_ends_with_255(own):
    own.start()
    p = subprocess.Popen(own.command("ours", "echo up; sleep 300", options=[NOWHERE, *PROXY]),
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "up\n"
    own.process.kill()
    assert p.wait(harness.TIMEOUT) == 255
    p.communicate()


def test_agent_x11_and_interfaces_do_not_go_by_way_of_a_proxy(own, folder):
    agent = str(folder / "agent.sock")
    with harness.agent(agent) as env:
        own.start("-A", "-o", f"IdentityAgent={agent}", env=env)
        done = own.run("echo [$SSH_AUTH_SOCK]", options=[*PROXY, "-A", "-o", f"IdentityAgent={agent}"], env=env)
        assert done.stdout == "[]\n", done.stderr


def say_and_go(c, junk):
    """Sends this and nothing more, and waits until the other end has gone, too."""
    c.sendall(junk)
    c.shutdown(socket.SHUT_WR)
    while c.recv(4096):
        pass


def bare(payload):
    """A packet as it stands in proxy mode: no padding."""
    return (len(payload) + 1).to_bytes(4, "big") + b"\0" + payload


@pytest.mark.parametrize("junk", [
    b"\xff" * 64, b"\0" * 16, bare(b""), bare(b"\x14" + b"\0" * 200), bare(b"\x32\0\0\0\1a"), bare(b"\x5a"),
    bare(b"\x61\0\0\0\7"), bare(b"\x5e\0\0\0\0\0\0\0\1x"), b"\0\0\0\x02\xff\x5a",
    bare(b"\x5a\0\0\0\7session" + b"\xff" * 8 + b"\0" * 4)])
def test_garbage_in_proxy_mode_harms_nobody(own, junk):
    own.start()
    with socket.socket(socket.AF_UNIX) as c:
        c.settimeout(20)
        c.connect(own.socket)
        c.sendall(b"\0\0\0\x08\0\0\0\1\0\0\0\4" + b"\0\0\0\x08\x10\0\0\x0f\0\0\0\1")
        got = b""
        while b"\x80\0\0\x0f\0\0\0\1" not in got:
            part = c.recv(4096)
            assert part, got
            got += part
        say_and_go(c, junk)
    assert own.run("echo well").stdout == "well\n"


def test_a_program_that_closes_its_output_still_has_its_status(pair):
    """A master of OpenSSH's closes the channel when both ways have ended."""
    pair.start()
    done = pair.run("exec >/dev/null 2>&1; sleep 1; exit 5", check=False)
    assert done.returncode == 5, done.stderr


# --- commands ---

def test_check_and_exit(pair):
    pair.start()
    assert re.fullmatch(f"Master running \\(pid={pair.process.pid}\\)\r?\n", pair.ask("check").stderr)
    assert pair.ask("exit").stderr.strip() == "Exit request sent."
    assert pair.process.wait(harness.TIMEOUT) is not None
    assert not os.path.exists(pair.socket)
    done = pair.ask("check", check=False)
    assert done.returncode == 255
    assert done.stderr.strip() == f"Control socket connect({pair.socket}): No such file or directory"


def test_stop_lets_sessions_go_on(pair):
    pair.start()
    p = subprocess.Popen(pair.command(pair.client, "echo up; read x; echo got $x; exit 3", options=[NOWHERE]),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "up\n"
    assert pair.ask("stop").stderr.strip() == "Stop listening request sent."
    assert not os.path.exists(pair.socket)
    out, err = p.communicate("word\n", timeout=harness.TIMEOUT)
    assert (out, p.returncode) == ("got word\n", 3), err
    assert pair.process.wait(harness.TIMEOUT) is not None, "a stopped master ends with its last session"


def test_forwardings_that_come_and_go(pair):
    pair.start()
    with echo_server() as target:
        port = harness.free_port()
        spec = f"{port}:127.0.0.1:{target}"
        for flag in ("-L", "-R"):
            pair.ask("forward", flag, spec)
            wait_until(lambda: echoes(port), f"{flag} to work")
            pair.ask("cancel", flag, spec)
            wait_until(lambda: not echoes(port), f"{flag} to be gone")
        got = int(pair.ask("forward", "-R", f"0:127.0.0.1:{target}").stdout)
        assert echoes(got)
        dynamic = harness.free_port()
        pair.ask("forward", "-D", str(dynamic))
        done = run(["curl", "-s", "--socks5-hostname", f"127.0.0.1:{dynamic}", "--max-time", "10",
                    f"telnet://127.0.0.1:{target}"], input="over socks\n", check=False)
        assert done.stdout == "over socks\n", done.stderr
        done = pair.ask("cancel", "-L", f"{harness.free_port()}:127.0.0.1:1", check=False)
        assert "port not forwarded" in done.stderr
        assert done.returncode == (255 if pair.client == "ours" else 0)


def test_unix_sockets_forwarded_by_way_of_the_master(pair, folder):
    pair.start()
    with echo_server() as target:
        path = str(folder / "listen.sock")
        pair.ask("forward", "-L", f"{path}:127.0.0.1:{target}")
        wait_until(lambda: harness.listens_at(path), "the socket")
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(path)
            c.sendall(b"unix")
            assert c.recv(100) == b"unix"
        pair.ask("cancel", "-L", f"{path}:127.0.0.1:{target}")
        if pair.master == "ours":
            assert not os.path.exists(path)


def test_forwardings_of_a_client_that_has_a_session(pair):
    pair.start()
    with echo_server() as target:
        port = harness.free_port()
        p = subprocess.Popen(pair.command(pair.client, "echo up; cat",
                                          options=[NOWHERE, "-L", f"{port}:127.0.0.1:{target}"]),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert p.stdout.readline() == "up\n"
        assert echoes(port)
        p.communicate("", timeout=harness.TIMEOUT)


def test_what_the_master_knows(own):
    own.start("-o", "ServerAliveInterval=60")
    p = subprocess.Popen(own.command("ours", "echo up; cat", options=[NOWHERE]), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "up\n"
    channels = own.ask("channels").stdout
    assert "client-session (multiplexed)" in channels
    info = own.ask("conninfo").stdout
    assert f"-> 127.0.0.1:{own.server.port}\n" in info and "  kexalgorithm " in info and "  cipher " in info
    assert re.search(r"  traffic \d+ pkts [\d.]+KB in, \d+ pkts [\d.]+KB out\n", info)
    assert re.search(r"    compressed ", info) is None
    assert "  rekey limit none interval none\n" in info
    p.communicate("", timeout=harness.TIMEOUT)
    done = own.ask("nonsense", check=False)
    assert done.returncode == 255 and "Invalid multiplex command." in done.stderr


# --- becoming master, or not ---

def test_control_persist(pair):
    done = run(pair.command(pair.master, "echo first; exit 4",
                            options=["-o", "ControlMaster=auto", "-o", "ControlPersist=2"]), check=False)
    assert (done.stdout, done.returncode) == ("first\n", 4), done.stderr
    assert pair.run("echo second").stdout == "second\n"
    wait_until(lambda: not os.path.exists(pair.socket), "the idle master to end")


def test_control_persist_keeps_a_forwarding(own):
    with echo_server() as target:
        port = harness.free_port()
        done = run(own.command("ours", "echo done", options=["-o", "ControlMaster=auto", "-o", "ControlPersist=yes",
                                                              "-o", "ExitOnForwardFailure=yes",
                                                              "-R", f"{port}:127.0.0.1:{target}"]))
        assert done.stdout == "done\n"
        assert echoes(port)
        own.ask("exit")
        wait_until(lambda: not echoes(port), "the end")


def test_a_terminal_of_a_master_that_persists(own):
    command = own.command("ours", options=["-o", "ControlMaster=auto", "-o", "ControlPersist=yes"])
    child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8", dimensions=(31, 71))
    child.sendline("PS1=; stty size")
    child.expect("31 71\r\n")
    child.sendline("exit 6")
    child.expect("Shared connection to 127.0.0.1 closed.")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 6
    own.ask("exit")


def test_auto_becomes_master_and_then_client(own):
    p = subprocess.Popen(own.command("ours", "echo up; cat", options=["-o", "ControlMaster=auto"]),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "up\n"
    done = run(own.command("ours", "echo two", options=["-o", "ControlMaster=auto", NOWHERE]))
    assert done.stdout == "two\n"
    p.communicate("", timeout=harness.TIMEOUT)
    assert p.returncode == 0 and not os.path.exists(own.socket)


def test_a_second_master_goes_without(own):
    own.start()
    done = run(own.command("ours", "echo alone", options=["-M"]))
    assert done.stdout == "alone\n"
    assert f"ControlSocket {own.socket} already exists, disabling multiplexing" in done.stderr
    own.ask("check")


def test_a_dead_masters_socket_is_replaced(own):
    own.start()
    own.process.kill()
    own.process.wait()
    assert os.path.exists(own.socket)
    done = run(own.command("ours", "echo anew", options=["-o", "ControlMaster=auto"]))
    assert done.stdout == "anew\n"
    assert not os.path.exists(own.socket)


def test_a_socket_that_is_no_master_is_told_and_done_without(own):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(own.socket)
        s.listen()

        def hang_up():
            c, _ = s.accept()
            c.sendall(b"\0\0\0\x08\0\0\0\1\0\0\0\7")
            c.close()

        threading.Thread(target=hang_up, daemon=True).start()
        done = run(own.command("ours", "echo alone"))
    assert done.stdout == "alone\n" and "master hello exchange failed" in done.stderr


def test_a_master_that_hangs_is_done_without(own):
    own.start()
    own.process.send_signal(signal.SIGSTOP)
    try:
        done = run(own.command("ours", "echo alone", options=["-o", "ConnectTimeout=3"]))
        assert done.stdout == "alone\n" and "master hello exchange failed" in done.stderr
    finally:
        own.process.send_signal(signal.SIGCONT)


def test_a_session_that_is_refused_is_opened_without_the_master(folder):
    with harness.server(folder / "few", config="MaxSessions 1") as s:
        key = harness.make_key(folder / "k")
        s.authorize(key + ".pub")
        path = str(folder / "control")
        first = subprocess.Popen(s.ssh("echo up; cat", key=key, options=["-M", "-S", path]), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        assert first.stdout.readline() == "up\n"
        done = run(s.ssh("echo two", key=key, options=["-S", path]))
        assert done.stdout == "two\n" and "Session open refused by peer" in done.stderr
        first.communicate("", timeout=harness.TIMEOUT)


@pytest.mark.parametrize("mode", ["-MM", "-oControlMaster=ask", "-oControlMaster=autoask"])
def test_ask_lets_nobody_in_who_is_not_allowed(own, folder, mode):
    askpass = folder / "askpass"
    answer = folder / "answer"
    askpass.write_text(f"#!/bin/sh\ncat {answer}\n")
    askpass.chmod(0o755)
    own.start(mode=mode, env={**os.environ, "SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force"})
    answer.write_text("no\n")
    done = own.run("echo in")
    assert done.returncode == 255 and "refused by master: Permission denied" in done.stderr
    assert own.ask("exit", check=False).returncode == 255
    assert own.run("echo in", options=PROXY).returncode == 255
    answer.write_text("yes\n")
    assert own.run("echo in").stdout == "in\n"
    assert own.run("echo in", options=PROXY).stdout == "in\n"
    assert own.run("echo in", options=["-oControlMaster=autoask"]).stdout == "in\n", "who finds one becomes a client"


def test_garbage_at_the_socket_harms_nobody(own):
    own.start()
    for junk in (b"", b"\xff" * 64, b"\0\0\0\0", b"\0\0\0\x08\0\0\0\1\0\0\0\4" + b"\0\0\0\x04\x10\0\0\x02",
                 b"\0\0\0\x08\0\0\0\1\0\0\0\4" + b"\0\0\0\x08\x77\0\0\0\0\0\0\1"):
        with socket.socket(socket.AF_UNIX) as c:
            c.connect(own.socket)
            say_and_go(c, junk)
    assert own.run("echo well").stdout == "well\n"


def test_command_without_a_path(own):
    done = run(own.server.ssh(options=["-O", "check"]), check=False)
    assert (done.returncode, done.stderr) == (255, 'No ControlPath specified for "-O" command\n')
