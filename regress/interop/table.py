#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""docs/INTEROP.md from what test_algorithms.py and test_forwardings.py saw.

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
FORWARDINGS = ["-L port", "-L socket", "-R port", "-R socket", "-D", "-W", "-A", "-X"]
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
|   | the peer does not have it |

Algorithms are ours as `ssh -Q` names them. Certificates and keys on security tokens have tests of their own
(`regress/system`, `regress/unit`). paramiko is that of Debian 12, OpenSSH 10.0 that of its backports, asyncssh (2.20)
that of Debian 13. The newest ones, for what no other peer has, are those of Debian testing.

In the tables of forwarding a cell is a test of `regress/interop/test_forwardings.py`, named as our `ssh` and OpenSSH's ask
for it (PuTTY says `-nc` for `-W`, Dropbear `-B`; the Python libraries have functions). ● there: what was sent came out at the
other end, and back, both ways closed; `-A`: the agent's key was listed; `-X`: a client in the session was let in by the
display, with the display's own cookie. No mark: the peer does not have it, or leaves it to the program that is built with it.
asyncssh is that of Debian 12 there. `-w`, which only OpenSSH has, is tested beside them, both ways round, where a machine
makes such interfaces.

Files have no table: `regress/interop/test_sftp_peers.py` has our SFTP server (`internal-sftp` and `sftp-server`) serve OpenSSH's sftp and scp (9.2, 10.0), curl with
libssh2, paramiko, asyncssh, PuTTY's psftp, and our own programs; `test_copying.py` has these copy from and to OpenSSH's.

## Peers that do not keep to RFC 4253 7.1

Who has sent its KEXINIT may send nothing but the messages of that key exchange until it has sent its NEWKEYS. asyncssh
before 2.20 (Debian 12 has 2.10) sends channel data in between. OpenSSH 10.4 and newer end such a connection, and so do we:
"message not allowed now: 94 in state REKEX" (94 is CHANNEL_DATA) says our log. Taking it would be to let a peer go on for ever
under keys that are to be given up. Such a peer works until the first rekey under load: asyncssh begins one after an hour or
1 GiB, we after 1 GiB at the earliest, unless RekeyLimit says otherwise.
"""
NEWEST = " newest"


def load(folder):
    """{direction: {peer: {(kind, name): mark}}}, peers in the order of the run's list."""
    seen = {"server": collections.OrderedDict(), "client": collections.OrderedDict()}
    paths = glob.glob(os.path.join(folder, "*.json"))
    for path in sorted(paths):
        with open(path, encoding="utf-8") as f:
            part = json.load(f)
        cells = seen[part["direction"]].setdefault(part["peer"], {})
        cells.update({(kind, name): "●" for kind, name in part["seen"]})
    return seen


def table(peers, ours, kinds):
    """What none of the peers has is left out."""
    lines = []
    for kind in kinds:
        lines += ["", f"| {kind} | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
        for name in ours[kind]:
            marks = [cells.get((kind, name), " ") for cells in peers.values()]
            if set(marks) != {" "}:
                lines.append(f"| `{name}` | " + " | ".join(marks) + " |")
    return lines


def tables(peers, ours):
    """One for the peers of the whole list, and one for what only the newest have."""
    common = {peer: cells for peer, cells in peers.items() if not peer.endswith(NEWEST)}
    has = {cell for cells in common.values() for cell in cells}
    newest = {peer: {cell: mark for cell, mark in cells.items() if cell not in has}
              for peer, cells in peers.items() if peer.endswith(NEWEST)}
    every = {**ours, "forwarding": FORWARDINGS}
    return table(common, every, KINDS + ["forwarding"]) + table(newest, ours, KINDS[:1])


def document(folder):
    seen = load(folder)
    with open(os.path.join(folder, "ours"), encoding="utf-8") as f:
        ours = json.load(f)
    lines = ["", "## Our `ssh`, their server"] + tables(seen["server"], ours)
    lines += ["", "## Their client, our `sshd`"] + tables(seen["client"], ours)
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
