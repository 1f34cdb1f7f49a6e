# SPDX-License-Identifier: ISC
"""Other people's servers on loopback, each with keys and an account of the tests' own."""
import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import threading

import harness
from harness import host_key, make_key, run, wait_until

OPENSSH10 = os.path.join(harness.PEERS, "openssh10/usr")


def wrapped(folder, suite, program, env=""):
    """A script that starts a program of another suite's folder (regress/fetch-peer -d) with the C library there."""
    root = os.path.join(harness.PEERS, suite)
    found = glob.glob(f"{root}/usr/lib/*/ld-linux*.so.*")
    assert found, f"{root} is not there (./check peers fetches it)"
    path = os.path.join(str(folder), f"{suite}-{os.path.basename(program)}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"#!/bin/sh\nexec env {env} '{found[0]}' --library-path '{os.path.dirname(found[0])}' "
                f"'{root}/{program}' \"$@\"\n")
    os.chmod(path, 0o755)
    return path


class Peer:
    """A server with the key pair `key` that opens `user`'s account."""

    def __init__(self, folder):
        self.dir = str(folder)
        os.makedirs(self.dir, exist_ok=True)
        os.chmod(self.dir, 0o755)
        self.port = harness.free_port()
        self.user = harness.login_user()
        self.key = make_key(os.path.join(self.dir, "user_key"))
        self.process = None
        self.known = os.path.join(self.dir, "known_hosts")
        self.log_path = os.path.join(self.dir, "log")

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, command, env=None):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                            cwd="/")
        wait_until(lambda: self.process.poll() is not None or harness.answers(self.port), f"{command[0]} to listen")
        assert self.process.poll() is None, self.log()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        if self.process is not None:
            harness.end(self.process)

    def write_known_hosts(self, *public_keys):
        with open(self.known, "w", encoding="utf-8") as f:
            for key in public_keys:
                f.write(f"[127.0.0.1]:{self.port} {' '.join(key.split()[:2])}\n")

    def children(self):
        """All processes below the server's first."""
        found, wave = [], [self.process.pid]
        while wave:
            parent = wave.pop()
            with contextlib.suppress(OSError), open(f"/proc/{parent}/task/{parent}/children", encoding="utf-8") as f:
                below = [int(pid) for pid in f.read().split()]
                found += below
                wave += below
        return found

    def ssh(self, *remote, options=(), key=True, known=True, program=None, batch=True, host="127.0.0.1",
            agent="none"):
        """Our client's command line for this server."""
        command = [program or harness.SSH, "-F", "none", "-p", str(self.port), "-o", "GlobalKnownHostsFile=none",
                   "-o", f"IdentityAgent={agent}", "-o", "WarnWeakCrypto=no", *options]
        if known:
            command += ["-o", f"UserKnownHostsFile={self.known}"]
        if batch:
            command += ["-o", "BatchMode=yes"]
        if key:
            command += ["-i", self.key, "-o", "IdentitiesOnly=yes"]
        return command + [f"{self.user}@{host}", *remote]


class Own(Peer):
    """Our sshd, with the interface of the others."""

    def __init__(self, folder, config=""):
        super().__init__(folder)
        self.server = harness.Server(folder / "own", config=config)
        self.server.authorize(self.key + ".pub")
        self.port = self.server.port
        self.known = self.server.known_hosts()

    def stop(self):
        self.server.stop()


class OpenSSH(Peer):
    def __init__(self, folder, config="", version="9.2", kinds=("ed25519", "ecdsa", "rsa")):
        super().__init__(folder)
        lines = [config, f"Port {self.port}", "ListenAddress 127.0.0.1", "PidFile none", "StrictModes no",
                 f"AuthorizedKeysFile {self.path('authorized_keys')}", "LogLevel DEBUG1", "AcceptEnv TEST_*",
                 "Subsystem sftp internal-sftp"]
        public = []
        for kind in kinds:
            path = host_key(self.path(f"host_{kind}"), kind)
            lines.append(f"HostKey {path}")
            with open(path + ".pub", encoding="utf-8") as f:
                public.append(f.read())
        program = "/usr/sbin/sshd"
        if version == "10.0":
            program = os.path.join(OPENSSH10, "sbin/sshd")
            for helper in ("session", "auth"):
                lines.append(f"Sshd{helper.title()}Path {OPENSSH10}/lib/openssh/sshd-{helper}")
        if version == "testing":
            program = wrapped(self.dir, version, "usr/sbin/sshd")
            for helper in ("session", "auth"):
                lines.append(f"Sshd{helper.title()}Path "
                             + wrapped(self.dir, version, f"usr/lib/openssh/sshd-{helper}"))
        with open(self.path("sshd_config"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")
        shutil.copy(self.key + ".pub", self.path("authorized_keys"))
        os.chmod(self.path("authorized_keys"), 0o644)
        self.write_known_hosts(*public)
        self.start([program, "-D", "-e", "-f", self.path("sshd_config")])

    def authorize(self, public_key_path):
        with open(public_key_path, encoding="utf-8") as key, \
                open(self.path("authorized_keys"), "a", encoding="utf-8") as f:
            f.write(key.read())


def home_ssh(user, key):
    """Puts a key where dropbear and tinysshd look for it: the account's own folder."""
    entry = pwd.getpwnam(user)
    folder = os.path.join(entry.pw_dir, ".ssh")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path = os.path.join(folder, "authorized_keys")
    with open(key + ".pub", encoding="utf-8") as f, open(path, "a", encoding="utf-8") as out:
        out.write(f.read())
    os.chmod(path, 0o600)
    for p in (folder, path):
        os.chown(p, entry.pw_uid, entry.pw_gid)


class Dropbear(Peer):
    def __init__(self, folder, sizes=(("ed25519", None),)):
        super().__init__(folder)
        home_ssh(self.user, self.key)
        public, options = [], []
        for kind, bits in sizes:
            host_key = self.path(f"host_{kind}")
            run(["dropbearkey", "-t", kind, *(["-s", str(bits)] if bits else []), "-f", host_key])
            public += [line for line in run(["dropbearkey", "-y", "-f", host_key]).stdout.splitlines()
                       if line.startswith(("ssh-", "ecdsa-"))]
            options += ["-r", host_key]
        self.write_known_hosts(*public)
        self.start(["dropbear", "-F", "-E", "-p", f"127.0.0.1:{self.port}", *options, "-P", self.path("pid")])


class TinySSH(Peer):
    """tinysshd speaks on its standard input and output: somebody has to accept for it."""

    def __init__(self, folder):
        super().__init__(folder)
        home_ssh(self.user, self.key)
        keys = self.path("keys")
        run(["tinysshd-makekey", keys])
        lines = run(["tinysshd-printkey", keys]).stdout.splitlines()
        self.write_known_hosts(*[line for line in lines if line.startswith("ssh-ed25519")])
        self.children = []
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.thread = threading.Thread(target=self.serve, args=(keys,), daemon=True)
        self.thread.start()

    def serve(self, keys):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            with s, open(self.log_path, "ab") as log:
                self.children.append(subprocess.Popen(["tinysshd", "-v", keys], stdin=s, stdout=s, stderr=log))

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        for child in self.children:
            harness.end(child)


def make(kind, folder):
    if kind == "dropbear":
        return Dropbear(folder)
    if kind == "tinysshd":
        return TinySSH(folder)
    return OpenSSH(folder, version=kind.removeprefix("openssh-"))


PEERS = ["openssh-9.2", "openssh-10.0", "dropbear", "tinysshd"]
