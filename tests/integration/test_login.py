# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How modules log in, and that no secret is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.conftest import Ansible
from tests.simulator import Simulator

NO_TOKEN = {"SMTPD_ACCESS_TOKEN": ""}


def by_key(simulator: Simulator) -> dict[str, str]:
    return {"api_key": simulator.api_key, "api_secret": simulator.api_secret}


def test_key_and_secret_are_exchanged_for_a_token_once_a_run(ansible: Ansible, simulator: Simulator) -> None:
    result = ansible.ad_hoc(
        "smtpd_sending_profile",
        profile_name="p",
        sending_domain="mail.acorn.example",
        wait_interval=0.1,
        **by_key(simulator),
        environ=NO_TOKEN,
    )
    assert result["changed"] is True
    (grant,) = simulator.requests(path="/oauth/token")
    assert grant["method"] == "POST" and grant["query"] == {"grant_type": "password"}
    assert len(simulator.requests()) > 4


def test_they_are_taken_from_the_environment(ansible: Ansible, simulator: Simulator) -> None:
    environ = dict(NO_TOKEN, SMTPD_API_KEY=simulator.api_key, SMTPD_API_SECRET=simulator.api_secret)
    assert ansible.ad_hoc("smtpd_profile_info", environ=environ)["profiles"] == []


def test_options_win_over_a_stale_token_in_the_environment(ansible: Ansible, simulator: Simulator) -> None:
    result = ansible.ad_hoc("smtpd_profile_info", **by_key(simulator), environ={"SMTPD_ACCESS_TOKEN": "stale"})
    assert result["profiles"] == []


def test_a_token_that_expires_in_the_middle_is_replaced(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("list", status=401, body={"code": 40101, "message": "Token expired"})
    result = ansible.ad_hoc("smtpd_profile_info", **by_key(simulator), environ=NO_TOKEN)
    assert result["profiles"] == []
    assert len(simulator.requests(path="/oauth/token")) == 2


def test_a_wrong_secret_is_told_with_the_services_words_but_not_shown(ansible: Ansible, simulator: Simulator) -> None:
    result = ansible.ad_hoc(
        "smtpd_profile_info",
        "-vvvv",
        environ=dict(NO_TOKEN, SMTPD_API_KEY=simulator.api_key, SMTPD_API_SECRET="wr0ng-secret"),
    )
    assert result["failed"]
    assert (
        "POST /oauth/token: the service answered 403 (code 40102): Username and password are incorrect."
        in result["msg"]
    )
    assert "wr0ng-secret" not in result["output"]


def test_a_token_that_is_refused_is_told_but_not_shown(ansible: Ansible, simulator: Simulator) -> None:
    result = ansible.ad_hoc("smtpd_profile_info", "-vvvv", environ={"SMTPD_ACCESS_TOKEN": "wr0ng-token"})
    assert result["failed"] and "answered 401" in result["msg"] and "Check access_token" in result["msg"]
    assert "wr0ng-token" not in result["output"]


@pytest.mark.parametrize("flags", [[], ["-vvvv"], ["-vvvv", "--check", "--diff"]])
def test_no_secret_is_shown_at_any_verbosity(flags: list[str], ansible: Ansible, simulator: Simulator) -> None:
    result = ansible.ad_hoc(
        "smtpd_sending_profile",
        *flags,
        profile_name="p",
        sending_domain="mail.acorn.example",
        wait=False,
        **by_key(simulator),
        environ=NO_TOKEN,
    )
    authorizations = {request["headers"]["Authorization"].split()[1] for request in simulator.requests()}
    assert len(authorizations) == 2, "the grant and the minted token"
    for secret in {simulator.api_key, simulator.api_secret, *authorizations}:
        assert secret not in result["output"]


def test_an_answer_that_repeats_the_token_is_masked(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("list", status=400, body={"code": 1, "message": "bad token " + simulator.token})
    result = ansible.ad_hoc("smtpd_profile_info", "-vvvv")
    assert result["failed"] and "bad token ********" in result["msg"]
    assert simulator.token not in result["output"]


def test_a_netrc_file_is_not_read(ansible: Ansible, simulator: Simulator) -> None:
    netrc = Path(ansible.environ["HOME"], ".netrc")
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    netrc.chmod(0o600)
    assert ansible.ad_hoc("smtpd_profile_info")["profiles"] == []


def test_defaults_are_set_by_the_action_group(ansible: Ansible, simulator: Simulator) -> None:
    simulator.seed(profile_name="p", sending_domain="mail.acorn.example", state="active")
    run = ansible.tasks(
        {"smtpd.email.smtpd_profile_info": {}},
        {"smtpd.email.smtpd_sending_profile": {"profile_name": "p"}},
        {"smtpd.email.smtpd_sending_profiles": {"profiles": [{"profile_name": "p"}]}},
        module_defaults={"group/smtpd.email.smtpd": {"api_url": simulator.url, "access_token": simulator.token}},
        environ={"SMTPD_API_URL": "", "SMTPD_ACCESS_TOKEN": ""},
    )
    assert run.returncode == 0, run.output
    assert len(run.results) == 3


def test_blank_options_count_as_not_given(ansible: Ansible, simulator: Simulator) -> None:
    blank = {
        name: ""
        for name in (
            "api_url",
            "access_token",
            "api_key",
            "api_secret",
            "validate_certs",
            "ca_path",
            "timeout",
            "retries",
        )
    }
    environ = {"SMTPD_HOST": "ignored.example", "SMTPD_VALIDATE_CERTS": "", "SMTPD_TIMEOUT": "", "SMTPD_CA_PATH": ""}
    assert ansible.ad_hoc("smtpd_profile_info", **blank, environ=environ)["profiles"] == []
