# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Looking up what DNS has at names, by their authoritative servers."""

from __future__ import annotations

import collections
import functools
from dataclasses import replace
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence, Union

from ._dmarc_policy import Discovery
from ._dns_answers import Answer, NoServers
from ._dns_delegation import ServersOf
from ._dns_exchange import Question, Server
from ._dns_origin import SYNTHESISED, made_up_label, origins_of, probes
from ._dns_query import ask_all
from ._errors import MissingLibraryError
from ._preflight import Finding, Node, look, look_at_each
from ._rdata import CNAME, TXT, name_key
from ._threads import map_at_once
from ._vocabulary import NO_ANSWER

_THREADS = 32
_MAX_ALIASES = 8  # CNAMEs one after the other that are followed: about as many as resolvers follow


def examine(
    profiles: Iterable[Mapping[str, Optional[str]]], servers_of: ServersOf, timeout: float
) -> tuple[list[Finding], list[Discovery]]:
    """Look at the domains of profiles.

    :param profiles: as C(look) takes them.
    :param timeout: of each question, in seconds.
    :returns: what C(look) returns.
    """
    return look(profiles, organisational_domain(), lambda questions: survey(questions, servers_of, timeout))


def examine_each(
    profiles: Iterable[Mapping[str, Optional[str]]], servers_of: ServersOf, timeout: float
) -> list[list[Finding]]:
    """The findings of each profile by themselves, in the order of the profiles. Parameters as of C(examine)."""
    return look_at_each(profiles, organisational_domain(), lambda asked: survey(asked, servers_of, timeout))[0]


def survey(questions: Iterable[tuple[str, str]], servers_of: ServersOf, timeout: float) -> dict[str, Node]:
    """Ask for names and types.

    :param questions: name and type of each.
    :param timeout: of each question, in seconds.
    :returns: what is at each name, and at the targets of names that were asked for TXT records only. Asked is one server of
        each zone; the next one where that gives no certain answer.
    """
    nodes = _survey(questions, servers_of, timeout)
    for _step in range(_MAX_ALIASES):
        targets = {node.alias for node in nodes.values() if node.alias} - nodes.keys()
        if not targets:
            break
        nodes.update(_survey([(target, TXT) for target in sorted(targets)], servers_of, timeout))
    return nodes


def _survey(questions: Iterable[tuple[str, str]], servers_of: ServersOf, timeout: float) -> dict[str, Node]:
    types: dict[str, dict[str, None]] = {}
    for name, type_ in questions:
        types.setdefault(name, {})[type_] = None
    servers = map_at_once(lambda name: servers_of(name_key(name)), types, _THREADS)
    looks = [_Look(name, list(types[name]), found) for name, found in zip(types, servers)]
    while open_ones := [one for one in looks if one.node is None]:
        for one, answer in zip(open_ones, ask_all([one.question for one in open_ones], timeout)):
            one.take(answer)
    _find_origins([one for one in looks if one.found], timeout)
    return {one.name: one.node for one in looks if one.node is not None}


def _find_origins(looks: Sequence[_Look], timeout: float) -> None:
    """Find out which answers come from wildcards and DNAMEs. Each server that gave one is asked more."""
    label = made_up_label()
    asked = [(one.server, *probe) for one in looks for probe in probes(one.name, one.found, label)]
    answers = {question: answer.values for question, answer in zip(asked, ask_all(asked, timeout))}
    for one in looks:
        own = {probe: answers[(one.server, *probe)] for probe in probes(one.name, one.found, label)}
        one.node = replace(one.node, origins=origins_of(one.name, one.found, label, own))


class _Look:
    """A name, and what is known of it so far.

    :param node: what is there, once all is known.
    """

    def __init__(self, name: str, types: list[str], servers: Union[Sequence[Server], NoServers]) -> None:
        self.name = name
        self.node: Optional[Node] = None
        self._types = types
        self._alias: Optional[str] = None
        self._values: dict[str, tuple[str, ...]] = {}
        self._servers = collections.deque(() if isinstance(servers, NoServers) else servers)
        if isinstance(servers, NoServers):
            self.node = Node(problem=(servers.diagnosis, servers.message))

    @property
    def question(self) -> Question:
        """What to ask next."""
        return self._servers[0], name_key(self.name), self._types[len(self._values)]

    @property
    def server(self) -> Server:
        """Whose answers count."""
        return self._servers[0]

    @property
    def found(self) -> dict[str, tuple[str, ...]]:
        """The values whose origin matters, by type: those at the domains of a profile, and the CNAME of a DMARC record."""
        if self.node is None or self.node.problem or self.node.apex:
            return {}
        if "SOA" not in self._types:
            return {CNAME: (self.node.alias,)} if self.node.alias else {}
        return {type_: values for type_, values in self.node.values.items() if values and type_ in SYNTHESISED}

    def take(self, answer: Answer) -> None:
        """Take the answer to it."""
        if answer.failure is not None:
            self._servers.popleft()
            if not self._servers:
                self.node = Node(
                    values=self._values,
                    problem=(
                        NO_ANSWER,
                        "%s could not be looked up for certain: %s: %s."
                        % (self.name, answer.server, answer.failure.rstrip(".")),
                    ),
                )
            return
        if self._types == [TXT]:
            self._alias = answer.alias
        self._values[self._types[len(self._values)]] = answer.values
        if answer.absence and not answer.absence.name_exists:
            self._values = dict.fromkeys(self._types, ())  # one answer says it for all types
        if len(self._values) == len(self._types):
            self.node = Node(apex=bool(self._values.get("SOA")), values=self._values, alias=self._alias)


def organisational_domain() -> Callable[[str], str]:
    """A function that gives the organisational domain of a domain, by the Public Suffix List (RFC 7489, 3.2).

    :raises MissingLibraryError: the library with the list cannot be imported.
    """
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError:
        raise MissingLibraryError("publicsuffixlist", "to tell to which organisation a domain belongs") from None

    @functools.lru_cache(maxsize=None)
    def suffixes(internationalised: bool) -> Any:
        # To read the list takes twice as long with the ASCII forms of internationalised suffixes.
        return PublicSuffixList(accept_encoded_idn=internationalised)

    return lambda domain: suffixes("xn--" in domain).privatesuffix(domain) or domain
