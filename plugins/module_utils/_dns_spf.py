# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""SPF records as receivers read them (RFC 7208): parsing, comparing, and taking one sender's terms into another's record."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Optional

ALL, INCLUDE, A, MX, PTR, EXISTS, REDIRECT = "all", "include", "a", "mx", "ptr", "exists", "redirect"
# What takes a DNS lookup (RFC 7208, 4.6.4).
LOOKUPS = (INCLUDE, A, MX, PTR, EXISTS)

_TERM = re.compile(r"(?P<qualifier>[+?~-]?)(?P<name>[a-z0-9]+)(?P<rest>[:/].*)?", re.IGNORECASE)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9._-]*)=(?P<value>.*)", re.IGNORECASE)
# After a domain: /ip4-cidr-length, //ip6-cidr-length or both (RFC 7208, 12).
_CIDR = re.compile(r"(?P<domain>:.*?)?(?:/(?P<four>0|[1-9][0-9]?))?(?://(?P<six>0|[1-9][0-9]{0,2}))?")
# The letters c, r and t are for explanations only (RFC 7208, 7.2).
_MACRO = re.compile(r"%(?:[%_-]|\{[slodiphv](?:[1-9][0-9]*)?r?[.+,/_=-]*\})", re.IGNORECASE)
# What a domain may end with: a top label that is not all digits, or a macro.
_TOP_LABEL = re.compile(r"(?=[a-z0-9-]*[a-z-])[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True)
class Mechanism:
    """One mechanism of a record.

    :param text: as it is written.
    :param qualifier: C(+) where none is written.
    :param name: in lower case.
    :param domain: what it names, as names are compared; C(None) for the domain of the record.
    :param target: C(domain) as it is written.
    :param network: the network of C(ip4) and C(ip6), and the prefix lengths of C(a) and C(mx).
    """

    text: str
    qualifier: str
    name: str
    target: Optional[str] = None
    network: tuple[object, ...] = ()

    @property
    def domain(self) -> Optional[str]:
        """What it names. The letters of a macro mean different things in upper and lower case."""
        if self.target is None or "%" in self.target:
            return self.target
        return self.target.lower().rstrip(".")

    @property
    def matches(self) -> tuple[object, ...]:
        """What two mechanisms have in common that match the same mail."""
        return self.name, self.domain, self.network


@dataclass(frozen=True)
class Spf:
    """A parsed record.

    :param mechanisms: in the order in which a receiver tries them.
    :param redirect: the target of C(redirect=).
    :param has_modifiers: whether there are any modifiers.
    :param error: what makes it a permanent error for receivers (RFC 7208, 4.6); C(None) where it is right.
    """

    mechanisms: tuple[Mechanism, ...] = ()
    redirect: Optional[str] = None
    has_modifiers: bool = False
    error: Optional[str] = None

    @property
    def effective(self) -> tuple[Mechanism, ...]:
        """The mechanisms that are ever tried, C(all) left aside: those before it."""
        names = [one.name for one in self.mechanisms]
        return self.mechanisms[: names.index(ALL)] if ALL in names else self.mechanisms

    @property
    def followed(self) -> Optional[str]:
        """Where a receiver goes on if nothing matches: a record with C(all) never gets to its redirect (RFC 7208, 6.1)."""
        return None if any(one.name == ALL for one in self.mechanisms) else self.redirect


class _Malformed(Exception):
    pass


def parse(text: str) -> Spf:
    """Parse the text of a TXT record that begins with C(v=spf1)."""
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    try:
        if not (text.isascii() and text.isprintable()):
            raise _Malformed("it has other characters than printable ASCII")
        for term in text.split(" ")[1:]:
            modifier = _MODIFIER.fullmatch(term)
            if modifier:
                _add_modifier(modifiers, modifier.group("name").lower(), modifier.group("value"))
            elif term:
                mechanisms.append(_mechanism(term))
    except _Malformed as error:
        return Spf(error=str(error))
    return Spf(tuple(mechanisms), modifiers.get(REDIRECT), bool(modifiers))


def _add_modifier(modifiers: dict[str, str], name: str, value: str) -> None:
    if name in (REDIRECT, "exp"):
        if name in modifiers:
            raise _Malformed("it has %s= twice" % name)
        _check_domain(value, name)
    else:
        _check_macros(value, name)
    modifiers[name] = value


def _mechanism(term: str) -> Mechanism:
    match = _TERM.fullmatch(term)
    if not match:
        raise _Malformed("'%s' is not a term" % term)
    name, rest = match.group("name").lower(), match.group("rest") or ""
    qualifier = match.group("qualifier") or "+"
    if name == ALL:
        if rest:
            raise _Malformed("'%s' has an argument" % term)
        return Mechanism(term, qualifier, name)
    if name in ("ip4", "ip6"):
        return Mechanism(term, qualifier, name, network=(_network(term, name, rest),))
    if name in (A, MX):
        return _with_prefixes(term, qualifier, name, rest)
    if name == PTR and not rest:
        return Mechanism(term, qualifier, name)
    if name in (INCLUDE, EXISTS, PTR):
        if not rest.startswith(":"):
            raise _Malformed("'%s' names no domain" % term)
        _check_domain(rest[1:], term)
        return Mechanism(term, qualifier, name, rest[1:])
    raise _Malformed("'%s' is not a mechanism" % term)


def _network(term: str, name: str, rest: str) -> object:
    kind = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
    address, slash, length = rest[1:].partition("/")
    try:
        if not rest.startswith(":") or "%" in address or (slash and not re.fullmatch("0|[1-9][0-9]*", length)):
            raise ValueError(rest)
        return kind(rest[1:], strict=False)
    except ValueError:
        raise _Malformed("'%s' has no valid network" % term) from None


def _with_prefixes(term: str, qualifier: str, name: str, rest: str) -> Mechanism:
    match = _CIDR.fullmatch(rest)
    if not match:
        raise _Malformed("'%s' has no valid prefix length" % term)
    four, six = int(match.group("four") or "32"), int(match.group("six") or "128")
    if four > 32 or six > 128:
        raise _Malformed("'%s' has no valid prefix length" % term)
    target = match.group("domain")
    if target is None:
        return Mechanism(term, qualifier, name, network=(four, six))
    _check_domain(target[1:], term)
    return Mechanism(term, qualifier, name, target[1:], (four, six))


def _check_macros(value: str, term: str) -> None:
    if "%" in _MACRO.sub("", value):
        raise _Malformed("'%s' has an invalid macro" % term)


def _check_domain(value: str, term: str) -> None:
    _check_macros(value, term)
    last = value.removesuffix(".").rpartition(".")
    if value.endswith("}") and _MACRO.search(value):
        return
    if not last[1] or not _TOP_LABEL.fullmatch(last[2]):
        raise _Malformed("'%s' names no domain" % term)


# Comparing and merging


def covers(existing: str, wanted: str) -> bool:
    """Whether for all mail that a wanted record's mechanisms match, the existing record has the same result.

    The owner's C(all) is left aside. A record with an error covers nothing.
    """
    there, ours = parse(existing), parse(wanted)
    if there.error or ours.error or not ours.effective:
        return False
    return all(_result(there, one) == one.qualifier for one in ours.effective)


def contradicts(existing: str, wanted: str) -> bool:
    """Whether the existing record has a wanted mechanism with another qualifier, which counts because it comes first."""
    there, ours = parse(existing), parse(wanted)
    return any(_result(there, one) not in (None, one.qualifier) for one in ours.effective)


def _result(record: Spf, wanted: Mechanism) -> Optional[str]:
    """The qualifier of the first mechanism that matches the same mail; C(None) where there is none."""
    return next((one.qualifier for one in record.effective if one.matches == wanted.matches), None)


def can_merge(wanted: str) -> bool:
    """Whether a wanted record's terms mean the same within another record: there are some, and no modifiers."""
    ours = parse(wanted)
    return bool(not ours.error and ours.effective and not ours.has_modifiers)


def merge(existing: str, wanted: str) -> str:
    """The existing record with the wanted one's missing mechanisms before its C(all), or after its mechanisms.

    Neither has an error.
    """
    version, *terms = existing.split()
    there = {one.matches for one in parse(existing).effective}
    missing = [one.text for one in parse(wanted).effective if one.matches not in there]
    ends = [place for place, term in enumerate(terms) if term.lstrip("+?~-").lower() == ALL]
    last = [place + 1 for place, term in enumerate(terms) if not _MODIFIER.fullmatch(term)]
    end = ends[0] if ends else last[-1] if last else 0
    return " ".join([version, *terms[:end], *missing, *terms[end:]])


def unmerge(existing: str, wanted: str) -> str:
    """The existing record without the wanted one's mechanisms. A record with an error stays as it is."""
    version, *terms = existing.split()
    if parse(existing).error:
        return existing
    ours = {(one.matches, one.qualifier) for one in parse(wanted).effective}
    kept = []
    for term in terms:
        one = None if _MODIFIER.fullmatch(term) else _mechanism(term)
        if one is None or (one.matches, one.qualifier) not in ours:
            kept.append(term)
    return " ".join([version, *kept])
