# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration tests share: a simulator, a BIND, and Ansible run as users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.simulator import Simulator, running_simulator
from tests.support.bind import BindServer
from tests.support.inprocess import WITH_INVOCATION

BIN = Path(sys.executable).parent
ZONES = ("acorn.example", "acorn-links.example")
# Settings by which each result is written to a file, and nothing is said of the inventory that tests do not need.
WATCHED = {
    "ANSIBLE_INJECT_INVOCATION": "true",  # as always before ansible-core 2.21
    "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
    "ANSIBLE_CALLBACKS_ENABLED": "results",
    "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
}


@dataclass
class Run:
    """What came of one run of Ansible.

    :param results: one item a task: C(task), C(action), C(host), C(status) and C(result).
    """

    returncode: int
    output: str
    results: list[dict[str, Any]]

    def of(self, name: str) -> dict[str, Any]:
        """The result of the last task whose name or action ends so."""
        for item in reversed(self.results):
            if item["task"].endswith(name) or item["action"].endswith(name):
                return item["result"]
        raise AssertionError("no result of %r in:\n%s" % (name, self.output))

    @property
    def changed(self) -> list[str]:
        """The names of the tasks that changed something."""
        return [item["task"] for item in self.results if item["result"].get("changed")]

    @property
    def failed(self) -> list[str]:
        """The names of the tasks that failed."""
        return [item["task"] for item in self.results if item["status"] == "failed"]


class Ansible:
    """Runs C(ansible) and C(ansible-playbook) in a folder of its own.

    :param environ: variables for each run, beside a clean environment.
    :param timeout: how long a run may take, in seconds.
    :param python: the Python of the modules, where it is not that of Ansible. In some rows of C(make test-matrix) it is
        another, as on a managed host.
    """

    def __init__(
        self,
        workdir: Path,
        environ: dict[str, str],
        timeout: float = 300,
        python: str | None = os.environ.get("TEST_TARGET_PYTHON"),
    ) -> None:
        self.workdir = workdir
        self.environ = environ
        self.timeout = timeout
        self.python = python

    def module(self, name: str, *flags: str, environ: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        """Run one module as a process of its own, from the collection as it is, in a quarter of the time that a run ad hoc takes.

        :param flags: C(--check) and C(--diff).
        """
        assert set(flags) <= {"--check", "--diff"}, "others take a run ad hoc"
        if self.python:  # which has no Ansible
            return self.ad_hoc(name, *flags, environ=environ, **options)
        given = {
            "_ansible_check_mode": "--check" in flags,
            "_ansible_diff": "--diff" in flags,
            "_ansible_remote_tmp": str(self.workdir),
            **WITH_INVOCATION,
        }
        (self.workdir / "arguments.json").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **given}}))
        process = self._process(
            [sys.executable, "-m", "ansible_collections.smtpd.email.plugins.modules." + name, "arguments.json"],
            {"PYTHONPATH": self.environ["ANSIBLE_COLLECTIONS_PATH"], **(environ or {})},
        )
        return {"failed": False, **json.loads(process.stdout.strip().splitlines()[-1]), "output": process.stdout}

    def ad_hoc(self, name: str, *flags: str, environ: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        """Run one module ad hoc (C(ansible localhost -m)) and return its result."""
        arguments = ["-a", json.dumps(options)] if options else []
        run = self._run(["ansible", "localhost", "-m", "smtpd.email." + name, *arguments, *flags], environ)
        assert len(run.results) == 1, run.output
        return dict(run.results[0]["result"], failed=bool(run.failed), output=run.output)

    def playbook(
        self, play: list[dict[str, Any]], *flags: str, environ: dict[str, str] | None = None, **variables: Any
    ) -> Run:
        """Run a playbook, given as data."""
        (self.workdir / "play.json").write_text(json.dumps(play))
        (self.workdir / "vars.json").write_text(json.dumps(variables))
        return self._run(["ansible-playbook", "play.json", "--extra-vars", "@vars.json", *flags], environ)

    def shipped(self, name: str, *flags: str, environ: dict[str, str] | None = None, **variables: Any) -> Run:
        """Run one of the collection's own playbooks, as users run it."""
        (self.workdir / "vars.json").write_text(json.dumps(variables))
        return self._run(["ansible-playbook", "smtpd.email." + name, "--extra-vars", "@vars.json", *flags], environ)

    def tasks(
        self,
        *tasks: dict[str, Any],
        flags: tuple[str, ...] = (),
        environ: dict[str, str] | None = None,
        **keywords: Any,
    ) -> Run:
        """Run tasks in one play."""
        play = {"hosts": "localhost", "gather_facts": False, "tasks": list(tasks), **keywords}
        return self.playbook([play], *flags, environ=environ)

    def role(self, *flags: str, environ: dict[str, str] | None = None, **variables: Any) -> Run:
        """Run the role, with variables without the prefix of their names."""
        play = {"hosts": "localhost", "gather_facts": False, "roles": [{"role": "smtpd.email.sending_profile"}]}
        return self.playbook(
            [play], *flags, environ=environ, **{"sending_profile_" + name: value for name, value in variables.items()}
        )

    def run(self, *command: str, environ: dict[str, str] | None = None) -> Run:
        """Run any of Ansible's commands."""
        return self._run(list(command), environ)

    def _run(self, command: list[str], environ: dict[str, str] | None) -> Run:
        results = self.workdir / "results.jsonl"
        results.unlink(missing_ok=True)
        # Before what the caller gives. The settings of Ansible do not count for the localhost that no inventory has.
        python = ["--extra-vars", "ansible_python_interpreter=" + self.python] if self.python else []
        process = self._process(
            [str(BIN / command[0]), *python, *command[1:]],
            {**WATCHED, "TEST_RESULTS_FILE": str(results), **(environ or {})},
        )
        lines = results.read_text().splitlines() if results.exists() else []
        return Run(process.returncode, process.stdout, [json.loads(line) for line in lines])

    def _process(self, command: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.workdir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.timeout,
            check=False,
            env={**self.environ, **environ},
        )


@pytest.fixture(scope="session")
def bind() -> Iterator[BindServer]:
    """A real name server with two zones."""
    with BindServer(zones=ZONES) as server:
        yield server


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    with running_simulator(recheck=0.2, auth_header="both") as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: Simulator) -> Simulator:
    """The service, with no profile, no fault and no request in its log. To it, every DNS record is published."""
    shared_simulator.reset()
    shared_simulator.settings(creating=0.2, latency=0.0, disable_after=3600.0, delete_after=3600.0, dns=None)
    return shared_simulator


@pytest.fixture
def dns(bind: BindServer, simulator: Simulator) -> BindServer:
    """The name server, as it was at its start, with the service looking at it."""
    bind.reset()
    simulator.settings(dns=bind.address)
    return bind


def make_environ(home: Path) -> dict[str, str]:
    """Return an environment without settings of the person who runs the tests."""
    home.mkdir(exist_ok=True)
    kept = {
        name: os.environ[name] for name in ("PATH", "ANSIBLE_COLLECTIONS_PATH", "LANG", "LC_ALL") if name in os.environ
    }
    return dict(
        kept,
        HOME=str(home),
        ANSIBLE_HOME=str(home / ".ansible"),
        PYTHONDONTWRITEBYTECODE="1",
        ANSIBLE_PYTHON_INTERPRETER=sys.executable,
        ANSIBLE_REMOTE_TMP=str(home / ".ansible" / "tmp"),
    )


@pytest.fixture
def clean_environ(tmp_path: Path) -> dict[str, str]:
    return make_environ(tmp_path / "home")


@pytest.fixture
def ansible(tmp_path: Path, clean_environ: dict[str, str], simulator: Simulator) -> Ansible:
    """Ansible, with the simulator's URL and token in the environment."""
    return Ansible(tmp_path, dict(clean_environ, SMTPD_API_URL=simulator.url, SMTPD_ACCESS_TOKEN=simulator.token))
