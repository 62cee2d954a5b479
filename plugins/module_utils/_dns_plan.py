# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What has to change in a zone so that records are there, or are not there, and nothing else is harmed.

Pure functions on plain data; the engine that reads and writes zones is elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional, Sequence

from ._dns_dmarc import is_dmarc_record
from ._dns_spf import can_merge, contradicts, covers, merge, parse, unmerge
from ._dns_spf_lookups import Problem
from ._rdata import CNAME, MX, TXT, is_spf, name_key, parents
from ._record_sets import Change, Content, RecordSet, zones_of
from ._records import Wish, zone_lines
from ._texts import printable

PRESENT, ABSENT = "present", "absent"
CREATED, UPDATED, REMOVED, UNCHANGED, NOT_WRITTEN = "created", "updated", "removed", "unchanged", "not_written"
LEFT_OUT = "left_out"


HIDDEN_WILDCARD = (
    "A wildcard answers for this name today. With the wanted record below it the name comes to exist, and the wildcard does not "
    "answer for it any more (RFC 4592, 2.2.2). Publish by hand what is needed at the name."
)

# What can be in the way of a record, and what to do about it.
REASONS = {
    "cname_target": "The name points elsewhere. Remove that record, or choose another domain.",
    "cname_beside_others": (
        "A CNAME can have no other records beside it (RFC 1034, 3.6.2). Remove these, or choose another domain."
    ),
    "cname_in_the_way": (
        "The name is a CNAME, which can have no other records beside it (RFC 1034, 3.6.2). Remove it, or choose another "
        "domain."
    ),
    "other_mx": (
        "There must be no other MX record beside it, and mail to the domain now goes there. Choose another domain."
    ),
    "mx_at_apex": (
        "There must be no other MX record beside it, and the zone's own mail now goes there. Choose another bounce domain, or "
        "remove that record by hand."
    ),
    "cname_at_apex": "The top of a zone cannot be a CNAME (RFC 1034, 3.6.2). Choose a domain below it.",
    "second_spf": (
        "A second SPF record is a permanent error (RFC 7208, 4.5). Take the wanted terms into the one that is there."
    ),
    "several_spf": (
        "There are several SPF records, which is a permanent error (RFC 7208, 4.5). Make one of them first."
    ),
    "spf_invalid": (
        "Receivers take the SPF record for a permanent error (RFC 7208, 4.6), so no mail passes by it. Correct it first."
    ),
    "spf_rejects": (
        "The SPF record has the wanted terms with another qualifier, and the first one counts (RFC 7208, 4.6.2). Remove those "
        "terms first."
    ),
    "spf_lookups": (
        "With the wanted terms the SPF record exceeds the limits of DNS lookups, which is a permanent error (RFC 7208, "
        "4.6.4). Remove some of its terms first."
    ),
    "spf_lookups_unknown": (
        "It cannot be told whether the SPF record keeps within the limits of DNS lookups with the wanted terms (RFC 7208, 4.6.4). "
        "Run again where the system's resolver answers for its names, or change the record by hand."
    ),
    "dmarc_cname": (
        "The name is a CNAME, as hosted DMARC services use it, and is never replaced by a DMARC record. Change the record at the "
        "target of the CNAME, or remove the CNAME yourself."
    ),
    "second_dmarc": (
        "With a second DMARC record, receivers ignore both (RFC 7489, 6.6.3). Change the existing record yourself."
    ),
    "delegated": (
        "The name, or one above it, is handed over to other servers, so that this zone is not asked for it. "
        "Publish the record there, and give that zone in zones."
    ),
    "wildcard_hidden": HIDDEN_WILDCARD,
    "proxied": (
        "The record is proxied: DNS answers with addresses of the provider instead of its value, so it cannot be verified. "
        "Switch the proxy off for it."
    ),
    "dynamic": (
        "The provider chooses the answer for this name by rules such as weights, location or health, so DNS does not always "
        "return this value. Change this record set by hand, or choose another domain."
    ),
    "unreadable": (
        "octoDNS cannot read this record set, so it can neither change nor remove it. Change it by hand, or choose another domain."
    ),
    "provider_record": (
        "A record of a kind that only this provider has answers for the name. Change it by hand, or choose another domain."
    ),
    "not_rewritable": (
        "octoDNS could garble what is there (quotes, backslashes or special characters in a text, or settings of this "
        "provider). Change this record set by hand."
    ),
}

# By which option it can be allowed.
_ALLOWED_BY = {
    "cname_target": "conflict=replace",
    "cname_beside_others": "conflict=replace",
    "cname_in_the_way": "conflict=replace",
    "other_mx": "conflict=replace",
    "proxied": "conflict=replace",
    "wildcard_hidden": "conflict=replace",
    "second_spf": "spf=merge",
}

_WILDCARD = "*."

# Of a wish: name key, type and value.
Identity = tuple[str, str, str]

# Those that conflict=replace clears away.
_REPLACEABLE = frozenset(("cname_target", "cname_beside_others", "cname_in_the_way", "other_mx", "proxied"))

# Obstacles of record sets that are left alone, whatever is allowed to be replaced.
_FIXED = frozenset(("dynamic", "unreadable"))


@dataclass(frozen=True)
class Conflict:
    """Something in a zone that is in the way of a wanted record.

    :param code: which kind, one of C(REASONS).
    :param found: what is there, as lines of a zone file.
    :param wanted: the wanted record in the same form.
    :param detail: what exactly is in the way, where the code does not say it.
    :param identities: of all wishes that it concerns.
    """

    code: str
    zone: str
    name: str
    type: str
    found: tuple[str, ...]
    wanted: str
    detail: str = ""
    identities: tuple[Identity, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the result of a module."""
        return {
            "code": self.code,
            "zone": self.zone,
            "name": self.name,
            "type": self.type,
            "found": list(self.found),
            "wanted": self.wanted,
            "todo": self.todo,
        }

    @property
    def todo(self) -> str:
        """Why it is in the way, and what to do about it."""
        option = _ALLOWED_BY.get(self.code)
        detail = self.detail[:1].upper() + self.detail[1:] + ". " if self.detail else ""
        return detail + REASONS[self.code] + (" Or allow it by %s." % option if option else "")

    def __str__(self) -> str:
        return "%s %s\n    there:  %s\n    wanted: %s\n    to do:  %s" % (
            self.name,
            self.type,
            "\n            ".join(self.found) or "-",
            self.wanted,
            self.todo,
        )


@dataclass(frozen=True)
class Policy:
    """How to go about it.

    :param ttl: of new sets, in seconds. A set that is there keeps its TTL.
    :param replace: whether to clear away what is in the way.
    :param merge_spf: whether to take our terms into an SPF record that is there.
    :param spf_problem: gets a domain, its SPF record, and the domains that the wanted record includes, and says what receivers
        would have against it.
    """

    state: str = PRESENT
    ttl: int = 3600
    replace: bool = False
    merge_spf: bool = False
    spf_problem: Callable[[str, str, Sequence[str]], Optional[Problem]] = lambda domain, text, known: None


@dataclass
class ZonePlan:
    """What is to happen in one zone.

    :param actions: one for each wish, in order.
    :param warnings: what the user is to know, though nothing is in the way.
    :param before: the content of the names that change, as it was read.
    :param after: the content of these names as it will be.
    """

    zone: str
    wishes: list[Wish]
    actions: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    before: dict[str, Mapping[str, RecordSet]] = field(default_factory=dict)
    after: dict[str, Mapping[str, RecordSet]] = field(default_factory=dict)

    @property
    def diff(self) -> dict[str, str]:
        """Before and after as lines of a zone file, of the names that change."""
        return zone_diff(self.zone, self.before, self.after)


def assign_zones(wishes: Iterable[Wish], zones: Sequence[str]) -> dict[str, list[Wish]]:
    """The wishes by the zone that they lie in, as it is spelt in C(zones).

    :raises InputError: some lie in none of them.
    """
    wishes = list(wishes)
    zone_of = zones_of((wish.fqdn for wish in wishes), zones)
    by_zone: dict[str, list[Wish]] = {}
    for wish in wishes:
        by_zone.setdefault(zone_of[wish.fqdn], []).append(wish)
    return by_zone


def relevant_names(zone: str, wishes: Iterable[Wish]) -> set[str]:
    """The names whose content decides what is to be done: those of the wishes, those above them, and wildcards."""
    names = {wish.name for wish in wishes}
    above = {name_key(zone)}.union(*(parents(name, name_key(zone)) for name in names))
    return names | above | {_WILDCARD + name for name in above}


def plan_zone(
    zone: str, wishes: Sequence[Wish], content: Content, policy: Policy, owners: Optional[Iterable[str]] = None
) -> ZonePlan:
    """Decide what changes in a zone.

    :param content: what is there at C(relevant_names).
    :param owners: the name keys of all that the zone has; C(None) where it has no more than the content.
    """
    plan = ZonePlan(zone, list(wishes))
    by_name: dict[str, list[Wish]] = {}
    for wish in wishes:
        by_name.setdefault(wish.name, []).append(wish)
    actions: dict[Identity, str] = {}
    for name in sorted(by_name):
        node = _Node(name_key(zone), name, by_name[name], content, policy)
        node.plan()
        plan.conflicts += node.conflicts
        actions.update(node.actions)
        changes = list(_changes(content.get(name, {}), node.sets))
        if changes:
            plan.changes += changes
            plan.before[name], plan.after[name] = content.get(name, {}), node.sets
    if policy.state == PRESENT and not policy.replace:
        known = content if owners is None else owners
        for conflict, is_expected in _hidden_wildcards(name_key(zone), wishes, content, known, policy.ttl):
            if is_expected:
                plan.warnings.append("%s: %s" % (conflict.found[0], HIDDEN_WILDCARD))
            else:
                plan.conflicts.append(conflict)
    plan.actions = [actions[wish.identity()] for wish in wishes]
    return plan


def _hidden_wildcards(
    zone: str, wishes: Iterable[Wish], content: Content, owners: Iterable[str], ttl: int
) -> Iterator[tuple[Conflict, bool]]:
    """The names above wanted ones for which a wildcard would not answer any more.

    A name with an underscore in it is no host, and not missed.

    :returns: with each, whether it is expected: the name is a domain of a profile, and whoever named that domain wants it to
        have records of its own (RFC 4592).
    """
    wildcards = {name[len(_WILDCARD) :]: sets for name, sets in content.items() if name.startswith(_WILDCARD) and sets}
    if not wildcards:
        return
    there = {zone}.union(*([owner, *parents(owner, zone)] for owner in owners))
    wishes = list(wishes)
    named = {wish.name for wish in wishes}
    below: dict[str, list[Wish]] = {}
    for wish in wishes:
        for name in parents(wish.name, zone):
            if name not in there and name not in named and "_" not in name:
                below.setdefault(name, []).append(wish)
    for name, concerned in below.items():
        encloser = next((above for above in parents(name, zone) if above in there), zone)
        if encloser in wildcards:
            found = ["%s, by %s" % (name, line) for line in _lines(wildcards[encloser].values())]
            by_hand = [one for one in concerned if not one.given.get("profile_id")]
            wish, identities = (by_hand or concerned)[0], tuple(one.identity() for one in by_hand)
            wanted = _wanted(wish, ttl)
            yield (
                Conflict("wildcard_hidden", zone, wish.fqdn, wish.type, tuple(found), wanted, "", identities),
                not by_hand,
            )


def _changes(before: Mapping[str, RecordSet], after: Mapping[str, RecordSet]) -> Iterator[Change]:
    for type_ in sorted({**before, **after}):
        change = Change(before.get(type_), after.get(type_))
        if change.before != change.after:
            yield change


class _Node:
    """One name: its record sets, which C(plan) turns from what is there into what is to be there."""

    def __init__(self, zone: str, name: str, wishes: Sequence[Wish], content: Content, policy: Policy) -> None:
        self.zone = zone
        self.name = name
        self.wishes = list({wish.identity(): wish for wish in reversed(wishes)}.values())[::-1]
        self.content = content
        self.policy = policy
        self.sets = dict(content.get(name, {}))
        self.actions: dict[Identity, str] = {}
        self.conflicts: list[Conflict] = []

    def plan(self) -> None:
        """Decide. Where there is a conflict, C(sets) is of no meaning."""
        before = dict(self.sets)
        if self.policy.state == ABSENT:
            for wish in self.wishes:
                self._remove(wish)
            self._check_fixed(before)
        else:
            self._check_authority()
            for wish in self.wishes:
                self._check_answers(wish)
                {CNAME: self._publish_cname, MX: self._publish_mx, TXT: self._publish_txt}[wish.type](wish)
        self._check_rewritable(before)

    # What is there

    def _values(self, type_: str) -> tuple[str, ...]:
        return self.sets[type_].values if type_ in self.sets else ()

    def _set_values(self, type_: str, values: Iterable[str]) -> None:
        values = tuple(values)
        if not values:
            self.sets.pop(type_, None)
        elif type_ in self.sets:
            self.sets[type_] = replace(self.sets[type_], values=values)
        else:
            self.sets[type_] = RecordSet(self.name, type_, self.policy.ttl, values)

    def _is_ours(self, type_: str, value: str) -> bool:
        return any(wish.type == type_ and wish.is_met_by(value) for wish in self.wishes)

    # Publishing

    def _publish_cname(self, wish: Wish) -> None:
        if self.name == self.zone:
            self._conflict("cname_at_apex", wish, [])
        others = [type_ for type_ in self.sets if type_ not in (CNAME, "NS", "SOA")]
        if others:
            self._conflict("cname_beside_others", wish, self._lines_of(others))
            for type_ in others:
                del self.sets[type_]
        values = self._values(CNAME)
        is_there = wish.value in values
        is_proxied = CNAME in self.sets and self.sets[CNAME].obstacle == "proxied"
        if is_there and not is_proxied:
            return self._done(wish, UNCHANGED)
        if values:
            self._conflict("proxied" if is_there else "cname_target", wish, self._lines_of([CNAME]))
        self._set_values(CNAME, [wish.value])
        self.sets[CNAME] = replace(self.sets[CNAME], obstacle="")
        self._done(wish, UPDATED if values or others else CREATED)

    def _publish_mx(self, wish: Wish) -> None:
        self._clear_cname(wish)
        values = self._values(MX)
        kept = [value for value in values if self._is_ours(MX, value)]
        has_foreign = len(kept) < len(values)
        if has_foreign:  # the mail of the whole zone is never given up, whatever is allowed to be replaced
            code = "mx_at_apex" if self.name == self.zone else "other_mx"
            self._conflict(code, wish, self._lines_of([MX]))
        is_there = any(wish.is_met_by(value) for value in kept)
        self._set_values(MX, kept if is_there else kept + [wish.value])
        self._done(wish, UPDATED if has_foreign else UNCHANGED if is_there else CREATED)

    def _publish_txt(self, wish: Wish) -> None:
        is_dmarc = is_dmarc_record(self.name, TXT, wish.value)
        if is_dmarc and CNAME in self.sets:  # a policy of others, which conflict=replace does not mean
            self._conflict("dmarc_cname", wish, self._lines_of([CNAME]))
            return self._done(wish, UNCHANGED)
        self._clear_cname(wish)
        values = self._values(TXT)
        if is_dmarc and any(is_dmarc_record(self.name, TXT, value) for value in values if value != wish.value):
            self._conflict("second_dmarc", wish, self._lines_of([TXT]))
        others = [value for value in values if is_spf(value) and value != wish.value] if is_spf(wish.value) else []
        if others:
            self._publish_beside_spf(wish, values, others)
        elif wish.value in values:
            self._done(wish, UNCHANGED)
        else:
            self._set_values(TXT, values + (wish.value,))
            self._done(wish, CREATED)

    def _publish_beside_spf(self, wish: Wish, values: Sequence[str], others: Sequence[str]) -> None:
        self._done(wish, UPDATED)
        if len(others) > 1 or wish.value in values:
            return self._conflict("several_spf", wish, self._lines_of([TXT]))
        existing = others[0]
        if covers(existing, wish.value):
            return self._done(wish, UNCHANGED)
        problem = self._merge_problem(existing, wish)
        if problem:
            return self._conflict(problem.code, wish, self._lines_of([TXT]), problem.message)
        merged = merge(existing, wish.value)
        self._set_values(TXT, [merged if value == existing else value for value in values])

    def _merge_problem(self, existing: str, wish: Wish) -> Optional[Problem]:
        """Why the wanted terms cannot go into an SPF record."""
        error = parse(existing).error
        if error:
            return Problem("spf_invalid", error)
        if not self.policy.merge_spf or not can_merge(wish.value):
            return Problem("second_spf", "")
        if contradicts(existing, wish.value):
            return Problem("spf_rejects", "")
        ours = [one.domain for one in parse(wish.value).effective if one.domain]
        return self.policy.spf_problem(self.name, merge(existing, wish.value), ours)

    def _clear_cname(self, wish: Wish) -> None:
        if CNAME in self.sets:
            self._conflict("cname_in_the_way", wish, self._lines_of([CNAME]))
            if self.policy.replace:
                del self.sets[CNAME]

    # Removing

    def _remove(self, wish: Wish) -> None:
        values = self._values(wish.type)
        kept = [value for value in values if not wish.is_met_by(value)]
        if wish.type == TXT and self.policy.merge_spf and len(kept) == len(values) and is_spf(wish.value):
            kept = [
                unmerge(value, wish.value) if is_spf(value) and covers(value, wish.value) else value for value in values
            ]
        if tuple(kept) == values:
            return self._done(wish, UNCHANGED)
        self._set_values(wish.type, kept)
        self._done(wish, REMOVED)

    # What stands against it

    def _check_authority(self) -> None:
        """Nothing that this zone says counts at and below a name that it hands to others."""
        above = [sets for sets in map(self.content.get, parents(self.name, self.zone)) if sets]
        handed_over = [sets[type_] for sets in above for type_ in ("NS", "DNAME") if type_ in sets]
        if self.name != self.zone:
            handed_over += [self.sets["NS"]] if "NS" in self.sets else []
            # The zone itself can have another name for all below it (RFC 6672, 2.3).
            handed_over += [sets["DNAME"] for sets in [self.content.get(self.zone, {})] if "DNAME" in sets]
        for wish in self.wishes if handed_over else ():
            self._conflict("delegated", wish, _lines(handed_over))

    def _check_answers(self, wish: Wish) -> None:
        """Nothing may answer in place of the wanted record: with a CNAME all sets at its name would."""
        for type_, one in sorted(self.sets.items()):
            concerns = type_ in (wish.type, CNAME) or (wish.type == CNAME and type_ not in ("NS", "SOA"))
            if one.obstacle in _FIXED and concerns:
                self._conflict(one.obstacle, wish, _lines([one]))
            elif wish.type != CNAME and {wish.type, CNAME} & set(one.answers):
                self._conflict("provider_record", wish, _lines([one]))

    def _check_fixed(self, before: Mapping[str, RecordSet]) -> None:
        for wish in self.wishes:
            old = before.get(wish.type)
            if old is not None and old.obstacle in _FIXED and old != self.sets.get(wish.type):
                self._conflict(old.obstacle, wish, _lines([old]))

    def _check_rewritable(self, before: Mapping[str, RecordSet]) -> None:
        for wish in self.wishes:
            old, new = before.get(wish.type), self.sets.get(wish.type)
            if old is not None and new is not None and old != new and not old.rewritable:
                self._conflict("not_rewritable", wish, _lines([old]))

    def _conflict(self, code: str, wish: Wish, found: Sequence[str], detail: str = "") -> None:
        if code not in _REPLACEABLE or not self.policy.replace:
            wanted = _wanted(wish, self.policy.ttl)
            identities = (wish.identity(),)
            self.conflicts.append(
                Conflict(code, self.zone, wish.fqdn, wish.type, tuple(found), wanted, detail, identities)
            )

    def _lines_of(self, types: Sequence[str]) -> list[str]:
        return _lines(self.sets[type_] for type_ in sorted(types))

    def _done(self, wish: Wish, action: str) -> None:
        self.actions[wish.identity()] = action


# What is shown


def _wanted(wish: Wish, ttl: int) -> str:
    return "%s %d IN %s %s" % (wish.fqdn, ttl, wish.type, wish.rdata)


def _lines(sets: Iterable[RecordSet]) -> list[str]:
    return [
        printable("%s %d IN %s %s" % (one.name, one.ttl, one.type, rdata)) for one in sets for rdata in one.rdatas()
    ]


def zone_diff(zone: str, before: Content, after: Content) -> dict[str, str]:
    """Before and after as lines of a zone file; empty where nothing changes."""
    if not before and not after:
        return {}
    header = "zone %s" % name_key(zone)
    names = sorted({**before, **after})
    return {
        "before_header": header,
        "after_header": header,
        "before": _text(names, before),
        "after": _text(names, after),
    }


def _text(names: Sequence[str], content: Content) -> str:
    sets = [one for name in names for _type, one in sorted(content.get(name, {}).items())]
    return zone_lines((one.name, one.ttl, one.type, rdata) for one in sets for rdata in sorted(one.rdatas()))


def count_actions(zone: str, actions: Sequence[str]) -> dict[str, Any]:
    """The zone, and how many of the wanted records are created, updated, removed and unchanged."""
    counts = {action: actions.count(action) for action in (CREATED, UPDATED, REMOVED, UNCHANGED)}
    return {"name": name_key(zone), **counts}
