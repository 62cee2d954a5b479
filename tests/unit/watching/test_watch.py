# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a watcher tells, from what it sees."""

from __future__ import annotations

import json
from typing import Any, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._profiles import profile_from_answer
from ansible_collections.smtpd.email.plugins.module_utils._watch import (
    Observation,
    Rules,
    State,
    from_json,
    harmless,
    observe,
    to_confirm,
    to_json,
    to_look_up,
)

NOW = 1_600_000_000.0
MINUTE, HOUR = 60.0, 3600.0
WRONG = [
    {
        "fqdn": "go.acorn.example.",
        "type": "CNAME",
        "rdata": "l.smtpdgo.com.",
        "status": "missing",
        "diagnosis": "missing",
        "message": "",
        "found": [],
        "servers": [],
    }
]


def profile(state: str, profile_id: str = "p1", modified: float | None = NOW, name: str = "news") -> dict[str, Any]:
    return profile_from_answer(
        {
            "profile_id": profile_id,
            "profile_name": name,
            "sending_domain": "mail.acorn.example",
            "state": state,
            "modified_at_utc": modified,
        }
    )


class Watch:
    """Looks from one minute to the next, and collects what is told."""

    def __init__(self, *begin: dict[str, Any], **rules: Any) -> None:
        self.rules = Rules(**rules)
        self.now = NOW
        self.state = State("account")
        self.told: list[dict[str, Any]] = []
        for _look in range(self.rules.confirmations):
            self.look(*begin)

    def look(self, *listing: dict[str, Any], after: float = MINUTE, **more: Any) -> list[str]:
        """Look once more, and return the types of the events."""
        return self.observe(Observation(listing, **more), after)

    def fail(self, after: float = MINUTE, problem: str = "it is down") -> list[str]:
        return self.observe(Observation(None, problem), after)

    def observe(self, seen: Observation, after: float) -> list[str]:
        self.now += after
        # By way of a file, as if it was stopped and started again between any two looks.
        self.state, events = observe(from_json(json.loads(json.dumps(to_json(self.state)))), seen, self.now, self.rules)
        self.told += json.loads(json.dumps(events))
        return [event["type"] for event in events]

    @property
    def last(self) -> dict[str, Any]:
        return self.told[-1]


# Changes of state


def test_the_first_listing_tells_nothing_of_healthy_profiles() -> None:
    assert Watch(profile("active"), profile("creating", "p2"), profile("failed", "p3")).told == []


def test_a_change_is_told_once_it_is_confirmed() -> None:
    watch = Watch(profile("active"))
    assert watch.look(profile("pending")) == []
    assert watch.look(profile("pending")) == ["profile_state_changed"]
    assert (watch.last["previous_state"], watch.last["profile"]["state"]) == ("active", "pending")
    assert watch.look(profile("pending")) == []


def test_an_event_says_all_that_a_rule_needs() -> None:
    watch = Watch(profile("active"))
    watch.look(profile("pending", modified=NOW + 30))
    watch.look(profile("pending", modified=NOW + 30))
    event = dict(watch.last)
    assert set(event.pop("meta")) == {"uuid"}
    assert event == {
        "type": "profile_state_changed",
        "previous_state": "active",
        "occurred_at": "2020-09-13T12:30:40Z",
        "message": "Profile p1 ('news' of mail.acorn.example) turned from 'active' to 'pending'.",
        "profile": {
            "profile_id": "p1",
            "profile_name": "news",
            "sending_domain": "mail.acorn.example",
            "link_domain": None,
            "bounce_domain": None,
            "state": "pending",
            "was_active": True,
            "modified_at": "2020-09-13T12:27:10Z",
            "pending_since": "2020-09-13T12:27:10Z",
            "disabled_after": "2020-09-16T12:27:10Z",
        },
    }


def test_flapping_is_not_told() -> None:
    watch = Watch(profile("active"))
    for state in ("pending", "active", "pending", "disabled", "pending", "active"):
        assert watch.look(profile(state)) == []


def test_more_confirmations_can_be_asked_for_and_fewer() -> None:
    watch = Watch(profile("active"), confirmations=3)
    assert [watch.look(profile("pending")) for _look in range(4)] == [[], [], ["profile_state_changed"], []]
    watch = Watch(profile("active"), confirmations=1)
    assert watch.look(profile("pending")) == ["profile_state_changed"]


def test_a_listing_that_failed_neither_confirms_nor_denies() -> None:
    watch = Watch(profile("active"))
    watch.look(profile("pending"))
    assert watch.fail() == []
    assert watch.look(profile("pending")) == ["profile_state_changed"]


def test_states_that_nobody_knows_are_told_too() -> None:
    watch = Watch(profile("active"), confirmations=1, reminder_interval=1)
    assert watch.look(profile("on hold")) == ["profile_state_changed"]
    assert watch.look(profile("on hold"), after=HOUR) == [], "but it is not known to be unhealthy"


def test_recovery_is_told() -> None:
    watch = Watch(profile("pending"))
    watch.look(profile("active"))
    assert watch.look(profile("active")) == ["profile_state_changed"]
    assert watch.last["profile"]["pending_since"] is None


# Unhealthy for long


def test_a_profile_that_is_unhealthy_from_the_beginning_is_told() -> None:
    watch = Watch(profile("pending"), profile("disabled", "p2"))
    assert [event["type"] for event in watch.told] == ["profile_unhealthy"] * 2
    assert [event["reminder"] for event in watch.told] == [0, 0]
    assert watch.last["profile"]["was_active"] is False


def test_an_unhealthy_profile_is_told_again_and_again() -> None:
    watch = Watch(profile("active"), reminder_interval=10 * MINUTE, expiring_hours=())
    watch.look(profile("pending"))
    watch.look(profile("pending"))
    told = [watch.look(profile("pending")) for _look in range(25)]
    assert [number for number, types in enumerate(told, 1) if types] == [10, 20]
    assert [event.get("reminder") for event in watch.told] == [None, 1, 2]


def test_reminders_can_be_turned_off() -> None:
    watch = Watch(profile("pending"), reminder_interval=0, expiring_hours=())
    assert all(watch.look(profile("pending"), after=24 * HOUR) == [] for _look in range(9))


def test_no_reminder_is_told_while_another_state_is_seen() -> None:
    watch = Watch(profile("pending"), reminder_interval=MINUTE, expiring_hours=())
    assert watch.look(profile("active"), after=HOUR) == []
    assert watch.look(profile("pending"), after=HOUR) == ["profile_unhealthy"]


def test_reminders_go_on_where_the_clock_was_set_back() -> None:
    watch = Watch(profile("pending"), reminder_interval=HOUR, expiring_hours=())
    watch.look(profile("pending"), after=-365 * 24 * HOUR)
    told = [watch.look(profile("pending"), after=30 * MINUTE) for _look in range(4)]
    assert told == [[], ["profile_unhealthy"], [], ["profile_unhealthy"]]


def test_a_failed_profile_is_not_told_again_because_nothing_can_be_done() -> None:
    watch = Watch(profile("creating"), reminder_interval=MINUTE, confirmations=1)
    assert watch.look(profile("failed")) == ["profile_state_changed"]
    assert watch.look(profile("failed"), after=HOUR) == []


# The 72 h limit


def test_the_limit_is_warned_of_at_the_hours_told() -> None:
    watch = Watch(profile("active"), reminder_interval=0, expiring_hours=(48, 2))
    watch.look(profile("pending", modified=NOW))
    watch.look(profile("pending", modified=NOW))
    warned = {}
    for hour in range(1, 73):
        if watch.look(profile("pending", modified=NOW), after=HOUR):
            warned[hour] = (watch.last["type"], watch.last["threshold"])
    assert warned == {24: ("profile_expiring", 48), 70: ("profile_expiring", 2)}
    assert watch.last["hours_left"] == pytest.approx(2, abs=0.1)


def test_a_late_start_warns_once_and_of_the_most_urgent() -> None:
    watch = Watch(profile("pending", modified=NOW - 71.5 * HOUR), expiring_hours=(48, 24, 2))
    assert [(event["type"], event.get("threshold")) for event in watch.told] == [
        ("profile_unhealthy", None),
        ("profile_expiring", 2),
    ]


def test_a_verification_in_vain_does_not_move_the_limit() -> None:
    watch = Watch(profile("pending", modified=NOW), reminder_interval=0, expiring_hours=(24,))
    for hour in range(1, 48):
        assert watch.look(profile("pending", modified=NOW + hour * HOUR), after=HOUR) == []
    assert watch.look(profile("pending", modified=NOW + 47 * HOUR), after=HOUR) == ["profile_expiring"]
    assert watch.last["profile"]["disabled_after"] == "2020-09-16T12:26:40Z"


def test_each_time_that_a_profile_is_pending_has_its_own_limit() -> None:
    watch = Watch(profile("pending", modified=NOW), reminder_interval=0, expiring_hours=(24,), confirmations=1)
    assert watch.look(profile("pending"), after=50 * HOUR) == ["profile_expiring"]
    watch.look(profile("active", modified=watch.now))
    begin = watch.now
    watch.look(profile("pending", modified=begin))
    assert watch.look(profile("pending", modified=begin), after=HOUR) == []
    assert watch.look(profile("pending", modified=begin), after=50 * HOUR) == ["profile_expiring"]


def test_without_a_time_of_the_service_the_first_look_counts() -> None:
    watch = Watch(profile("pending", modified=None), reminder_interval=0, expiring_hours=(24,))
    assert watch.look(profile("pending", modified=None), after=47 * HOUR) == []
    assert watch.look(profile("pending", modified=None), after=HOUR + 2 * MINUTE) == ["profile_expiring"]


# Appearing and disappearing


def test_a_new_profile_is_told() -> None:
    watch = Watch(profile("active"))
    assert watch.look(profile("active"), profile("creating", "p2")) == ["profile_appeared"]
    assert (watch.last["profile"]["profile_id"], watch.last["profile"]["state"]) == ("p2", "creating")
    assert watch.look(profile("active"), profile("creating", "p2")) == []


def test_a_profile_is_gone_when_listings_do_not_show_it_and_the_service_does_not_know_it() -> None:
    watch = Watch(profile("active"), profile("active", "p2"))
    assert watch.look(profile("active", "p2")) == []
    assert to_confirm(watch.state, [profile("active", "p2")], watch.rules, 9) == ["p1"]
    assert watch.look(profile("active", "p2"), gone={"p1"}) == ["profile_disappeared"]
    assert (watch.last["profile"]["profile_id"], watch.last["previous_state"]) == ("p1", "active")
    assert watch.look(profile("active", "p2")) == []


def test_listings_alone_never_make_a_profile_disappear() -> None:
    watch = Watch(profile("active"), profile("active", "p2"))
    assert [watch.look() for _look in range(50)] == [[]] * 50
    assert watch.look(profile("active"), profile("active", "p2")) == []


def test_it_is_not_asked_for_a_profile_that_one_listing_did_not_show() -> None:
    watch = Watch(profile("active"))
    assert to_confirm(watch.state, [], watch.rules, 9) == []
    assert watch.look(gone={"p1"}) == []


def test_it_is_asked_for_a_few_missing_profiles_at_a_time() -> None:
    everything = [profile("active", "p%d" % number) for number in range(100)]
    watch = Watch(*everything)
    watch.look()
    assert len(to_confirm(watch.state, [], watch.rules, 20)) == 20


# DNS


def drifting(watch: Watch, wrong: Any, after: float = MINUTE, state: str = "active") -> list[str]:
    return watch.look(profile(state), after=after, answers={"p1": wrong})


def test_drift_is_told_once_it_is_confirmed_and_again_later() -> None:
    watch = Watch(profile("active"), reminder_interval=HOUR)
    assert [drifting(watch, WRONG) for _look in range(3)] == [[], ["dns_drift"], []]
    assert watch.last["records"] == [
        {
            "fqdn": "go.acorn.example.",
            "type": "CNAME",
            "rdata": "l.smtpdgo.com.",
            "status": "missing",
            "diagnosis": "missing",
        }
    ]
    assert watch.last["profile"]["state"] == "active" and watch.last["reminder"] == 0
    assert drifting(watch, WRONG, after=HOUR) == ["dns_drift"]
    assert watch.last["reminder"] == 1


def test_right_answers_end_a_suspicion_and_uncertain_ones_do_not() -> None:
    watch = Watch(profile("active"))
    assert (drifting(watch, WRONG), drifting(watch, []), drifting(watch, WRONG)) == ([], [], [])
    assert (drifting(watch, None), drifting(watch, WRONG)) == ([], ["dns_drift"])


def test_drift_of_a_profile_that_the_service_has_as_pending_is_not_told_beside() -> None:
    watch = Watch(profile("active"), reminder_interval=0, expiring_hours=())
    assert [drifting(watch, WRONG, state="pending") for _look in range(4)] == [[], ["profile_state_changed"], [], []]


def test_dns_is_asked_about_active_profiles_in_turn_and_about_suspects_at_once() -> None:
    everything = [profile("active", "p%d" % number) for number in range(10)] + [profile("pending", "q")]
    watch = Watch(*everything)
    seen: list[str] = []
    for _look in range(5):
        chosen = to_look_up(watch.state, everything, watch.now, 5 * MINUTE, 0.2)
        assert len(chosen) == 2
        seen += chosen
        watch.look(*everything, answers={profile_id: [] for profile_id in chosen})
    assert sorted(seen) == ["p%d" % number for number in range(10)]
    watch.look(*everything, answers={"p4": WRONG})
    assert to_look_up(watch.state, everything, watch.now, HOUR, 0.2) == ["p4"]


# The service


def test_that_the_service_cannot_be_reached_is_told_after_a_while_and_from_time_to_time() -> None:
    watch = Watch(profile("active"), unreachable_after=5 * MINUTE, reminder_interval=10 * MINUTE)
    told = [watch.fail() for _look in range(30)]
    assert [number for number, types in enumerate(told) if types] == [5, 15, 25]
    assert (watch.last["type"], watch.last["reminder"], watch.last["problem"]) == ("api_unreachable", 2, "it is down")
    assert "profile" not in watch.last
    assert watch.look(profile("active")) == ["api_recovered"]
    assert watch.look(profile("active")) == []


def test_a_short_failure_is_not_told() -> None:
    watch = Watch(profile("active"))
    assert (watch.fail(), watch.look(profile("active"))) == ([], [])


def test_failures_say_nothing_of_profiles() -> None:
    watch = Watch(profile("active"), profile("pending", "p2"))
    before = watch.state.profiles
    for _look in range(100):
        watch.fail()
    assert watch.state.profiles == before


# Text from outside


@pytest.mark.parametrize("text", ["{{ 1 }}", "{% x %}", "{#", "#jinja2: variable_start_string: '[['\n[[ 1 ]]", "{"])
def test_text_of_the_service_is_no_template_in_an_event(text: str) -> None:
    watch = Watch(profile("active"))
    watch.look(profile("active"), profile("creating", "p2", name=text))
    for shown in (watch.last["profile"]["profile_name"], watch.last["message"]):
        assert "{" not in shown and not shown.startswith("#jinja2:")


def test_the_message_of_an_event_is_one_line_that_controls_no_terminal() -> None:
    watch = Watch(profile("active"))
    watch.look(profile("active"), profile("new\nforged\x9b2J", "p2", name="name\nforged \x1b[31m \u202e"))
    assert "forged" in watch.last["message"] and watch.last["message"].isprintable()


def test_harmless_text_stays_as_it_is() -> None:
    assert harmless({"a": ["#1 (x) [y] %", 1, None, True]}) == {"a": ["#1 (x) [y] %", 1, None, True]}


# Keeping


@pytest.mark.parametrize(
    "damage",
    [
        None,
        [],
        "x",
        {},
        {"account": "a"},
        {"account": "a", "begun": True, "profiles": [], "failing": None},
        {"account": "a", "begun": True, "profiles": {"p": {}}, "failing": None},
        {"account": "a", "begun": True, "profiles": {"p": None}, "failing": None},
        {"account": "a", "begun": True, "profiles": {}, "failing": {"since": "soon"}},
    ],
)
def test_what_is_no_state_is_not_taken_for_one(damage: Any) -> None:
    with pytest.raises(ValueError):
        from_json(damage)


# Whatever happens

STATES = st.sampled_from(["creating", "pending", "active", "disabled", "failed", "odd"])
LISTINGS = st.dictionaries(st.sampled_from(["p1", "p2", "p3"]), STATES)
STEPS = st.lists(
    st.tuples(st.floats(1, 30 * HOUR), LISTINGS | st.none(), st.booleans(), st.sampled_from([None, [], WRONG])),
    max_size=25,
)
RULES = st.builds(Rules, st.integers(1, 3), st.sampled_from([0.0, 60.0, 5 * HOUR]), st.just((24.0, 1.0)), st.just(HOUR))


def play(steps: Sequence[Any], rules: Rules, lost: Sequence[bool] = ()) -> tuple[State, list[dict[str, Any]]]:
    """Watch step by step. Where a step is lost the watcher was killed before it kept what it had seen."""
    state, now, told = State("account"), NOW, []
    for number, (after, listing, is_definite, answer) in enumerate(steps):
        now += after
        if number < len(lost) and lost[number]:
            continue
        if listing is None:
            seen = Observation(None, "it is down")
        else:
            gone = set(state.profiles) - set(listing) if is_definite else set()
            seen = Observation(
                [profile(one, key) for key, one in listing.items()], gone=gone, answers={key: answer for key in listing}
            )
        state, events = observe(from_json(json.loads(json.dumps(to_json(state)))), seen, now, rules)
        told += events
    return state, told


@settings(deadline=None)
@given(STEPS, RULES, st.lists(st.booleans()))
def test_nothing_is_told_twice_and_no_change_is_lost(steps: list[Any], rules: Rules, lost: list[bool]) -> None:
    state, told = play(steps, rules, lost)
    uuids = [event["meta"]["uuid"] for event in told]
    assert len(set(uuids)) == len(uuids)
    believed: dict[str, Any] = {}
    for event in told:
        if "profile" not in event:
            continue
        profile_id = event["profile"]["profile_id"]
        if "previous_state" in event and profile_id in believed:
            # The chain has no gap: what it was is what was told last.
            assert event["previous_state"] == believed[profile_id]
        if event["type"] == "profile_disappeared":
            believed.pop(profile_id, None)
        else:
            assert (
                profile_id not in believed
                or event["type"] == "profile_state_changed"
                or (event["profile"]["state"] == believed[profile_id])
            )
            believed[profile_id] = event["profile"]["state"]
    for profile_id, kept in believed.items():
        assert state.profiles[profile_id].state == kept


@settings(deadline=None)
@given(STEPS, RULES, LISTINGS)
def test_what_lasts_is_believed_in_the_end(steps: list[Any], rules: Rules, last: dict[str, str]) -> None:
    state, _told = play(steps + [(60.0, last, True, None)] * (2 * rules.confirmations), rules)
    assert {profile_id: watched.state for profile_id, watched in state.profiles.items()} == last


@settings(deadline=None)
@given(STEPS, RULES)
def test_the_same_looks_at_the_same_times_tell_the_same(steps: list[Any], rules: Rules) -> None:
    assert play(steps, rules) == play(steps, rules)


@settings(deadline=None)
@given(STEPS, RULES)
def test_a_profile_disappears_only_where_the_service_says_for_certain_that_it_does_not_know_it(
    steps: list[Any], rules: Rules
) -> None:
    _state, told = play([(after, listing, False, answer) for after, listing, _definite, answer in steps], rules)
    assert "profile_disappeared" not in [event["type"] for event in told]
