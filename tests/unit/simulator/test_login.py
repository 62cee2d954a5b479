# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may call the simulated service, and how tokens are granted."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from tests.simulator import Simulator
from tests.simulator.tokens import REFRESH_LIFETIME, Tokens
from tests.unit.simulator.conftest import PROFILES, Call


@pytest.mark.parametrize(
    "rule, headers, admitted",
    [
        ("either", ["Authentication"], True),
        ("either", ["Authorization"], True),
        ("either", [], False),
        ("authentication", ["Authentication"], True),
        ("authentication", ["Authorization"], False),
        ("authorization", ["Authorization"], True),
        ("authorization", ["Authentication"], False),
        ("both", ["Authentication"], False),
        ("both", ["Authorization"], False),
        ("both", ["Authentication", "Authorization"], True),
    ],
)
def test_the_token_has_to_be_in_the_headers_that_the_rule_asks_for(
    rule: str, headers: list[str], admitted: bool, simulator: Simulator
) -> None:
    simulator.settings(auth_header=rule)
    sent = {name: "Bearer " + simulator.token for name in headers}
    answer = requests.get(simulator.url + PROFILES, headers=sent, timeout=10)
    assert answer.status_code == (200 if admitted else 401)


@pytest.mark.parametrize("value", ["Bearer wrong", "Bearer ", "Bearer", "", "{token}", "Basic {token}"])
@pytest.mark.parametrize(
    "method, path",
    [
        ("POST", PROFILES),
        ("GET", PROFILES),
        ("GET", PROFILES + "/x"),
        ("GET", PROFILES + "/x/setup"),
        ("PUT", PROFILES + "/x/verify"),
    ],
)
def test_without_a_good_token_every_endpoint_answers_401(
    method: str, path: str, value: str, call: Call, simulator: Simulator
) -> None:
    answer = call(method, path, headers={"Authentication": value.format(token=simulator.token)})
    assert (answer.status_code, set(answer.json())) == (401, {"code", "message"})


def grant(simulator: Simulator, query: str = "?grant_type=password") -> requests.Response:
    auth = (simulator.api_key, simulator.api_secret)
    return requests.post(simulator.url + "/oauth/token" + query, auth=auth, timeout=10)


def refresh(simulator: Simulator, token: Any) -> requests.Response:
    url = simulator.url + "/oauth/token?grant_type=refresh_token"
    return requests.post(url, json={"refresh_token": token}, timeout=10)


def list_with(call: Call, token: str) -> int:
    return call("GET", PROFILES, headers={"Authentication": "Bearer " + token}).status_code


def test_key_and_secret_are_good_for_a_token(call: Call, simulator: Simulator) -> None:
    granted = grant(simulator).json()
    assert (granted["token_type"], granted["Scope"]) == ("bearer", ["admin"])
    assert granted["expires_at"] == pytest.approx((time.time() + 3600) * 1000, abs=60000), "in milliseconds"
    assert list_with(call, granted["access_token"]) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
        {"Authorization": "Basic no-base64"},
        {"Authorization": "Basic /w=="},
        {},
    ],
)
def test_wrong_credentials_are_refused(headers: dict[str, str], simulator: Simulator) -> None:
    answer = requests.post(simulator.url + "/oauth/token?grant_type=password", headers=headers, timeout=10)
    assert answer.status_code == 403
    assert answer.json() == {"code": 40102, "message": "Username and password are incorrect"}


def test_a_grant_of_another_type_is_refused(simulator: Simulator) -> None:
    assert grant(simulator, query="?grant_type=client_credentials").status_code == 400
    assert grant(simulator, query="").status_code == 400


def test_a_granted_token_expires(call: Call, simulator: Simulator) -> None:
    simulator.settings(token_lifetime=0.0)
    assert list_with(call, grant(simulator).json()["access_token"]) == 401


def test_all_granted_tokens_can_be_made_to_expire(call: Call, simulator: Simulator) -> None:
    granted = grant(simulator).json()
    simulator.expire_tokens()
    assert list_with(call, granted["access_token"]) == 401
    assert refresh(simulator, granted["refresh_token"]).status_code == 403
    assert list_with(call, simulator.token) == 200


def test_a_reset_expires_granted_tokens(call: Call, simulator: Simulator) -> None:
    token = grant(simulator).json()["access_token"]
    simulator.reset()
    assert list_with(call, token) == 401


def test_a_token_can_be_refreshed_once(call: Call, simulator: Simulator) -> None:
    first = grant(simulator).json()["refresh_token"]
    assert list_with(call, refresh(simulator, first).json()["access_token"]) == 200
    again = refresh(simulator, first)
    assert (again.status_code, again.json()["code"]) == (403, 40106)


def test_a_new_grant_expires_earlier_refresh_tokens(simulator: Simulator) -> None:
    first, second = (grant(simulator).json()["refresh_token"] for _number in range(2))
    assert refresh(simulator, first).status_code == 403
    assert refresh(simulator, second).status_code == 200


@pytest.mark.parametrize("token", ["", None, 1, "wrong"])
def test_what_is_no_refresh_token_is_refused_also_before_the_first_grant(token: Any, simulator: Simulator) -> None:
    assert refresh(simulator, token).json()["code"] == 40106


def test_a_refresh_token_lives_30_days() -> None:
    now = [0.0]
    tokens = Tokens("static", "key", "secret", lambda: now[0])
    first = tokens.grant("key", "secret", 60)
    now[0] = REFRESH_LIFETIME - 1
    second = tokens.refresh(first["refresh_token"], 60)
    now[0] += REFRESH_LIFETIME
    assert second is not None and tokens.refresh(second["refresh_token"], 60) is None
