# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the setup playbook takes from hosts and forms, and what the role passes on to workflow nodes."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.smtpd.email.plugins.module_utils._handover import profiles_accepted, profiles_ready
from ansible_collections.smtpd.email.plugins.module_utils._report import profile_artifacts, profile_results
from ansible_collections.smtpd.email.plugins.module_utils._wanted import HOST_VARIABLES, profiles_wanted


def test_a_host_of_the_inventory_plugin_is_its_profile() -> None:
    assert profiles_wanted([{"smtpd_profile_id": "p1", "smtpd_state": "pending", "ansible_connection": "local"}]) == [
        {"profile_id": "p1"}
    ]


def test_a_host_of_ones_own_is_a_profile_by_the_variables_of_the_role() -> None:
    variables = {name: "value of " + name for option, name in HOST_VARIABLES.items() if option != "profile_id"}
    assert profiles_wanted([variables]) == [
        {option: "value of " + name for option, name in HOST_VARIABLES.items() if option != "profile_id"}
    ]


def test_a_host_that_is_no_profile_is_left_out() -> None:
    assert profiles_wanted([{}, {"sending_profile_name": "", "sending_profile_sending_domain": None}]) == []


def test_only_the_variables_that_matter_are_looked_at() -> None:
    class Variables(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            assert name in HOST_VARIABLES.values()
            return super().__getitem__(name)

    assert profiles_wanted([Variables(smtpd_profile_id="p1", cannot_be_templated="{{ missing }}")]) == [
        {"profile_id": "p1"}
    ]


def test_of_text_each_line_is_a_profile() -> None:
    assert profiles_wanted([], " a.example  the first one \r\n\n b.example\n") == [
        {"sending_domain": "a.example", "profile_name": "the first one"},
        {"sending_domain": "b.example"},
    ]


def test_more_profiles_come_after_those_of_hosts() -> None:
    more = [{"sending_domain": "b.example", "profile_name": "b"}]
    assert profiles_wanted([{"smtpd_profile_id": "p1"}], more) == [{"profile_id": "p1"}, *more]
    assert profiles_wanted([{"smtpd_profile_id": "p1"}], "") == profiles_wanted([{"smtpd_profile_id": "p1"}], None)


def result(**changes: Any) -> dict[str, Any]:
    return {
        "profile_id": "p1",
        "profile_name": "n",
        "sending_domain": "a.example",
        "state": "pending",
        "failed": False,
        "todo": "Publish these.\n  record\n  record",
        "records": [{"value": "x" * 400}] * 9,
        **changes,
    }


def created(**changes: Any) -> dict[str, Any]:
    return {
        "profile": {"profile_id": "p1", "profile_name": "n", "link_domain": "odd_.example"},
        "failed": False,
        **changes,
    }


def test_profiles_are_gone_on_with_by_their_ids_alone_where_these_are_known() -> None:
    wanted = [{"profile_name": name, "sending_domain": "a.example"} for name in ("known", "refused", "planned")]
    results = [created(), created(failed=True), created(profile={"profile_id": None, "profile_name": "planned"})]
    assert profiles_accepted(wanted, {"results": results}) == ['{"profile_id": "p1"}', wanted[2]]
    assert profiles_accepted(wanted, {}) == wanted
    assert profiles_accepted(wanted, {"results": []}) == []


def test_verified_is_what_is_neither_active_nor_failed_and_has_all_of_its_records() -> None:
    records = [{"name": "a.example"}]
    profiles = [
        {"profile_id": "open", "state": "pending", "dns_records": records},
        {"profile_id": "wrong", "state": "pending", "dns_records": records},
        {"profile_id": "bare", "state": "pending", "dns_records": []},
        {"profile_id": "active", "state": "active", "dns_records": records},
        {"profile_id": "failed", "state": "failed", "dns_records": records},
    ]
    answers = {"records": [{"profile_id": "wrong", "status": "missing"}, {"profile_id": "open", "status": "present"}]}
    assert profiles_ready({"profiles": profiles}, answers) == ['{"profile_id": "open"}']


def test_a_profile_that_failed_after_its_creation_is_told_as_such() -> None:
    profile = {
        "profile_id": "p1",
        "profile_name": "n",
        "sending_domain": "a.example",
        "state": "failed",
        "dns_records": [],
    }
    wanted = [{"profile_name": "n", "sending_domain": "a.example"}]
    (told,) = profile_results(wanted, {"results": [created()]}, {"profiles": [profile]}, {}, {}, manual=False)
    assert (told["failed"], told["state"]) == (True, "failed")
    assert "could not create it" in told["todo"]


def test_artifacts_say_what_each_profile_is_and_what_is_left_to_do_in_one_line() -> None:
    assert profile_artifacts([result(), result(todo="", records=[], state="active")]) == [
        {
            "profile_id": "p1",
            "profile_name": "n",
            "sending_domain": "a.example",
            "state": "pending",
            "failed": False,
            "todo": "Publish these.",
            "open_records": 9,
        },
        {
            "profile_id": "p1",
            "profile_name": "n",
            "sending_domain": "a.example",
            "state": "active",
            "failed": False,
            "todo": "",
            "open_records": 0,
        },
    ]


def test_artifacts_of_a_thousand_profiles_are_small() -> None:
    assert len(json.dumps(profile_artifacts([result()] * 1000))) < 250_000
