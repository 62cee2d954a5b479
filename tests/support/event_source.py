# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source, loaded and run as ansible-rulebook does it: by its path, with a queue of one place."""

from __future__ import annotations

import asyncio
import runpy
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

PATH = Path(__file__).resolve().parents[2] / "extensions" / "eda" / "plugins" / "event_source" / "profiles.py"
_PATIENCE = 30.0


class _Queue:
    """What a source gets: it can only put."""

    def __init__(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        self._queue = queue

    async def put(self, event: dict[str, Any]) -> None:
        """Put an event, as soon as there is room for it."""
        await self._queue.put(event)


class EventSource:
    """Runs the source in a thread for the length of a block, and collects its events.

    :param arguments: those of the source.
    """

    def __init__(self, **arguments: Any) -> None:
        self._arguments = arguments
        self._events: list[dict[str, Any]] = []
        self._error: Optional[BaseException] = None
        self._taking = threading.Event()
        self._taking.set()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> EventSource:
        self._thread.start()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Cancel the source, and wait until it has ended."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "the source does not end"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events so far."""
        return list(self._events)

    @property
    def types(self) -> list[str]:
        """Their types."""
        return [event["type"] for event in self._events]

    def wait_for(self, type_: str, number: int = 1) -> dict[str, Any]:
        """Wait for the event of this type that comes as number so and so, and return it."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = [event for event in self._events if event["type"] == type_]
            if len(found) >= number:
                return found[number - 1]
            if not self._thread.is_alive():
                raise AssertionError("the source ended: %r" % self._error)
            time.sleep(0.01)
        raise AssertionError("no %s among %s" % (type_, self.types))

    def wait_for_end(self) -> BaseException:
        """Wait until the source ends by itself, and return the error by which it does."""
        self._thread.join(_PATIENCE)
        assert self._error is not None, "the source does not end"
        return self._error

    def hold(self) -> None:
        """Take no events any more but the next one: what is in the queue stays there, and the source has to wait."""
        self._taking.clear()

    def wait_for_full_queue(self) -> None:
        """Wait until the source has to wait."""
        deadline = time.monotonic() + _PATIENCE
        while not self._queue.full():
            assert time.monotonic() < deadline, "it puts nothing into the queue"
            time.sleep(0.01)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except (Exception, asyncio.CancelledError) as error:
            self._error = error

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1)
        taker = asyncio.create_task(self._take())
        self._task = asyncio.create_task(runpy.run_path(str(PATH))["main"](_Queue(self._queue), self._arguments))
        try:
            await self._task
        finally:
            taker.cancel()

    async def _take(self) -> None:
        while True:
            while not self._taking.is_set():
                await asyncio.sleep(0.01)
            self._events.append(await self._queue.get())
