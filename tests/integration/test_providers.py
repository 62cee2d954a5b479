# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""smtpd_dns_records keeps the same promises at every kind of DNS provider: real servers, and Route 53 as moto has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Union

import pytest

from tests.integration.conftest import Ansible
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.guide import octodns_variables
from tests.support.inprocess import run_module
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

    def arguments(self, *records: dict[str, str], **options: Any) -> dict[str, Any]:
        """Those with which the module publishes the records."""
        provider, secrets = self.server.octodns_provider()
        arguments = {"records": list(records), "provider": provider, "provider_secrets": secrets, "zones": list(ZONES)}
        return {**arguments, **options}

    def publish(self, *records: dict[str, str], check_mode: bool = False, **options: Any) -> dict[str, Any]:
        """Publish the records and return the module's result, in which no secret may be seen."""
        result = run_module("smtpd_dns_records", check_mode=check_mode, **self.arguments(*records, **options))
        for secret in self.server.octodns_provider()[1].values():
            assert secret not in result["output"]
        return result

    def content(self) -> str:
        """All that is in both zones."""
        return "".join(self.server.zone_text(zone) for zone in ZONES)


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with SERVERS[request.param](zones=ZONES) as running:
        yield running


@pytest.fixture
def provider(server: Server, monkeypatch: pytest.MonkeyPatch) -> Provider:
    server.reset()
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    return Provider(server)


def test_the_guide_has_the_settings_that_are_tested_here(provider: Provider) -> None:
    settings, secrets = provider.server.octodns_provider()
    example = octodns_variables()[settings["class"]]
    assert set(example["sending_profile_dns_octodns"]) <= set(settings)
    assert set(example["sending_profile_dns_octodns_secrets"]) == set(secrets)


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
    provider.publish(*NINE)
    result = provider.publish(*NINE)
    assert not result["changed"]
    assert [zone["unchanged"] for zone in result["zones"]] == [2, 7]


def test_absent_gives_the_zones_back_as_they_were(provider: Provider) -> None:
    provider.server.add(BOUNCE, "TXT", '"site-verification=1"', ttl=77)
    before = provider.content()
    provider.publish(*NINE)
    result = provider.publish(*NINE, state="absent")
    assert [zone["removed"] for zone in result["zones"]] == [2, 7]
    assert provider.content() == before


def test_check_mode_tells_the_same_and_writes_nothing(provider: Provider) -> None:
    before = provider.content()
    predicted = provider.publish(*NINE, check_mode=True)
    assert provider.content() == before
    done = provider.publish(*NINE)
    assert (predicted["zones"], predicted["records"]) == (done["zones"], done["records"])


def test_texts_of_others_at_the_same_name_survive_to_the_letter_with_their_ttl(provider: Provider) -> None:
    provider.server.add(
        BOUNCE,
        "TXT",
        '"site-verification=1"',
        '"v=DMARC1; p=none; rua=mailto:a@acorn.example"',
        r'"say \"hi\""',
        r'"C:\\mail\\;"',
        '"%s" "%s"' % ("k" * 255, "l" * 100),
        '"two" "strings"',
        r'"gr\195\188n"',
        ttl=77,
    )
    before = provider.content()
    assert provider.publish(SPF)["changed"]
    new = set(provider.content().splitlines()) ^ set(before.splitlines())
    assert new == {'%s. 77 IN TXT "%s"' % (BOUNCE, SPF["value"])}
    assert provider.publish(SPF, state="absent")["changed"]
    assert provider.content() == before


def test_every_text_is_published_to_the_letter_and_found_again(provider: Provider) -> None:
    texts = ["v=DMARC1; p=none", 'say "hi"', r"C:\mail\;", "k" * 700, "grün", r"\065", '" "', "; "]
    records = [
        {"name": "t%d.acorn.example" % number, "type": "TXT", "value": text} for number, text in enumerate(texts)
    ]
    result = provider.publish(*records)
    written = [one[3] for one in provider.server.records("acorn.example") if one[2] == "TXT"]
    assert written == [record["rdata"] for record in result["records"]]
    assert not provider.publish(*records)["changed"]


def test_conflicts_in_both_zones_are_listed_and_nothing_is_written(provider: Provider) -> None:
    provider.server.add(BOUNCE, "MX", "10 mx.example.net.")
    provider.server.add(LINK, "CNAME", "shop.example.net.")
    before = provider.content()
    result = provider.publish(*NINE)
    assert [conflict["code"] for conflict in result["conflicts"]] == ["cname_target", "other_mx"]
    assert provider.content() == before


def test_an_spf_record_is_merged_on_demand(provider: Provider) -> None:
    provider.server.add(BOUNCE, "TXT", '"v=spf1 ip4:192.0.2.1 -all"', '"site-verification=1"', ttl=77)
    provider.publish(SPF, spf="merge")
    texts = [one[3] for one in provider.server.records("acorn.example") if one[2] == "TXT"]
    assert texts == ['"site-verification=1"', '"v=spf1 ip4:192.0.2.1 include:amazonses.com -all"']


def test_more_records_than_one_request_can_take(provider: Provider) -> None:
    many = [
        {"name": "d%d.acorn.example" % number, "type": "MX", "value": "feedback-smtp.us-east-1.amazonses.com"}
        for number in range(900)
    ]
    assert provider.publish(*many)["zones"][0]["created"] == 900
    assert provider.publish(*many)["zones"][0]["unchanged"] == 900


def test_a_zone_that_is_not_there_is_named_and_nothing_is_written(provider: Provider) -> None:
    before = provider.content()
    result = provider.publish(
        *NINE, {"name": "a.oak.example", "type": "TXT", "value": "x"}, zones=[*ZONES, "oak.example"]
    )
    assert result["failed"] and "oak.example." in result["msg"]
    assert provider.content() == before


def test_a_name_in_no_zone_is_told_with_the_zones_that_are_known(provider: Provider) -> None:
    before = provider.content()
    result = provider.publish(*NINE, {"name": "a.oak.example", "type": "TXT", "value": "x"})
    assert "no zone for a.oak.example. The zones known are: acorn-links.example, acorn.example." in result["msg"]
    assert provider.content() == before


def test_no_secret_is_shown_at_any_verbosity(provider: Provider, tmp_path: Path, clean_environ: dict[str, str]) -> None:
    task = {"smtpd.email.smtpd_dns_records": provider.arguments(*NINE), "environment": provider.server.environ}
    run = Ansible(tmp_path, clean_environ).tasks(task, flags=("-vvvv", "--diff"))
    assert run.of("smtpd_dns_records")["changed"], run.output
    for secret in provider.server.octodns_provider()[1].values():
        assert secret not in run.output


@pytest.mark.parametrize("server", ["bind", "knot", "powerdns"], indirect=True)
def test_wrong_credentials_are_told_and_not_shown(provider: Provider) -> None:
    wrong = "d3JvbmctYW5kLXNlY3JldA=="
    (name,) = provider.server.octodns_provider()[1]
    result = provider.publish(*NINE, provider_secrets={name: wrong})
    assert result["failed"] and ("check key_secret" in result["msg"] or "check provider_secrets" in result["msg"])
    assert wrong not in result["output"]


@pytest.mark.parametrize("server", ["powerdns", "route53"], indirect=True)
def test_zones_that_the_provider_lists_need_not_be_given(provider: Provider) -> None:
    assert [zone["name"] for zone in provider.publish(*NINE, zones=[])["zones"]] == [
        "acorn-links.example.",
        "acorn.example.",
    ]


@pytest.mark.parametrize("check_mode", [True, False])
def test_only_the_profile_whose_records_would_be_refused_is_not_created(
    check_mode: bool, provider: Provider, simulator: Simulator
) -> None:
    provider.publish({"name": LINK, "type": "CNAME", "value": "shop.example.net"})
    before = provider.content()
    result = run_module(
        "smtpd_sending_profiles",
        check_mode=check_mode,
        profiles=[
            {"profile_name": "good", "sending_domain": "good.acorn.example"},
            {"profile_name": "bad", "sending_domain": "mail.acorn.example", "link_domain": LINK},
            {"profile_name": "nowhere", "sending_domain": "mail.elsewhere.example"},
        ],
        wait=False,
        api_url=simulator.url,
        access_token=simulator.token,
        **{name: value for name, value in provider.arguments().items() if name != "records"},
    )
    assert [item["failed"] for item in result["results"]] == [False, True, True], result["msg"]
    assert "shop.example.net" in result["results"][1]["msg"] and "no zone for" in result["results"][2]["msg"]
    assert len(simulator.requests(method="POST")) == (0 if check_mode else 1)
    assert provider.content() == before
