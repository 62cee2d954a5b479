# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What the modules that create and verify share: options, the look before, and results in Ansible's form."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from ansible.module_utils.basic import AnsibleModule

from ._client import Client
from ._dns_answers import Judgement
from ._dns_delegation import ServersOf, servers_by
from ._dns_look import Looker, patience_of, require_spec
from ._dns_survey import examine_each
from ._errors import SmtpdError
from ._flows import PRESENT, VERIFIED, Flow, Outcome
from ._preflight import ERROR, Finding
from ._profile_modules import waiting_of
from ._profiles import describe_wanted
from ._provider import policy_spec, provider_spec, publishing_problems, transfer_limits_of
from ._records import Wish, read_records
from ._vocabulary import PRESENT as DNS_PRESENT
from ._waiting import wait_spec

_DNS_TIMEOUT = 5.0  # seconds for each question of the look before


def ensure_spec() -> dict[str, dict[str, Any]]:
    """The options that say what a wanted profile is to be, and how to get there."""
    return dict(
        wait_spec(wait=True),
        state={"type": "str", "choices": [PRESENT, VERIFIED], "default": PRESENT},
        setup={"type": "bool", "default": True},
        preflight={"type": "bool", "default": False},
        nameservers={"type": "list", "elements": "str", "default": []},
        resolver={"type": "str"},
        dns_records={"type": "list", "elements": "dict", "default": []},
        **require_spec(),
        **provider_spec(required=False),
        **policy_spec(),
    )


def ensure(
    module: AnsibleModule, client: Client, wanted: Sequence[dict[str, str]], concurrency: int = 1
) -> tuple[list[Outcome], dict[str, Any]]:
    """Make the wanted profiles be as the module's options say.

    :returns: an outcome for each, and what the result has beside.
    :raises SmtpdError: nothing was written.
    """
    params = module.params
    flow = Flow(client, waiting_of(params), concurrency)
    transfer_limits_of(module)  # before anything is asked
    wishes = read_records(params["dns_records"], "dns_records")
    servers_of = servers_by(params["nameservers"], params["resolver"], _DNS_TIMEOUT)
    findings: list[Finding] = []

    def look_before(new: list[dict[str, str]]) -> list[Optional[SmtpdError]]:
        problems = publishing_problems(module, new) if params["provider"] else [[] for _profile in new]
        own = examine_each(new, servers_of, _DNS_TIMEOUT) if params["preflight"] else [[] for _profile in new]
        findings.extend(dict.fromkeys(finding for each in own for finding in each))
        return [_refusal(*each) for each in zip(own, problems)]

    patience = patience_of(params["require"], params["wait_timeout"] if params["wait"] else 0.0)
    gate = _DnsGate(wishes, servers_of, patience) if wishes else None
    outcomes = flow.ensure(
        wanted,
        params["state"],
        check_mode=module.check_mode,
        setup=params["setup"],
        before_creating=look_before,
        gate=gate,
    )
    for warning in [*(gate.warnings if gate else ()), *(text for outcome in outcomes for text in outcome.warnings)]:
        module.warn(warning)
    unexpected = [finding for outcome in outcomes for finding in outcome.findings()]
    if not params["preflight"] and not unexpected:
        return outcomes, {}
    return outcomes, {"findings": [finding._asdict() for finding in findings] + unexpected}


class _DnsGate:
    """Lets a profile be verified once all authoritative servers answer right for its records.

    :param wishes: the records of all profiles.
    :param patience: how long to wait for a silent server, as C(patience_of) returns it.
    """

    def __init__(self, wishes: Sequence[Wish], servers_of: ServersOf, patience: Optional[float]) -> None:
        self._looker = Looker(wishes, servers_of, _DNS_TIMEOUT, patience=patience)
        self._places: dict[Optional[str], list[int]] = {}
        for place, wish in enumerate(wishes):
            self._places.setdefault(wish.given.get("profile_id"), []).append(place)
        self._is_explained = False

    @property
    def warnings(self) -> list[str]:
        """Which servers were left out."""
        return self._looker.warnings

    def look(self) -> None:
        self._looker.ask()

    def is_right(self, outcome: Outcome) -> bool:
        return all(judgement.status == DNS_PRESENT for judgement in self._of(outcome))

    def answers(self, outcome: Outcome) -> list[dict[str, Any]]:
        if not self._is_explained:
            self._is_explained = True
            self._looker.explain()
        return [judgement.as_dict() for judgement in self._of(outcome)]

    def _of(self, outcome: Outcome) -> list[Judgement]:
        """What was found of the profile's records. Records without a profile's id count for each."""
        places = self._places.get(None, []) + self._places.get(outcome.profile["profile_id"], [])
        return [self._looker.judgements[place] for place in places]


def _refusal(findings: Sequence[Finding], problems: Sequence[str]) -> Optional[SmtpdError]:
    """Why a profile must not be created.

    :param problems: what keeps its records from being published.
    """
    errors = [finding.message for finding in findings if finding.severity == ERROR]
    reasons = [
        _because("preflight checks failed (set preflight=false to skip them)", errors),
        _because("the DNS provider could not publish its records", problems),
    ]
    text = "\n".join(filter(None, reasons))
    return SmtpdError(text) if text else None


def _because(reason: str, sentences: Sequence[str]) -> str:
    """The reason with what it consists of. What is kept of it in AWX is the first line."""
    if not sentences:
        return ""
    listed = " " + sentences[0] if len(sentences) == 1 else "".join("\n- " + sentence for sentence in sentences)
    return "The profile is not created, because %s:%s" % (reason, listed)


def single_result(outcomes: Sequence[Outcome], more: dict[str, Any]) -> dict[str, Any]:
    """The result of a module for one profile.

    :param more: what it has beside.
    :raises SmtpdError: the profile is not as wanted; the error carries what is known of it.
    """
    outcome = outcomes[0]
    result = {"changed": outcome.changed, "dns_records": outcome.dns_records(), **more}
    if outcome.profile is not None:
        result.update(profile=outcome.profile, diff=outcome.diff())
    if outcome.error is not None:
        raise SmtpdError(str(outcome.error), **result)
    return result


def list_result(outcomes: Sequence[Outcome], with_diff: bool, more: dict[str, Any]) -> dict[str, Any]:
    """The result of a module for a list of profiles.

    :param with_diff: whether anybody looks at the differences.
    :param more: what it has beside.
    :raises SmtpdError: at least one profile is not as wanted; the error carries the results of all.
    """
    records = [outcome.dns_records() for outcome in outcomes]
    result: dict[str, Any] = {
        "changed": any(outcome.changed for outcome in outcomes),
        "results": [
            {
                "profile": outcome.profile,
                "dns_records": own_records,
                "changed": outcome.changed,
                "failed": outcome.error is not None,
                "msg": str(outcome.error or ""),
            }
            for outcome, own_records in zip(outcomes, records)
        ],
        "dns_records": [record for own_records in records for record in own_records],
        **more,
    }
    if with_diff:
        result["diff"] = [
            dict(
                outcome.diff(),
                before_header=describe_wanted(outcome.wanted),
                after_header=describe_wanted(outcome.wanted),
            )
            for outcome in outcomes
            if outcome.changed
        ]
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if failed:
        raise SmtpdError(
            "%d of %d profiles are not as wanted. %s"
            % (
                len(failed),
                len(outcomes),
                "\n".join("%s: %s" % (describe_wanted(outcome.wanted), outcome.error) for outcome in failed[:10]),
            )
            + ("\nand %d more, see results." % (len(failed) - 10) if len(failed) > 10 else ""),
            **result,
        )
    return result
