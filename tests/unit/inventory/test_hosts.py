# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How profiles become hosts of an inventory."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._profiles import profile_from_answer
from ansible_collections.smtpd.email.plugins.plugin_utils._hosts import (
    HOST_NAMES,
    describe_collisions,
    host_variables,
    name_hosts,
    state_group,
)


def profile(
    profile_id: str,
    domain: str | None = "mail.acorn.example",
    name: str | None = "default",
    state: str = "active",
    created: int | None = 1,
) -> dict[str, Any]:
    return profile_from_answer(
        {
            "profile_id": profile_id,
            "sending_domain": domain,
            "profile_name": name,
            "state": state,
            "created_at_utc": created,
        }
    )


def names(profiles: list[dict[str, Any]], *preference: str) -> dict[str, str]:
    hosts, _collisions = name_hosts(profiles, preference or HOST_NAMES)
    return {host.profile["profile_id"]: host.name for host in hosts}


def test_a_host_is_named_by_its_sending_domain_first() -> None:
    assert names([profile("a"), profile("b", "b.acorn.example")]) == {"a": "mail.acorn.example", "b": "b.acorn.example"}


def test_the_preference_can_be_chosen() -> None:
    assert names([profile("a", name="x"), profile("b", name="y")], "profile_name") == {"a": "x", "b": "y"}


def test_a_profile_without_the_first_name_takes_the_next() -> None:
    assert names([profile("a", domain=None, name="x"), profile("b", domain=None, name=None)]) == {"a": "x", "b": "b"}


def test_spellings_of_a_domain_are_one_name() -> None:
    assert names([profile("a", "Mail.Acorn.Example."), profile("b", state="pending")])["a"] == "mail.acorn.example"
    assert len(set(names([profile("a", "Mail.Acorn.Example."), profile("b", state="pending")]).values())) == 2


@pytest.mark.parametrize(
    "better, worse",
    [
        (profile("b", state="active", created=2), profile("a", state="pending", created=1)),
        (profile("b", state="pending"), profile("a", state="disabled")),
        (profile("b", state="on hold"), profile("a", state="failed")),
        (profile("b", created=1), profile("a", created=2)),
        (profile("b", created=1), profile("a", created=None)),
        (profile("a"), profile("b")),
    ],
)
def test_a_name_belongs_to_the_profile_in_the_best_state_then_to_the_oldest(
    better: dict[str, Any], worse: dict[str, Any]
) -> None:
    for listing in ([better, worse], [worse, better]):
        found = names(listing)
        assert found[better["profile_id"]] == "mail.acorn.example"
        assert found[worse["profile_id"]] != "mail.acorn.example"


def test_who_loses_a_name_takes_the_next_that_is_nobody_elses() -> None:
    found = names(
        [profile("a", name="news"), profile("b", name="bills", created=2), profile("c", name="news", created=3)]
    )
    assert found == {"a": "mail.acorn.example", "b": "bills", "c": "c"}


def test_with_no_name_left_the_id_is_attached() -> None:
    assert names([profile("a"), profile("b", created=2)], "sending_domain")["b"] == "mail.acorn.example_b"


def test_an_id_that_is_listed_twice_makes_two_hosts() -> None:
    hosts, _collisions = name_hosts([profile("a"), profile("a")], ["sending_domain"])
    assert sorted(host.name for host in hosts) == ["mail.acorn.example", "mail.acorn.example_a"]
    hosts, _collisions = name_hosts([profile("a"), profile("a"), profile("a")], ["profile_id"])
    assert sorted(host.name for host in hosts) == ["a", "a_a", "a_a_2"]


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "all", "ungrouped", "127.0.0.1", "--", ""])
def test_a_name_that_means_something_to_ansible_is_not_taken(name: str) -> None:
    assert names([profile("a", name=name)], "profile_name") == {"a": "a"}


def test_characters_of_patterns_and_templates_become_underscores() -> None:
    assert names([profile("a", name="-a,b:c[1:2] {{d}}&!*")], "profile_name") == {"a": "a_b_c_1_2____d_____"}


def test_a_collision_is_told_with_who_has_the_name_and_what_the_other_is_called() -> None:
    _hosts, collisions = name_hosts([profile("a"), profile("b", state="failed")])
    assert describe_collisions(collisions) == (
        "Several profiles would have the same host name. "
        "'mail.acorn.example' belongs to profile a ('default' of mail.acorn.example) in state 'active', so that "
        "profile b ('default' of mail.acorn.example) in state 'failed' is host 'b'. See the option hostnames."
    )


def test_a_collision_is_told_in_one_line_that_controls_no_terminal() -> None:
    text = "x\nforged\x1b[31m\x9b2J\u202e"
    warning = describe_collisions(name_hosts([profile(one, name=text, state=text) for one in ("a", "b")])[1])
    assert warning and warning.count("forged") == 4 and warning.isprintable()


def test_without_a_collision_nothing_is_told() -> None:
    assert describe_collisions(name_hosts([profile("a")])[1]) is None


def test_many_collisions_are_not_told_one_by_one() -> None:
    _hosts, collisions = name_hosts([profile("id%03d" % number) for number in range(500)], ["profile_name"])
    assert len(collisions) == 499
    text = describe_collisions(collisions) or ""
    assert "And 489 more." in text and len(text) < 3000


PROFILES = st.lists(
    st.builds(
        profile,
        st.text("ab -", min_size=1, max_size=2),
        st.sampled_from([None, "a", "A.", "b", "a_a"]),
        st.sampled_from([None, "a", "b", "b b", "a_a", "{"]),
        st.sampled_from(["active", "failed", "new"]),
        st.integers(0, 2) | st.none(),
    ),
    max_size=6,
)
PREFERENCES = st.lists(st.sampled_from(HOST_NAMES), max_size=3)


@settings(deadline=None)
@given(PROFILES, PREFERENCES)
def test_every_profile_is_a_host_and_no_name_is_given_twice(
    profiles: list[dict[str, Any]], preference: list[str]
) -> None:
    hosts, _collisions = name_hosts(profiles, preference)
    assert [host.profile for host in hosts] == profiles
    assert len({host.name for host in hosts}) == len(profiles)
    assert all(host.name and not set(host.name) & set(" {}[],:") for host in hosts)


@settings(deadline=None)
@given(PROFILES, PREFERENCES, st.randoms(use_true_random=False))
def test_names_do_not_depend_on_the_order_of_the_listing(
    profiles: list[dict[str, Any]], preference: list[str], chance: random.Random
) -> None:
    unique = list({one["profile_id"]: one for one in profiles}.values())
    shuffled = unique[:]
    chance.shuffle(shuffled)
    assert names(unique, *preference or ["profile_id"]) == names(shuffled, *preference or ["profile_id"])


@settings(deadline=None)
@given(PROFILES, PREFERENCES)
def test_whoever_has_not_the_first_name_it_could_have_is_told_of(
    profiles: list[dict[str, Any]], preference: list[str]
) -> None:
    hosts, collisions = name_hosts(profiles, preference)
    by_name = {host.name: host for host in hosts}
    for collision in collisions:
        assert by_name[collision.host.name].profile is collision.host.profile
        assert collision.name != collision.host.name
        if collision.name in by_name:
            assert by_name[collision.name].profile is collision.holder


def test_variables_are_the_fields_with_the_prefix() -> None:
    variables = host_variables(profile("a"), "smtpd_")
    assert variables["smtpd_profile_id"] == "a" and variables["smtpd_state"] == "active"
    assert variables.keys() == {"smtpd_" + field for field in profile("a")}


def test_the_group_of_a_state() -> None:
    assert state_group(profile("a", state="pending")) == "state_pending"
    assert state_group(dict(profile("a"), state=None)) == "state_unknown"
