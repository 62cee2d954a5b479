# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""DNS records that a user wants: checked by themselves and against each other, and as lines of a zone file."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Sequence

from ._compact import BUNDLE
from ._dns_dmarc import check_dmarc, is_dmarc_record
from ._errors import InputError
from ._rdata import (
    CNAME,
    MX,
    TXT,
    canonical,
    check_name,
    describe_record,
    is_spf,
    name_key,
    record_type,
    split_mx,
    whole_number,
)
from ._texts import printable

_MAX_TTL = 2**31 - 1  # RFC 2181, 8


def zone_file(records: Iterable[Mapping[str, Any]], ttl: Any = 3600) -> str:
    """The records as lines of a zone file with absolute names, columns aligned, each line ended by a newline.

    :param records: an item can be a bundle, as C(unbundled) takes it.
    :param ttl: of each record, in seconds; a string of digits will do.
    :raises InputError: it is no TTL; or a record cannot be written.
    """
    seconds = check_ttl(ttl)
    described = [describe_record(record, place) for place, record in unbundled(list(records), "records")]
    return zone_lines((record["fqdn"], seconds, record_type(record), record["rdata"]) for record in described)


def zone_lines(entries: Iterable[tuple[str, int, str, str]]) -> str:
    """Lines of a zone file, columns aligned, from names, TTLs, types and rdata. A line for each, ended by a newline."""
    entries = [(printable(name), ttl, type_, printable(rdata)) for name, ttl, type_, rdata in entries]
    width = max((len(name) for name, _ttl, _type, _rdata in entries), default=0)
    return "".join("%-*s %d IN %-5s %s\n" % (width, *entry) for entry in entries)


# Records that a user wants


@dataclass(frozen=True)
class Wish:
    """A record that is to be there, or not to be there.

    :param given: all fields as given, and those of C(describe_record).
    :param type: in upper case.
    :param value: in canonical form.
    :param any_preference: whether an MX record of any preference fulfils it, because the value has none.
    """

    given: Mapping[str, Any]
    type: str
    value: str
    any_preference: bool = False

    @property
    def fqdn(self) -> str:
        """The name as given, with a trailing dot."""
        return self.given["fqdn"]

    @functools.cached_property
    def name(self) -> str:
        """The name key."""
        return name_key(self.given["fqdn"])

    @property
    def rdata(self) -> str:
        """The value as a zone file has it."""
        return self.given["rdata"]

    def is_met_by(self, value: str) -> bool:
        """Whether a canonical value of a record of the same name and type is the wanted one."""
        if self.any_preference:
            return split_mx(value)[1] == split_mx(self.value)[1]
        return value == self.value

    def identity(self) -> tuple[str, str, str]:
        """What equal wishes have in common."""
        return self.name, self.type, split_mx(self.value)[1] if self.any_preference else self.value


class Clash(NamedTuple):
    """Records of one name that cannot all be published.

    :param members: the places of all records that it concerns.
    :param second: the place of the one that is different.
    :param field: the field by which it is.
    :param text: why that cannot be, and what to do.
    """

    members: Sequence[int]
    second: int
    field: str
    text: str


# All at a name, the first of them, and one that is different.
_Pair = tuple[Sequence[int], int, int]


def check_records(records: Sequence[Mapping[str, Any]], option: str = "records", publishes: bool = False) -> list[Wish]:
    """Check records as a user gives them, by themselves and against each other. No network is asked.

    Records as the collection's modules return them are accepted with all of their fields.

    :param records: an item can be a bundle, as C(unbundled) takes it.
    :param option: the option that they came from, for errors.
    :param publishes: whether they are to be published, so that receivers must be able to read them.
    :returns: a wish for each record, in order, equal ones included.
    :raises InputError: a record cannot be published.
    """
    placed = list(unbundled(records, option))
    places = [place for place, _record in placed]
    wishes = _wishes(placed, publishes)
    for clash in clashes(wishes, places):
        raise InputError("%s.%s" % (places[clash.second], clash.field), clash.text)
    return wishes


def read_records(records: Sequence[Mapping[str, Any]], option: str = "records", publishes: bool = False) -> list[Wish]:
    """Check records as C(check_records) does, but each only by itself.

    :raises InputError: a record cannot be one of DNS.
    """
    return _wishes(list(unbundled(records, option)), publishes)


def _wishes(placed: Sequence[tuple[str, Mapping[str, Any]]], publishes: bool) -> list[Wish]:
    wishes = [_wish(record, place) for place, record in placed]
    for wish, (place, _record) in zip(wishes, placed) if publishes else ():
        if is_dmarc_record(wish.name, wish.type, wish.value):
            check_dmarc(wish.value, place + ".value")
    return wishes


def clashes(wishes: Sequence[Wish], names: Sequence[str]) -> Iterator[Clash]:
    """Records that cannot all be published, because a name can have only one of them.

    :param names: what to call each record.
    """
    for found, explain in ((_alias_clashes, _explain_alias), (_spf_clashes, _explain_spf), (_mx_clashes, _explain_mx)):
        for members, first, second in found(wishes):
            field, text = explain(wishes[first], wishes[second], names[first])
            yield Clash(members, second, field, text)


def _alias_clashes(wishes: Sequence[Wish]) -> Iterator[_Pair]:
    names = {wish.name for wish in wishes if wish.type == CNAME}
    at_alias = [index for index, wish in enumerate(wishes) if wish.name in names]
    # The CNAME first, since it is what the others are at odds with.
    return _odd_ones(wishes, sorted(at_alias, key=lambda index: wishes[index].type != CNAME))


def _spf_clashes(wishes: Sequence[Wish]) -> Iterator[_Pair]:
    return _odd_ones(wishes, [index for index, wish in enumerate(wishes) if wish.type == TXT and is_spf(wish.value)])


def _mx_clashes(wishes: Sequence[Wish]) -> Iterator[_Pair]:
    """A bounce domain has one MX record. What a user writes by hand may have several."""
    return _odd_ones(
        wishes,
        [index for index, wish in enumerate(wishes) if wish.type == MX and wish.given.get("profile_id")],
    )


def _odd_ones(wishes: Sequence[Wish], places: Iterable[int]) -> Iterator[_Pair]:
    """Of records that must be the same at each name, those that are not, each with all at the name and the first of them."""
    by_name: dict[str, list[int]] = {}
    for place in places:
        by_name.setdefault(wishes[place].name, []).append(place)
    for members in by_name.values():
        for place in members[1:]:
            if wishes[place].identity() != wishes[members[0]].identity():
                yield members, members[0], place


def _explain_alias(first: Wish, second: Wish, name: str) -> tuple[str, str]:
    if second.type == CNAME:
        return "value", (
            "CNAME %s to %s, but %s points it to %s: a name can have "
            "only one CNAME record. Remove one of the two." % (second.fqdn, second.rdata, name, first.rdata)
        )
    return "type", (
        "%s %s, but %s makes the same name a CNAME, which can have no "
        "other records beside it (RFC 1034, 3.6.2). Remove one of the two." % (second.fqdn, second.type, name)
    )


def _explain_spf(first: Wish, second: Wish, name: str) -> tuple[str, str]:
    return "value", (
        "a second SPF record for %s beside %s: two are a "
        "permanent error (RFC 7208, 4.5). Make one record of both." % (second.fqdn, name)
    )


def _explain_mx(first: Wish, second: Wish, name: str) -> tuple[str, str]:
    return "value", (
        "MX %s to %s, but %s sends its mail to %s: a bounce domain can have only one MX record. Choose another bounce "
        "domain for one of the two profiles." % (second.fqdn, second.rdata, name, first.rdata)
    )


def unbundled(records: Sequence[Mapping[str, Any]], option: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each record with its place in the option.

    :param records: an item can be a bundle of records, C({"records": [...]}).
    :raises InputError: a bundle is none.
    """
    for index, item in enumerate(records):
        place = "%s[%d]" % (option, index)
        if set(item) != {BUNDLE}:
            yield place, item
            continue
        bundle = item[BUNDLE]
        if not isinstance(bundle, list) or not all(isinstance(record, Mapping) for record in bundle):
            raise InputError("%s.%s" % (place, BUNDLE), "is no list of records: each needs name, type and value.")
        for number, record in enumerate(bundle):
            yield "%s.%s[%d]" % (place, BUNDLE, number), record


def check_zones(zones: Sequence[str], option: str = "zones") -> list[str]:
    """Check names of zones as a user gives them.

    :returns: their name keys.
    :raises InputError: one is no name.
    """
    return [name_key(check_name(zone, "%s[%d]" % (option, index))) for index, zone in enumerate(zones)]


def _wish(record: Mapping[str, Any], place: str) -> Wish:
    given = describe_record(record, place)
    type_ = record_type(record)
    any_preference = type_ == MX and split_mx(record["value"])[0] is None
    return Wish(given=given, type=type_, value=canonical(type_, given["rdata"]), any_preference=any_preference)


def check_ttl(value: Any) -> int:
    """A TTL in seconds (RFC 2181, 8).

    :raises InputError: it is none.
    """
    number = whole_number(value)
    if number is None or not 1 <= number <= _MAX_TTL:
        raise InputError("ttl", "%r is no number of seconds from 1 to %d." % (value, _MAX_TTL))
    return number
