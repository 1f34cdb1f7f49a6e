# SPDX-License-Identifier: ISC
"""The examples of docs/LOOPBACK.md, run as they stand there."""
import os
import re
import shutil

import pytest

import harness
from harness import run

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "LOOPBACK.md")
GO_LIBRARIES = "/usr/share/gocode"
ENV = {**os.environ, "PATH": f"{harness.BINDIR}:{os.environ['PATH']}"}


def example(file):
    """The block of code that is said to be this file."""
    with open(PAGE, encoding="utf-8") as f:
        return re.search(rf"^`{re.escape(file)}`.*?\n```\w+\n(.*?)^```", f.read(), re.M | re.S).group(1)


def test_every_example_of_the_page_is_tested_here():
    with open(PAGE, encoding="utf-8") as f, open(__file__, encoding="utf-8") as me:
        files, tests = re.findall(r"^`([\w.]+)`", f.read(), re.M), me.read()
    assert len(files) == 4
    assert [name for name in files if f'"{name}"' not in tests] == []


@pytest.mark.parametrize("path", ["ours first", "system's first"])
def test_pytest(folder, path):
    for file in ("conftest.py", "test_clients.py"):
        (folder / file).write_text(example(file))
    places = (folder / "bin", harness.BINDIR)
    places[0].mkdir()
    if path != "ours first":        # then ssh and ssh-keygen are OpenSSH's
        (places[0] / "ssh-ephemeral").symlink_to(harness.EPHEMERAL)
    env = {**ENV, "PATH": f"{places[1 if path == 'ours first' else 0]}:{os.environ['PATH']}"}
    # Without --basetemp it would close the folder of all tests to other accounts.
    done = run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", "/dev/null", "--rootdir", str(folder),
                "--basetemp", str(folder / "base"), str(folder / "test_clients.py")], check=False, env=env, cwd=folder, timeout=100)
    assert "4 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("go") or not os.path.isdir(f"{GO_LIBRARIES}/src/golang.org/x/crypto/ssh"),
                    reason="needs Go and its library of SSH")
def test_go(folder):
    (folder / "src" / "client").mkdir(parents=True)
    (folder / "src" / "client" / "client_test.go").write_text(example("client_test.go"))
    env = {**ENV, "GO111MODULE": "off", "GOPATH": f"{folder}:{GO_LIBRARIES}", "GOCACHE": str(folder / "cache"), "CGO_ENABLED": "0",
           "GOFLAGS": "-vet=off", "HOME": str(folder)}
    done = run(["go", "test", "-v", "client"], check=False, env=env, cwd=folder, timeout=110)
    assert "--- PASS: TestHello" in done.stdout, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make(folder):
    (folder / "Makefile").write_text(example("Makefile"))
    run(["make", "check"], env={k: v for k, v in ENV.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}, cwd=folder)
