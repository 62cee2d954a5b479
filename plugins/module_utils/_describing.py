# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""DNS records for people: what each is to be, is, and what is to be done."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ._texts import printable
from ._vocabulary import NEGATIVELY_CACHED, UNKNOWN


def describe_records(records: Iterable[Mapping[str, Any]]) -> str:
    """Each record with what is expected, what DNS answers, what the service says, and what is to be done.

    :param records: as C(Judgement.as_dict) returns them, or without its fields where DNS was not asked. C(validation_state) is what
        the service says, if it was asked.
    :returns: lines for people.
    """
    return "\n".join(_described(record) for record in records)


def _described(record: Mapping[str, Any]) -> str:
    rows = {
        "expected": record["rdata"],
        "DNS answers": _found(record) if "status" in record else None,
        "service says": record.get("validation_state"),
        "diagnosis": _diagnosis(record) if "status" in record else None,
    }
    lines = ["    %-13s %s" % (title + ":", printable(text)) for title, text in rows.items() if text]
    return "\n".join([printable("  %s %s" % (record["fqdn"], record["type"])), *lines])


def _found(record: Mapping[str, Any]) -> str:
    return ", ".join(record["found"]) or ("(no certain answer)" if record["status"] == UNKNOWN else "(nothing)")


def _diagnosis(record: Mapping[str, Any]) -> str:
    if record.get("diagnosis"):
        return "%s. %s" % (record["diagnosis"], record["message"])
    if record.get("negatively_cached_until"):
        return (
            "%s. DNS answers right by now, but whoever asked before may remember until %s that the record is not there "
            "(RFC 2308)." % (NEGATIVELY_CACHED, record["negatively_cached_until"])
        )
    return "DNS answers right; the service has not seen it yet."
