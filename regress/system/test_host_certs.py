# SPDX-License-Identifier: ISC
"""Host certificates, and host keys that an agent holds."""
import os

import pytest

import harness
from harness import run


@pytest.fixture
def ca(folder):
    return harness.make_key(folder / "ca")


@pytest.fixture
def serve(folder):
    servers = []

    def start(config="", prepare=None, **kwargs):
        path = folder / f"s{len(servers)}"
        os.makedirs(path)
        for kind in kwargs.get("keys", ("ed25519",)):
            harness.make_key(path / f"host_{kind}", kind)
        if prepare:
            prepare(str(path))
        s = harness.Server(path, config=config.replace("DIR", str(path)), **kwargs)
        s.key = harness.make_key(folder / f"id{len(servers)}")
        s.authorize(s.key + ".pub")
        servers.append(s)
        return s
    yield start
    for s in servers:
        s.stop()


def certify(ca, path, *options, names="127.0.0.1"):
    run(["ssh-keygen", "-q", "-s", ca, "-I", "host", "-h", "-n", names, *options, path + ".pub"])


def by_ca(server, ca, *command, check=True, options=()):
    """Logs in with a client that knows the CA and nothing else."""
    line = server.ssh(*command, key=server.key, program="ssh", options=options)
    known = os.path.join(server.dir, "known_hosts")
    with open(known, "w", encoding="utf-8") as f, open(ca + ".pub", encoding="utf-8") as key:
        f.write(f"@cert-authority [127.0.0.1]:{server.port},127.0.0.1 " + key.read())
    line[1:1] = ["-o", "StrictHostKeyChecking=yes"]
    return run(line, check=check)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_certificate_is_served(serve, ca, kind):
    s = serve(f"HostCertificate DIR/host_{kind}-cert.pub", lambda d: certify(ca, f"{d}/host_{kind}"), keys=(kind,))
    assert by_ca(s, ca, "echo in").stdout == "in\n"


def test_where_only_certificates_are_allowed_the_key_signs_for_its_own(serve, ca, folder):
    only = "HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com"
    s = serve(f"{only}\nHostCertificate DIR/host_ed25519-cert.pub", lambda d: certify(ca, f"{d}/host_ed25519"),
              keys=("ed25519", "rsa"))
    assert by_ca(s, ca, "echo in", options=["-v"]).stdout == "in\n"
    assert s.log_text().count("HostKeyAlgorithms allows none of its algorithms") == 1      # the RSA key
    got = run(s.ssh("true", key=s.key, program="ssh", options=["-o", "UpdateHostKeys=yes", "-vvv"]))
    assert "Server host certificate: ssh-ed25519-cert-v01@openssh.com" in got.stderr
    assert "client_input_hostkeys: received ED25519 key" not in got.stderr      # it could not prove to have it
    with pytest.raises(AssertionError, match="no hostkeys available"):
        harness.Server(folder / "none", config=f"{only}\nHostCertificate /nonexistent")


def test_who_does_not_know_the_ca_gets_the_key(serve, ca):
    s = serve("HostCertificate DIR/host_ed25519-cert.pub", lambda d: certify(ca, f"{d}/host_ed25519"))
    assert run(s.ssh("echo in", key=s.key, program="ssh", options=["-o", "StrictHostKeyChecking=yes"])).stdout == "in\n"


def test_a_certificate_for_another_host_is_not_taken_by_clients(serve, ca):
    s = serve("HostCertificate DIR/host_ed25519-cert.pub", lambda d: certify(ca, f"{d}/host_ed25519", names="elsewhere"))
    assert by_ca(s, ca, "echo in", check=False).returncode == 255


def test_it_survives_a_rekey_and_a_host_bound_signature(serve, ca):
    s = serve("HostCertificate DIR/host_ed25519-cert.pub", lambda d: certify(ca, f"{d}/host_ed25519"))
    out = by_ca(s, ca, "head -c 3000000 /dev/zero | wc -c", options=["-o", "RekeyLimit=1M", "-v"])
    assert out.stdout.strip() == "3000000"
    assert "publickey-hostbound-v00@openssh.com" in out.stderr or "Authenticated to" in out.stderr


def test_update_host_keys_tells_keys_and_no_certificates(serve, ca):
    s = serve("HostCertificate DIR/host_ed25519-cert.pub", lambda d: certify(ca, f"{d}/host_ed25519"))
    options = ["-o", "UpdateHostKeys=yes", "-o", "StrictHostKeyChecking=yes", "-vvv"]
    got = run(s.ssh("sleep 1", key=s.key, program="ssh", options=options))
    assert "client_input_hostkeys: received ED25519 key" in got.stderr
    assert "received ED25519-CERT" not in got.stderr


@pytest.mark.parametrize("wrong, why", [
    ("user", "it is not a host certificate"), ("other", "there is no host key that it belongs to"),
    ("key", "it is not a certificate"), ("gone", "No such file")])
def test_a_certificate_that_cannot_be_used_is_named_and_left_out(serve, ca, folder, wrong, why):
    def prepare(d):
        if wrong == "user":
            run(["ssh-keygen", "-q", "-s", ca, "-I", "x", "-n", "x", f"{d}/host_ed25519.pub"])
        elif wrong == "other":
            certify(ca, harness.make_key(folder / "another"))
            os.rename(f"{folder}/another-cert.pub", f"{d}/host_ed25519-cert.pub")
        elif wrong == "key":
            run(["cp", f"{d}/host_ed25519.pub", f"{d}/host_ed25519-cert.pub"])
    s = serve("HostCertificate DIR/host_ed25519-cert.pub", prepare)
    assert run(s.ssh("echo in", key=s.key, program="ssh")).stdout == "in\n"
    s.wait_log_match(rf"Could not load host certificate \S+: .*{why}")


# --- HostKeyAgent ---

@pytest.fixture
def agent(folder):
    """OpenSSH's agent at a socket of its own."""
    path = str(folder / "agent")
    with harness.agent(path):
        yield path


def hand_over(agent, d, kind):
    """The agent alone has the private half from here on."""
    run(["ssh-add", "-q", f"{d}/host_{kind}"], env=dict(os.environ, SSH_AUTH_SOCK=agent))
    os.unlink(f"{d}/host_{kind}")


@pytest.fixture
def in_agent(serve, agent):
    """A server whose keys the agent has."""
    def start(kind, config="", also=None):
        def prepare(d):
            if also:
                also(d)
            hand_over(agent, d, kind)
            # What the harness would make anew if it were not there:
            run(["cp", f"{d}/host_{kind}.pub", f"{d}/host_{kind}"])
        return serve(f"HostKeyAgent {agent}\n{config}", prepare, keys=(kind,))
    return start


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_an_agent_signs_for_the_host(in_agent, kind):
    s = in_agent(kind)
    options = ["-o", "StrictHostKeyChecking=yes"]
    assert run(s.ssh("echo in", key=s.key, program="ssh", options=options)).stdout == "in\n"


def test_an_agent_signs_for_a_host_certificate(in_agent, ca):
    s = in_agent("ed25519", "HostCertificate DIR/host_ed25519-cert.pub", lambda d: certify(ca, f"{d}/host_ed25519"))
    assert by_ca(s, ca, "echo in").stdout == "in\n"


def test_the_agent_of_the_environment(serve, agent):
    def prepare(d):
        hand_over(agent, d, "ed25519")
        run(["cp", f"{d}/host_ed25519.pub", f"{d}/host_ed25519"])
    s = serve("HostKeyAgent SSH_AUTH_SOCK", prepare, env=dict(os.environ, SSH_AUTH_SOCK=agent))
    assert run(s.ssh("echo in", key=s.key, program="ssh")).stdout == "in\n"


def test_a_server_whose_agent_has_not_its_key_does_not_start(folder, agent):
    for i, (socket, why) in enumerate(((agent, "does not have it"), (f"{folder}/nobody", "cannot be asked: No such file"))):
        d = folder / f"d{i}"
        d.mkdir()
        key = harness.make_key(d / "key")
        run(["mv", key, str(d / "away")])
        (d / "config").write_text(f"HostKey {key}\nHostKeyAgent {socket}\nPidFile none\n")
        done = run([harness.SSHD, "-t", "-f", str(d / "config")], check=False)
        assert done.returncode == 1 and f"Host key {key}: the agent at {socket} {why}" in done.stderr
        # The private half in the file does as well.
        run(["mv", str(d / "away"), key])
        assert run([harness.SSHD, "-t", "-f", str(d / "config")]).returncode == 0


def test_an_agent_without_the_key_lets_nobody_be_fooled(in_agent, agent):
    s = in_agent("ed25519")
    run(["ssh-add", "-q", "-D"], env=dict(os.environ, SSH_AUTH_SOCK=agent))
    assert run(s.ssh("true", key=s.key, program="ssh"), check=False).returncode == 255
    s.wait_log("host key signature refused")
