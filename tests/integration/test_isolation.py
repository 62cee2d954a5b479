# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One profile whose records could not be published is not created, and the others of the list are."""

from __future__ import annotations

import base64
import contextlib
import secrets
import socket
from typing import Any, Iterator, NamedTuple

import pytest

from tests.integration.conftest import Ansible
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.inprocess import run_module

OPEN, LINKS = "acorn.example", "acorn-links.example"
# What the key of the tests may not do: transfer the first, update the second, update one name of the third.
CLOSED, LOCKED, PICKY = "closed.example", "locked.example", "picky.example"
REFUSED_NAME = "go.picky.example"
MISSING = "missing.example"
# All of it has another name.
RENAMED = "renamed.example"
ZONES = (OPEN, LINKS, CLOSED, LOCKED, PICKY, RENAMED)

GOOD = [
    {"profile_name": name, "sending_domain": "%s.%s" % (name, OPEN), "link_domain": "%s.%s" % (name, LINKS)}
    for name in ("first", "last")
]
BAD = {
    "profile_name": "bad",
    "sending_domain": "mail.acorn.example",
    "link_domain": "go.acorn-links.example",
    "bounce_domain": "bounce.mail.acorn.example",
}


class PickyBind(BindServer):
    """A name server with a second key that may do less than that of the server itself."""

    key = "limited."

    def __init__(self) -> None:
        self.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        super().__init__(ZONES)

    def octodns_provider(self) -> tuple[dict[str, Any], dict[str, str]]:
        provider, _secrets = super().octodns_provider()
        return dict(provider, key_name=self.key), {"key_secret": self.secret}

    def serials(self) -> list[int]:
        return [self.serial(zone) for zone in ZONES]

    def updates(self) -> int:
        """How many lines the log has of updates by the second key."""
        return len(self.query_log("/key %s: updating zone" % self.key.rstrip(".")))

    def _write_zone_files(self) -> None:
        super()._write_zone_files()
        self._zone_path(RENAMED + ".").write_text(
            "$TTL 300\n@ SOA ns.example.net. hostmaster 1 7200 3600 1209600 300\n"
            "@ NS ns.example.net.\n@ DNAME links.example.net.\n"
        )

    def _config(self) -> str:
        own = 'key "%s"' % self.key_name
        config = (
            super()
            ._config()
            .replace("allow-transfer { %s; };" % own, 'allow-transfer { %s; key "%s"; };' % (own, self.key))
        )
        for zone in ZONES:
            rules = {
                LOCKED: "",
                PICKY: 'deny "{0}" name {1} CNAME; grant "{0}" zonesub ANY;'.format(self.key, REFUSED_NAME),
            }.get(zone, 'grant "%s" zonesub ANY;' % self.key)
            head = 'zone "%s." { type primary;' % zone
            transfer = " allow-transfer { %s; };" % own if zone == CLOSED else ""
            before, head, after = config.partition(head)
            config = before + head + transfer + after.replace("update-policy {", "update-policy { " + rules, 1)
        key = 'key "%s" { algorithm %s; secret "%s"; };\n' % (self.key, self.key_algorithm, self.secret)
        return key + config


@pytest.fixture(scope="module")
def picky_server() -> Iterator[PickyBind]:
    with PickyBind() as server:
        yield server


@pytest.fixture
def server(picky_server: PickyBind, simulator: Simulator) -> PickyBind:
    picky_server.reset()
    simulator.settings(dns=picky_server.address)
    return picky_server


class Case(NamedTuple):
    """What makes a profile one that must not be created.

    :param records: what is in DNS, each a name, a type and a value.
    :param profile: how it differs from C(BAD).
    :param said: what its error has in it.
    :param is_asked: whether it takes a question to the provider, which check mode does not put.
    """

    records: list[tuple[str, str, str]]
    profile: dict[str, str]
    said: list[str]
    is_asked: bool = False


def in_zone(zone: str) -> dict[str, str]:
    return {
        "sending_domain": "mail." + zone,
        "link_domain": "go." + zone,
        "bounce_domain": "bounce.mail." + zone,
    }


CASES = {
    "an address at the link domain": Case(
        [("go.acorn-links.example", "A", "192.0.2.1")],
        {},
        ["go.acorn-links.example. 300 IN A 192.0.2.1", "Remove these, or choose another domain"],
    ),
    "another target of the link domain": Case(
        [("go.acorn-links.example", "CNAME", "shop.example.net.")],
        {},
        ["go.acorn-links.example. 300 IN CNAME shop.example.net.", "Remove that record, or choose another domain"],
    ),
    "an address at a link domain that the service chooses": Case(
        [("go.acorn.example", "A", "192.0.2.1")],
        {"link_domain": ""},
        ["go.acorn.example. 300 IN A 192.0.2.1"],
    ),
    "a foreign MX record": Case(
        [("bounce.mail.acorn.example", "MX", "10 mx.example.net.")],
        {},
        ["bounce.mail.acorn.example. 300 IN MX 10 mx.example.net.", "Choose another domain"],
    ),
    "a foreign SPF record": Case(
        [("bounce.mail.acorn.example", "TXT", '"v=spf1 mx -all"')],
        {},
        ['bounce.mail.acorn.example. 300 IN TXT "v=spf1 mx -all"', "spf=merge"],
    ),
    "a CNAME at the bounce domain": Case(
        [("bounce.mail.acorn.example", "CNAME", "shop.example.net.")],
        {},
        ["bounce.mail.acorn.example. 300 IN CNAME shop.example.net.", "Remove it, or choose another domain"],
    ),
    "a CNAME where the service wants a text": Case(
        [("_amazonses.mail.acorn.example", "CNAME", "shop.example.net.")],
        {},
        ["_amazonses.mail.acorn.example. 300 IN CNAME shop.example.net."],
    ),
    "a DNAME above": Case(
        [("mail.acorn.example", "DNAME", "mail.example.net.")],
        {},
        ["mail.acorn.example. 300 IN DNAME mail.example.net."],
    ),
    "a DNAME at the top of the zone": Case(
        [],
        in_zone(RENAMED),
        ["renamed.example. 300 IN DNAME links.example.net."],
    ),
    "a delegated sending domain": Case(
        [("mail.acorn.example", "NS", "ns.example.net.")],
        {},
        ["mail.acorn.example. 300 IN NS ns.example.net.", "give that zone in zones"],
    ),
    "a zone that is missing": Case(
        [], in_zone(MISSING), ["Read the zone missing.example.", "check that it has the zone"]
    ),
    "a zone that is not handed over": Case(
        [], in_zone(CLOSED), ["Read the zone closed.example.", "this key may transfer it"]
    ),
    "a zone that may not be written": Case(
        [],
        in_zone(LOCKED),
        ["the zone locked.example. may be written", "key may update the zone", "bounce.mail.locked.example MX"],
        is_asked=True,
    ),
    "a name that may not be written": Case(
        [],
        in_zone(PICKY),
        ["the zone picky.example. may be written", "key may update the zone", "Refused: go.picky.example CNAME."],
        is_asked=True,
    ),
    "a domain in none of the zones": Case(
        [], in_zone("elsewhere.example"), ["no zone for mail.elsewhere.example", "The zones known are: acorn"]
    ),
}


def options(server: PickyBind) -> dict[str, Any]:
    provider, provider_secrets = server.octodns_provider()
    return {"provider": provider, "provider_secrets": provider_secrets, "zones": [*ZONES, MISSING]}


def create(
    simulator: Simulator, server: PickyBind, *bad: dict[str, str], check_mode: bool = False, **changed: Any
) -> dict[str, Any]:
    """Run the module with good profiles around bad ones."""
    access = {"api_url": simulator.url, "access_token": simulator.token}
    return run_module(
        "smtpd_sending_profiles",
        check_mode=check_mode,
        **{"profiles": [GOOD[0], *bad, GOOD[1]], "wait": False, **access, **options(server), **changed},
    )


def bad_profile(**changed: str) -> dict[str, str]:
    return {name: value for name, value in {**BAD, **changed}.items() if value}


def sent(simulator: Simulator) -> list[str]:
    """The names of the profiles that the service was asked to create."""
    return sorted(request["body"]["profile_name"] for request in simulator.requests(method="POST"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_only_the_profile_that_could_not_be_published_is_not_created(
    case: Case, simulator: Simulator, server: PickyBind
) -> None:
    for record in case.records:
        server.add(*record)
    before = server.serials()
    result = create(simulator, server, bad_profile(**case.profile))
    assert [item["failed"] for item in result["results"]] == [False, True, False], result["msg"]
    assert sent(simulator) == ["first", "last"]
    assert result["failed"] and result["changed"]
    message = result["results"][1]["msg"]
    assert message.startswith("The profile is not created, because the DNS provider could not publish its records")
    for words in case.said:
        assert words in message
    assert server.serials() == before, "asking changes nothing"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_check_mode_predicts_it(case: Case, simulator: Simulator, server: PickyBind) -> None:
    for record in case.records:
        server.add(*record)
    before, asked = server.serials(), server.updates()
    result = create(simulator, server, bad_profile(**case.profile), check_mode=True)
    assert [item["failed"] for item in result["results"]] == [False, not case.is_asked, False], result
    assert result["results"][0]["profile"]["profile_id"] is None and result["changed"]
    assert simulator.requests(method="POST") == []
    assert server.serials() == before and server.updates() == asked, "check mode sends no update, not even an empty one"


def test_a_key_that_may_not_write_one_name_keeps_only_its_profile_from_being_created(
    simulator: Simulator, server: PickyBind
) -> None:
    in_the_same_zone = [
        {"profile_name": "p%d" % number, "sending_domain": "p%d.picky.example" % number, "link_domain": link}
        for number, link in enumerate(["go%d.picky.example" % other for other in range(16)] + [REFUSED_NAME])
    ]
    result = create(simulator, server, *in_the_same_zone)
    assert [item["failed"] for item in result["results"]] == [False] * 17 + [True, False], result["msg"]
    assert len(server.query_log("zone 'picky.example/IN': update failed")) < 20, "halved, not tried one by one"


def test_a_name_that_profiles_share_concerns_all_of_them(simulator: Simulator, server: PickyBind) -> None:
    server.add("go.acorn-links.example", "A", "192.0.2.1")
    shared = [
        {"profile_name": name, "sending_domain": name + ".acorn.example", "link_domain": "go.acorn-links.example"}
        for name in ("a", "b")
    ]
    result = create(simulator, server, *shared)
    assert [item["failed"] for item in result["results"]] == [False, True, True, False], result["msg"]
    assert sent(simulator) == ["first", "last"]


def test_what_the_records_of_one_profile_do_to_those_of_another_concerns_both(
    simulator: Simulator, server: PickyBind
) -> None:
    clash = [
        {"profile_name": "a", "sending_domain": "a.acorn.example", "link_domain": "shared.acorn.example"},
        {"profile_name": "b", "sending_domain": "b.acorn.example", "bounce_domain": "shared.acorn.example"},
        bad_profile(bounce_domain=BAD["link_domain"]),
    ]
    result = create(simulator, server, *clash, conflict="replace")
    assert [item["failed"] for item in result["results"]] == [False, True, True, True, False], result["msg"]
    assert "shared.acorn.example is the link domain of one profile and the bounce domain of another" in result["msg"]
    assert "link_domain: go.acorn-links.example is the bounce domain too." in result["results"][3]["msg"]
    assert sent(simulator) == ["first", "last"]


def test_a_link_domain_that_the_service_chooses_outside_of_the_zones_is_told_as_such(
    simulator: Simulator, server: PickyBind
) -> None:
    result = create(
        simulator, server, {"profile_name": "p", "sending_domain": "p.acorn.example"}, zones=["p.acorn.example"]
    )
    assert "no zone for go.acorn.example" in result["results"][1]["msg"]
    assert "The service chooses link_domain go.acorn.example, because none is set." in result["results"][1]["msg"]


@pytest.mark.parametrize(
    "record, option",
    [
        (("bounce.mail.acorn.example", "TXT", '"v=spf1 mx -all"'), {"spf": "merge"}),
        (("bounce.mail.acorn.example", "MX", "10 mx.example.net."), {"conflict": "replace"}),
        (("go.acorn-links.example", "A", "192.0.2.1"), {"conflict": "replace"}),
        # Records of ours, or of somebody who cannot be in the way
        (("bounce.mail.acorn.example", "MX", "10 feedback-smtp.eu-west-1.amazonses.com."), {}),
        (("bounce.mail.acorn.example", "TXT", '"v=spf1 mx include:amazonses.com -all"'), {}),
        (("go.acorn-links.example", "CNAME", "l.smtpdgo.com."), {}),
        (("mail.acorn.example", "CNAME", "shop.example.net."), {}),
        (("_amazonses.mail.acorn.example", "TXT", '"a token of another profile"'), {}),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_publishing_would_not_refuse_is_not_in_the_way(
    check_mode: bool, record: tuple[str, str, str], option: dict[str, str], simulator: Simulator, server: PickyBind
) -> None:
    server.add(*record)
    before = server.serials()
    result = create(simulator, server, bad_profile(), check_mode=check_mode, **option)
    assert not result["failed"], result["msg"]
    assert server.serials() == before


def test_a_profile_that_is_there_is_not_concerned(simulator: Simulator, server: PickyBind) -> None:
    server.add("go.acorn-links.example", "A", "192.0.2.1")
    simulator.seed(**BAD, state="pending")
    result = create(simulator, server, bad_profile())
    assert not result["failed"] and sent(simulator) == ["first", "last"]


def test_a_server_that_stays_silent_is_not_waited_for_with_each_zone(simulator: Simulator, server: PickyBind) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=20) as silent:
        provider, _secrets = server.octodns_provider()
        provider = dict(provider, port=silent.getsockname()[1], timeout=0.2)
        zones = ["zone%d.example" % number for number in range(6)]
        bad = [{"profile_name": zone, **in_zone(zone)} for zone in zones]
        result = create(simulator, server, *bad, provider=provider, zones=zones)
        silent.settimeout(0)
        connections = 0
        with contextlib.suppress(BlockingIOError):
            while connections < 20:
                silent.accept()[0].close()
                connections += 1
    assert connections == 3
    assert "Nothing answered in time" in result["results"][1]["msg"]
    assert "there was no answer for zone0.example., zone1.example., zone2.example." in result["results"][6]["msg"]
    assert sent(simulator) == []


# By the role

FAIL = "smtpd.email.sending_profile : Fail if a profile could not be set up"
FAIL_WITHOUT_REPORT = "smtpd.email.sending_profile : Fail if a stage could not be completed for a profile"


def role_variables(server: PickyBind, *bad: dict[str, str]) -> dict[str, Any]:
    provider, provider_secrets = server.octodns_provider()
    return {
        "list": [GOOD[0], *bad, GOOD[1]],
        "dns_provider": "octodns",
        "dns_octodns": provider,
        "dns_octodns_secrets": provider_secrets,
        "dns_zones": [*ZONES, MISSING],
        "dns_nameservers": [server.address],
        "wait_timeout": 20,
        "wait_interval": 0.2,
    }


ALL_BAD = [
    {"profile_name": "used link", "sending_domain": "a.acorn.example", "link_domain": "go.acorn-links.example"},
    {"profile_name": "used bounce", "sending_domain": "b.acorn.example", "bounce_domain": "bounce.acorn.example"},
    {"profile_name": "second spf", "sending_domain": "c.acorn.example", "bounce_domain": "spf.acorn.example"},
    {"profile_name": "delegated", "sending_domain": "mail.acorn.example"},
    {"profile_name": "unknown", **in_zone("elsewhere.example")},
    *({"profile_name": zone, **in_zone(zone)} for zone in (MISSING, CLOSED, LOCKED, PICKY)),
]


@pytest.mark.parametrize("preflight", [True, False])
def test_the_role_sets_up_all_others_and_fails_in_the_end(
    preflight: bool, ansible: Ansible, simulator: Simulator, server: PickyBind
) -> None:
    server.add("go.acorn-links.example", "A", "192.0.2.1")
    server.add("bounce.acorn.example", "MX", "10 mx.example.net.")
    server.add("spf.acorn.example", "TXT", '"v=spf1 mx -all"')
    server.add("mail.acorn.example", "NS", "ns.example.net.")
    run = ansible.role(**role_variables(server, *ALL_BAD), preflight=preflight)
    assert run.failed == [FAIL], run.output
    results = run.of("Set the fact sending_profile_results")["ansible_facts"]["sending_profile_results"]
    names = [profile["profile_name"] for profile in ALL_BAD]
    assert [(result["profile_name"], result["failed"], result["state"]) for result in results] == [
        ("first", False, "active"),
        *((name, True, None) for name in names),
        ("last", False, "active"),
    ]
    assert sent(simulator) == ["first", "last"]
    for words in (
        "go.acorn-links.example. 300 IN A 192.0.2.1",
        "bounce.acorn.example. 300 IN MX 10 mx.example.net.",
        'spf.acorn.example. 300 IN TXT "v=spf1 mx -all"',
        "mail.acorn.example. 300 IN NS ns.example.net.",
        "no zone for mail.elsewhere.example",
        "Read the zone missing.example.",
        "Read the zone closed.example.",
        "the zone locked.example. may be written",
        "Refused: go.picky.example CNAME.",
    ):
        assert words in run.of(FAIL)["msg"]


@pytest.mark.thorough
def test_one_among_so_many_that_results_are_compact_does_not_stop_the_role(
    ansible: Ansible, simulator: Simulator, server: PickyBind
) -> None:
    server.add("go.acorn-links.example", "A", "192.0.2.1")
    many = [
        {
            "profile_name": "p%d" % number,
            "sending_domain": "p%d.acorn.example" % number,
            "link_domain": "l%d.%s" % (number, LINKS),
        }
        for number in range(101)
    ]
    run = ansible.role(**role_variables(server, bad_profile(), *many))
    assert run.failed == [FAIL], run.output
    assert "go.acorn-links.example. 300 IN A 192.0.2.1" in run.of(FAIL)["msg"]
    assert [profile["state"] for profile in simulator.profiles()] == ["active"] * 103


def test_the_role_predicts_it_in_check_mode(ansible: Ansible, simulator: Simulator, server: PickyBind) -> None:
    server.add("go.acorn-links.example", "A", "192.0.2.1")
    run = ansible.role("--check", **role_variables(server, bad_profile()))
    assert run.failed == [FAIL], run.output
    results = run.of("Set the fact sending_profile_results")["ansible_facts"]["sending_profile_results"]
    assert [result["failed"] for result in results] == [False, True, False]
    assert sent(simulator) == []


@pytest.mark.parametrize(
    "flags, failed",
    [
        (("--tags", "preflight"), FAIL_WITHOUT_REPORT),
        (("--tags", "preflight,report"), FAIL),
        (("--skip-tags", "create"), FAIL),
        (("--tags", "create"), FAIL_WITHOUT_REPORT),
    ],
)
def test_stages_by_themselves_fail_with_it(
    flags: tuple[str, ...], failed: str, ansible: Ansible, simulator: Simulator, server: PickyBind
) -> None:
    server.add("go.acorn-links.example", "A", "192.0.2.1")
    run = ansible.role(*flags, **role_variables(server, bad_profile()))
    assert [name.rpartition(" : ")[2] for name in run.failed] == [failed.rpartition(" : ")[2]], run.output
    assert "go.acorn-links.example" in run.of(failed.rpartition(" : ")[2])["msg"]
    assert sent(simulator) == (["first", "last"] if "create" in flags and "--tags" in flags else [])


@pytest.mark.parametrize(
    "record, variable",
    [
        (("bounce.mail.acorn.example", "TXT", '"v=spf1 mx -all"'), {"dns_spf": "merge"}),
        (("_amazonses.mail.acorn.example", "CNAME", "shop.example.net."), {"dns_conflict": "replace"}),
    ],
)
def test_what_the_role_is_allowed_is_not_in_the_way(
    record: tuple[str, str, str],
    variable: dict[str, str],
    ansible: Ansible,
    simulator: Simulator,
    server: PickyBind,
) -> None:
    server.add(*record)
    run = ansible.role(**role_variables(server, bad_profile()), **variable)
    assert run.returncode == 0, run.output
    assert [profile["state"] for profile in simulator.profiles()] == ["active"] * 3
