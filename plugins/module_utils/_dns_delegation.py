# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Finding the authoritative servers of a name, by following delegations from the zone's top.

The resolver is asked for domains and for the addresses of name servers, never for the names of records: it would
remember for a while that one is not there, and everything below it (RFC 2308, RFC 8020). What lies between is asked of the
authoritative servers, which remember nothing.
"""

from __future__ import annotations

import functools
import socket
import threading
import time
from typing import Any, Callable, NamedTuple, Optional, Sequence, Union

from ._dns_answers import NoServers
from ._dns_exchange import Server, Unanswered, exchange, one_line
from ._dns_query import DNS_PORT, given_server, is_reachable
from ._dns_resolver import checked, system_resolver
from ._dns_wire import dnspython
from ._rdata import name_key
from ._vocabulary import NO_ANSWER, NOT_DELEGATED

ServersOf = Callable[[str], Union[Sequence[Server], NoServers]]

# A first, short attempt at each of several servers, in seconds: one that is down must not cost each name its whole time.
_QUICK = 1.0
# How long it is remembered that a server does not answer, or that its address cannot be found, in seconds.
_MEMORY = 30.0
_MAX_CUTS = 16  # delegations that are followed, so that a loop of them ends
# Name servers of a zone, and addresses of one of each kind. The root and the largest zones have 13, with one of each.
_MAX_HOSTS, _MAX_ADDRESSES = 32, 8


class _Zone(NamedTuple):
    """A zone and all of its servers."""

    apex: str
    servers: Sequence[Server]


class _NotDelegated(Exception):
    """There is certainly no zone for a name."""


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
            return NoServers(
                NO_ANSWER,
                "%s could not be looked up: the system's resolver does not know public DNS. Name servers can be given by "
                "resolver or nameservers." % name.rstrip("."),
            )
        return found

    return servers_of


@functools.lru_cache(maxsize=None)
def _knows_public_dns(timeout: float) -> bool:
    """Whether the system's resolver knows the root of public DNS. One that does not answers for no domain for certain."""
    dns = dnspython()
    try:
        return len(system_resolver().resolve(".", "NS", lifetime=timeout)) > 0
    except (dns.exception.DNSException, OSError):
        return False


class Finder:
    """Finds the authoritative servers of names. Zones that were found are kept; what was not is looked for anew.

    :param resolver: the server to begin at, C(None) for the system's.
    :param timeout: of each question, in seconds.
    :param port: where authoritative servers listen.
    """

    def __init__(self, resolver: Optional[Server], timeout: float, port: int = DNS_PORT) -> None:
        self._given = resolver
        self._timeout = timeout
        self._port = port
        self._kept: dict[str, tuple[float, _Zone]] = {}  # with the time until when
        self._slow: set[Server] = set()  # asked last from then on
        self._silent: dict[Server, float] = {}  # until when they are not asked again
        self._lost: dict[str, tuple[float, str]] = {}  # name servers without an address: until when, and why
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def servers_of(self, name: str) -> Union[Sequence[Server], NoServers]:
        """All authoritative servers of the zone that a name lies in."""
        dns = dnspython()
        key = name_key(name)
        try:
            zone = self._descend(self._highest_zone(key), key)
        except _NotDelegated:
            return NoServers(
                NOT_DELEGATED,
                "There is no zone for %s in public DNS: the domain is not registered, or not delegated to its DNS "
                "provider." % name,
            )
        except (dns.exception.DNSException, OSError) as error:
            return NoServers(NO_ANSWER, "The authoritative servers of %s cannot be found: %s" % (name, one_line(error)))
        return zone.servers or NoServers(
            NOT_DELEGATED, "None of the name servers of %s has an address that can be reached from here." % zone.apex
        )

    # By the resolver

    @functools.cached_property
    def _resolver(self) -> Any:
        dns = dnspython()
        resolver = dns.resolver.Resolver(configure=self._given is None)
        if self._given is not None:
            resolver.nameservers = [self._given.address]
            resolver.port = self._given.port
        resolver.timeout = resolver.lifetime = self._timeout
        return checked(resolver)

    def _highest_zone(self, name: str) -> _Zone:
        """The highest zone above a name, or at it, that is no top-level domain.

        :raises _NotDelegated: there is none.
        :raises DNSException: that could not be found out.
        """
        dns = dnspython()
        labels = name[:-1].split(".")
        failure: Optional[Exception] = None
        for start in range(len(labels) - 2, -1, -1):
            apex = ".".join(labels[start:]) + "."
            try:
                return self._once(apex, self._zone_at)
            except _NotDelegated:
                continue
            except dns.resolver.NXDOMAIN:
                break  # There is nothing below either (RFC 8020).
            except dns.resolver.NoNameservers as error:
                failure = failure or error
        raise failure or _NotDelegated

    def _zone_at(self, apex: str) -> _Zone:
        """The zone with this apex, by the resolver."""
        dns = dnspython()
        answer = self._resolver.resolve(apex, "SOA", raise_on_no_answer=False)
        # Where the name is a CNAME, this is the SOA of its target.
        if answer.rrset is None or answer.rrset.name != dns.name.from_text(apex):
            raise _NotDelegated
        hosts = sorted(str(record.target) for record in self._resolver.resolve(apex, "NS"))[:_MAX_HOSTS]
        return _Zone(apex, [server for host in hosts for server in self._servers_at(host, ())])

    def _servers_at(self, host: str, glue: Sequence[str]) -> list[Server]:
        """The servers of a name, at the addresses that the resolver knows, else at those that came with a delegation."""
        addresses, problem = self._addresses(host)
        if problem and not addresses and not glue:
            return [Server(host, "", self._port, problem=problem)]
        return [
            Server("%s (%s)" % (host, address), address, self._port)
            for address in addresses or glue[: 2 * _MAX_ADDRESSES]
        ]

    def _addresses(self, host: str) -> tuple[list[str], str]:
        """The addresses of a name server, and why they are not all known, empty where they are."""
        dns = dnspython()
        found: list[str] = []
        until, problem = self._lost.get(host, (0.0, ""))
        if time.monotonic() < until:
            return found, problem
        for type_, family in (("A", socket.AF_INET), ("AAAA", socket.AF_INET6)):
            try:
                answer = self._resolver.resolve(host, type_, raise_on_no_answer=False)
            except dns.resolver.NXDOMAIN:
                continue
            except (dns.resolver.NoNameservers, dns.resolver.LifetimeTimeout) as error:
                problem = "its address cannot be found: %s" % one_line(error)
                if not found:
                    self._lost[host] = (time.monotonic() + _MEMORY, problem)
                return found, problem
            found += [record.address for record in answer if is_reachable(family, record.address)][:_MAX_ADDRESSES]
        return found, ""

    # By authoritative servers

    def _descend(self, zone: _Zone, name: str) -> _Zone:
        """The zone that a name lies in, from one above it down."""
        for _cut in range(_MAX_CUTS):
            below = self._next_cut(zone, name)
            if below is None:
                break
            zone = below
        return zone

    def _next_cut(self, zone: _Zone, name: str) -> Optional[_Zone]:
        """The next zone on the way from a zone to a name, C(None) where the name lies in this one."""
        while name != zone.apex:
            server, response = self._first_answer(zone, name, "SOA")
            if response is None:
                return None
            if not self._is_alias(response, name):
                apex = self._apex_below(response, zone, name)
                if apex is None:
                    return None
                return self._once(apex, functools.partial(self._zone_told_by, server=server, response=response))
            name = name.partition(".")[2]  # A CNAME can be at no apex, and its answer does not tell the zone.
        return None

    def _first_answer(self, zone: _Zone, name: str, type_: str) -> tuple[Optional[Server], Any]:
        """A response of the first of the zone's servers that is of use."""
        dns = dnspython()
        now = time.monotonic()
        servers = [server for server in zone.servers if self._silent.get(server, now) <= now]
        servers.sort(key=lambda server: server in self._slow)
        quick = [] if len(servers) == 1 or self._timeout <= _QUICK else [(server, _QUICK) for server in servers]
        for server, timeout in quick + [(server, self._timeout) for server in servers]:
            try:
                response = exchange(server, name, type_, timeout)
            except Unanswered:
                self._slow.add(server)
                if timeout == self._timeout:
                    self._silent[server] = time.monotonic() + _MEMORY
                continue
            self._slow.discard(server)
            if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return server, response
        return None, None

    def _is_alias(self, response: Any, name: str) -> bool:
        dns = dnspython()
        owner = dns.name.from_text(name)
        return any(rrset.rdtype == dns.rdatatype.CNAME and rrset.name == owner for rrset in response.answer)

    def _apex_below(self, response: Any, zone: _Zone, name: str) -> Optional[str]:
        """The apex below this zone's that a response tells, by a delegation or by the SOA of a zone at the same server."""
        dns = dnspython()
        told = [
            name_key(rrset.name.to_text())
            for rrset in response.answer + response.authority
            if rrset.rdtype in (dns.rdatatype.NS, dns.rdatatype.SOA)
        ]
        between = [apex for apex in told if apex.endswith("." + zone.apex) and ("." + name).endswith("." + apex)]
        return between[0] if between else None

    def _zone_told_by(self, apex: str, server: Optional[Server], response: Any) -> _Zone:
        """The zone of an apex with the servers that a response delegates it to, or that its own server tells."""
        dns = dnspython()
        hosts = self._hosts(response.authority, apex)
        if not hosts and server is not None:
            try:
                response = exchange(server, apex, "NS", self._timeout)
                hosts = self._hosts(response.answer + response.authority, apex)
            except Unanswered:
                pass
        glue: dict[str, list[str]] = {}
        for rrset in response.additional:
            if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
                glue.setdefault(name_key(rrset.name.to_text()), []).extend(
                    record.address
                    for record in rrset
                    if is_reachable(socket.AF_INET6 if ":" in record.address else socket.AF_INET, record.address)
                )
        return _Zone(apex, [one for host in hosts for one in self._servers_at(host, glue.get(host, ()))])

    def _hosts(self, section: Sequence[Any], apex: str) -> list[str]:
        dns = dnspython()
        owner = dns.name.from_text(apex)
        return sorted(
            name_key(record.target.to_text())
            for rrset in section
            if rrset.rdtype == dns.rdatatype.NS and rrset.name == owner
            for record in rrset
        )[:_MAX_HOSTS]

    def _once(self, apex: str, find: Callable[[str], _Zone]) -> _Zone:
        """A zone, found by one thread while others wait. One without servers is not kept, one that lacks addresses not for long."""
        with self._lock:
            lock = self._locks.setdefault(apex, threading.Lock())
        with lock:
            until, zone = self._kept.get(apex, (0.0, _Zone(apex, ())))
            if until <= time.monotonic():
                zone = find(apex)
                if zone.servers:
                    is_whole = not any(server.problem for server in zone.servers)
                    self._kept[apex] = (float("inf") if is_whole else time.monotonic() + _MEMORY, zone)
            return zone
