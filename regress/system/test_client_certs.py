# SPDX-License-Identifier: ISC
"""Our client and certificates: those of hosts that it checks, those of users that it shows."""
import os

import pytest

import harness
from harness import run

USER = harness.login_user()


class Bed:
    """A server with a host certificate that trusts a CA for users, and a client's files."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = harness.make_key(folder / "ca")
        self.user_ca = harness.make_key(folder / "user_ca")
        self.key = harness.make_key(folder / "id")
        self.other = harness.make_key(folder / "other")
        self.known = str(folder / "known")
        self.server = None

    def certify_host(self, *options, names="127.0.0.1", kind="ed25519", host=True):
        os.makedirs(self.folder / "s", exist_ok=True)
        path = str(self.folder / "s" / f"host_{kind}")
        if not os.path.exists(path):
            harness.make_key(path, kind)
        run(["ssh-keygen", "-q", "-s", self.ca, "-I", "the host", "-z", "5", *(["-h"] if host else []),
             *(["-n", names] if names else []), *options, path + ".pub"])

    def certify(self, *options, key=None, names=USER):
        run(["ssh-keygen", "-q", "-s", self.user_ca, "-I", "me", "-n", names, *options, (key or self.key) + ".pub"])
        return (key or self.key) + "-cert.pub"

    def serve(self, config="", kind="ed25519", certificate=True):
        if certificate:
            config += f"\nHostCertificate {self.folder}/s/host_{kind}-cert.pub"
        self.server = harness.Server(self.folder / "s", config=config + f"\nTrustedUserCAKeys {self.user_ca}.pub",
                                     keys=(kind,))
        self.server.authorize(self.key + ".pub")
        return self.server

    def public(self, path):
        with open(path + ".pub", encoding="utf-8") as f:
            return " ".join(f.read().split()[:2])

    def know(self, *lines):
        with open(self.known, "w", encoding="utf-8") as f:
            f.write("".join(line + "\n" for line in lines))

    def trust(self, names=None):
        self.know(f"@cert-authority {names or self.name} {self.public(self.ca)}")

    @property
    def name(self):
        return f"[127.0.0.1]:{self.server.port}"

    def ask(self, *options, key="", strict="yes", env=None, agent="none"):
        key = self.key if key == "" else key
        command = [harness.SSH, "-F", "none", "-p", str(self.server.port), "-o", f"UserKnownHostsFile={self.known}",
                   "-o", "GlobalKnownHostsFile=none", "-o", f"IdentityAgent={agent}", "-o", "BatchMode=yes",
                   "-o", f"StrictHostKeyChecking={strict}", *options]
        if key:
            command += ["-i", key]
        return run([*command, f"{USER}@127.0.0.1", "echo in"], check=False, env=env)


@pytest.fixture
def bed(folder):
    b = Bed(folder)
    yield b
    if b.server:
        b.server.stop()


def is_in(done):
    return (done.stdout, done.returncode) == ("in\n", 0)


def is_refused(done):
    return done.stdout == "" and done.returncode == 255 and done.stderr.endswith("Host key verification failed.\n")


# --- hosts ---

@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("names", [None, "*", "127.0.0.1", "[127.0.0.1]:*"])
def test_a_host_certificate_of_a_known_ca_is_enough(bed, kind, names):
    bed.certify_host(kind=kind)
    bed.serve(kind=kind)
    bed.trust(names)
    assert is_in(bed.ask())
    with open(bed.known, encoding="utf-8") as f:
        assert f.read().count("\n") == 1


def test_a_host_certificate_survives_rekeys(bed):
    bed.certify_host()
    bed.serve()
    bed.trust()
    assert is_in(bed.ask("-o", "RekeyLimit=16"))


def test_the_ca_of_another_host_is_none(bed):
    bed.certify_host()
    bed.serve()
    bed.trust("elsewhere")
    done = bed.ask()
    assert is_refused(done)
    assert "No ED25519 host key is known" in done.stderr


@pytest.mark.parametrize("options, names, why", [
    ((), "elsewhere", "name is not a listed principal"),
    (("-V", "20200101:20200102"), "127.0.0.1", "expired"),
    (("-V", "+1d:+2d"), "127.0.0.1", "not yet valid"),
    ((), "", "lacks principal list"),
])
def test_a_host_certificate_that_does_not_hold_is_refused(bed, options, names, why):
    bed.certify_host(*options, names=names)
    # sshd itself will not serve some of these.
    bed.serve()
    bed.trust()
    done = bed.ask("-o", "HostKeyAlgorithms=ssh-ed25519-cert-v01@openssh.com")
    assert done.returncode == 255 and done.stdout == ""
    if "no matching host key type" not in done.stderr:
        assert is_refused(done)
        assert why in done.stderr


@pytest.mark.parametrize("names, good", [("127.0.0.?", True), ("10.*", False), ("a,b,127.0.0.1", True),
                                         ("127.0.0.10", False)])
def test_principals_of_hosts_may_be_patterns(bed, names, good):
    bed.certify_host(names=names)
    bed.serve()
    bed.trust()
    assert is_in(bed.ask()) == good


def test_a_host_certificate_that_does_not_hold_falls_back_to_its_key(bed):
    """As in OpenSSH: the key may be known by itself."""
    bed.certify_host(names="elsewhere")
    bed.serve()
    bed.know(f"@cert-authority * {bed.public(bed.ca)}", f"{bed.name} {bed.public(bed.server.dir + '/host_ed25519')}")
    assert is_in(bed.ask())
    bed.know(f"@cert-authority * {bed.public(bed.ca)}", f"{bed.name} {bed.public(bed.other)}")
    assert is_refused(bed.ask())


def test_the_name_of_a_host_certificate_is_its_alias(bed):
    bed.certify_host(names="alias")
    bed.serve()
    bed.trust("alias")
    assert is_in(bed.ask("-o", "HostKeyAlias=alias"))
    assert is_refused(bed.ask())


@pytest.mark.parametrize("which", ["ca", "host"])
def test_a_revoked_key_makes_a_host_certificate_worth_nothing(bed, which):
    bed.certify_host()
    bed.serve()
    revoked = bed.public(bed.ca if which == "ca" else bed.server.dir + "/host_ed25519")
    bed.know(f"@cert-authority * {bed.public(bed.ca)}", f"@revoked * {revoked}")
    for strict in ("yes", "no", "accept-new"):
        done = bed.ask(strict=strict)
        assert is_refused(done)
        assert "WARNING: REVOKED HOST KEY DETECTED!" in done.stderr


@pytest.mark.parametrize("form", ["text", "ca", "key", "serial", "id"])
def test_revoked_host_keys_and_certificates(bed, folder, form):
    bed.certify_host()
    bed.serve()
    bed.trust()
    path = str(folder / "revoked")
    spec = str(folder / "spec")
    with open(spec, "w", encoding="utf-8") as f:
        f.write({"serial": "serial: 5\n", "id": "id: the host\n"}.get(form, ""))
    host = bed.server.dir + "/host_ed25519.pub"
    if form == "text":
        with open(path, "w", encoding="utf-8") as f:
            f.write(bed.public(host[:-4]) + "\n")
    else:
        what = {"ca": bed.ca + ".pub", "key": host}.get(form, spec)
        run(["ssh-keygen", "-q", "-k", "-f", path, "-s", bed.ca + ".pub", what])
    done = bed.ask("-o", f"RevokedHostKeys={path}", strict="no")
    assert is_refused(done)
    assert "revoked by file" in done.stderr


def test_algorithms_that_a_ca_may_sign_with(bed):
    bed.certify_host()
    bed.serve()
    bed.trust()
    done = bed.ask("-o", "CASignatureAlgorithms=ecdsa-sha2-nistp256")
    assert is_refused(done)
    assert "Certificate signed with disallowed algorithm" in done.stderr
    assert is_in(bed.ask("-o", "CASignatureAlgorithms=ssh-ed25519"))


def test_a_user_certificate_is_none_of_a_host(bed):
    bed.certify_host(host=False)
    bed.serve(certificate=False)
    bed.trust()
    assert is_refused(bed.ask())


# --- users ---

@pytest.fixture
def users(bed):
    """A server that knows no key, only the CA."""
    bed.certify_host()
    bed.serve()
    bed.trust()
    os.unlink(f"{bed.server.dir}/authorized_keys.{USER}")
    return bed


def test_a_certificate_beside_the_key_is_shown(users):
    assert users.ask().returncode == 255
    users.certify()
    assert is_in(users.ask())


def test_a_certificate_in_the_place_of_the_public_key_is_shown(users):
    os.rename(users.certify(), users.key + ".pub")
    done = users.ask("-v")
    assert is_in(done)
    assert "ED25519-CERT" in done.stderr


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_certificates_of_other_types_are_shown(users, kind):
    key = harness.make_key(users.folder / f"id_{kind}", kind)
    users.certify(key=key)
    assert is_in(users.ask(key=key))


def test_certificate_file(users, folder):
    path = str(folder / "elsewhere.pub")
    os.rename(users.certify(), path)
    assert users.ask().returncode == 255
    done = users.ask("-v", "-o", f"CertificateFile={path}")
    assert is_in(done)
    assert "ED25519-CERT" in done.stderr


def test_the_file_of_a_certificate_where_a_key_is_named(users):
    cert = users.certify()
    done = users.ask("-v", "-o", "IdentitiesOnly=yes", key=cert)
    assert is_in(done)
    assert f"certificate file {cert} type" in done.stderr and "ED25519-CERT" in done.stderr


def test_a_certificate_file_that_is_none_is_told_and_passed_over(users, folder):
    users.server.authorize(users.key + ".pub")
    for path, why in ((f"{folder}/nothing", "No such file or directory"), (users.key + ".pub", "not a user certificate")):
        done = users.ask("-o", f"CertificateFile={path}")
        assert is_in(done)
        assert f'Could not load certificate "{path}": {why}' in done.stderr


def test_a_certificate_without_its_key_is_not_shown(users, folder):
    path = str(folder / "elsewhere.pub")
    os.rename(users.certify(), path)
    done = users.ask("-v", "-o", f"CertificateFile={path}", key=users.other)
    assert done.returncode == 255
    assert f"no private key for certificate {path}" in done.stderr


@pytest.fixture
def agent(folder):
    sock = str(folder / "agent.sock")
    with harness.agent(sock):
        yield sock


def add(agent, *paths):
    run(["ssh-add", "-q", *paths], env={**os.environ, "SSH_AUTH_SOCK": agent})


def test_a_certificate_of_the_agent(users, agent):
    users.certify()
    add(agent, users.key)
    os.unlink(users.key)
    os.unlink(users.key + "-cert.pub")
    assert is_in(users.ask(key=None, agent=agent))


@pytest.mark.parametrize("only", ["yes", "no"])
def test_a_certificate_in_a_file_whose_key_the_agent_has(users, folder, agent, only):
    add(agent, users.key)
    users.certify()
    os.unlink(users.key)
    named = ("-o", f"IdentitiesOnly={only}", "-o", f"IdentityFile={users.key}")
    assert is_in(users.ask(*named, agent=agent, key=None))
    path = str(folder / "elsewhere.pub")
    os.rename(users.key + "-cert.pub", path)
    assert is_in(users.ask(*named, "-o", f"CertificateFile={path}", agent=agent, key=None))


def test_the_named_key_comes_before_a_full_agent(bed, agent):
    bed.serve("MaxAuthTries 3", certificate=False)
    bed.know(f"{bed.name} {bed.public(bed.server.dir + '/host_ed25519')}")
    for n in range(8):
        add(agent, harness.make_key(bed.folder / f"k{n}"))
    assert is_in(bed.ask(agent=agent))
    assert bed.ask(agent=agent, key=None).returncode == 255


def test_identities_only_keeps_the_agents_other_keys(bed, agent):
    bed.serve(certificate=False)
    bed.know(f"{bed.name} {bed.public(bed.server.dir + '/host_ed25519')}")
    add(agent, bed.key)
    assert is_in(bed.ask(agent=agent, key=bed.other))
    assert bed.ask("-o", "IdentitiesOnly=yes", agent=agent, key=bed.other).returncode == 255
    # The public half names the agent's key.
    os.unlink(bed.key)
    assert is_in(bed.ask("-o", "IdentitiesOnly=yes", agent=agent, key=bed.key + ".pub"))
