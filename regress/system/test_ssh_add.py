# SPDX-License-Identifier: ISC
"""ssh-add: what it adds, removes, shows and says, with our agent and with OpenSSH's."""
import base64
import os
import re
import shutil
import socket
import struct
import subprocess

import pytest

import harness
from harness import ADD, run

ENV = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Keys of each type, one with a passphrase, and certificates."""
    folder = tmp_path_factory.mktemp("keys")
    for kind, bits in (("ed25519", None), ("rsa", 2048), ("ecdsa", None)):
        harness.make_key(folder / kind, kind, bits=bits)
    for name in ("ca", "short", "old"):
        harness.make_key(folder / name)
    for name in ("locked", "locked2"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", "secret", "-C", "test", "-f", str(folder / name)])
    for name, serial in (("ecdsa", []), ("short", ["-V", "-1h:+3d"]), ("old", ["-V", "20200101:20210101"])):
        run(["ssh-keygen", "-q", "-s", str(folder / "ca"), "-I", f"id of {name}", "-n", "joe", *serial,
             str(folder / f"{name}.pub")])
    return folder


@pytest.fixture(params=[harness.AGENT, "/usr/bin/ssh-agent"], ids=["ours", "openssh"])
def any_agent(folder, request):
    """Starts ssh-add with an agent of either kind."""
    with harness.agent(folder / "agent.sock", program=request.param) as env:
        yield adder(env["SSH_AUTH_SOCK"], folder)


@pytest.fixture
def add(folder):
    """Starts ssh-add with our agent."""
    with harness.agent(folder / "agent.sock", program=harness.AGENT) as env:
        yield adder(env["SSH_AUTH_SOCK"], folder)


def adder(sock, folder):
    def start(*args, answers=None, status=0, text=None, env=None):
        """answers are what the user says to the questions; returns standard output, then standard error, as lines."""
        ask = {}
        if answers is not None:
            path = folder / "askpass"
            harness.write_whole(str(path), f"""#!/bin/sh
echo "$1" >>{folder}/asked
head -n 1 {folder}/answers
sed -i 1d {folder}/answers
""")
            path.chmod(0o755)
            harness.write_whole(str(folder / "answers"), "".join(f"{a}\n" for a in answers))
            ask = {"SSH_ASKPASS": str(path), "SSH_ASKPASS_REQUIRE": "force"}
        done = run([ADD, *map(str, args)], check=False, input=text,
                   env={**ENV, "SSH_AUTH_SOCK": sock, **ask, **(env or {})})
        assert done.returncode == status, done
        return (done.stdout + done.stderr).splitlines()
    start.asked = lambda: (folder / "asked").read_text().splitlines()
    return start


def test_keys_are_added_listed_tested_and_removed(any_agent, keys):
    add = any_agent
    names = ("ed25519", "rsa", "ecdsa")
    assert add("-l", status=1) == ["The agent has no identities."]
    assert add(*[keys / n for n in names]) == [
        *[f"Identity added: {keys}/{n} (test)" for n in names], f"Certificate added: {keys}/ecdsa-cert.pub (id of ecdsa)"]
    public = [(keys / f"{n}.pub").read_text().strip() for n in (*names, "ecdsa-cert")]
    assert add("-L") == public
    prints = [run(["ssh-keygen", "-l", "-E", "md5", "-f", str(keys / f"{n}.pub")]).stdout.strip() for n in names]
    assert add("-l", "-E", "md5") == [*prints, prints[2].replace("(ECDSA)", "(ECDSA-CERT)")]
    assert add("-T", *[keys / f"{n}.pub" for n in (*names, "ecdsa-cert")]) == []
    assert add("-T", keys / "ca.pub", status=1) == [f"Agent signature failed for {keys}/ca.pub: agent refused operation"]
    assert add("-d", keys / "ecdsa") == [f"Identity removed: {keys}/ecdsa ECDSA (test)",
                                         f"Identity removed: {keys}/ecdsa-cert.pub ECDSA-CERT (test)"]
    assert add("-d", keys / "ca.pub", status=1) == [
        f'Could not remove identity "{keys}/ca.pub": agent refused operation']
    add(keys / "ecdsa")
    assert add("-d", "-", text=f"# mine\n\n{public[0]}\n{public[3]}\n{public[2]}") == [
        f"Identity removed: (stdin) {kind} (test)" for kind in ("ED25519", "ECDSA-CERT", "ECDSA")]
    assert add("-d", "-", text="what\n", status=1) == ["(stdin):1: invalid key: invalid format"]
    assert add("-d", "-", text="# nothing\n", status=1) == []
    assert add("-L") == [public[1]]
    assert add("-D") == ["All identities removed."]
    assert add("-l", status=1) == ["The agent has no identities."]


def test_keys_are_added_with_limits(any_agent, keys):
    add = any_agent
    limits = ["Lifetime set to 01:02:05", "The user must confirm each use of the key"]
    assert add("-c", "-t", "1h2m5s", keys / "ecdsa") == [
        f"Identity added: {keys}/ecdsa (test)", *limits, f"Certificate added: {keys}/ecdsa-cert.pub (id of ecdsa)", *limits]
    assert add("-t", "15d", keys / "ed25519")[1] == "Lifetime set to 02w1d00h"
    assert add("-q", keys / "rsa") == []
    assert len(add("-l")) == 4


def test_a_certificate_stays_as_long_as_it_is_good(add, keys):
    assert re.fullmatch(r"Lifetime set to [23]d\d\dh\d\dm", add(keys / "short")[2])
    assert len(add("-N", keys / "short")) == 2
    assert add("-t", "60", keys / "short")[3] == "Lifetime set to 00:01:00"
    assert add(keys / "old") == [f"Identity added: {keys}/old (test)",
                                 f"Certificate {keys}/old-cert.pub has already expired; ignored"]
    assert add("-N", keys / "old")[1] == f"Certificate added: {keys}/old-cert.pub (id of old)"


def test_keys_or_certificates_alone(add, keys, folder):
    assert add("-k", keys / "ecdsa") == [f"Identity added: {keys}/ecdsa (test)"]
    assert add("-C", keys / "ecdsa") == [f"Certificate added: {keys}/ecdsa-cert.pub (id of ecdsa)"]
    assert add("-C", keys / "rsa", status=1) == []
    assert add("-d", "-k", keys / "ecdsa") == [f"Identity removed: {keys}/ecdsa ECDSA (test)"]
    assert add("-d", "-C", keys / "ecdsa.pub") == [f"Identity removed: {keys}/ecdsa-cert.pub ECDSA-CERT (test)"]
    shutil.copy(keys / "rsa", folder / "mine")
    shutil.copy(keys / "ecdsa-cert.pub", folder / "mine-cert.pub")
    assert add(folder / "mine")[1] == f"Certificate {folder}/mine-cert.pub does not match private key {folder}/mine"


def test_passphrases_are_asked_for_and_tried_on_the_next_key(add, keys):
    assert add(keys / "locked", keys / "locked2", answers=["no", "secret"]) == [
        f"Identity added: {keys}/locked (test)", f"Identity added: {keys}/locked2 (test)"]
    assert add.asked() == [f"Enter passphrase for {keys}/locked: ", f"Bad passphrase, try again for {keys}/locked: "]
    assert add("-c", keys / "locked", answers=["secret"])[0].startswith("Identity added")
    assert add.asked()[-1] == f"Enter passphrase for {keys}/locked (will confirm each use): "
    assert add(keys / "locked", answers=[""], status=1) == []
    assert add("-", answers=["secret"], text=(keys / "locked").read_text()) == ["Identity added: (stdin) (test)"]


def test_the_agent_is_locked_and_unlocked(any_agent, keys):
    add = any_agent
    add(keys / "ed25519")
    assert add("-x", answers=["one", "other"], status=1) == ["Passwords do not match."]
    assert add("-x", answers=["word", "word"]) == ["Agent locked."]
    assert add("-l", status=1) == ["The agent has no identities."]
    assert add(keys / "rsa", status=1) == [f'Could not add identity "{keys}/rsa": agent refused operation']
    assert add("-D", status=1) == ["Failed to remove all identities."]
    assert add("-X", answers=["wrong"], status=1) == ["Failed to unlock agent: agent refused operation"]
    assert add("-X", answers=["word"]) == ["Agent unlocked."]
    assert len(add("-l")) == 1


def test_what_an_agent_can_do_is_told(any_agent, request):
    if "ours" in request.node.name:
        assert any_agent("-Q") == ["session-bind@openssh.com"]
    else:
        assert any_agent("-Q", status=255) == ["unable to query supported extensions: agent refused operation"]


def test_files_that_are_no_keys_are_told(add, keys, folder):
    (folder / "text").write_text("hello\n")
    (folder / "text").chmod(0o600)
    assert add(folder / "text", folder / "none", keys / "ed25519", status=1) == [
        f'Error loading key "{folder}/text": invalid format', f"{folder}/none: No such file or directory",
        f"Identity added: {keys}/ed25519 (test)"]
    shutil.copy(keys / "rsa", folder / "open")
    (folder / "open").chmod(0o644)
    told = add(folder / "open", status=1)
    assert told[1] == "@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @"
    assert told[3] == f"Permissions 0644 for '{folder}/open' are too open."
    assert add("-T", folder / "none", status=1) == [f"Couldn't read public key {folder}/none: No such file or directory"]
    assert add("-d", folder / "none", status=1) == [f"Bad key file {folder}/none: No such file or directory"]


def test_wrong_command_lines_are_refused(add, keys):
    for args, status, text in (
            (["-t", "soon", keys / "rsa"], 1, "Invalid lifetime"), (["-E", "no", "-l"], 255, 'Invalid hash algorithm "no"'),
            (["-lL"], 255, "-l flag already specified"), (["-D", "-x"], 255, "Invalid combination of actions"),
            (["-T"], 255, "no keys to test"), (["-Z"], 1, "usage: ssh-add"),
            (["-s", "/usr/lib/x.so"], 1, "ssh-add: -s: keys of security tokens cannot be fetched from them here"),
            (["-K"], 1, "ssh-add: -K: keys of security tokens"), (["-e", "x"], 1, "ssh-add: -e: keys of security tokens")):
        assert text in "\n".join(add(*args, status=status)), args
    assert add("-l", status=1) == ["The agent has no identities."]


def test_no_agent_is_status_2(add, folder, keys):
    for path in ("", str(folder / "none")):
        told = add(keys / "ed25519", status=2, env={"SSH_AUTH_SOCK": path})
        assert told == [f"Error connecting to agent: No such file or directory" if path else
                        "Could not open a connection to your authentication agent."]


def test_an_agent_that_is_too_busy_to_take_connections_is_waited_for(folder):
    path = str(folder / "busy.sock")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as other:
        listener.bind(path)
        listener.listen(0)
        listener.settimeout(harness.TIMEOUT)
        other.connect(path)             # now the queue is full
        process = subprocess.Popen([ADD, "-l"], env={**ENV, "SSH_AUTH_SOCK": path}, stdout=subprocess.PIPE, text=True)
        harness.wait_until(lambda: process.poll() is not None or is_asleep(process.pid), "ssh-add to wait")
        assert process.poll() is None
        listener.accept()[0].close()
        with listener.accept()[0] as c:
            assert c.recv(5, socket.MSG_WAITALL) == b"\0\0\0\1\x0b"
            c.sendall(text(b"\x0c\0\0\0\0"))
            assert process.communicate(timeout=harness.TIMEOUT)[0] == "The agent has no identities.\n"


def is_asleep(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return f.read().rpartition(")")[2].split()[0] == "S"


def test_what_stands_behind_a_file_is_no_option(add, keys):
    add(keys / "rsa")
    assert add(keys / "ed25519", "-D", status=1) == [f"Identity added: {keys}/ed25519 (test)", "-D: No such file or directory"]
    assert len(add("-l")) == 2


def test_destinations_that_make_no_sense_are_refused(add, keys, folder):
    public = " ".join((keys / "ca.pub").read_text().split()[:2])
    harness.write_whole(str(folder / "known"), f"one,[two]:22 {public}\n@revoked gone {public}\n")
    place = ["-H", folder / "known"]
    for spec, text in (("", 'constraint "": does not specify user or host'), (">one", 'constraint "": does not specify'),
                       ("joe@", "does not specify a host"), ("joe@one>one", "cannot specify user on 'from' host"),
                       ("none", 'No host keys found for destination "none"'), ("gone", "No host keys found"),
                       ("one>none", "No host keys found")):
        assert text in add(*place, "-h", spec, keys / "rsa", status=255)[0]
    assert add("-l", status=1) == ["The agent has no identities."]
    add(*place, "-h", "joe@ONE", "-h", "one>[two]:22", "-h", "@one", keys / "rsa")
    assert add("-T", keys / "rsa.pub", status=1)[0].startswith("Agent signature failed")


def test_default_files_are_those_of_the_account(add, keys, folder):
    script = f"""mount -t tmpfs tmpfs "$0" && mkdir -m 700 "$0/.ssh" && cp {keys}/rsa "$0/.ssh/id_rsa" &&
        cp {keys}/ed25519 "$0/.ssh/id_ed25519" && "$1" && "$1" -l && "$1" -d && "$1" -l"""
    if not harness.ROOT:
        pytest.skip("needs a mount")
    done = run(["unshare", "-m", "sh", "-c", script, "/root", ADD], check=False,
               env={**ENV, "SSH_AUTH_SOCK": str(folder / "agent.sock")})
    assert done.returncode == 1, done
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["(RSA)", "(ED25519)", "identities."]
    assert done.stderr.splitlines()[:2] == ["Identity added: /root/.ssh/id_rsa (test)",
                                            "Identity added: /root/.ssh/id_ed25519 (test)"]


# --- agents that lie ---

def text(data):
    return struct.pack(">I", len(data)) + data


class OddAgent(harness.Service):
    """Answers each request with the same bytes."""

    def __init__(self, path, answer):
        self.answer, self.asked = answer, []
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(10)
        super().__init__(self.talk, listener)

    def talk(self, c):
        c.settimeout(harness.TIMEOUT)
        while head := c.recv(4, socket.MSG_WAITALL):
            self.asked.append(c.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL))
            c.sendall(self.answer)


@pytest.mark.parametrize("answer", [
    b"\0\0\0\0", b"\xff\xff\xff\xff", text(b"\5"), text(b"\x0c"), text(b"\x0c\xff\xff\xff\xff"),
    text(b"\x0c\0\0\0\2" + text(b"x") + text(b"y")), text(b"\x1d" + text(b"other")), text(b"\x0e\0\0\0\x09x")],
    ids=range(8))
def test_answers_that_make_no_sense_are_errors(add, folder, keys, answer):
    agent = OddAgent(folder / "odd.sock", answer)
    env = {"SSH_AUTH_SOCK": str(folder / "odd.sock")}
    try:
        add("-l", status=1, env=env)
        add("-T", keys / "rsa.pub", status=1, env=env)
        add("-Q", status=255, env=env)
        add("-D", status=1, env=env)
    finally:
        agent.stop()


def test_comments_of_an_agent_do_nothing_to_a_terminal(add, folder, keys):
    blob = base64.b64decode((keys / "ed25519.pub").read_text().split()[1])
    agent = OddAgent(folder / "odd.sock", text(b"\x0c\0\0\0\2" + text(b"\0\0\0\1x") + text(b"") + text(blob) +
                                               text(b"a\nb\x1b[2J")))
    env = {"SSH_AUTH_SOCK": str(folder / "odd.sock")}
    try:
        assert add("-L", env=env)[0].endswith(" a?b?[2J")
        assert r" a\nb\033[2J (ED25519)" in add("-l", env=env)[0]
    finally:
        agent.stop()


def test_a_key_of_a_token_goes_to_an_agent_that_can_use_it(add, folder, keys):
    """A file of ssh-keygen -t ed25519-sk has no private key in it, but a handle for the token."""
    public = base64.b64decode((keys / "ed25519.pub").read_text().split()[1])[15:]
    kind = text(b"sk-ssh-ed25519@openssh.com")
    section = kind + public + text(b"ssh:") + b"\1" + text(b"handle") + text(b"")
    private = b"\1\2\3\4" * 2 + section + text(b"my token")
    private += bytes(range(1, 1 + -len(private) % 8))
    whole = b"openssh-key-v1\0" + text(b"none") + text(b"none") + text(b"") + b"\0\0\0\1" + \
        text(kind + public + text(b"ssh:")) + text(private)
    path = folder / "token"
    path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.encodebytes(whole).decode() +
                    "-----END OPENSSH PRIVATE KEY-----\n")
    path.chmod(0o600)
    assert add(path, status=1) == [f'Could not add identity "{path}": agent refused operation']
    agent = OddAgent(folder / "odd.sock", text(b"\6"))
    try:
        assert add(path, env={"SSH_AUTH_SOCK": str(folder / "odd.sock")}) == [f"Identity added: {path} (my token)"]
        assert agent.asked == [b"\x19" + section + text(b"my token") + b"\xff" + text(b"sk-provider@openssh.com") +
                               text(b"internal")]
    finally:
        agent.stop()
