# SPDX-License-Identifier: ISC
"""A device behind NAT, a relay, and an engineer who reaches the device through it."""
import subprocess

import pytest

import harness
from harness import FarNetwork, run, wait_until

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
    """No FIN, no RST: the relay believes that the old connection lives."""
    device, engineer, _ = networks
    place.connect_device()
    wait_until(lambda: place.reach(engineer).returncode == 0, "the way to the device")
    device.cut()
    place.client.kill()
    place.client.wait()
    device.mend()
    place.connect_device()
    place.relay.wait_log(f"port {place.port} was taken over from another connection of")
    assert place.reach(engineer, "echo again").stdout == "again\n"


def test_a_device_may_listen_where_its_key_says_and_nowhere_else(place, networks):
    place.port += 1
    place.connect_device()
    assert place.client.wait(harness.TIMEOUT) == 255
