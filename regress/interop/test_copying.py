# SPDX-License-Identifier: ISC
"""The same command lines of scp and sftp with OpenSSH's programs and ours: the same files, the same exit codes."""
import os
import stat

import pytest

import harness
import peer_servers
from harness import run

SERVER = "/usr/lib/openssh/sftp-server"
THEIRS = os.path.join(harness.PEERS, "openssh10/usr/bin")

# {w} is the folder that all happens in. An exit code of 255 is our 1. A folder made for several files: OpenSSH gives it the first one's mode; with -3r
# and without -p it keeps the times of folders.
SCP = [
    "f x:{w}/d", "f x:{w}/d/new", "-p f x:{w}/d", "x:{w}/f d", "-p x:{w}/f d/new", "x:{w}/none d", "none x:{w}/d",
    "x:{w}/tree d", "-r x:{w}/tree d", "-rp x:{w}/tree d", "-r x:{w}/tree d/new", "-r x:{w}/tree/. d", "tree x:{w}/d",
    "-r tree x:{w}/d", "-rp tree x:{w}/d/new", "-r tree/ x:{w}/d", "x:{w}/tree/* d", "x:{w}/t*/[ab]? d", "-r x:{w}/t* d",
    "f tree/ab x:{w}/d", "tree/ab f x:{w}/none", "x:{w}/f x:{w}/tree/ab d", "x:{w}/f x:{w}/tree/ab none", "f x:{w}/none/f",
    "x:{w}/f none/f", "f x:{w}/f/x", "-3 x:{w}/f y:{w}/d", "-3rp x:{w}/tree y:{w}/d", "-3 x:{w}/none y:{w}/d", "f tree/ab d",
    "-r tree d/new", "none d", "empty x:{w}/d", "x:{w}/empty d", "f .", "f", "-Z f x:d",
]


def make(folder, has_bits=False):
    """has_bits: with a program that sets ids, and a folder whose files are their owners' only."""
    os.makedirs(folder / "tree/sub/deep")
    os.makedirs(folder / "d")
    for name, size in (("f", 3), ("empty", 0), ("tree/ab", 300_000), ("tree/b c", 5), ("tree/sub/x", 40_000), ("tree/sub/deep/y", 1)):
        (folder / name).write_bytes(bytes(i * 7 % 251 for i in range(min(size, 5000))) * max(1, size // 5000))
    os.chmod(folder / "f", 0o640)
    os.chmod(folder / "tree/ab", 0o4755 if has_bits else 0o755)
    os.chmod(folder / "tree/sub/deep", 0o1755 if has_bits else 0o755)
    os.symlink("ab", folder / "tree/link")
    for name in ("f", "tree/sub/x", "tree/sub", "tree"):
        os.utime(folder / name, (1_000_000_000, 1_000_000_001))


def look(folder):
    """All that is there: modes, contents, and times that were set."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(root, name)
            st = os.lstat(path)
            data = b"" if not stat.S_ISREG(st.st_mode) else open(path, "rb").read()
            found[os.path.relpath(path, folder)] = (oct(st.st_mode), data, st.st_mtime if st.st_mtime < 1_100_000_000 else None)
    return found


@pytest.mark.parametrize("how", ["-s", "-O"])
def test_scp_does_what_openssh_s_does(folder, how):
    """-O: each with OpenSSH's scp as the other side, which loses and keeps modes that set ids as its version has it."""
    shell = folder / "shell"
    shell.write_text("#!/bin/sh\nfor last; do :; done\nexec sh -c \"$last\"\n")
    shell.chmod(0o755)
    for i, line in enumerate(SCP):
        got = []
        for name, program in (("theirs", f"{THEIRS}/scp"), ("ours", os.path.join(harness.BINDIR, "scp"))):
            w = folder / f"{i}{name}"
            make(w, has_bits=how == "-s")
            options = ["-D", SERVER] if how == "-s" else ["-O", "-S", str(shell)]
            words = [word.replace("\0", " ") for word in line.format(w=w).split()]
            done = run([program, *options, *words], check=False, cwd=w)
            got.append((min(done.returncode, 1), look(w)))
        assert got[0] == got[1], (line, done.stderr)


LINES = """
cd tree
get ab ../d
get "b c" ../d/bc
get * ../d
-get none
-get sub
get -r sub ../d
get -rp sub ../d/sub2
put ../f
put -p ../f kept
put -r ../d again
mput ../[ef]*
mkdir new
rename kept new/kept
rename new/kept ab
ln -s ab sym
ln ab hard
chmod 600 ab
chmod 700 s*b
rm sym
-rm none
-rmdir sub
rmdir new
lmkdir here
lcd here
get ../f
-get none
reget ../f
-mkdir 'q*'
put ../f 'q*'/z
get 'q*/z' z
cd
-cd f
copy f g
"""


def test_sftp_does_what_openssh_s_does(folder):
    got = []
    for name, program in (("theirs", f"{THEIRS}/sftp"), ("ours", os.path.join(harness.BINDIR, "sftp"))):
        w = folder / name
        make(w, has_bits=True)
        done = run([program, "-D", SERVER, "-b", "-"], input=LINES, check=False, cwd=w)
        # Folders' names end with a slash in some of OpenSSH's sentences.
        said = sorted(line.replace(str(w), "").replace('/"', '"').replace("/:", ":").strip() for line in done.stderr.splitlines())
        got.append((done.returncode, said, look(w)))
    assert got[0] == got[1]


def test_both_ends_of_the_old_protocol_are_ours_or_theirs(folder):
    """Our scp -t and -f as what OpenSSH's scp runs."""
    shell = folder / "shell"
    shell.write_text(f"#!/bin/sh\nfor last; do :; done\nPATH='{harness.BINDIR}:/usr/bin:/bin' exec sh -c \"$last\"\n")
    shell.chmod(0o755)
    w = folder / "w"
    make(w)
    for program in (f"{THEIRS}/scp", os.path.join(harness.BINDIR, "scp")):
        run([program, "-O", "-rp", "-S", str(shell), "tree", f"x:{w}/d/up"], cwd=w)
        run([program, "-O", "-rp", "-S", str(shell), f"x:{w}/tree", "d/down"], cwd=w)
        assert look(w / "d/up") == look(w / "d/down")
        assert {k: v[1:] for k, v in look(w / "d/up").items() if k != "link"} == \
            {k: v[1:] for k, v in look(w / "tree").items() if k != "link"}
        done = run([program, "-O", "-S", str(shell), f"x:{w}/none", "d"], check=False, cwd=w)
        assert (done.returncode, done.stderr) == (1, f"scp: {w}/none: No such file or directory\n")
        run(["rm", "-r", str(w / "d/up"), str(w / "d/down")])


def test_large_files_come_whole_from_openssh_s_server(folder):
    peer = peer_servers.OpenSSH(folder / "peer", version="10.0")
    try:
        data = os.urandom(20_000_000)
        (folder / "f").write_bytes(data)
        where = f"{peer.user}@127.0.0.1"
        options = ["-F", "none", "-P", str(peer.port), "-i", peer.key, "-o", f"UserKnownHostsFile={peer.known}", "-B"]
        run([os.path.join(harness.BINDIR, "scp"), *options, f"{where}:{folder}/f", str(folder / "g")])
        assert (folder / "g").read_bytes() == data
        target = folder / "there"
        target.mkdir()
        os.chmod(target, 0o777)
        run([os.path.join(harness.BINDIR, "scp"), *options, str(folder / "f"), f"{where}:{target}"])
        assert (target / "f").read_bytes() == data
    finally:
        peer.stop()
