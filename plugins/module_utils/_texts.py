# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Showing text that comes from elsewhere: it must not control the terminal, log or report that shows it."""

from __future__ import annotations

from typing import Any


def printable(value: Any) -> str:
    r"""A value as text in one line. Characters that cannot be seen become escapes such as C(\u202e).

    These are control characters and line breaks, characters that change the direction of text, invisible ones, and lone
    surrogates. What is escaped already stays as it is.
    """
    text = str(value)
    return text if text.isprintable() else "".join(map(_shown, text))


def printable_lines(text: str) -> str:
    """The same for text of our own in several lines, each of which stays a line."""
    return "\n".join(map(printable, text.split("\n")))


def printable_in_json(text: str) -> str:
    """Text as data that Ansible shows in JSON. That escapes line breaks and ASCII's control characters itself, and no others."""
    if text.isprintable():
        return text
    return "".join(character if character < " " else _shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return "\\u%04x" % ord(character) if ord(character) < 0x10000 else "\\U%08x" % ord(character)
