# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The report of C(_audit) as text, JSON, JUnit and Prometheus files; the page is in C(_audit_page)."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterable, Iterator, Mapping, Optional, Sequence

from . import _dns_answers as dns
from ._audit import OK, RECORD_STATUSES, STATUSES, UNKNOWN, WRONG
from ._audit_page import page
from ._errors import InputError
from ._markup import Markup, fill, joined
from ._texts import printable
from ._times import seconds_of

_Report = Mapping[str, Any]
_Profile = Mapping[str, Any]
_Record = Mapping[str, Any]

# So many problems are told one by one where somebody reads a job's output.
_MANY_LINES = 20


def audit_format(report: _Report, format: str) -> str:
    """The report as the content of a file.

    :param format: one of C(FORMATS).
    :raises InputError: there is no such format.
    """
    if format not in FORMATS:
        raise InputError("format", "'%s' is none of %s." % (format, ", ".join(FORMATS)))
    return str(FORMATS[format](report))


# Text


def _text(report: _Report) -> str:
    profiles = report["summary"]["profiles"]
    if not profiles["total"]:
        return "No profile was found. Check the account, and what was selected.\n"
    problems = [profile for profile in report["profiles"] if profile["status"] != OK]
    counts = ", ".join("%d %s" % (profiles[status], status) for status in STATUSES if profiles[status])
    lines = ["%d profile%s: %s" % (profiles["total"], "" if profiles["total"] == 1 else "s", counts)]
    lines += [_line(profile) for profile in problems[:_MANY_LINES]]
    if len(problems) > _MANY_LINES:
        lines.append("and %d more, see the report" % (len(problems) - _MANY_LINES))
    return "".join(printable(line) + "\n" for line in lines)


def _line(profile: _Profile) -> str:
    return "%-8s %s (%s, %s): %s" % (
        profile["status"],
        profile["sending_domain"],
        profile["profile_name"],
        profile["profile_id"],
        profile["message"],
    )


# JSON


def _json(report: _Report) -> str:
    return json.dumps(report, indent=1) + "\n"


# JUnit


def _junit(report: _Report) -> str:
    count = report["summary"]["profiles"]
    failures = count["total"] - count[OK] - count[UNKNOWN]
    numbers = fill('tests="{}" failures="{}" errors="0" skipped="{}"', count["total"], failures, count[UNKNOWN])
    name = "smtpd.email.audit" + (" " + report["account"] if report["account"] else "")
    return fill(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuites name="{name}" {numbers} time="0">\n'
        '<testsuite name="{name}" {numbers} time="0" timestamp="{timestamp}">\n{cases}</testsuite>\n'
        "</testsuites>\n",
        name=name,
        numbers=numbers,
        # JUnit's times have no zone; they are UTC.
        timestamp=report["generated_at"].rstrip("Z"),
        cases=joined(map(_case, report["profiles"])),
    )


def _case(profile: _Profile) -> Markup:
    start = fill(
        '<testcase classname="{}" name="{} ({})" time="0"',
        profile["sending_domain"],
        profile["profile_name"],
        profile["profile_id"],
    )
    if profile["status"] == OK:
        return fill("{}/>\n", start)
    if profile["status"] == UNKNOWN:  # a passing failure of DNS must not fail a build
        return fill('{}>\n<skipped message="{}"/>\n</testcase>\n', start, profile["message"])
    return fill(
        '{}>\n<failure type="{}" message="{}">{}</failure>\n</testcase>\n',
        start,
        profile["status"],
        profile["message"],
        Markup("\n".join(map(str, _details(profile)))),
    )


def _details(profile: _Profile) -> Iterator[Markup]:
    """A line for each record that is not right, escaped."""
    for record in profile["records"]:
        if record["status"] != dns.PRESENT:
            yield fill("{}", "%s %s %s: %s" % (record["fqdn"], record["type"], record["rdata"], record["message"]))


# Prometheus


def _prometheus(report: _Report) -> str:
    """A file for the textfile collector of Prometheus' node exporter."""
    account = {"account": report["account"]} if report["account"] else {}
    summary = report["summary"]
    labels = [
        {
            **account,
            "profile_id": profile["profile_id"],
            "profile_name": profile["profile_name"] or "",
            "sending_domain": profile["sending_domain"] or "",
        }
        for profile in report["profiles"]
    ]
    each = list(zip(labels, report["profiles"]))
    return "".join(
        [
            _metric(
                "smtpd_audit_timestamp_seconds",
                "When the audit looked at the service and at DNS.",
                [(account, seconds_of(report["generated_at"]))],
            ),
            _metric(
                "smtpd_audit_profiles",
                "How many profiles are in a status.",
                [({**account, "status": status}, summary["profiles"][status]) for status in STATUSES],
            ),
            _metric(
                "smtpd_audit_records",
                "How many DNS records have a status.",
                [({**account, "status": status}, summary["records"][status]) for status in RECORD_STATUSES],
            ),
            _metric(
                "smtpd_profile_status",
                "1 for the status that a profile is in, 0 for the others.",
                [
                    ({**own, "status": status}, int(profile["status"] == status))
                    for own, profile in each
                    for status in STATUSES
                ],
            ),
            _metric(
                "smtpd_profile_state",
                "1 for the state that the service tells.",
                [({**own, "state": profile["state"] or ""}, 1) for own, profile in each],
            ),
            _metric(
                "smtpd_profile_disabled_after_timestamp_seconds",
                "An estimate of when the service disables a profile that is in pending.",
                [(own, seconds_of(profile["disabled_after"])) for own, profile in each if profile["disabled_after"]],
            ),
            _metric(
                "smtpd_profile_records",
                "How many DNS records of a profile are right, wrong, or not known to be either.",
                [
                    ({**own, "verdict": verdict}, sum(record["status"] in statuses for record in profile["records"]))
                    for own, profile in each
                    for verdict, statuses in _VERDICTS.items()
                ],
            ),
        ]
    )


_VERDICTS: Mapping[str, Sequence[str]] = {"right": (dns.PRESENT,), "wrong": WRONG, "unknown": (dns.UNKNOWN,)}


def _metric(name: str, description: str, samples: Iterable[tuple[Mapping[str, str], Optional[float]]]) -> str:
    lines = ["# HELP %s %s" % (name, description), "# TYPE %s gauge" % name]
    lines += ["%s%s %s" % (name, _labels(labels), format(value or 0, ".15g")) for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{%s}" % ",".join('%s="%s"' % (name, _label_value(value)) for name, value in labels.items())


def _label_value(value: str) -> str:
    return printable(value).replace("\\", "\\\\").replace('"', '\\"')


FORMATS: Mapping[str, Callable[[_Report], str]] = {
    "text": _text,
    "json": _json,
    "junit": _junit,
    "prometheus": _prometheus,
    "html": page,
}
