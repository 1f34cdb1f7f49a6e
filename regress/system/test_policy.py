# SPDX-License-Identifier: ISC
"""What config and keys say of logins and sessions, keyword by keyword."""
import os
import re
import subprocess
import time

import pexpect
import pytest

import harness
from harness import run, wait_until

needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root")


@pytest.fixture
def serve(servers):
    """Starts a server with a config, and a key in authorized_keys, maybe with options."""
    def start(config="", options="", key=True, last=""):
        s = servers(config, last=last)
        s.make_key(options=options, authorized=key)
        return s
    return start


def ask(server, *command, check=True, options=(), **kwargs):
    return run(server.ssh(*command, key=server.key, program="ssh", options=options), check=check, **kwargs)


def by_password(server, user, password, *command, options=()):
    """Logs in with a password; (output, exit status)."""
    line = server.ssh(*command, user=user, program="ssh", options=options)
    line[1:1] = ["-o", "BatchMode=no", "-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1"]
    child = pexpect.spawn(line[0], line[1:], timeout=30, encoding="utf-8")
    child.delaybeforesend = None
    if child.expect(["[Pp]assword: ", pexpect.EOF]) == 0:
        child.sendline(password)
        child.expect(pexpect.EOF)
        child.wait()
    child.close()
    return child.before, child.exitstatus


# --- passwords ---

@needs_root
def test_a_password_lets_in(serve):
    s = serve()
    out, code = by_password(s, "alice", "secret-alice", "echo in")
    assert code == 0 and "in\r\n" in out
    s.wait_log("Accepted password for alice from 127.0.0.1")


@needs_root
@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("alice", ""), ("nobody-at-all", "x"), ("carol", "secret-carol"),
                                            ("alice", "x" * 2000)])
def test_a_wrong_password_does_not(serve, user, password):
    s = serve()
    _, code = by_password(s, user, password, "echo in")
    assert code == 255
    s.wait_log_match(rf"Failed password for (invalid user )?{user} from 127.0.0.1")
    # Who may not log in at all is refused for that, whatever he types.
    reason = {"nobody-at-all": "unknown-user", "carol": "account-locked"}.get(user, "wrong-password")
    s.wait_log(f"reason={reason} rule=")


@needs_root
def test_passwords_can_be_switched_off(serve):
    s = serve("PasswordAuthentication no")
    out, code = by_password(s, "alice", "secret-alice", "echo in")
    assert code == 255 and "password" not in out.split("Permission denied")[1]


def test_max_auth_tries_ends_the_connection(serve):
    import paramiko
    s = serve("MaxAuthTries 3")
    t = paramiko.Transport(("127.0.0.1", s.port))
    t.start_client(timeout=20)
    for _ in range(2):
        with pytest.raises(paramiko.AuthenticationException):
            t.auth_password(harness.login_user(), "wrong", fallback=False)
    with pytest.raises(paramiko.SSHException):
        t.auth_password(harness.login_user(), "wrong", fallback=False)
    wait_until(lambda: "maximum authentication attempts exceeded" in s.log_text(), "the log line")
    t.close()


@needs_root
def test_key_and_password_can_both_be_asked_for(serve):
    s = serve("AuthenticationMethods publickey,password")
    assert ask(s, "true", check=False).returncode == 255
    line = s.ssh("echo in", key=s.key, program="ssh")
    line[1:1] = ["-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1"]
    child = pexpect.spawn(line[0], line[1:], timeout=30, encoding="utf-8")
    child.delaybeforesend = None
    child.expect("[Pp]assword: ")
    child.sendline("secret-alice")
    child.expect("in\r\n")
    child.expect(pexpect.EOF)
    s.wait_log("Partial publickey for alice")
    s.wait_log("Accepted password for alice")


def test_two_keys_must_be_two(serve, folder):
    s = serve("AuthenticationMethods publickey,publickey")
    assert ask(s, "true", check=False).returncode == 255
    other = harness.make_key(folder / "other")
    s.authorize(other + ".pub")
    assert ask(s, "echo in", options=["-i", other]).stdout == "in\n"


def test_a_banner_is_shown(serve, folder):
    (folder / "banner").write_text("Do not enter.\n")
    s = serve(f"Banner {folder}/banner")
    assert "Do not enter." in ask(s, "true").stderr


def test_match_blocks_hold_for_whom_they_are_about(serve):
    s = serve(last=f"Match User {harness.login_user()}\n\tForceCommand echo matched")
    assert ask(s, "echo asked").stdout == "matched\n"


def test_refuse_connection(serve):
    s = serve("RefuseConnection yes")
    assert ask(s, "true", check=False).returncode == 255
    s.wait_log("administratively prohibited connection for")


# --- sessions ---

def test_set_env_beats_everything(serve):
    s = serve("PermitUserEnvironment yes\nAcceptEnv A B C\nSetEnv A=config", options='environment="A=key",environment="B=key"')
    out = ask(s, "echo $A $B $C", options=["-o", "SetEnv=A=client B=client C=client"]).stdout
    assert out == "config key client\n"


def test_of_a_name_in_set_env_the_first_counts_on_both_sides(serve):
    s = serve("AcceptEnv B\nSetEnv A=first A=second")
    for program in (harness.SSH, "ssh"):
        done = run(s.ssh("echo $A $B", key=s.key, options=["-o", "SetEnv=B=one B=two"], program=program))
        assert done.stdout == "first one\n"


def test_permit_user_environment_is_off_by_itself(serve):
    s = serve(options='environment="B=key"')
    assert ask(s, "echo [$B]").stdout == "[]\n"


def test_names_of_variables_are_looked_at(serve):
    s = serve("AcceptEnv *")
    out = ask(s, "env", options=["-o", "SetEnv=GOOD_1=x BAD-NAME=y"]).stdout
    assert "GOOD_1=x" in out and "BAD-NAME" not in out


def test_expose_auth_info(serve):
    s = serve("ExposeAuthInfo yes")
    out = ask(s, 'cat "$SSH_USER_AUTH"; echo "$SSH_USER_AUTH"').stdout.splitlines()
    assert out[0].startswith("publickey ssh-ed25519 AAAA")
    wait_until(lambda: not os.path.exists(out[1]), "the file to be removed")


@needs_root
@pytest.mark.parametrize("hushed", [False, True])
def test_what_a_login_shell_says_first(serve, hushed):
    s = serve()
    run(["mount", "-t", "tmpfs", "tmpfs", "/opt"], check=False)
    motd = "/etc/motd"
    if not os.path.exists(motd):
        pytest.skip("no /etc/motd here")
    try:
        if hushed:
            open("/home/alice/.hushlogin", "w", encoding="utf-8").close()
        out = run(s.ssh(key=s.key, program="ssh", tty=True), input="exit\n").stdout
        with open(motd, encoding="utf-8") as f:
            first = f.read().strip().splitlines()[:1]
        assert not first or (first[0].strip() in out) == (not hushed)
    finally:
        if hushed:
            os.unlink("/home/alice/.hushlogin")


@needs_root
def test_rc_runs_before_the_command_unless_forbidden(serve):
    os.makedirs("/home/bob/.ssh", exist_ok=True)
    with open("/home/bob/.ssh/rc", "w", encoding="utf-8") as f:
        f.write("echo from rc $USER\n")
    run(["chown", "-R", "bob:bob", "/home/bob/.ssh"])
    try:
        for config, options, said in (("", "", "from rc bob\ncommand\n"), ("PermitUserRC no", "", "command\n"),
                                      ("", "no-user-rc", "command\n")):
            s = serve(config)
            s.authorize(s.key + ".pub", user="bob", options=options)
            assert run(s.ssh("echo command", key=s.key, user="bob", program="ssh")).stdout == said
            tty = run(s.ssh("echo command; tty", key=s.key, user="bob", program="ssh", tty=True)).stdout
            assert tty.replace("\r", "").startswith(said) and "/dev/pts/" in tty
    finally:
        run(["rm", "-rf", "/home/bob/.ssh"])


@needs_root
def test_a_home_that_is_not_there_is_said(serve, folder):
    accounts = folder / "accounts"
    accounts.mkdir()
    (accounts / "passwd").write_text("homeless:x:1001:1001::/home/nowhere:/bin/sh\n")
    s = serve(f"PasswdFile {accounts}/passwd")
    s.authorize(s.key + ".pub", user="homeless")
    done = run(s.ssh("pwd", key=s.key, user="homeless", program="ssh"))
    assert done.stdout == "/\n"
    assert "Could not chdir to home directory /home/nowhere: No such file or directory" in done.stderr


@needs_root
@pytest.mark.parametrize("where", ["etc", "run"])
def test_nologin_closes_logins_for_all_but_root_and_says_why(folder, where):
    if where == "etc":  # a copy of it, which other tests do not see
        run(["cp", "-a", "/etc", str(folder / "etc")])
        mount = f"mount --bind {folder}/etc /etc"
    else:
        mount = "mount -t tmpfs tmpfs /run"
    mount += f" && echo 'Back at noon.' >/{where}/nologin"
    with harness.server(folder / "s", prefix=["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]) as s:
        key = harness.make_key(folder / "id")
        for user in ("alice", "root"):
            s.authorize(key + ".pub", user=user)
        for user in ("alice", "nobody-at-all"):
            done = run(s.ssh("echo in", key=key, user=user, program="ssh"), check=False)
            assert done.returncode == 255 and "Back at noon." in done.stderr
        s.wait_log(f"User alice not allowed because /{where}/nologin exists")
        s.wait_log("Refused invalid user alice from 127.0.0.1")
        s.wait_log("reason=nologin rule=-")
        done = run(s.ssh("echo in", key=key, user="root", program="ssh"))
        assert done.stdout == "in\n" and "Back at noon." not in done.stderr


@needs_root
def test_a_shell_need_not_be_in_etc_shells(serve, folder):
    """As in OpenSSH without PAM: it must be there and be a program, no more."""
    accounts = folder / "accounts"
    accounts.mkdir()
    shell = accounts / "unlisted"
    shell.write_text('#!/bin/sh\nexec /bin/sh "$@"\n')
    (accounts / "passwd").write_text("".join(f"u{i}:x:1001:1001::/home/alice:{path}\n" for i, path in
                                             enumerate((shell, accounts / "missing", accounts))))
    s = serve(f"PasswdFile {accounts}/passwd")
    for i, (mode, lets_in, why) in enumerate(((0o755, True, None), (0, False, "does not exist"), (0, False, "is not executable"))):
        if mode:
            os.chmod(shell, mode)
        s.authorize(s.key + ".pub", user=f"u{i}")
        done = run(s.ssh("echo in", key=s.key, user=f"u{i}", program="ssh"), check=False)
        assert (done.stdout == "in\n") == lets_in
        if why:
            s.wait_log(f"User u{i} not allowed because shell {[None, accounts / 'missing', accounts][i]} {why}")
    with open("/etc/shells", encoding="utf-8") as f:
        assert str(shell) not in f.read()


@needs_root
def test_a_shell_that_cannot_be_run_is_said(serve, folder):
    accounts = folder / "accounts"
    accounts.mkdir()
    shell = accounts / "shell"
    shell.write_text("#!/no/such/interpreter\n")
    os.chmod(shell, 0o755)
    (accounts / "passwd").write_text(f"shellless:x:1001:1001::/home/alice:{shell}\n")
    s = serve(f"PasswdFile {accounts}/passwd")
    s.authorize(s.key + ".pub", user="shellless")
    done = run(s.ssh("true", key=s.key, user="shellless", program="ssh"), check=False)
    assert done.returncode == 1 and str(shell) in done.stderr


@needs_root
def test_chroot(serve, folder):
    jail = "/opt/jail"
    run(["mkdir", "-p", jail])
    run(["mount", "--bind", "-o", "ro", "/", jail])
    try:
        s = serve(f"ChrootDirectory {jail}\nForceCommand ls -di /; ls -di /home")
        assert ask(s, "true").stdout.splitlines()[1].split()[0] == str(os.stat(jail + "/home").st_ino)
        s.wait_log(f'Changed root directory to "{jail}"')
    finally:
        run(["umount", "-l", jail])     # the session may not have left yet


@needs_root
def test_a_chroot_that_others_can_write_is_refused(serve):
    run(["mkdir", "-p", "-m", "777", "/opt/open"])
    os.chmod("/opt/open", 0o777)
    s = serve("ChrootDirectory /opt/open")
    assert ask(s, "true", check=False).returncode == 255
    s.wait_log("ChrootDirectory /opt/open")
    s.wait_log("0777")


def test_signals_do_not_reach_a_forced_command(serve):
    import paramiko
    s = serve(options='command="echo ready; sleep 2; echo unharmed"')
    t = paramiko.Transport(("127.0.0.1", s.port))
    t.connect(username=harness.login_user(), pkey=paramiko.Ed25519Key.from_private_key_file(s.key))
    c = t.open_session(timeout=20)
    c.invoke_shell()
    assert c.recv(100) == b"ready\n"
    m = paramiko.Message()
    m.add_byte(b"\x62")
    m.add_int(c.remote_chanid)
    m.add_string("signal")
    m.add_boolean(False)
    m.add_string("KILL")
    t._send_user_message(m)
    assert c.recv(100) == b"unharmed\n"
    assert c.recv_exit_status() == 0
    t.close()


def test_a_subsystem_that_is_not_there_is_refused(serve):
    s = serve("Subsystem hello echo hello")
    assert ask(s, "hello", options=["-s"]).stdout == "hello\n"
    assert ask(s, "nothing", options=["-s"], check=False).returncode != 0
    s.wait_log("subsystem request for nothing")


def test_a_channel_that_does_nothing_is_closed(serve):
    s = serve("ChannelTimeout session:command=1s")
    assert ask(s, "echo in; sleep 300", check=False).returncode != 0
    s.wait_log("has done nothing for too long")


def test_environment_of_the_server_stays_there(folder):
    with harness.server(folder / "s", env={**os.environ, "SECRET_OF_THE_SERVER": "x"}) as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        assert "SECRET_OF_THE_SERVER" not in ask(s, "env").stdout


def test_programs_get_no_descriptors_but_their_own(serve):
    s = serve()
    out = ask(s, "ls -l /proc/self/fd").stdout
    fds = {int(x) for x in re.findall(r" (\d+) -> ", out)}
    assert fds <= {0, 1, 2, 3}, out


@needs_root
def test_keys_of_root_by_ephemeral_table(serve):
    s = serve("PermitRootLogin prohibit-password")
    s.ephemeral("add", "--user", "root", s.key + ".pub")
    assert run(s.ssh("id -u", key=s.key, user="root")).stdout == "0\n"
    s.wait_log_match(r"Accepted publickey for root .* ephemeral key \w+ registered by ")


def test_revoking_with_kill_ends_what_has_no_terminal(serve):
    import json
    s = serve(key=False)
    s.ephemeral("add", "--user", harness.login_user(), s.key + ".pub")
    p = subprocess.Popen(s.ssh("trap '' HUP; echo $$; sleep 1000 & wait", key=s.key), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    pid = int(p.stdout.readline())
    listed = json.loads(s.ephemeral("list", "--json").stdout)
    entry = (listed if isinstance(listed, list) else listed["keys"])[0]
    s.ephemeral("revoke", entry["id"], "--kill")
    assert p.wait(harness.TIMEOUT) == 255
    wait_until(lambda: not harness.runs(pid), "the command to be gone")


def seconds_to_end_what_has_got_away(s, tty):
    s.ephemeral("add", "--user", harness.login_user(), s.key + ".pub")
    script = ("trap '' HUP TERM; setsid sh -c 'trap \"\" HUP TERM; echo $$; (sleep 1000 & echo $!); sleep 1000' & "
              "sleep 0.3; (nohup sleep 1000 >/dev/null 2>&1 & echo $!); echo $$; wait; sleep 1000")
    p = subprocess.Popen(s.ssh(script, key=s.key, tty=tty), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    pids = [int(p.stdout.readline()) for _ in range(4)]
    assert all(harness.runs(pid) for pid in pids)
    s.ephemeral("revoke", "all", "--kill")
    began = time.monotonic()
    wait_until(lambda: not any(harness.runs(pid) for pid in pids), "all of them to be gone")
    took = time.monotonic() - began
    assert p.wait(harness.TIMEOUT) == 255
    why = (p.stdout if tty else p.stderr).read()
    assert b"the key that opened this session was revoked" in why
    return took


@pytest.mark.parametrize("tty", [False, True])
def test_revoking_with_kill_ends_what_has_got_away_within_a_second(serve, tty):
    """A busy machine may be late once; who waits for something of his own would be late each time."""
    s = serve(key=False)
    assert any(seconds_to_end_what_has_got_away(s, tty) < 1 for _ in range(3))


@pytest.mark.parametrize("sig", ["KILL", "STOP"])
def test_who_kills_his_own_session_process_leaves_nothing_behind(serve, sig):
    """The one above it is the server's, and takes what he has left."""
    s = serve(key=False)
    s.ephemeral("add", "--user", harness.login_user(), s.key + ".pub")
    script = ("(setsid sh -c 'trap \"\" HUP TERM; (sleep 1000 & echo $!); echo $$; sleep 1000' &) ; (nohup sleep 1000 >/dev/null 2>&1 & echo $!); "
              f"read go; kill -{sig} $PPID; sleep 1000")
    p = subprocess.Popen(s.ssh(script, key=s.key), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pids = [int(p.stdout.readline()) for _ in range(3)]
    assert all(harness.runs(pid) for pid in pids)
    keeper = [pid for pid, command in s.children().items() if "[keeper]" in command]
    assert len(keeper) == 1
    if harness.ROOT:
        assert os.stat(f"/proc/{keeper[0]}").st_uid == 0, "not his to kill"
    p.stdin.write(b"go\n")
    p.stdin.flush()
    if sig == "STOP":
        [session] = [pid for pid, command in s.children().items() if "@notty" in command]
        wait_until(lambda: harness.state(session) == "T", "the session to be stopped")
        s.ephemeral("revoke", "all", "--kill")
    wait_until(lambda: not any(harness.runs(pid) for pid in [*pids, *keeper]), "all of them to be gone")
    assert p.wait(harness.TIMEOUT) == 255


def test_who_logs_out_of_a_granted_session_keeps_his_daemons(serve):
    s = serve(key=False)
    s.ephemeral("add", "--user", harness.login_user(), s.key + ".pub")
    pid = int(run(s.ssh("setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $!", key=s.key)).stdout)
    wait_until(lambda: not any("[keeper]" in c or "@" in c for c in s.children().values()), "the session to be gone")
    assert harness.runs(pid)
    run(["kill", str(pid)])


def test_a_session_without_a_grant_leaves_its_daemons_alone(serve):
    s = serve()
    done = run(s.ssh("setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $!", key=s.key))
    pid = int(done.stdout)
    time.sleep(0.5)
    assert harness.runs(pid)
    run(["kill", str(pid)])


@needs_root
def test_penalties_add_up_until_a_source_is_refused(folder):
    """From an address of this machine that is not loopback."""
    run(["ip", "address", "add", "192.0.2.1/32", "dev", "lo"], check=False)
    config = ("ListenAddress 192.0.2.1\nPerSourcePenalties invaliduser:10 min:15\n")
    with harness.server(folder / "s", config=config) as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")

        def login(user):
            line = s.ssh("echo in", key=s.key, user=user, program="ssh", options=["-b", "192.0.2.1",
                         "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
            line[line.index(f"{user}@127.0.0.1")] = f"{user}@192.0.2.1"
            return run(line, check=False)
        assert login("alice").stdout == "in\n"
        for _ in range(2):
            assert login("nobody-at-all").returncode == 255
        wait_until(lambda: "active penalty" in s.log_text(), "the penalty")
        refused = login("alice")
        assert refused.returncode == 255
        s.wait_log("penalty: attempted authentication by invalid user")
        assert ask(s, "echo in").stdout == "in\n", "others are not concerned"


def test_openssh_is_told_why_too(serve):
    """OpenSSH's client asks before it signs: it gets to sign, and so to know."""
    s = serve(key=False)
    s.ephemeral("add", "--user", harness.login_user(), "--once", s.key + ".pub")
    assert ask(s, "echo in").stdout == "in\n"
    done = ask(s, "echo in", check=False)
    assert done.returncode == 255
    assert "used up" in done.stderr and "Permission denied" in done.stderr


def test_a_key_in_the_file_lets_in_when_its_registration_is_over(serve):
    s = serve()
    s.ephemeral("add", "--user", harness.login_user(), "--once", s.key + ".pub")
    for _ in range(3):
        assert ask(s, "echo in").stdout == "in\n"
