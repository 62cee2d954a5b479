# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: one way to set profiles up, run as its user would run it, against servers of its own."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

from tests.simulator import Simulator, running_simulator
from tests.support.bind import BindServer

HERE = Path(__file__).resolve().parent
RECORDS = 9  # that a profile has
FORKS = 5  # Ansible's default

URI, ROLE, AGAIN, LIMIT, HOSTS = "uri", "role", "again", "limit", "hosts"
TASK_URI, TASK_INFO, COMMAND_URI, COMMAND_INFO = "task uri", "task info", "command uri", "command info"


@dataclass(frozen=True)
class Setting:
    """What is the same for all that is compared.

    :param latency: how long the service takes for each answer, in seconds.
    :param creating: how long the service takes to create a profile, in seconds.
    :param interval: seconds between two looks of the playbook, and the first pause of the role.
    :param concurrency: calls that the limit may have under way at once: as many as the role has.
    :param zones: how many DNS zones the profiles are spread over.
    :param ask_dns: whether a verification really asks the name server.
    :param collections: the folders where Ansible finds collections.
    """

    latency: float
    creating: float
    interval: float
    concurrency: int
    zones: int
    ask_dns: bool
    collections: str

    @property
    def zone_names(self) -> list[str]:
        return ["bench%d.example" % number for number in range(self.zones)]

    def profiles(self, count: int) -> list[dict[str, str]]:
        return [self._profile(number) for number in range(count)]

    def _profile(self, number: int) -> dict[str, str]:
        domain = "d%05d.%s" % (number, self.zone_names[number % self.zones])
        return {
            "profile_name": "bench-%05d" % number,
            "sending_domain": "mail." + domain,
            "link_domain": "go." + domain,
            "bounce_domain": "bounce.mail." + domain,
        }


@dataclass
class Sample:
    """What one run took.

    :param seconds: from start to end of the command.
    :param cpu: of the command and all its children, in seconds.
    :param peak_mb: memory of the largest process, in MB.
    :param calls: to the service, by endpoint.
    :param tasks: what C(callback/timings.py) wrote, and the time before and after all tasks.
    """

    case: str
    profiles: int
    latency: float
    seconds: float
    cpu: float = 0.0
    peak_mb: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)
    tasks: list[dict[str, Any]] = field(default_factory=list)


class Failure(Exception):
    """A run that did not do its work, so that its time says nothing."""


class Bench:
    """The servers for one sample, and what is run against them."""

    def __init__(self, setting: Setting, simulator: Simulator, bind: BindServer, workdir: Path) -> None:
        self._setting = setting
        self._simulator = simulator
        self._bind = bind
        self._workdir = workdir

    def uri(self, count: int) -> list[Sample]:
        """The playbook of today."""
        self._write_plain_variables(count)
        sample = self._playbook(URI, count, "uri.yml")
        self._expect_done(count)
        return [sample]

    def limit(self, count: int) -> list[Sample]:
        """The program that does nothing else."""
        self._write_plain_variables(count)
        sample = self._run(LIMIT, count, [sys.executable, str(HERE / "limit.py"), "vars.json"])
        self._expect_done(count)
        return [sample]

    def role(self, count: int) -> list[Sample]:
        """The role, for profiles that are not there yet, and again."""
        self._write_role_variables(count)
        first = self._playbook(ROLE, count, "role.yml")
        self._expect_done(count)
        serials = self._serials()
        second = self._playbook(AGAIN, count, "role.yml")
        if set(second.calls) - {"list", "get", "setup"} or serials != self._serials():
            raise Failure("the second run of the role wrote: %s" % second.calls)
        return [first, second]

    def hosts(self, count: int) -> list[Sample]:
        """The role on hosts of an inventory, of which each is a profile."""
        self._write_role_variables(count)
        variables = json.loads((self._workdir / "vars.json").read_text(encoding="utf-8"))
        profiles = variables.pop("sending_profile_list")
        self._write(variables)
        inventory = {
            "all": {
                "hosts": {
                    profile["sending_domain"]: {
                        "sending_profile_" + name.removeprefix("profile_"): value for name, value in profile.items()
                    }
                    for profile in profiles
                },
                "vars": {"ansible_connection": "local"},
            }
        }
        (self._workdir / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        sample = self._playbook(HOSTS, count, "hosts.yml", "--inventory", "hosts.json", "--forks", str(FORKS))
        self._expect_done(count)
        return [sample]

    def _serials(self) -> list[int]:
        return [self._bind.serial(zone) for zone in self._setting.zone_names]

    def modules(self, turns: int) -> list[Sample]:
        """One call by two modules in turns: as tasks of a playbook, and as commands of their own."""
        self._write({"turns": turns, **self._plain_variables(1)})
        play = self._playbook("modules", 1, "modules.yml")
        samples = []
        for case, action in ((TASK_URI, "ansible.builtin.uri"), (TASK_INFO, "smtpd.email.smtpd_profile_info")):
            # Not the first time, which packs the module for all later ones.
            tasks = [task for task in play.tasks if task["action"] == action][1:]
            samples += [Sample(case, 1, self._setting.latency, task["end"] - task["begin"]) for task in tasks]
        call = {"url": self._plain_variables(1)["profiles_url"], "headers": self._headers()}
        for _turn in range(turns):
            samples.append(self._ad_hoc(COMMAND_URI, "ansible.builtin.uri", "-a", json.dumps(call)))
            samples.append(self._ad_hoc(COMMAND_INFO, "smtpd.email.smtpd_profile_info"))
        return samples

    # Variables

    def _write(self, variables: dict[str, Any]) -> None:
        (self._workdir / "vars.json").write_text(json.dumps(variables), encoding="utf-8")

    def _write_plain_variables(self, count: int) -> None:
        self._write(self._plain_variables(count))

    def _plain_variables(self, count: int) -> dict[str, Any]:
        return {
            "profiles_url": self._simulator.url + "/api/v1/profile/email",
            "headers": self._headers(),
            "profiles": self._setting.profiles(count),
            "zones": self._setting.zone_names,
            "dns": {
                "server": self._bind.host,
                "port": self._bind.port,
                "key_name": self._bind.key_name,
                "key_secret": self._bind.key_secret,
                "key_algorithm": self._bind.key_algorithm,
            },
            "interval": self._setting.interval,
            "concurrency": self._setting.concurrency,
        }

    def _headers(self) -> dict[str, str]:
        return {"Authentication": "Bearer " + self._simulator.token}

    def _write_role_variables(self, count: int) -> None:
        provider, secrets = self._bind.octodns_provider()
        variables = {
            "list": self._setting.profiles(count),
            "api_url": self._simulator.url,
            "access_token": self._simulator.token,
            "dns_provider": "octodns",
            "dns_octodns": provider,
            "dns_octodns_secrets": secrets,
            "dns_zones": self._setting.zone_names,
            "dns_nameservers": [self._bind.address],
            "wait_timeout": 600,
            "wait_interval": self._setting.interval,
        }
        self._write({"sending_profile_" + name: value for name, value in variables.items()})

    # Running

    def _playbook(self, case: str, count: int, name: str, *more: str) -> Sample:
        command = [_beside_python("ansible-playbook"), str(HERE / name), "--extra-vars", "@vars.json", *more]
        return self._run(case, count, command)

    def _ad_hoc(self, case: str, module: str, *arguments: str) -> Sample:
        return self._run(case, 1, [_beside_python("ansible"), "localhost", "-m", module, *arguments])

    def _run(self, case: str, count: int, command: list[str]) -> Sample:
        self._simulator.clear_requests()
        result, timings = self._workdir / "result.json", self._workdir / "timings.jsonl"
        timings.unlink(missing_ok=True)
        allowed = 120 + count * (40 if case in (URI, HOSTS) else 1)
        output = self._launch([str(result), str(allowed), *command], timings)
        usage = json.loads(result.read_text(encoding="utf-8"))
        if usage["status"] != 0:
            raise Failure(
                "%s for %d profiles ended with %s%s:\n%s"
                % (case, count, usage["status"], " (too slow)" * usage["timed_out"], output[-3000:])
            )
        calls = collections.Counter(entry["endpoint"] for entry in self._simulator.requests())
        return Sample(
            case,
            count,
            self._setting.latency,
            usage["seconds"],
            usage["cpu"],
            usage["peak_mb"],
            dict(calls),
            _tasks(timings, usage["began"], usage["began"] + usage["seconds"]),
        )

    def _launch(self, arguments: list[str], timings: Path) -> str:
        """Run C(launch.py) and return what its command printed. Its limit of time is its own."""
        process = subprocess.Popen(
            [sys.executable, "-S", str(HERE / "launch.py"), *arguments],
            cwd=self._workdir,
            env=self._environ(timings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        with process:
            return process.stdout.read() if process.stdout else ""

    def _environ(self, timings: Path) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        return dict(
            kept,
            HOME=str(self._workdir),
            ANSIBLE_HOME=str(self._workdir / "ansible"),
            ANSIBLE_COLLECTIONS_PATH=self._setting.collections,
            ANSIBLE_PYTHON_INTERPRETER=sys.executable,
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
            ANSIBLE_NOCOLOR="true",
            ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback"),
            ANSIBLE_CALLBACKS_ENABLED="timings",
            BENCH_TIMINGS_FILE=str(timings),
            SMTPD_API_URL=self._simulator.url,
            SMTPD_ACCESS_TOKEN=self._simulator.token,
        )

    def _expect_done(self, count: int) -> None:
        """Who did not do all of the work was fast for nothing."""
        active = sum(profile["state"] == "active" for profile in self._simulator.profiles())
        published = sum(
            record[2] in ("CNAME", "MX", "TXT") and not record[0].startswith("_dmarc.")
            for zone in self._setting.zone_names
            for record in self._bind.records(zone)
        )
        if (active, published) != (count, RECORDS * count):
            raise Failure(
                "%d of %d profiles are active, and %d of %d records published"
                % (active, count, published, RECORDS * count)
            )


def _beside_python(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _tasks(timings: Path, began: float, ended: float) -> list[dict[str, Any]]:
    lines = timings.read_text(encoding="utf-8").splitlines() if timings.exists() else []
    tasks = [json.loads(line) for line in lines]
    if not tasks:
        return []
    common = {"action": "", "skipped": False}
    return [
        {"task": "(before the first task)", "begin": began, "end": tasks[0]["begin"], **common},
        *tasks,
        {"task": "(after the last task)", "begin": tasks[-1]["end"], "end": ended, **common},
    ]


@contextlib.contextmanager
def running(setting: Setting) -> Iterator[Bench]:
    """Fresh servers for one sample, so that nothing is left in them of another one."""
    zones = {name: '_dmarc IN TXT "v=DMARC1; p=none"\n' for name in setting.zone_names}
    with (
        tempfile.TemporaryDirectory(prefix="smtpd-bench-") as workdir,
        BindServer(zones=zones) as bind,
        running_simulator(
            dns=bind.address if setting.ask_dns else None,
            creating=setting.creating,
            latency=setting.latency,
            recheck=3600.0,
        ) as simulator,
    ):
        yield Bench(setting, simulator, bind, Path(workdir))
