# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook smtpd.email.awx_setup, with the real modules of awx.awx, against an AWX of the tests."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.integration.conftest import Ansible, Run, make_environ
from tests.support.awx import AwxServer
from tests.support.collections import foreign_collections

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "registry.example.com/smtpd-ee:0.1.0"
# The tests look at a sequence of runs.
pytestmark = [pytest.mark.xdist_group("awx_setup"), pytest.mark.thorough]

SECRET, LATER_SECRET = "geheim-am-anfang", "geheim-viel-spaeter"
KINDS = [
    "execution_environments",
    "credential_types",
    "credentials",
    "projects",
    "inventories",
    "inventory_sources",
    "job_templates",
    "schedules",
    "workflow_job_templates",
    "workflow_job_template_nodes",
]


def playbooks_of_the_project() -> list[str]:
    """The files of this repository that AWX takes for playbooks, by its own rules."""
    play = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?import_playbook):\s*?.*?$", re.MULTILINE)
    files = [path for path in (ROOT / "playbooks").rglob("*.yml") if play.search(path.read_text(encoding="utf-8"))]
    return [str(path.relative_to(ROOT)) for path in files if "tasks" not in path.parts]


@dataclass
class Step:
    """One run, what it wrote, and what there was after it."""

    run: Run
    writes: list[str]
    names: dict[str, list[str]]


class Controller:
    """Runs the playbook against an AWX."""

    def __init__(self, ansible: Ansible, awx: AwxServer) -> None:
        self.ansible = ansible
        self.awx = awx

    def setup(self, *flags: str, environ: dict[str, str] | None = None, **variables: Any) -> Step:
        self.awx.writes.clear()
        run = self.ansible.shipped("awx_setup", *flags, environ=environ, **{"smtpd_awx_image": IMAGE, **variables})
        return Step(run, list(self.awx.writes), {kind: self.awx.names(kind) for kind in KINDS})


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    folder = tmp_path_factory.mktemp("awx")
    path = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(foreign_collections("awx.awx"))])
    with AwxServer(playbooks_of_the_project()) as awx:
        environ = {
            **make_environ(folder / "home"),
            "ANSIBLE_COLLECTIONS_PATH": path,
            "ANSIBLE_PIPELINING": "true",
            "CONTROLLER_HOST": awx.url,
            "CONTROLLER_OAUTH_TOKEN": awx.token,
            "SMTPD_API_KEY": "key-1",
            "SMTPD_API_SECRET": SECRET,
        }
        yield Controller(Ansible(folder, environ, timeout=600), awx)


@pytest.fixture(scope="module")
def checked(controller: Controller) -> Step:
    """A run in check mode, with nothing there, that reaches AWX by the variables of infra.aap_configuration."""
    awx = controller.awx
    return controller.setup(
        "--check",
        environ={"CONTROLLER_HOST": "", "CONTROLLER_OAUTH_TOKEN": ""},
        aap_hostname=awx.url,
        aap_username=awx.username,
        aap_password=awx.password,
        aap_validate_certs=False,
    )


@pytest.fixture(scope="module")
def made(controller: Controller, checked: Step) -> Step:
    """The first run, which tells all that it can."""
    return controller.setup("-vvvv", "--diff")


@pytest.fixture(scope="module")
def again(controller: Controller, made: Step) -> Step:
    """A second run, when a person has typed another secret and a field more into AWX, and another one is in the environment."""
    credential = controller.awx.one("credentials", "SMTPD").fields
    credential["inputs"] = {**credential["inputs"], "api_secret": LATER_SECRET, "timeout": "5"}
    return controller.setup(environ={"SMTPD_API_SECRET": "something else"})


@pytest.fixture(scope="module")
def kept(controller: Controller, again: Step) -> dict[str, Any]:
    """The inputs of the credential after it."""
    return dict(controller.awx.one("credentials", "SMTPD").fields["inputs"])


@pytest.fixture(scope="module")
def removed(controller: Controller, kept: dict[str, Any]) -> Step:
    """What takes all of it away."""
    return controller.setup(smtpd_awx_state="absent", smtpd_awx_image="")


def test_check_mode_runs_through_where_nothing_is_there_and_writes_nothing(checked: Step) -> None:
    assert checked.run.returncode == 0, checked.run.output
    assert checked.writes == []
    assert "Make the credential types" in checked.run.changed


def test_one_run_makes_all_that_is_needed(made: Step) -> None:
    assert made.run.returncode == 0, made.run.output
    assert made.names == {
        "execution_environments": ["SMTPD"],
        "credential_types": ["SMTPD"],
        "credentials": ["SMTPD"],
        "projects": ["SMTPD"],
        "inventories": ["SMTPD profiles"],
        "inventory_sources": ["SMTPD account"],
        "job_templates": ["SMTPD: set up", "SMTPD: heal", "SMTPD: audit"],
        "schedules": ["SMTPD: heal", "SMTPD: audit"],
        "workflow_job_templates": ["SMTPD: set up with approval"],
        "workflow_job_template_nodes": ["create", "plan", "approve", "publish"],
    }


def test_job_templates_have_credential_survey_and_execution_environment(made: Step, controller: Controller) -> None:
    awx = controller.awx
    template = awx.one("job_templates", "SMTPD: set up")
    assert awx.names_of(template, "credentials") == ["SMTPD"]
    assert [question["variable"] for question in template.survey["spec"]][0] == "sending_profile_sending_domain"
    environment = awx.awx.objects[template.fields["execution_environment"]]
    assert (environment.endpoint, environment.fields["image"]) == ("execution_environments", IMAGE)


def test_the_inventory_is_filled_by_the_plugin_with_the_credential(made: Step, controller: Controller) -> None:
    source = controller.awx.one("inventory_sources", "SMTPD account").fields
    assert (source["source"], source["source_path"]) == ("scm", "playbooks/inventory/smtpd.yml")
    assert source["credential"] == controller.awx.one("credentials", "SMTPD").id
    assert source["update_on_launch"] is True


def test_the_workflow_waits_for_an_approval_before_dns_is_written(made: Step, controller: Controller) -> None:
    awx = controller.awx
    nodes = {name: awx.one("workflow_job_template_nodes", name) for name in ("create", "plan", "approve", "publish")}
    assert {name: awx.names_of(node, "success_nodes") for name, node in nodes.items()} == {
        "create": ["plan"],
        "plan": ["approve"],
        "approve": ["publish"],
        "publish": [],
    }
    approval = awx.awx.objects[nodes["approve"].fields["unified_job_template"]]
    assert (approval.endpoint, approval.fields["timeout"]) == ("workflow_approval_templates", 172800)


def test_a_second_run_changes_nothing(again: Step) -> None:
    assert (again.run.returncode, again.run.changed, again.writes) == (0, [], []), again.run.output


def test_a_secret_that_is_there_is_never_overwritten(kept: dict[str, Any]) -> None:
    assert kept == {"api_key": "key-1", "api_secret": LATER_SECRET, "timeout": "5"}


def test_no_secret_is_shown_at_any_verbosity(made: Step, controller: Controller) -> None:
    assert SECRET not in made.run.output
    assert controller.awx.token not in made.run.output


def test_it_can_all_be_removed(removed: Step, controller: Controller) -> None:
    assert removed.run.returncode == 0, removed.run.output
    controller.awx.awx.finish_deletions()
    assert [item.endpoint for item in controller.awx.awx.objects.values()] == ["organizations"]
    # Nothing needs what was removed before it.
    assert [write.split()[1].split("/")[0] for write in removed.writes] == [
        "workflow_job_templates",
        *["job_templates"] * 3,
        "inventories",
        "projects",
        "credentials",
        "credential_types",
        "execution_environments",
    ]


def test_removing_again_changes_nothing(removed: Step, controller: Controller) -> None:
    step = controller.setup(smtpd_awx_state="absent")
    assert (step.run.returncode, step.run.changed, step.writes) == (0, [], []), step.run.output


@pytest.mark.parametrize(
    "variables, told",
    [
        ({"smtpd_awx_image": ""}, "smtpd_awx_image is not given"),
        ({"smtpd_awx_organization": "Nowhere"}, "There is no organization 'Nowhere'"),
        ({"smtpd_awx_state": "gone"}, "give present or absent"),
    ],
)
def test_bad_variables_are_told_before_anything_is_made(
    variables: dict[str, Any], told: str, removed: Step, controller: Controller
) -> None:
    step = controller.setup(**variables)
    assert step.run.returncode != 0
    assert told in step.run.output
    assert step.writes == []


def test_all_other_variables_may_be_blank(controller: Controller) -> None:
    texts = [(ROOT / "playbooks" / name).read_text(encoding="utf-8") for name in ("awx_setup.yml", "vars/awx.yml")]
    names = {name for text in texts for name in re.findall(r"\b(?<!__)(?:smtpd_awx|aap)_\w*[a-z]\b", text)}
    assert {"smtpd_awx_state", "smtpd_awx_schedules_enabled", "aap_validate_certs"} <= names
    step = controller.setup("--check", **dict.fromkeys(names - {"smtpd_awx_image"}, ""))
    assert step.run.returncode == 0, step.run.output
    assert step.writes == []
