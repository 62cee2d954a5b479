# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What the modules for sending profiles share: options, and results in Ansible's form."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.smtpd.email.plugins.module_utils._client import Client
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError, SmtpdError
from ansible_collections.smtpd.email.plugins.module_utils._flows import PRESENT, VERIFIED, Flow, Outcome, Waiting
from ansible_collections.smtpd.email.plugins.module_utils._profiles import WANTED_FIELDS, describe_wanted
from ansible_collections.smtpd.email.plugins.module_utils._waiting import check_seconds, wait_spec


def profile_spec() -> dict[str, dict[str, Any]]:
    """The options that describe one wanted profile."""
    return {name: {"type": "str"} for name in WANTED_FIELDS + ("profile_id",)}


def ensure_spec() -> dict[str, dict[str, Any]]:
    """The options that say what a wanted profile is to be."""
    return dict(wait_spec(wait=True), state={"type": "str", "choices": [PRESENT, VERIFIED], "default": PRESENT})


def concurrency_spec() -> dict[str, dict[str, Any]]:
    """The option that bounds the requests in flight."""
    return {"concurrency": {"type": "int", "default": 8}}


def waiting_of(params: dict[str, Any]) -> Optional[Waiting]:
    """How to wait by the module's options, C(None) where they say not to.

    :raises InputError: a time cannot be.
    """
    timeout, interval = (check_seconds(name, params[name]) for name in ("wait_timeout", "wait_interval"))
    return Waiting(timeout, interval) if params["wait"] else None


def concurrency_of(params: dict[str, Any]) -> int:
    """The number of requests that may be in flight.

    :raises InputError: it is less than one.
    """
    if params["concurrency"] < 1:
        raise InputError("concurrency", "%d is too small: give 1 or more." % params["concurrency"])
    return params["concurrency"]


def ensure(module: AnsibleModule, client: Client, wanted: Sequence[dict[str, str]], concurrency: int = 1) -> list[Outcome]:
    """Make the wanted profiles be as the module's options say.

    :raises SmtpdError: nothing was written.
    """
    flow = Flow(client, waiting_of(module.params), concurrency)
    outcomes = flow.ensure(wanted, module.params["state"], module.check_mode)
    for outcome in outcomes:
        for warning in outcome.warnings:
            module.warn(warning)
    return outcomes


def single_result(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The result of a module for one profile.

    :raises SmtpdError: the profile is not as wanted; the error carries what is known of it.
    """
    outcome = outcomes[0]
    result = {"changed": outcome.changed, "dns_records": outcome.dns_records()}
    if outcome.profile is not None:
        result.update(profile=outcome.profile, diff=outcome.diff())
    if outcome.error is not None:
        raise SmtpdError(str(outcome.error), **result)
    return result


def list_result(outcomes: Sequence[Outcome], with_diff: bool) -> dict[str, Any]:
    """The result of a module for a list of profiles.

    :param with_diff: whether anybody looks at the differences.
    :raises SmtpdError: at least one profile is not as wanted; the error carries the results of all.
    """
    result: dict[str, Any] = {
        "changed": any(outcome.changed for outcome in outcomes),
        "results": [
            {
                "profile": outcome.profile,
                "dns_records": outcome.dns_records(),
                "changed": outcome.changed,
                "failed": outcome.error is not None,
                "msg": str(outcome.error or ""),
            } for outcome in outcomes
        ],
        "dns_records": [record for outcome in outcomes for record in outcome.dns_records()],
    }
    if with_diff:
        result["diff"] = [
            dict(outcome.diff(), before_header=describe_wanted(outcome.wanted), after_header=describe_wanted(outcome.wanted))
            for outcome in outcomes if outcome.changed
        ]
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if failed:
        raise SmtpdError("%d of %d profiles are not as wanted. %s" % (
            len(failed), len(outcomes),
            "\n".join("%s: %s" % (describe_wanted(outcome.wanted), outcome.error) for outcome in failed[:10])
        ) + ("\nand %d more, see results." % (len(failed) - 10) if len(failed) > 10 else ""), **result)
    return result
