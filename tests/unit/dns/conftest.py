# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real BIND with two zones, and the modules run in this process as Ansible would run them."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterator

import pytest

from tests.support.bind import BindServer
from tests.support.inprocess import run_module

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def bind() -> Iterator[BindServer]:
    with BindServer(["example.com", "example.net"]) as server:
        yield server


@pytest.fixture
def run() -> Run:
    """Runs a module with arguments and returns its result. Everything it writes must be that result."""
    return run_module


@pytest.fixture
def publish(run: Run, bind: BindServer) -> Run:
    """Runs smtpd_dns_records on BIND with records and other options, which can override everything."""

    def publish_records(*records: tuple[str, str, str], **options: Any) -> dict[str, Any]:
        provider, secrets = bind.octodns_provider()
        arguments: dict[str, Any] = {
            "records": [{"name": name, "type": type_, "value": value} for name, type_, value in records],
            "provider": provider,
            "provider_secrets": secrets,
            "zones": ["example.com", "example.net"],
        }
        result = run("smtpd_dns_records", **dict(arguments, **options))
        assert bind.key_secret not in json.dumps(result)
        return result

    return publish_records


@pytest.fixture
def look(run: Run, bind: BindServer) -> Run:
    """Runs smtpd_dns_info on BIND with records and other options."""

    def look_for_records(*records: tuple[str, str, str], **options: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "records": [{"name": name, "type": type_, "value": value} for name, type_, value in records],
            "nameservers": [bind.address],
            "timeout": 2,
        }
        return run("smtpd_dns_info", **dict(arguments, **options))

    return look_for_records
