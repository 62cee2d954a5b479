# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the log of the system gets when a module starts."""

from __future__ import annotations

import pytest
from ansible.module_utils import basic

from tests.support.inprocess import run_module


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "_log_to_syslog", lambda _self, line: lines.append(line))
    monkeypatch.setattr(basic, "has_journal", False)
    return lines


def test_options_are_logged(logged: list[str]) -> None:
    run_module("smtpd_profile_info", api_url="https://localhost:1", access_token="a-secret-token", retries=0)
    assert "api_url=https://localhost:1" in logged[0] and "a-secret-token" not in logged[0]


def test_of_many_items_the_number_is_logged(logged: list[str]) -> None:
    records = [{"name": "r%d.acorn.example" % number, "type": "TXT", "value": "x"} for number in range(200)]
    result = run_module("smtpd_dns_info", records=records, nameservers=["127.0.0.1:1"])
    assert "records=(200 items)" in logged[0] and len(result["records"]) == 200
