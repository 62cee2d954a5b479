# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Looking for wanted records on all of their servers, and waiting for them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Iterator, Mapping, Optional, Sequence, Union

from ._dns_answers import Absence, Answer, Judgement, NoServers
from ._dns_delegation import Finder, ServersOf
from ._dns_exchange import Server
from ._dns_origin import Values, made_up_label, origins_of, probes
from ._dns_query import DNS_PORT, ask, ask_all
from ._rdata import CNAME, MX, TXT, canonical, rdata_of
from ._records import Wish
from ._threads import map_at_once
from ._vocabulary import PRESENT
from ._waiting import pauses

ANSWERING, ALL = "answering", "all"

# How long to wait for a silent server, in seconds.
_PATIENCE = 10.0
# The shortest time that a silent server is listened to, in seconds: it may come back while others are waited for.
_SHORT = 1.0
_SHORTEST = 0.05  # seconds between two looks

_THREADS = 32
_BESIDE_CNAME = ("A", "AAAA", MX, TXT)

_Key = tuple[str, str]  # name and type
_Replies = Union[NoServers, list[tuple[Server, Answer]]]


def require_spec() -> dict[str, dict[str, Any]]:
    """The option that says which servers have to answer."""
    return {"require": {"type": "str", "choices": [ANSWERING, ALL], "default": ANSWERING}}


def patience_of(require: str, wait_timeout: float) -> Optional[float]:
    """How long to wait for a silent server, in seconds; C(None) without limit.

    :param require: the value of that option.
    :param wait_timeout: in seconds, 0 for a single look, which has to do with the answers it gets.
    """
    return min(_PATIENCE, wait_timeout / 2) if require == ANSWERING else None


class Looker:
    """Looks for wanted records.

    :param servers_of: gives the servers for a name.
    :param timeout: of each question, in seconds.
    :param port: where authoritative servers listen.
    :param patience: as C(patience_of) returns it.
    """

    def __init__(
        self,
        wishes: Sequence[Wish],
        servers_of: ServersOf,
        timeout: float,
        port: int = DNS_PORT,
        patience: Optional[float] = None,
    ) -> None:
        self._wishes = wishes
        self._servers_of = servers_of
        # Who is waited for is not listened to for longer than that.
        self._timeout = min(timeout, max(_SHORT, patience)) if patience else timeout
        self._port = port
        self._patience = patience
        # Since when a server has given no certain answer to a question. One may be lame for a single zone.
        self._silent: dict[tuple[Server, _Key], float] = {}
        self._answered_at = 0.0
        self._peers: dict[_Key, list[Wish]] = {}
        for wish in wishes:
            self._peers.setdefault((wish.name, wish.type), []).append(wish)
        # Until when others may remember that a record is not there, which a later look does not tell any more.
        self._absent_until: dict[_Key, float] = {}
        self._finders: dict[Server, Finder] = {}
        self._replies: dict[_Key, _Replies] = {}
        # One for each wish, in order.
        self.judgements: list[Judgement] = []

    @property
    def results(self) -> list[dict[str, Any]]:
        """What was found, one for each wish, in order."""
        return [judgement.as_dict() for judgement in self.judgements]

    def look(self) -> bool:
        """Look once.

        :returns: whether all are present. What was found is in C(results), one for each wish, in order.
        """
        self.ask()
        self.explain()
        return self._all_present()

    def wait(self, timeout: float, interval: float) -> bool:
        """Look until all are present, or until the time is over. Asked for again is only what is not present yet.

        :param timeout: in seconds.
        :param interval: the first pause, in seconds. Pauses grow, with jitter.
        :returns: whether all are present.
        """
        deadline = time.monotonic() + timeout
        rests = pauses(interval)
        while True:
            self.ask()
            if self._all_present():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                self.explain()
                return False
            time.sleep(min(left, next(rests), max(_SHORTEST, self._until_patience_ends())))

    @property
    def warnings(self) -> list[str]:
        """Which servers were left out because they do not answer, one sentence for each."""
        told: dict[str, tuple[str, str]] = {}
        for wish, judgement in zip(self._wishes, self.judgements):
            for server, why in judgement.left_out.items():
                told.setdefault(server, (wish.name, why))
        return [
            "The name server %s gives no answer for %s (%s), so it was not waited for%s. Repair it, or remove it from "
            "the delegation. With require=all every server has to answer."
            % (server, name.rstrip("."), why, " any longer than %g s" % self._patience if self._patience else "")
            for server, (name, why) in told.items()
        ]

    def _until_patience_ends(self) -> float:
        """When to ask a silent server for the last time, in seconds from now."""
        if self._patience is None:
            return float("inf")
        ends = [since + self._patience - time.monotonic() for since in self._silent.values()]
        return min((end - _SHORT if end > _SHORT else end for end in ends if end > 0), default=float("inf"))

    def _all_present(self) -> bool:
        return all(judgement.status == PRESENT for judgement in self.judgements)

    def ask(self) -> None:
        """Ask for all that is not known to be present, and judge the answers."""
        is_open = [judgement.status != PRESENT for judgement in self.judgements] or [True] * len(self._wishes)
        keys = list(dict.fromkeys((wish.name, wish.type) for wish, still in zip(self._wishes, is_open) if still))
        names = list(dict.fromkeys(name for name, _type in keys))
        servers = dict(zip(names, map_at_once(self._servers_of, names, _THREADS)))
        questions = [(server, *key) for key in keys for server in _each(servers[key[0]])]
        asked_at = time.monotonic()
        answers = iter(ask_all(questions, self._timeout, self._timeouts(asked_at)))
        self._answered_at = time.monotonic()
        replies: dict[_Key, _Replies] = {}
        for key in keys:
            found = servers[key[0]]
            replies[key] = found if isinstance(found, NoServers) else [(server, next(answers)) for server in found]
        self._replies = replies
        self._silent = {
            (server, key): self._silent.get((server, key), asked_at)
            for key, found in replies.items()
            for server, answer in _pairs(found)
            if answer.failure is not None
        }
        self._judge(replies)

    def _timeouts(self, now: float) -> Mapping[Server, float]:
        """The timeouts of silent servers: not beyond the time for which they are waited for."""
        if self._patience is None:
            return {}
        since: dict[Server, float] = {}
        for (server, _key), start in self._silent.items():
            since[server] = min(start, since.get(server, start))
        return {
            server: min(self._timeout, max(_SHORT, start + self._patience - now)) for server, start in since.items()
        }

    def _given_up(self, key: _Key, replies: _Replies) -> list[str]:
        """The names of the servers that have been silent for too long to wait for them."""
        if self._patience is None:
            return []
        latest = self._answered_at - self._patience
        return [
            server.name
            for server, _answer in _pairs(replies)
            if self._silent.get((server, key), self._answered_at + 1) <= latest
        ]

    def _judge(self, replies: dict[_Key, _Replies]) -> None:
        before: Sequence[Optional[Judgement]] = self.judgements or [None] * len(self._wishes)
        self.judgements = [
            judgement
            if judgement and (wish.name, wish.type) not in replies
            else self._judged(wish, replies[wish.name, wish.type])
            for wish, judgement in zip(self._wishes, before)
        ]

    def _judged(self, wish: Wish, replies: _Replies) -> Judgement:
        key = (wish.name, wish.type)
        problem = replies if isinstance(replies, NoServers) else None
        answers = [answer for _server, answer in _pairs(replies)]
        for answer in answers:
            if answer.absence and answer.absence.until:
                self._absent_until[key] = max(answer.absence.until, self._absent_until.get(key, 0.0))
        return Judgement(
            wish, self._peers[key], answers, problem, self._absent_until.get(key), self._given_up(key, replies)
        )

    # Why something is not there

    def explain(self) -> None:
        """Ask more where something was not there, to tell why, and judge again."""
        replies = self._replies
        absences = [
            (key, server, answer)
            for key, found in replies.items()
            for server, answer in _pairs(found)
            if answer.absence
        ]
        explained = dict(
            zip(
                [(key, server) for key, server, _answer in absences],
                map_at_once(lambda absence: self._explained(*absence), absences, _THREADS),
            )
        )
        self._judge(
            self._with_origins(
                {
                    key: found
                    if isinstance(found, NoServers)
                    else [(server, explained.get((key, server), answer)) for server, answer in found]
                    for key, found in replies.items()
                }
            )
        )

    def _with_origins(self, replies: dict[_Key, _Replies]) -> dict[_Key, _Replies]:
        """The answers that are not the wanted ones, with the wildcard or DNAME that they come from."""
        label = made_up_label()
        not_right = {
            (wish.name, wish.type) for wish, one in zip(self._wishes, self.judgements) if one.status != PRESENT
        }
        doubtful = [
            (key, server, answer)
            for key in not_right & replies.keys()
            for server, answer in _pairs(replies[key])
            if _at(key, answer)
        ]
        asked = [
            (server, *probe) for key, server, answer in doubtful for probe in probes(key[0], _at(key, answer), label)
        ]
        asked = list(dict.fromkeys(asked))
        answers = {question: answer.values for question, answer in zip(asked, ask_all(asked, self._timeout))}
        settled = {
            (key, server): _settled(
                key,
                answer,
                label,
                {probe: answers[(server, *probe)] for probe in probes(key[0], _at(key, answer), label)},
            )
            for key, server, answer in doubtful
        }
        return {
            key: found
            if isinstance(found, NoServers)
            else [(server, settled.get((key, server), answer)) for server, answer in found]
            for key, found in replies.items()
        }

    def _explained(self, key: _Key, server: Server, answer: Answer) -> Answer:
        name, type_ = key
        absence = answer.absence or Absence()
        beside: tuple[str, ...] = ()
        doubled: tuple[str, ...] = ()
        if absence.name_exists and type_ == CNAME:
            beside = tuple(
                "%s %s" % (other, rdata_of(other, value))
                for other in _BESIDE_CNAME
                for value in self._values(server, name, other)
            )
        if absence.zone and absence.zone != ".":
            doubled = self._values(server, name + absence.zone, type_)
            if doubled and doubled == self._values(server, "%s.%s" % (made_up_label(), absence.zone), type_):
                doubled = ()  # by a wildcard
        published = self._published(server, key) if absence.from_cache else None
        return replace(answer, absence=replace(absence, beside=beside, doubled=doubled, published=published))

    def _values(self, server: Server, name: str, type_: str) -> tuple[str, ...]:
        return ask(server, name, type_, self._timeout).values

    def _published(self, resolver: Server, key: _Key) -> Optional[tuple[str, ...]]:
        """What the authoritative servers have where a resolver says that there is nothing. C(None): not known."""
        servers = self._finders.setdefault(resolver, Finder(resolver, self._timeout, self._port)).servers_of(key[0])
        answers = ask_all([(server, *key) for server in _each(servers)], self._timeout)
        certain = [answer.values for answer in answers if answer.failure is None]
        return certain[0] if certain else None


def _each(servers: Union[Sequence[Server], NoServers]) -> Sequence[Server]:
    return () if isinstance(servers, NoServers) else servers


def _pairs(replies: _Replies) -> Iterator[tuple[Server, Answer]]:
    return iter(() if isinstance(replies, NoServers) else replies)


def _at(key: _Key, answer: Answer) -> dict[str, Values]:
    """The canonical values that an answer says are at the name, by type."""
    if answer.alias is not None:
        return {CNAME: (answer.alias,)}
    found: dict[str, Values] = {key[1]: answer.values} if answer.values else {}
    for line in answer.absence.beside if answer.absence else ():
        type_, _space, rdata = line.partition(" ")
        found[type_] = tuple(sorted((*found.get(type_, ()), canonical(type_, rdata))))
    return found


def _settled(key: _Key, answer: Answer, label: str, answers: Mapping[_Key, Values]) -> Answer:
    """An answer with its origin, and less what is only synthesised next to a CNAME that is wanted."""
    wildcards, dname = origins_of(key[0], _at(key, answer), label, answers)
    if answer.absence:
        beside = tuple(line for line in answer.absence.beside if line.partition(" ")[0] not in wildcards)
        answer = replace(answer, absence=replace(answer.absence, beside=beside))
        if beside:
            return answer
    return replace(answer, wildcard=next(iter(wildcards.values()), None), dname=dname)
