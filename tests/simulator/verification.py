# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verification in the background: when it is asked for, and unasked from time to time."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator

from tests.simulator.dns_check import DnsCheck
from tests.simulator.model import Model, Profile, Settings

# So few unasked looks at the same time that verifications somebody waits for find free slots for their questions.
_ASKED_AT_ONCE = 12
_UNASKED_AT_ONCE = 8


class Verifier:
    """Looks at the DNS records of profiles, and has the model judge what it sees."""

    def __init__(self, settings: Settings, model: Model) -> None:
        self._settings = settings
        self._model = model
        self._dns = DnsCheck()
        self._queue: asyncio.Queue[Profile] = asyncio.Queue()
        self._queued: set[str] = set()
        self._settings_changed = asyncio.Event()

    def enqueue(self, profile: Profile) -> None:
        """Verify a profile soon. One that waits already is not verified twice."""
        if profile.profile_id not in self._queued:
            self._queued.add(profile.profile_id)
            self._queue.put_nowait(profile)

    def settings_changed(self) -> None:
        """Begin anew to wait for the next unasked look, as the settings may say that it is to be sooner."""
        self._settings_changed.set()

    async def running(self, _app: Any) -> AsyncIterator[None]:
        """Work for as long as an application runs, see C(aiohttp.web.Application.cleanup_ctx)."""
        tasks = [asyncio.create_task(self._serve_queue()) for _number in range(_ASKED_AT_ONCE)]
        tasks.append(asyncio.create_task(self._watch()))
        yield
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome  # a mistake in here, which must not pass unseen

    async def _serve_queue(self) -> None:
        while True:
            profile = await self._queue.get()
            self._queued.discard(profile.profile_id)
            await self._look(profile, asked=True)

    async def _watch(self) -> None:
        while True:
            self._settings_changed.clear()
            try:
                async with asyncio.timeout(self._settings.recheck):
                    await self._settings_changed.wait()
            except TimeoutError:
                await self._look_at_all()

    async def _look_at_all(self) -> None:
        watched = self._model.watched()
        for start in range(0, len(watched), _UNASKED_AT_ONCE):
            batch = watched[start : start + _UNASKED_AT_ONCE]
            await asyncio.gather(*(self._look(profile, asked=False) for profile in batch))
            await asyncio.sleep(0)

    async def _look(self, profile: Profile, asked: bool) -> None:
        if self._model.get(profile.profile_id) is not profile:
            return  # removed since it was put in the queue
        begun = self._model.clock()
        right = await self._dns.look(self._settings.dns, profile.dns_records)
        self._model.judge(profile, right, begun, asked)
