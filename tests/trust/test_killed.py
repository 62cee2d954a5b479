# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role killed at any moment, as AWX cancels jobs. The next run finishes the work, with no duplicate and no loss.

The moments are random but seeded, and spread over the whole of a run: a failure names its seed, and C(make killed) tries many of
them.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from tests.integration.conftest import make_environ
from tests.simulator import Simulator
from tests.support.bind import BindServer

PROFILES = [
    {
        "profile_name": "p%d" % number,
        "sending_domain": "d%d.acorn.example" % number,
        "bounce_domain": "bounce.d%d.acorn.example" % number,
        "link_domain": "go%d.acorn.example" % number,
    }
    for number in range(3)
]
FOREIGN = [
    ("acorn.example", "TXT", '"v=spf1 mx -all"'),
    ("bounce.d0.acorn.example", "TXT", '"somebody elses text"'),
    ("www.acorn.example", "CNAME", "web.example.net."),
]
RECORDS = 9 * len(PROFILES)
OWN = 2  # the zone's NS record, and its address


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("kill_first")
        metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("kill_points")))


@pytest.fixture(scope="session")
def bind() -> Iterator[BindServer]:
    with BindServer(zones=["acorn.example"]) as server:
        yield server


@pytest.fixture
def role(simulator: Simulator, bind: BindServer, tmp_path: Path) -> list[str]:
    """The command that runs the role, from an account and zones in which it has everything to do."""
    return prepare(simulator, bind, tmp_path)


@pytest.fixture(scope="session")
def duration(shared_simulator: Simulator, bind: BindServer, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a run takes that nobody disturbs, in seconds."""
    home = tmp_path_factory.mktemp("undisturbed")
    shared_simulator.reset()
    command = prepare(shared_simulator, bind, home)
    started = time.monotonic()
    run_whole(command, home)
    return time.monotonic() - started


def prepare(simulator: Simulator, bind: BindServer, folder: Path) -> list[str]:
    bind.reset()
    for record in FOREIGN:
        bind.add(*record)
    simulator.settings(dns=bind.address, creating=0.3, latency=0.02)
    provider, secrets = bind.octodns_provider()
    variables = {
        "list": PROFILES,
        "api_url": simulator.url,
        "access_token": simulator.token,
        "dns_provider": "octodns",
        "dns_octodns": provider,
        "dns_octodns_secrets": secrets,
        "dns_zones": ["acorn.example"],
        "dns_nameservers": [bind.address],
        "wait_timeout": 60,
    }
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "roles": ["smtpd.email.sending_profile"],
        "vars": {"sending_profile_" + name: value for name, value in variables.items()},
    }
    (folder / "play.json").write_text(json.dumps([play]))
    return [str(Path(sys.executable).parent / "ansible-playbook"), str(folder / "play.json")]


def run_whole(role: list[str], home: Path) -> None:
    run = subprocess.run(
        role,
        env=make_environ(home / "home"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def run_and_kill(role: list[str], home: Path, seconds: float, kind: signal.Signals) -> None:
    with subprocess.Popen(
        role,
        env=make_environ(home / "home"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        time.sleep(seconds)
        # To all of its processes at once, as a container's end comes to them; and for good a moment later.
        for number in (kind, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                break
            time.sleep(0.2)


def content(bind: BindServer) -> list[tuple[str, str, str]]:
    return [(name, type_, rdata) for name, _ttl, type_, rdata in bind.records("acorn.example")]


def stage(simulator: Simulator, bind: BindServer) -> str:
    """How far a run has come."""
    profiles, published = simulator.profiles(), len(content(bind)) - len(FOREIGN) - OWN
    if len(profiles) < len(PROFILES):
        return "some profiles created" if profiles else "nothing written"
    if published < RECORDS:
        return "some records published" if published else "all profiles created"
    return "all active" if {profile["state"] for profile in profiles} == {"active"} else "all records published"


@pytest.mark.thorough
def test_the_next_run_finishes_the_work(
    seed: int,
    role: list[str],
    duration: float,
    simulator: Simulator,
    bind: BindServer,
    tmp_path: Path,
    record_property: Callable[[str, Any], None],
) -> None:
    chance = random.Random(seed)
    kind = chance.choice([signal.SIGKILL, signal.SIGTERM])
    # By the golden section any number of moments is spread evenly.
    run_and_kill(role, tmp_path, duration * ((seed * 0.618034 + chance.uniform(0.0, 0.1)) % 1.0), kind)
    assert {(name + ".", type_, rdata) for name, type_, rdata in FOREIGN} <= set(content(bind))
    record_property("killed", "%s, %s" % (kind.name, stage(simulator, bind)))

    run_whole(role, tmp_path)
    assert sorted((profile["profile_name"], profile["state"]) for profile in simulator.profiles()) == [
        ("p0", "active"),
        ("p1", "active"),
        ("p2", "active"),
    ]
    after = content(bind)
    assert {(name + ".", type_, rdata) for name, type_, rdata in FOREIGN} <= set(after)
    assert len(after) == len(set(after)) == len(FOREIGN) + RECORDS + OWN
