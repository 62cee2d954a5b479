# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Zones that are read and written by octoDNS's records, as most classes of providers have it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence

from ._errors import SmtpdError
from ._octodns_classes import is_a
from ._octodns_extras import DYNAMIC, UNREADABLE, Extras, extras_of, shown
from ._octodns_texts import exact_record, is_clear, spelt_texts, text_of
from ._rdata import CNAME, MX, TXT, name_key, split_mx
from ._record_sets import Change, Content, LoadedZone, RecordSet, ZoneChanged, batches

# Their APIs have single records, and what is created joins the others.
_BY_RECORD = (
    ("octodns_cloudflare", "CloudflareProvider"),
    ("octodns_digitalocean", "DigitalOceanProvider"),
    ("octodns_hetzner", "HetznerProvider"),
)
_HETZNER_BY_SET = "hcloud"


@dataclass(frozen=True)
class _Origin:
    """A zone of octoDNS.

    :param records: of the zone, by name key and type.
    """

    zone: Any
    records: Mapping[tuple[str, str], Any]


class OctodnsZones:
    """The zones of one provider.

    :param connect: makes the provider anew.
    """

    def __init__(self, provider: Any, class_name: str, connect: Callable[[], Any]) -> None:
        self._provider = provider
        self._class_name = class_name
        self._connect = connect
        self._texts = spelt_texts(provider)
        self._were_read: set[str] = set()

    def read(self, zone: str, names: set[str]) -> LoadedZone:
        """Have a zone read, as it is now.

        :param zone: its name key.
        :param names: the name keys of which the content is wanted.
        """
        from octodns.zone import Zone

        if zone in self._were_read:
            # The classes remember what they have read, each in its own way. A new provider has read nothing yet.
            self._provider = self._connect()
            self._texts = spelt_texts(self._provider)
        self._were_read.add(zone)
        extras = extras_of(self._provider)
        loaded = Zone(zone, [])
        # To some classes (Cloudflare's) a zone without records is one that is not there.
        exists = self._provider.populate(loaded, target=True, lenient=True)
        records = {(name_key(record.fqdn), record._type): record for record in loaded.records}
        content: dict[str, dict[str, RecordSet]] = {}
        for (name, type_), record in records.items():
            if name in names:
                content.setdefault(name, {})[type_] = self._record_set(name, record, extras)
        for key, unknown in extras.unknown_in(zone):
            if key[0] in names and key not in records:
                content.setdefault(key[0], {})[key[1]] = unknown
        owners = {name for name, _type in records} | {name for (name, _type), _set in extras.unknown_in(zone)}
        return LoadedZone(zone, content, owners, exists is not False, _Origin(loaded, records))

    def prepare(self, loaded: LoadedZone, changes: Sequence[Change]) -> list[tuple[list[Change], Any]]:
        """Check that changes can be written, without writing anything.

        :returns: portions of the changes, each with what to C(write).
        :raises SmtpdError: the provider cannot have such records.
        """
        self._octodns_changes(loaded, changes)
        return [(batch, batch) for batch in batches(changes)]

    def ask_to_write(self, _loaded: LoadedZone, _changes: Iterable[Change]) -> None:
        """Nothing: these providers cannot be asked."""

    def write(self, loaded: LoadedZone, changes: Any) -> None:
        """Write changes, if their names are still as they were read. Most providers write record sets as a whole, and would
        so undo what somebody else has changed in them.

        :raises ZoneChanged: they are not.
        """
        names = {change.any.name for change in changes}
        now = self.read(loaded.name, names)
        if any(_state(loaded.content, name) != _state(now.content, name) for name in names):
            raise ZoneChanged("The zone %s changed after it was read." % loaded.name)
        self._apply(now, changes)

    def _apply(self, loaded: LoadedZone, changes: Sequence[Change]) -> None:
        from octodns.provider.plan import Plan

        octodns_changes = list(itertools.chain.from_iterable(self._octodns_changes(loaded, changes).values()))
        desired = loaded.origin.zone.copy()
        _carry_out(desired, octodns_changes)
        self._provider.apply(Plan(loaded.origin.zone, desired, octodns_changes, True))

    def _record_set(self, name: str, record: Any, extras: Extras) -> RecordSet:
        obstacle = extras.obstacles.get((name, record._type)) or _obstacle(record)
        if hasattr(record, "texts"):
            return RecordSet(name, record._type, record.ttl, tuple(record.texts), False, obstacle)
        if record._type == TXT and self._texts is not None:
            return replace(self._texts.record_set(name, record.ttl), obstacle=obstacle)
        values, is_clear_set = _values(record)
        rewritable = is_clear_set and (name, record._type) not in extras.fragile
        return RecordSet(name, record._type, record.ttl, values, rewritable, obstacle, _answers(record))

    def _adds_values(self) -> bool:
        """Whether what is created joins what is there of the same name and type, rather than takes its place.

        The classes of such providers update a set by removing all of it first, or by writing all of it: a run that ends in
        between would lose values that are not ours.
        """
        by_record = any(is_a(self._provider, *names) for names in _BY_RECORD)
        return by_record and getattr(self._provider, "_backend", "") != _HETZNER_BY_SET

    def _octodns_changes(self, loaded: LoadedZone, changes: Sequence[Change]) -> dict[Change, list[Any]]:
        from octodns.record import Create, Delete, Update

        steps = {change: self._steps(change) for change in changes}
        new = self._adapted(loaded, [after for pairs in steps.values() for _before, after in pairs if after])
        made: dict[Change, list[Any]] = {change: [] for change in changes}
        for change, pairs in steps.items():
            key = (change.any.name, change.any.type)
            existing = loaded.origin.records.get(key)
            for before, after in pairs:
                if after is None:
                    # To be deleted, a text has to be spelt as it is at the provider.
                    is_as_read = before == change.before and not (before.type == TXT and self._texts)
                    made[change].append(
                        Delete(existing if existing and is_as_read else self._octodns_record(loaded, before))
                    )
                elif before is None:
                    made[change].append(Create(new[key]))
                else:
                    made[change].append(Update(existing, new[key]))
        return made

    def _steps(self, change: Change) -> list[tuple[Optional[RecordSet], Optional[RecordSet]]]:
        """A change as it is, or where values only come, for a provider that can do so, by these alone."""
        before, after = change.before, change.after
        if before is None or after is None:
            return [(before, after)]
        come = tuple(value for value in after.values if value not in before.values)
        if come and set(before.values) <= set(after.values) and self._adds_values():
            return [(None, replace(after, values=come))]
        return [(before, after)]

    def _octodns_record(self, loaded: LoadedZone, record_set: RecordSet) -> Any:
        if record_set.type == TXT and self._texts is not None:
            return self._texts.record(loaded.origin.zone, record_set)
        return _octodns_record(
            loaded.origin.zone, record_set, loaded.origin.records.get((record_set.name, record_set.type))
        )

    def _adapted(self, loaded: LoadedZone, record_sets: Iterable[RecordSet]) -> dict[tuple[str, str], Any]:
        """New octoDNS records, within the limits of the provider, such as its lowest TTL."""
        from octodns.zone import Zone

        records = [self._octodns_record(loaded, one) for one in record_sets]
        wanted = Zone(loaded.origin.zone.name, [])
        for record in records:
            wanted.add_record(record, lenient=True)
        keys = {(record.fqdn, record._type) for record in wanted.records}
        adapted = {
            (record.fqdn, record._type): record for record in self._provider._process_desired_zone(wanted).records
        }
        for name, type_ in sorted(keys - set(adapted)):
            raise SmtpdError("%s %s: %s has no records of this type." % (name, type_, self._class_name))
        return adapted


# Records


def _state(content: Content, name: str) -> dict[str, tuple[int, list[str]]]:
    """What there is at a name. Some APIs list the values of a set in another order each time."""
    return {type_: (one.ttl, sorted(one.values)) for type_, one in content.get(name, {}).items()}


def _carry_out(zone: Any, octodns_changes: Iterable[Any]) -> None:
    for change in octodns_changes:
        if change.new is None:
            zone.remove_record(change.existing)
        else:
            zone.add_record(change.new, replace=True, lenient=True)


def _values(record: Any) -> tuple[tuple[str, ...], bool]:
    """The canonical values of a record set, and whether it can be written again with all of them unharmed."""
    rewritable = not _obstacle(record)
    if record._type == CNAME:
        return (name_key(record.value or ""),), rewritable
    if record._type == MX:
        return tuple("%d %s" % (value.preference, name_key(value.exchange)) for value in record.values), rewritable
    if record._type == TXT:
        return tuple(map(text_of, record.values)), rewritable and all(map(is_clear, record.values))
    return tuple(_rdatas(record)), False


def _obstacle(record: Any) -> str:
    """Why DNS answers something else than the values of a record of octoDNS; empty if it does not."""
    if hasattr(record, "texts"):
        return UNREADABLE
    return DYNAMIC if getattr(record, "dynamic", None) or getattr(record, "geo", None) else ""


def _answers(record: Any) -> tuple[str, ...]:
    """The types of DNS that a record of a provider's own type answers for, where its values tell."""
    if "/" not in record._type:
        return ()
    types = (getattr(value, "_type", None) for value in _own_values(record))
    return tuple(sorted({type_ for type_ in types if isinstance(type_, str)}))


def _rdatas(record: Any) -> list[str]:
    """The rdata of a set that is only looked at. Types of a provider's own have none, so any text must do."""
    try:
        rdatas = [str(rdata) for rdata in (record.to_rrset().rdatas if hasattr(record, "to_rrset") else record.rrs[3])]
    except Exception:  # whatever the classes of others raise
        rdatas = [shown(value) for value in _own_values(record)]
    return rdatas or ["(no value)"]


def _own_values(record: Any) -> list[Any]:
    try:
        return list(record.values if hasattr(record, "values") else [record.value])
    except Exception:  # whatever the classes of others raise
        return [record]


def _octodns_record(zone: Any, record_set: RecordSet, existing: Any) -> Any:
    from octodns.record import Record

    # What a provider keeps with a set, such as comments.
    more = {"octodns": existing.octodns} if existing is not None and getattr(existing, "octodns", None) else {}
    if record_set.type == TXT:
        return exact_record(zone, record_set, more)
    data: dict[str, Any] = {"type": record_set.type, "ttl": record_set.ttl}
    if record_set.type == CNAME:
        data["value"] = record_set.values[0]
    else:
        hosts = [split_mx(value) for value in record_set.values]
        data["values"] = [{"preference": preference, "exchange": host} for preference, host in hosts]
        data.update(more)
    return Record.new(zone, zone.hostname_from_fqdn(record_set.name), data, lenient=True)
