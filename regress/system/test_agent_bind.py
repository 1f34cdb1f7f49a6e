# SPDX-License-Identifier: ISC
"""Keys that an agent uses for some hosts only (ssh-add -h): the agent is told which host asks (session-bind)."""
import os
import socket
import struct

import pytest

import harness
from harness import run


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """Two servers that let the key of the agent in, and the key."""
    folder = tmp_path_factory.mktemp("bind")
    os.chmod(folder, 0o755)
    # Refused logins are many here, and of one address.
    a, b = (harness.Server(folder / name, config="PerSourcePenalties no") for name in ("a", "b"))
    key = harness.make_key(folder / "held")
    for s in (a, b):
        s.authorize(key + ".pub")
        s.name = f"[127.0.0.1]:{s.port}"
    with open(a.known_hosts(), encoding="utf-8") as f, open(b.known_hosts(), encoding="utf-8") as g:
        known = f.read() + g.read()
    harness.write_whole(str(folder / "known"), known)
    yield a, b, key, str(folder / "known")
    for s in (a, b):
        s.stop()


@pytest.fixture(params=[("/usr/bin/ssh-agent", harness.ADD), (harness.AGENT, "/usr/bin/ssh-add")],
                ids=["OpenSSH's agent, our ssh-add", "our agent, OpenSSH's ssh-add"])
def hold(hosts, folder, request):
    """Starts an agent that has the key for what is named; returns its socket."""
    path = str(folder / "agent.sock")
    with harness.agent(path, program=request.param[0]) as env:
        def add(*allowed, known=hosts[3]):
            limits = [word for one in allowed for word in ("-h", one)]
            run([request.param[1], "-q", "-H", known, *limits, hosts[2]], env=env)
            return path
        yield add


def login(server, agent, *remote, options=(), check=True, key=None):
    """Logs in with an agent; without a key of a file with the agent's."""
    args = server.ssh(*remote, key=key, options=options)
    args[args.index("IdentityAgent=none")] = f"IdentityAgent={agent}"
    args[args.index("IdentitiesOnly=yes")] = "IdentitiesOnly=no"
    return run(args, check=check)


def second_hop(server, program):
    return (f"{program} -F none -p {server.port} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
            f"-o BatchMode=yes {harness.login_user()}@127.0.0.1 echo arrived")


def test_a_key_for_one_host_is_used_for_that_host_only(hosts, hold):
    a, b, _, _ = hosts
    agent = hold(a.name)
    assert login(a, agent, "echo hello").stdout == "hello\n"
    refused = login(b, agent, "echo hello", check=False)
    assert (refused.returncode, refused.stdout) == (255, "")
    assert "Permission denied" in refused.stderr


@pytest.mark.parametrize("program", ["/usr/bin/ssh", harness.SSH])
def test_a_key_for_the_way_over_a_host_is_used_there(hosts, hold, program):
    a, b, _, _ = hosts
    agent = hold(a.name, f"{a.name}>{b.name}")
    assert login(a, agent, second_hop(b, program), options=["-A"]).stdout == "arrived\n"


def test_a_key_for_two_hosts_is_not_used_for_one_by_way_of_the_other(hosts, hold):
    a, b, _, _ = hosts
    agent = hold(a.name, b.name)
    refused = login(a, agent, second_hop(b, harness.SSH), options=["-A"], check=False)
    assert (refused.returncode, refused.stdout) == (255, "")
    assert "Permission denied" in refused.stderr
    assert login(b, agent, "echo hello").stdout == "hello\n"


def test_a_key_for_the_way_over_a_host_is_used_through_a_master(hosts, hold, folder):
    a, b, _, _ = hosts
    agent = hold(a.name, f"{a.name}>{b.name}")
    shared = ["-A", "-o", f"ControlPath={folder}/master"]
    login(a, agent, options=[*shared, "-M", "-f", "-N"])
    try:
        done = login(a, agent, second_hop(b, harness.SSH), options=[*shared, "-o", "ProxyCommand=false"])
        assert done.stdout == "arrived\n"
    finally:
        login(a, agent, options=[*shared, "-O", "exit"])


@pytest.mark.parametrize("program", ["/usr/bin/ssh", harness.SSH])
def test_a_key_for_the_hosts_of_a_ca_is_used_where_a_certificate_is_shown(hosts, hold, folder, servers, program):
    ca, host, known = harness.make_key(folder / "ca"), folder / "s0" / "host_ed25519", str(folder / "known")
    host.parent.mkdir()
    harness.make_key(host)
    run(["ssh-keygen", "-q", "-s", ca, "-I", "id", "-h", "-n", "127.0.0.1", f"{host}.pub"])
    server = servers(f"HostCertificate {host}-cert.pub")
    server.authorize(hosts[2] + ".pub")
    with open(ca + ".pub", encoding="utf-8") as f:
        harness.write_whole(known, f"@cert-authority 127.0.0.1,[127.0.0.1]:* {f.read()}")
    agent = hold("127.0.0.1", known=known)

    def try_with(*options):
        args = [program, "-F", "none", "-p", str(server.port)]
        for option in (f"UserKnownHostsFile={known}", "GlobalKnownHostsFile=/dev/null", "BatchMode=yes",
                       f"IdentityAgent={agent}", *options):
            args += ["-o", option]
        return run([*args, f"{harness.login_user()}@127.0.0.1", "echo hello"], check=False)

    assert try_with("StrictHostKeyChecking=yes").stdout == "hello\n"
    # The same host by its plain key is not what the CA speaks for.
    refused = try_with("StrictHostKeyChecking=no", "HostKeyAlgorithms=ssh-ed25519")
    assert (refused.returncode, refused.stdout) == (255, "")
    assert "Permission denied" in refused.stderr


class OddAgent(harness.Service):
    """An agent without keys that answers session-bind as it is told, and notes what it was asked."""

    def __init__(self, path, answer):
        self.answer, self.asked = answer, []
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(10)
        super().__init__(self.talk, listener)

    def talk(self, c):
        c.settimeout(harness.TIMEOUT)
        while head := c.recv(4, socket.MSG_WAITALL):
            body = c.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)
            self.asked.append(body)
            if body[0] == 27 and not self.answer:
                return
            c.sendall(self.answer if body[0] == 27 else b"\0\0\0\5\x0c\0\0\0\0")


@pytest.mark.parametrize("answer, is_good", [
    (b"\0\0\0\1\5", True), (b"\0\0\0\1\x1c", True), (b"", False), (b"\0\0\0\0", False),
    (b"\xff\xff\xff\xff", False), (b"\0\0\0\1\6" + b"\0\0\0\5\x0c\0\0\0\0", False)],
    ids=["failure", "extension failure", "end", "empty", "too long", "two answers"])
def test_the_answer_of_an_agent_that_knows_of_no_hosts_stays_here(hosts, folder, answer, is_good):
    a, _, key, _ = hosts
    agent = OddAgent(str(folder / "odd.sock"), answer)
    try:
        done = login(a, folder / "odd.sock", "ssh-add -l 2>&1 || true", options=["-A"], key=key)
        # What ssh-add says of an agent that is gone depends on when it was gone.
        assert ("The agent has no identities." in done.stdout) == is_good, done
        assert ("agent forwarding: the agent's answer: " in done.stderr) != is_good
        bind = [body for body in agent.asked if body[0] == 27]
        assert all(body[1:29] == b"\0\0\0\x18session-bind@openssh.com" for body in bind)
        # The login's own, then the channel's, which says that it is forwarded; and what was asked through it.
        assert [body[-1] for body in bind] == [0, 1]
        assert bind[0][:-1] == bind[1][:-1]
        assert (agent.asked[-1] == b"\x0b") == is_good
    finally:
        agent.stop()
