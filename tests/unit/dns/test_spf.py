# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merging SPF records, and counting their DNS lookups."""

from __future__ import annotations

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._dns_spf import (
    MAX_LOOKUPS,
    can_merge,
    count_lookups,
    covers,
    merge,
    unmerge,
)

OURS = "v=spf1 include:amazonses.com ~all"


@pytest.mark.parametrize(
    ("existing", "merged"),
    [
        ("v=spf1 mx -all", "v=spf1 mx include:amazonses.com -all"),
        ("v=spf1 ip4:192.0.2.1", "v=spf1 ip4:192.0.2.1 include:amazonses.com"),
        ("v=spf1 mx redirect=_spf.example.net", "v=spf1 mx include:amazonses.com redirect=_spf.example.net"),
        ("v=spf1 include:AmazonSES.com -all", "v=spf1 include:AmazonSES.com -all"),
        ("v=spf1", "v=spf1 include:amazonses.com"),
    ],
)
def test_merging_adds_what_is_missing_before_the_owners_all(existing: str, merged: str) -> None:
    assert merge(existing, OURS) == merged
    assert covers(merged, OURS)


def test_unmerging_gives_the_owners_record_back() -> None:
    assert unmerge(merge("v=spf1 mx -all", OURS), OURS) == "v=spf1 mx -all"


def test_a_record_without_our_mechanisms_does_not_cover_ours() -> None:
    assert not covers("v=spf1 include:example.net ~all", OURS)
    assert not covers("v=spf1 -all", "v=spf1 ~all")


def test_a_record_with_modifiers_cannot_be_merged() -> None:
    assert can_merge(OURS)
    assert not can_merge("v=spf1 redirect=example.net")
    assert not can_merge("v=spf1 -all")


def test_lookups_are_counted_through_includes_and_redirects() -> None:
    records = {
        "a.example": "v=spf1 a mx/24 exists:%{i}.example.com ip4:192.0.2.0/24 -all",
        "b.example": "v=spf1 ptr -all",
    }
    assert count_lookups("v=spf1 include:a.example redirect=b.example", records.get) == 1 + 3 + 1 + 1


def test_a_redirect_beside_all_is_never_followed() -> None:
    assert count_lookups("v=spf1 mx -all redirect=b.example", {}.get) == 1


def test_an_include_that_cannot_be_told_counts_once() -> None:
    assert count_lookups("v=spf1 include:unknown.example include:%{d}.example -all", {}.get) == 2


def test_counting_ends_in_a_loop_of_includes() -> None:
    assert count_lookups("v=spf1 include:a.example", {"a.example": "v=spf1 include:a.example"}.get) == 2


def test_counting_stops_when_there_are_too_many() -> None:
    chain = {"%d.example" % i: "v=spf1 include:%d.example" % (i + 1) for i in range(1000)}
    assert count_lookups("v=spf1 include:0.example", chain.get) == MAX_LOOKUPS + 1


def test_of_too_many_includes_none_is_looked_up() -> None:
    asked: list[str] = []
    text = "v=spf1 " + " ".join("include:%d.example" % number for number in range(500)) + " -all"
    assert count_lookups(text, asked.append) > MAX_LOOKUPS
    assert asked == []
