# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""What the role hands over from one stage to the next: pure functions on registered results.

Each task that uses one of them imports this file and what it needs, which Ansible compiles each time: so it needs little.
"""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional, Sequence, Union

from ._compact import BUNDLE, expanded, listed, text_of
from ._domains import is_domain
from ._errors import InputError
from ._vocabulary import ACTIVE, DOMAIN_FIELDS, FAILED, PRESENT

# What publishing a record, looking for it, and telling whose it is takes.
_BARE = ("name", "type", "value", "priority", "profile_id", "validation_state")


def bare_records(source: Any, only_open: bool = False, published: Optional[Mapping[str, Any]] = None) -> list[str]:
    """DNS records less what is not needed to publish them, or to look for them, bundled in one text in JSON.

    :param source: the records, or a result that has them. Those of a compact one go on as they are where all are wanted, since
        it takes longer to read them than to carry more of them.
    :param only_open: of a result of C(smtpd_profile_info) only what C(open_records) selects.
    :param published: the result of C(smtpd_dns_records). Records of profiles that it left out are left out here too.
    :raises InputError: C(only_open) is given with a list.
    """
    left_out = left_out_ids(published or {})
    if isinstance(source, Mapping):
        text = None if left_out else text_of(source, "dns_records")
        profiles = listed(source, "profiles") if only_open else []
        if text is not None and (not only_open or profiles and all(map(_is_open, profiles))):
            return ['{"%s": %s}' % (BUNDLE, text)]
        source = open_records(source) if only_open else listed(source, "dns_records")
    elif only_open:
        raise InputError("only_open", "whose the records are is told by the result of smtpd_profile_info: give that.")
    bare = [
        {name: value for name in _BARE if (value := record.get(name)) is not None}
        for record in source
        if record.get("profile_id") not in left_out
    ]
    return [json.dumps({BUNDLE: bare})] if bare else []


def open_records(lookup: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The DNS records of the profiles that are not active yet: an active one needs neither a look at DNS nor a verification.

    :param lookup: the result of C(smtpd_profile_info).
    """
    if not any(map(_is_open, listed(lookup, "profiles"))):
        return []
    return [
        record for profile in expanded(lookup)["profiles"] if _is_open(profile) for record in profile["dns_records"]
    ]


def left_out_ids(published: Mapping[str, Any]) -> set[str]:
    """The profiles whose records C(smtpd_dns_records) left out, by its result."""
    return {item["profile_id"] for item in listed(published, "left_out") if item["profile_id"]}


def profiles_ready(
    lookup: Mapping[str, Any], answers: Mapping[str, Any], published: Optional[Mapping[str, Any]] = None
) -> list[str]:
    """The profiles that the service can be asked to verify, each as C({"profile_id": ...}) in JSON.

    :param lookup: the result of C(smtpd_profile_info).
    :param answers: the result of C(smtpd_dns_info); a record that it does not have was not asked for.
    :param published: the result of C(smtpd_dns_records). Profiles that it left out are not ready.
    """
    wrong = {record.get("profile_id") for record in listed(answers, "records") if record["status"] != PRESENT}
    wrong |= left_out_ids(published or {})
    return [
        json.dumps({"profile_id": profile["profile_id"]})
        for profile in listed(lookup, "profiles")
        if _is_open(profile) and profile["dns_records"] and profile["profile_id"] not in wrong
    ]


def _is_open(profile: Mapping[str, Any]) -> bool:
    return profile["state"] not in (ACTIVE, FAILED)


def profiles_accepted(
    wanted: Sequence[Mapping[str, Any]], created: Mapping[str, Any]
) -> list[Union[str, dict[str, Any]]]:
    """The wanted profiles to go on with, without those that the creation refused.

    :param created: the result of the creating C(smtpd_sending_profiles); empty where it did not run.
    :returns: where its id is known, the id and the domains in JSON, else the item.
    """
    if "results" not in created and text_of(created, "results") is None:
        return [dict(item) for item in wanted]
    results = listed(created, "results")
    accepted: list[Union[str, dict[str, Any]]] = []
    for place, result in enumerate(results):
        profile = result["profile"] or {}
        if not result["failed"]:
            # What is wanted is not even read where it is not needed: Ansible has to template each value of it again. The
            # domains go on because records are accepted for these only, whatever the service says of the profile later.
            domains = {name: profile[name] for name in DOMAIN_FIELDS if is_domain(profile.get(name))}
            known = {"profile_id": profile.get("profile_id"), **domains}
            accepted.append(json.dumps(known) if known["profile_id"] else dict(wanted[place]))
    return accepted
