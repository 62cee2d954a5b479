# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before a profile is created, it is looked whether its records could be published: a profile cannot be taken back."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.integration.conftest import ZONES
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.inprocess import run_module

PROFILE = {
    "profile_name": "newsletter",
    "sending_domain": "mail.acorn.example",
    "link_domain": "go.acorn-links.example",
    "bounce_domain": "bounce.mail.acorn.example",
}


@pytest.fixture(scope="module")
def locked() -> Iterator[BindServer]:
    """A name server that lets one of its two zones be read only."""
    with BindServer(ZONES, read_only=["acorn-links.example"]) as server:
        yield server


def create(simulator: Simulator, bind: BindServer, check_mode: bool = False, **changed: Any) -> dict[str, Any]:
    provider, secrets = bind.octodns_provider()
    options = {
        "profiles": [PROFILE],
        "wait": False,
        "api_url": simulator.url,
        "access_token": simulator.token,
        "provider": provider,
        "provider_secrets": secrets,
        "zones": list(ZONES),
    }
    settings = {**provider, **changed.pop("settings", {})}
    return run_module("smtpd_sending_profiles", check_mode=check_mode, **{**options, "provider": settings, **changed})


def test_a_provider_that_is_right_is_no_hindrance_and_not_changed(simulator: Simulator, dns: BindServer) -> None:
    before = [dns.serial(zone) for zone in ZONES]
    assert create(simulator, dns)["changed"]
    assert [dns.serial(zone) for zone in ZONES] == before


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"settings": {"class": "octodns_bind.Rfc2136Provder"}}, "octodns_bind provides: "),
        ({"settings": {"class": "octodns_azure.Provider"}}, "pip install octodns-azure"),
        ({"settings": {"hots": "127.0.0.1"}}, "provider.hots: is not a setting of octodns_bind.Rfc2136Provider"),
        ({"settings": {"port": 1}}, "Connection refused"),
        ({"settings": {"token": "hunter2"}}, "provider.token: looks like a secret"),
        ({"provider_secrets": {"key_secret": "d3Jvbmc="}}, "check key_secret"),
        ({"zones": []}, "zones: is empty, and octodns_bind.Rfc2136Provider cannot list its zones"),
        ({"zones": ["acorn.example"]}, "no zone for go.acorn-links.example. The zones known are: acorn.example"),
        ({"zones": ["mail.acorn.example", "acorn-links.example"]}, "Read the zone mail.acorn.example."),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_provider_that_cannot_publish_is_told_before_anything_is_created(
    check_mode: bool, changed: dict[str, Any], message: str, simulator: Simulator, dns: BindServer
) -> None:
    result = create(simulator, dns, check_mode, **changed)
    assert result["failed"] and message in result["msg"], result["msg"]
    assert simulator.requests(method="POST") == []
    assert "hunter2" not in result["output"] and "d3Jvbmc=" not in result["output"]


def test_a_zone_that_may_not_be_written_is_told_before_anything_is_created(
    simulator: Simulator, locked: BindServer
) -> None:
    result = create(simulator, locked)
    assert "Ask whether the zone acorn-links.example. may be written" in result["msg"]
    assert "Check that this key may update the zone" in result["msg"]
    assert simulator.requests(method="POST") == []


def test_a_profile_that_is_there_already_takes_no_look_at_the_provider(simulator: Simulator, dns: BindServer) -> None:
    simulator.seed(**PROFILE, state="pending")
    assert create(simulator, dns, settings={"port": 1})["changed"] is False


@pytest.mark.parametrize("module", ["smtpd_sending_profile", "smtpd_sending_profiles"])
def test_a_zone_transfer_has_limits(module: str, simulator: Simulator, dns: BindServer) -> None:
    provider, secrets = dns.octodns_provider()
    options = {
        "wait": False,
        "api_url": simulator.url,
        "access_token": simulator.token,
        "provider": provider,
        "provider_secrets": secrets,
        "zones": list(ZONES),
        **({"profiles": [PROFILE]} if module == "smtpd_sending_profiles" else PROFILE),
    }
    result = run_module(module, **options, transfer_limits={"names": 1})
    assert "at the limit of 1 names (transfer_limits.names)" in result["msg"]
    assert simulator.requests(method="POST") == []
    asked = len(simulator.requests())
    result = run_module(module, **options, transfer_limits={"names": 0})
    assert "transfer_limits.names: must be a finite number greater than 0" in result["msg"]
    assert len(simulator.requests()) == asked
    assert run_module(module, **options)["changed"]
