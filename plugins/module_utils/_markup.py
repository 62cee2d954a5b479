# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Making HTML and XML of texts that others wrote: escaping is what happens where nobody thinks of it."""

from __future__ import annotations

from typing import Any, Iterable

from ._texts import printable

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


class Markup(str):
    """Text that is HTML or XML already."""

    __slots__ = ()


def escaped(value: Any) -> Markup:
    """A value as text in an element or an attribute; C(None) is an empty one. What XML does not allow is escaped too."""
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else printable(value).translate(_ENTITIES))


def fill(template: str, *values: Any, **named: Any) -> Markup:
    """Put values into the C({}) of a template. All but C(Markup) are escaped."""
    return Markup(template.format(*map(escaped, values), **{name: escaped(value) for name, value in named.items()}))


def joined(parts: Iterable[Any], separator: str = "") -> Markup:
    """Parts one after the other. All but C(Markup) are escaped."""
    return Markup(separator.join(map(escaped, parts)))
