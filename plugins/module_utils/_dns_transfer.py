# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Zone transfers (RFC 5936), signed by TSIG (RFC 8945) where there is a key.

A zone can have many thousands of records, of which few are looked at: that of dnspython takes three times as long.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import Any, Iterator, Optional

from ._dns_wire import ANY, AXFR, HEADER, QR, SOA, TSIG, Message, Record, dnspython, end_of_name, name_at, soa_numbers
from ._rdata import name_key

# Messages without a signature between two that have one (RFC 8945, 5.3.1).
_MAX_UNSIGNED = 99


def transfer(host: str, port: int, zone: str, timeout: float, auth: dict[str, Any]) -> Iterator[Record]:
    """The records of a zone, but for the one SOA record that it begins and ends with.

    :param zone: its name key.
    :param timeout: of each message, in seconds: the whole takes as long as the zone is large.
    :param auth: C(keyring) and C(keyalgorithm), as octoDNS's class has them; without the first nothing is signed.
    :raises DNSException: the server refuses, or what comes is no such zone, or not signed by the key.
    :raises OSError: the server cannot be reached, or a message does not come in time.
    :raises EOFError: the connection ends before the zone does.
    """
    dns = dnspython()
    query = dns.message.make_query(zone, dns.rdatatype.AXFR)
    if auth.get("keyring"):
        query.use_tsig(auth["keyring"], algorithm=auth.get("keyalgorithm", dns.tsig.default_algorithm))
    wire = query.to_wire()
    with socket.create_connection((host, port), timeout) as connection:
        connection.sendall(struct.pack("!H", len(wire)) + wire)
        yield from _zone(connection, zone, timeout, query)


def _zone(connection: socket.socket, zone: str, timeout: float, query: Any) -> Iterator[Record]:
    signatures = _Signatures(query)
    serial: Optional[int] = None
    while True:
        wire = _next_message(connection, timeout)
        records, is_signed = _answers(wire, zone, query, signatures)
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


def _next_message(connection: socket.socket, timeout: float) -> bytes:
    deadline = time.monotonic() + timeout
    return _exactly(connection, int.from_bytes(_exactly(connection, 2, deadline), "big"), deadline)


def _exactly(connection: socket.socket, size: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        connection.settimeout(left)
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError("the server closed the connection before the end of the zone")
        data += more
    return bytes(data)


def _answers(wire: bytes, zone: str, query: Any, signatures: _Signatures) -> tuple[list[Record], bool]:
    """The records of one message, and whether it is signed as it has to be."""
    dns = dnspython()
    try:
        message = Message(wire)
        records = list(message.records())
        is_signed = signatures.check(wire, records)
        if message.rcode:
            raise dns.xfr.TransferError(message.rcode)
        if message.number != query.id or not wire[2] & QR or message.questions > 1:
            raise _malformed("it is no answer to the question")
        if message.questions and (
            name_key(name_at(wire, HEADER)) != zone or wire[end_of_name(wire, HEADER) :][:2] != AXFR.to_bytes(2, "big")
        ):
            raise _malformed("it answers another question")
    except (struct.error, IndexError) as error:
        raise _malformed(str(error)) from None
    return records[: message.answers], is_signed


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
