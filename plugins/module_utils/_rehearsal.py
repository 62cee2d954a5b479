# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Publishing, rehearsed for profiles that do not exist yet, because a profile cannot be deleted.

Only the service knows the tokens and DKIM selectors of a new profile. Its domains and the provider's zones decide the rest:
it is planned as it is for publishing, and what publishing would refuse is a problem of the profiles concerned, and of no others.
"""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable, Mapping, Sequence

from ._contract import LINK_TARGET, MAIL_HOST, SPF, is_mail_host
from ._dns_plan import Conflict, Policy, ZonePlan, plan_zone, relevant_names
from ._errors import InputError, MissingLibraryError, SmtpdError
from ._preflight import BOUNCE, LINK, SENDING
from ._rdata import CNAME, MX, TXT, find_zone, name_key, split_mx
from ._record_sets import Change, LoadedZone, zones_of
from ._records import Wish, check_records

# Placeholders of the same length for what only the service knows.
_TOKEN, _SELECTOR = "a token that the service will choose", "smtpd-chooses-this-selector"
_PROFILE_ID = "an id that the service will choose"

_ONLY_CNAME = "A link domain becomes a CNAME, which can have no other records next to it (RFC 1034, 3.6.2)."

# After so many zones in a row for which a server stays silent, the others are not waited for.
_MAX_SILENT = 3
_UNREAD = "The zone %s was not read, because there was no answer for %s. Check the provider's settings, then run again."

# By a profile's place, what is in the way of it.
Problems = dict[int, list[str]]
# By name key and type, why the provider does not let records be written.
Refused = dict[tuple[str, str], str]


@dataclass(frozen=True)
class _BounceMx(Wish):
    """The MX record of a bounce domain. The service chooses the region of its mail host."""

    def is_met_by(self, value: str) -> bool:
        return is_mail_host(split_mx(value)[1])


def domains_of(profile: Mapping[str, Any]) -> dict[str, str]:
    """The domains that the service gives a profile, by option names; those that are not given as the contract shows them."""
    sending = profile[SENDING]
    parent = sending.partition(".")[2]
    return {
        SENDING: sending,
        BOUNCE: profile.get(BOUNCE) or "bounce." + sending,
        LINK: profile.get(LINK) or "go." + (parent if "." in parent else sending),
    }


def expected_wishes(profile: Mapping[str, Any]) -> list[Wish]:
    """The records that a profile is going to need.

    :raises InputError: there cannot be such records.
    """
    domains = domains_of(profile)
    sending, bounce, link = domains[SENDING], domains[BOUNCE], domains[LINK]
    if link == bounce:
        raise InputError(LINK, "%s is the bounce domain too. %s Choose another link domain." % (link, _ONLY_CNAME))
    records = [
        ("%s._domainkey.%s" % (_SELECTOR, sending), CNAME, _SELECTOR + ".dkim.smtpd.dev"),
        *(("_amazonses." + domain, TXT, _TOKEN) for domain in dict.fromkeys((sending, bounce, link))),
        (bounce, MX, MAIL_HOST),
        (bounce, TXT, SPF),
        (link, CNAME, LINK_TARGET),
    ]
    wishes = check_records(
        [dict(zip(("name", "type", "value"), record), profile_id=_PROFILE_ID) for record in records], "dns_records"
    )
    return [
        _BounceMx(wish.given, wish.type, wish.value, wish.any_preference) if wish.type == MX else wish
        for wish in wishes
    ]


def rehearse(
    provider: Any, profiles: Sequence[Mapping[str, Any]], zones: Sequence[str], policy: Policy, ask: bool
) -> list[list[str]]:
    """Find out what would keep the records of profiles from being published. Nothing changes.

    :param provider: a C(_octodns.Provider).
    :param zones: where to publish.
    :param ask: whether to ask the provider if it lets the records be written, where it can be asked.
    :returns: for each profile the problems, empty where there is none.
    :raises MissingLibraryError: a library is missing that all of it needs.
    """
    problems: Problems = {place: [] for place in range(len(profiles))}
    wishes_of = _wishes(profiles, problems)
    _find_clashes(wishes_of, problems)
    wishes_of = {place: wishes for place, wishes in wishes_of.items() if not problems[place]}
    silent: list[str] = []
    for zone, by_place in sorted(_by_zone(profiles, wishes_of, zones, problems).items()):
        if len(silent) == _MAX_SILENT:
            _blame(by_place, _UNREAD % (zone, ", ".join(silent)), problems)
            continue
        try:
            wishes = [wish for own in by_place.values() for wish in own]
            loaded = provider.read(zone, relevant_names(zone, wishes))
            plan = _plan_of_healthy(loaded, zone, by_place, policy, problems)
            provider.prepare(loaded, plan.changes)
        except MissingLibraryError:
            raise
        except SmtpdError as error:
            _blame(by_place, str(error), problems)
            silent = [*silent, zone] if isinstance(error.__context__, socket.timeout) else []
            continue
        silent = []
        if ask:
            refused = _refused(lambda changes, loaded=loaded: provider.ask_to_write(loaded, changes), _probes(plan))
            _blame_owners(by_place, refused, problems)
    return list(problems.values())


def _wishes(profiles: Sequence[Mapping[str, Any]], problems: Problems) -> dict[int, list[Wish]]:
    wishes_of = {}
    for place, profile in enumerate(profiles):
        try:
            wishes_of[place] = expected_wishes(profile)
        except InputError as error:
            problems[place].append(str(error))
    return wishes_of


def _find_clashes(wishes_of: Mapping[int, Sequence[Wish]], problems: Problems) -> None:
    """Names that would become a CNAME for one profile, and get other records for another."""
    aliases: dict[str, list[int]] = {}
    others: dict[str, list[int]] = {}
    for place, wishes in wishes_of.items():
        for wish in wishes:
            (aliases if wish.type == CNAME else others).setdefault(wish.name, []).append(place)
    for name in sorted(set(aliases) & set(others)):
        for place in sorted({*aliases[name], *others[name]}):
            problems[place].append(
                "%s is the link domain of one profile and the bounce domain of another. %s Choose another domain for one "
                "of them." % (name.rstrip("."), _ONLY_CNAME)
            )


# Zones


def _by_zone(
    profiles: Sequence[Mapping[str, Any]],
    wishes_of: Mapping[int, Sequence[Wish]],
    zones: Sequence[str],
    problems: Problems,
) -> dict[str, dict[int, list[Wish]]]:
    """The wishes by zone and by the profile's place. Profiles with a domain in none of the zones have a problem."""
    by_key = {name_key(zone): zone for zone in zones}
    by_zone: dict[str, dict[int, list[Wish]]] = {}
    for place, wishes in wishes_of.items():
        zone_of = {wish.name: find_zone(wish.name, by_key) for wish in wishes}
        if None in zone_of.values():
            problems[place].append(_homeless(profiles[place], zones, by_key))
        for wish in wishes:
            zone = zone_of[wish.name]
            if zone is not None:
                by_zone.setdefault(zone, {}).setdefault(place, []).append(wish)
    return by_zone


def _homeless(profile: Mapping[str, Any], zones: Sequence[str], by_key: Mapping[str, str]) -> str:
    domains = {option: domain for option, domain in domains_of(profile).items() if find_zone(domain, by_key) is None}
    chosen = ["%s %s" % (option, domain) for option, domain in domains.items() if not profile.get(option)]
    try:
        zones_of(domains.values(), zones)
    except InputError as error:
        hint = " The service chooses %s, because none is set." % " and ".join(chosen) if chosen else ""
        return "%s%s" % (error, hint)
    return ""


def _plan_of_healthy(
    loaded: LoadedZone, zone: str, by_place: Mapping[int, Sequence[Wish]], policy: Policy, problems: Problems
) -> ZonePlan:
    """The plan for all profiles that nothing in the zone is in the way of; what is in the way of the others is their problem."""

    def plan(places: Iterable[int]) -> ZonePlan:
        wishes = [wish for place in places for wish in by_place[place]]
        return plan_zone(zone, wishes, loaded.content, policy, loaded.owners)

    whole = plan(by_place)
    if not whole.conflicts:
        return whole
    # A name can be shared by profiles, so each is planned by itself to find all that a conflict concerns.
    healthy = []
    for place in by_place:
        conflicts = plan([place]).conflicts
        problems[place] += map(_describe, conflicts)
        if not conflicts:
            healthy.append(place)
    return plan(healthy)


def _describe(conflict: Conflict) -> str:
    """A conflict with what to do in the first line."""
    found = "\n            ".join(conflict.found)
    return "%s %s: %s\n    there:  %s\n    wanted: %s" % (
        conflict.name.rstrip("."),
        conflict.type,
        conflict.todo,
        found or "-",
        conflict.wanted,
    )


# Permission


def _probes(plan: ZonePlan) -> list[Change]:
    """Changes at the names and of the types of a plan, with values that no zone has: to ask for them can harm nobody."""
    unique = secrets.token_hex(16)
    host = unique + ".invalid."
    values = {CNAME: host, MX: "10 " + host, TXT: unique}
    return [
        Change(None, replace(change.any, values=(values[change.any.type],)))
        for change in plan.changes
        if change.any.type in values
    ]


def _refused(ask: Callable[[Sequence[Change]], None], probes: Sequence[Change]) -> Refused:
    """What may not be written.

    All are asked for together. Only if that is refused, halves are, down to single records: a key may be kept from one name.
    """
    if not probes:
        return {}
    try:
        ask(probes)
    except SmtpdError as error:
        if len(probes) == 1 or not _is_refusal(error):
            return {(probe.any.name, probe.any.type): str(error) for probe in probes}
        half = len(probes) // 2
        return {**_refused(ask, probes[:half]), **_refused(ask, probes[half:])}
    return {}


def _is_refusal(error: SmtpdError) -> bool:
    """Whether the server said no, rather than nothing: then it is of no use to ask it thousands of times."""
    from ._rfc2136 import Refusal

    return isinstance(error.__context__, Refusal)


# Whose problem it is


def _blame(places: Iterable[int], problem: str, problems: Problems) -> None:
    for place in places:
        problems[place].append(problem)


def _blame_owners(by_place: Mapping[int, Sequence[Wish]], refused: Refused, problems: Problems) -> None:
    for place, wishes in by_place.items() if refused else ():
        reasons: dict[str, list[str]] = {}
        for key in dict.fromkeys((wish.name, wish.type) for wish in wishes):
            if key in refused:
                reasons.setdefault(refused[key], []).append("%s %s" % (key[0].rstrip("."), key[1]))
        problems[place] += ["%s Refused: %s." % (reason, ", ".join(records)) for reason, records in reasons.items()]
