# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asking a real name server whether DNS records are published right."""

from __future__ import annotations

import asyncio
from typing import Any

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

from tests.simulator.model import parse_address

_TIMEOUT = 2.0
_AT_ONCE = 200


class DnsCheck:
    """Asks the name server that the settings name.

    Questions of many profiles go out at the same time, but no more than a name server on the same machine can take.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def look(self, server: str | None, records: list[dict[str, Any]]) -> list[bool | None]:
        """For each record whether DNS has it right, C(None) where there was no answer.

        Without a server every record is right.
        """
        if server is None:
            return [True] * len(records)
        host, port = parse_address(server)
        return await asyncio.gather(*(self._is_right(host, port, record) for record in records))

    async def _is_right(self, host: str, port: int, record: dict[str, Any]) -> bool | None:
        async with self._slots:
            try:
                query = dns.message.make_query(record["name"], record["type"])
                answer, _tcp = await dns.asyncquery.udp_with_fallback(query, host, port=port, timeout=_TIMEOUT)
            except (OSError, EOFError, ValueError, dns.exception.DNSException):
                return None
        if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return None
        wanted = dns.rdatatype.from_text(record["type"])
        values = [rdata for rrset in answer.answer if rrset.rdtype == wanted for rdata in rrset]
        return is_published(record, values)


def is_published(record: dict[str, Any], values: list[Any]) -> bool:
    """Whether the values found at its name and type are what a record asks for.

    A host has to be the only one. A text may stand among others. An SPF record has to be the only one (RFC 7208, 4.5),
    and may permit more senders than the wanted one.
    """
    if record["type"] == "TXT":
        texts = [b"".join(rdata.strings) for rdata in values]
        wanted = record["value"].encode()
        if not _is_spf(wanted):
            return wanted in texts
        spf = [text for text in texts if _is_spf(text)]
        return len(spf) == 1 and _senders(wanted) <= _senders(spf[0])
    hosts = [rdata.exchange if record["type"] == "MX" else rdata.target for rdata in values]
    return [host.to_text(omit_final_dot=True).lower() for host in hosts] == [record["value"].rstrip(".").lower()]


def _is_spf(text: bytes) -> bool:
    return text.lower() == b"v=spf1" or text.lower().startswith(b"v=spf1 ")


def _senders(spf: bytes) -> set[bytes]:
    return {term for term in spf.lower().split()[1:] if term.lstrip(b"+-~?") != b"all"}
