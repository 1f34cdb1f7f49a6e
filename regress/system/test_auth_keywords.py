# SPDX-License-Identifier: ISC
"""Every keyword of sshd_config that decides who gets in: what lets in, what keeps out, what is malformed.

Most of it is asked of `sshd --explain`, which takes the same decisions as a login (test_explain.py), and costs no
connection. Where more than a key is needed, the tests are named that have it.
"""
import glob
import os
import re
import time

import pytest

import harness
from harness import run

TOP = os.path.join(os.path.dirname(__file__), "..", "..")
UID, GID = (1001, 1001) if harness.ROOT else (os.getuid(), os.getgid())


class Place:
    """A folder with account files, keys and certificates of its own."""

    def __init__(self, folder):
        self.dir = str(folder)
        self.n = 0
        os.chmod(folder, 0o755)
        today = int(time.time()) // 86400
        self.write("passwd", f"tester:x:{UID}:{GID}::{folder}:/bin/sh\n")
        self.write("other", f"stranger:x:{UID}:{GID}::{folder}:/bin/sh\n")
        self.write("group", f"testers:x:{GID}:\n")
        self.write("group2", f"workers:x:{GID}:\n")
        self.write("shadow", "tester:*:::::::\n")
        self.write("expired", f"tester:*:::::::{today - 1}:\n".replace(":::::::", "::::::", 1))
        self.key = harness.make_key(folder / "id")
        self.rsa = harness.make_key(folder / "rsa", "rsa", bits=2048)
        self.ca = harness.make_key(folder / "ca")
        self.cert = self.certify("tester")
        keys = "".join(self.read(k + ".pub") for k in (self.key, self.rsa))
        self.write("keys", keys)
        self.write("nothing", "# nothing\n")
        self.write("open", keys)
        os.chmod(folder / "open", 0o666)
        self.write("principals", "mail\n")
        self.write("revoked", self.read(self.key + ".pub"))
        # Programs must stand where nobody else can write: /tmp is no such place.
        self.bin = "/opt/dayfly-test" if harness.ROOT else str(folder)
        os.makedirs(self.bin, exist_ok=True)
        self.giver = self.program("cat " + self.key + ".pub")
        self.silent = self.program("true")
        self.mail = self.program("echo mail")

    def certify(self, name):
        key = harness.make_key(os.path.join(self.dir, "cert-" + name))
        run(["ssh-keygen", "-q", "-s", self.ca, "-I", "id", "-n", name, key + ".pub"])
        return key + "-cert"

    def program(self, text):
        path = f"{self.bin}/keywords-{time.monotonic_ns()}"
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o755)
        return path

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
            f.write(text)

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as f:
            return f.read()

    def config(self, lines):
        self.n += 1
        path = os.path.join(self.dir, f"config{self.n}")
        names = {"%DIR": self.dir, "%CA": self.ca + ".pub", "%GIVER": self.giver, "%SILENT": self.silent, "%MAIL": self.mail}
        for name, value in names.items():
            lines = lines.replace(name, value)
        # What stands in Match blocks is the last.
        before, match, inside = ("\n" + lines).partition("\nMatch ")
        self.write(f"config{self.n}", before + f"""
PasswdFile {self.dir}/passwd
GroupFile {self.dir}/group
ShadowFile {self.dir}/shadow
AuthorizedKeysFile {self.dir}/keys
HostKey {self.dir}/ca
""" + match + inside + "\n")
        return path

    def explain(self, lines, key):
        options = ["-k", getattr(self, key) + ".pub"] if key else []
        return run([harness.SSHD, "--explain", "-f", self.config(lines), "-C", "user=tester,addr=192.0.2.7", *options], check=False)


PLACES = []


@pytest.fixture
def place(folder):
    """One for all tests; the first makes it."""
    if not PLACES:
        PLACES.append(Place(folder))
    return PLACES[0]


def by(allowed, denied, malformed, reason, key="key"):
    """Decided by --explain: lines that let in, lines that keep out, one that is malformed, and the reason of the refusal."""
    return (allowed, denied, malformed, reason, key)


CERT = "TrustedUserCAKeys %CA\n"

# Let in with the first, kept out with the second, refused as a config with the third.
EXPLAINED = {
    "AllowUsers": by("AllowUsers bob\nAllowUsers tes*", "AllowUsers bob", "AllowUsers a@10.0.0.1/8", "allow-users"),
    "DenyUsers": by("DenyUsers bob tester@10.0.0.0/8", "DenyUsers tester@192.0.2.0/24", "DenyUsers a@10.0.0.1/8", "deny-users"),
    "AllowGroups": by("AllowGroups testers", "AllowGroups wheel", "AllowGroups", "allow-groups"),
    "DenyGroups": by("DenyGroups wheel", "DenyGroups test?rs", "DenyGroups", "deny-groups"),
    "GroupFile": by("AllowGroups testers", "AllowGroups testers\nGroupFile %DIR/group2", "GroupFile group", "allow-groups"),
    "PasswdFile": by("PasswdFile %DIR/other %DIR/passwd", "PasswdFile %DIR/other", "PasswdFile passwd", "unknown-user"),
    "ShadowFile": by("ShadowFile none", "ShadowFile %DIR/expired", "ShadowFile shadow", "account-expired"),
    "RefuseConnection": by("Match User bob\nRefuseConnection yes", "RefuseConnection yes", "RefuseConnection perhaps",
                           "refuse-connection"),
    "UseDNS": by("UseDNS no\nMatch Host *,!*.example.net\nBanner none", "UseDNS yes\nMatch Host *,!*.example.net\nBanner none",
                 "UseDNS perhaps", "host-unknown"),
    "PubkeyAuthentication": by("PubkeyAuthentication yes", "PubkeyAuthentication no", "PubkeyAuthentication perhaps", "method-not-allowed"),
    "AuthenticationMethods": by("AuthenticationMethods publickey,password publickey", "AuthenticationMethods password,publickey",
                                "AuthenticationMethods ssh-magic", "method-not-allowed"),
    "PubkeyAcceptedAlgorithms": by("PubkeyAcceptedAlgorithms ssh-ed25519", "PubkeyAcceptedAlgorithms -ssh-ed25519*",
                                   "PubkeyAcceptedAlgorithms nonsense", "key-algorithm"),
    "RequiredRSASize": by("RequiredRSASize 2048", "RequiredRSASize 3072", "RequiredRSASize 512", "key-algorithm", key="rsa"),
    "AuthorizedKeysFile": by("AuthorizedKeysFile %DIR/nothing %DIR/key?", "AuthorizedKeysFile %DIR/nothing", "AuthorizedKeysFile", "unknown-key"),
    "AuthorizedKeysCommand": by("AuthorizedKeysFile none\nAuthorizedKeysCommand %GIVER\nAuthorizedKeysCommandUser tester",
                                "AuthorizedKeysFile none\nAuthorizedKeysCommand %SILENT\nAuthorizedKeysCommandUser tester",
                                "AuthorizedKeysCommand giver", "unknown-key"),
    "AuthorizedKeysCommandUser": by("AuthorizedKeysFile none\nAuthorizedKeysCommand %GIVER\nAuthorizedKeysCommandUser %u",
                                    "AuthorizedKeysFile none\nAuthorizedKeysCommand %GIVER\nAuthorizedKeysCommandUser nobody-at-all",
                                    "AuthorizedKeysCommand /bin/true", "unknown-key"),
    "TrustedUserCAKeys": by(CERT, "TrustedUserCAKeys %DIR/id.pub", "TrustedUserCAKeys a b", "unknown-key", key="cert"),
    "CASignatureAlgorithms": by(CERT + "CASignatureAlgorithms ssh-ed25519", CERT + "CASignatureAlgorithms rsa-sha2-512",
                                "CASignatureAlgorithms nonsense", "certificate", key="cert"),
    "AuthorizedPrincipalsFile": by(CERT + "AuthorizedPrincipalsFile %DIR/principals", CERT + "AuthorizedPrincipalsFile %DIR/nothing",
                                   "AuthorizedPrincipalsFile a b", "certificate", key="cert_mail"),
    "AuthorizedPrincipalsCommand": by(CERT + "AuthorizedPrincipalsCommand %MAIL\nAuthorizedPrincipalsCommandUser tester",
                                      CERT + "AuthorizedPrincipalsCommand %SILENT\nAuthorizedPrincipalsCommandUser tester",
                                      "AuthorizedPrincipalsCommand mail", "certificate", key="cert_mail"),
    "AuthorizedPrincipalsCommandUser": by(CERT + "AuthorizedPrincipalsCommand %MAIL\nAuthorizedPrincipalsCommandUser %u",
                                          CERT + "AuthorizedPrincipalsCommand %MAIL\nAuthorizedPrincipalsCommandUser nobody-at-all",
                                          "AuthorizedPrincipalsCommand /bin/true", "certificate", key="cert_mail"),
    "RevokedKeys": by("RevokedKeys %DIR/nothing", "RevokedKeys %DIR/nothing %DIR/revoked", "RevokedKeys", "key-revoked"),
    "StrictModes": by("StrictModes no\nAuthorizedKeysFile %DIR/open", "StrictModes yes\nAuthorizedKeysFile %DIR/open", "StrictModes perhaps",
                      "strict-modes"),
}

# Methods that --explain lists as those that a login may begin with.
METHODS = {
    "PasswordAuthentication": ("yes", "no", "password"),
    "KbdInteractiveAuthentication": ("yes", "no", "keyboard-interactive"),
    "HostbasedAuthentication": ("yes", "no", "hostbased"),
}

# What a key alone does not show: the tests of what lets in and what keeps out.
ELSEWHERE = {
    "PermitRootLogin": ["test_root_by_password", "test_keys_of_root_by_ephemeral_table",
                        "test_a_refusal_has_its_reason_and_line_here_and_in_the_log"],
    "PermitEmptyPasswords": ["test_permit_empty_passwords"],
    "PubkeyAuthOptions": ["test_keys_in_tokens"],
    "HostbasedAcceptedAlgorithms": ["test_what_the_config_switches_off"],
    "HostbasedUsesNameFromPacketOnly": ["test_the_name_is_that_of_the_address_unless_told"],
    "IgnoreRhosts": ["test_a_trusted_machine_says_who_its_user_is", "test_what_the_config_switches_off"],
    "IgnoreUserKnownHosts": ["test_what_the_config_switches_off"],
    "ExposeAuthInfo": ["test_expose_auth_info"],
    "Banner": ["test_a_banner_is_shown"],
    "LoginGraceTime": ["test_threats_6_a_dripping_client_has_no_more_time", "test_each_class_has_its_own_value"],
    "MaxAuthTries": ["test_max_auth_tries_ends_the_connection"],
    "MaxStartups": ["test_max_startups_drops_some_early_and_all_when_full",
                    "test_threats_6_who_floods_all_places_makes_room_for_others_by_default"],
    "PerSourceMaxStartups": ["test_threats_6_one_source_that_holds_all_places_leaves_some_to_others"],
    "PerSourceNetBlockSize": ["test_a_net_block_is_one_source"],
    "PerSourcePenalties": ["test_penalties_are_listed_and_cleared", "test_each_class_has_its_own_value"],
    "PerSourcePenaltyExemptList": ["test_exempt_sources_get_none"],
    "SessionDeadline": ["test_a_session_can_end_with_its_certificate", "test_a_session_outlives_its_certificate_unless_told"],
    "EphemeralKeys": ["test_ephemeral_keys_can_be_switched_off"],
    "EphemeralCodes": ["test_codes_are_typed_only_where_the_config_says_so", "test_a_code_typed_as_a_password_lets_in_once"],
    "EphemeralKeyUsers": ["test_a_user_that_policy_does_not_know_is_refused"],
    "EphemeralKeyRegistrars": ["test_only_the_keys_that_the_config_names_may", "test_who_is_not_named_gets_no_service"],
    "EphemeralKeyTTL": ["test_a_registration_lasts_as_long_as_the_config_says"],
    "EphemeralKeyMaxTTL": ["test_refused_registrations_say_why"],
    "EphemeralKeyLimits": ["test_a_full_table_refuses_and_evicts_nobody"],
    "EphemeralKeySocket": ["test_ephemeral_keys_can_be_switched_off"],
    "SecurityKeyProvider": ["test_each_keyword_has_a_value_that_is_refused"],  # accepted, without a function
}

# These say nothing of who gets in.
OTHERS = """AcceptEnv AddressFamily AllowAgentForwarding AllowStreamLocalForwarding AllowTcpForwarding ChannelTimeout ChannelWindowBudget
ChrootDirectory Ciphers ClientAliveCountMax ClientAliveInterval Compression DisableForwarding EphemeralKeyEventLog FingerprintHash
ForceCommand ForwardingNames GatewayPorts GatewaySources HostCertificate HostKey HostKeyAgent HostKeyAlgorithms IPQoS KexAlgorithms ListenAddress
LogLevel LogVerbose MACs MaxSessions ModuliFile PermitListen PermitOpen PermitTTY PermitTunnel PermitUserEnvironment PermitUserRC
PidFile Port PrintLastLog PrintMotd RDomain RekeyLimit SetEnv SshdAuthPath SshdSessionPath StreamLocalBindMask
StreamLocalBindUnlink Subsystem SyslogFacility TCPKeepAlive UnusedConnectionTimeout VersionAddendum WireUidRange X11DisplayOffset
X11Forwarding X11UseLocalhost XAuthLocation""".split()


@pytest.mark.parametrize("keyword", EXPLAINED)
def test_each_keyword_lets_in_keeps_out_and_can_be_malformed(place, keyword):
    allowed, denied, malformed, reason, key = EXPLAINED[keyword]
    if key == "cert_mail" and not hasattr(place, key):
        place.cert_mail = place.certify("mail")
    done = place.explain(allowed, key)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith(("verdict: may log in", "verdict: the key is accepted"))
    done = place.explain(denied, key)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"verdict: refused: reason={reason} " in done.stdout, done.stdout + done.stderr
    refused_as_config(place, keyword, malformed)


def refused_as_config(place, keyword, line):
    """Neither started nor reloaded with it: the line, its keyword and what is wrong are said."""
    done = run([harness.SSHD, "-t", "-f", place.config(line)], check=False)
    assert done.returncode == 255 and keyword in done.stderr and re.search(r"line \d+: ", done.stderr), done.stderr


@pytest.mark.parametrize("keyword", METHODS)
def test_each_method_can_be_switched(place, keyword):
    on, off, method = METHODS[keyword]
    for value, there in ((on, True), (off, False)):
        done = place.explain(f"{keyword} {value}", None)
        begins = re.search(r"begins with one of: (\S*)", done.stdout).group(1).split(",")
        assert (method in begins) == there, done.stdout
    refused_as_config(place, keyword, f"{keyword} perhaps")


@pytest.mark.parametrize("keyword", ELSEWHERE)
def test_each_keyword_has_a_value_that_is_refused(place, keyword):
    malformed = {"PerSourcePenalties": "authfail", "PubkeyAuthOptions": "nothing", "MaxStartups": "10:30", "PerSourceNetBlockSize": "33",
                 "EphemeralKeyRegistrars": "=,:", "EphemeralKeyUsers": "", "EphemeralKeySocket": "here", "Banner": "a b",
                 "SecurityKeyProvider": "a b"}.get(keyword, "non-sense")
    if keyword == "EphemeralKeyRegistrars":
        done = run([harness.SSHD, "-t", "-f", place.config(f"{keyword} {malformed}")], check=False)
        assert done.returncode == 255 and keyword in done.stderr
    else:
        refused_as_config(place, keyword, f"{keyword} {malformed}")


def test_the_tests_that_are_named_exist():
    names = set()
    for path in glob.glob(os.path.join(os.path.dirname(__file__), "test_*.py")):
        names |= set(re.findall(r"^def (test_\w+)", Place.read(path), re.M))
    named = {t for tests in ELSEWHERE.values() for t in tests}
    assert named <= names, named - names


def test_every_keyword_that_there_is_stands_in_one_of_these_tables():
    text = Place.read(os.path.join(TOP, "config", "sshd_config.h"))
    body = re.search(r"#define SSHD_KEYWORDS\(K\)((?:.*\\\n)*.*\n)", text).group(1)
    keywords = re.findall(r"K\(\w+, (\w+),", body)
    assert len(keywords) > 100
    assert sorted(keywords) == sorted([*EXPLAINED, *METHODS, *ELSEWHERE, *OTHERS])
