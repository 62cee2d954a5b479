# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Zones as they are read and written: sets of records, and how they change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ._errors import InputError, SmtpdError
from ._rdata import find_zone, name_key, rdata_of

# What one message to a DNS server can carry (64 KiB) is reached by the one or by the other, with room to spare.
_BATCH_CHANGES = 400
_BATCH_BYTES = 40000
_RECORD_OVERHEAD = 16

_LISTED = 20


class ZoneChanged(SmtpdError):
    """Somebody else changed the zone after it was read, so that nothing was written."""


class Refusal(Exception):
    """A server says that it did not carry an update out."""


class Silent(SmtpdError):
    """Nobody answered in time."""


class Refused(SmtpdError):
    """Nothing was written, because the server refuses what is in the update."""


@dataclass(frozen=True)
class RecordSet:
    """All records of one name and type.

    :param name: the name key.
    :param values: in canonical form; of types that are never published, rdata.
    :param rewritable: whether the engine can write the set with its values unharmed.
    :param obstacle: a reason why DNS may answer something else than the values, one of the codes of C(_dns_plan).
    :param answers: for a type that only one provider has, the types of DNS that it answers for.
    """

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]
    rewritable: bool = True
    obstacle: str = ""
    answers: tuple[str, ...] = ()

    def rdatas(self) -> list[str]:
        """The values as a zone file has them."""
        return [rdata_of(self.type, value) for value in self.values]


# By name key, then by type.
Content = Mapping[str, Mapping[str, RecordSet]]


@dataclass(frozen=True)
class LoadedZone:
    """A zone as it was read.

    :param name: its name key.
    :param content: as far as it was asked for.
    :param owners: the name keys of all that it has.
    :param exists: False where the provider has no records of such a zone.
    :param origin: what the engine that read it needs to write it.
    """

    name: str
    content: Content
    owners: set[str]
    exists: bool = True
    origin: Any = None


@dataclass(frozen=True)
class Change:
    """A record set before and after; one of the two is C(None) where it is not there."""

    before: Optional[RecordSet]
    after: Optional[RecordSet]

    @property
    def any(self) -> RecordSet:
        """The set after, or else before."""
        return self.after or self.before  # type: ignore[return-value]

    def size(self) -> int:
        """About how many bytes it takes to tell a server of it."""
        sets = [record_set for record_set in (self.before, self.after) if record_set]
        return sum(len(one.name) + len(rdata) + _RECORD_OVERHEAD for one in sets for rdata in one.rdatas())


def zones_of(names: Iterable[str], zones: Sequence[str]) -> dict[str, str]:
    """The zone that each name lies in, as it is spelt in C(zones).

    :raises InputError: some lie in none of them.
    """
    found = zones_if_any(names, zones)
    homeless = [name for name, zone in found.items() if zone is None]
    if homeless:
        raise no_zone(homeless, zones)
    return {name: zone for name, zone in found.items() if zone is not None}


def zones_if_any(names: Iterable[str], zones: Sequence[str]) -> dict[str, Optional[str]]:
    """The zone that each name lies in, C(None) where it lies in none of them."""
    by_key = {name_key(zone): zone for zone in zones}
    return {name: find_zone(name, by_key) for name in names}


def no_zone(names: Iterable[str], zones: Sequence[str]) -> InputError:
    """The error that these names lie in none of the zones."""
    known = listing(sorted(zones)) or "none"
    return InputError("zones", "no zone for %s. The zones known are: %s." % (listing(names), known))


def listing(names: Iterable[str]) -> str:
    """Names for an error, without trailing dots, and not more than a few."""
    names = list(names)
    more = " and %d more" % (len(names) - _LISTED) if len(names) > _LISTED else ""
    return ", ".join(name.rstrip(".") for name in names[:_LISTED]) + more


def batches(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """The changes in portions that fit a DNS message. Those of one name stay together, so that they happen at once."""
    batch: list[Change] = []
    size = 0
    for together in by_name(changes).values():
        own_size = sum(change.size() for change in together)
        if batch and (len(batch) + len(together) > _BATCH_CHANGES or size + own_size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch = batch + together
        size += own_size
    if batch:
        yield batch


def by_name(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """The changes by the names that they change, in order."""
    grouped: dict[str, list[Change]] = {}
    for change in changes:
        grouped.setdefault(change.any.name, []).append(change)
    return grouped
