# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a client and a service: TLS in front of it, HTTP proxies, doors that are shut. Real servers on loopback.

with TlsFront(simulator.url, context) as front, Proxy(credentials="me:secret") as proxy:
    ...
"""

from __future__ import annotations

import abc
import base64
import socket
import ssl
import threading
import time
from typing import Any, BinaryIO, Optional
from urllib.parse import urlsplit

_CHUNK = 65536
_TIMEOUT = 10.0


class _Relay(abc.ABC):
    """Accepts connections on a free port of loopback, each in a thread of its own."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_open = False
        with socket.create_connection(("127.0.0.1", self.port)):  # wakes the accepting thread
            pass
        self._listener.close()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def _accept(self) -> None:
        while self._is_open:
            client, _address = self._listener.accept()
            client.settimeout(_TIMEOUT)
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client: socket.socket) -> None:
        try:
            with client:
                self._serve(client)
        except OSError:  # of TLS too: it is the client's part to tell of it
            pass

    @abc.abstractmethod
    def _serve(self, client: socket.socket) -> None:
        """Deal with a connection until it ends."""


class TlsFront(_Relay):
    """Takes TLS off, and passes the rest on.

    :param url: of the service behind it.
    """

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        self._target = (urlsplit(url).hostname, urlsplit(url).port)
        self._context = context
        super().__init__()

    def url(self, host: str = "localhost") -> str:
        return "https://%s:%d" % (host, self.port)

    def _serve(self, client: socket.socket) -> None:
        with (
            self._context.wrap_socket(client, server_side=True) as plain,
            socket.create_connection(self._target) as target,
        ):
            _pass_both_ways(plain, target)


class Proxy(_Relay):
    """An HTTP proxy, for C(https) by CONNECT and for C(http).

    :param credentials: C(user:password) that it asks for.
    """

    def __init__(self, credentials: Optional[str] = None) -> None:
        self._wanted = "Basic " + base64.b64encode(credentials.encode()).decode() if credentials else None
        self.requests: list[str] = []
        super().__init__()

    def url(self, credentials: Optional[str] = None) -> str:
        return "http://%s127.0.0.1:%d" % (credentials + "@" if credentials else "", self.port)

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = client.recv(_CHUNK)
            if not chunk:
                return
            head += chunk
        first, *lines = head.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
        method, target, _version = first.split(" ")
        self.requests.append("%s %s" % (method, target))
        if self._wanted and headers.get("proxy-authorization") != self._wanted:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        parts = urlsplit("//" + target if method == "CONNECT" else target)
        with socket.create_connection((parts.hostname, parts.port)) as behind:
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                behind.sendall(head)
            _pass_both_ways(client, behind)


class Dripper(_Relay):
    """Answers whatever comes, byte by byte, with pauses that are shorter than any timeout.

    :param answer: the bytes.
    :param pause: in seconds; without one, the answer comes at once.
    """

    def __init__(self, answer: bytes, pause: float = 0.05) -> None:
        self._answer = answer
        self._pause = pause
        super().__init__()

    def _serve(self, client: socket.socket) -> None:
        client.recv(_CHUNK)
        if not self._pause:
            client.sendall(self._answer)
            return
        for byte in self._answer:
            client.sendall(bytes([byte]))
            time.sleep(self._pause)


class Door:
    """Passes HTTP calls on to a service, and can be shut: then connections are refused, and those that are there end.

    :param url: of the service behind it.
    :param answers: how many answers it passes before it shuts.
    :param seconds: how long it stays shut; C(None) until it is opened.
    """

    def __init__(self, url: str, answers: int, seconds: Optional[float] = None) -> None:
        self._target = (urlsplit(url).hostname, urlsplit(url).port)
        self._answers = answers
        self._seconds = seconds
        self._lock = threading.Lock()
        self._clients: list[socket.socket] = []
        self._ended = False
        self._is_shut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.was_shut = False
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        if answers == 0:
            self._shut()

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended = True
        self._shut()

    @property
    def url(self) -> str:
        return "http://127.0.0.1:%d" % self.port

    def open(self) -> None:
        """Let calls pass, from now on."""
        with self._lock:
            self._seconds = None
            self._answers = -1
            self._reopen()

    def _shut(self) -> None:
        with self._lock:
            self.was_shut = self._is_shut = True
            for connection in (self._listener, *self._clients):
                try:
                    connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it
                except OSError:
                    pass
            self._listener.close()
            self._clients.clear()
            if self._seconds is not None and not self._ended:
                threading.Timer(self._seconds, self.open).start()

    def _reopen(self) -> None:
        if self._is_shut and not self._ended:
            self._is_shut = False
            self._listener = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            client.settimeout(_TIMEOUT)
            with self._lock:
                self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with (
                client,
                client.makefile("rb") as asked,
                socket.create_connection(self._target) as target,
                target.makefile("rb") as answered,
            ):
                while (message := _message(asked)) and not self._is_shut:
                    target.sendall(message)
                    client.sendall(_message(answered))
                    self._count()
        except OSError:
            pass

    def _count(self) -> None:
        with self._lock:
            self._answers -= 1
            is_due = self._answers == 0
        if is_due:
            self._shut()


def _message(stream: BinaryIO) -> bytes:
    """The next HTTP message of a connection, whole; empty where it has ended."""
    head = b""
    while (line := stream.readline()).strip():
        head += line
    lengths = [
        int(line.partition(b":")[2]) for line in head.splitlines() if line.lower().startswith(b"content-length:")
    ]
    return head + line + stream.read(sum(lengths)) if head else b""


def _pass_both_ways(one: socket.socket, other: socket.socket) -> None:
    backwards = threading.Thread(target=_pass, args=(other, one), daemon=True)
    backwards.start()
    _pass(one, other)
    backwards.join(_TIMEOUT)


def _pass(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
