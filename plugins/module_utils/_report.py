# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What the role concludes from the results of its stages: pure functions on registered results."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from ._compact import expanded, listed
from ._describing import describe_records
from ._profiles import check_wanted, describe_profile, describe_unexpected, find
from ._rdata import name_key
from ._texts import printable
from ._vocabulary import ACTIVE, DISABLED, FAILED, MISSING, PRESENT


def profile_results(
    wanted: Sequence[Mapping[str, Any]],
    created: Mapping[str, Any],
    lookup: Mapping[str, Any],
    answers: Mapping[str, Any],
    verified: Mapping[str, Any],
    manual: bool,
    published: Optional[Mapping[str, Any]] = None,
) -> list[dict[str, Any]]:
    """One item for each wanted profile: what it is, and what is left to do.

    :param wanted: the profiles as the user gave them.
    :param created: the result of the creating C(smtpd_sending_profiles); empty where it did not run.
    :param lookup: the result of C(smtpd_profile_info).
    :param answers: the result of C(smtpd_dns_info); empty where it did not run.
    :param verified: the result of the verifying C(smtpd_sending_profiles); empty where it did not run.
    :param manual: whether a person publishes the records, so that it is no failure when they are not there.
    :param published: the result of C(smtpd_dns_records) with C(partial); empty where it did not run.
    """
    verifications = {
        result["profile"]["profile_id"]: result for result in _verifications(verified) if result["profile"]
    }
    creations = listed(created, "results") or [None] * len(wanted)
    found = _found(wanted, creations, listed(lookup, "profiles"))
    problems = {error["profile_id"]: error["message"] for error in listed(lookup, "errors")}
    answers_of: dict[Optional[str], list[Mapping[str, Any]]] = {}
    for answer in listed(answers, "records"):
        answers_of.setdefault(answer.get("profile_id"), []).append(answer)
    unexpected: dict[str, list[Mapping[str, Any]]] = {}
    for finding in listed(lookup, "findings"):
        unexpected.setdefault(finding["profile_id"], []).append(finding)
    left_out = listed(published or {}, "left_out")
    results = []
    for place, (creation, profile) in enumerate(zip(creations, found)):
        profile_id = profile["profile_id"] if profile else None
        verification = verifications.get(profile_id)
        own_records = _open_records(answers_of.get(profile_id, []), verification)
        if profile_id in unexpected:
            unpublished = describe_unexpected(profile, unexpected[profile_id])
        else:
            unpublished = _left_out(profile, left_out)
        problem = problems.get(profile_id)
        failure = _failure(creation, profile, verification, own_records, manual, unpublished, problem)
        if verification:
            profile = verification["profile"]
        described = profile or wanted[place]
        results.append(
            {
                "profile_id": profile_id,
                "profile_name": described.get("profile_name"),
                "sending_domain": described.get("sending_domain"),
                "state": profile["state"] if profile else None,
                "failed": failure is not None,
                "todo": failure or _todo(profile, own_records),
                "records": own_records,
            }
        )
    return results


def _verifications(verified: Mapping[str, Any]) -> Any:
    """The results of the verification, with their records if one has failed: only then anybody looks at these."""
    results = listed(verified, "results")
    return expanded(verified)["results"] if any(result["failed"] for result in results) else results


def _found(
    wanted: Sequence[Mapping[str, Any]],
    creations: Sequence[Optional[Mapping[str, Any]]],
    profiles: Sequence[Mapping[str, Any]],
) -> list[Optional[Mapping[str, Any]]]:
    """What each wanted profile is by now."""
    created = [(creation or {}).get("profile") for creation in creations]
    ids = [profile.get("profile_id") if profile else None for profile in created]
    described = [{"profile_id": id_} if id_ else check_wanted(wanted[place]) for place, id_ in enumerate(ids)]
    return [found[0] if found else known for found, known in zip(find(described, profiles), created)]


def profile_artifacts(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same in short, without any record: what is worth to be kept by AWX for thousands of profiles.

    :param results: what C(profile_results) returned.
    """
    return [
        {
            **{name: result[name] for name in ("profile_id", "profile_name", "sending_domain", "state", "failed")},
            "todo": result["todo"].partition("\n")[0],
            "open_records": len(result["records"]),
        }
        for result in results
    ]


def _open_records(
    answers: Sequence[Mapping[str, Any]], verification: Optional[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The records that keep a profile from being active: those of a verification that failed, else by DNS."""
    if verification:
        return (
            [
                record
                for record in verification["dns_records"]
                if record["validation_state"] != ACTIVE or record.get("status") not in (None, PRESENT)
            ]
            if verification["failed"]
            else []
        )
    return [record for record in answers if record["status"] != PRESENT]


def _failure(
    creation: Optional[Mapping[str, Any]],
    profile: Optional[Mapping[str, Any]],
    verification: Optional[Mapping[str, Any]],
    wrong: Sequence[Mapping[str, Any]],
    manual: bool,
    unpublished: Optional[str],
    problem: Optional[str],
) -> Optional[str]:
    if creation and creation["failed"]:
        return creation["msg"]
    if unpublished:
        return unpublished
    if verification and verification["failed"]:
        return verification["msg"]
    if profile and profile["state"] == FAILED:
        return "%s: the service could not create it, and that cannot be mended." % describe_profile(profile)
    if (
        profile
        and profile["profile_id"]
        and profile["state"] not in (ACTIVE, DISABLED)
        and not profile.get("dns_records")
    ):
        described = describe_profile(profile)
        reason = problem or "the service has not made its DNS records in time. Run again."
        return reason if reason.startswith(described) else "%s: %s" % (described, reason)
    if wrong and not manual:
        return "%s: DNS does not answer right, so it was not verified.\n%s" % (
            describe_profile(profile),
            describe_records(wrong),
        )
    return None


def _left_out(profile: Optional[Mapping[str, Any]], left_out: Sequence[Mapping[str, Any]]) -> Optional[str]:
    """Why records of a profile were not published. A DMARC record is its sending domain's, and has no profile's id."""
    if not profile:
        return None
    for item in left_out:
        if (
            item["profile_id"] == profile["profile_id"]
            if item["profile_id"]
            else _has_dmarc_at(profile, item["records"])
        ):
            return "%s: records were not published. %s" % (describe_profile(profile), item["msg"])
    return None


def _has_dmarc_at(profile: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> bool:
    sending = name_key(profile["sending_domain"] or "")
    return any(("." + sending).endswith("." + name_key(item["name"]).partition(".")[2]) for item in records)


def _todo(profile: Optional[Mapping[str, Any]], wrong: Sequence[Mapping[str, Any]]) -> str:
    if not profile or not profile["profile_id"]:
        return "It is to be created."
    if wrong:
        return "%s: publish these records, then run again.\n%s" % (describe_profile(profile), _lines(wrong))
    if profile["state"] != ACTIVE:
        return printable("%s is in state '%s': it is to be verified." % (describe_profile(profile), profile["state"]))
    return ""


def _lines(records: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(
        printable(
            "  %s %s %s (%s)"
            % (
                record["fqdn"],
                record["type"],
                record["rdata"],
                record["status"]
                if record["diagnosis"] == MISSING
                else "%s: %s" % (record["status"], record["message"]),
            )
        )
        for record in records
    )
