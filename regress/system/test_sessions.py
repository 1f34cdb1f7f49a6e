# SPDX-License-Identifier: ISC
"""Sessions: streams kept apart, half-closes, exit status and signals, terminals, environment. With
OpenSSH's client against our server, our client against our server, and paramiko where a client
must do what no program does."""
import hashlib
import os
import re
import signal
import subprocess
import time

import pexpect
import pytest

import harness
from harness import run, wait_until

CLIENTS = [harness.SSH, "ssh"]
client = pytest.mark.parametrize("program", CLIENTS, ids=["dayfly", "openssh"])


@client
@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_exit_status(sshd, program, status):
    assert run(sshd.ssh(f"exit {status}", key=sshd.key, program=program), check=False).returncode == status


@client
def test_death_by_signal_is_255(sshd, program):
    assert run(sshd.ssh("kill -TERM $$", key=sshd.key, program=program), check=False).returncode == 255


@client
def test_stdout_and_stderr_are_kept_apart(sshd, program):
    done = run(sshd.ssh("echo out; echo err >&2", key=sshd.key, program=program))
    assert done.stdout == "out\n"
    assert "err\n" in done.stderr and "err" not in done.stdout


@client
def test_shell_reads_commands_from_stdin(sshd, program):
    done = run(sshd.ssh(key=sshd.key, program=program), input="echo in a shell\nexit 9\n", check=False)
    assert (done.stdout, done.returncode) == ("in a shell\n", 9)


@client
def test_eof_on_stdin_reaches_the_command(sshd, program):
    done = run(sshd.ssh("cat; echo end", key=sshd.key, program=program), input="some\n")
    assert done.stdout == "some\nend\n"


@client
def test_output_after_eof_of_input_arrives(sshd, program):
    done = run(sshd.ssh("wc -c; head -c 300000 /dev/zero", key=sshd.key, program=program), input="x" * 200000)
    assert done.stdout == "200000\n" + "\0" * 300000


@client
def test_a_command_that_closes_stdin_early(sshd, program):
    done = run(sshd.ssh("head -c 5; exec 0<&-; echo done", key=sshd.key, program=program), input="x" * 3000000)
    assert done.stdout == "xxxxxdone\n"


def test_a_client_that_reads_only_the_beginning(sshd, program=harness.SSH):
    """Our client alone: OpenSSH's says that it wants no more only to OpenSSH's server."""
    p = subprocess.Popen(sshd.ssh("yes", key=sshd.key, program=program), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.read(4) == b"y\ny\n"
    p.stdout.close()
    assert p.wait(harness.TIMEOUT) != 0
    wait_until(lambda: len([c for c in sshd.children().values() if c == "yes"]) == 0, "yes to be gone")


@client
def test_much_both_ways_at_once(sshd, program):
    """cat of 64 MiB: sums are equal (the long version of 1 GiB: DAYFLY_LONG=1)."""
    mib = 1024 if os.environ.get("DAYFLY_LONG") else 64
    block = os.urandom(1 << 20)
    sent, got = hashlib.sha256(), hashlib.sha256()
    p = subprocess.Popen(sshd.ssh("cat", key=sshd.key, program=program), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pid = os.fork()
    if pid == 0:
        p.stdout.close()
        for _ in range(mib):
            p.stdin.write(block)
        p.stdin.close()
        os._exit(0)
    p.stdin.close()
    for _ in range(mib):
        sent.update(block)
    while data := p.stdout.read(1 << 20):
        got.update(data)
    os.waitpid(pid, 0)
    assert p.wait(harness.TIMEOUT) == 0
    assert got.digest() == sent.digest()


@client
def test_background_process_that_holds_no_stream_does_not_keep_the_session(sshd, program):
    run(sshd.ssh("sleep 100 >/dev/null 2>&1 </dev/null & echo started", key=sshd.key, program=program))


@client
def test_environment(sshd, program):
    out = run(sshd.ssh("env", key=sshd.key, program=program)).stdout
    env = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    user = harness.login_user()
    assert env["USER"] == env["LOGNAME"] == user
    assert env["HOME"] == os.path.expanduser(f"~{user}")
    assert env["SHELL"].startswith("/")
    assert re.fullmatch(rf"127\.0\.0\.1 \d+ {sshd.port}", env["SSH_CLIENT"])
    assert re.fullmatch(rf"127\.0\.0\.1 \d+ 127\.0\.0\.1 {sshd.port}", env["SSH_CONNECTION"])
    assert "/usr/bin" in env["PATH"]
    # What it was logged in with, and nothing of the server's own.
    assert {name for name in env if name.startswith("DAYFLY")} == {"DAYFLY_KEY", "DAYFLY_KEY_FROM", "DAYFLY_KEY_COMMENT"}


@client
def test_env_only_by_accept_env(folder, program):
    with harness.server(folder / "s", config="AcceptEnv LANG LC_*") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        out = run(s.ssh("env", key=key, program=program, options=["-o", "SendEnv=LC_TEST OTHER LD_PRELOAD"]),
                  env={**os.environ, "LC_TEST": "yes", "OTHER": "no"}).stdout
        assert "LC_TEST=yes" in out and "OTHER" not in out and "LD_PRELOAD" not in out


def test_break_and_signal_and_order_of_streams(sshd):
    import paramiko
    t = paramiko.Transport(("127.0.0.1", sshd.port))
    t.connect(username=harness.login_user(), pkey=paramiko.Ed25519Key.from_private_key_file(sshd.key))
    c = t.open_session(timeout=20)
    c.exec_command("trap 'echo got-term; exit 3' TERM; echo ready; while :; do sleep 0.05; done")
    assert c.recv(100) == b"ready\n"
    m = paramiko.Message()
    m.add_byte(b"\x62")
    m.add_int(c.remote_chanid)
    m.add_string("signal")
    m.add_boolean(False)
    m.add_string("TERM")
    t._send_user_message(m)
    assert c.recv(100) == b"got-term\n"
    assert c.recv_exit_status() == 3
    # A break on a pty acts as SIGINT does where the line discipline says so.
    c = t.open_session(timeout=20)
    c.get_pty()
    c.exec_command("stty brkint -ignbrk; trap 'echo got-int; exit 4' INT; echo ready; while :; do sleep 0.05; done")
    out = b""
    while b"ready" not in out:
        out += c.recv(100)
    m = paramiko.Message()
    m.add_byte(b"\x62")
    m.add_int(c.remote_chanid)
    m.add_string("break")
    m.add_boolean(True)
    m.add_int(500)
    t._send_user_message(m)
    while b"got-int" not in out:
        data = c.recv(100)
        assert data, out
        out += data
    assert c.recv_exit_status() == 4
    t.close()


def test_exit_signal_is_named(sshd):
    import asyncio

    import asyncssh

    async def go():
        async with asyncssh.connect("127.0.0.1", sshd.port, username=harness.login_user(), known_hosts=None,
                                    client_keys=[sshd.key], config=None) as c:
            return await c.run("kill -SEGV $$")

    done = asyncio.run(asyncio.wait_for(go(), 20))
    assert done.exit_signal[0] == "SEGV"


# --- terminals ---

def terminal(sshd, program, *remote, env=None, options=()):
    command = sshd.ssh(*remote, key=sshd.key, program=program, options=["-tt", *options])
    child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, dimensions=(30, 100), encoding="utf-8",
                          env={**os.environ, "TERM": "xterm-256color", **(env or {})})
    child.delaybeforesend = None
    return child


@client
def test_a_terminal_has_its_size_term_and_name(sshd, program):
    child = terminal(sshd, program, "stty size; echo TERM=$TERM; tty; echo $SSH_TTY")
    child.expect("30 100\r\n")
    child.expect("TERM=xterm-256color\r\n")
    child.expect("(/dev/pts/[0-9]+)\r\n")
    tty_name = child.match.group(1)
    child.expect(tty_name + "\r\n")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 0


@client
def test_resizing_reaches_the_other_side(sshd, program):
    child = terminal(sshd, program, "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done")
    child.expect("ready")
    child.setwinsize(44, 133)
    child.expect("44 133")
    child.close(force=True)


@client
def test_control_c_z_and_d(sshd, program):
    child = terminal(sshd, program, "bash --norc --noprofile -i", env={"PS1": "$ "})
    child.sendline("PS1='prompt> '")
    child.expect("prompt> $")
    child.sendline("sh -c 'echo one; exec sleep 100'")
    child.expect("[\r\n]one\r\n")
    child.send("\x03")
    child.expect("prompt> $")
    child.sendline("sh -c 'echo two; exec sleep 200'")
    child.expect("[\r\n]two\r\n")
    child.send("\x1a")
    child.expect("Stopped")
    child.expect("prompt> $")
    child.sendline("kill -9 %1; wait; jobs; echo gone")
    child.expect("[\r\n]gone\r\n")
    child.expect("prompt> $")
    child.send("\x04")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()


@client
def test_terminal_modes_go_across(sshd, program):
    """The client's terminal says that erase is ^H and echo is off: so does the server's."""
    master, slave = os.openpty()
    run(["stty", "erase", "^H", "-echo", "intr", "^G"], stdin=slave)
    p = subprocess.Popen(sshd.ssh("stty -a", key=sshd.key, program=program, tty=True), stdin=slave,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out = p.communicate(timeout=harness.TIMEOUT)[0]
    assert "erase = ^H" in out and "intr = ^G" in out and re.search(r"-echo\b", out)
    os.close(master)
    os.close(slave)


@client
def test_vi(sshd, program, folder):
    file = f"/tmp/dayfly-vi-{os.getpid()}"
    child = terminal(sshd, program, f"vi -u NONE -n {file}")
    child.expect("~")
    child.send("ihello from vi\x1b:wq\r")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 0
    with open(file, encoding="utf-8") as f:
        assert f.read() == "hello from vi\n"
    os.unlink(file)


@client
def test_a_login_shell_on_a_terminal(sshd, program):
    child = terminal(sshd, program)
    child.expect("[$#] $")
    child.sendline("echo $0; exit 6")
    child.expect("[\r\n]-[a-z]*sh\r\n")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 6


@client
def test_closing_the_client_hangs_up_the_terminal(sshd, program):
    child = terminal(sshd, program, "echo ready; exec sleep 1234")
    child.expect("ready")
    wait_until(lambda: any("sleep 1234" in c for c in sshd.children().values()), "sleep to run")
    child.kill(signal.SIGKILL)
    child.close()
    wait_until(lambda: not any("sleep 1234" in c for c in sshd.children().values()), "sleep to be hung up")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_the_local_terminal_is_restored_when_ssh_is_killed(sshd, how):
    """A shell runs our ssh on a terminal; ssh is killed; the terminal is as before."""
    child = pexpect.spawn("/bin/sh", ["-i"], timeout=harness.TIMEOUT, encoding="utf-8", env={**os.environ, "PS1": "# ", "ENV": ""})
    child.delaybeforesend = None
    child.expect("# $")
    child.sendline("stty -g > /tmp/before.$$; " + " ".join(sshd.ssh("echo", "ready;", "cat", key=sshd.key, tty=True)
                                                           ).replace("echo ready; cat", "'echo ready; cat'"))
    child.expect("[\r\n]ready")
    time.sleep(0.2)
    pids = run(["pgrep", "-P", str(child.pid)]).stdout.split()
    for pid in pids:
        os.kill(int(pid), how)
    child.expect("# $")
    child.sendline("stty -g | cmp - /tmp/before.$$ && echo re''stored; rm -f /tmp/before.$$")
    child.expect("restored")
    child.close(force=True)


@client
def test_the_local_terminal_is_restored_when_the_server_dies(sshd, program):
    child = pexpect.spawn("/bin/sh", ["-i"], timeout=harness.TIMEOUT, encoding="utf-8", env={**os.environ, "PS1": "# ", "ENV": ""})
    child.delaybeforesend = None
    child.expect("# $")
    child.sendline("stty -g > /tmp/before.$$; " + " ".join(sshd.ssh("echo", "ready;", "cat", key=sshd.key, tty=True,
                   program=program)).replace("echo ready; cat", "'echo ready; cat'"))
    child.expect("[\r\n]ready")
    for pid in list(sshd.children()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    child.expect("# $")
    child.sendline("stty -g | cmp - /tmp/before.$$ && echo re''stored; rm -f /tmp/before.$$")
    child.expect("restored")
    child.close(force=True)


def test_no_terminal_where_the_key_forbids_it(folder):
    import paramiko
    with harness.server(folder / "s") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub", options="no-pty")
        t = paramiko.Transport(("127.0.0.1", s.port))
        t.connect(username=harness.login_user(), pkey=paramiko.Ed25519Key.from_private_key_file(s.key))
        with pytest.raises(paramiko.SSHException):
            t.open_session(timeout=20).get_pty()
        c = t.open_session(timeout=20)
        c.exec_command("tty")
        assert b"not a tty" in c.recv(100)
        assert c.recv_exit_status() == 1
        t.close()


def test_a_forced_command_replaces_all_others(folder):
    with harness.server(folder / "s") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub", options='command="echo forced: $SSH_ORIGINAL_COMMAND"')
        assert run(s.ssh("rm -rf x", key=s.key, program="ssh")).stdout == "forced: rm -rf x\n"
        assert run(s.ssh(key=s.key, program="ssh")).stdout == "forced:\n"
        assert run(s.ssh("sftp", key=s.key, program="ssh", options=["-s"])).stdout.startswith("forced:")


def test_max_sessions(folder):
    import paramiko
    with harness.server(folder / "s", config="MaxSessions 2") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        t = paramiko.Transport(("127.0.0.1", s.port))
        t.connect(username=harness.login_user(), pkey=paramiko.Ed25519Key.from_private_key_file(s.key))
        first, _second = t.open_session(timeout=20), t.open_session(timeout=20)
        with pytest.raises(paramiko.ChannelException):
            t.open_session(timeout=20)
        first.exec_command("true")
        assert first.recv_exit_status() == 0
        first.close()
        wait_until(lambda: can_open(t), "a place to be free again")
        t.close()


def can_open(transport):
    import paramiko
    try:
        transport.open_session(timeout=20).close()
        return True
    except paramiko.ChannelException:
        return False


@pytest.mark.parametrize("options", ["", 'command="printf %s \\"$SSH_ORIGINAL_COMMAND\\" | wc -c"'])
def test_a_command_may_be_as_long_as_any_command_line(folder, options):
    with harness.server(folder / "s") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub", options=options)
        command = "echo " + "a" * 120000 + " | wc -c"
        got = run(s.ssh(command, key=key)).stdout
        assert got == (f"{len(command)}\n" if options else "120001\n")
