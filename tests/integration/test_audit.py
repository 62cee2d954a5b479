# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit playbook against the simulator and BIND, as users run it."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path
from typing import Any, Iterator, Optional

import dns.flags
import dns.message
import dns.query
import dns.rcode
import junitparser
import prometheus_client.parser
import pytest

from tests.integration.conftest import Ansible, Run
from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.odd_dns import OddServer

FORMATS = ("html", "json", "junit", "prometheus")
HOSTILE = "{{ 7 * 7 }}<script>alert(1)</script>\u202e"


@pytest.fixture(scope="module")
def front(bind: BindServer) -> Iterator[OddServer]:
    """A name server that knows what BIND knows, but fails for the domain pine."""

    def respond(query: dns.message.Message) -> Optional[dns.message.Message]:
        if b"pine" in query.question[0].name.labels:
            response = dns.message.make_response(query)
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        answer = dns.query.udp(query, bind.host, port=bind.port, timeout=10)
        answer.id = query.id
        return answer

    with OddServer(respond) as server:
        yield server


def publish(bind: BindServer, *profiles: dict[str, Any]) -> None:
    texts = {"TXT": '"%s"', "MX": "10 %s.", "CNAME": "%s."}
    for record in [record for profile in profiles for record in profile["dns_records"]]:
        bind.add(record["name"], record["type"], texts[record["type"]] % record["value"])


def seed(simulator: Simulator, label: str, state: str = "active", **fields: Any) -> dict[str, Any]:
    domain = label + ".acorn.example"
    return simulator.seed(
        **{"profile_name": label, "sending_domain": domain, "link_domain": "go." + domain, "state": state, **fields}
    )


def audit(ansible: Ansible, server: Any, *flags: str, **variables: Any) -> Run:
    given = {"nameservers": [server.address], **variables}
    return ansible.shipped("audit", *flags, **{"smtpd_audit_" + name: value for name, value in given.items()})


def files(folder: Path) -> dict[str, str]:
    return {format: str(folder / ("report." + format)) for format in FORMATS}


def test_an_account_is_audited_against_the_service_and_dns_and_every_file_is_written(
    ansible: Ansible, simulator: Simulator, bind: BindServer, front: OddServer, tmp_path: Path
) -> None:
    bind.reset()
    now = int(time.time())
    right, removed, changed, uncertain, waiting, dead, hostile = [
        seed(simulator, "oak"),
        seed(simulator, "elm"),
        seed(simulator, "fir"),
        seed(simulator, "pine"),
        seed(simulator, "ash", "pending", modified_at_utc=now - 70 * 3600),
        seed(simulator, "box", "disabled"),
        seed(simulator, "yew", profile_name=HOSTILE),
    ]
    seed(simulator, "oak", "failed")
    publish(bind, right, removed, changed, uncertain, waiting, dead, hostile)
    bind.delete("go.elm.acorn.example", "CNAME")
    bind.delete("bounce.fir.acorn.example", "TXT")
    bind.add("bounce.fir.acorn.example", "TXT", '"v=spf1 -all"')
    before = bind.zone_text("acorn.example")
    simulator.clear_requests()

    # What an earlier node of a workflow passed on is there too.
    run = audit(ansible, front, "-vvv", account="acorn", summary={"profiles": 0}, **files(tmp_path))
    assert run.returncode == 0, run.output
    assert run.changed == []
    assert {request["method"] for request in simulator.requests()} == {"GET"}
    assert bind.zone_text("acorn.example") == before
    assert simulator.token not in run.output

    report = json.loads((tmp_path / "report.json").read_text())
    assert report["account"] == "acorn"
    assert {
        one["sending_domain"].split(".")[0] + " " + one["state"]: (one["status"], one["diagnosis"])
        for one in report["profiles"]
    } == {
        "oak active": ("ok", "right"),
        "oak failed": ("ok", "replaced"),
        "elm active": ("degraded", "records_wrong"),
        "fir active": ("degraded", "records_wrong"),
        "pine active": ("unknown", "dns_uncertain"),
        "ash pending": ("broken", "pending_records_right"),
        "box disabled": ("broken", "disabled_records_right"),
        "yew active": ("ok", "right"),
    }
    assert report["summary"]["first_limit"]["hours_left"] == pytest.approx(2.0, abs=0.1)
    found = {one["sending_domain"].split(".")[0]: one["records"][0] for one in report["profiles"] if one["records"]}
    assert (found["elm"]["fqdn"], found["elm"]["diagnosis"]) == ("go.elm.acorn.example.", "missing")
    assert (found["fir"]["diagnosis"], found["fir"]["found"]) == ("wrong_value", ['"v=spf1 -all"'])
    assert [server["server"] for server in found["pine"]["servers"]] == [front.address]

    (suite,) = list(junitparser.JUnitXml.fromfile(str(tmp_path / "report.junit")))
    assert (suite.tests, suite.failures, suite.skipped) == (8, 4, 1)
    metrics = (tmp_path / "report.prometheus").read_text()
    samples = [
        sample
        for family in prometheus_client.parser.text_string_to_metric_families(metrics)
        for sample in family.samples
    ]
    counts = {sample.labels["status"]: sample.value for sample in samples if sample.name == "smtpd_audit_profiles"}
    assert counts == {"ok": 3, "degraded": 2, "broken": 2, "unknown": 1}
    page = (tmp_path / "report.html").read_text()
    assert "2 of 8 profiles send no mail" in page and "<script" not in page
    assert all("{{ 7 * 7 }}" in (tmp_path / ("report." + format)).read_text() for format in FORMATS)
    assert {stat.S_IMODE((tmp_path / ("report." + format)).stat().st_mode) for format in FORMATS} == {0o644}

    summary = run.of("set_stats")["ansible_stats"]["data"]["smtpd_audit_summary"]
    assert summary == report["summary"]
    shown = run.of("Say what is the matter")["msg"]
    assert shown[0] == "8 profiles: 2 broken, 2 degraded, 1 unknown, 3 ok"
    assert len(shown) == 6 and shown[1].startswith("broken   ash.acorn.example (ash, ")


@pytest.mark.thorough
def test_it_fails_for_what_it_is_told_to_and_still_writes_the_report(
    ansible: Ansible, simulator: Simulator, bind: BindServer, tmp_path: Path
) -> None:
    seed(simulator, "oak", "disabled")
    run = audit(ansible, bind, fail_on="degraded, broken", json=str(tmp_path / "report.json"))
    assert run.returncode == 2
    assert run.failed[0].endswith("Fail if a profile is as it must not be")
    assert (
        run.of("Fail if a profile is as it must not be")["msg"] == "1 of 1 profiles is degraded or broken, see above."
    )
    assert json.loads((tmp_path / "report.json").read_text())["summary"]["status"] == "broken"


@pytest.mark.thorough
def test_check_mode_looks_and_writes_nothing(
    ansible: Ansible, simulator: Simulator, bind: BindServer, tmp_path: Path
) -> None:
    seed(simulator, "oak", "pending")
    run = audit(ansible, bind, "--check", "--diff", fail_on=["degraded"], **files(tmp_path))
    assert run.returncode == 0, run.output
    assert run.of("Say what is the matter")["msg"][0] == "1 profile: 1 broken"
    assert run.changed == [] and not list(tmp_path.glob("report.*"))


@pytest.mark.thorough
def test_only_the_selected_profiles_are_audited(
    ansible: Ansible, simulator: Simulator, bind: BindServer, tmp_path: Path
) -> None:
    seed(simulator, "oak")
    one = seed(simulator, "elm", "disabled")
    run = audit(ansible, bind, profiles=[{"profile_id": one["profile_id"]}], json=str(tmp_path / "report.json"))
    assert run.returncode == 0, run.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert [profile["sending_domain"] for profile in report["profiles"]] == ["elm.acorn.example"]


def test_no_profile_at_all_is_not_taken_for_health(ansible: Ansible, bind: BindServer) -> None:
    run = audit(ansible, bind, sending_domain="nobody.acorn.example", fail_on=["unknown"])
    assert run.returncode == 2
    assert run.of("Say what is the matter")["msg"] == [
        "No profile was found. Check the account, and what was selected."
    ]


@pytest.mark.thorough
def test_where_the_service_fails_for_one_profile_the_others_are_audited(
    ansible: Ansible, simulator: Simulator, bind: BindServer, tmp_path: Path
) -> None:
    bind.reset()
    lost, right = seed(simulator, "oak"), seed(simulator, "elm")
    publish(bind, lost, right)
    simulator.inject(path="*/%s/setup" % lost["profile_id"], status=500, html=True, times=99)
    run = audit(ansible, bind, json=str(tmp_path / "report.json"))
    assert run.returncode == 0, run.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert {one["profile_name"]: one["diagnosis"] for one in report["profiles"]} == {
        "oak": "no_records",
        "elm": "right",
    }
    assert "answered 500" in report["profiles"][0]["message"], report["profiles"][0]["message"]


def test_a_service_that_refuses_the_credentials_fails_it_and_leaves_the_last_report(
    ansible: Ansible, bind: BindServer, tmp_path: Path
) -> None:
    (tmp_path / "report.prometheus").write_text("the last one")
    run = audit(ansible, bind, access_token="wrong-token", prometheus=str(tmp_path / "report.prometheus"))
    assert run.returncode == 2 and run.failed[0].endswith("Look up the profiles and their DNS records")
    assert "wrong-token" not in run.output
    assert (tmp_path / "report.prometheus").read_text() == "the last one"


@pytest.mark.parametrize(
    "variables, told",
    [
        ({"htlm": "/tmp/x.html"}, "smtpd_audit_htlm: unknown variable. Did you mean 'smtpd_audit_html'?"),
        (
            {"fail_on": ["broken", "red"]},
            "smtpd_audit_fail_on is '['broken', 'red']': give a list of broken, degraded and unknown.",
        ),
        (
            {"junit": "/nowhere/at/all.xml"},
            "smtpd_audit_junit is '/nowhere/at/all.xml': give the path of a file in a folder that is there.",
        ),
        ({"dns_timeout": "soon"}, "smtpd_audit_dns_timeout"),
    ],
)
def test_a_variable_that_cannot_work_is_told_before_anything_is_asked(
    variables: dict[str, Any], told: str, ansible: Ansible, simulator: Simulator, bind: BindServer
) -> None:
    simulator.clear_requests()
    run = audit(ansible, bind, **variables)
    assert run.returncode == 2 and told in " ".join(run.output.split()).replace('\\"', '"').replace("\\'", "'")
    assert simulator.requests() == []


def test_a_name_server_that_is_silent_next_to_one_that_answers_is_seen(
    ansible: Ansible, simulator: Simulator, bind: BindServer, tmp_path: Path
) -> None:
    bind.reset()
    publish(bind, seed(simulator, "oak"))
    with OddServer(lambda _query: None) as down:
        run = audit(
            ansible, bind, nameservers=[down.address, bind.address], dns_timeout=0.5, html=str(tmp_path / "report.html")
        )
        address = down.address
    assert run.returncode == 0, run.output
    (audited,) = run.of("Set the fact smtpd_audit_report")["ansible_facts"]["smtpd_audit_report"]["profiles"]
    assert (audited["status"], audited["diagnosis"]) == ("unknown", "server_silent")
    assert address in (tmp_path / "report.html").read_text()
    assert address in str(run.of("Ask DNS for the records")["warnings"])
