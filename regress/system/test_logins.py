# SPDX-License-Identifier: ISC
"""Who is let in, who is not, and what the log says about it."""
import os

import pytest

import harness
from harness import run

needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root and the sandbox's accounts")


@pytest.mark.parametrize("kind, bits", [("ed25519", None), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("rsa", 2048)])
def test_each_key_type_logs_in_and_is_logged(sshd, folder, kind, bits):
    key = harness.make_key(folder / "k", kind, bits=bits)
    sshd.authorize(key + ".pub")
    assert run(sshd.ssh("echo in", key=key)).stdout == "in\n"
    fingerprint = run(["ssh-keygen", "-lf", key + ".pub"]).stdout.split()[1]
    line = sshd.wait_log_match(rf"Accepted publickey for {harness.login_user()} from 127\.0\.0\.1 port .*\n").group()
    assert line.rstrip().split(" ssh2: ")[1].split()[:2] == [kind.upper(), fingerprint]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_each_host_key_type(folder, kind):
    with harness.server(folder / "s", keys=(kind,)) as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        for program in (harness.SSH, "ssh"):
            assert run(s.ssh("echo in", key=key, program=program)).stdout == "in\n"


@pytest.mark.parametrize("program", [harness.SSH, "ssh"])
def test_a_style_behind_the_name_is_left_out(sshd, program):
    user = harness.login_user()
    assert run(sshd.ssh("id -un", key=sshd.key, user=f"{user}:style", program=program)).stdout == f"{user}\n"
    assert f"Accepted publickey for {user} from" in sshd.log_text()
    assert run(sshd.ssh("true", key=sshd.key, user=f":{user}", program=program), check=False).returncode == 255


def test_an_unknown_key_and_an_unknown_user_look_the_same(sshd, folder):
    other = harness.make_key(folder / "other")
    messages = []
    for user in (harness.login_user(), "nobody-of-that-name"):
        done = run(sshd.ssh("true", key=other, user=user, program="ssh"), check=False)
        assert done.returncode == 255
        messages.append(done.stderr.replace(user, "USER"))
    assert messages[0] == messages[1]
    sshd.wait_log("Invalid user nobody-of-that-name from 127.0.0.1 port")


@needs_root
@pytest.mark.parametrize("user, why", [("carol", "account is locked"), ("dave", "expired"), ("erin", "shell")])
def test_accounts_that_may_not_log_in(sshd, user, why):
    sshd.authorize(sshd.key + ".pub", user=user)
    assert run(sshd.ssh("true", key=sshd.key, user=user, program="ssh"), check=False).returncode == 255
    sshd.wait_log(why)


@needs_root
@pytest.mark.parametrize("setting, allowed, forced", [
    ("yes", True, False), ("prohibit-password", True, False), ("forced-commands-only", False, True), ("no", False, False)])
def test_permit_root_login(folder, setting, allowed, forced):
    with harness.server(folder / "s", config=f"PermitRootLogin {setting}") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub", user="root")
        assert (run(s.ssh("true", key=key, user="root"), check=False).returncode == 0) == allowed
        forced_key = harness.make_key(folder / "forced")
        s.authorize(forced_key + ".pub", user="root", options='command="echo forced"')
        done = run(s.ssh("true", key=forced_key, user="root"), check=False)
        assert (done.stdout == "forced\n") == (allowed or forced)


@needs_root
@pytest.mark.parametrize("config, alice, bob", [
    ("AllowUsers alice", True, False), ("DenyUsers alice", False, True), ("AllowGroups testers", True, False),
    ("DenyGroups testers", False, True), ("AllowUsers bob@192.0.2.*", False, False),
    ("AllowUsers bob@127.0.0.0/8", False, True), ("Match User bob\nPubkeyAuthentication no\nMatch all", True, False)])
def test_allow_and_deny(folder, config, alice, bob):
    with harness.server(folder / "s", last=config) as s:
        key = harness.make_key(folder / "id")
        for user, expected in (("alice", alice), ("bob", bob)):
            s.authorize(key + ".pub", user=user)
            done = run(s.ssh("id -un", key=key, user=user), check=False)
            assert (done.stdout == user + "\n") == expected, user


def test_revoked_keys_are_refused_and_a_list_that_cannot_be_read_revokes_all(folder):
    good, bad = harness.make_key(folder / "good"), harness.make_key(folder / "bad")
    lists = folder / "revoked"
    lists.write_text(open(bad + ".pub", encoding="utf-8").read())
    lists.chmod(0o644)
    with harness.server(folder / "s", config=f"RevokedKeys {lists}") as s:
        for key in (good, bad):
            s.authorize(key + ".pub")
        assert run(s.ssh("echo in", key=good)).stdout == "in\n"
        assert run(s.ssh("true", key=bad), check=False).returncode == 255
        s.wait_log(f"revoked by file {lists}")
        run(["ssh-keygen", "-q", "-k", "-f", str(lists), good + ".pub"])
        assert run(s.ssh("true", key=good), check=False).returncode == 255
        assert run(s.ssh("echo in", key=bad)).stdout == "in\n"
        lists.unlink()
        assert run(s.ssh("true", key=bad), check=False).returncode == 255
        s.wait_log(f"revoked keys file {lists}: No such file or directory")


@needs_root
def test_strict_modes_say_which_path(folder):
    with harness.server(folder / "s", config="AuthorizedKeysFile .ssh/authorized_keys") as s:
        key = harness.make_key(folder / "id")
        os.makedirs("/home/alice/.ssh", exist_ok=True)
        run(["cp", key + ".pub", "/home/alice/.ssh/authorized_keys"])
        run(["chown", "-R", "alice:alice", "/home/alice/.ssh"])
        os.chmod("/home/alice/.ssh", 0o700)
        os.chmod("/home/alice/.ssh/authorized_keys", 0o600)
        try:
            assert run(s.ssh("true", key=key), check=False).returncode == 0
            os.chmod("/home/alice/.ssh", 0o777)
            assert run(s.ssh("true", key=key), check=False).returncode == 255
            s.wait_log("Authentication refused: bad ownership or modes for", "/home/alice/.ssh", "0777")
        finally:
            run(["rm", "-rf", "/home/alice/.ssh"])


@needs_root
def test_keys_are_read_as_the_user(folder):
    """A link in a user's home that leads to root's file gives nothing away and lets nobody in."""
    with harness.server(folder / "s", config="AuthorizedKeysFile .ssh/authorized_keys\nStrictModes no") as s:
        key = harness.make_key(folder / "id")
        secret = folder / "secret"
        run(["cp", key + ".pub", str(secret)])
        os.chmod(secret, 0o600)
        os.makedirs("/home/bob/.ssh", exist_ok=True)
        os.symlink(secret, "/home/bob/.ssh/authorized_keys")
        run(["chown", "-hR", "bob:bob", "/home/bob/.ssh"])
        try:
            assert run(s.ssh("true", key=key, user="bob"), check=False).returncode == 255
            os.unlink("/home/bob/.ssh/authorized_keys")
            os.mkfifo("/home/bob/.ssh/authorized_keys")
            assert run(s.ssh("true", key=key, user="bob"), check=False, timeout=20).returncode == 255
        finally:
            run(["rm", "-rf", "/home/bob/.ssh"])


@needs_root
def test_an_ordinary_users_sshd_lets_only_him_in(folder):
    with harness.server(folder / "s", user="bob") as s:
        key = harness.make_key(folder / "id")
        for user in ("alice", "bob"):
            s.authorize(key + ".pub", user=user)
            run(["chown", "bob", f"{s.dir}/authorized_keys.{user}"])
        assert run(s.ssh("id -un", key=key, user="bob")).stdout == "bob\n"
        assert run(s.ssh("id -un", key=key, user="alice"), check=False).returncode == 255
        s.wait_log("reason=other-uid rule=-")
        assert run(s.ssh("tty", key=key, user="bob", tty=True)).stdout.startswith("/dev/pts/")


@needs_root
def test_a_uid_without_an_account(folder):
    """A container's any-uid: no passwd entry, the account comes from the environment."""
    home = folder / "home"
    home.mkdir()
    d = folder / "s"
    d.mkdir()
    s = None
    run(["chown", "54321:54321", str(home), str(d)])
    env = {"HOME": str(home), "USER": "whoever", "PATH": "/usr/bin:/bin"}
    key = harness.make_key(folder / "id")
    run(["cp", key + ".pub", str(d / "authorized_keys.whoever")])
    run(["chown", "-R", "54321:54321", str(d)])
    import subprocess
    port = harness.free_port()
    (d / "sshd_config").write_text(f"ListenAddress 127.0.0.1\nPidFile none\nEphemeralKeySocket {d}/e.sock\n"
                                   f"AuthorizedKeysFile {d}/authorized_keys.%u\nLogLevel DEBUG\n")
    with open(folder / "log", "wb") as log:
        p = subprocess.Popen(["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "--", harness.SSHD, "-f",
                              str(d / "sshd_config"), "-p", str(port), "-D", "-e"], stdin=subprocess.DEVNULL, stderr=log,
                             env=env, cwd="/")
    try:
        harness.wait_until(lambda: p.poll() is not None or harness.answers(port), "sshd to listen")
        done = run([harness.SSH, "-F", "none", "-p", str(port), "-i", key, "-o", "StrictHostKeyChecking=no",
                    "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "whoever@127.0.0.1",
                    "id -u; echo $HOME; echo $SHELL"], check=False)
        assert done.stdout == f"54321\n{home}\n/bin/sh\n", done.stderr + (folder / "log").read_text()
    finally:
        harness.end(p)
    assert s is None


@needs_root
@pytest.mark.parametrize("prefix", [
    ("unshare", "--user", "--map-root-user", "--"),
    ("setpriv", "--bounding-set=-sys_chroot,-setuid,-setgid", "--"),
    ("setpriv", "--bounding-set=-all", "--")], ids=["one uid", "no chroot, no setuid", "no capabilities"])
def test_root_of_a_container_that_may_little(folder, prefix):
    with harness.server(folder / "s", prefix=prefix, config="StrictModes no") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub", user="root")
        assert run(s.ssh("id -u", key=key, user="root")).stdout == "0\n"
        assert run(s.ssh("tty", key=key, user="root", tty=True)).stdout.startswith("/dev/pts/")


@needs_root
def test_root_without_any_account_files(folder):
    """An initramfs: no /etc at all. A PasswdFile that is missing is another matter."""
    bare = ("unshare", "-m", "--propagation", "private", "sh", "-c", 'mount -t tmpfs tmpfs /etc; exec "$@"', "sh")
    key = harness.make_key(folder / "id")
    with harness.server(folder / "s", config="PermitRootLogin yes", prefix=bare) as s:
        s.authorize(key + ".pub", user="root")
        line = "id -u; echo $USER $HOME; ls /etc"
        env = f"{os.environ.get('HOME', '/')}"
        assert run(s.ssh(line, key=key, user="root")).stdout == f"0\nroot {env}\n"
        assert run(s.ssh("true", key=key, user="alice"), check=False).returncode == 255
        run(["rm", f"{s.dir}/authorized_keys.root"])
        s.ephemeral("add", "--user", "root", key + ".pub")
        assert run(s.ssh("echo in", key=key, user="root")).stdout == "in\n"
    with harness.server(folder / "t", config="PermitRootLogin yes\nPasswdFile /etc/not-there", prefix=bare) as s:
        s.authorize(key + ".pub", user="root")
        assert run(s.ssh("true", key=key, user="root"), check=False).returncode == 255


@needs_root
def test_accounts_from_files_of_our_own(folder):
    accounts = folder / "accounts"
    accounts.mkdir()
    (accounts / "passwd").write_text("virtual:x:1001:1001::/home/alice:/bin/sh\n")
    (accounts / "group").write_text("virtualgroup:x:1001:\nextra:x:3003:virtual\n")
    (accounts / "shadow").write_text("virtual:*:19000:0:99999:7:::\n")
    config = f"PasswdFile {accounts}/passwd\nGroupFile {accounts}/group\nShadowFile {accounts}/shadow"
    with harness.server(folder / "s", config=config) as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub", user="virtual")
        assert run(s.ssh("id -u; id -G; echo $USER", key=key, user="virtual")).stdout == "1001\n1001 3003\nvirtual\n"
        assert run(s.ssh("true", key=key, user="alice"), check=False).returncode == 255


@pytest.mark.parametrize("option", ["restrict", "no-pty", 'from="127.0.0.0/8"', 'from="!192.0.2.1,*"', 'environment="A=b"'])
def test_options_that_let_in(sshd, folder, option):
    key = harness.make_key(folder / "k")
    sshd.authorize(key + ".pub", options=option)
    assert run(sshd.ssh("echo in", key=key)).stdout == "in\n"


@pytest.mark.parametrize("option", ['from="192.0.2.0/24"', 'expiry-time="20200101"', "cert-authority"])
def test_options_that_keep_out(sshd, folder, option):
    key = harness.make_key(folder / "k")
    sshd.authorize(key + ".pub", options=option)
    assert run(sshd.ssh("echo in", key=key), check=False).returncode == 255


def test_max_auth_tries_counts_signatures_not_unknown_keys(sshd, folder):
    """Twenty unknown keys before the right one: still in (they were only asked for)."""
    command = sshd.ssh("echo in", program="ssh")
    options = []
    for i in range(20):
        options += ["-i", harness.make_key(folder / f"wrong{i}")]
    options += ["-i", sshd.key]
    command[1:1] = options
    assert run(command).stdout == "in\n"


def test_login_grace_time_is_absolute(folder):
    import socket
    import time
    with harness.server(folder / "s", config="LoginGraceTime 2") as s:
        with socket.create_connection(("127.0.0.1", s.port)) as c:
            c.settimeout(harness.TIMEOUT)
            began = time.monotonic()
            try:
                while time.monotonic() - began < harness.TIMEOUT:
                    c.sendall(b"S")     # drips
                    time.sleep(0.2)
                    c.setblocking(False)
                    try:
                        if c.recv(100) == b"":
                            break
                    except BlockingIOError:
                        pass
                    c.setblocking(True)
            except OSError:
                pass
            assert time.monotonic() - began < harness.TIMEOUT
        harness.wait_until(lambda: "Timeout before authentication" in s.log_text()
                           or "banner" in s.log_text().lower() or "ident" in s.log_text().lower(), "the log line")


def test_names_of_users_that_are_no_names_stay_on_their_line(sshd):
    import paramiko
    t = paramiko.Transport(("127.0.0.1", sshd.port))
    t.start_client(timeout=20)
    with pytest.raises(paramiko.SSHException):
        t.auth_none("a\nAccepted password for root\x1b[2J%n\\b")
    t.close()
    sshd.wait_log("Invalid user a\\nAccepted password for root\\033[2J%n\\\\b from 127.0.0.1 port")
    assert "\nAccepted password" not in sshd.log_text()
