# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""What nearly all DNS messages of this collection have in them, to and from wire format (RFC 1035, 3 and 4).

dnspython takes ten times as long for it, because it makes objects of all names and values. What is not as usual is left to it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import struct
from typing import Any, Iterator, NamedTuple, Optional

from ._errors import MissingLibraryError
from ._rdata import CNAME, MAX_STRING, MX, TXT, name_key, split_mx

# Of a message's header (RFC 1035, 4.1.1): its length in bytes, bits of its third and fourth byte, and of both together.
HEADER = 12
QR, OPCODE, TC, RD = 0x80, 0x78, 0x02, 0x01
RCODE = 0x0F
AA = 0x0400

# Numbers of types.
SOA, TSIG = 6, 250
# The class of the internet, and that of what is of no class.
IN, ANY = 1, 255

# Response codes of a server that may not have understood the question, and so may leave it out: FORMERR, SERVFAIL, NOTIMP, REFUSED.
_WITHOUT_QUESTION = frozenset((1, 2, 4, 5))

_NUMBERS = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")  # type, class, TTL, and length of the rdata

# What an SOA record has after two names (RFC 1035, 3.3.13).
_SOA_NUMBERS = struct.Struct("!5I")

# Names are compressed by pointers to where they were before in the message (RFC 1035, 4.1.4).
_POINTER = 0xC0
_OFFSET = 0x3FFF
_TO_QUESTION = bytes((_POINTER, HEADER))
_LONGEST_LABEL = 63
_MAX_NAME = 253  # characters, without the trailing dot

# A name without escapes, which nearly all are, and which need no library.
_PLAIN_NAME = re.compile(r"([A-Za-z0-9_*-]{1,63}(\.|$))+")
# What dnspython shows without an escape, of the characters that names and texts of this service have.
_PLAIN_LABEL = re.compile(rb"[A-Za-z0-9_*-]{1,63}")
_PLAIN_STRING = re.compile(rb"[ !#-\[\]-~]*")
_NO_TTL = 1 << 31


class Record(NamedTuple):
    """A record of a message.

    :param wire: of the whole message.
    :param start: where its owner's name is.
    :param type: its number.
    :param class_: its number.
    :param ttl: in seconds.
    :param position: where its rdata is.
    :param end: where that ends.
    """

    wire: bytes
    start: int
    type: int
    class_: int
    ttl: int
    position: int
    end: int

    @property
    def owner(self) -> str:
        """The name key of its owner."""
        return name_key(name_at(self.wire, self.start))

    @property
    def is_of_question(self) -> bool:
        """Whether its owner's name is a pointer to the one that was asked for, as it nearly always is in answers."""
        return self.wire[self.start : self.start + 2] == _TO_QUESTION

    @property
    def rdata(self) -> bytes:
        """The rdata as it is in the message, where names can be compressed."""
        return self.wire[self.position : self.end]

    def text(self) -> str:
        """The rdata as a zone file has it.

        :raises DNSException: it cannot be read.
        """
        read = _TEXTS.get(type_text(self.type))
        with contextlib.suppress(struct.error, IndexError):  # dnspython tells what is wrong
            text = read(self.wire, self.position, self.end) if read else None
            if text is not None:
                return text
        rdata = dnspython().rdata
        return rdata.from_wire(self.class_, self.type, self.wire, self.position, self.end - self.position).to_text()


class Message:
    """A message in wire format.

    :raises struct.error: it is cut short.
    """

    def __init__(self, wire: bytes) -> None:
        self._wire = wire
        self.number, self.flags, self.questions, self.answers, self.authorities, self.others = _NUMBERS.unpack_from(
            wire
        )

    @property
    def rcode(self) -> int:
        """The response code, as far as it is in the header."""
        return self.flags & RCODE

    def records(self) -> Iterator[Record]:
        """The records of all sections, in order.

        :raises struct.error: they are cut short.
        :raises IndexError: they are cut short.
        """
        wire = self._wire
        position = HEADER
        for _number in range(self.questions):
            position = end_of_name(wire, position) + 4
        for _number in range(self.answers + self.authorities + self.others):
            start = position
            position = end_of_name(wire, start)
            type_, class_, ttl, length = _RECORD.unpack_from(wire, position)
            position += _RECORD.size
            end = position + length
            if end > len(wire):
                raise struct.error("a record that is cut short")
            yield Record(wire, start, type_, class_, seconds(ttl), position, end)
            position = end


# Questions, and what is a response to them


def question(name: str, type_: str) -> bytes:
    """A question in wire format.

    :raises DNSException: there can be no such name.
    """
    return wire_name(name) + struct.pack("!HH", type_number(type_), IN)


def mismatch(wire: bytes, number: int, asked: bytes, needs_question: bool = True) -> Optional[str]:
    """Why a message is not a response to a question; C(None) where it is.

    :param number: the id of the query.
    :param asked: its only question, in wire format. Names compare without regard to case.
    :param needs_question: whether the response must repeat it. Errors may leave it out.
    """
    if len(wire) < HEADER:
        return "it is shorter than a header"
    message = Message(wire)
    if message.number != number:
        return "it has another id"
    if not wire[2] & QR:
        return "it is not a response"
    if wire[2] & OPCODE:
        return "it has another opcode"
    if not message.questions and (message.rcode in _WITHOUT_QUESTION or not needs_question):
        return None
    if message.questions != 1:
        return "it has %d questions" % message.questions
    given = wire[HEADER : HEADER + len(asked)]
    # What comes after the name is numbers, which have no case.
    if (given[:-4].lower(), given[-4:]) != (asked[:-4].lower(), asked[-4:]):
        return "it answers another question"
    return None


# Names


def wire_name(name: str) -> bytes:
    """An absolute name, with or without its trailing dot, in wire format (RFC 1035, 3.1).

    :raises DNSException: there can be no such name.
    """
    if not _PLAIN_NAME.fullmatch(name) or len(name) > _MAX_NAME:
        return dnspython().name.from_text(name).to_wire()
    return b"".join([bytes((len(label),)) + label for label in name.rstrip(".").encode("ascii").split(b".")]) + b"\0"


def name_at(wire: bytes, position: int) -> str:
    """The name at a position of a message, with a trailing dot, and escapes where it needs them.

    :raises DNSException: there is none.
    """
    plain = None
    with contextlib.suppress(IndexError):  # dnspython tells what is wrong
        plain = _plain_name(wire, position)
    return dnspython().name.from_wire(wire, position)[0].to_text() if plain is None else plain


def end_of_name(wire: bytes, position: int) -> int:
    """Where a name ends that begins at a position.

    :raises struct.error: there is none.
    :raises IndexError: it is cut short.
    """
    while (length := wire[position]) and length < _POINTER:
        if length > _LONGEST_LABEL:
            raise struct.error("a label of %d bytes" % length)
        position += 1 + length
    return position + (2 if length else 1)


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
    name = b".".join(labels)
    return name.decode("ascii") + "." if len(name) <= _MAX_NAME else None


# Types and TTLs


def seconds(ttl: int) -> int:
    """A TTL, of which one with the highest bit counts as none (RFC 2181, 8)."""
    return ttl if ttl < _NO_TTL else 0


@functools.lru_cache(maxsize=None)
def type_text(type_: int) -> str:
    """A type's name by its number."""
    return dnspython().rdatatype.to_text(type_)


@functools.lru_cache(maxsize=None)
def type_number(type_: str) -> int:
    """A type's number by its name."""
    return int(dnspython().rdatatype.from_text(type_))


def soa_numbers(record: Record) -> tuple[int, ...]:
    """Serial, refresh, retry, expire and minimum of an SOA record.

    :raises struct.error: it is none.
    """
    position = end_of_name(record.wire, end_of_name(record.wire, record.position))
    if position + _SOA_NUMBERS.size != record.end:
        raise struct.error("an SOA record of another length")
    return _SOA_NUMBERS.unpack_from(record.wire, position)


# Rdata as its text, or C(None) where it takes dnspython to read it, and to tell what is wrong with it.


def _cname_text(wire: bytes, position: int, end: int) -> Optional[str]:
    return _plain_name(wire, position) if end_of_name(wire, position) == end else None


def _mx_text(wire: bytes, position: int, end: int) -> Optional[str]:
    host = _cname_text(wire, position + 2, end)
    return host and "%d %s" % (int.from_bytes(wire[position : position + 2], "big"), host)


def _txt_text(wire: bytes, position: int, end: int) -> Optional[str]:
    strings = []
    while position < end:
        following = position + 1 + wire[position]
        strings.append(wire[position + 1 : following])
        position = following
    if not strings or position != end or not all(map(_PLAIN_STRING.fullmatch, strings)):
        return None
    return " ".join(['"%s"' % string.decode("ascii") for string in strings])


_TEXTS = {CNAME: _cname_text, MX: _mx_text, TXT: _txt_text}


# Canonical values (of C(_rdata)) as rdata


def rdata_of_value(type_: str, value: str) -> bytes:
    """A canonical value as rdata.

    :raises DNSException: it is none of the type.
    """
    write = _RDATA.get(type_)
    if write is not None:
        return write(value)
    dns = dnspython()
    return dns.rdata.from_text(dns.rdataclass.IN, type_, value).to_wire()


def _mx_rdata(value: str) -> bytes:
    preference, host = split_mx(value)
    return struct.pack("!H", preference) + wire_name(host)


def _txt_rdata(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogateescape")
    strings = [raw[start : start + MAX_STRING] for start in range(0, len(raw), MAX_STRING)] or [b""]
    return b"".join([bytes((len(string),)) + string for string in strings])


_RDATA = {CNAME: wire_name, MX: _mx_rdata, TXT: _txt_rdata}


# Records to send


class Section:
    """Records of an update (RFC 2136), as they are sent. What C(dnspython) takes for a record set.

    :param zone: the name key of what is updated, which is the question of the message.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._records: list[tuple[str, bytes, bytes]] = []
        self.size = 0  # bytes at most

    def __len__(self) -> int:
        return len(self._records)

    def extend(self, other: Section) -> None:
        """Append all records of another section of the same zone."""
        self._records += other._records
        self.size += other.size

    def add(self, name: str, type_: str, class_: int, ttl: int, rdata: bytes) -> None:
        """Append a record.

        :param name: a name key.
        :raises DNSException: there can be no such name.
        """
        rest = _RECORD.pack(type_number(type_), class_, ttl, len(rdata)) + rdata
        owner = self._wire_owner(name)
        self._records.append((name, owner, rest))
        self.size += len(owner) + len(rest)

    def _wire_owner(self, name: str) -> bytes:
        """A name, of which the zone is a pointer to the question."""
        wire = wire_name(name)
        is_plain_below = (name == self._zone or name.endswith("." + self._zone)) and "\\" not in name
        return wire[: len(name) - len(self._zone)] + _TO_QUESTION if is_plain_below else wire

    def to_wire(self, file: Any, *_compression: Any, **_options: Any) -> int:
        """Write all of them to a message. Of several records of one name, the later ones point to the first.

        :returns: their number.
        """
        places: dict[str, bytes] = {}
        for name, owner, rest in self._records:
            place = file.tell()
            file.write(places.get(name, owner) + rest)
            if place <= _OFFSET:
                places.setdefault(name, struct.pack("!H", _POINTER << 8 | place))
        return len(self._records)


# dnspython


class _Parts:
    """The package C(dns), whose parts are imported once they are used: to import all takes as long as some runs."""

    def __getattr__(self, name: str) -> Any:
        part = importlib.import_module("dns." + name)
        setattr(self, name, part)
        return part


@functools.lru_cache(maxsize=None)
def dnspython() -> Any:
    """The library, of which any part can be used as an attribute.

    :raises MissingLibraryError: it cannot be imported.
    """
    try:
        importlib.import_module("dns")
    except ImportError:
        raise MissingLibraryError("dnspython", "to ask DNS servers") from None
    return _Parts()
