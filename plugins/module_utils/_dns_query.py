# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Asking DNS servers, by dnspython."""

from __future__ import annotations

import concurrent.futures
import functools
import ipaddress
import re
import socket
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Optional, Sequence, Union

from ansible_collections.smtpd.email.plugins.module_utils._dns_answers import (
    NO_ANSWER,
    NOT_DELEGATED,
    PRESENT,
    Answer,
    NoServers,
    judge,
)
from ansible_collections.smtpd.email.plugins.module_utils._dns_spf import count_lookups
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError, MissingLibraryError
from ansible_collections.smtpd.email.plugins.module_utils._records import CNAME, TXT, Wish, canonical, is_spf, name_key
from ansible_collections.smtpd.email.plugins.module_utils._waiting import pauses

DNS_PORT = 53

_THREADS = 32
_ATTEMPTS = 2  # UDP loses a packet now and then
_PAYLOAD = 1232  # bytes of UDP that pass everywhere without fragments
_SPF_TIMEOUT = 2.0

_BRACKETED = re.compile(r"\[(?P<host>[^]]+)\](?::(?P<port>\d+))?")
_HOST_PORT = re.compile(r"(?P<host>[^:\s]+)(?::(?P<port>\d+))?")

# Addresses for documentation (RFC 5737, RFC 3849): whether there is a route to them shows whether there is one at all.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


@dataclass(frozen=True)
class Server:
    """A DNS server.

    :param name: what the user knows it by.
    :param recursive: whether to ask it to find the answer elsewhere, if it does that.
    """

    name: str
    address: str
    port: int
    recursive: bool = False


ServersOf = Callable[[str], Union[Sequence[Server], NoServers]]


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
    _family, address = min(found, key=lambda one: (not _is_reachable(*one), one[0] != socket.AF_INET))
    return Server(text.strip(), address, port, recursive=True)


class Finder:
    """Finds the authoritative servers of names.

    :param resolver: the server to begin at, C(None) for the system's.
    :param timeout: of each look-up, in seconds.
    :param port: where authoritative servers listen.
    """

    def __init__(self, resolver: Optional[Server], timeout: float, port: int = DNS_PORT) -> None:
        self._given = resolver
        self._timeout = timeout
        self._port = port
        self._zones: dict[str, str] = {}
        self._servers: dict[str, list[Server]] = {}

    def servers_of(self, name: str) -> Union[list[Server], NoServers]:
        """All authoritative servers of the zone that a name lies in. What was found is kept."""
        dns = _dnspython()
        try:
            zone = self._zone_of(name_key(name))
            if zone.count(".") < 2:
                return NoServers(
                    NOT_DELEGATED,
                    "There is no zone for %s in public DNS: the domain is not registered, or not "
                    "delegated to its DNS provider." % name,
                )
            if zone not in self._servers:
                self._servers[zone] = self._find_servers(zone)
            return self._servers[zone] or NoServers(
                NOT_DELEGATED, "None of the name servers of %s has an address that can be reached from here." % zone
            )
        except (dns.exception.DNSException, OSError) as error:
            return NoServers(
                NO_ANSWER, "The authoritative servers of %s cannot be found: %s" % (name, _one_line(error))
            )

    @functools.cached_property
    def _resolver(self) -> Any:
        dns = _dnspython()
        resolver = dns.resolver.Resolver(configure=self._given is None)
        if self._given is not None:
            resolver.nameservers = [self._given.address]
            resolver.port = self._given.port
        resolver.timeout = resolver.lifetime = self._timeout
        return resolver

    def _zone_of(self, name: str) -> str:
        """The nearest name, from this one up, that has an SOA record."""
        if name not in self._zones:
            self._zones[name] = (
                name if name == "." or self._has_soa(name) else self._zone_of(name.partition(".")[2] or ".")
            )
        return self._zones[name]

    def _has_soa(self, name: str) -> bool:
        dns = _dnspython()
        try:
            answer = self._resolver.resolve(name, "SOA", raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return False
        # Where the name is a CNAME, this is the SOA of its target.
        return answer.rrset is not None and answer.rrset.name == dns.name.from_text(name)

    def _find_servers(self, zone: str) -> list[Server]:
        hosts = sorted(str(host.target) for host in self._resolver.resolve(zone, "NS"))
        return [
            Server("%s (%s)" % (host, address), address, self._port)
            for host in hosts
            for address in self._addresses(host)
        ]

    def _addresses(self, host: str) -> list[str]:
        dns = _dnspython()
        found = []
        for type_, family in (("A", socket.AF_INET), ("AAAA", socket.AF_INET6)):
            try:
                addresses = [record.address for record in self._resolver.resolve(host, type_, raise_on_no_answer=False)]
            except dns.resolver.NXDOMAIN:
                return []
            found += [address for address in addresses if _is_reachable(family, address)]
        return found


def _is_reachable(family: int, address: str) -> bool:
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


def servers_by(nameservers: Sequence[str], resolver: Optional[str], timeout: float) -> ServersOf:
    """Which servers to ask for a name, by the options of these names.

    :raises InputError: one of them is no server.
    """
    servers = [given_server(text, "nameservers[%d]" % index) for index, text in enumerate(nameservers)]
    if servers:
        return lambda name: servers
    finder = Finder(given_server(resolver, "resolver") if resolver else None, timeout)
    if resolver:
        return finder.servers_of

    def servers_of(name: str) -> Union[Sequence[Server], NoServers]:
        found = finder.servers_of(name)
        if isinstance(found, NoServers) and found.diagnosis == NOT_DELEGATED and not _knows_public_dns(timeout):
            return NoServers(NO_ANSWER, "%s could not be looked up: the system's resolver does not know public DNS. "
                                        "Name servers can be given by resolver or nameservers." % name.rstrip("."))
        return found

    return servers_of


@functools.lru_cache(maxsize=None)
def _knows_public_dns(timeout: float) -> bool:
    """Whether the system's resolver knows the root of public DNS. One that does not answers for no domain for certain."""
    dns = _dnspython()
    try:
        return len(dns.resolver.resolve(".", "NS", lifetime=timeout)) > 0
    except (dns.exception.DNSException, OSError):
        return False


# Asking


def ask(server: Server, name: str, type_: str, timeout: float) -> Answer:
    """Ask one server one question, by UDP, and by TCP where the answer does not fit.

    :param timeout: in seconds, of all attempts together.
    """
    dns = _dnspython()
    query = dns.message.make_query(name, type_, use_edns=0, payload=_PAYLOAD)
    if not server.recursive:
        query.flags &= ~dns.flags.RD
    failure = ""
    for _attempt in range(_ATTEMPTS):
        try:
            response, _by_tcp = dns.query.udp_with_fallback(query, server.address, timeout / _ATTEMPTS, server.port)
            return _answer(server, name, type_, response)
        except dns.exception.Timeout:
            failure = "no answer within %g s" % timeout
        except (dns.exception.DNSException, OSError, EOFError) as error:
            failure = _one_line(error)
    return Answer(server.name, failure=failure)


def _answer(server: Server, name: str, type_: str, response: Any) -> Answer:
    dns = _dnspython()
    owner = dns.name.from_text(name)
    rcode = response.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Answer(server.name, failure="it answers %s" % dns.rcode.to_text(rcode))
    by_type = {dns.rdatatype.to_text(rrset.rdtype): rrset for rrset in response.answer if rrset.name == owner}
    if type_ in by_type:
        return Answer(server.name, values=tuple(sorted(canonical(type_, rdata.to_text()) for rdata in by_type[type_])))
    if CNAME in by_type:
        return Answer(server.name, alias=canonical(CNAME, by_type[CNAME][0].to_text()))
    if not response.flags & dns.flags.AA and any(rrset.rdtype == dns.rdatatype.NS for rrset in response.authority):
        return Answer(server.name, failure="it is not authoritative for the name, and refers to other servers")
    return Answer(server.name)


# Looking and waiting


class Looker:
    """Looks for wanted records on all of their servers.

    :param servers_of: gives the servers for a name.
    :param timeout: of each question, in seconds.
    """

    def __init__(self, wishes: Sequence[Wish], servers_of: ServersOf, timeout: float) -> None:
        self._wishes = wishes
        self._servers_of = servers_of
        self._timeout = timeout
        self._peers: dict[tuple[str, str], list[Wish]] = {}
        for wish in wishes:
            self._peers.setdefault((wish.name, wish.type), []).append(wish)
        self.results: list[dict[str, Any]] = []

    def look(self) -> bool:
        """Look once, only for those that were not present before.

        :returns: whether all are present now. What was found is in C(results), one for each wish, in order.
        """
        results = self.results or [{"status": None}] * len(self._wishes)
        is_open = [result["status"] != PRESENT for result in results]
        keys = list(dict.fromkeys((wish.name, wish.type) for wish, still in zip(self._wishes, is_open) if still))
        with concurrent.futures.ThreadPoolExecutor(_THREADS) as threads:
            names = list(dict.fromkeys(name for name, _type in keys))
            servers = dict(zip(names, threads.map(self._servers_of, names)))
            questions = [(server, name, type_) for name, type_ in keys for server in _each(servers[name])]
            replies = dict(zip(questions, threads.map(lambda question: ask(*question, self._timeout), questions)))
        self.results = [
            self._judge(wish, servers[wish.name], replies) if still else result
            for wish, still, result in zip(self._wishes, is_open, results)
        ]
        return all(result["status"] == PRESENT for result in self.results)

    def _judge(
        self, wish: Wish, servers: Union[Sequence[Server], NoServers], replies: dict[Any, Answer]
    ) -> dict[str, Any]:
        answers = [replies[(server, wish.name, wish.type)] for server in _each(servers)]
        problem = servers if isinstance(servers, NoServers) else None
        return judge(wish, self._peers[(wish.name, wish.type)], answers, problem)

    def wait(self, timeout: float, interval: float) -> bool:
        """Look until all are present, or until the time is over.

        :param timeout: in seconds.
        :param interval: the first pause, in seconds. Pauses grow, with jitter.
        :returns: whether all are present.
        """
        deadline = time.monotonic() + timeout
        rests = pauses(interval)
        while not self.look():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, next(rests)))
        return True


def _each(servers: Union[Sequence[Server], NoServers]) -> Iterable[Server]:
    return () if isinstance(servers, NoServers) else servers


# SPF


def spf_lookups(text: str) -> int:
    """How many DNS lookups an SPF record takes, with its includes looked up by the system's resolver."""
    return count_lookups(text, _fetch_spf)


def _fetch_spf(domain: str) -> Optional[str]:
    dns = _dnspython()
    try:
        answer = dns.resolver.resolve(name_key(domain), TXT, lifetime=_SPF_TIMEOUT)
    except (dns.exception.DNSException, OSError):
        return None
    return next((text for text in (canonical(TXT, rdata.to_text()) for rdata in answer) if is_spf(text)), None)


# dnspython


def _dnspython() -> Any:
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


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
