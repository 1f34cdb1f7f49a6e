# SPDX-License-Identifier: ISC
"""Our agent and clients nobody here wrote: the newest OpenSSH, paramiko, asyncssh; our ssh-add and the newest agent."""
import asyncio
import os
import tempfile

import pytest

import harness
import peer_servers
from harness import run


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for kind, bits in (("ed25519", None), ("rsa", 2048), ("ecdsa", None)):
        harness.make_key(folder / kind, kind, bits=bits)
    harness.make_key(folder / "ca")
    run(["ssh-keygen", "-q", "-s", str(folder / "ca"), "-I", "id", "-n", "joe", "-V", "+1h",
         *[str(folder / f"{kind}.pub") for kind in ("ed25519", "rsa", "ecdsa")]])
    return folder


@pytest.fixture
def env(folder):
    with harness.agent(folder / "agent.sock", program=harness.AGENT) as env:
        yield env


def use(add, env, keys):
    """Everything that an ssh-add does with keys and their certificates."""
    names = ["ed25519", "rsa", "ecdsa"]
    paths = [str(keys / name) for name in names]
    run([add, "-q", *paths], env=env)
    listed = run([add, "-L"], env=env).stdout.splitlines()
    assert sorted(line.split()[1] for line in listed) == sorted(
        (keys / f"{name}{end}.pub").read_text().split()[1] for name in names for end in ("", "-cert"))
    run([add, "-T", *[f"{path}{end}.pub" for path in paths for end in ("", "-cert")]], env=env)
    run([add, "-d", paths[0]], env=env)
    assert len(run([add, "-l"], env=env).stdout.splitlines()) == 4
    run([add, "-D"], env=env)
    assert run([add, "-l"], env=env, check=False).returncode == 1


@pytest.mark.parametrize("version", ["10.0", "newest"])
def test_ssh_add_of_newer_openssh_uses_our_agent(env, keys, folder, version):
    add = os.path.join(peer_servers.OPENSSH10, "bin/ssh-add")
    if version == "newest":
        add = peer_servers.wrapped(folder, "testing", "usr/bin/ssh-add")
        assert run([add, "-Q"], env=env).stdout == "session-bind@openssh.com\n"
    use(add, env, keys)


@pytest.mark.parametrize("version", ["10.0", "newest"])
def test_our_ssh_add_uses_the_agent_of_newer_openssh(keys, folder, version):
    program = os.path.join(peer_servers.OPENSSH10, "bin/ssh-agent")
    if version == "newest":
        program = peer_servers.wrapped(folder, "testing", "usr/bin/ssh-agent")
    with harness.agent(folder / "theirs.sock", program=program) as env:
        use(harness.ADD, env, keys)
        if version == "newest":
            assert run([harness.ADD, "-Q"], env=env).stdout == "session-bind@openssh.com\n"


def test_the_newest_openssh_names_sockets_after_the_machine_in_the_same_way(folder):
    """So each of both removes what the other left behind."""
    theirs = peer_servers.wrapped(folder, "testing", "usr/bin/ssh-agent")
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        names = [os.path.basename(run([program, "sh", "-c", "echo $SSH_AUTH_SOCK"], env={**os.environ, "HOME": home}).stdout)
                 for program in (harness.AGENT, theirs)]
    assert names[0].split(".")[:2] == names[1].split(".")[:2]


def test_paramiko_uses_our_agent(env, keys, monkeypatch):
    paramiko = pytest.importorskip("paramiko")
    for kind in ("ed25519", "rsa", "ecdsa"):
        run([harness.ADD, "-q", "-k", str(keys / kind)], env=env)
    monkeypatch.setenv("SSH_AUTH_SOCK", env["SSH_AUTH_SOCK"])
    agent = paramiko.Agent()
    found = agent.get_keys()
    assert [key.get_name() for key in found] == ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"]
    kinds = {"ssh-ed25519": paramiko.Ed25519Key, "ssh-rsa": paramiko.RSAKey, "ecdsa-sha2-nistp256": paramiko.ECDSAKey}
    for key in found:
        public = kinds[key.get_name()](data=key.asbytes())
        for algorithm in ["rsa-sha2-256", "rsa-sha2-512"] if key.get_name() == "ssh-rsa" else [None]:
            signature = key.sign_ssh_data(b"data", algorithm)
            assert public.verify_ssh_sig(b"data", paramiko.Message(signature))
    agent.close()


def test_asyncssh_uses_our_agent(env, keys):
    asyncssh = pytest.importorskip("asyncssh")

    async def go():
        async with asyncssh.connect_agent(env["SSH_AUTH_SOCK"]) as agent:
            assert await agent.get_keys() == []
            pairs = asyncssh.load_keypairs([str(keys / kind) for kind in ("ed25519", "rsa", "ecdsa")])
            await agent.add_keys(pairs)
            found = await agent.get_keys()
            assert len(found) == 6      # with their certificates
            for pair in found:
                assert await pair.sign_async(b"data")
            await agent.lock("word")
            assert await agent.get_keys() == []
            with pytest.raises(ValueError):
                await agent.unlock("other")
            await agent.unlock("word")
            await agent.remove_keys(found[:1])
            assert len(await agent.get_keys()) == 5
            await agent.add_keys([asyncssh.generate_private_key("ecdsa-sha2-nistp521")], lifetime=1)
            await agent.remove_all()
            assert await agent.get_keys() == []

    asyncio.run(go())


def test_files_are_signed_with_a_key_of_our_agent(env, keys, folder):
    harness.write_whole(str(folder / "file"), "hello\n")
    run([harness.ADD, "-q", str(keys / "ed25519")], env=env)
    run(["/usr/bin/ssh-keygen", "-Y", "sign", "-U", "-f", str(keys / "ed25519.pub"), "-n", "file", str(folder / "file")],
        env=env)
    with open(folder / "file", encoding="ascii") as f:
        done = run(["/usr/bin/ssh-keygen", "-Y", "check-novalidate", "-n", "file", "-s", str(folder / "file.sig")], stdin=f)
    assert 'Good "file" signature' in done.stdout
