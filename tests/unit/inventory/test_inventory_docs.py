# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the inventory plugin, which is also what Ansible takes its options from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._options import CONNECTION_OPTIONS
from ansible_collections.smtpd.email.plugins.module_utils._vocabulary import STATES
from ansible_collections.smtpd.email.plugins.plugin_utils._hosts import HOST_NAMES

TYPES = {"str": "str", "string": "str"}


@pytest.fixture(scope="module")
def options() -> dict[str, Any]:
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--type", "inventory", "--json", "smtpd.email.smtpd"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)["smtpd.email.smtpd"]["doc"]["options"]


def test_the_connection_options_are_those_of_the_modules(options: dict[str, Any]) -> None:
    documented = {
        name: (TYPES.get(options[name]["type"], options[name]["type"]), options[name].get("default"))
        for name in CONNECTION_OPTIONS
    }
    assert documented == {name: (option.type, option.default) for name, option in CONNECTION_OPTIONS.items()}


def test_the_environment_variables_are_those_of_the_modules(options: dict[str, Any]) -> None:
    # Of several, Ansible takes the last one, the modules the first.
    documented = {
        name: tuple(entry["name"] for entry in reversed(options[name].get("env", []))) for name in CONNECTION_OPTIONS
    }
    assert documented == {name: option.env for name, option in CONNECTION_OPTIONS.items()}


def test_the_choices_are_those_that_the_code_knows(options: dict[str, Any]) -> None:
    assert (options["hostnames"]["choices"], options["hostnames"]["default"]) == (list(HOST_NAMES), list(HOST_NAMES))
    assert options["states"]["choices"] == list(STATES)
