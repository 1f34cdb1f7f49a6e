# SPDX-License-Identifier: ISC
"""What the machine itself can do: the floor under the figures of the bench."""
import os
import re
import socket
import subprocess
import time

# Names of `openssl speed`, for the ciphers of the bench.
SPEED = {"aes128-gcm@openssh.com": "aes-128-gcm", "aes256-gcm@openssh.com": "aes-256-gcm",
         "chacha20-poly1305@openssh.com": "chacha20-poly1305", "aes128-ctr": "aes-128-ctr"}


def cipher_limit(cipher, size=32768):
    """MB/s and CPU s/GiB of one end with libcrypto alone, for packets of this size."""
    shown = subprocess.run(["openssl", "speed", "-seconds", "1", "-bytes", str(size), "-evp", SPEED[cipher]],
                           capture_output=True, text=True, check=True).stdout
    rate = float(re.findall(r"([\d.]+)k\b", shown)[-1]) * 1000 / 1e6
    return {"MB/s": rate, "CPU s/GiB": 2 ** 30 / 1e6 / rate}


def copier(source, sink, close, size=262144):
    """A process that does nothing but copy one descriptor to another, as large pieces as there are; its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        for fd in close:
            os.close(fd)
        room = bytearray(size)
        view = memoryview(room)
        while n := os.readv(source, [room]):
            sent = 0
            while sent < n:
                sent += os.write(sink, view[sent:n])
    finally:
        os._exit(0)


def copy_limit(way, mib=512):
    """MB/s and CPU s/GiB of an ssh and a sshd that would do nothing but copy: from `head` through a socket to /dev/null ("down"),
    or to `cat` ("up"). What `head` and `cat` use themselves is not counted, as in the bench."""
    listener = socket.create_server(("127.0.0.1", 0))
    sender = socket.create_connection(listener.getsockname())
    receiver, _ = listener.accept()
    listener.close()
    null = os.open(os.devnull, os.O_WRONLY)
    start = time.monotonic()
    head = subprocess.Popen(["head", "-c", f"{mib}M", "/dev/zero"], stdout=subprocess.PIPE)
    cat, sink = None, null
    if way == "up":
        cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=null)
        sink = cat.stdin.fileno()
    copiers = [copier(head.stdout.fileno(), sender.fileno(), [receiver.fileno()]),
               copier(receiver.fileno(), sink, [sender.fileno(), head.stdout.fileno()])]
    for end in (head.stdout, sender, receiver):
        end.close()
    if cat:
        cat.stdin.close()
    used = 0.0
    for pid in copiers:
        _, _, usage = os.wait4(pid, 0)
        used += usage.ru_utime + usage.ru_stime
    for child in (head, cat):
        if child:
            child.wait()
    os.close(null)
    return {"MB/s": mib * 1.048576 / (time.monotonic() - start), "CPU s/GiB": used * 1024 / mib}
