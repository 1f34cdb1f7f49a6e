# SPDX-License-Identifier: ISC
"""A device behind NAT, a relay, and an engineer who reaches the device through it."""
import json
import os
import signal
import subprocess

import pytest

import harness
from harness import FarNetwork, run, wait_until
from test_assist import RELAY, Assist, Relay

pytestmark = pytest.mark.skipif(not harness.ROOT, reason="needs networks of its own")


@pytest.fixture
def networks():
    """The device's, the engineer's, and that of somebody else; the relay stands between."""
    made = [FarNetwork() for _ in range(3)]
    yield made
    for network in made:
        network.stop()


class Place:
    """Relay and device, with the reverse connection between them."""

    def __init__(self, folder, networks):
        self.device, self.engineer, _ = networks
        self.folder, self.port = folder, harness.free_port()
        self.device_key = harness.make_key(folder / "device_key")
        self.engineer_key = harness.make_key(folder / "engineer_key")
        addresses = "\n".join(f"ListenAddress {n.net}.1" for n in networks)
        self.relay = harness.Server(folder / "relay", config=f"""{addresses}
GatewayPorts clientspecified
GatewaySources {self.engineer.net}.0/24
ClientAliveInterval 60""")
        self.relay.authorize(self.device_key + ".pub", options=f'restrict,port-forwarding,permitlisten="{self.port}"')
        self.sshd = self.start_device()
        self.client = None

    def start_device(self):
        """The device's own sshd, on a loopback that nobody else can reach."""
        config = self.folder / "device_config"
        key = harness.make_key(self.folder / "device_host")
        with open(self.engineer_key + ".pub", encoding="utf-8") as f:
            (self.folder / "device_authorized").write_text(f.read())
        config.write_text(f"ListenAddress 127.0.0.1\nPort 22\nHostKey {key}\nPidFile none\nStrictModes no\n"
                          f"EphemeralKeySocket none\nAuthorizedKeysFile {self.folder}/device_authorized\n")
        log = open(self.folder / "device.log", "ab")
        return subprocess.Popen(self.device.command(harness.SSHD, "-f", str(config), "-D", "-e"), stdout=log, stderr=log)

    def ssh_options(self, key, name):
        return ["-F", "none", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "IdentityAgent=none",
                "-o", "StrictHostKeyChecking=accept-new", "-o", f"UserKnownHostsFile={self.folder}/known_{name}"]

    def connect_device(self, program=harness.SSH):
        self.client = subprocess.Popen(self.device.command(
            program, *self.ssh_options(self.device_key, "device"), "-N", "-o", "ExitOnForwardFailure=yes",
            "-R", f"*:{self.port}:127.0.0.1:22", "-p", str(self.relay.port),
            f"{harness.login_user()}@{self.device.net}.1"), stdin=subprocess.DEVNULL)

    def reach(self, network, command="echo $SSH_CLIENT"):
        """What an engineer in this network gets from the device."""
        return run(network.command(harness.SSH, *self.ssh_options(self.engineer_key, "engineer"), "-o", "ConnectTimeout=10",
                                   "-o", "HostKeyAlias=device", "-p", str(self.port),
                                   f"{harness.login_user()}@{network.net}.1", command), check=False)

    def stop(self):
        for p in (self.client, self.sshd):
            if p is not None:
                harness.end(p)
        self.relay.stop()


@pytest.fixture
def place(folder, networks):
    p = Place(folder, networks)
    yield p
    p.stop()


def test_the_engineer_reaches_the_device_and_nobody_else_does(place, networks):
    device, engineer, stranger = networks
    place.connect_device()
    wait_until(lambda: place.reach(engineer).returncode == 0, "the way to the device")
    assert place.reach(engineer).stdout.startswith("127.0.0.1 ")
    assert place.reach(stranger).returncode == 255
    place.relay.wait_log(f"to forwarded port {place.port} of")
    assert place.reach(device).returncode == 255


def test_it_heals_after_the_devices_cable_was_cut(place, networks):
    """No FIN, no RST: the relay believes that the old connection lives. (Killed, it would send a FIN once the cable is mended.)"""
    device, engineer, _ = networks
    place.connect_device()
    wait_until(lambda: place.reach(engineer).returncode == 0, "the way to the device")
    device.cut()
    before = place.client
    before.send_signal(signal.SIGSTOP)
    try:
        device.mend()
        place.connect_device()
        place.relay.wait_log(f"port {place.port} was taken over from another connection of")
        assert place.reach(engineer, "echo again").stdout == "again\n"
    finally:
        before.kill()
        before.wait()


def test_a_device_may_listen_where_its_key_says_and_nowhere_else(place, networks):
    place.port += 1
    place.connect_device()
    assert place.client.wait(harness.TIMEOUT) == 255


# --- ssh-ephemeral assist, end to end ---

NAME = f"kiosk-{os.urandom(4).hex()}"


class Assisted:
    """A device that runs assist, a relay with a name for it, and the engineers' networks."""

    def __init__(self, folder, networks):
        self.device, self.engineer, self.stranger = networks
        self.relay = Relay(folder, config="\n".join(f"ListenAddress {n.net}.1" for n in networks) + "\n" + RELAY +
                           f"\nGatewaySources {self.engineer.net}.0/24\nClientAliveInterval 60", names=(NAME,))
        self.known = str(folder / "known")
        with open(self.relay.known_hosts(), encoding="utf-8") as f:
            key = f.read().split(" ", 1)[1]
        with open(self.known, "w", encoding="utf-8") as f:
            f.write("".join(f"[{n.net}.1]:{self.relay.port} {key}" for n in networks))
        self.sshd = harness.Server(folder / "device", config="PasswordAuthentication no", wait=False, prefix=self.device.command())
        wait_until(lambda: os.path.exists(self.sshd.socket), "the device's sshd")
        self.assist = Assist(self.relay, "--socket", self.sshd.socket, "--to", f"127.0.0.1:{self.sshd.port}", "-o",
                             f"UserKnownHostsFile={self.known}", "-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2",
                             prefix=self.device.command(), who=NAME, at=f"{self.device.net}.1")

    def login_command(self, network, code, *command):
        return network.command(harness.EPHEMERAL, "login", code, "--user", harness.login_user(), "-o", f"UserKnownHostsFile={self.known}",
                               *self.relay.options("engineer"), f"{NAME}@{harness.login_user()}@{network.net}.1", "--", *command)

    def stop(self):
        self.assist.end()
        self.sshd.stop()
        self.relay.stop()


@pytest.fixture
def assisted(folder, networks):
    a = Assisted(folder, networks)
    yield a
    a.stop()


def test_assist_reaches_through_a_nat_refuses_a_wrong_source_and_heals_when_a_cable_was_cut(assisted):
    code = assisted.assist.wait("waiting")["code"]
    # From a network that the relay does not let in, with the right code: nothing, and the code is not spent.
    def is_refused():
        assert run(assisted.login_command(assisted.stranger, code, "true"), check=False).returncode == 255
        return "refused: not in GatewaySources" in assisted.relay.log_text()
    wait_until(is_refused, "the relay to refuse a stranger")
    with subprocess.Popen(assisted.login_command(assisted.engineer, code, "echo $SSH_CLIENT; exec sleep 1000"),
                          stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout.readline().startswith("127.0.0.1 ")
        assert assisted.assist.wait("connected")["source"] == f"{assisted.engineer.net}.2"
        assisted.device.cut()               # no FIN, no RST
        lost = len(assisted.assist.states)
        assisted.assist.wait("lost", lost)
        assisted.device.mend()
        ready = assisted.assist.wait("waiting", lost)
        assisted.relay.wait_log(f"port 22 of {NAME} was taken over from another connection of")
        assert session.wait(harness.TIMEOUT) == 255
    wait_until(lambda: assisted.assist.states[-1]["sessions"] == 0, "the session to be over")
    assert run(assisted.login_command(assisted.engineer, ready["code"], "echo again")).stdout == "again\n"
    assisted.assist.end()
    assert assisted.assist.wait("ended")["reason"] == "stopped on the device"
    assert [g for g in json.loads(assisted.sshd.ephemeral("list", "--json").stdout) if g["state"] == "live"] == []
