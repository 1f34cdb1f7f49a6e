# SPDX-License-Identifier: ISC
"""What the machine itself can do: the floor under the figures of the bench."""
import os
import re
import socket
import subprocess
import threading
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


def copy_limit(mib=512, size=262144):
    """MB/s and CPU s/GiB of a socket copied into a pipe by read and write, nothing in between."""
    a, b = socket.create_server(("127.0.0.1", 0)), None
    sender = socket.create_connection(a.getsockname())
    b, _ = a.accept()
    out, into = os.pipe()
    data = bytes(size)

    def send():
        for _ in range(mib * 1048576 // size):
            sender.sendall(data)
        sender.close()

    def drain():
        while os.read(out, size):
            pass
    threads = [threading.Thread(target=f) for f in (send, drain)]
    wall, cpu = time.monotonic(), time.process_time()
    for t in threads:
        t.start()
    while chunk := b.recv(size):
        os.write(into, chunk)
    os.close(into)
    for t in threads:
        t.join()
    os.close(out)
    a.close()
    b.close()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return {"MB/s": mib * 1.048576 / wall, "CPU s/GiB": cpu * 1024 / mib}
