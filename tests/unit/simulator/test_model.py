# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How profiles come of age, by a clock of our own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.model import Model, Profile, Settings, make_records
from tests.unit.simulator.conftest import WANTED


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def model(clock: Clock) -> Model:
    return Model(Settings(creating=2, disable_after=72, delete_after=24), clock, clock)


def verify(model: Model, profile: Profile, *right: bool | None, begun: float | None = None, asked: bool = True) -> str:
    """Let the model judge a look at DNS, all of whose records are right if it is not said."""
    answers = list(right) or [True] * len(profile.dns_records)
    model.judge(profile, answers, model.clock() if begun is None else begun, asked)
    return profile.state


def one_record(model: Model, **fields: Any) -> Profile:
    record = {"name": "go.acorn.example", "type": "CNAME", "value": "l.smtpdgo.com", "validation_state": "pending"}
    return model.seed({**WANTED, "dns_records": [record], **fields})


# With time


def test_a_profile_goes_from_creating_to_pending_to_disabled_and_is_deleted(model: Model, clock: Clock) -> None:
    profile_id = model.create(WANTED).profile_id

    def state_at(moment: float) -> str | None:
        clock.now = 1000.0 + moment
        profile = model.get(profile_id)
        return profile.state if profile else None

    assert [state_at(moment) for moment in (0, 1.9, 2, 73.9, 74, 97.9, 98)] == [
        "creating",
        "creating",
        "pending",
        "pending",
        "disabled",
        "disabled",
        None,
    ]


def test_a_deleted_profile_is_gone_from_the_list(model: Model, clock: Clock) -> None:
    model.create(WANTED)
    clock.now += 2 + 72 + 24
    assert model.all() == []


def test_a_profile_comes_of_age_when_it_is_due_and_not_when_it_is_looked_at(model: Model, clock: Clock) -> None:
    profile = model.create(WANTED)
    clock.now += 50
    assert model.get(profile.profile_id).as_json()["modified_at_utc"] == 1002
    clock.now = 1000.0 + 2 + 72
    assert model.get(profile.profile_id).state == "disabled"


def test_a_look_at_dns_does_not_prolong_the_time_in_pending(model: Model, clock: Clock) -> None:
    profile = one_record(model)
    clock.now += 71
    verify(model, profile, False)
    clock.now += 1
    assert model.get(profile.profile_id).state == "disabled"


def test_a_domain_that_ends_in_fails_example_cannot_be_created(model: Model, clock: Clock) -> None:
    profile = model.create(dict(WANTED, sending_domain="mail.FAILS.example"))
    clock.now += 2
    assert model.get(profile.profile_id).state == "failed"


def test_an_active_and_a_failed_profile_stay_as_they_are(model: Model, clock: Clock) -> None:
    for state in ("active", "failed"):
        model.seed(dict(WANTED, state=state))
    clock.now += 1e9
    assert [profile.state for profile in model.all()] == ["active", "failed"]


def test_the_timers_of_a_profile_that_is_put_in_begin_then(model: Model) -> None:
    profile = model.seed(dict(WANTED, created_at_utc=1, modified_at_utc=2))
    shown = model.get(profile.profile_id).as_json()
    assert (shown["state"], shown["created_at_utc"], shown["modified_at_utc"]) == ("pending", 1, 2)


# With what DNS answers


def test_a_verification_that_was_asked_for_turns_a_profile_active(model: Model, clock: Clock) -> None:
    profile = one_record(model)
    clock.now += 5
    assert verify(model, profile, True) == "active"
    assert profile.as_json()["modified_at_utc"] == 1005


def test_a_look_that_nobody_asked_for_turns_no_profile_active(model: Model) -> None:
    profile = one_record(model)
    assert verify(model, profile, True, asked=False) == "pending"
    assert profile.dns_records[0]["validation_state"] == "active"


@pytest.mark.parametrize("asked", [True, False])
def test_a_record_that_is_gone_turns_an_active_profile_pending(asked: bool, model: Model) -> None:
    profile = one_record(model, state="active")
    assert verify(model, profile, False, asked=asked) == "pending"
    assert profile.dns_records[0]["validation_state"] == "pending"


def test_a_look_that_finds_nothing_new_changes_no_time(model: Model, clock: Clock) -> None:
    profile = one_record(model)
    clock.now += 5
    verify(model, profile, False)
    assert profile.as_json()["modified_at_utc"] == 1000


def test_no_answer_leaves_a_profile_as_it_was(model: Model) -> None:
    profile = one_record(model, state="active")
    profile.dns_records[0]["validation_state"] = "active"
    assert verify(model, profile, None) == "active"
    assert profile.dns_records[0]["validation_state"] == "active"


def test_no_answer_is_not_enough_to_turn_active(model: Model) -> None:
    profile = one_record(model)
    profile.dns_records[0]["validation_state"] = "active"
    assert verify(model, profile, None) == "pending"


def test_of_two_looks_under_way_the_later_one_counts(model: Model, clock: Clock) -> None:
    profile = one_record(model)
    clock.now += 2
    assert verify(model, profile, True, begun=1002.0) == "active"
    assert verify(model, profile, False, begun=1001.0, asked=False) == "active", "that was before it was published"


@pytest.mark.parametrize("state", ["creating", "failed", "disabled"])
def test_a_verification_means_nothing_to_other_states(state: str, model: Model) -> None:
    profile = one_record(model, state=state)
    assert verify(model, profile, True) == state
    assert profile.dns_records[0]["validation_state"] == "pending"


# Records


def test_the_records_of_an_id_are_always_the_same(model: Model) -> None:
    first, again, other = (model.seed(dict(WANTED, profile_id=name)).dns_records for name in ("a", "a", "b"))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    "sending, bounce, link",
    [
        ("mail.acorn.example", "bounce.mail.acorn.example", "go.acorn.example"),
        ("acorn.example", "bounce.acorn.example", "go.acorn.example"),
    ],
)
def test_domains_that_are_not_given_are_chosen(sending: str, bounce: str, link: str, model: Model) -> None:
    profile = model.seed({"sending_domain": sending})
    assert {bounce, link} <= {record["name"] for record in make_records(profile)}
    assert not {"bounce_domain", "link_domain"} & set(profile.as_json()), "but not shown, as they were not given"


# Settings


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"creating": "soon"},
        {"creating": True},
        {"creating": -1},
        {"latency": float("nan")},
        {"recheck": 0},
        {"auth_header": "none"},
        {"early_setup": None},
        {"dns": "127.0.0.1"},
        {"dns": "localhost:53"},
        {"dns": "127.0.0.1:0"},
        {"dns": 53},
    ],
)
def test_settings_that_cannot_be_are_refused_and_nothing_is_changed(changes: dict[str, Any]) -> None:
    settings = Settings()
    with pytest.raises(ValueError, match=next(iter(changes))):
        settings.update({"token_lifetime": 1.0, **changes})
    assert settings == Settings()


@pytest.mark.parametrize("address", ["127.0.0.1:5300", "[::1]:5300", None])
def test_a_name_server_is_an_address_and_a_port(address: str | None) -> None:
    settings = Settings()
    settings.update({"dns": address})
    assert settings.dns == address
