# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Records as arguments of other collections' DNS modules: pure functions on plain data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional, Sequence

from ._dns_plan import REASONS, Conflict, Policy, ZonePlan, assign_zones, plan_zone
from ._errors import InputError, SmtpdError
from ._rdata import (
    CNAME,
    MAX_STRING,
    MX,
    TXT,
    TYPES,
    canonical,
    name_key,
    priority_and_rdata,
    rdata_of,
    split_mx,
    txt_text,
    unescape,
)
from ._record_sets import RecordSet
from ._records import Wish, check_records, check_ttl, check_zones, unbundled

# What octoDNS does not do here.
_REASONS = dict(REASONS, not_rewritable="The set is an alias or has a routing policy. Change it by hand.")

# Stands for the values of a set of Route 53 that are no plain ones.
_SPECIAL = "(an alias, or a set with a routing policy)"


def dns_arguments(
    records: Any, fqcn: str, zones: Any, ttl: int = 3600, existing: Optional[Any] = None
) -> tuple[list[dict[str, Any]], str]:
    """The arguments with which a DNS module publishes records, one item a task.

    :param records: as the collection's modules return them, or each with C(name), C(type) and C(value).
    :param fqcn: the module.
    :param zones: those that the records may lie in.
    :param existing: what is there: records of C(smtpd_dns_info), record sets of C(route53_info), or plain records.
        C(None) where only the records themselves may tell it, as those of C(smtpd_dns_info) do.
    :returns: the arguments, and what the user is to be warned of.
    :raises SmtpdError: a record cannot be published, or something of somebody else would be lost.
    """
    module = _MODULES.get(fqcn)
    if module is None:
        raise InputError("fqcn", "'%s' is not supported: only %s are." % (fqcn, ", ".join(sorted(_MODULES))))
    ttl = check_ttl(ttl)
    records = [
        record for _place, record in unbundled(_check_list(records, "records", Mapping, "dictionary"), "records")
    ]
    wishes = check_records(records)
    zone_keys = check_zones(_check_list(zones, "zones", str, "string"))
    if existing is None:
        there = _There([record for record in records if "existing" in record], "records")
    else:
        there = _There(_check_list(existing, "existing", Mapping, "dictionary"), "existing")
    by_zone = assign_zones(wishes, zone_keys)
    there.check_certain(wishes)
    content = there.content(ttl)
    plans = [plan_zone(zone, by_zone[zone], content, Policy(ttl=ttl)) for zone in by_zone]
    _check_conflicts(plans)
    sets = [one for plan in plans for one in _wanted_sets(plan, there, ttl)]
    nobody_looked = existing is None and not there.was_asked
    warning = _warning(wishes, fqcn, module) if nobody_looked else ""
    return [item for one in sets for item in module.arguments(one)], warning


# Input


def _check_list(value: Any, option: str, kind: type, kind_name: str) -> list[Any]:
    # Filters such as map give iterators.
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        raise InputError(option, "is no list.")
    items = list(value)
    for index, item in enumerate(items):
        if not isinstance(item, kind):
            raise InputError("%s[%d]" % (option, index), "%r is no %s." % (item, kind_name))
    return items


def _warning(wishes: Iterable[Wish], fqcn: str, module: _Module) -> str:
    """What could be lost where nobody has looked what is there."""
    endangered = list(dict.fromkeys((wish.fqdn, wish.type) for wish in wishes if wish.type in module.replaces))
    if not endangered:
        return ""
    more = " and %d more" % (len(endangered) - 1) if len(endangered) > 1 else ""
    return (
        "dns_arguments: %s replaces whatever there is at %s %s%s, and it is not known what that is. Give this filter the "
        "records that smtpd_dns_info returns, so that nothing gets lost." % (fqcn, *endangered[0], more)
    )


def _check_conflicts(plans: Iterable[ZonePlan]) -> None:
    conflicts = [conflict for plan in plans for conflict in plan.conflicts]
    if conflicts:
        raise SmtpdError("These records cannot be published:\n%s" % "\n".join(map(_described, conflicts)))


def _described(conflict: Conflict) -> str:
    # Without TTLs, because not every source tells them.
    wanted, *found = (re.sub(r" \d+ IN ", " ", line, count=1) for line in (conflict.wanted, *conflict.found))
    return "- %s: %s%s" % (wanted, _REASONS[conflict.code], "".join("\n    there: %s" % line for line in found))


# What is there


@dataclass
class _Found:
    """The values of one name and type that are there.

    :param rdatas: to the letter.
    :param is_special: whether there is more to the set than values.
    :param is_ordered: whether they are in the order that the provider has them in.
    """

    rdatas: list[str]
    ttl: Optional[int] = None
    is_special: bool = False
    is_ordered: bool = True


class _There:
    """What is there, from any of the forms that C(existing) can have."""

    def __init__(self, items: Iterable[Mapping[str, Any]], option: str) -> None:
        self._option = option
        self._sets: dict[tuple[str, str], _Found] = {}
        self._asked: set[tuple[str, str]] = set()
        self._uncertain: dict[tuple[str, str], str] = {}
        for index, item in enumerate(items):
            self._add(item, "%s[%d]" % (option, index))

    @property
    def was_asked(self) -> bool:
        """Whether DNS was asked, so that all has to be known."""
        return bool(self._asked or self._uncertain)

    def found(self, name: str, type_: str) -> _Found:
        """What is there of one name and type."""
        return self._sets.get((name, type_), _Found([]))

    def check_certain(self, wishes: Iterable[Wish]) -> None:
        """Check that the answers of DNS, if that was asked, say what is there of each wanted set."""
        for wish in wishes if self.was_asked else ():
            key = (wish.name, wish.type)
            if key not in self._asked and key not in self._sets:
                reason = self._uncertain.get(key, "it is not among the records that DNS was asked for.")
                raise InputError(self._option, "it is not known what is at %s %s: %s" % (wish.fqdn, wish.type, reason))

    def content(self, ttl: int) -> dict[str, dict[str, RecordSet]]:
        """All of it, as it is planned with."""
        content: dict[str, dict[str, RecordSet]] = {}
        for (name, type_), found in self._sets.items():
            values = [_SPECIAL] if found.is_special else [canonical(type_, rdata) for rdata in found.rdatas]
            content.setdefault(name, {})[type_] = RecordSet(
                name, type_, ttl, tuple(dict.fromkeys(values)), rewritable=not found.is_special
            )
        return content

    def _add(self, item: Mapping[str, Any], place: str) -> None:
        name, type_ = _text(item, "name", place).strip(), _text(item, "type", place).strip().upper()
        if "existing" in item:
            self._add_answer(name_key(name), type_, item, place)
        elif "alias_target" in item or "resource_records" in item:
            self._join(name_key(unescape(name)), type_, _route53_set(item, place))
        elif "validation_state" in item:
            raise InputError(place, "%s %s is a record that is wanted, not one that is there." % (name, type_))
        else:
            rdata = _rdata(type_, dict(item, name=name, type=type_, value=_text(item, "value", place)))
            self._join(name_key(name), type_, _Found([rdata], _ttl_of(item, place)))

    def _join(self, name: str, type_: str, found: _Found) -> None:
        """Add what an item says of a set, of which others may have told before."""
        whole = self._sets.setdefault((name, type_), _Found([]))
        for rdata in found.rdatas:
            # The bounds between the strings of a text can mean something.
            known = whole.rdatas if type_ == TXT else [canonical(type_, one) for one in whole.rdatas]
            if (rdata if type_ == TXT else canonical(type_, rdata)) not in known:
                whole.rdatas.append(rdata)
        whole.ttl = found.ttl if whole.ttl is None else whole.ttl
        whole.is_special = whole.is_special or found.is_special
        whole.is_ordered = whole.is_ordered and found.is_ordered

    def _add_answer(self, name: str, type_: str, item: Mapping[str, Any], place: str) -> None:
        """Add what C(smtpd_dns_info) found for a record."""
        if item["existing"] is None:
            self._uncertain[name, type_] = "no certain answer. %s" % item.get("message", "")
            return
        self._asked.add((name, type_))
        for index, one in enumerate(_check_list(item["existing"], place + ".existing", Mapping, "dictionary")):
            spot = "%s.existing[%d]" % (place, index)
            found = _Found([_text(one, "value", spot)], _ttl_of(one, spot), is_ordered=False)
            self._join(name, _text(one, "type", spot).upper(), found)


def _rdata(type_: str, record: Mapping[str, Any]) -> str:
    """The value of a plain record as a zone file has it. A text that is given so keeps the bounds of its strings."""
    value = record["value"]
    if type_ == TXT and value.isprintable() and txt_text(value) != value:
        return value
    return priority_and_rdata(type_, value, record.get("priority"))[1]


def _route53_set(item: Mapping[str, Any], place: str) -> _Found:
    is_special = "alias_target" in item or "set_identifier" in item
    rdatas = [_text(record, "value", place) for record in item.get("resource_records") or []]
    return _Found(rdatas, _ttl_of(item, place), is_special)


def _text(item: Mapping[str, Any], field: str, place: str) -> str:
    value = item.get(field)
    if not isinstance(value, str) or not value.strip():
        raise InputError(
            "%s.%s" % (place, field),
            "is missing, or no text: give records of smtpd_dns_info, record sets of route53_info, or records with "
            "name, type and value.",
        )
    return value


def _ttl_of(item: Mapping[str, Any], place: str) -> Optional[int]:
    ttl = item.get("ttl")
    if ttl is None or isinstance(ttl, int) and not isinstance(ttl, bool):
        return ttl
    raise InputError("%s.ttl" % place, "%r is no number of seconds." % (ttl,))


# What is wanted


@dataclass(frozen=True)
class _WantedSet:
    """All records of one name and type, as they are to be.

    :param zone: without trailing dot.
    :param name: the name key.
    :param wanted: the wanted values, in canonical form.
    :param rdatas: all values that the set then has: those that are there, to the letter, and the wanted ones.
    :param had_values: whether there are some already.
    :param ttl: for new records.
    :param set_ttl: for the whole set: as it is, where that is known.
    """

    zone: str
    name: str
    type: str
    wanted: tuple[str, ...]
    rdatas: tuple[str, ...]
    had_values: bool
    ttl: int
    set_ttl: int

    @property
    def full_name(self) -> str:
        """The name without trailing dot."""
        return self.name[:-1]


def _wanted_sets(plan: ZonePlan, there: _There, ttl: int) -> Iterator[_WantedSet]:
    """The sets that a plan without conflicts leads to, less those whose SPF record has all that is wanted already."""
    after = {(change.any.name, change.any.type): change.any.values for change in plan.changes}
    wishes: dict[tuple[str, str], list[Wish]] = {}
    for wish in plan.wishes:
        wishes.setdefault((wish.name, wish.type), []).append(wish)
    for (name, type_), mine in wishes.items():
        found = there.found(name, type_)
        known = tuple(dict.fromkeys(canonical(type_, rdata) for rdata in found.rdatas))
        values = after.get((name, type_), known)
        wanted = tuple(value for value in values if any(wish.is_met_by(value) for wish in mine))
        rdatas = [*found.rdatas, *(rdata_of(type_, value) for value in values if value not in known)]
        if not found.is_ordered:
            rdatas.sort()  # so that a module that compares them in their order finds the same at the next run
        set_ttl = ttl if found.ttl is None else found.ttl
        if wanted:
            yield _WantedSet(plan.zone[:-1], name, type_, wanted, tuple(rdatas), bool(known), ttl=ttl, set_ttl=set_ttl)


# The modules, each with its quirks


def _cloudflare(one: _WantedSet) -> list[dict[str, Any]]:
    """Full names: whether a relative one needs the zone is told by its last letters only. TXT is sent as it is."""
    head = {"zone": one.zone, "record": one.full_name, "type": one.type, "ttl": one.ttl, "solo": False}
    return [dict(head, **_cloudflare_value(one.type, value)) for value in one.wanted]


def _cloudflare_value(type_: str, value: str) -> dict[str, Any]:
    if type_ == MX:
        preference, host = split_mx(value)
        return {"value": host.rstrip("."), "priority": preference}
    return {"value": value.rstrip("."), "proxied": False} if type_ == CNAME else {"value": value}


def _hetzner(one: _WantedSet) -> list[dict[str, Any]]:
    """Hosts without trailing dot would be taken as relative. TXT is quoted and split by the module."""
    head = {"state": "present", "zone_name": one.zone, "record": one.full_name, "type": one.type, "ttl": one.ttl}
    if one.type == TXT:
        head["txt_transformation"] = "unquoted"
    return [dict(head, value=value) for value in one.wanted]


def _azure(one: _WantedSet) -> list[dict[str, Any]]:
    item = {
        "zone_name": one.zone,
        "relative_name": one.full_name[: -len(one.zone) - 1] or "@",
        "record_type": one.type,
        "time_to_live": one.set_ttl,
        "records": [_azure_record(one.type, value) for value in one.wanted],
    }
    # Of two targets of a CNAME, by another spelling of the same, the module would write one at random.
    item["record_mode"] = "purge" if one.type == CNAME else "append"
    return [item]


def _azure_record(type_: str, value: str) -> dict[str, Any]:
    if type_ == MX:
        preference, host = split_mx(value)
        return {"preference": preference, "entry": host.rstrip(".")}
    # A text that is no list would be split at its commas.
    return {"entry": _strings(value) if type_ == TXT else value.rstrip(".")}


def _strings(text: str) -> list[str]:
    """The text in pieces that each fit one string of a TXT record."""
    pieces, size = [""], 0
    for character in text:
        width = len(character.encode("utf-8", "surrogateescape"))
        if size + width > MAX_STRING:
            pieces.append("")
            size = 0
        pieces[-1] += character
        size += width
    return pieces


def _route53(one: _WantedSet) -> list[dict[str, Any]]:
    """A set that is there is only overwritten where its values are known; any other one the module leaves alone."""
    item = {"state": "present", "zone": one.zone, "record": one.full_name, "type": one.type, "ttl": one.set_ttl}
    return [dict(item, value=list(one.rdatas), overwrite=one.had_values)]


def _nsupdate(one: _WantedSet) -> list[dict[str, Any]]:
    """The trailing dot of the name keeps the zone from being added to it."""
    item = {"zone": one.zone, "record": one.name, "type": one.type, "ttl": one.set_ttl, "value": list(one.rdatas)}
    return [item]


@dataclass(frozen=True)
class _Module:
    """How to publish by a module.

    :param arguments: turns a set into items.
    :param replaces: the types of which it replaces whatever is there, and cannot be kept from it.
    """

    arguments: Callable[[_WantedSet], list[dict[str, Any]]]
    replaces: Sequence[str] = ()


_MODULES = {
    "amazon.aws.route53": _Module(_route53),
    "azure.azcollection.azure_rm_dnsrecordset": _Module(_azure, replaces=(CNAME,)),
    "community.dns.hetzner_dns_record": _Module(_hetzner),
    "community.general.cloudflare_dns": _Module(_cloudflare, replaces=(CNAME,)),
    "community.general.nsupdate": _Module(_nsupdate, replaces=TYPES),
}
