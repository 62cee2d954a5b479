# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source, against the simulator and a real name server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import Simulator
from tests.support.bind import BindServer
from tests.support.event_source import PATH, EventSource

DOMAIN = "mail.acorn.example"
ROOT = Path(__file__).resolve().parents[2]
UNREACHABLE = {"retries": 0, "unreachable_after": 0, "reminder_interval": 3600}


def watching(simulator: Simulator, **arguments: Any) -> EventSource:
    return EventSource(
        **{
            "api_url": simulator.url,
            "access_token": simulator.token,
            "interval": 0.05,
            "confirmations": 2,
            "retries": 0,
            "timeout": 10,
            **arguments,
        }
    )


def await_looks(simulator: Simulator, number: int = 3) -> None:
    """Wait until the source has looked so many times more."""
    begin = len(simulator.requests(endpoint="list"))
    deadline = time.monotonic() + 20
    while len(simulator.requests(endpoint="list")) < begin + number:
        assert time.monotonic() < deadline, "it does not look any more"
        time.sleep(0.02)


def test_a_life_of_a_profile_is_told(simulator: Simulator) -> None:
    simulator.seed(sending_domain="other.acorn.example", state="active")
    with watching(simulator) as source:
        await_looks(simulator)
        assert source.events == []
        profile_id = simulator.seed(sending_domain=DOMAIN, profile_name="news", state="active")["profile_id"]
        assert source.wait_for("profile_appeared")["profile"]["profile_id"] == profile_id
        simulator.patch(profile_id, state="pending")
        event = source.wait_for("profile_state_changed")
        assert (event["previous_state"], event["profile"]["state"], event["profile"]["was_active"]) == (
            "active",
            "pending",
            True,
        )
        simulator.patch(profile_id, state="active")
        assert source.wait_for("profile_state_changed", 2)["profile"]["state"] == "active"
        simulator.delete(profile_id)
        assert source.wait_for("profile_disappeared")["previous_state"] == "active"
        await_looks(simulator)
    assert len(source.events) == 4
    assert {tuple(event["profile"]) for event in source.events} == {tuple(source.events[0]["profile"])}


def test_a_look_is_one_call(simulator: Simulator) -> None:
    simulator.seed_all([{"sending_domain": "d%d.acorn.example" % number, "state": "active"} for number in range(50)])
    with watching(simulator):
        await_looks(simulator, 5)
    assert {request["endpoint"] for request in simulator.requests()} == {"list"}
    assert len({request["peer"] for request in simulator.requests()}) == 1, "over one connection"


def test_an_unhealthy_profile_is_told_again(simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="pending")
    with watching(simulator, reminder_interval=0.2) as source:
        assert [source.wait_for("profile_unhealthy", number)["reminder"] for number in (1, 2, 3)] == [0, 1, 2]


def test_the_72_h_limit_is_warned_of(simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="pending", modified_at_utc=time.time() - 71 * 3600)
    with watching(simulator, expiring_hours=[24, 2]) as source:
        event = source.wait_for("profile_expiring")
    assert event["threshold"] == 2 and event["hours_left"] == pytest.approx(1, abs=0.1)


# When the service does not answer right


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 500, "html": True},
        {"malformed": True},
        {"reset": True},
        {"truncate": True},
        {"empty": True},
        {"status": 404, "html": True},
        {"status": 401},
        {"body": {}},
        {"body": [{"profile_id": 1}]},
    ],
    ids=str,
)
def test_profiles_do_not_vanish_because_a_listing_failed(fault: dict[str, Any], simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    with watching(simulator, **UNREACHABLE) as source:
        await_looks(simulator)
        simulator.inject("list", times=2, **fault)
        source.wait_for("api_unreachable")
        source.wait_for("api_recovered")
        await_looks(simulator)
    assert source.types == ["api_unreachable", "api_recovered"]
    assert "GET /api/v1/profile/email" in source.events[0]["problem"]
    assert simulator.token not in json.dumps(source.events)


def test_profiles_do_not_vanish_because_a_listing_is_incomplete(simulator: Simulator) -> None:
    simulator.seed_all([{"sending_domain": "d%d.acorn.example" % number, "state": "active"} for number in range(3)])
    with watching(simulator) as source:
        await_looks(simulator)
        simulator.inject("list", times=6, body=[])
        simulator.inject("get", times=4, status=404, html=True)  # a proxy that has lost its way
        await_looks(simulator, 10)
    assert source.types == []
    assert len(simulator.requests(endpoint="get")) > 4


def test_the_service_is_asked_less_often_while_it_is_down_and_not_before_the_time_it_asks_for(
    simulator: Simulator,
) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    with watching(simulator, **UNREACHABLE) as source:
        await_looks(simulator)
        simulator.inject("list", times=1, status=503, headers={"Retry-After": "1"})
        source.wait_for("api_recovered")
    times = [request["time"] for request in simulator.requests(endpoint="list")]
    assert max(later - earlier for earlier, later in zip(times, times[1:])) >= 1.0
    simulator.clear_requests()
    simulator.inject("list", times=6, status=500)
    with watching(simulator, **UNREACHABLE) as source:
        source.wait_for("api_recovered")
    times = [request["time"] for request in simulator.requests(endpoint="list")]
    pauses = [later - earlier for earlier, later in zip(times[:7], times[1:7])]
    assert all(pause >= 0.05 * 2**number / 2 for number, pause in enumerate(pauses, 1))


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"access_token": "wr0ng-t0ken"}, "the service answered 401"),
        ({"access_token": "", "api_key": "key", "api_secret": "wr0ng-secret"}, "the service answered 403"),
        ({"intervall": 5}, "intervall: unknown argument. Did you mean 'interval'?"),
        ({"state_file": "/nowhere/state.json"}, "state_file: /nowhere/state.json cannot be used"),
    ],
)
def test_what_cannot_work_ends_the_source_with_a_clear_error(
    arguments: dict[str, Any], words: str, simulator: Simulator
) -> None:
    with watching(simulator, **arguments) as source:
        error = str(source.wait_for_end())
    assert words in error
    assert "wr0ng" not in error


def test_a_token_that_expired_is_renewed(simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    with watching(simulator, access_token="", api_key=simulator.api_key, api_secret=simulator.api_secret) as source:
        await_looks(simulator)
        simulator.expire_tokens()
        await_looks(simulator)
    assert source.events == [] and len(simulator.requests(endpoint="token")) == 2


# Ending and beginning


def test_a_source_that_is_cancelled_does_not_wait_for_the_service(simulator: Simulator) -> None:
    with watching(simulator) as source:
        await_looks(simulator)
        simulator.inject("list", times=100, hang=8)
        await_looks(simulator, 1)
        begin = time.monotonic()
        source.stop()
    assert time.monotonic() - begin < 6


def test_the_next_start_neither_repeats_nor_loses(simulator: Simulator, tmp_path: Path) -> None:
    kept = {"state_file": str(tmp_path / "state.json"), "confirmations": 1}
    first, second, third = (
        simulator.seed(sending_domain="d%d.acorn.example" % number, state="active") for number in range(3)
    )
    with watching(simulator, **kept) as source:
        await_looks(simulator)
        simulator.patch(first["profile_id"], state="pending")
        source.wait_for("profile_state_changed")
    simulator.patch(second["profile_id"], state="pending")
    simulator.delete(third["profile_id"])
    with watching(simulator, **kept) as source:
        assert source.wait_for("profile_state_changed")["profile"]["profile_id"] == second["profile_id"]
        assert source.wait_for("profile_disappeared")["profile"]["profile_id"] == third["profile_id"]
        await_looks(simulator)
    assert len(source.events) == 2


def test_what_could_not_be_delivered_is_so_after_the_next_start(simulator: Simulator, tmp_path: Path) -> None:
    kept = {"state_file": str(tmp_path / "state.json"), "confirmations": 1}
    profiles = [simulator.seed(sending_domain="d%d.acorn.example" % number, state="active") for number in range(5)]
    with watching(simulator, **kept) as source:
        await_looks(simulator)
        source.hold()
        for profile in profiles:
            simulator.patch(profile["profile_id"], state="pending")
        source.wait_for_full_queue()
    first = source.events
    with watching(simulator, **kept) as source:
        source.wait_for("profile_state_changed", 3)
        await_looks(simulator)
    told = first + source.events
    # One was taken out of the queue, and one was in it when the rulebook ended: that was delivered.
    assert (len(first), len(source.events)) == (1, 3)
    assert (
        len({event["profile"]["profile_id"] for event in told}) == len({event["meta"]["uuid"] for event in told}) == 4
    )


# DNS


def test_a_lost_record_is_told_before_the_service_notices(simulator: Simulator, dns: BindServer) -> None:
    profile = simulator.seed(sending_domain=DOMAIN, link_domain="go.acorn-links.example", state="active")
    simulator.settings(recheck=3600)
    for record in profile["dns_records"]:
        value = {"TXT": '"%s"', "MX": "10 %s.", "CNAME": "%s."}[record["type"]] % record["value"]
        dns.add(record["name"], record["type"], value)
    try:
        with watching(
            simulator, dns=True, dns_interval=0.1, nameservers=[dns.address], reminder_interval=3600
        ) as source:
            await_looks(simulator, 5)
            assert source.events == []
            dns.delete("go.acorn-links.example", "CNAME")
            event = source.wait_for("dns_drift")
            await_looks(simulator, 5)
    finally:
        simulator.settings(recheck=0.2)
    assert [(record["fqdn"], record["type"], record["status"]) for record in event["records"]] == [
        ("go.acorn-links.example.", "CNAME", "missing")
    ]
    assert source.types == ["dns_drift"] and event["profile"]["state"] == "active"
    assert len(simulator.requests(endpoint="setup")) == 1, "the records of a profile are asked for once"


def test_a_name_server_that_does_not_answer_is_no_drift(simulator: Simulator, dns: BindServer) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    simulator.settings(dns=None)
    silent = {"dns": True, "dns_interval": 0.1, "dns_timeout": 0.1, "nameservers": ["127.0.0.1:9"]}
    with watching(simulator, **silent) as source:
        await_looks(simulator, 4)
    assert source.events == []


def test_one_name_server_that_does_not_answer_hides_no_drift(simulator: Simulator, dns: BindServer) -> None:
    simulator.seed(sending_domain=DOMAIN, state="active")
    simulator.settings(dns=None)
    one_silent = {"dns": True, "dns_interval": 0.1, "dns_timeout": 0.1, "nameservers": ["127.0.0.1:9", dns.address]}
    with watching(simulator, **one_silent) as source:
        assert source.wait_for("dns_drift")["profile"]["sending_domain"] == DOMAIN


# How it is loaded


def test_it_needs_nothing_of_ansible_and_two_copies_do_not_mix(simulator: Simulator, tmp_path: Path) -> None:
    simulator.seed(sending_domain=DOMAIN, state="pending")
    copies = [tmp_path / name / "ansible_collections" / "smtpd" / "email" for name in ("one", "two")]
    for copy in copies:
        for folder in ("plugins/module_utils", "extensions"):
            shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copies[1] / "plugins" / "module_utils" / "_watch.py").write_text(
        (copies[1] / "plugins" / "module_utils" / "_watch.py")
        .read_text()
        .replace('"profile_unhealthy"', '"from_the_other_copy"')
    )
    program = """\
import asyncio, json, runpy, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("ansible", "ansible_collections", "plugins"):
            raise ImportError("it must not import " + name)

sys.meta_path.insert(0, Blocker())

async def first_event(path):
    queue = asyncio.Queue(1)
    task = asyncio.create_task(runpy.run_path(path)["main"](queue, json.loads(sys.argv[1])))
    event = await asyncio.wait_for(queue.get(), 20)
    task.cancel()
    return event["type"]

async def main():
    print(json.dumps(await asyncio.gather(*map(first_event, sys.argv[2:]))))

asyncio.run(main())
"""
    arguments = json.dumps({"api_url": simulator.url, "access_token": simulator.token, "interval": 0.1})
    paths = [str(copy / PATH.relative_to(ROOT)) for copy in copies]
    process = subprocess.run(
        [sys.executable, "-c", program, arguments, *paths], capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == ["profile_unhealthy", "from_the_other_copy"]


def test_a_copy_of_the_file_alone_says_what_it_needs(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "c" / "d"
    folder.mkdir(parents=True)
    shutil.copy(PATH, folder)
    process = subprocess.run(
        [sys.executable, str(folder / PATH.name)], capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode != 0
    assert "needs the rest of the collection smtpd.email" in process.stderr


def test_it_can_be_tried_from_the_command_line(simulator: Simulator) -> None:
    simulator.seed(sending_domain=DOMAIN, state="pending")
    arguments = json.dumps({"api_url": simulator.url, "access_token": simulator.token, "interval": 0.1})
    with subprocess.Popen([sys.executable, str(PATH), arguments], stdout=subprocess.PIPE, text=True) as process:
        assert json.loads(process.stdout.readline())["type"] == "profile_unhealthy"
        process.terminate()
