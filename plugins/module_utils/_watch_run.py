# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Watching profiles: looking at the service and at DNS, and keeping in a file what is known.

The event source is a thin shell around C(Watcher). What it decides is in C(_watch).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import random
import tempfile
import threading
import time
from typing import Any, Callable, Mapping, Optional, Sequence

from ._client import RETRY_BUDGET, Client, ServiceError
from ._contract import unexpected_records
from ._dns_delegation import ServersOf, servers_by
from ._dns_look import Looker
from ._dns_wire import dnspython
from ._errors import InputError, MissingLibraryError, SmtpdError
from ._options import Connection
from ._profiles import describe_unexpected
from ._records import check_records
from ._threads import map_at_once
from ._vocabulary import PRESENT, UNKNOWN
from ._watch import Observation, State, from_json, observe, to_confirm, to_json, to_look_up
from ._watch_options import Settings, settings_from

_LOG = logging.getLogger("smtpd.email.profiles")

_VERSION = 1  # of the state file
_CALLS = 4  # calls, and profiles about which DNS is asked, at once
_CONFIRMED = 20  # so many missing profiles are asked for in one look
_LONGEST_PAUSE = 900.0  # seconds between two looks while the service does not answer, unless the interval is longer
_SAVE_INTERVAL = 1.0  # seconds


def start(arguments: Mapping[str, Any], environ: Mapping[str, str]) -> Watcher:
    """A watcher by the arguments of the event source.

    :raises SmtpdError: an argument cannot work; or a library is missing.
    """
    try:
        settings = settings_from(arguments, environ)
        if settings.dns:
            dnspython()
        return Watcher(settings)
    except MissingLibraryError as error:
        raise SmtpdError(
            "The Python library %s is needed %s: install it for the Python that runs the rulebook."
            % (error.library, error.reason)
        ) from None


class Watcher:
    """Looks at the service from time to time.

    Its methods but C(close) are called one after the other. C(close) may be called while C(tick) is under way in another
    thread, whose work is lost then, as if it had not begun.

    :param clock: gives the time, in seconds since the epoch.
    :raises SmtpdError: the state file cannot be used.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._account = _account(settings.connection)
        self._lock = threading.Lock()
        self._closed = False
        self._started = time.monotonic()
        self._failures = 0
        self._retry_after: Optional[float] = None
        self._has_listed = False
        self._records: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
        self._file = StateFile(settings.state_file) if settings.state_file else None
        try:
            self._state, self._outbox = (self._file.load(self._account) if self._file else None) or (
                State(self._account),
                [],
            )
            self._save()
            self._client = Client(settings.connection, connections=_CALLS)
        except BaseException:
            if self._file:
                self._file.close()
            raise

    def close(self) -> None:
        """Keep what is known, and stop."""
        with self._lock:
            self._closed = True
            self._save()
            if self._file:
                self._file.close()
        self._client.close()

    # Events

    def next_event(self) -> Optional[dict[str, Any]]:
        """The event that is to be delivered next, C(None) if there is none. It stays so until C(delivered) is called."""
        return self._outbox[0] if self._outbox else None

    def delivered(self) -> None:
        """The next event was delivered."""
        with self._lock:
            del self._outbox[0]
            # Not for each of a thousand events: who is killed in between delivers those of one second again.
            if not self._outbox or (self._file and self._file.age() > _SAVE_INTERVAL):
                self._save()

    # Looking

    def tick(self) -> None:
        """Look once, and make events of it.

        :raises ServiceError: at the first look, where the service does not let us in.
        """
        seen = self._look()
        with self._lock:
            if self._closed:
                return
            self._state, events = observe(self._state, seen, self._clock(), self._settings.rules)
            self._records = {name: kept for name, kept in self._records.items() if name in self._state.profiles}
            self._outbox += events
            self._save()

    def pause(self) -> float:
        """How many seconds to wait until the next look."""
        elapsed = time.monotonic() - self._started
        return pause_after(self._settings.interval, elapsed, self._failures, self._retry_after)

    def _look(self) -> Observation:
        deadline = time.monotonic() + max(self._settings.connection.timeout, min(self._settings.interval, RETRY_BUDGET))
        try:
            listing = self._client.list_profiles(deadline)
        except ServiceError as error:
            if not self._has_listed and error.undone and not error.passing:
                raise
            self._failures += 1
            self._retry_after = error.retry_after
            _LOG.info("%s", error)
            return Observation(None, problem=str(error))
        self._failures = 0
        self._has_listed = True
        gone = self._confirm(listing, deadline)
        return Observation(listing, gone=gone, answers=self._ask_dns(listing, deadline) if self._settings.dns else {})

    def _confirm(self, listing: list[dict[str, Any]], deadline: float) -> set[str]:
        """Ask for missing profiles one by one. Those that are there after all are added to the listing."""
        gone = set()
        for profile_id in to_confirm(self._state, listing, self._settings.rules, _CONFIRMED):
            try:
                profile = self._client.get_profile(profile_id, deadline)
            except ServiceError as error:
                _LOG.info("%s", error)
                break
            if profile is None:
                gone.add(profile_id)
            else:
                listing.append(profile)
        return gone

    # DNS

    def _ask_dns(
        self, listing: Sequence[Mapping[str, Any]], deadline: float
    ) -> dict[str, Optional[list[dict[str, Any]]]]:
        dns, interval = self._settings.dns, self._settings.interval
        chosen = set(to_look_up(self._state, listing, self._clock(), dns.interval, interval / dns.interval))
        profiles = [profile for profile in listing if profile["profile_id"] in chosen]
        try:
            servers_of = servers_by(dns.nameservers, dns.resolver, dns.timeout)
        except SmtpdError as error:  # the address of a server cannot be found now
            _LOG.info("%s", error)
            return dict.fromkeys(chosen)
        answers = map_at_once(lambda profile: self._wrong_records(profile, servers_of, deadline), profiles, _CALLS)
        return dict(zip((profile["profile_id"] for profile in profiles), answers))

    def _wrong_records(
        self, profile: Mapping[str, Any], servers_of: ServersOf, deadline: float
    ) -> Optional[list[dict[str, Any]]]:
        """The records of a profile for which DNS certainly does not answer right. C(None): it is not certain of all others."""
        if self._closed:  # whoever ends waits for what is still to be done
            return None
        try:
            wishes = check_records(self._records_of(profile, deadline))
            if not wishes:
                return None
            looker = Looker(wishes, servers_of, self._settings.dns.timeout, patience=0.0)
            looker.look()
        except SmtpdError as error:
            _LOG.info("%s", error)
            return None
        wrong = [judgement.as_dict() for judgement in looker.judgements if judgement.status not in (PRESENT, UNKNOWN)]
        if not wrong and any(judgement.status == UNKNOWN for judgement in looker.judgements):
            return None
        return wrong

    def _records_of(self, profile: Mapping[str, Any], deadline: float) -> list[dict[str, Any]]:
        """The DNS records of a profile, from the service only once for as long as the profile does not change."""
        profile_id, version = profile["profile_id"], profile["modified_at_utc"]
        kept = self._records.get(profile_id)
        if kept is None or kept[0] != version:
            kept = (version, self._client.get_records(profile_id, deadline))
            unexpected = unexpected_records(kept[1], profile, {})
            if unexpected:
                raise SmtpdError(describe_unexpected(profile, unexpected))
            if kept[1]:  # none can mean that they are still to be made
                self._records[profile_id] = kept
        return kept[1]

    # Keeping

    def _save(self) -> None:
        if self._file:
            self._file.save({"version": _VERSION, "state": to_json(self._state), "outbox": self._outbox})


def pause_after(interval: float, elapsed: float, failures: int, retry_after: Optional[float] = None) -> float:
    """How long to wait until the next look. Times are in seconds.

    Looks are made at whole multiples of the interval, and one that was missed is left out. While the service does not
    answer, the pauses grow, with jitter, and are no shorter than it asks for.

    :param elapsed: since the beginning.
    :param failures: how many looks in a row were in vain.
    """
    if not failures:
        return interval - elapsed % interval
    longest = min(max(interval, _LONGEST_PAUSE), interval * 2.0 ** min(failures, 16))
    return max(longest * random.uniform(0.5, 1.0), retry_after or 0.0)


def _account(connection: Connection) -> str:
    """Tells accounts apart, as far as that is possible without asking: not by a token, which changes."""
    return hashlib.sha256(json.dumps([connection.api_url, connection.api_key]).encode()).hexdigest()[:16]


class StateFile:
    """Keeps the state: the file has all of it, or all of what it had before. One watcher at a time may use it.

    :raises InputError: it cannot be used.
    """

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(path)
        self._saved: Optional[str] = None
        self._saved_at = time.monotonic()
        self._is_failing = False
        try:
            self._lock = open(self._path + ".lock", "w", encoding="ascii")
        except OSError as error:
            raise self._unusable(error) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise InputError(
                "state_file", "%s is used by another watcher: give each a file of its own." % self._path
            ) from None

    def _unusable(self, error: OSError) -> InputError:
        return InputError(
            "state_file",
            "%s cannot be used: %s. Give a file in a folder that can be written to."
            % (self._path, error.strerror or error),
        )

    def close(self) -> None:
        """Let others use it."""
        self._lock.close()

    def age(self) -> float:
        """How many seconds ago it was saved."""
        return time.monotonic() - self._saved_at

    def load(self, account: str) -> Optional[tuple[State, list[dict[str, Any]]]]:
        """What was kept: the state, and the events that are still to be delivered. C(None) if nothing was.

        :raises InputError: it cannot be read; or it is the state of another account.
        """
        try:
            with open(self._path, encoding="utf-8") as file:
                document = json.load(file)
            if document["version"] != _VERSION:
                raise ValueError("its version is %s" % document["version"])
            state, outbox = from_json(document["state"]), [dict(event) for event in document["outbox"]]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            aside = self._path + ".unreadable"
            with contextlib.suppress(OSError):
                os.replace(self._path, aside)
            _LOG.warning(
                "The state file %s cannot be read (%s). It was moved to %s, and watching begins anew.",
                self._path,
                error,
                aside,
            )
            return None
        if state.account != account:
            raise InputError(
                "state_file",
                "%s is that of another service or API key: give each a file of its own, or remove it." % self._path,
            )
        return state, outbox

    def save(self, document: dict[str, Any]) -> None:
        """Keep this. Where that fails, what was kept before stays, and it is tried again the next time."""
        text = json.dumps(document)
        if text == self._saved:
            return
        try:
            self._write(text)
        except OSError as error:
            if self._saved is None:
                raise self._unusable(error) from None
            if not self._is_failing:
                _LOG.warning("The state cannot be kept: %s", self._unusable(error))
            self._is_failing = True
            return
        self._saved, self._saved_at, self._is_failing = text, time.monotonic(), False

    def _write(self, text: str) -> None:
        handle, name = tempfile.mkstemp(dir=os.path.dirname(self._path), prefix=os.path.basename(self._path) + ".")
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
