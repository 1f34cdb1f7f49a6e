# SPDX-License-Identifier: ISC
"""Each method of our client at servers that nobody here wrote: asyncssh, paramiko, dropbear."""
import asyncio
import os
import socket
import threading

import pytest

import harness
import peer_servers
from harness import run

PASSWORD = "the password"


class Asyncssh:
    """Takes what method says, and nothing else; "none" takes everybody."""

    def __init__(self, folder, method, host_key, user_key):
        self.port, self.method, self.seen = harness.free_port(), method, []
        self.loop = asyncio.new_event_loop()
        self.host_key, self.user_key = host_key, user_key
        ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(30)

    def serve(self, ready):
        import asyncssh
        bed = self

        class Server(asyncssh.SSHServer):
            def begin_auth(self, username):
                return bed.method != "none"

            def password_auth_supported(self):
                return bed.method in ("password", "change")

            def validate_password(self, username, password):
                if bed.method == "change":
                    raise asyncssh.PasswordChangeRequired("Too old.")
                return password == PASSWORD

            def change_password(self, username, old_password, new_password):
                bed.seen.append((old_password, new_password))
                return old_password == PASSWORD and new_password == PASSWORD

            def kbdint_auth_supported(self):
                return bed.method == "keyboard-interactive"

            def get_kbdint_challenge(self, username, lang, submethods):
                return "Title", "Instruction", "en", [("First: ", False), ("Second: ", True)]

            def validate_kbdint_response(self, username, responses):
                return list(responses) == [PASSWORD, PASSWORD]

        def program(process):
            process.stdout.write("in\n")
            bed.seen.append(process.channel.get_agent_path())
            process.exit(0)

        async def listen():
            keys = asyncssh.import_authorized_keys("")
            if self.method in ("publickey", "cert"):
                with open(self.user_key, encoding="utf-8") as f:
                    keys = asyncssh.import_authorized_keys(("cert-authority " if self.method == "cert" else "") + f.read())
            await asyncssh.listen("127.0.0.1", self.port, server_factory=Server, process_factory=program,
                                  server_host_keys=[self.host_key], authorized_client_keys=keys)
            ready.set()

        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(listen())
        self.loop.run_forever()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


class Paramiko:
    def __init__(self, folder, method, host_key, user_key):
        import paramiko
        self.port, self.method = harness.free_port(), method
        self.key = paramiko.Ed25519Key(filename=host_key)
        with open(user_key, encoding="utf-8") as f:
            self.user_key = f.read().split()[1]
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        import paramiko
        bed = self

        def verdict(good):
            return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

        class Server(paramiko.ServerInterface):
            def get_allowed_auths(self, username):
                return bed.method

            def check_auth_password(self, username, password):
                return verdict(bed.method == "password" and password == PASSWORD)

            def check_auth_publickey(self, username, key):
                return verdict(bed.method == "publickey" and key.get_base64() == bed.user_key)

            def check_auth_interactive(self, username, submethods):
                return paramiko.InteractiveQuery("Title", "Instruction", ("First: ", False), ("Second: ", True))

            def check_auth_interactive_response(self, responses):
                return verdict(list(responses) == [PASSWORD, PASSWORD])

            def check_channel_request(self, kind, chanid):
                return paramiko.OPEN_SUCCEEDED

            def check_channel_exec_request(self, channel, command):
                def answer():
                    channel.sendall(b"in\n")
                    channel.send_exit_status(0)
                    channel.close()
                threading.Thread(target=answer, daemon=True).start()
                return True

        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            t = paramiko.Transport(s)
            t.add_server_key(self.key)
            t.start_server(event=threading.Event(), server=Server())

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


class Bed:
    def __init__(self, folder):
        self.folder, self.server = folder, None
        self.host_key = harness.make_key(folder / "host")
        self.key = harness.make_key(folder / "id")
        self.ca = harness.make_key(folder / "ca")

    def serve(self, kind, method):
        user_key = (self.ca if method == "cert" else self.key) + ".pub"
        self.server = kind(self.folder, method, self.host_key, user_key)
        with open(self.host_key + ".pub", encoding="utf-8") as key, \
                open(self.folder / "known", "w", encoding="utf-8") as f:
            f.write(f"[127.0.0.1]:{self.server.port} " + key.read())
        return self.server

    def ask(self, *options, password=PASSWORD, key=None, user="user", command="anything"):
        program = self.folder / "askpass"
        program.write_text(f"#!/bin/sh\necho \"$1\" >>{self.folder}/asked\necho '{password}'\n")
        program.chmod(0o755)
        env = {**os.environ, "SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force"}
        line = [harness.SSH, "-F", "none", "-p", str(self.server.port), "-o", f"UserKnownHostsFile={self.folder}/known",
                   "-o", "GlobalKnownHostsFile=none", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", *options,
                   "-i", key or harness.make_key(self.folder / f"none{len(os.listdir(self.folder))}"),
                   f"{user}@127.0.0.1", command]
        return run(line, check=False, env=env)

    @property
    def asked(self):
        return (self.folder / "asked").read_text()


@pytest.fixture
def bed(folder):
    b = Bed(folder)
    yield b
    if b.server:
        b.server.stop()


def is_in(done):
    return (done.stdout, done.returncode) == ("in\n", 0)


BOTH = pytest.mark.parametrize("kind", [Asyncssh, Paramiko])


@BOTH
def test_publickey(bed, kind):
    bed.serve(kind, "publickey")
    assert is_in(bed.ask(key=bed.key))
    assert bed.ask().returncode == 255


@BOTH
def test_password(bed, kind):
    bed.serve(kind, "password")
    assert is_in(bed.ask())
    assert bed.asked == "user@127.0.0.1's password: \n"
    wrong = bed.ask("-o", "NumberOfPasswordPrompts=2", password="wrong")
    assert wrong.returncode == 255
    assert "password 2 times" in wrong.stderr
    assert bed.asked.count("password:") == 3


@BOTH
def test_keyboard_interactive(bed, kind):
    bed.serve(kind, "keyboard-interactive")
    done = bed.ask()
    assert is_in(done), done.stderr
    assert "Title\nInstruction\n" in done.stderr
    assert bed.asked == "(user@127.0.0.1) First: \n(user@127.0.0.1) Second: \n"
    assert bed.ask(password="wrong").returncode == 255


@BOTH
@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_batch_mode_asks_for_nothing(bed, kind, method):
    bed.serve(kind, method)
    done = bed.ask("-o", "BatchMode=yes")
    assert done.returncode == 255
    assert not (bed.folder / "asked").exists()
    assert f"{method} (BatchMode yes)" in done.stderr


@BOTH
def test_preferred_authentications_may_leave_nothing(bed, kind):
    bed.serve(kind, "password")
    done = bed.ask("-o", "PreferredAuthentications=publickey,keyboard-interactive")
    assert done.returncode == 255
    assert "password (not in PreferredAuthentications)" in done.stderr


def test_a_certificate_at_asyncssh(bed):
    bed.serve(Asyncssh, "cert")
    assert bed.ask(key=bed.key).returncode == 255
    run(["ssh-keygen", "-q", "-s", bed.ca, "-I", "me", "-n", "user", bed.key + ".pub"])
    done = bed.ask(key=bed.key)
    assert is_in(done), done.stderr


def test_a_password_that_must_be_changed(bed):
    server = bed.serve(Asyncssh, "change")
    done = bed.ask()
    assert is_in(done), done.stderr
    assert "Too old." in done.stderr
    assert server.seen[0] == (PASSWORD, PASSWORD)
    assert bed.asked.splitlines() == ["user@127.0.0.1's password: ", "Enter user@127.0.0.1's new password: ",
                                      "Retype user@127.0.0.1's new password: "]


def test_who_asks_for_no_proof_gets_no_agent(bed):
    """Trivial authentication (CVE-2021-36367 to 36369): anybody can say yes."""
    sock = str(bed.folder / "agent")
    server = bed.serve(Asyncssh, "none")
    with harness.agent(sock):
        done = bed.ask("-o", f"ForwardAgent={sock}")
    assert is_in(done), done.stderr
    assert "Agent forwarding is disabled: the server asked for no proof." in done.stderr
    assert server.seen == [None]


@pytest.mark.skipif(not harness.ROOT, reason="needs accounts of its own")
def test_a_password_at_dropbear(bed, folder):
    bed.server = peer = peer_servers.Dropbear(folder / "dropbear")
    os.rename(peer.known, folder / "known")
    assert is_in(bed.ask(password="secret-alice", user="alice", command="echo in"))
    assert bed.ask("-o", "NumberOfPasswordPrompts=1", user="alice", command="echo in").returncode == 255


class Grasping:
    """A server that opens to its client whatever there is, and says in the session what came of it."""

    def __init__(self, host_key, user_key):
        import paramiko
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.key = paramiko.Ed25519Key.from_private_key_file(host_key)
        with open(user_key + ".pub", encoding="utf-8") as f:
            self.authorized = f.read().split()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        import paramiko
        bed = self

        class Any(paramiko.ServerInterface):
            def check_auth_publickey(self, username, key):
                return paramiko.AUTH_SUCCESSFUL if key.get_base64() == bed.authorized else paramiko.AUTH_FAILED

            def get_allowed_auths(self, username):
                return "publickey"

            def check_channel_request(self, kind, chanid):
                return paramiko.OPEN_SUCCEEDED

            def check_channel_exec_request(self, channel, command):
                threading.Thread(target=grasp, args=(channel,), daemon=True).start()
                return True

        def grasp(channel):
            for kind in ("auth-agent@openssh.com", "x11", "forwarded-tcpip", "session", "direct-tcpip"):
                try:
                    t.open_channel(kind, ("127.0.0.1", 22), ("127.0.0.1", 1), timeout=20)
                    channel.sendall(f"{kind}: open\n".encode())
                except paramiko.ChannelException as e:
                    channel.sendall(f"{kind}: {e.code}\n".encode())
            channel.send_exit_status(0)
            channel.close()

        s, _ = self.listener.accept()
        t = paramiko.Transport(s)
        t.add_server_key(self.key)
        t.start_server(event=threading.Event(), server=Any())


def test_a_server_opens_nothing_that_nobody_asked_for(folder):
    """Not even where the user has an agent and a display: they were not to be forwarded."""
    server = Grasping(harness.host_key(folder / "host", "ed25519"), harness.make_key(folder / "id"))
    done = run([harness.SSH, "-F", "none", "-p", str(server.port), "-i", str(folder / "id"), "-o", "BatchMode=yes", "-o",
                "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known", "-o", "IdentityAgent=none",
                f"{harness.login_user()}@127.0.0.1", "grasp"], env={**os.environ, "DISPLAY": ":0"}, check=False)
    assert done.stdout == ("auth-agent@openssh.com: 1\nx11: 1\nforwarded-tcpip: 1\nsession: 1\ndirect-tcpip: 1\n"), done
    assert done.returncode == 0
    assert "ssh server tried agent forwarding" in done.stderr
    assert "Server requests forwarding for unknown listen_port 22" in done.stderr
    server.listener.close()
