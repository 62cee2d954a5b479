# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of many items as texts, and what the filters make of them."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.smtpd.email.plugins.filter.bare_records import FilterModule as BareRecords
from ansible_collections.smtpd.email.plugins.filter.expanded import FilterModule as Expanded
from ansible_collections.smtpd.email.plugins.filter.open_records import FilterModule as OpenRecords
from ansible_collections.smtpd.email.plugins.module_utils._compact import compacted
from tests.simulator import Simulator, running_simulator
from tests.support.inprocess import run_module

MANY = 101
OF_THE_RUN = ("invocation", "output")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running_simulator(creating=0.0) as running:
        running.seed_all(
            [
                {"profile_name": "pü%d" % number, "sending_domain": "d%d.acorn.example" % number, "state": "pending"}
                for number in range(MANY)
            ]
        )
        yield running


def look_up(simulator: Simulator, token: str = "", **options: Any) -> dict[str, Any]:
    result = run_module(
        "smtpd_profile_info", api_url=simulator.url, access_token=token or simulator.token, setup=True, **options
    )
    return {name: value for name, value in result.items() if name not in OF_THE_RUN}


def expanded(result: dict[str, Any]) -> dict[str, Any]:
    return Expanded().filters()["expanded"](result)


def test_a_compact_result_says_the_same_in_texts(simulator: Simulator) -> None:
    whole, compact = look_up(simulator), look_up(simulator, compact=True)
    assert set(compact) == {"changed", "failed", "findings", "compact"}
    assert {type(text) for text in compact["compact"].values()} == {str}
    assert expanded(compact) == whole
    assert expanded(whole) == whole


def test_records_that_items_have_too_are_in_a_compact_result_once(simulator: Simulator) -> None:
    whole, compact = look_up(simulator), look_up(simulator, compact=True)
    profiles = json.loads(compact["compact"]["profiles"])
    assert [profile["dns_records"] for profile in profiles] == [9] * MANY
    assert json.loads(compact["compact"]["dns_records"]) == whole["dns_records"]


def test_records_of_a_compact_result_go_back_to_their_items_of_which_some_have_none() -> None:
    items = [
        {
            "n": number,
            **(
                {"dns_records": [{"name": "%d-%d" % (number, place)} for place in range(number % 3)]}
                if number % 5
                else {}
            ),
        }
        for number in range(3 * MANY)
    ]
    result = {"results": items, "dns_records": [record for item in items for record in item.get("dns_records", [])]}
    assert set(compacted(result, [])) == {"compact"}
    assert expanded(compacted(result, [])) == result


def test_records_that_are_others_than_those_of_the_items_are_kept_beside_them() -> None:
    items = [{"dns_records": [{"name": "a%d" % number}]} for number in range(MANY)]
    result = {"results": items, "dns_records": [{"name": "b%d" % number} for number in range(MANY)]}
    assert expanded(compacted(result, [])) == result


def test_short_lists_stay_lists(simulator: Simulator) -> None:
    result = look_up(simulator, sending_domain="d1.acorn.example", compact=True)
    assert result == look_up(simulator, sending_domain="d1.acorn.example")


def test_a_list_in_which_something_is_masked_stays_a_list(simulator: Simulator) -> None:
    simulator.patch(simulator.profiles()[5]["profile_id"], profile_name="my " + simulator.token)
    result = look_up(simulator, compact=True)
    assert "compact" not in result and len(result["profiles"]) == MANY
    assert result["profiles"][5]["profile_name"] == "my ********"
    simulator.patch(simulator.profiles()[5]["profile_id"], profile_name="five")


@pytest.mark.parametrize("secret", ['pä"ss\\', "line 1\nline 2", "🔑", '": "', "\\u00fc", "4711"])
def test_a_secret_keeps_a_list_from_being_compact_however_it_is_spelt(secret: str) -> None:
    result = {"changed": False, "results": [{"msg": "ü %d" % number} for number in range(MANY)]}
    assert set(compacted(result, ["not there"])) == {"changed", "compact"}
    result["results"][7]["msg"] = "said: %s." % secret
    assert compacted(result, ["not there", secret]) == result


def test_only_of_a_result_it_is_known_which_records_are_open(simulator: Simulator) -> None:
    records = look_up(simulator)["dns_records"]
    with pytest.raises(AnsibleFilterError, match="only_open: "):
        BareRecords().filters()["bare_records"](records, only_open=True)


def bare(source: Any, **options: Any) -> list[Any]:
    """The records of the bundle, less what only those of compact results have."""
    (bundle,) = BareRecords().filters()["bare_records"](source, **options)
    records = json.loads(bundle)["records"]
    return [{name: record[name] for name in ("name", "type", "value", "profile_id")} for record in records]


def test_filters_take_compact_results(simulator: Simulator) -> None:
    whole, compact = look_up(simulator), look_up(simulator, compact=True)
    assert len(bare(whole)) == 9 * MANY
    assert bare(compact) == bare(whole) == bare(compact, only_open=True)
    open_records = OpenRecords().filters()["open_records"]
    assert open_records(compact) == open_records(whole) == whole["dns_records"]


def test_of_a_compact_result_too_the_records_of_active_profiles_are_left_out(simulator: Simulator) -> None:
    profile_id = simulator.profiles()[5]["profile_id"]
    simulator.patch(profile_id, state="active")
    try:
        whole, compact = look_up(simulator), look_up(simulator, compact=True)
    finally:
        simulator.patch(profile_id, state="pending")
    assert bare(compact, only_open=True) == bare(whole, only_open=True)
    assert {record["profile_id"] for record in bare(compact)} > {
        record["profile_id"] for record in bare(compact, only_open=True)
    }
    assert profile_id not in {record["profile_id"] for record in bare(compact, only_open=True)}


def test_of_a_result_without_profiles_no_records_are_open_compact_or_not() -> None:
    records = [{"name": "n%d.acorn.example" % number, "type": "TXT", "value": "x"} for number in range(MANY)]
    result = {"results": [], "dns_records": records}
    for given in (result, compacted(result, [])):
        assert BareRecords().filters()["bare_records"](given, only_open=True) == []


def test_a_failure_tells_in_a_text_what_became_of_each(simulator: Simulator) -> None:
    wanted = [
        {
            "profile_name": profile["profile_name"],
            "sending_domain": profile["sending_domain"],
            "link_domain": "go.example.org",
        }
        for profile in simulator.profiles()
    ]
    result = run_module(
        "smtpd_sending_profiles",
        api_url=simulator.url,
        access_token=simulator.token,
        profiles=wanted,
        setup=False,
        compact=True,
    )
    assert result["failed"] and "results" not in result
    assert [item["failed"] for item in expanded(result)["results"]] == [True] * MANY
