# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Watching profiles: what is to be told about them, from one look at the service to the next. Pure functions.

C(observe) takes what is known, what was seen, and the time, and returns what is known now, and the events. All that it
decides by is in these three, so that a watcher that is stopped and started again tells neither more nor less.

Two things are told: changes, once each; and that a profile is unhealthy, again and again for as long as it is, so that
what was tried in vain is tried again.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Collection, Mapping, Optional, Sequence

from ._profiles import PENDING_LIMIT, describe_profile
from ._texts import printable
from ._times import iso
from ._vocabulary import ACTIVE, DISABLED, PENDING

CHANGED, UNHEALTHY = "profile_state_changed", "profile_unhealthy"
APPEARED, DISAPPEARED = "profile_appeared", "profile_disappeared"
EXPIRING, DRIFT = "profile_expiring", "dns_drift"
UNREACHABLE, RECOVERED = "api_unreachable", "api_recovered"

# In these, mail of the profile's domain fails, and something can be done about it.
UNHEALTHY_STATES = (PENDING, DISABLED)

_FACTS = ("profile_id", "profile_name", "sending_domain", "link_domain", "bounce_domain", "modified_at_utc")
_UUIDS = uuid.UUID("6d3f6a0e-6d1a-5c55-9d5e-0c5d0f0b7f11")
_HOUR = 3600.0


@dataclass(frozen=True)
class Rules:
    """What is told when.

    :param confirmations: how many looks in a row have to show something before it is believed.
    :param reminder_interval: after how many seconds something that lasts is told again; 0 for never.
    :param expiring_hours: how many hours before a pending profile is disabled that is told.
    :param unreachable_after: after how many seconds of failing calls that is told.
    """

    confirmations: int = 2
    reminder_interval: float = 3600.0
    expiring_hours: tuple[float, ...] = (24.0, 6.0, 1.0)
    unreachable_after: float = 900.0


@dataclass(frozen=True)
class Lasting:
    """Something that lasts, and is told again from time to time. Times are in seconds since the epoch.

    :param since: when it was first seen.
    :param looks: how many looks in a row have shown it.
    :param told_at: when it was told last, C(None) for not yet.
    :param reminders: how often it was told again.
    """

    since: float
    looks: int = 1
    told_at: Optional[float] = None
    reminders: int = 0


@dataclass(frozen=True)
class Watched:
    """What is known of a profile.

    :param facts: the fields of its last listing.
    :param state: the state that is believed, and was told.
    :param was_active: whether it was ever seen to be active.
    :param pending_since: since when it is pending, in seconds since the epoch. By the service's time of the first listing
        that showed it, because each verification in vain changes that time.
    :param doubt: another state that the last listings showed, and since when.
    :param absent: that the last listings did not show it.
    :param unhealthy: that it is in one of C(UNHEALTHY_STATES).
    :param warned: for how many hours left it was last told that it is going to be disabled.
    :param drift: that DNS does not answer right for it.
    :param looked_at: when DNS was last asked about it.
    """

    facts: dict[str, Any]
    state: Optional[str]
    was_active: bool = False
    pending_since: Optional[float] = None
    doubt: Optional[tuple[Optional[str], Lasting]] = None
    absent: Optional[Lasting] = None
    unhealthy: Optional[Lasting] = None
    warned: Optional[float] = None
    drift: Optional[Lasting] = None
    looked_at: Optional[float] = None


@dataclass(frozen=True)
class State:
    """What is known.

    :param account: tells accounts apart.
    :param begun: whether there was a first listing. What it shows is not new.
    :param profiles: by their ids.
    :param failing: that the service cannot be reached.
    """

    account: str
    begun: bool = False
    profiles: Mapping[str, Watched] = field(default_factory=dict)
    failing: Optional[Lasting] = None


@dataclass(frozen=True)
class Observation:
    """One look at the service.

    :param listing: all profiles, C(None) where they could not be listed.
    :param problem: why they could not be listed.
    :param gone: ids that the service says for certain not to know.
    :param answers: for each profile about which DNS was asked, the records for which it does not answer right; C(None) where
        it gave no certain answer.
    """

    listing: Optional[Sequence[Mapping[str, Any]]]
    problem: str = ""
    gone: Collection[str] = ()
    answers: Mapping[str, Optional[Sequence[Mapping[str, Any]]]] = field(default_factory=dict)


def observe(state: State, seen: Observation, now: float, rules: Rules) -> tuple[State, list[dict[str, Any]]]:
    """Hold what was seen against what is known.

    :param now: in seconds since the epoch.
    :returns: what is known now, and the events, in the order in which they are to be told.
    """
    if seen.listing is None:
        return _unreachable(state, seen.problem, now, rules)
    tell = _Teller(state.account, now)
    if state.failing and state.failing.told_at is not None:
        minutes = (now - state.failing.since) / 60
        tell(
            RECOVERED,
            None,
            "The service answers again, after %.0f minutes." % minutes,
            failing_since=iso(state.failing.since),
        )
    listed = {profile["profile_id"]: profile for profile in seen.listing}
    profiles: dict[str, Watched] = {}
    for profile_id, watched in state.profiles.items():
        if profile_id in listed:
            watched = _look_at(watched, listed[profile_id], tell, rules)
            profiles[profile_id] = (
                _hear(watched, seen.answers[profile_id], tell, rules) if profile_id in seen.answers else watched
            )
        else:
            absent = _again(watched.absent, now)
            if profile_id in seen.gone and absent.looks >= rules.confirmations:
                tell(
                    DISAPPEARED,
                    watched,
                    "%s is gone: the service does not know it any more." % describe_profile(watched.facts),
                    previous_state=watched.state,
                )
            else:
                profiles[profile_id] = replace(watched, absent=absent)
    for profile_id, profile in listed.items():
        if profile_id not in state.profiles:
            profiles[profile_id] = _first_look(profile, state.begun, tell, rules)
    return State(state.account, True, profiles), tell.events


def to_confirm(state: State, listing: Sequence[Mapping[str, Any]], rules: Rules, limit: int) -> list[str]:
    """The profiles of which it is to be asked whether they are gone, because several listings did not show them."""
    listed = {profile["profile_id"] for profile in listing}
    missing = [
        profile_id
        for profile_id, watched in state.profiles.items()
        if profile_id not in listed and (watched.absent.looks if watched.absent else 0) + 1 >= rules.confirmations
    ]
    return missing[:limit]


def to_look_up(
    state: State, listing: Sequence[Mapping[str, Any]], now: float, interval: float, share: float
) -> list[str]:
    """The profiles about which DNS is to be asked: all that are suspected, and of the others those whose turn it is.

    Only active ones, because of the others it is known already that something is wrong.

    :param interval: how often each is to be asked about, in seconds.
    :param share: how many of all may have their turn now, as a fraction, so that they do not all have it at once.
    """
    active = [
        profile["profile_id"]
        for profile in listing
        if profile["state"] == ACTIVE and profile["profile_id"] in state.profiles
    ]
    suspected = [profile_id for profile_id in active if state.profiles[profile_id].drift]
    ages = {profile_id: now - (state.profiles[profile_id].looked_at or 0.0) for profile_id in active}
    due = sorted(
        (profile_id for profile_id in active if ages[profile_id] >= interval), key=lambda profile_id: -ages[profile_id]
    )
    turns = [profile_id for profile_id in due if profile_id not in set(suspected)]
    return suspected + turns[: max(1, round(len(active) * share))]


# Profiles


def _first_look(profile: Mapping[str, Any], is_new: bool, tell: _Teller, rules: Rules) -> Watched:
    watched = _in_state(Watched(_facts(profile), profile["state"]), profile, tell.now)
    if is_new:
        tell(APPEARED, watched, "%s appeared, in state '%s'." % (describe_profile(profile), profile["state"]))
    return _tell_unhealthy(watched, tell, rules)


def _look_at(watched: Watched, profile: Mapping[str, Any], tell: _Teller, rules: Rules) -> Watched:
    watched = replace(watched, facts=_facts(profile), absent=None)
    if profile["state"] != watched.state:
        before = watched.doubt[1] if watched.doubt and watched.doubt[0] == profile["state"] else None
        doubt = _again(before, tell.now)
        if doubt.looks < rules.confirmations:
            return replace(watched, doubt=(profile["state"], doubt))
        return _change(watched, profile, tell, rules)
    watched = replace(watched, doubt=None)
    if watched.unhealthy:
        watched = replace(
            watched,
            unhealthy=_again(watched.unhealthy, tell.now),
            pending_since=_earlier(watched.pending_since, profile["modified_at_utc"]),
        )
    return _tell_unhealthy(watched, tell, rules)


def _change(watched: Watched, profile: Mapping[str, Any], tell: _Teller, rules: Rules) -> Watched:
    """The profile is in another state now."""
    changed = _in_state(replace(watched, state=profile["state"]), profile, tell.now)
    tell(
        CHANGED,
        changed,
        "%s turned from '%s' to '%s'." % (describe_profile(profile), watched.state, profile["state"]),
        previous_state=watched.state,
    )
    if changed.unhealthy:
        changed = replace(changed, unhealthy=replace(changed.unhealthy, looks=rules.confirmations, told_at=tell.now))
    return _tell_unhealthy(changed, tell, rules)


def _in_state(watched: Watched, profile: Mapping[str, Any], now: float) -> Watched:
    is_pending = watched.state == PENDING
    return replace(
        watched,
        was_active=watched.was_active or watched.state == ACTIVE,
        doubt=None,
        warned=None,
        drift=None,
        looked_at=None,
        pending_since=_earlier(now, profile["modified_at_utc"]) if is_pending else None,
        unhealthy=Lasting(now) if watched.state in UNHEALTHY_STATES else None,
    )


def _tell_unhealthy(watched: Watched, tell: _Teller, rules: Rules) -> Watched:
    unhealthy = watched.unhealthy
    if unhealthy is None or unhealthy.looks < rules.confirmations:
        return watched
    told = _told(unhealthy, tell.now, rules)
    if told:
        watched = replace(watched, unhealthy=told)
        tell(
            UNHEALTHY,
            watched,
            "%s is in state '%s'." % (describe_profile(watched.facts), watched.state),
            reminder=told.reminders,
            unhealthy_since=iso(told.since),
        )
    return _warn(watched, tell, rules)


def _warn(watched: Watched, tell: _Teller, rules: Rules) -> Watched:
    """Tell that the profile is going to be disabled. If that is late for several warnings, the most urgent one will do."""
    if watched.pending_since is None:
        return watched
    left = (disabled_after(watched) - tell.now) / _HOUR
    due = [
        hours for hours in rules.expiring_hours if left <= hours and (watched.warned is None or hours < watched.warned)
    ]
    if not due:
        return watched
    tell(
        EXPIRING,
        watched,
        "%s is in state 'pending', and is going to be disabled in %.1f hours."
        % (describe_profile(watched.facts), max(0.0, left)),
        hours_left=round(max(0.0, left), 2),
        threshold=min(due),
    )
    return replace(watched, warned=min(due))


def _hear(
    watched: Watched, wrong_records: Optional[Sequence[Mapping[str, Any]]], tell: _Teller, rules: Rules
) -> Watched:
    """What DNS says of the profile."""
    watched = replace(watched, looked_at=tell.now)
    if wrong_records is None or watched.state != ACTIVE or watched.doubt:
        return watched
    watched = replace(watched, drift=_again(watched.drift, tell.now) if wrong_records else None)
    told = watched.drift and watched.drift.looks >= rules.confirmations and _told(watched.drift, tell.now, rules)
    if not told:
        return watched
    tell(
        DRIFT,
        watched,
        "DNS does not answer right for %d records of %s, though the service has it as '%s': %s"
        % (
            len(wrong_records),
            describe_profile(watched.facts),
            watched.state,
            ", ".join("%s %s is %s" % (record["fqdn"], record["type"], record["status"]) for record in wrong_records),
        ),
        reminder=told.reminders,
        drifting_since=iso(told.since),
        records=[
            {name: record[name] for name in ("fqdn", "type", "rdata", "status", "diagnosis")}
            for record in wrong_records
        ],
    )
    return replace(watched, drift=told)


# The service


def _unreachable(state: State, problem: str, now: float, rules: Rules) -> tuple[State, list[dict[str, Any]]]:
    """Nothing was seen, so nothing is concluded about profiles."""
    tell = _Teller(state.account, now)
    failing = _again(state.failing, now)
    told = _told(failing, now, rules) if now - failing.since >= rules.unreachable_after else None
    if told:
        tell(
            UNREACHABLE,
            None,
            "The service does not answer right since %s: %s" % (iso(told.since), problem),
            reminder=told.reminders,
            failing_since=iso(told.since),
            failures=told.looks,
            problem=problem,
        )
    return replace(state, failing=told or failing), tell.events


# What lasts


def _again(lasting: Optional[Lasting], now: float) -> Lasting:
    """It was seen, again if it was before."""
    return Lasting(now) if lasting is None else replace(lasting, looks=lasting.looks + 1)


def _told(lasting: Lasting, now: float, rules: Rules) -> Optional[Lasting]:
    """What becomes of it when it is told now, C(None) where it is not to be told."""
    if lasting.told_at is None:
        return replace(lasting, told_at=now)
    elapsed = now - lasting.told_at
    # A time to come says that the clock was set back, so that nobody knows how long it is ago.
    if rules.reminder_interval and (elapsed >= rules.reminder_interval or elapsed < 0):
        return replace(lasting, told_at=now, reminders=lasting.reminders + 1)
    return None


def _earlier(moment: Optional[float], other: Optional[float]) -> Optional[float]:
    return min((one for one in (moment, other) if one is not None), default=None)


# Events


class _Teller:
    """Collects the events of one look."""

    def __init__(self, account: str, now: float) -> None:
        self.now = now
        self.events: list[dict[str, Any]] = []
        self._account = account

    def __call__(self, type_: str, watched: Optional[Watched], message: str, **more: Any) -> None:
        identity = "%s %s %s %.6f" % (self._account, type_, watched.facts["profile_id"] if watched else "", self.now)
        event = {"type": type_, "message": printable(message), "occurred_at": iso(self.now), **more}
        if watched:
            event["profile"] = describe(watched)
        self.events.append(harmless({**event, "meta": {"uuid": str(uuid.uuid5(_UUIDS, identity))}}))


def describe(watched: Watched) -> dict[str, Any]:
    """The profile as events have it."""
    facts = {name: watched.facts[name] for name in _FACTS if name != "modified_at_utc"}
    return dict(
        facts,
        state=watched.state,
        was_active=watched.was_active,
        modified_at=iso(watched.facts["modified_at_utc"]),
        pending_since=iso(watched.pending_since),
        disabled_after=None if watched.pending_since is None else iso(disabled_after(watched)),
    )


def disabled_after(watched: Watched) -> float:
    """When a pending profile is disabled, in seconds since the epoch: an estimate."""
    return (watched.pending_since or 0.0) + PENDING_LIMIT


def harmless(value: Any) -> Any:
    """A value in whose texts nothing can be taken for a template.

    Events become extra variables of playbooks, which Ansible takes for templates wherever they look like one.
    """
    if isinstance(value, str):
        if "{" in value or value.lstrip().startswith("#jinja2:"):
            return value.replace("{", "(").replace("}", ")").replace("#", "")
        return value
    if isinstance(value, dict):
        return {key: harmless(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [harmless(item) for item in value]
    return value


def _facts(profile: Mapping[str, Any]) -> dict[str, Any]:
    return {name: profile[name] for name in _FACTS}


# Keeping


def to_json(state: State) -> dict[str, Any]:
    """The state as plain data."""
    return asdict(state)


def from_json(data: Any) -> State:
    """The state from plain data.

    :raises ValueError: it is no such data.
    """
    try:
        profiles = {profile_id: _watched_from(item) for profile_id, item in data["profiles"].items()}
        return State(str(data["account"]), bool(data["begun"]), profiles, _lasting_from(data["failing"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError("%s: %s" % (type(error).__name__, error)) from None


def _watched_from(data: Mapping[str, Any]) -> Watched:
    known = {item.name: data[item.name] for item in fields(Watched)}
    known["facts"] = {name: data["facts"][name] for name in _FACTS}
    known["doubt"] = (known["doubt"][0], _lasting_from(known["doubt"][1])) if known["doubt"] else None
    for name in ("absent", "unhealthy", "drift"):
        known[name] = _lasting_from(known[name])
    for name in ("pending_since", "warned", "looked_at"):
        known[name] = None if known[name] is None else float(known[name])
    return Watched(**known)


def _lasting_from(data: Any) -> Optional[Lasting]:
    if data is None:
        return None
    told_at = data["told_at"]
    return Lasting(
        float(data["since"]), int(data["looks"]), None if told_at is None else float(told_at), int(data["reminders"])
    )
