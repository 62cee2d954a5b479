# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Results of many items as a few texts.

Ansible visits each value of a result a dozen times: it masks, converts, copies, cleans and shows it. With thousands of records that
takes longer than the service and DNS together; a text is a single value.
"""

from __future__ import annotations

import itertools
import json
from typing import Any, Iterable, Mapping, Optional

MANY = 100

# The one field of an item that stands for many records, which Ansible handles as a single value.
BUNDLE = "records"

FIELD, _RECORDS = "compact", "dns_records"
_ITEMS = ("profiles", "results")  # the lists whose items can have records
# These are lists that Ansible reads itself.
_ANSIBLES = frozenset(("diff", "warnings", "deprecations"))


def compact_spec() -> dict[str, dict[str, Any]]:
    """The option that asks for it."""
    return {"compact": {"type": "bool", "default": False}}


def compacted(result: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """A result with each of its long lists as one text. Records that are in the list of items too, are in their own only, and
    each item has the number of its records.

    :param secrets: what is masked in results. Where one is in such a list, the result stays as it is, to be masked value by value.
    """
    long = {
        name: value
        for name, value in result.items()
        if isinstance(value, list) and len(value) > MANY and name not in _ANSIBLES
    }
    for name in _ITEMS:
        items = long.get(name, [])
        if _RECORDS in long and long[_RECORDS] == [record for item in items for record in item.get(_RECORDS, [])]:
            long[name] = [{**item, _RECORDS: len(item[_RECORDS])} if _RECORDS in item else item for item in items]
    texts = {name: json.dumps(value) for name, value in long.items()}
    forms = [form for secret in secrets for form in (secret, json.dumps(secret)[1:-1])]
    if not long or any(form in text for text in texts.values() for form in forms):
        return dict(result)
    return {**{name: value for name, value in result.items() if name not in long}, FIELD: texts}


def expanded(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result with all of its lists, whether it is compact or not."""
    whole = {name: value for name, value in result.items() if name != FIELD}
    whole.update((name, json.loads(text)) for name, text in result.get(FIELD, {}).items())
    records = iter(whole.get(_RECORDS, []))
    for item in [item for name in _ITEMS if text_of(result, name) for item in whole[name]]:
        if isinstance(item.get(_RECORDS), int):
            item[_RECORDS] = list(itertools.islice(records, item[_RECORDS]))
    return whole


def text_of(result: Mapping[str, Any], name: str) -> Optional[str]:
    """One list of a compact result as the text that it is, C(None) where it is none."""
    text: Optional[str] = result.get(FIELD, {}).get(name)
    return text


def listed(result: Mapping[str, Any], name: str) -> Any:
    """One list of a result, whether it is compact or not, and empty where there is none.

    Of a compact one nothing else is read, so that items can have the number of their records in place of these.
    """
    text = text_of(result, name)
    return result.get(name, []) if text is None else json.loads(text)
