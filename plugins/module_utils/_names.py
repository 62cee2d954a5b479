# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Names that users type and may misspell: pure functions on plain data."""

from __future__ import annotations

import difflib
from typing import Any, Iterable, Iterator, Mapping, Optional

# A profile cannot do without them, so that a blank one is an error rather than one that is not given.
_NEEDED = ("profile_name", "sending_domain")

# Below this two names have too little in common for one to be a misspelling of the other.
_SIMILAR = 0.5


def nearest(name: str, known: Iterable[str], prefix: str = "", similar: float = _SIMILAR) -> Optional[str]:
    """The known name that is most like another one, C(None) if none is.

    :param prefix: what all names have in common, and what therefore says nothing.
    """
    bare = {other[len(prefix) :]: other for other in known if other.startswith(prefix)}
    found = difflib.get_close_matches(name[len(prefix) :], bare, 1, similar)
    return bare[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """The question to add to an error about an unknown name, with a space before it. Empty if no known name is similar."""
    found = nearest(name, known, prefix)
    return " Did you mean '%s'?" % found if found else ""


def unknown_options(given: Any, spec: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Iterable[str]]]:
    """The keys of options, however deep, that an argument spec does not have, each with those that it has there."""
    if not isinstance(given, Mapping):
        return
    for name, value in given.items():
        if name not in spec:
            yield str(name), spec
        elif spec[name].get("options"):
            for item in value if isinstance(value, list) else [value]:
                yield from unknown_options(item, spec[name]["options"])


def is_blank(value: Any) -> bool:
    """Whether a value is text with nothing in it, as a form gives for a question that was not answered."""
    return isinstance(value, str) and not value.strip()


def without_blanks(given: Any, spec: Mapping[str, Mapping[str, Any]]) -> Any:
    """Options less those that are blank, however deep. The names that a profile needs stay."""
    if isinstance(given, list):
        return [without_blanks(item, spec) for item in given]
    if not isinstance(given, Mapping):
        return given
    return {
        name: without_blanks(value, spec[name]["options"]) if spec.get(name, {}).get("options") else value
        for name, value in given.items()
        if name not in spec or name in _NEEDED or not is_blank(value)
    }
