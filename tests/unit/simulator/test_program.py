# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as a program."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
import requests

from tests.simulator import Simulator
from tests.simulator.__main__ import make_parser
from tests.simulator.app import make_application
from tests.simulator.model import Settings
from tests.simulator.tokens import Tokens
from tests.unit.simulator.conftest import PROFILES, await_true

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "tests" / "simulator" / "README.md").read_text()
HANDLE = """
import time
from tests.simulator import running_simulator
with running_simulator() as simulator:
    print(simulator.url, flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def program(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, *(arguments if "-c" in arguments else ("-m", "tests.simulator", *arguments))]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(os.environ, **environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def url_of(process: subprocess.Popen[str]) -> str:
    return json.loads(process.stdout.readline())["url"]


def is_gone(url: str) -> bool:
    try:
        requests.get(url, timeout=1)
    except requests.exceptions.ConnectionError:
        return True
    return False


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (["--host", "0.0.0.0"], "no loopback address"),
        (["--host", "::"], "no loopback address"),
        (["--host", "mail.acorn.example"], "no loopback address"),
        (["--recheck", "0"], "recheck must be more than 0"),
        (["--creating=-1"], "creating must be a number of seconds"),
        (["--dns", "nowhere"], "dns must be an IP address and a port"),
        (["--port", "99999"], "cannot listen on port 99999"),
    ],
)
def test_it_does_not_start_with_options_that_cannot_be(arguments: list[str], problem: str) -> None:
    with program(*arguments) as process:
        out, error = process.communicate(timeout=20)
    assert (process.returncode != 0, out, problem in error, "Traceback" in error) == (True, "", True, False), error


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, program("--port", str(taken.getsockname()[1])) as process:
        _out, error = process.communicate(timeout=20)
    assert process.returncode == 1 and error.startswith("cannot listen on port") and error.count("\n") == 1


@pytest.mark.parametrize(
    "host, prefix",
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://127.0.0.1:"),
        ("::1", "http://[::1]:"),
    ],
)
def test_it_tells_where_it_listens(host: str, prefix: str) -> None:
    with program("--host", host, "--token", "t", "--api-key", "k", "--api-secret", "s") as process:
        told = json.loads(process.stdout.readline())
        answer = requests.get(told["url"] + PROFILES, headers={"Authorization": "Bearer t"}, timeout=10)
    assert told["url"].startswith(prefix) and answer.json() == []
    assert (told["token"], told["api_key"], told["api_secret"]) == ("t", "k", "s")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_with_calls_under_way(number: signal.Signals) -> None:
    with program("--latency", "60") as process:
        url = url_of(process)
        with pytest.raises(requests.exceptions.Timeout):
            requests.get(url + PROFILES, timeout=0.2)
        process.send_signal(number)
        out, error = process.communicate(timeout=5)
    assert (process.returncode, out, error) == (0, "", "")
    assert is_gone(url)


def test_it_stops_with_verifications_under_way() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with program("--dns", "127.0.0.1:%d" % silent.getsockname()[1], "--recheck", "0.01") as process:
            url = url_of(process)
            seed = {"profile_id": "mine", "sending_domain": "acorn.example"}
            requests.post(url + "/_simulator/profiles", json=seed, timeout=10)
            headers = {"Authorization": "Bearer demo-token"}
            requests.put(url + PROFILES + "/mine/verify", headers=headers, timeout=10)
            silent.settimeout(10)
            assert silent.recv(512), "it has asked"
            process.terminate()
            _out, error = process.communicate(timeout=5)
    assert (process.returncode, error) == (0, "")


def test_it_ends_when_the_program_that_started_it_is_killed() -> None:
    with program("-c", HANDLE) as parent:
        url = parent.stdout.readline().strip()
        assert requests.get(url + "/_simulator/settings", timeout=10).ok
        parent.kill()
        parent.wait(10)
        await_true(lambda: is_gone(url))


def test_another_package_of_the_name_tests_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").touch()
    with program(PYTHONPATH=str(tmp_path)) as process:
        assert url_of(process)


def test_verbose_logs_requests_to_the_standard_error() -> None:
    with program("--verbose") as process:
        requests.get(url_of(process) + PROFILES, timeout=10)
        process.terminate()
        out, error = process.communicate(timeout=5)
    assert out == "" and "GET " + PROFILES in error


# The manual


def test_the_manual_has_all_options() -> None:
    options = set(re.findall(r"--[a-z][a-z-]*", make_parser().format_help())) - {"--help"}
    assert set(re.findall(r"^\| `(--[a-z-]+)", README, re.M)) == options


def test_the_manual_has_all_calls_that_direct_it() -> None:
    routes = make_application(Settings(), Tokens("t", "k", "s")).router.routes()
    calls = {
        (route.method, route.resource.canonical.replace("{id}", "ID"))
        for route in routes
        if "/_simulator/" in route.resource.canonical and route.method not in ("HEAD", "*")
    }
    assert set(re.findall(r"^\| `([A-Z]+) (/_simulator/\S+)`", README, re.M)) == calls


def test_the_examples_of_the_manual_work(simulator: Simulator) -> None:
    examples = re.findall(r"^    curl (?:-X (\w+) )?-d '(.+)' \$SMTPD_API_URL(/\S+)$", README, re.M)
    assert len(examples) >= 6
    for method, body, path in examples:
        if "PROFILE_ID" in path:
            path = path.replace("PROFILE_ID", simulator.seed(sending_domain="acorn.example")["profile_id"])
        assert requests.request(method or "POST", simulator.url + path, data=body, timeout=10).ok, body
