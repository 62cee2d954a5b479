# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The client of the SMTPD service: HTTP, authentication, retries, and errors that explain themselves.

It knows nothing of AnsibleModule. One client keeps its connections alive, and can be used by many
threads at once.
"""

from __future__ import annotations

import base64
import email.utils
import itertools
import json
import random
import re
import threading
import time
from http import HTTPStatus
from typing import Any, Callable, Iterable, Optional
from urllib.parse import quote, quote_plus, urlsplit

from ._errors import SmtpdError
from ._json import TooManyValues, read_json
from ._options import Connection
from ._profiles import (
    BadAnswer,
    profile_from_answer,
    records_from_answer,
)
from ._texts import printable
from ._transport import Answer, NoAnswer, Transport

COLLECTION_VERSION = "0.1.0"

PROFILES = "/api/v1/profile/email"
TOKEN = "/oauth/token"

# Answers that say "not now": the same call can succeed later.
_PASSING = frozenset((429, 502, 503, 504))
# Answers after which it is certain that nothing was carried out. 5xx is not among them: a proxy can give up on a
# service that goes on working.
_REFUSED = range(300, 500)

# Seconds that one call may spend on its retries where the caller sets no deadline.
RETRY_BUDGET = 120.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0

# MiB of an answer: of the list, which has more than 100,000 profiles in so many, and of any other.
_MAX_LIST, _MAX_SINGLE = 64, 8
# Of an answer that is not understood, so many bytes are looked at, and so many characters shown.
_MAX_LOOKED_AT, _MAX_QUOTED = 65536, 200


class ServiceError(SmtpdError):
    """A call to the service that did not succeed.

    :param status: the HTTP status, C(None) where no answer came.
    :param code: the service's own error code (contract: C({"code": 40401, "message": "..."})), or C(None).
    :param passing: whether the same call can succeed later.
    :param undone: whether it is certain that the service did not carry out the call.
    :param retry_after: seconds that the service asks to wait, or C(None).
    """

    def __init__(
        self,
        call: str,
        problem: str,
        status: Optional[int] = None,
        code: Any = None,
        passing: bool = False,
        undone: bool = False,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__("%s: %s" % (call, problem))
        self.status = status
        self.code = code
        self.passing = passing
        self.undone = undone
        self.retry_after = retry_after

    @property
    def accepted(self) -> bool:
        """Whether the service said that it carries out the call, in an answer that is otherwise not understood."""
        return self.status is not None and 200 <= self.status < 300


class Client:
    """Calls the service.

    :param connection: where and as whom, from C(resolve_connection).
    :param connections: how many calls can be under way at once; each keeps a connection alive.
    :param on_secret: called with each secret value that the client holds, those that it mints later included, so that
        the caller can keep it out of what is shown.
    :raises MissingLibraryError: a library that is needed cannot be imported.
    :raises InputError: the environment names a proxy that cannot be one.
    """

    def __init__(
        self,
        connection: Connection,
        connections: int = 1,
        on_secret: Callable[[str], Any] = lambda secret: None,
    ) -> None:
        self._connection = connection
        self._on_secret = on_secret
        # Longer ones first, so that none is left in part because another one is a part of it.
        self._secrets: list[str] = []
        self._transport = Transport(
            connection,
            connections,
            {
                "Accept": "application/json",
                "User-Agent": "smtpd.email/%s (Ansible collection)" % COLLECTION_VERSION,
            },
        )
        self._token_lock = threading.Lock()
        self._token = connection.access_token
        self._pace = _Pace(connection.rate_limit)
        for secret in connection.secrets:
            self._hide(secret)
        self._conceal(*self._transport.secrets)

    @property
    def retries(self) -> int:
        """How often a call that is safe to repeat is repeated."""
        return self._connection.retries

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._transport.close()

    # The five calls of the contract. All raise ServiceError.

    def list_profiles(self, deadline: Optional[float] = None) -> list[dict[str, Any]]:
        """All profiles of the account, in the service's order.

        :param deadline: the moment of C(time.monotonic()) after which no retry is begun.
        """
        return self._read(PROFILES, _profiles_from_answer, deadline)

    def get_profile(self, profile_id: str, deadline: Optional[float] = None) -> Optional[dict[str, Any]]:
        """One profile, C(None) where the service knows none of this id."""

        def asked_for(data: Any) -> dict[str, Any]:
            profile = profile_from_answer(data)
            if profile["profile_id"].lower() != profile_id.lower():
                raise BadAnswer("it has profile %s" % profile["profile_id"])
            return profile

        return self._read(_profile_path(profile_id), asked_for, deadline, absent=None)

    def get_records(self, profile_id: str, deadline: Optional[float] = None) -> list[dict[str, Any]]:
        """The DNS records of a profile: empty while the service has not made them, or where it has no such profile."""
        return self._read(_profile_path(profile_id) + "/setup", records_from_answer, deadline, absent=[])

    def create_profile(self, fields: dict[str, str]) -> dict[str, Any]:
        """Ask for a new profile. Sent once: see C(ServiceError.undone) before asking again.

        :returns: the answer: little more than the id, and that the profile is in C(creating).
        """
        call = "POST " + PROFILES
        answer = self._expect((200, 201, 202), call, self._authenticated("POST", PROFILES, fields))
        return self._parse(call, answer, profile_from_answer)

    def verify_profile(self, profile_id: str, deadline: Optional[float] = None) -> None:
        """Ask the service to look at the profile's DNS records. It does so later, on its own."""
        path = _profile_path(profile_id) + "/verify"
        self._repeat(lambda: self._expect((200, 202, 204), "PUT " + path, self._authenticated("PUT", path)), deadline)

    # How calls are made

    def _read(self, path: str, parse: Callable[[Any], Any], deadline: Optional[float], **absent: Any) -> Any:
        call = "GET " + path

        def attempt() -> Any:
            answer = self._authenticated("GET", path)
            # Only where the service says it itself, and not a proxy in front of it.
            if "absent" in absent and answer.status == 404 and _error_of(answer.body) != (None, None):
                return absent["absent"]
            return self._parse(call, self._expect((200,), call, answer), parse)

        return self._repeat(attempt, deadline)

    def _repeat(self, attempt: Callable[[], Any], deadline: Optional[float] = None) -> Any:
        """Make an attempt, and make it again while it is worth it: only for calls that are safe to repeat."""
        until = time.monotonic() + RETRY_BUDGET if deadline is None else deadline
        undone = True
        for number in itertools.count():
            try:
                return attempt()
            except ServiceError as error:
                error.undone = undone = undone and error.undone  # what an earlier attempt did is done
                if number >= self.retries or not error.passing or not self.pause(number, error, until):
                    raise

    def pause(self, number: int, error: ServiceError, until: float) -> bool:
        """Wait before the next attempt, as long as the service asks for, else longer each time and with jitter. After a call that
        may have been carried out, the service does not get to shorten the pause.

        :param number: how many pauses there were before.
        :param until: the moment of C(time.monotonic()) by which the pause must be over.
        :returns: whether the pause was made; false where it would last too long.
        """
        seconds = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number) * random.uniform(0.5, 1.0)
        if error.retry_after is not None:
            seconds = error.retry_after if error.undone else max(error.retry_after, seconds)
        if time.monotonic() + seconds > until:
            return False
        if error.status == 429:
            self._pace.hold(seconds)
        time.sleep(seconds)
        return True

    def _authenticated(self, method: str, path: str, body: Optional[dict[str, str]] = None) -> Answer:
        token = self._current_token()
        answer = self._exchange(method, path, body=body, headers=_bearer(token))
        if answer.status == 401 and self._connection.access_token is None:
            answer = self._exchange(method, path, body=body, headers=_bearer(self._current_token(expired=token)))
        return answer

    def _current_token(self, expired: Optional[str] = None) -> str:
        with self._token_lock:
            if self._token is None or self._token == expired:
                try:
                    self._token = self._mint_token()
                except ServiceError as error:
                    error.undone = True  # the call for which the token was to be
                    raise
            return self._token

    def _mint_token(self) -> str:
        call = "POST " + TOKEN
        answer = self._exchange(
            "POST",
            TOKEN,
            query="?grant_type=password",
            headers=_basic(self._connection.api_key, self._connection.api_secret),
        )
        token = self._parse(
            call, self._expect((200, 201), call, answer, quote_body=False), _token_from_answer, quote_body=False
        )
        self._hide(token)
        return token

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], query: str = "", body: Optional[dict[str, str]] = None
    ) -> Answer:
        """One request and its whole answer."""
        self._pace.wait_for_turn()
        largest = _MAX_LIST if (method, path) == ("GET", PROFILES) else _MAX_SINGLE
        try:
            return self._transport.exchange(method, path + query, headers, body, largest)
        except NoAnswer as error:
            raise ServiceError(
                "%s %s" % (method, path), self._clean(error.problem), passing=error.passing, undone=error.undone
            ) from None

    # What comes back

    def _expect(self, statuses: Iterable[int], call: str, answer: Answer, quote_body: bool = True) -> Answer:
        if answer.status in statuses:
            return answer
        code, problem = self._describe_status(answer, quote_body)
        retry_after = _retry_after(answer.headers.get("Retry-After")) if answer.status in _PASSING else None
        if retry_after is not None:
            problem += " It asks to wait %g s." % round(retry_after, 1)
        raise ServiceError(
            call,
            problem,
            status=answer.status,
            code=code,
            passing=answer.status in _PASSING,
            undone=answer.status in _REFUSED,
            retry_after=retry_after,
        )

    def _parse(self, call: str, answer: Answer, parse: Callable[[Any], Any], quote_body: bool = True) -> Any:
        try:
            data = read_json(answer.body)
        except TooManyValues as error:
            problem = str(error)
        except ValueError:
            problem = "with %s instead of JSON" % self._describe_body(answer, quote_body)
        else:
            try:
                return parse(data)
            except BadAnswer as error:
                problem = "not as its contract says: %s" % self._short(str(error))
        raise ServiceError(
            call, "the service answered %d, but %s. Is api_url right?" % (answer.status, problem), status=answer.status
        )

    # Words. What the service sends is shown in one short line, without secrets.

    def _describe_status(self, answer: Answer, quote_body: bool) -> tuple[Any, str]:
        """The service's own error code, C(None) if there is none, and what it answered, in a sentence."""
        if 300 <= answer.status < 400:
            return (
                None,
                "the service answered %d and wants to redirect to %s, which is not followed. Is api_url right?"
                % (answer.status, self._short(_target(answer.headers.get("Location")))),
            )
        code, message = _error_of(answer.body)
        text = "the service answered %d" % answer.status
        if message is not None or code is not None:
            text += "".join(
                [
                    " (code %s)" % self._short(str(code)) if code is not None else "",
                    ": %s" % self._short(message).rstrip(".") if message else "",
                    ".",
                ]
            )
        else:
            text += " %s, with %s." % (_phrase(answer.status), self._describe_body(answer, quote_body))
        return code, text + _HINTS.get(answer.status, "")

    def _describe_body(self, answer: Answer, quote_body: bool) -> str:
        if not answer.body.strip():
            return "an empty body"
        kind = self._short(answer.headers.get("Content-Type") or "no content type").split(";", maxsplit=1)[0]
        if not quote_body:
            return "a body of %s" % kind
        return "a body of %s: %s" % (kind, self._short(answer.body[:_MAX_LOOKED_AT].decode("utf-8", "replace")))

    def _short(self, text: str) -> str:
        """A text of the service in one line, without markup, and not too long."""
        text = self._clean(text)  # first, because a secret that is cut off is still half a secret
        text = re.sub(r"\s+", " ", re.sub(r"<[^<>]*>", " ", text)).strip()
        text = printable(text)
        return text if len(text) <= _MAX_QUOTED else text[:_MAX_QUOTED] + "..."

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "********")
        return text

    def _hide(self, secret: str) -> None:
        """Keep a secret out of what is shown, here and at the caller, also where the service sends it back."""
        self._on_secret(secret)
        spellings = [secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]]
        if secret == self._connection.api_secret:
            spellings.append(_base64_pair(self._connection.api_key, secret))
        self._conceal(*spellings)

    def _conceal(self, *texts: str) -> None:
        self._secrets = sorted({*self._secrets, *texts}, key=len, reverse=True)


class _Pace:
    """When calls may be made: no more in a second than allowed, and none while the service asks to slow down.

    :param rate: calls per second, C(None) for any number.
    """

    def __init__(self, rate: Optional[float]) -> None:
        self._interval = 1.0 / rate if rate else 0.0
        self._next_turn = 0.0
        self._held_until = 0.0
        self._lock = threading.Lock()

    def hold(self, seconds: float) -> None:
        """Hold back all calls for so long, also those of other threads."""
        with self._lock:
            self._held_until = max(self._held_until, time.monotonic() + seconds)

    def wait_for_turn(self) -> None:
        """Return when a call may be made."""
        while True:
            with self._lock:
                turn = max(time.monotonic(), self._next_turn, self._held_until)
                self._next_turn = turn + self._interval
            pause = turn - time.monotonic()
            if pause > 0.0:  # to sleep for no time makes the other threads run first
                time.sleep(pause)
            if time.monotonic() >= self._held_until:  # else the service asked to slow down meanwhile
                return


def _bearer(token: str) -> dict[str, str]:
    # The contract's tables name the one header, its prose and its public clients the other.
    return dict.fromkeys(("Authorization", "Authentication"), "Bearer " + token)


def _basic(key: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + _base64_pair(key, secret)}


def _base64_pair(key: str, secret: str) -> str:
    return base64.b64encode(("%s:%s" % (key, secret)).encode()).decode()


def _profile_path(profile_id: str) -> str:
    return "%s/%s" % (PROFILES, quote(profile_id, safe=""))


def _profiles_from_answer(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, list):
        raise BadAnswer("the list of profiles is %s" % type(data).__name__)
    return [profile_from_answer(item) for item in data]


def _token_from_answer(data: Any) -> str:
    token = data.get("access_token") if isinstance(data, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token.strip():
        raise BadAnswer("there is no access_token in it")
    return token


_HINTS = {
    401: " Check access_token, or api_key and api_secret: they may have expired or been revoked.",
    403: " Check access_token, or api_key and api_secret, and the role of the key (iac may create profiles).",
    429: " Too many requests: try later, or lower concurrency.",
}


def _target(location: Optional[str]) -> str:
    """Where a redirect leads, without query and credentials."""
    try:
        target = urlsplit(location or "")
        return (
            "%s://%s%s" % (target.scheme, target.hostname, target.path) if target.hostname else target.path or "nowhere"
        )
    except ValueError:
        return "an address that is none"


def _error_of(body: bytes) -> tuple[Any, Optional[str]]:
    """The service's own code and message in an answer, each C(None) where there is none."""
    try:
        data = read_json(body)
    except ValueError:
        return None, None
    if not isinstance(data, dict):
        return None, None
    code, message = data.get("code"), data.get("message")
    return (code if isinstance(code, (int, str)) else None), (message if isinstance(message, str) else None)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no known status)"


def _retry_after(value: Optional[str]) -> Optional[float]:
    """Seconds from a Retry-After header, a number or a date (RFC 9110 10.2.3); C(None) for none and for garbage."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return max(0.0, moment.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
