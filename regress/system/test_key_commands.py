# SPDX-License-Identifier: ISC
"""AuthorizedKeysCommand and AuthorizedPrincipalsCommand."""
import os
import time

import pytest

import harness
from harness import run, wait_until

USER = harness.login_user()
needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root")


@pytest.fixture
def key(folder):
    return harness.make_key(folder / "id")


@pytest.fixture
def program(folder):
    """Writes a shell script that the server may run, and gives its path."""
    # Every folder above it must be nobody's but root's (or the server's own): /tmp is not.
    base = "/opt/dayfly-test" if harness.ROOT else str(folder)
    os.makedirs(base, exist_ok=True)

    def make(text, mode=0o755):
        path = f"{base}/command-{time.monotonic_ns()}"
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, mode)
        return path
    return make


@pytest.fixture
def serve(servers):
    return servers


def ask(server, key, *command, check=True, options=()):
    return run(server.ssh(*command, key=key, program="ssh", options=options), check=check)


def out_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def test_keys_come_from_a_command(serve, program, key):
    path = program(f"cat {key}.pub")
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser {USER}\nAuthorizedKeysFile none")
    assert ask(s, key, "echo in; echo $DAYFLY_KEY_FROM").stdout == f"in\n{path}:1\n"
    s.wait_log(f"Key of {USER} found at {path}:1 (test)")


def test_a_file_is_asked_before_the_command(serve, program, key):
    path = program("exit 1")
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser {USER}")
    s.authorize(key + ".pub")
    ask(s, key, "true")
    assert path not in s.log_text()


def test_options_of_a_commands_lines_hold(serve, program, key):
    path = program(f"echo 'command=\"echo forced\" '$(cat {key}.pub)")
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser {USER}")
    assert ask(s, key, "echo asked").stdout == "forced\n"


def test_the_user_name_is_its_argument_unless_others_are_given(serve, program, key, folder):
    path = program(f'test "$*" = {USER} && cat {key}.pub')
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser {USER}")
    ask(s, key, "true")
    path = program(f'test "$*" = "-x" && cat {key}.pub')
    s = serve(f"AuthorizedKeysCommand {path} -x\nAuthorizedKeysCommandUser {USER}")
    ask(s, key, "true")


def test_tokens_of_the_keys_command(serve, program, key, folder):
    said = "/tmp/said" if harness.ROOT else str(folder / "said")
    path = program(f'for i; do echo "$i"; done >{said}; cat {key}.pub')
    s = serve(f'AuthorizedKeysCommand {path} %% %C "a %D b" %f %h %k %t %U %u\nAuthorizedKeysCommandUser {USER}')
    ask(s, key, "true")
    lines = out_of(said).splitlines()
    kind, blob = out_of(key + ".pub").split()[:2]
    fp = run(["ssh-keygen", "-lf", key + ".pub"]).stdout.split()[1]
    assert lines[0] == "%" and lines[2] == "a  b" and lines[3] == fp
    assert lines[1].startswith("127.0.0.1 ") and lines[1].endswith(f" 127.0.0.1 {s.port}")
    assert lines[5:7] == [blob, kind] and lines[8] == USER
    assert lines[7].isdigit() and lines[4].startswith("/")


@needs_root
def test_it_runs_as_the_user_that_the_config_names_with_nothing_of_ours(serve, program, key):
    path = program(f"""{{ id -un; id -Gn; echo "$HOME"; env | cut -d= -f1 | sort | tr '\\n' ' '; ls /proc/self/fd; pwd; }} >/tmp/who
    cat {key}.pub""")
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser bob", env=dict(os.environ, SECRET="x"))
    ask(s, key, "true")
    lines = out_of("/tmp/who").splitlines()
    assert lines[:3] == ["bob", "bob", "/home/bob"]
    assert lines[3].split(" ")[:-1] == ["HOME", "LOGNAME", "PATH", "PWD", "USER"] or "SECRET" not in lines[3]
    assert "SECRET" not in lines[3] and lines[-1] == "/"
    # stdin, stdout, stderr and the one that ls has opened
    assert lines[3].endswith("0") and lines[4:-1] == ["1", "2", "3"]


@pytest.mark.parametrize("text, why", [
    ("cat KEY; exit 3", "it ended with status 3"),
    ("cat KEY; kill -9 $$", "it was killed by signal 9"),
    ("cat KEY; yes x | head -c 20000000", "it printed more than"),
])
def test_what_fails_does_not_count(serve, program, key, text, why):
    path = program(text.replace("KEY", key + ".pub"))
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser {USER}")
    assert ask(s, key, "true", check=False).returncode == 255
    s.wait_log(why)


def test_one_that_does_not_end_is_ended_with_login_grace_time(serve, program, key):
    path = program(f"cat {key}.pub; echo $$ >{os.path.dirname(key)}/pid; exec >&-; sleep 300")
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser {USER}\nLoginGraceTime 2")
    assert ask(s, key, "true", check=False).returncode == 255
    s.wait_log_match("what it said does not count|Timeout before authentication")


def test_one_that_nobody_waits_for_is_killed(serve, program, key, folder):
    folder = folder / "said"
    folder.mkdir()
    os.chmod(folder, 0o777)
    path = program(f"echo $$ >{folder}/pid; sleep 300")
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser {USER}")
    import subprocess
    client = subprocess.Popen(s.ssh("true", key=key, program="ssh"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pid = int(wait_until(lambda: os.path.exists(f"{folder}/pid") and out_of(f"{folder}/pid"), "the command"))
    harness.end(client)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "its end", timeout=5)


@needs_root
@pytest.mark.parametrize("spoil", ["mode", "owner", "folder"])
def test_one_that_others_could_have_written_is_not_run(serve, program, key, folder, spoil):
    path = program(f"cat {key}.pub")
    if spoil == "mode":
        os.chmod(path, 0o775)
    elif spoil == "owner":
        run(["chown", "bob", path])
    else:
        os.makedirs("/opt/open", exist_ok=True)
        os.chmod("/opt/open", 0o777)
        run(["cp", path, "/opt/open/command"])
        path = "/opt/open/command"
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser {USER}")
    assert ask(s, key, "true", check=False).returncode == 255
    s.wait_log(f'Unsafe AuthorizedKeysCommand "{path}"')


def test_without_its_user_it_is_not_run(serve, program, key):
    path = program(f"cat {key}.pub")
    s = serve(f"AuthorizedKeysCommand {path}\nAuthorizedKeysCommandUser nobody-at-all")
    assert ask(s, key, "true", check=False).returncode == 255
    s.wait_log_match('AuthorizedKeysCommand ?[uU]ser "nobody-at-all" not found')


# --- principals ---

@pytest.fixture
def certified(folder, key):
    ca = harness.make_key(folder / "ca")
    run(["ssh-keygen", "-q", "-s", ca, "-I", "x y", "-z", "9", "-n", "db", key + ".pub"])
    return ca


def test_principals_come_from_a_command(serve, program, key, certified):
    path = program("echo web; echo 'no-pty db'")
    s = serve(f"TrustedUserCAKeys {certified}.pub\nAuthorizedPrincipalsCommand {path}\n"
              f"AuthorizedPrincipalsCommandUser {USER}")
    assert ask(s, key, "echo in").stdout == "in\n"
    assert "PTY allocation request failed" in ask(s, key, "true", options=["-tt"], check=False).stderr


def test_other_principals_of_a_command_do_not_let_in(serve, program, key, certified):
    path = program(f"echo web; echo {USER}")
    s = serve(f"TrustedUserCAKeys {certified}.pub\nAuthorizedPrincipalsCommand {path}\n"
              f"AuthorizedPrincipalsCommandUser {USER}")
    assert ask(s, key, "true", check=False).returncode == 255
    s.wait_log("Certificate does not contain an authorized principal")


def test_tokens_of_the_principals_command(serve, program, key, certified, folder):
    said = "/tmp/said2" if harness.ROOT else str(folder / "said")
    path = program(f'for i; do echo "$i"; done >{said}; echo db')
    s = serve(f"TrustedUserCAKeys {certified}.pub\nAuthorizedPrincipalsCommand {path} %f %F %i %s %t %T %K %u\n"
              f"AuthorizedPrincipalsCommandUser {USER}")
    ask(s, key, "true")
    fp = [run(["ssh-keygen", "-lf", k + ".pub"]).stdout.split()[1] for k in (key, certified)]
    assert out_of(said).splitlines() == [*fp, "x y", "9", "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519",
                                         out_of(certified + ".pub").split()[1], USER]
