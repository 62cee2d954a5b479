# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What happens over time: create, wait, verify and look up, for any number of profiles at once.

The decisions are in C(_profiles), the calls in C(_client); here is their order. One profile is a list of one.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional, Protocol, Sequence

from ._client import RETRY_BUDGET, Client, ServiceError
from ._contract import UNEXPECTED_RECORD, unexpected_records
from ._describing import describe_records
from ._errors import SmtpdError
from ._preflight import ERROR
from ._profiles import (
    Decision,
    Selection,
    created_profile,
    decide,
    describe_profile,
    describe_unexpected,
    describe_wanted,
    differs,
    find,
    in_state,
    new_twins,
    planned_profile,
)
from ._rdata import describe_record
from ._texts import printable
from ._threads import map_at_once
from ._vocabulary import ACTIVE, CREATING, DISABLED, FAILED
from ._vocabulary import PRESENT as PRESENT_IN_DNS
from ._waiting import Waiting, first_pause, growing, pauses

PRESENT, VERIFIED = "present", "verified"

# Verification is asked for again after pauses that begin with this multiple of the first pause between two looks, and
# grow up to so many seconds: DNS takes its time to spread, and each question that comes too early keeps the wrong answer
# in caches.
_FIRST_ASK_AGAIN, _LONGEST_ASK_AGAIN = 5, 60.0


@dataclass
class Outcome:
    """What became of one wanted profile.

    :param wanted: what C(check_wanted) returned; empty for a profile that was looked up by other means.
    :param before: the profile as it was found, C(None) where there was none.
    :param profile: the profile as it is now, or as it is planned; C(None) where it could not be decided which it is.
    :param records: its DNS records as the service answers them; none of them if one is unexpected.
    :param unexpected: the records that the contract does not allow, as C(unexpected_records) returns them.
    :param answers: what DNS answers for them, as C(smtpd_dns_info) returns it; empty where it was not asked, or all is well.
    :param changed: whether a writing call was sent (in check mode: would be).
    :param error: why it is not as wanted.
    :param warnings: what the user is to know though nothing failed.
    """

    wanted: dict[str, str]
    before: Optional[dict[str, Any]] = None
    profile: Optional[dict[str, Any]] = None
    records: list[dict[str, Any]] = field(default_factory=list)
    unexpected: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    changed: bool = False
    error: Optional[SmtpdError] = None
    warnings: list[str] = field(default_factory=list)
    # Whether a listing has shown the profile: one that was just created may not be in it at once.
    seen: bool = False
    # While it is waited for: whether it has come so far, until when it has to, when the service is asked to verify it, and the
    # error of the latest look.
    is_done: bool = False
    until: Optional[float] = None
    asking: Optional[_Asking] = None
    trouble: Optional[ServiceError] = None

    @property
    def state(self) -> Optional[str]:
        """The state of the profile in the service's words."""
        return self.profile["state"]

    def diff(self) -> dict[str, Any]:
        """The profile before and after, as Ansible shows differences."""
        return {"before": self.before or {}, "after": self.profile or {}}

    def dns_records(self) -> list[dict[str, Any]]:
        """The DNS records, each as C(describe_record) completes it, with the id of its profile and what DNS answers."""
        described = [dict(describe_record(record), profile_id=self.profile["profile_id"]) for record in self.records]
        answers = {_identity(answer): answer for answer in self.answers}
        return [{**answers.get(_identity(record), {}), **record} for record in described] or self.answers

    def has_setup(self) -> bool:
        """Whether the service has answered DNS records, right or wrong."""
        return bool(self.records or self.unexpected)

    def findings(self) -> list[dict[str, Any]]:
        """What is wrong with the records themselves: an item for each that is unexpected."""
        return [
            {
                "profile_id": self.profile["profile_id"],
                "domain": record["name"],
                "severity": ERROR,
                "code": UNEXPECTED_RECORD,
                "message": describe_unexpected(self.profile, [record]),
                **record,
            }
            for record in self.unexpected
        ]


class Gate(Protocol):
    """What has to be right before the service is asked to verify a profile."""

    def look(self) -> None:
        """Look how things are now."""

    def is_right(self, outcome: Outcome) -> bool:
        """Whether the profile may pass."""

    def answers(self, outcome: Outcome) -> list[dict[str, Any]]:
        """What was seen of the profile's records."""


def _nothing() -> None:
    pass


class Flow:
    """Brings profiles to a state, or looks them up.

    :param client: the service.
    :param waiting: C(None) not to wait.
    :param concurrency: how many calls may be under way at once.
    """

    def __init__(self, client: Client, waiting: Optional[Waiting] = None, concurrency: int = 1) -> None:
        self._client = client
        self._waiting = waiting
        self._concurrency = concurrency
        self._start()

    def _start(self) -> None:
        self._started = time.monotonic()
        self._until = self._started + (self._waiting.timeout if self._waiting else RETRY_BUDGET)

    def _deadline(self) -> float:
        """Until when to repeat a call that is made now: without waiting, each has its own time, however many there are."""
        return self._until if self._waiting else time.monotonic() + RETRY_BUDGET

    def ensure(
        self,
        wanted: Sequence[dict[str, str]],
        state: str,
        check_mode: bool = False,
        setup: bool = True,
        before_creating: Optional[Callable[[list[dict[str, str]]], Sequence[Optional[SmtpdError]]]] = None,
        gate: Optional[Gate] = None,
    ) -> list[Outcome]:
        """Make each wanted profile exist (C(present)), or have the service accept its DNS records too (C(verified)).

        :param wanted: what C(check_wanted) returns.
        :param setup: whether to get the DNS records.
        :param before_creating: gets the profiles to create, and returns for each the reason not to create it, or C(None). It
            raises C(SmtpdError) if none may be created.
        :param gate: holds profiles back from being verified.
        :returns: an outcome for each wanted profile, in order: a failure of one does not stop the others.
        :raises SmtpdError: nothing could be decided, and nothing was written.
        """
        self._start()
        listing = self._look(wanted)
        outcomes = [_begin(item, decision) for item, decision in zip(wanted, decide(wanted, listing))]
        new = [outcome for outcome in _healthy(outcomes) if outcome.profile is None]
        if new and before_creating:
            for outcome, refusal in zip(new, before_creating([outcome.wanted for outcome in new])):
                outcome.error = refusal
        if check_mode:
            self._predict(outcomes, state)
        else:
            self._create(outcomes, listing)
            self._refuse_twins([outcome for outcome in _healthy(outcomes) if outcome.before is None])
            self._await_creation(_healthy(outcomes), with_records=setup and state == PRESENT)
            if state == VERIFIED:
                self._verify(_healthy(outcomes), gate)
        self._complete_records(outcomes, setup)
        for outcome in outcomes:
            if outcome.unexpected:
                outcome.error = outcome.error or SmtpdError(describe_unexpected(outcome.profile, outcome.unexpected))
        return outcomes

    def look_up(self, selection: Selection, setup: bool) -> list[Outcome]:
        """Find profiles; with C(setup) with their DNS records. With waiting, until none of them is being created.

        :returns: an outcome for each profile found. Where it was waited in vain, it has an error.
        """
        self._start()
        listing = [] if selection.is_empty else self._look(selection.wanted or [selection.filters])
        outcomes = [
            Outcome(dict(wanted), before=profile, profile=profile, seen=True)
            for profile, wanted in selection.of(listing)
        ]
        self._await_creation([outcome for outcome in outcomes if outcome.state != FAILED], with_records=setup)
        self._complete_records(outcomes, setup)
        return outcomes

    def _look(self, wanted: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
        """The listing to decide by. For one profile of a known id that profile alone is enough."""
        if len(wanted) == 1 and "profile_id" in wanted[0]:
            profile = self._client.get_profile(wanted[0]["profile_id"])
            return [profile] if profile else []
        return self._client.list_profiles()

    def _predict(self, outcomes: Sequence[Outcome], state: str) -> None:
        for outcome in outcomes:
            if outcome.error is not None:
                continue
            if outcome.profile is None:
                outcome.profile = planned_profile(outcome.wanted)
                outcome.changed = True
            elif outcome.state == FAILED and (state == VERIFIED or self._waiting):
                outcome.error = _failed(outcome)
                continue
            if state == VERIFIED and outcome.state != ACTIVE and (self._waiting or outcome.state != CREATING):
                outcome.changed = True
                if self._waiting:
                    outcome.profile = in_state(outcome.profile, ACTIVE)

    # Creating

    def _create(self, outcomes: Sequence[Outcome], listing: Sequence[dict[str, Any]]) -> None:
        known = {profile["profile_id"] for profile in listing}
        self._each(
            lambda outcome: self._create_one(outcome, known),
            [outcome for outcome in _healthy(outcomes) if outcome.profile is None],
        )

    def _create_one(self, outcome: Outcome, known: set[str]) -> None:
        """Create a profile once, whatever becomes of the answers.

        :param known: the ids that were there before, so that a creation whose answer was lost is recognised.
        """
        fields, until = outcome.wanted, self._deadline()
        for number in itertools.count():
            try:
                outcome.profile = created_profile(fields, self._client.create_profile(fields))
            except ServiceError as error:
                is_last = number >= self._client.retries
                if error.undone:
                    if is_last or not error.passing or not self._client.pause(number, error, until):
                        raise
                else:
                    self._look_for_lost(outcome, known, error, number, until)
            if outcome.profile is not None:
                outcome.changed = True
                return

    def _look_for_lost(self, outcome: Outcome, known: set[str], error: ServiceError, number: int, until: float) -> None:
        """Look whether a creation was carried out though its answer was lost. Where it was not, it can be sent again.

        :param number: how often it was sent before.
        :raises SmtpdError: it is not to be sent again.
        """
        outcome.changed = True  # perhaps; it is when that cannot be found out
        outcome.profile = self._find_lost(outcome.wanted, known, error)
        is_over = number >= self._client.retries or error.accepted
        # The service can still be at it: longer pauses, because a second profile could not be taken back.
        for again in range(max(1, self._client.retries) if error.accepted else 1):
            if outcome.profile is not None:
                break
            if not self._client.pause(number + 2 + again, error, until):
                is_over = True
                break
            outcome.profile = self._find_lost(outcome.wanted, known, error)
        outcome.changed = outcome.profile is not None
        if outcome.profile is None and is_over:
            raise SmtpdError(
                "%s The list does not show the profile, so it seems that it was not created. "
                "Run again: it is looked for first." % error
            )

    def _find_lost(self, fields: dict[str, str], known: set[str], error: ServiceError) -> Optional[dict[str, Any]]:
        """Look whether a creation was carried out though its answer was lost."""
        try:
            twins = new_twins(fields, self._client.list_profiles(), known)
        except ServiceError as second:
            raise SmtpdError(
                "%s It is not known whether the profile was created, and looking for it failed too: %s "
                "Run again: if it was created, it will be found." % (error, second)
            ) from None
        if len(twins) > 1:
            raise SmtpdError("%s Meanwhile %s" % (error, _describe_twins(fields, twins)))
        return twins[0] if twins else None

    def _refuse_twins(self, created: Sequence[Outcome]) -> None:
        """Look whether somebody else created the same at the same time. Whoever looks last sees both."""
        if not created:
            return
        try:
            listing = self._client.list_profiles()
        except ServiceError as error:
            created[0].warnings.append(
                "Whether somebody else created the same at the same time is not known: %s" % error
            )
            return
        for outcome, found in zip(created, find([outcome.wanted for outcome in created], listing)):
            if len(found) > 1:
                outcome.error = SmtpdError(
                    "%s was created, but meanwhile %s"
                    % (describe_profile(outcome.profile), _describe_twins(outcome.wanted, found))
                )
            elif found:
                outcome.error = differs(outcome.wanted, found[0])

    # Waiting until the service has made a profile, and its records

    def _await_creation(self, outcomes: Sequence[Outcome], with_records: bool) -> None:
        if self._waiting is None:
            return

        def is_done(outcome: Outcome) -> bool:
            _refuse_failed(outcome)
            if outcome.state == CREATING:
                return False
            if with_records:
                self._get_records(outcome, self._until)
            return not with_records or outcome.has_setup() or outcome.state == DISABLED

        self._watch(
            outcomes, is_done, lambda outcome: self._timed_out(outcome, "the service has not made its DNS records")
        )

    # Verifying

    def _verify(self, outcomes: Sequence[Outcome], gate: Optional[Gate]) -> None:
        """Have the service verify each profile as soon as it may pass the gate, and wait until they are active."""

        def is_done(outcome: Outcome) -> bool:
            if outcome.state in (ACTIVE, FAILED):
                _refuse_failed(outcome)
                return True
            if outcome.asking is None and (gate is None or gate.is_right(outcome)):
                outcome.asking = _Asking(self._waiting)
                if self._waiting is not None:
                    outcome.until = time.monotonic() + self._waiting.timeout
            if outcome.asking is not None and outcome.asking.is_due():
                self._ask_to_verify(outcome)
                outcome.asking.put_off()
            return False

        def late(outcome: Outcome) -> SmtpdError:
            if outcome.asking is not None or gate is None:
                return self._timed_out(outcome, "the service does not accept its DNS records")
            return _Unverified(
                "%s: DNS does not answer right, so it was not verified." % describe_profile(outcome.profile)
            )

        to_ask = [outcome for outcome in outcomes if outcome.state not in (ACTIVE, CREATING)]
        look = gate.look if gate and to_ask else _nothing
        if self._waiting is not None:
            self._watch(to_ask, is_done, late, look)
        else:
            look()
            self._each(is_done, to_ask)
            for outcome in _healthy(to_ask):
                if outcome.asking is None:
                    outcome.error = late(outcome)
        for outcome in to_ask:
            if gate and outcome.error is not None:
                outcome.answers = gate.answers(outcome)

    def _ask_to_verify(self, outcome: Outcome) -> None:
        try:
            self._client.verify_profile(outcome.profile["profile_id"], outcome.until or self._deadline())
        except ServiceError as error:
            if not error.undone:  # where the answer is lost, it may well be done
                outcome.changed = True
            raise
        outcome.changed = True

    # Records

    def _complete_records(self, outcomes: Sequence[Outcome], setup: bool) -> None:
        """Get the records that are not there yet, if they are asked for; name those that kept a profile from turning active."""

        def explain(outcome: Outcome) -> None:
            if isinstance(outcome.error, _TimedOut) and not outcome.has_setup():
                self._get_records(outcome, self._until)
            is_open = "validation_state" if isinstance(outcome.error, _TimedOut) else "status"
            records = [
                record for record in outcome.dns_records() if record.get(is_open) not in (ACTIVE, PRESENT_IN_DNS)
            ]
            if records:
                outcome.error = SmtpdError("%s These are not right:\n%s" % (outcome.error, describe_records(records)))

        there = [
            outcome
            for outcome in outcomes
            if outcome.profile and outcome.profile["profile_id"] and outcome.state != CREATING
        ]
        if setup:
            self._each(self._get_records, [outcome for outcome in _healthy(there) if not outcome.has_setup()])
        self._each(explain, [outcome for outcome in there if isinstance(outcome.error, (_TimedOut, _Unverified))])

    def _get_records(self, outcome: Outcome, deadline: Optional[float] = None) -> None:
        """Get the records of a profile. If the contract does not allow one of them, none is trusted."""
        records = self._client.get_records(outcome.profile["profile_id"], deadline)
        outcome.unexpected = unexpected_records(records, outcome.profile, outcome.wanted)
        outcome.records = [] if outcome.unexpected else records

    # Many at once

    def _watch(
        self,
        outcomes: Sequence[Outcome],
        is_done: Callable[[Outcome], bool],
        late: Callable[[Outcome], SmtpdError],
        prepare: Callable[[], None] = _nothing,
    ) -> None:
        """Look at the listing until all are done: one call a look, however many profiles are watched.

        :param is_done: may make calls of its own for a profile; where such a call fails for now, it is made again at
            the next look.
        :param late: what to say of one that is not done in time.
        :param prepare: is called before each look.
        """

        def look(outcome: Outcome) -> None:
            outcome.trouble = None
            try:
                outcome.is_done = is_done(outcome)
            except ServiceError as error:
                if not error.passing:
                    raise
                outcome.trouble = error

        def give_up(overdue: Sequence[Outcome]) -> None:
            for outcome in overdue:
                outcome.error = outcome.trouble or late(outcome)

        def until(outcome: Outcome) -> float:
            return outcome.until or self._until

        for outcome in outcomes:
            outcome.is_done = False
        open_ones = list(outcomes)
        prepare()
        self._each(look, open_ones)
        for pause in pauses(self._waiting.interval):
            now = time.monotonic()
            open_ones = [outcome for outcome in _healthy(open_ones) if not outcome.is_done]
            give_up([outcome for outcome in open_ones if until(outcome) <= now])
            open_ones = _healthy(open_ones)
            if not open_ones:
                break
            end = max(until(outcome) for outcome in open_ones)
            time.sleep(max(0.0, min(pause, min(until(outcome) for outcome in open_ones) - now)))
            try:
                listing = self._client.list_profiles(end)
            except ServiceError as error:
                for outcome in open_ones:
                    outcome.trouble = error
                if error.passing:
                    continue
                give_up(open_ones)
                break
            self._refresh(open_ones, listing)
            prepare()
            self._each(look, _healthy(open_ones))

    def _timed_out(self, outcome: Outcome, problem: str) -> SmtpdError:
        return _TimedOut(
            "%s: %s after %.0f s; it is in state '%s'."
            % (describe_profile(outcome.profile), problem, time.monotonic() - self._started, printable(outcome.state))
        )

    def _refresh(self, outcomes: Sequence[Outcome], listing: Sequence[dict[str, Any]]) -> None:
        by_id = {profile["profile_id"]: profile for profile in listing}

        def refresh(outcome: Outcome) -> None:
            profile = by_id.get(outcome.profile["profile_id"])
            # A listing can be incomplete, or not know a new profile yet; only this answer is definite.
            if profile is None and outcome.seen:
                profile = self._client.get_profile(outcome.profile["profile_id"])
                if profile is None:
                    raise SmtpdError(
                        "%s disappeared from the service while it was waited for." % (describe_profile(outcome.profile))
                    )
            if profile is not None:
                outcome.profile, outcome.seen = profile, True

        self._each(refresh, outcomes)

    def _each(self, act: Callable[[Outcome], Any], outcomes: Sequence[Outcome]) -> None:
        """Act on each, several at once; an error stays with its outcome."""

        def guarded(outcome: Outcome) -> None:
            try:
                act(outcome)
            except SmtpdError as error:
                outcome.error = outcome.error or error  # what happened first is why

        map_at_once(guarded, outcomes, self._concurrency)


class _TimedOut(SmtpdError):
    """It was waited for the service in vain."""


class _Unverified(SmtpdError):
    """It was waited for the gate in vain."""


class _Asking:
    """When to ask for a verification: now, and again after pauses that grow."""

    def __init__(self, waiting: Optional[Waiting]) -> None:
        first = _FIRST_ASK_AGAIN * first_pause(waiting.interval) if waiting else _LONGEST_ASK_AGAIN
        self._pauses = growing(first, _LONGEST_ASK_AGAIN, 2.0)
        self._due = time.monotonic()

    def is_due(self) -> bool:
        return time.monotonic() >= self._due

    def put_off(self) -> None:
        self._due = time.monotonic() + next(self._pauses)


def _identity(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return record["fqdn"], record["type"], record["rdata"]


def _begin(wanted: dict[str, str], decision: Decision) -> Outcome:
    return Outcome(
        wanted, before=decision.found, profile=decision.found, error=decision.refusal, seen=decision.found is not None
    )


def _healthy(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.error is None]


def _refuse_failed(outcome: Outcome) -> None:
    if outcome.state == FAILED:
        raise _failed(outcome)


def _failed(outcome: Outcome) -> SmtpdError:
    return SmtpdError(
        "%s is in state 'failed': the service could not create it, and that cannot be mended. Check its domains; "
        "a run that names it by profile_name and sending_domain creates a new one." % describe_profile(outcome.profile)
    )


def _describe_twins(wanted: dict[str, str], twins: Sequence[dict[str, Any]]) -> str:
    return (
        "%d profiles of %s appeared: %s. Somebody else may have created one at the same time. "
        "From now on give the profile_id of the one that is meant."
        % (
            len(twins),
            describe_wanted(wanted),
            printable(", ".join("%s (%s)" % (twin["profile_id"], twin["state"]) for twin in twins)),
        )
    )
