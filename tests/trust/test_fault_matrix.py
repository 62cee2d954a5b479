# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault at every endpoint in every module: generated (C(matrix.py)), not written case by case.

After each faulty run the same promises are checked, and after it a run without faults ends right.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.inprocess import run_inventory, run_module
from tests.support.relays import Door
from tests.trust.matrix import ALWAYS, CALLS, FAULTS, FOREIGN_RECORD, RUNS, Cell, Refusal, Run, cells, refusals, sample

# What can be told where the service gives an answer that is possible.
WAITED_IN_VAIN = (
    r"the service answered 40[14]|after \d+ s|disappeared from the service|is in state|There is no profile with"
    r"|it seems that it was not created|unexpected_record"
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    is_sample = metafunc.config.getoption("matrix") == "sample"
    if "cell" in metafunc.fixturenames:
        chosen = list(sample(cells())) if is_sample else cells()
        metafunc.parametrize("cell", chosen, ids=[cell.id for cell in chosen])
    if "refusal" in metafunc.fixturenames:
        gone = refusals()[::3] if is_sample else refusals()
        metafunc.parametrize("refusal", gone, ids=[refusal.id for refusal in gone])


@pytest.mark.usefixtures("impatient")
def test_a_fault_leaves_no_duplicate_no_leak_and_nothing_unfinished(
    cell: Cell, simulator: Simulator, tmp_path: Path
) -> None:
    run, fault = RUNS[cell.run], FAULTS[cell.fault]
    options = prepare(run, simulator)
    is_plausible = cell.endpoint in fault.plausible or "*" in fault.plausible
    in_vain = is_plausible or (cell.times == ALWAYS and cell.endpoint in ("list", "setup", "verify"))
    options.update(timeout=fault.timeout, wait_timeout=0.7 if in_vain else 10.0)
    simulator.inject(cell.endpoint, times=cell.times, **fault.fields)
    result = carry_out(run, options, tmp_path)
    requests = simulator.requests()
    simulator.clear_faults()

    assert_promises(run, simulator, result, requests, options)
    met = [request for request in requests if request["fault"]]
    if result["failed"]:
        told = CALLS[cell.endpoint] + ".*(%s)" % fault.cause
        assert re.search(told + ("|" + WAITED_IN_VAIN if is_plausible or not met else ""), result["msg"]), result["msg"]
    assert_next_run_is_right(run, simulator, options, tmp_path)


@pytest.mark.usefixtures("impatient")
def test_a_service_that_is_gone_leaves_no_duplicate_and_nothing_unfinished(
    refusal: Refusal, simulator: Simulator, tmp_path: Path
) -> None:
    run = RUNS[refusal.run]
    options = prepare(run, simulator)
    with Door(simulator.url, refusal.answers, refusal.seconds) as door:
        options.update(timeout=5.0, wait_timeout=10.0 if refusal.seconds else 0.7, api_url=door.url)
        result = carry_out(run, options, tmp_path)
        requests = simulator.requests()
        assert_promises(run, simulator, result, requests, options)
        if result["failed"]:
            assert re.search(
                r"(GET|POST|PUT) /[^:]+: (no connection to 127.0.0.1:\d+ \(Connection refused\)|the connection .* broke)"
                + ("" if door.was_shut else "|" + WAITED_IN_VAIN),
                result["msg"],
            ), result["msg"]
        door.open()
        assert_next_run_is_right(run, simulator, options, tmp_path)


def prepare(run: Run, simulator: Simulator) -> dict[str, Any]:
    """Bring the service to where the run begins, and return the run's options."""
    seeded = simulator.seed_all([dict(profile, state="pending") for profile in run.seeded]) if run.seeded else []
    return {
        "retries": 2,
        "wait_interval": 0.02,
        "_ansible_verbosity": 4,
        **run.options,
        **({"profile_id": seeded[0]["profile_id"]} if run.by_id else {}),
        "api_url": simulator.url,
        "api_key": simulator.api_key,
        "api_secret": simulator.api_secret,
    }


def carry_out(run: Run, options: dict[str, Any], folder: Path) -> dict[str, Any]:
    if run.module == "inventory":
        known = {name: value for name, value in options.items() if not name.startswith(("wait", "_"))}
        return run_inventory(folder, **known)
    return run_module(run.module, check_mode=run.check_mode, **options)


def assert_promises(
    run: Run, simulator: Simulator, result: dict[str, Any], requests: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    """What holds after every run, whatever failed."""
    live = [
        (profile["profile_name"], profile["sending_domain"])
        for profile in simulator.profiles()
        if profile["state"] != "failed"
    ]
    assert len(live) == len(set(live)), "at most one live profile per wanted one"
    assert set(live) <= {(item["profile_name"], item["sending_domain"]) for item in run.wanted}
    assert_changed(run, result, requests)
    assert_no_secret(options, result["output"], requests)
    assert "exception" not in result
    names = [record["name"] for record in result.get("dns_records", [])]
    assert FOREIGN_RECORD["name"] not in names, "a record that is not the profile's is nowhere to be published"


def assert_changed(run: Run, result: dict[str, Any], requests: list[dict[str, Any]]) -> None:
    """It is true exactly when something was written. What cannot be known, because answers were lost, counts as written."""
    if run.check_mode:
        assert not [request for request in requests if request["method"] != "GET" and request["endpoint"] != "token"]
        return
    created = [request for request in requests if request["endpoint"] == "create" and request["done"]]
    asked = [request for request in requests if request["endpoint"] == "verify"]
    verified = [request for request in asked if request["done"]]
    # A request to verify can be lost on its way, and the client cannot tell that from a lost answer.
    lost = re.search(r"It is not known whether|PUT /\S+: ", result.get("msg", ""))
    is_unknown = bool(asked) or lost is not None
    assert result["changed"] is bool(created or verified) or (result["changed"] and is_unknown), result


def assert_no_secret(options: dict[str, Any], output: str, requests: list[dict[str, Any]]) -> None:
    pair = base64.b64encode(("%s:%s" % (options["api_key"], options["api_secret"])).encode()).decode()
    sent = {request["headers"].get("Authorization", "").rpartition(" ")[2] for request in requests}
    for secret in {options["api_secret"], options["api_key"], pair, *sent} - {""}:
        assert secret not in output


def assert_next_run_is_right(run: Run, simulator: Simulator, options: dict[str, Any], folder: Path) -> None:
    """The next run, without faults, finishes the work."""
    simulator.clear_requests()
    again = carry_out(run, {**options, "timeout": 10, "wait_timeout": 20}, folder)
    assert not again["failed"], again["msg"]
    assert_promises(run, simulator, again, simulator.requests(), options)
    profiles = simulator.profiles()
    assert sorted(profile["profile_name"] for profile in profiles) == sorted(
        item["profile_name"] for item in run.wanted
    )
    if run.active:
        assert {profile["state"] for profile in profiles} == {"active"}
