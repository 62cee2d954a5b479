# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Asking DNS servers, by dnspython."""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
import threading
import time
from dataclasses import dataclass, replace
from typing import Any, Optional

from ._dns_answers import Absence, Answer
from ._dns_spf import count_lookups
from ._errors import InputError, MissingLibraryError
from ._records import CNAME, TXT, canonical, is_spf, name_key

DNS_PORT = 53

_ATTEMPTS = 2  # UDP loses a packet now and then
_LARGEST = 65535  # bytes
_SPF_TIMEOUT = 2.0

_BRACKETED = re.compile(r"\[(?P<host>[^]]+)\](?::(?P<port>\d+))?")
_HOST_PORT = re.compile(r"(?P<host>[^:\s]+)(?::(?P<port>\d+))?")

# Addresses for documentation (RFC 5737, RFC 3849): whether there is a route to them shows whether there is one at all.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


@dataclass(frozen=True)
class Server:
    """A DNS server.

    :param name: what the user knows it by.
    :param recursive: whether it may be a resolver, so that it is asked to find the answer elsewhere.
    """

    name: str
    address: str
    port: int
    recursive: bool = False


class Unanswered(Exception):
    """A server gave no answer. The text says why."""


# Where to ask


def parse_server(text: str, option: str) -> tuple[str, int]:
    """Host and port of C(host), C(host:port), C(address), C([address]) or C([address]:port).

    :raises InputError: it is none of these.
    """
    value = text.strip()
    try:
        return str(ipaddress.ip_address(value)), DNS_PORT
    except ValueError:
        pass
    match = _BRACKETED.fullmatch(value) or _HOST_PORT.fullmatch(value)
    port = int(match.group("port") or DNS_PORT) if match else 0
    if not match or not 0 < port < 65536:
        raise InputError(option, "'%s' is no DNS server: give a host, host:port, or [IPv6 address]:port." % text)
    return match.group("host"), port


def given_server(text: str, option: str) -> Server:
    """The server that a user names, which may be a resolver too.

    :raises InputError: it is none, or its address cannot be found.
    """
    host, port = parse_server(text, option)
    try:
        found = [(info[0], str(info[4][0])) for info in socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)]
    except (OSError, UnicodeError) as error:
        raise InputError(option, "the address of '%s' cannot be found: %s." % (host, error)) from None
    # IPv4 first: for a name such as localhost the system gives an IPv6 address too, where few DNS servers listen.
    _family, address = min(found, key=lambda one: (not is_reachable(*one), one[0] != socket.AF_INET))
    return Server(text.strip(), address, port, recursive=True)


def is_reachable(family: int, address: str) -> bool:
    """Whether this machine speaks the address's protocol. Nothing is sent."""
    return ipaddress.ip_address(address).is_loopback or _has_route(family)


@functools.lru_cache(maxsize=None)
def _has_route(family: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_ELSEWHERE[family], DNS_PORT))
    except OSError:
        return False
    return True


# Asking


def exchange(server: Server, name: str, type_: str, timeout: float, brief: bool = False) -> Any:
    """Ask one server one question, by UDP, and by TCP where the answer does not fit.

    :param timeout: in seconds, of all attempts together.
    :param brief: whether an authoritative answer is enough, without what the server tells beside it.
    :returns: a C(dns.message.Message) of any response code.
    :raises Unanswered: there was no answer.
    """
    dns = dnspython()
    # Without EDNS, which some servers do not know, and which is not needed for answers of this size.
    query = dns.message.make_query(name, type_)
    if not server.recursive:
        query.flags &= ~dns.flags.RD
    deadline = time.monotonic() + timeout
    failure = late = "no answer within %g s" % timeout
    for attempts_left in range(_ATTEMPTS, 0, -1):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            response = _by_udp(query, server, left / attempts_left, brief)
            if response.flags & dns.flags.TC:
                response = dns.query.tcp(query, server.address, deadline - time.monotonic(), server.port)
            return response
        except (dns.exception.Timeout, socket.timeout):
            failure = late
        except (dns.exception.DNSException, OSError, EOFError) as error:
            failure = one_line(error)
    raise Unanswered(failure)


def _by_udp(query: Any, server: Server, timeout: float, brief: bool) -> Any:
    dns = dnspython()
    deadline = time.monotonic() + timeout
    udp = _sockets.take(server)
    try:
        udp.settimeout(timeout)
        udp.send(query.to_wire())
        while True:
            wire = udp.recv(_LARGEST)
            response = dns.message.from_wire(
                _abridged(wire) if brief else wire, ignore_trailing=True, raise_on_truncation=False)
            if query.is_response(response):
                break
            udp.settimeout(max(0.001, deadline - time.monotonic()))
    except BaseException:
        udp.close()  # An answer that comes late must not meet the next question.
        raise
    _sockets.give_back(server, udp)
    return response


def _abridged(wire: bytes) -> bytes:
    """A message less its authority and additional sections, if it has an authoritative answer: dnspython takes longer for
    what is behind an answer than for the answer itself (RFC 1035, 4.1.1: the flags, and how many records a section has)."""
    is_enough = len(wire) >= 12 and wire[2] & 0x04 and wire[6:8] != bytes(2)
    return wire[:8] + bytes(4) + wire[12:] if is_enough else wire


class _Sockets:
    """UDP sockets that wait for the next question to their server: a new one for each takes a third of the time of all.

    Each takes answers of its server only. So many wait at most that a process never runs out of them; those that have
    waited longest make room.
    """

    _MOST = 128

    def __init__(self) -> None:
        self._waiting: list[tuple[Server, socket.socket]] = []
        self._lock = threading.Lock()

    def take(self, server: Server) -> socket.socket:
        """One that waits for this server, else a new one."""
        with self._lock:
            for place in range(len(self._waiting) - 1, -1, -1):
                if self._waiting[place][0] == server:
                    return self._waiting.pop(place)[1]
        udp = socket.socket(socket.AF_INET6 if ":" in server.address else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.connect((server.address, server.port))
        except OSError:
            udp.close()
            raise
        return udp

    def give_back(self, server: Server, udp: socket.socket) -> None:
        """Let it wait."""
        with self._lock:
            self._waiting.append((server, udp))
            if len(self._waiting) > self._MOST:
                self._waiting.pop(0)[1].close()


_sockets = _Sockets()


def ask(server: Server, name: str, type_: str, timeout: float) -> Answer:
    """What one server says of one name and type.

    :param timeout: in seconds, of all attempts together.
    """
    try:
        response = exchange(server, name, type_, timeout, brief=True)
    except Unanswered as error:
        return Answer(server.name, failure=str(error))
    dns = dnspython()
    failure = _uncertainty(server, response)
    if failure:
        return Answer(server.name, failure=failure)
    owner = dns.name.from_text(name)
    by_type = {dns.rdatatype.to_text(rrset.rdtype): rrset for rrset in response.answer if rrset.name == owner}
    rrset = by_type.get(type_) or by_type.get(CNAME)
    if rrset is None:
        return Answer(server.name, absence=_absence(response))
    rdatas = tuple(sorted(rdata.to_text() for rdata in rrset))
    answer = Answer(server.name, rdatas=rdatas, ttl=rrset.ttl)
    if type_ in by_type:
        return replace(answer, values=tuple(sorted(canonical(type_, rdata) for rdata in rdatas)))
    return replace(answer, alias=canonical(CNAME, rdatas[0]))


def _uncertainty(server: Server, response: Any) -> str:
    """Why an answer is none to rely on; empty where it is."""
    dns = dnspython()
    if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return "it answers %s" % dns.rcode.to_text(response.rcode())
    if response.flags & dns.flags.AA or server.recursive and response.flags & dns.flags.RA:
        return ""
    refers = any(rrset.rdtype == dns.rdatatype.NS for rrset in response.authority)
    return "it is not authoritative for the name" + (", and refers to other servers" if refers else "")


def _absence(response: Any) -> Absence:
    dns = dnspython()
    soa = next((rrset for rrset in response.authority if rrset.rdtype == dns.rdatatype.SOA), None)
    ttl = min(soa.ttl, soa[0].minimum) if soa else None
    return Absence(
        zone=name_key(soa.name.to_text()) if soa else None,
        until=time.time() + ttl if soa else None,
        name_exists=response.rcode() == dns.rcode.NOERROR,
        from_cache=not response.flags & dns.flags.AA,
        # A resolver counts down what it remembers.
        is_old=bool(soa) and soa.ttl < soa[0].minimum and not response.flags & dns.flags.AA,
    )


# SPF


def spf_lookups(text: str) -> int:
    """How many DNS lookups an SPF record takes, with its includes looked up by the system's resolver."""
    return count_lookups(text, _fetch_spf)


def _fetch_spf(domain: str) -> Optional[str]:
    dns = dnspython()
    try:
        answer = dns.resolver.resolve(name_key(domain), TXT, lifetime=_SPF_TIMEOUT)
    except (dns.exception.DNSException, OSError):
        return None
    return next((text for text in (canonical(TXT, rdata.to_text()) for rdata in answer) if is_spf(text)), None)


# dnspython


def dnspython() -> Any:
    """The library, with the parts of it that are used here.

    :raises MissingLibraryError: it cannot be imported.
    """
    try:
        import dns
        import dns.exception
        import dns.flags
        import dns.message
        import dns.name
        import dns.query
        import dns.rcode
        import dns.rdatatype
        import dns.resolver
    except ImportError:
        raise MissingLibraryError("dnspython", "to ask DNS servers") from None
    return dns


def one_line(error: BaseException) -> str:
    """What an error says, without line breaks."""
    return " ".join(str(error).split()) or type(error).__name__
