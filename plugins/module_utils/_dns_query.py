# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""What DNS servers say of names."""

from __future__ import annotations

import functools
import ipaddress
import re
import socket
import struct
import time
from typing import Any, Optional, Sequence

from ._dns_answers import Absence, Answer
from ._dns_exchange import AA, HEADER, RCODE, Question, Reply, Server, Unanswered, dnspython, exchange_all, one_line
from ._dns_spf import count_lookups
from ._errors import InputError
from ._records import CNAME, MX, TXT, canonical, is_spf, name_key

DNS_PORT = 53

_SPF_TIMEOUT = 2.0

# Names are compressed by pointers to where they were before in the message (RFC 1035, 4.1.4).
_POINTER = 0xC0
_OFFSET = 0x3FFF
_LONGEST_LABEL = 63
_MAX_NAME = 254  # characters, with the trailing dot

# What dnspython shows without an escape, of the characters that names and texts of this service have.
_PLAIN_LABEL = re.compile(rb"[A-Za-z0-9_*-]{1,63}")
_PLAIN_STRING = re.compile(rb"[ !#-\[\]-~]*")
_NO_TTL = 1 << 31
# What an SOA record has after two names (RFC 1035, 3.3.13).
_SOA_NUMBERS = struct.Struct("!5I")
_QUESTION_POINTER = bytes((_POINTER, HEADER))


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


def ask_all(questions: Sequence[Question], timeout: float) -> list[Answer]:
    """What servers say, to each question.

    :param timeout: of each question, in seconds.
    """
    replies = exchange_all(questions, timeout)
    return [_answer(*question, reply) for question, reply in zip(questions, replies)]


def _answer(server: Server, name: str, type_: str, reply: Reply) -> Answer:
    if isinstance(reply, Unanswered):
        return Answer(server.name, failure=str(reply))
    dns = dnspython()
    try:
        message = _Light(reply, name)
        absence = message.absence()
        if absence is not None:
            return Answer(server.name, absence=absence)
        found = message.found()
        if type_ not in found and CNAME not in found:
            response = dns.message.from_wire(reply, ignore_trailing=True)
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
        return Answer(server.name, absence=_absence(response))
    ttl, rdatas = found[here]
    texts = tuple(sorted(rdatas))
    if here != type_:
        return Answer(server.name, rdatas=texts, ttl=ttl, alias=canonical(CNAME, texts[0]))
    return Answer(server.name, rdatas=texts, ttl=ttl, values=tuple(sorted(canonical(type_, text) for text in texts)))


class _Light:
    """Of a message what most answers are: what a server has itself at a name, or that there is nothing.

    It is had in a fraction of the time that the whole message takes (RFC 1035, 4; RFC 2308, 2). Of other messages nothing is had.
    """

    def __init__(self, wire: bytes, name: str) -> None:
        self._wire = wire
        self._name = name
        _id, self._flags, questions, self._records, self._authorities, _more = struct.unpack_from("!HHHHHH", wire)
        self._is_own = bool(self._flags & AA) and questions == 1
        self._start = _end_of_name(wire, HEADER) + 4 if self._is_own else 0

    def found(self) -> dict[str, tuple[int, list[str]]]:
        """TTL and rdata by type of what is at the name."""
        found: dict[str, tuple[int, list[str]]] = {}
        if not self._is_own or self._flags & RCODE:
            return found
        position = self._start
        for _number in range(self._records):
            is_here = self._is_at_name(position)
            position = _end_of_name(self._wire, position)
            type_, class_, ttl, length = struct.unpack_from("!HHIH", self._wire, position)
            position += 10
            if is_here:
                rdata = self._rdata(class_, type_, position, length)
                found.setdefault(_type_text(type_), (_seconds(ttl), []))[1].append(rdata)
            position += length
        return found

    def absence(self) -> Optional[Absence]:
        """What the one SOA record of an answer without records says."""
        dns = dnspython()
        rcode = self._flags & RCODE
        is_certain = self._is_own and rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
        if not is_certain or (self._records, self._authorities) != (0, 1):
            return None
        position = _end_of_name(self._wire, self._start)
        type_, _class, ttl, length = struct.unpack_from("!HHIH", self._wire, position)
        position += 10
        numbers = _end_of_name(self._wire, _end_of_name(self._wire, position))
        if type_ != dns.rdatatype.SOA or numbers + _SOA_NUMBERS.size != position + length:
            return None
        *_others, minimum = _SOA_NUMBERS.unpack_from(self._wire, numbers)
        return Absence(
            zone=name_key(dns.name.from_wire(self._wire, self._start)[0].to_text()),
            until=time.time() + min(_seconds(ttl), _seconds(minimum)),
            name_exists=rcode == dns.rcode.NOERROR,
        )

    def _rdata(self, class_: int, type_: int, position: int, length: int) -> str:
        if position + length > len(self._wire):
            raise struct.error("a record that is cut short")
        read = _RDATA_FROM_WIRE.get(_type_text(type_))
        text = read(self._wire, position, position + length) if read else None
        if text is not None:
            return text
        return dnspython().rdata.from_wire(class_, type_, self._wire, position, length).to_text()

    def _is_at_name(self, position: int) -> bool:
        """Whether a record is at the name: nearly always it points to the question."""
        if self._wire[position : position + 2] == _QUESTION_POINTER:
            return True
        dns = dnspython()
        return dns.name.from_wire(self._wire, position)[0] == dns.name.from_text(self._name)


@functools.lru_cache(maxsize=None)
def _type_text(type_: int) -> str:
    return dnspython().rdatatype.to_text(type_)


# Rdata in a message as its text, or C(None) where it takes dnspython to read it, and to tell what is wrong with it.


def _cname_from_wire(wire: bytes, position: int, end: int) -> Optional[str]:
    return _plain_name(wire, position) if _end_of_name(wire, position) == end else None


def _mx_from_wire(wire: bytes, position: int, end: int) -> Optional[str]:
    host = _cname_from_wire(wire, position + 2, end)
    return host and "%d %s" % (int.from_bytes(wire[position : position + 2], "big"), host)


def _txt_from_wire(wire: bytes, position: int, end: int) -> Optional[str]:
    strings = []
    while position < end:
        following = position + 1 + wire[position]
        strings.append(wire[position + 1 : following])
        position = following
    if not strings or position != end or not all(map(_PLAIN_STRING.fullmatch, strings)):
        return None
    return " ".join('"%s"' % string.decode("ascii") for string in strings)


_RDATA_FROM_WIRE = {CNAME: _cname_from_wire, MX: _mx_from_wire, TXT: _txt_from_wire}


def _plain_name(wire: bytes, position: int) -> Optional[str]:
    """The name at a position, unless it needs escapes."""
    labels = []
    earliest = position
    while length := wire[position]:
        if length >= _POINTER:
            position = int.from_bytes(wire[position : position + 2], "big") & _OFFSET
            if position >= earliest:  # it must be a place before: else it could go round in circles
                return None
            earliest = position
            continue
        label = wire[position + 1 : position + 1 + length]
        if not _PLAIN_LABEL.fullmatch(label) or len(label) < length:
            return None
        labels.append(label)
        position += 1 + length
    name = b".".join(labels) + b"."
    return name.decode("ascii") if len(name) <= _MAX_NAME else None


def _seconds(ttl: int) -> int:
    """A TTL, of which one with the highest bit counts as none (RFC 2181, 8)."""
    return ttl if ttl < _NO_TTL else 0


def _end_of_name(wire: bytes, position: int) -> int:
    while (length := wire[position]) and length < _POINTER:
        if length > _LONGEST_LABEL:
            raise struct.error("a label of %d bytes" % length)
        position += 1 + length
    return position + (2 if length else 1)


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
