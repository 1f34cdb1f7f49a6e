# SPDX-License-Identifier: ISC
"""What is measured: implementations, each with its server running, and what /proc says of their processes."""
import os
import re
import shutil
import socket
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_of(pid):
    """Seconds that a process and its reaped children have used."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return sum(int(v) for v in fields[11:15]) / TICK


def tree_of(pid):
    """A process and all that descend from it."""
    children = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(name))
    found, at = [pid], 0
    while at < len(found):
        found += children.get(found[at], [])
        at += 1
    return found


def tree_cpu(pid):
    """Seconds that a process, all that live below it, and those of theirs that were reaped have used."""
    total = 0.0
    for p in tree_of(pid):
        try:
            total += cpu_of(p)
        except OSError:
            pass
    return total


def pss_of(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
            return int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
    except (OSError, AttributeError):
        return 0


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return ""


class Side:
    """One implementation of OpenSSH's command line: its server running, and its client's command line."""

    ciphers = True      # -c takes OpenSSH's names

    def __init__(self, name, ssh, sshd, work, extra=()):
        self.name, self.ssh, self.sshd = name, ssh, sshd
        self.dir = os.path.join(work, name)
        os.makedirs(self.dir, mode=0o700)
        self.port = free_port()
        self.key = os.path.join(self.dir, "id")
        self.host_key = os.path.join(self.dir, "host_key")
        self.known_hosts = os.path.join(self.dir, "known_hosts")
        self.authorized_keys = os.path.join(self.dir, "authorized_keys")
        self.make_keys()
        self.config = os.path.join(self.dir, "sshd_config")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(f"ListenAddress 127.0.0.1\nHostKey {self.host_key}\n"
                    f"AuthorizedKeysFile {self.authorized_keys}\nStrictModes no\nPidFile none\n"
                    "MaxStartups 2000\nMaxSessions 2000\nPrintMotd no\nPermitRootLogin yes\nLogLevel ERROR\n"
                    "LoginGraceTime 600\nCiphers +aes128-ctr\nSubsystem sftp internal-sftp\n")
            f.writelines(line + "\n" for line in extra)
        self.start()

    def make_keys(self):
        for path in (self.key, self.host_key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        shutil.copy(self.key + ".pub", self.authorized_keys)
        with open(self.known_hosts, "w", encoding="utf-8") as f, open(self.host_key + ".pub", encoding="utf-8") as pub:
            f.write(f"[127.0.0.1]:{self.port} " + pub.read())

    def server_command(self, port):
        return [self.sshd, "-D", "-e", "-f", self.config, "-p", str(port)]

    def start(self):
        self.server = subprocess.Popen(self.server_command(self.port), stdin=subprocess.DEVNULL,
                                       stderr=open(os.path.join(self.dir, "sshd.log"), "ab"))
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.server.poll() is not None:
                    break
                time.sleep(0.02)
        with open(os.path.join(self.dir, "sshd.log"), encoding="utf-8", errors="replace") as f:
            sys.exit(f"bench: {self.name}: {self.sshd} does not answer:\n{f.read()}")

    def command(self, *remote, cipher=None, options=(), port=None):
        args = [self.ssh, "-F", "none", "-p", str(port or self.port), "-i", self.key, "-o", "IdentitiesOnly=yes",
                "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "GlobalKnownHostsFile=none",
                "-o", "BatchMode=yes", "-o", "IdentityAgent=none"]
        if port:
            args += ["-o", f"HostKeyAlias=[127.0.0.1]:{self.port}"]
        if cipher:
            args += ["-c", cipher]
        return args + list(options) + ["127.0.0.1", *remote]

    def settle(self):
        """Waits until the connections' processes have been reaped; the server's CPU seconds."""
        before = -1.0
        for _ in range(100):
            now = tree_cpu(self.server.pid)
            if now == before:
                return now
            before = now
            time.sleep(0.03)
        return before

    def stop(self):
        self.server.terminate()
        try:
            self.server.wait(5)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()


class Dropbear(Side):
    """Dropbear's server and dbclient: one process a connection, without privilege separation."""

    ciphers = False

    def make_keys(self):
        for path in (self.key, self.host_key):
            subprocess.run(["dropbearkey", "-t", "ed25519", "-f", path], check=True, stdout=subprocess.DEVNULL)
        shown = subprocess.run(["dropbearkey", "-y", "-f", self.key], check=True, capture_output=True, text=True)
        line = next(line for line in shown.stdout.splitlines() if line.startswith("ssh-"))
        home = os.path.expanduser("~")
        os.makedirs(home + "/.ssh", mode=0o700, exist_ok=True)
        with open(home + "/.ssh/authorized_keys", "a", encoding="utf-8") as f:
            f.write(line + "\n")
        os.chmod(home + "/.ssh/authorized_keys", 0o600)

    def server_command(self, port):
        return ["dropbear", "-F", "-E", "-p", f"127.0.0.1:{port}", "-r", self.host_key]

    def command(self, *remote, cipher=None, options=(), port=None):
        args = ["dbclient", "-p", str(port or self.port), "-i", self.key, "-y", "-y"]
        args += ["-t" for o in options if o == "-tt"]
        return args + ["127.0.0.1", *remote]


def sides_of(args, work):
    """The sides that the command line names; the first is ours."""
    bindir = os.path.abspath(args.bindir)
    sshd = next(p for p in (os.path.join(bindir, "sshd"), os.path.join(bindir, "../sbin/sshd")) if os.path.exists(p))
    yield Side("dayfly", os.path.join(bindir, "ssh"), sshd, work)
    for number, prefix in enumerate(args.openssh or ["/usr"]):
        prefix = os.path.abspath(prefix)
        if os.path.exists(prefix + "/usr/sbin/sshd"):
            prefix += "/usr"
        extra = []
        if prefix != "/usr" and os.path.exists(prefix + "/lib/openssh/sshd-session"):
            extra = [f"SshdSessionPath {prefix}/lib/openssh/sshd-session", f"SshdAuthPath {prefix}/lib/openssh/sshd-auth"]
        shown = subprocess.run([prefix + "/bin/ssh", "-V"], capture_output=True, text=True, check=True).stderr
        version = re.match(r"OpenSSH_([\d.]+)", shown)
        name = "openssh-" + (version.group(1) if version else str(number))
        yield Side(name, prefix + "/bin/ssh", prefix + "/sbin/sshd", work, extra)
    if args.dropbear and shutil.which("dropbear") and shutil.which("dbclient"):
        yield Dropbear("dropbear", "dbclient", "dropbear", work)
