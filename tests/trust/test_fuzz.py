# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers and options that nobody thought of. C(make fuzz) tries many more of them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator import Simulator
from tests.support.inprocess import run_module

WANTED = {"profile_name": "p", "sending_domain": "mail.acorn.example"}
QUICK = {"timeout": 5, "retries": 1, "wait_timeout": 0.1, "wait_interval": 0.01}

PROFILE = {
    "profile_id": "d1378ab7-e919-11ea-81e4-0a58a9feac2a",
    "profile_name": "p",
    "sending_domain": "mail.acorn.example",
    "link_domain": "go.acorn.example",
    "link_domain_default_redirect": None,
    "bounce_domain": "b.acorn.example",
    "state": "pending",
    "created_at_utc": 1599137189,
    "modified_at_utc": 1599137191,
}
RECORD = {
    "name": "b.acorn.example",
    "type": "MX",
    "value": "feedback-smtp.us-east-1.amazonses.com",
    "validation_state": "pending",
}
MINTED = "eyJ0-a-token-that-is-minted"
TRUE_ANSWERS: dict[str, Any] = {
    "token": {"token_type": "bearer", "access_token": MINTED, "expires_at": 1712531293539},
    "list": [PROFILE, dict(PROFILE, profile_id="e2", state="failed")],
    "get": PROFILE,
    "create": {"profile_id": "f3", "profile_name": "p", "state": "creating"},
    "setup": dict(PROFILE, dns_records=[RECORD, dict(RECORD, type="TXT", value="v=spf1 include:amazonses.com ~all")]),
    "verify": {},
}

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            " ",
            "active",
            "creating",
            "failed",
            "TXT",
            "CNAME",
            "a" * 300,
            "{{ lookup('pipe', 'id') }}",
            "\x00",
            "\u2028",
            "\ud800",
        ]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def answers(draw: st.DrawFn, endpoint: str) -> Any:
    """A true answer, with something in it replaced, removed or added; sometimes something wholly different."""
    if draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    answer = copy.deepcopy(TRUE_ANSWERS[endpoint])
    for _change in range(draw(st.integers(1, 3))):
        place = answer
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], (dict, list)) and draw(st.booleans()):
                place = place[key]
                continue
            if draw(st.booleans()):
                place[key] = draw(JSON)
            else:
                del place[key]
            break
        if isinstance(place, dict):
            place.update(draw(st.dictionaries(st.text(max_size=8), SCALARS, max_size=1)))
    return answer


def fuzz(function: Any) -> Any:
    """Try as many examples as C(pytest --fuzz-examples) says."""
    return settings(suppress_health_check=list(HealthCheck), deadline=None)(function)


@pytest.fixture(autouse=True)
def quick(impatient: None, simulator: Simulator) -> None:
    """Nothing here is worth a pause. The simulator is emptied by each example itself."""
    simulator.settings(creating=0.0)


# Bodies that are no JSON, or none that the standard knows.
BODIES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "",
            " ",
            "[",
            "{}{}",
            "\ufeff[]",
            "NaN",
            "[Infinity]",
            '{"profile_id": "x", "state": "\\ud800"}',
            "[" * 100_000,
            "1" * 5000,
            "1e999",
            '{"profile_id": "x", "created_at_utc": NaN, "state": "pending"}',
            "<html>&#x41;</html>",
            "\x00" * 10,
            "\x1b[31mred\x1b[0m",
            '{"code": 1, "code": 2, "message": "\\u202e\\u0007"}',
            '{"code": "\\ud83d", "message": null}',
        ]
    ),
)
HEADER_VALUES = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    st.sampled_from(
        [
            "",
            "0",
            "-1",
            "1e3",
            "9" * 400,
            "Fri, 31 Dec 1999 23:59:59 GMT",
            "Fri, 99 Dec 1999",
            "soon",
            "text/html; charset=x",
            "http://[::1",
            "//elsewhere.example",
            "javascript:alert(1)",
            "\xff\xfe",
        ]
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Location", "Content-Type", "Content-Encoding", "Set-Cookie"]),
    HEADER_VALUES,
    max_size=3,
)
STATUSES = st.one_of(
    st.just(200),
    st.just(202),
    st.sampled_from([201, 204, 206, 300, 302, 308, 400, 401, 404, 409, 429, 500, 502, 503, 599]),
)


@st.composite
def faults(draw: st.DrawFn, endpoint: str) -> dict[str, Any]:
    """What an endpoint answers in place of the truth."""
    fault: dict[str, Any] = {
        "status": draw(STATUSES),
        "headers": draw(HEADERS),
        "times": draw(st.sampled_from([1, 50])),
    }
    if draw(st.booleans()):
        fault["body"] = draw(answers(endpoint))
    else:
        fault["text"] = draw(BODIES)
    # A service that says that it refused, and did it all the same, cannot be told from one that refused.
    return {**fault, "work": not 300 <= fault["status"] < 500}


@fuzz
@given(st.data())
def test_no_answer_makes_a_module_crash_lie_or_leak(shared_simulator: Simulator, data: st.DataObject) -> None:
    simulator = shared_simulator
    simulator.reset()
    endpoint = data.draw(st.sampled_from(sorted(TRUE_ANSWERS)), label="endpoint")
    fault = data.draw(faults(endpoint), label="fault")
    module, options = data.draw(
        st.sampled_from(
            [
                ("smtpd_sending_profile", WANTED),
                ("smtpd_sending_profile", dict(WANTED, state="verified")),
                ("smtpd_sending_profiles", {"profiles": [WANTED, dict(WANTED, profile_name="q")]}),
                ("smtpd_profile_info", {"setup": True, "wait": True}),
                ("smtpd_profile_info", {"setup": True, "profile_id": PROFILE["profile_id"]}),
            ]
        ),
        label="module",
    )
    simulator.inject(endpoint, **fault)
    result = run_module(
        module,
        api_url=simulator.url,
        api_key=simulator.api_key,
        api_secret=simulator.api_secret,
        _ansible_verbosity=4,
        **QUICK,
        **options,
    )
    for secret in (simulator.api_secret, simulator.token, MINTED):
        assert secret not in result["output"]
    json.dumps(result, allow_nan=False, ensure_ascii=False).encode()  # nothing that would trouble those who read it
    names = [profile["profile_name"] for profile in simulator.profiles()]
    assert len(names) == len(set(names)), "a duplicate"
    if endpoint != "list":  # a listing that lies about what is there makes everything that follows from it untrue
        assert result["changed"] is bool(names)
    if result["failed"]:
        assert result["msg"].strip() and result["msg"].replace("\n", " ").isprintable()


TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            " ",
            "p",
            "mail.acorn.example",
            "MAIL.acorn.example.",
            "a..b",
            "-a.example",
            "x" * 64 + ".example",
            "münchen.example",
            "http://127.0.0.1",
            "*",
            "\n",
            "{{ 1 }}",
            "999",
            "-1",
            "nan",
            "inf",
            "None",
            "[]",
            "{}",
        ]
    ),
)
VALUES = st.one_of(
    TEXTS,
    st.none(),
    st.integers(-5, 5),
    st.floats(),
    st.booleans(),
    st.lists(TEXTS, max_size=2),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
)
OPTIONS = {
    "smtpd_sending_profile": (
        "profile_name",
        "sending_domain",
        "link_domain",
        "link_domain_default_redirect",
        "bounce_domain",
        "profile_id",
        "state",
        "wait",
        "setup",
        "dns_records",
        "nameservers",
        "resolver",
        "retries",
        "rate_limit",
        "validate_certs",
        "ca_path",
    ),
    "smtpd_sending_profiles": ("profiles", "state", "wait", "concurrency", "retries", "setup", "dns_records"),
    "smtpd_profile_info": (
        "profile_id",
        "profile_name",
        "sending_domain",
        "states",
        "setup",
        "profiles",
        "concurrency",
        "wait",
    ),
    "smtpd_preflight_info": (
        "sending_domain",
        "link_domain",
        "bounce_domain",
        "profiles",
        "dmarc",
        "nameservers",
        "resolver",
    ),
    "smtpd_dns_info": ("records", "nameservers", "resolver", "wait"),
    "smtpd_dns_records": (
        "records",
        "state",
        "provider",
        "provider_secrets",
        "zones",
        "ttl",
        "conflict",
        "spf",
        "transfer_limits",
        "partial",
    ),
}
RECORDS = st.lists(
    st.fixed_dictionaries({"name": TEXTS, "type": st.sampled_from(["TXT", "MX", "CNAME", "A", ""]), "value": TEXTS}),
    max_size=3,
)


@fuzz
@given(st.data())
def test_no_option_makes_a_module_crash(shared_simulator: Simulator, data: st.DataObject) -> None:
    simulator = shared_simulator
    simulator.reset()
    module = data.draw(st.sampled_from(sorted(OPTIONS)), label="module")
    names = data.draw(st.lists(st.sampled_from(OPTIONS[module]), unique=True, max_size=5), label="names")
    options = {}
    for name in names:
        special = (
            RECORDS
            if name in ("records", "dns_records")
            else st.lists(
                st.dictionaries(st.sampled_from(["profile_name", "sending_domain", "link_domain"]), TEXTS, max_size=3),
                max_size=2,
            )
        )
        strategy = st.one_of(VALUES, special) if name in ("records", "dns_records", "profiles") else VALUES
        options[name] = data.draw(strategy, label=name)
    # Nobody is asked who is not on this machine.
    options["nameservers"] = ["127.0.0.1:1"] if "nameservers" in OPTIONS[module] else None
    if module in ("smtpd_dns_info", "smtpd_preflight_info"):
        options["timeout"] = 0.01
    if module == "smtpd_dns_info":
        options.update(wait_timeout=0.02, wait_interval=0.01)
    elif module not in ("smtpd_preflight_info", "smtpd_dns_records"):
        options.update(QUICK, api_url=simulator.url, access_token=simulator.token)
    options = {name: value for name, value in options.items() if value is not None}
    result = run_module(module, **options)
    assert simulator.token not in result["output"]
    if result["failed"]:
        assert result["msg"].strip()
