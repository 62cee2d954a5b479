# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults to inject: one rule for all of them, made of when it applies, whether the work is done, and what is answered."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, fields
from typing import Any

from aiohttp import web

ENDPOINTS = ("create", "list", "get", "setup", "verify", "token")

_HTML = "<html><head><title>Bad gateway</title></head><body><h1>The proxy has a bad day</h1></body></html>"


@dataclass
class Fault:
    """A rule that spoils answers.

    :param endpoint: which calls: one of C(ENDPOINTS), or C(*).
    :param after: how many calls to let pass first.
    :param times: how many calls to spoil then.
    :param work: whether the call is carried out all the same.
    :param delay: seconds before the answer.
    :param close: close the connection in place of an answer.
    :param status: answer this status. With C(work), and none of the fields below, the true body follows.
    :param headers: more headers of the answer.
    :param body: answer this, as JSON.
    :param text: answer this, as it is.
    :param content_type: of the answer.
    :param size: answer so many bytes.
    :param truncate: close the connection after half of the body.
    :param drip: seconds of pause after each byte of the body.
    """

    endpoint: str
    after: int = 0
    times: int = 1
    work: bool = False
    delay: float = 0.0
    close: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    text: str | None = None
    content_type: str | None = None
    size: int | None = None
    truncate: bool = False
    drip: float = 0.0

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Fault:
        """Make a rule of its fields, or of one of the short forms, each of which stands for some of them.

        C(reset), C(reset_after) (the work is done), C(hang) and C(hang_after) (seconds without an answer), C(html),
        C(empty), C(malformed), C(redirect) (a URL), C(latency) (seconds before the true answer).

        :raises ValueError: there is no such field or endpoint.
        """
        data = dict(data)
        for name, expand in _SHORT_FORMS.items():
            if name in data:
                value = data.pop(name)
                data = {**expand(value), **data} if value else data
        unknown = set(data) - {item.name for item in fields(cls)}
        if unknown:
            raise ValueError("a fault has no %s" % ", ".join(sorted(unknown)))
        if data.get("endpoint") not in (*ENDPOINTS, "*"):
            raise ValueError("endpoint must be one of %s or *" % ", ".join(ENDPOINTS))
        return cls(**data)

    def applies(self, endpoint: str) -> bool:
        """Whether this call is to be spoilt. Counts it."""
        if self.endpoint not in ("*", endpoint) or self.times <= 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True

    async def answer(self, request: web.Request, true_answer: web.Response | None) -> web.StreamResponse:
        """Answer in place of the service."""
        await asyncio.sleep(self.delay)
        if self.close:
            return _abort(request)
        content = self._content(true_answer)
        status = self.status or (true_answer.status if true_answer is not None else 200)
        response = web.StreamResponse(status=status, headers=self.headers)
        response.content_type = self.content_type or (true_answer.content_type if true_answer is not None else "application/json")
        response.content_length = len(content)
        await response.prepare(request)
        if self.truncate:
            await response.write(content[:len(content) // 2])
            return _abort(request, response)
        step = 1 if self.drip else 65536
        for start in range(0, len(content), step):
            await response.write(content[start:start + step])
            await asyncio.sleep(self.drip)
        return response

    def _content(self, true_answer: web.Response | None) -> bytes:
        if self.size is not None:
            return b" " * self.size
        if self.text is not None:
            return self.text.encode()
        if self.body is not None:
            return json.dumps(self.body).encode()
        if true_answer is not None and isinstance(true_answer.body, bytes):
            return true_answer.body
        return b""


_SHORT_FORMS = {
    "reset": lambda _given: {"close": True},
    "reset_after": lambda _given: {"close": True, "work": True},
    "hang": lambda seconds: {"delay": seconds, "close": True},
    "hang_after": lambda seconds: {"delay": seconds, "close": True, "work": True},
    "latency": lambda seconds: {"delay": seconds, "work": True},
    "html": lambda _given: {"text": _HTML, "content_type": "text/html"},
    "empty": lambda _given: {"text": ""},
    "malformed": lambda _given: {"text": '{"profile_id": '},
    "redirect": lambda url: {"status": 302, "headers": {"Location": url}},
    "truncate": lambda _given: {"truncate": True, "work": True},
    "drip": lambda seconds: {"drip": seconds, "work": True},
}


def _abort(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort() if response is None else request.transport.close()
    return response or web.Response()
