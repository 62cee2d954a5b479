# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Which DMARC policy is in force for a domain: pure functions on what was looked up.

Receivers go by RFC 7489 (6.6.3), which knows the record of the domain and that of its organisational domain, or by DMARCbis,
which walks up from the one to the other. What counts here is the strictest policy of both. The organisational domain comes from
the Public Suffix List, and no public suffix is asked for a record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence

from ._dns_dmarc import POLICIES, PREFIX, Dmarc, Strength, is_attempt, is_record, parse, shown
from ._texts import printable

NO_DMARC, MULTIPLE, INVALID = "no_dmarc", "dmarc_multiple", "dmarc_invalid"
CNAME_ONLY, NOT_FOLLOWED, WEAKER = "dmarc_cname", "dmarc_unknown", "dmarc_weaker"

# From a longer domain, the tree walk goes on to the name of so many labels (DMARCbis, 4.10).
_MOST_LABELS = 8


class Site(NamedTuple):
    """What DNS has at one C(_dmarc) name.

    :param texts: of the TXT records, those at the end of a CNAME included; C(None) if they are not known for certain.
    :param alias: where the name points to, empty if it is not a CNAME.
    :param is_stored: whether that CNAME is stored at the name, and does not come from a wildcard.
    :param problem: why they are not known.
    """

    name: str
    texts: Optional[Sequence[str]] = ()
    alias: str = ""
    is_stored: bool = True
    problem: str = ""

    @property
    def attempts(self) -> list[str]:
        """The texts that are, or were meant to be, DMARC records."""
        return [text for text in self.texts or () if is_attempt(text)]

    @property
    def records(self) -> list[str]:
        """The texts that receivers take for DMARC records."""
        return [text for text in self.texts or () if is_record(text)]

    @property
    def is_free(self) -> bool:
        """Whether there certainly is nothing that has to do with DMARC."""
        return self.texts is not None and not self.attempts and not (self.alias and self.is_stored)


class Note(NamedTuple):
    """Something to report: its code, and a message."""

    code: str
    message: str


class _Found(NamedTuple):
    site: Site
    record: Dmarc


@dataclass(frozen=True)
class Discovery:
    """The DMARC policy of a domain.

    :param known: whether everything that decides about it was looked up for certain.
    :param name: of the record in force; where it would be if there is none.
    :param record: empty if there is none.
    :param policy: the strictest one that receivers apply; empty if there is none.
    :param strength: of all policies that receivers apply, the strictest.
    :param notes: what is wrong with the records.
    :param aspf: how SPF has to be aligned, C(r) or C(s).
    :param unknown: why that is not known, where the notes do not say it.
    :param may_publish: whether a record at the domain would neither join nor replace what is there.
    :param is_alone: whether the names above have nothing that has to do with DMARC.
    """

    domain: str
    known: bool
    name: str
    record: str = ""
    policy: str = ""
    strength: Strength = Strength()
    aspf: str = "r"
    notes: tuple[Note, ...] = ()
    unknown: str = ""
    may_publish: bool = False
    is_alone: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For the result of a module."""
        fields = {field: getattr(self, field) for field in ("domain", "known", "name", "policy")}
        return {**fields, "record": printable(self.record)}

    @property
    def name_of_own(self) -> str:
        """Where the domain's own record would be."""
        return PREFIX + self.domain

    def publishes(self, override: bool) -> bool:
        """Whether to publish a record for the domain.

        :param override: whether to do so although a name above has a record.
        """
        return self.may_publish and (self.is_alone or override)

    def objection(self, text: str, override: bool) -> Optional[Note]:
        """Why a record is not published that would weaken the policy in force, or could."""
        if self.unknown:
            return Note(
                NOT_FOLLOWED,
                "The record '%s' is not published for %s, because it is not known whether a DMARC record applies already: %s "
                "Run again once DNS answers." % (text, self.domain, self.unknown),
            )
        wanted = parse(text)
        if not self.may_publish or self.publishes(override) or wanted.policy is None:
            return None
        if not wanted.strength(wanted.policy).is_weaker_than(self.strength):
            return None
        return Note(
            WEAKER,
            "The record '%s' is not published for %s, because it is weaker than the policy in force: %s, from the DMARC record at "
            "%s. Choose a policy that is at least as strict, or set dmarc_override (in the role, sending_profile_dmarc_override) to "
            "publish it anyway." % (text, self.domain, self.policy, self.name),
        )


def dmarc_names(domain: str, registrable: Callable[[str], str]) -> list[str]:
    """Where the DMARC records are that can matter to a domain: from its own name up to that of its organisational domain."""
    top = registrable(domain)
    names, name = [domain], domain
    while name != top and "." in name:
        name = name.partition(".")[2]
        if name == top or name.count(".") < _MOST_LABELS - 1:
            names.append(name)
    return [PREFIX + name for name in names]


def discover(domain: str, sites: Sequence[Site], may_not_exist: bool) -> Discovery:
    """Find the policy in force.

    :param sites: in the order of C(dmarc_names).
    :param may_not_exist: whether there are receivers for which the domain does not exist (RFC 9091).
    """
    own = sites[0]
    sites = [own] if _usable(own) else sites
    known = all(site.texts is not None for site in sites)
    notes = tuple(note for site in sites for note in _notes(site))
    readings = [found for found in (_by_rfc7489(sites), _by_tree_walk(sites)) if found]
    applied = [
        (found.record.strength(policy), policy, found)
        for found in readings
        for policy in found.record.policies(found.site is own, may_not_exist)
    ]
    is_alone = all(site.is_free for site in sites[1:])
    if known and own.is_free and is_alone:
        notes = (Note(NO_DMARC, _NOTHING % domain),)
    base = Discovery(
        domain,
        known,
        own.name,
        notes=notes,
        unknown=next((site.problem for site in sites if site.texts is None and not site.alias), ""),
        may_publish=known and own.is_free,
        is_alone=is_alone,
    )
    if not applied or not known:
        return base
    _strength, policy, found = max(applied, key=lambda one: (POLICIES.index(one[1]), one[0]))
    return replace(
        base,
        name=found.site.name,
        record=found.site.records[0],
        policy=policy,
        strength=Strength(*map(max, zip(*(strength for strength, _policy, _found in applied)))),
        aspf="r" if found.record.is_read_as_none else found.record.tags.get("aspf", "r").lower(),
    )


def _usable(site: Site) -> Optional[_Found]:
    """The only record of a name, if it has a policy. Of several, none counts."""
    records = site.records
    record = parse(records[0]) if len(records) == 1 else None
    return _Found(site, record) if record and record.policy else None


def _by_rfc7489(sites: Sequence[Site]) -> Optional[_Found]:
    """By RFC 7489, 6.6.3: whatever begins as a record at the domain keeps the organisational domain from being asked."""
    return _usable(sites[0] if sites[0].records else sites[-1])


def _by_tree_walk(sites: Sequence[Site]) -> Optional[_Found]:
    """By DMARCbis, 4.10: without a record of its own, a domain has that of the highest name, or of one with C(psd=n)."""
    found = [one for one in map(_usable, sites) if one]
    if not found or found[0].site is sites[0]:
        return found[0] if found else None
    return next((one for one in found if one.record.tags.get("psd", "").lower() == "n"), found[-1])


_NOTHING = (
    "The sending domain has no DMARC record, which large mail services ask bulk senders for (RFC 7489). "
    "Publish one at _dmarc.%s, such as v=DMARC1; p=none."
)


def _notes(site: Site) -> Iterator[Note]:
    if site.texts is None:
        if site.alias:
            yield Note(
                NOT_FOLLOWED,
                "%s is a CNAME to %s, which cannot be followed to its end: %s Whether there is a DMARC record is not known. "
                "Check the CNAME and its target." % (site.name, site.alias.rstrip("."), site.problem),
            )
        return
    if site.alias and site.is_stored and not site.attempts:
        yield Note(
            CNAME_ONLY,
            "%s is a CNAME to %s, which has no DMARC record. Publish one there, or remove the CNAME."
            % (site.name, site.alias.rstrip(".")),
        )
    if len(site.records) > 1:
        yield Note(
            MULTIPLE,
            "There are %d DMARC records at %s, so receivers ignore all of them (RFC 7489, 6.6.3). Leave only one."
            % (len(site.records), site.name),
        )
        return
    for text in site.attempts:
        record = parse(text)
        if record.problems:
            yield Note(
                INVALID,
                "The DMARC record at %s has an error, %s: %s. Correct the record: %s"
                % (site.name, _effect(record), "; ".join(map(str, record.problems)), shown(text)),
            )


def _effect(record: Dmarc) -> str:
    if record.policy is None:
        return "so receivers ignore it"
    if record.is_read_as_none:
        return "so receivers treat it as p=none"
    return "so receivers ignore a part of it"
