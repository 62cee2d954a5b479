# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What an audit concludes from what the service and DNS say of sending profiles: pure functions on plain data.

The four conclusions are about mail, because that is what a person on call wants to know:

- C(ok): mail goes out, and nothing is to be done. So is a failed profile that another one has replaced.
- C(degraded): mail goes out, but will not for long, since something is wrong that the service has not noticed.
- C(broken): no mail goes out. Only what is certain makes a profile broken: the state that the service tells.
- C(unknown): nothing certain can be said, such as when DNS servers do not answer.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Iterable, Mapping, NamedTuple, Optional, Sequence

from . import _dns_answers as dns
from ._contract import UNEXPECTED_RECORD
from ._errors import InputError
from ._rdata import name_key
from ._records import check_records
from ._texts import printable
from ._times import iso, seconds_of
from ._vocabulary import ACTIVE, CREATING, DISABLED, FAILED, PENDING

OK, DEGRADED, BROKEN, UNKNOWN = "ok", "degraded", "broken", "unknown"
# The most urgent first.
STATUSES = (BROKEN, DEGRADED, UNKNOWN, OK)
RECORD_STATUSES = (dns.PRESENT, dns.MISSING, dns.MISMATCH, dns.PARTIAL, dns.UNKNOWN)
# What is certainly wrong. A partial record is, because whoever asks another server does not get it.
WRONG = (dns.MISSING, dns.MISMATCH, dns.PARTIAL)

# A profile that is still being created after so many hours will not come any more.
CREATING_LIMIT = 1.0

# So many problems are in the summary, which becomes an artifact of a job in AWX.
MANY_PROBLEMS = 50

_SUMMARY_FIELDS = (
    "profile_id",
    "profile_name",
    "sending_domain",
    "state",
    "status",
    "diagnosis",
    "message",
    "hours_left",
    "disabled_after",
)

_Profile = Mapping[str, Any]
_Record = Mapping[str, Any]


class _Conclusion(NamedTuple):
    status: str
    diagnosis: str
    message: str


# Before DNS is asked


def audit_records(lookup: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records that DNS is to be asked for: those of all profiles that can still be verified.

    A record that cannot be asked for is left out: one odd record must not keep a thousand others from being looked at.

    :param lookup: the result of C(smtpd_profile_info) with C(setup).
    """
    records = _records(lookup["profiles"])
    problems = _problems(records)
    return [record for record, problem in zip(records, problems) if problem is None]


def _records(profiles: Iterable[_Profile]) -> list[dict[str, Any]]:
    # Those of a failed profile are of no use to anybody.
    return [
        dict(record, profile_id=profile["profile_id"])
        for profile in profiles
        if profile["state"] != FAILED
        for record in profile.get("dns_records") or []
    ]


def _problems(records: Sequence[_Record]) -> list[Optional[str]]:
    """For each record why DNS cannot be asked for it."""
    if _problem(records) is None:
        return [None] * len(records)
    # Records can only be at odds with others of the same name, and equal ones never are.
    accepted: dict[str, dict[tuple[str, str], _Record]] = {}
    problems: list[Optional[str]] = []
    for record in records:
        others = accepted.setdefault(name_key(record["name"]), {})
        key = (record["type"], record["value"])
        problem = None if key in others else _problem([*others.values(), record])
        if problem is None:
            others[key] = record
        problems.append(problem)
    return problems


def _problem(records: Sequence[_Record]) -> Optional[str]:
    try:
        check_records(records)
    except InputError as error:
        return str(error).partition(": ")[2]
    return None


# The report


def audit_report(
    lookup: Mapping[str, Any], answers: Mapping[str, Any], now: float, account: str = ""
) -> dict[str, Any]:
    """What is to be said of all profiles.

    :param lookup: the result of C(smtpd_profile_info) with C(setup), also of a run in which it failed for some
        profiles.
    :param answers: the result of C(smtpd_dns_info) for C(audit_records); empty where there was nothing to ask for.
    :param now: in seconds since the epoch.
    :param account: what the user calls the account.
    :returns: C(generated_at), C(account), C(summary), and C(profiles), the most urgent first. It is plain data, of one
        and the same shape whatever was found.
    """
    listed = {profile["profile_id"]: profile for profile in reversed(lookup.get("profiles", []))}
    profiles = list(reversed(listed.values()))
    errors = {error["profile_id"]: error["message"] for error in lookup.get("errors", [])}
    unexpected: dict[str, list[_Record]] = {}
    for finding in lookup.get("findings", []):
        unexpected.setdefault(finding["profile_id"], []).append(finding)
    seen = {_identity(answer): answer for answer in answers.get("records", [])}
    wanted = _records(profiles)
    # Checking takes long, and what was asked for has been checked.
    is_complete = all(_identity(record) in seen for record in wanted)
    records: dict[str, list[dict[str, Any]]] = {}
    for record, problem in zip(wanted, [None] * len(wanted) if is_complete else _problems(wanted)):
        records.setdefault(record["profile_id"], []).append(_record(record, seen, problem))
    live = {_twin_key(profile): profile for profile in profiles if profile["state"] != FAILED}
    audited = [
        _audited(profile, records.get(profile["profile_id"], []), live.get(_twin_key(profile)), errors, unexpected, now)
        for profile in profiles
    ]
    audited.sort(key=_urgency)
    return {
        "generated_at": iso(now),
        "account": account,
        "summary": _summary(audited),
        "profiles": audited,
    }


def _identity(record: _Record) -> tuple[Any, ...]:
    return record.get("profile_id"), name_key(record["name"]), record["type"], record["value"]


def _twin_key(profile: _Profile) -> tuple[Any, ...]:
    domain = profile.get("sending_domain")
    return profile.get("profile_name"), name_key(domain) if domain else None


def _urgency(profile: _Profile) -> tuple[Any, ...]:
    hours = profile["hours_left"]
    return (
        STATUSES.index(profile["status"]),
        float("inf") if hours is None else hours,
        profile["sending_domain"] or "",
        profile["profile_name"] or "",
        profile["profile_id"],
    )


def _record(record: _Record, seen: Mapping[tuple[Any, ...], _Record], problem: Optional[str]) -> dict[str, Any]:
    answer = seen.get(_identity(record), {})
    if problem is not None:
        answer = {
            "status": dns.UNKNOWN,
            "diagnosis": "not_asked",
            "message": "DNS cannot be asked for it: %s" % problem,
        }
    elif not answer:
        answer = {"status": dns.UNKNOWN, "diagnosis": "not_asked", "message": "DNS was not asked for it."}
    return {
        **{field: record[field] for field in ("fqdn", "type", "rdata", "validation_state")},
        "status": answer["status"],
        "diagnosis": answer["diagnosis"],
        "message": printable(answer["message"]),
        "found": list(answer.get("found", [])),
        # Who says what is only of interest where something is not right, and nine tenths of all the data.
        "servers": [dict(server) for server in answer.get("servers", [])] if answer["diagnosis"] else [],
    }


def _audited(
    profile: _Profile,
    records: list[dict[str, Any]],
    live: Optional[_Profile],
    errors: Mapping[str, str],
    unexpected: Mapping[str, Sequence[_Record]],
    now: float,
) -> dict[str, Any]:
    hours = _hours_left(profile, now)
    if profile["profile_id"] in unexpected and profile["state"] != FAILED:
        conclusion = _conclude_unexpected(profile, unexpected[profile["profile_id"]])
    else:
        conclusion = _conclude(profile, records, live, errors.get(profile["profile_id"]), hours, now)
    return {
        "profile_id": profile["profile_id"],
        "profile_name": profile["profile_name"],
        "sending_domain": profile["sending_domain"],
        "link_domain": profile.get("link_domain"),
        "bounce_domain": profile.get("bounce_domain"),
        "state": profile["state"],
        "status": conclusion.status,
        "diagnosis": conclusion.diagnosis,
        "message": conclusion.message,
        "hours_left": hours,
        "created_at": profile.get("created_at"),
        "modified_at": profile.get("modified_at"),
        "pending_since": profile.get("pending_since"),
        "disabled_after": profile.get("disabled_after"),
        # What is wrong first, what is right last; else in the service's order.
        "records": sorted(
            records, key=lambda record: (record["status"] == dns.PRESENT, record["status"] == dns.UNKNOWN)
        ),
    }


def _summary(profiles: Sequence[dict[str, Any]]) -> dict[str, Any]:
    count = Counter(profile["status"] for profile in profiles)
    records = Counter(record["status"] for profile in profiles for record in profile["records"])
    problems = [profile for profile in profiles if profile["status"] != OK]
    limited = [profile for profile in profiles if profile["hours_left"] is not None]
    first = min(limited, key=lambda profile: profile["hours_left"], default=None)
    return {
        # Of no profile at all nothing is known: a wrong name or account must not look healthy.
        "status": next((status for status in STATUSES if count[status]), UNKNOWN),
        "profiles": {"total": len(profiles), **{status: count[status] for status in STATUSES}},
        "records": {"total": sum(records.values()), **{status: records[status] for status in RECORD_STATUSES}},
        "first_limit": _in_brief(first) if first else None,
        "problems": [_in_brief(profile) for profile in problems[:MANY_PROBLEMS]],
        "problems_left_out": max(0, len(problems) - MANY_PROBLEMS),
    }


def _in_brief(profile: _Profile) -> dict[str, Any]:
    return {field: profile[field] for field in _SUMMARY_FIELDS}


# Times


def _hours_left(profile: _Profile, now: float) -> Optional[float]:
    limit = seconds_of(profile.get("disabled_after"))
    return None if limit is None else round(max(0.0, limit - now) / 3600, 1)


# Conclusions


def _conclude(
    profile: _Profile,
    records: Sequence[_Record],
    live: Optional[_Profile],
    error: Optional[str],
    hours: Optional[float],
    now: float,
) -> _Conclusion:
    state = profile["state"]
    if state == FAILED:
        return _conclude_failed(live)
    if state == CREATING:
        return _conclude_creating(profile, now)
    if state == ACTIVE:
        return _conclude_active(records, error)
    if state in (PENDING, DISABLED):
        return _conclude_inactive(state, records, error, hours)
    return _Conclusion(
        UNKNOWN,
        "unknown_state",
        "The service gives %s, which this version does not know: look there what it means, and whether mail goes out."
        % (printable("the state '%s'" % state) if state else "no state"),
    )


def _conclude_unexpected(profile: _Profile, findings: Sequence[_Record]) -> _Conclusion:
    return _Conclusion(
        DEGRADED if profile["state"] == ACTIVE else BROKEN,
        UNEXPECTED_RECORD,
        "The service asks for records that its contract does not allow, so DNS was not compared with any of the profile's "
        "records. Do not publish them; ask the service's support. %s"
        % " ".join("%(name)s %(type)s: %(reason)s" % finding for finding in findings),
    )


def _conclude_failed(live: Optional[_Profile]) -> _Conclusion:
    if live is not None:
        return _Conclusion(
            OK,
            "replaced",
            "The service could not create it, but profile %s of the same name and domain has taken its place: nothing "
            "is to be done." % live["profile_id"],
        )
    return _Conclusion(
        BROKEN,
        "failed",
        "No mail goes out, because the service could not create it, which cannot be mended: check its domains, then "
        "create it anew by the role sending_profile.",
    )


def _conclude_creating(profile: _Profile, now: float) -> _Conclusion:
    created = seconds_of(profile.get("created_at"))
    hours = None if created is None else (now - created) / 3600
    if hours is not None and hours > CREATING_LIMIT:
        return _Conclusion(
            BROKEN,
            "creation_stuck",
            "No mail goes out, because the service has been creating it for %s: ask the service's support about it."
            % _duration(hours),
        )
    return _Conclusion(
        UNKNOWN,
        "creating",
        "The service is still creating it, so that there are no DNS records yet: look again in some minutes.",
    )


def _conclude_active(records: Sequence[_Record], error: Optional[str]) -> _Conclusion:
    wrong = [record for record in records if record["status"] in WRONG]
    unknown = [record for record in records if record["status"] == dns.UNKNOWN]
    unaccepted = [record for record in records if record["validation_state"] not in (ACTIVE, None)]
    if wrong:
        return _Conclusion(
            DEGRADED,
            "records_wrong",
            "Mail still goes out, but DNS is wrong for %s: correct %s before the service notices, which stops all "
            "mail of the profile." % (_in_words(wrong), _them(wrong)),
        )
    if not records:
        return _Conclusion(UNKNOWN, "no_records", "Nothing could be compared, because %s" % _no_records(error))
    if unknown:
        return _Conclusion(
            UNKNOWN,
            "dns_uncertain",
            "DNS gives no certain answer for %s: look again, and if it stays so, check the name servers."
            % _in_words(unknown),
        )
    if unaccepted:
        return _Conclusion(
            DEGRADED,
            "records_not_accepted",
            "Mail still goes out and DNS answers right, but the service does not accept %s: have the profile verified "
            "again." % _in_words(unaccepted, "validation_state"),
        )
    silent = [record for record in records if record["diagnosis"] == dns.SERVER_SILENT]
    if silent:
        return _Conclusion(
            UNKNOWN,
            dns.SERVER_SILENT,
            "Mail goes out, and all name servers that answer are correct, but not every one answers for %s: look again, and "
            "if it stays so, repair the silent server or remove it from the delegation." % _in_words(silent),
        )
    return _Conclusion(OK, "right", "The service and DNS agree: nothing is to be done.")


def _conclude_inactive(
    state: str, records: Sequence[_Record], error: Optional[str], hours: Optional[float]
) -> _Conclusion:
    wrong = [record for record in records if record["status"] in WRONG]
    unknown = [record for record in records if record["status"] == dns.UNKNOWN]
    if state == PENDING:
        start, end = "No mail goes out", "have it verified%s." % _deadline(hours)
    else:
        start = "No mail goes out since the service disabled it after 72 hours in pending, and it will delete it later"
        end = "have it verified, or create it anew."
    if wrong:
        return _Conclusion(
            BROKEN,
            "%s_records_wrong" % state,
            "%s; DNS is wrong for %s: correct %s and %s" % (start, _in_words(wrong), _them(wrong), end),
        )
    if not records:
        return _Conclusion(BROKEN, "%s_no_records" % state, "%s, and %s" % (start, _no_records(error)))
    if unknown:
        return _Conclusion(
            BROKEN,
            "%s_dns_uncertain" % state,
            "%s, and DNS gives no certain answer for %s: check the name servers, then %s"
            % (start, _in_words(unknown), end),
        )
    return _Conclusion(BROKEN, "%s_records_right" % state, "%s, though DNS answers right by now: %s" % (start, end))


def _in_words(records: Sequence[_Record], why: str = "diagnosis") -> str:
    """The first of some records, with what is the matter, and how many more there are."""
    first = records[0]
    text = printable("%s %s (%s)" % (first["fqdn"].rstrip("."), first["type"], str(first[why]).replace("_", " ")))
    more = len(records) - 1
    return text + (" and %d more record%s" % (more, "s" if more > 1 else "") if more else "")


def _them(records: Sequence[_Record]) -> str:
    return "them" if len(records) > 1 else "it"


def _no_records(error: Optional[str]) -> str:
    if error:
        return "the service did not give its DNS records (%s): look again." % printable(error.rstrip("."))
    return "the service gives no DNS records for it: look again, and if it stays so, ask the service's support."


def _deadline(hours: Optional[float]) -> str:
    if hours is None:
        return ""
    if hours == 0:
        return " at once: the 72 hours are over, so that it can be disabled at any moment"
    return " within about %s" % _duration(hours)


def _duration(hours: float) -> str:
    """Hours as people say them: few ones exactly, many ones roughly."""
    if hours < 1:
        return "%d minutes" % max(1, round(hours * 60))
    if hours < 10:
        return "%.1f hours" % hours
    return "%d hours" % hours
