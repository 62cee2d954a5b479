# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Matching, comparing and planning profiles: decisions without a service."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError
from ansible_collections.smtpd.email.plugins.module_utils._profiles import (
    BadAnswer,
    Selection,
    check_all_wanted,
    check_wanted,
    created_profile,
    decide,
    new_twins,
    planned_profile,
    profile_from_answer,
    records_from_answer,
)
from ansible_collections.smtpd.email.plugins.module_utils._times import seconds_of

# The two profiles of the contract's list: same name and domain, one active, one failed.
ACTIVE = {
    "profile_id": "ce26304e-e916-11ea-9063-3af9d3cba4ef",
    "profile_name": "default",
    "sending_domain": "hello.yoursendingdomain.com",
    "link_domain": "go.yoursendingdomain.com",
    "link_domain_default_redirect": "https://google.com",
    "bounce_domain": "bounce.hello.yoursendingdomain.com",
    "state": "active",
    "created_at_utc": 1598609474,
    "modified_at_utc": 1598609476,
}
FAILED = {
    "profile_id": "7c6d545c-edbd-11ea-86ce-3af9d3cba4ef",
    "profile_name": "default",
    "sending_domain": "hello.yoursendingdomain.com",
    "link_domain": "go.yoursendingdomain.com",
    "bounce_domain": "bounce.hello.yoursendingdomain.com",
    "state": "failed",
    "created_at_utc": 1599120868,
    "modified_at_utc": 1599120870,
}
WANTED = {"profile_name": "default", "sending_domain": "hello.yoursendingdomain.com"}


def profile(**fields: Any) -> dict[str, Any]:
    return profile_from_answer(dict(ACTIVE, **fields))


def decide_one(wanted: dict[str, str], *listing: dict[str, Any]) -> Any:
    return decide([check_wanted(wanted)], [profile_from_answer(item) for item in listing])[0]


# Answers


def test_a_profile_of_an_answer_has_all_fields_of_the_contract_and_its_times_in_iso_8601() -> None:
    assert profile_from_answer(FAILED) == dict(
        FAILED,
        link_domain_default_redirect=None,
        created_at="2020-09-03T08:14:28Z",
        modified_at="2020-09-03T08:14:30Z",
        pending_since=None,
        disabled_after=None,
    )


def test_a_pending_profile_tells_when_it_is_disabled() -> None:
    pending = profile(state="pending")
    assert pending["pending_since"] == "2020-08-28T10:11:16Z"
    assert pending["disabled_after"] == "2020-08-31T10:11:16Z"


def test_times_beyond_the_calendar_are_kept_as_they_are() -> None:
    odd = profile(state="pending", created_at_utc=10**20, modified_at_utc=-(10**20))
    assert (odd["created_at_utc"], odd["created_at"], odd["pending_since"]) == (10**20, None, None)


@pytest.mark.parametrize(
    "answer, reason",
    [
        (None, "NoneType"),
        ([], "list"),
        ({}, "no profile_id"),
        ({"profile_id": 7}, "no profile_id"),
        ({"profile_id": "x", "state": 1}, "state of profile x is int"),
        ({"profile_id": "x", "sending_domain": []}, "sending_domain of profile x is list"),
        ({"profile_id": "x", "created_at_utc": "soon"}, "created_at_utc of profile x is str"),
        ({"profile_id": "x", "created_at_utc": True}, "created_at_utc of profile x is bool"),
    ],
)
def test_an_answer_that_is_no_profile_is_told_as_such(answer: Any, reason: str) -> None:
    with pytest.raises(BadAnswer, match=reason):
        profile_from_answer(answer)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from([*ACTIVE, "dns_records", "name", "type", "value"]), inner)
        ),
    )
)
def test_no_answer_whatever_crashes_the_reading(answer: Any) -> None:
    for read in (profile_from_answer, records_from_answer):
        try:
            read(answer)
        except BadAnswer:
            pass


def test_a_setup_without_records_is_an_empty_list() -> None:
    assert records_from_answer({"profile_id": "x"}) == []
    assert records_from_answer({"dns_records": None}) == []


@pytest.mark.parametrize(
    "records, reason",
    [
        ("none", "dns_records is str"),
        (["CNAME"], "a DNS record is str"),
        ([{"name": "a.example", "type": "TXT"}], "has no value"),
        ([{"name": "a.example", "type": "TXT", "value": "x", "validation_state": 1}], "validation_state"),
    ],
)
def test_records_of_another_shape_are_told_as_such(records: Any, reason: str) -> None:
    with pytest.raises(BadAnswer, match=reason):
        records_from_answer({"dns_records": records})


# Finding


def test_a_profile_is_found_by_name_and_domain() -> None:
    assert decide_one(WANTED, ACTIVE).found["profile_id"] == ACTIVE["profile_id"]


@pytest.mark.parametrize("field", ["profile_name", "sending_domain"])
def test_one_of_name_and_domain_is_enough_to_find_it(field: str) -> None:
    assert decide_one({field: WANTED[field]}, ACTIVE).found["profile_id"] == ACTIVE["profile_id"]


def test_domains_are_found_without_regard_to_case_and_trailing_dot() -> None:
    assert decide_one(dict(WANTED, sending_domain="HELLO.yourSendingDomain.com."), ACTIVE).found
    assert decide_one(WANTED, dict(ACTIVE, sending_domain="Hello.YourSendingDomain.COM.")).found


def test_names_are_found_with_regard_to_case() -> None:
    decision = decide_one(dict(WANTED, profile_name="Default"), ACTIVE)
    assert decision == (None, None), "to be created"


def test_a_failed_profile_is_passed_over() -> None:
    assert decide_one(WANTED, FAILED, ACTIVE).found["profile_id"] == ACTIVE["profile_id"]
    assert decide_one(WANTED, FAILED) == (None, None), "to be created"


def test_a_failed_profile_is_found_by_its_id() -> None:
    assert decide_one({"profile_id": FAILED["profile_id"]}, ACTIVE, FAILED).found["state"] == "failed"


def test_several_live_matches_are_refused_with_ids_and_states() -> None:
    refusal = str(decide_one(WANTED, ACTIVE, dict(ACTIVE, profile_id="other", state="pending"), FAILED).refusal)
    assert "2 profiles match profile_name 'default' and sending_domain 'hello.yoursendingdomain.com'" in refusal
    assert "ce26304e-e916-11ea-9063-3af9d3cba4ef (active), other (pending)" in refusal
    assert "Give the profile_id" in refusal
    assert FAILED["profile_id"] not in refusal


def test_an_id_that_is_not_there_is_refused() -> None:
    assert str(decide_one({"profile_id": "gone"}, ACTIVE).refusal) == "There is no profile with profile_id gone."


@pytest.mark.parametrize(
    "given_field, missing", [("profile_name", "sending_domain"), ("sending_domain", "profile_name")]
)
def test_half_a_description_that_finds_nothing_cannot_create(given_field: str, missing: str) -> None:
    refusal = decide_one({given_field: WANTED[given_field]}).refusal
    assert isinstance(refusal, InputError)
    assert refusal.option == missing


# Comparing


def test_options_that_are_not_given_are_not_compared() -> None:
    assert decide_one(WANTED, ACTIVE).refusal is None


@pytest.mark.parametrize(
    "field, wanted, found",
    [
        ("link_domain", "links.example.com", "'go.yoursendingdomain.com'"),
        ("bounce_domain", "b.example.com", "'bounce.hello.yoursendingdomain.com'"),
        ("link_domain_default_redirect", "https://www.example.com/", "'https://google.com'"),
    ],
)
def test_an_option_that_differs_is_refused_with_field_found_and_wanted(field: str, wanted: str, found: str) -> None:
    decision = decide_one(dict(WANTED, **{field: wanted}), ACTIVE)
    assert "%s: found %s, wanted '%s'" % (field, found, wanted) in str(decision.refusal)
    assert decision.found["profile_id"] == ACTIVE["profile_id"], "the refusal tells which profile it is about"


def test_a_field_that_the_service_has_not_differs_from_one_that_is_given() -> None:
    without = {key: value for key, value in ACTIVE.items() if key != "link_domain_default_redirect"}
    refusal = decide_one(dict(WANTED, link_domain_default_redirect="https://google.com"), without).refusal
    assert "link_domain_default_redirect: found none" in str(refusal)


def test_the_name_is_compared_when_the_id_is_given() -> None:
    refusal = decide_one({"profile_id": ACTIVE["profile_id"], "profile_name": "other"}, ACTIVE).refusal
    assert "profile_name: found 'default', wanted 'other'" in str(refusal)


# Many


def test_many_are_decided_against_one_listing_in_order() -> None:
    wanted = [
        check_wanted({"profile_name": "p%d" % number, "sending_domain": "d%d.example" % number}) for number in range(50)
    ]
    listing = [
        profile(
            profile_id="id%d" % number,
            profile_name="p%d" % number,
            sending_domain="d%d.example" % number,
            link_domain=None,
            bounce_domain=None,
        )
        for number in reversed(range(0, 50, 2))
    ]
    decisions = decide(wanted, listing)
    assert [decision.found and decision.found["profile_id"] for decision in decisions] == [
        "id%d" % number if number % 2 == 0 else None for number in range(50)
    ]


def test_the_same_profile_wanted_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"^profiles\[2\]: this and profiles\[0\] describe the same profile"):
        check_all_wanted(
            [WANTED, dict(WANTED, profile_name="other"), dict(WANTED, sending_domain="HELLO.yoursendingdomain.com.")]
        )


def test_two_descriptions_of_the_same_existing_profile_are_refused() -> None:
    with pytest.raises(InputError, match=r"^profiles\[1\]: this and profiles\[0\] are the same profile of the service"):
        decide([check_wanted(WANTED), check_wanted({"profile_id": ACTIVE["profile_id"]})], [profile()])


# What the user gives


@pytest.mark.parametrize(
    "options, option",
    [
        ({}, "sending_domain"),
        ({"link_domain": "go.example.com"}, "sending_domain"),
        ({"profile_name": ""}, "profile_name"),
        ({"profile_name": " default"}, "profile_name"),
        ({"profile_name": "a\nb"}, "profile_name"),
        ({"sending_domain": ""}, "sending_domain"),
        ({"sending_domain": "example.com", "bounce_domain": "not a domain"}, "bounce_domain"),
        (
            {"sending_domain": "example.com", "link_domain_default_redirect": "www.example.com"},
            "link_domain_default_redirect",
        ),
        (
            {"sending_domain": "example.com", "link_domain_default_redirect": "javascript:alert(1)"},
            "link_domain_default_redirect",
        ),
        ({"profile_id": ""}, "profile_id"),
        ({"profile_id": "a/b"}, "profile_id"),
        ({"profile_id": ".."}, "profile_id"),
        ({"profile_id": "a?b"}, "profile_id"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_option(options: dict[str, str], option: str) -> None:
    with pytest.raises(InputError) as error:
        check_wanted(options)
    assert error.value.option == option


def test_bad_input_in_a_list_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match=r"^profiles\[1\]\.sending_domain: "):
        check_all_wanted([WANTED, {"sending_domain": "no domain"}])


# Creating


@pytest.mark.parametrize(
    "modified, since, limit",
    [
        (1764129600, "2025-11-26T04:00:00Z", "2025-11-29T04:00:00Z"),
        (253402300799, "9999-12-31T23:59:59Z", None),  # the last moment of the calendar
        (-62135596800, "0001-01-01T00:00:00Z", "0001-01-04T00:00:00Z"),
        (1e300, None, None),
    ],
)
def test_times_are_told_as_far_as_the_calendar_goes(modified: float, since: str | None, limit: str | None) -> None:
    answer = {"profile_id": "a", "state": "pending", "modified_at_utc": modified}
    profile = profile_from_answer(answer)
    assert (profile["pending_since"], profile["disabled_after"]) == (since, limit)
    assert seconds_of(limit) == (modified + 72 * 3600 if limit else None)


def test_a_planned_profile_has_no_id_yet() -> None:
    planned = planned_profile(WANTED)
    assert planned["profile_id"] is None
    assert planned["profile_name"] == "default"
    assert set(planned) == set(profile())


def test_a_created_profile_is_what_was_sent_and_what_was_answered() -> None:
    created = created_profile(
        WANTED, profile_from_answer({"profile_id": "new", "profile_name": "default", "state": "creating"})
    )
    assert created["profile_id"] == "new"
    assert created["sending_domain"] == WANTED["sending_domain"]
    assert created["state"] == "creating"


def test_a_lost_creation_is_recognised_by_an_id_that_was_not_there_before() -> None:
    listing = [
        profile_from_answer(FAILED),
        profile(profile_id="new", state="creating"),
        profile(profile_id="x", profile_name="y"),
    ]
    assert [twin["profile_id"] for twin in new_twins(WANTED, listing, known={FAILED["profile_id"]})] == ["new"]


# Looking up


@pytest.mark.parametrize(
    "selection, ids",
    [
        (Selection(), ["a", "b", "c"]),
        (Selection(filters={"profile_name": "default"}), ["a", "b"]),
        (Selection(filters={"sending_domain": "hello.yoursendingdomain.com", "profile_name": "other"}), ["c"]),
        (Selection(filters={"profile_id": "b"}), ["b"]),
        (Selection(states=["failed"]), ["b"]),
        (Selection(filters={"profile_name": "default"}, states=["pending"]), []),
        (Selection(wanted=[WANTED]), ["a"]),
        (Selection(wanted=[{"profile_id": "b"}, {"profile_name": "other"}]), ["b", "c"]),
        (Selection(wanted=[]), []),
    ],
)
def test_profiles_are_selected_by_what_is_given(selection: Selection, ids: list[str]) -> None:
    listing = [
        profile(profile_id="a"),
        profile(profile_id="b", state="failed"),
        profile(profile_id="c", profile_name="other"),
    ]
    assert [found["profile_id"] for found, _wanted in selection.of(listing)] == ids
