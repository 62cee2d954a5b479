# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""One HTTP request and its whole answer, within a time, or why there is none.

It knows proxies, TLS and connections, and nothing of what the service says. Can be used by many threads at once.

By Python's own C(http.client): to load a library for it takes as long as a call, and a third of the time of thousands.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import select
import socket
import ssl
import threading
import time
import zlib
from typing import Any, Mapping, NamedTuple, Optional
from urllib.parse import SplitResult, unquote, urlsplit

from ._errors import InputError, MissingLibraryError
from ._options import Connection, is_loopback

# More than 100,000 profiles in a list; beyond it is no answer of this service.
_MAX_BODY = 64 * 1024 * 1024
_CHUNK = 65536
_GZIP = 16 + zlib.MAX_WBITS

# Of services and proxies where the URL has none.
_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}


class Answer(NamedTuple):
    """What came back, whole."""

    status: int
    headers: Any
    body: bytes


class NoAnswer(Exception):
    """No whole answer came.

    :param problem: why, a sentence. It is made here rather than taken from the libraries, whose texts can hold a proxy's
        password.
    :param passing: whether the same request can succeed later.
    :param undone: whether it is certain that nothing was carried out, because the request was never sent.
    """

    def __init__(self, problem: str, passing: bool, undone: bool) -> None:
        super().__init__(problem)
        self.problem = problem
        self.passing = passing
        self.undone = undone


class Transport:
    """Kept-alive connections to one host.

    :param connections: how many requests can be under way at once.
    :param headers: of each request.
    :raises MissingLibraryError: a library that is needed cannot be imported.
    :raises InputError: the proxy that the environment names cannot be one.
    """

    def __init__(self, connection: Connection, connections: int, headers: Mapping[str, str]) -> None:
        self._url = urlsplit(connection.api_url)
        self._timeout = connection.timeout
        self._verify = connection.verify
        self._headers = {"Host": self._url.netloc, "Accept-Encoding": "gzip", **headers}
        self._proxy = _proxy_of(self._url)
        self._prefix = self._url.path
        if self._proxy and self._is_forwarded():
            self._prefix = "http://%s%s" % (self._url.netloc, self._url.path)
            self._headers.update(_proxy_authorization(self._proxy))
        self._context: Optional[ssl.SSLContext] = None
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(connections)
        self._free: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        """Close the kept-alive connections."""
        while self._free:
            self._free.pop().close()

    @property
    def secrets(self) -> list[str]:
        """Values that texts about the connection must not show: the proxy's password."""
        password = self._proxy.password if self._proxy else None
        return [password, unquote(password)] if password else []

    def exchange(self, method: str, target: str, headers: Mapping[str, str], body: Optional[dict[str, str]]) -> Answer:
        """Send a request once.

        :param target: path and query.
        :param headers: beside those of each request.
        :raises NoAnswer: no whole answer came in time.
        """
        with self._slots:
            sent = False
            connection = self._take()
            try:
                if connection.sock is None:
                    connection.sock = self._connect()
                _send(connection, method, self._prefix + target, {**self._headers, **headers}, body)
                sent = True
                response = connection.getresponse()
                answer = Answer(response.status, response.headers, _read_body(response))
            except (OSError, http.client.HTTPException, zlib.error, UnicodeError, _Unreadable) as error:
                connection.close()
                raise self._no_answer(error, sent) from None
            if connection.sock is not None:  # closed where the service says that it does not keep it
                self._free.append(connection)
            return answer

    # Connections

    def _take(self) -> http.client.HTTPConnection:
        """A kept-alive connection, or one that is to be made."""
        try:
            connection = self._free.pop()
        except IndexError:
            return _Connection("")
        if _has_ended(connection.sock):
            connection.close()
        return connection

    def _connect(self) -> Any:
        """A socket on which the service listens."""
        place = (self._url.hostname or "", _port_of(self._url))
        plain = self._by_proxy(self._proxy, place) if self._proxy else socket.create_connection(place, self._timeout)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._secured(plain) if self._url.scheme == "https" else plain
        except BaseException:
            plain.close()
            raise

    def _by_proxy(self, proxy: SplitResult, place: tuple[str, int]) -> Any:
        """A socket to a place behind a proxy.

        :raises _ProxyRefuses: the proxy did not make the connection.
        """
        try:
            if proxy.scheme.startswith("socks"):
                return _by_socks(proxy, place, self._timeout)
            sock = socket.create_connection((proxy.hostname or "", _port_of(proxy)), self._timeout)
            try:
                if proxy.scheme == "https":
                    sock = self._tls().wrap_socket(sock, server_hostname=proxy.hostname)
                if not self._is_forwarded():
                    _ask_for_tunnel(sock, proxy, place)
            except BaseException:
                sock.close()
                raise
            return sock
        except (socket.timeout, _ProxyRefuses):
            raise
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise _ProxyRefuses(getattr(error, "strerror", None) or "it refused") from None

    def _is_forwarded(self) -> bool:
        """Whether it is an HTTP proxy that forwards each request, rather than a connection (RFC 9112, 3.2.2)."""
        return self._url.scheme == "http" and self._proxy is not None and not self._proxy.scheme.startswith("socks")

    def _secured(self, plain: Any) -> Any:
        if isinstance(plain, ssl.SSLSocket):  # to the proxy
            return _TlsInTls(plain, self._tls(), self._url.hostname)
        return self._tls().wrap_socket(plain, server_hostname=self._url.hostname)

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = _tls_context(self._verify)
            return self._context

    # Words

    def _no_answer(self, error: Exception, sent: bool) -> NoAnswer:
        host, seconds = self._url.netloc, self._timeout
        reason = getattr(error, "strerror", None)
        is_passing = True
        if isinstance(error, _Unreadable):
            problem, is_passing = str(error), False
        elif sent and isinstance(error, socket.timeout):
            problem = "%s did not answer within %g s (timeout)." % (host, seconds)
        elif sent:
            problem = "the connection to %s broke before the answer was complete (%s)." % (host, reason or "closed")
        elif isinstance(error, _ProxyRefuses):
            problem = "the proxy from the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) did not connect to %s (%s)." % (host, error)
        elif isinstance(error, socket.timeout):
            problem = "no connection to %s within %g s (timeout)." % (host, seconds)
        elif isinstance(error, ssl.SSLError):
            problem, is_passing = self._describe_tls(error), False
        elif isinstance(error, (socket.gaierror, UnicodeError)):
            problem = "the host name of %s cannot be resolved. Is api_url right?" % host
        else:
            problem = "no connection to %s (%s)." % (host, reason or "refused")
        return NoAnswer(problem, is_passing, undone=not sent)

    def _describe_tls(self, error: ssl.SSLError) -> str:
        detail = getattr(error, "verify_message", None) or error.reason or "TLS failed"
        return "no secure connection to %s: %s. %s" % (
            self._url.netloc, detail,
            "The certificate authorities to trust were read from %s." % self._verify if isinstance(self._verify, str) else
            "If its certificate comes from a private authority, name that by ca_path.")


class _ProxyRefuses(OSError):
    """The proxy did not make the connection. The text says why."""


class _Unreadable(Exception):
    """An answer that is not worth reading to its end."""


# One request and its answer


def _send(connection: http.client.HTTPConnection, method: str, target: str, headers: Mapping[str, str],
          body: Optional[dict[str, str]]) -> None:
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    content = None
    if body is not None:
        content = json.dumps(body).encode()
        connection.putheader("Content-Type", "application/json")
    if method in ("POST", "PUT"):
        connection.putheader("Content-Length", str(len(content or b"")))
    connection.endheaders(content)


def _read_body(response: http.client.HTTPResponse) -> bytes:
    chunks, size = [], 0
    unpacker = zlib.decompressobj(_GZIP) if response.headers.get("Content-Encoding", "").lower() == "gzip" else None
    while chunk := response.read(_CHUNK):
        if unpacker is not None:
            # One byte more than is allowed, so that a small answer cannot become a huge one.
            chunk = unpacker.decompress(chunk, _MAX_BODY - size + 1)
        chunks.append(chunk)
        size += len(chunk)
        if size > _MAX_BODY:
            raise _Unreadable("the answer is larger than %d MiB." % (_MAX_BODY >> 20))
    if response.length or unpacker is not None and chunks and not unpacker.eof:
        raise ConnectionError  # less than was announced
    return b"".join(chunks)


def _has_ended(sock: Any) -> bool:
    """Whether a connection on which nothing is awaited was closed by the other side."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


class _TimedResponse(http.client.HTTPResponse):
    """A response that has to come whole, head and body, within the timeout of its socket.

    By itself each read from the socket may take so long, and a head of 64 KiB that drips takes a day.
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock))


class _TimedReader(io.RawIOBase):
    """Reads from a socket until its timeout is used up.

    :param raw: what reads from the socket.
    """

    def __init__(self, raw: io.RawIOBase, sock: Any) -> None:
        super().__init__()
        self._raw = raw
        self._socket = sock
        self._timeout = sock.gettimeout()
        self._deadline = time.monotonic() + self._timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("the answer was not complete in time")
        self._socket.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        finally:
            self._socket.settimeout(self._timeout)  # the next request has all of it again

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Connection(http.client.HTTPConnection):
    """A connection whose socket is given to it."""

    response_class = _TimedResponse
    auto_open = 0


# TLS


def _tls_context(verify: Any) -> ssl.SSLContext:
    """How to make sure of the service.

    :param verify: C(False) not to, C(True) by the usual authorities, or a file or directory of authorities.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif verify is True:
        _load_usual_authorities(context)
    elif os.path.isdir(verify):
        context.load_verify_locations(capath=verify)
    else:
        context.load_verify_locations(cafile=verify)
    return context


def _load_usual_authorities(context: ssl.SSLContext) -> None:
    """Those of the system; where there are none, as in some containers, those of the Python library certifi."""
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not (paths.capath and os.listdir(paths.capath)):
        try:
            import certifi
        except ImportError:
            pass
        else:
            context.load_verify_locations(cafile=certifi.where())
            return
    context.load_default_certs()


class _TlsInTls(io.RawIOBase):
    """TLS to the service by way of a proxy that is spoken to by TLS too.

    :param outer: the connection to the proxy.
    """

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, host: Optional[str]) -> None:
        super().__init__()
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._inner = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._run(self._inner.do_handshake)

    def _run(self, act: Any, *args: Any) -> Any:
        while True:
            try:
                result = act(*args)
                is_done = True
            except ssl.SSLWantReadError:
                result, is_done = None, False
            outgoing = self._outgoing.read()
            if outgoing:
                self._outer.sendall(outgoing)
            if is_done:
                return result
            incoming = self._outer.recv(_CHUNK)
            if incoming:
                self._incoming.write(incoming)
            else:
                self._incoming.write_eof()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return self._run(self._inner.read, len(buffer), buffer)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return 0

    # What http.client and C(_TimedReader) ask of a socket

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Shared(self))

    def sendall(self, data: Any) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._run(self._inner.write, rest):]

    def gettimeout(self) -> Optional[float]:
        return self._outer.gettimeout()

    def settimeout(self, seconds: Optional[float]) -> None:
        self._outer.settimeout(seconds)

    def fileno(self) -> int:
        return self._outer.fileno()

    def close(self) -> None:
        self._outer.close()
        super().close()


class _Shared(io.RawIOBase):
    """Reads from a connection, and leaves it open for the next request."""

    def __init__(self, source: _TlsInTls) -> None:
        super().__init__()
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.readinto(buffer)


# Proxies


def _port_of(url: SplitResult) -> int:
    return url.port or _PORTS[url.scheme]


def _proxy_of(url: SplitResult) -> Optional[SplitResult]:
    """The proxy that the environment names for the service.

    :raises InputError: it cannot be one.
    """
    proxy = _variable(url.scheme + "_proxy") or _variable("all_proxy")
    if not proxy or _is_excepted(url, _variable("no_proxy")):
        return None
    try:
        parts = urlsplit(proxy if "://" in proxy else "http://" + proxy)
        is_proxy = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_proxy = False
    if not is_proxy:
        raise InputError(
            "%s_PROXY" % url.scheme.upper(),
            "what this variable (or ALL_PROXY) has in the environment is no URL of a proxy: give such as "
            "http://proxy.example.com:3128, with special characters of a password as %XX.")
    # By the http scheme a proxy gets the credentials in the clear: one on another machine must not.
    if url.scheme == "http" and not is_loopback(parts.hostname or ""):
        return None
    if parts.scheme.startswith("socks"):
        _pysocks()
    return parts


def _variable(name: str) -> str:
    """A variable of the environment. Where it is there in both spellings, that in lower case counts."""
    return os.environ.get(name, os.environ.get(name.upper(), "")).strip()


def _is_excepted(url: SplitResult, exceptions: str) -> bool:
    """Whether a host needs no proxy: it is listed, or is below a domain or in a network that is listed."""
    host = (url.hostname or "").lower()
    names = (host, "%s:%d" % (host, _port_of(url)))
    for exception in exceptions.lower().replace(" ", "").split(","):
        domain = exception.lstrip(".")
        if exception == "*" or domain and any(name == domain or name.endswith("." + domain) for name in names):
            return True
        if "/" in exception and _is_in_network(host, exception):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _ask_for_tunnel(sock: Any, proxy: SplitResult, place: tuple[str, int]) -> None:
    """Have an HTTP proxy pass on what comes (RFC 9110, 9.3.6)."""
    target = "%s:%d" % ("[%s]" % place[0] if ":" in place[0] else place[0], place[1])
    head = "CONNECT %s HTTP/1.1\r\nHost: %s\r\n" % (target, target)
    head += "".join("%s: %s\r\n" % header for header in _proxy_authorization(proxy).items())
    sock.sendall((head + "\r\n").encode("ascii"))
    response = _TimedResponse(sock, method="CONNECT")
    response.begin()
    if response.status != 200:
        raise _ProxyRefuses("it answered %d" % response.status)


def _proxy_authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = "%s:%s" % (unquote(proxy.username), unquote(proxy.password or ""))
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _by_socks(proxy: SplitResult, place: tuple[str, int], timeout: float) -> Any:
    socks = _pysocks()
    is_old, at_proxy = proxy.scheme.startswith("socks4"), proxy.scheme in ("socks4a", "socks5h")
    return socks.create_connection(
        place, timeout=timeout, proxy_type=socks.SOCKS4 if is_old else socks.SOCKS5, proxy_addr=proxy.hostname,
        proxy_port=_port_of(proxy), proxy_rdns=at_proxy,
        proxy_username=unquote(proxy.username) if proxy.username else None,
        proxy_password=unquote(proxy.password) if proxy.password else None)


def _pysocks() -> Any:
    try:
        import socks
    except ImportError:
        raise MissingLibraryError(
            "PySocks", "for the SOCKS proxy that the environment names") from None
    return socks
