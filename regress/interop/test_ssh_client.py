# SPDX-License-Identifier: ISC
"""Our client at other people's servers: OpenSSH 9.2 and 10.0, dropbear, tinysshd."""
import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import threading

import pexpect
import pytest

import harness
import peer_servers
from harness import run, wait_until


def expect(done, stdout, status):
    """What came out, with standard error to look at where it is not so."""
    assert (done.stdout, done.returncode) == (stdout, status), done.stderr


@pytest.fixture(params=peer_servers.PEERS)
def peer(request, folder):
    if request.param in ("dropbear", "tinysshd") and not harness.ROOT:
        pytest.skip("needs an account of its own to put a key into")
    server = peer_servers.make(request.param, folder / "peer")
    yield server
    server.stop()


def test_command_streams_and_status(peer):
    done = run(peer.ssh("echo out; echo err >&2; exit 7"), check=False)
    expect(done, "out\n", 7)
    assert done.stderr == "err\n"


def test_shell_on_a_pipe(peer):
    expect(run(peer.ssh("sh"), input="echo in a shell\nexit 9\n", check=False), "in a shell\n", 9)


def test_eof_of_input_reaches_the_command(peer):
    done = run(peer.ssh("cat; echo end"), input="some\n")
    assert done.stdout == "some\nend\n"


def test_much_both_ways_at_once(peer):
    block = os.urandom(1 << 20)
    sent, got = hashlib.sha256(), hashlib.sha256()
    p = subprocess.Popen(peer.ssh("cat"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def feed():
        for _ in range(32):
            p.stdin.write(block)
            sent.update(block)
        p.stdin.close()

    writer = threading.Thread(target=feed)
    writer.start()
    while data := p.stdout.read(1 << 20):
        got.update(data)
    writer.join()
    assert p.wait(harness.TIMEOUT) == 0
    assert sent.hexdigest() == got.hexdigest()


def test_rekeying_in_the_middle_of_data(peer):
    # The keepalives are for tinysshd, which else might not look at what came with the end of the last exchange.
    done = run(peer.ssh("cat", options=["-o", "RekeyLimit=100K", "-o", "ServerAliveInterval=1",
                                        "-o", "ServerAliveCountMax=60"]), input="x" * 3000000)
    assert done.stdout == "x" * 3000000


def test_terminal(peer):
    command = peer.ssh("sh", options=["-t"])
    child = pexpect.spawn(command[0], command[1:], dimensions=(33, 99), timeout=harness.TIMEOUT, encoding="utf-8",
                          env={**os.environ, "TERM": "vt220"})
    child.sendline("PS1='% '; stty size; echo term=$TERM")
    child.expect("33 99")
    child.expect("term=vt220")
    child.setwinsize(40, 120)
    child.sendline("sleep 1; stty size")
    child.expect("40 120")
    child.sendline("echo rea''dy; cat")
    child.expect("ready")
    child.sendline("typed")
    child.expect("typed\r\ntyped\r\n")
    child.sendcontrol("c")
    child.expect_exact("% ")  # an interrupt flushes input: what is typed before its prompt may be lost
    child.sendline("echo after=$?")
    child.expect("after=130")
    child.sendline("exit 5")
    child.expect("Connection to 127.0.0.1 closed.")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 5


def test_unknown_key_is_denied_with_255(peer, folder):
    other = harness.make_key(folder / "other")
    done = run(peer.ssh("true", key=False, options=["-i", other, "-o", "IdentitiesOnly=yes"]), check=False)
    assert done.returncode == 255
    assert f"{peer.user}@127.0.0.1: Permission denied (publickey" in done.stderr


def test_no_session(peer):
    p = subprocess.Popen(peer.ssh(options=["-N", "-v"]), stderr=subprocess.PIPE, text=True)
    for line in p.stderr:
        if "Entering interactive session" in line:
            break
    p.send_signal(signal.SIGTERM)
    assert p.wait(harness.TIMEOUT) == 0


# --- what only a full server has ---

@pytest.fixture(params=["9.2", "10.0"])
def openssh(request, folder):
    server = peer_servers.OpenSSH(folder / "peer", version=request.param)
    yield server
    server.stop()


def test_compression(openssh):
    done = run(openssh.ssh("cat", options=["-C", "-v"]), input="x" * 2000000)
    assert done.stdout == "x" * 2000000
    assert "compression: zlib@openssh.com" in done.stderr


@pytest.mark.parametrize("kind,bits", [("ed25519", None), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521),
                                       ("rsa", 2048)])
@pytest.mark.parametrize("passphrase", ["", "secret words"], ids=["plain", "encrypted"])
def test_user_key(openssh, folder, kind, bits, passphrase):
    key = harness.make_key(folder / "key", kind, bits=bits, passphrase=passphrase)
    openssh.authorize(key + ".pub")
    command = openssh.ssh("echo hello", key=False, batch=False, options=["-i", key, "-o", "IdentitiesOnly=yes",
                                                                         "-o", "PasswordAuthentication=no"])
    child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8")
    if passphrase:
        child.expect_exact(f"Enter passphrase for key '{key}': ")
        child.sendline("wrong")
        child.expect_exact(f"Enter passphrase for key '{key}': ")
        child.sendline(passphrase)
    child.expect("hello\r\n")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 0


def test_environment(openssh):
    env = {**os.environ, "TEST_SENT": "a b", "TEST_NOT": "x"}
    done = run(openssh.ssh("echo $TEST_SENT/$TEST_SET/$TEST_NOT", options=[
        "-o", "SendEnv=TEST_S*", "-o", "SetEnv=TEST_SET=set"]), env=env)
    assert done.stdout == "a b/set/\n"


def test_subsystem(openssh):
    """The first packet of SFTP: INIT, answered with VERSION 3."""
    p = subprocess.Popen(openssh.ssh("sftp", options=["-s"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(b"\0\0\0\5\1\0\0\0\3")
    p.stdin.flush()
    assert p.stdout.read(9)[4:9] == b"\2\0\0\0\3"
    p.stdin.close()
    assert p.wait(harness.TIMEOUT) == 0


def test_exit_signal_is_255(openssh):
    assert run(openssh.ssh("kill -KILL $$"), check=False).returncode == 255


def test_server_killed(openssh):
    p = subprocess.Popen(openssh.ssh("echo up; sleep 60"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         stdin=subprocess.DEVNULL, text=True)
    assert p.stdout.readline() == "up\n"
    for pid in openssh.children():
        os.kill(pid, signal.SIGKILL)
    _, err = p.communicate(timeout=harness.TIMEOUT)
    assert p.returncode == 255
    # What the server had not read when it died makes a reset of its end.
    assert "Connection to 127.0.0.1 closed by remote host." in err or "Connection reset by peer" in err


def test_password(openssh):
    if not harness.ROOT:
        pytest.skip("needs an account with a password")
    command = openssh.ssh("echo hello", key=False, batch=False, options=[
        "-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password"])
    child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8")
    child.expect_exact("alice@127.0.0.1's password: ")
    child.sendline("wrong")
    child.expect_exact("Permission denied, please try again.")
    child.expect_exact("alice@127.0.0.1's password: ")
    child.sendline("secret-alice")
    child.expect("hello\r\n")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 0


def test_password_wrong_thrice(openssh):
    command = openssh.ssh("echo hello", key=False, batch=False, options=["-o", "PubkeyAuthentication=no",
                                                                         "-o", "PreferredAuthentications=password"])
    child = pexpect.spawn(command[0], command[1:], timeout=30, encoding="utf-8")
    for _ in range(3):
        child.expect_exact(f"{openssh.user}@127.0.0.1's password: ")
        child.sendline("wrong")
    child.expect(r"Permission denied \(publickey,password")
    child.expect(pexpect.EOF)
    child.wait()
    child.close()
    assert child.exitstatus == 255


@pytest.mark.skipif(not harness.ROOT, reason="needs an account with a password")
def test_keyboard_interactive(folder):
    server = peer_servers.OpenSSH(folder / "peer", config="UsePAM yes\nKbdInteractiveAuthentication yes\n"
                                                          "PasswordAuthentication no")
    try:
        command = server.ssh("echo hello", key=False, batch=False, options=["-o", "PubkeyAuthentication=no"])
        child = pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8")
        child.expect_exact("(alice@127.0.0.1) Password: ")
        child.sendline("wrong")
        child.expect_exact("(alice@127.0.0.1) Password: ")
        child.sendline("secret-alice")
        child.expect("hello\r\n")
        child.expect(pexpect.EOF)
        child.wait()
        child.close()
        assert child.exitstatus == 0
    finally:
        server.stop()


def test_agent(openssh, folder):
    path = str(folder / "agent")
    with harness.agent(path) as env:
        key = harness.make_key(folder / "in_agent", "rsa", bits=2048)
        openssh.authorize(key + ".pub")
        run(["ssh-add", "-q", key], env=env)
        os.unlink(key)
        done = run(openssh.ssh("ssh-add -l", key=False, agent="SSH_AUTH_SOCK", options=["-A"]), env=env)
        assert "(RSA)" in done.stdout
        # The file says which: its public half is enough.
        done = run(openssh.ssh("echo named", key=False, agent=path, options=[
            "-o", "IdentitiesOnly=yes", "-i", key + ".pub"]))
        assert done.stdout == "named\n"


def test_forwarding(openssh, folder):
    """-L to a server of ours here, through the peer; -R back again; -D by SOCKS 5; -W."""
    with socket.create_server(("127.0.0.1", 0)) as target:
        port = target.getsockname()[1]
        threading.Thread(target=echo_server, args=(target,), daemon=True).start()
        local, remote, dynamic = harness.free_port(), harness.free_port(), harness.free_port()
        p = subprocess.Popen(openssh.ssh("echo up; cat", options=[
            "-L", f"{local}:127.0.0.1:{port}", "-R", f"{remote}:127.0.0.1:{port}", "-D", str(dynamic),
            "-o", "ExitOnForwardFailure=yes"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert p.stdout.readline() == "up\n"
        for at in (local, remote):
            with socket.create_connection(("127.0.0.1", at), harness.TIMEOUT) as s:
                s.sendall(b"hello")
                assert s.recv(100) == b"target hello"
                assert s.recv(100) == b""
        with socket.create_connection(("127.0.0.1", dynamic), harness.TIMEOUT) as s:
            s.sendall(b"\5\1\0")
            assert s.recv(2) == b"\5\0"
            s.sendall(b"\5\1\0\3\x09127.0.0.1" + port.to_bytes(2, "big"))
            assert s.recv(10)[:2] == b"\5\0"
            s.sendall(b"socks")
            assert s.recv(100) == b"target socks"
        p.stdin.close()
        assert p.wait(harness.TIMEOUT) == 0
        done = run(openssh.ssh(options=["-W", f"127.0.0.1:{port}"]), input="stdio")
        assert done.stdout == "target stdio"
        target.shutdown(socket.SHUT_RDWR)


def test_keys_are_added_to_the_agent(openssh, folder):
    path = str(folder / "agent")
    with harness.agent(path) as env:
        run(openssh.ssh("true", agent=path))
        assert run(["ssh-add", "-l"], env=env, check=False).returncode == 1
        run(openssh.ssh("true", agent=path, options=["-o", "AddKeysToAgent=yes"]))
        assert openssh.key in run(["ssh-add", "-l"], env=env).stdout
        run(openssh.ssh("true", agent=path, options=["-o", "AddKeysToAgent=yes"]))
        assert len(run(["ssh-add", "-l"], env=env).stdout.splitlines()) == 1


def test_host_keys_are_updated(openssh, folder):
    """One key known, two learned once proved; one that the server has no more goes."""
    with open(openssh.known, encoding="utf-8") as f:
        known = f.read().splitlines()
    assert len(known) == 3
    with open(harness.make_key(folder / "old", "ecdsa", bits=521) + ".pub", encoding="utf-8") as f:
        old = f"[127.0.0.1]:{openssh.port} " + " ".join(f.read().split()[:2])
    first = [line for line in known if "ssh-ed25519" in line]
    with open(openssh.known, "w", encoding="utf-8") as f:
        f.write("# kept\n" + "\n".join(first + [old, "other " + old.split(" ", 1)[1]]) + "\n")
    done = run(openssh.ssh("sleep 0.5", options=["-v", "-o", "UpdateHostKeys=yes"]))
    assert done.stderr.count("Learned new hostkey: ") == 2

    def lines():
        with open(openssh.known, encoding="utf-8") as f:
            return f.read().splitlines()

    assert lines()[0] == "# kept"
    assert sorted(lines()[1:]) == sorted(known + ["other " + old.split(" ", 1)[1]])
    before = os.stat(openssh.known).st_ino
    run(openssh.ssh("true", options=["-o", "UpdateHostKeys=yes"]))
    assert os.stat(openssh.known).st_ino == before
    # What this client would not take is as good as gone.
    run(openssh.ssh("sleep 0.5", options=["-o", "UpdateHostKeys=yes", "-o", "HostKeyAlgorithms=ssh-ed25519"]))
    assert sorted(lines()) == sorted(["# kept", first[0], "other " + old.split(" ", 1)[1]])
    # Not unless it is wanted.
    with open(openssh.known, "w", encoding="utf-8") as f:
        f.write(first[0] + "\n")
    run(openssh.ssh("sleep 0.2", options=["-o", "UpdateHostKeys=no"]))
    assert lines() == first


def echo_server(listener):
    """Answers each connection with what it sends first."""
    while True:
        try:
            s, _ = listener.accept()
        except OSError:
            return
        with s:
            s.sendall(b"target " + s.recv(100))


@pytest.mark.parametrize("permit", ["any", "none", "127.0.0.1:1 127.0.0.1:%p"])
@pytest.mark.parametrize("version", [4, 5])
def test_remote_dynamic_forwarding(openssh, permit, version):
    with socket.create_server(("127.0.0.1", 0)) as target:
        port = target.getsockname()[1]
        threading.Thread(target=echo_server, args=(target,), daemon=True).start()
        remote = harness.free_port()
        p = subprocess.Popen(openssh.ssh("echo up; cat", options=[
            "-R", str(remote), "-o", "ExitOnForwardFailure=yes",
            "-o", "PermitRemoteOpen=" + permit.replace("%p", str(port))]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert p.stdout.readline() == "up\n"
        with socket.create_connection(("127.0.0.1", remote), harness.TIMEOUT) as s:
            if version == 4:
                s.sendall(b"\4\1" + port.to_bytes(2, "big") + b"\x7f\0\0\1me\0")
                answer = s.recv(8)
                assert answer[1] == (0x5b if permit == "none" else 0x5a)
            else:
                s.sendall(b"\5\1\0")
                assert s.recv(2) == b"\5\0"
                s.sendall(b"\5\1\0\1\x7f\0\0\1" + port.to_bytes(2, "big"))
                assert (s.recv(10)[1] == 0) == (permit != "none")
            if permit != "none":
                s.sendall(b"socks")
                assert s.recv(100) == b"target socks"
            assert s.recv(100) == b""
        p.stdin.close()
        assert p.wait(harness.TIMEOUT) == 0
        target.shutdown(socket.SHUT_RDWR)


def test_forward_port_in_use(openssh):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(openssh.ssh("echo up", options=["-L", f"127.0.0.1:{port}:127.0.0.1:1"]))
        assert f"bind [127.0.0.1]:{port}: Address already in use" in done.stderr
        assert done.stdout == "up\n"
        done = run(openssh.ssh("echo up", options=["-L", f"127.0.0.1:{port}:127.0.0.1:1",
                                                   "-o", "ExitOnForwardFailure=yes"]), check=False)
        assert (done.returncode, done.stdout) == (255, "")
        done = run(openssh.ssh("echo up", options=["-R", f"127.0.0.1:{port}:127.0.0.1:1",
                                                   "-o", "ExitOnForwardFailure=yes"]), check=False)
        assert done.returncode == 255
        assert f"remote port forwarding failed for listen port {port}" in done.stderr


def test_jump(openssh, folder):
    """Two hops through the same server; each has its own known_hosts and key."""
    config = folder / "config"
    config.write_text(f"Host *\n  Port {openssh.port}\n  User {openssh.user}\n  IdentityFile {openssh.key}\n"
                      f"  UserKnownHostsFile {openssh.known}\n  GlobalKnownHostsFile none\n  BatchMode yes\n"
                      "  IdentityAgent none\n  WarnWeakCrypto no\n")
    done = run([harness.SSH, "-F", str(config), "-J", "127.0.0.1,127.0.0.1", "127.0.0.1", "echo through; exit 3"],
               check=False)
    assert (done.stdout, done.returncode) == ("through\n", 3), done.stderr


def test_proxy_command(openssh):
    done = run(openssh.ssh("echo through", options=["-o", f"ProxyCommand=nc %h %p"]))
    assert done.stdout == "through\n"
    done = run(openssh.ssh("true", options=["-o", "ProxyCommand=false"]), check=False)
    assert done.returncode == 255
    assert "Connection closed by UNKNOWN port 65535" in done.stderr


def test_background_output_still_arrives(openssh):
    expect(run(openssh.ssh("sleep 0.3; echo done", options=["-f"]), check=False), "done\n", 0)


def test_background_returns_at_once(openssh):
    p = subprocess.Popen(openssh.ssh("sleep 30", options=["-f"]), stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert p.wait(harness.TIMEOUT) == 0
    for pid in openssh.children():
        with contextlib.suppress(ProcessLookupError):    # one may end with the other
            os.kill(pid, signal.SIGTERM)


def test_server_alive(openssh):
    """A server that has stopped answering is noticed."""
    p = subprocess.Popen(openssh.ssh("echo up; sleep 60", options=[
        "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=1"]), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "up\n"
    children = openssh.children()
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    try:
        _, err = p.communicate(timeout=harness.TIMEOUT)
        assert p.returncode == 255
        assert "Timeout, server 127.0.0.1 not responding." in err
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


def test_disconnects_say_why_in_both_directions(openssh, folder):
    run(openssh.ssh("true"))
    wait_until(lambda: ":11: disconnected by user" in openssh.log(), "the server to be told why")
    keys = [harness.make_key(folder / f"wrong{i}") for i in range(8)]
    options = [word for key in keys for word in ("-i", key)] + ["-o", "IdentitiesOnly=yes"]
    done = run(openssh.ssh("true", key=False, options=options), check=False)
    assert done.returncode == 255
    assert ":2: Too many authentication failures" in done.stderr, done.stderr
