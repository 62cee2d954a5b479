# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection ships for AWX: by AWX's rules, and in agreement with the playbooks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.smtpd.email.plugins.module_utils._options import CONNECTION_OPTIONS, resolve_connection
from tests.support.awx_rules import (
    check_credential,
    check_credential_type,
    check_for_eda,
    check_rrule,
    check_survey,
    render_injectors,
    stored_values,
)

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "playbooks" / "vars" / "awx.yml"
TEXT = DATA.read_text(encoding="utf-8")
SETTINGS = sorted(set(re.findall(r"\bsmtpd_awx_\w+", re.sub(r"__smtpd_awx\w*", "", TEXT))))

# The keys of infra.aap_configuration, of which the lists are made: what each of its roles reads of an item.
KEYS = {
    "controller_execution_environments": "name description organization image pull credential",
    "controller_credential_types": "name description kind inputs injectors",
    "controller_credentials": "name description organization credential_type inputs state update_secrets",
    "controller_projects": "name description organization scm_type scm_url scm_branch credential default_environment",
    "controller_inventories": "name description organization kind variables",
    "controller_inventory_sources": "name description inventory organization source source_path source_vars source_project "
    "credential execution_environment overwrite overwrite_vars update_on_launch update_cache_timeout",
    "controller_templates": "name description organization job_type inventory project playbook execution_environment credentials "
    "extra_vars ask_variables_on_launch ask_job_type_on_launch ask_diff_mode_on_launch ask_limit_on_launch "
    "ask_job_slice_count_on_launch ask_tags_on_launch job_slice_count allow_simultaneous survey_enabled "
    "survey_spec notification_templates_error",
    "controller_schedules": "name description organization unified_job_template rrule enabled extra_data",
    "controller_workflows": "name description organization allow_simultaneous survey_enabled survey_spec simplified_workflow_nodes "
    "notification_templates_error notification_templates_approvals",
}
NODE_KEYS = set(
    "identifier unified_job_template job_type diff_mode extra_data success_nodes failure_nodes always_nodes "
    "approval_node".split()
)

# Other values than the defaults, and such as an AWX could have.
OTHER = {
    "smtpd_awx_job_variables": {
        "sending_profile_dns_provider": "mine.yml",
        "sending_profile_dns_zones": ["example.com"],
    },
    "smtpd_awx_job_credentials": ["Route 53"],
    "smtpd_awx_credential_inputs": {"access_token": "t", "insecure": True},
    "smtpd_awx_notification_templates": ["Mail to the team"],
    "smtpd_awx_audit_variables": {"smtpd_audit_fail_on": "degraded"},
    "smtpd_awx_approval_timeout": 600,
    "smtpd_awx_schedules_enabled": False,
    "smtpd_awx_heal_rrule": "DTSTART:20270101T000000Z RRULE:FREQ=HOURLY;INTERVAL=2",
    "smtpd_awx_audit_rrule": "DTSTART:20270101T000000Z RRULE:FREQ=WEEKLY;INTERVAL=1",
}


def render(folder: Path, environ: dict[str, str], **variables: Any) -> dict[str, Any]:
    """The data as Ansible has it, whoever takes it."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(DATA)],
        "tasks": [
            {
                "copy": {
                    "dest": str(folder / "data.json"),
                    "mode": "0600",
                    "content": "{{ {%s} | to_json }}" % ", ".join("'%s': %s" % (name, name) for name in KEYS),
                }
            }
        ],
    }
    (folder / "play.json").write_text(json.dumps([play]))
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        str(folder / "play.json"),
        "-e",
        json.dumps(variables),
    ]
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "ANSIBLE_REMOTE_TMP": str(folder / "tmp"),
            "LC_ALL": "C.UTF-8",
            **environ,
        },
    )
    return json.loads((folder / "data.json").read_text())


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return render(
        tmp_path_factory.mktemp("shipped"), {"SMTPD_API_KEY": "k", "SMTPD_API_SECRET": "s", "SMTPD_ACCESS_TOKEN": ""}
    )


@pytest.fixture(scope="module")
def overridden(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    other = {name: OTHER.get(name, "other " + name) for name in SETTINGS}
    return render(tmp_path_factory.mktemp("overridden"), {}, **other)


def credential_type(data: dict[str, Any]) -> dict[str, Any]:
    (item,) = data["controller_credential_types"]
    return item


def surveys(data: dict[str, Any]) -> list[dict[str, Any]]:
    owners = data["controller_templates"] + data["controller_workflows"]
    return [item["survey_spec"] for item in owners if item.get("survey_enabled")]


# By the rules of AWX


def test_the_credential_type_is_accepted_by_awx_and_by_event_driven_ansible(shipped: dict[str, Any]) -> None:
    item = credential_type(shipped)
    assert item["kind"] == "cloud"
    check_credential_type(item["inputs"], item["injectors"])
    check_for_eda(item["inputs"], item["injectors"])
    # AWX adds it where it is missing, and then each run would see a difference.
    assert all("type" in field for field in item["inputs"]["fields"])


def test_surveys_and_times_are_accepted_by_awx(shipped: dict[str, Any], overridden: dict[str, Any]) -> None:
    for data in (shipped, overridden):
        assert len(surveys(data)) == 2
        for survey in surveys(data):
            check_survey(survey)
        for schedule in data["controller_schedules"]:
            check_rrule(schedule["rrule"])


def test_credentials_fit_their_type(shipped: dict[str, Any], overridden: dict[str, Any]) -> None:
    for data in (shipped, overridden):
        for item in data["controller_credentials"]:
            check_credential(credential_type(data)["inputs"], item["inputs"])


def test_the_credential_is_never_overwritten(shipped: dict[str, Any]) -> None:
    assert all(
        (item["state"], item["update_secrets"]) == ("exists", False) for item in shipped["controller_credentials"]
    )


def test_the_keys_are_those_of_infra_aap_configuration(shipped: dict[str, Any]) -> None:
    for name, keys in KEYS.items():
        assert shipped[name], name
        assert {key for item in shipped[name] for key in item} <= set(keys.split()), name
    nodes = [node for item in shipped["controller_workflows"] for node in item["simplified_workflow_nodes"]]
    assert {key for node in nodes for key in node} <= NODE_KEYS


def test_the_playbook_uses_each_key_that_is_there(shipped: dict[str, Any]) -> None:
    text = (ROOT / "playbooks" / "tasks" / "awx_present.yml").read_text(encoding="utf-8")
    used = set(re.findall(r"\bitem(?:\.[01])?\]?\.(\w+)", text)) | {"simplified_workflow_nodes"}
    present = {key for name in KEYS for item in shipped[name] for key in item}
    present |= {
        key for item in shipped["controller_workflows"] for node in item["simplified_workflow_nodes"] for key in node
    }
    assert present <= used


# In agreement with the collection


def environment(data: dict[str, Any], **given: Any) -> dict[str, str]:
    """The environment of a job with a credential of these inputs."""
    item = credential_type(data)
    return render_injectors(item["injectors"], stored_values(item["inputs"], given))


def test_there_is_a_field_for_each_connection_option_that_comes_from_the_environment(shipped: dict[str, Any]) -> None:
    assert environment(shipped).keys() == {option.env[0] for option in CONNECTION_OPTIONS.values() if option.env}


def test_every_secret_option_is_a_secret_field(shipped: dict[str, Any]) -> None:
    secret = {field["id"] for field in credential_type(shipped)["inputs"]["fields"] if field.get("secret")}
    assert secret == {name for name, option in CONNECTION_OPTIONS.items() if option.secret}


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"access_token": "t"}, ("t", None, None)),
        ({"api_key": "k", "api_secret": "s"}, (None, "k", "s")),
        ({"access_token": "t", "api_key": "k", "api_secret": "s"}, ("t", None, None)),
    ],
)
def test_the_collection_gets_along_with_fields_that_are_left_empty(
    given: dict[str, str], expected: tuple[str | None, ...], shipped: dict[str, Any]
) -> None:
    environ = environment(shipped, **given)
    options = {name: environ[option.env[0]] or None for name, option in CONNECTION_OPTIONS.items() if option.env}
    connection = resolve_connection({"timeout": options["timeout"], "api_url": options["api_url"]}, environ)
    assert (connection.access_token, connection.api_key, connection.api_secret) == expected


def test_tls_is_checked_unless_the_credential_says_otherwise(shipped: dict[str, Any]) -> None:
    assert environment(shipped)["SMTPD_VALIDATE_CERTS"] == "true"
    assert environment(shipped, insecure=True)["SMTPD_VALIDATE_CERTS"] == "false"


def test_credentials_come_from_the_environment_where_they_are_set(shipped: dict[str, Any]) -> None:
    assert shipped["controller_credentials"][0]["inputs"] == {"api_key": "k", "api_secret": "s"}


def test_every_playbook_and_inventory_file_is_there(shipped: dict[str, Any]) -> None:
    for template in shipped["controller_templates"]:
        assert yaml.safe_load((ROOT / template["playbook"]).read_text())[0]["hosts"]
    for source in shipped["controller_inventory_sources"]:
        assert source["source_path"].endswith("smtpd.yml")
        assert yaml.safe_load((ROOT / source["source_path"]).read_text())["plugin"] == "smtpd.email.smtpd"


def test_every_answer_is_used_by_the_playbook_or_the_role(shipped: dict[str, Any]) -> None:
    playbook = (ROOT / "playbooks" / "setup.yml").read_text(encoding="utf-8")
    specs = yaml.safe_load((ROOT / "roles" / "sending_profile" / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    code = "\n".join(line for line in playbook.splitlines() if not line.startswith("#"))
    for question in [question for survey in surveys(shipped) for question in survey["spec"]]:
        assert question["variable"] in options or re.search(r"\b%s\b" % question["variable"], code), question[
            "variable"
        ]


def test_an_answer_that_can_be_left_empty_is_a_text(shipped: dict[str, Any]) -> None:
    specs = yaml.safe_load((ROOT / "roles" / "sending_profile" / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    for question in [
        question for survey in surveys(shipped) for question in survey["spec"] if not question["required"]
    ]:
        assert question["default"] == ""
        assert options.get(question["variable"], {"type": "str"})["type"] == "str"


def test_every_node_before_the_approval_leaves_dns_alone(shipped: dict[str, Any]) -> None:
    (workflow,) = shipped["controller_workflows"]
    nodes = {node["identifier"]: node for node in workflow["simplified_workflow_nodes"]}
    order = ["create"]
    while nodes[order[-1]].get("success_nodes"):
        order += nodes[order[-1]]["success_nodes"]
    assert sorted(order) == sorted(nodes), "each is reached, one after the other"
    before = order[: next(number for number, name in enumerate(order) if "approval_node" in nodes[name])]
    assert before == ["create", "plan"]
    for name in before:
        writes_nothing = nodes[name].get("job_type") == "check"
        shows_only = nodes[name].get("extra_data", {}).get("sending_profile_dns_provider") == "manual"
        assert writes_nothing or shows_only, name
    asked = {question["variable"] for question in workflow["survey_spec"]["spec"]}
    # AWX gives the answers of a workflow to every node, over what the node itself says.
    assert not asked & {name for node in nodes.values() for name in node.get("extra_data", {})}


# Overriding


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_changes_what_is_made(name: str, overridden: dict[str, Any]) -> None:
    value = OTHER.get(name, "other " + name)
    # Before ansible-core 2.19 a template makes a text of a number, which AWX's modules take for the number.
    assert _holds(overridden, value) or _holds(overridden, str(value)), name


def test_no_name_is_left_that_was_overridden(shipped: dict[str, Any], overridden: dict[str, Any]) -> None:
    for kind in KEYS:
        assert not {item["name"] for item in shipped[kind]} & {item["name"] for item in overridden[kind]}


def test_a_dns_provider_of_ones_own_is_a_choice_of_the_form(overridden: dict[str, Any]) -> None:
    question = next(
        item for item in surveys(overridden)[0]["spec"] if item["variable"] == "sending_profile_dns_provider"
    )
    assert (question["choices"], question["default"]) == (["manual", "octodns", "mine.yml"], "mine.yml")


# The guide

GUIDE = (ROOT / "docs" / "docsite" / "rst" / "guide_awx.rst").read_text(encoding="utf-8")


def test_the_guide_has_every_setting_and_no_other() -> None:
    table = set(re.findall(r"^``(smtpd_awx_\w+)``", GUIDE, re.MULTILINE))
    assert table == {*SETTINGS, "smtpd_awx_state"}


def test_the_credential_type_of_the_guide_is_the_one_that_is_made(shipped: dict[str, Any]) -> None:
    blocks = [
        yaml.safe_load(textwrap.dedent(block))
        for block in re.findall(r"^\.\. code-block:: yaml\S*\n\n((?:   .*\n|\n)+)", GUIDE, re.MULTILINE)
    ]
    assert credential_type(shipped)["inputs"] in blocks
    assert credential_type(shipped)["injectors"] in blocks


def _holds(data: Any, value: Any) -> bool:
    if data == value and type(data) is type(value):
        return True
    if isinstance(value, list) and isinstance(data, list) and all(item in data for item in value):
        return True
    if isinstance(value, str) and isinstance(data, str):
        return value in data
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else []
    return any(_holds(item, value) for item in inner)
