# SPDX-License-Identifier: ISC
"""Which algorithms are offered and agreed on, as config and command line say; and what is said when none are."""
import os
import re
import socket
import struct
import threading

import pytest

import harness
from harness import run

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden", "proposals.txt")
LISTS = ["kex", "hostkey", "cipher-ctos", "cipher-stoc", "mac-ctos", "mac-stoc", "compression-ctos",
         "compression-stoc"]


def golden(side):
    with open(GOLDEN, encoding="utf-8") as f:
        words = [line.split() for line in f if line.strip() and not line.startswith("#")]
    return {name: names for who, name, names in words if who == side}


def read_proposal(s):
    """The lists of the KEXINIT that comes next on a connected socket, the identification first."""
    with s.makefile("rb") as f:
        ident = f.readline()
        length, padding = struct.unpack(">IB", f.read(5))
        payload = f.read(length - 1)[:length - 1 - padding]
    assert payload[0] == 20
    at, lists = 17, []
    for _ in range(10):
        n, = struct.unpack(">I", payload[at:at + 4])
        lists.append(payload[at + 4:at + 4 + n].decode())
        at += 4 + n
    return ident.decode().strip(), dict(zip(LISTS, lists))


def of_server(port):
    with socket.create_connection(("127.0.0.1", port), harness.TIMEOUT) as s:
        s.settimeout(harness.TIMEOUT)
        s.sendall(b"SSH-2.0-x\r\n")
        return read_proposal(s)


def of_client(*options):
    """What our ssh proposes with these options."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        listener.settimeout(harness.TIMEOUT)
        port = listener.getsockname()[1]
        got = []

        def answer():
            s, _ = listener.accept()
            with s:
                s.settimeout(harness.TIMEOUT)
                s.sendall(b"SSH-2.0-x\r\n")
                got.append(read_proposal(s))

        thread = threading.Thread(target=answer)
        thread.start()
        run([harness.SSH, "-F", "none", "-p", str(port), "-o", "BatchMode=yes", "-o", "UserKnownHostsFile=/dev/null",
             *options, "nobody@127.0.0.1", "true"], check=False)
        thread.join()
    return got[0]


# --- the defaults ---

def test_the_server_proposes_what_openssh_10_does(folder):
    with harness.server(folder / "sshd", keys=("ed25519", "ecdsa", "rsa")) as s:
        assert of_server(s.port)[1] == golden("server")


def test_the_client_proposes_what_openssh_10_does():
    assert of_client()[1] == golden("client")


# --- lists in configs ---

def names(text):
    return text.split(",")


@pytest.mark.parametrize("keyword,which", [("KexAlgorithms", "kex"), ("Ciphers", "cipher-ctos"),
                                           ("MACs", "mac-stoc"), ("HostKeyAlgorithms", "hostkey")])
@pytest.mark.parametrize("side", ["client", "server"])
def test_lists_are_replaced_added_to_taken_from_and_led(folder, keyword, which, side):
    default = [n for n in names(golden(side)[which]) if not n.startswith(("ext-info", "kex-strict"))]
    extra = {"kex": "diffie-hellman-group14-sha1", "cipher-ctos": "aes128-cbc", "mac-stoc": "hmac-md5-96",
             "hostkey": "ssh-rsa"}[which]

    def proposed(value):
        if side == "client":
            lists = of_client("-o", f"{keyword}={value}")[1]
        else:
            with harness.server(folder / "sshd", keys=("ed25519", "ecdsa", "rsa"), config=f"{keyword} {value}") as s:
                lists = of_server(s.port)[1]
        return [n for n in names(lists[which]) if not n.startswith(("ext-info", "kex-strict"))]

    assert proposed(extra) == [extra]
    assert proposed(f"{default[1]},{default[0]}") == [default[1], default[0]]
    assert proposed("+" + extra) == default + [extra]
    assert proposed("-" + default[0]) == default[1:]
    assert proposed(f"^{extra},{default[-1]}") == [extra, default[-1]] + default[:-1]
    pattern = {"kex": "*sha512*", "cipher-ctos": "aes*", "mac-stoc": "*-etm@openssh.com", "hostkey": "*nistp*"}[which]
    match = re.compile(pattern.replace("*", ".*") + "$")
    assert proposed("-" + pattern) == [n for n in default if not match.match(n)]
    assert set(n for n in default if match.match(n)) <= set(proposed(pattern))
    assert all(match.match(n) for n in proposed(pattern))


@pytest.mark.parametrize("keyword", ["KexAlgorithms", "Ciphers", "MACs", "HostKeyAlgorithms", "CASignatureAlgorithms"])
def test_names_that_nobody_knows_are_mistakes(folder, keyword):
    done = run([harness.SSH, "-F", "none", "-o", f"{keyword}=no-such-thing", "-G", "host"], check=False)
    assert done.returncode == 255 and "no-such-thing" in done.stderr
    (folder / "sshd_config").write_text(f"{keyword} no-such-thing\n")
    done = run([harness.SSHD, "-t", "-f", str(folder / "sshd_config")], check=False)
    assert done.returncode != 0 and "no-such-thing" in done.stderr


# --- every algorithm, one by one ---

def query(term):
    return run([harness.SSH, "-Q", term]).stdout.split()


def test_every_key_exchange_that_is_named_works(folder):
    with harness.server(folder / "sshd", config="KexAlgorithms *") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        for kex in query("kex"):
            done = run(s.ssh("echo ok", key=key, options=["-v", "-o", f"KexAlgorithms={kex}"]))
            assert done.stdout == "ok\n" and f"kex: algorithm: {kex}\n" in done.stderr


def test_every_cipher_that_is_named_works(folder):
    with harness.server(folder / "sshd", config="Ciphers *") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        for cipher in query("cipher"):
            done = run(s.ssh("echo ok", key=key, options=["-v", "-c", cipher]))
            assert done.stdout == "ok\n" and f"cipher: {cipher} " in done.stderr


def test_every_mac_that_is_named_works(folder):
    with harness.server(folder / "sshd", config="MACs *") as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        for mac in query("mac"):
            done = run(s.ssh("echo ok", key=key, options=["-v", "-c", "aes128-ctr", "-m", mac]))
            assert done.stdout == "ok\n" and f"MAC: {mac} " in done.stderr


def test_ssh_rsa_works_where_both_sides_ask_for_it(folder):
    with harness.server(folder / "sshd", keys=("rsa",), config="HostKeyAlgorithms +ssh-rsa\n"
                        "PubkeyAcceptedAlgorithms ssh-rsa") as s:
        key = harness.make_key(folder / "id", "rsa")
        s.authorize(key + ".pub")
        options = ["-v", "-o", "HostKeyAlgorithms=ssh-rsa", "-o", "PubkeyAcceptedAlgorithms=ssh-rsa"]
        done = run(s.ssh("echo ok", key=key, options=options))
        assert done.stdout == "ok\n" and "kex: host key algorithm: ssh-rsa\n" in done.stderr
        assert run(s.ssh("echo ok", key=key), check=False).returncode == 255


# --- group exchange ---

def moduli_bits(server, key, cipher="aes128-ctr"):
    """Bits of the group that OpenSSH's client is given by our server."""
    done = run(server.ssh("true", key=key, program="ssh", options=[
        "-vvv", "-c", cipher, "-o", "KexAlgorithms=diffie-hellman-group-exchange-sha256"]))
    return int(re.search(r"bits set: \d+/(\d+)", done.stderr).group(1))


def test_group_exchange_takes_its_groups_from_the_moduli_file(folder):
    with open(os.path.join(os.path.dirname(__file__), "..", "kat", "moduli.txt"), encoding="utf-8") as f:
        (folder / "moduli").write_text(f.read())
    config = f"KexAlgorithms +diffie-hellman-group-exchange-sha256\nModuliFile {folder}/moduli"
    with harness.server(folder / "sshd", config=config) as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        assert moduli_bits(s, key) == 3072			# of the file; none of ours has that size
        assert moduli_bits(s, key, "aes256-ctr") == 4096	# the largest of the file
        done = run(s.ssh("echo ok", key=key, options=["-o", "KexAlgorithms=diffie-hellman-group-exchange-sha256"]))
        assert done.stdout == "ok\n"


@pytest.mark.parametrize("contents", [None, "", "rubbish\n1 2 3\n" + "x" * 100000])
def test_group_exchange_without_a_useful_moduli_file_takes_built_in_groups(folder, contents):
    if contents is not None:
        (folder / "moduli").write_text(contents)
    config = f"KexAlgorithms +diffie-hellman-group-exchange-*\nModuliFile {folder}/moduli"
    with harness.server(folder / "sshd", config=config) as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        assert moduli_bits(s, key) == 4096
        s.wait_log("a built-in one is used")


# --- nothing in common ---

CASES = [
    ("KexAlgorithms", "key exchange method", "diffie-hellman-group14-sha1", "curve25519-sha256"),
    ("Ciphers", "cipher", "aes128-cbc", "aes128-ctr"),
    ("HostKeyAlgorithms", "host key type", "ssh-rsa", "rsa-sha2-512"),
    ("MACs", "MAC", "hmac-md5", "hmac-sha2-256"),
]


@pytest.mark.parametrize("keyword,what,theirs,ours", CASES, ids=[c[0] for c in CASES])
def test_the_client_names_what_is_missing_both_lists_and_the_option(folder, keyword, what, theirs, ours):
    config = f"{keyword} {theirs}" + ("\nCiphers aes128-ctr" if keyword == "MACs" else "")
    with harness.server(folder / "sshd", config=config, keys=("rsa",)) as s:
        key = harness.make_key(folder / "id")
        s.authorize(key + ".pub")
        options = ["-o", f"{keyword}={ours}", "-o", "Ciphers=aes128-ctr"] if keyword == "MACs" else \
            ["-o", f"{keyword}={ours}"]
        done = run(s.ssh("true", key=key, options=options), check=False)
        assert done.returncode == 255
        said = done.stderr.replace(",ext-info-s,kex-strict-s-v00@openssh.com", "")
        assert said == (f"Unable to negotiate with 127.0.0.1 port {s.port}: no matching {what} found. Their offer: "
                        f"{theirs}. Our offer ({keyword}): {ours}. To allow it: -o {keyword}=+{theirs}\n")
        # And so it is.
        options[1] = f"{keyword}=+{theirs}"
        assert run(s.ssh("echo ok", key=key, options=options)).stdout == "ok\n"


@pytest.mark.parametrize("keyword,what,theirs,ours", CASES, ids=[c[0] for c in CASES])
def test_the_server_names_what_is_missing_both_lists_and_the_option(folder, keyword, what, theirs, ours):
    config = f"{keyword} {ours}" + ("\nCiphers aes128-ctr" if keyword == "MACs" else "")
    with harness.server(folder / "sshd", config=config, keys=("rsa",)) as s:
        options = ["-o", f"{keyword}={theirs}"] + (["-o", "Ciphers=aes128-ctr"] if keyword == "MACs" else [])
        assert run(s.ssh("true", options=options, program="ssh"), check=False).returncode == 255
        line = s.wait_log_match(r"Unable to negotiate .*\n").group(0).rstrip()
        assert re.fullmatch(rf"Unable to negotiate with 127.0.0.1 port \d+: no matching {what} found. Their offer: "
                            rf"{re.escape(theirs)}[^ ]*. Our offer \({keyword}\): {re.escape(ours)}. "
                            rf"To allow it: {keyword} \+{re.escape(theirs)} \[preauth\]", line), line


def test_a_client_with_a_list_of_30000_bytes_gets_one_bounded_line(folder):
    with harness.server(folder / "sshd") as s:
        with socket.create_connection(("127.0.0.1", s.port), harness.TIMEOUT) as c:
            kex = (",".join(f"x{i}\n" for i in range(4000)))[:28000].encode()
            payload = bytes([20]) + bytes(16) + struct.pack(">I", len(kex)) + kex
            payload += (struct.pack(">I", 1) + b"x") * 9 + bytes(5)
            padding = 8 - (len(payload) + 5) % 8 + 8
            c.sendall(b"SSH-2.0-x\r\n" + struct.pack(">IB", len(payload) + 1 + padding, padding) + payload +
                      bytes(padding))
            c.settimeout(harness.TIMEOUT)
            while c.recv(65536):
                pass
        s.wait_log_match(r"Unable to negotiate .*\n")
        lines = [line for line in s.log_text().split("\n") if "x100" in line or "Unable" in line]
        assert len(lines) == 1 and len(lines[0]) < 2300 and "\\n" in lines[0]


# --- the rest ---

def test_a_key_exchange_that_is_not_post_quantum_is_warned_about(sshd):
    weak = ["-o", "KexAlgorithms=curve25519-sha256"]
    done = run(sshd.ssh("true", key=sshd.key, options=weak))
    assert "** WARNING: connection is not using a post-quantum key exchange algorithm." in done.stderr
    for options in [[], ["-o", "KexAlgorithms=sntrup761x25519-sha512"], weak + ["-o", "WarnWeakCrypto=no"],
                    weak + ["-o", "WarnWeakCrypto=no-pq-kex"], weak + ["-q"]]:
        assert "WARNING" not in run(sshd.ssh("true", key=sshd.key, options=options)).stderr


def test_required_rsa_size_holds_for_host_keys_and_users_keys_on_both_sides(folder):
    with harness.server(folder / "sshd", keys=("rsa",)) as s:
        key = harness.make_key(folder / "id", "rsa", bits=2048)
        s.authorize(key + ".pub")
        assert run(s.ssh("echo ok", key=key)).stdout == "ok\n"
        done = run(s.ssh("echo ok", key=key, options=["-o", "RequiredRSASize=4096"]), check=False)
        assert done.returncode == 255 and "Invalid key length" in done.stderr
        done = run(s.ssh("echo ok", key=key, options=["-o", "RequiredRSASize=2049"]), check=False)
        assert done.returncode == 255 and "of 2048 bits: RequiredRSASize is 2049" in done.stderr
    with harness.server(folder / "strict", keys=("rsa",), config="RequiredRSASize 2049") as s:
        s.authorize(key + ".pub")
        assert run(s.ssh("echo ok", key=key), check=False).returncode == 255
        s.wait_log("RSA key of 2048 bits is shorter than RequiredRSASize")


def test_version_addendum_stands_behind_the_version_on_both_sides(folder):
    assert re.fullmatch(r"SSH-2\.0-Dayfly_[\d.]+", of_client()[0])
    assert re.fullmatch(r"SSH-2\.0-Dayfly_[\d.]+ some text", of_client("-o", "VersionAddendum=some text")[0])
    with harness.server(folder / "sshd", config="VersionAddendum of  mine") as s:
        assert re.fullmatch(r"SSH-2\.0-Dayfly_[\d.]+ of +mine", of_server(s.port)[0])
    with harness.server(folder / "none", config="VersionAddendum none") as s:
        assert re.fullmatch(r"SSH-2\.0-Dayfly_[\d.]+", of_server(s.port)[0])


def test_the_server_links_the_libraries_that_it_names_and_no_other():
    """What nobody asked for cannot be hostile (CVE-2024-3094)."""
    dynamic = run(["readelf", "-d", os.path.realpath(harness.SSHD)]).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(\w+)[.\-]", dynamic)) - {"libasan", "libubsan", "ld"}
    assert needed <= {"libc", "libcrypto", "libz", "libcrypt", "libcares"}
