# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Zones that are read by transfer (RFC 5936) and written by dynamic updates (RFC 2136), with the settings of octoDNS's provider for both.

By octoDNS's records it would take twice as long, not all types would be known, and texts that are no UTF-8 would fail. Updates add and
remove single values, and state what was read of the names concerned (RFC 2136, 2.4): the server refuses them if somebody else changed
it since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator, Optional, Sequence

from ._dns_transfer import DEFAULT_LIMITS, Limits, transfer
from ._dns_wire import Record, Section, dnspython, name_at, rdata_of_value, type_text, wire_name
from ._errors import SmtpdError
from ._rdata import CNAME, MX, TXT, canonical
from ._record_sets import Change, LoadedZone, RecordSet, Refusal, ZoneChanged, by_name

# What the server itself has in a zone, in a signed one also beside a CNAME (RFC 4034, RFC 5155, RFC 2535).
_OF_THE_SERVER = frozenset(
    ("SOA", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY", "KEY", "SIG", "NXT")
)
# Their rdata can have compressed names (RFC 1035, 4.1.4; RFC 3597, 4).
_COMPRESSED = frozenset(
    (
        "NS",
        "CNAME",
        "PTR",
        "MX",
        "MD",
        "MF",
        "MB",
        "MG",
        "MR",
        "MINFO",
        "RP",
        "AFSDB",
        "RT",
        "PX",
        "NAPTR",
        "SRV",
        "DNAME",
    )
)
# Those with a single name at the end, and how many bytes are before it.
_BEFORE_NAME = {CNAME: 0, MX: 2}
# Which others usually have. "Unused" cannot be required of a name that has something, only of each type.
_USUAL = (
    "A",
    "AAAA",
    "CAA",
    "CNAME",
    "DNAME",
    "DS",
    "HTTPS",
    "LOC",
    "MX",
    "NAPTR",
    "NS",
    "PTR",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "TXT",
)
_ANY_TYPE = "ANY"

# A message has 64 KiB, less header, question and signature.
_MAX_SIZE = 64 * 1024 - 1 - 1024
# To providers of older versions, what they are given goes into one message.
_MAX_CHANGES = 1 << 16

# Values that no record has: to remove them changes nothing, but takes the permission to.
_PROBES = {CNAME: "smtpd-probe.invalid.", MX: "0 smtpd-probe.invalid.", TXT: "smtpd-probe"}

# How a server says that the zone is not as required (RFC 2136, 3.2).
_CHANGED = ("NXDOMAIN", "YXDOMAIN", "NXRRSET", "YXRRSET")


class UnsignedReply(Exception):
    """It is not known who it is from."""


@dataclass(frozen=True)
class _Origin:
    """What was read of the names asked for.

    :param records: by name key and type, then by value: one text can be there in several spellings.
    :param signed: the names that have records of the server itself.
    """

    records: dict[tuple[str, str], dict[str, list[Record]]] = field(default_factory=dict)
    signed: set[str] = field(default_factory=set)

    def rdatas(self, name: str, type_: str, value: str) -> list[bytes]:
        """The rdata of a value to the letter, in all spellings."""
        records = self.records.get((name, type_), {}).get(value, [])
        return list(dict.fromkeys(map(_rdata, records))) or [rdata_of_value(type_, value)]


class _Update:
    """One message: what it requires and what it changes.

    :param zone: its name key.
    """

    def __init__(self, zone: str) -> None:
        self.required, self.changed = Section(zone), Section(zone)
        self.changes: list[Change] = []

    def takes(self, other: _Update, max_changes: int) -> bool:
        """Whether there is room for what another has."""
        size = sum(section.size for one in (self, other) for section in (one.required, one.changed))
        return size <= _MAX_SIZE and len(self.changed) + len(other.changed) <= max_changes

    def extend(self, other: _Update) -> None:
        self.required.extend(other.required)
        self.changed.extend(other.changed)
        self.changes += other.changes


class Rfc2136Zones:
    """The zones of one provider of the class C(Rfc2136Provider).

    :param limits: of each transfer.
    """

    def __init__(self, provider: Any, limits: Limits = DEFAULT_LIMITS) -> None:
        self._provider = provider
        self._limits = limits

    def read(self, zone: str, names: set[str]) -> LoadedZone:
        """Have a zone transferred.

        :param zone: its name key.
        :param names: the name keys of which the content is wanted.
        """
        owners = {zone}
        origin = _Origin()
        for name, record in self._records(zone):
            type_ = type_text(record.type)
            if type_ in _OF_THE_SERVER:
                origin.signed.add(name)
                continue
            owners.add(name)
            if len(owners) > self._limits.names:
                raise self._limits.exceeded(zone, "names", "names")
            if name in names:
                values = origin.records.setdefault((name, type_), {})
                values.setdefault(canonical(type_, record.text()), []).append(record)
        content: dict[str, dict[str, RecordSet]] = {}
        for (name, type_), values in origin.records.items():
            ttl = next(iter(values.values()))[0].ttl
            content.setdefault(name, {})[type_] = RecordSet(name, type_, ttl, tuple(values))
        return LoadedZone(zone, content, owners, origin=origin)

    def _records(self, zone: str) -> Iterator[tuple[str, Record]]:
        provider = self._provider
        auth = provider._auth_params()
        for record in transfer(provider.host, provider.port, zone, provider.timeout, auth, self._limits):
            name = record.owner
            # Addresses of name servers outside of the zone may come with it.
            if _is_within(name, zone):
                yield name, record

    def prepare(self, loaded: LoadedZone, changes: Sequence[Change]) -> list[tuple[list[Change], Any]]:
        """Portions of changes, each of them with the message to C(write). All changes of one name are in one message.

        :raises SmtpdError: those of one name do not fit a message.
        """
        updates = [self._update(loaded, together) for together in by_name(changes).values()]
        return [(update.changes, update) for update in self._packed(updates)]

    def _packed(self, updates: Iterable[_Update]) -> Iterator[_Update]:
        """As few messages as possible, also within the provider's C(update_batch_size)."""
        max_changes = getattr(self._provider, "update_batch_size", _MAX_CHANGES)
        packed: Optional[_Update] = None
        for update in updates:
            if packed is not None and packed.takes(update, max_changes):
                packed.extend(update)
                continue
            if packed is not None:
                yield packed
            packed = update
        if packed is not None:
            yield packed

    def write(self, loaded: LoadedZone, update: Any) -> None:
        """Send a message.

        :raises ZoneChanged: the zone is not as it was read.
        :raises Refusal: the server refuses it.
        """
        self._send(loaded.name, update)

    def ask_to_write(self, loaded: LoadedZone, changes: Iterable[Change]) -> None:
        """Find out whether record sets may be written, by the removal of values that no record has.

        :raises Refusal: they may not.
        """
        probes = []
        for change in changes:
            name, type_ = change.any.name, change.any.type
            if type_ in _PROBES:
                probe = _Update(loaded.name)
                probe.changed.add(name, type_, _no_class(), 0, rdata_of_value(type_, _PROBES[type_]))
                probes.append(probe)
        for update in self._packed(probes):
            self._send(loaded.name, update)

    # In messages, values go by the class NONE, and come by that of the zone (RFC 2136, 2.5).

    def _update(self, loaded: LoadedZone, changes: Sequence[Change]) -> _Update:
        """The changes of one name. First all that goes, because a server ignores a CNAME that is to come while there is still
        something else."""
        update = _Update(loaded.name)
        update.changes += changes
        _require(update.required, loaded, changes)
        for change in changes:
            for value in _beyond(change.before, change.after):
                for rdata in loaded.origin.rdatas(change.any.name, change.any.type, value):
                    update.changed.add(change.any.name, change.any.type, _no_class(), 0, rdata)
        for change in changes:
            for value in _beyond(change.after, change.before):
                rdata = rdata_of_value(change.any.type, value)
                update.changed.add(change.any.name, change.any.type, _in_class(), change.any.ttl, rdata)
        if not _Update(loaded.name).takes(update, _MAX_CHANGES):
            self._check_size(loaded.name, update)
        return update

    def _check_size(self, zone: str, update: _Update) -> None:
        try:
            self._message(zone, update).to_wire()
        except dnspython().exception.TooBig:
            raise SmtpdError(
                "%s has so many records that what changes there, and what is required for it, does not fit one DNS message "
                "of 64 KiB. Remove some of them by hand first." % update.changes[0].any.name
            ) from None

    def _message(self, zone: str, update: _Update) -> Any:
        message = dnspython().update.UpdateMessage(zone, **self._provider._auth_params())
        if len(update.required):
            message.prerequisite.append(update.required)
        message.update.append(update.changed)
        return message

    def _send(self, zone: str, update: _Update) -> None:
        dns = dnspython()
        message = self._message(zone, update)
        response = _exchange(message, self._provider)
        rcode = dns.rcode.to_text(response.rcode())
        if rcode in _CHANGED:
            raise ZoneChanged("The zone %s changed after it was read (%s)." % (zone, rcode))
        if rcode != "NOERROR":
            raise Refusal("Unable to perform update: %s" % rcode)


def _exchange(message: Any, provider: Any) -> Any:
    """The response to a message.

    :raises UnsignedReply: it has no signature, though the message has one.
    """
    dns = dnspython()
    try:
        response = dns.query.tcp(message, provider.host, port=provider.port, timeout=provider.timeout)
        is_signed = response.had_tsig
    except dns.exception.FormError as error:
        if "TSIG" not in str(error):  # as dnspython says it since 2.9; before, it takes such a response
            raise
        is_signed = False
    if message.keyring and not is_signed:
        raise UnsignedReply(
            "The reply to the signed update is not signed, so it may not come from the server. The update may or may not have "
            "been carried out. Check that host and port are those of the server itself"
        )
    return response


def _require(section: Section, loaded: LoadedZone, changes: Sequence[Change]) -> None:
    """Require that a name is as it was read, as far as its changes depend on that (RFC 2136, 2.4)."""
    name = changes[0].any.name
    there = loaded.content.get(name, {})
    coming = {change.after.type for change in changes if change.after}
    types = {change.any.type for change in changes}
    if CNAME in coming and not there and name not in loaded.origin.signed:
        section.add(name, _ANY_TYPE, _no_class(), 0, b"")
        return
    if coming:
        types.add(CNAME)
    if CNAME in coming and CNAME not in there:
        types.update(_USUAL, there)
    for type_ in sorted(types):
        _require_set(section, loaded.origin, name, type_, there.get(type_))


def _require_set(section: Section, origin: _Origin, name: str, type_: str, there: Optional[RecordSet]) -> None:
    if there is None:
        section.add(name, type_, _no_class(), 0, b"")
        return
    for value in there.values:
        for rdata in origin.rdatas(name, type_, value):
            section.add(name, type_, _in_class(), 0, rdata)


def _in_class() -> int:
    return int(dnspython().rdataclass.IN)


def _no_class() -> int:
    return int(dnspython().rdataclass.NONE)


def _rdata(record: Record) -> bytes:
    """The rdata of a record without compression."""
    type_ = type_text(record.type)
    if type_ not in _COMPRESSED:
        return record.rdata
    if type_ in _BEFORE_NAME:  # most have to do with these, for which dnspython takes ten times as long
        start = record.position + _BEFORE_NAME[type_]
        return record.wire[record.position : start] + wire_name(name_at(record.wire, start))
    rdata = dnspython().rdata.from_wire(
        record.class_, record.type, record.wire, record.position, record.end - record.position
    )
    wire: bytes = rdata.to_wire()
    return wire


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
