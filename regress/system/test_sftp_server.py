# SPDX-License-Identifier: ISC
"""internal-sftp: forced, confined, read-only; what it logs, and how it ends."""
import os
import resource
import shutil
import signal
import struct
import subprocess

import pytest

import harness
from conftest import needs_root
from harness import run, wait_until

SERVER = os.path.join(os.path.dirname(harness.BINDIR), "libexec", "sftp-server")
INIT = b"\0\0\0\5\1\0\0\0\3"


def batch(s, *lines, check=True):
    """OpenSSH's sftp with these commands."""
    return run(["/usr/bin/sftp", "-S", harness.SSH, "-F", "none", "-b", "-", "-P", str(s.port), "-i", s.key, "-o", "BatchMode=yes",
                "-o", f"UserKnownHostsFile={s.known_hosts()}", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
                f"{harness.login_user()}@127.0.0.1"], input="".join(line + "\n" for line in lines), check=check)


def subsystem(s, **kwargs):
    """A client process whose pipes are the subsystem."""
    return subprocess.Popen(s.ssh("sftp", key=s.key, options=["-s"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **kwargs)


def packet(kind, *parts):
    body = bytes([kind]) + b"".join(struct.pack(">I", p) if isinstance(p, int) else struct.pack(">I", len(p)) + p for p in parts)
    return struct.pack(">I", len(body)) + body


def answer(p):
    length = struct.unpack(">I", p.stdout.read(4))[0]
    return p.stdout.read(length)


@needs_root
def test_files_and_nothing_else_in_an_empty_root(folder, servers):
    """ForceCommand and ChrootDirectory: no program, no library, no /dev in there; log lines come out all the same."""
    base = "/opt/files"             # nobody but root may change what is above
    os.makedirs(base + "/incoming")
    shutil.chown(base + "/incoming", "alice", "alice")
    try:
        s = servers(config="Subsystem sftp /nothing/there", last=f"Match User alice\nChrootDirectory {base}\n"
                    'ForceCommand internal-sftp -u 0027 -d "/incoming" -l INFO -f LOCAL3')
        s.make_key()
        (folder / "f").write_text("some text")
        done = batch(s, "pwd", f"put {folder}/f", f"get f {folder}/back", "mkdir d", "ls -la /", "cd ..", "pwd")
        assert "Remote working directory: /incoming" in done.stdout and "Remote working directory: /\n" in done.stdout
        assert done.stderr == "" and (folder / "back").read_text() == "some text"
        assert os.stat(base + "/incoming/f").st_mode & 0o777 == 0o640
        assert os.stat(base + "/incoming/d").st_mode & 0o777 == 0o750
        s.wait_log("session opened for local user alice from [127.0.0.1]",
                   'open "/incoming/f" flags WRITE,CREATE,TRUNCATE mode 0644', 'close "/incoming/f" bytes read 0 written 9',
                   "session closed for local user alice from [127.0.0.1]")
        done = run(s.ssh("id", key=s.key), check=False)
        assert (done.returncode, done.stdout, done.stderr) == (1, "This service allows sftp connections only.\n", "")
    finally:
        shutil.rmtree(base)


def test_a_key_may_read_and_change_nothing(folder, servers):
    far = folder / "far"
    far.mkdir()
    (far / "f").write_text("text")
    if harness.ROOT:
        run(["chown", "-R", "alice:alice", str(far)])
    s = servers()
    s.make_key(options=f'command="internal-sftp -R -d {far} -l VERBOSE"')
    done = batch(s, f"get f {folder}/back", "-put /etc/passwd", "-put /etc/passwd f", "-rm f", "-mkdir d", "-rename f g",
                 "-ln f g", "-ln -s f g", "-chmod 777 f", "ls")
    assert (folder / "back").read_text() == "text" and (far / "f").read_text() == "text"
    assert os.listdir(far) == ["f"]
    assert done.stderr.count("ermission denied") >= 7, done.stderr
    s.wait_log("Refusing open request in read-only mode", "Refusing remove request in read-only mode", "sent status Permission denied")


@needs_root
def test_a_key_for_files_runs_no_rc_file(folder, servers):
    """Whoever may write files into the home could have written .ssh/rc, which a shell would run."""
    s = servers()
    s.make_key(options='command="internal-sftp"')
    (folder / "open").mkdir()
    os.chmod(folder / "open", 0o777)
    (folder / "rc").write_text(f"touch {folder}/open/ran\n")
    os.makedirs("/home/alice/.ssh", exist_ok=True)
    shutil.copy(folder / "rc", "/home/alice/.ssh/rc")
    for words in ([], ["id"]):
        done = run(s.ssh(*words, key=s.key), check=False)
        assert (done.returncode, done.stdout) == (1, "This service allows sftp connections only.\n")
    assert ".ssh/rc" in batch(s, "ls .ssh").stdout and not os.listdir(folder / "open")


def leave_open(s, how):
    """Opens and writes a file, and ends without a word more."""
    with subsystem(s) as p:
        p.stdin.write(INIT + packet(3, 1, b"f", 0x1a, 0))
        p.stdin.flush()
        assert answer(p)[0] == 2
        handle = answer(p)[9:]
        p.stdin.write(packet(6, 2, handle, 0, 0, b"12345"))
        p.stdin.flush()
        assert answer(p)[5:9] == b"\0\0\0\0"
        pids = [pid for pid, title in s.children().items() if title.endswith("@internal-sftp")]
        assert len(pids) == 1, s.children()
        with open(f"/proc/{pids[0]}/status", encoding="utf-8") as status:
            assert "NoNewPrivs:\t1\n" in status.read()
        how(p)
    wait_until(lambda: not harness.runs(pids[0]), "the server to end")


def test_what_a_client_left_open_is_in_the_log(folder, servers):
    """At the end of its input, and when the connection breaks off: what was open, and how much of it was written."""
    far = folder / "far"
    far.mkdir()
    if harness.ROOT:
        shutil.chown(far, "alice", "alice")
    s = servers(config=f"Subsystem sftp internal-sftp -l INFO -d {far}")
    s.make_key()
    last = 'forced close "f" bytes read 0 written 5\nsession closed for local user'
    leave_open(s, lambda p: p.stdin.close())
    wait_until(lambda: s.log_text().count(last) == 1, "the last words")
    # A server has a moment for its last words then, which a busy machine may not have.
    for _ in range(10):
        leave_open(s, lambda p: p.send_signal(signal.SIGKILL))
        wait_until(lambda: not any("alice@" in t or t.endswith("@notty") for t in s.children().values()), "the session to end")
        if s.log_text().count(last) > 1:
            break
    else:
        raise AssertionError("nobody says how a connection that breaks off has ended")


def test_bytes_that_make_no_sense_end_the_session_and_no_other(servers):
    s = servers(config="Subsystem sftp internal-sftp")
    s.make_key()
    for bad, why in ((b"\xff\xff\xff\xff", "limit exceeded"), (b"\0\0\0\0", "malformed message"),
                     (packet(16, 1, b"/\0x"), "malformed message"), (packet(16, 1)[:-1], "")):
        with subsystem(s) as p:
            p.stdin.write(INIT + bad)
            p.stdin.close()
            assert answer(p)[0] == 2
            assert p.stdout.read() == b""
            assert p.wait(harness.TIMEOUT) == (255 if why else 0)
        if why:
            s.wait_log(f"bad message from {harness.login_user()} [127.0.0.1]: {why}")
    assert "Remote working directory" in batch(s, "pwd").stdout


def test_ten_thousand_requests_whose_answers_nobody_reads(folder, servers):
    """The server stops reading, and holds little; when the client reads, all are answered in their order. None is missing in the log."""
    (folder / "big").write_bytes(b"x" * 300_000)
    s = servers(config="Subsystem sftp internal-sftp -l DEBUG3")
    s.make_key()
    with subsystem(s) as p:
        p.stdin.write(INIT + packet(3, 1, str(folder / "big").encode(), 1, 0))
        p.stdin.flush()
        answer(p)
        handle = answer(p)[9:]
        pid = next(pid for pid, title in s.children().items() if title.endswith("@internal-sftp"))

        p.stdin.write(b"".join(packet(5, i, handle, 0, 0, 8192) for i in range(10000)))
        p.stdin.flush()
        for i in range(10000):
            got = answer(p)
            assert got[0] == 103 and struct.unpack(">I", got[1:5])[0] == i and len(got) == 9 + 8192
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
        p.stdin.close()
        assert p.stdout.read() == b"" and p.wait(harness.TIMEOUT) == 0
    wait_until(lambda: s.log_text().count(": read\n") == 10000, "all requests to be in the log")
    # Answers are 80 MiB, and the memory of a sanitizer is its own.
    assert peak < 30_000 or "sanitize" in harness.BINDIR


@pytest.mark.parametrize("command", ["internal-sftp", SERVER])
def test_the_server_cannot_be_rewritten_through_proc(servers, command):
    """What a client writes to /proc/self/mem would be the server's own code; root may do what he likes."""
    s = servers(config=f"Subsystem sftp {command}")
    s.make_key()
    with subsystem(s) as p:
        p.stdin.write(INIT + packet(3, 1, b"/proc/self/mem", 2, 0) + packet(3, 2, b"/proc/self/mem", 1, 0))
        p.stdin.close()
        assert answer(p)[0] == 2
        assert [answer(p)[:9] for i in (1, 2)] == [bytes([101, 0, 0, 0, i, 0, 0, 0, 3]) for i in (1, 2)]
        assert p.stdout.read() == b""


def test_sftp_server_says_what_it_can():
    done = run([SERVER, "-Q", "requests"])
    theirs = run(["/usr/lib/openssh/sftp-server", "-Q", "requests"])
    assert done.stdout == theirs.stdout
    for words, code, text in ((["-h"], 1, "usage: sftp-server"), (["-u", "9"], 255, 'Invalid umask "9"'),
                              (["-P", "remov"], 255, "No such request"), (["-Q", "x"], 255, "Invalid query type")):
        done = run([SERVER, *words], check=False)
        assert done.returncode == code and text in done.stderr


def test_sftp_server_logs_to_standard_error(folder):
    done = run([SERVER, "-e", "-l", "DEBUG3", "-d", str(folder)], text=False,
               input=INIT + packet(16, 7, b".") + packet(13, 8, b"no\x1bthing") + packet(99, 9),
               env={**os.environ, "SSH_CONNECTION": "192.0.2.9 1 192.0.2.1 22"})
    assert str(folder).encode() in done.stdout
    text = done.stderr.decode()
    for line in ("from [192.0.2.9]", 'realpath "."', 'remove name "no\\033thing"', "sent status No such file",
                 "unknown request: type 99", "sent status Operation unsupported", "session closed"):
        assert line in text, text


def test_a_file_that_may_not_be_so_large_is_an_error_and_no_end(folder):
    """The system sends a signal then (RLIMIT_FSIZE), by which a program ends that does not ask for the error."""
    done = subprocess.run([SERVER, "-d", str(folder)], input=INIT + packet(3, 1, b"f", 0x1a, 0) + packet(6, 2, b"\0\0\0\1", 0, 5000, b"x") +
                          packet(16, 3, b"/"), stdout=subprocess.PIPE, timeout=harness.TIMEOUT, check=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    assert b"File too large" in done.stdout and done.stdout.endswith(b"\0\0\0\0") and os.path.getsize(folder / "f") == 0


def test_internal_sftp_in_quotes_is_no_program_of_that_name(servers):
    """Commands of the config keep their quotes, for a shell; none is asked here."""
    s = servers(config='Subsystem sftp "internal-sftp" -d "/usr"')
    s.make_key()
    assert "Remote working directory: /usr\n" in batch(s, "pwd").stdout
