# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin utility is PRIVATE to the collection: it can change at any time without notice.

"""Profiles as hosts of an inventory: pure functions on plain data."""

from __future__ import annotations

import math
import re
from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.smtpd.email.plugins.module_utils._domains import domain_key
from ansible_collections.smtpd.email.plugins.module_utils._profiles import describe_profile
from ansible_collections.smtpd.email.plugins.module_utils._texts import printable
from ansible_collections.smtpd.email.plugins.module_utils._vocabulary import (
    ACTIVE,
    CREATING,
    DISABLED,
    DOMAIN_FIELDS,
    FAILED,
    PENDING,
)

# By what a host can be named, and in which order if nobody says otherwise.
HOST_NAMES = ("sending_domain", "profile_name", "profile_id")

# Of several profiles with the same name, the one of the state that comes first here gets it. States that are not known
# come between the last two.
_BEST_FIRST = (ACTIVE, PENDING, CREATING, DISABLED)

# What has a meaning in a host pattern (commas, colons, brackets) or in a template (braces) becomes an underscore.
_NOT_IN_NAMES = re.compile(r"[^\w.@+-]")
# A host of such a name would take the place of the implicit one, or be mixed up with a group.
_RESERVED = frozenset(("localhost", "127.0.0.1", "all", "ungrouped"))

_SHOWN = 10  # so many collisions are told one by one


class Host(NamedTuple):
    """A host of the inventory and the profile that it stands for."""

    name: str
    profile: dict[str, Any]


class Collision(NamedTuple):
    """A profile that did not get its name because it belongs to another one.

    :param name: the name that it would have.
    :param holder: the profile that it belongs to.
    """

    name: str
    holder: Mapping[str, Any]
    host: Host


def name_hosts(
    profiles: Sequence[dict[str, Any]], preference: Sequence[str] = HOST_NAMES
) -> tuple[list[Host], list[Collision]]:
    """Find a name for each profile. None is left out, and no name is given twice.

    A profile is named by the first field of the preference whose value is nobody else's. Where several have the same
    value, it belongs to the one in the best state, then to the oldest, so that a name does not change because another
    profile appears. Whoever is left with nothing gets its id attached.

    :param preference: fields, each one of C(HOST_NAMES).
    :returns: the hosts, in the order of the profiles, and the collisions.
    """
    ranked = sorted(profiles, key=_rank)
    candidates = [
        [(field, name) for field in preference if (name := _host_name(field, profile[field]))] for profile in ranked
    ]
    owners: dict[tuple[str, str], int] = {}
    for index, wanted in enumerate(candidates):
        for candidate in wanted:
            owners.setdefault(candidate, index)
    taken: dict[str, int] = {}
    for index, wanted in enumerate(candidates):
        free = [name for field, name in wanted if owners[field, name] == index and name not in taken]
        taken[free[0] if free else _with_id(wanted, ranked[index], taken)] = index
    hosts = {index: Host(name, ranked[index]) for name, index in taken.items()}
    collisions = [
        Collision(wanted[0][1], ranked[taken.get(wanted[0][1], owners[wanted[0]])], hosts[index])
        for index, wanted in enumerate(candidates)
        if wanted and hosts[index].name != wanted[0][1]
    ]
    names = {id(host.profile): host.name for host in hosts.values()}
    return [Host(names[id(profile)], profile) for profile in profiles], collisions


def _rank(profile: Mapping[str, Any]) -> tuple[float, float, str]:
    state, created = profile["state"], profile["created_at_utc"]
    place = _BEST_FIRST.index(state) if state in _BEST_FIRST else len(_BEST_FIRST) + (state == FAILED)
    return place, math.inf if created is None else created, profile["profile_id"]


def _host_name(field: str, value: Optional[str]) -> Optional[str]:
    if value is None:
        return None
    name = _NOT_IN_NAMES.sub("_", domain_key(value) if field in DOMAIN_FIELDS else value).lstrip("-")
    return name if name and name.lower() not in _RESERVED else None


def _with_id(wanted: Sequence[tuple[str, str]], profile: Mapping[str, Any], taken: Mapping[str, int]) -> str:
    parts = [name for _field, name in wanted[:1]] + [_NOT_IN_NAMES.sub("_", profile["profile_id"])]
    name = "_".join(parts)
    number = 2
    while name in taken:  # only where the service lists an id twice
        name = "%s_%d" % ("_".join(parts), number)
        number += 1
    return name


def describe_collisions(collisions: Sequence[Collision]) -> Optional[str]:
    """All collisions in a sentence for each, C(None) where there are none."""
    if not collisions:
        return None
    sentences = [
        "'%s' belongs to %s in state '%s', so that %s in state '%s' is host '%s'."
        % (
            collision.name,
            _lower(describe_profile(collision.holder)),
            printable(collision.holder["state"]),
            _lower(describe_profile(collision.host.profile)),
            printable(collision.host.profile["state"]),
            collision.host.name,
        )
        for collision in collisions[:_SHOWN]
    ]
    if len(collisions) > _SHOWN:
        sentences.append("And %d more." % (len(collisions) - _SHOWN))
    return "Several profiles would have the same host name. %s See the option hostnames." % " ".join(sentences)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def host_variables(profile: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The variables of a profile's host: each of its fields, with a prefix."""
    return {prefix + field: value for field, value in profile.items()}


def state_group(profile: Mapping[str, Any]) -> str:
    """The group of a profile's state."""
    return "state_%s" % (profile["state"] or "unknown")


def strings_in(value: Any, change: Callable[[str], str]) -> Any:
    """A value with each string in it changed, however deep."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: strings_in(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strings_in(item, change) for item in value]
    return value
