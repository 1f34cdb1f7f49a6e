# SPDX-License-Identifier: ISC
"""The server as a program: flags, reload, background, limits, the service manager."""
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import harness
from harness import run, wait_until

needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root")


def rewrite(server, change):
    with open(server.config_path, encoding="utf-8") as f:
        text = f.read()
    with open(server.config_path, "w", encoding="utf-8") as f:
        f.write(change(text))


def reload(server):
    before = server.log_text().count("Received SIGHUP; reloading.")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: server.log_text().count("Received SIGHUP; reloading.") > before, "the reload")


# --- SIGHUP ---

def test_a_reload_puts_a_new_config_into_force_and_keeps_sessions(sshd):
    p = subprocess.Popen(sshd.ssh("echo ready; exec cat", key=sshd.key), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"ready\n"
    rewrite(sshd, lambda t: "ForceCommand echo new\n" + t)
    reload(sshd)
    wait_until(lambda: run(sshd.ssh("echo old", key=sshd.key)).stdout == "new\n", "the new config")
    p.stdin.write(b"still here\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"still here\n"
    p.stdin.close()
    assert p.wait(harness.TIMEOUT) == 0


def test_a_reload_makes_the_pid_file_anew(sshd):
    """Scripts take it away before the signal, and wait for it."""
    was, new = f"{sshd.dir}/sshd.pid", f"{sshd.dir}/other.pid"

    def number(path):
        with open(path, encoding="utf-8") as f:
            return f.read()

    os.unlink(was)
    sshd.process.send_signal(signal.SIGHUP)
    wait_until(lambda: os.path.exists(was), "the PID file")
    assert number(was) == f"{sshd.process.pid}\n"
    rewrite(sshd, lambda t: t.replace(f"PidFile {was}", f"PidFile {new}"))
    sshd.process.send_signal(signal.SIGHUP)
    wait_until(lambda: os.path.exists(new), "the new PID file")
    assert number(new) == f"{sshd.process.pid}\n"
    assert not os.path.exists(was)
    sshd.stop()
    assert not os.path.exists(new)


def test_the_status_of_inetd_mode_says_whether_somebody_was_in(sshd):
    command = [harness.SSHD, "-i", "-f", sshd.config_path, "-o", "EphemeralKeySocket=none"]
    done = run(command, check=False, input="SSH-1.5-old\n")
    assert done.returncode == 255 and "SSH-2.0-" in done.stdout
    assert run(command, check=False, input="").returncode == 255
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        words = sshd.ssh("exit 3", key=sshd.key)
        words[1:1] = ["-o", f"HostKeyAlias=[127.0.0.1]:{sshd.port}", "-p", str(listening.getsockname()[1])]
        client = subprocess.Popen(words)
        with listening.accept()[0] as s:
            assert subprocess.run(command, stdin=s, stdout=s, timeout=30, check=False).returncode == 0
        assert client.wait(10) == 3


def test_a_wrong_config_is_named_with_its_line_and_the_old_one_stays(sshd):
    rewrite(sshd, lambda t: "NoSuchKeyword yes\nForceCommand echo new\n" + t)
    reload(sshd)
    sshd.wait_log("stays in force", sshd.config_path, "line 1", "NoSuchKeyword")
    assert run(sshd.ssh("echo old", key=sshd.key)).stdout == "old\n"


def test_a_host_key_that_is_gone_leaves_the_old_config_in_force(sshd):
    os.rename(f"{sshd.dir}/host_ed25519", f"{sshd.dir}/gone")
    reload(sshd)
    wait_until(lambda: "stays in force" in sshd.log_text(), "the complaint")
    assert run(sshd.ssh("echo old", key=sshd.key)).stdout == "old\n"


def test_no_connection_is_refused_while_reloading(sshd):
    failed, stop = [], threading.Event()

    def knock():
        while not stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", sshd.port), harness.TIMEOUT) as s:
                    s.settimeout(harness.TIMEOUT)
                    if not s.recv(4).startswith(b"SSH-"):
                        failed.append("no identification")
            except OSError as e:
                failed.append(e)

    t = threading.Thread(target=knock)
    t.start()
    for _ in range(10):
        reload(sshd)
    stop.set()
    t.join()
    assert not failed


def test_a_reload_opens_new_ports_and_closes_old_ones(sshd):
    new = harness.free_port()
    rewrite(sshd, lambda t: f"Port {new}\n" + t.replace("ListenAddress 127.0.0.1", "ListenAddress 127.0.0.1\n"))
    # -p on the command line wins over Port in the file.
    reload(sshd)
    time.sleep(0.2)
    assert harness.answers(sshd.port) and not harness.answers(new)


# --- flags ---

def start(folder, *args, config="", **kwargs):
    key = folder / "host_key"
    if not key.exists():
        harness.make_key(key)
    path = folder / "sshd_config"
    path.write_text(f"ListenAddress 127.0.0.1\nHostKey {key}\nPidFile {folder}/pid\n"
                    f"EphemeralKeySocket {folder}/e.sock\nAuthorizedKeysFile {folder}/keys.%u\n{config}\n")
    return [harness.SSHD, "-f", str(path), *args]


def login_key(folder):
    key = harness.make_key(folder / "id")
    user = harness.login_user()
    run(["cp", key + ".pub", str(folder / f"keys.{user}")])
    os.chmod(folder / f"keys.{user}", 0o644)
    return key


def ssh(folder, key, *args, port=None, proxy=None, program="ssh"):
    command = [program, "-F", "none", "-i", key, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
               "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    if port:
        command += ["-p", str(port)]
    if proxy:
        command += ["-o", f"ProxyCommand={proxy}"]
    return command + [f"{harness.login_user()}@127.0.0.1", *args]


def test_ports_of_the_command_line_take_the_place_of_those_in_the_file(folder):
    a, b, c = (harness.free_port() for _ in range(3))
    done = run(start(folder, "-T", "-p", str(b), "-p", str(c), config=f"Port {a}"))
    assert re.findall(r"(?mi)^port (\d+)", done.stdout) == [str(b), str(c)]


def test_it_goes_to_the_background_and_writes_its_pid(folder):
    port = harness.free_port()
    key = login_key(folder)
    done = run(start(folder, "-p", str(port), "-E", str(folder / "log")))
    assert done.stderr == ""
    pid_file = folder / "pid"
    pid = int(pid_file.read_text())
    try:
        assert run(ssh(folder, key, "echo in", port=port)).stdout == "in\n"
        if harness.ROOT:        # it cannot be looked into by its own user
            assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
        assert os.getsid(pid) != os.getsid(0)
        assert "Server listening on 127.0.0.1" in (folder / "log").read_text()
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not pid_file.exists(), "the PID file to be gone")


def test_inetd_mode_serves_standard_input_and_output(folder):
    key = login_key(folder)
    proxy = " ".join(start(folder, "-i", "-e"))
    done = run(ssh(folder, key, "echo in; echo $SSH_CONNECTION; exit 3", proxy=proxy), check=False)
    assert (done.stdout, done.returncode) == ("in\nUNKNOWN 65535 UNKNOWN 65535\n", 3), done.stderr


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_an_inetd_server_ends_its_connection(folder, sig):
    """Who started it (Go's tests of its ssh client, say) waits for the end of all that holds its stderr."""
    key = login_key(folder)
    pid = folder / "server"
    proxy = f"sh -c 'echo $$ >{pid}; exec " + " ".join(start(folder, "-i", "-E", str(folder / "log"))) + "'"
    client = subprocess.Popen(ssh(folder, key, "echo in; exec cat", proxy=proxy), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert client.stdout.readline() == "in\n"
        server = int(pid.read_text())
        assert not (folder / "e.sock").exists()     # it may be that of the server that stays
        os.kill(server, sig)
        client.wait(timeout=10)
        assert client.returncode == 255
        wait_until(lambda: not harness.runs(server), "the server to be gone")
        assert "killed by signal" not in (folder / "log").read_text()
    finally:
        harness.end(client)


def test_debug_mode_serves_one_connection(folder):
    port = harness.free_port()
    key = login_key(folder)
    p = subprocess.Popen(start(folder, "-d", "-p", str(port)), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: any(str(port) in line for line in iter(p.stderr.readline, "")), "it to listen")
        assert run(ssh(folder, key, "echo in", port=port)).stdout == "in\n"
        rest = p.communicate(timeout=harness.TIMEOUT)[1]
        assert "debug1:" in rest and "Accepted publickey" in rest
        assert p.returncode == 0
    finally:
        harness.end(p)


def test_log_file_names_have_tokens(folder):
    port = harness.free_port()
    p = subprocess.Popen(start(folder, "-D", "-E", str(folder / "log.%P.%p"), "-p", str(port)), stdin=subprocess.DEVNULL)
    try:
        path = folder / f"log.sshd.{p.pid}"
        wait_until(lambda: path.exists() and f"port {port}" in path.read_text(), "the log")
        assert re.match(rf"sshd\[{p.pid}\]: ", path.read_text())
    finally:
        harness.end(p)


def test_match_is_shown_by_test_facts(folder):
    config = "PasswordAuthentication yes\nMatch User alice Address 10.0.0.0/8\n\tPasswordAuthentication no"
    for fact, value in (("user=alice,addr=10.1.2.3", "no"), ("user=bob,addr=10.1.2.3", "yes")):
        out = run(start(folder, "-G", "-C", f"{fact},host=h,laddr=127.0.0.1,lport=22", config=config)).stdout
        assert re.search(rf"(?mi)^passwordauthentication {value}$", out)
    assert run(start(folder, "-C", "user=alice"), check=False).returncode != 0


def test_the_service_manager_is_told(folder):
    path = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(harness.TIMEOUT)
        p = subprocess.Popen(start(folder, "-D", "-p", str(harness.free_port())), stdin=subprocess.DEVNULL,
                             env={**os.environ, "NOTIFY_SOCKET": path}, stderr=subprocess.DEVNULL)
        try:
            assert s.recv(200) == b"READY=1"
            p.send_signal(signal.SIGHUP)
            assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", s.recv(200))
            assert s.recv(200) == b"READY=1"
            p.terminate()
            assert s.recv(200) == b"STOPPING=1"
            assert p.wait(harness.TIMEOUT) == 0
        finally:
            harness.end(p)


def given(sockets, command, pid="os.getpid()"):
    """A command line that leaves the sockets to the command, as systemd.socket(5) does."""
    script = ("import os, sys; n = int(sys.argv[1]); fds = [os.dup(int(fd)) for fd in sys.argv[2:2 + n]]; "
              "[os.dup2(fd, 3 + i) and os.set_inheritable(3 + i, True) for i, fd in enumerate(fds)]; "
              f"os.environ.update(LISTEN_PID=str({pid}), LISTEN_FDS=str(n), LISTEN_FDNAMES='ssh.socket'); "
              "os.execv(sys.argv[2 + n], sys.argv[2 + n:])")
    return [sys.executable, "-c", script, str(len(sockets)), *(str(s.fileno()) for s in sockets), *command]


def start_given(folder, sockets, port, **kwargs):
    command = given(sockets, start(folder, "-D", "-p", str(port), "-E", str(folder / "log"), "-o", "LogLevel=DEBUG1"), **kwargs)
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            pass_fds=[s.fileno() for s in sockets])


def test_sockets_of_the_service_manager_stand_for_those_of_the_config(folder):
    key = login_key(folder)
    port = harness.free_port()
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        p = start_given(folder, [one, two], port)
        try:
            for s in (one, two):
                done = run(ssh(folder, key, "echo in; env", port=s.getsockname()[1]))
                assert done.stdout.startswith("in\n") and "LISTEN_" not in done.stdout
            p.send_signal(signal.SIGHUP)
            wait_until(lambda: "reloading" in (folder / "log").read_text(), "the reload")
            assert run(ssh(folder, key, "echo in", port=one.getsockname()[1])).stdout == "in\n"
            assert not harness.answers(port)
        finally:
            harness.end(p)
            print((folder / "log").read_text())     # shown if it fails


def test_sockets_given_to_another_process_are_not_ours(folder):
    port = harness.free_port()
    with socket.create_server(("127.0.0.1", 0)) as one:
        p = start_given(folder, [one], port, pid="1")
        try:
            wait_until(lambda: harness.answers(port), "it to listen where the config says")
        finally:
            harness.end(p)


def test_a_given_descriptor_that_does_not_listen_is_told(folder):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        p = start_given(folder, [theirs], harness.free_port())
        assert p.wait(10) == 255
    assert "descriptor 3 of LISTEN_FDS is not a listening TCP socket" in (folder / "log").read_text()


# --- limits ---

def test_max_startups_drops_with_a_word(folder):
    with harness.server(folder / "s", config="MaxStartups 2") as s:
        idle = []
        try:
            wait_until(lambda: not any("[accepted]" in c for c in s.children().values()), "the harness' own to be gone")
            for _ in range(2):
                c = socket.create_connection(("127.0.0.1", s.port), harness.TIMEOUT)
                idle.append(c)
                assert c.recv(4) == b"SSH-"
            with socket.create_connection(("127.0.0.1", s.port), harness.TIMEOUT) as c:
                c.settimeout(harness.TIMEOUT)
                assert c.recv(100) == b"Not allowed at this time\r\n"
            s.wait_log("Maxstartups")
        finally:
            for c in idle:
                c.close()
        wait_until(lambda: harness.answers(s.port), "places to be free again")


def taken_in(port):
    """A connection that the server has greeted; None: it was refused."""
    c = socket.create_connection(("127.0.0.1", port), 5)
    if c.recv(4) == b"SSH-":
        return c
    c.close()
    return None


def test_threats_6_refused_connections_by_the_hundred_make_few_lines(folder):
    with harness.server(folder / "s", config="MaxStartups 1") as s:
        # The harness' own connection has the place until the listener has heard of its end.
        with wait_until(lambda: taken_in(s.port), "a place"):
            before = time.monotonic()
            for _ in range(300):
                with socket.create_connection(("127.0.0.1", s.port), 5) as c:
                    assert c.recv(100) == b"Not allowed at this time\r\n"
            took = time.monotonic() - before
        # One in five seconds, and with it how many there were meanwhile.
        lines = [line for line in s.log_text().split("\n") if "drop connection" in line or "rate-limited" in line]
        assert 1 <= len(lines) <= 2 * (2 + took / 5), lines


def test_threats_6_a_listener_without_descriptors_rests_and_says_so_once(folder):
    with harness.server(folder / "s", config="MaxStartups 100\nPerSourcePenalties no") as s:
        wait_until(lambda: not any("[accepted]" in c for c in s.children().values()), "the harness' own to be gone")
        limit = resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, (3, limit[1]))
        clients = [socket.create_connection(("127.0.0.1", s.port), 5) for _ in range(30)]
        try:
            s.wait_log("Too many open files")
            resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, limit)
            # Those that waited in the kernel's queue are served; one that was taken already may have been closed.
            for c in clients:
                c.settimeout(20)
                assert c.recv(4) in (b"SSH-", b"")
        finally:
            for c in clients:
                c.close()
        wait_until(lambda: harness.answers(s.port), "clients to be served again")
        told = [line for line in s.log_text().split("\n") if "Too many open files" in line and "debug1" not in line]
        assert 1 <= len(told) <= 2, told


def test_sessions_that_are_logged_in_do_not_count_as_startups(folder):
    with harness.server(folder / "s", config="MaxStartups 1") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        clients = []
        for _ in range(3):
            wait_until(lambda: not any("[accepted]" in c for c in s.children().values()), "a place")
            p = subprocess.Popen(s.ssh("echo ready; exec cat", key=s.key), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert p.stdout.readline() == b"ready\n"
            clients.append(p)
        for p in clients:
            p.stdin.close()
            assert p.wait(harness.TIMEOUT) == 0


def test_a_client_that_is_gone_is_noticed(folder):
    import paramiko
    with harness.server(folder / "s", config="ClientAliveInterval 1\nClientAliveCountMax 2") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        t = paramiko.Transport(("127.0.0.1", s.port))
        t.connect(username=harness.login_user(), pkey=paramiko.Ed25519Key.from_private_key_file(s.key))
        began = time.monotonic()
        t.packetizer.read_message = lambda: time.sleep(30)    # reads no more
        wait_until(lambda: "Timeout, client not responding" in s.log_text(), "the timeout")
        assert time.monotonic() - began > 1.9
        t.close()


def test_a_connection_without_channels_is_ended(folder):
    import paramiko
    with harness.server(folder / "s", config="UnusedConnectionTimeout 1") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        t = paramiko.Transport(("127.0.0.1", s.port))
        t.connect(username=harness.login_user(), pkey=paramiko.Ed25519Key.from_private_key_file(s.key))
        wait_until(lambda: not t.is_active(), "the end")
        s.wait_log("terminating inactive connection")


def test_a_session_may_last_as_long_as_its_grant_says(folder):
    with harness.server(folder / "s") as s:
        key = harness.make_key(folder / "id")
        s.ephemeral("add", "--user", harness.login_user(), "--session", "2s", key + ".pub")
        began = time.monotonic()
        done = run(s.ssh("echo in; sleep 300", key=key), check=False)
        assert done.stdout == "in\n" and done.returncode == 255
        assert time.monotonic() - began > 1.5
        assert "granted" in done.stderr


def test_a_terminal_is_told_before_its_session_ends_and_why_it_did(folder):
    with harness.server(folder / "s") as s:
        key = harness.make_key(folder / "id")
        s.ephemeral("add", "--user", harness.login_user(), "--session", "11s", key + ".pub")
        done = run(s.ssh("echo in; sleep 30", key=key, tty=True), check=False)
        lines = [line for line in done.stdout.replace("\r", "").split("\n") if line]
        assert lines == ["in", "*** This session ends in 10 seconds. ***",
                         "*** the time that was granted for this session is over ***"], done.stdout
        assert done.returncode == 255


def test_a_terminal_is_told_a_minute_before_its_grant_ends(folder):
    with harness.server(folder / "s") as s:
        key = harness.make_key(folder / "id")
        s.ephemeral("add", "--user", harness.login_user(), "--ttl", "62s", "--session", "grant", key + ".pub")
        p = subprocess.Popen(s.ssh("echo in; exec cat", key=key, tty=True), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert p.stdout.readline() == b"in\r\n"
        assert p.stdout.readline().strip() == b""
        assert p.stdout.readline().strip() == b"*** This session ends in 60 seconds. ***"
        s.ephemeral("revoke", "all")
        assert p.wait(harness.TIMEOUT) == 255
        assert b"*** the time that was granted for this session is over ***" in p.stdout.read()


def test_of_many_sessions_that_are_ended_each_hears_why_and_not_that_its_program_was_killed(folder):
    with harness.server(folder / "s") as s:
        key = harness.make_key(folder / "id")
        s.ephemeral("add", "--user", harness.login_user(), key + ".pub")
        clients = [subprocess.Popen(s.ssh("echo ready; exec cat", key=key), stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)]
        assert [p.stdout.readline() for p in clients] == ["ready\n"] * 8
        s.ephemeral("revoke", "all", "--kill")
        assert ["revoked" in p.stderr.read() for p in clients] == [True] * 8
        assert [p.wait(harness.TIMEOUT) for p in clients] == [255] * 8



def test_revoking_ends_sessions_if_told_to(folder):
    import json
    with harness.server(folder / "s") as s:
        key = harness.make_key(folder / "id")
        s.ephemeral("add", "--user", harness.login_user(), key + ".pub")
        p = subprocess.Popen(s.ssh("echo ready; exec cat", key=key), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        assert p.stdout.readline() == b"ready\n"
        listed = json.loads(s.ephemeral("list", "--json").stdout)
        entry = (listed if isinstance(listed, list) else listed["keys"])[0]
        s.ephemeral("revoke", entry["id"], "--kill")
        assert p.wait(harness.TIMEOUT) == 255
        assert b"revoked" in p.stderr.read()


@needs_root
def test_logins_on_terminals_are_recorded(sshd):
    child = subprocess.Popen(sshd.ssh("tty; exec cat", key=sshd.key, tty=True), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    tty = child.stdout.readline().decode().strip().replace("/dev/", "")
    wait_until(lambda: re.search(rf"alice\s+{tty}\b", run(["who", "/run/utmp"]).stdout), "who(1) to know")
    wait_until(lambda: re.search(rf"alice\s+{tty}\s+.*127\.0\.0\.1", run(["who", "/var/log/wtmp"]).stdout),
               "wtmp to have it")
    child.stdin.close()
    child.kill()
    child.wait()
    wait_until(lambda: not re.search(rf"alice\s+{tty}\b", run(["who", "/run/utmp"]).stdout), "the end of it")


def test_more_clients_than_the_soft_limit_of_descriptors_are_served(folder):
    """The listener has one for each; the programs of a session get the limit that the server was started with."""
    with harness.server(folder / "s", config="MaxStartups 1000\nPerSourcePenalties no",
                        prefix=("prlimit", "--nofile=110:4000")) as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        clients = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(150)]
        for c in clients:
            assert c.recv(100).startswith(b"SSH-2.0-")
        assert run(s.ssh("ulimit -Sn; ulimit -Hn", key=key)).stdout.split() == ["110", "4000"]
        for c in clients:
            c.close()
        # And behind a reload, which makes all anew that they are born of.
        rewrite(s, lambda t: "ForceCommand ulimit -Sn; ulimit -Hn\n" + t)
        reload(s)
        said = wait_until(lambda: run(s.ssh("true", key=key)).stdout, "the new config")
        assert said.split() == ["110", "4000"]


def test_too_few_descriptors_to_start_with_are_said_so(folder):
    """Whoever set such a limit hears which, instead of errors of whatever failed first."""
    config = folder / "config"
    config.write_text(f"Port {harness.free_port()}\nListenAddress 127.0.0.1\nHostKey {harness.make_key(folder / 'host')}\n"
                      "PidFile none\nEphemeralKeys no\n")
    done = run(["prlimit", "--nofile=60:60", harness.SSHD, "-D", "-e", "-f", str(config)], check=False)
    assert done.returncode == 255
    assert "may open 60 files only" in done.stderr


def test_out_of_descriptors_it_waits_says_so_once_and_goes_on(folder):
    with harness.server(folder / "s", config="MaxStartups 1000\nPerSourcePenalties no\nLogLevel INFO",
                        prefix=("prlimit", "--nofile=100:100")) as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        clients = [socket.create_connection(("127.0.0.1", s.port), harness.TIMEOUT) for _ in range(100)]
        s.wait_log("Too many open files")
        began = harness.cpu_seconds(s.process.pid)
        time.sleep(2)
        assert harness.cpu_seconds(s.process.pid) - began < 0.5
        assert s.log_text().count("Too many open files") < 10
        for c in clients:
            c.close()
        assert run(s.ssh("echo in", key=key)).stdout == "in\n"


def test_out_of_descriptors_the_control_socket_does_not_spin(folder):
    with harness.server(folder / "s", config="MaxStartups 1000\nPerSourcePenalties no",
                        prefix=("prlimit", "--nofile=100:100")) as s:
        clients = [socket.create_connection(("127.0.0.1", s.port), harness.TIMEOUT) for _ in range(100)]
        s.wait_log("Too many open files")
        control = []
        for _ in range(60):
            control.append(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            control[-1].connect(s.socket)
        time.sleep(0.5)
        began = harness.cpu_seconds(s.process.pid)
        time.sleep(2)
        assert harness.cpu_seconds(s.process.pid) - began < 0.5
        for c in clients + control:
            c.close()
        wait_until(lambda: s.ephemeral("list", check=False).returncode == 0, "the control socket to answer")


@pytest.mark.parametrize("command", [[harness.SSH, "-V"], [harness.SSHD, "-V"], [harness.SSHD, "-?"]])
def test_scripts_find_the_version_of_openssh_that_we_stand_in_for(command):
    """As those of curl's tests do, and many others that want to know which options there are."""
    shown = run(command, check=False)
    assert re.search(r"OpenSSH[_-](\d+)\.(\d+)", shown.stdout + shown.stderr)
    assert re.search(r"Dayfly_\d", shown.stdout + shown.stderr)
