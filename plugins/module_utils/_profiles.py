# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What decides about sending profiles: pure functions on plain data.

Three kinds of data:

- a I(profile) is what the service answers, brought into one shape by C(profile_from_answer);
- a I(wanted) profile is what the user gives, checked and normalised by C(check_wanted);
- a I(listing) is all profiles of an account, a list.

Everything works on many wanted profiles against one listing; one wanted profile is a list of one.
"""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping, NamedTuple, Optional, Sequence
from urllib.parse import urlsplit

from ._domains import check_domain, domain_key
from ._errors import InputError, SmtpdError
from ._texts import printable, printable_in_json
from ._times import iso
from ._vocabulary import CREATING, DOMAIN_FIELDS, FAILED, PENDING, TIME_FIELDS, WANTED_FIELDS

# The contract: a profile that stays in "pending" for longer is disabled, and later deleted.
PENDING_LIMIT = 72 * 3600  # seconds

_PROFILE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class BadAnswer(Exception):
    """An answer of the service that does not have the contract's shape. The message says what is wrong with it."""


def profile_from_answer(data: Any) -> dict[str, Any]:
    """Bring a profile of an answer into one shape.

    All fields of the contract are there afterwards (C(None) where the service did not send one) and nothing else, with
    the times in ISO 8601 (UTC) beside the service's seconds since the epoch, and for a pending profile the estimate of
    when the service disables it. Texts are as the service has them, but for characters that could control a terminal on
    which Ansible shows them in JSON. No user can give these in an option, so no comparison depends on them.

    :raises BadAnswer: it is no object, has no id that can be used, or a field of another type than in the contract.
    """
    if not isinstance(data, dict):
        raise BadAnswer("a profile is %s, not an object" % type(data).__name__)
    profile: dict[str, Any] = {"profile_id": data.get("profile_id")}
    if not isinstance(profile["profile_id"], str) or not profile["profile_id"]:
        raise BadAnswer("a profile has no profile_id")
    if not profile["profile_id"].isprintable():  # it has to be sent back as it is, so it cannot be escaped
        raise BadAnswer("a profile_id has characters in it that cannot be seen: %s" % profile["profile_id"])
    for field in WANTED_FIELDS + ("state",):
        value = _typed(data, field, str)
        profile[field] = value and printable_in_json(value)
    for field in TIME_FIELDS:
        profile[field] = _typed(data, field, int, float)
    return _with_derived(profile)


def planned_profile(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A wanted profile as it would be returned right after its creation, but for the id that it does not have yet."""
    profile = dict.fromkeys(("profile_id",) + WANTED_FIELDS + ("state",) + TIME_FIELDS)
    profile.update({field: wanted[field] for field in WANTED_FIELDS if field in wanted}, state=CREATING)
    return _with_derived(profile)


def created_profile(wanted: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """A created profile: what was sent, completed by what the service answered (which is little)."""
    known = {field: value for field, value in answer.items() if value is not None}
    return _with_derived(dict(planned_profile(wanted), **known))


def in_state(profile: Mapping[str, Any], state: str) -> dict[str, Any]:
    """The profile as it would be in another state."""
    return _with_derived(dict(profile, state=state))


def _typed(data: Mapping[str, Any], field: str, *types: type) -> Any:
    value = data.get(field)
    if value is not None and (not isinstance(value, types) or isinstance(value, bool)):
        raise BadAnswer("%s of profile %s is %s" % (field, data["profile_id"], type(value).__name__))
    return value


def _with_derived(profile: dict[str, Any]) -> dict[str, Any]:
    created, modified = (profile[field] for field in TIME_FIELDS)
    pending = modified if profile["state"] == PENDING else None
    profile["created_at"] = iso(created)
    profile["modified_at"] = iso(modified)
    profile["pending_since"] = iso(pending)
    profile["disabled_after"] = None if pending is None else iso(pending + PENDING_LIMIT)
    return profile


def records_from_answer(data: Any) -> list[dict[str, Any]]:
    """The DNS records of an answer of the setup endpoint; an empty list while there are none yet.

    :raises BadAnswer: it is no object, or a record of it lacks its name, type or value.
    """
    if not isinstance(data, dict):
        raise BadAnswer("the setup is %s, not an object" % type(data).__name__)
    records = data.get("dns_records")
    if records is None:
        return []
    if not isinstance(records, list):
        raise BadAnswer("dns_records is %s, not a list" % type(records).__name__)
    for record in records:
        if not isinstance(record, dict):
            raise BadAnswer("a DNS record is %s, not an object" % type(record).__name__)
        for field in ("name", "type", "value"):
            if not isinstance(record.get(field), str) or not record[field]:
                raise BadAnswer("a DNS record has no %s" % field)
        if not isinstance(record.get("validation_state"), (str, type(None))):
            raise BadAnswer("validation_state of a DNS record is %s" % type(record["validation_state"]).__name__)
    return [{field: record.get(field) for field in ("name", "type", "value", "validation_state")} for record in records]


# What the user gives


def check_fields(options: Mapping[str, Any], place: str = "") -> dict[str, str]:
    """Check what describes a profile, and normalise its domains.

    :param options: values by the option names C(profile_id) and C(WANTED_FIELDS); C(None) or missing is not given.
    :param place: put before option names in errors, such as C(profiles[3].).
    :returns: the given options only; domains in lower case, without trailing dot, internationalised ones as A-labels.
    :raises InputError: an option cannot work.
    """
    given = {name: options[name] for name in ("profile_id",) + WANTED_FIELDS if options.get(name) is not None}
    for name in given:
        if name in DOMAIN_FIELDS:
            given[name] = check_domain(given[name], place + name)
        elif name == "profile_id":
            _check_profile_id(given[name], place + name)
        else:
            _check_text(given[name], place + name)
    if "link_domain_default_redirect" in given:
        _check_redirect(given["link_domain_default_redirect"], place + "link_domain_default_redirect")
    return given


def check_wanted(options: Mapping[str, Any], place: str = "") -> dict[str, str]:
    """Check the options of one wanted profile, as C(check_fields) does, and that they identify it.

    :raises InputError: an option cannot work, or nothing identifies the profile.
    """
    given = check_fields(options, place)
    if not any(name in given for name in ("profile_id", "profile_name", "sending_domain")):
        raise InputError(place + "sending_domain", "missing. Give profile_name and sending_domain, or profile_id.")
    return given


def _check_profile_id(value: str, place: str) -> None:
    # It becomes a part of a path.
    if not _PROFILE_ID.fullmatch(value):
        raise InputError(
            place,
            "'%s' is no profile id: give one as the service shows it, "
            "such as d1378ab7-e919-11ea-81e4-0a58a9feac2a." % value,
        )


def _check_text(value: str, place: str) -> None:
    if not value.strip():
        raise InputError(place, "is empty: give a value, or leave the option out.")
    if value != value.strip() or not value.isprintable():
        raise InputError(
            place,
            "%r has white space around it or control characters in it: "
            "the service could never match or change it later." % value,
        )


def _check_redirect(value: str, place: str) -> None:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value
    except ValueError:
        valid = False
    if not valid:
        raise InputError(place, "'%s' is no web address: give such as https://www.example.com/." % value)


def check_all_wanted(items: Sequence[Mapping[str, Any]], place: str = "profiles") -> list[dict[str, str]]:
    """Check a list of wanted profiles, each as C(check_wanted) does.

    :raises InputError: also when the same profile is in the list twice.
    """
    wanted = [check_wanted(item, "%s[%d]." % (place, index)) for index, item in enumerate(items)]
    _refuse_twice((_identity(item) for item in wanted), place, "describe the same profile")
    return wanted


def _identity(wanted: Mapping[str, str]) -> tuple[Optional[str], ...]:
    if "profile_id" in wanted:
        return (wanted["profile_id"],)
    return (wanted.get("profile_name"), wanted.get("sending_domain"))


def _refuse_twice(keys: Iterable[Any], place: str, problem: str) -> None:
    first: dict[Any, int] = {}
    for index, key in enumerate(keys):
        if key is not None and first.setdefault(key, index) != index:
            raise InputError(
                "%s[%d]" % (place, index), "this and %s[%d] %s: remove one of the two." % (place, first[key], problem)
            )


# Matching what is wanted with what there is


class Decision(NamedTuple):
    """What is to be done for one wanted profile.

    C(found) is the profile that it is; where that is C(None), it is to be created. With a C(refusal), which says why,
    nothing is to be done.
    """

    found: Optional[dict[str, Any]] = None
    refusal: Optional[SmtpdError] = None


def decide(wanted: Sequence[Mapping[str, str]], listing: Sequence[Mapping[str, Any]]) -> list[Decision]:
    """Find each wanted profile in the listing and decide what is to be done for it.

    :returns: a decision for each wanted profile, in order.
    :raises InputError: two wanted profiles, though described differently, are the same profile of the listing.
    """
    decisions = [_decide_one(item, found) for item, found in zip(wanted, find(wanted, listing))]
    _refuse_twice(
        (decision.found["profile_id"] if decision.found else None for decision in decisions),
        "profiles",
        "are the same profile of the service",
    )
    return decisions


def find(wanted: Iterable[Mapping[str, str]], listing: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """For each wanted profile those it can mean: the one of its id, else all of its name and domain but failed ones."""
    index = _Index(listing)
    return [index.find(item) for item in wanted]


class _Index:
    """The listing by the keys that users give, so that finding does not cost more with each profile."""

    def __init__(self, listing: Iterable[Mapping[str, Any]]) -> None:
        self._by: dict[tuple[str, Any], list[Mapping[str, Any]]] = {}
        for profile in listing:
            for field in ("profile_id", "profile_name", "sending_domain"):
                self._by.setdefault((field, _comparable(field, profile[field])), []).append(profile)

    def find(self, wanted: Mapping[str, str]) -> list[Mapping[str, Any]]:
        if "profile_id" in wanted:
            return self._by.get(("profile_id", wanted["profile_id"]), [])
        fields = [field for field in ("sending_domain", "profile_name") if field in wanted]
        candidates = self._by.get((fields[0], _comparable(fields[0], wanted[fields[0]])), [])
        return [
            profile
            for profile in candidates
            if profile["state"] != FAILED and all(_same(field, wanted[field], profile) for field in fields)
        ]


class Selection(NamedTuple):
    """Which profiles of a listing are looked for.

    :param filters: values by field; a profile is selected that has all of them.
    :param states: the states it may be in; empty for any.
    :param wanted: where given, only those that one of these wanted profiles can mean, as C(find) finds them.
    """

    filters: Mapping[str, str] = {}
    states: Sequence[str] = ()
    wanted: Optional[Sequence[Mapping[str, str]]] = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be selected, whatever there is."""
        return self.wanted is not None and not self.wanted

    def of(self, listing: Sequence[Mapping[str, Any]]) -> list[tuple[dict[str, Any], Mapping[str, str]]]:
        """The selected profiles, in the order of the listing, each with the wanted profile that it is."""
        wanted_by_id: dict[str, Mapping[str, str]] = {}
        if self.wanted is not None:
            for item, found in zip(self.wanted, find(self.wanted, listing)):
                wanted_by_id.update((profile["profile_id"], item) for profile in found)
            listing = [profile for profile in listing if profile["profile_id"] in wanted_by_id]
        return [
            (dict(profile), wanted_by_id.get(profile["profile_id"], {}))
            for profile in listing
            if all(_same(field, value, profile) for field, value in self.filters.items())
            and (not self.states or profile["state"] in self.states)
        ]


def _comparable(field: str, value: Optional[str]) -> Optional[str]:
    return domain_key(value) if field in DOMAIN_FIELDS and value is not None else value


def _same(field: str, wanted: str, profile: Mapping[str, Any]) -> bool:
    return _comparable(field, profile[field]) == _comparable(field, wanted)


def _decide_one(wanted: Mapping[str, str], found: Sequence[Mapping[str, Any]]) -> Decision:
    if len(found) > 1:
        return Decision(
            refusal=SmtpdError(
                "%d profiles match %s: %s. Give the profile_id of the one that is meant."
                % (
                    len(found),
                    describe_wanted(wanted),
                    printable(", ".join("%s (%s)" % (profile["profile_id"], profile["state"]) for profile in found)),
                ),
            )
        )
    if found:
        return Decision(found=dict(found[0]), refusal=differs(wanted, found[0]))
    if "profile_id" in wanted:
        return Decision(refusal=SmtpdError("There is no profile with profile_id %s." % wanted["profile_id"]))
    missing = [name for name in ("profile_name", "sending_domain") if name not in wanted]
    if missing:
        return Decision(
            refusal=InputError(
                missing[0],
                "missing: there is no profile with %s yet, and to create one "
                "profile_name and sending_domain are needed." % describe_wanted(wanted),
            )
        )
    return Decision()


def differs(wanted: Mapping[str, str], profile: Mapping[str, Any]) -> Optional[SmtpdError]:
    """The error of a profile that has other values than wanted; C(None) if it has the same."""
    differences = [
        printable(
            "%s: found %s, wanted '%s'"
            % (field, "none" if profile[field] is None else "'%s'" % profile[field], wanted[field])
        )
        for field in WANTED_FIELDS
        if field in wanted and not _same(field, wanted[field], profile)
    ]
    if not differences:
        return None
    return SmtpdError(
        "%s differs from what is wanted, and the service cannot change a profile: %s. "
        "Give the values found, or create another profile under another profile_name."
        % (describe_profile(profile), "; ".join(differences))
    )


def new_twins(
    wanted: Mapping[str, str], listing: Iterable[Mapping[str, Any]], known: Iterable[str]
) -> list[dict[str, Any]]:
    """The profiles of a wanted one's name and domain whose ids were not known before: what a lost creation left."""
    known = set(known)
    return [
        dict(profile)
        for profile in listing
        if profile["profile_id"] not in known
        and all(_same(field, wanted[field], profile) for field in ("profile_name", "sending_domain"))
    ]


# Sentences


def describe_wanted(wanted: Mapping[str, str]) -> str:
    """The wanted profile in words, such as C(profile_name 'default' and sending_domain 'mail.example.com')."""
    names = ("profile_id",) if "profile_id" in wanted else ("profile_name", "sending_domain")
    return printable(" and ".join("%s '%s'" % (name, wanted[name]) for name in names if name in wanted))


def describe_profile(profile: Mapping[str, Any]) -> str:
    """An existing profile in words, with its id, so that it is never lost."""
    return printable(
        "Profile %s ('%s' of %s)" % (profile["profile_id"], profile["profile_name"], profile["sending_domain"])
    )


def describe_unexpected(profile: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> str:
    """That the service asks for records which the contract does not allow, and why.

    :param records: as C(unexpected_records) returns them.
    """
    return (
        "%s: the service asks for records that its contract does not allow (unexpected_record). None of the profile's "
        "records was accepted. Ask the service's support, or publish what is right by hand.\n%s"
        % (
            describe_profile(profile),
            "\n".join(printable("  %(name)s %(type)s %(value)s: %(reason)s" % record) for record in records),
        )
    )
