# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""smtpd_dns_records keeps the same promises at every kind of DNS provider: real servers, and Route 53 as moto has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Union

import pytest

from tests.integration.conftest import Ansible, Run
from tests.support.bind import BindServer
from tests.support.knot import KnotServer
from tests.support.moto import MotoServer
from tests.support.powerdns import PowerDnsServer

Server = Union[BindServer, KnotServer, PowerDnsServer, MotoServer]

ZONES = ("acorn.example", "acorn-links.example")
SERVERS: dict[str, Callable[..., Server]] = {
    "bind": BindServer,
    "knot": KnotServer,
    "powerdns": PowerDnsServer,
    "route53": MotoServer,
}

BOUNCE = "bounce.mail.acorn.example"
LINK = "go.acorn-links.example"
NINE = [
    {"name": name, "type": type_, "value": value}
    for name, type_, value in (
        ("1h09YTLxhfFx._domainkey.mail.acorn.example", "CNAME", "1h09YTLxhfFx.dkim.smtpd.dev"),
        ("1hpQ2sWc81Za._domainkey.mail.acorn.example", "CNAME", "1hpQ2sWc81Za.dkim.smtpd.dev"),
        ("1hXv7uRt40Lm._domainkey.mail.acorn.example", "CNAME", "1hXv7uRt40Lm.dkim.smtpd.dev"),
        ("_amazonses.mail.acorn.example", "TXT", "4ewMcIYic7jCen+qREXsi2j1lBQqT+pVN6WlR6YlMPU="),
        ("_amazonses." + BOUNCE, "TXT", "dGhlIGJvdW5jZSBkb21haW4gb2YgYWNvcm4gbWFpbA=="),
        (BOUNCE, "MX", "feedback-smtp.us-east-1.amazonses.com"),
        (BOUNCE, "TXT", "v=spf1 include:amazonses.com ~all"),
        ("_amazonses." + LINK, "TXT", "bGluayBkb21haW4gb2YgYWNvcm4="),
        (LINK, "CNAME", "l.smtpdgo.com"),
    )
]
SPF = NINE[6]


@dataclass
class Provider:
    """A DNS provider, and the module run on it."""

    server: Server
    ansible: Ansible

    def task(self, *records: dict[str, str], **options: Any) -> dict[str, Any]:
        """A task that publishes the records."""
        provider, secrets = self.server.octodns_provider()
        arguments = {"records": list(records), "provider": provider, "provider_secrets": secrets, "zones": ZONES}
        return {"smtpd.email.smtpd_dns_records": {**arguments, **options}, "environment": self.server.environ}

    def run(self, *tasks: dict[str, Any], flags: tuple[str, ...] = (), environ: dict[str, str] | None = None) -> Run:
        """Run tasks in one play. None of their secrets may be seen."""
        run = self.ansible.tasks(*tasks, flags=flags, environ=environ)
        for secret in self.server.octodns_provider()[1].values():
            assert secret not in run.output
        return run

    def publish(self, *records: dict[str, str], flags: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
        """Publish the records and return the module's result."""
        return self.run(self.task(*records, **options), flags=flags).results[-1]["result"]

    def content(self) -> str:
        """All that is in both zones."""
        return "".join(self.server.zone_text(zone) for zone in ZONES)


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with SERVERS[request.param](zones=ZONES) as running:
        yield running


@pytest.fixture
def provider(server: Server, tmp_path: Path, clean_environ: dict[str, str]) -> Provider:
    server.reset()
    return Provider(server, Ansible(tmp_path, clean_environ))


def test_the_nine_records_are_published_in_both_zones(provider: Provider) -> None:
    before = provider.content()
    result = provider.publish(*NINE, ttl=300)
    assert [(zone["name"], zone["created"]) for zone in result["zones"]] == [
        ("acorn-links.example.", 2),
        ("acorn.example.", 7),
    ]
    new = set(provider.content().splitlines()) - set(before.splitlines())
    assert new == {
        "%s 300 IN %s %s" % (name.lower(), type_, rdata if type_ == "TXT" else rdata.lower())
        for name, type_, rdata in ((one["fqdn"], one["type"], one["rdata"]) for one in result["records"])
    }


def test_a_second_run_changes_nothing(provider: Provider) -> None:
    run = provider.run(provider.task(*NINE), provider.task(*NINE))
    assert [item["result"]["changed"] for item in run.results] == [True, False]
    assert [zone["unchanged"] for zone in run.results[1]["result"]["zones"]] == [2, 7]


def test_absent_gives_the_zones_back_as_they_were(provider: Provider) -> None:
    provider.server.add(BOUNCE, "TXT", '"site-verification=1"', ttl=77)
    before = provider.content()
    run = provider.run(provider.task(*NINE), provider.task(*NINE, state="absent"))
    assert [zone["removed"] for zone in run.results[1]["result"]["zones"]] == [2, 7]
    assert provider.content() == before


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param('"site-verification=1"', id="plain"),
        pytest.param('"v=DMARC1; p=none; rua=mailto:a@acorn.example"', id="semicolons"),
        pytest.param(r'"say \"hi\""', id="quotes"),
        pytest.param(r'"C:\\mail\\;"', id="backslashes"),
        pytest.param('"%s" "%s"' % ("k" * 255, "l" * 100), id="long"),
        pytest.param('"two" "strings"', id="strings"),
        pytest.param(r'"gr\195\188n"', id="utf-8"),
    ],
)
def test_another_text_at_the_same_name_survives_with_its_ttl(foreign: str, provider: Provider) -> None:
    provider.server.add(BOUNCE, "TXT", foreign, ttl=77)
    before = provider.content()
    result = provider.publish(SPF)
    assert result["changed"], result
    new = set(provider.content().splitlines()) ^ set(before.splitlines())
    assert new == {'%s. 77 IN TXT "%s"' % (BOUNCE, SPF["value"])}
    provider.publish(SPF, state="absent")
    assert provider.content() == before
