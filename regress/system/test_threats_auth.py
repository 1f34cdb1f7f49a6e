# SPDX-License-Identifier: ISC
"""What has let strangers in elsewhere: inputs that no client sends, and what comes of them (docs/THREATS.md)."""
import os
import queue

import paramiko
import pytest

import harness
from harness import run
from raw_auth import Client, string

USER = harness.login_user()


@pytest.fixture
def serve(servers):
    return lambda config="": servers("PerSourcePenalties no\n" + config)


def test_threats_4_methods_that_are_not_there_count_as_tries(serve):
    """CVE-2026-60000: a method that is begun again and again, and never fails for good."""
    s = serve("MaxAuthTries 4")
    c = Client(s)
    answered = 0
    while answered < 20 and c.ask("gssapi-with-mic", 0xffffffff):
        answered += 1
    assert answered == 3
    s.wait_log(f"maximum authentication attempts exceeded for {USER}")
    c.close()


def test_threats_4_hunting_for_keys_ends_at_a_limit(serve):
    """SSHamble's pubkey-hunt: unsigned questions about keys, which are not tries of MaxAuthTries, are bounded all the same."""
    s = serve("MaxAuthTries 6")
    c = Client(s)
    answered = 0
    while answered < 1000:
        blob = string("ssh-ed25519") + string(os.urandom(32))
        if not c.ask("publickey", False, "ssh-ed25519", blob):
            break
        answered += 1
    assert answered == 128
    s.wait_log(f"maximum authentication attempts exceeded for {USER}")
    c.close()


def test_threats_4_the_key_that_signed_counts_and_not_the_one_that_was_asked_about(serve, folder):
    """CVE-2024-45337: a question about one key, which may do all, and a signature by another, which may not."""
    s = serve()
    asked, signs = harness.make_key(folder / "asked"), harness.make_key(folder / "signs")
    s.authorize(asked + ".pub")
    s.authorize(signs + ".pub", options='restrict,command="echo forced"')
    os.unlink(asked)            # its public half is enough to ask
    done = run(s.ssh("echo in", program="ssh", options=["-v", "-o", f"IdentityFile={asked}", "-i", signs]))
    assert f"Server accepts key: {asked}" in done.stderr
    assert done.stdout == "forced\n"
    # And a key that is not known at all lets nobody in behind one that is.
    other = harness.make_key(folder / "other")
    done = run(s.ssh("echo in", program="ssh", options=["-v", "-o", f"IdentityFile={asked}", "-i", other]), check=False)
    assert f"Server accepts key: {asked}" in done.stderr and done.returncode == 255


@pytest.mark.parametrize("first", [True, False])
def test_threats_4_the_options_of_every_key_of_a_chain_hold(serve, folder, first):
    """Dropbear 2026.90: what one of two keys may not do, nobody may who needs both."""
    s = serve("AuthenticationMethods publickey,publickey")
    keys = [harness.make_key(folder / f"k{i}") for i in range(2)]
    s.authorize(keys[0] + ".pub", options='no-pty,command="echo forced"' if first else "")
    s.authorize(keys[1] + ".pub", options="" if first else 'no-pty,command="echo forced"')
    assert run(s.ssh("echo in", key=keys[0], program="ssh", options=["-i", keys[1]])).stdout == "forced\n"
    done = run(s.ssh("echo in", key=keys[0], program="ssh", options=["-i", keys[1], "-tt"]), check=False)
    assert "PTY allocation request failed" in done.stderr


def test_threats_5_no_variable_gets_in_by_default(serve, folder, monkeypatch):
    """CVE-2014-2532 and its like: only what AcceptEnv names, only names, and not without end."""
    names = ["LD_PRELOAD", "PATH", "BASH_ENV", "IFS", "A=B", "", "LC_X", "A-B", "TERMINFO"]
    s, open_one = serve(), serve("AcceptEnv *")
    key = harness.make_key(folder / "id")
    for server in (s, open_one):
        server.authorize(key + ".pub")

    answers = queue.Queue()
    for number, taken in ((paramiko.common.MSG_CHANNEL_SUCCESS, True), (paramiko.common.MSG_CHANNEL_FAILURE, False)):
        monkeypatch.setitem(paramiko.Transport._channel_handler_table, number, lambda c, m, taken=taken: answers.put(taken))

    def asked(server, variables):
        """Which of the variables are accepted, each asked for with an answer."""
        t = paramiko.Transport(("127.0.0.1", server.port))
        t.connect(username=USER, pkey=paramiko.Ed25519Key.from_private_key_file(key))
        c = t.open_session(timeout=20)
        accepted = []
        for name in variables:
            m = paramiko.Message()
            m.add_byte(paramiko.common.cMSG_CHANNEL_REQUEST)
            m.add_int(c.remote_chanid)
            m.add_string("env")
            m.add_boolean(True)
            m.add_string(name)
            m.add_string("evil")
            t._send_user_message(m)
            if answers.get(timeout=harness.TIMEOUT):
                accepted.append(name)
        t.close()
        return accepted
    assert asked(s, names) == []
    assert asked(open_one, ["A=B", "", "A-B", "GOOD"]) == ["GOOD"]
    assert len(asked(open_one, [f"V{i}" for i in range(129)])) == 128
