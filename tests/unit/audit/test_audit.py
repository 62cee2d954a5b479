# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit concludes from what the service and DNS say, without asking them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._audit import (
    BROKEN,
    DEGRADED,
    OK,
    UNKNOWN,
    audit_records,
    audit_report,
)
from ansible_collections.smtpd.email.plugins.module_utils._records import check_records
from tests.support.accounts import (
    HOUR,
    NOW,
    Respond,
    answers,
    large_account,
    lookup,
    missing,
    other,
    partial,
    profile,
    servfail,
    silent,
    small_account,
)


def audit_one(one: dict[str, Any], responds: dict[int, Respond] | None = None, **more: Any) -> dict[str, Any]:
    """What is said of one profile, where all but these records of it are right."""
    own = {(one["profile_id"], number): respond for number, respond in (responds or {}).items()}
    (audited,) = audit_report(lookup([one], **more), answers([one], own), NOW)["profiles"]
    return audited


def verdict(*arguments: Any, **more: Any) -> tuple[str, str]:
    audited = audit_one(*arguments, **more)
    return audited["status"], audited["diagnosis"]


def test_an_active_profile_with_right_records_is_ok() -> None:
    audited = audit_one(profile("mail.acorn.example"))
    assert (audited["status"], audited["diagnosis"]) == (OK, "right")
    assert audited["message"] == "The service and DNS agree: nothing is to be done."


@pytest.mark.parametrize("respond", [missing, other, partial])
def test_an_active_profile_with_a_wrong_record_is_degraded(respond: Respond) -> None:
    assert verdict(profile("mail.acorn.example"), {5: respond}) == (DEGRADED, "records_wrong")


def test_the_message_names_the_first_wrong_record_and_counts_the_others() -> None:
    message = audit_one(profile("mail.acorn.example"), {8: missing, 5: other, 6: missing})["message"]
    assert message == (
        "Mail still goes out, but DNS is wrong for bounce.mail.acorn.example MX (wrong value) and 2 more records: "
        "correct them "
        "before the service notices, which stops all mail of the profile."
    )


def test_servers_that_do_not_answer_make_an_active_profile_unknown() -> None:
    assert verdict(profile("mail.acorn.example"), dict.fromkeys(range(9), servfail)) == (UNKNOWN, "dns_uncertain")


def test_a_silent_server_next_to_right_ones_is_named() -> None:
    audited = audit_one(profile("mail.acorn.example"), {3: silent})
    assert (audited["status"], audited["diagnosis"]) == (UNKNOWN, "server_silent")
    assert "(server silent)" in audited["message"]
    (record,) = [record for record in audited["records"] if record["diagnosis"]]
    assert (record["status"], record["diagnosis"]) == ("present", "server_silent")
    assert "no answer within 5 s" in record["message"]
    assert [server["status"] for server in record["servers"]] == ["present", "unknown"]


def test_a_silent_server_does_not_hide_what_is_certainly_wrong() -> None:
    assert verdict(profile("mail.acorn.example"), {0: silent, 8: missing}) == (DEGRADED, "records_wrong")


def test_what_is_certainly_wrong_counts_more_than_what_is_uncertain() -> None:
    assert verdict(profile("mail.acorn.example"), {0: servfail, 8: missing}) == (DEGRADED, "records_wrong")


def test_a_record_that_the_service_does_not_accept_though_dns_is_right_makes_it_degraded() -> None:
    one = profile("mail.acorn.example")
    one["dns_records"][8]["validation_state"] = "pending"
    audited = audit_one(one)
    assert (audited["status"], audited["diagnosis"]) == (DEGRADED, "records_not_accepted")
    assert "go.acorn.example CNAME (pending)" in audited["message"]


def test_an_active_profile_without_records_is_unknown() -> None:
    assert verdict(profile("mail.acorn.example", dns_records=[])) == (UNKNOWN, "no_records")


def test_what_kept_the_service_from_giving_the_records_is_told() -> None:
    one = profile("mail.acorn.example", dns_records=[])
    audited = audit_one(one, errors=[{"profile_id": one["profile_id"], "message": "GET /setup: answered 500."}])
    assert audited["message"] == (
        "Nothing could be compared, because the service did not give its DNS records (GET /setup: answered 500): look "
        "again."
    )


@pytest.mark.parametrize(
    "responds, diagnosis",
    [
        ({}, "pending_records_right"),
        ({0: missing, 1: servfail}, "pending_records_wrong"),
        ({0: servfail}, "pending_dns_uncertain"),
    ],
)
def test_no_mail_of_a_pending_profile_goes_out_whatever_dns_says(responds: dict[int, Respond], diagnosis: str) -> None:
    audited = audit_one(profile("mail.acorn.example", "pending", since=10), responds)
    assert (audited["status"], audited["diagnosis"]) == (BROKEN, diagnosis)
    assert audited["message"].startswith("No mail goes out")
    assert audited["message"].endswith("have it verified within about 62 hours.")


def test_a_pending_profile_without_records_is_broken() -> None:
    assert verdict(profile("mail.acorn.example", "pending", dns_records=[])) == (BROKEN, "pending_no_records")


@pytest.mark.parametrize(
    "since, hours, words",
    [
        (0, 72.0, "within about 72 hours"),
        (67.6, 4.4, "within about 4.4 hours"),
        (71.5, 0.5, "within about 30 minutes"),
        (80, 0.0, "at once: the 72 hours are over"),
    ],
)
def test_hours_left_are_counted_from_when_a_pending_profile_was_changed_last(
    since: float, hours: float, words: str
) -> None:
    audited = audit_one(profile("mail.acorn.example", "pending", since=since))
    assert audited["hours_left"] == hours
    assert words in audited["message"]


def test_a_pending_profile_without_a_time_has_no_hours_left() -> None:
    one = dict(profile("mail.acorn.example", "pending"), modified_at=None, pending_since=None, disabled_after=None)
    audited = audit_one(one)
    assert audited["hours_left"] is None
    assert audited["message"].endswith("have it verified.")


@pytest.mark.parametrize("state", ["active", "disabled", "creating", "failed"])
def test_only_a_pending_profile_has_hours_left(state: str) -> None:
    assert audit_one(profile("mail.acorn.example", state))["hours_left"] is None


@pytest.mark.parametrize(
    "responds, diagnosis",
    [
        ({}, "disabled_records_right"),
        ({6: missing}, "disabled_records_wrong"),
        ({6: servfail}, "disabled_dns_uncertain"),
    ],
)
def test_a_disabled_profile_is_broken(responds: dict[int, Respond], diagnosis: str) -> None:
    audited = audit_one(profile("mail.acorn.example", "disabled"), responds)
    assert (audited["status"], audited["diagnosis"]) == (BROKEN, diagnosis)
    assert "create it anew" in audited["message"]


def test_a_profile_that_is_being_created_is_unknown_for_an_hour_and_then_broken() -> None:
    assert verdict(profile("mail.acorn.example", "creating", since=0.9)) == (UNKNOWN, "creating")
    assert verdict(profile("mail.acorn.example", "creating", since=1.1)) == (BROKEN, "creation_stuck")


@pytest.mark.parametrize("state", ["suspended", None])
def test_a_state_that_nobody_knows_is_unknown(state: Any) -> None:
    one = dict(profile("mail.acorn.example"), state=state)
    assert verdict(one) == (UNKNOWN, "unknown_state")


def test_a_failed_profile_is_broken() -> None:
    audited = audit_one(profile("mail.acorn.example", "failed"))
    assert (audited["status"], audited["diagnosis"], audited["records"]) == (BROKEN, "failed", [])


@pytest.mark.parametrize("state", ["active", "pending", "creating"])
def test_a_failed_profile_that_another_one_replaced_is_ok(state: str) -> None:
    failed = profile("Mail.acorn.example.", "failed", profile_id="old")
    live = profile("mail.acorn.example", state, profile_id="new")
    report = audit_report(lookup([failed, live]), answers([live]), NOW)
    (old,) = [audited for audited in report["profiles"] if audited["profile_id"] == "old"]
    assert (old["status"], old["diagnosis"]) == (OK, "replaced")
    assert "profile new " in old["message"]


def test_a_profile_of_another_name_or_domain_replaces_nothing() -> None:
    failed = profile("mail.acorn.example", "failed")
    others = [profile("mail.acorn.example", name="other"), profile("news.acorn.example")]
    report = audit_report(lookup([failed, *others]), answers(others), NOW)
    assert report["summary"]["profiles"]["broken"] == 1


# Records


def test_dns_is_not_asked_for_the_records_of_failed_profiles() -> None:
    failed, live = profile("mail.acorn.example", "failed"), profile("mail.birch.example", "disabled")
    assert {record["profile_id"] for record in audit_records(lookup([failed, live]))} == {live["profile_id"]}


def test_records_that_cannot_be_asked_for_are_left_out_and_told() -> None:
    odd = profile(
        "mail.acorn.example",
        dns_records=[
            {"name": "go.acorn.example", "type": "CNAME", "value": "l.smtpdgo.com", "validation_state": "active"}
        ],
    )
    # The modules of the collection do not return such records any more. Others may.
    for place, (name, type_, value) in {
        0: ("mail.acorn.example", "SRV", "0 0 25 mail"),
        2: ("bad name", "TXT", "x"),
    }.items():
        record = {
            "name": name,
            "type": type_,
            "value": value,
            "validation_state": "active",
            "profile_id": odd["profile_id"],
        }
        odd["dns_records"].insert(place, dict(record, fqdn=name + ".", priority=None, rdata=value))
    contrary = profile(
        "mail.birch.example",
        dns_records=[
            {
                "name": "GO.acorn.example.",
                "type": "CNAME",
                "value": "elsewhere.example.com",
                "validation_state": "active",
            },
            {"name": "go.acorn.example", "type": "CNAME", "value": "l.smtpdgo.com", "validation_state": "active"},
        ],
    )
    asked = audit_records(lookup([odd, contrary]))
    check_records(asked)
    assert [(record["profile_id"], record["value"]) for record in asked] == [
        (odd["profile_id"], "l.smtpdgo.com"),
        (contrary["profile_id"], "l.smtpdgo.com"),
    ]
    report = audit_report(
        lookup([odd, contrary]), answers([dict(odd, dns_records=asked[:1]), dict(contrary, dns_records=asked[1:])]), NOW
    )
    messages = {record["rdata"]: record["message"] for audited in report["profiles"] for record in audited["records"]}
    assert "'SRV' is not supported" in messages["0 0 25 mail"]
    assert "has a space in it" in messages["x"]
    assert "can have only one CNAME" in messages["elsewhere.example.com."]
    assert messages["l.smtpdgo.com."] == ""
    assert {audited["status"] for audited in report["profiles"]} == {UNKNOWN}


def test_a_record_that_was_not_asked_for_is_unknown() -> None:
    one = profile("mail.acorn.example")
    (audited,) = audit_report(lookup([one]), {}, NOW)["profiles"]
    assert audited["diagnosis"] == "dns_uncertain"
    assert {record["diagnosis"] for record in audited["records"]} == {"not_asked"}


def test_what_is_wrong_comes_first_and_has_what_each_server_says() -> None:
    audited = audit_one(profile("mail.acorn.example"), {4: servfail, 7: partial})
    assert [record["status"] for record in audited["records"]] == ["partial", "unknown"] + ["present"] * 7
    assert [len(record["servers"]) for record in audited["records"]] == [2, 2] + [0] * 7


def test_a_name_that_two_profiles_share_is_judged_for_each() -> None:
    first, second = (
        profile("a.acorn.example", link_domain="go.acorn.example"),
        profile("b.acorn.example", link_domain="go.acorn.example"),
    )
    report = audit_report(
        lookup([first, second]),
        answers([first, second], {(profile_["profile_id"], 8): missing for profile_ in (first, second)}),
        NOW,
    )
    assert report["summary"]["profiles"]["degraded"] == 2


# The report as a whole


def test_the_most_urgent_profile_comes_first() -> None:
    domains = [audited["sending_domain"] for audited in audit_report(*small_account(), NOW)["profiles"]]
    assert domains[:7] == [
        "shop.acorn.example",
        "mail.birch.example",
        "hello.cedar.example",
        "news.dogwood.example",
        "mail.elm.example",
        "go.ivy.example",
        "post.fir.example",
    ]


def test_the_summary_counts_and_names_the_first_limit() -> None:
    summary = audit_report(*small_account(), NOW)["summary"]
    assert summary["status"] == BROKEN
    assert summary["profiles"] == {"total": 12, "broken": 4, "degraded": 1, "unknown": 2, "ok": 5}
    assert summary["records"] == {"total": 90, "present": 74, "missing": 10, "mismatch": 3, "partial": 1, "unknown": 2}
    assert summary["first_limit"]["sending_domain"] == "shop.acorn.example"
    assert len(summary["problems"]) == 7 and summary["problems_left_out"] == 0


@pytest.mark.parametrize(
    "profiles, status",
    [
        ([("active", {})], OK),
        ([("active", {}), ("active", {0: servfail})], UNKNOWN),
        ([("active", {0: servfail}), ("active", {0: missing})], DEGRADED),
        ([("active", {0: missing}), ("pending", {})], BROKEN),
        ([], UNKNOWN),
    ],
)
def test_the_worst_status_is_that_of_all(profiles: list[tuple[str, dict[int, Respond]]], status: str) -> None:
    made = [profile("mail%d.acorn.example" % number, state) for number, (state, _responds) in enumerate(profiles)]
    responds = {
        (one["profile_id"], number): respond
        for one, (_state, own) in zip(made, profiles)
        for number, respond in own.items()
    }
    assert audit_report(lookup(made), answers(made, responds), NOW)["summary"]["status"] == status


def test_the_summary_stays_small_for_any_number_of_problems() -> None:
    summary = audit_report(*large_account(120, ill=1.0), NOW)["summary"]
    assert len(summary["problems"]) == 50 and summary["problems_left_out"] == 70


def test_a_profile_that_is_listed_twice_is_reported_once() -> None:
    one = profile("mail.acorn.example")
    report = audit_report(lookup([one, dict(one)]), answers([one]), NOW)
    assert report["summary"]["profiles"]["total"] == 1 and report["summary"]["records"]["total"] == 9


def test_the_time_of_the_report_is_the_given_one() -> None:
    assert audit_report(lookup([]), {}, NOW + HOUR)["generated_at"] == "2026-12-01T14:00:00Z"
