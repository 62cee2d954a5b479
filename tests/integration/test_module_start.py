# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How modules start: as forks of Ansible's process where that is the Python they would be started with, packed otherwise."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.bench.launch import descendants
from tests.integration.conftest import Ansible
from tests.simulator import Simulator

FORKED = "starts as a fork"
PACKED = "Using module file"
PACKED_BY_CHOICE = {"ANSIBLE_KEEP_REMOTE_FILES": "true"}
LOOK = {"smtpd.email.smtpd_profile_info": {}}
WANTED = {"profile_name": "newsletter", "sending_domain": "mail.acorn.example", "wait_interval": 0.05}


@pytest.fixture
def ansible(ansible: Ansible) -> Ansible:
    """Ansible, with modules by its own Python, also where all other tests give them another."""
    ansible.python = None
    return ansible


def is_forked(output: str) -> bool:
    assert (FORKED in output) != (PACKED in output), output
    return FORKED in output


def test_a_module_starts_as_a_fork_on_the_control_node(ansible: Ansible) -> None:
    result = ansible.ad_hoc("smtpd_profile_info", "-vvv")
    assert not result["failed"] and is_forked(result["output"])


def test_where_a_task_is_delegated_to_the_other_host_counts(ansible: Ansible) -> None:
    hosts = {
        "near": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
        "far": {"ansible_connection": "local", "ansible_python_interpreter": "/does/not/exist"},
    }
    (ansible.workdir / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    inventory = ("-i", "hosts.json", "-vvv")
    run = ansible.tasks({**LOOK, "delegate_to": "near"}, flags=inventory, hosts="far")
    assert run.returncode == 0 and is_forked(run.output), run.output
    run = ansible.tasks({**LOOK, "delegate_to": "far"}, flags=inventory, hosts="near")
    assert run.failed and not is_forked(run.output)
    run = ansible.tasks({**LOOK, "delegate_to": "{{ item }}", "loop": ["near", "far"]}, flags=inventory, hosts="far")
    assert FORKED in run.output and PACKED in run.output
    assert [item.get("rc") for item in run.of("smtpd_profile_info")["results"]] == [None, 127]


@pytest.mark.parametrize(
    "keywords",
    [
        {"environment": {"SMTPD_TIMEOUT": "20"}},
        {"become": True},
        {"vars": {"ansible_become": True}},
        {"async": 30, "poll": 1},
    ],
    ids=["environment", "become", "ansible_become", "async"],
)
def test_a_task_that_needs_a_process_of_another_kind_gets_a_packed_module(
    ansible: Ansible, keywords: dict[str, Any]
) -> None:
    run = ansible.tasks({**LOOK, **keywords}, flags=("-vvv",), environ=other_kinds(ansible))
    assert run.returncode == 0, run.output
    assert not is_forked(run.output)


@pytest.mark.parametrize("keywords", [{"environment": {"SMTPD_TIMEOUT": "20"}}, {"become": True}])
def test_what_a_play_says_of_all_its_tasks_counts(ansible: Ansible, keywords: dict[str, Any]) -> None:
    run = ansible.tasks(LOOK, flags=("-vvv",), environ=other_kinds(ansible), **keywords)
    assert run.returncode == 0, run.output
    assert not is_forked(run.output)


def other_kinds(ansible: Ansible) -> dict[str, str]:
    """Settings with which a test can become somebody, who is the same, and have tasks beside others."""
    return {
        "ANSIBLE_BECOME_PLUGINS": str(Path(__file__).parent / "become"),
        "ANSIBLE_BECOME_METHOD": "same_user",
        "ANSIBLE_ASYNC_DIR": str(ansible.workdir / "async"),
    }


def test_an_environment_with_nothing_in_it_changes_nothing(ansible: Ansible) -> None:
    run = ansible.tasks({**LOOK, "environment": {}}, flags=("-vvv",))
    assert run.returncode == 0 and is_forked(run.output), run.output


def test_a_limit_of_open_files_gets_a_packed_module(ansible: Ansible) -> None:
    result = ansible.ad_hoc("smtpd_profile_info", "-vvv", environ={"ANSIBLE_PYTHON_MODULE_RLIMIT_NOFILE": "500"})
    assert not result["failed"] and not is_forked(result["output"])


def test_a_python_that_is_omitted_is_looked_for(ansible: Ansible) -> None:
    run = ansible.tasks({**LOOK, "vars": {"ansible_python_interpreter": "{{ omit }}"}}, flags=("-vvv",))
    assert not is_forked(run.output)


def test_the_environment_of_a_task_reaches_its_module(ansible: Ansible, simulator: Simulator) -> None:
    run = ansible.tasks({**LOOK, "environment": {"SMTPD_ACCESS_TOKEN": "{{ 'wrong' }}"}})
    assert "the service answered 401" in run.of("smtpd_profile_info")["msg"]


def test_another_python_gets_a_packed_module(ansible: Ansible, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nexec %s "$@"\n' % sys.executable)
    python.chmod(0o755)
    ansible.python = str(python)
    run = ansible.tasks(LOOK, flags=("-vvv",))
    assert run.returncode == 0, run.output
    assert not is_forked(run.output)


def test_a_module_can_be_packed_by_choice_to_look_into_it(ansible: Ansible) -> None:
    result = ansible.ad_hoc("smtpd_profile_info", "-vvv", environ=PACKED_BY_CHOICE)
    assert not result["failed"] and not is_forked(result["output"])


def test_a_later_ansible_core_than_was_tried_gets_a_packed_module(ansible: Ansible, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import ansible.release\nansible.release.__version__ = '2.99.0'\n")
    result = ansible.ad_hoc("smtpd_profile_info", "-vvv", environ={"PYTHONPATH": str(tmp_path)})
    assert not result["failed"] and "core 2.99.0" in result["output"] and not is_forked(result["output"])


def test_what_modules_answer_is_the_same_both_ways(ansible: Ansible, simulator: Simulator) -> None:
    def create(**given: Any) -> dict[str, Any]:
        return {"smtpd.email.smtpd_sending_profile": {**WANTED, **given}}

    tasks: list[dict[str, Any]] = [
        {**create(), "check_mode": True, "diff": True},
        create(wait_timeout="long"),
        create(profile_name="  "),
        create(unknown="option"),
        create(wait=False),
        create(wait=False),
        {"smtpd.email.smtpd_profile_info": {"setup": True}},
        {"smtpd.email.smtpd_dns_info": {"records": [{"name": "x"}]}},
        {"smtpd.email.smtpd_dns_records": {"records": [], "zones": ["acorn.example"]}},
        {"smtpd.email.smtpd_preflight_info": {"profiles": []}},
        {"smtpd.email.smtpd_sending_profiles": {"profiles": []}},
    ]
    told = []
    complaints = []
    for environ, forked in (({}, True), (PACKED_BY_CHOICE, False)):
        simulator.reset()
        simulator.settings(creating=3600.0)
        simulator.seed(profile_name="old", sending_domain="mail.birch.example", state="active")
        run = ansible.tasks(*({**task, "ignore_errors": True} for task in tasks), flags=("-vvv",), environ=environ)
        assert is_forked(run.output) is forked, run.output
        complaints.append([line for line in run.output.splitlines() if line.startswith(("[ERROR]", "fatal:"))])
        told.append([(item["status"], without_what_differs_anyway(item["result"])) for item in run.results])
    assert len(told[0]) == len(tasks) and {status for status, _result in told[0]} == {"ok", "ignored"}
    assert told[0] == told[1]
    assert complaints[0] and without_what_differs_anyway(complaints[0]) == without_what_differs_anyway(complaints[1])


@pytest.mark.parametrize("environ", [{}, PACKED_BY_CHOICE], ids=["forked", "packed"])
def test_a_warning_of_an_item_is_shown_once(ansible: Ansible, simulator: Simulator, environ: dict[str, str]) -> None:
    simulator.inject("list", after=1, status=500)  # the look whether somebody else created the same
    run = ansible.tasks(
        {
            "smtpd.email.smtpd_sending_profile": {**WANTED, "profile_name": "{{ item }}", "wait": False, "retries": 0},
            "loop": ["newsletter", "receipts"],
        },
        environ=environ,
    )
    assert run.returncode == 0, run.output
    assert run.output.count("[WARNING]") == 1 and "[WARNING]: Whether somebody else created the same" in run.output


def test_a_vaulted_option_reaches_the_module(ansible: Ansible, simulator: Simulator) -> None:
    (ansible.workdir / "password").write_text("secret")
    vaulted = VaultLib([("default", VaultSecret(b"secret"))]).encrypt(simulator.token).decode()
    (ansible.workdir / "vaulted.yml").write_text(
        "token: !vault |\n" + "".join("  %s\n" % line for line in vaulted.splitlines())
    )
    run = ansible.tasks(
        {"smtpd.email.smtpd_profile_info": {"access_token": "{{ token }}"}},
        flags=("-vvvv", "-e", "@vaulted.yml", "--vault-password-file", "password"),
        environ={"SMTPD_ACCESS_TOKEN": ""},
    )
    assert run.returncode == 0 and is_forked(run.output), run.output
    assert simulator.token not in run.output


@pytest.mark.parametrize("environ", [{}, PACKED_BY_CHOICE], ids=["forked", "packed"])
def test_files_are_looked_for_beside_the_playbook(ansible: Ansible, environ: dict[str, str]) -> None:
    plays = ansible.workdir / "plays"
    plays.mkdir()
    (plays / "ca.pem").write_text("no certificate")
    look = {"smtpd.email.smtpd_profile_info": {"api_url": "https://localhost:1", "ca_path": "ca.pem", "retries": 0}}
    (plays / "play.json").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [look]}]))
    run = ansible.run("ansible-playbook", "plays/play.json", environ=environ)
    # Where it is not there nothing is called.
    assert "no connection to localhost" in run.of("smtpd_profile_info")["msg"]


def test_a_module_that_is_killed_fails_its_task_and_is_tried_again(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("list", hang=600)
    task = {
        "smtpd.email.smtpd_profile_info": {"timeout": 600},
        "register": "found",
        "until": "found is successful",
        "retries": 1,
        "delay": 0,
    }
    with once_it_calls(simulator, lambda: os.kill(the_fork(), signal.SIGKILL)):
        run = ansible.tasks(task)
    assert run.returncode == 0, run.output
    assert run.of("smtpd_profile_info")["attempts"] == 2


def test_a_module_that_is_killed_tells_by_what(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("list", hang=600)
    with once_it_calls(simulator, lambda: os.kill(the_fork(), signal.SIGKILL)):
        result = ansible.ad_hoc("smtpd_profile_info", timeout=600)
    assert result["failed"] and result["rc"] == -signal.SIGKILL


def test_a_module_ends_with_the_time_of_its_task(ansible: Ansible, simulator: Simulator) -> None:
    simulator.inject("list", hang=600, times=99)
    forks: list[int] = []
    began = time.monotonic()
    with once_it_calls(simulator, lambda: forks.append(the_fork())):
        run = ansible.tasks({"smtpd.email.smtpd_profile_info": {"timeout": 600}, "timeout": 8})
    assert run.failed and time.monotonic() - began < 120, run.output
    assert not Path("/proc/%d" % forks[0]).exists()


def test_a_module_ends_when_nobody_waits_for_it_any_more(ansible: Ansible, simulator: Simulator) -> None:
    simulator.seed_all([{"profile_name": "p%d" % number, "sending_domain": "acorn.example"} for number in range(500)])
    simulator.inject("list", delay=3.0)
    forks: list[int] = []

    def kill_the_worker() -> None:
        forks.append(the_fork())
        os.kill(parent_of(forks[0]), signal.SIGKILL)

    with once_it_calls(simulator, kill_the_worker):
        ansible.run("ansible", "localhost", "-m", "smtpd.email.smtpd_profile_info")
    for _attempt in range(600):
        if not Path("/proc/%d" % forks[0]).exists():
            return
        time.sleep(0.1)
    os.kill(forks[0], signal.SIGKILL)
    raise AssertionError("it waits for somebody who reads its result")


@contextlib.contextmanager
def once_it_calls(simulator: Simulator, act: Callable[[], Any]) -> Iterator[None]:
    """Do something beside the block, as soon as a call to the service is under way."""

    def watch() -> None:
        for _attempt in range(1200):
            if simulator.requests():
                act()
                return
            time.sleep(0.05)
        raise AssertionError("the service was not called")

    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(watch)
        yield
        acting.result()


def the_fork() -> int:
    """The process of a module: the deepest one of this process."""
    fork = descendants(os.getpid())[-1]
    assert b"ansible" in Path("/proc/%d/cmdline" % fork).read_bytes()
    return fork


def parent_of(process: int) -> int:
    return int(Path("/proc/%d/stat" % process).read_text(errors="replace").rpartition(")")[2].split()[1])


def without_what_differs_anyway(result: Any) -> str:
    """A result as text without what the service makes up anew for each profile, and without times."""
    text = json.dumps(result, sort_keys=True)
    for pattern in (
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"\d{4}-\d\d-\d\dT[0-9:.]+",
        r"(?<=_utc\": )[0-9.]+",
        r"1h[0-9A-Za-z]{25}",
        r"[0-9A-Za-z+/]{20,}=+",
    ):
        text = re.sub(pattern, "...", text)
    return text
