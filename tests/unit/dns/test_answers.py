# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of DNS servers mean: decisions without a server."""

from __future__ import annotations

from typing import Any, Optional

import pytest
from ansible_collections.smtpd.email.plugins.module_utils._dns_answers import Answer, NoServers, describe_wrong, judge
from ansible_collections.smtpd.email.plugins.module_utils._records import Wish, check_records

CNAME = ("go.example.com", "CNAME", "L.example.net")
MX = ("bounce.example.com", "MX", "mx.example.net")
SPF = ("bounce.example.com", "TXT", "v=spf1 include:amazonses.com ~all")
TEXT = ("_amazonses.example.com", "TXT", "Token=")


def wish(record: tuple[str, str, str]) -> Wish:
    return check_records([dict(zip(("name", "type", "value"), record))])[0]


def judged(record: tuple[str, str, str], *answers: Answer) -> dict[str, Any]:
    return judge(wish(record), [wish(record)], answers)


def values(*values: str, server: str = "ns1") -> Answer:
    return Answer(server, values=values)


FAILED = Answer("ns2", failure="it answers SERVFAIL")
NOTHING = Answer("ns2")


@pytest.mark.parametrize(
    ("record", "answer", "status", "diagnosis"),
    [
        (CNAME, values("l.example.net."), "present", None),
        (CNAME, values("www.example.com."), "mismatch", "wrong_value"),
        (CNAME, values(), "missing", "missing"),
        (CNAME, FAILED, "unknown", "no_answer"),
        (MX, values("10 mx.example.net."), "present", None),
        (MX, values("20 mx.example.net."), "present", None),
        (MX, values("10 mx.example.net.", "20 mx.example.org."), "mismatch", "extra_value"),
        (MX, values("10 mx.example.org."), "mismatch", "wrong_value"),
        (MX, Answer("ns1", alias="www.example.com."), "mismatch", "cname_conflict"),
        (TEXT, values("other", "Token="), "present", None),
        (TEXT, values("token="), "mismatch", "wrong_value"),
        (SPF, values("other", "v=spf1 include:amazonses.com ~all"), "present", None),
        (SPF, values("v=spf1 mx include:amazonses.com -all"), "present", None),
        (SPF, values("v=spf1 include:amazonses.com ~all", "v=spf1 mx -all"), "mismatch", "extra_value"),
        (SPF, values("v=spf1 mx -all"), "mismatch", "wrong_value"),
        (SPF, values("site-verification=1"), "missing", "missing"),
    ],
)
def test_one_answer(record: tuple[str, str, str], answer: Answer, status: str, diagnosis: Optional[str]) -> None:
    result = judged(record, answer)
    assert (result["status"], result["diagnosis"]) == (status, diagnosis)
    assert bool(result["message"]) == (status != "present")


RIGHT = values("l.example.net.")


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ((RIGHT, RIGHT), "present"),
        ((RIGHT, NOTHING), "partial"),
        ((RIGHT, values("www.example.com.")), "partial"),
        ((RIGHT, FAILED), "unknown"),
        ((FAILED, FAILED), "unknown"),
        ((NOTHING, FAILED), "missing"),
        ((NOTHING, values("www.example.com.")), "mismatch"),
        ((RIGHT, NOTHING, FAILED), "partial"),
    ],
)
def test_answers_of_several_servers(answers: tuple[Answer, ...], status: str) -> None:
    assert judged(CNAME, *answers)["status"] == status


def test_a_partial_record_names_the_servers_that_are_wrong() -> None:
    result = judged(CNAME, RIGHT, NOTHING)
    assert "ns2" in result["message"] and "ns1" not in result["message"]
    assert [(server["server"], server["status"]) for server in result["servers"]] == [
        ("ns1", "present"),
        ("ns2", "missing"),
    ]


def test_what_was_found_is_in_the_form_of_zone_files() -> None:
    assert judged(TEXT, values('a"b'), values("Token="))["found"] == ['"Token="', r'"a\"b"']


def test_a_second_wanted_mx_is_not_foreign() -> None:
    wishes = [wish(MX), wish((MX[0], "MX", "mx2.example.net"))]
    answer = values("10 mx.example.net.", "10 mx2.example.net.")
    assert [judge(one, wishes, [answer])["status"] for one in wishes] == ["present", "present"]


def test_a_record_without_servers_is_unknown() -> None:
    result = judge(wish(CNAME), [wish(CNAME)], [], NoServers("not_delegated", "There is no zone."))
    assert (result["status"], result["diagnosis"], result["message"]) == (
        "unknown",
        "not_delegated",
        "There is no zone.",
    )


def test_the_fields_of_the_record_are_kept() -> None:
    described = check_records([{"name": "a.example.com", "type": "TXT", "value": "x", "profile_id": "7c82"}])
    result = judge(described[0], described, [values("x")])
    assert (result["profile_id"], result["fqdn"], result["rdata"]) == ("7c82", "a.example.com.", '"x"')


def test_a_line_for_each_record_that_is_wrong() -> None:
    text = describe_wrong([judged(CNAME, RIGHT), judged(CNAME, NOTHING)])
    assert text == "  go.example.com. CNAME L.example.net.: missing (The record is not there. Publish it.)"
