# SPDX-License-Identifier: ISC
"""File transfer from our server, internal-sftp and sftp-server, to the clients that there are."""
import asyncio
import filecmp
import os
import shutil
import stat

import pytest

import harness
from harness import run
from peer_servers import OPENSSH10

SERVER = os.path.join(os.path.dirname(harness.BINDIR), "libexec", "sftp-server")
COMMANDS = {"internal": "internal-sftp", "program": SERVER}
OLD, NEW = "/usr/bin", os.path.join(OPENSSH10, "bin")
CLIENTS = pytest.mark.parametrize("programs", [OLD, NEW, harness.BINDIR], ids=["9.2", "10.0", "ours"])


@pytest.fixture(scope="module", params=COMMANDS)
def served(tmp_path_factory, request):
    """A server of either kind, which all tests share; each has a folder of its own."""
    folder = tmp_path_factory.mktemp("sftp")
    for part in [folder, folder.parent, folder.parent.parent]:
        os.chmod(part, 0o755)
    with harness.server(folder / "sshd", config=f"Subsystem sftp {COMMANDS[request.param]} -l VERBOSE") as s:
        s.make_key()
        s.kind = request.param
        yield s


@pytest.fixture
def trees(folder):
    """A tree with all that gives trouble, and an empty folder of the user's: (near, far)."""
    near, far = folder / "near", folder / "far"
    (near / "sub" / "empty").mkdir(parents=True)
    (near / "big").write_bytes(os.urandom(3_000_001))
    (near / "nothing").write_bytes(b"")
    (near / "sub" / "a file").write_text("with a blank\n")
    (near / "sub" / "ü").write_text("not ASCII\n")
    for i in range(40):
        (near / "sub" / f"n{i:03}").write_text(str(i))
    os.chmod(near / "sub" / "n000", 0o640)
    os.utime(near / "sub" / "n001", (1_000_000_000, 1_100_000_000))
    far.mkdir()
    if harness.ROOT:
        shutil.chown(far, harness.USER, harness.USER)
    return near, far


def options(s):
    """-o and their like, for OpenSSH's sftp and scp."""
    return ["-F", "none", "-P", str(s.port), "-i", s.key, "-o", f"UserKnownHostsFile={s.known_hosts()}", "-o", "BatchMode=yes",
            "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "GlobalKnownHostsFile=/dev/null"]


def batch(s, programs, *lines):
    return run([f"{programs}/sftp", "-S", f"{programs}/ssh", "-b", "-", *options(s), f"{harness.login_user()}@127.0.0.1"],
               input="".join(line + "\n" for line in lines))


def same(a, b):
    """Whether two trees have the same files with the same contents and modes."""
    found = filecmp.dircmp(a, b)
    assert not found.left_only and not found.right_only and not found.funny_files
    assert not filecmp.cmpfiles(a, b, found.common_files, shallow=False)[1]
    for name in found.common_files:
        assert stat.S_IMODE(os.stat(f"{a}/{name}").st_mode) == stat.S_IMODE(os.stat(f"{b}/{name}").st_mode), name
    for name in found.common_dirs:
        same(f"{a}/{name}", f"{b}/{name}")


@CLIENTS
def test_sftp_puts_and_gets_a_tree(served, trees, programs):
    near, far = trees
    done = batch(served, programs, f"put -Rp {near} {far}/there", f"get -Rp {far}/there {far.parent}/back",
                 f"cd {far}", "pwd", "ls -l there/sub/a*", "ls -n there/sub/n00*", "df .", "ln -s there/big link",
                 "ln there/big hard", "rename hard moved", "chmod 600 moved", "ls -l", "-get nothing-there", "chmod 644 moved",
                 "rm moved", "rm link", "mkdir d", "rmdir d", "-rmdir there")
    same(near, far / "there")
    same(near, far.parent / "back")
    assert os.stat(far.parent / "back" / "sub" / "n001").st_mtime == 1_100_000_000
    assert f"Remote working directory: {far}" in done.stdout
    assert "link" in done.stdout and "-rw-------" in done.stdout
    assert sorted(os.listdir(far)) == ["there"]


@CLIENTS
def test_scp_copies_a_tree_there_and_back(served, trees, programs):
    near, far = trees
    there = f"{harness.login_user()}@127.0.0.1:"
    scp = [f"{programs}/scp", "-S", f"{programs}/ssh", "-s", *options(served)]
    run([*scp, "-rp", str(near), there + f"{far}/there"])
    run([*scp, "-rp", there + f"{far}/there", str(far.parent / "back")])
    same(near, far.parent / "back")
    run([*scp, there + f"{far}/there/sub/n00*", str(far.parent)])
    assert (far.parent / "n009").read_text() == "9"
    assert run([*scp, there + "~/.nothing-there", str(far)], check=False).returncode == 1


def test_openssh_copies_on_the_server(served, trees):
    near, far = trees
    batch(served, NEW, f"put {near}/big {far}/big", f"cp {far}/big {far}/copy")
    assert filecmp.cmp(near / "big", far / "copy", shallow=False)


def test_curl_puts_gets_and_lists(served, trees):
    near, far = trees
    if "sftp" not in run(["curl", "--version"]).stdout.split("Protocols:")[1].split():
        pytest.skip("this curl has no SFTP")
    curl = ["curl", "-sS", "--insecure", "--key", served.key, "--pubkey", served.key + ".pub", "-u", f"{harness.login_user()}:"]
    url = f"sftp://127.0.0.1:{served.port}{far}"
    run([*curl, "-T", str(near / "big"), f"{url}/dir/big", "--ftp-create-dirs"])
    run([*curl, "-o", str(far.parent / "back"), f"{url}/dir/big"])
    assert filecmp.cmp(near / "big", far.parent / "back", shallow=False)
    assert run([*curl, "-r", "10-13", f"{url}/dir/big"], text=False).stdout == (near / "big").read_bytes()[10:14]
    assert "big" in run([*curl, f"{url}/dir/"]).stdout
    run([*curl, "-Q", f"rename {far}/dir/big {far}/dir/other", f"{url}/dir/"])
    assert os.listdir(far / "dir") == ["other"]


def test_paramiko_uses_what_it_can(served, trees):
    import paramiko
    near, far = trees
    with paramiko.Transport(("127.0.0.1", served.port)) as t:
        t.connect(username=harness.login_user(), pkey=paramiko.Ed25519Key.from_private_key_file(served.key))
        with paramiko.SFTPClient.from_transport(t) as c:
            c.put(str(near / "big"), f"{far}/big")
            c.get(f"{far}/big", str(far.parent / "back"))
            assert filecmp.cmp(near / "big", far.parent / "back", shallow=False)
            c.chdir(str(far))
            c.mkdir("d", 0o700)
            c.symlink("big", "link")
            assert c.readlink("link") == "big" and c.normalize("d/../link") == f"{far}/big"
            assert stat.S_ISLNK(c.lstat("link").st_mode) and c.stat("link").st_size == 3_000_001
            c.utime("big", (5, 6))
            c.truncate("big", 100)
            c.posix_rename("big", "d/new")
            assert c.listdir("d") == ["new"] and c.stat("d/new").st_mtime >= 6
            assert [a.filename for a in c.listdir_iter("d", 4)] == ["new"]
            assert stat.S_IMODE(c.stat("d").st_mode) == 0o700
            with c.open("d/new", "a") as f:
                f.write("end")
            assert c.stat("d/new").st_size == 103
            for name, call in (("nothing", c.stat), ("d", c.remove), ("nothing", c.rmdir)):
                with pytest.raises(OSError):
                    call(name)
            with pytest.raises(OSError, match="not empty"):
                c.rmdir("d")
            with pytest.raises(OSError):
                c.open("d/new", "x")


def test_asyncssh_uses_what_it_can(served, trees):
    import asyncssh
    near, far = trees

    async def go():
        async with asyncssh.connect("127.0.0.1", served.port, username=harness.login_user(), client_keys=[served.key],
                                    known_hosts=None, config=None, agent_path=None) as c:
            async with c.start_sftp_client() as s:
                await s.put(str(near), f"{far}/there", recurse=True, preserve=True)
                await s.get(f"{far}/there", str(far.parent / "back"), recurse=True, preserve=True)
                vfs = await s.statvfs(str(far))
                assert vfs.namemax >= 255 and vfs.blocks > 0
                await s.link(f"{far}/there/big", f"{far}/hard")
                async with s.open(f"{far}/hard", "rb") as f:
                    await f.seek(1000)
                    assert await f.read(10) == (near / "big").read_bytes()[1000:1010]
                    assert (await f.stat()).size == 3_000_001
                assert await s.glob(f"{far}/there/sub/n00[12]") == [f"{far}/there/sub/n001", f"{far}/there/sub/n002"]

    asyncio.run(asyncio.wait_for(go(), 60))
    same(near, far.parent / "back")


def test_psftp_puts_and_gets(served, trees):
    near, far = trees
    ppk = str(far.parent / "key.ppk")
    run(["puttygen", served.key, "-O", "private", "-o", ppk])
    with open(os.path.join(served.dir, "host_ed25519.pub"), encoding="utf-8") as f:
        (far.parent / "host.pub").write_text(f.read())
    fingerprint = run(["ssh-keygen", "-l", "-f", str(far.parent / "host.pub")]).stdout.split()[1]
    (far.parent / "batch").write_text(f"put {near}/big {far}/big\nget {far}/big {far.parent}/back\nls {far}\nmv {far}/big {far}/new\n")
    done = run(["psftp", "-batch", "-noagent", "-i", ppk, "-hostkey", fingerprint, "-P", str(served.port), "-b",
                str(far.parent / "batch"), f"{harness.login_user()}@127.0.0.1"], env={**os.environ, "HOME": str(far.parent)})
    assert filecmp.cmp(near / "big", far.parent / "back", shallow=False), done.stdout
    assert os.listdir(far) == ["new"]
