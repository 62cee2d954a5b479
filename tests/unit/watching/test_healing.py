# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook that heals concludes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._healing import heal_results, profiles_by_id, profiles_to_heal

EVENT = {"type": "profile_state_changed", "profile": {"profile_id": "of-event"}}
HOSTS = [
    {"smtpd_profile_id": "h1"},
    {"inventory_hostname": "localhost"},
    {"smtpd_profile_id": "h2"},
    {"smtpd_profile_id": "h1"},
]


def profile(profile_id: str, state: str) -> dict[str, Any]:
    return {
        "profile_id": profile_id,
        "profile_name": "news",
        "sending_domain": profile_id + ".acorn.example",
        "state": state,
    }


@pytest.mark.parametrize(
    "ids, event, hosts, found",
    [
        (["a", "b", "a"], EVENT, HOSTS, ["a", "b"]),
        (" a, b,, ", EVENT, HOSTS, ["a", "b"]),
        (17, None, [], ["17"]),
        ([17, ""], None, [], ["17"]),
        ("", EVENT, HOSTS, ["of-event"]),
        ("", {"type": "api_unreachable"}, HOSTS, ["h1", "h2"]),
        ([], {}, HOSTS, ["h1", "h2"]),
        (None, None, [], []),
    ],
)
def test_which_profiles_are_meant(ids: Any, event: Any, hosts: Any, found: list[str]) -> None:
    assert profiles_by_id(ids, event, hosts) == [{"profile_id": profile_id} for profile_id in found]


def test_what_is_being_created_or_could_not_be_is_not_to_be_healed() -> None:
    states = ("creating", "pending", "active", "disabled", "failed", "odd")
    assert [item["profile_id"] for item in profiles_to_heal([profile(state, state) for state in states])] == [
        "pending",
        "active",
        "disabled",
        "odd",
    ]


def result(before: str, after: str | None, **more: Any) -> dict[str, Any]:
    (one,) = heal_results([profile("a", before)], [profile("a", after)] if after else [], **more)
    return one


def test_a_profile_that_is_active_again_is_healed() -> None:
    assert result("pending", "active", problem="of another one") == {
        "profile_id": "a",
        "profile_name": "news",
        "sending_domain": "a.acorn.example",
        "state_before": "pending",
        "state": "active",
        "healed": True,
        "failed": False,
        "todo": "",
    }


def test_a_profile_that_was_well_is_neither_healed_nor_failed() -> None:
    one = result("active", "active")
    assert (one["healed"], one["failed"], one["todo"]) == (False, False, "")


@pytest.mark.parametrize(
    "before, after, more, todo",
    [
        ("pending", "pending", {"results": [{"profile_id": "a", "todo": "publish it"}], "problem": "x"}, "publish it"),
        (
            "pending",
            "pending",
            {"results": [{"profile_id": "b", "todo": "publish it"}], "problem": "a conflict"},
            "a conflict",
        ),
        ("pending", "pending", {}, "Profile a ('news' of a.acorn.example) is in state 'pending'."),
        (
            "failed",
            "failed",
            {},
            "Profile a ('news' of a.acorn.example): the service could not create it, and that cannot be mended.",
        ),
        ("creating", "creating", {}, "Profile a ('news' of a.acorn.example) is still being created."),
        (
            "failed",
            None,
            {},
            "Profile a ('news' of a.acorn.example): the service could not create it, and that cannot be mended.",
        ),
        ("creating", None, {}, "Profile a ('news' of a.acorn.example) is still being created."),
        ("pending", None, {}, "Profile a ('news' of a.acorn.example) is in state 'None'."),
        (
            "active",
            "active",
            {"answers": [{"profile_id": "a", "status": "missing"}]},
            "Profile a ('news' of a.acorn.example): DNS does not answer right yet.",
        ),
    ],
)
def test_a_profile_that_is_not_well_says_what_is_left_to_do(
    before: str, after: str | None, more: dict[str, Any], todo: str
) -> None:
    one = result(before, after, **more)
    assert (one["failed"], one["healed"], one["todo"]) == (True, False, todo)


def test_a_profile_that_is_gone_is_told() -> None:
    (one,) = heal_results([], [], wanted=[{"profile_id": "a"}])
    assert (one["failed"], one["todo"]) == (True, "There is no profile with profile_id a any more.")
