# SPDX-License-Identifier: ISC
"""Bad configs, keys, ports and disks: a clear message, the right exit code, nothing half done."""
import os
import stat
import subprocess

import pytest

import harness
from harness import run


@pytest.fixture
def config(folder):
    key = harness.make_key(folder / "host_key")

    def write(text):
        path = folder / "sshd_config"
        path.write_text(f"HostKey {key}\nListenAddress 127.0.0.1\nPidFile none\n"
                        f"EphemeralKeySocket {folder}/e.sock\n{text}\n")
        return str(path)
    write.key = key
    return write


def sshd(path, *args, **kwargs):
    return run([harness.SSHD, "-f", path, "-p", str(harness.free_port()), *args], check=False, **kwargs)


def test_an_unknown_keyword_is_named_with_file_and_line(config):
    path = config("\nPasswordAuthentification yes")
    done = sshd(path, "-D", "-e")
    assert done.returncode not in (0, None)
    assert path in done.stderr and "line 6" in done.stderr and "PasswordAuthentification" in done.stderr
    assert "PasswordAuthentication" in done.stderr, "says what was meant"
    assert "1 bad configuration option" in done.stderr


def test_a_bad_value_is_named_with_file_and_line(config):
    path = config("LoginGraceTime soon")
    done = sshd(path, "-t")
    assert done.returncode != 0
    assert path in done.stderr and "line 5" in done.stderr


def test_a_good_config_passes(config):
    assert sshd(config(""), "-t").returncode == 0


def test_pam_and_gssapi_keywords_are_no_error(config):
    done = sshd(config("UsePAM yes\nGSSAPIAuthentication yes\nKerberosAuthentication no"), "-t")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_config_that_is_not_there(folder):
    done = sshd(str(folder / "none"), "-t")
    assert done.returncode != 0
    assert str(folder / "none") in done.stderr and "No such file" in done.stderr


def test_a_host_key_that_others_can_read_is_refused(config):
    path = config("")
    os.chmod(config.key, 0o644)
    done = sshd(path, "-D", "-e")
    assert done.returncode == 1
    assert config.key in done.stderr and "0644" in done.stderr and "no hostkeys available" in done.stderr


@pytest.mark.skipif(not harness.ROOT, reason="needs another account")
def test_a_host_key_that_cannot_be_read_is_named(config, folder):
    path = config("")
    os.chmod(folder, 0o755)
    done = run(["setpriv", "--reuid=bob", "--regid=bob", "--init-groups", "--", harness.SSHD, "-f", path,
                "-p", str(harness.free_port()), "-D", "-e"], check=False)
    assert done.returncode == 1
    assert config.key in done.stderr and "Permission denied" in done.stderr


def test_a_host_key_that_is_no_key_is_named(config):
    path = config("")
    with open(config.key, "w", encoding="utf-8") as f:
        f.write("not a key\n")
    done = sshd(path, "-D", "-e")
    assert done.returncode == 1
    assert config.key in done.stderr


def test_a_port_in_use_is_named(config):
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        done = run([harness.SSHD, "-f", config(""), "-p", str(port), "-D", "-e"], check=False)
    assert done.returncode not in (0, None)
    assert str(port) in done.stderr and "Address already in use" in done.stderr


def test_host_keys_are_made_at_the_first_start_beside_the_config(folder):
    """Without root. With root they go to the system's folder (test below)."""
    if harness.ROOT:
        run(["chown", "bob:bob", str(folder)])
    path = folder / "sshd_config"
    path.write_text(f"ListenAddress 127.0.0.1\nPidFile none\nEphemeralKeySocket {folder}/e.sock\n")
    port = harness.free_port()
    command = [harness.SSHD, "-f", str(path), "-p", str(port), "-D", "-e"]
    if harness.ROOT:
        command = ["setpriv", "--reuid=bob", "--regid=bob", "--init-groups", "--", *command]
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        harness.wait_until(lambda: p.poll() is not None or harness.answers(port), "sshd to listen")
        made = sorted(n for n in os.listdir(folder) if n.startswith("ssh_host_") and not n.endswith(".pub"))
        assert "ssh_host_ed25519_key" in made
        for name in made:
            assert stat.S_IMODE(os.stat(folder / name).st_mode) == 0o600
            assert run(["ssh-keygen", "-lf", str(folder / name)]).stdout
            assert os.path.exists(folder / (name + ".pub"))
        before = (folder / made[0]).read_bytes()
    finally:
        harness.end(p)
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        harness.wait_until(lambda: p.poll() is not None or harness.answers(port), "sshd to listen again")
        assert (folder / made[0]).read_bytes() == before
    finally:
        harness.end(p)


@pytest.mark.skipif(not harness.ROOT, reason="needs a file system of its own")
def test_a_full_disk_leaves_no_partial_host_key(folder):
    small = folder / "small"
    small.mkdir()
    run(["mount", "-t", "tmpfs", "-o", "size=16k,mode=755", "tmpfs", str(small)])
    try:
        (small / "sshd_config").write_text(f"ListenAddress 127.0.0.1\nPidFile none\nEphemeralKeySocket {folder}/e.sock\n")
        run(["chown", "-R", "bob:bob", str(small)])
        filler = os.open(small / "filler", os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            while os.write(filler, b"x" * 4096):
                pass
        except OSError:
            os.close(filler)
        done = run(["setpriv", "--reuid=bob", "--regid=bob", "--init-groups", "--", harness.SSHD, "-f",
                    str(small / "sshd_config"), "-p", str(harness.free_port()), "-D", "-e"], check=False)
        assert done.returncode == 1, done.stderr
        assert "No space left on device" in done.stderr and "ssh_host_" in done.stderr
        assert sorted(os.listdir(small)) == ["filler", "sshd_config"]
    finally:
        run(["umount", str(small)])


def test_version_and_usage():
    done = run([harness.SSHD, "-V"])
    assert done.stderr.startswith("Dayfly_") and "OpenSSL" in done.stderr
    done = run([harness.SSHD, "--no-such-flag"], check=False)
    assert done.returncode == 1 or done.returncode == 255
    # Debian's /etc/init.d/ssh starts nothing that does not name OpenSSH there.
    assert "usage" in done.stderr.lower() and "OpenSSH" in done.stderr


def test_the_dump_of_the_config_reads_back_the_same(config, folder):
    first = sshd(config("MaxAuthTries 3\nAcceptEnv LANG LC_*"), "-T").stdout
    assert "MaxAuthTries 3" in first or "maxauthtries 3" in first
    again = folder / "again"
    again.write_text(first)
    second = run([harness.SSHD, "-f", str(again), "-T"]).stdout
    assert second == first


@pytest.mark.parametrize("how", ["/dev/null", "<(printf 'Port 2200\\n')", "/dev/stdin"])
def test_a_config_need_not_be_a_regular_file(folder, how):
    """ssh -F /dev/null and sshd -f /dev/null are what scripts write for "no config"."""
    key = harness.make_key(folder / "host")
    port = {"/dev/null": "22", "/dev/stdin": "2300"}.get(how, "2200")
    done = run(["bash", "-c", f"{harness.SSH} -F {how} -G host"], input="Port 2300\n")
    assert f"\nport {port}\n" in done.stdout
    if not how.startswith("<"):     # sshd closes what it was started with, as OpenSSH's does
        done = run(["bash", "-c", f"{harness.SSHD} -T -f {how} -h {key}"], input="Port 2300\n")
        assert f"port {port}\n" in done.stdout.lower()
    assert run([harness.SSHD, "-t", "-f", "/"], check=False).returncode != 0
    assert "Is a directory" in run([harness.SSHD, "-t", "-f", "/"], check=False).stderr
