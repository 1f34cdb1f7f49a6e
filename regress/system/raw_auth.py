# SPDX-License-Identifier: ISC
"""A client whose requests for authentication are made by hand, one after the other."""
import struct
import threading

import paramiko
import pytest

import harness


def string(data):
    """As it goes over the wire."""
    data = data.encode() if isinstance(data, str) else data
    return struct.pack(">I", len(data)) + data


class Client:
    def __init__(self, server, user=None):
        self.user = user or harness.login_user()
        self.t = paramiko.Transport(("127.0.0.1", server.port))
        self.t.start_client(timeout=20)
        with pytest.raises(paramiko.BadAuthenticationType):
            self.t.auth_none(self.user)

    def ask(self, method, *fields):
        """Whether the request was answered; False: the connection is over."""
        m = paramiko.Message()
        m.add_byte(paramiko.common.cMSG_USERAUTH_REQUEST)
        for text in (self.user, "ssh-connection", method):
            m.add_string(text)
        for field in fields:
            if isinstance(field, bool):
                m.add_boolean(field)
            elif isinstance(field, int):
                m.add_int(field)
            else:
                m.add_string(field)
        answered = threading.Event()
        self.t.auth_handler.auth_event = answered
        try:
            self.t._send_message(m)
        except (OSError, EOFError, paramiko.SSHException):
            return False
        answered.wait(harness.TIMEOUT)      # set at the end of the connection, too
        return self.t.is_active()

    def close(self):
        assert not self.t.is_authenticated()
        self.t.close()
