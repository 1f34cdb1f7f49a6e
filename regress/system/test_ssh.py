# SPDX-License-Identifier: ISC
"""The client itself: known hosts and their questions, the terminal, escapes, config, exit codes."""
import contextlib
import os
import pty
import pwd
import re
import select
import signal
import subprocess
import termios
import time

import pexpect
import pytest

import harness
from harness import run, wait_until

ASK = "Are you sure you want to continue connecting (yes/no/[fingerprint])? "


class Client:
    """Our ssh at our server, with files of its own and no BatchMode."""

    def __init__(self, sshd, folder):
        self.sshd = sshd
        self.folder = folder
        self.known = str(folder / "known_hosts_of_client")
        self.name = f"[127.0.0.1]:{sshd.port}"
        with open(f"{sshd.dir}/host_ed25519.pub", encoding="utf-8") as f:
            self.host_key = " ".join(f.read().split()[:2])
        self.fingerprint = run(["ssh-keygen", "-lf", f"{sshd.dir}/host_ed25519.pub"]).stdout.split()[1]

    def command(self, *remote, options=(), key=True, program=None):
        command = [program or harness.SSH, "-F", "none", "-p", str(self.sshd.port),
                   *options,
                   "-o", f"UserKnownHostsFile={self.known}", "-o", "GlobalKnownHostsFile=none",
                   "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes"]
        if key:
            command += ["-i", self.sshd.key]
        return command + [f"{harness.login_user()}@127.0.0.1", *remote]

    def run(self, *remote, options=(), check=False, key=True, **kwargs):
        """Without a terminal: nobody can be asked."""
        return run(["setsid", "-w", *self.command(*remote, options=options, key=key)], check=check, **kwargs)

    def spawn(self, *remote, options=(), key=True, **kwargs):
        command = self.command(*remote, options=options, key=key)
        return pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8", **kwargs)

    def know(self, line):
        with open(self.known, "a", encoding="utf-8") as f:
            f.write(line + "\n")

    def known_text(self):
        try:
            with open(self.known, encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""


@pytest.fixture
def client(sshd, folder):
    return Client(sshd, folder)


@pytest.fixture
def friend(client):
    """A client that knows the server."""
    client.know(f"{client.name} {client.host_key}")
    return client


def ended(child):
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    return child.exitstatus if child.signalstatus is None else -child.signalstatus


# --- known hosts ---

def test_question_about_an_unknown_host(client):
    child = client.spawn("echo hello")
    child.expect_exact(f"The authenticity of host '{client.name} ({client.name})' can't be established.\r\n"
                       f"ED25519 key fingerprint is {client.fingerprint}.\r\n"
                       "This key is not known by any other names.\r\n" + ASK)
    child.sendline("maybe")
    child.expect_exact("Please type 'yes', 'no' or the fingerprint: ")
    child.sendline("yes")
    child.expect_exact(f"Warning: Permanently added '{client.name}' (ED25519) to the list of known hosts.")
    child.expect("hello\r\n")
    assert ended(child) == 0
    assert client.known_text() == f"{client.name} {client.host_key}\n"
    assert os.stat(client.known).st_mode & 0o777 == 0o600
    assert client.run("echo again").stdout == "again\n"


def test_the_picture_of_a_host_key(client):
    """VisualHostKey: beside the question, and when it is known; the same as ssh-keygen's."""
    picture = run(["ssh-keygen", "-lvf", f"{client.sshd.dir}/host_ed25519.pub"]).stdout.splitlines()[1:]
    assert picture[0] == "+--[ED25519 256]--+" and picture[-1] == "+----[SHA256]-----+"
    visual = ["-o", "VisualHostKey=yes"]
    child = client.spawn("echo hello", options=visual)
    child.expect_exact("\r\n".join([f"ED25519 key fingerprint is {client.fingerprint}.", *picture]))
    child.expect_exact(ASK)
    child.sendline("yes")
    child.expect("hello\r\n")
    assert ended(child) == 0
    assert "\n".join(picture) in client.run("true", options=visual).stderr.replace("\r", "")
    assert picture[0] not in client.run("true").stderr


def test_no_is_no(client):
    child = client.spawn("echo hello")
    child.expect_exact(ASK)
    child.sendline("no")
    child.expect_exact("Host key verification failed.")
    assert ended(child) == 255
    assert client.known_text() == ""


def test_the_fingerprint_is_an_answer(client):
    child = client.spawn("echo hello")
    child.expect_exact(ASK)
    child.sendline(client.fingerprint)
    child.expect("hello\r\n")
    assert ended(child) == 0


def test_another_fingerprint_is_none(client):
    child = client.spawn("echo hello")
    child.expect_exact(ASK)
    child.sendline("SHA256:" + "A" * 43)
    child.expect_exact("Please type 'yes', 'no' or the fingerprint: ")
    child.sendeof()
    assert ended(child) == 255


def test_other_names_of_the_key_are_told(client):
    client.know(f"elsewhere {client.host_key}")
    child = client.spawn("echo hello")
    child.expect_exact("This host key is known by the following other names/addresses:\r\n"
                       f"    {client.known}:1: elsewhere\r\n")
    child.expect_exact(ASK)
    child.sendline("yes")
    assert ended(child) == 0


def test_nobody_to_ask(client):
    done = client.run("echo hello")
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr.endswith("Host key verification failed.\n")


def test_strict_yes_refuses_unknown_hosts(client):
    done = client.run("echo hello", options=["-o", "StrictHostKeyChecking=yes"])
    assert done.returncode == 255
    assert f"No ED25519 host key is known for {client.name} and you have requested strict checking." in done.stderr
    assert done.stderr.endswith("Host key verification failed.\n")


@pytest.mark.parametrize("value", ["accept-new", "no", "off"])
def test_unknown_hosts_taken_without_a_question(client, value):
    done = client.run("echo hello", options=["-o", f"StrictHostKeyChecking={value}"])
    assert (done.stdout, done.returncode) == ("hello\n", 0)
    assert f"Warning: Permanently added '{client.name}' (ED25519) to the list of known hosts." in done.stderr
    assert client.known_text() == f"{client.name} {client.host_key}\n"


@pytest.mark.parametrize("value", ["yes", "ask", "accept-new"])
def test_a_changed_key_is_refused(client, folder, value):
    with open(harness.make_key(folder / "other") + ".pub", encoding="utf-8") as f:
        client.know("# a comment\n" + f"{client.name} {f.read().strip()}")
    done = client.run("echo hello", options=["-o", f"StrictHostKeyChecking={value}"])
    assert (done.returncode, done.stdout) == (255, "")
    assert "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @" in done.stderr
    assert f"The fingerprint for the ED25519 key sent by the remote host is\n{client.fingerprint}.\n" in done.stderr
    assert f"Offending ED25519 key in {client.known}:2\n" in done.stderr
    assert f"ssh-keygen -f '{client.known}' -R '{client.name}'" in done.stderr
    assert f"Host key for {client.name} has changed and you have requested strict checking." in done.stderr
    assert done.stderr.endswith("Host key verification failed.\n")
    # What it advises helps.
    run([harness.KEYGEN, "-f", client.known, "-R", client.name])
    assert client.run("echo hello", options=["-o", "StrictHostKeyChecking=accept-new"]).stdout == "hello\n"


def test_a_key_of_another_type_is_a_changed_key(client, folder):
    with open(harness.make_key(folder / "other", "ecdsa") + ".pub", encoding="utf-8") as f:
        client.know(f"{client.name} {f.read().strip()}")
    done = client.run("echo hello", options=["-o", "StrictHostKeyChecking=accept-new"])
    assert done.returncode == 255
    assert f"Offending ECDSA key in {client.known}:1\n" in done.stderr


def test_a_changed_key_without_checking_gives_no_password(client, folder):
    with open(harness.make_key(folder / "other") + ".pub", encoding="utf-8") as f:
        client.know(f"{client.name} {f.read().strip()}")
    done = client.run("echo hello", options=["-o", "StrictHostKeyChecking=no"])
    assert (done.stdout, done.returncode) == ("hello\n", 0)
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in done.stderr
    assert "Password authentication is disabled to avoid man-in-the-middle attacks." in done.stderr
    done = client.run("echo hello", key=False, options=["-o", "StrictHostKeyChecking=no",
                                                       "-o", "PubkeyAuthentication=no"])
    assert done.returncode == 255


@pytest.mark.parametrize("value", ["yes", "no"])
def test_a_revoked_key_is_never_taken(client, value):
    client.know(f"@revoked * {client.host_key}")
    client.know(f"{client.name} {client.host_key}")
    done = client.run("echo hello", options=["-o", f"StrictHostKeyChecking={value}"])
    assert (done.returncode, done.stdout) == (255, "")
    assert "REVOKED HOST KEY DETECTED" in done.stderr


def test_revoked_host_keys_file(friend, folder):
    bad = folder / "revoked"
    bad.write_text(friend.host_key + "\n")
    done = friend.run("true", options=["-o", f"RevokedHostKeys={bad}"])
    assert done.returncode == 255 and f"revoked by file {bad}" in done.stderr
    done = friend.run("true", options=["-o", f"RevokedHostKeys={folder}/missing"])
    assert done.returncode == 255 and "Error checking host key" in done.stderr


def test_hashed_known_hosts(client):
    options = ["-o", "HashKnownHosts=yes", "-o", "StrictHostKeyChecking=accept-new"]
    assert client.run("true", options=options).returncode == 0
    assert client.known_text().startswith("|1|")
    assert client.run("echo again", options=["-o", "StrictHostKeyChecking=yes"]).stdout == "again\n"


def test_host_key_alias(client):
    options = ["-o", "HostKeyAlias=other.name", "-o", "StrictHostKeyChecking=accept-new"]
    assert client.run("true", options=options).returncode == 0
    assert client.known_text() == f"other.name {client.host_key}\n"


@pytest.mark.skipif(not harness.ROOT, reason="needs a home that may be written to")
def test_the_users_own_file_is_made(client):
    import shutil
    shutil.rmtree("/root/.ssh", ignore_errors=True)
    command = client.command("true", options=["-o", "StrictHostKeyChecking=accept-new"])
    at = command.index(f"UserKnownHostsFile={client.known}")
    del command[at - 1:at + 1]
    run(command)
    assert os.stat("/root/.ssh").st_mode & 0o777 == 0o700
    assert os.stat("/root/.ssh/known_hosts").st_mode & 0o777 == 0o600
    with open("/root/.ssh/known_hosts", encoding="utf-8") as f:
        assert f.read() == f"{client.name} {client.host_key}\n"
    shutil.rmtree("/root/.ssh")


def test_a_last_line_without_its_end(client):
    with open(client.known, "w", encoding="utf-8") as f:
        f.write("other " + client.host_key)
    assert client.run("true", options=["-o", "StrictHostKeyChecking=accept-new"]).returncode == 0
    assert client.known_text() == f"other {client.host_key}\n{client.name} {client.host_key}\n"


def test_several_files_and_a_name_without_port(client, folder):
    second = folder / "second"
    second.write_text(f"127.0.0.1 {client.host_key}\n")
    client.know("somebody " + client.host_key)
    done = client.run("echo hello", options=["-o", f"UserKnownHostsFile={client.known} {second}",
                                             "-o", "StrictHostKeyChecking=yes"])
    assert done.stdout == "hello\n"


def test_a_file_that_cannot_be_written(client, folder):
    client.known = str(folder / "missing" / "known_hosts")
    done = client.run("echo hello", options=["-o", "StrictHostKeyChecking=accept-new"])
    assert (done.stdout, done.returncode) == ("hello\n", 0)
    assert f"Failed to add the host to the list of known hosts ({client.known})." in done.stderr


def test_known_hosts_command(client, folder):
    log = folder / "asked"
    program = folder / "keys"
    program.write_text(f"#!/bin/sh\necho \"$@\" >>{log}\necho \"{client.name} {client.host_key}\"\n")
    program.chmod(0o755)
    options = ["-o", "StrictHostKeyChecking=yes"]
    done = client.run("echo hello", options=options + ["-o", f"KnownHostsCommand={program} %I %H %t %f 'a b'"])
    assert done.stdout == "hello\n", done.stderr
    assert log.read_text() == (f"ORDER {client.name} NONE NONE a b\n"
                               f"HOSTNAME {client.name} ssh-ed25519 {client.fingerprint} a b\n")
    log.unlink()
    client.run("true", options=options + ["-o", f"KnownHostsCommand={program} %I", "-o", "HostKeyAlgorithms=ssh-ed25519"])
    assert log.read_text() == "HOSTNAME\n"        # in what order is not asked who has said it
    done = client.run("echo hello", options=options + ["-o", "KnownHostsCommand=/bin/false"])
    assert done.returncode == 255 and "KnownHostsCommand failed: /bin/false: exited with an error" in done.stderr
    done = client.run("echo hello", options=options + ["-o", "KnownHostsCommand=/nonexistent/program"])
    assert done.returncode == 255 and "No such file or directory" in done.stderr


def test_a_known_key_is_asked_for(sshd, folder):
    """The server has three kinds; the client knows one that it would not ask for first."""
    with harness.server(folder / "three", keys=("ed25519", "ecdsa", "rsa")) as three:
        three.authorize(sshd.key + ".pub")
        three.key = sshd.key
        c = Client(three, folder)
        with open(f"{three.dir}/host_rsa.pub", encoding="utf-8") as f:
            c.know(f"{c.name} {f.read().strip()}")
        done = c.run("echo hello", options=["-v"])
        assert done.stdout == "hello\n", done.stderr
        assert "kex: host key algorithm: rsa-sha2-512" in done.stderr


# --- terminal ---

def modes(fd):
    m = termios.tcgetattr(fd)
    return m[:4] + [m[6]]


class Terminal:
    """A pty of which we hold both ends, to see what a client leaves behind."""

    def __init__(self, command):
        self.master, self.slave = pty.openpty()
        self.before = modes(self.slave)
        self.process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        start_new_session=True, preexec_fn=self.control)
        self.seen = ""

    def control(self):
        import fcntl
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def expect(self, text, timeout=20):
        end = time.monotonic() + timeout
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self.master], [], [], 0.2)[0]:
                self.seen += os.read(self.master, 65536).decode(errors="replace")
        self.seen = self.seen[self.seen.index(text) + len(text):]

    def send(self, text):
        os.write(self.master, text.encode())

    def is_raw(self):
        return not modes(self.slave)[3] & termios.ICANON

    def close(self):
        harness.end(self.process, signal.SIGKILL)
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(friend):
    t = Terminal(friend.command("PS1='% ' exec sh -i", options=["-t"]))
    t.expect("%")
    assert t.is_raw()
    yield t
    t.close()


def test_terminal_after_an_ordinary_end(terminal):
    terminal.send("exit 3\r")
    assert terminal.process.wait(harness.TIMEOUT) == 3
    assert modes(terminal.slave) == terminal.before
    terminal.expect("Connection to 127.0.0.1 closed.")


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_terminal_after_a_signal(terminal, sig):
    terminal.process.send_signal(sig)
    assert terminal.process.wait(harness.TIMEOUT) == 255
    assert modes(terminal.slave) == terminal.before


@pytest.mark.parametrize("sig", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_terminal_after_a_crash(terminal, sig):
    if "sanitize" in harness.BINDIR:
        pytest.skip("the sanitizer has handlers of its own")
    terminal.process.send_signal(sig)
    assert terminal.process.wait(harness.TIMEOUT) == -sig
    assert modes(terminal.slave) == terminal.before


def test_terminal_after_the_connection_was_lost(terminal, friend):
    for pid in friend.sshd.children():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    assert terminal.process.wait(harness.TIMEOUT) == 255
    assert modes(terminal.slave) == terminal.before
    terminal.expect("Connection to 127.0.0.1 closed by remote host.")


def test_terminal_after_a_passphrase_was_interrupted(client, folder):
    client.know(f"{client.name} {client.host_key}")
    key = harness.make_key(folder / "encrypted", passphrase="secret")
    client.sshd.authorize(key + ".pub")
    t = Terminal(client.command("true", key=False, options=["-i", key]))
    t.expect("Enter passphrase for key")
    assert not modes(t.slave)[3] & termios.ECHO
    t.send("\x03")
    assert t.process.wait(harness.TIMEOUT) == -signal.SIGINT
    assert modes(t.slave) == t.before
    t.close()


def test_a_stopped_question_is_asked_again(client):
    """A shell with job control: ^Z at the question, fg, and yes."""
    child = pexpect.spawn("sh", ["-i"], timeout=harness.TIMEOUT, encoding="utf-8", env={**os.environ, "PS1": "% "})
    child.expect("%")
    child.sendline(" ".join(client.command("echo", "hello", options=["-o", "StrictHostKeyChecking=ask"])))
    child.expect_exact(ASK)
    child.sendcontrol("z")
    child.expect("Stopped|Suspended")
    child.sendline("fg")
    child.expect_exact(ASK)
    child.sendline("yes")
    child.expect("hello\r\n")
    child.sendline("exit")
    ended(child)


def test_window_size_and_its_changes(friend):
    child = friend.spawn("echo ready; until stty size | grep '50 150'; do sleep 0.05; done", options=["-t"], dimensions=(20, 70))
    child.expect("ready")
    child.setwinsize(50, 150)
    child.expect("50 150")
    assert ended(child) == 0


def test_modes_of_the_terminal_arrive(friend):
    t = Terminal(friend.command("stty -a; true", options=["-t"]))
    t.close()
    master, slave = pty.openpty()
    attributes = termios.tcgetattr(slave)
    attributes[3] &= ~termios.ECHOE
    attributes[6][termios.VERASE] = b"\x08"
    attributes[6][termios.VINTR] = b"\x07"
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    p = subprocess.Popen(friend.command("stty -a", options=["-tt"]), stdin=slave, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    out = p.communicate(timeout=harness.TIMEOUT)[0]
    os.close(master)
    os.close(slave)
    assert "erase = ^H" in out and "intr = ^G" in out and " -echoe " in out


def test_no_terminal_without_one(friend):
    done = friend.run("tty", options=["-t"])
    assert "Pseudo-terminal will not be allocated because stdin is not a terminal." in done.stderr
    assert done.stdout == "not a tty\n"
    done = friend.run("tty", options=["-tt"])
    assert done.stdout.startswith("/dev/pts/")


def test_stdin_stays_blocking(friend):
    """The shell that started us must find its pipes and terminal as they were."""
    master, slave = pty.openpty()
    r, w = os.pipe()
    p = subprocess.Popen(friend.command("echo up; sleep 60"), stdin=slave, stdout=w, stderr=slave,
                         start_new_session=True)
    assert os.read(r, 100) == b"up\n"
    for fd in (slave, w):
        assert os.get_blocking(fd)
    p.kill()
    p.wait()
    for fd in (slave, w):
        assert os.get_blocking(fd)
    for fd in (master, slave, r, w):
        os.close(fd)


# --- escapes ---

def test_escapes(terminal):
    terminal.send("\r~?")
    terminal.expect("Supported escape sequences:")
    terminal.expect("typing it twice")
    terminal.send("~#")
    terminal.expect("The following connections are open:")
    terminal.expect("client-session")
    terminal.send("\r~v")
    terminal.expect("[LogLevel VERBOSE]")
    terminal.send("~V")
    terminal.expect("[LogLevel INFO]")
    terminal.send("echo a~?b\r")
    terminal.expect("a~?b\r\n")
    terminal.send("~~tilde\r")
    terminal.expect("~tilde: ")
    terminal.expect("% ")
    terminal.send("~R")
    terminal.send("echo after the rekey\r")
    terminal.expect("\r\nafter the rekey")
    terminal.send("\r~.")
    assert terminal.process.wait(harness.TIMEOUT) == 255
    assert modes(terminal.slave) == terminal.before


def test_nothing_typed_or_printed_is_lost_in_rekeys(terminal):
    for i in range(60):
        terminal.send("\r~R")
        line = f"echo -{i}-$(({i} + 1))-\r"
        for part in (line if i % 2 else [line]):
            terminal.send(part)
        terminal.expect(f"-{i}-{i + 1}-\r\n")


def test_suspend_and_resume(friend):
    child = pexpect.spawn("sh", ["-i"], timeout=harness.TIMEOUT, encoding="utf-8", env={**os.environ, "PS1": "local% "})
    child.expect("local% ")
    # The echo of this line must not look like the prompt that it asks for.
    child.sendline(" ".join(friend.command("'PS1=\"f\"\"ar% \"'", "exec", "sh", "-i", options=["-t"])))
    child.expect("far% ")
    child.send("\r~\x1a")
    child.expect_exact("[suspend ssh]")
    child.expect("local% ")
    child.sendline("echo he''re; fg")
    child.expect("here")
    child.sendline("echo the''re")
    child.expect("there")
    child.sendline("exit")
    child.expect("local% ")
    child.sendline("exit")
    ended(child)


def test_background(friend):
    """~& gives the terminal back while a forwarded connection goes on."""
    t = Terminal(friend.command("PS1='% ' exec sh -i", options=["-t"]))
    t.expect("%")
    t.send("(trap '' HUP; sleep 0.5; echo later) & \r")
    t.expect("%")
    t.send("\r~&")
    t.expect("[backgrounded]")
    assert t.process.wait(harness.TIMEOUT) == 0
    assert modes(t.slave) == t.before
    t.close()


def test_escape_character(friend):
    t = Terminal(friend.command("PS1='% ' exec sh -i", options=["-t", "-e", "^B"]))
    t.expect("%")
    t.send("\r~.\r")
    t.expect("%")
    t.send("\r\x02.")
    assert t.process.wait(harness.TIMEOUT) == 255
    t.close()


def test_no_escape_character(friend):
    t = Terminal(friend.command("PS1='% ' exec sh -i", options=["-t", "-e", "none"]))
    t.expect("%")
    t.send("\r~.\r")
    t.expect("~.: ")
    t.send("exit 4\r")
    assert t.process.wait(harness.TIMEOUT) == 4
    t.close()


def test_stopped_from_outside(terminal):
    """Whoever ran meanwhile left the terminal in another mode."""
    terminal.process.send_signal(signal.SIGSTOP)
    attributes = termios.tcgetattr(terminal.slave)
    attributes[3] |= termios.ICANON | termios.ECHO
    termios.tcsetattr(terminal.slave, termios.TCSANOW, attributes)
    terminal.process.send_signal(signal.SIGCONT)
    wait_until(terminal.is_raw, "the terminal to be raw again")


def test_channel_timeout(friend):
    done = friend.run("echo up; sleep 300", options=["-o", "ChannelTimeout=session:command=1"])
    assert (done.stdout, done.returncode) == ("up\n", 255)
    done = friend.run("for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.45; done", options=[
        "-o", "ChannelTimeout=session:*=3 direct-tcpip=1"])
    assert done.stdout.endswith("8\n") and done.returncode == 0


# --- command line and config ---

def test_no_server_there():
    port = harness.free_port()
    done = run([harness.SSH, "-F", "none", "-p", str(port), "127.0.0.1", "true"], check=False)
    assert done.returncode == 255
    assert done.stderr == f"ssh: connect to host 127.0.0.1 port {port}: Connection refused\n"


def test_no_such_name():
    done = run([harness.SSH, "-F", "none", "-o", "ConnectTimeout=5", "no-such-name.invalid", "true"], check=False)
    assert done.returncode == 255
    assert re.match(r"ssh: Could not resolve hostname no-such-name.invalid: "
                    r"(Name or service not known|Temporary failure in name resolution)\n", done.stderr)


def test_localhost_is_found_in_the_hosts_file(friend):
    friend.know(f"[localhost]:{friend.sshd.port} {friend.host_key}")
    command = friend.command("echo hello")
    command[command.index(f"{harness.login_user()}@127.0.0.1")] = f"{harness.login_user()}@localhost"
    assert run(command).stdout == "hello\n"


def test_a_server_that_says_nothing():
    import socket
    with socket.create_server(("127.0.0.1", 0)) as s:
        done = run([harness.SSH, "-F", "none", "-o", "ConnectTimeout=1", "-p", str(s.getsockname()[1]),
                    "127.0.0.1", "true"], check=False)
    assert done.returncode == 255
    assert "Connection timed out during banner exchange" in done.stderr


def test_a_server_that_hangs_up():
    import socket
    import threading
    with socket.create_server(("127.0.0.1", 0)) as s:
        threading.Thread(target=lambda: s.accept()[0].close(), daemon=True).start()
        done = run([harness.SSH, "-F", "none", "-p", str(s.getsockname()[1]), "127.0.0.1", "true"], check=False)
    assert done.returncode == 255
    assert re.search(r"Connection (closed|reset) by 127.0.0.1 port", done.stderr)


def test_nothing_in_common(sshd, folder):
    with harness.server(folder / "other", config="KexAlgorithms ecdh-sha2-nistp256\nCiphers aes128-ctr") as other:
        other.key = sshd.key
        c = Client(other, folder)
        done = c.run("true", options=["-o", "KexAlgorithms=curve25519-sha256"])
        assert done.returncode == 255
        assert (f"Unable to negotiate with 127.0.0.1 port {other.port}: no matching key exchange method found. "
                "Their offer: ecdh-sha2-nistp256") in done.stderr
        done = c.run("true", options=["-c", "aes256-ctr"])
        assert "no matching cipher found. Their offer: aes128-ctr" in done.stderr


def test_version():
    done = run([harness.SSH, "-V"])
    assert re.match(r"Dayfly_[0-9.]+ \(in place of OpenSSH_[0-9.p]+\), OpenSSL ", done.stderr) and done.stdout == ""


@pytest.mark.parametrize("arguments", [[], ["-p"], ["-@", "host"], ["-p", "0", "host"], ["-p", "99999", "host"],
                                       ["-o", "NoSuchKeyword=1", "host"], ["-o", "Port=x", "host"],
                                       ["-J", "a", "-J", "b", "host"], ["-s", "host"], ["-W", "a:1", "host", "true"]])
def test_wrong_usage_is_255(arguments):
    done = run([harness.SSH, "-F", "none", *arguments], check=False)
    assert done.returncode == 255 and done.stderr != "" and done.stdout == ""


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "a;b", "$(id)", "a b", "a`b`", "x'y", "a,b", "a\nb", "a|b"])
def test_host_names_that_a_shell_could_obey(host):
    done = run([harness.SSH, "-F", "none", "-o", "ProxyCommand=echo %h", "--", host, "true"], check=False)
    assert done.returncode == 255
    assert "hostname contains invalid characters" in done.stderr or "usage:" in done.stderr


@pytest.mark.parametrize("user", ["$(id)", "a;b", "a'b", "a\tb", "-l", "${HOME}"])
def test_user_names_that_a_shell_could_obey(user):
    done = run([harness.SSH, "-F", "none", "-o", "ProxyCommand=echo %r", "-l", user, "host", "true"], check=False)
    assert done.returncode == 255
    assert "remote username contains invalid characters" in done.stderr


@pytest.mark.parametrize("term,name", [("cipher", "aes128-ctr"), ("cipher-auth", "aes128-gcm@openssh.com"),
                                       ("kex", "curve25519-sha256"), ("mac", "hmac-sha2-256"),
                                       ("key", "ssh-ed25519"), ("key-plain", "ssh-rsa"), ("key-sig", "rsa-sha2-256"),
                                       ("protocol-version", "2"), ("compression", "none"), ("help", "cipher"),
                                       ("HostKeyAlgorithms", "ssh-ed25519")])
def test_query(term, name):
    assert name in run([harness.SSH, "-Q", term]).stdout.split("\n")


PEER_SSH = os.path.join(os.environ.get("PEERS", ""), "openssh10/usr/bin/ssh")


@pytest.mark.skipif(not os.path.exists(PEER_SSH), reason="OpenSSH 10 has not been fetched")
@pytest.mark.parametrize("term", ["cipher", "cipher-auth", "compression", "kex", "key", "key-ca-sign", "key-cert",
                                  "key-plain", "key-sig", "mac", "protocol-version", "sig", "Ciphers", "MACs",
                                  "KexAlgorithms", "CASignatureAlgorithms", "PubkeyAcceptedAlgorithms",
                                  "PubkeyAcceptedKeyTypes", "HostKeyAlgorithms", "HostbasedAcceptedAlgorithms",
                                  "HostbasedKeyTypes", "HostbasedAcceptedKeyTypes"])
def test_a_query_names_all_that_openssh_10_does(term):
    """What later versions have, or only ours has, may stand there too."""
    theirs = set(run([PEER_SSH, "-Q", term]).stdout.split())
    ours = run([harness.SSH, "-Q", term]).stdout.split()
    assert theirs <= set(ours) and len(set(ours)) == len(ours)
    if term not in ("kex", "KexAlgorithms"):
        assert all("mldsa44" in name or name.startswith("webauthn") for name in set(ours) - theirs)


@pytest.mark.parametrize("answer", [["-V"], ["-Q", "kex"], []])
def test_an_option_that_nobody_knows_is_told_before_the_answer(answer):
    """Programs find out so what an ssh can do."""
    for option, message in (("Nonsense=1", "Bad configuration option: Nonsense"), ("Port=x", "Port")):
        done = run([harness.SSH, "-o", option, *answer], check=False)
        assert done.returncode == 255 and message in done.stderr and "usage" not in done.stderr and done.stdout == ""


def test_what_stands_behind_the_question_is_not_looked_at():
    done = run([harness.SSH, "-V", "-o", "Nonsense=1", "-@"])
    assert done.stderr.startswith("Dayfly_")
    assert "curve25519-sha256\n" in run([harness.SSH, "-o", "Port=1", "-Q", "kex", "-o", "Nonsense=1"]).stdout
    assert "usage: ssh" in run([harness.SSH, "-o", "Port=1"], check=False).stderr


def test_query_of_nothing():
    assert run([harness.SSH, "-Q", "weather"], check=False).returncode == 255


def config_of(*arguments):
    done = run([harness.SSH, "-G", *arguments])
    values = {}
    for line in done.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        values.setdefault(keyword, value)
    return values


@pytest.mark.parametrize("text,user,host,port", [
    ("host", None, "host", "22"), ("u@host", "u", "host", "22"), ("a@b@host", "a@b", "host", "22"),
    ("ssh://u@host:99", "u", "host", "99"), ("ssh://host", None, "host", "22"), ("ssh://[::1]:99", None, "::1", "99"),
    ("ssh://a%40b@host", "a@b", "host", "22"), ("::1", None, "::1", "22"), ("HOST", None, "host", "22")])
def test_destinations(text, user, host, port):
    values = config_of("-F", "none", text)
    assert (values["hostname"], values["port"]) == (host, port)
    assert user is None or values["user"] == user


@pytest.mark.parametrize("text", ["ssh://host:0", "ssh://host:x", "ssh://@host", "ssh://host/path", "@host", "user@"])
def test_destinations_that_are_none(text):
    assert run([harness.SSH, "-G", "-F", "none", text], check=False).returncode == 255


def test_values_are_shown_as_what_they_stand_for():
    values = config_of("-F", "none", "-p", "2200", "-o", "ControlPath=/c/%r@%h:%p", "-o", "RemoteCommand=echo %n %%",
                       "-o", "IdentityAgent=/a/%r", "-o", "ForwardAgent=$SOCKET", "-o", "LocalForward=/l/%h /l/%p",
                       "-o", "RemoteForward=/r/%h /r/%p", "-o", "UserKnownHostsFile=/k/%h /k/%p",
                       "-o", "RevokedHostKeys=/v/%h", "ann@Host")
    assert {k: values[k] for k in ("controlpath", "remotecommand", "identityagent", "forwardagent", "localforward",
                                   "remoteforward", "userknownhostsfile", "revokedhostkeys")} == {
        "controlpath": "/c/ann@host:2200", "remotecommand": "echo Host %", "identityagent": "/a/ann",
        "forwardagent": "$SOCKET", "localforward": "/l/host /l/2200", "remoteforward": "/r/host /r/2200",
        "userknownhostsfile": "/k/host /k/2200", "revokedhostkeys": "/v/host"}
    assert config_of("-F", "none", "-o", "User=a%nb", "host")["user"] == "ahostb"
    done = run([harness.SSH, "-G", "-F", "none", "-o", "ControlPath=%Z", "host"], check=False)
    assert (done.returncode, done.stdout) == (255, "")


def test_environment_is_shown_as_what_it_stands_for(monkeypatch):
    monkeypatch.setenv("FRUIT", "plum")
    assert config_of("-F", "none", "-o", "SetEnv=%n=%n:%%${FRUIT}", "Host")["setenv"] == "%n=Host:%plum"


def test_jumps_are_shown_as_user_host_and_port():
    values = config_of("-F", "none", "-J", "a@b:22,ssh://c%40d@e:2222,ssh://[::1]:23,ssh://f", "host")
    assert values["proxyjump"] == "a@b:22,c%40d@e:2222,[::1]:23,f"


def test_a_lone_tilde_ends_in_a_slash():
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert config_of("-F", "none", "-o", "IdentityAgent=~", "host")["identityagent"] == f"{home}/"
    assert config_of("-F", "none", "-o", "IdentityAgent=~/a", "host")["identityagent"] == f"{home}/a"


@pytest.mark.parametrize("arguments", [["-l", "%u", "host"], ["%u@host"]])
def test_a_user_on_the_command_line_has_no_tokens(arguments):
    assert config_of("-F", "none", *arguments)["user"] == "%u"


@pytest.mark.parametrize("jump", ["a;b", "a`b`", "a$b", "a(b)", "u;v@host", "u'v@host", "u(v)@host", "good,b;d"])
def test_a_jump_on_the_command_line_that_a_shell_could_obey(jump, folder):
    for arguments in (["-J", jump], ["-o", f"ProxyJump={jump}"]):
        assert run([harness.SSH, "-G", "-F", "none", *arguments, "host"], check=False).returncode == 255
    config = folder / "config"
    config.write_text("ProxyJump u;v@a;b\n")
    config.chmod(0o600)
    assert config_of("-F", str(config), "host")["proxyjump"] == "u;v@a;b"


def test_what_w_implies_may_be_said_otherwise():
    def shown(*options):
        values = config_of("-F", "none", *options, "-W", "a:1", "host")
        return values["exitonforwardfailure"], values["clearallforwardings"]

    assert shown() == ("yes", "yes")
    assert shown("-o", "ExitOnForwardFailure=no") == ("no", "yes")
    assert shown("-o", "ClearAllForwardings=no") == ("yes", "no")


def test_options_may_follow_the_host():
    values = config_of("-F", "none", "host", "-p", "77", "-l", "joe")
    assert (values["port"], values["user"]) == ("77", "joe")


def test_config_files_and_precedence(folder):
    extra = folder / "extra"
    extra.write_text("User from-include\n")
    config = folder / "config"
    config.write_text(f"Host short\n  Hostname long.example\n  Port 2200\nMatch host long.example\n"
                      f"  Include {extra}\nHost *\n  User other\n  Port 99\n")
    values = config_of("-F", str(config), "short")
    assert (values["hostname"], values["port"], values["user"]) == ("long.example", "2200", "from-include")
    values = config_of("-F", str(config), "-p", "1", "-o", "User=me", "short")
    assert (values["port"], values["user"]) == ("1", "me")


@pytest.mark.skipif(not harness.ROOT, reason="needs a hosts file of its own")
def test_canonical_names(folder):
    """c-ares reads /etc/hosts: a mount of our own over it, in this process's view only."""
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.7 box.inner.example\n127.0.0.8 a.b.outer.example\n")
    config = folder / "config"
    config.write_text("CanonicalizeHostname yes\nCanonicalDomains inner.example outer.example\n"
                      "Match canonical host *.inner.example\n  User inner\n"
                      "Match canonical host *.outer.example\n  User outer\n"
                      "Host *\n  User nobody\n")

    def values(*arguments):
        command = " ".join(["mount", "--bind", str(hosts), "/etc/hosts", "&&", harness.SSH, "-G", "-F", str(config),
                            *arguments])
        done = run(["unshare", "-m", "sh", "-c", command], check=False)
        return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line), done

    got, _ = values("box")
    assert (got["hostname"], got["user"], got["host"]) == ("box.inner.example", "nobody", "box")
    config.write_text(config.read_text().replace("Host *\n  User nobody\n", ""))
    assert values("box")[0]["user"] == "inner"
    assert values("a.b")[0]["hostname"] == "a.b.outer.example"
    assert values("-o", "CanonicalizeMaxDots=0", "a.b")[0]["hostname"] == "a.b"
    assert values("127.0.0.1")[0]["hostname"] == "127.0.0.1"
    assert values("-o", "ProxyCommand=x", "box")[0]["hostname"] == "box"
    assert values("-o", "ProxyCommand=x", "-o", "CanonicalizeHostname=always", "box")[0]["user"] == "inner"
    got, done = values("-o", "CanonicalizeFallbackLocal=no", "-o", "CanonicalDomains=inner.example", "nothing")
    assert done.returncode == 255 and 'Could not resolve host "nothing"' in done.stderr


def test_config_errors_name_file_and_line(folder):
    config = folder / "config"
    config.write_text("Host *\n  Prot 22\n  Port 22\n")
    done = run([harness.SSH, "-G", "-F", str(config), "host"], check=False)
    assert done.returncode == 255
    assert f"{config}: line 2: " in done.stderr and "Prot" in done.stderr
    assert f"{config}: terminating, 1 bad configuration options" in done.stderr


def test_config_that_is_not_there():
    done = run([harness.SSH, "-F", "/nonexistent/config", "host"], check=False)
    assert done.returncode == 255
    assert "Can't open user config file /nonexistent/config: No such file or directory" in done.stderr


@pytest.mark.skipif(not harness.ROOT, reason="needs a home that may be written to")
def test_config_that_others_could_write():
    folder = "/root/.ssh"
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = f"{folder}/config"
    try:
        with open(path, "w", encoding="utf-8") as f:
            f.write("Port 77\n")
        assert config_of("host")["port"] == "77"
        os.chmod(path, 0o666)
        done = run([harness.SSH, "-G", "host"], check=False)
        assert done.returncode == 255
        assert done.stderr == f"Bad owner or permissions on {path}\n"
    finally:
        os.unlink(path)


def test_log_file(friend, folder):
    log = folder / "log"
    done = friend.run("echo hello", options=["-v", "-E", str(log)])
    assert (done.stdout, done.stderr) == ("hello\n", "")
    assert "debug1: Authentication" in log.read_text()


def test_quiet(friend):
    done = friend.run("echo hello; echo err >&2; exit 3", options=["-q"])
    assert (done.stdout, done.stderr, done.returncode) == ("hello\n", "err\n", 3)


def test_identity_that_is_not_there(friend):
    done = friend.run("echo hello", options=["-i", "/nonexistent/key"])
    assert done.stdout == "hello\n"
    assert "Warning: Identity file /nonexistent/key not accessible: No such file or directory.\n" in done.stderr


def test_identity_that_others_can_read(friend, folder):
    key = harness.make_key(folder / "open")
    friend.sshd.authorize(key + ".pub")
    os.chmod(key, 0o644)
    done = friend.run("echo hello", key=False, options=["-i", key])
    assert done.returncode == 255
    assert "WARNING: UNPROTECTED PRIVATE KEY FILE!" in done.stderr
    assert f"Permissions 0644 for '{key}' are too open." in done.stderr
    assert "This private key will be ignored." in done.stderr


def test_batch_mode_asks_nobody(friend, folder):
    key = harness.make_key(folder / "encrypted", passphrase="secret")
    friend.sshd.authorize(key + ".pub")
    child = friend.spawn("echo hello", key=False, options=["-i", key, "-o", "BatchMode=yes"])
    child.expect("Permission denied")
    assert ended(child) == 255


def test_askpass(friend, folder):
    key = harness.make_key(folder / "encrypted", passphrase="secret words")
    friend.sshd.authorize(key + ".pub")
    program = folder / "askpass"
    program.write_text(f"#!/bin/sh\necho \"$1\" >{folder}/asked\necho secret words\n")
    program.chmod(0o755)
    env = {**os.environ, "SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force"}
    done = friend.run("echo hello", key=False, options=["-i", key], env=env)
    assert done.stdout == "hello\n", done.stderr
    assert (folder / "asked").read_text() == f"Enter passphrase for key '{key}': \n"


def test_stdin_null(friend):
    p = subprocess.Popen(friend.command("cat; echo end", options=["-n"]), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
    assert p.stdout.read() == "end\n"
    p.stdin.close()
    assert p.wait(harness.TIMEOUT) == 0


def test_closed_descriptors(friend):
    """Started without standard descriptors no socket takes their place."""
    command = " ".join(f"'{c}'" for c in friend.command("echo hello"))
    assert run(["sh", "-c", f"exec {command} <&-"]).stdout == "hello\n"
    assert run(["sh", "-c", f"exec {command} 2>&-"]).stdout == "hello\n"
    assert run(["sh", "-c", f"exec {command} >&-"], check=False).stdout == ""


def test_remote_command_of_the_config(friend):
    assert friend.run(options=["-o", "RemoteCommand=echo %n"]).stdout == "127.0.0.1\n"
    done = friend.run("true", options=["-o", "RemoteCommand=echo x"])
    assert done.returncode == 255
    assert "Cannot execute command-line and remote command." in done.stderr


def test_local_command(friend, folder):
    mark = folder / "mark"
    friend.run("true", check=True, options=["-o", f"LocalCommand=echo %p >{mark}"])
    assert not mark.exists()
    friend.run("true", check=True, options=["-o", f"LocalCommand=echo %p >{mark}", "-o", "PermitLocalCommand=yes"])
    assert mark.read_text() == f"{friend.sshd.port}\n"


def test_banner_is_shown_harmlessly(sshd, folder):
    text = folder / "banner"
    text.write_bytes(b"Welcome \x1b[2J \xc3\xa4\x07\n")
    with harness.server(folder / "other", config=f"Banner {text}") as other:
        other.authorize(sshd.key + ".pub")
        other.key = sshd.key
        c = Client(other, folder)
        done = c.run("true", options=["-o", "StrictHostKeyChecking=accept-new"])
        assert done.returncode == 0
        assert "Welcome \\033[2J \u00e4\\a\n" in done.stderr or "Welcome \\033[2J \u00e4\\007\n" in done.stderr
        assert "Welcome" not in c.run("true", options=["-q"]).stderr


def test_a_long_banner_arrives_whole(sshd, folder):
    text = folder / "banner"
    lines = "".join(f"line {i} of a text that lawyers like\n" for i in range(2000))
    text.write_text(lines + "x" * 70000 + "\n")
    with harness.server(folder / "other", config=f"Banner {text}") as other:
        other.authorize(sshd.key + ".pub")
        done = run(other.ssh("true", key=sshd.key))
        assert done.stderr == text.read_text()


def test_a_proxy_command_has_pipes(friend):
    """Such programs may open /dev/stdin, or ask what they are connected to."""
    proxy = (f"[ -p /dev/stdin ] && [ -p /dev/stdout ] && exec python3 -c '"
             "import os, socket, sys, threading\n"
             f"s = socket.create_connection((\"127.0.0.1\", {friend.sshd.port}))\n"
             "def up():\n"
             "    while (b := os.read(0, 65536)): s.sendall(b)\n"
             "    s.shutdown(socket.SHUT_WR)\n"
             "threading.Thread(target=up, daemon=True).start()\n"
             "while (b := s.recv(65536)): os.write(1, b)'")
    script = friend.folder / "proxy"
    script.write_text("#!/bin/sh\n" + proxy + "\n")
    script.chmod(0o755)
    done = friend.run("head -c 1000000 /dev/zero | wc -c; cat", input="end",
                      options=["-o", f"ProxyCommand={script}", "-o", f"HostKeyAlias={friend.name}"])
    assert done.stdout.split() == ["1000000", "end"], done.stderr


def test_no_nss(friend, folder):
    """Neither nsswitch.conf nor a module of it is opened, by name or by number."""
    if not harness.have("strace"):
        pytest.fail("strace is not there")
    friend.know(f"[localhost]:{friend.sshd.port} {friend.host_key}")
    trace = folder / "trace"
    command = friend.command("echo hello")
    command[command.index(f"{harness.login_user()}@127.0.0.1")] = f"{harness.login_user()}@localhost"
    done = run(["strace", "-f", "-qq", "-e", "trace=%file", "-o", str(trace), *command],
               env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert done.stdout == "hello\n"
    text = trace.read_text()
    assert "/etc/hosts" in text
    assert "nsswitch" not in text and "libnss" not in text and "nscd" not in text


def is_connected(port):
    """Whether a client's end of a connection to a port of this machine is open still, or half open."""
    with open("/proc/net/tcp", encoding="ascii") as f:
        rows = [line.split()[2:4] for line in f.readlines()[1:]]
    return any(remote.endswith(f":{port:04X}") and state in ("01", "08") for remote, state in rows)


def test_output_that_waits_for_its_reader_outlives_the_connection(folder):
    """Some servers hang up with the session: what they have sent is written all the same, and the status is told."""
    with harness.server(folder / "s") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        p = subprocess.Popen(s.ssh("head -c 500000 /dev/zero; exit 5", key=key, options=["-v"]),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            assert any(b"free: client-session" in line for line in p.stderr)
            for pid in s.children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not is_connected(s.port), "the client to notice")
            out, err = p.communicate(timeout=harness.TIMEOUT)
        finally:
            harness.end(p)
        assert (p.returncode, out == bytes(500000)) == (5, True), (len(out), err)
        assert b"closed by remote host" not in err


# --- CheckHostIP, and files that cannot be read ---

@pytest.fixture
def far(folder):
    """A client that calls the server far.example, at an address that is not local."""
    if not harness.ROOT:
        pytest.skip("needs an address and a hosts file")
    run(["ip", "address", "replace", "192.0.2.7/32", "dev", "lo"])
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n192.0.2.7 far.example\n")
    with harness.server(folder / "sshd", config="ListenAddress 192.0.2.7") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        c = Client(s, folder)
        c.name = f"[far.example]:{s.port}"
        c.ip = f"[192.0.2.7]:{s.port}"
        plain = c.command

        def command(*remote, **kwargs):
            line = plain(*remote, **kwargs)
            line[line.index(f"{harness.login_user()}@127.0.0.1")] = f"{harness.login_user()}@far.example"
            return ["unshare", "-m", "--propagation", "private", "sh", "-c",
                    f'mount --bind {hosts} /etc/hosts; exec "$@"', "sh", line[0], "-oCheckHostIP=yes", *line[1:]]
        c.command = command
        yield c


def other_key(folder):
    with open(harness.make_key(folder / "other") + ".pub", encoding="utf-8") as f:
        return " ".join(f.read().split()[:2])


def test_check_host_ip_adds_the_address(far):
    done = far.run("echo hello", options=["-oStrictHostKeyChecking=accept-new"])
    assert done.stdout == "hello\n", done.stderr
    assert far.known_text() == f"{far.name} {far.host_key}\n{far.ip} {far.host_key}\n"
    os.unlink(far.known)
    far.know(f"{far.name} {far.host_key}")
    done = far.run("echo hello", options=["-oStrictHostKeyChecking=yes"])
    assert done.stdout == "hello\n"
    assert f"Warning: Permanently added the ED25519 host key for IP address '{far.ip}' to the list of known hosts." \
        in done.stderr
    assert far.known_text() == f"{far.name} {far.host_key}\n{far.ip} {far.host_key}\n"


@pytest.mark.parametrize("name_known", [True, False])
@pytest.mark.parametrize("value", ["yes", "accept-new", "ask", "no"])
def test_check_host_ip_refuses_an_address_with_another_key(far, folder, value, name_known):
    far.know(f"{far.ip} {other_key(folder)}")
    if name_known:
        far.know(f"{far.name} {far.host_key}")
    done = far.run("echo hello", options=[f"-oStrictHostKeyChecking={value}"])
    if value == "no":
        assert done.stdout == "hello\n"
    else:
        assert (done.returncode, done.stdout) == (255, "")
        assert done.stderr.endswith("Host key verification failed.\n")
    if value != "ask":
        assert f"differs from the key for the IP address '{far.ip}'" in done.stderr
        assert f"Offending key for IP in {far.known}:1" in done.stderr
    if value in ("yes", "accept-new"):
        assert "Exiting, you have requested strict checking." in done.stderr
    if value == "no":           # the name has been added, and the address with it
        return
    child = far.spawn("echo hello", options=["-oStrictHostKeyChecking=ask"])
    child.expect_exact("differs from the key for the IP address")
    child.expect_exact("Are you sure you want to continue connecting (yes/no)? ")
    child.sendline("no")
    assert ended(child) == 255


def test_check_host_ip_tells_of_spoofing(far, folder):
    far.know(f"{far.name} {other_key(folder)}")
    done = far.run("echo hello", options=["-oStrictHostKeyChecking=yes"])
    assert done.returncode == 255
    assert "WARNING: POSSIBLE DNS SPOOFING DETECTED!" in done.stderr
    assert f"and the key for the corresponding IP address {far.ip}\nis unknown." in done.stderr


def test_known_hosts_that_cannot_be_read_to_the_end_let_nobody_in(client):
    """What it says about the host is not known: not even a new host is taken then."""
    with open(client.known, "w", encoding="utf-8") as f:
        f.truncate(65 * 1024 * 1024)
    done = client.run("echo hello", options=["-o", "StrictHostKeyChecking=accept-new"])
    assert (done.returncode, done.stdout) == (255, "")
    assert f"load_hostkeys: {client.known}:" in done.stderr
