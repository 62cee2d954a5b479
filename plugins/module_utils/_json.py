# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""JSON that a service sends, within limits of memory and depth."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

# Values in the JSON of a body. Each takes memory, however short it is: the smallest ones thirty times their size.
_MAX_VALUES = 4_000_000
# How deeply they may be nested. The service's answers have three levels.
_MAX_DEPTH = 100
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_STRING = re.compile(rb'"[^"]*"')

# May be one, or belong to a whole one.
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


class TooManyValues(ValueError):
    """Data that would take more memory than any answer of the service."""


def read_json(body: bytes) -> Any:
    """The data that a body holds.

    :raises ValueError: it is no JSON (RFC 8259), which has neither infinite numbers nor halves of characters, or it is nested
        too deeply, or has too many values.
    """
    if len(body) > _MAX_VALUES and body.count(b",") + body.count(b"[") + body.count(b"{") > _MAX_VALUES:
        raise TooManyValues("it has more than %d values" % _MAX_VALUES)
    # Brackets can also stand in strings, which are rarely worth the time to take them out.
    if _depth(body) > _MAX_DEPTH and _depth(_without_strings(body)) > _MAX_DEPTH:
        raise ValueError
    text = body.decode("utf-8-sig")
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
        if _HALF_CHARACTER.search(text):
            json.dumps(data, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError from None
    return data


def _depth(body: bytes) -> int:
    """How deeply brackets are nested."""
    return max(itertools.accumulate(memoryview(body.translate(_STEPS, _NO_BRACKETS)).cast("b")), default=0)


def _without_strings(body: bytes) -> bytes:
    if body.count(b'"') > 2 * _MAX_VALUES:
        raise TooManyValues("it has more than %d values" % _MAX_VALUES)
    return _STRING.sub(b"", body.replace(b"\\\\", b"").replace(b'\\"', b""))


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
