# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of the service and of DNS stays text, whatever shows it: the terminal, a zone file, an artifact."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Ansible
from tests.integration.test_role import LOOK_UP, RESULTS, settings
from tests.simulator import Simulator
from tests.support.bind import BindServer

FORGED = "forged: all is well"
# Line breaks, colours, a title for the terminal's window, C1 controls, and a change of direction.
CONTROLS = "\n%s\r\x1b[2J\x1b]0;title\x07\x9b31m\x85\u2028\u202e" % FORGED
INJECTED = "evil.acorn.example. 60 IN A 203.0.113.66"


def is_harmless(output: str) -> bool:
    """Whether nothing in an output of lines controls the terminal that shows it, or passes for a line of Ansible's own."""
    lines = output.split("\n")
    return all(line.isprintable() for line in lines) and not any(line.strip().startswith(FORGED) for line in lines)


def seed(simulator: Simulator, name: str, **fields: Any) -> dict[str, Any]:
    domain = "%s.acorn.example" % name
    return simulator.seed(
        profile_name=fields.pop("profile_name", name),
        sending_domain=domain,
        link_domain="go." + domain,
        bounce_domain="bounce." + domain,
        state=fields.pop("state", "pending"),
        **fields,
    )


@pytest.mark.parametrize("result_format", ["json", "yaml"])
def test_a_record_that_would_be_syntax_fails_its_profile_and_the_others_are_shown(
    ansible: Ansible, simulator: Simulator, dns: BindServer, result_format: str
) -> None:
    good = seed(simulator, "good")
    bad = seed(simulator, "bad", profile_name="bad" + CONTROLS)
    records = [
        *bad["dns_records"],
        {"name": "$INCLUDE /etc/passwd", "type": "TXT", "value": "x"},
        {"name": "bad.acorn.example.\n" + INJECTED, "type": "TXT", "value": "x"},
    ]
    simulator.patch(bad["profile_id"], dns_records=records)
    ids = [{"profile_id": profile["profile_id"]} for profile in (good, bad)]
    run = ansible.role(
        **dict(settings(dns), dns_provider="manual"),
        list=ids,
        environ={"ANSIBLE_CALLBACK_RESULT_FORMAT": result_format},
    )
    shown = run.of("Show what is to be published")["msg"]
    assert len(shown) == 9 and all(line.split()[0].endswith(".good.acorn.example.") for line in shown)
    assert not any(line.startswith(("$", "evil")) for line in shown)
    assert len(run.of(LOOK_UP)["dns_records"]) == 9
    results = run.of("Set the fact sending_profile_results")["ansible_facts"][RESULTS]
    assert [result["failed"] for result in results] == [False, True]
    assert run.returncode == 2
    assert "$INCLUDE /etc/passwd" in results[1]["todo"] and is_harmless(results[1]["todo"])
    assert is_harmless(run.output), run.output


def test_an_error_that_quotes_the_service_does_not_control_a_terminal(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject(endpoint="list", status=400, body={"code": "4" + CONTROLS, "message": "no" + CONTROLS}, times=50)
    refused = ansible.ad_hoc("smtpd_profile_info")
    assert refused["failed"] and "\\u001b[2J" in refused["msg"]
    assert is_harmless(refused["output"]), refused["output"]
    simulator.clear_faults()
    for number in range(2):
        seed(simulator, "twin", profile_name="twin", state="s%d%s" % (number, CONTROLS))
    several = ansible.ad_hoc("smtpd_sending_profile", profile_name="twin", sending_domain="twin.acorn.example")
    assert several["msg"].startswith("2 profiles match")
    assert is_harmless(several["output"]), several["output"]


def test_text_of_dns_does_not_control_a_terminal(ansible: Ansible, dns: BindServer) -> None:
    dns.add("bounce.acorn.example", "TXT", '"v=spf1 \\010%s\\013\\027[2J\\194\\155 -all"' % FORGED)
    record = {"name": "bounce.acorn.example", "type": "TXT", "value": "v=spf1 include:amazonses.com ~all"}
    found = ansible.ad_hoc("smtpd_dns_info", records=[record], nameservers=[dns.address], wait=True, wait_timeout=0)
    assert found["failed"] and FORGED in found["records"][0]["found"][0]
    assert is_harmless(found["output"]), found["output"]
    dns.add("_dmarc.acorn.example", "TXT", '"v=DMARC1; p=none; \\027[2J\\194\\155 \\226\\128\\174 \\255"')
    domains = {"sending_domain": "acorn.example", "bounce_domain": "bounce.acorn.example"}
    looked = ansible.ad_hoc("smtpd_preflight_info", **domains, nameservers=[dns.address])
    assert looked["dmarc"][0]["record"].startswith("v=DMARC1; p=none; \\u001b[2J\\u009b \\u202e \\udc")
    assert FORGED in "".join(finding["message"] for finding in looked["findings"])
    assert all(finding["message"].isprintable() for finding in looked["findings"])
    assert is_harmless(looked["output"]), looked["output"]


def test_a_profile_does_not_control_a_terminal(ansible: Ansible, simulator: Simulator) -> None:
    seed(simulator, "pine", profile_name="news" + CONTROLS, state="new" + CONTROLS)
    found = ansible.ad_hoc("smtpd_profile_info")
    assert FORGED in found["profiles"][0]["profile_name"]
    assert is_harmless(found["output"]), found["output"]
    (ansible.workdir / "mail.smtpd.yml").write_text("plugin: smtpd.email.smtpd\nsetup: true\n")
    seed(simulator, "pine", profile_name="other" + CONTROLS, state="old" + CONTROLS)
    listed = ansible.run("ansible-inventory", "-i", "mail.smtpd.yml", "--list", "--export")
    assert "Several profiles would have the same host name" in " ".join(listed.output.split())
    assert is_harmless(listed.output), listed.output
