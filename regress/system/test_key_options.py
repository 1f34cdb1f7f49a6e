# SPDX-License-Identifier: ISC
"""Every option of authorized_keys: what it allows, what it denies, and what is malformed; keys in tokens; the files."""
import base64
import glob
import hashlib
import os
import re
import struct
import time

import pytest

import harness
from harness import run

USER = harness.login_user()
needs_root = pytest.mark.skipif(not harness.ROOT, reason="needs root")


@pytest.fixture
def serve(servers):
    """Starts a server with a key in authorized_keys, maybe with options."""
    def start(options="", config="", key=True):
        s = servers(config)
        s.make_key(options=options, authorized=key)
        return s
    return start


def ask(server, *command, check=False, options=()):
    return run(server.ssh(*command, key=server.key, program="ssh", options=options), check=check)


# --- what a session may do; each row is one thing that a client can try ---

def gets_pty(s):
    return "/dev/pts/" in ask(s, "tty", options=["-tt"]).stdout


def gets_port(s, port=None):
    return ask(s, options=["-W", f"127.0.0.1:{port or s.port}"]).stdout.startswith("SSH-2.0")


def gets_listener(s, port):
    got = ask(s, "echo in", options=["-o", "ExitOnForwardFailure=yes", "-R", f"127.0.0.1:{port}:127.0.0.1:1"])
    return got.stdout == "in\n"


def gets_agent(s):
    path = os.path.join(s.dir, "agent")
    with harness.agent(path) as env:
        line = s.ssh("echo ${SSH_AUTH_SOCK:-none}", key=s.key, program="ssh", options=["-A"])
        line[line.index("IdentityAgent=none")] = f"IdentityAgent={path}"
        return run(line, env=env).stdout != "none\n"


TRIES = {"pty": gets_pty, "port-forwarding": gets_port, "agent-forwarding": gets_agent}


@pytest.mark.parametrize("what", TRIES)
def test_flags(serve, what):
    gets = TRIES[what]
    assert gets(serve())
    assert not gets(serve(f"no-{what}"))
    assert not gets(serve("restrict"))
    assert gets(serve(f"restrict,{what}"))
    assert gets(serve(f"no-{what},{what.upper()}"))
    assert not gets(serve(f"{what},no-{what}"))


# All options that there are: some that let in, some that keep out (or the test that shows what else they deny),
# some that are malformed.
ROWS = {
    "agent-forwarding": (["agent-forwarding", "no-agent-forwarding"], "test_flags", ['agent-forwarding="x"']),
    "port-forwarding": (["port-forwarding", "no-port-forwarding"], "test_flags", ['no-port-forwarding="x"']),
    "pty": (["pty", "no-pty", "no-pty,no-user-rc"], "test_flags", ["no-pty=x", "no-pty,,no-user-rc", "no-pty,"]),
    "user-rc": (["user-rc", "no-user-rc"], "test_rc_runs_before_the_command_unless_forbidden", ['no-user-rc="x"']),
    "X11-forwarding": (["no-X11-forwarding,X11-forwarding"], "test_what_keeps_x11_from_being_forwarded", ['X11-forwarding="x"']),
    "restrict": (["restrict"], "test_flags", ['restrict="x"']),
    "cert-authority": ([""], ["cert-authority"], ['cert-authority="x"']),
    "touch-required": (["touch-required", "no-touch-required"], "test_keys_in_tokens", ['no-touch-required="x"']),
    "verify-required": (["verify-required", "no-verify-required"], "test_keys_in_tokens", ['verify-required="x"']),
    "principals": (['principals="x"'], "test_principals_of_an_authorized_keys_line", ["principals"]),
    "command": (['command="echo in"', 'command="echo \\"in\\""'], "test_command_replaces_commands_shells_and_subsystems",
                ["command", 'command="echo in" no-pty', 'command="echo in']),
    "from": (['from="10.0.0.1,127.0.0.0/8"', 'from="127.0.0.?"'], ['from="*,!127.0.0.1"', 'from="localhost"', 'from="10.0.0.1"'],
             ["from=127.0.0.1", 'from="127.0.0.0/8', "from", 'from="127.0.0.0/33"']),
    "expiry-time": (['expiry-time="20990101"', 'expiry-time="20990101000000Z"'],
                    ['expiry-time="202001010000Z"', 'expiry-time="20990101",expiry-time="20200101"'],
                    ['expiry-time="soon"', 'expiry-time="2099"']),
    "environment": (['environment="A=b"'], "test_environment_needs_permit_user_environment", ['environment="A"', 'environment="A-B=c"']),
    "permitopen": (['permitopen="127.0.0.1:80"'], "test_permitopen_limits_where_to", ['permitopen="127.0.0.1"', 'permitopen="a:70000"']),
    "permitlisten": (['permitlisten="8080"'], "test_permitlisten_limits_where_at", ['permitlisten="x:y"', 'permitlisten="0"']),
    "gatewaysources": (['gatewaysources="10.0.0.0/8"'], "test_who_may_connect_to_a_forwarded_port", ['gatewaysources="10.0.0.1/8"']),
    "tunnel": (['tunnel="0"'], "test_what_keeps_a_tunnel_from_being_made", ['tunnel="many"']),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_option_allows_denies_and_can_be_malformed(serve, folder, name):
    good, denied, malformed = ROWS[name]
    s = serve(key=False)

    def lets_in(options):
        key = harness.make_key(folder / f"row{time.monotonic_ns()}")
        s.authorize(key + ".pub", options=options)
        done = run(s.ssh("echo in", key=key, program="ssh"), check=False)
        assert done.returncode in (0, 255) and (done.stdout == "in\n") == (done.returncode == 0), done.stderr
        return done.returncode == 0
    for options in good:
        assert lets_in(options), options
    if isinstance(denied, str):
        assert denied in all_tests()
    else:
        for options in denied:
            assert not lets_in(options), options
    for options in malformed:
        assert not lets_in(options), options


def all_tests():
    """Names of the tests of this folder."""
    names = set()
    for path in glob.glob(os.path.join(os.path.dirname(__file__), "test_*.py")):
        with open(path, encoding="utf-8") as f:
            names |= set(re.findall(r"^def (test_\w+)", f.read(), re.M))
    return names


def test_every_option_that_there_is_has_a_row():
    source = os.path.join(os.path.dirname(__file__), "..", "..", "keys", "authorized_options.c")
    with open(source, encoding="utf-8") as f:
        rows = f.read().split("static const struct row rows[] = {", 1)[1].split("};", 1)[0]
    names = re.findall(r'^\t\{ "([^"]+)",', rows, re.M)
    assert len(names) == rows.count("{") and sorted(names) == sorted(ROWS)


def test_an_unknown_option_restricts_and_is_logged(serve):
    s = serve("new-thing,pty,command=\"echo in\"")
    assert ask(s, "x").stdout == "in\n"
    assert "PTY allocation request failed" in ask(s, "x", options=["-tt"]).stderr
    s.wait_log(f"{s.dir}/authorized_keys.{USER}:1: unknown key option new-thing: the key is restricted")


def test_command_replaces_commands_shells_and_subsystems(serve):
    s = serve('command="echo forced: $SSH_ORIGINAL_COMMAND"')
    assert ask(s, "x y").stdout == "forced: x y\n"
    assert ask(s).stdout == "forced:\n"
    assert ask(s, "sftp", options=["-s"]).stdout.startswith("forced:")


def test_environment_needs_permit_user_environment(serve):
    assert ask(serve('environment="A=b"'), "echo $A").stdout == "\n"
    s = serve('environment="A=b",environment="A=c",environment="D=e f"', "PermitUserEnvironment yes")
    assert ask(s, "echo $A $D").stdout == "b e f\n"


def test_permitopen_limits_where_to(serve):
    s = serve(f'permitopen="127.0.0.1:{harness.free_port()}",permitopen="localhost:*"')
    assert not gets_port(s)
    s2 = serve('permitopen="127.0.0.1:*"')
    assert gets_port(s2)


def test_permitlisten_limits_where_at(serve):
    port = harness.free_port()
    assert gets_listener(serve(), port)
    assert gets_listener(serve(f'permitlisten="127.0.0.1:{port}"'), port)
    assert not gets_listener(serve(f'permitlisten="127.0.0.1:{port + 1}"'), port)
    assert not gets_listener(serve(f'no-port-forwarding,permitlisten="{port}"'), port)


# --- the files ---

def test_a_line_of_any_length(serve):
    s = serve('command="echo in; : ' + "x" * 90000 + '"')
    assert ask(s, "x").stdout == "in\n"


def test_the_tail_of_a_long_line_is_no_line(serve):
    """A buffer that is too short must not make a line of what did not fit."""
    s = serve(key=False)
    other = harness.make_key(s.key + "2")
    for pad in (1024, 4096, 8192, 9000, 16384, 65536):
        with open(s.key + ".pub", encoding="utf-8") as f, open(other + ".pub", encoding="utf-8") as o, \
                open(f"{s.dir}/authorized_keys.{USER}", "a", encoding="utf-8") as keys:
            line = o.read().strip()
            keys.write(line + " " + "x" * (pad - len(line) - 1) + f.read().strip() + "\n")
    assert ask(s, "true").returncode == 255


def test_several_files_globs_tokens_and_none(serve, folder):
    for i, text in enumerate(['AuthorizedKeysFile DIR/none DIR/%u.keys', 'AuthorizedKeysFile "DIR/*.keys"',
                              "AuthorizedKeysFile DIR/%%u DIR/%U.x DIR/a*s/b"]):
        s = serve(key=False, config=text.replace("DIR", str(folder / f"d{i}")))
        d = folder / f"d{i}"
        os.makedirs(d / "aaas")
        where = [d / f"{USER}.keys", d / "zz.keys", d / "aaas" / "b"][i]
        with open(s.key + ".pub", encoding="utf-8") as f:
            where.write_text("# nothing\n\n" + f.read())
        for path in (d, d / "aaas"):
            os.chmod(path, 0o755)
        os.chmod(where, 0o644)
        assert ask(s, "echo in").stdout == "in\n", text
        s.wait_log(f"found at {where}:3 (test)")
    s = serve(config="AuthorizedKeysFile none")
    assert ask(s, "true").returncode == 255


def test_strict_modes_name_the_path_and_its_mode(serve):
    s = serve()
    path = f"{s.dir}/authorized_keys.{USER}"
    os.chmod(path, 0o664)
    assert ask(s, "true").returncode == 255
    s.wait_log_match(rf"Authentication refused: bad ownership or modes for file {path}: .*0664")
    s.wait_log("reason=strict-modes rule=StrictModes (default)")
    os.chmod(path, 0o644)
    os.chmod(s.dir, 0o777)
    assert ask(s, "true").returncode == 255
    s.wait_log_match(rf"Authentication refused: bad ownership or modes for directory {s.dir}: .*0777")
    assert ask(serve(config="StrictModes no"), "true").returncode == 0


@needs_root
def test_strict_modes_on_a_mount_that_cannot_be_changed(folder):
    """StrictModes writable, as for keys that a container is given."""
    key = harness.make_key(folder / "id")
    keys = folder / "keys"
    keys.mkdir()
    (keys / USER).write_bytes((folder / "id.pub").read_bytes())
    os.chmod(keys / USER, 0o666)
    os.chmod(keys, 0o777)
    mount = f'mount --bind {keys} {keys} && mount -o remount,bind,ro {keys}; exec "$@"'
    for word, prefix, lets_in in (("yes", True, False), ("writable", True, True), ("writable", False, False)):
        with harness.server(folder / f"{word}{prefix}", config=f"StrictModes {word}\nAuthorizedKeysFile {keys}/%u",
                            prefix=["unshare", "--mount", "sh", "-c", mount, "sh"] if prefix else ()) as s:
            got = run(s.ssh("echo in", key=key, program="ssh"), check=False)
            assert (got.stdout == "in\n") == lets_in, s.log_text()
            if not lets_in:
                s.wait_log(f"Authentication refused: bad ownership or modes for file {keys}/{USER}: mode 0666")


@needs_root
def test_a_fifo_does_not_block_and_a_link_is_read_as_the_user(serve):
    """Dropbear 2026.90, CVE-2017-9079."""
    s = serve(key=False)
    path = f"{s.dir}/authorized_keys.{USER}"
    os.mkfifo(path)
    assert ask(s, "true").returncode == 255
    os.unlink(path)
    with open(s.key + ".pub", encoding="utf-8") as f, open("/root/keys-of-root", "w", encoding="utf-8") as out:
        out.write(f.read())
    os.chmod("/root/keys-of-root", 0o600)
    os.symlink("/root/keys-of-root", path)
    assert ask(s, "true").returncode == 255


# --- keys in security tokens ---

class Token:
    """What a FIDO token would sign, made with the cryptography package."""

    def __init__(self, kind):
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
        self.kind = kind
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        if kind == "ed25519":
            self.name = "sk-ssh-ed25519@openssh.com"
            self.key = ed25519.Ed25519PrivateKey.generate()
            fields = [self.key.public_key().public_bytes(*raw)]
        else:
            self.name = "sk-ecdsa-sha2-nistp256@openssh.com"
            self.key = ec.generate_private_key(ec.SECP256R1())
            fields = [b"nistp256", self.key.public_key().public_bytes(serialization.Encoding.X962,
                                                                      serialization.PublicFormat.UncompressedPoint)]
        self.blob = b"".join(string(f) for f in [self.name.encode(), *fields, b"ssh:"])
        self.flags = 1

    def line(self):
        return f"{self.name} {base64.b64encode(self.blob).decode()} token"

    def raw_sign(self, data):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        if self.kind == "ed25519":
            return self.key.sign(data)
        r, s = utils.decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return mpint(r) + mpint(s)

    def sign(self, data, alg):
        """The signature blob: as a token makes it, or as a browser does."""
        app = hashlib.sha256(b"ssh:").digest()
        state = bytes([self.flags]) + struct.pack(">I", 7)
        if not alg.startswith("webauthn"):
            sig = self.raw_sign(app + state + hashlib.sha256(data).digest())
            return string(alg.encode()) + string(sig) + state
        challenge = base64.urlsafe_b64encode(data).rstrip(b"=")
        client = b'{"type":"webauthn.get","challenge":"' + challenge + b'","origin":"https://x.example"}'
        sig = self.raw_sign(app + state + hashlib.sha256(client).digest())
        return string(alg.encode()) + string(sig) + state + string(b"https://x.example") + string(client) + string(b"")


def string(data):
    return struct.pack(">I", len(data)) + data


def mpint(n):
    data = n.to_bytes((n.bit_length() + 8) // 8, "big")
    return string(data)


def by_token(server, token, alg=None):
    """Logs in with the token's signature; whether that worked."""
    import paramiko

    class Key(paramiko.PKey):
        public_blob = None

        def get_name(self):
            return alg or token.name

        def asbytes(self):
            return token.blob

        def __str__(self):
            return "token"

        def get_bits(self):
            return 256

        def can_sign(self):
            return True

        def sign_ssh_data(self, data, algorithm=None):
            m = paramiko.Message()
            m.packet.write(token.sign(data, alg or token.name))
            return m

    t = paramiko.Transport(("127.0.0.1", server.port))
    try:
        t.start_client(timeout=20)
        t.auth_publickey(USER, Key())
        return t.is_authenticated()
    except paramiko.AuthenticationException:
        return False
    finally:
        t.close()


WEBAUTHN = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"


@pytest.mark.parametrize("kind, alg", [("ed25519", None), ("ecdsa", None), ("ecdsa", WEBAUTHN)])
def test_keys_in_tokens(serve, kind, alg):
    token = Token(kind)

    def server(options, config=""):
        s = serve(config=config, key=False)
        with open(f"{s.dir}/authorized_keys.{USER}", "w", encoding="utf-8") as f:
            f.write((options + " " if options else "") + token.line() + "\n")
        os.chmod(f.name, 0o644)
        return s

    plain, no_touch, verify = server(""), server("no-touch-required"), server("verify-required")
    both = server("no-touch-required", "PubkeyAuthOptions touch-required")
    config = server("", "PubkeyAuthOptions verify-required")
    # flags: 1 a person was there, 4 and the token knows who
    for flags, lets_in in {0: {no_touch}, 1: {plain, no_touch, both}, 5: {plain, no_touch, verify, both, config},
                           4: {no_touch}}.items():
        token.flags = flags
        for s in (plain, no_touch, verify, both, config):
            assert by_token(s, token, alg) == (s in lets_in), (flags, s.config_path)
    plain.wait_log("security token was not touched: refused")
    verify.wait_log("security token did not ask for PIN or fingerprint: refused")
