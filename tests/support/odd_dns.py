# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DNS servers that answer as a test wants it to, for what no proper server does.

def lame(query):
    return dns.message.make_response(query)

with OddServer(lame) as server:
    print(server.address, server.questions)
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import Any, Callable, Iterable, Optional, Union

import dns.message

_Reply = Union[dns.message.Message, bytes, None]
Respond = Callable[[dns.message.Message], Union[_Reply, Iterable[_Reply]]]


class OddServer:
    """Answers questions by UDP on a free port of loopback.

    :param respond: makes the response to a query, or bytes that are none, or C(None) to stay silent, or several of these.
    """

    def __init__(self, respond: Respond, host: str = "127.0.0.1") -> None:
        self._respond = respond
        self.host = host
        self.questions: list[str] = []
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> OddServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    @property
    def address(self) -> str:
        """Host and port, such as C(127.0.0.1:5300)."""
        return "%s:%d" % ("[%s]" % self.host if ":" in self.host else self.host, self.port)

    def _serve(self) -> None:
        while True:
            wire, sender = self._socket.recvfrom(65535)
            if not wire:
                return
            query = dns.message.from_wire(wire)
            self.questions.append(query.question[0].to_text())
            response = self._respond(query)
            one = response is None or isinstance(response, (bytes, dns.message.Message))
            for reply in [response] if one else response:
                if reply is not None:
                    self._socket.sendto(reply if isinstance(reply, bytes) else reply.to_wire(), sender)


class OddPrimary:
    """Answers questions by TCP on a free port of loopback, each with any number of messages, and then closes the connection.

    :param respond: makes the messages to a query, which has not been looked at for its signature.
    :param keyring: of the TSIG keys that queries may be signed with.
    :param pause: between two bytes, in seconds.
    :param port: where to listen, 0 for any.
    """

    def __init__(
        self,
        respond: Callable[[dns.message.Message], Iterable[bytes]],
        keyring: Optional[dict[Any, Any]] = None,
        pause: float = 0.0,
        port: int = 0,
    ) -> None:
        self._respond = respond
        self._keyring = keyring
        self._pause = pause
        self._socket = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> OddPrimary:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        # Accepting only ends by a connection; one that says nothing ends the thread.
        with contextlib.suppress(OSError):
            socket.create_connection(self._socket.getsockname()).close()
        self._thread.join(5)
        self._socket.close()

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    def _serve(self) -> None:
        while True:
            connection, _sender = self._socket.accept()
            with connection, connection.makefile("rb") as stream:
                size = stream.read(2)
                if not size:
                    return
                query = dns.message.from_wire(stream.read(int.from_bytes(size, "big")), keyring=self._keyring)
                # Who does not believe one message reads no other.
                with contextlib.suppress(OSError):
                    for wire in self._respond(query):
                        self._send(connection, struct.pack("!H", len(wire)) + wire)

    def _send(self, connection: socket.socket, data: bytes) -> None:
        if not self._pause:
            connection.sendall(data)
            return
        for byte in data:
            connection.sendall(bytes((byte,)))
            time.sleep(self._pause)
