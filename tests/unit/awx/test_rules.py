# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The AWX of the tests refuses what AWX refuses: otherwise the tests with it would show nothing."""

from __future__ import annotations

from typing import Any, Iterator

import pytest
import requests

from tests.support.awx import AwxServer
from tests.support.awx_rules import (
    Refused,
    check_answers,
    check_credential,
    check_credential_type,
    check_for_eda,
    check_rrule,
    check_survey,
)

FIELD = {"id": "token", "label": "Token", "type": "string"}
QUESTION = {"variable": "v", "question_name": "V", "type": "text", "required": False}


def survey(**question: Any) -> dict[str, Any]:
    return {"name": "", "description": "", "spec": [{**QUESTION, **question}]}


# Credential types


def test_a_plain_credential_type_is_accepted() -> None:
    check_credential_type({"fields": [FIELD], "required": ["token"]}, {"env": {"TOKEN": "{{ token }}"}})


@pytest.mark.parametrize(
    "change",
    [
        {"id": "1st"},
        {"id": "tower"},
        {"id": "a-b"},
        {"label": 1},
        {"type": "integer"},
        {"format": "email"},
        {"choices": []},
        {"choices": ["a", "a"]},
        {"ask_at_runtime": True},
        {"unknown": 1},
        {"default": False},
        {"type": "boolean", "default": "false"},
        {"type": "boolean", "secret": False},
        {"type": "boolean", "choices": ["a"]},
        {"type": "boolean", "format": "url"},
        {"type": "boolean", "multiline": True},
    ],
)
def test_a_field_against_the_rules_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_credential_type({"fields": [{**FIELD, **change}]}, {})


@pytest.mark.parametrize(
    "inputs",
    [
        {"fields": [FIELD, FIELD]},
        {"fields": [{"id": "token"}]},
        {"fields": [FIELD], "dependencies": {}},
        {"required": "token"},
    ],
)
def test_inputs_against_the_rules_are_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_credential_type(inputs, {})


@pytest.mark.parametrize(
    "injectors",
    [
        {"environment": {}},
        {"env": {"ANSIBLE_CONFIG": ""}},
        {"env": {"PATH": "{{ token }}"}},
        {"env": {"1ST": ""}},
        {"env": {"A": 1}},
        {"env": {"A": "\u00e4"}},
        {"env": {"A": "{{ tokn }}"}},
        {"env": {"A": "{{ token"}},
        {"env": {"A": "{{ token.__class__.mro() }}"}},
        {"file": {"key": ""}},
    ],
)
def test_injectors_against_the_rules_are_refused(injectors: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_credential_type({"fields": [FIELD]}, injectors)


@pytest.mark.parametrize("given", [{"tokn": "x"}, {"token": True}])
def test_a_credential_that_does_not_fit_its_type_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_credential({"fields": [FIELD]}, given)


@pytest.mark.parametrize(
    "inputs, injectors",
    [
        ({"fields": [{**FIELD, "id": "EDA_token"}]}, {}),
        ({}, {"env": {"eda": ""}}),
        ({}, {"env": {"A": ""}, "extra_vars": {"A": ""}}),
    ],
)
def test_what_only_event_driven_ansible_refuses(inputs: dict[str, Any], injectors: dict[str, Any]) -> None:
    check_credential_type(inputs, injectors)
    with pytest.raises(Refused):
        check_for_eda(inputs, injectors)


# Surveys, schedules


@pytest.mark.parametrize(
    "question",
    [
        {"default": ""},
        {"default": "x", "min": 1, "max": None},
        {"type": "integer", "default": 3},
        {"type": "integer", "default": ""},
        {"type": "multiplechoice", "choices": ["a", "b"], "default": "a"},
        {"type": "multiselect", "choices": "a\nb\n", "default": "a\nb"},
    ],
)
def test_a_plain_question_is_accepted(question: dict[str, Any]) -> None:
    check_survey(survey(**question))


@pytest.mark.parametrize(
    "question",
    [
        {"required": "false"},
        {"type": "boolean"},
        {"type": "integer", "default": "3"},
        {"default": 3},
        {"min": ""},
        {"max": "1024"},
        {"type": "multiplechoice"},
        {"type": "multiplechoice", "choices": ["a"], "default": "b"},
        {"type": "multiplechoice", "choices": ["a", "b"], "default": "a\nb"},
        {"default": "$encrypted$"},
        {"variable": None},
    ],
)
def test_a_question_against_the_rules_is_refused(question: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_survey(survey(**question))


@pytest.mark.parametrize("change", [{"spec": []}, {"spec": [QUESTION, QUESTION]}, {"name": None}])
def test_a_survey_against_the_rules_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_survey({**survey(), **change})


@pytest.mark.parametrize("answers", [{"w": "x"}, {"v": 1}])
def test_an_answer_against_the_rules_is_refused(answers: dict[str, Any]) -> None:
    check_answers(survey(), {"v": ""})
    with pytest.raises(Refused):
        check_answers(survey(), answers)


@pytest.mark.parametrize(
    "rrule",
    [
        "RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T000000Z",
        "DTSTART:20260101T000000 RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T000000Z RRULE:FREQ=DAILY",
        "DTSTART:20260101T000000Z RRULE:FREQ=SECONDLY;INTERVAL=1",
        "DTSTART:20260101T000000Z RRULE:FREQ=OFTEN;INTERVAL=1",
    ],
)
def test_a_time_against_the_rules_is_refused(rrule: str) -> None:
    check_rrule("DTSTART:20260101T000000Z RRULE:FREQ=DAILY;INTERVAL=1")
    with pytest.raises(Refused):
        check_rrule(rrule)


# The server


@pytest.fixture
def awx() -> Iterator[AwxServer]:
    with AwxServer(["playbooks/setup.yml"]) as server:
        yield server


def call(awx: AwxServer, method: str, path: str, **body: Any) -> tuple[int, Any]:
    response = requests.request(
        method,
        "%s/api/v2/%s" % (awx.url, path),
        json=body or None,
        timeout=10,
        headers={"Authorization": "Bearer " + awx.token},
    )
    return response.status_code, response.json() if response.content else None


def make(awx: AwxServer, endpoint: str, **fields: Any) -> int:
    status, made = call(awx, "POST", endpoint + "/", **fields)
    assert status == 201, made
    return made["id"]


def made_credential(awx: AwxServer) -> tuple[int, int]:
    fields = [{**FIELD, "secret": True}]
    its_type = make(awx, "credential_types", name="t", kind="cloud", inputs={"fields": fields}, injectors={})
    return its_type, make(
        awx, "credentials", name="c", organization=1, credential_type=its_type, inputs={"token": "geheim"}
    )


def test_the_inputs_of_a_credential_type_in_use_cannot_be_changed_but_its_injectors_can(awx: AwxServer) -> None:
    its_type, _credential = made_credential(awx)
    path = "credential_types/%d/" % its_type
    assert call(awx, "PATCH", path, inputs={"fields": []})[0] == 403
    assert call(awx, "PATCH", path, injectors={"env": {"TOKEN": "{{ token }}"}})[0] == 200
    assert call(awx, "DELETE", path)[0] == 403


def test_a_secret_is_not_shown_and_is_kept_when_it_is_sent_as_shown(awx: AwxServer) -> None:
    _type, credential = made_credential(awx)
    path = "credentials/%d/" % credential
    assert call(awx, "GET", path)[1]["inputs"] == {"token": "$encrypted$"}
    assert call(awx, "PATCH", path, inputs={"token": "$encrypted$"})[0] == 200
    assert awx.one("credentials", "c").fields["inputs"] == {"token": "geheim"}


def test_a_job_template_needs_a_playbook_that_the_project_has_once_it_is_updated(awx: AwxServer) -> None:
    project = make(awx, "projects", name="p", organization=1, scm_type="git")
    inventory = make(awx, "inventories", name="i", organization=1)
    template = {"name": "t", "project": project, "inventory": inventory, "playbook": "playbooks/setup.yml"}
    assert call(awx, "POST", "job_templates/", **template)[0] == 400
    while call(awx, "GET", "project_updates/%d/" % project)[1]["status"] != "successful":
        pass
    assert call(awx, "POST", "job_templates/", **{**template, "playbook": "setup.yml"})[0] == 400
    assert call(awx, "POST", "job_templates/", **template)[0] == 201
    assert call(awx, "POST", "job_templates/", **template)[0] == 400, "the name is taken"


def test_nodes_of_a_workflow_ask_only_what_their_template_lets_them_ask_and_run_in_no_circle(awx: AwxServer) -> None:
    project = awx.awx.store("projects", {"name": "p", "organization": 1, "scm_type": "git"})
    template = awx.awx.store("job_templates", {"name": "t", "project": project.id, "ask_diff_mode_on_launch": True}).id
    workflow = make(awx, "workflow_job_templates", name="w", organization=1)
    node = {"workflow_job_template": workflow, "unified_job_template": template}
    assert call(awx, "POST", "workflow_job_template_nodes/", identifier="a", job_type="check", **node)[0] == 400
    assert call(awx, "POST", "workflow_job_template_nodes/", identifier="a", extra_data={"v": 1}, **node)[0] == 400
    first = make(awx, "workflow_job_template_nodes", identifier="a", diff_mode=True, **node)
    second = make(awx, "workflow_job_template_nodes", identifier="b", **node)
    assert call(awx, "POST", "workflow_job_template_nodes/%d/success_nodes/" % first, id=second)[0] == 204
    assert call(awx, "POST", "workflow_job_template_nodes/%d/always_nodes/" % first, id=second)[0] == 400
    assert call(awx, "POST", "workflow_job_template_nodes/%d/success_nodes/" % second, id=first)[0] == 400


def test_what_belongs_to_an_object_is_deleted_with_it_and_an_inventory_later(awx: AwxServer) -> None:
    project = awx.awx.store("projects", {"name": "p", "organization": 1, "scm_type": "git"}).id
    inventory = make(awx, "inventories", name="i", organization=1)
    make(awx, "inventory_sources", name="s", inventory=inventory, source="scm", source_project=project)
    assert call(awx, "DELETE", "inventories/%d/" % inventory)[0] == 202
    assert call(awx, "DELETE", "inventories/%d/" % inventory)[0] == 400
    assert awx.names("inventory_sources") == ["s"]
    awx.awx.finish_deletions()
    assert awx.names("inventories") == awx.names("inventory_sources") == []


def test_names_are_unique_lists_are_filtered_and_paged_and_strangers_are_turned_away(awx: AwxServer) -> None:
    for number in range(30):
        make(awx, "inventories", name="i%d" % number, organization=1)
    assert call(awx, "POST", "inventories/", name="i7", organization=1)[0] == 400
    status, page = call(awx, "GET", "inventories/")
    assert (status, page["count"], len(page["results"])) == (200, 30, 25)
    assert len(call(awx, "GET", page["next"].removeprefix("/api/v2/"))[1]["results"]) == 5
    assert [item["name"] for item in call(awx, "GET", "inventories/?name=i7&organization=1")[1]["results"]] == ["i7"]
    assert call(awx, "GET", "inventories/?nme=i7")[0] == 400
    assert requests.get(awx.url + "/api/v2/inventories/", timeout=10).status_code == 401
