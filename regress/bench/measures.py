# SPDX-License-Identifier: ISC
"""One function a figure: takes a side, returns {unit: value}. All are bounded in time."""
import collections
import multiprocessing
import os
import pty
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
import tty

from sides import free_port, name_of, pss_of, tree_cpu, tree_of


def run_timed(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
    """(wall seconds, CPU seconds) of a client."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if child.returncode != 0:
        sys.exit(f"bench: exit {child.returncode}: {' '.join(command)}")
    return wall, usage.ru_utime + usage.ru_stime


def shell_cpu(shown):
    """CPU seconds that a shell's `times` shows: its own and its children's."""
    return sum(int(m) * 60 + float(s) for m, s in re.findall(r"(\d+)m([\d.]+)s", shown))


def transfer(server, command, direction, mib):
    """MB/s and CPU of a transfer; what the command at the far end uses itself is not the server's."""
    before = server.settle()
    feeder = None
    if direction == "up":
        feeder = subprocess.Popen(["head", "-c", f"{mib}M", "/dev/zero"], stdout=subprocess.PIPE)
    with tempfile.TemporaryFile("w+") as told:
        remote = f"head -c {mib}M /dev/zero" if direction == "down" else "cat >/dev/null"
        wall, client = run_timed(command(remote + "; times >&2"), stdin=feeder.stdout if feeder else subprocess.DEVNULL, stderr=told)
        told.seek(0)
        used = server.settle() - before - shell_cpu(told.read())
    if feeder:
        feeder.stdout.close()
        feeder.wait()
    return {"MB/s": mib * 1.048576 / wall, "CPU s/GiB": (client + used) * 1024 / mib,
            "server CPU s/GiB": used * 1024 / mib, "client CPU s/GiB": client * 1024 / mib}


def bulk(side, cipher, direction, mib):
    """Zeros through `head` or `cat`, with one cipher."""
    return transfer(side, lambda c: side.command(c, cipher=cipher if side.ciphers else None), direction, mib)


def mixed(ours, theirs, which, cipher, direction, mib):
    """One of ours against one of theirs: which of ours is measured is "server" or "client"; the other end is theirs."""
    server, client = (ours, theirs) if which == "server" else (theirs, ours)

    def command(remote):
        borrowed = client.command(remote, cipher=cipher)
        swap = {client.key: server.key, str(client.port): str(server.port),
                f"UserKnownHostsFile={client.known_hosts}": f"UserKnownHostsFile={server.known_hosts}"}
        return [swap.get(word, word) for word in borrowed]
    got = transfer(server, command, direction, mib)
    return {"MB/s": got["MB/s"], f"{which} CPU s/GiB": got[f"{which} CPU s/GiB"]}


def files(side, way, mib):
    """A file of zeros there or back by the side's own sftp."""
    far, near = os.path.join(side.dir, "far"), os.path.join(side.dir, "near")
    source, target = (far, near) if way == "get" else (near, far)
    with open(source, "wb") as f:
        for _ in range(mib):
            f.write(bytes(1 << 20))
    if os.path.exists(target):
        os.unlink(target)
    with tempfile.NamedTemporaryFile("w") as batch:
        batch.write(f"{way} {source} {target}\n")
        batch.flush()
        ssh = side.command(cipher="aes128-gcm@openssh.com")
        words = ["-P" if word == "-p" else word for word in ssh[1:-1]]
        before = side.settle()
        wall, _ = run_timed([os.path.join(os.path.dirname(side.ssh), "sftp"), "-S", side.ssh, "-q", "-b", batch.name, *words, ssh[-1]])
    used = side.settle() - before
    if os.path.getsize(target) != mib << 20:
        sys.exit(f"bench: sftp {way}: not the whole file")
    return {"MB/s": mib * 1.048576 / wall, "server CPU s/GiB": used * 1024 / mib}


def login(side, count=20):
    """`ssh host true`, one after the other."""
    before = side.settle()
    wall = client = 0.0
    for _ in range(count):
        w, c = run_timed(side.command("true"))
        wall += w
        client += c
    server = side.settle() - before
    return {"ms": wall * 1000 / count, "server CPU ms": server * 1000 / count, "client CPU ms": client * 1000 / count}


def logins_at_once(side, at_once=16, count=128):
    """The same, 16 at a time; started by xargs, which costs next to nothing."""
    start = time.monotonic()
    subprocess.run(["xargs", "-P", str(at_once), "-n", "1", *side.command("true")], input="\n".join(map(str, range(count))),
                   text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {"logins/s": count / (time.monotonic() - start)}


class Idle:
    """Sessions that are open and do nothing."""

    def __init__(self, side, count):
        self.clients = []
        for _ in range(count):
            self.clients.append(subprocess.Popen(side.command("echo ready; exec cat"), stdout=subprocess.PIPE,
                                                 stdin=subprocess.PIPE, stderr=subprocess.DEVNULL))
            if len(self.clients) % 8 == 0:
                self.wait()
        self.wait()

    def wait(self):
        for c in self.clients[-8:]:
            if not hasattr(c, "ready"):
                c.ready = c.stdout.readline()

    def answer(self):
        """Longest milliseconds until a line comes back, each session asked in turn."""
        worst = 0.0
        for c in self.clients:
            start = time.perf_counter()
            c.stdin.write(b"x\n")
            c.stdin.flush()
            c.stdout.readline()
            worst = max(worst, (time.perf_counter() - start) * 1000)
        return worst

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for c in self.clients:
            c.kill()
        for c in self.clients:
            c.wait()
            c.stdin.close()
            c.stdout.close()


def server_pss(side):
    return sum(pss_of(p) for p in tree_of(side.server.pid) if name_of(p) not in ("cat", "sh", "bash"))


def memory(side, count=10):
    """PSS of all server processes per idle session, of a client, and of the server without one."""
    side.settle()
    base = server_pss(side)
    with Idle(side, count) as idle:
        time.sleep(1.0)
        total = server_pss(side)
        client = sum(pss_of(c.pid) for c in idle.clients) / count
    return {"server KiB": (total - base) / count, "client KiB": client, "listener KiB": base}


def echo(side, presses=300, obscured=True):
    """From key press to echo: client's terminal, cat in a raw terminal on the other side, and back.
    Obscured, as it is unless told otherwise, a key waits for its time (ObscureKeystrokeTiming; OpenSSH 9.5 and later)."""
    options = [] if obscured or not side.ciphers else ["-o", "IgnoreUnknown=ObscureKeystrokeTiming", "-o", "ObscureKeystrokeTiming=no"]
    master, slave = pty.openpty()
    tty.setraw(slave)
    child = subprocess.Popen(side.command("stty -echo -icanon min 1; echo go; exec cat", options=["-tt", *options]),
                             stdin=slave, stdout=slave, stderr=subprocess.DEVNULL, start_new_session=True)
    os.close(slave)
    seen = b""
    while b"go" not in seen:
        seen += os.read(master, 4096)
    time.sleep(0.3)
    while select.select([master], [], [], 0.1)[0]:
        os.read(master, 4096)
    took = []
    before = tree_cpu(side.server.pid)
    for _ in range(presses):
        start = time.perf_counter()
        os.write(master, b"x")
        os.read(master, 64)
        took.append((time.perf_counter() - start) * 1e6)
        time.sleep(0.003)
    used = tree_cpu(side.server.pid) - before + tree_cpu(child.pid)
    child.kill()
    child.wait()
    os.close(master)
    took.sort()
    return {"median us": took[len(took) // 2], "p99 us": took[int(len(took) * 0.99)], "CPU us": used * 1e6 / presses}


def startup(side):
    """Milliseconds from starting the server to its port answering."""
    port = free_port()
    start = time.monotonic()
    server = subprocess.Popen(side.server_command(port), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.0005)
    took = (time.monotonic() - start) * 1000
    server.terminate()
    server.wait()
    return {"ms": took}


def relay(listener, port, delay):
    """A path that is delay seconds long in each direction, and as wide as this process is fast."""
    left, _ = listener.accept()
    right = socket.create_connection(("127.0.0.1", port))
    for s in (left, right):
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        s.setblocking(False)
    other = {left: right, right: left}
    way = {left: collections.deque(), right: collections.deque()}    # what goes to it: [due, bytes]
    open_ends = {left, right}
    while open_ends or way[left] or way[right]:
        now = time.monotonic()
        due = [way[s][0][0] for s in way if way[s]]
        writers = [s for s in way if way[s] and way[s][0][0] <= now]
        wait = max(0.0, min(due) - now) if due and not writers else 1.0
        readable, writable, _ = select.select(list(open_ends), writers, [], wait)
        for s in readable:
            try:
                data = s.recv(1 << 18)
            except OSError:
                data = b""
            way[other[s]].append([time.monotonic() + delay, memoryview(data)])
            if not data:
                open_ends.discard(s)
        for s in writable:
            try:
                while way[s] and way[s][0][0] <= now:
                    if not way[s][0][1]:
                        s.shutdown(socket.SHUT_WR)
                        way[s].popleft()
                        continue
                    sent = s.send(way[s][0][1])
                    way[s][0][1] = way[s][0][1][sent:]
                    if not way[s][0][1]:
                        way[s].popleft()
            except BlockingIOError:
                pass
            except OSError:
                way[s].clear()
                open_ends.discard(other[s])


def far(side, delay=0.05, seconds=4.0):
    """MB/s down a path of 100 ms round trip, once it runs: the second half of what came in some seconds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = multiprocessing.Process(target=relay, args=(listener, side.port, delay), daemon=True)
        process.start()
        client = subprocess.Popen(side.command("exec cat /dev/zero", port=listener.getsockname()[1]),
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        os.read(client.stdout.fileno(), 1)
        start, half, got = time.monotonic(), None, 0
        while True:
            now = time.monotonic()
            if half is None and now > start + seconds / 2:
                half = (now, got)
            if now > start + seconds:
                break
            got += len(os.read(client.stdout.fileno(), 1 << 20))
        client.kill()
        client.wait()
        client.stdout.close()
        process.kill()
        process.join()
    return {"MB/s": (got - half[1]) / 1e6 / (now - half[0])}


def many_idle(side, count):
    """What many idle sessions cost: CPU of the server, and how long the slowest takes to answer."""
    with Idle(side, count) as idle:
        time.sleep(1.0)
        before = tree_cpu(side.server.pid)
        time.sleep(3.0)
        used = tree_cpu(side.server.pid) - before
        return {"CPU %": used / 3.0 * 100, "slowest answer ms": idle.answer()}
