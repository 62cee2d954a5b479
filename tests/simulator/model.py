# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the simulated service knows: its settings, its profiles, and how they come of age. No input or output.

Profiles come of age when they are looked at, so that thousands of them need no timers.
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from dataclasses import dataclass, field, fields
from typing import Any, Callable, Iterable

FIELDS = ("profile_name", "sending_domain", "link_domain", "link_domain_default_redirect", "bounce_domain")
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
    :param dns: the name server to ask, as C(HOST:PORT); without one every record counts as published.
    :param auth_header: the header that must carry the token: C(either), C(authentication), C(authorization) or C(both).
    :param early_setup: what the setup endpoint answers while a profile is in C(creating): C(missing) or C(empty).
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

    CHOICES = {"auth_header": ("either", "authentication", "authorization", "both"), "early_setup": ("missing", "empty")}

    def update(self, changes: dict[str, Any]) -> None:
        """Change settings by name.

        :raises ValueError: there is no such setting, or it cannot have this value.
        """
        names = {item.name for item in fields(self)}
        for name, value in changes.items():
            if name not in names:
                raise ValueError("there is no setting %s; there are %s" % (name, ", ".join(sorted(names))))
            if name in self.CHOICES and value not in self.CHOICES[name]:
                raise ValueError("%s must be one of %s" % (name, ", ".join(self.CHOICES[name])))
            setattr(self, name, value)


@dataclass
class Profile:
    """A sending profile.

    :param given: the fields that came with its creation.
    :param since: when it came into its state, by the model's clock.
    """

    profile_id: str
    given: dict[str, str]
    state: str
    created: float
    modified: float
    since: float
    dns_records: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The profile as the contract's list shows it. Fields that were not given are missing."""
        times = {"created_at_utc": int(self.created), "modified_at_utc": int(self.modified)}
        return {"profile_id": self.profile_id, **self.given, "state": self.state, **times}

    def setup_as_json(self) -> dict[str, Any]:
        """The profile as the contract's setup endpoint shows it."""
        return {
            "profile_id": self.profile_id,
            "profile_name": self.given.get("profile_name"),
            "dns_records": self.dns_records,
            "state": self.state,
            "created_at_utc": int(self.created),
            "modified_at_utc": int(self.modified),
        }


class Model:
    """All profiles of the one account.

    :param clock: seconds that only grow; for timers.
    :param calendar: seconds since the epoch; for what is shown.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic,
                 calendar: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._clock = clock
        self._calendar = calendar
        self._profiles: dict[str, Profile] = {}

    def create(self, given: dict[str, str]) -> Profile:
        """Begin to make a profile. Names need not be unique."""
        return self.seed(dict(given, state=CREATING))

    def seed(self, data: dict[str, Any]) -> Profile:
        """Put a profile in as it is told.

        :param data: fields as C(Profile.as_json) shows them, and C(dns_records); all have defaults.
        """
        now, today = self._clock(), self._calendar()
        created = float(data.get("created_at_utc", today))
        profile = Profile(
            profile_id=data.get("profile_id") or str(uuid.uuid1()),
            given={name: data[name] for name in FIELDS if data.get(name) is not None},
            state=data.get("state", PENDING),
            created=created,
            modified=float(data.get("modified_at_utc", created)),
            since=now,
        )
        profile.dns_records = data["dns_records"] if "dns_records" in data else make_records(profile)
        if profile.state == ACTIVE:
            for record in profile.dns_records:
                record["validation_state"] = ACTIVE
        self._profiles[profile.profile_id] = profile
        return profile

    def patch(self, profile: Profile, changes: dict[str, Any]) -> None:
        """Change fields, C(state) or C(dns_records) of a profile by hand."""
        if "state" in changes:
            self.move(profile, changes["state"])
        if "dns_records" in changes:
            profile.dns_records = changes["dns_records"]
        profile.given.update({name: changes[name] for name in FIELDS if name in changes})

    def get(self, profile_id: str) -> Profile | None:
        """The profile of this id, as it is now."""
        profile = self._profiles.get(profile_id)
        return profile if profile is not None and self._come_of_age(profile) else None

    def all(self) -> list[Profile]:
        """All profiles, the oldest first, as they are now."""
        return [profile for profile in list(self._profiles.values()) if self._come_of_age(profile)]

    def delete(self, profile: Profile) -> None:
        """Remove a profile."""
        self._profiles.pop(profile.profile_id, None)

    def clear(self) -> None:
        """Remove all profiles."""
        self._profiles.clear()

    def move(self, profile: Profile, state: str) -> None:
        """Bring a profile into a state, now."""
        if profile.state != state:
            profile.state, profile.since, profile.modified = state, self._clock(), self._calendar()

    def judge(self, profile: Profile, right: Iterable[bool], asked: bool) -> None:
        """Note what DNS answered.

        :param right: for each DNS record whether DNS has it.
        :param asked: whether somebody asked for a verification. Only that turns a profile active; what the service
            does by itself can only find out that a record is gone.
        """
        for record, is_right in zip(profile.dns_records, right):
            record["validation_state"] = ACTIVE if is_right else PENDING
        complete = all(record["validation_state"] == ACTIVE for record in profile.dns_records)
        if profile.state == ACTIVE and not complete:
            self.move(profile, PENDING)
        elif profile.state == PENDING and complete and asked:
            self.move(profile, ACTIVE)

    def _come_of_age(self, profile: Profile) -> bool:
        """Move a profile on as time has passed. False if it is deleted by now."""
        age = self._clock() - profile.since
        if profile.state == CREATING and age >= self.settings.creating:
            fails = profile.given.get("sending_domain", "").endswith(FAILING_SUFFIX)
            self.move(profile, FAILED if fails else PENDING)
        elif profile.state == PENDING and age >= self.settings.disable_after:
            self.move(profile, DISABLED)
        elif profile.state == DISABLED and age >= self.settings.delete_after:
            self.delete(profile)
            return False
        return True


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
    return [{"name": name, "type": type_, "value": value, "validation_state": PENDING} for name, type_, value in records]
