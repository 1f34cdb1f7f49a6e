# SPDX-License-Identifier: ISC
"""Each algorithm of ours against each peer that has it, both ways round.

A row's connection carries checksummed data both ways across several key exchanges. What was
seen goes to DAYFLY_SANDBOX_RESULTS, from which table.py makes docs/INTEROP.md.
"""
import json
import os

import asyncssh
import pytest

import algorithms
import harness
import peer_servers
import python_peers
from harness import run

# Rows of a peer are spread over this many tests, so that they run beside each other.
PARTS = 4
SERVERS = ["OpenSSH 9.2", "OpenSSH 10.0", "Dropbear", "tinysshd", "asyncssh", "paramiko"]
CLIENTS = ["OpenSSH 9.2", "OpenSSH 10.0", "Dropbear", "PuTTY", "asyncssh", "paramiko"]
# Of Debian testing, for what no other peer has.
NEWEST = ["OpenSSH newest", "asyncssh newest"]
NEW_METHODS = ["mlkem768nistp256-sha256", "mlkem1024nistp384-sha384"]
REKEY = f"RekeyLimit {algorithms.REKEY}"


def record(peer, direction, part, seen):
    """Leaves what was seen for the table; without a folder for it there is no table."""
    folder = os.environ.get("DAYFLY_SANDBOX_RESULTS")
    if folder:
        with open(os.path.join(folder, f"{peer}.{direction}.{part}.json"), "w", encoding="utf-8") as f:
            json.dump({"peer": peer, "direction": direction, "seen": seen}, f)


def go_through(peer, direction, part, rows, connect):
    """Connects once a row; connect(row) gives the number of rekeys."""
    seen, wrong = [], []
    for row in rows if peer in NEWEST else rows[part::PARTS]:
        try:
            n = connect(row)
            assert n >= algorithms.REKEYS, f"only {n} rekeys"
            seen += [[kind, name] for kind, name in row.items() if name]
        except Exception as e:  # pylint: disable=broad-except
            wrong.append(f"{row}: {type(e).__name__}:\n{e}")
    assert not wrong, "\n".join(wrong)
    record(peer, direction, part, seen)


def test_our_algorithms_are_named():
    """The rows of the table."""
    names = {kind: algorithms.ours(kind) for kind in algorithms.KINDS}
    assert all(names.values())
    folder = os.environ.get("DAYFLY_SANDBOX_RESULTS")
    if folder:
        with open(os.path.join(folder, "ours"), "w", encoding="utf-8") as f:
            json.dump(names, f)


# --- our client ---

def everything(query):
    """Config lines that turn on all an OpenSSH has."""
    kinds = [("KexAlgorithms", "key exchange"), ("Ciphers", "cipher"), ("MACs", "MAC"),
             ("HostKeyAlgorithms", "host key"), ("PubkeyAcceptedAlgorithms", "user key")]
    return "\n".join(f"{word} {','.join(algorithms.query(query, kind))}" for word, kind in kinds)


def openssh_program(version, folder):
    if version == "newest":
        return peer_servers.wrapped(folder, "testing", "usr/bin/ssh")
    return "ssh" if version == "9.2" else os.path.join(peer_servers.OPENSSH10, "bin/ssh")


def python_suite(peer):
    """Where asyncssh comes from."""
    return "testing" if peer in NEWEST else "asyncssh"


def openssh_server(folder, keys, version):
    os.makedirs(folder, exist_ok=True)
    program = openssh_program(version, folder)
    host_keys = "\n".join(f"HostKey {path}" for path in keys.values())
    server = peer_servers.OpenSSH(folder, config=f"{everything(program)}\n{host_keys}\nMaxStartups 100",
                                  version="testing" if version == "newest" else version, kinds=())
    for path in keys.values():
        server.authorize(path + ".pub")
    server.write_known_hosts(*[python_peers.read_public(path) for path in keys.values()])
    return server, {kind: algorithms.query(program, kind) for kind in algorithms.KINDS[:3] + algorithms.KINDS[4:]}


def dropbear_server(folder, keys):
    server = peer_servers.Dropbear(folder, sizes=(("ed25519", None), ("ecdsa", 256), ("rsa", 2048)))
    for path in keys.values():
        peer_servers.home_ssh(server.user, path)
    return server, {"user key": ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
                                 "rsa-sha2-256", "ssh-rsa"]}


def tinysshd_server(folder, keys):
    server = peer_servers.TinySSH(folder)
    peer_servers.home_ssh(server.user, keys["ed25519"])
    return server, {"user key": ["ssh-ed25519"]}


def start_server(peer, folder, keys):
    """The server, and what it has by kind."""
    if peer.startswith("OpenSSH"):
        server, offer = openssh_server(folder, keys, peer.split()[1])
        offer["compression"] = algorithms.offered_by_server(server.port)["compression"]
        return server, offer
    if peer.startswith("asyncssh"):
        suite = python_suite(peer)
        return python_peers.AsyncSSH(folder, keys, suite), python_peers.asyncssh_offer(folder, suite)
    if peer == "paramiko":
        return python_peers.Paramiko(folder, keys), python_peers.paramiko_offer(True)
    server, offer = (dropbear_server if peer == "Dropbear" else tinysshd_server)(folder, keys)
    return server, {**algorithms.offered_by_server(server.port), **offer}


def new_of(offer):
    """Of an offer what only the newest peers have, with one name of each other kind."""
    first = {kind: [n for n in algorithms.ours(kind) if n in offer[kind]][:1] for kind in algorithms.KINDS}
    return {**first, "key exchange": [n for n in NEW_METHODS if n in offer["key exchange"]]}


def rows_of(peer, offer):
    if peer not in NEWEST:
        return algorithms.rows(offer)
    assert new_of(offer)["key exchange"], f"{peer} has none of {NEW_METHODS}"
    return algorithms.rows(new_of(offer))


def parts(peers):
    return [(peer, part) for peer in peers for part in range(PARTS)] + [(peer, 0) for peer in NEWEST]


@pytest.mark.parametrize("peer,part", parts(SERVERS))
def test_our_client(peer, part, folder):
    if peer in ("Dropbear", "tinysshd") and not harness.ROOT:
        pytest.skip("needs an account of its own to put a key into")
    keys = algorithms.keys(str(folder / "keys"))
    server, offer = start_server(peer, str(folder / "peer"), keys)

    def connect(row):
        key = keys[algorithms.KEY_FILES[row["user key"]]]
        rekey = REKEY if peer != "tinysshd" else f"RekeyLimit {algorithms.REKEY_APART}"
        command = [harness.SSH, "-v", "-F", "none", "-p", str(server.port), "-i", key]
        for option in algorithms.options(row) + [
                "IdentitiesOnly yes", "IdentityAgent none", "BatchMode yes", "GlobalKnownHostsFile none",
                f"UserKnownHostsFile {server.known}", "WarnWeakCrypto no", rekey, "UpdateHostKeys no",
                "ServerAliveInterval 1", "ServerAliveCountMax 40"]:
            command += ["-o", option]
        log = algorithms.transfer([*command, f"{server.user}@127.0.0.1", "cat"], in_lock_step=peer != "tinysshd")
        return algorithms.used(log, row)

    try:
        go_through(peer, "server", part, rows_of(peer, offer), connect)
    finally:
        server.stop()


# --- our server ---

def openssh_client(program):
    def connect(port, user, key, host_key, row, home):
        known = os.path.join(home, "known_hosts")
        with open(known, "w", encoding="utf-8") as f:
            f.write(f"[127.0.0.1]:{port} {python_peers.read_public(host_key)}")
        command = [program, "-F", "none", "-p", str(port), "-i", key]
        for option in algorithms.options(row) + [
                "IdentitiesOnly yes", "IdentityAgent none", "BatchMode yes", "GlobalKnownHostsFile none",
                f"UserKnownHostsFile {known}", f"RekeyLimit {algorithms.REKEY}", "UpdateHostKeys no"]:
            command += ["-o", option]
        algorithms.transfer([*command, f"{user}@127.0.0.1", "cat"])
    return connect


def dbclient(port, user, key, host_key, row, home):
    mine = os.path.join(home, "id.dropbear")
    run(["dropbearconvert", "openssh", "dropbear", key, mine])
    os.makedirs(os.path.join(home, ".ssh"), exist_ok=True)
    with open(os.path.join(home, ".ssh/known_hosts"), "w", encoding="utf-8") as f:
        f.write(f"127.0.0.1 {' '.join(python_peers.read_public(host_key).split()[:2])}\n")
    algorithms.transfer(["dbclient", "-y", "-p", str(port), "-i", mine, f"{user}@127.0.0.1", "cat"],
                        env={**os.environ, "HOME": home})


PUTTY_SETTINGS = f"""Cipher=aes,chacha20,aesgcm,3des,blowfish,arcfour,des,WARN
KEX=ntru-curve25519,ecdh,dh-gex-sha1,dh-group18-sha512,dh-group17-sha512,dh-group16-sha512,dh-group15-sha512,\
dh-group14-sha1,rsa,dh-group1-sha1,WARN
HostKey=ed25519,ecdsa,rsa,dsa,ed448,WARN
RekeyBytes={algorithms.REKEY}
"""


def putty_settings(home, compression="none"):
    folder = os.path.join(home, ".putty/sessions")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "Default%20Settings"), "w", encoding="utf-8") as f:
        f.write(PUTTY_SETTINGS + f"Compression={int(compression != 'none')}\n")


def plink(port, user, key, host_key, row, home):
    putty_settings(home, row["compression"])
    env = {**os.environ, "HOME": home}
    ppk = os.path.join(home, "id.ppk")
    run(["puttygen", key, "-O", "private", "-o", ppk], env=env)
    fingerprint = run(["ssh-keygen", "-lf", host_key + ".pub"]).stdout.split()[1]
    algorithms.transfer(["plink", "-batch", "-ssh", "-P", str(port), "-l", user, "-i", ppk, "-hostkey", fingerprint,
                         "127.0.0.1", "cat"], env=env)


def python_client(transfer):
    def connect(port, user, key, host_key, row, home):
        transfer(port, user, key, host_key, row)
    return connect


def client_of(peer, home, request):
    """How a client transfers, and what it has by kind."""
    env = {**os.environ, "HOME": home}
    if peer.startswith("OpenSSH"):
        program = openssh_program(peer.split()[1], home)
        kinds = algorithms.KINDS[:3] + algorithms.KINDS[4:]
        return openssh_client(program), {**{kind: algorithms.query(program, kind) for kind in kinds},
                                         "compression": ["none", "zlib@openssh.com"]}
    if peer.startswith("asyncssh"):
        client = python_peers.AsyncSSHClient(home, python_suite(peer))
        request.addfinalizer(client.stop)
        return client.transfer, python_peers.asyncssh_offer(home, python_suite(peer))
    if peer == "paramiko":
        return python_client(python_peers.paramiko_client), python_peers.paramiko_offer(False)
    if peer == "Dropbear":
        keys = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-256",
                "ssh-rsa"]
        offer = algorithms.offered_by_client(
            lambda port: ["dbclient", "-y", "-y", "-p", str(port), "nobody@127.0.0.1", "true"], env)
        return dbclient, {**offer, "user key": keys, "compression": ["none"]}
    putty_settings(home)
    offer = algorithms.offered_by_client(
        lambda port: ["plink", "-batch", "-ssh", "-P", str(port), "-l", "nobody", "127.0.0.1", "true"], env)
    return plink, {**offer, "user key": python_peers.PARAMIKO_KEYS, "compression": ["none", "zlib@openssh.com"]}


@pytest.mark.parametrize("peer,part", parts(CLIENTS))
def test_our_server(peer, part, folder, request):
    keys = algorithms.keys(str(folder / "keys"))
    home = str(folder / "home")
    os.makedirs(home)
    transfer, offer = client_of(peer, home, request)
    host_keys = "\n".join(f"HostKey {path}" for path in keys.values())

    def connect(row):
        key = keys[algorithms.KEY_FILES[row["user key"]]]
        config = "\n".join(algorithms.options(row) + [host_keys, REKEY])
        with harness.server(folder / "sshd", config=config, keys=()) as server:
            server.authorize(key + ".pub")
            before = len(server.log_text())
            transfer(server.port, harness.login_user(), key, keys[algorithms.KEY_FILES[row["host key"]]], row, home)
            return algorithms.used(server.log_text()[before:], row)

    go_through(peer, "client", part, rows_of(peer, offer), connect)


# --- a peer that breaks the rules of a rekey ---

@pytest.mark.skipif(tuple(map(int, asyncssh.__version__.split(".")[:2])) >= (2, 20), reason="asyncssh has mended it")
def test_asyncssh_that_sends_data_behind_its_kexinit_works_until_then(folder):
    keys = algorithms.keys(str(folder / "keys"))
    server = python_peers.AsyncSSH(str(folder / "peer"), keys, None)
    command = [harness.SSH, "-v", "-F", "none", "-p", str(server.port), "-i", keys["ed25519"], "-o", "IdentitiesOnly yes",
               "-o", "BatchMode yes", "-o", "GlobalKnownHostsFile none", "-o", f"UserKnownHostsFile {server.known}"]
    try:
        algorithms.transfer([*command, f"{server.user}@127.0.0.1", "cat"])
        with pytest.raises(AssertionError, match="message not allowed now: 94 in state REKEX"):
            algorithms.transfer([*command, "-o", REKEY, f"{server.user}@127.0.0.1", "cat"])
    finally:
        server.stop()
