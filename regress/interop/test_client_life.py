# SPDX-License-Identifier: ISC
"""What people do with a client all day: forwardings under load, SOCKS, git, editors, X11, proxies."""
import hashlib
import os
import re
import shutil
import socket
import subprocess
import tempfile

import pexpect
import pytest

import harness
import peer_servers
from harness import Service, run, wait_until

COOKIE = "0123456789abcdef0123456789abcdef"


@pytest.fixture(params=["ours", "openssh-9.2", "openssh-10.0"])
def server(request, folder):
    s = peer_servers.Own(folder) if request.param == "ours" else peer_servers.OpenSSH(
        folder / "peer", version=request.param.removeprefix("openssh-"),
        config="X11Forwarding yes\nPermitTunnel yes")
    yield s
    s.stop()


@pytest.fixture(params=["ours", "openssh-9.2", "openssh-10.0"])
def showing(request, folder):
    """A server that forwards X11."""
    config = "X11Forwarding yes\nXAuthLocation /usr/bin/xauth"
    s = peer_servers.Own(folder, config) if request.param == "ours" else peer_servers.OpenSSH(
        folder / "peer", version=request.param.removeprefix("openssh-"), config=config)
    yield s
    s.stop()


def echo(c):
    while data := c.recv(65536):
        c.sendall(data)


def forwarding(server, *options):
    return subprocess.Popen(server.ssh(options=["-N", "-o", "ExitOnForwardFailure=yes", *options]),
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
        return True
    except OSError:
        return False


def child(server, *remote, options=(), env=None, **kwargs):
    command = server.ssh(*remote, options=options)
    return pexpect.spawn(command[0], command[1:], timeout=harness.TIMEOUT, encoding="utf-8", env=env, **kwargs)


def ended(c):
    c.expect(pexpect.EOF)
    c.close()
    return c.exitstatus


# --- forwardings ---

@pytest.mark.parametrize("flag", ["-L", "-R"])
def test_256_mib_arrive_as_they_were_sent(server, flag):
    block = os.urandom(1 << 20)
    got = {}

    def take(c):
        h = hashlib.sha256()
        while data := c.recv(1 << 20):
            h.update(data)
        c.sendall(h.digest())

    service, port = Service(take), harness.free_port()
    p = forwarding(server, flag, f"{port}:127.0.0.1:{service.port}")
    try:
        wait_until(lambda: listens(port), "the forwarding")
        want = hashlib.sha256()
        with socket.create_connection(("127.0.0.1", port)) as c:
            for _ in range(256):
                c.sendall(block)
                want.update(block)
            c.shutdown(socket.SHUT_WR)
            got = c.recv(100)
        assert got == want.digest()
    finally:
        harness.end(p)
        service.stop()


def test_500_channels_at_once(server):
    service, port = Service(echo), harness.free_port()
    p = forwarding(server, "-L", f"{port}:127.0.0.1:{service.port}")
    sockets = []
    try:
        wait_until(lambda: listens(port), "the forwarding")
        for n in range(500):
            sockets.append(socket.create_connection(("127.0.0.1", port), 30))
            sockets[-1].sendall(b"number %d" % n)
        for n, c in enumerate(sockets):
            c.settimeout(30)
            want = b"number %d" % n
            assert c.recv(len(want), socket.MSG_WAITALL) == want
    finally:
        for c in sockets:
            c.close()
        harness.end(p)
        service.stop()


def test_half_closed_both_ways(server):
    def answer_after_eof(c):
        n = 0
        while data := c.recv(65536):
            n += len(data)
        c.sendall(b"%d bytes" % n)

    def close_first(c):
        c.sendall(b"all I have to say")
        c.shutdown(socket.SHUT_WR)
        heard.append(c.recv(5, socket.MSG_WAITALL))

    heard = []
    a, b = Service(answer_after_eof), Service(close_first)
    ports = harness.free_port(), harness.free_port()
    p = forwarding(server, "-L", f"{ports[0]}:127.0.0.1:{a.port}", "-L", f"{ports[1]}:127.0.0.1:{b.port}")
    try:
        wait_until(lambda: listens(ports[0]), "the forwarding")
        with socket.create_connection(("127.0.0.1", ports[0]), harness.TIMEOUT) as c:
            c.sendall(b"x" * 1000)
            c.shutdown(socket.SHUT_WR)
            assert c.recv(100) == b"1000 bytes" and c.recv(1) == b""
        with socket.create_connection(("127.0.0.1", ports[1]), harness.TIMEOUT) as c:
            assert c.recv(100) == b"all I have to say" and c.recv(1) == b""
            c.sendall(b"still")
            wait_until(lambda: heard == [b"still"], "what was sent after the other end had closed its half")
    finally:
        harness.end(p)
        a.stop()
        b.stop()


@pytest.mark.parametrize("flag", ["-D", "-R"])
@pytest.mark.parametrize("form", ["--socks4", "--socks4a", "--socks5", "--socks5-hostname"])
def test_curl_by_way_of_socks(server, form, flag):
    def http(c):
        c.recv(65536)
        c.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nhello\n")

    service, port = Service(http), harness.free_port()
    p = forwarding(server, flag, str(port))
    try:
        wait_until(lambda: listens(port), "the port")
        host = "localhost" if form in ("--socks4a", "--socks5-hostname") else "127.0.0.1"
        done = run(["curl", "-sS", "--max-time", "15", form, f"127.0.0.1:{port}", f"http://{host}:{service.port}/"])
        assert done.stdout == "hello\n"
    finally:
        harness.end(p)
        service.stop()


def test_gateway_ports_of_the_client(server):
    service = Service(echo)
    for flags, everywhere in (([], False), (["-g"], True)):
        port = harness.free_port()
        p = forwarding(server, *flags, "-L", f"{port}:127.0.0.1:{service.port}")
        try:
            wait_until(lambda: listens(port), "the forwarding")
            with open("/proc/net/tcp", encoding="utf-8") as f:
                assert (f"00000000:{port:04X}" in f.read()) == everywhere
        finally:
            harness.end(p)
    service.stop()


# --- programs that live on ssh ---

@pytest.mark.skipif(not harness.have("git"), reason="needs git")
def test_git_clones_and_pushes(server, folder):
    home = folder / "repos"
    home.mkdir()
    run(["git", "init", "-q", "--bare", str(home / "r.git")])
    if harness.ROOT:
        run(["chown", "-R", f"{server.user}:", str(home)])
    env = {**os.environ, "GIT_SSH_COMMAND": " ".join(server.ssh()[:-1]), "GIT_CONFIG_GLOBAL": "/dev/null",
           "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}
    url = f"{server.user}@127.0.0.1:{home}/r.git"
    work = str(folder / "work")
    run(["git", "clone", "-q", url, work], env=env)
    with open(os.path.join(work, "big"), "wb") as f:
        f.write(os.urandom(3 << 20))
    run(["git", "-C", work, "add", "big"], env=env)
    run(["git", "-C", work, "commit", "-qm", "big"], env=env)
    run(["git", "-C", work, "push", "-q", "origin", "HEAD:main"], env=env, timeout=60)
    again = str(folder / "again")
    run(["git", "clone", "-q", "-b", "main", url, again], env=env, timeout=60)
    with open(os.path.join(work, "big"), "rb") as a, open(os.path.join(again, "big"), "rb") as b:
        assert a.read() == b.read()


@pytest.mark.skipif(not harness.have("rsync"), reason="needs rsync")
def test_rsync_there_and_back(server, folder):
    source = folder / "source"
    source.mkdir()
    for n in range(20):
        (source / f"file{n}").write_bytes(os.urandom(100000))
    shell = " ".join(server.ssh()[:-1])
    with tempfile.TemporaryDirectory(prefix="rsync", dir="/tmp") as there:
        os.chmod(there, 0o777)
        run(["rsync", "-a", "-e", shell, f"{source}/", f"{server.user}@127.0.0.1:{there}/x/"], timeout=60)
        run(["rsync", "-a", "-e", shell, f"{server.user}@127.0.0.1:{there}/x/", str(folder / "back")], timeout=60)
    run(["diff", "-r", str(source), str(folder / "back")])


@pytest.mark.skipif(not harness.have("tmux"), reason="needs tmux")
def test_tmux_in_a_terminal(server):
    c = child(server, "env TERM=xterm tmux -L dayfly$$ -f /dev/null new-session "
              "'echo in tm\"\"ux; read x; echo got $x; sleep 1'", options=["-t"], dimensions=(24, 80))
    c.expect("in tmux")
    c.setwinsize(30, 100)
    c.sendline("a word")
    c.expect("got a word")
    assert ended(c) == 0


@pytest.mark.skipif(not harness.have("vim"), reason="needs vim")
def test_vim_in_a_terminal(server):
    with tempfile.TemporaryDirectory(prefix="vim", dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        c = child(server, f"env TERM=xterm vim -u NONE -n {folder}/text", options=["-t"], dimensions=(24, 80))
        c.expect(r"\[New\]|New File|~")
        c.send("ihello from vim\x1b:wq\r")
        assert ended(c) == 0
        with open(f"{folder}/text", encoding="utf-8") as f:
            assert f.read() == "hello from vim\n"


# --- X11 ---

@pytest.fixture
def display(folder):
    """What an X server says to a client, on a TCP port: the setup message it got."""
    seen = []

    def one(c):
        seen.append(c.recv(48, socket.MSG_WAITALL))
        c.sendall(b"welcome")
        while c.recv(4096):
            pass

    for number in range(50, 90):
        try:
            listener = socket.create_server(("127.0.0.1", 6000 + number))
            break
        except OSError:
            continue
    service = Service(one, listener)
    authority = str(folder / "Xauthority")
    name = f"127.0.0.1:{number}"
    env = {**os.environ, "DISPLAY": name + ".0", "XAUTHORITY": authority}
    run(["xauth", "-f", authority, "add", name, "MIT-MAGIC-COOKIE-1", COOKIE], env=env)
    yield env, seen
    service.stop()


X_CLIENT = r'''
import os, re, socket, subprocess, sys
display = os.environ["DISPLAY"]
number = int(re.search(r":(\d+)", display).group(1))
cookie = sys.argv[1] if len(sys.argv) > 1 else subprocess.run(["xauth", "list", display], capture_output=True, text=True).stdout.split()[2]
with socket.create_connection(("localhost", 6000 + number), 10) as c:
    c.settimeout(10)
    c.sendall(b"l\0\x0b\0\0\0\x12\0\x10\0\0\0MIT-MAGIC-COOKIE-1\0\0" + bytes.fromhex(cookie))
    print(c.recv(7).decode() or "closed")
'''


@pytest.mark.skipif(not harness.have("xauth"), reason="needs xauth")
def test_x11_reaches_the_display_with_its_own_cookie(showing, display):
    env, seen = display
    done = run(showing.ssh("python3 -c '" + X_CLIENT.replace("'", "'\\''") + "'", options=["-Y"]), env=env, check=False)
    assert done.stdout == "welcome\n", done.stderr
    assert seen[0].endswith(bytes.fromhex(COOKIE)), "the display got its own cookie"
    remote = run(showing.ssh('xauth list "$DISPLAY"', options=["-Y"]), env=env).stdout
    assert remote.split()[2] != COOKIE, "the server did not"


@pytest.mark.skipif(not harness.have("xauth"), reason="needs xauth")
def test_x11_with_a_wrong_cookie_is_rejected(showing, display):
    env, seen = display
    done = run(showing.ssh("python3 -c '" + X_CLIENT.replace("'", "'\\''") + "' " + COOKIE, options=["-Y"]), env=env,
               check=False)
    assert "closed" in done.stdout or "Error" in done.stderr
    assert "X11 connection rejected because of wrong authentication." in done.stderr
    assert seen == []


@pytest.mark.skipif(not harness.have("xauth"), reason="needs xauth")
def test_untrusted_x11_needs_a_display_that_makes_cookies(showing, display):
    env, _ = display
    done = run(showing.ssh("echo display=$DISPLAY", options=["-X"]), env=env, check=False)
    assert "untrusted X11 forwarding setup failed: xauth key data not generated" in done.stderr
    assert done.stdout == "display=\n"


def test_x11_without_or_with_a_bad_display_goes_on_without(showing):
    env = {k: v for k, v in os.environ.items() if k != "DISPLAY"}
    assert run(showing.ssh("echo ok$DISPLAY", options=["-Y"]), env=env).stdout == "ok\n"
    done = run(showing.ssh("echo ok$DISPLAY", options=["-Y"]), env={**env, "DISPLAY": ":0;reboot"})
    assert done.stdout == "ok\n" and 'DISPLAY ":0;reboot" invalid; disabling X11 forwarding' in done.stderr


@pytest.fixture
def xvfb(folder):
    """A real X server: the environment that leads to it."""
    if not harness.have("Xvfb") or not harness.have("xdpyinfo"):
        pytest.skip("needs Xvfb and xdpyinfo")
    authority = str(folder / "Xauthority")
    number = harness.free_display()
    env = {**os.environ, "DISPLAY": f":{number}", "XAUTHORITY": authority}
    run(["xauth", "-f", authority, "add", f":{number}", "MIT-MAGIC-COOKIE-1", COOKIE], env=env)
    x = subprocess.Popen(["Xvfb", f":{number}", "-screen", "0", "640x480x24", "-auth", authority, "-nolisten", "tcp", "-noreset"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: harness.listens_at(f"/tmp/.X11-unix/X{number}"), "the X server")
        yield env
    finally:
        harness.end(x)


@pytest.mark.parametrize("flag", ["-Y", "-X"])
def test_an_x_client_shows_up_on_a_real_display(showing, xvfb, flag):
    done = run(showing.ssh("xdpyinfo", options=[flag]), env=xvfb, check=False)
    assert "640x480 pixels" in done.stdout, done.stderr
    done = run(showing.ssh("XAUTHORITY=/dev/null xdpyinfo", options=[flag]), env=xvfb, check=False)
    assert done.returncode != 0 and "640x480" not in done.stdout, "without the cookie"


def test_an_untrusted_x_client_is_rejected_when_forward_x11_timeout_is_over(showing, xvfb):
    done = run(showing.ssh("while xdpyinfo >&2; do :; done; echo over",
                           options=["-X", "-v", "-o", "ForwardX11Timeout=2"]), env=xvfb, check=False)
    assert done.stdout == "over\n"
    assert "640x480 pixels" in done.stderr, "it was let in before"
    assert "Rejected X11 connection after ForwardX11Timeout expired" in done.stderr
    assert "640x480 pixels" in run(showing.ssh("xdpyinfo", options=["-X"]), env=xvfb).stdout, "a new one is let in"


# --- escapes ---

def test_the_command_line_adds_and_ends_forwardings(server):
    service, port = Service(echo), harness.free_port()
    c = child(server, options=["-o", "EnableEscapeCommandline=yes", "-o", "PermitLocalCommand=yes"])
    c.sendline("PS1=; echo rea''dy")
    c.expect("ready\r\n")
    for kind in "LR":
        c.send("\r~C")
        c.expect_exact("ssh> ")
        c.sendline(f"-{kind} {port}:127.0.0.1:{service.port}")
        c.expect_exact("Forwarding port.")
        wait_until(lambda: listens(port), "the new forwarding")
        c.send("\r~C")
        c.expect_exact("ssh> ")
        c.sendline(f"-K{kind} {port}")
        c.expect_exact("Canceled forwarding.")
        wait_until(lambda: not listens(port), "its end")
    for line, answer in (("-KL 1", "Unknown port forwarding."), ("-L nonsense", "Bad forwarding specification."),
                         ("what", "Invalid command."), ("-h", "Request dynamic forward"),
                         ("!echo he''re", "here")):
        c.send("\r~C")
        c.expect_exact("ssh> ")
        c.sendline(line)
        c.expect_exact(answer)
    c.sendline("echo still he''re; exit 3")
    c.expect("still here\r\n")
    assert ended(c) == 3
    service.stop()


def test_the_command_line_is_off_unless_it_is_enabled(server):
    c = child(server)
    c.sendline("PS1=; echo rea''dy")
    c.expect("ready\r\n")
    c.send("\r~C")
    c.expect_exact("commandline disabled")
    c.send("\r~?")
    c.expect_exact("Supported escape sequences:")
    c.send("\r~I")
    c.expect(r"Connection information for .*127.0.0.1 pid \d+")
    c.expect(r"tcp 127.0.0.1:\d+ -> 127.0.0.1:\d+")
    c.expect("kexalgorithm ")
    c.send("\r~.")
    assert ended(c) == 255


# --- ways to the server ---

def test_proxy_command_and_its_failure(server):
    nc = f"{harness.BINDIR}/ssh" if not harness.have("nc") else "nc"
    assert run(server.ssh("echo through", options=["-o", f"ProxyCommand={nc} %h %p"])).stdout == "through\n"
    done = run(server.ssh("echo through", options=["-o", "ProxyCommand=exit 3"]), check=False)
    assert done.returncode == 255 and "Connection closed by UNKNOWN port 65535" in done.stderr


def test_proxy_that_passes_a_socket(server, folder):
    script = folder / "connect"
    script.write_text("#!/usr/bin/python3\nimport array, socket, sys\n"
                      "c = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
                      "s = socket.socket(fileno=1)\n"
                      "s.sendmsg([b'\\0'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [c.fileno()]))])\n")
    script.chmod(0o755)
    done = run(server.ssh("echo through $SSH_CLIENT",
                          options=["-o", f"ProxyCommand={script} %h %p", "-o", "ProxyUseFdpass=yes"]))
    assert done.stdout.startswith("through 127.0.0.1 ")
    done = run(server.ssh("echo through", options=["-o", "ProxyCommand=exit 0", "-o", "ProxyUseFdpass=yes"]), check=False)
    assert done.returncode == 255 and "proxy dialer did not pass back a connection" in done.stderr


def test_a_chain_of_jumps(server, folder):
    config = folder / "config"
    config.write_text(f"Host *\n Port {server.port}\n User {server.user}\n IdentityFile {server.key}\n IdentitiesOnly yes\n"
                      f" UserKnownHostsFile {server.known}\n GlobalKnownHostsFile none\n IdentityAgent none\n"
                      f" BatchMode yes\n WarnWeakCrypto no\n HostKeyAlias [127.0.0.1]:{server.port}\n"
                      "Host one two three\n Hostname 127.0.0.1\n")
    config.chmod(0o600)
    command = [harness.SSH, "-F", str(config)]
    assert run([*command, "-J", "one,two", "three", "echo through two"]).stdout == "through two\n"
    assert run([*command, "-J", f"ssh://{server.user}@one:{server.port}", "two", "echo through one"]).stdout == "through one\n"
    done = run([*command, "-J", f"one:{harness.free_port()}", "two", "true"], check=False)
    assert done.returncode == 255 and "Connection refused" in done.stderr


@pytest.mark.parametrize("arguments", [["a;b"], ["a`id`"], ["$(id)"], ["-J", "x;y", "host"], ["-J", "$(id)@x", "host"],
                                       ["-l", "u;v", "host"], ["--", "-oProxyCommand=id"], ["a,b"]])
def test_names_with_metacharacters_are_refused_before_anything_runs(arguments, folder):
    witness = folder / "witness"
    done = run([harness.SSH, "-F", "none", "-o", f"ProxyCommand=touch {witness}; exit 1" if "-J" not in arguments else
                "BatchMode=yes", *arguments], check=False)
    assert done.returncode == 255 and not witness.exists()
    assert re.search("invalid characters|Invalid ProxyJump|usage:", done.stderr), done.stderr


def test_local_command_runs_with_its_tokens(server, folder):
    out = folder / "out"
    options = ["-o", f"LocalCommand=echo %n %p %r %T > {out}"]
    assert run(server.ssh("echo on", options=options)).stdout == "on\n"
    assert not out.exists()
    assert run(server.ssh("echo on", options=[*options, "-o", "PermitLocalCommand=yes"])).stdout == "on\n"
    assert out.read_text() == f"127.0.0.1 {server.port} {server.user} NONE\n"


def test_background_after_authentication(server, folder):
    out = folder / "made"
    if harness.ROOT:
        shutil.chown(folder, server.user)
    done = run(server.ssh(f"sleep 0.5; touch {out}", options=["-f"]))
    assert done.returncode == 0
    wait_until(out.exists, "what the command does in the background")


@pytest.mark.skipif(not harness.have("mosh"), reason="needs mosh")
def test_mosh_starts_by_way_of_ssh(server):
    shell = " ".join(server.ssh()[:-1])
    env = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    c = pexpect.spawn("mosh", [f"--ssh={shell}", "--server=env LC_ALL=C.UTF-8 mosh-server",
                               f"{server.user}@127.0.0.1", "--", "sh", "-c", "echo in mo''sh; read x"],
                      timeout=20, encoding="utf-8", env=env, dimensions=(24, 80))
    c.expect("in mosh")
    c.sendline("")
    c.expect("mosh is exiting|exited")
    c.close(force=True)


@pytest.mark.skipif(not harness.have("ansible"), reason="needs ansible")
def test_ansible_pings_and_copies(server, folder):
    with tempfile.TemporaryDirectory(prefix="a", dir="/tmp") as short:
        os.chmod(short, 0o777)
        options = server.ssh()[1:-1]
        inventory = folder / "hosts"
        inventory.write_text(f"127.0.0.1 ansible_user={server.user} ansible_remote_tmp={short}/remote\n")
        source = folder / "source"
        source.write_bytes(os.urandom(200000))
        env = {**os.environ, "HOME": short, "ANSIBLE_SSH_EXECUTABLE": harness.SSH, "ANSIBLE_LOCAL_TEMP": short,
               "ANSIBLE_SSH_COMMON_ARGS": " ".join(options), "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{short}/cp",
               "ANSIBLE_SSH_TRANSFER_METHOD": "piped", "LC_ALL": "C.UTF-8",
               "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=5s", "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3"}
        done = run(["ansible", "-i", str(inventory), "all", "-m", "ping"], env=env, timeout=50, check=False)
        assert '"ping": "pong"' in done.stdout, done.stdout + done.stderr
        done = run(["ansible", "-i", str(inventory), "all", "-m", "copy", "-a", f"src={source} dest={short}/copied"],
                   env=env, timeout=50, check=False)
        assert '"changed": true' in done.stdout, done.stdout + done.stderr
        with open(f"{short}/copied", "rb") as f:
            assert f.read() == source.read_bytes()


def test_a_closed_standard_input_and_a_broken_pipe(server):
    done = subprocess.run(server.ssh("echo out"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20,
                          preexec_fn=lambda: os.close(0), check=False)
    assert (done.stdout, done.returncode) == (b"out\n", 0), done.stderr
    p = subprocess.Popen(server.ssh("yes"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdout.read(100)
    p.stdout.close()
    assert p.wait(harness.TIMEOUT) == 128 + 13, "what the shell on the other side says of a broken pipe"
