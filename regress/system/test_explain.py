# SPDX-License-Identifier: ISC
"""sshd --explain says what a login would come to, and the login comes to that."""
import re

import pytest

import harness
from harness import run

needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root and the sandbox's accounts")


def explain(s, user, key=None, address="127.0.0.1", check=False):
    more = ["-k", key + ".pub"] if key else []
    return run([harness.SSHD, "--explain", "-f", s.config_path, "-C", f"user={user},addr={address},host={address}", *more], check=check)


def test_a_key_that_is_there_is_explained_and_lets_in(folder):
    with harness.server(folder / "s") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        done = explain(s, harness.login_user(), key)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[-1] == "verdict: may log in with this key"
        assert f"the key is at {s.dir}/authorized_keys.{harness.login_user()}:1" in done.stdout
        assert re.search(rf"^AuthorizedKeysFile \({re.escape(s.config_path)}:\d+\): ", done.stdout, re.M)
        assert run(s.ssh("true", key=key), check=False).returncode == 0


def test_a_key_that_is_not_there_is_refused(folder):
    with harness.server(folder / "s") as s:
        key = harness.make_key(folder / "id")
        done = explain(s, harness.login_user(), key)
        assert done.returncode == 1
        assert done.stdout.splitlines()[-1].startswith("verdict: refused: reason=unknown-key rule=AuthorizedKeysFile (")


@needs_root
@pytest.mark.parametrize("config, user, reason, rule", [
    ("DenyUsers alice", "alice", "deny-users", "DenyUsers"), ("AllowUsers bob", "alice", "allow-users", "AllowUsers"),
    ("DenyGroups testers", "alice", "deny-groups", "DenyGroups"), ("AllowGroups nobodies", "bob", "allow-groups", "AllowGroups"),
    ("Match User alice\n\tRefuseConnection yes", "alice", "refuse-connection", "RefuseConnection"),
    ("Match Address 127.0.0.0/8\n\tPubkeyAuthentication no", "alice", "method-not-allowed", "PubkeyAuthentication"),
    ("PermitRootLogin no", "root", "root-login", "PermitRootLogin"), ("", "carol", "account-locked", None), ("", "dave", "account-expired", None),
    ("", "erin", "shell-missing", None), ("", "mallory", "unknown-user", "PasswdFile")])
def test_a_refusal_has_its_reason_and_line_here_and_in_the_log(folder, config, user, reason, rule):
    with harness.server(folder / "s", last=config) as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub", user=user)
        done = explain(s, user, key)
        assert done.returncode == 1, done.stdout + done.stderr
        verdict = done.stdout.splitlines()[-1]
        assert f"reason={reason} " in verdict
        if config:
            number = [i for i, x in enumerate(open(s.config_path, encoding="utf-8").read().splitlines(), 1) if rule in x][0]
            assert f"rule={rule} ({s.config_path}:{number})" in verdict
        assert run(s.ssh("true", key=key, user=user), check=False).returncode == 255
        if reason == "method-not-allowed":  # no client tries what is not offered
            return
        s.wait_log(re.search(r"reason=\S+ rule=(- |[^)]*\))", verdict).group(0).strip())


@needs_root
@pytest.mark.parametrize("lists, user, keyword, word", [
    ("DenyUsers mallory eve\nDenyUsers trent\nDenyUsers al*\nDenyUsers alice", "alice", "DenyUsers", "al*"),
    ("DenyGroups nobodies\nDenyGroups testers\nDenyGroups others", "alice", "DenyGroups", "testers"),
    ("AllowUsers bob\nAllowUsers alice", "alice", "AllowUsers", "alice"),
    ("AllowUsers bob\nAllowUsers carol", "alice", "AllowUsers", "bob")])
def test_of_a_list_in_several_lines_the_one_that_matched_is_named(folder, lists, user, keyword, word):
    with harness.server(folder / "s", config=lists) as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub", user=user)
        number = [i for i, x in enumerate(open(s.config_path, encoding="utf-8").read().splitlines(), 1)
                  if x == f"{keyword} {word}"][0]
        place = f"{keyword} ({s.config_path}:{number})"
        done = explain(s, user, key)
        logged_in = run(s.ssh("true", key=key, user=user), check=False).returncode == 0
        if keyword == "AllowUsers" and word == "alice":
            assert logged_in and f"{place}: passed" in done.stdout
        else:
            assert not logged_in and f"rule={place}" in done.stdout.splitlines()[-1]
            s.wait_log(f"rule={place}")


def test_a_chain_says_what_comes_next(folder):
    with harness.server(folder / "s", config="AuthenticationMethods publickey,password") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        done = explain(s, harness.login_user(), key)
        assert done.returncode == 0
        assert done.stdout.splitlines()[-1] == "verdict: the key is accepted, and one of these is asked for next: password"


def test_wrong_use_is_told(folder):
    with harness.server(folder / "s") as s:
        assert run([harness.SSHD, "--explain", "-f", s.config_path], check=False).returncode == 255
        assert run([harness.SSHD, "--explain", "-f", s.config_path, "-C", "addr=127.0.0.1"], check=False).returncode == 255
        assert run([harness.SSHD, "--explain", "-f", s.config_path, "-C", f"user={harness.login_user()},addr=127.0.0.1", "-k",
                    "/nonexistent"], check=False).returncode == 255
