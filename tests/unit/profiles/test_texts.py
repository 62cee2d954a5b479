# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of others where people read it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._describing import describe_records
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError, SmtpdError
from ansible_collections.smtpd.email.plugins.module_utils._profiles import (
    BadAnswer,
    describe_profile,
    describe_wanted,
    profile_from_answer,
)
from ansible_collections.smtpd.email.plugins.module_utils._report import profile_artifacts, profile_results
from ansible_collections.smtpd.email.plugins.module_utils._texts import printable, printable_in_json, printable_lines

HOSTILE = "a\nforged: b\r\x1b[31m\x9b2J\x85\u2028\u202e\ud800\U000e0041"
# Surrogates too, which no encoding takes.
ANY_TEXT = st.text(st.characters(), max_size=30)


@given(ANY_TEXT)
def test_what_is_shown_is_one_printable_line_and_showing_it_again_changes_nothing(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode()
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


@given(ANY_TEXT)
def test_lines_of_our_own_stay_lines(text: str) -> None:
    assert printable_lines(text).split("\n") == [printable(line) for line in text.split("\n")]


@given(ANY_TEXT)
def test_data_can_be_shown_in_json_as_ansible_writes_it(text: str) -> None:
    shown = json.dumps(printable_in_json(text), ensure_ascii=False)
    assert shown.isprintable()
    shown.encode()


def test_escapes_can_be_told_apart() -> None:
    assert printable(HOSTILE) == (r"a\u000aforged: b\u000d\u001b[31m\u009b2J\u0085\u2028\u202e\ud800\U000e0041")


def test_errors_show_nothing_that_cannot_be_seen() -> None:
    assert str(InputError("option", HOSTILE)).isprintable()
    assert [line.isprintable() for line in str(SmtpdError("all:\n" + HOSTILE)).split("\n")] == [True] * 3


def test_a_profile_in_words_is_one_line() -> None:
    profile = {"profile_id": HOSTILE, "profile_name": HOSTILE, "sending_domain": HOSTILE}
    assert describe_profile(profile).count("forged") == 3 and describe_profile(profile).isprintable()
    assert describe_wanted({"profile_name": HOSTILE}).isprintable()


def test_a_record_in_words_has_the_lines_that_it_always_has() -> None:
    record = {"fqdn": HOSTILE, "type": HOSTILE, "rdata": HOSTILE, "validation_state": HOSTILE}
    lines = describe_records([record]).split("\n")
    assert len(lines) == 3 and all(line.isprintable() for line in lines)


def test_an_artifact_says_in_one_line_what_is_left_to_do() -> None:
    profile = profile_from_answer(
        {"profile_id": "p", "profile_name": HOSTILE, "sending_domain": "a.example", "state": HOSTILE}
    )
    lookup = {"profiles": [dict(profile, dns_records=[{}])]}
    (result,) = profile_artifacts(profile_results([{"profile_id": "p"}], {}, lookup, {}, {}, True))
    assert result["todo"].isprintable() and "it is to be verified" in result["todo"]


def test_why_a_lookup_failed_is_said_in_the_report() -> None:
    profile = profile_from_answer(
        {"profile_id": "p", "profile_name": "n", "sending_domain": "a.example", "state": "pending"}
    )
    lookup = {"profiles": [dict(profile, dns_records=[])], "errors": [{"profile_id": "p", "message": "The reason."}]}
    (result,) = profile_results([{"profile_id": "p"}], {}, lookup, {}, {}, True)
    assert result["failed"] and result["todo"] == "Profile p ('n' of a.example): The reason."


def test_an_id_that_could_not_be_sent_back_is_no_id() -> None:
    with pytest.raises(BadAnswer, match="cannot be seen"):
        profile_from_answer({"profile_id": "p\x1b"})
