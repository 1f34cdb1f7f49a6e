# SPDX-License-Identifier: ISC
"""Each reason of a refusal (docs/REASONS.md) occurs, with the rule that decided: here, or in the test that is named."""
import os
import re

import paramiko
import pytest

import harness
from harness import run
from raw_auth import Client, string

TOP = os.path.join(os.path.dirname(__file__), "..", "..")
USER = harness.login_user()
needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root")

EXPLAINED = "test_a_refusal_has_its_reason_and_line_here_and_in_the_log"
KEYWORDS = "test_each_keyword_lets_in_keeps_out_and_can_be_malformed"
WHERE = {
    "method-not-allowed": EXPLAINED, "unknown-user": EXPLAINED, "account-locked": EXPLAINED, "account-expired": EXPLAINED,
    "shell-missing": EXPLAINED, "deny-users": EXPLAINED, "allow-users": EXPLAINED, "deny-groups": EXPLAINED, "allow-groups": EXPLAINED,
    "refuse-connection": EXPLAINED, "root-login": EXPLAINED, "key-algorithm": KEYWORDS, "key-revoked": KEYWORDS,
    "no-such-service": "no_such_service_is_a_reason_for_a_wire_that_has_lost_its_senses",
    "other-uid": "test_an_ordinary_users_sshd_lets_only_him_in",
    "shell-not-executable": "test_accounts_that_explain_refuses", "no-groups": "test_accounts_that_explain_refuses",
    "nologin": "test_nologin_closes_logins_for_all_but_root_and_says_why",
    "host-unknown": "test_match_host_that_excludes_a_name_lets_nobody_in_who_has_none",
    "wrong-password": "test_a_wrong_password_does_not", "password-expired": "test_too_old_to_be_changed",
    "new-password-refused": "test_a_change_that_nobody_asked_for_is_refused",
    "abandoned": "test_threats_4_abandoned_challenges_count_as_tries",
    "unknown-key": "test_a_key_that_is_not_there_is_refused", "key-used-before": "test_a_key_that_was_used_before",
    "key-options": "test_a_refusal_does_not_use_up_a_key_that_works_once",
    "certificate": "test_certificate_for_another_name", "strict-modes": "test_strict_modes_name_the_path_and_its_mode",
    "registration-over": "test_what_is_revoked_or_expires_between_two_steps_lets_nobody_in",
    "hostbased": "test_a_trusted_machine_says_who_its_user_is",
    "bad-signature": "test_a_signature_that_is_none", "other-host-key": "test_a_signature_for_another_host",
}


@pytest.fixture
def serve(servers):
    def start(config=""):
        s = servers("PerSourcePenalties no\n" + config)
        s.make_key()
        return s
    return start


def test_every_reason_has_its_test():
    with open(os.path.join(TOP, "sshd", "reasons.h"), encoding="utf-8") as f:
        codes = re.findall(r'^\tX\(\w+,\s*"([a-z-]+)",', f.read(), re.M)
    assert sorted(codes) == sorted([*WHERE, "none"])
    names = {}
    for folder in ("system", "unit"):
        for entry in os.scandir(os.path.join(TOP, "regress", folder)):
            if re.fullmatch(r"test_\w+\.(py|c)", entry.name):
                with open(entry.path, encoding="utf-8") as f:
                    text = f.read()
                for name in re.findall(r"^(?:def )?(\w+)\(", text, re.M):
                    names.setdefault(name, "")
                    names[name] += text
    for code, name in WHERE.items():
        assert re.search(rf"\b{code}\b", names[name]), (code, name)


@needs_root
@pytest.mark.parametrize("line, group, reason", [
    ("tester:x:1001:1001::/home/alice:/etc", "testers:x:1001:", "shell-not-executable"),
    ("tester:x:1001:1001::/home/alice:/bin/sh", "others:x:4242:", "no-groups")])
def test_accounts_that_explain_refuses(serve, folder, line, group, reason):
    (folder / "passwd").write_text(line + "\n")
    (folder / "group").write_text(group + "\n")
    s = serve(f"PasswdFile {folder}/passwd\nGroupFile {folder}/group\nAllowGroups testers")
    s.authorize(s.key + ".pub", user="tester")
    done = run([harness.SSHD, "--explain", "-f", s.config_path, "-C", "user=tester,addr=127.0.0.1"], check=False)
    assert f"verdict: refused: reason={reason} " in done.stdout
    assert run(s.ssh("true", key=s.key, user="tester"), check=False).returncode == 255
    s.wait_log(f"reason={reason} rule={'AllowGroups (' if reason == 'no-groups' else '-'}")


def test_a_key_that_was_used_before(serve):
    s = serve("AuthenticationMethods publickey,publickey")
    t = paramiko.Transport(("127.0.0.1", s.port))
    t.start_client(timeout=20)
    key = paramiko.Ed25519Key.from_private_key_file(s.key)
    assert t.auth_publickey(USER, key) == ["publickey"]
    with pytest.raises(paramiko.SSHException):
        t.auth_publickey(USER, key)
    s.wait_log("reason=key-used-before rule=AuthenticationMethods (")
    t.close()


def test_a_signature_that_is_none(serve):
    s = serve("MaxAuthTries 2")
    key = paramiko.Ed25519Key.from_private_key_file(s.key)
    c = Client(s)
    c.ask("publickey", True, "ssh-ed25519", key.asbytes(), key.sign_ssh_data(b"something else").asbytes())
    c.close()
    s.wait_log("reason=bad-signature rule=-")


def test_a_signature_for_another_host(serve):
    """publickey-hostbound: what was signed for another server lets in here as little as it should."""
    s = serve("MaxAuthTries 2")
    key = paramiko.Ed25519Key.from_private_key_file(s.key)
    other = string("ssh-ed25519") + string(bytes(32))
    c = Client(s)
    c.ask("publickey-hostbound-v00@openssh.com", True, "ssh-ed25519", key.asbytes(), key.sign_ssh_data(b"x").asbytes(), other)
    c.close()
    s.wait_log("reason=other-host-key rule=-")
