# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator for tests and the demo: a process of its own, and what directs it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Iterator

import requests

_ROOT = Path(__file__).resolve().parents[2]
_STOP_TIMEOUT = 10.0
_AWAIT_TIMEOUT = 20.0


class Simulator:
    """Directs a running simulator.

    :param url: where it listens; the C(api_url) to give to modules.
    :param token: an access token that never expires.
    """

    def __init__(self, url: str, token: str, api_key: str, api_secret: str) -> None:
        self.url = url
        self.token = token
        self.api_key = api_key
        self.api_secret = api_secret
        self._session = requests.Session()
        self._session.trust_env = False

    def requests(
        self, method: str | None = None, path: str | None = None, endpoint: str | None = None
    ) -> list[dict[str, Any]]:
        """The calls to the service, the oldest first.

        Each has C(endpoint), C(method), C(path), C(query), C(headers), C(body) (as JSON), C(peer) (one and the same for
        all calls of a connection), C(time), C(status) (none if the connection was reset, or no answer is there yet),
        C(done) (whether it was carried out) and C(fault).

        :param path: a path, or a pattern such as C(*/setup).
        :param endpoint: one of C(ENDPOINTS), or C(unknown) for calls that the contract does not have.
        """
        return [
            entry
            for entry in self._admin("GET", "requests")["requests"]
            if method in (None, entry["method"])
            and endpoint in (None, entry["endpoint"])
            and (path is None or fnmatchcase(entry["path"], path))
        ]

    def most_in_flight(self) -> int:
        """How many calls were under way at the same time at most."""
        return self._admin("GET", "requests")["most_in_flight"]

    def clear_requests(self) -> None:
        """Forget the calls so far."""
        self._admin("DELETE", "requests")

    def inject(self, endpoint: str = "*", **fault: Any) -> None:
        """Spoil the next call of an endpoint, see C(Fault) and C(Fault.from_json)."""
        self._admin("POST", "faults", {"endpoint": endpoint, **fault})

    def faults(self) -> list[dict[str, Any]]:
        """The faults that have calls left to spoil."""
        return self._admin("GET", "faults")

    def clear_faults(self) -> None:
        """Spoil nothing any more."""
        self._admin("DELETE", "faults")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings, see C(Settings), and return all of them."""
        return self._admin("PUT", "settings", changes)

    @contextlib.contextmanager
    def changed(self, **changes: Any) -> Iterator[None]:
        """Change settings for the length of a block."""
        before = self.settings()
        self.settings(**changes)
        try:
            yield
        finally:
            self.settings(**{name: before[name] for name in changes})

    def profiles(self) -> list[dict[str, Any]]:
        """All profiles, the oldest first, with their C(dns_records)."""
        return self._admin("GET", "profiles")

    def seed(self, **fields: Any) -> dict[str, Any]:
        """Put a profile in, see C(Model.seed)."""
        return self._admin("POST", "profiles", fields)

    def seed_all(self, profiles: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Put many profiles in, or none if one of them is not right."""
        return self._admin("POST", "profiles", profiles)

    def patch(self, profile_id: str, **changes: Any) -> dict[str, Any]:
        """Change a profile by hand, see C(Model.patch)."""
        return self._admin("PATCH", "profiles/" + profile_id, changes)

    def delete(self, profile_id: str) -> None:
        """Remove a profile, which the real service does only by itself."""
        self._admin("DELETE", "profiles/" + profile_id)

    def expire_tokens(self) -> None:
        """Let all granted tokens expire. C(token) stays good."""
        self._admin("DELETE", "tokens")

    def reset(self) -> None:
        """Forget profiles, granted tokens, faults and calls. Settings stay."""
        self._admin("POST", "reset")

    def await_state(self, profile_id: str, state: str) -> None:
        """Wait until a profile is in a state.

        :raises TimeoutError: it does not get there.
        """
        deadline = time.monotonic() + _AWAIT_TIMEOUT
        while time.monotonic() < deadline:
            if state in [profile["state"] for profile in self.profiles() if profile["profile_id"] == profile_id]:
                return
            time.sleep(0.05)
        raise TimeoutError("profile %s did not come into state %s" % (profile_id, state))

    def close(self) -> None:
        """Close the connections to it."""
        self._session.close()

    def _admin(self, method: str, path: str, body: Any = None) -> Any:
        response = self._session.request(method, "%s/_simulator/%s" % (self.url, path), json=body, timeout=30)
        if response.status_code >= 400:
            raise ValueError("the simulator refused %s: %s" % (path, response.text))
        return response.json() if response.content else None


@contextlib.contextmanager
def running_simulator(**settings: Any) -> Iterator[Simulator]:
    """Run a simulator for the length of a block, with credentials that nobody can guess.

    It ends with the block, and also when this process is killed.

    :param settings: see C(Settings).
    """
    credentials = {name: "sim-" + secrets.token_hex(12) for name in ("token", "api_key", "api_secret")}
    options = {**{name: value for name, value in settings.items() if value is not None}, **credentials}
    arguments = ["--%s=%s" % (name.replace("_", "-"), value) for name, value in options.items()]
    with _process(arguments) as process:
        started = process.stdout.readline() if process.stdout else ""
        if not started:
            raise RuntimeError("the simulator did not start, see its message above")
        with contextlib.closing(Simulator(**json.loads(started))) as simulator:
            yield simulator


@contextlib.contextmanager
def _process(arguments: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run the simulator. It holds one end of a pipe; the other is closed at the latest when this process is gone."""
    its_end, our_end = os.pipe()
    try:
        with open(its_end, "rb") as inherited:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.simulator", "--until-closed=%d" % its_end, *arguments],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                pass_fds=[inherited.fileno()],
            )
        with process:
            try:
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(_STOP_TIMEOUT)
                except subprocess.TimeoutExpired:
                    process.kill()
    finally:
        os.close(our_end)
