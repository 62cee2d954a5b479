# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Whether an SPF record keeps within the limits of DNS lookups (RFC 7208, 4.6.4)."""

from __future__ import annotations

import functools
from typing import Callable, Collection, NamedTuple, Optional

from ._dns_resolver import system_resolver
from ._dns_spf import EXISTS, INCLUDE, LOOKUPS, MX, A, Mechanism, Spf, parse
from ._dns_wire import dnspython
from ._rdata import TXT, canonical, is_spf, name_key

MAX_LOOKUPS, MAX_VOID_LOOKUPS, MAX_MX_HOSTS = 10, 2, 10

# Of a record: the limit is exceeded, it cannot be told, or a receiver takes the record for an error anyway.
TOO_MANY, UNDETERMINED, INVALID = "spf_lookups", "spf_lookups_unknown", "spf_invalid"

_TIMEOUT = 2.0  # seconds for each question

# Asks for a name and a type: the values in canonical form, none where it is certain that there are none, and C(None) where
# it cannot be told.
Ask = Callable[[str, str], Optional[Collection[str]]]


class Problem(NamedTuple):
    """Why a receiver could refuse a record."""

    code: str
    message: str


def lookup_problem(domain: str, text: str, ask: Ask, known: Collection[str] = ()) -> Optional[Problem]:
    """Go through a record as a receiver does for which nothing matches.

    :param domain: where the record is.
    :param ask: looks up what a receiver looks up. It is not asked any more once the limit is exceeded.
    :param known: included domains that are taken to have a record without further lookups where none is found: whoever asks for
        them answers for them, and an internal resolver may not know them.
    :returns: C(None) where the record certainly keeps within the limits.
    """
    count = _Count(ask, known)
    try:
        count.record(domain, parse(text))
    except _Exceeded as error:
        return Problem(TOO_MANY, str(error))
    except _Invalid as error:
        return Problem(INVALID, str(error))
    if count.voids + count.uncertain_voids > MAX_VOID_LOOKUPS and not count.unknown:
        count.unknown = "several of its names cannot be looked up now"
    return Problem(UNDETERMINED, count.unknown) if count.unknown else None


class _Exceeded(Exception):
    pass


class _Invalid(Exception):
    pass


class _Count:
    """Counts while it goes through a record and what that includes."""

    def __init__(self, ask: Ask, known: Collection[str]) -> None:
        self.lookups = self.voids = self.uncertain_voids = 0
        self.unknown = ""
        self._ask = ask
        self._known = {name.lower() for name in known}

    def record(self, domain: str, spf: Spf) -> None:
        """Count one record. A loop of includes ends because it exceeds the limit."""
        if spf.error:
            raise _Invalid("the SPF record of %s is not valid: %s" % (domain, spf.error))
        own = [one for one in spf.effective if one.name in LOOKUPS]
        self._add(len(own) + (spf.followed is not None))
        for one in own:
            self._mechanism(domain, one)
        if spf.followed is not None:
            self._included(spf.followed)

    def _add(self, lookups: int) -> None:
        self.lookups += lookups
        if self.lookups > MAX_LOOKUPS:
            raise _Exceeded("it takes more than %d DNS lookups" % MAX_LOOKUPS)

    def _mechanism(self, domain: str, one: Mechanism) -> None:
        target = one.domain or domain
        if one.name == INCLUDE:
            self._included(target)
        elif "%" in target:
            return  # what is looked up depends on the mail
        elif one.name == MX:
            hosts = self._look(target, ["MX"])
            if hosts is not None and len(hosts) > MAX_MX_HOSTS:
                raise _Invalid("%s has more than %d MX hosts" % (target, MAX_MX_HOSTS))
        elif one.name in (A, EXISTS):
            self._look(target, ["A", "AAAA"] if one.name == A else ["A"])

    def _included(self, target: str) -> None:
        if "%" in target:
            self.unknown = self.unknown or "what '%s' includes depends on the mail" % target
            return
        texts = self._ask(target, TXT)
        records = [text for text in texts or () if is_spf(text)]
        if not records and target.lower().rstrip(".") in self._known:
            return
        if texts is None:
            self.unknown = self.unknown or "%s cannot be looked up now" % target
            return
        if len(records) != 1:
            raise _Invalid("%s has %s" % (target, "several SPF records" if records else "no SPF record"))
        self.record(target, parse(records[0]))

    def _look(self, target: str, types: Collection[str]) -> Optional[list[str]]:
        """Ask for a name. A lookup without an answer is void."""
        answers = [self._ask(target, type_) for type_ in types]
        if any(answers):
            return [value for answer in answers for value in answer or ()]
        if None in answers:
            self.uncertain_voids += 1
            return None
        self.voids += 1
        if self.voids > MAX_VOID_LOOKUPS:
            raise _Exceeded("more than %d of its DNS lookups find nothing" % MAX_VOID_LOOKUPS)
        return []


def spf_problem(domain: str, text: str, known: Collection[str]) -> Optional[Problem]:
    """Go through a record, as C(lookup_problem) does, with what the system's resolver answers."""
    return lookup_problem(domain, text, _resolve, known)


@functools.lru_cache(maxsize=None)  # many records include the same
def _resolve(name: str, type_: str) -> Optional[Collection[str]]:
    dns = dnspython()
    try:
        answer = system_resolver().resolve(name_key(name), type_, lifetime=_TIMEOUT)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError):
        return None
    return tuple(dict.fromkeys(canonical(type_, rdata.to_text()) for rdata in answer))
