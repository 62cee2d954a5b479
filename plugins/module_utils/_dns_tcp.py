# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""DNS messages over TCP (RFC 7766), within a deadline that slow bytes do not extend."""

from __future__ import annotations

import socket
import struct
import time
from typing import Callable


def connect(host: str, port: int, deadline: float) -> socket.socket:
    """Open a connection.

    :param deadline: the moment of C(time.monotonic()) by which it must be open.
    :raises OSError: it is not.
    """
    return socket.create_connection((host, port), _left(deadline))


def send(connection: socket.socket, wire: bytes, deadline: float) -> None:
    """Send a message.

    :raises OSError: it does not go out in time.
    """
    connection.settimeout(_left(deadline))
    connection.sendall(struct.pack("!H", len(wire)) + wire)


def receive(connection: socket.socket, deadline: float, accept: Callable[[int], None] = lambda size: None) -> bytes:
    """The next message.

    :param accept: called with the size in bytes before the message is read.
    :raises OSError: it does not come in time.
    :raises EOFError: the connection ends before it is complete.
    """
    size = int.from_bytes(_exactly(connection, 2, deadline), "big")
    accept(size + 2)
    return _exactly(connection, size, deadline)


def _exactly(connection: socket.socket, size: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        connection.settimeout(_left(deadline))
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError("the server closed the connection too early")
        data += more
    return bytes(data)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left
