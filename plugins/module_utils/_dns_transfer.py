# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Zone transfers (RFC 5936), signed by TSIG (RFC 8945) where there is a key.

A zone can have many thousands of records, of which few are looked at: that of dnspython takes three times as long.
"""

from __future__ import annotations

import math
import socket
import struct
import time
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, TypeVar

from ._dns_tcp import connect, receive, send
from ._dns_wire import ANY, IN, SOA, TSIG, Message, Record, dnspython, mismatch, question, soa_numbers
from ._errors import InputError, SmtpdError

_T = TypeVar("_T")

_MIB = 1 << 20
# Messages without a signature between two that have one (RFC 8945, 5.3.1).
_MAX_UNSIGNED = 99


class Limits(NamedTuple):
    """How much one transfer of a zone may take.

    :param seconds: from the connection to the last record.
    :param names: different names with records.
    :param mebibytes: of all messages together.
    """

    seconds: float = 300.0
    names: float = 500000.0
    mebibytes: float = 256.0

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Limits:
        """The limits that the option C(transfer_limits) has. What it leaves out, or has as empty, keeps its default.

        :raises InputError: a limit is unknown, or is not a number greater than 0.
        """
        for name in values:
            if name not in cls._fields:
                raise InputError("transfer_limits.%s" % name, "unknown limit. Known are %s." % ", ".join(cls._fields))
        return cls(**{name: _positive(name, value) for name, value in values.items() if value not in (None, "")})

    def exceeded(self, zone: str, name: str, unit: str) -> LimitExceeded:
        """The error that says that one of them is reached."""
        value = getattr(self, name)
        return LimitExceeded(
            "The transfer of zone %s was stopped at the limit of %s %s (transfer_limits.%s). If the zone is really that "
            "large, or its server that slow, set a higher limit, for example %s (role variable: "
            "sending_profile_dns_transfer_limits)." % (zone, _number(value), unit, name, _number(2 * value))
        )


DEFAULT_LIMITS = Limits()


def _positive(name: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or number <= 0:
        raise InputError("transfer_limits.%s" % name, "must be a finite number greater than 0, not '%s'." % (value,))
    return number


class LimitExceeded(SmtpdError):
    """A zone transfer was given up because it took too much."""


def transfer(
    host: str, port: int, zone: str, timeout: float, auth: dict[str, Any], limits: Limits = DEFAULT_LIMITS
) -> Iterator[Record]:
    """The records of a zone, but for the one SOA record that it begins and ends with.

    :param zone: its name key.
    :param timeout: of each message, in seconds: the whole takes as long as the zone is large.
    :param limits: of the whole. Names are for the caller to count, who keeps them.
    :param auth: C(keyring) and C(keyalgorithm), as octoDNS's class has them; without the first nothing is signed.
    :raises DNSException: the server refuses, or what comes is no such zone, or not signed by the key.
    :raises OSError: the server cannot be reached, or a message does not come in time.
    :raises EOFError: the connection ends before the zone does.
    :raises LimitExceeded: it takes too long, or is too large.
    """
    dns = dnspython()
    query = dns.message.make_query(zone, dns.rdatatype.AXFR)
    if auth.get("keyring"):
        query.use_tsig(auth["keyring"], algorithm=auth.get("keyalgorithm", dns.tsig.default_algorithm))
    wire = query.to_wire()
    budget = _Budget(zone, timeout, limits)
    with budget.within(lambda deadline: connect(host, port, deadline)) as connection:
        budget.within(lambda deadline: send(connection, wire, deadline))
        yield from _zone(connection, zone, budget, query)


class _Budget:
    """What is left of the limits of a transfer."""

    def __init__(self, zone: str, timeout: float, limits: Limits) -> None:
        self._zone = zone
        self._timeout = timeout
        self._limits = limits
        self._end = time.monotonic() + limits.seconds
        self._left = limits.mebibytes * _MIB

    def receive(self, connection: socket.socket) -> bytes:
        """The next message."""
        try:
            return self.within(lambda deadline: receive(connection, deadline, self._take))
        except EOFError:
            raise EOFError("the server closed the connection before the end of the zone") from None

    def within(self, step: Callable[[float], _T]) -> _T:
        """Do a step with its deadline."""
        now = time.monotonic()
        deadline = min(self._end, now + self._timeout)
        try:
            if now < self._end:
                return step(deadline)
        except socket.timeout:
            if deadline < self._end:
                raise
        raise self._limits.exceeded(self._zone, "seconds", "s")

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self._limits.exceeded(self._zone, "mebibytes", "MiB")


def _zone(connection: socket.socket, zone: str, budget: _Budget, query: Any) -> Iterator[Record]:
    signatures = _Signatures(query)
    asked = question(zone, "AXFR")
    serial: Optional[int] = None
    while True:
        wire = budget.receive(connection)
        records, is_signed = _answers(wire, query, signatures, asked, is_first=serial is None)
        if serial is None:
            if not records or not _is_soa(records[0], zone):
                raise _malformed("it does not begin with the SOA record of the zone")
            if not is_signed:
                raise _malformed("missing TSIG")
            serial = _serial(records.pop(0))
        for place, record in enumerate(records):
            if not _is_soa(record, zone):
                yield record
                continue
            # The SOA record again ends it. Another one tells that the zone has changed on the way.
            if place + 1 < len(records) or _serial(record) != serial:
                raise _malformed("it has another SOA record in it")
            if not is_signed:
                raise _malformed("missing TSIG")
            return


def _answers(
    wire: bytes, query: Any, signatures: _Signatures, asked: bytes, is_first: bool
) -> tuple[list[Record], bool]:
    """The records of one message, and whether it is signed as it has to be. Only the first must have the question (RFC 5936, 2.2.1)."""
    dns = dnspython()
    try:
        message = Message(wire)
        records = list(message.records())
        is_signed = signatures.check(wire, records)
        why = mismatch(wire, query.id, asked, needs_question=is_first)
        if why:
            raise _malformed(why)
        if message.rcode:
            raise dns.xfr.TransferError(message.rcode)
    except (struct.error, IndexError) as error:
        raise _malformed(str(error)) from None
    records = records[: message.answers]
    if any(record.class_ != IN for record in records):
        raise _malformed("it has records of another class")
    return records, is_signed


class _Signatures:
    """Each signature is over all messages since the one before (RFC 8945, 5.3.1)."""

    def __init__(self, query: Any) -> None:
        self._key = query.keyring
        self._request_mac = query.mac
        self._context: Any = None
        self._unsigned = 0

    def check(self, wire: bytes, records: list[Record]) -> bool:
        """Take the next message. False where it has no signature, though there is a key.

        :raises DNSException: its signature is wrong.
        """
        if not self._key:
            return True
        if not any(record.type == TSIG for record in records):
            self._unsigned += 1
            if self._unsigned > _MAX_UNSIGNED:
                raise _malformed("missing TSIG")
            if self._context is not None:
                self._context.update(wire)
            return False
        *others, last = records
        if (last.type, last.class_) != (TSIG, ANY) or any(record.type == TSIG for record in others):
            raise _malformed("a TSIG that is not as it has to be")
        self._unsigned = 0
        dns = dnspython()
        owner = dns.name.from_wire(wire, last.start)[0]
        rdata = dns.rdata.from_wire(last.class_, TSIG, wire, last.position, last.end - last.position)
        now = int(time.time())
        self._context = dns.tsig.validate(
            wire, self._key, owner, rdata, now, self._request_mac, last.start, self._context, True
        )
        return True


def _number(value: float) -> str:
    return "%d" % value if value == int(value) else "%g" % value


def _serial(soa: Record) -> int:
    try:
        return soa_numbers(soa)[0]
    except (struct.error, IndexError) as error:
        raise _malformed(str(error)) from None


def _is_soa(record: Record, zone: str) -> bool:
    return record.type == SOA and record.owner == zone


def _malformed(what: str) -> Exception:
    error: Exception = dnspython().exception.FormError("The zone transfer is malformed: %s" % what)
    return error
