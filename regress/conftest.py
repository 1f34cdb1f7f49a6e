# SPDX-License-Identifier: ISC
"""Fixtures that all Python tests share; see harness.py."""
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import harness  # noqa: E402

# Whoever started the tests in the background had these ignored; programs under test must not.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

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


def pytest_runtest_makereport(item, call):
    """Shows the server's log when a test fails."""
    if call.when == "call" and call.excinfo is not None:
        s = getattr(item, "funcargs", {}).get("sshd")
        if s is not None:
            item.add_report_section("call", "sshd log", s.log_text()[-20000:])
