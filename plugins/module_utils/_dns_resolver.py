# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""Resolvers of dnspython whose servers are asked as all others are.

By themselves, they give up at the first reply that does not answer the question (before dnspython 2.6.1), or read such replies
for as long as they come.
"""

from __future__ import annotations

import functools
from typing import Any

from ._dns_exchange import Server, Unanswered, exchange
from ._dns_wire import dnspython


def system_resolver() -> Any:
    """The system's resolver, a C(dns.resolver.Resolver).

    :raises DNSException: it is not configured.
    """
    return checked(dnspython().resolver.get_default_resolver())


def checked(resolver: Any) -> Any:
    """Have a C(dns.resolver.Resolver) check the replies that it gets.

    :returns: the same resolver.
    """
    resolver.nameservers = [
        _checked_server()(server, resolver.port) if isinstance(server, str) else server
        for server in resolver.nameservers
    ]
    return resolver


@functools.lru_cache(maxsize=None)
def _checked_server() -> Any:
    dns = dnspython()

    class CheckedServer(dns.nameserver.Do53Nameserver):
        def query(self, request: Any, timeout: float, *_args: Any, **_options: Any) -> Any:
            (asked,) = request.question
            server = Server(self.address, self.address, self.port, recursive=True)
            try:
                return exchange(server, asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype), timeout)
            except Unanswered as error:
                if error.is_timeout:  # which it tries again
                    raise dns.exception.Timeout(timeout=timeout) from None
                raise OSError(str(error)) from None

    return CheckedServer
