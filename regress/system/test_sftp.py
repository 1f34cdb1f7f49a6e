# SPDX-License-Identifier: ISC
"""sftp: batches and their ends, the terminal, and what servers send."""
import os
import shutil

import pexpect
import pytest

import harness
from harness import run, wait_until

SFTP = os.path.join(harness.BINDIR, "sftp")
SFTP_SERVER = "/usr/lib/openssh/sftp-server"


def batch(folder, lines, check=True, options=(), **kwargs):
    return run([SFTP, "-D", SFTP_SERVER, "-b", "-", *options], input=lines, check=check, cwd=folder, **kwargs)


def test_a_batch_does_all_that_it_says(folder):
    here, there = folder / "here", folder / "there"
    here.mkdir()
    there.mkdir()
    (here / "a b").write_text("1")
    (here / "c").write_bytes(os.urandom(700_000))
    (here / "star*").write_text("2")
    done = batch(here, f"""# what is quoted is one word
cd {there}
mkdir "new folder"
put 'a b' "new folder"/x
put *
get c back
get 'star*' star
rename c d
ln -s d link
ln d hard
chmod 600 d
chmod 640 h*
@mkdir silent
-rm nothing
!printf 'from the shell\\n'
put -r {here} tree
get -r tree again
rm ./a\\ b
reget d back
lmkdir l
lcd l
lpwd
pwd
ls -1
df
version
""")
    assert sorted(os.listdir(there)) == ["d", "hard", "link", "new folder", "silent", "star*", "tree"]
    assert (here / "back").read_bytes() == (here / "c").read_bytes() == (there / "d").read_bytes()
    assert (here / "star").read_text() == "2" and (there / "new folder/x").read_text() == "1"
    assert os.stat(there / "d").st_mode & 0o777 == 0o640 and os.readlink(there / "link") == "d"
    assert (here / "again/star*").read_text() == "2" and not os.path.exists(there / "c")
    out = done.stdout.splitlines()
    assert "sftp> @mkdir silent" not in out and "from the shell" in out and "SFTP protocol version 3" in out
    assert f"Local working directory: {here}/l" in out and f"Remote working directory: {there}" in out
    assert out[out.index("sftp> ls -1") + 1:][:3] == ["d", "hard", "link"]
    assert done.stderr == f'remote delete {there}/nothing: No such file or directory\n'


@pytest.mark.parametrize("line, why", [
    ("get none", 'File "{}/none" not found.'),
    ("put none", "stat none: No such file or directory"),
    ("cd none", "stat remote: No such file or directory"),
    ("rmdir none", 'remote rmdir "{}/none": No such file or directory'),
    ("ls none", "Can't ls: \"{}/none\" not found"),
    ("nonsense", "Invalid command."),
    ("get 'x", "Unterminated quoted argument"),
    ("get -Z x", "get: Invalid flag -Z"),
    ("chmod x f", "You must supply a numeric argument to the chmod command."),
    ("rename f", "You must specify two paths after a rename command."),
    ("put f none/f", 'dest open "{}/none/f": No such file or directory'),
    ("get f none/f", 'open local "none/f": No such file or directory'),
    ("put f /dev/full", 'write remote "/dev/full": Failure'),
])
def test_the_first_failure_ends_a_batch(folder, line, why):
    (folder / "f").write_text("x")
    done = batch(folder, f"{line}\nmkdir later\n", check=False)
    assert (done.returncode, done.stderr) == (1, why.format(folder) + "\n")
    assert not os.path.exists(folder / "later")
    assert batch(folder, f"-{line}\nmkdir later\n").returncode == 0 and os.path.exists(folder / "later")


def test_what_a_shell_says_ends_no_batch(folder):
    done = batch(folder, "!exit 3\nlls /nonexistent/x\nmkdir later\n")
    assert "Shell exited with status 3\n" in done.stderr and os.path.exists(folder / "later")


def test_a_failure_ends_what_a_batch_removes_and_changes(folder):
    (folder / "b").mkdir()
    for name in ("a", "c"):
        (folder / name).write_text(name)
    assert batch(folder, "rm *\n", check=False).returncode == 1
    assert sorted(os.listdir(folder)) == ["b", "c"]
    assert batch(folder, "-rm *\n").returncode == 0 and os.listdir(folder) == ["b"]


def test_lines_of_a_batch_may_end_as_those_of_windows(folder):
    done = batch(folder, "pwd\r\n\r\n# words\r\nmkdir 'a b'\r\nmkdir c\r\n!touch d\r\n")
    assert (done.returncode, done.stderr) == (0, "") and sorted(os.listdir(folder)) == ["a b", "c", "d"]


def test_it_works_over_a_connection_of_ours(servers, folder):
    s = servers(config="Subsystem sftp internal-sftp")
    s.make_key()
    there = folder / "there"
    there.mkdir()
    if harness.ROOT:
        shutil.chown(there, harness.USER, harness.USER)
    (folder / "f").write_bytes(os.urandom(2_000_000))
    options = ["-F", "none", "-P", str(s.port), "-i", s.key, "-o", f"UserKnownHostsFile={s.known_hosts()}", "-o",
               "IdentityAgent=none"]
    host = f"{harness.login_user()}@127.0.0.1"
    run([SFTP, *options, "-b", "-", f"{host}:{there}"], input=f"put {folder}/f\nget f {folder}/g\n")
    assert (there / "f").read_bytes() == (folder / "f").read_bytes() == (folder / "g").read_bytes()
    run([SFTP, *options, f"{host}:{there}/f", str(folder / "h")])
    assert (folder / "h").read_bytes() == (folder / "f").read_bytes()
    run([SFTP, *options, "-s", SFTP_SERVER, "-b", "-", f"sftp://{host}:{s.port}/{there}/"], input=f"get f {folder}/i\n")
    assert (folder / "i").read_bytes() == (folder / "f").read_bytes()
    done = run([SFTP, *options, "-b", "-", "-o", "PubkeyAuthentication=no", host], input="pwd\n", check=False)
    assert done.returncode == 255 and done.stderr.endswith("Connection closed\n")
    done = run([SFTP, "-S", "/nonexistent", host], check=False)
    assert (done.returncode, done.stderr) == (255, "exec: /nonexistent: No such file or directory\n")


def test_an_interrupt_ends_the_command_and_not_the_connection(folder):
    (folder / "f").write_bytes(os.urandom(4_000_000))
    p = pexpect.spawn(SFTP, ["-D", SFTP_SERVER, "-l", "4000", "-R", "2", "-B", "32K"], cwd=str(folder), encoding="utf-8", timeout=harness.TIMEOUT)
    try:
        p.expect("sftp> ")
        p.sendline("get f g")
        p.expect("ETA")
        p.sendintr()
        p.expect("sftp> ")
        p.sendline("pwd")
        p.expect(f"Remote working directory: {folder}\r\n")
        p.expect("sftp> ")
        p.sendintr()
        p.expect("sftp> ")
        p.sendeof()
        p.expect(pexpect.EOF)
        p.close()
        assert p.exitstatus == 0
    finally:
        p.close(force=True)
    got = (folder / "g").read_bytes()
    assert len(got) < 4_000_000 and (folder / "f").read_bytes().startswith(got)


def test_lines_of_a_terminal_can_be_edited_and_taken_again(folder):
    if "libedit" not in run(["ldd", SFTP], check=False).stdout:
        pytest.skip("built without libedit")
    p = pexpect.spawn(SFTP, ["-D", SFTP_SERVER], cwd=str(folder), encoding="utf-8", timeout=harness.TIMEOUT,
                      env={**os.environ, "TERM": "xterm"})
    try:
        p.expect("sftp> ")
        p.send("kdir new\x01m\r")         # ^A: to the beginning
        p.expect("\r\n.*sftp> ")
        assert os.path.isdir(folder / "new")
        os.rmdir(folder / "new")
        p.send("\x1b[A\r")                # up: the line before
        wait_until(lambda: os.path.isdir(folder / "new"), "the folder again")
        p.send("bye\r")
        p.expect(pexpect.EOF)
        p.close()
        assert p.exitstatus == 0
    finally:
        p.close(force=True)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_no_character_of_a_line_is_lost(folder, locale):
    """libedit drops what is none in its locale: "rm ö*" would be "rm *"."""
    p = pexpect.spawn(SFTP, ["-D", SFTP_SERVER], cwd=str(folder), encoding="utf-8", timeout=harness.TIMEOUT,
                      env={**os.environ, "TERM": "xterm", "LC_ALL": locale})
    try:
        p.expect("sftp> ")
        p.send("mkdir böse\r")
        wait_until(lambda: os.listdir(folder), "the folder")
        p.send("bye\r")
        p.expect(pexpect.EOF)
    finally:
        p.close(force=True)
    assert os.listdir(folder) == ["böse"]


def test_names_of_a_server_are_shown_harmlessly(folder):
    (folder / "there").mkdir()
    (folder / "there/\033[2Jböse\n").write_text("")
    for flags in ("-1", "", "-l", "-la"):
        done = batch(folder, f"ls {flags} there\n")
        assert "\033" not in done.stdout and "\\033[2Jböse\\012" in done.stdout
    done = batch(folder, "get there/*\n", options=["-N"])
    assert "\033" not in done.stdout + done.stderr and os.path.exists(folder / "\033[2Jböse\n")


def test_what_is_no_sftp_is_told(folder):
    path = folder / "shell"
    path.write_text("#!/bin/sh\necho Welcome to this machine\n")
    path.chmod(0o755)
    done = run([SFTP, "-D", str(path)], check=False)
    assert done.returncode == 255 and "Received message too long 1466264675\nEnsure the remote shell produces no output" in done.stderr
