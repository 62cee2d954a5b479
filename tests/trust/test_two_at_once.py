# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lost answers with many calls in flight, and two runs at the same moment.

The service has nothing to make a creation unique by, so two runs can both create. What can be promised is that it is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.inprocess import run_module

ROOT = Path(__file__).resolve().parents[2]
WANTED = [{"profile_name": "p%d" % number, "sending_domain": "d%d.acorn.example" % number} for number in range(50)]

# Runs the module in a process of its own: its arguments come by the standard input.
RUN = "import json, sys; from tests.support.inprocess import run_module; print(json.dumps(run_module(**json.load(sys.stdin))))"


def options(simulator: Simulator, **more: Any) -> dict[str, Any]:
    return {
        "api_url": simulator.url,
        "access_token": simulator.token,
        "wait_interval": 0.05,
        "wait_timeout": 30,
        **more,
    }


def names(simulator: Simulator) -> list[str]:
    return sorted(profile["profile_name"] for profile in simulator.profiles() if profile["state"] != "failed")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "fault", [{"reset_after": True}, {"status": 502, "work": True, "text": ""}, {"truncate": True}]
)
def test_lost_answers_with_50_in_flight_leave_no_duplicate(fault: dict[str, Any], simulator: Simulator) -> None:
    for profile in WANTED[::7]:  # failed twins of the same names stand beside
        simulator.seed(state="failed", **profile)
    simulator.settings(latency=0.02)
    simulator.inject("create", times=35, **fault)
    result = run_module("smtpd_sending_profiles", profiles=WANTED, concurrency=50, **options(simulator))
    assert not result["failed"], result["msg"]
    assert names(simulator) == sorted(profile["profile_name"] for profile in WANTED)
    live = {profile["profile_id"] for profile in simulator.profiles() if profile["state"] != "failed"}
    assert {item["profile"]["profile_id"] for item in result["results"]} == live


def test_a_creation_that_the_service_carries_out_late_is_waited_for(simulator: Simulator) -> None:
    simulator.inject("create", hang_after=0.8, late=True)
    result = run_module("smtpd_sending_profile", **WANTED[0], **options(simulator, timeout=0.4))
    assert not result["failed"], result["msg"]
    assert [profile["profile_id"] for profile in simulator.profiles()] == [result["profile"]["profile_id"]]


@pytest.mark.usefixtures("impatient")
def test_a_creation_that_the_service_carries_out_much_too_late_is_told_by_the_next_run(simulator: Simulator) -> None:
    simulator.inject("create", hang_after=3.0, late=True)
    first = run_module("smtpd_sending_profile", **WANTED[0], **options(simulator, timeout=0.4))
    assert not first["failed"], first["msg"]
    deadline = time.monotonic() + 20
    while len(simulator.profiles()) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    second = run_module("smtpd_sending_profile", **WANTED[0], **options(simulator))
    assert second["failed"] and not second["changed"]
    assert all(profile["profile_id"] in second["msg"] for profile in simulator.profiles())


@pytest.mark.parametrize(
    "module, wanted",
    [
        pytest.param("smtpd_sending_profile", WANTED[0], id="one"),
        pytest.param("smtpd_sending_profiles", {"profiles": WANTED[:5]}, id="many"),
    ],
)
def test_of_two_runs_at_the_same_moment_at_least_one_tells_of_each_duplicate(
    module: str, wanted: dict[str, Any], simulator: Simulator
) -> None:
    simulator.settings(latency=1.5)  # so long that both have listed before either has created
    given = json.dumps({"name": module, **wanted, **options(simulator)})
    environ = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), os.environ["ANSIBLE_COLLECTIONS_PATH"]]))
    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(
                subprocess.run,
                [sys.executable, "-c", RUN],
                input=given,
                env=environ,
                stdout=subprocess.PIPE,
                text=True,
                timeout=120,
                check=True,
            )
            for _number in range(2)
        ]
    results = [json.loads(run.result().stdout) for run in runs]
    created = [item for result in results for item in result.get("results", [result])]
    ids = {profile["profile_id"] for profile in simulator.profiles()}
    wanted_names = {profile["profile_name"] for profile in simulator.profiles()}
    assert len(ids) == 2 * len(wanted_names)
    assert {item["profile"]["profile_id"] for item in created} == ids, "no id is lost"
    telling = [item for item in created if item["failed"]]
    assert {item["profile"]["profile_name"] for item in telling} == wanted_names
    for item in telling:
        twins = [
            twin["profile_id"]
            for twin in simulator.profiles()
            if twin["profile_name"] == item["profile"]["profile_name"]
        ]
        assert all(twin in item["msg"] for twin in twins)
        assert "give the profile_id of the one that is meant" in item["msg"]
