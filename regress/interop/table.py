#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""docs/INTEROP.md from what test_algorithms.py saw.

usage: table.py RESULTS             prints it
       table.py RESULTS DOCUMENT    says what differs, if anything does
"""
import collections
import difflib
import glob
import json
import os
import sys

KINDS = ["key exchange", "cipher", "MAC", "compression", "host key", "user key"]
HEAD = """\
# Interoperability

This page is what `regress/interop` saw: `./check interop` runs it, and fails if this page says something else.
`regress/interop/table.py build/check/interop` prints it anew.

Each cell is a connection, or several, in which only that algorithm of its kind was offered on our side, and our own log
said that it was used. A connection carries checksummed data both ways at once through the remote command `cat`, and ends
with its exit status.

| mark | meaning |
|---|---|
| ● | works, with three or more key exchanges in the middle of the data, begun by either or both |
| ○ | works, with one key exchange: the peer sends data behind its KEXINIT, which RFC 4253 7.1 forbids and we refuse |
|   | the peer does not have it |

Algorithms are ours as `ssh -Q` names them. Certificates and keys on security tokens have tests of their own
(`regress/system`, `regress/unit`). paramiko and asyncssh are those of Debian 12, OpenSSH 10.0 that of its backports.
"""


def load(folder):
    """{direction: {peer: {(kind, name): mark}}}, peers in the order of the run's list."""
    seen = {"server": collections.OrderedDict(), "client": collections.OrderedDict()}
    paths = glob.glob(os.path.join(folder, "*.json"))
    for path in sorted(paths):
        with open(path, encoding="utf-8") as f:
            part = json.load(f)
        cells = seen[part["direction"]].setdefault(part["peer"], {})
        cells.update({(kind, name): "●" if part["rekeys"] else "○" for kind, name in part["seen"]})
    return seen


def table(peers, ours):
    lines = []
    for kind in KINDS:
        lines += ["", f"| {kind} | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
        for name in ours[kind]:
            marks = [cells.get((kind, name), " ") for cells in peers.values()]
            lines.append(f"| `{name}` | " + " | ".join(marks) + " |")
    return lines


def document(folder):
    seen = load(folder)
    with open(os.path.join(folder, "ours"), encoding="utf-8") as f:
        ours = json.load(f)
    lines = ["", "## Our `ssh`, their server"] + table(seen["server"], ours)
    lines += ["", "## Their client, our `sshd`"] + table(seen["client"], ours)
    return HEAD + "\n".join(lines) + "\n"


def main(argv):
    if len(argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    text = document(argv[1])
    if len(argv) == 2:
        sys.stdout.write(text)
        return 0
    with open(argv[2], encoding="utf-8") as f:
        there = f.read()
    sys.stdout.writelines(difflib.unified_diff(there.splitlines(True), text.splitlines(True), argv[2], "this run"))
    return 0 if there == text else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
