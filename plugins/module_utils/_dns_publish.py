# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Publishing records: read each zone once, find all conflicts, then write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Sequence

from ._dns_plan import NOT_WRITTEN, UNCHANGED, Policy, ZonePlan, assign_zones, count_actions, plan_zone, relevant_names
from ._errors import SmtpdError
from ._octodns import Provider
from ._rdata import name_key
from ._record_sets import Change, LoadedZone
from ._records import Wish


@dataclass
class _ZoneWork:
    plan: ZonePlan
    loaded: LoadedZone
    portions: list[tuple[list[Change], Any]]


def publish(
    provider: Provider, wishes: Sequence[Wish], zones: Sequence[str], policy: Policy, check_mode: bool
) -> dict[str, Any]:
    """Bring the records to the wanted state.

    :param zones: where to publish; empty for all that the provider has.
    :returns: the result of a module: C(changed), C(diff), C(zones), C(records).
    :raises SmtpdError: there are conflicts, or the provider fails. The result that goes with it says what was written.
    """
    if not wishes:
        return _result([], [])
    by_zone = assign_zones(wishes, zones or provider.zones())
    work = [_prepare(provider, zone, by_zone[zone], policy) for zone in sorted(by_zone)]
    conflicts = [conflict for one in work for conflict in one.plan.conflicts]
    if conflicts:
        raise SmtpdError(
            "Nothing was written, because of %d conflict%s:\n%s"
            % (
                len(conflicts),
                "" if len(conflicts) == 1 else "s",
                "\n".join("- %s" % conflict for conflict in conflicts),
            ),
            conflicts=[conflict.as_dict() for conflict in conflicts],
        )
    for one in work:
        one.portions = provider.prepare(one.loaded, one.plan.changes)
    if not check_mode:
        # A single portion is written as a whole or not at all. Of several, none is to be written if a zone is locked.
        if sum(len(one.portions) for one in work) > 1:
            for one in work:
                one_of_each_type = {change.any.type: change for change in one.plan.changes}
                provider.ask_to_write(one.loaded, list(one_of_each_type.values()))
        _write(provider, wishes, work)
    return _result(wishes, [one.plan for one in work])


def _prepare(provider: Provider, zone: str, wishes: Sequence[Wish], policy: Policy) -> _ZoneWork:
    loaded = provider.read(zone, relevant_names(zone, wishes))
    return _ZoneWork(plan_zone(zone, wishes, loaded.content, policy, loaded.owners), loaded, [])


def _write(provider: Provider, wishes: Sequence[Wish], work: Sequence[_ZoneWork]) -> None:
    written: set[str] = set()
    for one in work:
        for changes, plan in one.portions:
            try:
                provider.write(one.loaded, plan)
            except SmtpdError as error:
                result = _result(wishes, [_as_far_as(each.plan, written) for each in work])
                raise SmtpdError(_what_was_written(error, result), **result) from None
            written.update(change.any.name for change in changes)


def _as_far_as(plan: ZonePlan, written: set[str]) -> ZonePlan:
    """The plan as far as it was carried out: at these names, each of which is written at once."""
    actions = [
        action if action == UNCHANGED or wish.name in written else NOT_WRITTEN
        for wish, action in zip(plan.wishes, plan.actions)
    ]
    return replace(plan, actions=actions, changes=[change for change in plan.changes if change.any.name in written])


def _what_was_written(error: SmtpdError, result: dict[str, Any]) -> str:
    open_count = sum(record["action"] == NOT_WRITTEN for record in result["records"])
    done = "Before that, records were written" if result["changed"] else "Nothing was written before that"
    return (
        "%s\n%s; %d of %d records are not written, or it is not certain (see 'records'). It is safe to run again."
        % (error, done, open_count, len(result["records"]))
    )


def _result(wishes: Sequence[Wish], plans: Sequence[ZonePlan]) -> dict[str, Any]:
    fates = {}
    for plan in plans:
        for wish, action in zip(plan.wishes, plan.actions):
            fates[id(wish)] = {"zone": name_key(plan.zone), "action": action}
    return {
        "changed": any(plan.changes for plan in plans),
        "diff": [plan.diff for plan in plans if plan.diff],
        "zones": [count_actions(plan) for plan in plans],
        "records": [dict(wish.given, **fates[id(wish)]) for wish in wishes],
    }
