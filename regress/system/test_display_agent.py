# SPDX-License-Identifier: ISC
"""Agent and X11 forwarding, who may connect to forwarded ports, and ports that change hands."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

import harness
from harness import run, wait_until
from system.test_forwarding import Echo, forwarding, listens, talk

pytestmark = pytest.mark.skipif(not harness.ROOT, reason="needs accounts of the tests")


@pytest.fixture
def serve(servers):
    """Starts a server with a config, and lets alice in."""
    def start(config="", options="", program_key="ed25519"):
        s = servers(config)
        s.make_key(program_key, options)
        return s
    return start


# --- agent ---

@pytest.fixture
def agent(folder):
    with harness.agent(folder / "agent.sock", harness.make_key(folder / "held")) as env:
        yield env


def with_agent(server, command, env, program="ssh", options=(), check=True, tty=False):
    args = [a for a in server.ssh(command, key=server.key, program=program, options=["-A", *options], tty=tty)]
    args[args.index("IdentityAgent=none")] = "IdentityAgent=SSH_AUTH_SOCK"
    return run(args, env=env, check=check)


@pytest.mark.parametrize("program", ["ssh", harness.SSH])
def test_the_agent_is_reached_from_the_session(serve, agent, program):
    s = serve()
    done = with_agent(s, "ssh-add -l; stat -c '%a %U' $SSH_AUTH_SOCK; echo $SSH_AUTH_SOCK", agent, program)
    lines = done.stdout.splitlines()
    assert "ED25519" in lines[0] and len(lines) == 3
    assert lines[1] == "600 alice"
    wait_until(lambda: not os.path.exists(lines[2]), "the socket to be gone")


def test_the_agents_key_logs_in_from_the_session(serve, agent, folder):
    s = serve()
    s.authorize(str(folder / "held.pub"), user="bob")
    done = with_agent(s, f"ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p {s.port} "
                      "bob@127.0.0.1 id -un", agent)
    assert done.stdout == "bob\n"


def test_an_agent_socket_where_no_home_can_be_written_to(serve, agent, folder):
    (folder / "passwd").write_text("alice:x:1001:1001::/var:/bin/sh\n")
    s = serve(f"PasswdFile {folder}/passwd")
    done = with_agent(s, "echo $SSH_AUTH_SOCK; ssh-add -l", agent)
    assert re.match(r"/tmp/ssh-\w{10}/agent\.\d+\n.*ED25519", done.stdout)
    path = done.stdout.splitlines()[0]
    wait_until(lambda: not os.path.exists(os.path.dirname(path)), "the folder to be gone")


@pytest.mark.parametrize("config, options", [("AllowAgentForwarding no", ""), ("DisableForwarding yes", ""),
                                             ("", "restrict"), ("", "no-agent-forwarding")])
def test_what_keeps_the_agent_from_being_forwarded(serve, agent, config, options):
    s = serve(config, options)
    done = with_agent(s, "echo sock=$SSH_AUTH_SOCK", agent)
    assert done.stdout == "sock=\n"


# --- X11 ---

@pytest.fixture(scope="module")
def display(tmp_path_factory):
    """A real X server, and an environment that reaches it."""
    folder = tmp_path_factory.mktemp("x")
    authority = str(folder / "Xauthority")
    number = harness.free_display()
    env = dict(os.environ, DISPLAY=f":{number}", XAUTHORITY=authority)
    run(["xauth", "-q", "add", f":{number}", "MIT-MAGIC-COOKIE-1", os.urandom(16).hex()], env=env)
    p = subprocess.Popen(["Xvfb", f":{number}", "-auth", authority, "-screen", "0", "640x480x24", "-nolisten", "tcp"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: run(["xdpyinfo"], env=env, check=False).returncode == 0, "the X server")
        yield env
    finally:
        harness.end(p)


def with_display(server, command, env, options=("-Y",), check=True):
    return run(server.ssh(command, key=server.key, program="ssh", options=options), env=env, check=check)


def test_a_program_shows_at_the_client(serve, display):
    s = serve("X11Forwarding yes")
    done = with_display(s, "echo $DISPLAY; xdpyinfo | grep dimensions; xauth list", display)
    assert re.match(r"localhost:1\d\.0\n\s*dimensions:\s+640x480", done.stdout)
    assert re.search(r"unix:1\d\s+MIT-MAGIC-COOKIE-1\s+[0-9a-f]{32}", done.stdout)


def test_without_the_cookie_nobody_shows_anything(serve, display):
    s = serve("X11Forwarding yes")
    done = with_display(s, "XAUTHORITY=/nonexistent xdpyinfo || echo refused", display)
    assert "refused" in done.stdout


def test_two_displays_of_two_sessions(serve, display):
    s = serve("X11Forwarding yes\nX11DisplayOffset 30")
    a = subprocess.Popen(s.ssh("echo $DISPLAY; exec cat", key=s.key, program="ssh", options=["-Y"]), env=display,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    first = a.stdout.readline()
    second = with_display(s, "echo $DISPLAY", display).stdout
    a.stdin.close()
    assert a.wait(harness.TIMEOUT) == 0
    assert {first, second} == {"localhost:30.0\n", "localhost:31.0\n"}
    assert with_display(s, "echo $DISPLAY", display).stdout == "localhost:30.0\n"


def test_a_display_that_others_reach_has_the_machines_name(serve, display):
    s = serve("X11Forwarding yes\nX11UseLocalhost no")
    done = with_display(s, "echo $DISPLAY; xdpyinfo >/dev/null && echo shown", display, check=False)
    assert done.stdout.startswith(socket.gethostname() + ":1")


def test_rc_gets_the_cookie_in_xauths_place(serve, display, folder):
    home = folder / "home"
    os.makedirs(home / ".ssh", mode=0o755)
    (home / ".ssh/rc").write_text('read proto cookie; echo "$proto $cookie $DISPLAY" >~/cookie\n')
    (folder / "passwd").write_text(f"alice:x:1001:1001::{home}:/bin/sh\n")
    run(["chown", "-R", "alice", str(home)])
    s = serve(f"X11Forwarding yes\nPasswdFile {folder}/passwd")
    done = with_display(s, "cat cookie", display)
    assert re.match(r"MIT-MAGIC-COOKIE-1 [0-9a-f]{32} localhost:1\d\.0\n$", done.stdout)


@pytest.mark.parametrize("config, options", [
    ("X11Forwarding no", ""), ("X11Forwarding yes\nDisableForwarding yes", ""),
    ("X11Forwarding yes", "restrict"), ("X11Forwarding yes", "no-X11-forwarding"),
    ("X11Forwarding yes\nXAuthLocation /nonexistent/xauth", ""), ("X11Forwarding yes\nXAuthLocation none", "")])
def test_what_keeps_x11_from_being_forwarded(serve, display, config, options):
    s = serve(config, options)
    assert with_display(s, "echo display=$DISPLAY", display).stdout == "display=\n"


@pytest.mark.parametrize("protocol, cookie", [
    ("MIT-MAGIC-COOKIE-1\nadd x y z", "00" * 16), ("MIT", "00\nremove :0"), ("MIT;x", "00" * 16), ("", "00"),
    ("MIT-MAGIC-COOKIE-1", ""), ("MIT-MAGIC-COOKIE-1", "xyz"), ("-f", "00")])
def test_cve_2016_3115_nothing_gets_into_xauths_commands(serve, folder, protocol, cookie):
    import paramiko
    (folder / "passwd").write_text(f"alice:x:1001:1001::{folder}:/bin/sh\n")
    s = serve(f"X11Forwarding yes\nPasswdFile {folder}/passwd\nStrictModes no")
    t = paramiko.Transport(("127.0.0.1", s.port))
    t.connect(username="alice", pkey=paramiko.Ed25519Key.from_private_key_file(s.key))
    try:
        c = t.open_session(timeout=20)
        with pytest.raises(paramiko.SSHException):
            c.request_x11(auth_protocol=protocol, auth_cookie=cookie or b"")
    finally:
        t.close()
    assert not os.path.exists(folder / ".Xauthority")


# --- GatewaySources ---

@pytest.mark.parametrize("config, options, works", [
    ("GatewaySources 127.0.0.2/32,10.0.0.0/8", "", "127.0.0.2"),
    ("", 'gatewaysources="127.0.0.2"', "127.0.0.2"),
    ("GatewaySources 127.0.0.0/8", 'gatewaysources="127.0.0.2"', "127.0.0.2"),
    ("GatewaySources none", "", "127.0.0.3")])
def test_who_may_connect_to_a_forwarded_port(serve, config, options, works):
    e = Echo()
    s = serve(config, options)
    p = forwarding(s, "-R", f"0:127.0.0.1:{e.port}")
    try:
        line = next(line for line in p.stderr if "Allocated port" in line)
        port = int(re.search(r"Allocated port (\d+)", line).group(1))

        def reach(source):
            with socket.socket() as c:
                c.bind((source, 0))
                c.settimeout(harness.TIMEOUT)
                c.connect(("127.0.0.1", port))
                return c.recv(6)
        assert reach(works) == b"hello "
        if "none" not in config:
            assert reach("127.0.0.3") == b""
            s.wait_log(f"to forwarded port {port} of alice")
    finally:
        p.kill()
        p.wait()
        e.socket.close()


def test_threats_6_connections_that_are_refused_by_the_hundred_make_few_lines(serve):
    s = serve("GatewaySources 10.0.0.0/8")
    p = forwarding(s, "-R", "0:127.0.0.1:1")
    try:
        line = next(line for line in p.stderr if "Allocated port" in line)
        port = int(re.search(r"Allocated port (\d+)", line).group(1))
        before = time.monotonic()
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as c:
                assert c.recv(1) == b""
        took = time.monotonic() - before
    finally:
        p.kill()
        p.wait()
    s.wait_log_match(rf"\d+ more connections to port {port} of ")
    # Ten in ten seconds, and how many there were beside them.
    assert 10 <= s.log_text().count("refused: not in GatewaySources") <= 10 * (2 + took / 10)


def test_a_bad_network_is_an_error_in_the_config_and_in_a_key(folder, serve):
    s = serve(options='gatewaysources="10.0.0.0/99"')
    assert run(s.ssh("true", key=s.key), check=False).returncode == 255
    path = folder / "bad"
    path.write_text("GatewaySources 10.0.0.1/8\n")
    done = run([harness.SSHD, "-t", "-f", str(path)], check=False)
    assert done.returncode == 255 and "line 1" in done.stderr


# --- a port that changes hands ---

def test_a_new_connection_of_the_same_key_takes_the_port_over(serve):
    old, new = Echo(), Echo()
    s = serve()
    port = harness.free_port()
    first = forwarding(s, "-R", f"{port}:127.0.0.1:{old.port}")
    wait_until(lambda: listens(port), "the first")
    second = forwarding(s, "-R", f"{port}:127.0.0.1:{new.port}")
    try:
        s.wait_log(f"port {port} was taken over from another connection of alice")
        old.socket.close()
        assert talk(("127.0.0.1", port))
        assert first.poll() is None     # it goes on with what else it has
    finally:
        for p in (first, second):
            p.kill()
            p.wait()
        new.socket.close()


def test_even_from_a_connection_that_does_not_answer(serve):
    e = Echo()
    s = serve()
    port = harness.free_port()
    first = forwarding(s, "-R", f"{port}:127.0.0.1:{e.port}")
    wait_until(lambda: listens(port), "the first")
    first.send_signal(signal.SIGSTOP)
    second = forwarding(s, "-R", f"{port}:127.0.0.1:{e.port}")
    try:
        s.wait_log("was taken over")
        assert talk(("127.0.0.1", port))
    finally:
        first.send_signal(signal.SIGCONT)
        for p in (first, second):
            p.kill()
            p.wait()
        e.socket.close()


def test_another_key_of_the_same_account_does_not_get_the_port(serve, folder):
    e = Echo()
    s = serve()
    other = harness.make_key(folder / "other")
    s.authorize(other + ".pub")
    port = harness.free_port()
    first = forwarding(s, "-R", f"{port}:127.0.0.1:{e.port}")
    try:
        wait_until(lambda: listens(port), "the first")
        done = run(s.ssh(key=other, program="ssh", options=["-N", "-o", "ExitOnForwardFailure=yes",
                                                            "-R", f"{port}:127.0.0.1:1"]), check=False)
        assert done.returncode == 255 and "remote port forwarding failed" in done.stderr
        assert talk(("127.0.0.1", port))
    finally:
        first.kill()
        first.wait()
        e.socket.close()
