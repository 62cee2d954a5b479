# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Looking up what DNS has at names, by their authoritative servers."""

from __future__ import annotations

import concurrent.futures
import functools
from typing import Any, Callable, Iterable, Mapping, Optional

from ._dns_answers import NO_ANSWER, Answer, NoServers
from ._dns_delegation import ServersOf
from ._dns_query import ask
from ._errors import MissingLibraryError
from ._preflight import Finding, Node, look
from ._records import name_key

_THREADS = 32


def examine(
    profiles: Iterable[Mapping[str, Optional[str]]], servers_of: ServersOf, timeout: float
) -> tuple[list[Finding], list[dict[str, Any]]]:
    """Look at the domains of profiles.

    :param profiles: as C(look) takes them.
    :param timeout: of each question, in seconds.
    :returns: what C(look) returns.
    """
    return look(profiles, organisational_domain(), lambda questions: survey(questions, servers_of, timeout))


def survey(questions: Iterable[tuple[str, str]], servers_of: ServersOf, timeout: float) -> dict[str, Node]:
    """Ask for names and types.

    :param questions: name and type of each.
    :param timeout: of each question, in seconds.
    :returns: what is at each name. Asked is one server of each zone; the next one where that gives no certain answer.
    """
    types: dict[str, dict[str, None]] = {}
    for name, type_ in questions:
        types.setdefault(name, {})[type_] = None
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as threads:
        nodes = threads.map(lambda item: _node(item[0], list(item[1]), servers_of, timeout), types.items())
        return dict(zip(types, nodes))


def _node(name: str, types: list[str], servers_of: ServersOf, timeout: float) -> Node:
    servers = servers_of(name_key(name))
    if isinstance(servers, NoServers):
        return Node(problem=(servers.diagnosis, servers.message))
    values: dict[str, tuple[str, ...]] = {}
    for type_ in types:
        answer = Answer("", failure="there is no server to ask")
        for server in servers:
            answer = ask(server, name_key(name), type_, timeout)
            if answer.failure is None:
                break
        if answer.failure is not None:
            return Node(values=values, problem=(NO_ANSWER, "%s could not be looked up for certain: %s: %s." % (
                name, answer.server, answer.failure.rstrip("."))))
        values[type_] = answer.values
        if answer.absence and not answer.absence.name_exists:
            values = dict.fromkeys(types, ())  # one answer says it for all types
            break
    return Node(apex=bool(values.get("SOA")), values=values)


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
