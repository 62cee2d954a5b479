# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of DNS servers mean: decisions without a server."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._describing import describe_records
from ansible_collections.smtpd.email.plugins.module_utils._dns_answers import Absence, Answer, Judgement, NoServers
from ansible_collections.smtpd.email.plugins.module_utils._records import Wish, check_records

CNAME = ("go.example.com", "CNAME", "L.example.net")
MX = ("bounce.example.com", "MX", "mx.example.net")
SPF = ("bounce.example.com", "TXT", "v=spf1 include:amazonses.com ~all")
TEXT = ("_amazonses.example.com", "TXT", "Token=")


def wish(record: tuple[str, str, str]) -> Wish:
    return check_records([dict(zip(("name", "type", "value"), record))])[0]


def judged(record: tuple[str, str, str], *answers: Answer) -> dict[str, Any]:
    return Judgement(wish(record), [wish(record)], answers).as_dict()


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
    assert [Judgement(one, wishes, [answer]).status for one in wishes] == ["present", "present"]


def test_a_record_without_servers_is_unknown() -> None:
    result = Judgement(wish(CNAME), [wish(CNAME)], [], NoServers("not_delegated", "There is no zone.")).as_dict()
    assert (result["status"], result["diagnosis"], result["message"]) == (
        "unknown",
        "not_delegated",
        "There is no zone.",
    )


def test_the_fields_of_the_record_are_kept() -> None:
    described = check_records([{"name": "a.example.com", "type": "TXT", "value": "x", "profile_id": "7c82"}])
    result = Judgement(described[0], described, [values("x")]).as_dict()
    assert (result["profile_id"], result["fqdn"], result["rdata"]) == ("7c82", "a.example.com.", '"x"')


# Why a record is not there

UNTIL = 1_700_000_000.0  # 2023-11-14T22:13:20Z


def absent(**known: Any) -> Answer:
    return Answer("ns1", absence=Absence(zone="example.com.", until=UNTIL, **known))


def test_a_record_below_a_doubled_zone_is_told_with_its_place() -> None:
    result = judged(CNAME, absent(doubled=("l.example.net.",)))
    assert (result["status"], result["diagnosis"]) == ("missing", "zone_doubled")
    assert "The record is at go.example.com.example.com.:" in result["message"]


def test_another_record_below_a_doubled_zone_tells_nothing() -> None:
    assert judged(CNAME, absent(doubled=("www.example.com.",)))["diagnosis"] == "missing"


def test_other_records_where_a_cname_is_wanted_are_a_conflict() -> None:
    result = judged(CNAME, absent(name_exists=True, beside=("A 192.0.2.1",)))
    assert (result["status"], result["diagnosis"], result["found"]) == ("mismatch", "cname_conflict", ["A 192.0.2.1"])
    assert "A 192.0.2.1" in result["message"]


@pytest.mark.parametrize(
    ("known", "diagnosis"),
    [
        ({"from_cache": True, "published": ("l.example.net.",)}, "negatively_cached"),
        ({"from_cache": True, "published": ()}, "missing"),
        ({"from_cache": True, "is_old": True}, "negatively_cached"),
        ({"from_cache": True}, "missing"),
        ({"from_cache": True, "is_old": True, "published": ()}, "missing"),
    ],
)
def test_a_resolver_that_remembers_an_absence(known: dict[str, Any], diagnosis: str) -> None:
    result = judged(CNAME, absent(**known))
    assert (result["status"], result["diagnosis"]) == ("missing", diagnosis)
    assert ("2023-11-14T22:13:20Z" in result["message"]) == (diagnosis == "negatively_cached")


def test_servers_that_only_remember_an_absence_are_told_apart_from_those_that_lack_the_record() -> None:
    remembering = absent(from_cache=True, published=("l.example.net.",))
    assert judged(CNAME, RIGHT, remembering)["diagnosis"] == "negatively_cached"
    assert judged(CNAME, RIGHT, remembering, NOTHING)["diagnosis"] == "partial"


def test_until_when_an_absence_is_remembered_is_told_also_when_the_record_is_there_by_now() -> None:
    result = Judgement(wish(CNAME), [wish(CNAME)], [RIGHT], absent_until=UNTIL).as_dict()
    assert (result["status"], result["negatively_cached_until"]) == ("present", "2023-11-14T22:13:20Z")


@pytest.mark.parametrize(
    ("record", "value", "advice"),
    [
        (CNAME, "l.example.net.example.com.", "with a dot at the end"),
        (MX, "10 mx.example.net.example.com.", "with a dot at the end"),
        (CNAME, "l.example.net.example.org.", "Correct the record"),
        (TEXT, '"Token="', "The quotes have become a part of the value"),
        (TEXT, "Token", "Correct the record"),
    ],
)
def test_usual_slips_in_a_value_are_told_by_their_name(record: tuple[str, str, str], value: str, advice: str) -> None:
    result = judged(record, values(value))
    assert result["diagnosis"] == "wrong_value" and advice in result["message"]


# For people


def test_a_record_is_described_by_what_is_expected_and_what_dns_and_the_service_say() -> None:
    record = dict(judged(CNAME, values("www.example.com.")), validation_state="pending")
    assert describe_records([record]) == (
        "  go.example.com. CNAME\n"
        "    expected:     L.example.net.\n"
        "    DNS answers:  www.example.com.\n"
        "    service says: pending\n"
        "    diagnosis:    wrong_value. It answers www.example.com. instead. Correct the record."
    )


@pytest.mark.parametrize(
    ("answer", "described"), [(NOTHING, "(nothing)"), (FAILED, "(no certain answer)"), (RIGHT, "l.example.net.")]
)
def test_what_dns_answers_is_described(answer: Answer, described: str) -> None:
    assert "DNS answers:  %s\n" % described in describe_records([judged(CNAME, answer)])


def test_a_right_record_is_described_with_who_may_not_know_it_yet() -> None:
    fresh = Judgement(wish(CNAME), [wish(CNAME)], [RIGHT], absent_until=UNTIL).as_dict()
    assert "negatively_cached" in describe_records([fresh]) and "2023-11-14T22:13:20Z" in describe_records([fresh])
    assert "the service has not seen it yet" in describe_records([judged(CNAME, RIGHT)])


def test_a_record_that_dns_was_not_asked_for_is_described_by_what_the_service_says() -> None:
    assert describe_records([dict(wish(CNAME).given, validation_state="pending")]) == (
        "  go.example.com. CNAME\n    expected:     L.example.net.\n    service says: pending"
    )
