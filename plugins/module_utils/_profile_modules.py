# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What the modules for sending profiles share: their options."""

from __future__ import annotations

from typing import Any, Optional

from ._errors import InputError
from ._vocabulary import WANTED_FIELDS
from ._waiting import Waiting, check_seconds

_MOST_CALLS = 256  # under way at once


def profile_spec() -> dict[str, dict[str, Any]]:
    """The options that describe one wanted profile."""
    return {name: {"type": "str"} for name in WANTED_FIELDS + ("profile_id",)}


def concurrency_spec() -> dict[str, dict[str, Any]]:
    """The option that bounds the requests in flight."""
    return {"concurrency": {"type": "int", "default": 8}}


def waiting_of(params: dict[str, Any]) -> Optional[Waiting]:
    """How to wait by the module's options, C(None) where they say not to.

    :raises InputError: a time cannot be.
    """
    timeout, interval = (check_seconds(name, params[name]) for name in ("wait_timeout", "wait_interval"))
    return Waiting(timeout, interval) if params["wait"] else None


def concurrency_of(params: dict[str, Any]) -> int:
    """The number of requests that may be in flight.

    :raises InputError: it is less than one, or so many that connections and threads would take more than they bring.
    """
    if not 1 <= params["concurrency"] <= _MOST_CALLS:
        raise InputError("concurrency", "%d is not between 1 and %d." % (params["concurrency"], _MOST_CALLS))
    return params["concurrency"]
