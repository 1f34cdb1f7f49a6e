# SPDX-License-Identifier: ISC
"""ssh-ephemeral loopback as a part of other people's tests: what it says, whom it lets in, how it ends."""
import contextlib
import json
import os
import signal
import socket
import subprocess

import pytest

import harness
from harness import run, wait_until

ME = harness.own_user()


@contextlib.contextmanager
def loopback(*args):
    p = subprocess.Popen([harness.EPHEMERAL, "loopback", "--json", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    try:
        said = json.loads(p.stdout.readline() or b"{}")
        if not said:
            raise AssertionError(p.stderr.read().decode())
        said["process"] = p
        yield said
    finally:
        p.stdin.close()
        p.wait(harness.TIMEOUT)
        p.stdout.close()
        p.stderr.close()


def ssh(said, *command, host=None, program=harness.SSH, check=True):
    return run([program, "-F", said["config"], host or said["host"], *command], check=check)


def is_gone(said):
    """Neither port nor files nor the server are there any more."""
    with socket.socket() as s:
        listens = s.connect_ex((said["address"], said["port"])) == 0
    return not listens and not os.path.exists(os.path.dirname(said["config"])) and not os.path.exists(f"/proc/{said['pid']}")


def test_every_client_gets_in_with_what_it_is_told():
    import asyncio

    import asyncssh
    import paramiko
    with loopback() as said:
        assert (said["user"], said["users"]) == (ME, [ME])
        assert ssh(said, "echo hello").stdout == "hello\n"
        assert ssh(said, "echo hello", program="ssh").stdout == "hello\n", "OpenSSH's"
        with open(said["known_hosts"], encoding="utf-8") as f:
            assert f.read() == f"[127.0.0.1]:{said['port']} {said['host_key']}\n"
        client = paramiko.SSHClient()
        client.load_host_keys(said["known_hosts"])
        client.connect(said["address"], said["port"], said["user"], key_filename=said["identity"],
                       look_for_keys=False, allow_agent=False, timeout=20)
        assert client.exec_command("echo hello")[1].read() == b"hello\n"
        client.close()

        async def with_asyncssh():
            async with asyncssh.connect(said["address"], said["port"], username=said["user"], config=None,
                                        client_keys=[said["identity"]], known_hosts=said["known_hosts"]) as c:
                return (await c.run("echo hello")).stdout
        assert asyncio.run(with_asyncssh()) == "hello\n"
        listed = json.loads(run([harness.EPHEMERAL, "list", "--socket", said["socket"], "--json"]).stdout)
        assert [e["id"] for e in listed] == [said["id"]]
    assert said["process"].returncode == 0
    assert is_gone(said)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_its_sessions(how):
    with loopback() as said:
        client = subprocess.Popen([harness.SSH, "-F", said["config"], "loopback", "echo in; exec cat"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert client.stdout.readline() == b"in\n"
        said["process"].send_signal(how)
        assert said["process"].wait(harness.TIMEOUT) == 128 + how
        assert is_gone(said)
        assert client.wait(harness.TIMEOUT) == 255


@pytest.mark.parametrize("command", ["", "-- sleep 1000"])
def test_it_ends_with_who_started_it_even_if_that_was_killed(folder, command):
    fifo = folder / "never-ends"
    os.mkfifo(fifo)
    lines = folder / "lines"
    parent = subprocess.Popen(["sh", "-c", f"exec 3<>{fifo}; {harness.EPHEMERAL} loopback --json {command} <&3 >{lines} 2>&1 & wait"])
    wait_until(lambda: lines.exists() and lines.read_text().endswith("}\n"), "the server")
    said = json.loads(lines.read_text())
    assert not is_gone(said)
    parent.kill()
    parent.wait()
    wait_until(lambda: is_gone(said), "the end")


def test_ten_at_once_do_not_collide():
    with contextlib.ExitStack() as stack:
        processes = [subprocess.Popen([harness.EPHEMERAL, "loopback", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                     for _ in range(10)]
        for p in processes:
            stack.callback(p.wait, 20)
            stack.callback(p.stdin.close)
        said = [json.loads(p.stdout.readline()) for p in processes]
        for field in ("port", "config", "socket", "host_key", "identity", "pid"):
            assert len({s[field] for s in said}) == 10, field
        for s in said:
            assert ssh(s, "echo $PPID; echo hello").stdout.endswith("hello\n")
    assert all(is_gone(s) for s in said)


def test_options_are_the_servers():
    with loopback("-o", "ForceCommand=echo forced", "-oMaxSessions=3") as said:
        assert ssh(said, "echo asked").stdout == "forced\n"


@pytest.mark.parametrize("option", ["Port=22", "hostkey /etc/x", "Match=all", "Banner", "=x"])
def test_options_that_it_cannot_take_are_wrong_usage(option):
    done = run([harness.EPHEMERAL, "loopback", "-o", option, "--", "true"], check=False)
    assert done.returncode == 2 and "-o" in done.stderr


def test_an_option_that_the_server_does_not_know_is_its_to_refuse():
    done = run([harness.EPHEMERAL, "loopback", "-o", "NoSuchKeyword=1", "--", "true"], check=False)
    assert done.returncode == 1 and "NoSuchKeyword" in done.stderr


@pytest.mark.skipif(not harness.ROOT, reason="only root can let in others")
def test_users_are_real_ones_or_made_for_it():
    with loopback("--user", "bob", "--user", "no-such-account", "--user", "bob") as said:
        assert (said["user"], said["users"]) == ("bob", ["bob", "no-such-account"])
        assert ssh(said, "id -un; pwd").stdout == "bob\n/home/bob\n"
        assert ssh(said, "id -u; pwd; echo $USER", host="no-such-account.loopback").stdout == "65534\n/\nno-such-account\n"
        assert ssh(said, "id -un", host="bob.loopback", program="ssh").stdout == "bob\n"
        assert run([harness.SSH, "-F", said["config"], "-l", "root", "loopback", "true"], check=False).returncode == 255
    assert is_gone(said)


@pytest.mark.skipif(harness.ROOT, reason="root can")
def test_without_root_the_only_user_is_oneself():
    done = run([harness.EPHEMERAL, "loopback", "--user", "nobody-at-all", "--", "true"], check=False)
    assert done.returncode == 1 and "without root" in done.stderr
    with loopback("--user", ME) as said:
        assert ssh(said, "echo hello", host=f"{ME}.loopback").stdout == "hello\n"


@pytest.mark.parametrize("name", ["", "a:b", "a b", "-x", "a\nb", "x" * 33])
def test_a_name_that_no_account_can_have_is_wrong_usage(name):
    done = run([harness.EPHEMERAL, "loopback", "--user", name, "--", "true"], check=False)
    assert done.returncode == 2 and "--user" in done.stderr


def test_it_has_files_unless_told_otherwise(folder):
    """For tests of whatever speaks SFTP: the server's own."""
    with loopback() as said:
        for program in ("/usr/bin/sftp", os.path.join(harness.BINDIR, "sftp")):
            done = run([program, "-b", "-", "-F", said["config"], said["host"]], input=f"cd {folder}\npwd\n")
            assert f"Remote working directory: {folder}\n" in done.stdout
    with loopback("-o", "Subsystem=sftp internal-sftp -R") as said:
        done = run(["/usr/bin/sftp", "-b", "-", "-F", said["config"], said["host"]], input=f"mkdir {folder}/new\n", check=False)
        assert done.returncode == 1 and "denied" in done.stderr and os.listdir(folder) == []
