# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may call: access tokens, static and granted."""

from __future__ import annotations

import secrets
import time
from typing import Callable, Mapping

REFRESH_LIFETIME = 30 * 24 * 3600.0


class Tokens:
    """The tokens of the one account.

    :param static: a token that never expires.
    :param key: the API key that tokens are granted for, together with C(secret).
    """

    def __init__(self, static: str, key: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._static = static
        self._key_and_secret = (key, secret)
        self._clock = clock
        self._expiry: dict[str, float] = {}
        self._refresh_token = ""
        self._refresh_expiry = 0.0

    def grant(self, key: str, secret: str, lifetime: float) -> dict[str, object] | None:
        """A new token, as the service answers it. C(None) where key and secret are wrong."""
        return self._new(lifetime) if (key, secret) == self._key_and_secret else None

    def refresh(self, refresh_token: object, lifetime: float) -> dict[str, object] | None:
        """A new token for the refresh token of the grant before. C(None) where it is not that, or too old."""
        is_good = refresh_token == self._refresh_token and self._clock() < self._refresh_expiry
        return self._new(lifetime) if is_good else None

    def expire_all(self) -> None:
        """Let all granted tokens expire, now."""
        self._expiry.clear()
        self._refresh_expiry = 0.0

    def admits(self, headers: Mapping[str, str], rule: str) -> bool:
        """Whether the headers of a call carry a good token.

        :param rule: C(Settings.auth_header).
        """
        both = [self._is_good(headers.get(name, "")) for name in ("Authentication", "Authorization")]
        return {"either": any(both), "both": all(both), "authentication": both[0], "authorization": both[1]}[rule]

    def _new(self, lifetime: float) -> dict[str, object]:
        now = self._clock()
        token, self._refresh_token = "eyJ." + secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._expiry[token] = now + lifetime
        self._refresh_expiry = now + REFRESH_LIFETIME
        return {
            "token_type": "bearer",
            "access_token": token,
            "expires_at": int(self._expiry[token] * 1000),
            "Scope": ["admin"],
            "refresh_token": self._refresh_token,
        }

    def _is_good(self, header: str) -> bool:
        scheme, _space, token = header.partition(" ")
        return scheme == "Bearer" and (token == self._static or self._clock() < self._expiry.get(token, 0.0))
