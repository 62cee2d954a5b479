# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""SPF records (RFC 7208): taking one sender's terms into another's record, and out again, and counting DNS lookups."""

from __future__ import annotations

import re
from typing import Callable, Optional

MAX_LOOKUPS = 10  # RFC 7208, 4.6.4

_ALL = re.compile(r"[+?~-]?all", re.IGNORECASE)
_MODIFIER = re.compile(r"[a-z][a-z0-9._-]*=.*", re.IGNORECASE)
_LOOKUP = re.compile(
    r"[+?~-]?(?:(?P<recursive>include:)(?P<included>\S+)|(?:a|mx|ptr)(?:[:/]\S*)?|exists:\S+)", re.IGNORECASE
)
_REDIRECT = re.compile(r"redirect=(?P<target>\S+)", re.IGNORECASE)


def covers(existing: str, wanted: str) -> bool:
    """Whether an SPF record has all that the wanted one says about who may send. The owner's C(all) is left aside."""
    terms = _mechanisms(wanted)
    return bool(terms) and {_key(term) for term in terms} <= {_key(term) for term in _mechanisms(existing)}


def can_merge(wanted: str) -> bool:
    """Whether the wanted record's terms mean the same within another record: there are some, and no modifiers."""
    return bool(_mechanisms(wanted)) and not any(_MODIFIER.fullmatch(term) for term in wanted.split()[1:])


def merge(existing: str, wanted: str) -> str:
    """The existing record with the wanted one's missing mechanisms before its C(all), or after its mechanisms."""
    version, *terms = existing.split()
    there = {_key(term) for term in terms}
    missing = [term for term in _mechanisms(wanted) if _key(term) not in there]
    end = next((i for i, term in enumerate(terms) if _ALL.fullmatch(term) or _MODIFIER.fullmatch(term)), len(terms))
    return " ".join([version, *terms[:end], *missing, *terms[end:]])


def unmerge(existing: str, wanted: str) -> str:
    """The existing record without the wanted one's mechanisms."""
    version, *terms = existing.split()
    ours = {_key(term) for term in _mechanisms(wanted)}
    return " ".join([version, *(term for term in terms if _key(term) not in ours)])


def count_lookups(text: str, fetch: Callable[[str], Optional[str]]) -> int:
    """How many DNS lookups a receiver makes for an SPF record. Counting stops as soon as they are too many.

    :param fetch: gives the SPF record of a domain, C(None) where there is none or it cannot be told.
    """
    total = 0
    seen: set[str] = set()
    pending = [text]
    while pending:
        terms = pending.pop().split()[1:]
        mechanisms = [match for match in map(_LOOKUP.fullmatch, terms) if match]
        targets = [match.group("included") for match in mechanisms if match.group("recursive")]
        total += len(mechanisms)
        # A record with "all" never gets to its redirect (RFC 7208, 6.1).
        if not any(_ALL.fullmatch(term) for term in terms):
            redirects = [match.group("target") for match in map(_REDIRECT.fullmatch, terms) if match]
            total += len(redirects)
            targets += redirects
        if total > MAX_LOOKUPS:
            break
        for target in targets:
            if "%" not in target and target.lower() not in seen:  # a macro depends on the mail
                seen.add(target.lower())
                pending.append(fetch(target) or "")
    return total


def _mechanisms(text: str) -> list[str]:
    return [term for term in text.split()[1:] if not _ALL.fullmatch(term) and not _MODIFIER.fullmatch(term)]


def _key(term: str) -> str:
    return term.lower().lstrip("+")
