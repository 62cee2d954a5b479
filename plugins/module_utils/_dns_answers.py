# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""What DNS servers answered, held against the records that are wanted: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Collection, Iterable, Optional, Sequence

from ._dns_spf import covers
from ._rdata import CNAME, MX, TXT, canonical, is_spf, rdata_of, split_mx
from ._records import Wish
from ._times import iso
from ._vocabulary import (
    BELOW_DNAME,
    CNAME_CONFLICT,
    EXTRA_VALUE,
    MISMATCH,
    MISSING,
    NEGATIVELY_CACHED,
    NO_ANSWER,
    PARTIAL,
    PRESENT,
    SERVER_SILENT,
    UNKNOWN,
    WILDCARD,
    WRONG_VALUE,
    ZONE_DOUBLED,
)


@dataclass(frozen=True)
class Absence:
    """What a server tells beside that there is no record of a name and type, and what was asked because of that.

    :param zone: the apex of the zone, C(None) where it tells none.
    :param until: until when others may remember it, in seconds since the epoch (RFC 2308, 5).
    :param name_exists: whether there are records of other types, or names below.
    :param from_cache: whether a resolver remembered it, rather than the zone's own server said it.
    :param is_old: whether it has remembered it for some time already.
    :param beside: what there is where a CNAME is wanted: type and rdata.
    :param doubled: the canonical values at the name with the zone added once more.
    :param published: the canonical values that the zone's own servers have, C(None) where they were not asked.
    """

    zone: Optional[str] = None
    until: Optional[float] = None
    name_exists: bool = False
    from_cache: bool = False
    is_old: bool = False
    beside: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    published: Optional[tuple[str, ...]] = None


@dataclass(frozen=True)
class Answer:
    """What a server said to a question for a name and a type.

    :param server: which one, for the user.
    :param values: in canonical form; empty where it is certain that there are none.
    :param rdatas: to the letter, of the values, or of the alias.
    :param ttl: of these, in seconds.
    :param alias: the canonical target, where the name is a CNAME and another type was asked for.
    :param absence: what is known of it where it is certain that there is nothing.
    :param failure: why there is no certain answer.
    :param wildcard: the wildcard that the values come from, where they are not stored at the name.
    :param dname: the name above that has a DNAME record, so that nothing can be stored at this one.
    """

    server: str
    values: tuple[str, ...] = ()
    rdatas: tuple[str, ...] = ()
    ttl: Optional[int] = None
    alias: Optional[str] = None
    absence: Optional[Absence] = None
    failure: Optional[str] = None
    wildcard: Optional[str] = None
    dname: Optional[str] = None

    @property
    def is_stored(self) -> bool:
        """Whether the values are the name's own, as far as is known."""
        return self.wildcard is None and self.dname is None


@dataclass(frozen=True)
class NoServers:
    """Why no server could be asked.

    :param diagnosis: C(not_delegated) or C(no_answer).
    """

    diagnosis: str
    message: str


@dataclass(frozen=True)
class _Verdict:
    """What one answer means for a wanted record."""

    server: str
    status: str
    found: tuple[str, ...] = ()
    diagnosis: Optional[str] = None
    detail: str = ""


class Judgement:
    """A wanted record, held against the answers of all of its servers.

    :param peers: all wanted records of the same name and type.
    :param problem: why there are no answers.
    :param absent_until: until when others may remember that there is nothing, in seconds since the epoch.
    :param given_up: the names of servers that do not count if they gave no answer, as long as another server answers.
    """

    def __init__(
        self,
        wish: Wish,
        peers: Sequence[Wish],
        answers: Sequence[Answer],
        problem: Optional[NoServers] = None,
        absent_until: Optional[float] = None,
        given_up: Collection[str] = (),
    ) -> None:
        self._wish = wish
        self._answers = answers
        self._absent_until = absent_until
        self._verdicts = [_of_origin(_verdict(wish, peers, answer), answer) for answer in answers]
        silent = [verdict for verdict in self._verdicts if verdict.status == UNKNOWN and verdict.server in given_up]
        # The servers that were left out, with what they said instead of an answer.
        self.left_out: dict[str, str] = {}
        if any(verdict.status != UNKNOWN for verdict in self._verdicts):  # at least one has to answer
            self.left_out = {verdict.server: verdict.detail for verdict in silent}
        if problem is not None:
            self.status, self._diagnosis, self._message = UNKNOWN, problem.diagnosis, problem.message
        else:
            self.status, self._diagnosis, self._message = _sum_up(self._verdicts, self.left_out)

    def as_dict(self) -> dict[str, Any]:
        """The record's fields and what was found, as C(smtpd_dns_info) returns it."""
        return dict(
            self._wish.given,
            status=self.status,
            diagnosis=self._diagnosis,
            message=self._message,
            found=sorted({rdata for verdict in self._verdicts for rdata in verdict.found}),
            existing=_existing(self._wish, self._answers),
            negatively_cached_until=iso(self._absent_until),
            servers=[
                {
                    "server": verdict.server,
                    "status": verdict.status,
                    "found": list(verdict.found),
                    "detail": verdict.detail,
                }
                for verdict in self._verdicts
            ],
        )


def _existing(wish: Wish, answers: Iterable[Answer]) -> Optional[list[dict[str, Any]]]:
    """All that there is at the name, as far as it is certain. C(None): nothing is."""
    certain = [answer for answer in answers if answer.failure is None]
    if not certain:
        return None
    found: dict[tuple[str, str], Optional[int]] = {}
    for answer in certain:
        for rdata in answer.rdatas if answer.is_stored else ():
            found.setdefault((CNAME if answer.alias else wish.type, rdata), answer.ttl)
        for line in answer.absence.beside if answer.absence else ():
            type_, _space, rdata = line.partition(" ")
            found.setdefault((type_, rdata), None)
    return [
        {"type": type_, "value": rdata, "ttl": ttl}
        for (type_, rdata), ttl in sorted(found.items(), key=lambda one: one[0])
    ]


def _verdict(wish: Wish, peers: Sequence[Wish], answer: Answer) -> _Verdict:
    if answer.failure is not None:
        return _Verdict(answer.server, UNKNOWN, diagnosis=NO_ANSWER, detail=answer.failure)
    if answer.alias is not None:
        return _Verdict(
            answer.server,
            MISMATCH,
            ("CNAME " + answer.alias,),
            CNAME_CONFLICT,
            "The name is a CNAME to %s, and so can have no %s record. Remove the CNAME." % (answer.alias, wish.type),
        )
    values = [value for value in answer.values if is_spf(value)] if _is_spf_wish(wish) else list(answer.values)
    found = tuple(sorted(rdata_of(wish.type, value) for value in values))
    foreign = [value for value in values if not any(_is_met(peer, value) for peer in peers)]
    if any(_is_met(wish, value) for value in values):
        if (wish.type == MX or _is_spf_wish(wish)) and (foreign or _is_spf_wish(wish) and len(values) > 1):
            return _Verdict(answer.server, MISMATCH, found, EXTRA_VALUE, _extra(wish, foreign))
        return _Verdict(answer.server, PRESENT, found)
    if not values:
        return _absent(wish, answer.server, answer.absence or Absence())
    return _Verdict(
        answer.server,
        MISMATCH,
        found,
        WRONG_VALUE,
        "It answers %s instead. %s" % (", ".join(found), _advice(wish, values)),
    )


def _of_origin(verdict: _Verdict, answer: Answer) -> _Verdict:
    """The verdict, less what is not stored at the name: a synthesised answer that is not the wanted one is as good as none."""
    if answer.is_stored or verdict.status == PRESENT or verdict.diagnosis in (ZONE_DOUBLED, NEGATIVELY_CACHED):
        return verdict
    if answer.dname is not None:
        diagnosis, detail = (
            BELOW_DNAME,
            "The name lies below %s, which has a DNAME record, so it can have no records of its own (RFC 6672, 2.4). Remove "
            "the DNAME record, or choose another domain." % answer.dname,
        )
    else:
        diagnosis, detail = (
            WILDCARD,
            "The record is not there: what answers for the name is the wildcard %s. Publish the record; it takes precedence "
            "over the wildcard (RFC 4592)." % answer.wildcard,
        )
    return _Verdict(verdict.server, MISSING, verdict.found, diagnosis, detail)


def _absent(wish: Wish, server: str, absence: Absence) -> _Verdict:
    if absence.beside:
        return _Verdict(
            server,
            MISMATCH,
            absence.beside,
            CNAME_CONFLICT,
            "The name has other records (%s), beside which there can be no CNAME (RFC 1034, 3.6.2). Remove them, or choose "
            "another domain." % ", ".join(absence.beside),
        )
    if any(_is_met(wish, value) for value in absence.doubled):
        return _Verdict(
            server,
            MISSING,
            diagnosis=ZONE_DOUBLED,
            detail="The record is at %s%s: the DNS provider added the zone to a name that had it already. Give the name "
            "there without the zone, or with a dot at the end." % (wish.fqdn, absence.zone),
        )
    is_published = any(_is_met(wish, value) for value in absence.published or ())
    if absence.until and (is_published or absence.published is None and absence.is_old):
        return _Verdict(
            server,
            MISSING,
            diagnosis=NEGATIVELY_CACHED,
            detail="It remembers until %s that the record is not there (RFC 2308)%s. Wait until then."
            % (iso(absence.until), ", while the zone's own servers have it" if is_published else ""),
        )
    return _Verdict(server, MISSING, diagnosis=MISSING, detail="The record is not there. Publish it.")


def _advice(wish: Wish, values: Iterable[str]) -> str:
    """What to do about a wrong value, with the usual slips told by their name."""
    hosts = [(split_mx(value)[1], split_mx(wish.value)[1]) for value in values if wish.type in (CNAME, MX)]
    if any(found.startswith(wanted) and wish.name.endswith("." + found[len(wanted) :]) for found, wanted in hosts):
        return "The DNS provider added the zone to the value. Give the value there with a dot at the end."
    if wish.type == TXT and any(canonical(TXT, value) == wish.value for value in values):
        return "The quotes have become a part of the value. Give the value there without them."
    return "Correct the record."


def _is_spf_wish(wish: Wish) -> bool:
    return wish.type == TXT and is_spf(wish.value)


def _is_met(wish: Wish, value: str) -> bool:
    """Whether a value is the wanted one, or an SPF record that says the same and more."""
    return wish.is_met_by(value) or (_is_spf_wish(wish) and is_spf(value) and covers(value, wish.value))


def _extra(wish: Wish, foreign: Iterable[str]) -> str:
    if wish.type == MX:
        return "There is another MX record beside it: %s. Remove that one." % ", ".join(sorted(foreign))
    return "There are several SPF records, which is a permanent error (RFC 7208, 4.5). Make one of them."


def _sum_up(verdicts: Sequence[_Verdict], left_out: Collection[str]) -> tuple[str, Optional[str], str]:
    """Status, diagnosis and message from all servers.

    :param left_out: the servers whose silence does not count.
    """
    by_status: dict[str, list[_Verdict]] = {}
    for verdict in verdicts:
        by_status.setdefault(verdict.status, []).append(verdict)
    wrong = by_status.get(MISMATCH, []) + by_status.get(MISSING, [])
    silent = by_status.get(UNKNOWN, [])
    unknown = [verdict for verdict in silent if verdict.server not in left_out]
    if wrong and PRESENT in by_status:
        is_cached = all(verdict.diagnosis == NEGATIVELY_CACHED for verdict in wrong)
        diagnosis = NEGATIVELY_CACHED if is_cached else PARTIAL
        return PARTIAL, diagnosis, "Only some servers have it. Not right are: %s" % _details(wrong)
    if wrong:
        worst = wrong[0]
        return worst.status, worst.diagnosis, worst.detail
    if unknown:
        return UNKNOWN, NO_ANSWER, "It is not certain: %s" % _details(unknown)
    if silent:
        return (
            PRESENT,
            SERVER_SILENT,
            "All servers that answer have the record, but these do not answer: %s. Repair them, or remove them from the "
            "delegation." % _details(silent),
        )
    return PRESENT, None, ""


def _details(verdicts: Iterable[_Verdict]) -> str:
    return "; ".join("%s: %s" % (verdict.server, verdict.detail) for verdict in verdicts)
