# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Looking for wanted records on all of their servers, and waiting for them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Optional, Sequence, Union

from ._dns_answers import Absence, Answer, Judgement, NoServers
from ._dns_delegation import Finder, ServersOf
from ._dns_exchange import Server
from ._dns_query import DNS_PORT, ask, ask_all
from ._rdata import CNAME, MX, TXT, rdata_of
from ._records import Wish
from ._threads import map_at_once
from ._vocabulary import PRESENT
from ._waiting import pauses

_THREADS = 32
_BESIDE_CNAME = ("A", "AAAA", MX, TXT)

_Key = tuple[str, str]  # name and type
_Replies = Union[NoServers, list[tuple[Server, Answer]]]


class Looker:
    """Looks for wanted records.

    :param servers_of: gives the servers for a name.
    :param timeout: of each question, in seconds.
    :param port: where authoritative servers listen.
    """

    def __init__(self, wishes: Sequence[Wish], servers_of: ServersOf, timeout: float, port: int = DNS_PORT) -> None:
        self._wishes = wishes
        self._servers_of = servers_of
        self._timeout = timeout
        self._port = port
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
            time.sleep(min(left, next(rests)))

    def _all_present(self) -> bool:
        return all(judgement.status == PRESENT for judgement in self.judgements)

    def ask(self) -> None:
        """Ask for all that is not known to be present, and judge the answers."""
        is_open = [judgement.status != PRESENT for judgement in self.judgements] or [True] * len(self._wishes)
        keys = list(dict.fromkeys((wish.name, wish.type) for wish, still in zip(self._wishes, is_open) if still))
        names = list(dict.fromkeys(name for name, _type in keys))
        servers = dict(zip(names, map_at_once(self._servers_of, names, _THREADS)))
        questions = [(server, *key) for key in keys for server in _each(servers[key[0]])]
        answers = iter(ask_all(questions, self._timeout))
        replies: dict[_Key, _Replies] = {}
        for key in keys:
            found = servers[key[0]]
            replies[key] = found if isinstance(found, NoServers) else [(server, next(answers)) for server in found]
        self._replies = replies
        self._judge(replies)

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
        answers = [] if isinstance(replies, NoServers) else [answer for _server, answer in replies]
        for answer in answers:
            if answer.absence and answer.absence.until:
                self._absent_until[key] = max(answer.absence.until, self._absent_until.get(key, 0.0))
        return Judgement(wish, self._peers[key], answers, problem, self._absent_until.get(key))

    # Why something is not there

    def explain(self) -> None:
        """Ask more where something was not there, to tell why, and judge again."""
        replies = self._replies
        absences = [
            (key, server, answer)
            for key, found in replies.items()
            if not isinstance(found, NoServers)
            for server, answer in found
            if answer.absence
        ]
        explained = dict(
            zip(
                [(key, server) for key, server, _answer in absences],
                map_at_once(lambda absence: self._explained(*absence), absences, _THREADS),
            )
        )
        self._judge(
            {
                key: found
                if isinstance(found, NoServers)
                else [(server, explained.get((key, server), answer)) for server, answer in found]
                for key, found in replies.items()
            }
        )

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
        published = self._published(server, key) if absence.from_cache else None
        return replace(answer, absence=replace(absence, beside=beside, doubled=doubled, published=published))

    def _values(self, server: Server, name: str, type_: str) -> tuple[str, ...]:
        return ask(server, name, type_, self._timeout).values

    def _published(self, resolver: Server, key: _Key) -> Optional[tuple[str, ...]]:
        """What the authoritative servers have where a resolver says that there is nothing. C(None): not known."""
        servers = self._finders.setdefault(resolver, Finder(resolver, self._timeout, self._port)).servers_of(key[0])
        answers = [ask(server, *key, self._timeout) for server in _each(servers)]
        certain = [answer.values for answer in answers if answer.failure is None]
        return certain[0] if certain else None


def _each(servers: Union[Sequence[Server], NoServers]) -> Sequence[Server]:
    return () if isinstance(servers, NoServers) else servers
