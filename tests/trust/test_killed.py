# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role killed at any moment, as AWX cancels jobs. The next run finishes the work, with no duplicate and no loss.

The moments are random but seeded: a failure names its seed, and C(pytest --kill-points N) tries more of them.
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
from typing import Iterator

import pytest

from tests.simulator import Simulator
from tests.support.bind import BindServer

PROFILES = [
    {"profile_name": "p%d" % number, "sending_domain": "d%d.acorn.example" % number,
     "bounce_domain": "bounce.d%d.acorn.example" % number, "link_domain": "go%d.acorn.example" % number}
    for number in range(3)
]
FOREIGN = [
    ("acorn.example", "TXT", '"v=spf1 mx -all"'),
    ("bounce.d0.acorn.example", "TXT", '"somebody elses text"'),
    ("www.acorn.example", "CNAME", "web.example.net."),
]
# From before the first call to after the last one, in seconds.
EARLIEST, LATEST = 0.5, 4.5


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(metafunc.config.getoption("kill_points")))


@pytest.fixture(scope="session")
def bind() -> Iterator[BindServer]:
    with BindServer(zones=["acorn.example"]) as server:
        yield server


@pytest.fixture
def role(simulator: Simulator, bind: BindServer, tmp_path: Path) -> list[str]:
    """The command that runs the role."""
    bind.reset()
    for record in FOREIGN:
        bind.add(*record)
    simulator.settings(dns=bind.address, creating=0.3, latency=0.02)
    provider, secrets = bind.octodns_provider()
    variables = {
        "list": PROFILES, "api_url": simulator.url, "access_token": simulator.token, "dns_provider": "octodns",
        "dns_octodns": provider, "dns_octodns_secrets": secrets, "dns_zones": ["acorn.example"],
        "dns_nameservers": [bind.address], "wait_timeout": 30,
    }
    play = {"hosts": "localhost", "gather_facts": False, "roles": ["smtpd.email.sending_profile"],
            "vars": {"sending_profile_" + name: value for name, value in variables.items()}}
    (tmp_path / "play.json").write_text(json.dumps([play]))
    return [str(Path(sys.executable).parent / "ansible-playbook"), str(tmp_path / "play.json")]


def environ(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "ANSIBLE_COLLECTIONS_PATH", "LANG", "LC_ALL") if name in os.environ}
    return dict(kept, HOME=str(home), ANSIBLE_HOME=str(home / ".ansible"), ANSIBLE_LOCALHOST_WARNING="false",
                ANSIBLE_INVENTORY_UNPARSED_WARNING="false")


def run_and_kill(role: list[str], home: Path, seed: int) -> None:
    chance = random.Random(seed)
    with subprocess.Popen(role, env=environ(home), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, start_new_session=True) as process:
        time.sleep(chance.uniform(EARLIEST, LATEST))
        # To all of its processes at once, as a container's end comes to them.
        for kind in (chance.choice([signal.SIGKILL, signal.SIGTERM]), signal.SIGKILL):
            try:
                os.killpg(process.pid, kind)
            except ProcessLookupError:
                break
            time.sleep(0.2)


def content(bind: BindServer) -> list[tuple[str, str, str]]:
    return [(name, type_, rdata) for name, _ttl, type_, rdata in bind.records("acorn.example")]


def test_the_next_run_finishes_the_work(seed: int, role: list[str], simulator: Simulator, bind: BindServer, tmp_path: Path) -> None:
    run_and_kill(role, tmp_path, seed)
    assert {(name + ".", type_, rdata) for name, type_, rdata in FOREIGN} <= set(content(bind))

    clean = subprocess.run(role, env=environ(tmp_path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    assert clean.returncode == 0, clean.stdout
    assert sorted((profile["profile_name"], profile["state"]) for profile in simulator.profiles()) == [
        ("p0", "active"), ("p1", "active"), ("p2", "active")]
    after = content(bind)
    assert {(name + ".", type_, rdata) for name, type_, rdata in FOREIGN} <= set(after)
    assert len(after) == len(set(after)) == len(FOREIGN) + 27 + 2, "foreign ones, nine for each, the zone's NS and its address"
