# SPDX-License-Identifier: ISC
"""ssh-keygen: what it makes OpenSSH reads, what OpenSSH makes it reads, and both print the same."""
import os
import pty
import re
import select
import shutil
import stat
import subprocess
import time
from base64 import b64decode, b64encode

import pytest

import harness
import peer_servers
from harness import KEYGEN, run

THEIRS = "/usr/bin/ssh-keygen"
OPENSSH10 = os.path.join(harness.PEERS, "openssh10", "usr", "bin", "ssh-keygen")
PEERS = [THEIRS] + ([OPENSSH10] if os.path.exists(OPENSSH10) else [])
KINDS = [("ed25519", None), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("rsa", 1024), ("rsa", 3072)]
FORMATS = ["RFC4716", "PKCS8", "PEM"]
PASSPHRASES = ["", "two words"]

pytestmark = pytest.mark.skipif(not os.path.exists(THEIRS), reason="no OpenSSH here to compare with")


def ours(*args, check=True, **kwargs):
    return run([KEYGEN, *map(str, args)], check=check, **kwargs)


def theirs(*args, check=True, program=THEIRS, **kwargs):
    return run([program, *map(str, args)], check=check, **kwargs)


def make(program, path, kind, bits, passphrase="", form="RFC4716", comment="a comment"):
    size = ["-b", str(bits)] if bits else []
    rounds = ["-a", "2"] if form == "RFC4716" else []
    return run([program, "-q", "-t", kind, *size, "-N", passphrase, "-C", comment, "-m", form, *rounds,
                "-f", str(path)])


def blob(line):
    """Type and key of a public key line, without its comment."""
    return line.split()[:2]


def same_output(*args, **kwargs):
    a, b = ours(*args, check=False, **kwargs), theirs(*args, check=False, **kwargs)
    assert (a.returncode, a.stdout) == (b.returncode, b.stdout)
    return a


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("passphrase", PASSPHRASES)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind,bits", KINDS)
def test_keys_go_both_ways_in_every_format(tmp_path, kind, bits, form, passphrase, peer):
    if kind == "ed25519" and form == "PKCS8" and peer == THEIRS:
        pytest.skip("OpenSSH 9.2 knows no ed25519 in PKCS#8")
    for maker, reader, name in ((KEYGEN, peer, "ours"), (peer, KEYGEN, "theirs")):
        path = tmp_path / name
        make(maker, path, kind, bits, passphrase, form)
        public = (tmp_path / (name + ".pub")).read_text()
        read = run([reader, "-y", "-P", passphrase, "-f", str(path)]).stdout
        assert blob(read) == blob(public)
        if passphrase:
            done = run([reader, "-y", "-P", "wrong", "-f", str(path)], check=False)
            assert done.returncode == 255
            assert "incorrect passphrase" in done.stderr or "error in libcrypto" in done.stderr
        a, b = run([reader, "-l", "-f", str(path)]), run([maker, "-l", "-f", str(path)])
        assert a.stdout == b.stdout
        assert (path.stat().st_mode & 0o777) == 0o600


@pytest.mark.parametrize("cipher", ["aes128-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
                                    "chacha20-poly1305@openssh.com"])
def test_key_files_encrypted_by_every_cipher(tmp_path, cipher):
    ours("-q", "-t", "ed25519", "-N", "pass", "-a", "2", "-Z", cipher, "-f", tmp_path / "a")
    theirs("-q", "-t", "ed25519", "-N", "pass", "-a", "2", "-Z", cipher, "-f", tmp_path / "b")
    assert theirs("-y", "-P", "pass", "-f", tmp_path / "a").stdout == (tmp_path / "a.pub").read_text()
    assert ours("-y", "-P", "pass", "-f", tmp_path / "b").stdout == (tmp_path / "b.pub").read_text()


@pytest.mark.parametrize("kind,bits", KINDS)
def test_fingerprints_randomart_and_conversions_are_the_same(tmp_path, kind, bits):
    key = tmp_path / "key"
    make(KEYGEN, key, kind, bits)
    for hash_name in ("md5", "sha256", "SHA1", "sha384", "sha512"):
        for path in (key, str(key) + ".pub"):
            same_output("-l", "-E", hash_name, "-f", path)
            same_output("-lv", "-E", hash_name, "-f", path)
    same_output("-B", "-f", str(key) + ".pub")
    same_output("-Bv", "-f", str(key) + ".pub")
    same_output("-r", "host.example", "-f", str(key) + ".pub")
    same_output("-r", "host.example", "-g", "-f", str(key) + ".pub")
    one = {hash_name: ours("-r", "host.example", "-O", f"hashalg={hash_name}", "-f", str(key) + ".pub").stdout
           for hash_name in ("sha1", "SHA256")}
    assert one["sha1"] + one["SHA256"] == ours("-r", "host.example", "-f", str(key) + ".pub").stdout
    if OPENSSH10 in PEERS:
        assert one["sha1"] == theirs("-r", "host.example", "-O", "hashalg=sha1", "-f", str(key) + ".pub",
                                     program=OPENSSH10).stdout
    same_output("-y", "-f", key)
    same_output("-e", "-f", str(key) + ".pub")
    formats = ["RFC4716"] + (["PKCS8"] if kind != "ed25519" else []) + (["PEM"] if kind == "rsa" else [])
    for form in formats:
        exported = same_output("-e", "-m", form, "-f", str(key) + ".pub")
        (tmp_path / "exported").write_text(exported.stdout)
        imported = same_output("-i", "-m", form, "-f", tmp_path / "exported")
        assert same_output("-X", "-m", form, "-f", tmp_path / "exported").stdout == imported.stdout
        assert blob(imported.stdout) == blob((tmp_path / "key.pub").read_text())
    if kind == "ecdsa":
        same_output("-e", "-m", "PEM", "-f", str(key) + ".pub")


def test_fingerprints_of_all_lines_of_authorized_keys_and_known_hosts(tmp_path):
    for name, kind in (("a", "ed25519"), ("b", "ecdsa")):
        make(THEIRS, tmp_path / name, kind, None, comment=f"comment {name}")
    a, b = ((tmp_path / f"{n}.pub").read_text() for n in "ab")
    file = tmp_path / "file"
    file.write_text(f"# c\n\n{a}restrict,command=\"x y \\\"z\\\"\" {b}rubbish\n"
                    f"host,10.0.0.1 {a}[host]:22 {' '.join(blob(b))}\n")
    done = same_output("-l", "-f", file)
    assert len(done.stdout.splitlines()) == 4
    with open(file, encoding="utf-8") as stdin:
        assert run([KEYGEN, "-lf", "-"], stdin=stdin).stdout == done.stdout
    assert run(["bash", "-c", f"{KEYGEN} -lf <(cat {file})"]).stdout == done.stdout
    file.write_text(" ".join(blob(a)) + "\n")
    assert ours("-l", "-f", file).stdout.endswith(" no comment (ED25519)\n")
    file.write_text("nothing\n")
    done = same_output("-l", "-f", file)
    assert done.returncode == 255 and "is not a public key file." in done.stderr


def test_fingerprint_of_an_encrypted_key_needs_no_passphrase(tmp_path):
    make(THEIRS, tmp_path / "key", "ed25519", None, "pass")
    same_output("-l", "-f", tmp_path / "key")
    os.unlink(tmp_path / "key.pub")
    assert "no comment (ED25519)" in same_output("-l", "-f", tmp_path / "key").stdout
    make(THEIRS, tmp_path / "pem", "rsa", 1024, "passphrase", "PEM")
    same_output("-l", "-f", tmp_path / "pem")
    os.unlink(tmp_path / "pem.pub")
    done = same_output("-l", "-f", tmp_path / "pem")
    assert done.returncode == 255 and "is not a key file" in done.stderr


# --- what is printed, and how it ends ---

def test_making_a_key_prints_what_openssh_prints(tmp_path):
    def shape(text):
        text = re.sub(r"SHA256:\S+", "FP", text)
        return re.sub(r"(?m)^\|.{17}\|$", "|ART|", text)
    for args in (["-t", "ed25519"], ["-t", "ecdsa", "-b", "521"], ["-t", "rsa", "-b", "1024"], ["-t", "ED25519"],
                 ["-t", "ecdsa-sha2-nistp384"], ["-t", "ed25519", "-q"]):
        out = []
        for program in (KEYGEN, THEIRS):
            path = tmp_path / "key"
            done = run([program, *args, "-N", "", "-C", "c", "-f", str(path)])
            out.append(shape(done.stdout).replace(args[1], args[1].lower()))
            assert (path.stat().st_mode & 0o777) == 0o600
            assert (tmp_path / "key.pub").stat().st_mode & 0o777 == 0o644
            os.unlink(path)
            os.unlink(tmp_path / "key.pub")
        if not args[1].startswith("ecdsa-"):
            assert out[0] == out[1]


def test_a_key_is_overwritten_only_when_told_so(tmp_path):
    key = tmp_path / "key"
    make(KEYGEN, key, "ed25519", None)
    before = key.read_bytes()
    for answer, replaced in (("n\n", False), ("", False), ("\n", False), ("y\n", True)):
        done = ours("-t", "ed25519", "-N", "", "-f", key, check=False, input=answer)
        assert f"{key} already exists.\nOverwrite (y/n)? " in done.stdout
        assert done.returncode == (0 if replaced else 1)
        assert (key.read_bytes() != before) == replaced
    assert theirs("-y", "-f", key).stdout == (tmp_path / "key.pub").read_text()


@pytest.mark.parametrize("args,code,message", [
    (["-t", "foo", "-N", "", "-f", "x"], 255, "unknown key type foo"),
    (["-t", "dsa", "-N", "", "-f", "x"], 255, "unknown key type dsa"),
    (["-t", "rsa", "-b", "512", "-N", "", "-f", "x"], 255, "Invalid RSA key length: minimum is 1024 bits"),
    (["-t", "rsa", "-b", "99999", "-N", "", "-f", "x"], 255, "Invalid RSA key length: maximum is 16384 bits"),
    (["-t", "ecdsa", "-b", "100", "-N", "", "-f", "x"], 255,
     "Invalid ECDSA key length: valid lengths are 256, 384 or 521 bits"),
    (["-b", "abc", "-f", "x"], 255, "Bits has bad value abc (invalid)"),
    (["-H", "-l", "-f", "x"], 1, "Cannot use -l with -H or -R."),
    (["-r", "h", "-O", "hashalg=md5", "-f", "/dev/null"], 255, 'Unsupported hash algorithm "md5"'),
    (["-r", "h", "-O", "bogus", "-f", "/dev/null"], 255, 'Invalid option "bogus"'),
    (["-E", "crc", "-l", "-f", "x"], 255, 'Invalid hash algorithm "crc"'),
    (["-Z", "rot13", "-N", "x", "-f", "x"], 255, "Invalid OpenSSH-format cipher 'rot13'"),
    (["-l", "-f", "/nonexistent"], 255, "ssh-keygen: /nonexistent: No such file or directory"),
    (["-y", "-f", "/nonexistent"], 255, "/nonexistent: No such file or directory"),
    (["-p", "-f", "/nonexistent"], 255, "/nonexistent: No such file or directory"),
    (["-t", "ed25519", "-N", "", "-f", "/nonexistent/x"], 1,
     'Saving key "/nonexistent/x" failed: No such file or directory'),
    (["-F", "h", "-f", "/nonexistent"], 255, "Cannot stat /nonexistent: No such file or directory"),
    (["-l", "-R", "h", "-f", "x"], 1, "Cannot use -l with -H or -R."),
    (["-y", "-p", "-f", "x"], 1, "usage: ssh-keygen"),
    (["stray"], 1, "Too many arguments."),
    (["-?"], 1, "ssh-keygen -e"),
])
def test_wrong_use_is_told_with_the_exit_code_of_openssh(tmp_path, args, code, message):
    done = ours(*args, check=False, cwd=tmp_path)
    assert done.returncode == code
    assert message in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_private_key_that_others_can_read_is_refused(tmp_path):
    key = tmp_path / "key"
    make(KEYGEN, key, "ed25519", None)
    os.chmod(key, 0o644)
    for mode in ("-y", "-p", "-c"):
        a = ours(mode, "-f", key, "-N", "", "-C", "x", check=False)
        b = theirs(mode, "-f", key, "-N", "", "-C", "x", check=False)
        assert a.returncode == b.returncode == 255
        assert "UNPROTECTED PRIVATE KEY FILE" in a.stderr
        assert f"Permissions 0644 for '{key}' are too open." in a.stderr
        assert a.stderr == b.stderr
    assert stat.S_IMODE(key.stat().st_mode) == 0o644


def test_passphrase_and_comment_are_changed(tmp_path):
    key = tmp_path / "key"
    make(THEIRS, key, "ed25519", None, "old", comment="before")
    assert "Key has comment 'before'" in ours("-p", "-P", "old", "-N", "new", "-a", "2", "-f", key).stdout
    assert theirs("-y", "-P", "new", "-f", key).stdout == (tmp_path / "key.pub").read_text()
    done = ours("-p", "-P", "old", "-N", "x", "-f", key, check=False)
    assert done.returncode == 255
    assert f"Failed to load key {key}: incorrect passphrase supplied to decrypt private key" in done.stderr
    done = ours("-c", "-P", "new", "-C", "after it", "-f", key)
    assert done.stdout == "Old comment: before\nComment 'after it' applied\n"
    assert (tmp_path / "key.pub").read_text().endswith(" after it\n")
    assert theirs("-y", "-P", "new", "-f", key).stdout == (tmp_path / "key.pub").read_text()
    assert ours("-c", "-P", "new", "-C", "after it", "-f", key).stdout.endswith("No change to comment\n")
    ours("-p", "-P", "new", "-N", "", "-f", key)
    assert theirs("-y", "-P", "", "-f", key).stdout == (tmp_path / "key.pub").read_text()


def test_comments_are_taken_off_and_come_with_another_format(tmp_path):
    key = tmp_path / "key"
    for program in (ours, theirs):
        make(THEIRS, tmp_path / "a", "rsa", 2048, form="PEM")
        os.rename(tmp_path / "a", key)
        assert program("-c", "-C", "new", "-f", key).stdout == "No existing comment\nComment 'new' applied\n"
        assert "BEGIN OPENSSH PRIVATE KEY" in key.read_text()
        assert program("-c", "-C", "", "-f", key).stdout == "Old comment: new\nComment removed\n"
        assert len((tmp_path / "key.pub").read_text().split()) == 2
        before = key.read_text()
        done = program("-c", "-m", "PEM", "-C", "x", "-f", key, check=False)
        assert done.returncode == 1 and "Comments are only supported" in done.stderr
        assert key.read_text() == before


def test_a_new_passphrase_that_is_not_typed_twice_changes_nothing(tmp_path):
    key = tmp_path / "key"
    make(THEIRS, key, "ed25519", None)
    before = key.read_text()
    for program in (KEYGEN, THEIRS):
        done = run(["setsid", "-w", program, "-p", "-f", str(key)], input="one\ntwo\nsame\nsame\n", check=False,
                   env={k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_ASKPASS")})
        assert done.returncode == 1 and "Pass phrases do not match.  Try again.\n" in done.stdout
        assert key.read_text() == before


def test_changing_the_passphrase_converts_to_the_format_asked_for(tmp_path):
    key = tmp_path / "key"
    make(THEIRS, key, "ecdsa", 256)
    for form, header in (("PEM", "BEGIN EC PRIVATE KEY"), ("PKCS8", "BEGIN ENCRYPTED PRIVATE KEY"),
                         ("RFC4716", "BEGIN OPENSSH PRIVATE KEY")):
        new = "p" if form == "PKCS8" else ""
        old = "p" if form == "RFC4716" else ""
        ours("-p", "-P", old, "-N", new, "-m", form, "-f", key)
        assert header in key.read_text()
        assert blob(theirs("-y", "-P", new, "-f", key).stdout) == blob((tmp_path / "key.pub").read_text())


# --- on a terminal ---

class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.pop("SSH_ASKPASS", None)
            os.environ.pop("DISPLAY", None)
            os.execv(command[0], command)
        self.seen = ""

    def expect(self, text, timeout=30):
        end = time.monotonic() + timeout
        while text not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            try:
                data = os.read(self.fd, 4096) if ready else b""
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"{text!r} did not come: {self.seen!r}")
            self.seen += data.decode()
        before, self.seen = self.seen.split(text, 1)
        return before

    def send(self, text):
        os.write(self.fd, text.encode())

    def wait(self):
        try:
            while select.select([self.fd], [], [], 30)[0]:
                data = os.read(self.fd, 4096)
                if not data:
                    break
                self.seen += data.decode()
        except OSError:
            pass
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_passphrases_are_asked_for_without_echo_and_twice(tmp_path):
    key = tmp_path / "key"
    t = Terminal([KEYGEN, "-t", "ed25519", "-a", "2", "-f", str(key)])
    t.expect(f'Enter passphrase for "{key}" (empty for no passphrase): ')
    t.send("secret one\n")
    t.expect("Enter same passphrase again: ")
    t.send("secret two\n")
    t.expect("Passphrases do not match.  Try again.")
    t.expect("(empty for no passphrase): ")
    t.send("secret one\n")
    shown = t.expect("Enter same passphrase again: ")
    t.send("secret one\n")
    assert t.wait() == 0
    assert "secret" not in shown + t.seen
    assert theirs("-y", "-P", "secret one", "-f", key).stdout == (tmp_path / "key.pub").read_text()

    t = Terminal([KEYGEN, "-p", "-a", "2", "-f", str(key)])
    t.expect("Enter old passphrase: ")
    t.send("secret one\n")
    t.expect("Enter new passphrase (empty for no passphrase): ")
    t.send("\n")
    t.expect("Enter same passphrase again: ")
    t.send("\n")
    assert t.wait() == 0
    assert theirs("-y", "-P", "", "-f", key).stdout == (tmp_path / "key.pub").read_text()


def test_without_a_terminal_the_passphrase_comes_from_standard_input(tmp_path):
    key = tmp_path / "key"
    run(["setsid", "-w", KEYGEN, "-q", "-t", "ed25519", "-a", "2", "-f", str(key)], input="pass\npass\n",
        env={k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_ASKPASS")})
    assert theirs("-y", "-P", "pass", "-f", key).stdout == (tmp_path / "key.pub").read_text()


# --- known_hosts ---

@pytest.fixture
def hosts(tmp_path):
    for name, kind in (("a", "ed25519"), ("b", "ecdsa"), ("c", "rsa")):
        make(THEIRS, tmp_path / name, kind, None)
    a, b, c = (" ".join(blob((tmp_path / f"{n}.pub").read_text())) for n in "abc")
    file = tmp_path / "known_hosts"
    file.write_text(f"# comment\n\nhost1,10.0.0.1 {a} my comment\n@cert-authority *.example.com,host1 {b} ca\n"
                    f"@revoked host1 {c}\n*.wild {a}\n[host1]:2222 {b}\nhost2 {c}\n\nHOST3 {a} up\n!neg,*.neg {b}\n")
    return file


def test_finding_hosts_prints_what_openssh_prints(hosts):
    for name in ("host1", "10.0.0.1", "x.example.com", "[host1]:2222", "nobody", "HOST1", "host3", "a.wild", "neg",
                 "a.neg", ""):
        for extra in ([], ["-l"], ["-lv"], ["-q"], ["-l", "-E", "md5"]):
            done = same_output("-F", name, *extra, "-f", hosts)
            assert done.returncode in (0, 1)


def test_hashed_hosts_are_found_by_both(hosts):
    text = hosts.read_text()
    for hasher, finder in ((ours, theirs), (theirs, ours)):
        hosts.write_text(text)
        done = hasher("-H", "-f", hosts)
        assert "Original contents retained as" in done.stdout
        assert (hosts.parent / "known_hosts.old").read_text() == text
        assert "host2" not in hosts.read_text() and "*.wild" in hosts.read_text()
        for name in ("host1", "10.0.0.1", "[host1]:2222", "host2", "host3", "a.wild"):
            assert finder("-F", name, "-f", hosts).returncode == 0
        assert finder("-F", "host4", "-f", hosts, check=False).returncode == 1
        finder("-R", "host2", "-f", hosts)
        assert finder("-F", "host2", "-f", hosts, check=False).returncode == 1


def test_removing_a_host_gives_the_same_file(hosts):
    text = hosts.read_text()
    for name, *quiet in (("host1",), ("host1", "-q"), ("[host1]:2222",), ("host3",), ("nobody",), ("a.wild",)):
        results = []
        for remover in (ours, theirs):
            hosts.write_text(text)
            old = hosts.parent / "known_hosts.old"
            old.unlink(missing_ok=True)
            done = remover("-R", name, *quiet, "-f", hosts)
            results.append((done.returncode, done.stdout, hosts.read_text(), old.exists()))
        assert results[0] == results[1]


def test_a_malformed_file_is_left_alone(hosts):
    with open(hosts, "a", encoding="utf-8") as f:
        f.write("bad line\n")
    text = hosts.read_text()
    for args in (["-R", "host1"], ["-H"]):
        done = ours(*args, "-f", hosts, check=False)
        assert done.returncode == 1
        assert f"{hosts}:12: invalid line" in done.stderr
        assert hosts.read_text() == text


# --- certificates and revocation lists ---

CERT_OPTIONS = [
    ["-n", "alice,bob", "-z", "42", "-V", "20240101:20300101120000"],
    ["-n", "alice", "-V", "always:forever", "-O", "force-command=ls -l", "-O", "source-address=10.0.0.0/8,192.168.1.1"],
    ["-n", "alice", "-V", "20240101Z:forever", "-O", "no-pty", "-O", "verify-required", "-O", "no-touch-required"],
    ["-n", "alice", "-V", "0x10:0x20", "-O", "clear", "-O", "permit-pty"],
    ["-n", "alice", "-V", "always:20300101", "-O", "critical:crit@x=1", "-O", "extension:foo@bar=baz",
     "-O", "extension:flag@x"],
    ["-h", "-n", "h.example.com,*.wild", "-V", "20240101:20300101", "-z", "18446744073709551615"],
    ["-O", "permit-pty", "-h", "-n", "h", "-O", "force-command=false", "-O", "critical:c@x"],
    [],
]


@pytest.mark.parametrize("options", CERT_OPTIONS)
@pytest.mark.parametrize("ca_kind", ["ed25519", "ecdsa", "rsa"])
def test_certificates_go_both_ways(tmp_path, ca_kind, options):
    make(THEIRS, tmp_path / "ca", ca_kind, 2048 if ca_kind == "rsa" else None)
    make(THEIRS, tmp_path / "user", "ecdsa", None, comment="whose key")
    shown = []
    for program in (KEYGEN, THEIRS):
        done = run([program, "-s", "ca", "-I", "an id", *options, "user.pub"], cwd=tmp_path)
        assert (tmp_path / "user-cert.pub").read_text().endswith(" whose key\n")
        a = same_output("-L", "-f", "user-cert.pub", cwd=tmp_path)
        assert a.returncode == 0
        same_output("-l", "-f", "user-cert.pub", cwd=tmp_path)
        shown.append((a.stdout, done.stderr))
    assert shown[0] == shown[1]


def test_a_certificate_that_nobody_has_signed_is_not_shown(tmp_path):
    make(THEIRS, tmp_path / "ca", "ed25519", None)
    make(THEIRS, tmp_path / "user", "ed25519", None)
    theirs("-q", "-s", "ca", "-I", "id", "-n", "u", "user.pub", cwd=tmp_path)
    kind, text = (tmp_path / "user-cert.pub").read_text().split()[:2]
    changed = b64decode(text).replace(b"\0\0\0\1u", b"\0\0\0\1r")
    (tmp_path / "user-cert.pub").write_text(f"{kind} {b64encode(changed).decode()}\n")
    done = same_output("-L", "-f", "user-cert.pub", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "user-cert.pub:1: invalid key: incorrect signature\n"


def test_the_name_of_a_private_key_will_do_to_sign_the_public_one(tmp_path):
    make(THEIRS, tmp_path / "ca", "ed25519", None)
    make(THEIRS, tmp_path / "user", "ed25519", None, comment="whose key")
    shown = []
    for program in (KEYGEN, THEIRS):
        run([program, "-q", "-s", "ca", "-I", "x", "-n", "u", "user"], cwd=tmp_path)
        shown.append((tmp_path / "user-cert.pub").read_text().split(" ", 2)[2])
    assert shown == ["whose key\n"] * 2
    # Its own file shows the public half, too; only the comment is not in clear.
    (tmp_path / "user.pub").unlink()
    for program in (KEYGEN, THEIRS):
        run([program, "-q", "-s", "ca", "-I", "x", "-n", "u", "user"], cwd=tmp_path)
        assert "user" in same_output("-L", "-f", "user-cert.pub", cwd=tmp_path).stdout


def test_serial_numbers_count_and_several_files_are_signed(tmp_path):
    make(THEIRS, tmp_path / "ca", "ed25519", None)
    for name in ("a", "b"):
        make(THEIRS, tmp_path / name, "ed25519", None)
    done = ours("-s", "ca", "-I", "x", "-n", "u", "-z", "+7", "a.pub", "b.pub", cwd=tmp_path)
    assert "serial 7 " in done.stderr and "serial 8 " in done.stderr
    assert "Serial: 8" in theirs("-L", "-f", "b-cert.pub", cwd=tmp_path).stdout


def test_an_interval_from_now_is_right(tmp_path):
    make(THEIRS, tmp_path / "ca", "ed25519", None)
    before = time.time()
    ours("-s", "ca", "-I", "x", "-n", "u", "-V", "-1d:+1h", "ca.pub", cwd=tmp_path)
    shown = theirs("-L", "-f", "ca-cert.pub", cwd=tmp_path).stdout
    start, end = (time.mktime(time.strptime(t, "%Y-%m-%dT%H:%M:%S"))
                  for t in re.search(r"Valid: from (\S+) to (\S+)", shown).groups())
    assert abs(start + 86400 - before) < 30 and abs(end - 3600 - before) < 30
    ours("-s", "ca", "-I", "x", "-n", "u", "-V", "+52w", "ca.pub", cwd=tmp_path)
    shown = theirs("-L", "-f", "ca-cert.pub", cwd=tmp_path).stdout
    start = time.mktime(time.strptime(re.search(r"Valid: from (\S+)", shown).group(1), "%Y-%m-%dT%H:%M:%S"))
    assert 0 <= time.time() - start < 150


@pytest.mark.parametrize("args,code,message", [
    (["-s", "ca"], 1, "Too few arguments."),
    (["-s", "ca", "u.pub"], 255, "Must specify key id (-I) when certifying"),
    (["-s", "ca", "-I", "x", "-V", "bad", "u.pub"], 255, "Invalid certificate life specification bad"),
    (["-s", "ca", "-I", "x", "-V", "-1d", "u.pub"], 255, "Invalid certificate life specification -1d"),
    (["-s", "ca", "-I", "x", "-V", "20300101:20240101", "u.pub"], 255, "Empty certificate validity interval"),
    (["-s", "ca", "-I", "x", "-O", "bogus", "u.pub"], 255, 'Unsupported certificate option "bogus"'),
    (["-s", "ca", "-I", "x", "-O", "source-address=foo", "u.pub"], 255, "Invalid source-address list"),
    (["-s", "ca", "-I", "x", "-O", "source-address=10.0.0.1/8", "u.pub"], 255, "Invalid source-address list"),
    (["-s", "ca", "-I", "x", "-O", "force-command=a", "-O", "force-command=b", "u.pub"], 255,
     "force-command already specified"),
    (["-s", "ca", "-I", "x", "-n", "a,,b", "u.pub"], 255, "Empty principal name"),
    (["-s", "ca", "-I", "x", "-z", "foo", "u.pub"], 255, 'Invalid serial number "foo"'),
    (["-s", "ca", "-I", "x", "-t", "rsa-sha2-512", "u.pub"], 255,
     "CA key type ssh-ed25519 doesn't match specified rsa-sha2-512"),
    (["-s", "nofile", "-I", "x", "u.pub"], 255, 'Load key "nofile": No such file or directory'),
    (["-s", "ca", "-I", "x", "nofile.pub"], 255, 'load pubkey "nofile.pub": No such file or directory'),
    (["-L", "-f", "u.pub"], 1, "u.pub:1 is not a certificate"),
    (["-Q", "u.pub"], 255, "KRL checking requires an input file"),
    (["-Q", "-f", "nofile", "u.pub"], 255, "Unable to load KRL nofile: No such file or directory"),
])
def test_wrong_use_of_certificates_is_told(tmp_path, args, code, message):
    make(THEIRS, tmp_path / "ca", "ed25519", None)
    make(THEIRS, tmp_path / "u", "ed25519", None)
    done = ours(*args, check=False, cwd=tmp_path)
    assert (done.returncode, message in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "u-cert.pub").exists()


def test_revocation_lists_of_openssh_are_understood(tmp_path):
    make(THEIRS, tmp_path / "ca", "ed25519", None)
    for i, name in enumerate("abcd"):
        make(THEIRS, tmp_path / name, "ed25519", None)
        theirs("-q", "-s", "ca", "-I", f"id {name}", "-n", "u", "-z", i + 1, f"{name}.pub", cwd=tmp_path)
    (tmp_path / "spec").write_text("serial: 1\nid: id b\nsha256: " + (tmp_path / "c.pub").read_text())
    theirs("-q", "-k", "-f", "krl", "-s", "ca.pub", "spec", cwd=tmp_path)
    names = [f"{n}{suffix}.pub" for n in "abcd" for suffix in ("", "-cert")]
    done = same_output("-Q", "-f", "krl", *names, cwd=tmp_path)
    assert done.returncode == 1
    assert [line.endswith("REVOKED") for line in done.stdout.splitlines()] == \
        [False, True, False, True, True, True, False, False]
    assert same_output("-Q", "-f", "krl", "d.pub", cwd=tmp_path).returncode == 0
    (tmp_path / "text").write_text((tmp_path / "a.pub").read_text())
    done = ours("-Q", "-f", "text", "a.pub", "b.pub", check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout.split("\n")[1].endswith(": ok")) == (1, True)


# What is to be revoked, and whether the CA is named with it.
KRL_SPECS = [
    ("serial: 1\n", "ca.pub"),
    ("serial: 1-3 # many\n\n# nothing\nSERIAL: 0x6\n  id: id 4\n", "ca.pub"),
    ("".join(f"serial: {n}\n" for n in (*range(2, 300, 3), 5000, 6000, 2 ** 64 - 1)), "ca.pub"),
    ("serial: 2\nid: id 3\nid:id 4", "none"),
    ("id: CORP\\alice\n", "ca.pub"),
    ("serial: 2-18446744073709551615\n", "other.pub"),
    ("key: {k1}\nsha1: {k2}\nsha256:{k3}\nhash: {fp4}\n", None),
    ("{k1}\n{cert2}\nkey: {cert3}\nsha256: {cert4}\n", None),
    ("{cert0}\n", None),
    ("", None),
]


@pytest.fixture
def certified(tmp_path):
    """Keys 0 to 6 and their certificates with these serial numbers, by ca; a CA of another name."""
    for name, kind in (("ca", "ed25519"), ("other", "ecdsa")):
        make(THEIRS, tmp_path / name, kind, None)
    for i in range(7):
        make(THEIRS, tmp_path / f"k{i}", "ed25519", None)
        theirs("-q", "-s", "ca", "-I", f"id {i}" if i else "", "-n", "u", "-z", i, f"k{i}.pub", cwd=tmp_path)
    return tmp_path


def krl_spec(folder, text):
    names = {}
    for i in range(7):
        names[f"k{i}"] = (folder / f"k{i}.pub").read_text().strip()
        names[f"cert{i}"] = (folder / f"k{i}-cert.pub").read_text().strip()
        names[f"fp{i}"] = theirs("-l", "-f", f"k{i}.pub", cwd=folder).stdout.split()[1]
    (folder / "spec").write_text(text.format(**names))
    return "spec"


def krl_listing(text):
    """OpenSSH shows hashes in hexadecimal, which it does not take itself; the time of making may differ."""
    def base64(match):
        return "SHA256:" + b64encode(bytes.fromhex(match.group(1))).decode().rstrip("=")
    return re.sub(r"(?m)SHA256:([0-9a-f]{64})$", base64, re.sub(r"Generated at \d{8}T\d{6}\n", "", text))


@pytest.mark.parametrize("peer", PEERS)
def test_revocation_lists_go_both_ways(certified, peer):
    asked = [f"k{i}{suffix}.pub" for i in range(7) for suffix in ("", "-cert")] + ["ca.pub"]
    for text, ca in KRL_SPECS:
        args = ["-z", "7", *(["-s", ca] if ca else []), krl_spec(certified, text)]
        made = [run([program, "-k", "-f", name, *args], cwd=certified).stdout
                for program, name in ((KEYGEN, "ours"), (peer, "theirs"))]
        assert made[0] == made[1] == "Revoking from spec\n"
        assert (certified / "ours").stat().st_size <= (certified / "theirs").stat().st_size
        answers = [run([program, "-Q", "-f", name, *asked], cwd=certified, check=False)
                   for program in (KEYGEN, peer) for name in ("ours", "theirs")]
        assert len({(a.returncode, a.stdout) for a in answers}) == 1
        assert answers[0].returncode == (1 if "REVOKED" in answers[0].stdout else 0)
        listings = {krl_listing(run([program, "-Q", "-l", "-f", name], cwd=certified).stdout)
                    for program in (KEYGEN, peer) for name in ("ours", "theirs")}
        assert len(listings) == 1, listings
        assert listings.pop().startswith("# KRL version 7\n")


def test_a_revocation_list_is_added_to_by_both(certified):
    for first, second in ((ours, theirs), (theirs, ours)):
        krl_spec(certified, "serial: 1-3\nsha256: {k6}\n")
        first("-q", "-k", "-f", "krl", "-s", "ca", "-z", "4", "spec", cwd=certified)
        krl_spec(certified, "serial: 3-5\n{k6}\n")
        second("-q", "-k", "-u", "-f", "krl", "-s", "ca.pub", "spec", cwd=certified)
        listing = ours("-Q", "-l", "-f", "krl", cwd=certified).stdout
        assert "# KRL version 4\n" in listing and "serial: 1-5\n" in listing and listing.count("hash: ") == 2
        first("-q", "-k", "-u", "-f", "krl", "-z", "9", cwd=certified)
        assert all("# KRL version 9\n" in program("-Q", "-l", "-f", "krl", cwd=certified).stdout
                   for program in (ours, theirs))


def test_what_a_list_shows_makes_the_same_list(certified):
    theirs("-q", "-s", "ca", "-I", "a\\b", "-n", "u", "k5.pub", cwd=certified)
    krl_spec(certified, "id: a\\b\nsha256: {k2}\n{k3}\n{cert4}\nid: a#b\nserial: 7-2000\n")
    ours("-q", "-k", "-f", "one", "-s", "ca.pub", "spec", cwd=certified)
    shown = ours("-Q", "-l", "-f", "one", cwd=certified).stdout
    done = ours("-k", "-f", "two", "-s", "ca.pub", "-", cwd=certified, input=shown)
    assert done.stdout == "Revoking from (standard input)\n"
    ours("-q", "-k", "-u", "-f", "two", "k3.pub", cwd=certified)
    for key in ("k2", "k3", "k4", "k4-cert", "k5", "k5-cert"):
        answers = [ours("-Q", "-f", name, f"{key}.pub", check=False, cwd=certified).stdout for name in ("one", "two")]
        assert answers[0] == answers[1] and ("REVOKED" in answers[0]) == (key not in ("k4", "k5"))


def test_a_list_is_replaced_as_a_whole_and_keeps_its_mode(certified):
    krl = certified / "krl"
    ours("-q", "-k", "-f", krl, certified / "k1.pub")
    assert stat.S_IMODE(krl.stat().st_mode) == 0o644
    krl.chmod(0o600)
    before = krl.read_bytes()
    (certified / "bad").write_text((certified / "k2.pub").read_text() + "serial: 0\n")
    done = ours("-q", "-k", "-f", krl, "-s", certified / "ca.pub", certified / "bad", check=False)
    assert done.returncode == 255 and done.stderr == f"{certified}/bad:2: serial out of range\n"
    assert krl.read_bytes() == before
    ours("-q", "-k", "-f", krl, certified / "k2.pub")
    assert stat.S_IMODE(krl.stat().st_mode) == 0o600 and krl.read_bytes() != before


@pytest.mark.parametrize("version", ["9.2"] + (["10.0"] if os.path.exists(OPENSSH10) else []))
def test_sshd_of_openssh_refuses_what_our_lists_revoke(folder, certified, version):
    krl = certified / "krl"
    os.chmod(certified / "ca.pub", 0o644)

    def revoke(text):
        krl_spec(certified, text)
        ours("-q", "-k", "-f", krl, "-s", "ca.pub", "spec", cwd=certified)

    revoke("")
    # Refused logins are what this is about.
    config = f"RevokedKeys {krl}\nTrustedUserCAKeys {certified}/ca.pub" + \
        ("" if version == "9.2" else "\nPerSourcePenalties no")
    server = peer_servers.OpenSSH(folder / "peer", config, version=version)
    try:
        theirs("-q", "-s", certified / "ca", "-I", "the id", "-n", server.user, "-z", "7", server.key + ".pub")
        certificate = ["-o", f"CertificateFile={server.key}-cert.pub"]
        shutil.copy(server.key + ".pub", certified / "k6.pub")

        def login(options):
            return run(server.ssh("exit 7", options=options), check=False).returncode

        assert login([]) == 7
        revoke("sha256: {k5}\n{k4}\n")
        assert login([]) == 7
        for text in ("{k6}\n", "sha1: {k6}\n", "sha256: {k6}\n", "hash: {fp6}\n"):
            revoke(text)
            assert login([]) == 255
        # Only the certificate is to open the account.
        (folder / "peer" / "authorized_keys").write_text("")
        revoke("serial: 8-20\nid: another\n")
        assert login(certificate) == 7
        for text in ("serial: 7\n", "serial: 1-20\n", "serial: 5\nserial: 7\nserial: 9\nserial: 11\nserial: 12\n",
                     "id: the id\n", "{k6}\n"):
            revoke(text)
            assert login(certificate) == 255
    finally:
        server.stop()


@pytest.mark.parametrize("args,message", [
    (["-k", "k1.pub"], "KRL generation requires an output file"),
    (["-k", "-u", "-f", "nofile", "k1.pub"], 'KRL "nofile" does not exist'),
    (["-k", "-u", "-f", "k1.pub", "k1.pub"], "Invalid KRL file k1.pub: KRL file has invalid magic number"),
    (["-k", "-f", "out", "nofile"], "nofile: No such file or directory"),
    (["-k", "-f", "out", "k1"], "k1:1: invalid key: invalid format"),
    (["-k", "-f", "out", "-s", "nofile", "k1.pub"], "Cannot load CA public key nofile: No such file or directory"),
    (["-k", "-f", "out", "-s", "k1-cert.pub", "k1.pub"], "Cannot load CA public key k1-cert.pub"),
    (["-k", "-f", "nodir/out", "k1.pub"], "write nodir/out: No such file or directory"),
    (["-k", "-f", "out", "-z", "x", "k1.pub"], 'Invalid serial number "x"'),
    (["-k", "-f", "out", "serials"], "revoking certificates by serial number requires specification of a CA key"),
    (["-k", "-f", "out", "ids"], "revoking certificates by key ID requires specification of a CA key"),
    (["-Q", "-l"], "KRL checking requires an input file"),
    (["-Q", "-l", "-f", "k1.pub"], "Invalid KRL file k1.pub: KRL file has invalid magic number"),
])
def test_wrong_use_of_revocation_lists_is_told(certified, args, message):
    (certified / "serials").write_text("serial: 1\n")
    (certified / "ids").write_text("id: 1\n")
    done = ours(*args, check=False, cwd=certified)
    assert (done.returncode, message in done.stderr) == (255, True), done.stderr
    assert not (certified / "out").exists()


# --- host keys, and disks that are full ---

def test_all_host_keys_are_made_and_existing_ones_kept(tmp_path):
    listing = run(["strings", KEYGEN]).stdout if harness.have("strings") else ""
    confdir = re.search(r"(/\S+)/ssh_host_%s_key", listing)
    if confdir is None:
        pytest.skip("cannot tell where host keys live")
    folder = tmp_path / confdir.group(1).split("%s")[-1].lstrip("/")
    folder.mkdir(parents=True)
    (folder / "ssh_host_rsa_key").write_text("mine")
    (folder / "ssh_host_ecdsa_key").write_text("")
    done = ours("-A", "-f", tmp_path)
    assert done.stdout == "ssh-keygen: generating new host keys: ECDSA ED25519 \n"
    assert (folder / "ssh_host_rsa_key").read_text() == "mine"
    for kind in ("ecdsa", "ed25519"):
        assert theirs("-y", "-f", folder / f"ssh_host_{kind}_key").stdout == \
            (folder / f"ssh_host_{kind}_key.pub").read_text()
    assert ours("-A", "-f", tmp_path).stdout == ""


@pytest.mark.skipif(not harness.ROOT, reason="needs root")
def test_a_full_disk_leaves_nothing_partial(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(disk)], check=False).returncode != 0:
        pytest.skip("cannot mount")
    try:
        # Room for the private key, none for the public one: neither stays.
        done = ours("-t", "ed25519", "-N", "", "-f", disk / "key", check=False)
        assert done.returncode == 1
        assert f"Unable to save public key to {disk}/key.pub: No space left on device" in done.stderr
        assert os.listdir(disk) == []
        (disk / "filler").write_bytes(b"x" * 4096)
        done = ours("-t", "ed25519", "-N", "", "-f", disk / "key", check=False)
        assert done.returncode == 1
        assert f'Saving key "{disk}/key" failed: No space left on device' in done.stderr
        assert os.listdir(disk) == ["filler"]
    finally:
        subprocess.run(["umount", str(disk)], check=False)


PEM_CIPHERS = ["aes128", "aes192", "aes256", "des3", "camellia128", "camellia192", "camellia256", "aria128", "aria192", "aria256"]
PKCS8_CIPHERS = ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des3", "camellia256", "aria-256-cbc"]
PKCS8_PRFS = ["hmacWithMD5", "hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512"]


def test_key_files_of_openssl_are_read_whatever_they_are_encrypted_with(tmp_path):
    """libcrypto finds their ciphers by name, in a table of which we fill in only these."""
    key, locked = str(tmp_path / "key"), str(tmp_path / "locked")
    run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key])
    os.chmod(key, 0o600)
    public = ours("-y", "-f", key).stdout
    pkcs8 = ["openssl", "pkcs8", "-topk8", "-in", key, "-passout", "pass:hello", "-out", locked]
    makers = [["openssl", "ec", "-in", key, "-" + c, "-passout", "pass:hello", "-out", locked] for c in PEM_CIPHERS]
    makers += [[*pkcs8, "-v2", c] for c in PKCS8_CIPHERS] + [[*pkcs8, "-v2prf", p] for p in PKCS8_PRFS]
    makers += [[*pkcs8, "-v1", "PBE-SHA1-3DES"], [*pkcs8, "-scrypt"]]
    for maker in makers:
        run(maker)
        os.chmod(locked, 0o600)
        assert ours("-y", "-P", "hello", "-f", locked).stdout == public, maker


def test_a_key_that_was_read_with_one_cipher_is_written_with_another(tmp_path):
    """Whichever cipher a process has used first: libcrypto keeps what it found then."""
    key = str(tmp_path / "key")
    ours("-q", "-t", "ecdsa", "-N", "one", "-Z", "aes256-gcm@openssh.com", "-f", key)
    public = ours("-y", "-P", "one", "-f", key).stdout
    for old, new, kind in (("one", "two", "PKCS8"), ("two", "one", "RFC4716"), ("one", "two", "PEM"), ("two", "one", "PKCS8")):
        ours("-q", "-p", "-P", old, "-N", new, "-m", kind, "-f", key)
        assert ours("-y", "-P", new, "-f", key).stdout.split()[:2] == public.split()[:2]
        if kind != "RFC4716":
            run(["openssl", "pkey", "-in", key, "-passin", "pass:" + new, "-noout"])
