# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Zones that are read by transfer (RFC 5936) and written by dynamic updates (RFC 2136), with the settings of octoDNS's provider for both.

By octoDNS's records it would take twice as long, not all types would be known, and texts that are no UTF-8 would fail. By updates of
single values, those that are not ours are never written, and none is lost that somebody else adds at the same time.
"""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Optional, Sequence

from ._dns_transfer import DEFAULT_LIMITS, Limits, transfer
from ._dns_wire import Record, Section, dnspython, rdata_of_value, type_text
from ._rdata import TXT, canonical
from ._record_sets import Change, LoadedZone, RecordSet, batches

# What the server itself has in a zone, in a signed one also beside a CNAME (RFC 4034, RFC 5155, RFC 2535).
_OF_THE_SERVER = frozenset(
    ("SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "KEY", "SIG", "NXT")
)

# To providers of older versions, what they are given goes into one message.
_MAX_CHANGES = 1 << 16


class Refusal(Exception):
    """The server did not carry an update out."""


class Rfc2136Zones:
    """The zones of one provider of the class C(Rfc2136Provider).

    :param limits: of each transfer.
    """

    def __init__(self, provider: Any, limits: Limits = DEFAULT_LIMITS) -> None:
        self._provider = provider
        self._limits = limits
        # By name key and text, the rdata of TXT records: one text can be there in several spellings.
        self._spellings: dict[tuple[str, str], list[bytes]] = {}

    def read(self, zone: str, names: set[str]) -> LoadedZone:
        """Have a zone transferred.

        :param zone: its name key.
        :param names: the name keys of which the content is wanted.
        """
        owners = {zone}
        values: dict[tuple[str, str], dict[str, None]] = {}
        ttls: dict[tuple[str, str], int] = {}
        for name, record in self._records(zone):
            owners.add(name)
            if len(owners) > self._limits.names:
                raise self._limits.exceeded(zone, "names", "names")
            if name in names:
                key = (name, type_text(record.type))
                ttls.setdefault(key, record.ttl)
                values.setdefault(key, {})[self._value(key, record)] = None
        content: dict[str, dict[str, RecordSet]] = {}
        for (name, type_), ttl in ttls.items():
            content.setdefault(name, {})[type_] = RecordSet(name, type_, ttl, tuple(values[name, type_]))
        return LoadedZone(zone, content, owners)

    def _records(self, zone: str) -> Iterator[tuple[str, Record]]:
        provider = self._provider
        auth = provider._auth_params()
        for record in transfer(provider.host, provider.port, zone, provider.timeout, auth, self._limits):
            name = record.owner
            # Addresses of name servers outside of the zone may come with it.
            if _is_within(name, zone) and type_text(record.type) not in _OF_THE_SERVER:
                yield name, record

    def _value(self, key: tuple[str, str], record: Record) -> str:
        name, type_ = key
        value = canonical(type_, record.text())
        if type_ == TXT:
            spellings = self._spellings.setdefault((name, value), [])
            if record.rdata not in spellings:
                spellings.append(record.rdata)
        return value

    def prepare(self, _loaded: LoadedZone, changes: Sequence[Change]) -> list[tuple[list[Change], Any]]:
        """Portions of changes, each of them with what to C(write)."""
        return [(batch, batch) for batch in batches(changes)]

    def write(self, loaded: LoadedZone, changes: Sequence[Change]) -> None:
        """Have values of record sets removed and added. What is within the provider's C(update_batch_size) happens at once.

        :raises Refusal: the server answers that it was not.
        """
        # First all that goes, because a server ignores a CNAME that is to come while there is still something else.
        steps = [(self._delete, change.any, _beyond(change.before, change.after)) for change in changes]
        steps += [(self._add, change.any, _beyond(change.after, change.before)) for change in changes]
        steps = [step for step in steps if step[2]]
        size = getattr(self._provider, "update_batch_size", _MAX_CHANGES)
        for start in range(0, len(steps), size):
            section = Section(loaded.name)
            for take, record_set, values in steps[start : start + size]:
                take(section, record_set, values)
            self._send(loaded.name, section)

    def ask_to_write(self, loaded: LoadedZone, changes: Iterable[Change]) -> None:
        """Find out whether the new values of changes may be written, by the removal of these values, which are not there.

        :raises Refusal: they may not.
        """
        new = [
            RecordSet(change.any.name, change.any.type, change.any.ttl, come)
            for change in changes
            if (come := _beyond(change.after, change.before))
        ]
        for batch in batches([Change(one, None) for one in new]):
            self.write(loaded, batch)

    # In messages, values go by the class NONE, and come by that of the zone (RFC 2136, 2.5).

    def _delete(self, section: Section, record_set: RecordSet, values: Iterable[str]) -> None:
        spelt = self._spellings if record_set.type == TXT else {}
        for value in values:
            for rdata in spelt.get((record_set.name, value)) or [rdata_of_value(record_set.type, value)]:
                section.add(record_set.name, record_set.type, dnspython().rdataclass.NONE, 0, rdata)

    def _add(self, section: Section, record_set: RecordSet, values: Iterable[str]) -> None:
        for value in values:
            rdata = rdata_of_value(record_set.type, value)
            section.add(record_set.name, record_set.type, dnspython().rdataclass.IN, record_set.ttl, rdata)

    def _send(self, zone: str, section: Section) -> None:
        dns = dnspython()
        provider = self._provider
        update = dns.update.UpdateMessage(zone, **provider._auth_params())
        update.update.append(section)
        rcode = dns.query.tcp(update, provider.host, port=provider.port, timeout=provider.timeout).rcode()
        if rcode != dns.rcode.NOERROR:
            raise Refusal("Unable to perform update: %s" % dns.rcode.to_text(rcode))


def _is_within(name: str, zone: str) -> bool:
    if "\\" in name:  # a dot in it can be one of a label
        from_text = dnspython().name.from_text
        return bool(from_text(name).is_subdomain(from_text(zone)))
    return name == zone or name.endswith("." + zone)


def _beyond(one: Optional[RecordSet], other: Optional[RecordSet]) -> tuple[str, ...]:
    """The values that one state of a set has, and the other has not."""
    if one is None or other is None:
        return one.values if one else ()
    return tuple(value for value in one.values if value not in other.values)
