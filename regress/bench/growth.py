# SPDX-License-Identifier: ISC
"""How the cost grows with the number of sessions, keys and bytes, and a plot of it."""
import getpass
import os
import socket
import statistics
import struct
import subprocess
import sys
import time

import limits
import measures
import sides

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 460, 260, 60, 40, 30
COLOURS = ("#1668b8", "#c8541c", "#4f8f2f", "#7a4fb0")


def login_ms(side, count=9, port=None):
    return statistics.median(measures.run_timed(side.command("true", port=port))[0] * 1000 for _ in range(count))


class Held:
    """Sessions that are open and do nothing; see hold.py."""

    def __init__(self, side):
        self.count = 0
        self.holder = subprocess.Popen([sys.executable, os.path.join(os.path.dirname(__file__), "hold.py"), str(side.port),
                                        getpass.getuser(), side.key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def grow(self, count):
        self.holder.stdin.write(f"{count - self.count}\n")
        self.holder.stdin.flush()
        self.count = count
        return self.holder.stdout.readline() != ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdin.close()
        self.holder.stdout.close()


def by_sessions(side, counts):
    """Milliseconds a login with so many sessions open."""
    points = []
    with Held(side) as held:
        for count in counts:
            if not held.grow(count):
                print(f"{side.name}: the system does not allow {count} sessions (kernel.pid_max, memory)", file=sys.stderr)
                break
            points.append((count, login_ms(side)))
    side.settle()
    return points


def key_lines(count, folder):
    """So many lines of keys that nobody has: the same Ed25519 point, with other last bytes."""
    import base64
    head = b"\0\0\0\x0bssh-ed25519\0\0\0 "
    return (f"ssh-ed25519 {base64.b64encode(head + i.to_bytes(32, 'big')).decode()} filler{i}\n" for i in range(count))


def by_authorized_keys(side, counts):
    """Milliseconds a login with so many lines of authorized_keys before the right one."""
    points = []
    with open(side.authorized_keys, encoding="utf-8") as f:
        own = f.read()
    for count in counts:
        with open(side.authorized_keys, "w", encoding="utf-8") as f:
            f.writelines(key_lines(count, side.dir))
            f.write(own)
        points.append((count, login_ms(side)))
    with open(side.authorized_keys, "w", encoding="utf-8") as f:
        f.write(own)
    return points


def by_known_hosts(side, counts):
    """Milliseconds a login with so many lines of known_hosts before the right one."""
    points = []
    with open(side.known_hosts, encoding="utf-8") as f:
        own = f.read()
    for count in counts:
        with open(side.known_hosts, "w", encoding="utf-8") as f:
            f.writelines(f"host{i}.example.com {line}" for i, line in enumerate(key_lines(count, side.dir)))
            f.write(own)
        points.append((count, login_ms(side)))
    with open(side.known_hosts, "w", encoding="utf-8") as f:
        f.write(own)
    return points


def register(control, number):
    """Registers a key that nobody has in the ephemeral table (docs/PROTOCOL.md)."""
    def string(b):
        return struct.pack(">I", len(b)) + b
    blob = string(b"ssh-ed25519") + string(struct.pack(">Q", number) + b"\1" * 24)
    control.send(struct.pack(">I", 1) + string(getpass.getuser().encode()) + string(blob) + struct.pack(">QIQ", 3600000, 0, 0) +
                 string(b"") + string(b"") + struct.pack(">IQ", 0, 0) + string(b"") + string(b""))
    if struct.unpack(">I", control.recv(70000)[:4])[0] != 2:
        sys.exit("bench: the server registers no more keys")
    control.recv(70000)


def by_ephemeral_keys(side, counts):
    """Milliseconds a login by a key of the ephemeral table with so many others in it."""
    points, port, path = [], sides.free_port(), os.path.join(side.dir, "ephemeral.sock")
    options = ["EphemeralKeyLimits=100000:0:0", f"EphemeralKeySocket={path}", "AuthorizedKeysFile=none"]
    server = subprocess.Popen(side.server_command(port) + [w for o in options for w in ("-o", o)],
                              stdin=subprocess.DEVNULL)
    while not os.path.exists(path):
        if server.poll() is not None:
            sys.exit("bench: the server for ephemeral keys does not start")
        time.sleep(0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
        control.connect(path)
        done = 0
        for count in counts:
            for number in range(done, count):
                register(control, number)
            done = count
            subprocess.run([os.path.join(os.path.dirname(side.ssh), "ssh-ephemeral"), "add", "--socket", path, "--user",
                            getpass.getuser(), "--ttl", "1h", side.key + ".pub"], check=True, stdout=subprocess.DEVNULL)
            points.append((count, login_ms(side, port=port)))
    server.terminate()
    server.wait()
    return points


def by_size(side, sizes, mib=64):
    """CPU seconds per GiB of both ends when the program writes so many bytes at a time."""
    points = []
    for size in sizes:
        before = side.settle()
        total = min(mib * 1048576, size * 60000)
        command = f"dd if=/dev/zero bs={size} count={total // size} 2>/dev/null"
        _, client = measures.run_timed(side.command(command))
        points.append((size, (side.settle() - before + client) * 2 ** 30 / total))
    return points


# A session of OpenSSH's is 1.7 MiB and a quarter of a second.
THEIR_SESSIONS = 1000


def by_window(side, budgets, seconds=2.0):
    """MiB that a connection's processes hold while its program reads nothing, by ChannelWindowBudget in MiB."""
    points = []
    for budget in budgets:
        port = sides.free_port()
        command = side.server_command(port) + (["-o", f"ChannelWindowBudget={budget}M"] if side.name == "dayfly" else [])
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        base = sum(sides.pss_of(p) for p in sides.tree_of(server.pid))
        with open("/dev/zero", "rb") as zero:
            client = subprocess.Popen(side.command(f"exec sleep {seconds + 5}", port=port), stdin=zero)
            time.sleep(seconds)
            points.append((budget, (sum(sides.pss_of(p) for p in sides.tree_of(server.pid)) - base) / 1024))
            client.kill()
            client.wait()
        server.terminate()
        server.wait()
    return points


PACKET_CIPHERS = ("aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com")


def packets(bindir, sizes):
    """Series of CPU microseconds a packet, both ends in one process (packets.c), and of libcrypto alone for as many bytes."""
    program = os.path.join(bindir, "../regress/bench/packets")
    shown = subprocess.run([program, *PACKET_CIPHERS], capture_output=True, text=True, check=True).stdout
    series = {}
    for cipher, size, nsec in (line.split() for line in shown.splitlines()):
        if int(size) in sizes:
            series.setdefault(cipher, []).append((int(size), float(nsec) / 1000))
    for cipher in PACKET_CIPHERS:
        series["libcrypto alone, " + cipher] = [(n, 2 * n / limits.cipher_limit(cipher, n)["MB/s"]) for n in sizes]
    return series


GROWTH = [
    # name, x axis, y axis, function, points
    ("sessions", "sessions open", "login ms", by_sessions, (1, 10, 100, 1000, 10000)),
    ("authorized_keys", "lines of authorized_keys", "login ms", by_authorized_keys, (10, 1000, 100000)),
    ("known_hosts", "lines of known_hosts", "login ms", by_known_hosts, (10, 1000, 100000)),
    ("ephemeral_keys", "ephemeral keys registered", "login ms", by_ephemeral_keys, (10, 1000, 99000)),
    ("window", "ChannelWindowBudget in MiB (ours)", "MiB held for a slow reader", by_window, (1, 4, 16, 64)),
    ("packet-size", "bytes of data in a packet", "CPU us a packet, both ends", packets, (16, 64, 256, 1024, 4096, 16384, 32768)),
    ("write-size", "bytes a write of the program", "CPU s/GiB", by_size, (64, 512, 4096, 32768, 262144)),
]


def plot(title, x_name, y_name, series):
    """An SVG with a logarithmic x axis; series: {name: [(x, y), ...]}."""
    import math
    xs = [math.log10(x) for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    low, span, top = min(xs), (max(xs) - min(xs)) or 1, max(ys) * 1.1 or 1

    def at(x, y):
        return (LEFT + (math.log10(x) - low) / span * (WIDTH - LEFT - 20),
                HEIGHT - BOTTOM - y / top * (HEIGHT - BOTTOM - TOP))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
             'font-size="11">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{WIDTH / 2}" y="16" text-anchor="middle" font-size="13">{title}</text>',
             f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">{x_name}</text>',
             f'<text x="12" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 12 {HEIGHT / 2})">{y_name}</text>',
             f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - 20}" fill="none" stroke="#444"/>']
    for x in sorted({x for points in series.values() for x, _ in points}):
        px, py = at(x, 0)
        parts.append(f'<text x="{px:.0f}" y="{py + 14:.0f}" text-anchor="middle">{x}</text>')
    for tick in range(5):
        value = top * tick / 4
        _, py = at(10 ** low, value)
        parts.append(f'<text x="{LEFT - 5}" y="{py + 4:.0f}" text-anchor="end">{value:.3g}</text>')
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        line = " ".join("%.1f,%.1f" % at(x, y) for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (*at(x, y), colour) for x, y in points]
        parts.append(f'<text x="{LEFT + 10}" y="{TOP + 12 + 14 * number}" fill="{colour}">{name}</text>')
    return "\n".join(parts + ["</svg>\n"])


def run(all_sides, names, folder, bindir):
    """Measures the growths (None: all) for each side, prints the points, and plots them to folder/NAME.svg if there is one."""
    for name, x_name, y_name, measure, points in (g for g in GROWTH if names is None or g[0] in names):
        series = packets(bindir, points) if measure is packets else {}
        for side in (s for s in all_sides if s.ciphers and measure is not packets and (
                s.name == "dayfly" or measure is not by_ephemeral_keys)):
            most = THEIR_SESSIONS if name == "sessions" and side.name != "dayfly" else max(points)
            series[side.name] = measure(side, [p for p in points if p <= most])
        for side, got in series.items():
            print(f"{name:20} {side:42} " + "  ".join(f"{x}: {y:.2f}" for x, y in got), flush=True)
        if not folder:
            continue
        with open(os.path.join(folder, name + ".svg"), "w", encoding="utf-8") as f:
            f.write(plot(name, x_name, y_name, series))
