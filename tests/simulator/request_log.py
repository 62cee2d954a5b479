# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the service was called for."""

from __future__ import annotations

import collections
import contextlib
import json
import time
from typing import Any, Iterator

from aiohttp import web

_KEPT = 100_000


class RequestLog:
    """The latest calls to the service, and how many were under way at the same time."""

    def __init__(self) -> None:
        self._entries: collections.deque[dict[str, Any]] = collections.deque(maxlen=_KEPT)
        self._in_flight = 0
        self._most_in_flight = 0

    @contextlib.contextmanager
    def entry(self, request: web.Request, endpoint: str, body: bytes) -> Iterator[dict[str, Any]]:
        """Note a call, and count it as under way for the length of the block. The caller completes the entry."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        entry = {
            "endpoint": endpoint,
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "headers": dict(request.headers),
            "body": parse_json(body),
            "peer": "%s:%d" % peer[:2] if peer else None,
            "time": time.time(),
            "status": None,
            "done": False,
            "fault": False,
        }
        self._entries.append(entry)
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            yield entry
        finally:
            self._in_flight -= 1

    def as_json(self) -> dict[str, Any]:
        """All that is noted, the oldest call first."""
        return {"requests": list(self._entries), "most_in_flight": self._most_in_flight}

    def clear(self) -> None:
        """Forget the calls so far."""
        self._entries.clear()
        self._most_in_flight = self._in_flight


def parse_json(body: bytes) -> Any:
    """The data that a body holds, C(None) if it is no JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None
