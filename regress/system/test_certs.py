# SPDX-License-Identifier: ISC
"""User certificates and lists of revoked keys, made by OpenSSH's ssh-keygen."""
import os
import re
import time

import pytest

import harness
from harness import run

USER = harness.login_user()


class Authority:
    """A CA, and a user key that it certifies."""

    def __init__(self, folder, kind="ed25519", key_kind="ed25519"):
        self.folder = folder
        self.path = harness.make_key(folder / "ca", kind)
        self.key = harness.make_key(folder / "user", key_kind)

    @property
    def line(self):
        with open(self.path + ".pub", encoding="utf-8") as f:
            return f.read().strip()

    def sign(self, *options, names=USER, key_id="the id", serial=7):
        """Makes the certificate beside the user's key."""
        command = ["ssh-keygen", "-q", "-s", self.path, "-I", key_id, "-z", str(serial)]
        if names:
            command += ["-n", names]
        run([*command, *options, self.key + ".pub"])
        return self.key + "-cert.pub"


@pytest.fixture
def ca(folder):
    return Authority(folder)


@pytest.fixture
def serve(servers, ca):
    """Starts a server that trusts the CA, unless it is told otherwise."""
    def start(config="", trust=True, last="", **kwargs):
        if trust:
            config += f"\nTrustedUserCAKeys {ca.path}.pub"
        return servers(config, last=last, **kwargs)
    return start


def ask(server, ca, *command, check=True, options=(), program="ssh"):
    return run(server.ssh(*command, key=ca.key, program=program, options=options), check=check)


def refused(server, ca, why=None, **kwargs):
    """Nobody gets in, and the log says why."""
    assert ask(server, ca, "true", check=False, **kwargs).returncode == 255
    if why is not None:
        server.wait_log(why)


def by_paramiko(server, ca):
    """Shows a certificate that OpenSSH's client would not; whether it lets in."""
    import paramiko
    key = paramiko.Ed25519Key.from_private_key_file(ca.key)
    key.load_certificate(ca.key + "-cert.pub")
    t = paramiko.Transport(("127.0.0.1", server.port))
    try:
        t.start_client(timeout=20)
        t.auth_publickey(USER, key)
        return t.is_authenticated()
    except paramiko.AuthenticationException:
        return False
    finally:
        t.close()


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return str(path)


# --- the way in ---

@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_certificate_of_a_trusted_ca_lets_in(folder, serve, kind):
    own = Authority(harness_folder(folder, kind), "ed25519", kind)
    own.sign()
    s = serve(f"TrustedUserCAKeys {own.path}.pub", trust=False)
    assert ask(s, own, "echo in").stdout == "in\n"
    s.wait_log_match(rf"Accepted publickey for {USER} from 127.0.0.1 port \d+ ssh2: {kind.upper()}-CERT SHA256:\S+ "
                     r"ID the id \(serial 7\) CA ED25519 SHA256:\S+")
    s.wait_log(f"Key of {USER} found at {own.path}.pub:1")


def harness_folder(folder, name):
    path = folder / name
    path.mkdir()
    os.chmod(path, 0o755)
    return path


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_a_ca_may_be_of_any_kind(folder, serve, kind):
    own = Authority(harness_folder(folder, kind), kind)
    own.sign()
    s = serve(f"TrustedUserCAKeys {own.path}.pub", trust=False)
    assert ask(s, own, "echo in").stdout == "in\n"


def test_programs_are_told_of_the_certificate(serve, ca):
    ca.sign()
    s = serve("ExposeAuthInfo yes")
    out = ask(s, ca, "env | grep ^DAYFLY_; cat $SSH_USER_AUTH").stdout
    assert "DAYFLY_CERT_ID=the id\n" in out and "DAYFLY_CERT_SERIAL=7\n" in out
    assert f"DAYFLY_KEY_FROM={ca.path}.pub:1\n" in out and "DAYFLY_CERT_CA=SHA256:" in out
    assert "publickey ssh-ed25519-cert-v01@openssh.com AAAA" in out


def test_programs_are_told_of_a_plain_key(serve, ca):
    s = serve()
    s.authorize(ca.key + ".pub")
    out = ask(s, ca, "env | grep ^DAYFLY_").stdout
    fp = run(["ssh-keygen", "-lf", ca.key + ".pub"]).stdout.split()[1]
    assert sorted(out.splitlines()) == [f"DAYFLY_KEY={fp}", "DAYFLY_KEY_COMMENT=test",
                                        f"DAYFLY_KEY_FROM={s.dir}/authorized_keys.{USER}:1"]


# --- what must not let in: threats, section 4 ---

def test_the_ca_of_another_is_not_trusted(folder, serve, ca):
    other = Authority(harness_folder(folder, "other"))
    other.sign()
    refused(serve(), other)


def test_the_cas_own_key_does_not_let_in(serve, ca):
    s = serve()
    assert run(s.ssh("true", key=ca.path, program="ssh"), check=False).returncode == 255


def test_a_ca_line_of_authorized_keys_is_no_users_key(serve, ca):
    s = serve(trust=False)
    s.authorize(ca.path + ".pub", options="cert-authority")
    assert run(s.ssh("true", key=ca.path, program="ssh"), check=False).returncode == 255


def test_a_users_line_certifies_nobody(serve, ca):
    ca.sign()
    s = serve(trust=False)
    s.authorize(ca.path + ".pub")
    refused(s, ca)


def test_certificate_for_another_name(serve, ca):
    ca.sign(names="somebody-else")
    s = serve()
    refused(s, ca, "name is not a listed principal")
    s.wait_log_match(rf"Refused {USER} from 127.0.0.1 port \d+: reason=certificate rule=TrustedUserCAKeys \(\S+:\d+\)")


def test_certificate_without_principals(serve, ca):
    """CVE-2024-7594: no name is not every name."""
    ca.sign(names=None)
    refused(serve(), ca, "Certificate lacks principal list")


def test_a_comma_in_a_principal_separates_nothing(serve, ca, folder):
    """CVE-2026-35414: the name "alice,root" is neither."""
    ca.sign(names=USER)
    s = serve(f"AuthorizedPrincipalsFile {folder}/principals")
    write(folder / "principals", f"{USER},root\n")
    refused(s, ca, "Certificate does not contain an authorized principal")


def test_a_pattern_is_no_principal(serve, ca):
    ca.sign(names="*")
    refused(serve(), ca, "name is not a listed principal")


def test_certificate_of_a_host(serve, ca):
    ca.sign()
    s = serve()
    assert by_paramiko(s, ca)
    ca.sign("-h")
    assert not by_paramiko(s, ca)
    s.wait_log("not a user certificate")


def test_certificate_with_an_unknown_critical_option(serve, ca):
    ca.sign("-O", "critical:new-thing@example.com=1")
    refused(serve(), ca, "unknown critical option")


def test_certificate_with_an_unknown_extension_is_good(serve, ca):
    ca.sign("-O", "extension:new-thing@example.com=1")
    assert ask(serve(), ca, "echo in").stdout == "in\n"


def test_certificate_that_is_not_valid_yet(serve, ca):
    ca.sign("-V", "+1h:+2h")
    refused(serve(), ca, "not yet valid")


def test_certificate_that_has_expired(serve, ca):
    ca.sign("-V", "-2h:-1h")
    refused(serve(), ca, "Certificate invalid: expired")


def test_certificate_signed_by_a_disallowed_algorithm(folder, serve):
    """CA signatures of SHA-1 are not in CASignatureAlgorithms."""
    own = Authority(harness_folder(folder, "rsa"), "rsa")
    own.sign("-t", "ssh-rsa")
    s = serve(f"TrustedUserCAKeys {own.path}.pub", trust=False)
    refused(s, own, "disallowed algorithm")


def test_ca_signature_algorithms_can_be_narrowed(serve, ca):
    ca.sign()
    refused(serve("CASignatureAlgorithms rsa-sha2-512"), ca, "disallowed algorithm")


def test_certificate_algorithms_can_be_switched_off(serve, ca):
    ca.sign()
    s = serve("PubkeyAcceptedAlgorithms -*cert*")
    refused(s, ca)
    s.authorize(ca.key + ".pub")
    assert ask(s, ca, "echo in").stdout == "in\n"


def test_source_address(serve, ca):
    s = serve()
    ca.sign("-O", "source-address=127.0.0.0/8")
    assert ask(s, ca, "echo in").stdout == "in\n"
    ca.sign("-O", "source-address=10.0.0.0/8")
    refused(s, ca, "not from a permitted source address")


def test_a_certificate_that_was_tampered_with(serve, ca):
    import base64
    path = ca.sign(names="somebody-else")
    kind, text, *rest = open(path, encoding="utf-8").read().split()
    blob = bytearray(base64.b64decode(text))
    at = blob.index(b"somebody-else")
    blob[at:at + 13] = b"x" * 13
    write(path, f"{kind} {base64.b64encode(blob).decode()}\n")
    with open(path + ".names", "w", encoding="utf-8") as f:
        f.write("x" * 13 + "\n")
    s = serve(f"AuthorizedPrincipalsFile {path}.names")
    assert not by_paramiko(s, ca)
    s.wait_log("bad CA signature")


def test_certificate_and_its_key_are_one_key(serve, ca):
    """publickey,publickey asks for two keys."""
    ca.sign()
    s = serve("AuthenticationMethods publickey,publickey")
    s.authorize(ca.key + ".pub")
    refused(s, ca, "refusing previously-used")


# --- what it may do ---

def test_what_is_not_permitted_is_forbidden(serve, ca):
    s = serve()
    ca.sign("-O", "clear")
    got = ask(s, ca, "tty", options=["-tt"], check=False)
    assert "PTY allocation request failed" in got.stderr
    ca.sign("-O", "clear", "-O", "permit-pty")
    assert "/dev/pts/" in ask(s, ca, "tty", options=["-tt"], check=False).stdout


def test_port_forwarding_needs_its_extension(serve, ca):
    s = serve()
    ca.sign("-O", "no-port-forwarding")
    got = ask(s, ca, options=["-W", f"127.0.0.1:{s.port}"], check=False)
    assert "administratively prohibited" in got.stderr
    ca.sign()
    assert ask(s, ca, options=["-W", f"127.0.0.1:{s.port}"], check=False).stdout.startswith("SSH-2.0-Dayfly")


def test_force_command(serve, ca):
    ca.sign("-O", 'force-command=echo "forced" $SSH_ORIGINAL_COMMAND')
    assert ask(serve(), ca, "asked").stdout == "forced asked\n"


def test_two_forced_commands_must_be_the_same(serve, ca):
    s = serve(trust=False)
    ca.sign("-O", "force-command=echo one")
    s.authorize(ca.path + ".pub", options='cert-authority,command="echo one"')
    assert ask(s, ca, "x").stdout == "one\n"
    s2 = serve(trust=False)
    s2.authorize(ca.path + ".pub", options='cert-authority,command="echo two"')
    refused(s2, ca, "force different commands")


def test_options_of_line_and_certificate_both_hold(serve, ca):
    ca.sign()
    s = serve(trust=False)
    s.authorize(ca.path + ".pub", options="cert-authority,no-pty")
    assert "PTY allocation request failed" in ask(s, ca, "true", options=["-tt"], check=False).stderr


# --- principals ---

def test_principals_of_an_authorized_keys_line(serve, ca):
    ca.sign(names="web,db")
    s = serve(trust=False)
    s.authorize(ca.path + ".pub", options='cert-authority,principals="mail,db"')
    assert ask(s, ca, "echo in").stdout == "in\n"
    ca.sign(names=f"{USER},web")
    refused(s, ca, "Certificate does not contain an authorized principal")


def test_authorized_principals_file(serve, ca, folder):
    s = serve(f"AuthorizedPrincipalsFile {folder}/p.%u")
    write(folder / f"p.{USER}", "# admins\nweb\n\ncommand=\"echo db\",no-pty db # the database\ndb\n")
    ca.sign(names="db")
    assert ask(s, ca, "x").stdout == "db\n"
    ca.sign(names=USER)
    refused(s, ca, "Certificate does not contain an authorized principal")


def test_authorized_principals_file_that_others_can_write(serve, ca, folder):
    s = serve(f"AuthorizedPrincipalsFile {folder}/p.%u")
    write(folder / f"p.{USER}", "db\n", 0o666)
    ca.sign(names="db")
    refused(s, ca, f"Authentication refused: bad ownership or modes for file {folder}/p.{USER}")


def test_a_line_of_principals_with_an_unknown_option_does_not_count(serve, ca, folder):
    """As OpenSSH has it: what the option was meant to forbid cannot be known."""
    s = serve(f"AuthorizedPrincipalsFile {folder}/p.%u")
    write(folder / f"p.{USER}", "blah db\n")
    ca.sign(names="db")
    refused(s, ca, f"{folder}/p.{USER}:1: bad options: the line does not count")
    write(folder / f"p.{USER}", "blah db\ncommand=\"echo db\" db\n")
    assert ask(s, ca, "x").stdout == "db\n"


def test_from_of_a_principal(serve, ca, folder):
    ca.sign(names="db")
    s = serve(f"AuthorizedPrincipalsFile {folder}/p.%u")
    write(folder / f"p.{USER}", "from=\"10.0.0.1\" db\n")
    refused(s, ca, "not from a permitted host")


# --- revocation ---

def krl(folder, ca, spec=None, *keys):
    path = folder / f"krl{time.monotonic_ns()}"
    command = ["ssh-keygen", "-q", "-k", "-f", str(path), "-s", ca.path + ".pub"]
    if spec is not None:
        command.append(write(f"{path}.spec", spec))
    run([*command, *keys])
    os.chmod(path, 0o644)
    return path


@pytest.mark.parametrize("spec, is_revoked", [("serial: 7\n", True), ("serial: 8\n", False), ("serial: 5-9\n", True),
                                              ("id: the id\n", True), ("id: another\n", False)])
def test_a_krl_of_certificates(folder, serve, ca, spec, is_revoked):
    ca.sign()
    s = serve(f"RevokedKeys {krl(folder, ca, spec)}")
    if is_revoked:
        refused(s, ca, "revoked by file")
    else:
        assert ask(s, ca, "echo in").stdout == "in\n"


@pytest.mark.parametrize("which", ["key", "path"])
def test_a_krl_with_the_key_or_its_ca(folder, serve, ca, which):
    ca.sign()
    s = serve(f"RevokedKeys {krl(folder, ca, None, getattr(ca, which) + '.pub')}")
    refused(s, ca, "revoked by file")


@pytest.mark.parametrize("which", ["key", "path"])
def test_a_text_with_the_key_or_its_ca(folder, serve, ca, which):
    ca.sign()
    s = serve(f"RevokedKeys {getattr(ca, which)}.pub")
    refused(s, ca, "revoked by file")


def test_a_krl_with_a_hash_of_a_plain_key(folder, serve, ca):
    with open(ca.key + ".pub", encoding="utf-8") as f:
        path = krl(folder, ca, "sha256: " + f.read())
    s = serve(f"RevokedKeys {path}")
    s.authorize(ca.key + ".pub")
    refused(s, ca, "revoked by file")


@pytest.mark.parametrize("damage", ["gone", "cut", "not a key"])
def test_a_list_that_cannot_be_read_revokes_all(folder, serve, ca, damage):
    ca.sign()
    path = krl(folder, ca, "serial: 99\n")
    if damage == "gone":
        os.unlink(path)
    elif damage == "cut":
        os.truncate(path, os.path.getsize(path) - 1)
    else:
        write(path, "ssh-ed25519 AAAA!!!\n")
    refused(serve(f"RevokedKeys {path}"), ca, "Error checking authentication key in revoked keys file")


# --- the end ---

def test_a_session_can_end_with_its_certificate(serve, ca):
    s = serve("SessionDeadline expiry")
    ca.sign("-V", "-1m:+6s")
    got = ask(s, ca, "echo in; sleep 300", check=False)
    assert got.stdout == "in\n" and got.returncode != 0
    s.wait_log("its key or certificate has expired")


def test_a_session_outlives_its_certificate_unless_told(serve, ca):
    s = serve()
    ca.sign("-V", "-1m:+5s")
    assert ask(s, ca, "sleep 6; echo done").stdout == "done\n"
