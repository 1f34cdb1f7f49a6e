# SPDX-License-Identifier: ISC
"""UseDNS: names of clients, from a name server of the test's own."""
import os
import socket
import struct
import threading

import pytest

import harness
from harness import run

needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root")
USER = harness.login_user()

# What addresses claim, and what names have.
POINTERS = {"127.0.0.5": "good.example.org", "127.0.0.6": "good.example.org", "127.0.0.7": "127.0.0.5",
            "127.0.0.8": "no-address.example.org", "127.0.0.9": "evil.example.net"}
ADDRESSES = {"good.example.org": "127.0.0.5", "evil.example.net": "127.0.0.9"}


class NameServer(threading.Thread):
    """Answers PTR and A; everything else does not exist."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.socket.settimeout(0.1)
        self.is_silent = False
        self.is_over = False
        self.start()

    def run(self):
        while not self.is_over:
            try:
                query, peer = self.socket.recvfrom(2048)
            except TimeoutError:
                continue
            if not self.is_silent:
                self.socket.sendto(self.answer(query), peer)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        name, data = ".".join(labels).lower(), None
        if kind == 12 and name.endswith(".in-addr.arpa"):
            target = POINTERS.get(".".join(reversed(name.split(".")[:4])))
            if target:
                data = b"".join(bytes([len(p)]) + p.encode() for p in target.split(".")) + b"\0"
        elif kind == 1 and name in ADDRESSES:
            data = socket.inet_aton(ADDRESSES[name])
        head = query[:2] + struct.pack(">HHHHH", 0x8180 if data or name in ADDRESSES else 0x8183, 1, 1 if data else 0, 0, 0)
        body = query[12:at + 5]
        if data:
            body += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
        return head + body


@pytest.fixture
def names():
    # One address of its own for each worker.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    address = f"127.53.0.{worker + 1}"
    server = NameServer(address)
    server.address = address
    yield server
    server.is_over = True
    server.join()
    server.socket.close()


@pytest.fixture
def serve(servers, folder, names):
    def start(config="", use="yes", options="", **kwargs):
        resolv = folder / "resolv.conf"
        resolv.write_text(f"nameserver {names.address}\noptions timeout:1 attempts:1\n")
        script = f"mount --bind {resolv} $(readlink -f /etc/resolv.conf) && exec \"$@\""
        s = servers(f"UseDNS {use}\n" + config, prefix=["unshare", "--mount", "sh", "-c", script, "sh"], **kwargs)
        s.make_key(options=options)
        return s
    return start


def comes_in(server, address="127.0.0.5"):
    got = run(server.ssh("echo in", key=server.key, program="ssh", options=["-b", address]), check=False)
    return got.stdout == "in\n"


@needs_root
def test_a_name_that_maps_back_counts(serve):
    s = serve("AllowUsers *@*.example.org")
    assert comes_in(s), s.log_text()
    s.wait_log("127.0.0.5 is good.example.org")


@needs_root
@pytest.mark.parametrize("address, why", [
    ("127.0.0.6", "Address 127.0.0.6 maps to good.example.org, but this does not map back to the address."),
    ("127.0.0.7", "Address 127.0.0.7 maps to 127.0.0.5, but this does not map back to the address."),
    ("127.0.0.8", "Address 127.0.0.8 maps to no-address.example.org, but this does not map back to the address."),
    ("127.0.0.10", "not allowed because not listed in AllowUsers")])
def test_a_name_that_does_not_map_back_does_not(serve, address, why):
    s = serve("AllowUsers *@*.example.org *@127.0.0.5")
    assert not comes_in(s, address)
    s.wait_log(why)


@needs_root
def test_deny_users_by_name(serve):
    s = serve("DenyUsers *@*.example.net")
    assert comes_in(s, "127.0.0.5")
    assert not comes_in(s, "127.0.0.9")
    # Who has no name could be anybody.
    assert not comes_in(s, "127.0.0.6")
    assert not comes_in(s, "127.0.0.10")


@needs_root
def test_from_of_a_key_by_name(serve):
    s = serve(options='from="good.*"')
    assert comes_in(s, "127.0.0.5")
    assert not comes_in(s, "127.0.0.9")
    s.wait_log("not from a permitted host (host=evil.example.net, ip=127.0.0.9)")
    assert not comes_in(s, "127.0.0.6")


@needs_root
def test_from_that_excludes_a_name(serve):
    s = serve(options='from="*,!*.example.net"')
    assert comes_in(s, "127.0.0.5")
    assert not comes_in(s, "127.0.0.9")
    assert not comes_in(s, "127.0.0.6")


@needs_root
def test_match_host_by_name(serve):
    s = serve(last="Match Host *.example.org\n\tForceCommand echo matched")
    got = run(s.ssh("echo in", key=s.key, program="ssh", options=["-b", "127.0.0.5"]))
    assert got.stdout == "matched\n"
    got = run(s.ssh("echo in", key=s.key, program="ssh", options=["-b", "127.0.0.6"]))
    assert got.stdout == "in\n"


@needs_root
def test_match_host_that_excludes_a_name_lets_nobody_in_who_has_none(serve, names):
    """Neither what it opens nor what it forbids can be decided then."""
    for last in ("Match Host *,!*.example.net\n\tForceCommand echo matched",
                 "Match User nobody\n\tBanner none\nMatch Host *,!good.*\n\tPubkeyAuthentication no"):
        s = serve(last=last)
        opens = "matched" in last
        got = run(s.ssh("echo in", key=s.key, program="ssh", options=["-b", "127.0.0.5"]))
        assert got.stdout == ("matched\n" if opens else "in\n")
        assert comes_in(s, "127.0.0.9") == opens
        assert not comes_in(s, "127.0.0.6")
        assert not comes_in(s, "127.0.0.10")
        line = [i for i, x in enumerate(open(s.config_path, encoding="utf-8"), 1) if x.startswith("Match Host")][0]
        s.wait_log(f"User {USER} from 127.0.0.10 not allowed because its host has no name, and Match Host at {s.config_path}:{line} excludes names")
        if opens:   # else nothing is offered that could be refused
            s.wait_log("reason=host-unknown rule=UseDNS (")
        names.is_silent = True
        assert not comes_in(s, "127.0.0.5")
        names.is_silent = False
    # Without UseDNS names are not looked at, and nothing is refused for them.
    s = serve(use="no", last="Match Host *,!*.example.net\n\tForceCommand echo matched")
    got = run(s.ssh("echo in", key=s.key, program="ssh", options=["-b", "127.0.0.9"]))
    assert got.stdout == "matched\n"


@needs_root
def test_a_silent_name_server_opens_nothing(serve, names):
    s = serve("AllowUsers *@*.example.org\nDenyUsers *@*.example.net")
    names.is_silent = True
    assert not comes_in(s)
    s.wait_log("The name of 127.0.0.5 could not be found out")


@needs_root
def test_without_use_dns_no_name_is_asked_for(serve):
    s = serve("AllowUsers *@good.example.org", use="no")
    assert not comes_in(s)
    assert "good.example.org" not in s.log_text().replace("not listed", "")


@needs_root
def test_names_are_looked_up_by_somebody_who_owns_nothing(serve, names):
    s = serve()
    names.is_silent = True
    import subprocess
    client = subprocess.Popen(s.ssh("true", key=s.key, program="ssh", options=["-b", "127.0.0.5"]),
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def resolver():
        for pid, command in s.children().items():
            if "--resolver" in command:
                try:
                    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                        status = f.read()
                except OSError:
                    return None
                return status if "NoNewPrivs:\t1" in status else None
        return None
    status = harness.wait_until(resolver, "the resolver")
    harness.end(client)
    assert "Uid:\t1900000000\t1900000000\t1900000000\t1900000000" in status
    assert "CapEff:\t0000000000000000" in status


def test_the_hosts_file_counts(folder):
    with harness.server(folder / "s", config=f"UseDNS yes\nAllowUsers {USER}@localhost*,ip6-localhost") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        with open("/etc/hosts", encoding="utf-8") as f:
            first = next((line.split()[1] for line in f if line.startswith("127.0.0.1")), None)
        if first is None or not first.startswith("localhost"):
            pytest.skip("127.0.0.1 is not localhost here")
        assert run(s.ssh("echo in", key=key, program="ssh")).stdout == "in\n"
