# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Publishing records: read each zone once, find all conflicts, then write."""

from __future__ import annotations

import random
import time
from typing import Any, Iterable, Mapping, Optional, Sequence

from ._dns_plan import (
    LEFT_OUT,
    NOT_WRITTEN,
    UNCHANGED,
    Identity,
    Policy,
    ZonePlan,
    count_actions,
    plan_zone,
    relevant_names,
    zone_diff,
)
from ._dns_work import Reason, ZoneWork
from ._errors import SmtpdError
from ._octodns import Provider
from ._rdata import name_key
from ._record_sets import Change, Refused, Silent, ZoneChanged, listing, no_zone, zones_if_any
from ._records import Wish, clashes

# Of a record: its profile, or itself where it has none.
_Owner = tuple[str, str]

# After how many zones in a row that time out no more are read.
_SILENT_ZONES = 3
# How often the same changes are tried while somebody else writes to the zone, and how long to wait in between, in seconds.
_ATTEMPTS = 5
_PAUSES = (0.1, 0.4)


def publish(
    provider: Provider,
    wishes: Sequence[Wish],
    zones: Sequence[str],
    policy: Policy,
    check_mode: bool,
    partial: bool = False,
) -> dict[str, Any]:
    """Bring the records to the desired state.

    :param zones: where to publish; empty for all that the provider has.
    :param partial: whether to leave out what cannot be published, rather than to write nothing.
    :returns: the result of a module: C(changed), C(diff), C(zones), C(records); C(left_out) if C(partial).
    :raises SmtpdError: there are conflicts, or the provider fails, or records are left out. Its result says what was
        written.
    """
    run = _Run(provider, wishes, policy, check_mode, partial)
    if wishes:
        run.leave_out_clashes()
        run.read(zones or provider.zones())
        run.plan(run.works)
        run.ask_to_write()
        run.write()
    result = run.result()
    if run.reasons:
        raise SmtpdError(run.what_is_left_out(), **result)
    return result


class _Run:
    """One run: its zones, and whose records are left out."""

    def __init__(
        self, provider: Provider, wishes: Sequence[Wish], policy: Policy, check_mode: bool, partial: bool
    ) -> None:
        self._provider = provider
        self._wishes = wishes
        self._policy = policy
        self._check_mode = check_mode
        self._partial = partial
        self._owners = {id(wish): _owner(wish, place) for place, wish in enumerate(wishes)}
        self._zone_of: dict[int, str] = {}
        self._zones_of: dict[_Owner, set[str]] = {}
        self.works: dict[str, ZoneWork] = {}
        self.reasons: dict[_Owner, Reason] = {}

    # Reading and planning

    def leave_out_clashes(self) -> None:
        """Leave out all records that contradict each other, because nobody can say which of them is right."""
        names = [_name_of(wish) for wish in self._wishes]
        for clash in clashes(self._wishes, names) if self._partial else ():
            self._leave_out([self._wishes[place] for place in clash.members], SmtpdError(clash.text))

    def read(self, zones: Sequence[str]) -> None:
        """Read the zones that the records lie in."""
        by_zone: dict[str, list[Wish]] = {}
        zone_of = zones_if_any(dict.fromkeys(wish.fqdn for wish in self._wishes), zones)
        homeless = [wish for wish in self._wishes if zone_of[wish.fqdn] is None]
        if homeless and not self._partial:
            raise no_zone(dict.fromkeys(wish.fqdn for wish in homeless), zones)
        for wish in homeless:
            self._leave_out([wish], no_zone([wish.fqdn], zones))
        for wish in self._wishes:
            zone = zone_of[wish.fqdn]
            if zone is not None:
                self._zone_of[id(wish)] = zone
                self._zones_of.setdefault(self._owners[id(wish)], set()).add(zone)
                by_zone.setdefault(zone, []).append(wish)
        silent: list[Silent] = []
        for zone in sorted(by_zone):
            try:
                if len(silent) == _SILENT_ZONES:  # each of thousands would take its timeout
                    raise Silent("Not read, because the provider did not answer for other zones. %s" % silent[-1])
                loaded = self._provider.read(zone, relevant_names(zone, by_zone[zone]))
            except SmtpdError as error:
                if len(silent) < _SILENT_ZONES:
                    silent = [*silent, error] if isinstance(error, Silent) else []
                self._leave_out(by_zone[zone], error)
            else:
                silent = []
                self.works[zone] = ZoneWork(zone, by_zone[zone], loaded, ZonePlan(zone, []))

    def plan(self, zones: Iterable[str]) -> None:
        """Plan zones, and plan again those of whom that leaves out, until nobody falls out any more."""
        stale = set(zones)
        while stale:
            works = [self.works[zone] for zone in sorted(stale) if not self.works[zone].is_over]
            for work in works:
                loaded = work.loaded
                wishes = [wish for wish in work.wishes if self._owners[id(wish)] not in self.reasons]
                work.current = plan_zone(work.zone, wishes, loaded.content, self._policy, loaded.owners)
                work.portions = None
            stale = self._leave_out_conflicts(works) or self._prepare()

    def _leave_out_conflicts(self, works: Sequence[ZoneWork]) -> set[str]:
        """Leave out those in conflict.

        :returns: the zones that they have records in.
        """
        conflicts = [conflict for work in works for conflict in work.current.conflicts]
        if conflicts and not self._partial:
            raise SmtpdError(
                "%s %s:\n%s"
                % (
                    "Someone else changed a zone after it was read, and now there"
                    if any(work.before for work in self.works.values())
                    else "Nothing was written, because there",
                    _count(len(conflicts), "conflict"),
                    "\n".join("- %s" % conflict for conflict in conflicts),
                ),
                conflicts=[conflict.as_dict() for conflict in conflicts],
            )
        fallen: set[_Owner] = set()
        for work in works:
            concerned: dict[Identity, set[_Owner]] = {}
            for wish in work.current.wishes:
                concerned.setdefault(wish.identity(), set()).add(self._owners[id(wish)])
            for conflict in work.current.conflicts:
                for owner in set().union(*(concerned[identity] for identity in conflict.identities)):
                    fallen.add(owner)
                    self.reasons.setdefault(owner, Reason()).conflicts[conflict] = None
        return self._stale(fallen)

    def _prepare(self) -> set[str]:
        """Prepare the changes of the zones that are planned.

        :returns: the zones of those whose records the provider cannot have.
        """
        for work in self.works.values():
            if work.portions is None and not work.is_over:
                try:
                    work.portions = self._provider.prepare(work.loaded, work.current.changes)
                except SmtpdError as error:
                    return self._leave_out_impossible(work, error)
        return set()

    def _leave_out_impossible(self, work: ZoneWork, error: SmtpdError) -> set[str]:
        """Leave out those whose changes cannot be prepared by themselves; all, if those of each can."""
        stale: set[str] = set()
        for changes in self._by_owner(work, work.current.changes) if self._partial else []:
            try:
                self._provider.prepare(work.loaded, changes)
            except SmtpdError as own_error:
                stale |= self._leave_out(work.wishes_of(changes), own_error)
        return stale or self._leave_out(work.open_wishes(), error)

    def _by_owner(self, work: ZoneWork, changes: Sequence[Change]) -> list[list[Change]]:
        """The changes by whose they are. Names that several share are apart: they all need these, and none of them the rest."""
        owners_of: dict[str, dict[_Owner, None]] = {}
        for wish in work.current.wishes:
            owners_of.setdefault(wish.name, {})[self._owners[id(wish)]] = None
        groups: dict[tuple[_Owner, ...], list[Change]] = {}
        for change in changes:
            groups.setdefault(tuple(owners_of[change.any.name]), []).append(change)
        return list(groups.values())

    # Writing

    def ask_to_write(self) -> None:
        """Find out whether the zones may be written, as far as that can be asked: before anything is."""
        # A single portion is written as a whole or not at all. Of several, none is to be written if a zone is locked.
        if self._check_mode or sum(len(work.portions or []) for work in self.works.values()) < 2:
            return
        for work in self.works.values():
            changes = work.current.changes
            if not self._partial:
                changes = list({change.any.type: change for change in changes}.values())
            try:
                self._provider.ask_to_write(work.loaded, changes)
            except SmtpdError as error:
                self.plan(self._leave_out_refused(work, error))

    def _leave_out_refused(self, work: ZoneWork, error: SmtpdError) -> set[str]:
        """Leave out those whose changes are refused by themselves; all, if those of each are not."""
        stale: set[str] = set()
        groups = self._by_owner(work, work.current.changes) if isinstance(error, Refused) and self._partial else []
        for changes in groups:
            try:
                self._provider.ask_to_write(work.loaded, changes)
            except Refused as own_error:
                stale |= self._leave_out(work.wishes_of(changes), own_error)
        return stale or self._leave_out(work.open_wishes(), error)

    def write(self) -> None:
        """Write all zones, or in check mode only note what would be written."""
        for work in self.works.values():
            try:
                self._write_zone(work)
            except SmtpdError as error:
                self._give_up(work, error)
            work.is_over = True

    def _write_zone(self, work: ZoneWork) -> None:
        """Write to a zone, and plan it anew whenever somebody else has changed it meanwhile."""
        attempts = 0
        while work.portions:
            changes, prepared = work.portions[0]
            try:
                if not self._check_mode:
                    self._provider.write(work.loaded, prepared)
            except ZoneChanged:
                attempts += 1
                time.sleep(random.uniform(*_PAUSES) * attempts)
                contested = self._read_again(work, {change.any.name for change in changes})
                if work.portions and attempts == _ATTEMPTS:
                    raise SmtpdError(
                        "Someone else is changing %s: at each of %d attempts the records there were no longer as they "
                        "had just been read. Run this again when the other program has finished."
                        % (listing(contested), _ATTEMPTS)
                    ) from None
            except Refused as error:
                if not self._partial:
                    raise
                self._isolate(work, changes, error)
            else:
                attempts = 0
                work.finish_portion()

    def _read_again(self, work: ZoneWork, names: set[str]) -> list[str]:
        """Read a zone and plan it anew.

        :returns: those of the names that have changed; all of them if none seems to.
        """
        old = work.loaded
        work.loaded = self._provider.read(work.zone, relevant_names(work.zone, work.wishes))
        self.plan([work.zone])
        changed = [name for name in names if old.content.get(name) != work.loaded.content.get(name)]
        return sorted(changed or names)

    def _isolate(self, work: ZoneWork, changes: Sequence[Change], error: Refused) -> None:
        """Write the halves of a portion that was refused, or leave out those whom the whole of it is of."""
        groups = self._by_owner(work, changes)
        if len(groups) > 1:
            middle = len(groups) // 2
            halves = [sum(half, []) for half in (groups[:middle], groups[middle:])]
            work.portions = [
                *(portion for half in halves for portion in self._provider.prepare(work.loaded, half)),
                *(work.portions or [])[1:],
            ]
            return
        stale = self._leave_out(work.wishes_of(changes), error)
        work.failed.update(id(wish) for wish in work.wishes_of(changes))
        work.loaded = self._provider.read(work.zone, relevant_names(work.zone, work.wishes))
        self.plan(stale | {work.zone})

    def _give_up(self, work: ZoneWork, error: SmtpdError) -> None:
        """Write nothing more to a zone, and nothing more of those who have something open in it."""
        if not self._partial:
            result = self.result()
            raise SmtpdError(_what_was_written(error, result), **{**error.result, **result}) from None
        work.is_over = True
        self.plan(self._leave_out(work.open_wishes(), error))

    # Leaving out

    def _leave_out(self, wishes: Iterable[Wish], error: SmtpdError) -> set[str]:
        """Leave out whom these wishes are of.

        :returns: the zones that they have records in.
        :raises SmtpdError: nobody is to be left out.
        """
        owners = {self._owners[id(wish)] for wish in wishes}
        if not self._partial or not owners:
            raise error
        for owner in owners:
            self.reasons.setdefault(owner, Reason()).errors[str(error)] = None
        return self._stale(owners)

    def _stale(self, owners: Iterable[_Owner]) -> set[str]:
        """The zones to plan again without some."""
        return set().union(*(self._zones_of.get(owner, set()) for owner in owners)) & set(self.works)

    # What came of it

    def result(self) -> dict[str, Any]:
        """The result of a module."""
        planned = {
            id(wish): action
            for work in self.works.values()
            for wish, action in zip(work.current.wishes, work.current.actions)
        }
        records = []
        actions: dict[str, list[str]] = {zone: [] for zone in self._zone_of.values()}
        for wish in self._wishes:
            zone = self._zone_of.get(id(wish))
            action = self._action(wish, planned.get(id(wish)))
            if zone is not None:
                actions[zone].append(action)
            records.append(dict(wish.given, zone=name_key(zone) if zone else None, action=action))
        diffs = [zone_diff(zone, work.before, work.after) for zone, work in self.works.items()]
        result = {
            "changed": any(diffs),
            "diff": [diff for diff in diffs if diff],
            "zones": [count_actions(zone, actions[zone]) for zone in sorted(actions)],
            "records": records,
        }
        warnings = [text for work in self.works.values() for text in work.current.warnings]
        if warnings:
            result["warnings"] = warnings
        return dict(result, left_out=self._left_out(records)) if self._partial else result

    def _action(self, wish: Wish, planned: Optional[str]) -> str:
        """What happened to a record.

        :param planned: what was to happen to it; C(None) if it was left out of the plan.
        """
        work = self.works.get(self._zone_of.get(id(wish), ""))
        if work is not None and id(wish) in work.done:
            return work.done[id(wish)]
        if work is not None and id(wish) in work.failed:
            return NOT_WRITTEN
        if planned is None or (planned == UNCHANGED and self._owners[id(wish)] in self.reasons):
            return LEFT_OUT
        return UNCHANGED if planned == UNCHANGED else NOT_WRITTEN

    def _left_out(self, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        by_owner: dict[_Owner, list[Mapping[str, Any]]] = {}
        for wish, record in zip(self._wishes, records):
            if self._owners[id(wish)] in self.reasons:
                by_owner.setdefault(self._owners[id(wish)], []).append(record)
        return [
            {
                "profile_id": own[0].get("profile_id"),
                "msg": str(self.reasons[owner]),
                "conflicts": [conflict.as_dict() for conflict in self.reasons[owner].conflicts],
                "records": own,
            }
            for owner, own in by_owner.items()
        ]

    def what_is_left_out(self) -> str:
        """The error that names it."""
        whose: dict[str, list[str]] = {}
        first_of = {self._owners[id(wish)]: wish for wish in reversed(self._wishes)}
        for owner in dict.fromkeys(self._owners.values()):
            if owner in self.reasons:
                whose.setdefault(str(self.reasons[owner]), []).append(_name_of(first_of[owner]))
        return "Records were left out; all others %s.\n%s" % (
            "would be published" if self._check_mode else "are published",
            "\n".join("- %s: %s" % (listing(names), reason) for reason, names in whose.items()),
        )


def _owner(wish: Wish, place: int) -> _Owner:
    profile_id = wish.given.get("profile_id")
    return ("", str(place)) if profile_id in (None, "") else (str(profile_id), "")


def _name_of(wish: Wish) -> str:
    """What errors call its owner."""
    profile_id = wish.given.get("profile_id")
    return "profile %s" % profile_id if profile_id not in (None, "") else "record %s %s" % (wish.fqdn, wish.type)


def _count(number: int, what: str) -> str:
    return "is 1 %s" % what if number == 1 else "are %d %ss" % (number, what)


def _what_was_written(error: SmtpdError, result: dict[str, Any]) -> str:
    open_count = sum(record["action"] == NOT_WRITTEN for record in result["records"])
    done = "Before that, records were written" if result["changed"] else "Nothing was written before that"
    return (
        "%s\n%s; %d of %d records are not written, or it is not certain (see 'records'). It is safe to run again."
        % (error, done, open_count, len(result["records"]))
    )
