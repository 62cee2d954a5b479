# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Results of many items as a few texts.

Ansible visits each value of a result a dozen times: it masks, converts, copies, cleans and shows it. With thousands of records that
takes longer than the service and DNS together; a text is a single value.
"""

from __future__ import annotations

import json
from typing import Any, Iterable, Mapping

MANY = 100

# The one field of an item that stands for many records, which Ansible handles as a single value.
BUNDLE = "records"

FIELD, _RECORDS = "compact", "dns_records"
# These are lists that Ansible reads itself.
_ANSIBLES = frozenset(("diff", "warnings", "deprecations"))


def compact_spec() -> dict[str, dict[str, Any]]:
    """The option that asks for it."""
    return {"compact": {"type": "bool", "default": False}}


def compacted(result: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """A result with each of its long lists as one text.

    :param secrets: what is masked in results. Where one is in such a list, the result stays as it is, to be masked value by value.
    """
    long = {
        name: value
        for name, value in result.items()
        if isinstance(value, list) and len(value) > MANY and name not in _ANSIBLES
    }
    texts = {name: None if _is_nested(name, value, long) else json.dumps(value) for name, value in long.items()}
    forms = [form for secret in secrets for form in (secret, json.dumps(secret)[1:-1])]
    if not long or any(form in text for text in texts.values() if text is not None for form in forms):
        return dict(result)
    return {**{name: value for name, value in result.items() if name not in long}, FIELD: texts}


def expanded(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result with all of its lists, whether it is compact or not."""
    whole = dict(result)
    texts = whole.pop(FIELD, {})
    whole.update((name, json.loads(text)) for name, text in texts.items() if text is not None)
    whole.update((name, _nested_records(whole)) for name, text in texts.items() if text is None)
    return whole


def _is_nested(name: str, value: list[Any], lists: Mapping[str, Any]) -> bool:
    return name == _RECORDS and value == _nested_records(lists)


def _nested_records(result: Mapping[str, Any]) -> list[Any]:
    """The records that a result has in its profiles, and flattened once more."""
    items = result.get("profiles") or result.get("results") or []
    return [record for item in items for record in item.get(_RECORDS, [])]
