# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""How far the work on a zone has come, and why records are left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Sequence

from ._dns_plan import UNCHANGED, Conflict, ZonePlan
from ._record_sets import Change, LoadedZone, RecordSet
from ._records import Wish


@dataclass
class Reason:
    """Why the records of an owner are left out."""

    errors: dict[str, None] = field(default_factory=dict)
    conflicts: dict[Conflict, None] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join([*self.errors, *map(str, self.conflicts)])


@dataclass
class ZoneWork:
    """What has happened to a zone, and what is still to happen.

    :param portions: what is to be written; C(None) where this is not prepared.
    :param is_over: whether nothing more is written, because all is or because the provider fails.
    :param done: by the id of wishes at names that were written, their actions.
    :param before: of the names that were written, their content before.
    :param after: and what it was made.
    :param failed: the ids of wishes that the provider refused.
    """

    zone: str
    wishes: list[Wish]
    loaded: LoadedZone
    current: ZonePlan
    portions: Optional[list[tuple[list[Change], Any]]] = None
    is_over: bool = False
    done: dict[int, str] = field(default_factory=dict)
    before: dict[str, Mapping[str, RecordSet]] = field(default_factory=dict)
    after: dict[str, Mapping[str, RecordSet]] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)

    def finish_portion(self) -> None:
        """Note that the first portion was written."""
        changes, _plan = (self.portions or []).pop(0)
        names = {change.any.name for change in changes}
        for name in names:
            self.before.setdefault(name, self.current.before[name])
            self.after[name] = self.current.after[name]
        for wish, action in zip(self.current.wishes, self.current.actions):
            if wish.name in names and self.done.get(id(wish), UNCHANGED) == UNCHANGED:
                self.done[id(wish)] = action

    def open_wishes(self) -> list[Wish]:
        """Those for which something has to be written."""
        portions = [self.current.changes] if self.portions is None else [changes for changes, _plan in self.portions]
        return self.wishes_of([change for changes in portions for change in changes])

    def wishes_of(self, changes: Sequence[Change]) -> list[Wish]:
        """Those that changes are for."""
        names = {change.any.name for change in changes}
        own = [pair for pair in zip(self.current.wishes, self.current.actions) if pair[0].name in names]
        return [wish for wish, action in own if action != UNCHANGED] or [wish for wish, _action in own]
