# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Looking up what DNS has at names, by their authoritative servers."""

from __future__ import annotations

import concurrent.futures
import functools
from typing import Callable, Iterable, Optional, Sequence, Union

from ansible_collections.smtpd.email.plugins.module_utils._dns_answers import (
    NO_ANSWER,
    NOT_DELEGATED,
    Answer,
    NoServers,
)
from ansible_collections.smtpd.email.plugins.module_utils._dns_query import (
    Finder,
    Server,
    ServersOf,
    ask,
    given_server,
)
from ansible_collections.smtpd.email.plugins.module_utils._errors import MissingLibraryError
from ansible_collections.smtpd.email.plugins.module_utils._preflight import Node
from ansible_collections.smtpd.email.plugins.module_utils._records import name_key

_THREADS = 32


def servers_by(nameservers: Sequence[str], resolver: Optional[str], timeout: float) -> ServersOf:
    """Which servers to ask for a name, by the options of these names.

    :raises InputError: one of them is no server.
    """
    servers = [given_server(text, "nameservers[%d]" % index) for index, text in enumerate(nameservers)]
    if servers:
        return lambda name: servers
    finder = Finder(given_server(resolver, "resolver") if resolver else None, timeout)
    if resolver:
        return finder.servers_of

    def servers_of(name: str) -> Union[Sequence[Server], NoServers]:
        found = finder.servers_of(name)
        if isinstance(found, NoServers) and found.diagnosis == NOT_DELEGATED and not _knows_public_dns(timeout):
            return NoServers(NO_ANSWER, "%s could not be looked up: the system's resolver does not know public DNS. "
                                        "Name servers can be given by resolver or nameservers." % name.rstrip("."))
        return found

    return servers_of


@functools.lru_cache(maxsize=None)
def _knows_public_dns(timeout: float) -> bool:
    """Whether the system's resolver knows the root of public DNS. One that does not answers for no domain for certain."""
    import dns.exception
    import dns.resolver

    try:
        return len(dns.resolver.resolve(".", "NS", lifetime=timeout)) > 0
    except (dns.exception.DNSException, OSError):
        return False


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
    values = {}
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
    return Node(apex=bool(values.get("SOA")), values=values)


def organisational_domain() -> Callable[[str], str]:
    """A function that gives the organisational domain of a domain, by the Public Suffix List (RFC 7489, 3.2).

    :raises MissingLibraryError: the library with the list cannot be imported.
    """
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError:
        raise MissingLibraryError("publicsuffixlist", "to tell to which organisation a domain belongs") from None
    suffixes = PublicSuffixList()
    return lambda domain: suffixes.privatesuffix(domain) or domain
