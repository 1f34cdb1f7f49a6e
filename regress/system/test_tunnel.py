# SPDX-License-Identifier: ISC
"""Network interfaces whose packets travel in a channel (ssh -w), with OpenSSH's client and ours."""
import os
import subprocess

import pytest

import harness
from harness import FarNetwork, wait_until


pytestmark = pytest.mark.skipif(not harness.can_make_tunnels(), reason="this machine makes no tun devices")


@pytest.fixture
def far():
    network = FarNetwork()
    yield network
    network.stop()


def connect(server, network, *options, user="root", remote="exec sleep 60", program="ssh"):
    command = server.ssh(remote, key=server.key, user=user, program=program, options=["-v", *options])
    return subprocess.Popen(network.command(*[f"{user}@{network.net}.1" if w == f"{user}@127.0.0.1" else w for w in command]),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def serve(folder, network, config, options=""):
    s = harness.Server(folder / "s", config=f"ListenAddress {network.net}.1\nPermitRootLogin yes\n" + config)
    s.key = harness.make_key(folder / "id")
    s.authorize(s.key + ".pub", user="root", options=options)
    with open(s.known_hosts(), encoding="utf-8") as f:
        line = f.read()
    s.known_hosts = lambda: str(folder / "known")
    (folder / "known").write_text(line.replace("127.0.0.1", f"{network.net}.1"))
    return s


@pytest.mark.parametrize("mode, kind, size", [("point-to-point", "tun", 1000), ("ethernet", "tap", 1400)])
@pytest.mark.parametrize("program", ["ssh", harness.SSH], ids=["openssh", "ours"])
def test_packets_travel_both_ways(folder, far, mode, kind, size, program):
    s = serve(folder, far, "PermitTunnel yes")
    inner = "10.99.0" if kind == "tun" else "10.98.0"
    p = connect(s, far, "-o", f"Tunnel={mode}", "-w", "7:8", remote="echo $SSH_TUNNEL; exec sleep 60",
                program=program)
    try:
        assert p.stdout.readline() == f"{kind}8\n"
        assert far.carries(inner, f"{kind}8", f"{kind}7", size)
    finally:
        p.kill()
        p.wait()
        wait_until(lambda: not os.path.exists(f"/sys/class/net/{kind}8"), "the interface to be gone")
        s.stop()


@pytest.mark.parametrize("config, options, asked", [
    ("PermitTunnel no", "", "any"), ("PermitTunnel ethernet", "", "any"), ("PermitTunnel yes\nDisableForwarding yes", "", "any"),
    ("PermitTunnel yes", "restrict", "any"), ("PermitTunnel yes", 'tunnel="5"', "6")])
def test_what_keeps_a_tunnel_from_being_made(folder, far, config, options, asked):
    s = serve(folder, far, config, options)
    p = connect(s, far, "-o", "ExitOnForwardFailure=yes", "-w", f"any:{asked}")
    try:
        _, said = p.communicate(timeout=harness.TIMEOUT)
        assert p.returncode == 255 and "open failed" in said or "Tunnel" in said
        s.wait_log("Server has rejected tunnel device forwarding of root")
    finally:
        s.stop()


def test_a_keys_unit_is_the_one_that_it_gets(folder, far):
    s = serve(folder, far, "PermitTunnel point-to-point", 'tunnel="5"')
    p = connect(s, far, "-w", "any:any", remote="echo $SSH_TUNNEL; exec sleep 60")
    try:
        assert p.stdout.readline() == "tun5\n"
    finally:
        p.kill()
        p.wait()
        s.stop()


def test_our_client_says_what_became_of_its_tunnel(folder, far):
    s = serve(folder, far, "PermitTunnel no")
    p = connect(s, far, "-o", "ExitOnForwardFailure=yes", "-w", "any:any", program=harness.SSH)
    try:
        _, said = p.communicate(timeout=harness.TIMEOUT)
        assert p.returncode == 255 and "Tunnel forwarding failed: " in said
        p = connect(s, far, "-w", "any:any", remote="echo on", program=harness.SSH)
        out, said = p.communicate(timeout=harness.TIMEOUT)
        assert (p.returncode, out) == (0, "on\n") and "Tunnel forwarding failed: " in said
    finally:
        s.stop()
