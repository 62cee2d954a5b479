# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Zones that are read by transfer (RFC 5936) and written by dynamic updates (RFC 2136), by octoDNS's provider for both.

The provider's class makes the connection and writes. Zones are read here with its settings, since octoDNS makes several objects
of each record, does not know all types, and fails on texts that are no UTF-8. What is written back is as it was spelt.
"""

from __future__ import annotations

import functools
from typing import Any, Iterable, Iterator

from ._dns_exchange import dnspython
from ._dns_plan import Content, RecordSet
from ._records import TXT, canonical, name_key, rdata_of

# What the server itself has in a zone, in a signed one also beside a CNAME (RFC 4034, RFC 5155, RFC 2535).
_OF_THE_SERVER = frozenset(
    ("SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "KEY", "SIG", "NXT")
)


class ZoneTransfer:
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

    def record(self, zone: Any, record_set: RecordSet) -> Any:
        """An octoDNS record of a set, whatever its type.

        :param zone: the C(octodns.zone.Zone) that it lies in.
        """
        known = self._spellings if record_set.type == TXT else {}
        rdatas = [
            rdata
            for value in record_set.values
            for rdata in known.get((record_set.name, value)) or [rdata_of(record_set.type, value)]
        ]
        return _record_class()(zone, record_set, rdatas)


@functools.lru_cache(maxsize=None)
def _record_class() -> Any:
    from octodns.record import Record

    class TransferredRecord(Record):  # type: ignore[misc]
        """A record set with its rdata as it is spelt, to octoDNS's providers a record like others."""

        def __init__(self, zone: Any, record_set: RecordSet, rdatas: list[str]) -> None:
            super().__init__(zone, zone.hostname_from_fqdn(record_set.name), {"ttl": record_set.ttl})
            self._type = record_set.type
            self._rdata_texts = rdatas

        @property
        def rrs(self) -> tuple[str, int, str, list[str]]:
            """What takes the place of this in newer versions of octoDNS is C(to_rrset)."""
            return self.fqdn, self.ttl, self._type, self._rdata_texts

        def to_rrset(self) -> Any:
            from octodns.record.rr import Rrset

            return Rrset(self.fqdn, self._type, self.ttl, self._rdata_texts)

    return TransferredRecord
