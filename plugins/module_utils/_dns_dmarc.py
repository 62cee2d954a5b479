# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""DMARC records as receivers read them (RFC 7489, 6.3 and 6.6.3): parsing, checking, and comparing how strict they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Iterable, Mapping, NamedTuple, Optional

from ._errors import InputError
from ._rdata import TXT

PREFIX = "_dmarc."
POLICIES = ("none", "quarantine", "reject")  # from weak to strict

_EXAMPLE = "v=DMARC1; p=none; rua=mailto:dmarc@example.com"

# Tag names ignore case, but the version does not (RFC 7489, 6.3 and 6.4).
_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(;|$)")
# What its owner meant to be a DMARC record.
_ATTEMPT = re.compile(r"[\s\"']*v\s*=\s*[\"']?dmarc", re.IGNORECASE)
_TAG = re.compile(r"(?P<name>[a-z][a-z0-9_]*)[ \t]*=[ \t]*(?P<value>.*)", re.IGNORECASE | re.DOTALL)
_MAILTO = re.compile(r"mailto:[^\s,!@]+@[a-z0-9_.-]+\.[a-z0-9-]+(\?[^\s,!@]*)?(![0-9]+[kmgt]?)?", re.IGNORECASE)


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in words


def _number(highest: int) -> Callable[[str], bool]:
    return lambda value: re.fullmatch("[0-9]{1,10}", value) is not None and int(value) <= highest


def _uris(value: str) -> list[str]:
    return [uri.strip() for uri in value.split(",")]


def _is_mail_only(value: str) -> bool:
    return all(_MAILTO.fullmatch(uri) for uri in _uris(value))


# Of each tag, what its value must be.
_RULES: Mapping[str, tuple[Callable[[str], bool], str]] = {
    **dict.fromkeys(("p", "sp", "np"), (_one_of(*POLICIES), "none, quarantine or reject")),
    **dict.fromkeys(("adkim", "aspf"), (_one_of("r", "s"), "r (relaxed) or s (strict)")),
    **dict.fromkeys(
        ("rua", "ruf"), (_is_mail_only, "a list of mailto: addresses, for example mailto:dmarc@example.com")
    ),
    "fo": (
        lambda value: re.fullmatch(r"[01ds](\s*:\s*[01ds])*", value, re.IGNORECASE) is not None,
        "a list of 0, 1, d and s with colons between them",
    ),
    "pct": (lambda value: len(value) <= 3 and _number(100)(value), "a number from 0 to 100"),
    "rf": (_one_of("afrf"), "afrf"),
    "ri": (_number(2**32 - 1), "a number of seconds"),
    "psd": (_one_of("y", "n", "u"), "y, n or u"),
    "t": (_one_of("y", "n"), "y or n"),
}


class Problem(NamedTuple):
    """Something that is wrong with a tag."""

    tag: str
    text: str

    def __str__(self) -> str:
        return "tag %s: %s" % self


class Strength(NamedTuple):
    """How strict a policy is: for receivers that go by RFC 7489, which know C(pct), and by DMARCbis, which know C(t)."""

    by_rfc7489: int = 0
    by_dmarcbis: int = 0

    def is_weaker_than(self, other: Strength) -> bool:
        """Whether some receivers would do less with it."""
        return any(ours < theirs for ours, theirs in zip(self, other))


@dataclass(frozen=True)
class Dmarc:
    """A parsed record.

    :param tags: the values by tag, as far as they are valid, in order.
    :param problems: all that is wrong, in order.
    :param policy: what receivers take for C(p); C(None) if they ignore the record (RFC 7489, 6.6.3, step 6).
    """

    tags: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    policy: Optional[str] = None

    @property
    def is_read_as_none(self) -> bool:
        """Whether receivers act as if it had only C(p=none), because C(p) or C(sp) is not valid."""
        return self.policy is not None and any(problem.tag in ("p", "sp") for problem in self.problems)

    def policies(self, is_own: bool, may_not_exist: bool) -> tuple[str, ...]:
        """The policies that receivers apply.

        :param is_own: whether the record is at the domain itself, not above it.
        :param may_not_exist: whether there are receivers for which the domain does not exist (RFC 9091).
        """
        if self.policy is None:
            return ()
        if is_own or self.is_read_as_none:
            return (self.policy,)
        others = (self.tags["np"].lower(),) if may_not_exist and "np" in self.tags else ()
        return (self.tags.get("sp", self.policy).lower(), *others)

    def strength(self, policy: str) -> Strength:
        """How strict one of its policies is."""
        rank = POLICIES.index(policy)
        if not rank:
            return Strength()
        # Mail that pct leaves out is treated by the next weaker policy (RFC 7489, 6.6.4).
        return Strength(
            100 * (rank - 1) + int(self.tags.get("pct", "100")), rank - (self.tags.get("t", "").lower() == "y")
        )


def is_record(text: str) -> bool:
    """Whether receivers take the text of a TXT record for a DMARC record, be it valid or not (RFC 7489, 6.6.3, step 2)."""
    return _VERSION.match(text) is not None


def is_attempt(text: str) -> bool:
    """Whether the text of a TXT record is, or was meant to be, a DMARC record."""
    return _ATTEMPT.match(text) is not None


def is_dmarc_record(name: str, type_: str, text: str) -> bool:
    """Whether a record is, or was meant to be, the DMARC record of a domain."""
    return type_ == TXT and name.lower().startswith(PREFIX) and is_attempt(text)


def parse(text: str) -> Dmarc:
    """Parse the text of a TXT record."""
    if not is_record(text):
        return Dmarc({}, (Problem("v", "the record must begin with 'v=DMARC1;', in upper case as shown"),))
    given: dict[str, list[str]] = {"v": ["DMARC1"]}
    problems = []
    parts = [part.strip(" \t") for part in text.split(";")]
    for place, part in enumerate(parts[1:], 2):
        match = _TAG.fullmatch(part)
        if match:
            given.setdefault(match.group("name").lower(), []).append(match.group("value"))
        elif part or place < len(parts):  # a semicolon at the end is right
            problems.append(Problem("number %d" % place, "'%s' is not of the form name=value" % shown(part)))
    repeated = [Problem(tag, "it is given %d times" % len(values)) for tag, values in given.items() if len(values) > 1]
    if repeated:  # then the whole list is invalid (RFC 6376, 3.2)
        return Dmarc({}, tuple(repeated + problems))
    tags = {tag: values[0] for tag, values in given.items()}
    wrong = [
        Problem(tag, "'%s' is not %s" % (shown(value), _RULES[tag][1]))
        for tag, value in tags.items()
        if tag in _RULES and not _RULES[tag][0](value)
    ]
    missing = [] if "p" in tags else [Problem("p", "it is missing, and must be %s" % _RULES["p"][1])]
    valid = {tag: value for tag, value in tags.items() if tag not in {problem.tag for problem in wrong}}
    return Dmarc(valid, tuple(missing + wrong + problems), _policy(valid, tags))


def _policy(valid: Mapping[str, str], tags: Mapping[str, str]) -> Optional[str]:
    if "p" in valid and ("sp" in valid or "sp" not in tags):
        return valid["p"].lower()
    has_address = any(_MAILTO.fullmatch(uri) for uri in _uris(tags.get("rua", "")))
    return "none" if has_address else None


def shown(value: str) -> str:
    """A text of others for a message."""
    text = value.encode("ascii", "backslashreplace").decode("ascii")
    return text if len(text) <= 200 else text[:200] + "..."


# What a user asks to publish


def check_dmarc(text: str, place: str) -> None:
    """Check a DMARC record before it is published. What receivers merely tolerate is an error here.

    :param place: the option that the record came from.
    :raises InputError: it has an error; names the tag.
    """
    problems = list(_problems(text))
    if problems:
        raise InputError(
            place, "%s. Correct the DMARC record, for example: %s" % ("; ".join(map(str, problems)), _EXAMPLE)
        )


def dmarc_problem(text: str, place: str) -> str:
    """The same in words, for templates. Empty if the record is valid, or if there is none."""
    try:
        if text:
            check_dmarc(text, place)
    except InputError as error:
        return str(error)
    return ""


def _problems(text: str) -> Iterable[Problem]:
    record = parse(text)
    yield from record.problems
    tags = list(record.tags)
    for tag in tags[1:]:
        if tag not in _RULES:
            yield Problem(tag, "unknown tag")
    if "p" in tags and tags.index("p") != 1:
        yield Problem("p", "it must directly follow v=DMARC1 (RFC 7489, 6.4)")
