# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A watcher and its state file: what it looks at is given, what it keeps is real."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any, Optional, Sequence
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils import _watch_run
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError
from ansible_collections.smtpd.email.plugins.module_utils._profiles import profile_from_answer
from ansible_collections.smtpd.email.plugins.module_utils._watch import Observation, Rules
from ansible_collections.smtpd.email.plugins.module_utils._watch_options import settings_from
from ansible_collections.smtpd.email.plugins.module_utils._watch_run import Watcher, pause_after

URL = "http://127.0.0.1:1"


class Told(Watcher):
    """A watcher that sees what it is told to see, once a minute."""

    def __init__(self, state_file: Optional[str], begin: int = 0, **arguments: Any) -> None:
        self.minute = begin
        self.seen = Observation([])
        given = {
            "api_url": URL,
            "access_token": "t",
            "state_file": state_file,
            "confirmations": 1,
            "expiring_hours": "",
            **arguments,
        }
        super().__init__(settings_from(given, {}), clock=lambda: 60.0 * self.minute)

    def _look(self) -> Observation:
        self.minute += 1
        return self.seen

    def look(self, **states: str) -> None:
        """Look, and see these profiles in these states."""
        self.seen = Observation(
            [
                profile_from_answer(
                    {"profile_id": name, "state": state, "sending_domain": "mail.acorn.example", "profile_name": "x"}
                )
                for name, state in states.items()
            ]
        )
        self.tick()

    def deliver(self, most: int = 999) -> list[str]:
        """Deliver events, and return what they say."""
        said = []
        while len(said) < most and (event := self.next_event()):
            said.append("%s %s" % (event["profile"]["profile_id"], event["profile"]["state"]))
            self.delivered()
        return said


@pytest.fixture
def state_file(tmp_path: Path) -> str:
    return str(tmp_path / "state.json")


def test_a_start_goes_on_where_the_last_one_ended(state_file: str) -> None:
    first = Told(state_file)
    first.look(a="active", b="active")
    first.look(a="pending", b="active")
    assert first.deliver() == ["a pending"]
    first.close()
    second = Told(state_file, begin=first.minute)
    second.look(a="pending", b="pending")
    assert second.deliver() == ["b pending"]
    second.close()


def test_an_event_that_was_not_delivered_is_so_after_the_next_start(state_file: str) -> None:
    first = Told(state_file)
    first.look(a="active", b="active")
    first.look(a="pending", b="pending")
    uuid = first.next_event()["meta"]["uuid"]
    assert first.deliver(most=1) == ["a pending"]
    first.close()
    second = Told(state_file, begin=first.minute)
    assert second.next_event()["meta"]["uuid"] != uuid
    assert second.deliver() == ["b pending"]
    second.close()


def test_an_event_has_the_same_uuid_when_it_is_delivered_again_after_a_kill(state_file: str) -> None:
    first = Told(state_file)
    first.look(a="active")
    first.look(a="pending")
    uuid = first.next_event()["meta"]["uuid"]
    first._file.close()  # killed: nothing more is written
    second = Told(state_file, begin=first.minute)
    assert second.next_event()["meta"]["uuid"] == uuid
    second.close()


def test_without_a_file_watching_begins_anew() -> None:
    first = Told(None)
    first.look(a="active")
    first.close()
    second = Told(None)
    second.look(a="pending")
    assert second.deliver() == ["a pending"], "as unhealthy"
    second.close()


def test_a_look_that_ends_after_the_watcher_was_closed_changes_nothing(state_file: str) -> None:
    watcher = Told(state_file)
    watcher.look(a="active")
    kept = Path(state_file).read_text()
    watcher.close()
    watcher.look(a="pending")
    assert watcher.next_event() is None
    assert Path(state_file).read_text() == kept


# The file


def test_the_file_is_whole_at_any_time_and_leaves_no_others_behind(state_file: str, tmp_path: Path) -> None:
    watcher = Told(state_file)
    for number in range(5):
        watcher.look(**{"p%d" % one: "active" for one in range(number)})
        json.loads(Path(state_file).read_text())
    watcher.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.json", "state.json.lock"]


def test_the_file_is_for_its_owner_only_and_holds_no_secret(state_file: str) -> None:
    Told(state_file, access_token="", api_key="key", api_secret="s3cret-value").close()
    assert os.stat(state_file).st_mode & 0o077 == 0
    assert "s3cret" not in Path(state_file).read_text()


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"null", b'{"version": 99}', b'{"version": 1, "state": {}, "outbox": []}', b"\xff\xfe"]
)
def test_a_file_that_cannot_be_read_is_moved_aside_and_told(
    damage: bytes, state_file: str, caplog: pytest.LogCaptureFixture
) -> None:
    Path(state_file).write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        watcher = Told(state_file)
    watcher.look(a="active")
    watcher.close()
    assert Path(state_file + ".unreadable").read_bytes() == damage
    assert "cannot be read" in caplog.text and "begins anew" in caplog.text
    assert "a" in json.loads(Path(state_file).read_text())["state"]["profiles"]


def test_two_watchers_cannot_use_one_file(state_file: str) -> None:
    first = Told(state_file)
    with pytest.raises(InputError, match="^state_file: .* is used by another watcher"):
        Told(state_file)
    first.close()
    Told(state_file).close()


@pytest.mark.parametrize(
    "other", [{"api_url": "http://127.0.0.1:2"}, {"access_token": "", "api_key": "k", "api_secret": "s"}]
)
def test_the_file_of_another_account_is_refused(other: dict[str, str], state_file: str) -> None:
    Told(state_file).close()
    kept = Path(state_file).read_text()
    with pytest.raises(InputError, match="^state_file: .* is that of another service or API key"):
        Told(state_file, **other)
    assert Path(state_file).read_text() == kept
    Told(state_file, access_token="another").close()


def test_a_place_that_cannot_be_written_to_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in ("nowhere/state.json", "file/state.json", "."):
        with pytest.raises(InputError, match="^state_file: .*cannot be used: "):
            Told(str(tmp_path / place) if place != "." else str(tmp_path))


def test_a_file_that_cannot_be_written_any_more_does_not_end_the_watching(
    state_file: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = Told(state_file)

    def full(*_arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_watch_run.os, "fsync", full)
        watcher.look(a="active")
        watcher.look(a="pending")
    assert caplog.text.count("No space left on device") == 1, "told once"
    assert watcher.deliver() == ["a pending"]
    watcher.look(a="active")
    watcher.close()
    assert json.loads(Path(state_file).read_text())["state"]["profiles"]["a"]["state"] == "active"


STATES = st.sampled_from(["active", "pending", "disabled"])
LOOKS = st.lists(st.dictionaries(st.sampled_from("abc"), STATES, min_size=1), min_size=1, max_size=8)
# At each look: after how many delivered events the watcher is stopped, and how.
STOPS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["closed", "killed", "killed while it delivers"])),
    min_size=8,
    max_size=8,
)


def uuids(watcher: Told, most: int = 99) -> list[str]:
    """Deliver events."""
    told = []
    while len(told) < most and (event := watcher.next_event()):
        told.append(event["meta"]["uuid"])
        watcher.delivered()
    return told


@settings(deadline=None, max_examples=40)
@given(LOOKS, STOPS)
def test_stopped_anywhere_it_neither_loses_nor_repeats(
    looks: Sequence[dict[str, str]], stops: Sequence[tuple[int, str]]
) -> None:
    undisturbed = Told(None, reminder_interval=120)
    expected, delivered, repeated = [], [], []
    for listing in looks:
        undisturbed.look(**listing)
        expected += uuids(undisturbed)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(_watch_run, "_SAVE_INTERVAL", -1.0):
        path = os.path.join(folder, "state.json")
        watcher = Told(path, reminder_interval=120)
        for listing, (number, way) in zip(looks, stops):
            watcher.look(**listing)
            delivered += uuids(watcher, number)
            if way == "closed":
                watcher.close()
            else:
                if way == "killed while it delivers" and (event := watcher.next_event()):
                    repeated.append(event["meta"]["uuid"])
                watcher._file.close()  # nothing more is written
            watcher = Told(path, begin=watcher.minute, reminder_interval=120)
            delivered += uuids(watcher)
        watcher.close()
    assert delivered == expected
    assert set(repeated) <= set(expected), "what is repeated has the same uuid"


# When to look


@pytest.mark.parametrize("elapsed, pause", [(0.0, 60.0), (0.5, 59.5), (59.0, 1.0), (61.5, 58.5), (250.0, 50.0)])
def test_looks_are_at_multiples_of_the_interval_and_missed_ones_are_left_out(elapsed: float, pause: float) -> None:
    assert pause_after(60.0, elapsed, 0) == pytest.approx(pause)


def test_pauses_grow_with_failures_up_to_a_limit_and_are_not_all_the_same() -> None:
    for failures, longest in ((1, 120.0), (2, 240.0), (3, 480.0), (4, 900.0), (1000, 900.0)):
        pauses = {pause_after(60.0, 1.0, failures) for _time in range(50)}
        assert longest / 2 <= min(pauses) < max(pauses) <= longest
    assert pause_after(3600.0, 1.0, 5) >= 1800.0


def test_the_service_is_not_asked_before_the_time_that_it_asks_for() -> None:
    assert pause_after(1.0, 0.5, 1, retry_after=77.0) == 77.0


# Arguments


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"intervall": 5}, ["intervall: unknown argument.", "Did you mean 'interval'?"]),
        ({"eda_feedback_queue": object()}, ["eda_feedback_queue: unknown argument."]),
        ({"interval": 0}, ["interval: 0.0 is no possible time"]),
        ({"interval": "soon"}, ["interval: 'soon' is not a number"]),
        ({"interval": "nan"}, ["interval: nan is no possible time"]),
        ({"interval": True}, ["interval: 'True' is not a number"]),
        ({"confirmations": 0}, ["confirmations: 0 is too small"]),
        ({"confirmations": 1.5}, ["confirmations: '1.5' is not a whole number"]),
        ({"reminder_interval": -1}, ["reminder_interval: -1.0"]),
        ({"expiring_hours": [24, "late"]}, ["expiring_hours: 'late' is not a number"]),
        ({"expiring_hours": [0]}, ["expiring_hours: 0 is no number of hours"]),
        ({"expiring_hours": {"a": 1}}, ["expiring_hours: dict is not a list"]),
        ({"dns": "perhaps"}, ["dns: 'perhaps' is not true or false"]),
        ({"dns": True, "nameservers": ["a b"]}, ["nameservers[0]: 'a b' is no DNS server"]),
        ({"state_file": ["x"]}, ["state_file: list is not a path"]),
        ({"api_url": "http://192.0.2.1"}, ["api_url: ", "use https://"]),
        ({"timeout": "-1"}, ["timeout: -1.0"]),
        ({"retries": -1}, ["retries: -1 is negative"]),
        ({"access_token": ["s3cret"]}, ["access_token: list is not a text"]),
        ({"access_token": ""}, ["access_token: no credentials"]),
    ],
)
def test_an_argument_that_cannot_work_is_named(arguments: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        settings_from({"access_token": "t", **arguments}, {})
    for word in words:
        assert word in str(error.value)
    assert "s3cret" not in str(error.value)


def test_arguments_are_completed_from_the_environment_and_empty_ones_are_none() -> None:
    environ = {
        "SMTPD_API_URL": "",
        "SMTPD_HOST": "other.example",
        "SMTPD_API_KEY": "k",
        "SMTPD_API_SECRET": "s",
        "SMTPD_ACCESS_TOKEN": "",
        "SMTPD_TIMEOUT": "7",
        "SMTPD_VALIDATE_CERTS": "no",
    }
    found = settings_from({"access_token": "", "interval": "", "timeout": None, "expiring_hours": "48, 6"}, environ)
    connection = found.connection
    assert (connection.api_url, connection.api_key, connection.timeout, connection.verify) == (
        "https://other.example",
        "k",
        7.0,
        False,
    )
    assert (found.interval, found.rules.expiring_hours, found.dns, found.state_file) == (300.0, (6.0, 48.0), None, None)


def test_texts_as_they_come_from_templates_are_converted() -> None:
    found = settings_from(
        {
            "access_token": "t",
            "interval": "10",
            "confirmations": "3",
            "reminder_interval": "0",
            "dns": "true",
            "retries": "1",
            "nameservers": "127.0.0.1:53, ::1",
            "validate_certs": "yes",
        },
        {"SMTPD_API_KEY": "other"},
    )
    assert (found.interval, found.connection.access_token, found.connection.retries) == (10.0, "t", 1)
    assert found.rules == Rules(confirmations=3, reminder_interval=0.0, expiring_hours=(1.0, 6.0, 24.0))
    assert found.dns and found.dns.nameservers == ("127.0.0.1:53", "::1")
