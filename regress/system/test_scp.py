# SPDX-License-Identifier: ISC
"""scp against our sshd, against other sides that lie, and when it is ended."""
import filecmp
import os
import shutil
import signal
import stat
import subprocess

import pytest

import harness
from harness import run, wait_until

SCP = os.path.join(harness.BINDIR, "scp")
SFTP_SERVER = "/usr/lib/openssh/sftp-server"


def make_tree(folder):
    """A folder with files of several sizes, modes and times in it."""
    os.makedirs(folder / "sub")
    for name, size in (("empty", 0), ("small", 5), ("sub/large", 3_000_001)):
        (folder / name).write_bytes(os.urandom(size))
    os.chmod(folder / "small", 0o640)
    os.utime(folder / "sub/large", (1_000_000_000, 1_000_000_001))
    os.utime(folder / "sub", (1_000_000_000, 1_000_000_001))
    return folder


def same(a, b):
    found = filecmp.dircmp(a, b)
    assert not found.left_only and not found.right_only and not found.funny_files
    for name in found.common_files:
        assert (a / name).read_bytes() == (b / name).read_bytes(), name
    for name in found.common_dirs:
        same(a / name, b / name)


def test_a_tree_goes_there_and_back_by_both_protocols(servers, folder):
    s = servers(config="Subsystem sftp internal-sftp")
    s.make_key()
    tree = make_tree(folder / "tree")
    there = folder / "there"
    there.mkdir()
    if harness.ROOT:
        shutil.chown(there, harness.USER, harness.USER)
    options = ["-F", "none", "-P", str(s.port), "-i", s.key, "-B", "-o", f"UserKnownHostsFile={s.known_hosts()}", "-o",
               "IdentityAgent=none"]
    host = f"{harness.login_user()}@127.0.0.1"
    for mode in ("-s", "-O"):
        run([SCP, mode, "-rp", *options, str(tree), f"{host}:{there}/{mode}"])
        same(tree, there / mode)
        run([SCP, mode, "-rp", *options, f"{host}:{there}/{mode}", str(folder / f"back{mode}")])
        same(tree, folder / f"back{mode}")
        st = os.stat(folder / f"back{mode}" / "sub" / "large")
        assert st.st_mtime == 1_000_000_001
        assert os.stat(folder / f"back{mode}" / "small").st_mode & 0o7777 == 0o640
        assert os.stat(folder / f"back{mode}" / "sub").st_mtime == 1_000_000_001
        # Between two other machines, which are the same here.
        run([SCP, mode, "-3r", *options, f"{host}:{there}/{mode}", f"{host}:{there}/again{mode}"])
        same(tree, there / f"again{mode}")
    done = run([SCP, *options, f"{host}:{there}/none", str(folder)], check=False)
    assert (done.returncode, done.stderr) == (1, f"scp: {there}/none: No such file or directory\n")
    done = run([SCP, *options, "-i", "/nonexistent", "-o", "IdentitiesOnly=yes", "-o", "PubkeyAuthentication=no", str(tree / "small"),
                f"{host}:x"], check=False)
    assert done.returncode == 255 and done.stderr.endswith("scp: Connection closed\n")


def liar(folder, text):
    """What is run in the place of ssh: sends this, whatever it is asked."""
    path = folder / "liar"
    path.write_text(f"#!/bin/sh\nprintf '{text}'\nexec cat >/dev/null\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("sent, why", [
    ("C0644 5 ../x\\n12345\\0", "unexpected filename"),
    ("C0644 5 ..\\n12345\\0", "unexpected filename"),
    ("D0755 0 .\\n", "unexpected filename"),
    ("C0644 5 .bashrc\\n12345\\0", "filename does not match request"),
    ("D0755 0 f\\n", "received directory without -r"),
    ("C0644 99999999999999999999 f\\n", "not a record of a file"),
    ("E\\n", "end of a folder that did not begin"),
    ("\\n", "unexpected <newline>"),
    ("Welcome to this machine\\n", "not a record of a file"),
])
def test_a_source_that_sends_what_nobody_asked_for_is_left(folder, sent, why):
    (folder / "in").mkdir()
    done = run([SCP, "-O", "-S", liar(folder, sent), "host:f", "."], check=False, cwd=folder / "in")
    assert done.returncode == 1
    assert why in done.stderr
    assert sorted(os.listdir(folder)) == ["in", "liar"] and os.listdir(folder / "in") == []


def test_what_the_other_side_says_is_shown_harmlessly(folder):
    done = run([SCP, "-O", "-S", liar(folder, "\\001scp: \\033[2Jb\\303\\266se\\rx\\n"), "host:f", "."], check=False, cwd=folder)
    assert (done.returncode, done.stderr) == (1, "scp: \\033[2Jböse\\015x\n")


def test_a_source_sets_no_ids_and_sends_no_file_short(folder):
    run([SCP, "-O", "-S", liar(folder, "C6755 1 f\\nx\\0"), "host:f", "."], cwd=folder)
    assert os.stat(folder / "f").st_mode & 0o7000 == 0
    done = run([SCP, "-O", "-S", "/usr/bin/false", "host:f", "."], check=False, cwd=folder)
    assert done.returncode == 1
    short = folder / "short"
    short.write_text("#!/bin/sh\nprintf 'C0644 1000 g\\n1234567890'\nhead -c 2 >/dev/null\n")
    short.chmod(0o755)
    done = run([SCP, "-O", "-S", str(short), "host:g", "."], check=False, cwd=folder)
    assert (done.returncode, done.stderr) == (1, "lost connection\n")
    assert os.path.getsize(folder / "g") == 10


def test_a_user_s_home_is_the_server_s_to_know_and_names_are_not(folder):
    (folder / "f").write_text("x")
    user = harness.login_user()
    run([SCP, "-D", SFTP_SERVER, f"x:~{user}/../../../../..{folder}/f", str(folder / "g")])
    assert (folder / "g").read_text() == "x"
    done = run([SCP, "-D", SFTP_SERVER, "x:~nobody-of-this-name/f", str(folder / "h")], check=False)
    assert done.returncode == 1 and not os.path.exists(folder / "h")


def test_a_file_that_is_copied_to_itself_or_over_a_longer_one(folder):
    data = os.urandom(700_000)
    f, longer = folder / "f", folder / "longer"
    f.write_bytes(data)
    for words in ([str(f), f"x:{f}"], [f"x:{f}", str(f)], [str(f), f"x:{longer}"], [f"x:{f}", str(longer)]):
        longer.write_bytes(bytes(900_000))
        run([SCP, "-D", SFTP_SERVER, *words])
        assert f.read_bytes() == data
        assert words[1].removeprefix("x:") == str(f) or longer.read_bytes() == data
    for target in (f, longer):
        longer.write_bytes(bytes(900_000))
        run([SCP, "-3", "-D", SFTP_SERVER, f"x:{f}", f"y:{target}"])
        assert target.read_bytes() == data
    run([SCP, "-D", SFTP_SERVER, str(f), "x:/dev/null"])
    run([SCP, "-D", SFTP_SERVER, f"x:{f}", "/dev/null"])


def test_no_program_is_taken_from_the_folder_that_we_are_in(folder):
    (folder / "own").write_text("#!/bin/sh\ntouch was-run\n")
    (folder / "own").chmod(0o755)
    for mode in ("-s", "-O"):
        done = run([SCP, mode, "-S", "own", "host:f", "."], check=False, cwd=folder)
        assert (done.returncode, done.stderr) == (1, "exec: own: No such file or directory\n")
    assert os.listdir(folder) == ["own"]


@pytest.mark.skipif(not harness.ROOT, reason="makes a device")
@pytest.mark.parametrize("mode", ["-s", "-O"])
def test_a_device_that_is_copied_to_keeps_its_mode(folder, mode):
    null = folder / "null"
    (folder / "f").write_text("x")
    os.chmod(folder / "f", 0o444)
    os.mknod(null, stat.S_IFCHR, os.makedev(1, 3))
    os.chmod(null, 0o666)
    try:
        null.write_bytes(b"x")
    except PermissionError:
        pytest.skip("no devices in this file system")
    shell = folder / "shell"
    shell.write_text(f"#!/bin/sh\n[ {mode} = -O ] && exec /usr/bin/scp -p -f {folder}/f\nexec {SFTP_SERVER}\n")
    shell.chmod(0o755)
    done = run([SCP, mode, "-p", "-S", str(shell), f"x:{folder}/f", str(null)], check=False)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(os.stat(null).st_mode) == 0o666


def test_a_full_disk_there_and_here_is_an_error(folder):
    (folder / "f").write_bytes(os.urandom(600_000))
    for words in ([str(folder / "f"), "x:/dev/full"], [f"x:{folder}/f", "/dev/full"]):
        done = run([SCP, "-D", SFTP_SERVER, *words], check=False)
        assert done.returncode == 1 and done.stderr.startswith("scp: write "), done.stderr


@pytest.mark.parametrize("mode", ["-s", "-O"])
def test_who_ends_it_has_a_file_that_is_right_from_its_beginning(folder, mode):
    data = os.urandom(4_000_000)
    (folder / "f").write_bytes(data)
    shell = folder / "shell"
    shell.write_text(f"#!/bin/sh\n[ {mode} = -O ] && exec /usr/bin/scp -f {folder}/f\nexec {SFTP_SERVER}\n")
    shell.chmod(0o755)
    p = subprocess.Popen([SCP, mode, "-l", "4000", "-S", str(shell), f"x:{folder}/f", str(folder / "g")],
                         stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: os.path.exists(folder / "g") and os.path.getsize(folder / "g") > 100_000, "some of the file")
        p.send_signal(signal.SIGTERM)
        assert p.wait(harness.TIMEOUT) == 1
    finally:
        p.kill()
        p.wait()
        p.stderr.close()
    got = (folder / "g").read_bytes()
    assert len(got) < len(data) and data.startswith(got)
