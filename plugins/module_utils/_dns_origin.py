# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Where an answer comes from: from records at the name, from a wildcard (RFC 4592), or from a DNAME (RFC 6672).

Without DNSSEC a server does not say that it synthesised an answer, so the answers for made-up names decide. A wildcard
answers for every name that does not exist, however deep:

- If a name does not exist, a made-up name next to it and a made-up name below it get the same answer as the name itself.
- If it exists, the wildcard does not apply below it, because the name is then the closest encloser (RFC 4592, 3.3.1).
  This tells a stored record from a wildcard that has the same value.

One case remains undecided: a name, the wildcard next to it and the wildcard below it that all have the same value. It is
taken for a wildcard. Whoever publishes reads the zone itself, and finds the record there.
"""

from __future__ import annotations

import secrets
from typing import Mapping, NamedTuple, Optional

from ._rdata import CNAME, MX, TXT, name_key

DNAME = "DNAME"
ADDRESSES = ("A", "AAAA")
# The types whose origin matters.
SYNTHESISED = (CNAME, MX, TXT) + ADDRESSES

Values = tuple[str, ...]


class Origins(NamedTuple):
    """Where the answers for a name come from, as far as they do not come from records at the name.

    :param wildcards: the wildcard for each type that one answers, such as C(*.example.com.).
    :param dname: the owner of the DNAME record that the name lies below.
    """

    wildcards: Mapping[str, str] = {}
    dname: Optional[str] = None


def made_up_label() -> str:
    """A label that no zone has."""
    return "x" + secrets.token_hex(8)


def names_above(name: str) -> list[str]:
    """All names above a name, the nearest first.

    Where the zone ends is not known here. Its servers refuse questions for names above it, or refer to others.
    """
    labels = name_key(name)[:-1].split(".")
    return [".".join(labels[start:]) + "." for start in range(1, len(labels))]


def strangers(name: str, label: str) -> tuple[str, str]:
    """Two names that do not exist: below a name, and next to it."""
    return "%s.%s" % (label, name_key(name)), "%s.%s" % (label, name_key(name).partition(".")[2])


def probes(name: str, found: Mapping[str, Values], label: str) -> list[tuple[str, str]]:
    """What to ask a server, names and types, to find out where its answers for a name come from.

    :param found: the canonical values that it has for the name, by type.
    :param label: as C(made_up_label) returns it.
    """
    wildcards = ["*." + above for above in names_above(name)]
    asked = [(other, type_) for type_ in found for other in (*strangers(name, label), *wildcards)]
    return asked + [(above, DNAME) for above in names_above(name) if CNAME in found]


def origins_of(
    name: str, found: Mapping[str, Values], label: str, answers: Mapping[tuple[str, str], Values]
) -> Origins:
    """Decide where a server's answers for a name come from.

    :param answers: the canonical values that the server has for C(probes). Those without a certain answer are empty or missing.
    """
    wildcards = {type_: _wildcard(name, type_, found[type_], label, answers) for type_ in found}
    return Origins(
        {type_: wildcard for type_, wildcard in wildcards.items() if wildcard},
        _dname(name, found.get(CNAME, ()), answers),
    )


def _wildcard(
    name: str, type_: str, values: Values, label: str, answers: Mapping[tuple[str, str], Values]
) -> Optional[str]:
    if any(answers.get((other, type_)) != values for other in strangers(name, label)):
        return None
    # A wildcard is itself an answer for "*" in front of all names between it and the asked one: the highest one is stored.
    same = ["*." + above for above in names_above(name) if answers.get(("*." + above, type_)) == values]
    return same[-1] if same else "*." + names_above(name)[0]


def _dname(name: str, targets: Values, answers: Mapping[tuple[str, str], Values]) -> Optional[str]:
    for above in names_above(name):
        for target in answers.get((above, DNAME), ()):
            if targets == (name_key(name)[: -len(above)] + name_key(target),):
                return above
    return None
