# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Times in words: ISO 8601, in UTC, to the second."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Optional


def iso(seconds: Any) -> Optional[str]:
    """A time such as C(2026-11-26T04:05:06Z).

    :param seconds: since the epoch.
    :returns: C(None) for what is none, or is beyond the calendar.
    """
    if seconds is None:
        return None
    try:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def seconds_of(text: Optional[str]) -> Optional[float]:
    """What C(iso) was given."""
    if not text:
        return None
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
