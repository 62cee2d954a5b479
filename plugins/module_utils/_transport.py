# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""One HTTP request and its whole answer, within a time, or why there is none.

It knows proxies, TLS and connections, and nothing of what the service says. Can be used by many threads at once.
"""

from __future__ import annotations

import http.client
import importlib.util
import io
import re
import socket
import threading
import time
import warnings
from typing import Any, Callable, Iterable, NamedTuple, Optional, Union
from urllib.parse import unquote, urlsplit

from ._errors import InputError, MissingLibraryError
from ._options import Connection, is_loopback

# Bytes that are read at once: of compressed ones, each can become a thousand.
_CHUNK = 16384
# How a body may be compressed. One that is compressed twice can grow a millionfold.
_ENCODINGS = frozenset(("", "identity", "gzip", "x-gzip", "deflate"))

_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


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
    :raises MissingLibraryError: a library that is needed cannot be imported.
    :raises InputError: the proxy that the environment names cannot be one.
    """

    def __init__(self, connection: Connection, connections: int, headers: dict[str, str]) -> None:
        self._url = connection.api_url
        self._timeout = connection.timeout
        self._verify = connection.verify
        self._sent = _Sent()
        try:
            self._proxy = _proxy_of(self._url)
            self._adapter = _adapter(connections, self._proxy, self._sent.note)
            self._blank = _blank_request(self._url, headers)
        except ImportError:
            raise MissingLibraryError("requests", "to call the SMTPD service") from None
        if not connection.verify:
            # It is what was asked for. A module's result must be all that it writes.
            warnings.filterwarnings(
                "ignore",
                "Unverified HTTPS request is being made to host '%s'" % re.escape(str(urlsplit(self._url).hostname)),
            )

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._adapter.close()

    @property
    def secrets(self) -> list[str]:
        """Values that texts about the connection must not show: the proxy's password."""
        password = urlsplit(self._proxy).password if self._proxy else None
        return [password, unquote(password)] if password else []

    def exchange(
        self, method: str, target: str, headers: dict[str, str], body: Optional[dict[str, str]], largest: int
    ) -> Answer:
        """Send a request once.

        :param target: path and query, quoted.
        :param headers: beside those of all requests.
        :param largest: MiB that the body of the answer may have.
        :raises NoAnswer: no whole answer came in time.
        """
        request = self._blank.copy()
        request.method = method
        request.url += target
        request.headers.update(headers)
        request.prepare_body(data=None, files=None, json=body)
        self._sent.forget()
        try:
            with self._adapter.send(
                request,
                stream=True,
                timeout=self._timeout,
                verify=self._verify,
                proxies={"all": self._proxy},
            ) as response:
                return Answer(response.status_code, response.headers, _read_body(response, largest))
        except _transport_errors() as error:
            raise self._no_answer(error) from None

    def _no_answer(self, error: Exception) -> NoAnswer:
        sent = self._sent.is_noted
        problem, passing = _describe(error, sent, urlsplit(self._url).netloc, self._timeout, self._verify)
        return NoAnswer(problem, passing, undone=not sent)


class _Sent(threading.local):
    """Whether this thread's latest request went out whole."""

    is_noted = False

    def note(self) -> None:
        self.is_noted = True

    def forget(self) -> None:
        self.is_noted = False


def _proxy_of(api_url: str) -> Optional[str]:
    """The proxy that the environment names for the service, found and spelt as requests does it."""
    from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy

    proxy = select_proxy(api_url, get_environ_proxies(api_url))
    if proxy is None:
        return None
    scheme = urlsplit(api_url).scheme
    try:
        proxy = prepend_scheme_if_needed(proxy, "http")
        parts = urlsplit(proxy)
        is_proxy = parts.scheme in _PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_proxy = False
    if not is_proxy:
        raise InputError(
            "%s_PROXY" % scheme.upper(),
            (
                "what this variable (or ALL_PROXY) has in the environment is no URL of a proxy: give such as "
                "http://proxy.example.com:3128, with special characters of a password as %XX."
            ),
        )
    # By the http scheme a proxy gets the credentials in the clear: one on another machine must not.
    if scheme == "http" and not is_loopback(parts.hostname):
        return None
    if parts.scheme.startswith("socks") and importlib.util.find_spec("socks") is None:
        raise MissingLibraryError("PySocks", "for the SOCKS proxy that the environment names")
    return proxy


def _adapter(connections: int, proxy: Optional[str], on_sent: Callable[[], None]) -> Any:
    """What requests sends with.

    Used without a session: that would take more from the environment than the proxy (a password of .netrc in the place of our
    header), would look where a redirect leads, and takes longer to prepare a request than it takes to send it.
    """
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        """Finds its pool of connections once, since each request goes to the same host in the same way."""

        _pool = None

        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
            if self._pool is None:
                self._pool = super().get_connection_with_tls_context(*args, **kwargs)
            return self._pool

    adapter = Adapter(pool_connections=1, pool_maxsize=connections, pool_block=True)
    for manager in (adapter.poolmanager, *([adapter.proxy_manager_for(proxy)] if proxy else [])):
        _replace_pools(manager, on_sent)
    return adapter


def _blank_request(url: str, headers: dict[str, str]) -> Any:
    """The request that all others are copies of."""
    from requests import PreparedRequest
    from requests.utils import default_headers

    blank = PreparedRequest()
    blank.prepare(method="GET", url=url, headers={**default_headers(), "Accept-Encoding": "gzip, deflate", **headers})
    blank.url = blank.url.rstrip("/")
    return blank


def _replace_pools(manager: Any, on_sent: Callable[[], None]) -> None:
    # Made of what is there, since it is another kind of pool for a SOCKS proxy.
    manager.pool_classes_by_scheme = {
        scheme: _pool_class(pool, on_sent) for scheme, pool in manager.pool_classes_by_scheme.items()
    }


def _pool_class(base: Any, on_sent: Callable[[], None]) -> Any:
    class Connection(base.ConnectionCls):
        response_class = _TimedResponse

        def getresponse(self, *args: Any, **kwargs: Any) -> Any:
            on_sent()
            return super().getresponse(*args, **kwargs)

    class Pool(base):
        ConnectionCls = Connection

    return Pool


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

    def fileno(self) -> int:
        return self._raw.fileno()

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


def _read_body(response: Any, largest: int) -> bytes:
    if response.headers.get("Content-Encoding", "").strip().lower() not in _ENCODINGS:
        raise _Unreadable("the answer is compressed in a way that was not asked for.")
    chunks, size = [], 0
    while True:
        chunk = response.raw.read(_CHUNK, decode_content=True)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
        if size > largest << 20:
            raise _Unreadable("the answer is larger than %d MiB." % largest)
    if response.raw.length_remaining:  # urllib3 before 2.0 takes less than was announced for the whole
        raise ConnectionError
    return b"".join(chunks)


class _Unreadable(Exception):
    """An answer that is not worth reading to its end."""


def _transport_errors() -> tuple[type, ...]:
    import requests
    import urllib3

    return (requests.RequestException, urllib3.exceptions.HTTPError, OSError, _Unreadable)


def _describe(error: Exception, sent: bool, host: str, timeout: float, verify: Union[bool, str]) -> tuple[str, bool]:
    """Why no answer came: a sentence, and whether it can pass.

    :param sent: whether the request went out.
    """
    chain = list(_causes(error))
    names = " ".join(type(cause).__name__ for cause in chain)
    reason = next((cause.strerror for cause in chain if isinstance(cause, OSError) and cause.strerror), None)
    is_timeout = "Timeout" in names or any(isinstance(cause, socket.timeout) for cause in chain)
    if isinstance(error, _Unreadable):
        return str(error), False
    if sent:
        if is_timeout:
            return "%s did not answer within %g s (timeout)." % (host, timeout), True
        return "the connection to %s broke before the answer was complete (%s)." % (host, reason or "closed"), True
    if "ProxyError" in names:
        return "the proxy from the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) did not connect to %s (%s)." % (
            host,
            reason or "it refused",
        ), True
    if is_timeout:
        return "no connection to %s within %g s (timeout)." % (host, timeout), True
    if "SSL" in names:
        detail = next(
            (
                getattr(cause, "verify_message", None) or getattr(cause, "reason", None)
                for cause in chain
                if type(cause).__module__ in ("ssl", "_ssl")
            ),
            None,
        )
        return "no secure connection to %s: %s. %s" % (
            host,
            detail if isinstance(detail, str) else reason or "TLS failed",
            "The certificate authorities to trust were read from %s." % verify
            if isinstance(verify, str)
            else "If its certificate comes from a private authority, name that by ca_path.",
        ), False
    if "NameResolution" in names or "gaierror" in names:
        return "the host name of %s cannot be resolved. Is api_url right?" % host, True
    return "no connection to %s (%s)." % (host, reason or "refused"), True


def _causes(error: Any) -> Iterable[BaseException]:
    """The error and all that it wraps, outermost first: requests and urllib3 keep causes in several places."""
    seen: list[BaseException] = []
    queue = [error]
    while queue and len(seen) < 20:
        current = queue.pop(0)
        if isinstance(current, BaseException) and current not in seen:
            seen.append(current)
            queue += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
    return seen
