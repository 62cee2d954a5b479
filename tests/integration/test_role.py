# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role, from an empty account to verified profiles, with a real name server."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from tests.integration.conftest import ZONES, Ansible
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.odd_dns import OddServer

LOOK_BEFORE = "Look what DNS says against the profiles that are to be created"
CREATE, LOOK_UP = "Create the profiles that are not there", "Look up the profiles and their DNS records"
PUBLISH, ASK = "Publish the DNS records by octoDNS", "Ask the authoritative servers for the DNS records"
VERIFY = "Have the service verify the profiles once DNS answers right"
FAIL = "smtpd.email.sending_profile : Fail if a profile could not be set up"
RESULTS = "sending_profile_results"

ONE = {
    "name": "newsletter",
    "sending_domain": "mail.acorn.example",
    "link_domain": "go.acorn-links.example",
    "bounce_domain": "bounce.mail.acorn.example",
}
FOREIGN = [
    ("acorn.example", "TXT", '"v=spf1 mx -all"'),
    ("acorn.example", "TXT", '"google-site-verification=abc"'),
    ("www.acorn.example", "CNAME", "web.example.net."),
    ("mail.acorn.example", "MX", "10 mx.example.net."),
    ("bounce.mail.acorn.example", "TXT", '"somebody elses text"'),
    ("go2.acorn-links.example", "A", "192.0.2.1"),
]


def settings(bind: BindServer) -> dict[str, Any]:
    provider, secrets = bind.octodns_provider()
    return {
        "dns_provider": "octodns",
        "dns_octodns": provider,
        "dns_octodns_secrets": secrets,
        "dns_zones": ["acorn.example", "acorn-links.example"],
        "dns_nameservers": [bind.address],
        "wait_timeout": 20,
        "wait_interval": 0.2,
    }


@pytest.fixture
def zones(dns: BindServer) -> BindServer:
    """The name server, with foreign records in its zones."""
    for name, rdtype, rdata in FOREIGN:
        dns.add(name, rdtype, rdata)
    return dns


def content(dns: BindServer) -> str:
    return dns.zone_text("acorn.example") + dns.zone_text("acorn-links.example")


def states(simulator: Simulator) -> list[str]:
    return [profile["state"] for profile in simulator.profiles()]


def test_one_run_leads_from_nothing_to_an_active_profile(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.role(**ONE, **settings(dns))
    assert run.returncode == 0, run.output
    assert states(simulator) == ["active"]
    (result,) = run.of("Set the fact sending_profile_results")["ansible_facts"][RESULTS]
    assert result == {
        "profile_id": simulator.profiles()[0]["profile_id"],
        "profile_name": "newsletter",
        "sending_domain": "mail.acorn.example",
        "state": "active",
        "failed": False,
        "todo": "",
        "records": [],
    }


def test_a_second_run_changes_nothing(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    assert ansible.role(**ONE, **settings(dns)).returncode == 0
    before = content(dns)
    run = ansible.role(**ONE, **settings(dns))
    assert (run.returncode, run.changed) == (0, []), run.output
    assert content(dns) == before


@pytest.mark.parametrize("above", ["mail.acorn.example", "acorn.example"])
def test_wildcards_in_all_zones_are_in_nobodys_way(
    above: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    for zone in (above, "acorn-links.example"):
        dns.add("*." + zone, "CNAME", "elsewhere.example.net.")
    run = ansible.role(**ONE, **settings(dns))
    assert run.returncode == 0 and states(simulator) == ["active"], run.output
    for zone in (above, "acorn-links.example"):
        assert "*.%s. 300 IN CNAME elsewhere.example.net." % zone in content(dns)


def test_no_profile_is_created_below_a_dname(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    dns.add("mail.acorn.example", "DNAME", "elsewhere.example.net.")
    run = ansible.role(**ONE, **settings(dns))
    assert run.returncode != 0 and "RFC 6672" in run.output and states(simulator) == []


def test_a_name_server_that_is_down_does_not_keep_a_profile_from_becoming_active(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    with OddServer(lambda _query: None) as down:
        given = {**settings(dns), "dns_nameservers": [down.address, dns.address], "dns_require": ""}
        run = ansible.role(**ONE, **given)
        assert run.returncode == 0 and states(simulator) == ["active"], run.output
        assert down.address in run.of(VERIFY)["warnings"][0]


def test_a_name_server_that_is_down_is_waited_for_where_all_are_required(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    with OddServer(lambda _query: None) as down:
        given = {**settings(dns), "dns_nameservers": [dns.address, down.address], "wait_timeout": 3}
        run = ansible.role(**ONE, **given, dns_require="all")
        assert run.returncode != 0 and states(simulator) == ["pending"], run.output
        assert down.address in run.of(FAIL)["msg"]


@pytest.mark.thorough
def test_records_go_to_the_zones_that_they_lie_in(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    run = ansible.role(**ONE, **settings(dns))
    assert run.returncode == 0, run.output
    assert "go.acorn-links.example. 3600 IN CNAME l.smtpdgo.com." in dns.zone_text("acorn-links.example")
    assert "bounce.mail.acorn.example. 3600 IN MX 10 feedback-smtp.us-east-1.amazonses.com." in dns.zone_text(
        "acorn.example"
    )


@pytest.mark.thorough
def test_what_was_in_the_zones_before_is_there_afterwards(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    before = [line for line in content(dns).splitlines() if " SOA " not in line]
    assert ansible.role(**ONE, **settings(dns)).returncode == 0
    assert set(before) <= set(content(dns).splitlines())


@pytest.mark.parametrize(
    "name, rdtype, rdata",
    [
        ("go.acorn-links.example", "CNAME", "elsewhere.example.net."),
        ("bounce.mail.acorn.example", "MX", "10 mx.example.net."),
        ("bounce.mail.acorn.example", "TXT", '"v=spf1 include:example.net -all"'),
    ],
)
def test_a_record_of_somebody_else_in_the_way_stops_the_role_before_dns_is_written(
    name: str, rdtype: str, rdata: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    dns.add(name, rdtype, rdata)
    before = content(dns)
    # It would not be created now, but it was before the record came.
    domains = {field: domain for field, domain in ONE.items() if field != "name"}
    simulator.seed(profile_name=ONE["name"], **domains, state="pending")
    run = ansible.role(**ONE, **settings(dns), preflight=False)
    assert run.returncode != 0
    assert name in run.of(PUBLISH)["msg"]
    assert content(dns) == before
    assert simulator.requests(method="PUT") == [], "no verification is asked for"


def test_a_lost_record_is_published_again_and_the_profile_turns_active_again(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    assert ansible.role(**ONE, **settings(dns)).returncode == 0
    dns.delete("go.acorn-links.example", "CNAME")
    simulator.await_state(simulator.profiles()[0]["profile_id"], "pending")
    run = ansible.role(**ONE, **settings(dns))
    assert run.returncode == 0, run.output
    assert len(run.changed) == 2, "published and verified"
    assert states(simulator) == ["active"]


def test_verification_is_not_asked_for_while_dns_answers_wrong(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    other = dict(settings(dns), dns_provider="publish_nothing.yml", wait_timeout=1)
    (ansible.workdir / "publish_nothing.yml").write_text("- ansible.builtin.debug:\n    msg: nothing\n")
    dns.add("go.acorn-links.example.acorn-links.example", "CNAME", "l.smtpdgo.com.")
    dns.add("bounce.mail.acorn.example", "MX", "10 mx.example.net.")
    run = ansible.role(**ONE, **other, preflight=False)
    assert run.failed == [FAIL], run.output
    assert simulator.requests(method="PUT") == []
    message = run.of(FAIL)["msg"]
    assert "DNS does not answer right, so it was not verified" in message
    assert row(message, "go.acorn-links.example. CNAME") == {
        "expected": "l.smtpdgo.com.",
        "DNS answers": "(nothing)",
        "service says": "pending",
        "diagnosis": "zone_doubled. The record is at go.acorn-links.example.acorn-links.example.: the DNS provider added the zone "
        "to a name that had it already. Give the name there without the zone, or with a dot at the end.",
    }
    assert row(message, "bounce.mail.acorn.example. MX")["diagnosis"].startswith(
        "wrong_value. It answers 10 mx.example.net."
    )


def test_a_service_that_does_not_accept_right_records_is_told_with_what_it_says_of_each(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    with BindServer(ZONES) as what_the_service_sees:
        simulator.settings(dns=what_the_service_sees.address)
        run = ansible.role(**ONE, **dict(settings(dns), wait_timeout=2))
    assert run.failed == [FAIL], run.output
    message = run.of(FAIL)["msg"]
    assert "the service does not accept its DNS records after 2 s; it is in state 'pending'" in message
    told = row(message, "go.acorn-links.example. CNAME")
    assert (told["DNS answers"], told["service says"]) == ("l.smtpdgo.com.", "pending")
    assert told["diagnosis"] == "DNS answers right; the service has not seen it yet."
    (result,) = run.of("Set the fact sending_profile_results")["ansible_facts"][RESULTS]
    assert len(result["records"]) == 9


def row(message: str, record: str) -> dict[str, str]:
    """What a failure says of one record."""
    lines = iter(message.splitlines())
    next(line for line in lines if line == "  " + record)
    cells = (line.strip().split(":", 1) for line in itertools.takewhile(lambda line: line.startswith("    "), lines))
    return {title: text.strip() for title, text in cells}


# Looking before


@pytest.mark.parametrize(
    "name, rdtype, rdata, reason",
    [
        (
            "bounce.mail.acorn.example",
            "MX",
            "10 mx.example.net.",
            "Mail to the bounce domain goes to mx.example.net now",
        ),
        ("go.acorn-links.example", "CNAME", "shop.example.net.", "The link domain points to shop.example.net already"),
        ("go.acorn-links.example", "A", "192.0.2.1", "but it has A records"),
    ],
)
def test_what_would_do_harm_stops_the_role_before_the_profile_is_created(
    name: str, rdtype: str, rdata: str, reason: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    dns.add(name, rdtype, rdata)
    run = ansible.role(**ONE, **settings(dns))
    assert run.returncode != 0
    assert reason in run.of(CREATE)["msg"]
    assert simulator.profiles() == []


def test_the_look_can_be_taken_alone(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    dns.add("go.acorn-links.example", "A", "192.0.2.1")
    run = ansible.role("--tags", "preflight", **ONE, **settings(dns))
    assert "but it has A records" in run.of(LOOK_BEFORE)["msg"]
    assert simulator.profiles() == []


@pytest.mark.thorough
def test_a_profile_that_is_there_is_not_looked_at_again(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    assert ansible.role(**ONE, **settings(dns)).returncode == 0
    dns.add("bounce.mail.acorn.example", "MX", "20 mx.example.net.")
    run = ansible.role("--tags", "preflight", **ONE, **settings(dns))
    assert run.of(LOOK_BEFORE)["findings"] == []


@pytest.mark.thorough
def test_what_is_to_be_thought_about_is_said_and_does_not_stop(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.role(**ONE, **settings(dns))
    assert run.returncode == 0, run.output
    assert "has no DMARC record" in "".join(run.of("Say what is to be thought about")["msg"])


# DMARC


def test_a_dmarc_record_is_published_where_there_is_none(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.role(**ONE, **settings(dns), dmarc="v=DMARC1; p=none; rua=mailto:dmarc@acorn.example")
    assert run.returncode == 0, run.output
    assert '_dmarc.mail.acorn.example. 3600 IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@acorn.example"' in dns.zone_text(
        "acorn.example"
    )


@pytest.mark.thorough
def test_a_dmarc_record_that_is_there_is_left_alone(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    dns.add("_dmarc.acorn.example", "TXT", '"v=DMARC1; p=reject"')
    run = ansible.role(**ONE, **settings(dns), dmarc="v=DMARC1; p=none")
    assert run.returncode == 0, run.output
    assert [line for line in dns.zone_text("acorn.example").splitlines() if "DMARC1" in line] == [
        '_dmarc.acorn.example. 300 IN TXT "v=DMARC1; p=reject"'
    ]


@pytest.mark.thorough
def test_with_dmarc_a_second_run_changes_nothing(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    assert ansible.role(**ONE, **settings(dns), dmarc="v=DMARC1; p=none").returncode == 0
    run = ansible.role(**ONE, **settings(dns), dmarc="v=DMARC1; p=quarantine")
    assert (run.returncode, run.changed) == (0, []), run.output


# Many


@pytest.mark.thorough
def test_25_profiles_take_no_more_tasks_than_one(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    one = ansible.role(**ONE, **settings(dns))
    simulator.reset()
    dns.reset()
    many = ansible.role(
        list=[
            {
                "profile_name": "p%d" % number,
                "sending_domain": "d%d.acorn.example" % number,
                "bounce_domain": "bounce.d%d.acorn.example" % number,
                "link_domain": "go%d.acorn-links.example" % number,
            }
            for number in range(25)
        ],
        **settings(dns),
    )
    assert many.returncode == 0, many.output
    assert states(simulator) == ["active"] * 25
    assert [item["task"] for item in many.results] == [item["task"] for item in one.results]


def test_one_profile_that_fails_does_not_keep_the_others_from_being_set_up(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    simulator.seed(
        profile_name="a", sending_domain="a.acorn.example", link_domain="other.acorn-links.example", state="active"
    )
    run = ansible.role(
        list=[
            {
                "profile_name": name,
                "sending_domain": name + ".acorn.example",
                "link_domain": name + ".acorn-links.example",
            }
            for name in ("a", "b")
        ],
        **settings(dns),
    )
    assert run.returncode != 0
    results = run.of("Set the fact sending_profile_results")["ansible_facts"][RESULTS]
    assert [(result["profile_name"], result["failed"]) for result in results] == [("a", True), ("b", False)]
    assert results[1]["state"] == "active"
    assert "link_domain: found 'other.acorn-links.example', wanted 'a.acorn-links.example'" in run.output


def test_hundreds_are_set_up_and_a_second_run_publishes_what_was_lost(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    count = 120
    simulator.seed(profile_name="p7", sending_domain="d7.acorn.example", link_domain="other.acorn-links.example")
    wanted = [
        {
            "profile_name": "p%d" % number,
            "sending_domain": "d%d.acorn.example" % number,
            "link_domain": "d%d.acorn-links.example" % number,
        }
        for number in range(count)
    ]
    run = ansible.role(list=wanted, dmarc="v=DMARC1; p=none", **settings(dns))
    assert run.returncode != 0
    results = run.of("Set the fact sending_profile_results")["ansible_facts"][RESULTS]
    assert [number for number, result in enumerate(results) if result["failed"]] == [7]
    assert [result["state"] for result in results] == [
        "active" if number != 7 else "pending" for number in range(count)
    ]
    assert "compact" in run.of(CREATE) and "compact" in run.of(LOOK_UP) and "compact" in run.of(PUBLISH)
    dns.delete("d3.acorn-links.example", "CNAME")
    again = ansible.role(list=wanted[:7], **settings(dns))
    assert again.returncode == 0, again.output
    assert again.of(PUBLISH)["zones"][0]["created"] == 1


# Check mode


def test_check_mode_runs_through_on_a_fresh_account(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    before = content(dns)
    run = ansible.role("--check", "--diff", **ONE, **settings(dns))
    assert run.returncode == 0, run.output
    assert run.of(CREATE)["changed"] is True
    assert simulator.profiles() == [] and content(dns) == before


@pytest.mark.thorough
def test_check_mode_runs_through_on_a_half_done_account(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    assert ansible.role("--tags", "create", **ONE, **settings(dns)).returncode == 0
    before = content(dns)
    run = ansible.role("--check", "--diff", **ONE, **settings(dns))
    assert run.returncode == 0, run.output
    assert (run.of(CREATE)["changed"], run.of(PUBLISH)["changed"], run.of(VERIFY)["changed"]) == (False, True, True)
    assert content(dns) == before and simulator.requests(method="PUT") == []


@pytest.mark.thorough
def test_check_mode_runs_through_on_a_finished_account(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    assert ansible.role(**ONE, **settings(dns)).returncode == 0
    run = ansible.role("--check", **ONE, **settings(dns))
    assert (run.returncode, run.changed) == (0, []), run.output


# Other ways


def test_manual_publishing_ends_well_with_what_is_to_be_published(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.role(**ONE, **dict(settings(dns), dns_provider="manual"))
    assert run.returncode == 0, run.output
    shown = [" ".join(line.split()) for line in run.of("Show what is to be published")["msg"]]
    assert len(shown) == 9
    assert "bounce.mail.acorn.example. 3600 IN MX 10 feedback-smtp.us-east-1.amazonses.com." in shown
    (result,) = run.of("Set the fact sending_profile_results")["ansible_facts"][RESULTS]
    assert (result["state"], result["failed"], len(result["records"])) == ("pending", False, 9)
    assert simulator.requests(method="PUT") == []


@pytest.mark.thorough
def test_manual_publishing_goes_on_to_verify_where_dns_answers(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    manual = dict(settings(dns), dns_provider="manual")
    run = ansible.role(**ONE, **manual)
    for record in run.of(LOOK_UP)["dns_records"]:
        dns.add(record["fqdn"], record["type"], record["rdata"])
    assert ansible.role(**ONE, **manual).returncode == 0
    assert states(simulator) == ["active"]


def test_own_dns_tasks_get_the_records(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    provider, secrets = dns.octodns_provider()
    (ansible.workdir / "own.yml").write_text(
        json.dumps(
            [
                {
                    "name": "Publish in my own way",
                    "smtpd.email.smtpd_dns_records": {
                        "records": "{{ sending_profile_dns_records }}",
                        "provider": provider,
                        "provider_secrets": secrets,
                        "zones": ["acorn.example", "acorn-links.example"],
                    },
                }
            ]
        )
    )
    run = ansible.role(**ONE, **dict(settings(dns), dns_provider="own.yml"))
    assert run.returncode == 0, run.output
    assert run.of("Publish in my own way")["changed"] is True
    assert states(simulator) == ["active"]


@pytest.mark.thorough
def test_without_verification_it_ends_once_the_records_are_published(
    ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.role(**ONE, **settings(dns), verify=False)
    assert run.returncode == 0, run.output
    assert states(simulator) == ["pending"] and simulator.requests(method="PUT") == []


@pytest.mark.parametrize(
    "tag, ran",
    [
        ("preflight", [LOOK_BEFORE]),
        ("create", [CREATE]),
        ("lookup", [LOOK_UP]),
        ("dns", [LOOK_UP, PUBLISH]),
        ("propagation", [LOOK_UP, ASK]),
        ("verify", [LOOK_UP, VERIFY]),
    ],
)
def test_a_stage_runs_alone_by_its_tag(
    tag: str, ran: list[str], ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    simulator.seed(
        profile_name="newsletter",
        sending_domain="mail.acorn.example",
        link_domain="go.acorn-links.example",
        bounce_domain="bounce.mail.acorn.example",
        state="pending",
    )
    run = ansible.role("--tags", tag, **ONE, **dict(settings(dns), wait_timeout=1))
    done = [
        item["action"]
        for item in run.results
        if item["action"].startswith("smtpd.email.") and item["status"] != "skipped"
    ]
    names = [
        item["task"].rpartition(" : ")[2]
        for item in run.results
        if item["action"].startswith("smtpd.email.") and item["status"] != "skipped"
    ]
    assert (names, len(done)) == (ran, len(ran))


@pytest.mark.thorough
@pytest.mark.parametrize(
    "skipped, state",
    [
        ("lookup", "active"),
        ("report", "active"),
        ("propagation,report", "active"),
        ("verify", "pending"),
        ("verify,propagation", "pending"),
        ("lookup,verify,report", "pending"),
    ],
)
def test_a_stage_that_is_skipped_takes_no_other_with_it(
    skipped: str, state: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.role("--skip-tags", skipped, **ONE, **settings(dns))
    assert (run.returncode, states(simulator)) == (0, [state]), run.output
    assert "l.smtpdgo.com." in dns.zone_text("acorn-links.example"), "published all the same"


def test_a_stage_that_runs_alone_fails_by_itself(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    simulator.seed(profile_name="newsletter", sending_domain="mail.acorn.example", state="pending")
    assert ansible.role("--tags", "create", **ONE, **settings(dns)).failed, "the links differ"
    assert ansible.role("--tags", "verify", **ONE, **dict(settings(dns), wait_timeout=1)).failed, "nothing is published"


@pytest.mark.thorough
def test_tags_of_the_users_own_run_all_stages(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "roles": [{"role": "smtpd.email.sending_profile", "tags": ["mail"]}],
    }
    variables = {"sending_profile_" + name: value for name, value in {**ONE, **settings(dns)}.items()}
    run = ansible.playbook([play], "--tags", "mail", **variables)
    assert (run.returncode, states(simulator)) == (0, ["active"]), run.output
    assert not run.of(LOOK_BEFORE).get("results") and len(simulator.requests(method="POST")) == 1


@pytest.mark.parametrize(
    "variables, named",
    [
        ({"dns_provider": "octodns", "dns_octodns": {}}, "sending_profile_dns_octodns"),
        ({"dns_provider": "nowhere.yml"}, "sending_profile_dns_provider"),
        ({"dns_conflict": "ignore"}, "sending_profile_dns_conflict"),
        ({"dns_octodns": {"class": "octodns_azure.AzureProvider"}}, "octodns-azure"),
        ({"dns_zones": ["acorn.example"]}, "no zone for go.acorn-links.example"),
        ({"sending_domain": "no domain"}, "sending_domain"),
        ({"name": "", "sending_domain": ""}, "sending_domain"),
        ({"wait_timeout": -1}, "wait_timeout"),
        ({"dns_transfer_limits": {"names": 1}}, "transfer_limits.names"),
        ({"dns_transfer_limits": {"seconds": -1}}, "transfer_limits.seconds"),
        ({"dns_transfer_limits": {"second": 9}}, "second"),
        ({"dmarc": "p=none"}, "sending_profile_dmarc"),
    ],
)
def test_bad_variables_are_told_before_anything_is_written(
    variables: dict[str, Any], named: str, ansible: Ansible, simulator: Simulator, dns: BindServer
) -> None:
    run = ansible.role(**{**ONE, **settings(dns), **variables})
    assert run.returncode != 0 and named in run.output
    assert simulator.requests(method="POST") == []


def test_no_secret_is_shown_at_any_verbosity(ansible: Ansible, simulator: Simulator, dns: BindServer) -> None:
    run = ansible.role(
        "-vvvv",
        "--diff",
        **ONE,
        **settings(dns),
        api_key=simulator.api_key,
        api_secret=simulator.api_secret,
        environ={"SMTPD_ACCESS_TOKEN": ""},
    )
    assert run.returncode == 0, run.output
    for secret in (simulator.api_secret, dns.key_secret):
        assert secret not in run.output
