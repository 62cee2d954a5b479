# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A job over the inventory of profiles, cut into slices as AWX cuts it, and run by what AWX runs jobs with: ansible-runner."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import yaml

from tests.integration.conftest import BIN, make_environ
from tests.integration.test_role import settings
from tests.simulator import Simulator
from tests.support.awx_rules import render_injectors, stored_values
from tests.support.bind import BindServer

ROOT = Path(__file__).resolve().parents[2]
PROFILES, SLICES = 7, 2


def environment_of_a_job(simulator: Simulator) -> dict[str, str]:
    """What a credential of the shipped type injects, with the fields that were left empty."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
    data = yaml.load((ROOT / "playbooks" / "vars" / "awx.yml").read_text(), Loader)
    (its_type,) = data["controller_credential_types"]
    given = {"api_url": simulator.url, "access_token": simulator.token}
    return render_injectors(its_type["injectors"], stored_values(its_type["inputs"], given))


def listed(environ: dict[str, str]) -> dict[str, Any]:
    """The hosts as AWX imports them from the inventory file of the project."""
    command = [
        str(BIN / "ansible-inventory"),
        "--inventory",
        str(ROOT / "playbooks" / "inventory" / "smtpd.yml"),
        "--list",
        "--export",
    ]
    output = subprocess.run(
        command,
        env={**environ, "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return json.loads(output)


def cut(inventory: dict[str, Any], number: int) -> dict[str, Any]:
    """One slice: every n-th host by name, in the groups in which it is."""
    hosts = sorted(inventory["_meta"]["hostvars"])[number::SLICES]
    groups = {name: group for name, group in inventory.items() if name not in ("_meta", "all", "ungrouped")}
    return {
        "_meta": {"hostvars": {host: inventory["_meta"]["hostvars"][host] for host in hosts}},
        "all": {"hosts": hosts, "children": sorted(groups)},
        **{
            name: {"hosts": [host for host in group.get("hosts", []) if host in hosts]}
            for name, group in groups.items()
        },
    }


def prepare(folder: Path, inventory: dict[str, Any], environ: dict[str, str], variables: dict[str, Any]) -> Path:
    """The files that AWX gives to ansible-runner for a job: the project, a script for the inventory, environment, variables."""
    for name in ("inventory", "env"):
        (folder / name).mkdir(parents=True)
    (folder / "project").symlink_to(ROOT)
    script = folder / "inventory" / "hosts"
    script.write_text("#!/bin/sh\ncat <<'END'\n%s\nEND\n" % json.dumps(inventory))
    script.chmod(0o700)
    (folder / "env" / "envvars").write_text(json.dumps(environ))
    (folder / "env" / "extravars").write_text(json.dumps(variables))
    return folder


def artifacts(runner: ansible_runner.Runner) -> list[dict[str, Any]]:
    """What the job passes on, as AWX reads it."""
    (data,) = [event["event_data"]["artifact_data"] for event in runner.events if event["event"] == "playbook_on_stats"]
    return data["sending_profile_results"]


@pytest.fixture
def pending(simulator: Simulator, dns: BindServer) -> list[str]:
    """The ids of profiles whose records are not in DNS."""
    made = simulator.seed_all(
        [
            {
                "profile_name": "p%d" % number,
                "sending_domain": "d%d.acorn.example" % number,
                "state": "pending",
                "bounce_domain": "bounce.d%d.acorn.example" % number,
                "link_domain": "go%d.acorn-links.example" % number,
            }
            for number in range(PROFILES)
        ]
    )
    return [profile["profile_id"] for profile in made]


@pytest.mark.thorough
def test_two_slices_side_by_side_set_up_each_profile_exactly_once(
    pending: list[str], simulator: Simulator, dns: BindServer, tmp_path: Path
) -> None:
    environ = {**make_environ(tmp_path / "home"), **environment_of_a_job(simulator)}
    environ["PATH"] = os.pathsep.join([str(BIN), environ["PATH"]])
    variables = {"smtpd_hosts": "all", **{"sending_profile_" + name: value for name, value in settings(dns).items()}}
    inventory = listed(environ)
    folders = [prepare(tmp_path / str(number), cut(inventory, number), environ, variables) for number in range(SLICES)]
    jobs = [
        ansible_runner.run_async(private_data_dir=str(folder), playbook="playbooks/setup.yml", quiet=True)
        for folder in folders
    ]
    for thread, runner in jobs:
        thread.join()
        assert runner.rc == 0, runner.stdout.read()
    done = [[item["profile_id"] for item in artifacts(runner)] for _thread, runner in jobs]
    assert sorted(map(len, done)) == [3, 4]
    assert sorted(done[0] + done[1]) == sorted(pending)
    assert {profile["state"] for profile in simulator.profiles()} == {"active"}
    assert simulator.requests(method="POST") == [], "none is created"
