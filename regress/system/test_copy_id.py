# SPDX-License-Identifier: ISC
"""ssh-copy-id into a home of its own on our server."""
import os
import pwd
import stat

import pexpect
import pytest

import harness
from harness import run

# Whatever sh there is, both here and there.
SHELLS = [shell for shell in (["dash"], ["busybox", "sh"], ["bash", "--posix"]) if harness.have(shell[0])]


class Bed:
    """A server with an account whose home is empty, and a client with a config that gets in there."""

    def __init__(self, folder):
        self.dir = folder
        self.home = folder / "home"
        self.home.mkdir()
        entry = pwd.getpwnam(harness.login_user())
        (folder / "passwd").write_text(f"{entry.pw_name}:x:{entry.pw_uid}:{entry.pw_gid}::{self.home}:/bin/sh\n")
        os.chown(self.home, entry.pw_uid, entry.pw_gid)
        self.server = harness.Server(
            folder / "s", config=f"PasswdFile {folder}/passwd\nSubsystem sftp internal-sftp\nPerSourcePenalties no\n"
            f"AuthorizedKeysFile .ssh/authorized_keys {folder}/s/authorized_keys.%u")
        self.door = harness.make_key(folder / "door")
        self.server.authorize(self.door + ".pub")
        self.me = folder / "me"
        (self.me / ".ssh").mkdir(parents=True)
        self.config = folder / "config"
        self.config.write_text(f"UserKnownHostsFile {self.server.known_hosts()}\nGlobalKnownHostsFile none\n"
                               f"IdentityFile {self.door}\nBatchMode yes\nLogLevel QUIET\n")
        self.env = {**os.environ, "PATH": f"{harness.BINDIR}:{os.environ['PATH']}", "HOME": str(self.me)}
        self.env.pop("SSH_AUTH_SOCK", None)

    def command(self, *args, host="127.0.0.1"):
        return [harness.COPY_ID, "-F", str(self.config), "-p", str(self.server.port), *args,
                f"{harness.login_user()}@{host}"]

    def copy(self, *args, check=True, env=None, shell=()):
        return run([*shell, *self.command(*args)], check=check, env=env or self.env)

    def key(self, name, kind="ed25519"):
        return harness.make_key(self.dir / name, kind)

    def there(self, path=".ssh/authorized_keys"):
        return (self.home / path).read_text(encoding="utf-8")

    def mode(self, path):
        return stat.S_IMODE(os.stat(self.home / path).st_mode)


def public(key):
    with open(key + ".pub", encoding="utf-8") as f:
        return f.read()


@pytest.fixture
def bed(folder):
    b = Bed(folder)
    yield b
    b.server.stop()


@pytest.mark.parametrize("shell", SHELLS, ids=[shell[0] for shell in SHELLS])
def test_a_key_is_put_there_once_and_lets_in(bed, shell):
    key = bed.key("new")
    done = bed.copy("-i", key, shell=shell)
    assert "Number of key(s) added: 1\n" in done.stdout
    assert f"\"ssh -p {bed.server.port} -i {key} -F '{bed.config}' '" in done.stdout
    assert bed.there() == public(key)
    assert (bed.mode(".ssh"), bed.mode(".ssh/authorized_keys")) == (0o700, 0o600)
    assert run(bed.server.ssh("echo in", key=key)).stdout == "in\n"
    # What the config names lets in, too, and is not taken for it.
    again = bed.copy("-i", key + ".pub", shell=shell)
    assert "All keys were skipped because they already exist on the remote system." in again.stderr
    assert bed.there() == public(key)
    bed.copy("-f", "-i", key, shell=shell)
    assert bed.there() == public(key) * 2


def test_lines_that_are_there_stay_whole_and_others_may_not_write(bed):
    key = bed.key("new")
    (bed.home / ".ssh").mkdir(mode=0o777)
    (bed.home / ".ssh/authorized_keys").write_text("# no end of line")
    for path, mode in ((".ssh", 0o777), (".ssh/authorized_keys", 0o666)):
        os.chmod(bed.home / path, mode)
        os.chown(bed.home / path, bed.home.stat().st_uid, -1)
    bed.copy("-i", key)
    assert bed.there() == "# no end of line\n" + public(key)
    assert (bed.mode(".ssh"), bed.mode(".ssh/authorized_keys")) == (0o755, 0o644)
    assert run(bed.server.ssh("echo in", key=key)).stdout == "in\n"


@pytest.mark.parametrize("sftp", ["ours", "/usr/bin/sftp"], ids=["own", "openssh"])
def test_by_sftp_the_file_is_edited_here(bed, sftp):
    if sftp != "ours":
        programs = bed.dir / "bin"
        programs.mkdir()
        (programs / "sftp").symlink_to(sftp)
        bed.env["PATH"] = f"{programs}:{bed.env['PATH']}"
    first, second = bed.key("first"), bed.key("second")
    bed.copy("-s", "-i", first)
    assert bed.there() == public(first)
    assert (bed.mode(".ssh"), bed.mode(".ssh/authorized_keys")) == (0o700, 0o600)
    (bed.home / ".ssh/authorized_keys").write_text(bed.there() + "# end")
    bed.copy("-s", "-i", second)
    assert bed.there() == public(first) + "# end\n" + public(second)
    assert "All keys were skipped" in bed.copy("-s", "-i", second).stderr


def test_by_sftp_a_file_that_cannot_be_read_is_not_replaced(bed):
    if not harness.ROOT:
        pytest.skip("needs somebody whose file it is")
    key = bed.key("new")
    (bed.home / ".ssh").mkdir()
    os.chown(bed.home / ".ssh", bed.home.stat().st_uid, -1)
    path = bed.home / ".ssh/authorized_keys"
    path.write_text("# others'\n")
    path.chmod(0o600)
    done = bed.copy("-s", "-f", "-i", key, check=False)
    assert done.returncode == 1
    assert ".ssh/authorized_keys is there and cannot be read" in done.stderr
    assert path.read_text() == "# others'\n"


@pytest.mark.parametrize("mode", [[], ["-s"]], ids=["command", "sftp"])
def test_another_file_whatever_its_name(bed, mode):
    key = bed.key("new")
    name = "a b'c$x/d\"e"
    (bed.home / "a b'c$x").mkdir()
    os.chown(bed.home / "a b'c$x", bed.home.stat().st_uid, -1)
    bed.copy(*mode, "-f", "-t", name, "-i", key)
    bed.copy(*mode, "-f", "-t", str(bed.home / name), "-i", key)
    assert bed.there(name) == public(key) * 2
    assert not (bed.home / ".ssh").exists()


def test_keys_of_an_agent_are_tried_one_by_one(bed):
    first, second = bed.key("first"), bed.key("second", "ecdsa")
    bed.copy("-i", first)
    with harness.agent(bed.dir / "agent", first, second) as env:
        env = {**env, "PATH": bed.env["PATH"], "HOME": str(bed.me)}
        assert "Number of key(s) added: 1\n" in bed.copy(env=env).stdout
        assert bed.there() == public(first) + public(second)
        assert "All keys were skipped" in bed.copy(env=env).stderr


def test_without_an_agent_it_is_the_newest_key_of_the_folder(bed):
    for age, name in enumerate(["id_c-cert", "id_a", "id_b"]):
        path = bed.me / ".ssh" / f"{name}.pub"
        path.write_text(public(bed.key(name)))
        os.utime(path, (1e9 - age, 1e9 - age))
    for args in [], ["-i"]:
        done = bed.copy("-n", "-f", *args)
        assert public(str(bed.dir / "id_a")) in done.stdout
        assert f"{bed.me}/.ssh/id_a.pub" in done.stderr
    assert not (bed.home / ".ssh").exists()


def test_of_several_keys_with_options_all_are_shown_and_go_there(bed):
    keys = [bed.key("first"), bed.key("second")]
    lines = 'from="127.0.0.1,10.0.0.1" ' + public(keys[0]) + public(keys[1])
    path = bed.dir / "both.pub"
    path.write_text("# both\n\n" + lines)
    assert lines in bed.copy("-nf", "-i", str(path)).stdout
    bed.copy("-i", str(path))
    assert bed.there() == lines
    assert run(bed.server.ssh("echo in", key=keys[0])).stdout == "in\n"


def test_what_is_no_public_key_goes_nowhere(bed):
    key = bed.key("new")
    os.rename(key, key + ".pub")        # the private half
    done = bed.copy("-f", "-i", key, check=False)
    assert done.returncode == 1
    assert f"ERROR: this is no public key: {key}.pub" in done.stderr
    assert not (bed.home / ".ssh").exists()


def test_what_the_config_has_for_the_host_is_not_in_the_way(bed):
    key = bed.key("new")
    bed.config.write_text(bed.config.read_text() + "RemoteCommand echo other\nRequestTTY force\n"
                          f"LocalForward {bed.server.port} 127.0.0.1:1\nExitOnForwardFailure yes\n")
    bed.copy("-i", key)
    assert bed.there() == public(key)
    assert "All keys were skipped" in bed.copy("-i", key).stderr


def test_a_server_that_is_not_there_is_told(bed):
    key = bed.key("new")
    done = bed.copy("-i", key, "-o", "LogLevel=QUIET", "-p", str(harness.free_port()), check=False)
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
    assert "Number of key(s)" not in done.stdout


def test_a_command_line_that_makes_no_sense(bed):
    for args, text in (([], "Usage: "), (["-h"], "Usage: "), (["-Z", "h"], "Illegal option -Z"), (["a", "b"], "Too many arguments"),
                       (["-p"], "needs an argument"), (["--", "-oProxyCommand=x"], "Usage: "),
                       (["-p", "1;x", "h"], "not a port"), (["-t", "d/", "h"], "not the path of a file"),
                       (["-i", "/no/key", "h"], "failed to open ID file '/no/key.pub'"),
                       (["-i", "h"], "no ID file found")):
        done = run([harness.COPY_ID, *args], check=False, env=bed.env)
        assert (done.returncode, done.stdout) == (1, "") and text in done.stderr, args


def test_a_password_is_asked_for_on_the_terminal(bed):
    if not harness.ROOT:
        pytest.skip("needs an account with a password")
    key = bed.key("new")
    bed.config.write_text(bed.config.read_text().replace("BatchMode yes", "").replace(f"IdentityFile {bed.door}", ""))
    command = bed.command("-i", key)
    child = pexpect.spawn(command[0], command[1:], env=bed.env, timeout=harness.TIMEOUT, encoding="utf-8")
    child.expect("[Pp]assword: ")
    child.sendline("secret-alice")
    child.expect_exact("Number of key(s) added: 1")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert bed.there() == public(key)
