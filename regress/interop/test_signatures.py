# SPDX-License-Identifier: ISC
"""ssh-keygen -Y: what it signs OpenSSH and git verify, and the other way round; both say the same."""
import os
import shlex

import pytest

import harness
from harness import KEYGEN, run
from test_keygen import KINDS, PEERS, THEIRS, blob, make, ours, theirs

NEWEST = PEERS[-1]
MESSAGE = "what is signed\n"
NO_AGENT = {k: v for k, v in os.environ.items() if k != "SSH_AUTH_SOCK"}

pytestmark = pytest.mark.skipif(not os.path.exists(THEIRS), reason="no OpenSSH here to compare with")


def key_of(path):
    return " ".join(blob(path.read_text()))


def sign(program, folder, key, *args, **kwargs):
    return run([program, "-q", "-Y", "sign", "-n", "file", "-f", key, *args], input=MESSAGE, cwd=folder,
               **{"env": NO_AGENT, **kwargs}).stdout


def verify(program, folder, signature, *args, name="u@x", message=MESSAGE):
    (folder / "sig").write_text(signature)
    return run([program, "-Y", "verify", "-n", "file", "-f", "signers", "-I", name, "-s", "sig", *args],
               input=message, cwd=folder, check=False)


@pytest.mark.parametrize("kind,bits", KINDS)
def test_signatures_go_both_ways(tmp_path, kind, bits):
    make(THEIRS, tmp_path / "key", kind, bits)
    make(THEIRS, tmp_path / "ca", "ed25519", None)
    theirs("-q", "-s", "ca", "-I", "id", "-n", "u@x,v@x", "key.pub", cwd=tmp_path)
    (tmp_path / "signers").write_text(f"u@x {key_of(tmp_path / 'key.pub')}\n"
                                      f"*@x cert-authority {key_of(tmp_path / 'ca.pub')}\n")
    for peer in PEERS:
        for maker, reader in ((KEYGEN, peer), (peer, KEYGEN)):
            for key in ("key", "key-cert.pub"):
                for hash_name in ("sha256", "sha512"):
                    made = sign(maker, tmp_path, key, "-O", f"hashalg={hash_name}")
                    done = verify(reader, tmp_path, made)
                    assert done.returncode == 0, done.stderr
                    assert done.stdout.startswith('Good "file" signature for u@x with ')
                    done = verify(reader, tmp_path, made, message="other")
                    assert (done.returncode, done.stdout) == (255, "Could not verify signature.\n")
                    assert done.stderr == "Signature verification failed: incorrect signature\n"


# --- what is printed, and how it ends ---

CASES = """
verify -f signers -I u@x -n file -s sig
verify -f signers -I u@x -n file -s sig extra arguments
verify -q -f signers -I u@x -n file -s sig
verify -E md5 -f signers -I u@x -n file -s sig
verify -f signers -I v@x -n file -s sig
verify -q -f signers -I v@x -n file -s sig
verify -f signers -I u@x -n git -s sig
verify -f signers -I u@x -n file -s cert.sig
verify -f signers -I w@x -n file -s cert.sig
verify -f ca_signers -I u@x -n file -s cert.sig
verify -f ca_signers -I u@x -n file -s sig
verify -f ca_signers -I u@x -n file -s cert.sig -O verify-time=20190101
verify -f ca_signers -I u@x -n file -s cert.sig -O verify-time=20410101
verify -f ca_signers -I u@x -n file -s host.sig
verify -f ca_signers -I u@x -n file -s nobody.sig
verify -f nofile -I u@x -n file -s sig
verify -f signers -I u@x -n file -s nofile
verify -f signers -I u@x -n file
verify -f signers -I u@x -s sig
verify -f signers -n file -s sig
verify -f signers -I u@x -n file -s sig -O print-pubkey
verify -q -f signers -I u@x -n file -s sig -O Print-Pubkey
verify -f signers -I u@x -n file -s sig -O hashalg=sha256
verify -f signers -I u@x -n file -s sig -O bogus
verify -f signers -I u@x -n file -s sig -O verify-time=20
verify -f signers -I u@x -n file -s sig -r other.pub
verify -f signers -I u@x -n file -s old_sig
verify -f signers -I u@x -n file -s long_sig
check-novalidate -n file -s sig
check-novalidate -n file -s cert.sig
check-novalidate -n file -s cert.sig -O print-pubkey -O verify-time=20200101
check-novalidate -q -n file -s sig
check-novalidate -n git -s sig
check-novalidate -s sig
check-novalidate -n file
find-principals -s sig -f signers
find-principals -s cert.sig -f ca_signers
find-principals -s cert.sig -f ca_signers -O verify-time=20190101
find-principals -s host.sig -f ca_signers
find-principals -s other.sig -f signers
find-principals -s other.sig -f ca_signers
find-principals -s sig -f signers -O print-pubkey
find-principals -s nofile -f signers
match-principals -I u@x -f signers
match-principals -I w@x -f signers
match-principals -I z@x -f signers
match-principals -I "" -f signers
match-principals -I u@x -f nofile
match-principals -I u@x -f signers -O verify-time=20200101
sign -f key
sign -n file
sign -n "" -f key
sign -n file -f nofile
sign -n file -f key -O bogus=1
sign -n file -f key -O verify-time=20200101
sign -n file -f key -U
sign -n file -f key - message
sign -n file -f key nofile
sign -n file -f other.pub message
sign -n file -f wrong.pub message
sign -n file -f open message
sign -n file -f key
sign -n file -f key -
sign -q -n file -f key -
bogus
""".strip().splitlines()

LINES = r"""
u@x KEY a comment
# u@x KEY
u@x
u@x bogus KEY
u@x namespaces="file,git",valid-after="20200101",VALID-BEFORE="20400101Z" KEY
u@x valid-after="20200101",valid-before="20190101" KEY
u@x valid-before="20200101" KEY
u@x valid-before="202001010102Z" KEY
u@x valid-after="20400101" KEY
u@x namespaces="git" KEY
u@x namespaces="f*" KEY
u@x namespaces="" KEY
u@x namespaces=file KEY
u@x namespaces="a KEY
u@x namespaces="a"x KEY
u@x namespaces="a",namespaces="b" KEY
"u@x" KEY
"u@x"KEY
"u@x KEY
"a b" KEY
  u@x KEY
*,!u@x KEY
!u@x KEY
U@X KEY
u@x cert-authority
u@x cert-authority KEY
u@x cert-authority, KEY
u@x cert-authorityX KEY
u@x valid-after="1" KEY
u@x valid-after="20200101",valid-after="20210101" KEY
u@x ssh-bogus AAAA
u@x ssh-ed25519 AAAA
u@x ,KEY
u@x , KEY
u@x "x" KEY
w@x
w@x bogus KEY
w@x valid-before="1" KEY
w@x ssh-ed25519 AAAA
w@x namespaces="a KEY
"w@x KEY
""".strip("\n").splitlines()


@pytest.fixture(name="bed", scope="module")
def make_bed(tmp_path_factory):
    """A folder with keys, certificates and signatures."""
    d = tmp_path_factory.mktemp("bed")
    for name in ("key", "other", "ca", "open"):
        make(THEIRS, d / name, "ed25519", None)
    os.chmod(d / "open", 0o644)
    (d / "wrong.pub").write_text((d / "key.pub").read_text())
    (d / "wrong").write_bytes((d / "other").read_bytes())
    os.chmod(d / "wrong", 0o600)
    (d / "message").write_text(MESSAGE)
    for name, key, options in (("sig", "key", ""), ("other.sig", "other", ""),
                               ("cert.sig", "key-cert.pub", "-n u@x,v@x -V 20200101:20400101"),
                               ("host.sig", "key-cert.pub", "-h -n u@x"), ("nobody.sig", "key-cert.pub", "")):
        theirs("-q", "-s", "ca", "-I", "id", *options.split(), "key.pub", cwd=d)
        (d / name).write_text(sign(THEIRS, d, key))
    (d / "other").unlink()
    armour = (d / "sig").read_text().splitlines()
    (d / "old_sig").write_text("\r\n".join(armour) + "\r\nmore\n")
    (d / "long_sig").write_text("\n".join((armour[0], "".join(armour[1:-1]), armour[-1])))
    (d / "signers").write_text(f"# c\nu@x,!z@x {key_of(d / 'key.pub')} comment\n*@x {key_of(d / 'ca.pub')}\n")
    (d / "ca_signers").write_text(f"*@x cert-authority {key_of(d / 'ca.pub')}\n")
    return d


def say_the_same(folder, args):
    done = [run([program, *args], check=False, input=MESSAGE, cwd=folder, env=NO_AGENT)
            for program in (KEYGEN, NEWEST)]
    a, b = ((d.returncode, d.stdout, d.stderr.split("usage:")[0]) for d in done)
    assert a == b, args
    return done[0]


@pytest.mark.skipif(NEWEST == THEIRS, reason="needs a newer OpenSSH")
def test_every_operation_prints_and_ends_as_openssh(bed):
    for case in CASES:
        say_the_same(bed, ["-Y", *shlex.split(case)])
    assert not (bed / "message.sig").exists()


@pytest.mark.skipif(NEWEST == THEIRS, reason="needs a newer OpenSSH")
def test_every_line_of_allowed_signers_means_what_it_does_in_openssh(bed):
    for line in LINES:
        (bed / "line").write_text(line.replace("KEY", key_of(bed / "key.pub")) + "\n")
        # A given time: what is said of another one would depend on the second.
        for case in ("verify -f line -I u@x -n file -s sig -O verify-time=202401151200",
                     "find-principals -f line -s sig -O verify-time=20240115120000Z",
                     "match-principals -f line -I u@x"):
            say_the_same(bed, ["-Y", *case.split()])


def test_a_bad_line_does_not_hide_those_behind_it(bed):
    key = key_of(bed / "key.pub")
    (bed / "line").write_text(f"u@x bogus {key}\nu@x {key}\n")
    done = ours("-Y", "verify", "-f", "line", "-I", "u@x", "-n", "file", "-s", "sig", input=MESSAGE, cwd=bed)
    assert done.stderr == "line:1: bad options: unknown key option\n"


@pytest.mark.parametrize("listing", ["text", "krl"])
def test_who_is_revoked_has_not_signed(bed, listing):
    for name in ("key", "other", "ca"):
        revoked = f"{name}.{listing}"
        if listing == "krl":
            theirs("-q", "-k", "-f", revoked, f"{name}.pub", cwd=bed)
        else:
            (bed / revoked).write_text((bed / f"{name}.pub").read_text())
        for signers, signature in (("signers", "sig"), ("ca_signers", "cert.sig")):
            args = ["-Y", "verify", "-f", signers, "-I", "u@x", "-n", "file", "-s", signature, "-r", revoked]
            done = [run([program, *args], input=MESSAGE, cwd=bed, check=False) for program in (KEYGEN, NEWEST)]
            assert (done[0].returncode, done[0].stdout) == (done[1].returncode, done[1].stdout)
            is_good = name == "other" or (name, signature) == ("ca", "sig")
            assert (done[0].returncode == 0) == is_good
            assert ("is revoked by" in done[0].stderr) == (not is_good)


def test_a_list_of_revoked_keys_that_cannot_be_read_revokes_all(bed):
    (bed / "rubbish").write_text("rubbish\n")
    for revoked in ("nofile", "rubbish"):
        done = ours("-Y", "verify", "-f", "signers", "-I", "u@x", "-n", "file", "-s", "sig", "-r", revoked,
                    input=MESSAGE, cwd=bed, check=False)
        assert (done.returncode, done.stdout) == (255, "Could not verify signature.\n")
        assert f"Couldn't read revocation list {revoked}: " in done.stderr


# --- signing ---

def test_files_are_signed_beside_themselves_and_replaced_only_when_told_so(tmp_path):
    make(THEIRS, tmp_path / "key", "ed25519", None)
    (tmp_path / "signers").write_text(f"u@x {key_of(tmp_path / 'key.pub')}\n")
    for name in "ab":
        (tmp_path / name).write_text(name)
    command = ["-Y", "sign", "-f", "key", "-n", "file", "a", "b"]
    done = ours(*command, cwd=tmp_path, env=NO_AGENT, umask=0o027)
    assert done.stderr == "Signing file a\nWrite signature to a.sig\nSigning file b\nWrite signature to b.sig\n"
    assert (tmp_path / "a.sig").stat().st_mode & 0o777 == 0o640
    for name in "ab":
        made = (tmp_path / f"{name}.sig").read_text()
        assert verify(NEWEST, tmp_path, made, message=name).returncode == 0
    (tmp_path / "a").write_text("changed")
    for answers, replaced in (("", False), ("n\nn\n", False), ("y\nn\n", True)):
        done = ours(*command, cwd=tmp_path, env=NO_AGENT, input=answers)
        assert done.stdout == "".join(f"{name}.sig already exists.\nOverwrite (y/n)? " for name in "ab")
        made = (tmp_path / "a.sig").read_text()
        assert (verify(KEYGEN, tmp_path, made, message="changed").returncode == 0) == replaced
    done = ours("-q", *command, cwd=tmp_path, env=NO_AGENT, input="y\ny\n")
    assert done.stderr == ""


def test_an_encrypted_key_signs_with_its_passphrase(tmp_path):
    make(THEIRS, tmp_path / "key", "ed25519", None, "pass")
    (tmp_path / "signers").write_text(f"u@x {key_of(tmp_path / 'key.pub')}\n")
    made = sign(KEYGEN, tmp_path, "key.pub", "-P", "pass")
    assert verify(NEWEST, tmp_path, made).returncode == 0
    done = ours("-Y", "sign", "-n", "file", "-f", "key", "-P", "wrong", "-", cwd=tmp_path, check=False, env=NO_AGENT)
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr == 'Load key "key": incorrect passphrase supplied to decrypt private key\n'


def test_the_agent_signs_for_a_public_key_and_for_a_certificate(tmp_path):
    for name, kind in (("a", "ed25519"), ("b", "rsa"), ("stranger", "ed25519"), ("ca", "ed25519")):
        make(THEIRS, tmp_path / name, kind, 2048 if kind == "rsa" else None)
    theirs("-q", "-s", "ca", "-I", "id", "-n", "u@x", "a.pub", "b.pub", cwd=tmp_path)
    (tmp_path / "signers").write_text("".join(f"u@x {key_of(tmp_path / (n + '.pub'))}\n" for n in "ab")
                                      + f"u@x cert-authority {key_of(tmp_path / 'ca.pub')}\n")
    # The agent takes the certificate of one key along, and not that of the other.
    (tmp_path / "b-cert.pub").rename(tmp_path / "c-cert.pub")
    with harness.agent(tmp_path / "agent.sock", tmp_path / "a", tmp_path / "b") as env:
        for name in "ab":
            (tmp_path / name).unlink()
        for name, kind in (("a.pub", "ED25519"), ("b.pub", "RSA"), ("a-cert.pub", "ED25519-CERT"),
                           ("c-cert.pub", "RSA-CERT")):
            for options in ([], ["-U"]):
                made = sign(KEYGEN, tmp_path, name, *options, env=env)
                done = verify(NEWEST, tmp_path, made)
                assert f" with {kind} key " in done.stdout
        done = ours("-Y", "sign", "-U", "-n", "file", "-f", "stranger", cwd=tmp_path, env=env, check=False)
        assert (done.returncode, done.stderr) == (255, "Couldn't find key in agent\n")
        # Without -U the file of a key that the agent has not is used.
        assert verify(NEWEST, tmp_path, sign(KEYGEN, tmp_path, "stranger", env=env)).returncode == 255
    done = ours("-Y", "sign", "-U", "-n", "file", "-f", "a.pub", cwd=tmp_path, env=env, check=False)
    assert (done.returncode, done.stderr) == (255, "Couldn't get agent socket\n")


def test_a_ca_key_in_the_agent_certifies_as_one_in_a_file_does(tmp_path):
    for name, kind, bits in (("ca", "ed25519", None), ("rsa_ca", "rsa", 2048), ("u", "ecdsa", None)):
        make(THEIRS, tmp_path / name, kind, bits)

    def certify(program, ca, *args, env=NO_AGENT):
        done = run([program, "-U", "-s", ca, "-I", "id", "-n", "u", *args, "u.pub"], cwd=tmp_path, env=env, check=False)
        return done.returncode, done.stdout, done.stderr

    with harness.agent(tmp_path / "agent.sock", tmp_path / "ca", tmp_path / "rsa_ca") as env:
        for ca, args, alg in (("ca.pub", (), "ssh-ed25519"), ("ca", (), "ssh-ed25519"),
                              ("rsa_ca.pub", (), "rsa-sha2-512"), ("rsa_ca.pub", ("-t", "rsa-sha2-256"), "rsa-sha2-256")):
            assert certify(KEYGEN, ca, *args, env=env) == certify(THEIRS, ca, *args, env=env)
            assert certify(KEYGEN, ca, *args, env=env)[0] == 0
            # It does not list what its CA has not signed.
            assert f"(using {alg})" in theirs("-L", "-f", "u-cert.pub", cwd=tmp_path).stdout
        (tmp_path / "u-cert.pub").unlink()
        for ca, args in (("u.pub", ()), ("nofile", ()), ("ca.pub", ("-t", "rsa-sha2-256"))):
            said = certify(KEYGEN, ca, *args, env=env)
            assert said == certify(THEIRS, ca, *args, env=env) and said[0] == 255
    assert certify(KEYGEN, "ca.pub")[0] == certify(THEIRS, "ca.pub")[0] == 255
    assert not (tmp_path / "u-cert.pub").exists()


# --- git ---

def git(folder, program, *args, env=None, check=True):
    settings = {"user.name": "U", "user.email": "u@x", "gpg.format": "ssh", "gpg.ssh.program": program,
                "gpg.ssh.allowedSignersFile": str(folder / "signers"), "init.defaultBranch": "main"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return run(["git", *options, *args], cwd=folder / "repo", check=check,
               env={**(env or NO_AGENT), "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"})


@pytest.mark.skipif(not harness.have("git"), reason="no git")
def test_git_signs_and_verifies_commits_and_tags(tmp_path):
    (tmp_path / "repo").mkdir()
    for name in ("key", "agent_key", "stranger"):
        make(THEIRS, tmp_path / name, "ed25519", None)
    (tmp_path / "signers").write_text("".join(
        f"u@x namespaces=\"git\",valid-after=\"20200101\" {key_of(tmp_path / (n + '.pub'))}\n"
        for n in ("key", "agent_key")))
    git(tmp_path, KEYGEN, "init", "-q")

    def commit(program, key, env=None):
        git(tmp_path, program, "-c", f"user.signingkey={key}", "commit", "-q", "--allow-empty", "-S", "-m", "x", env=env)

    def told(program, command="verify-commit", what="HEAD"):
        done = git(tmp_path, program, command, what, check=False)
        return done.returncode, done.stderr

    for maker, reader in ((KEYGEN, KEYGEN), (KEYGEN, NEWEST), (NEWEST, KEYGEN)):
        commit(maker, tmp_path / "key")
        status, text = told(reader)
        assert (status, text[:43]) == (0, 'Good "git" signature for u@x with ED25519 k'), text
    git(tmp_path, KEYGEN, "-c", f"user.signingkey={tmp_path / 'key'}", "tag", "-s", "-m", "t", "one")
    assert told(KEYGEN, "verify-tag", "one")[0] == told(NEWEST, "verify-tag", "one")[0] == 0
    # The key itself in the settings: the agent has its other half.
    with harness.agent(tmp_path / "agent.sock", tmp_path / "agent_key") as env:
        commit(KEYGEN, f"key::{key_of(tmp_path / 'agent_key.pub')}", env=env)
    assert told(KEYGEN)[0] == 0
    commit(KEYGEN, tmp_path / "stranger")
    ours_said, theirs_said = told(KEYGEN), told(NEWEST)
    assert ours_said == theirs_said and ours_said[0] == 1
    assert "No principal matched." in ours_said[1]
