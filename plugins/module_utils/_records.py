# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""DNS records that a user wants: checked by themselves and against each other, and as lines of a zone file."""

from __future__ import annotations

import functools
import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from ._compact import BUNDLE
from ._domains import ascii_name, domain_key
from ._errors import InputError
from ._rdata import (
    CNAME,
    MX,
    TXT,
    TYPES,
    absolute,
    canonical,
    describe_record,
    is_spf,
    name_key,
    priority_and_rdata,
    split_mx,
    txt_text,
)

_MAX_TXT = 65000  # bytes in all of them, so that the record fits a DNS message
_MAX_NAME = 253
_MAX_TTL = 2**31 - 1  # RFC 2181, 8

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Owner names hold more than host names do: underscores, and an asterisk as the first label.
_OWNER_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_OWNER = re.compile(r"(\*|{0})(\.{0})*\.?".format(_OWNER_LABEL.pattern))
_HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_HOST = re.compile(r"{0}(\.{0})+".format(_HOST_LABEL.pattern))


def zone_file(records: Iterable[Mapping[str, Any]], ttl: Any = 3600) -> str:
    """The records as lines of a zone file with absolute names, columns aligned, each line ended by a newline.

    :param records: as C(describe_record) takes them.
    :param ttl: of each record, in seconds; a string of digits will do.
    :raises InputError: it is no TTL.
    """
    seconds = check_ttl(ttl)
    described = [describe_record(_in_ascii(record)) for record in records]
    return zone_lines((record["fqdn"], seconds, record["type"].upper(), record["rdata"]) for record in described)


def zone_lines(entries: Iterable[tuple[str, int, str, str]]) -> str:
    """Lines of a zone file, columns aligned, from names, TTLs, types and rdata. A line for each, ended by a newline."""
    entries = list(entries)
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


def check_records(records: Sequence[Mapping[str, Any]], option: str = "records") -> list[Wish]:
    """Check records as a user gives them, by themselves and against each other. No network is asked.

    Records as the collection's modules return them are accepted with all of their fields.

    :param records: an item can be a bundle, as C(unbundled) takes it.
    :param option: the option that they came from, for errors.
    :returns: a wish for each record, in order, equal ones included.
    :raises InputError: a record cannot be published.
    """
    placed = list(unbundled(records, option))
    places = [place for place, _record in placed]
    wishes = [_check_record(record, place) for place, record in placed]
    aliases: dict[str, int] = {}
    others: dict[str, int] = {}
    for index, wish in enumerate(wishes):
        (aliases if wish.type == CNAME else others).setdefault(wish.name, index)
    for index, wish in enumerate(wishes):
        first = aliases.get(wish.name)
        if first is None or wish.identity() == wishes[first].identity():
            continue
        if wish.type == CNAME:
            raise InputError(
                places[index] + ".value",
                "CNAME %s to %s, but %s points it to %s: a name can have "
                "only one CNAME record. Remove one of the two."
                % (wish.fqdn, wish.rdata, places[first], wishes[first].rdata),
            )
        raise InputError(
            places[index] + ".type",
            "%s %s, but %s makes the same name a CNAME, which can have no "
            "other records beside it (RFC 1034, 3.6.2). Remove one of the two." % (wish.fqdn, wish.type, places[first]),
        )
    _check_spf(wishes, places)
    return wishes


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
    return [name_key(_check_name(zone, "%s[%d]" % (option, index))) for index, zone in enumerate(zones)]


def _in_ascii(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with its names as DNS has them."""
    value = _ascii_value(record["type"].upper(), record["value"], "value")
    return dict(record, name=ascii_name(record["name"], "name"), value=value)


def _ascii_value(type_: str, value: str, place: str) -> str:
    if type_ not in (CNAME, MX) or value.isascii():
        return value
    preference, host = split_mx(value) if type_ == MX else (None, value)
    host = ascii_name(host.strip(), place)
    return host if preference is None else "%d %s" % (preference, host)


def _check_spf(wishes: Sequence[Wish], places: Sequence[str]) -> None:
    first_spf: dict[str, int] = {}
    for index, wish in enumerate(wishes):
        if wish.type == TXT and is_spf(wish.value):
            first = first_spf.setdefault(wish.name, index)
            if wish.value != wishes[first].value:
                raise InputError(
                    places[index] + ".value",
                    "a second SPF record for %s beside %s: two are a "
                    "permanent error (RFC 7208, 4.5). Make one record of both." % (wish.fqdn, places[first]),
                )


def _check_record(record: Mapping[str, Any], place: str) -> Wish:
    for field in ("name", "type", "value"):
        value = record.get(field)
        if value is None:
            raise InputError("%s.%s" % (place, field), "is missing: a record needs name, type and value.")
        if not isinstance(value, str):
            raise InputError("%s.%s" % (place, field), "%r is no string: put it in quotes." % (value,))
        if not value.strip():
            raise InputError("%s.%s" % (place, field), "is empty: a record needs name, type and value.")
    type_ = record["type"].strip().upper()
    if type_ not in TYPES:
        raise InputError(place + ".type", "'%s' is not supported: only %s are." % (record["type"], ", ".join(TYPES)))
    name = _check_name(record["name"], place + ".name")
    if type_ != TXT:
        record = dict(record, value=_ascii_value(type_, record["value"], place + ".value"))
    if type_ == TXT:
        _check_txt(record["value"], place + ".value")
        any_preference = False
    else:
        preference, host = split_mx(record["value"]) if type_ == MX else (None, record["value"])
        if preference is not None and preference > 65535:
            raise InputError(place + ".value", "'%s': the preference is above 65535." % record["value"])
        _check_host(host, place + ".value", type_)
        any_preference = type_ == MX and preference is None
    priority = record.get("priority")
    if type_ == MX and priority is not None:
        priority = _check_priority(priority, place + ".priority")
    priority, rdata = priority_and_rdata(type_, record["value"], priority)
    if type_ == CNAME and name_key(rdata) == name_key(name):
        raise InputError(place + ".value", "'%s' is the record's own name: a CNAME must not point to itself." % rdata)
    given = dict(record, fqdn=absolute(name), priority=priority, rdata=rdata)
    return Wish(given=given, type=type_, value=canonical(type_, rdata), any_preference=any_preference)


def _check_priority(value: Any, place: str) -> int:
    number = _number(value)
    if number is None or not 0 <= number <= 65535:
        raise InputError(place, "%r is no preference of an MX record: give a number from 0 to 65535." % (value,))
    return number


def check_ttl(value: Any) -> int:
    """A TTL in seconds (RFC 2181, 8).

    :raises InputError: it is none.
    """
    number = _number(value)
    if number is None or not 1 <= number <= _MAX_TTL:
        raise InputError("ttl", "%r is no number of seconds from 1 to %d." % (value, _MAX_TTL))
    return number


def _number(value: Any) -> Optional[int]:
    """A whole number; in templates it is often a string."""
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _check_name(value: str, place: str) -> str:
    """The name, if a record can have it."""
    name = value.strip()
    if _OWNER.fullmatch(name) and len(name) <= _MAX_NAME:
        return name
    if any(character.isspace() for character in name):
        raise InputError(place, "'%s' has a space in it: give one full name, such as mail.example.com." % value)
    name = ascii_name(name, place)
    labels = (name[:-1] if name.endswith(".") else name).split(".")
    if not all(labels):
        raise InputError(
            place, "'%s' has an empty label: there are two dots in a row, or one at the beginning." % value
        )
    for label in labels[1:] if labels[0] == "*" else labels:
        if len(label) > 63:
            raise InputError(place, "'%s': the label '%s...' is longer than 63 characters." % (value, label[:20]))
        if not _OWNER_LABEL.fullmatch(label):
            raise InputError(
                place,
                "'%s': the label '%s' is not of letters, digits, hyphens and underscores. "
                "Give the full name, such as mail.example.com." % (value, label),
            )
    if len(".".join(labels)) > _MAX_NAME:
        raise InputError(
            place, "'%s...' is longer than the %d characters that a name can have." % (value[:40], _MAX_NAME)
        )
    return name


def _check_txt(value: str, place: str) -> None:
    text = txt_text(value)
    if not text:
        raise InputError(place, "is empty: a TXT record without text is of no use.")
    if _CONTROL.search(text):
        raise InputError(place, "has a control character in it, such as a line break: give the text in one line.")
    if len(text.encode("utf-8", "surrogateescape")) > _MAX_TXT:
        raise InputError(place, "is longer than the %d bytes that fit a record." % _MAX_TXT)


def _check_host(value: str, place: str, type_: str) -> None:
    host = domain_key(value.strip())
    if _HOST.fullmatch(host) and len(host) <= _MAX_NAME and not host[-1].isdigit():
        return
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        raise InputError(place, "'%s' is an IP address: a %s record needs a host name." % (value, type_))
    labels = host.split(".")
    if len(labels) < 2 or len(host) > _MAX_NAME or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise InputError(
            place, "'%s' is no host name: a %s record needs a full one, such as host.example.com." % (value, type_)
        )
