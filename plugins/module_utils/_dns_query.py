# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""What DNS servers say of names."""

from __future__ import annotations

import functools
import ipaddress
import itertools
import re
import socket
import struct
import time
from typing import Any, Mapping, Optional, Sequence

from ._dns_answers import Absence, Answer
from ._dns_exchange import Question, Reply, Server, Unanswered, exchange_all, one_line, parsed
from ._dns_wire import AA, IN, SOA, Message, dnspython, seconds, soa_numbers, type_text
from ._errors import InputError
from ._rdata import CNAME, TXT, canonical, name_key

DNS_PORT = 53


_BRACKETED = re.compile(r"\[(?P<host>[^]]+)\](?::(?P<port>\d+))?")
_HOST_PORT = re.compile(r"(?P<host>[^:\s]+)(?::(?P<port>\d+))?")

# Addresses for documentation (RFC 5737, RFC 3849): whether there is a route to them shows whether there is one at all.
_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


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


def ask(server: Server, name: str, type_: str, timeout: float) -> Answer:
    """What one server says of one name and type.

    :param timeout: in seconds, of all attempts together.
    """
    return ask_all([(server, name, type_)], timeout)[0]


def ask_all(
    questions: Sequence[Question], timeout: float, timeouts: Optional[Mapping[Server, float]] = None
) -> list[Answer]:
    """What servers say, to each question.

    :param timeout: of each question, in seconds.
    :param timeouts: those of single servers that are given another one.
    """
    replies = exchange_all(questions, timeout, timeouts)
    return [_answer(*question, reply) for question, reply in zip(questions, replies)]


def _answer(server: Server, name: str, type_: str, reply: Reply) -> Answer:
    if isinstance(reply, Unanswered):
        return Answer(server.name, failure=str(reply))
    dns = dnspython()
    try:
        message = Message(reply)
        absence = _absence(message)
        if absence is not None:
            return Answer(server.name, absence=absence)
        found = _found(message, name)
        if type_ not in found and CNAME not in found:
            response = parsed(reply)
            failure = _uncertainty(server, response)
            if failure:
                return Answer(server.name, failure=failure)
            owner = dns.name.from_text(name)
            found = {
                dns.rdatatype.to_text(rrset.rdtype): (rrset.ttl, [rdata.to_text() for rdata in rrset])
                for rrset in response.answer
                if rrset.name == owner
            }
    except (dns.exception.DNSException, struct.error, IndexError) as error:
        return Answer(server.name, failure=one_line(error))
    here = type_ if type_ in found else CNAME
    if here not in found:
        return Answer(server.name, absence=_absence_by_dnspython(response))
    ttl, rdatas = found[here]
    texts = _distinct(here, rdatas)
    if here != type_:
        return Answer(server.name, rdatas=texts, ttl=ttl, alias=canonical(CNAME, texts[0]))
    return Answer(server.name, rdatas=texts, ttl=ttl, values=tuple(sorted(canonical(type_, text) for text in texts)))


def _distinct(type_: str, rdatas: Sequence[str]) -> tuple[str, ...]:
    """Each record once, sorted: one that arrives twice is still one (RFC 2181, 5).

    Host names compare without regard to case. Texts compare as they are split: two spellings of one text are two records.
    """
    by_value = {text if type_ == TXT else canonical(type_, text): text for text in sorted(rdatas, reverse=True)}
    return tuple(sorted(by_value.values()))


def _found(message: Message, name: str) -> dict[str, tuple[int, list[str]]]:
    """TTL and rdata by type of what a server has itself at a name, where nothing else is asked for; else nothing."""
    found: dict[str, tuple[int, list[str]]] = {}
    if not _is_own(message) or message.rcode:
        return found
    for record in itertools.islice(message.records(), message.answers):
        if record.class_ == IN and (record.is_of_question or record.owner == name_key(name)):
            found.setdefault(type_text(record.type), (record.ttl, []))[1].append(record.text())
    return found


def _absence(message: Message) -> Optional[Absence]:
    """What a server's own answer without records says, where it has no more than the zone's SOA record (RFC 2308, 2)."""
    dns = dnspython()
    is_certain = _is_own(message) and message.rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    if not is_certain or (message.answers, message.authorities) != (0, 1):
        return None
    soa = next(message.records())
    if (soa.type, soa.class_) != (SOA, IN):
        return None
    *_others, minimum = soa_numbers(soa)
    return Absence(
        zone=soa.owner,
        until=time.time() + min(soa.ttl, seconds(minimum)),
        name_exists=message.rcode == dns.rcode.NOERROR,
    )


def _is_own(message: Message) -> bool:
    return bool(message.flags & AA) and message.questions == 1


def _uncertainty(server: Server, response: Any) -> str:
    """Why an answer is none to rely on; empty where it is."""
    dns = dnspython()
    if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return "it answers %s" % dns.rcode.to_text(response.rcode())
    if response.flags & dns.flags.AA or server.recursive and response.flags & dns.flags.RA:
        return ""
    refers = any(rrset.rdtype == dns.rdatatype.NS for rrset in response.authority)
    return "it is not authoritative for the name" + (", and refers to other servers" if refers else "")


def _absence_by_dnspython(response: Any) -> Absence:
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
