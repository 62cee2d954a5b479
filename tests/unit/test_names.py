# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which names are misspelt, and which ones are meant."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._names import did_you_mean, unknown_options, without_blanks
from ansible_collections.smtpd.email.plugins.plugin_utils._variables import (
    Namespace,
    checked_values,
    unknown_variables,
)

ROLE = Namespace("mail_", {"mail_host": {"default": "a"}, "mail_port": {"default": 25}}, ["mail_results"])
LONGER = Namespace("mail_audit_", {"mail_audit_html": {}}, [])


def test_the_nearest_name_is_suggested() -> None:
    assert did_you_mean("hst", ["port", "host", "hosts_file"]) == " Did you mean 'host'?"


def test_nothing_is_suggested_where_nothing_is_similar() -> None:
    assert did_you_mean("xyzzy", ["port", "host"]) == ""


def test_a_common_prefix_does_not_make_names_similar() -> None:
    assert did_you_mean("sending_profile_xyzzy", ["sending_profile_host"], "sending_profile_") == ""


@pytest.mark.parametrize("name", ["mail_host", "mail_results", "mail", "mailman_host", "__mail_x", "mail_audit_html"])
def test_known_variables_and_those_without_the_prefix_are_accepted(name: str) -> None:
    assert unknown_variables([name], [ROLE, LONGER], []) == []


def test_the_longest_prefix_counts() -> None:
    assert unknown_variables(["mail_audit_htlm", "mail_hst"], [ROLE, LONGER], ["audit", "mail", "mail_audit"]) == [
        "mail_audit_htlm: unknown variable. Did you mean 'mail_audit_html'?",
        "mail_hst: unknown variable. Did you mean 'mail_host'?",
    ]


def test_variables_of_a_role_with_a_longer_name_are_accepted() -> None:
    assert unknown_variables(["mail_relay_hst"], [ROLE], ["mail_relay"]) == []
    assert unknown_variables(["mail_relayhost"], [ROLE], ["mail_relay"]) != []


@pytest.mark.parametrize(
    "given, expected",
    [
        ({}, {"host": "a", "port": 25}),
        ({"mail_host": " ", "mail_port": ""}, {"host": "a", "port": 25}),
        ({"mail_host": "b", "mail_port": "26"}, {"host": "b", "port": 26}),
    ],
)
def test_values_have_the_type_of_the_default(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert checked_values(given, ROLE) == (expected, [])


@pytest.mark.parametrize("value", ["soon", [], 1.5, float("inf")])
def test_a_value_of_another_type_is_an_error(value: Any) -> None:
    assert "mail_port" in checked_values({"mail_port": value}, ROLE)[1][0]


SPEC: dict[str, Any] = {"name": {}, "items": {"options": {"domain": {}}}}


def test_unknown_options_are_found_at_any_depth() -> None:
    found = list(unknown_options({"nme": 1, "items": [{"domain": 1}, {"domian": 1}]}, SPEC))
    assert [name for name, _known in found] == ["nme", "domian"]


def test_blank_options_are_left_out_at_any_depth_and_unknown_ones_stay() -> None:
    given = {"name": " ", "nme": "", "items": [{"domain": ""}, {"domain": "x"}]}
    assert without_blanks(given, SPEC) == {"nme": "", "items": [{}, {"domain": "x"}]}


def test_a_blank_name_of_a_profile_stays_because_it_is_an_error() -> None:
    assert without_blanks({"profile_name": ""}, {"profile_name": {}}) == {"profile_name": ""}
