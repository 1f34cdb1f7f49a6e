# SPDX-License-Identifier: ISC
"""ssh-keyscan: hosts, lists, what is printed where, and servers that mean no good."""
import os
import re
import socket
import subprocess

import pytest

import harness
from harness import run


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    # Each scan is a handful of connections that nobody logs in by.
    with harness.server(tmp_path_factory.mktemp("keyscan"), keys=("ed25519", "ecdsa", "rsa"),
                        config="PerSourcePenalties no\nMaxStartups 1000") as s:
        yield s


def scan(*args, port, check=True, **kwargs):
    # Patience enough for the busiest machine.
    return run([harness.KEYSCAN, "-T", "60", "-p", str(port), *args], check=check, **kwargs)


def public(sshd, kind):
    with open(os.path.join(sshd.dir, f"host_{kind}.pub"), encoding="utf-8") as f:
        return " ".join(f.read().split()[:2])


def test_all_keys_of_a_host_go_to_standard_output_and_what_it_is_to_standard_error(sshd):
    done = scan("127.0.0.1", port=sshd.port)
    assert sorted(done.stdout.splitlines()) == sorted(
        f"[127.0.0.1]:{sshd.port} {public(sshd, kind)}" for kind in ("ed25519", "ecdsa", "rsa"))
    assert set(done.stderr.splitlines()) == {f"# 127.0.0.1:{sshd.port} SSH-2.0-Dayfly_0.1"}
    assert len(done.stderr.splitlines()) == 5
    quiet = scan("-q", "-t", "ed25519", "127.0.0.1", port=sshd.port)
    assert (quiet.stdout, quiet.stderr) == (f"[127.0.0.1]:{sshd.port} {public(sshd, 'ed25519')}\n", "")


def test_a_client_takes_what_a_scan_has_written(sshd, folder):
    known = folder / "known_hosts"
    known.write_text(scan("-H", "127.0.0.1", port=sshd.port).stdout)
    assert "127.0.0.1" not in known.read_text()
    key = harness.make_key(folder / "id")
    sshd.authorize(key + ".pub")
    command = [part.replace(sshd.known_hosts(), str(known)) for part in sshd.ssh("echo in", key=key)]
    assert run(command).stdout == "in\n"


def test_lists_come_from_files_pipes_and_the_command_line(sshd, folder):
    path = folder / "list"
    path.write_text("# hosts\n\n127.0.0.1 one,Two # both\n127.0.0.0/30\nno host here\n")
    done = scan("-q", "-t", "ed25519", "-f", str(path), "-f", "-", "127.0.0.1 four", port=sshd.port,
                input="127.0.0.1 three", check=False)
    names = re.findall(r"^\[(.*)\]:\d+ ssh-ed25519 \S+$", done.stdout, re.M)
    assert sorted(names) == ["127.0.0.1", "four", "one", "three", "two"]
    assert done.stderr.strip() == "not a host with its names, and not a network: no host here"
    assert done.returncode == 0


def test_records_for_the_dns_are_those_of_ssh_keygen(sshd):
    made = scan("-D", "-t", "ed25519", "localhost", "-4", port=sshd.port)
    own = run([harness.KEYGEN, "-r", "localhost", "-f", os.path.join(sshd.dir, "host_ed25519.pub")])
    assert made.stdout == own.stdout
    assert made.stderr.startswith(f"; localhost:{sshd.port} SSH-2.0-")
    one = scan("-D", "-q", "-O", "hashalg=sha256", "-t", "ed25519", "localhost", port=sshd.port)
    assert one.stdout == own.stdout.splitlines(True)[1]


def test_certificates_are_printed_alone(folder):
    key = harness.make_key(folder / "host_ed25519")
    ca = harness.make_key(folder / "ca")
    run(["ssh-keygen", "-q", "-s", ca, "-I", "id", "-h", "-n", "127.0.0.1", key + ".pub"])
    with harness.server(folder, config=f"HostCertificate {key}-cert.pub") as sshd:
        done = scan("-c", "-q", "-t", "ed25519", "127.0.0.1", port=sshd.port)
        with open(key + "-cert.pub", encoding="utf-8") as f:
            assert done.stdout.split() == f.read().split()[:2]
        # Keys without a certificate are none that were asked for.
        assert scan("-c", "-q", "-t", "rsa", "127.0.0.1", port=sshd.port, check=False).returncode == 1


def test_hosts_that_cannot_be_asked_are_told_once_and_make_status_1():
    port = harness.free_port()
    done = scan("127.0.0.1", "127.0.0.0/29", port=port, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == ["connect (`127.0.0.1'): Connection refused"]
    done = scan("-v", "127.0.0.4/31", port=port, check=False)
    assert "debug1: connect (`127.0.0.5'): Connection refused" in done.stderr


@pytest.mark.parametrize("args,status,text", [
    ([], 1, "usage: ssh-keyscan [-46cDHqv]"),
    (["-p", "0", "h"], 1, "Bad port '0'"),
    (["-p", "65536", "h"], 1, "Bad port '65536'"),
    (["-T", "0", "h"], 1, "Bad timeout '0'"),
    (["-t", "ed25519,dsa", "h"], 255, 'Unknown key type "dsa"'),
    (["-O", "hash=sha1", "h"], 255, "Unsupported -O option"),
    (["-O", "hashalg=md5", "h"], 255, 'Unsupported hash algorithm "md5"'),
    (["-c", "-D", "h"], 255, "-c and -D exclude each other"),
    (["-f", "/nonexistent/list"], 255, "ssh-keyscan: /nonexistent/list: No such file or directory"),
])
def test_a_command_line_that_makes_no_sense(args, status, text):
    done = run([harness.KEYSCAN, *args], check=False)
    assert (done.returncode, done.stdout) == (status, "")
    assert text in done.stderr


def test_nobody_who_reads_ends_it_quietly(sshd):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([harness.KEYSCAN, "-q", "-T", "60", "-p", str(sshd.port), "127.0.0.1"], check=False, stdout=write,
                          stderr=subprocess.PIPE, text=True, timeout=harness.TIMEOUT)
    os.close(write)
    assert done.returncode == 255
    assert done.stderr.strip() == "ssh-keyscan: Broken pipe"


def test_closed_standard_descriptors_are_no_sockets(sshd):
    done = run(["sh", "-c", 'exec "$@" <&- 2>&-', "sh", harness.KEYSCAN, "-T", "60", "-p", str(sshd.port), "127.0.0.1"])
    assert len(done.stdout.splitlines()) == 3 and "SSH-2.0" not in done.stdout


def serve_bytes(data):
    """A server that says something and nothing more."""
    def one(c):
        c.sendall(data)
        c.shutdown(socket.SHUT_WR)
        while c.recv(4096):
            pass
    return harness.Service(one)


def test_what_a_server_calls_itself_is_shown_harmlessly():
    service = serve_bytes(b"\x1b[2Jwelcome\r\nSSH-2.0-a\x1b]0;b\x07 \xc2\x9bc\\\r\n")
    try:
        done = scan("-t", "ed25519", "127.0.0.1", port=service.port, check=False)
    finally:
        service.stop()
    assert done.returncode == 1
    first = done.stderr.splitlines()[0]
    assert first == f"# 127.0.0.1:{service.port} SSH-2.0-a\\033]0;b\\a \\302\\233c\\\\"
    assert "\x1b" not in done.stderr and "welcome" not in done.stderr


@pytest.mark.parametrize("data,text", [
    (b"x" * 70000, "invalid identification string"),
    (b"SSH-1.5-old\r\n", "invalid identification string"),
    (b"SSH-2.0-x\r\n" + b"\xff" * 64, "ed25519 key: limit exceeded"),
    (b"SSH-2.0-x\r\n" + bytes(64), "ed25519 key: "),
], ids=["no lines", "old", "huge packet", "small packet"])
def test_servers_that_talk_nonsense_are_left_at_once(data, text):
    service = serve_bytes(data)
    try:
        done = scan("-q", "-t", "ed25519", "127.0.0.1", port=service.port, check=False)
    finally:
        service.stop()
    assert (done.returncode, done.stdout) == (1, "")
    assert f"127.0.0.1: {text}" in done.stderr


def test_a_server_that_hangs_up_is_told():
    service = harness.Service(lambda c: c.recv(100000))
    try:
        done = scan("-q", "127.0.0.1", port=service.port, check=False)
    finally:
        service.stop()
    assert done.returncode == 1
    assert re.fullmatch(r"127\.0\.0\.1: Connection (closed by remote host|reset by peer)", done.stderr.strip())
