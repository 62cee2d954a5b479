# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a client and a service: TLS in front of it, and HTTP proxies. Real servers on loopback.

    with TlsFront(simulator.url, context) as front, Proxy(credentials="me:secret") as proxy:
        ...
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from typing import Any, Optional
from urllib.parse import urlsplit

_CHUNK = 65536
_TIMEOUT = 10.0


class _Relay:
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

    def _serve(self, client: socket.socket) -> None:
        raise NotImplementedError


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
        with self._context.wrap_socket(client, server_side=True) as plain, socket.create_connection(self._target) as target:
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
