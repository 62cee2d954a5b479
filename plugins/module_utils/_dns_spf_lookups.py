# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""How many DNS lookups an SPF record takes (RFC 7208, 4.6.4), found out by the system's resolver."""

from __future__ import annotations

from typing import Optional

from ._dns_resolver import system_resolver
from ._dns_spf import count_lookups
from ._dns_wire import dnspython
from ._rdata import TXT, canonical, is_spf, name_key

_SPF_TIMEOUT = 2.0


def spf_lookups(text: str) -> int:
    """How many DNS lookups an SPF record takes, with its includes looked up by the system's resolver."""
    return count_lookups(text, _fetch_spf)


def _fetch_spf(domain: str) -> Optional[str]:
    dns = dnspython()
    try:
        answer = system_resolver().resolve(name_key(domain), TXT, lifetime=_SPF_TIMEOUT)
    except (dns.exception.DNSException, OSError):
        return None
    return next((text for text in (canonical(TXT, rdata.to_text()) for rdata in answer) if is_spf(text)), None)
