# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""What DNS servers answered, held against the records that are wanted: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Optional, Sequence

from ansible_collections.smtpd.email.plugins.module_utils._dns_spf import covers
from ansible_collections.smtpd.email.plugins.module_utils._records import MX, TXT, Wish, is_spf, rdata_of

PRESENT, MISSING, MISMATCH, PARTIAL, UNKNOWN = "present", "missing", "mismatch", "partial", "unknown"

# Why a record is not present.
WRONG_VALUE, EXTRA_VALUE, CNAME_CONFLICT = "wrong_value", "extra_value", "cname_conflict"
NO_ANSWER, NOT_DELEGATED = "no_answer", "not_delegated"


@dataclass(frozen=True)
class Answer:
    """What a server said to a question for a name and a type.

    :param server: which one, for the user.
    :param values: in canonical form; empty where it is certain that there are none.
    :param alias: the canonical target, where the name is a CNAME and another type was asked for.
    :param failure: why there is no certain answer.
    """

    server: str
    values: tuple[str, ...] = ()
    alias: Optional[str] = None
    failure: Optional[str] = None


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


def judge(
    wish: Wish, peers: Sequence[Wish], answers: Sequence[Answer], problem: Optional[NoServers] = None
) -> dict[str, Any]:
    """Hold a wanted record against the answers of all of its servers.

    :param peers: all wanted records of the same name and type.
    :param problem: why there are no answers.
    :returns: the record's fields and what was found, as C(smtpd_dns_info) returns it.
    """
    verdicts = [_verdict(wish, peers, answer) for answer in answers]
    if problem is not None:
        status, diagnosis, message = UNKNOWN, problem.diagnosis, problem.message
    else:
        status, diagnosis, message = _sum_up(wish, verdicts)
    return dict(
        wish.given,
        status=status,
        diagnosis=diagnosis,
        message=message,
        found=sorted({rdata for verdict in verdicts for rdata in verdict.found}),
        servers=[
            {"server": verdict.server, "status": verdict.status, "found": list(verdict.found), "detail": verdict.detail}
            for verdict in verdicts
        ],
    )


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
        return _Verdict(answer.server, MISSING, diagnosis=MISSING, detail="The record is not there. Publish it.")
    return _Verdict(
        answer.server, MISMATCH, found, WRONG_VALUE, "It answers %s. Correct the record." % ", ".join(found)
    )


def _is_spf_wish(wish: Wish) -> bool:
    return wish.type == TXT and is_spf(wish.value)


def _is_met(wish: Wish, value: str) -> bool:
    """Whether a value is the wanted one, or an SPF record that says the same and more."""
    return wish.is_met_by(value) or (_is_spf_wish(wish) and is_spf(value) and covers(value, wish.value))


def _extra(wish: Wish, foreign: Iterable[str]) -> str:
    if wish.type == MX:
        return "There is another MX record beside it: %s. Remove that one." % ", ".join(sorted(foreign))
    return "There are several SPF records, which is a permanent error (RFC 7208, 4.5). Make one of them."


def _sum_up(wish: Wish, verdicts: Sequence[_Verdict]) -> tuple[str, Optional[str], str]:
    """Status, diagnosis and message from all servers."""
    by_status: dict[str, list[_Verdict]] = {}
    for verdict in verdicts:
        by_status.setdefault(verdict.status, []).append(verdict)
    wrong = by_status.get(MISMATCH, []) + by_status.get(MISSING, [])
    unknown = by_status.get(UNKNOWN, [])
    if wrong and PRESENT in by_status:
        return PARTIAL, PARTIAL, "Only some servers have it. Not right are: %s" % _details(wrong)
    if wrong:
        worst = wrong[0]
        return worst.status, worst.diagnosis, worst.detail
    if unknown:
        return UNKNOWN, NO_ANSWER, "It is not certain: %s" % _details(unknown)
    return PRESENT, None, ""


def _details(verdicts: Iterable[_Verdict]) -> str:
    return "; ".join("%s: %s" % (verdict.server, verdict.detail) for verdict in verdicts)


def describe_wrong(records: Sequence[Mapping[str, Any]]) -> str:
    """One line for each record that is not present."""
    return "\n".join(
        "  %s %s %s: %s (%s)" % (record["fqdn"], record["type"], record["rdata"], record["status"], record["message"])
        for record in records
        if record["status"] != PRESENT
    )
