# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults to inject: one rule for all of them, made of when it applies, whether the work is done, and what is answered.

No input or output: C(delivery.py) brings a spoilt answer to the caller.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

ENDPOINTS = ("create", "list", "get", "setup", "verify", "token")

_HTML = "<html><head><title>Bad gateway</title></head><body><h1>The proxy has a bad day</h1></body></html>"

# A short form stands for some fields. The first are given as true, the others with a value.
_FLAGS: dict[str, dict[str, Any]] = {
    "reset": {"close": True},
    "reset_after": {"close": True, "work": True},
    "html": {"text": _HTML, "content_type": "text/html"},
    "echo": {"echo": True, "content_type": "text/html"},
    "empty": {"text": ""},
    "malformed": {"text": '{"profile_id": '},
}
_VALUES = {
    "hang": lambda seconds: {"delay": seconds, "close": True},
    "hang_after": lambda seconds: {"delay": seconds, "close": True, "work": True},
    "latency": lambda seconds: {"delay": seconds},
    "body": lambda data: {"text": json.dumps(data)},
    "big": lambda size: {"size": size},
    "redirect": lambda url: {"status": 302, "headers": {"Location": url}},
}


@dataclass
class Fault:
    """A rule that spoils answers.

    :param endpoint: which calls: one of C(ENDPOINTS), or C(*).
    :param method: only calls of this method.
    :param path: only calls whose path matches this pattern, such as C(*/setup).
    :param after: how many calls to let pass first.
    :param times: how many calls to spoil then.
    :param work: whether the call is carried out all the same. If not said: only where the true answer is needed,
        because neither C(close) nor C(status), C(text) or C(size) takes its place.
    :param late: whether the work is done only after the delay, when the caller may have given up.
    :param expire: let all granted tokens expire first.
    :param delay: seconds before the answer.
    :param close: reset the connection in place of an answer.
    :param status: answer this status. With C(work), and neither C(text) nor C(size), the true body follows.
    :param headers: more headers of the answer.
    :param text: answer this body.
    :param size: answer a body of so many bytes.
    :param echo: answer with a page that shows the request, its credentials too.
    :param content_type: of the answer.
    :param truncate: close the connection after half of the body.
    :param drip: seconds of pause after each byte of the body.
    :param drip_head: seconds of pause after each byte of the head.
    :raises ValueError: a field cannot have its value.
    """

    endpoint: str = "*"
    method: str | None = None
    path: str | None = None
    after: int = 0
    times: int = 1
    work: bool | None = None
    late: bool = False
    expire: bool = False
    delay: float = 0.0
    close: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    size: int | None = None
    echo: bool = False
    content_type: str | None = None
    truncate: bool = False
    drip: float = 0.0
    drip_head: float = 0.0

    def __post_init__(self) -> None:
        if self.endpoint not in (*ENDPOINTS, "*"):
            raise ValueError("endpoint must be one of %s or *" % ", ".join(ENDPOINTS))
        for name in ("after", "times", "status", "size"):
            self._check(name, int, "a whole number")
        for name in ("delay", "drip", "drip_head"):
            self._check(name, (int, float), "a number of seconds")
        for name in ("method", "path", "text", "content_type"):
            self._check(name, str, "a string")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError("status must be from 200 to 599, not %d" % self.status)
        if not isinstance(self.headers, dict) or not all(isinstance(value, str) for value in self.headers.values()):
            raise ValueError("headers must be an object of strings")
        if self.work is None:
            self.work = (
                not self.close and not self.echo and self.status is None and self.text is None and self.size is None
            )

    def _check(self, name: str, kind: Any, words: str) -> None:
        value = getattr(self, name)
        if value is None and name not in ("after", "times", "delay", "drip", "drip_head"):
            return
        if not isinstance(value, kind) or isinstance(value, bool) or (kind is not str and value < 0):
            raise ValueError("%s must be %s, not %r" % (name, words, value))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Fault:
        """Make a rule of its fields, or of short forms, each of which stands for some of them.

        :raises ValueError: there is no such field, or it cannot have its value.
        """
        expanded: dict[str, Any] = {}
        for name, value in data.items():
            if name in _FLAGS:
                expanded.update(_FLAGS[name] if value else {})
            elif name in _VALUES:
                expanded.update(_VALUES[name](value))
        plain = {name: value for name, value in data.items() if name not in _FLAGS and name not in _VALUES}
        unknown = set(plain) - {item.name for item in fields(cls)}
        if unknown:
            raise ValueError("a fault has no %s" % ", ".join(sorted(unknown)))
        if "headers" in expanded and isinstance(plain.get("headers"), dict):
            plain["headers"] = {**expanded["headers"], **plain["headers"]}
        return cls(**{**expanded, **plain})

    def applies(self, endpoint: str, method: str, path: str) -> bool:
        """Whether this call is to be spoilt. Counts it."""
        if self.times == 0 or not self._matches(endpoint, method, path):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True

    def _matches(self, endpoint: str, method: str, path: str) -> bool:
        return (
            self.endpoint in ("*", endpoint)
            and self.method in (None, method)
            and (self.path is None or fnmatchcase(path, self.path))
        )

    def content(self, true_body: bytes, request: str) -> bytes:
        """The body to answer.

        :param request: the head of what was asked.
        """
        if self.size is not None:
            return b" " * self.size
        if self.echo:
            return ("<html><body><h1>This is what came:</h1><pre>%s</pre></body></html>" % request).encode()
        if self.text is not None:
            return self.text.encode()
        return true_body


class Faults:
    """The rules that are in force. The first one that applies to a call spoils it."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a rule behind those that are there."""
        self._rules.append(fault)

    def clear(self) -> None:
        """Spoil nothing any more."""
        self._rules.clear()

    def next_for(self, endpoint: str, method: str, path: str) -> Fault | None:
        """The rule that spoils this call."""
        fault = next((rule for rule in self._rules if rule.applies(endpoint, method, path)), None)
        self._rules = [rule for rule in self._rules if rule.times > 0]
        return fault

    def as_json(self) -> list[dict[str, Any]]:
        """The rules that have calls left to spoil."""
        return [asdict(rule) for rule in self._rules]
