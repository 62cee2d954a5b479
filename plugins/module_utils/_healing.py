# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What the playbook C(heal) concludes: pure functions on registered results."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Optional, Sequence, Union

from ._profiles import describe_profile
from ._texts import printable
from ._vocabulary import ACTIVE, CREATING, FAILED, PRESENT


def profiles_by_id(
    ids: Union[str, Sequence[Any], None],
    event: Optional[Mapping[str, Any]] = None,
    hosts: Iterable[Mapping[str, Any]] = (),
) -> list[dict[str, str]]:
    """Profiles by their ids, each as C({"profile_id": ...}), none twice.

    :param ids: a list, or text with commas between them. Where there are none, the other two count.
    :param event: an event of the event source.
    :param hosts: the variables of hosts of the inventory plugin. They count where there is no profile in the event either.
    """
    given = ids if isinstance(ids, (list, tuple)) else str(ids or "").split(",")
    found = [text for text in (str(item).strip() for item in given) if text]
    if not found and event and event.get("profile"):
        found = [str(event["profile"]["profile_id"])]
    if not found:
        found = [host["smtpd_profile_id"] for host in hosts if "smtpd_profile_id" in host]
    return [{"profile_id": profile_id} for profile_id in dict.fromkeys(found)]


def profiles_to_heal(profiles: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The profiles for which something can be done, each as C({"profile_id": ...}).

    :param profiles: as C(smtpd_profile_info) returns them.
    """
    return [{"profile_id": profile["profile_id"]} for profile in profiles if profile["state"] not in (CREATING, FAILED)]


def heal_results(
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    wanted: Sequence[Mapping[str, Any]] = (),
    results: Sequence[Mapping[str, Any]] = (),
    answers: Sequence[Mapping[str, Any]] = (),
    problem: str = "",
) -> list[dict[str, Any]]:
    """One item for each profile: what it was, what it is, and what is left to do.

    :param before: the profiles as they were.
    :param after: as they are.
    :param wanted: those that were to be healed, each with its C(profile_id); some may not be there any more.
    :param results: what the role C(sending_profile) reported. A profile that failed there is not well, whatever its state.
    :param answers: what DNS answers for the records of profiles that were active before.
    :param problem: by what the role failed.
    """
    now = {profile["profile_id"]: profile for profile in after}
    todo = {result["profile_id"]: result["todo"] for result in results}
    wrong = {answer["profile_id"] for answer in answers if answer["status"] != PRESENT}
    wrong.update(result["profile_id"] for result in results if result.get("failed"))
    found = [
        _result(
            profile,
            now.get(profile["profile_id"]),
            profile["profile_id"] in wrong,
            todo.get(profile["profile_id"]) or problem,
        )
        for profile in before
    ]
    known = {profile["profile_id"] for profile in before}
    return found + [_gone(item["profile_id"]) for item in wanted if item["profile_id"] not in known]


def _result(before: Mapping[str, Any], after: Any, has_wrong_records: bool, todo: str) -> dict[str, Any]:
    # What is not to be healed was not looked at again.
    state = after["state"] if after else before["state"] if before["state"] in (CREATING, FAILED) else None
    failed = state != ACTIVE or has_wrong_records
    if state == CREATING:
        todo = "%s is still being created." % describe_profile(before)
    elif state == FAILED:
        todo = "%s: the service could not create it, and that cannot be mended." % describe_profile(before)
    elif has_wrong_records and not todo:
        todo = "%s: DNS does not answer right yet." % describe_profile(before)
    return {
        "profile_id": before["profile_id"],
        "profile_name": before["profile_name"],
        "sending_domain": before["sending_domain"],
        "state_before": before["state"],
        "state": state,
        "healed": not failed and before["state"] != ACTIVE,
        "failed": failed,
        "todo": (todo or printable("%s is in state '%s'." % (describe_profile(before), state))) if failed else "",
    }


def _gone(profile_id: str) -> dict[str, Any]:
    return {
        "profile_id": profile_id,
        "profile_name": None,
        "sending_domain": None,
        "state_before": None,
        "state": None,
        "healed": False,
        "failed": True,
        "todo": "There is no profile with profile_id %s any more." % profile_id,
    }
