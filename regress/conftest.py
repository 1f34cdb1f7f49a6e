# SPDX-License-Identifier: ISC
"""Fixtures that all Python tests share; see harness.py."""
import ctypes
import os
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import harness  # noqa: E402

# Whoever started the tests in the background had these ignored; programs under test must not.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

def go_apart():
    """A worker's own copies of what tests change: homes, /run, /var, /etc/ssh; and a loopback of its own."""
    clone_newns, clone_newnet = 0x00020000, 0x40000000
    if ctypes.CDLL(None, use_errno=True).unshare(clone_newns | clone_newnet) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["sh", "-euc", """
        new=$(mktemp -d)
        for folder in /home /root /opt /run /var /etc/ssh /etc/dropbear /etc/tinyssh /usr/local/etc; do
            [ -d $folder ] || continue
            mount -t tmpfs -o mode=755 tmpfs $new
            cp -a $folder/. $new/
            mount --move $new $folder
        done
        rmdir $new
        ip link set lo up"""], check=True)


if harness.ROOT and os.environ.get("DAYFLY_SANDBOX") == "inside" and "PYTEST_XDIST_WORKER" in os.environ:
    go_apart()

needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root")


@pytest.fixture
def folder(tmp_path):
    """A folder that every account can enter."""
    for part in [tmp_path, *tmp_path.parents]:
        if "pytest-" in str(part):
            os.chmod(part, 0o755)
    return tmp_path


@pytest.fixture
def sshd(folder):
    """Our server with default settings, and a user key that it knows in `.key`."""
    with harness.server(folder / "sshd") as s:
        s.key = harness.make_key(folder / "id")
        s.authorize(s.key + ".pub")
        yield s


@pytest.fixture
def servers(folder):
    """Starts servers of ours, each in a folder of its own, and ends them all; `.started` has them."""
    def start(config="", **kwargs):
        s = harness.Server(folder / f"s{len(start.started)}", config=config, **kwargs)
        start.started.append(s)
        return s
    start.started = []
    yield start
    for s in start.started:
        s.stop()


def pytest_runtest_makereport(item, call):
    """Shows the logs of servers of ours when a test fails."""
    if call.when == "call" and call.excinfo is not None:
        for name, of in getattr(item, "funcargs", {}).items():
            for s in getattr(of, "started", [getattr(of, "server", of)]):
                if isinstance(s, harness.Server):
                    item.add_report_section("call", f"log of {name}", s.log_text()[-20000:])
