# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Zones that are read by transfer (RFC 5936) and written by dynamic updates (RFC 2136), with the settings of octoDNS's provider for both.

By octoDNS's records it would take twice as long, not all types would be known, and texts that are no UTF-8 would fail. By updates of
single values, those that are not ours are never written, and none is lost that somebody else adds at the same time.
"""

from __future__ import annotations

import struct
from typing import Any, Iterable, Iterator, Optional, Sequence

from ._dns_exchange import dnspython, labels_of, wire_name
from ._dns_plan import Change, Content, RecordSet, batches
from ._records import CNAME, MAX_STRING, MX, TXT, canonical, name_key, split_mx

# What the server itself has in a zone, in a signed one also beside a CNAME (RFC 4034, RFC 5155, RFC 2535).
_OF_THE_SERVER = frozenset(
    ("SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "KEY", "SIG", "NXT")
)

# To providers of older versions, what they are given goes into one message.
_MAX_CHANGES = 1 << 16


class Refusal(Exception):
    """The server did not carry an update out."""


class Rfc2136Zones:
    """The zones of one provider of the class C(Rfc2136Provider)."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        # By name key and text, the rdata of TXT records: one text can be there in several spellings.
        self._spellings: dict[tuple[str, str], list[str]] = {}

    def read(self, zone: str, names: Iterable[str]) -> tuple[Content, set[str]]:
        """Have a zone transferred.

        :param zone: its name key.
        :param names: the name keys of which the content is wanted.
        :returns: that content, and the name keys of all that the zone has.
        """
        names = set(names)
        owners = {zone}
        values: dict[tuple[str, str], dict[str, None]] = {}
        ttls: dict[tuple[str, str], int] = {}
        for rrset, type_ in self._rrsets(zone):
            name = name_key(rrset.name.to_text())
            owners.add(name)
            if name in names:
                ttls.setdefault((name, type_), rrset.ttl)
                # A set may come in parts.
                values.setdefault((name, type_), {}).update(dict.fromkeys(self._values(name, type_, rrset)))
        content: dict[str, dict[str, RecordSet]] = {}
        for (name, type_), ttl in ttls.items():
            content.setdefault(name, {})[type_] = RecordSet(name, type_, ttl, tuple(values[name, type_]))
        return content, owners

    def _rrsets(self, zone: str) -> Iterator[tuple[Any, str]]:
        dns = dnspython()
        origin = dns.name.from_text(zone)
        messages = dns.query.xfr(
            self._provider.host,
            origin,
            port=self._provider.port,
            timeout=self._provider.timeout,  # of each message: the whole takes as long as the zone is large
            relativize=False,
            **self._provider._auth_params(),
        )
        for message in messages:
            for rrset in message.answer:
                type_ = dns.rdatatype.to_text(rrset.rdtype)
                # Addresses of name servers outside of the zone may come with it.
                if type_ not in _OF_THE_SERVER and rrset.name.is_subdomain(origin):
                    yield rrset, type_

    def _values(self, name: str, type_: str, rrset: Any) -> Iterator[str]:
        for rdata in rrset:
            text = rdata.to_text()
            value = canonical(type_, text)
            if type_ == TXT:
                self._spellings.setdefault((name, value), []).append(text)
            yield value

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """Have values of record sets removed and added. What is within the provider's C(update_batch_size) happens at once.

        :param zone: its name key.
        :raises Refusal: the server answers that it was not.
        """
        # First all that goes, because a server ignores a CNAME that is to come while there is still something else.
        steps = [(self._delete, change.any, _beyond(change.before, change.after)) for change in changes]
        steps += [(self._add, change.any, _beyond(change.after, change.before)) for change in changes]
        steps = [step for step in steps if step[2]]
        size = getattr(self._provider, "update_batch_size", _MAX_CHANGES)
        for start in range(0, len(steps), size):
            update = dnspython().update.UpdateMessage(zone, **self._provider._auth_params())
            for take, record_set, values in steps[start : start + size]:
                take(update, record_set, values)
            self._send(update)

    def ask_to_write(self, zone: str, changes: Iterable[Change]) -> None:
        """Find out whether the new values of changes may be written, by the removal of these values, which are not there.

        :raises Refusal: they may not.
        """
        new = [
            RecordSet(change.any.name, change.any.type, change.any.ttl, come)
            for change in changes
            if (come := _beyond(change.after, change.before))
        ]
        for batch in batches([Change(one, None) for one in new]):
            self.write(zone, batch)

    def _delete(self, update: Any, record_set: RecordSet, values: Iterable[str]) -> None:
        spelt = self._spellings if record_set.type == TXT else {}
        dns = dnspython()
        for value in values:
            texts = spelt.get((record_set.name, value), ())
            rdatas = [dns.rdata.from_text(dns.rdataclass.IN, record_set.type, text) for text in texts]
            for rdata in rdatas or [_rdata(record_set.type, value)]:
                update.delete(_name(record_set.name), rdata)

    def _add(self, update: Any, record_set: RecordSet, values: Iterable[str]) -> None:
        rdatas = [_rdata(record_set.type, value) for value in values]
        # As UpdateMessage.add does, but for an index of the message, which takes longer than all else.
        update.update.append(dnspython().rrset.from_rdata_list(_name(record_set.name), record_set.ttl, rdatas))

    def _send(self, update: Any) -> None:
        dns = dnspython()
        provider = self._provider
        rcode = dns.query.tcp(update, provider.host, port=provider.port, timeout=provider.timeout).rcode()
        if rcode != dns.rcode.NOERROR:
            raise Refusal("Unable to perform update: %s" % dns.rcode.to_text(rcode))


def _beyond(one: Optional[RecordSet], other: Optional[RecordSet]) -> tuple[str, ...]:
    """The values that one state of a set has, and the other has not."""
    known = other.values if other else ()
    return tuple(value for value in one.values if value not in known) if one else ()


def _name(name: str) -> Any:
    return dnspython().name.Name(labels_of(name))


def _rdata(type_: str, value: str) -> Any:
    """A canonical value as rdata. Nearly all are of three types, which dnspython takes most of its time to read from texts."""
    dns = dnspython()
    wire = _RDATA_TO_WIRE.get(type_)
    if wire is None:
        return dns.rdata.from_text(dns.rdataclass.IN, type_, value)
    return dns.rdata.GenericRdata(dns.rdataclass.IN, dns.rdatatype.from_text(type_), wire(value))


def _mx_to_wire(value: str) -> bytes:
    preference, host = split_mx(value)
    return struct.pack("!H", preference) + wire_name(host)


def _txt_to_wire(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogateescape")
    strings = [raw[start : start + MAX_STRING] for start in range(0, len(raw), MAX_STRING)] or [b""]
    return b"".join(bytes((len(string),)) + string for string in strings)


# RFC 1035, 3.3
_RDATA_TO_WIRE = {CNAME: wire_name, MX: _mx_to_wire, TXT: _txt_to_wire}
