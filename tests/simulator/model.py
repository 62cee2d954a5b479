# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated service knows: its settings, its profiles, and how they come of age. No input or output.

Profiles come of age when they are looked at, so that thousands of them need no timers.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import math
import time
import uuid
from dataclasses import dataclass, field, fields, replace
from typing import Any, Callable

FIELDS = ("profile_name", "sending_domain", "link_domain", "link_domain_default_redirect", "bounce_domain")
TIMES = ("created_at_utc", "modified_at_utc")
RECORD_TYPES = ("CNAME", "MX", "TXT")
CREATING, PENDING, ACTIVE, DISABLED, FAILED = "creating", "pending", "active", "disabled", "failed"
FAILING_SUFFIX = ".fails.example"

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass
class Settings:
    """How the service behaves. All times are in seconds.

    :param creating: how long a profile is in C(creating).
    :param disable_after: how long a profile may be in C(pending) before it is disabled (72 hours at the real service).
    :param delete_after: how long a disabled profile is kept.
    :param recheck: how often the DNS records of active and pending profiles are looked at unasked.
    :param latency: how long every answer takes.
    :param token_lifetime: how long a granted token is good.
    :param dns: the name server to ask, as C(ADDRESS:PORT); without one every record counts as published.
    :param auth_header: the header that must carry the token: C(either), C(authentication), C(authorization) or C(both).
    :param early_setup: what the setup endpoint answers while a profile is in C(creating): C(missing) or C(empty).
    :raises ValueError: a setting cannot have its value.
    """

    creating: float = 2.0
    disable_after: float = 72 * 3600.0
    delete_after: float = 24 * 3600.0
    recheck: float = 60.0
    latency: float = 0.0
    token_lifetime: float = 3600.0
    dns: str | None = None
    auth_header: str = "either"
    early_setup: str = "missing"

    CHOICES = {
        "auth_header": ("either", "authentication", "authorization", "both"),
        "early_setup": ("missing", "empty"),
    }

    def __post_init__(self) -> None:
        for item in fields(self):
            if isinstance(item.default, float):
                _check_seconds(item.name, getattr(self, item.name))
        if self.recheck == 0:
            raise ValueError("recheck must be more than 0")
        for name, choices in self.CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError("%s must be one of %s" % (name, ", ".join(choices)))
        if self.dns is not None:
            parse_address(self.dns)

    def update(self, changes: dict[str, Any]) -> None:
        """Change settings by name: all of them, or none.

        :raises ValueError: there is no such setting, or it cannot have this value.
        """
        names = {item.name for item in fields(self)}
        unknown = set(changes) - names
        if unknown:
            raise ValueError("there is no setting %s; there are %s" % (_listed(unknown), _listed(names)))
        replace(self, **changes)
        for name, value in changes.items():
            setattr(self, name, value)


def parse_address(text: Any) -> tuple[str, int]:
    """Address and port of a name server.

    :raises ValueError: it is not written as C(ADDRESS:PORT), such as C(127.0.0.1:5300) or C([::1]:5300).
    """
    host, _colon, port = str(text).rpartition(":")
    try:
        address, number = ipaddress.ip_address(host.removeprefix("[").removesuffix("]")), int(port)
    except ValueError:
        address, number = None, 0
    if address is None or not 0 < number < 65536:
        raise ValueError("dns must be an IP address and a port, such as 127.0.0.1:5300, not %r" % text)
    return str(address), number


def _check_seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError("%s must be a number of seconds, not %r" % (name, value))


@dataclass
class Profile:
    """A sending profile.

    :param given: the fields that came with its creation.
    :param since: when it came into its state, by the model's clock.
    :param looked: when the look at DNS began of which the records' validation states tell, by the model's clock.
    """

    profile_id: str
    given: dict[str, str]
    state: str
    created: float
    modified: float
    since: float
    looked: float
    dns_records: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The profile as the contract's list shows it. Fields that were not given are missing."""
        return {"profile_id": self.profile_id, **self.given, "state": self.state, **self._times()}

    def created_as_json(self) -> dict[str, Any]:
        """The profile as the contract shows it when it has just been created."""
        return {"profile_id": self.profile_id, "profile_name": self.given["profile_name"], "state": self.state}

    def setup_as_json(self) -> dict[str, Any]:
        """The profile as the contract's setup endpoint shows it."""
        return {
            "profile_id": self.profile_id,
            "profile_name": self.given.get("profile_name"),
            "dns_records": [] if self.state == CREATING else self.dns_records,
            "state": self.state,
            **self._times(),
        }

    def _times(self) -> dict[str, int]:
        return {"created_at_utc": int(self.created), "modified_at_utc": int(self.modified)}


class Model:
    """All profiles of the one account.

    :param clock: seconds that only grow; for timers.
    :param calendar: seconds since the epoch; for what is shown.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.monotonic, calendar: Callable[[], float] = time.time
    ) -> None:
        self.clock = clock
        self._settings = settings
        self._calendar = calendar
        self._profiles: dict[str, Profile] = {}

    def create(self, body: dict[str, Any]) -> Profile:
        """Begin to make a profile, of the fields that the contract knows. Names need not be unique."""
        return self.seed({"state": CREATING, **{name: body[name] for name in FIELDS if body.get(name) is not None}})

    def seed(self, data: dict[str, Any]) -> Profile:
        """Put a profile in as it is told. Its timers begin now, whatever times it shows.

        :param data: fields as C(Profile.as_json) shows them, and C(dns_records); all have defaults.
        :raises ValueError: there is no such field, or it cannot have this value.
        """
        check_fields(data, "profile_id")
        created = data.get("created_at_utc", self._calendar())
        now = self.clock()
        profile = Profile(
            profile_id=data.get("profile_id") or str(uuid.uuid1()),
            given={name: data[name] for name in FIELDS if data.get(name) is not None},
            state=data.get("state", PENDING),
            created=created,
            modified=data.get("modified_at_utc", created),
            since=now,
            looked=now,
        )
        profile.dns_records = data["dns_records"] if "dns_records" in data else make_records(profile)
        self._profiles[profile.profile_id] = profile
        return profile

    def patch(self, profile: Profile, changes: dict[str, Any]) -> None:
        """Change a profile by hand: any field but its id.

        :raises ValueError: there is no such field, or it cannot have this value.
        """
        check_fields(changes)
        if "state" in changes:
            self._move(profile, changes["state"])
        profile.created = changes.get("created_at_utc", profile.created)
        profile.modified = changes.get("modified_at_utc", profile.modified)
        profile.dns_records = changes.get("dns_records", profile.dns_records)
        profile.looked = self.clock()
        for name in set(FIELDS) & set(changes):
            profile.given[name] = changes[name]

    def get(self, profile_id: str) -> Profile | None:
        """The profile of this id, as it is now."""
        profile = self._profiles.get(profile_id)
        return profile if profile is not None and self._come_of_age(profile) else None

    def all(self) -> list[Profile]:
        """All profiles, the oldest first, as they are now."""
        return [profile for profile in list(self._profiles.values()) if self._come_of_age(profile)]

    def watched(self) -> list[Profile]:
        """The profiles whose DNS records the service looks at unasked."""
        return [profile for profile in self.all() if profile.state in (ACTIVE, PENDING)]

    def delete(self, profile: Profile) -> None:
        """Remove a profile."""
        self._profiles.pop(profile.profile_id, None)

    def clear(self) -> None:
        """Remove all profiles."""
        self._profiles.clear()

    def judge(self, profile: Profile, right: list[bool | None], begun: float, asked: bool) -> None:
        """Note what DNS answered.

        :param right: for each DNS record whether DNS has it; C(None) where there was no answer, which leaves the
            record as it was, and is not enough to turn a profile active.
        :param begun: when the look at DNS began. Of two looks under way at the same time the later one counts.
        :param asked: whether somebody asked for a verification. Only that turns a profile active; what the service
            does by itself can only find out that a record is gone.
        """
        if begun < profile.looked or not self._come_of_age(profile) or profile.state not in (ACTIVE, PENDING):
            return
        profile.looked = begun
        for record, is_right in zip(profile.dns_records, right):
            if is_right is not None:
                record["validation_state"] = ACTIVE if is_right else PENDING
        if profile.state == ACTIVE and False in right:
            self._move(profile, PENDING)
        elif profile.state == PENDING and asked and all(right):
            self._move(profile, ACTIVE)

    def _move(self, profile: Profile, state: str, late: float = 0.0) -> None:
        """Bring a profile into a state.

        :param late: how long ago that was due.
        """
        if profile.state != state:
            profile.state, profile.since, profile.modified = state, self.clock() - late, self._calendar() - late

    def _come_of_age(self, profile: Profile) -> bool:
        """Move a profile on as time has passed. False if it is deleted by now."""
        now = self.clock()
        while True:
            lasts, then = self._next(profile)
            late = now - (profile.since + lasts)
            if late < 0:
                return True
            if then is None:
                self.delete(profile)
                return False
            self._move(profile, then, late)

    def _next(self, profile: Profile) -> tuple[float, str | None]:
        """How long a profile stays in its state by itself, and what comes then; C(None) if it is deleted."""
        if profile.state == CREATING:
            fails = profile.given.get("sending_domain", "").lower().rstrip(".").endswith(FAILING_SUFFIX)
            return self._settings.creating, FAILED if fails else PENDING
        if profile.state == PENDING:
            return self._settings.disable_after, DISABLED
        if profile.state == DISABLED:
            return self._settings.delete_after, None
        return math.inf, None


def check_fields(data: dict[str, Any], *more: str) -> None:
    """Check the fields of a profile that is put in or changed by hand.

    :param more: names of fields beside those that can always be given.
    :raises ValueError: there is no such field, or it cannot have this value.
    """
    texts = {*FIELDS, "state", *more}
    unknown = set(data) - texts - {*TIMES, "dns_records"}
    if unknown:
        raise ValueError("a profile has no %s here" % _listed(unknown))
    for name in texts & set(data):
        if not isinstance(data[name], str):
            raise ValueError("%s must be a string, not %r" % (name, data[name]))
    for name in set(TIMES) & set(data):
        _check_seconds(name, data[name])
    records = data.get("dns_records", [])
    if not isinstance(records, list) or not all(_is_record(record) for record in records):
        raise ValueError("dns_records must be a list of records with name, type (%s) and value" % _listed(RECORD_TYPES))


def _is_record(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and all(isinstance(record.get(name), str) for name in ("name", "type", "value"))
        and record["type"] in RECORD_TYPES
    )


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))


def make_records(profile: Profile) -> list[dict[str, Any]]:
    """The nine DNS records of a profile, always the same for the same id and domains.

    A bounce domain that was not given is C(bounce.) before the sending domain, a link domain C(go.) before the part of
    the sending domain behind its first label (or before all of it, where that part is a top-level domain).
    """
    sending = profile.given.get("sending_domain", "example.com")
    parent = sending.partition(".")[2]
    bounce = profile.given.get("bounce_domain", "bounce." + sending)
    link = profile.given.get("link_domain", "go." + (parent if "." in parent else sending))

    def digest(purpose: str) -> bytes:
        return hashlib.sha256(("%s %s" % (profile.profile_id, purpose)).encode()).digest()

    def selector(number: int) -> str:
        return "1h" + "".join(_BASE62[byte % 62] for byte in digest("selector %d" % number)[:25])

    def token(domain: str, size: int) -> str:
        return base64.b64encode(digest("token " + domain)[:size]).decode()

    selectors = [selector(number) for number in range(3)]
    records = [("%s._domainkey.%s" % (name, sending), "CNAME", name + ".dkim.smtpd.dev") for name in selectors]
    records.insert(1, ("_amazonses." + sending, "TXT", token(sending, 32)))
    records += [
        ("_amazonses." + bounce, "TXT", token(bounce, 32)),
        (bounce, "MX", "feedback-smtp.us-east-1.amazonses.com"),
        (bounce, "TXT", "v=spf1 include:amazonses.com ~all"),
        ("_amazonses." + link, "TXT", token(link, 20)),
        (link, "CNAME", "l.smtpdgo.com"),
    ]
    validation_state = ACTIVE if profile.state == ACTIVE else PENDING
    return [dict(zip(("name", "type", "value", "validation_state"), (*record, validation_state))) for record in records]
