# SPDX-License-Identifier: ISC
"""ssh-agent: what shells are told, how it ends, its socket, and OpenSSH's ssh-add as its client."""
import base64
import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading

import pytest

import harness
from harness import AGENT, run, wait_until
from conftest import needs_root

ADD = "/usr/bin/ssh-add"
ENV = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}


def add(sock, *args, check=True, env=None, text=None):
    """OpenSSH's ssh-add."""
    return run([ADD, *map(str, args)], check=check, input=text, env={**ENV, "SSH_AUTH_SOCK": str(sock), **(env or {})})


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Keys of each type, and a certificate."""
    folder = tmp_path_factory.mktemp("keys")
    for kind, bits in (("ed25519", None), ("rsa", 2048), ("ecdsa", None)):
        harness.make_key(folder / kind, kind, bits=bits)
    harness.make_key(folder / "ca")
    run(["ssh-keygen", "-q", "-s", str(folder / "ca"), "-I", "id", "-n", "joe", str(folder / "rsa.pub")])
    return folder


@pytest.fixture
def sock(folder):
    """An agent's socket."""
    path = folder / "agent.sock"
    with harness.agent(path, program=AGENT):
        yield path


@pytest.fixture
def home():
    """The environment with a home of its own, by a name that is short enough for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="h", dir="/tmp") as path:
        yield {**ENV, "HOME": path, "SHELL": "/bin/sh"}


def askpass(folder, script):
    """The environment of an agent that asks by this script."""
    path = folder / "askpass"
    harness.write_whole(str(path), "#!/bin/sh\n" + script)
    path.chmod(0o755)
    return {"SSH_ASKPASS": str(path), "SSH_ASKPASS_REQUIRE": "force"}


def is_gone(pid):
    return not harness.runs(pid)


# --- starting and ending ---

@pytest.mark.parametrize("option, shell", [("-s", "/bin/csh"), ("-c", "/bin/sh"), (None, "/bin/sh"), (None, "/bin/tcsh")])
def test_a_shell_is_told_where_the_agent_is(home, option, shell):
    options = [option] if option else []
    env = {**home, "SHELL": shell}
    lines = run([AGENT, *options], env=env).stdout.splitlines()
    is_csh = option == "-c" or (option is None and shell.endswith("csh"))
    sock = (r"setenv SSH_AUTH_SOCK (.*);" if is_csh else r"SSH_AUTH_SOCK=(.*); export SSH_AUTH_SOCK;")
    pid = (r"setenv SSH_AGENT_PID (\d+);" if is_csh else r"SSH_AGENT_PID=(\d+); export SSH_AGENT_PID;")
    path, number = re.fullmatch(sock, lines[0]).group(1), re.fullmatch(pid, lines[1]).group(1)
    try:
        assert lines[2:] == [f"echo Agent pid {number};"]
        assert re.fullmatch(re.escape(home["HOME"]) + r"/\.ssh/agent/s\.\w{10}\.agent\.\w{10}", path)
        assert os.stat(path).st_mode & 0o777 == 0o600
        assert os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o700
        assert add(path, "-l", check=False).stdout == "The agent has no identities.\n"
    finally:
        killed = run([AGENT, *options, "-k"], env={**env, "SSH_AGENT_PID": number}).stdout.splitlines()
    word = "unsetenv" if is_csh else "unset"
    assert killed == [f"{word} SSH_AUTH_SOCK;", f"{word} SSH_AGENT_PID;", f"echo Agent pid {number} killed;"]
    wait_until(lambda: is_gone(int(number)) and not os.path.exists(path), "the agent and its socket to be gone")


def test_a_path_that_a_shell_would_take_apart_is_quoted(home):
    path = os.path.join(home["HOME"], "a 'place")
    os.mkdir(path)
    script = f'eval "$({AGENT} -s -a "$1")" >/dev/null; {ADD} -l; {AGENT} -k >/dev/null'
    assert run(["sh", "-c", script, "sh", f"{path}/s"], env=home).stdout == "The agent has no identities.\n"


def test_an_agent_for_a_command_ends_with_it(home, folder):
    done = run([AGENT, "sh", "-c", f"echo $SSH_AUTH_SOCK $SSH_AGENT_PID; {ADD} -l; exit 7"], env=home, check=False)
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[1]) == (7, "The agent has no identities.")
    path, pid = lines[0].split()
    wait_until(lambda: is_gone(int(pid)) and not os.path.exists(path), "the agent and its socket to be gone")
    assert run([AGENT, str(folder / "none")], env=home, check=False).returncode == 1


def test_an_agent_for_a_command_ends_when_that_is_killed(home):
    process = subprocess.Popen([AGENT, "sh", "-c", "echo $SSH_AUTH_SOCK $SSH_AGENT_PID; exec sleep 100"],
                               env=home, stdout=subprocess.PIPE, text=True)
    path, pid = process.stdout.readline().split()
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: is_gone(int(pid)) and not os.path.exists(path), "the agent and its socket to be gone")


def test_a_socket_in_tmp_has_a_directory_that_goes_with_it(home):
    done = run([AGENT, "-T", "sh", "-c", "echo $SSH_AUTH_SOCK; ls -ld $(dirname $SSH_AUTH_SOCK)"],
               env={**home, "TMPDIR": home["HOME"]}).stdout.splitlines()
    assert re.fullmatch(re.escape(home["HOME"]) + r"/ssh-\w{10}/agent\.\d+", done[0])
    assert done[1].startswith("drwx------")
    wait_until(lambda: not os.path.exists(os.path.dirname(done[0])), "the directory to be gone")


def test_wrong_command_lines_are_refused(home, folder):
    for args, status, text in (
            (["-c", "-s"], 1, "usage: ssh-agent"), (["-Z"], 1, "usage: ssh-agent"), (["-D", "true"], 1, "usage:"),
            (["-t", "soon"], 1, "Invalid lifetime"), (["-O", "no"], 255, "Unknown -O option"),
            (["-E", "no"], 255, 'Invalid hash algorithm "no"'), (["-P", "a", "-P", "b"], 255, "-P option already"),
            (["-a", f"{folder}/none/s"], 1, "cannot bind to path"), (["-a", ""], 1, "cannot bind to path"),
            (["-k"], 1, "SSH_AGENT_PID not set, cannot kill agent")):
        done = run([AGENT, *args], env=home, check=False)
        assert (done.returncode, text in done.stderr) == (status, True), (args, done)
    for pid, text in (("abc", "invalid"), ("0", "out of range"), ("1", "out of range"), ("-1", "invalid"), ("99999999999", "out of range")):
        done = run([AGENT, "-k"], env={**home, "SSH_AGENT_PID": pid}, check=False)
        assert (done.returncode, done.stderr) == (
            1, f'SSH_AGENT_PID="{pid}", which is not a good PID: {text}\n')
    (folder / "there").write_text("")
    assert run([AGENT, "-a", str(folder / "there")], env=home, check=False).returncode == 1
    assert (folder / "there").exists()


def test_sockets_that_agents_left_behind_are_removed(home):
    place = os.path.join(home["HOME"], ".ssh", "agent")
    live = run([AGENT, "-s"], env=home).stdout
    path, pid = re.search(r"SOCK=([^;]+);", live).group(1), int(re.search(r"PID=(\d+);", live).group(1))
    mine = os.path.basename(path).rsplit(".", 2)[0]
    try:
        for name in (f"{mine}.agent.old", f"{mine}.agent.young", "s.otherhost1.agent.old", f"{mine}.file"):
            at = os.path.join(place, name)
            if name.endswith("file"):
                harness.write_whole(at, "")
            else:
                with socket.socket(socket.AF_UNIX) as s:
                    s.bind(at)
            when = 2**31 if name.endswith("young") else 1
            os.utime(at, (when, when))
        left = {os.path.basename(path), f"{mine}.agent.young", "s.otherhost1.agent.old", f"{mine}.file"}
        assert run([AGENT, "-u"], env=home).stdout == "Deleted stale agent sockets in ~/.ssh/agent\n"
        assert set(os.listdir(place)) == left
        run([AGENT, "-uu"], env=home)
        assert set(os.listdir(place)) == left - {"s.otherhost1.agent.old"}
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: is_gone(pid), "the agent to end")


def test_an_agent_listens_where_a_service_manager_says(folder, home):
    path = str(folder / "given.sock")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen(5)
        script = 'LISTEN_PID=$$ LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; exec "$0" -D 3<&"$1"'
        process = subprocess.Popen(["bash", "-c", script, AGENT, str(s.fileno())], pass_fds=[s.fileno()],
                                   env=home, stdout=subprocess.PIPE, text=True)
    assert add(path, "-l", check=False).stdout == "The agent has no identities.\n"
    process.terminate()
    assert (process.communicate()[0], process.returncode) == ("", 0)
    assert os.path.exists(path)


# --- keys ---

def test_ssh_add_of_openssh_adds_lists_tests_and_removes(sock, keys):
    names = ("ed25519", "rsa", "ecdsa")
    done = add(sock, *[keys / name for name in names])
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "Identity added", "Identity added", "Certificate added", "Identity added"]
    listed = add(sock, "-L").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [
        "ssh-ed25519", "ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "ecdsa-sha2-nistp256"]
    assert add(sock, "-l").stdout.count("SHA256:") == 4
    add(sock, "-T", *[keys / f"{name}.pub" for name in names], keys / "rsa-cert.pub")
    assert add(sock, "-T", keys / "ca.pub", check=False).returncode == 1
    add(sock, "-d", keys / "rsa")
    assert [line.split()[0] for line in add(sock, "-L").stdout.splitlines()] == ["ssh-ed25519", "ecdsa-sha2-nistp256"]
    add(sock, "-D")
    assert add(sock, "-l", check=False).returncode == 1


def test_ssh_add_of_openssh_locks_and_unlocks(sock, keys, folder):
    env = askpass(folder, "echo secret\n")
    add(sock, keys / "ed25519")
    assert add(sock, "-x", env=env).stderr == "Agent locked.\n"
    assert add(sock, "-l", check=False).stdout == "The agent has no identities.\n"
    assert add(sock, "-D", check=False).returncode == 1
    assert add(sock, "-X", env=askpass(folder, "echo wrong\n"), check=False).returncode == 1
    assert add(sock, "-X", env=askpass(folder, "echo secret\n")).stderr == "Agent unlocked.\n"
    assert add(sock, "-l").stdout.count("SHA256:") == 1


def test_tokens_are_refused_without_a_look_at_them(sock, folder):
    done = add(sock, "-s", "/usr/lib/../x.so", env=askpass(folder, "echo 1234\n"), check=False)
    assert (done.returncode, "agent refused operation" in done.stderr) == (1, True)


def test_keys_go_when_their_time_is_over(folder, keys):
    path = folder / "agent.sock"
    with harness.agent(path, program=AGENT, options=["-t", "1"]):
        add(path, keys / "ed25519")
        add(path, "-t", "300", keys / "ecdsa")
        wait_until(lambda: len(add(path, "-l").stdout.splitlines()) == 1, "the first key to be gone")
        assert add(path, "-L").stdout.startswith("ecdsa")


def test_a_signal_makes_it_forget_all_keys(folder, keys):
    path = folder / "agent.sock"
    process = subprocess.Popen([AGENT, "-D", "-a", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: harness.listens_at(str(path)), "the agent")
        add(path, keys / "ed25519", keys / "ecdsa")
        process.send_signal(signal.SIGUSR1)
        wait_until(lambda: add(path, "-l", check=False).returncode == 1, "the keys to be gone")
        # Keys are in no core file, and not to be read by others of the same account.
        with open(f"/proc/{process.pid}/limits", encoding="ascii") as f:
            limits = f.read()
        assert re.search(r"^Max core file size +0 +0", limits, re.M)
        allowed = re.search(r"^Max locked memory +(\w+)", limits, re.M).group(1)
        if allowed == "unlimited" or int(allowed) >= 4 << 20:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
                assert int(re.search(r"^VmLck:\s*(\d+) kB", f.read(), re.M).group(1)) >= 4096
        if not harness.ROOT:
            assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0
    finally:
        process.terminate()
        assert process.wait(harness.TIMEOUT) == 0
    assert not path.exists()


# --- questions ---

@contextlib.contextmanager
def asking(folder, script):
    """An agent that asks by a script; gives its socket."""
    path = folder / "agent.sock"
    with harness.agent(path, program=AGENT, env=askpass(folder, script)):
        yield path


@pytest.mark.parametrize("script, is_allowed", [
    ("exit 0", True), ("echo yes", True), ("echo no", False), ("exit 1", False)])
def test_a_key_to_be_confirmed_is_used_when_the_user_agrees(folder, keys, script, is_allowed):
    with asking(folder, f'echo "$SSH_ASKPASS_PROMPT $1" >{folder}/asked\n{script}\n') as path:
        add(path, "-c", keys / "ed25519")
        assert (add(path, "-T", keys / "ed25519.pub", check=False).returncode == 0) == is_allowed
    asked = (folder / "asked").read_text()
    assert asked.startswith("confirm Allow use of key test?\nKey fingerprint SHA256:")


def test_who_is_asked_keeps_nobody_else_waiting(folder, keys):
    os.mkfifo(folder / "answer")
    with asking(folder, f"echo $$ >>{folder}/asked\nexec cat {folder}/answer\n") as path:
        add(path, "-c", keys / "ed25519")
        add(path, keys / "ecdsa")

        def ask():
            return subprocess.Popen([ADD, "-T", str(keys / "ed25519.pub")], stderr=subprocess.DEVNULL,
                                    env={**ENV, "SSH_AUTH_SOCK": str(path)})

        def asked():
            with contextlib.suppress(FileNotFoundError):
                return (folder / "asked").read_text().split()
            return []

        first = ask()
        wait_until(asked, "the question")
        second = ask()
        try:
            add(path, "-T", keys / "ecdsa.pub")
            assert len(add(path, "-l").stdout.splitlines()) == 2
            # When the one who wanted to know has gone, so does the question, and the next one has its turn.
            first.kill()
            first.wait()
            wait_until(lambda: len(asked()) == 2 and is_gone(int(asked()[0])), "the second question")
            with open(folder / "answer", "w", encoding="ascii") as f:
                f.write("yes\n")
            assert second.wait(harness.TIMEOUT) == 0
        finally:
            for process in (first, second):
                process.kill()
                process.wait()


def test_who_has_gone_before_its_turn_is_not_asked_about(folder, keys):
    os.mkfifo(folder / "answer")
    with asking(folder, f"echo $$ >>{folder}/asked\nexec cat {folder}/answer\n") as path:
        add(path, "-c", keys / "ed25519")
        blob = base64.b64decode((keys / "ed25519.pub").read_text().split()[1])
        sign = frame(b"\x0d" + frame(blob) + frame(b"data") + bytes(4))

        def asked(number):
            wait_until(lambda: (folder / "asked").exists() and len((folder / "asked").read_text().split()) == number,
                       f"question {number}")

        with connect(path) as first, connect(path) as second, connect(path) as last:
            first.sendall(sign)
            asked(1)
            second.sendall(sign)
            last.sendall(sign)
            add(path, "-l")             # the agent has come to the requests before it
            second.close()
            for number, s in enumerate((first, last), 1):
                asked(number)
                with open(folder / "answer", "w", encoding="ascii") as f:
                    f.write("yes\n")
                assert answer(s)[:1] == b"\x0e"


def test_nobody_to_ask_is_a_refusal(folder, keys):
    path = folder / "agent.sock"
    with harness.agent(path, program=AGENT, env={"SSH_ASKPASS_REQUIRE": "never"}):
        add(path, "-c", keys / "ed25519")
        assert add(path, "-T", keys / "ed25519.pub", check=False).returncode == 1


# --- clients ---

def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(str(path))        # waits while the queue is full
    s.settimeout(harness.TIMEOUT)
    return s


def frame(body):
    return struct.pack(">I", len(body)) + body


def answer(s):
    length = struct.unpack(">I", s.recv(4, socket.MSG_WAITALL))[0]
    return s.recv(length, socket.MSG_WAITALL)


def test_a_client_that_stops_in_the_middle_keeps_nobody_else_waiting(sock, keys):
    add(sock, keys / "ed25519")
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(sock)) for _ in range(100)]
        for n, s in enumerate(slow):
            s.sendall(frame(b"\x0b" + bytes(1000))[:n + 1])
        deaf = stack.enter_context(connect(sock))
        # One that asks and asks, and reads no answer.
        deaf.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(100000):
                deaf.send(frame(b"\x0b") * 100)
        assert add(sock, "-l").stdout.count("SHA256:") == 1
        slow[0].sendall(frame(b"\x0b" + bytes(1000))[1:])
        assert answer(slow[0])[:5] == b"\x0c\0\0\0\1"


def test_requests_that_come_together_are_answered_in_turn(sock):
    with connect(sock) as s:
        s.sendall(frame(b"\x0b") + frame(b"\x63") + frame(b"\x13") + frame(b"\x1b\0\0\0\5query"))
        assert [answer(s) for _ in range(4)] == [
            b"\x0c\0\0\0\0", b"\5", b"\6", b"\x1d\0\0\0\5query\0\0\0\x18session-bind@openssh.com"]
        s.shutdown(socket.SHUT_WR)
        assert s.recv(1) == b""


@pytest.mark.parametrize("data", [b"\0\0\0\0", b"\0\4\0\1", b"\xff\xff\xff\xff"], ids=["empty", "too long", "4 GiB"])
def test_who_does_not_speak_the_protocol_is_sent_away(sock, data):
    with connect(sock) as s:
        s.sendall(data)
        assert s.recv(1) == b""
    assert add(sock, "-l", check=False).returncode == 1


def test_a_request_of_the_greatest_length_is_answered(sock):
    with connect(sock) as s:
        writer = threading.Thread(target=s.sendall, args=(frame(b"\x11" + bytes(256 * 1024 - 1)),))
        writer.start()
        assert answer(s) == b"\5"
        writer.join()


@needs_root
def test_other_accounts_are_not_served(folder, keys):
    path = folder / "agent.sock"
    with harness.agent(path, program=AGENT):
        add(path, keys / "ed25519")
        os.chmod(path, 0o666)
        done = run(["setpriv", "--reuid=alice", "--regid=alice", "--clear-groups", "python3", "-c",
                    "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
                    "try:\n s.sendall(bytes([0, 0, 0, 1, 11])); print(s.recv(100))\n"
                    "except OSError: print(b'')", str(path)])
        assert done.stdout == "b''\n"
        assert add(path, "-l").stdout.count("SHA256:") == 1
