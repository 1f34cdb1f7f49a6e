# SPDX-License-Identifier: ISC
"""What ephemeral keys promise, many times over: races, clocks that jump, reloads.

Scaled down, unless FULL=1 in the environment says otherwise (FULL=1 ./check
build system: minutes).
"""
import concurrent.futures
import json
import os
import signal
import threading
import time

import pytest

import harness
from harness import run, wait_until

FULL = os.environ.get("FULL") == "1"
ME = harness.login_user()
SANITIZED = "sanitize" in harness.BINDIR


def add(server, key, *args):
    return json.loads(server.ephemeral("add", "--user", ME, "--json", *args, key + ".pub").stdout)


class Client:
    """A connection that is ready to log in with a key at once: paramiko's, so that a race is one packet wide."""

    def __init__(self, server, key):
        import paramiko
        self.exception = paramiko.SSHException
        self.user = ME
        self.key = paramiko.Ed25519Key.from_private_key_file(key)
        self.transport = paramiko.Transport(("127.0.0.1", server.port))
        self.transport.start_client(timeout=30)

    def login(self):
        try:
            self.transport.auth_publickey(self.user, self.key)
            return True
        except self.exception:
            return False

    def close(self):
        self.transport.close()


def test_of_two_racing_for_a_once_key_exactly_one_wins_each_time(folder):
    rounds = 1000 if FULL else 40
    with harness.server(folder / "s", config="MaxStartups 100\nPerSourcePenalties no") as s:
        key = harness.make_key(folder / "id")
        wins = []
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for _ in range(rounds):
                add(s, key, "--once")
                clients = list(pool.map(lambda _: Client(s, key), range(2)))
                gate = threading.Barrier(2)

                def race(client, gate=gate):
                    gate.wait()
                    return client.login()
                wins.append(sum(pool.map(race, clients)))
                for client in clients:
                    client.close()
        assert wins == [1] * rounds
        used = [e for e in json.loads(s.ephemeral("list", "--json").stdout) if e["state"] == "live"]
        assert used == []


def stranger(s):
    """A connection on which nothing has been proved yet."""
    import paramiko
    t = paramiko.Transport(("127.0.0.1", s.port))
    t.start_client(timeout=30)
    return t


def try_password(t, password):
    import paramiko
    try:
        return t.auth_password("alice", password, fallback=False)
    except paramiko.SSHException:
        return None


def try_key(t, key):
    """What is asked for next; None: refused."""
    import paramiko
    try:
        return t.auth_publickey("alice", paramiko.Ed25519Key.from_private_key_file(key))
    except paramiko.SSHException:
        return None


def guard_of_a_login(s):
    return [pid for pid, title in s.children().items() if "alice [priv]" in title]


@pytest.mark.skipif(not harness.ROOT, reason="needs root and accounts with passwords")
def test_a_once_key_is_spent_only_when_the_whole_login_has_succeeded(folder):
    config = "AuthenticationMethods publickey,password\nPerSourcePenalties no\nMaxAuthTries 20"
    with harness.server(folder / "s", config=config) as s:
        key = harness.make_key(folder / "id")
        entry = add(s, key, "--ttl", "10m", "--session", "1h", "--once")

        def state():
            return [(e["state"], e["used"]) for e in json.loads(s.ephemeral("list", "--json").stdout)]
        first, second = stranger(s), stranger(s)
        assert try_key(first, key) == ["password"]
        # Nobody else gets it meanwhile, and its holder is told why; a mistyped password costs nothing.
        assert try_key(second, key) is None
        assert b"is being used by another login" in second.get_banner()
        assert try_password(first, "wrong") is None
        assert state() == [("live", 0)]
        second.close()
        first.close()
        # It is given back when that login ends, also if its guard is killed.
        second = stranger(s)
        wait_until(lambda: try_key(second, key) == ["password"], "the use to be given back")
        [guard] = wait_until(lambda: guard_of_a_login(s), "the guard")
        os.kill(guard, signal.SIGKILL)
        third = stranger(s)
        wait_until(lambda: try_key(third, key) == ["password"], "the use to be given back again")
        assert state() == [("live", 0)]
        assert try_password(third, "secret-alice") == []
        assert third.is_authenticated()
        wait_until(lambda: state() == [("used up", 1)], "the use to be spent")
        s.wait_log(f"ephemeral key {entry['id']}")
        # And it lets nobody in again. The session is the key's, although a password came last: killing the key's kills it.
        fourth = stranger(s)
        assert try_key(fourth, key) is None and b"used up" in fourth.get_banner()
        fourth.close()
        s.ephemeral("revoke", entry["id"], "--kill")
        wait_until(lambda: not third.is_active(), "the session to be killed")


@pytest.mark.skipif(not harness.ROOT, reason="needs root and accounts with passwords")
def test_what_is_revoked_or_expires_between_two_steps_lets_nobody_in(folder):
    config = "AuthenticationMethods publickey,password\nPerSourcePenalties no"
    with harness.server(folder / "s", config=config) as s:
        key = harness.make_key(folder / "id")
        entry = add(s, key, "--ttl", "10m")
        t = stranger(s)
        assert try_key(t, key) == ["password"]
        s.ephemeral("revoke", entry["id"])
        assert try_password(t, "secret-alice") is None and not t.is_authenticated()
        s.wait_log("reason=registration-over")
        t.close()
        add(s, key, "--ttl", "2s")
        t = stranger(s)
        assert try_key(t, key) == ["password"]
        wait_until(lambda: "live" not in [e["state"] for e in json.loads(s.ephemeral("list", "--json").stdout)], "its end")
        assert try_password(t, "secret-alice") is None and not t.is_authenticated()
        t.close()


@pytest.mark.skipif(not harness.ROOT, reason="needs root and accounts with passwords")
def test_a_typed_code_is_spent_only_when_the_whole_login_has_succeeded(folder):
    config = "AuthenticationMethods password,publickey\nPerSourcePenalties no\nEphemeralCodes interactive\nMaxAuthTries 20"
    with harness.server(folder / "s", config=config) as s:
        key, other = harness.make_key(folder / "id"), harness.make_key(folder / "other")
        s.authorize(key + ".pub")
        code = json.loads(s.ephemeral("code", "--user", "alice", "--json").stdout)["code"]
        t = stranger(s)
        assert try_password(t, code) == ["publickey"]
        assert try_key(t, other) is None
        t.close()
        t = stranger(s)
        wait_until(lambda: try_password(t, code) == ["publickey"], "the code to be given back")
        assert try_key(t, key) == [] and t.is_authenticated()
        again = stranger(s)
        assert try_password(again, code) is None
        assert b"was used up" in again.get_banner()
        again.close()
        t.close()


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The wall clock of this process, moved by what a file says; all other clocks as they are. */
static long long offset(void)
{
	char text[32] = "0";
	int fd = open(SHIFT_FILE, O_RDONLY | O_CLOEXEC);

	if (fd != -1) {
		ssize_t n = read(fd, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = 0;
		close(fd);
	}
	return atoll(text);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	int r;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	r = real(id, ts);
	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += offset();
	return r;
}

time_t time(time_t *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (t != NULL)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

int gettimeofday(struct timeval *tv, void *tz)
{
	struct timespec ts;

	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
"""


@pytest.mark.skipif(not harness.have("cc") or SANITIZED, reason="needs a compiler, and a program that it can be put before")
def test_a_wall_clock_that_jumps_changes_nothing(folder):
    shift = folder / "shift"
    shift.write_text("0")
    (folder / "shim.c").write_text(SHIM)
    run(["cc", "-shared", "-fPIC", "-o", str(folder / "shim.so"), f'-DSHIFT_FILE="{shift}"', str(folder / "shim.c"), "-ldl"])
    ldd = run(["ldd", harness.SSHD], check=False)
    if "not a dynamic" in ldd.stdout + ldd.stderr:
        pytest.skip("the server is static")
    env = {**os.environ, "LD_PRELOAD": str(folder / "shim.so")}
    with harness.server(folder / "s", env=env, config="PerSourcePenalties no") as s:
        long_key, short_key = harness.make_key(folder / "long"), harness.make_key(folder / "short")
        add(s, long_key, "--ttl", "10m")
        add(s, short_key, "--ttl", "4s")
        began = time.monotonic()

        def lets_in(key):
            return run(s.ssh("true", key=key), check=False).returncode == 0
        year = 365 * 24 * 3600
        seen = set()
        for jump in (10 * year, -10 * year, 3600, -3600, 0):
            shift.write_text(str(jump))
            assert lets_in(long_key), jump
            assert lets_in(short_key) or time.monotonic() - began > 3.5, jump
            left = json.loads(s.ephemeral("list", "--json").stdout)
            assert max(e.get("expires_in", 0) for e in left) > 580
            events = [json.loads(line) for line in s.ephemeral("events").stdout.splitlines()]
            seen.add(events[-1]["time"][:4])
        assert len(seen) >= 3, "the server did see the clock jump"
        shift.write_text(str(-10 * year))
        wait_until(lambda: time.monotonic() - began > 4.3, "the short key to expire")
        assert not lets_in(short_key)
        assert lets_in(long_key)


def test_nothing_is_lost_while_reloading(folder):
    total = 10000 if FULL else 60 if SANITIZED else 200
    with harness.server(folder / "s", config="MaxStartups 200\nPerSourcePenalties no\nEphemeralKeyLimits 100000:0:0\n"
                        "LogLevel INFO") as s:
        keys = [harness.make_key(folder / f"k{i}") for i in range(4)]
        logins = [s.ssh("echo in", key=key) for key in keys]
        stop = threading.Event()
        reloads = 0

        def reload():
            nonlocal reloads
            with open(s.config_path, encoding="utf-8") as f:
                good = f.read()
            while not stop.is_set():
                with open(s.config_path + ".new", "w", encoding="utf-8") as f:
                    f.write(good + ("NoSuchKeyword yes\n" if reloads % 3 == 2 else ""))
                os.rename(s.config_path + ".new", s.config_path)
                s.process.send_signal(signal.SIGHUP)
                reloads += 1
                wait_until(lambda: s.log_text().count("Received SIGHUP; reloading.") == reloads, "the reload", 60)
                time.sleep(0.1)
        reloader = threading.Thread(target=reload)

        def one(i):
            key = keys[i % len(keys)]
            registered = s.ephemeral("add", "--user", ME, "--once", "--ttl", "10m", key + ".pub", check=False)
            if registered.returncode != 0:
                return f"add: {registered.stderr}"
            done = run(logins[i % len(keys)], check=False, timeout=60)
            return "ok" if done.stdout == "in\n" else f"login: {done.stderr}"
        reloader.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(len(keys)) as pool:
                results = list(pool.map(one, range(total)))
        finally:
            stop.set()
            reloader.join()
        bad = [r for r in results if r != "ok"]
        assert bad == []
        assert reloads > 3
        assert s.process.poll() is None


@pytest.mark.skipif(SANITIZED or not harness.ROOT, reason="measures memory, once is enough")
def test_a_hundred_thousand_keys_by_the_socket_are_less_than_64_mib(folder):
    """The table at its full size behind its real door: small enough, and as fast to look in."""
    import struct
    with harness.server(folder / "s", config="EphemeralKeyLimits 100000:0:0", options=["-o", "LogLevel=ERROR"]) as s:
        import socket
        c = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        c.settimeout(30)
        c.connect(s.socket)

        def string(b):
            return struct.pack(">I", len(b)) + b
        for i in range(100000):
            blob = string(b"ssh-ed25519") + string(struct.pack(">Q", i) + b"\1" * 24)
            c.send(struct.pack(">I", 1) + string(ME.encode()) + string(blob) + struct.pack(">QIQ", 600000, 0, 0) + string(b"") +
                   string(b"") + struct.pack(">IQ", 0, 0) + string(b"") + string(b""))
            if i % 10 == 9:         # answers are two messages: the grant, and that it is done
                for _ in range(10):
                    assert struct.unpack(">I", c.recv(70000)[:4])[0] == 2
                    c.recv(70000)
        with open(f"/proc/{s.process.pid}/status", encoding="utf-8") as f:
            rss = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
        assert rss < 64 * 1024, "KiB of the whole listener"
        full = s.ephemeral("add", "--user", ME, harness.make_key(folder / "id") + ".pub", check=False)
        assert full.returncode == 1 and "full" in full.stderr
        s.ephemeral("revoke", "all")
        key = harness.make_key(folder / "id2")
        add(s, key)
        assert run(s.ssh("true", key=key)).returncode == 0
