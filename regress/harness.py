# SPDX-License-Identifier: ISC
"""What the Python tests share: installed programs, servers, keys, waiting.

BINDIR and SBINDIR name the installed programs, PEERS a folder of unpacked
peers. As root the tests run inside regress/sandbox, with the accounts it makes.
"""
import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

BINDIR = os.environ.get("BINDIR", "/usr/local/bin")
SBINDIR = os.environ.get("SBINDIR", os.path.join(os.path.dirname(BINDIR), "sbin"))
PEERS = os.environ.get("PEERS", "/nonexistent")
SSH = os.path.join(BINDIR, "ssh")
SSHD = os.path.join(SBINDIR, "sshd")
KEYGEN = os.path.join(BINDIR, "ssh-keygen")
KEYSCAN = os.path.join(BINDIR, "ssh-keyscan")
COPY_ID = os.path.join(BINDIR, "ssh-copy-id")
EPHEMERAL = os.path.join(BINDIR, "ssh-ephemeral")
AGENT = os.path.join(BINDIR, "ssh-agent")
ADD = os.path.join(BINDIR, "ssh-add")
ROOT = os.getuid() == 0
USER = "alice" if ROOT else None
TIMEOUT = 30


def own_user():
    """The account that tests without root log in as: this process's own."""
    import pwd
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return os.environ.get("USER", str(os.getuid()))


def login_user():
    """Somebody the server under test can let in."""
    return "alice" if ROOT else own_user()


WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 20


def free_display():
    """The number of an X display that is this worker's own, as those of a machine have one name space."""
    return next(n for n in range(60 + WORKER * 5, 65 + WORKER * 5) if not os.path.exists(f"/tmp/.X{n}-lock"))


def ports():
    """Ports that nobody else gets: below those of outgoing connections, and of this worker's own range."""
    first = 10000 + WORKER * 1000
    for i in itertools.count(os.getpid()):
        yield first + i % 1000


PORTS = ports()


def free_port():
    for port in PORTS:
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port


def wait_until(condition, what, timeout=TIMEOUT):
    """Polls until condition() is true, and returns what it gave."""
    end = time.monotonic() + timeout
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"timed out waiting for: {what}")
        time.sleep(0.02)


def run(command, check=True, timeout=TIMEOUT, **kwargs):
    """Runs a command to its end; its output as text unless text=False."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    if "input" in kwargs:
        del kwargs["stdin"]
    kwargs.setdefault("text", True)
    done = subprocess.run(command, capture_output=True, timeout=timeout, check=False, **kwargs)
    if check and done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {' '.join(map(str, command))}\n"
                             f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}")
    return done


def write_whole(path, text):
    """Puts a text into a file that clients may be reading: they see the old one or the new one."""
    new = f"{path}.{os.getpid()}.{threading.get_ident()}"
    with open(new, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(new, 0o644)
    os.rename(new, path)


def answers(port):
    """Whether something speaks SSH on a loopback port."""
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as s:
            return s.recv(4).startswith(b"SSH-")
    except OSError:
        return False


def listens_at(path):
    """Whether somebody answers at a Unix socket: it is there a moment before."""
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
            return True
        except OSError:
            return False


def make_key(path, kind="ed25519", keygen="ssh-keygen", passphrase="", bits=None):
    """A new key pair at path, made by the system's ssh-keygen unless told otherwise."""
    command = [keygen, "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path)]
    if bits:
        command[2:2] = ["-b", str(bits)]
    run(command, timeout=120)       # an RSA key takes its time on a busy machine
    return str(path)


@contextlib.contextmanager
def agent(path, *keys, program="/usr/bin/ssh-agent", options=(), env=None):
    """OpenSSH's agent, or another, at a socket, with these keys; gives the environment of who is to use it."""
    process = subprocess.Popen([program, "-D", "-a", str(path), *options], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    env = {**os.environ, "SSH_AUTH_SOCK": str(path)}
    try:
        wait_until(lambda: listens_at(str(path)), "the agent")
        if keys:
            run(["/usr/bin/ssh-add", "-q", *keys], env=env)
        yield env
    finally:
        end(process)


class Service:
    """A server on loopback, or at a socket of the test's own, that does one thing with each connection."""

    def __init__(self, one, listener=None):
        self.listener = listener or socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = None if listener else self.listener.getsockname()[1]
        self.one = one
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.run, args=(c,), daemon=True).start()

    def run(self, c):
        with c:
            try:
                self.one(c)
            except OSError:
                pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


HOST_KEYS = {}


def host_key(path, kind):
    """A host key at path; one of each kind is made a test run, for servers come and go by the hundred."""
    if kind not in HOST_KEYS:
        HOST_KEYS[kind] = []
        make_key(path, kind)
        for end_ in ("", ".pub"):
            with open(str(path) + end_, "rb") as f:
                HOST_KEYS[kind].append(f.read())
        return str(path)
    for end_, mode, text in zip(("", ".pub"), (0o600, 0o644), HOST_KEYS[kind]):
        with open(os.open(str(path) + end_, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as f:
            f.write(text)
    return str(path)


def cpu_seconds(pid):
    """CPU time that a process has taken so far."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def end(process, sig=signal.SIGTERM, timeout=TIMEOUT):
    """Ends a process that the tests started, and returns its exit status."""
    if process.poll() is None:
        process.send_signal(sig)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout)
    return process.returncode


def state(pid):
    """The letter of proc(5) for what a process does; None: there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None


def runs(pid):
    """Whether there is such a process, and not only what is left of one."""
    return state(pid) not in (None, "Z")


class Server:
    """Our sshd, running in the foreground with a config of its own."""

    def __init__(self, folder, config="", last="", user=None, options=(), env=None, wait=True, keys=("ed25519",),
                 prefix=()):
        self.dir = str(folder)
        os.makedirs(self.dir, exist_ok=True)
        os.chmod(self.dir, 0o755)
        self.port = free_port()
        self.socket = os.path.join(self.dir, "ephemeral.sock")
        self.log_path = os.path.join(self.dir, "sshd.log")
        self.config_path = os.path.join(self.dir, "sshd_config")
        lines = ["ListenAddress 127.0.0.1", f"PidFile {self.dir}/sshd.pid", "LogLevel DEBUG1",
                 f"EphemeralKeySocket {self.socket}", f"AuthorizedKeysFile {self.dir}/authorized_keys.%u"]
        for kind in keys:
            path = os.path.join(self.dir, f"host_{kind}")
            if not os.path.exists(path):
                make_key(path, kind)
            lines.append(f"HostKey {path}")
        with open(self.config_path, "w", encoding="utf-8") as f:
            f.write(config + "\n" + "\n".join(lines) + "\n" + last + "\n")
        self.crashes = 0        # that a test has made
        self.as_user = user
        if user is not None:
            run(["chown", "-R", f"{user}:{user}", self.dir])
        self.log = open(self.log_path, "ab")
        command = [SSHD, "-f", self.config_path, "-p", str(self.port), "-D", "-e", *options]
        if user is not None:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--", *command]
        command = [*prefix, *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env=env, cwd="/")
        if wait:
            wait_until(lambda: self.process.poll() is not None or answers(self.port), "sshd to listen")
            if self.process.poll() is not None:
                raise AssertionError(f"sshd ended with {self.process.returncode}:\n{self.log_text()}")

    def log_text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_log(self, *texts):
        """Waits until the log has all of these: what session says may be written after its client has ended."""
        for text in texts:
            wait_until(lambda: text in self.log_text(), f"the log to say {text!r}")

    def wait_log_match(self, pattern):
        """Waits for what matches a regular expression, and returns the match."""
        return wait_until(lambda: re.search(pattern, self.log_text()), f"the log to match {pattern!r}")

    def authorize(self, public_key_path, user=None, options=""):
        """Adds a key to the user's authorized_keys."""
        user = user or login_user()
        path = os.path.join(self.dir, f"authorized_keys.{user}")
        with open(public_key_path, encoding="utf-8") as key, open(path, "a", encoding="utf-8") as f:
            f.write((options + " " if options else "") + key.read())
        os.chmod(path, 0o644)

    def make_key(self, kind="ed25519", options="", authorized=True):
        """Makes the user's key `.key`, which gets in unless it is not to."""
        self.key = make_key(os.path.join(self.dir, "id"), kind)
        if authorized:
            self.authorize(self.key + ".pub", options=options)

    def known_hosts(self, path=None):
        """A known_hosts file with this server's keys."""
        path = path or os.path.join(self.dir, "known_hosts")
        lines = []
        for name in sorted(os.listdir(self.dir)):
            if name.startswith("host_") and name.endswith(".pub"):
                with open(os.path.join(self.dir, name), encoding="utf-8") as key:
                    lines.append(f"[127.0.0.1]:{self.port} " + key.read())
        write_whole(path, "".join(lines))
        return path

    def ssh(self, *remote, key=None, user=None, options=(), program=None, tty=False):
        """The command line of a client that logs in here."""
        command = [program or SSH, "-F", "none", "-p", str(self.port), "-o", f"UserKnownHostsFile={self.known_hosts()}",
                   "-o", "GlobalKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
                   "-o", "IdentityAgent=none"]
        if key:
            command += ["-i", str(key)]
        if tty:
            command += ["-tt"]
        return command + list(options) + [f"{user or login_user()}@127.0.0.1", *remote]

    def ephemeral(self, *args, check=True):
        """Runs ssh-ephemeral on this server's control socket."""
        return run([EPHEMERAL, args[0], "--socket", self.socket, *args[1:]], check=check)

    def children(self):
        """All processes of this server below the listener: {pid: command line}."""
        found, wave = {}, [self.process.pid]
        while wave:
            parent = wave.pop()
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{parent}/task"):
                    with open(f"/proc/{parent}/task/{task}/children", encoding="utf-8") as f:
                        for pid in f.read().split():
                            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as c:
                                found[int(pid)] = c.read().replace(b"\0", b" ").decode(errors="replace").strip()
                            wave.append(int(pid))
        return found

    def stop(self):
        """Ends it; a process of it that has crashed, which its client need not notice, fails the test."""
        code = end(self.process)
        self.log.close()
        crashes = re.findall(r".*killed by signal (?:4|6|7|8|11)$|.*(?:ERROR: \w+Sanitizer|runtime error:).*", self.log_text(), re.M)
        assert len(crashes) <= self.crashes, crashes     # sanitizers may end a process in their own way
        return code


@contextlib.contextmanager
def server(folder, **kwargs):
    s = Server(folder, **kwargs)
    try:
        yield s
    finally:
        s.stop()


def have(program):
    return shutil.which(program) is not None


def can_make_tunnels():
    """Whether this machine has /dev/net/tun, and lets root use it in a network of his own."""
    if not ROOT or not os.path.exists("/dev/net/tun"):
        return False
    return run(["unshare", "--net", "ip", "tuntap", "add", "dev", "tun0", "mode", "tun"], check=False).returncode == 0


class FarNetwork:
    """A network of its own, which reaches this one through a cable that can be cut. Needs root."""

    count = 0

    def __init__(self):
        FarNetwork.count += 1
        self.near, self.far = f"near{os.getpid() % 1000}{FarNetwork.count}", "far0"
        self.net = f"10.{200 + FarNetwork.count % 50}.{os.getpid() % 250}"
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "120"])
        wait_until(self.is_apart, "the namespace")
        run(["ip", "link", "add", self.near, "type", "veth", "peer", "name", self.far, "netns", str(self.holder.pid)])
        run(["ip", "addr", "add", f"{self.net}.1/24", "dev", self.near])
        run(["ip", "link", "set", self.near, "up"])
        self.run("ip", "addr", "add", f"{self.net}.2/24", "dev", self.far)
        self.run("ip", "link", "set", self.far, "up")
        self.run("ip", "link", "set", "lo", "up")

    def is_apart(self):
        return os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net")

    def command(self, *words):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", *words]

    def run(self, *words, check=True):
        return run(self.command(*words), check=check)

    def carries(self, inner, near, far, size=1000):
        """Whether what is sent there by way of two tun or tap devices comes back: 1000 times size bytes, by TCP."""
        for side, number, dev in ((run, 1, near), (lambda words: self.run(*words), 2, far)):
            side(["ip", "addr", "add", f"{inner}.{number}/24", "dev", dev])
            side(["ip", "link", "set", dev, "up"])
        # No ping: a TCP connection says as much, and carries more.
        with subprocess.Popen(["python3", "-c", f"""
import socket
with socket.create_server(("{inner}.1", 4567)) as s:
    print("up", flush=True)
    c, _ = s.accept()
    while data := c.recv(65536):
        c.sendall(data)
    c.close()
"""], stdout=subprocess.PIPE, text=True) as server:
            try:
                server.stdout.readline()
                done = self.run("python3", "-c", f"""
import socket, threading
c = socket.create_connection(("{inner}.1", 4567), 20)
data = b"x" * {size} * 1000
threading.Thread(target=lambda: (c.sendall(data), c.shutdown(socket.SHUT_WR))).start()
got = b""
while part := c.recv(65536):
    got += part
print(got == data)
""")
                return done.stdout == "True\n" and server.wait(20) == 0
            finally:
                server.kill()

    def cut(self):
        """Nothing comes through any more, and nobody is told."""
        self.run("ip", "link", "set", self.far, "down")

    def mend(self):
        self.run("ip", "link", "set", self.far, "up")

    def stop(self):
        subprocess.run(["ip", "link", "del", self.near], check=False)
        self.holder.kill()
        self.holder.wait()
