# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Someone else changes a record set after the module has read it and before it writes: at providers whose API has whole sets, and
at Knot, which like BIND takes dynamic updates."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Union

import pytest

from ansible_collections.smtpd.email.plugins.module_utils import _dns_publish
from ansible_collections.smtpd.email.plugins.module_utils._octodns import Provider
from tests.support.inprocess import run_module
from tests.support.knot import KnotServer
from tests.support.moto import MotoServer
from tests.support.powerdns import PowerDnsServer

Server = Union[KnotServer, PowerDnsServer, MotoServer]
Publish = Callable[..., dict[str, Any]]

BOUNCE = "bounce.mail.acorn.example"
LINK = "go.acorn.example"
TOKEN = (BOUNCE, "TXT", "token")
SPF = (BOUNCE, "TXT", "v=spf1 include:amazonses.com ~all")
MX = (BOUNCE, "MX", "feedback-smtp.us-east-1.amazonses.com")


@pytest.fixture(scope="module", params=[KnotServer, PowerDnsServer, MotoServer])
def running(request: pytest.FixtureRequest) -> Iterator[Server]:
    with request.param(zones=["acorn.example"]) as server:
        yield server


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    running.reset()
    for name, value in running.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_dns_publish, "_PAUSES", (0.0, 0.05))
    return running


@pytest.fixture
def publish(server: Server, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Publishes records, while someone else acts after the first reading and before the first writing; or before each."""

    def publish_records(
        *records: tuple[str, str, str], act: Callable[[], Any], forever: bool = False, **options: Any
    ) -> dict[str, Any]:
        provider, secrets = server.octodns_provider()
        write, acts = Provider.write, [act]

        def interrupted(self: Provider, loaded: Any, plan: Any) -> None:
            if acts:
                (acts[0] if forever else acts.pop())()
            write(self, loaded, plan)

        with monkeypatch.context() as patched:
            patched.setattr(Provider, "write", interrupted)
            return run_module(
                "smtpd_dns_records",
                records=[{"name": name, "type": type_, "value": value} for name, type_, value in records],
                provider=provider,
                provider_secrets=secrets,
                zones=["acorn.example"],
                **options,
            )

    return publish_records


def content(server: Server, name: str) -> list[tuple[str, str]]:
    return [(one[2], one[3]) for one in server.records("acorn.example") if one[0] == name + "."]


def test_a_text_that_someone_adds_in_between_is_not_lost(server: Server, publish: Publish) -> None:
    server.add(BOUNCE, "TXT", '"before"')
    result = publish(TOKEN, act=lambda: server.add(BOUNCE, "TXT", '"meanwhile"'))
    assert not result["failed"] and result["records"][0]["action"] == "created"
    assert content(server, BOUNCE) == [("TXT", '"before"'), ("TXT", '"meanwhile"'), ("TXT", '"token"')]


@pytest.mark.parametrize(
    ("desired", "foreign", "code"),
    [
        (SPF, (BOUNCE, "TXT", '"v=spf1 mx -all"'), "second_spf"),
        (MX, (BOUNCE, "MX", "10 mx.example.net."), "other_mx"),
        (MX, (BOUNCE, "CNAME", "www.example.net."), "cname_in_the_way"),
        ((LINK, "CNAME", "l.smtpdgo.com"), (LINK, "A", "192.0.2.1"), "cname_beside_others"),
    ],
)
def test_what_someone_adds_in_between_is_a_conflict_and_stays(
    desired: tuple[str, str, str], foreign: tuple[str, str, str], code: str, server: Server, publish: Publish
) -> None:
    result = publish(desired, act=lambda: server.add(*foreign))
    assert result["failed"] and not result["changed"]
    assert [conflict["code"] for conflict in result["conflicts"]] == [code]
    assert content(server, foreign[0]) == [foreign[1:]]


def test_a_text_that_someone_adds_in_between_survives_a_removal(server: Server, publish: Publish) -> None:
    server.add(BOUNCE, "TXT", '"token"')
    result = publish(TOKEN, state="absent", act=lambda: server.add(BOUNCE, "TXT", '"meanwhile"'))
    assert not result["failed"] and result["records"][0]["action"] == "removed"
    assert content(server, BOUNCE) == [("TXT", '"meanwhile"')]


def test_who_changes_a_name_again_and_again_is_reported(server: Server, publish: Publish) -> None:
    numbers = iter(range(100))
    result = publish(TOKEN, act=lambda: server.add(BOUNCE, "TXT", '"%d"' % next(numbers)), forever=True)
    assert result["failed"] and not result["changed"]
    assert "Someone else is changing %s: " % BOUNCE in result["msg"]
    assert len(content(server, BOUNCE)) == next(numbers)
