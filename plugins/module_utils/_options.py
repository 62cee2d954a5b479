# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The options with which the service is reached: one table for modules and other plugins.

L(connection_spec) makes the argument spec of it, C(resolve_connection) turns given options and the environment into
the settings of a client. Both take an empty string as "not given", because AWX injects a blank environment variable
for each credential field that was left empty.
"""

from __future__ import annotations

import ipaddress
import math
import os
from dataclasses import dataclass
from typing import Any, Mapping, NamedTuple, Optional, Union
from urllib.parse import urlsplit

from ._errors import InputError
from ._waiting import check_seconds


class Option(NamedTuple):
    """One connection option: its type, the environment variables to look at in this order, and its default."""

    type: str
    env: tuple[str, ...] = ()
    default: Any = None
    secret: bool = False


CONNECTION_OPTIONS = {
    "api_url": Option("str", ("SMTPD_API_URL", "SMTPD_HOST"), "https://api.smtpd.dev"),
    "access_token": Option("str", ("SMTPD_ACCESS_TOKEN",), secret=True),
    "api_key": Option("str", ("SMTPD_API_KEY",)),
    "api_secret": Option("str", ("SMTPD_API_SECRET",), secret=True),
    "validate_certs": Option("bool", ("SMTPD_VALIDATE_CERTS",), True),
    "ca_path": Option("path", ("SMTPD_CA_PATH",)),
    "timeout": Option("float", ("SMTPD_TIMEOUT",), 30.0),
    "retries": Option("int", (), 4),
    "rate_limit": Option("float", ("SMTPD_RATE_LIMIT",)),
}

# What names the certificate authorities to other programs, in the order in which they count here. The first two are
# those of requests, the third is OpenSSL's.
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

# Resolved as a set: see _credentials().
CREDENTIALS = ("access_token", "api_key", "api_secret")


def connection_spec(fallback: Any) -> dict[str, dict[str, Any]]:
    """The argument spec of the connection options.

    :param fallback: the function that AnsibleModule calls for an option that is not given, with the names of
        environment variables. It is not called for credentials: those are resolved as a set, by C(resolve_connection).
    """
    spec = {}
    for name, option in CONNECTION_OPTIONS.items():
        spec[name] = {"type": option.type, "no_log": option.secret}
        if option.default is not None:
            spec[name]["default"] = option.default
        if option.env and name not in CREDENTIALS:
            spec[name]["fallback"] = (fallback, list(option.env))
    return spec


@dataclass(frozen=True)
class Connection:
    """How to reach the service: what C(resolve_connection) makes of options and environment.

    Either C(access_token) or both C(api_key) and C(api_secret) are set.
    """

    api_url: str
    access_token: Optional[str]
    api_key: Optional[str]
    api_secret: Optional[str]
    verify: Union[bool, str]
    timeout: float
    retries: int
    rate_limit: Optional[float] = None

    @property
    def secrets(self) -> list[str]:
        """The values that must never be shown."""
        return [secret for secret in (self.access_token, self.api_secret) if secret]


def resolve_connection(options: Mapping[str, Any], environ: Mapping[str, str]) -> Connection:
    """Check options and environment, and settle what to use.

    :param options: values by the names of C(CONNECTION_OPTIONS); those missing, C(None) or empty count as not given.
    :param environ: the environment. Looked up here are credentials, and the certificate authorities of other programs.
    :raises InputError: names the option and what to give instead; never shows a secret.
    """
    given = {name: _given(options.get(name), option.default) for name, option in CONNECTION_OPTIONS.items()}
    timeout = check_seconds("timeout", given["timeout"], positive=True)
    if given["retries"] < 0:
        raise InputError("retries", "%d is negative: give 0 or more." % given["retries"])
    if given["rate_limit"] is not None:
        _check_rate(given["rate_limit"])
    return Connection(
        api_url=_api_url(given["api_url"]),
        verify=_verify(given["validate_certs"], given["ca_path"], environ),
        timeout=timeout,
        retries=given["retries"],
        rate_limit=given["rate_limit"],
        **_credentials(given, environ),
    )


def _check_rate(value: float) -> None:
    if not math.isfinite(value) or value <= 0:
        raise InputError("rate_limit", "%s is no possible rate: give calls per second, more than 0." % value)


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None or value == "" else value


def _credentials(given: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Optional[str]]:
    """Options win over all of the environment; within one of the two, the token wins over key and secret."""
    found = {name: given[name] for name in CREDENTIALS}
    names = {name: name for name in CREDENTIALS}
    if not any(found.values()):
        names = {name: CONNECTION_OPTIONS[name].env[0] for name in CREDENTIALS}
        found = {name: environ.get(names[name]) or None for name in CREDENTIALS}
    found = {name: _clean_credential(names[name], value) for name, value in found.items()}
    if found["access_token"]:
        return {"access_token": found["access_token"], "api_key": None, "api_secret": None}
    if found["api_key"] and found["api_secret"]:
        return found
    for present, missing in (("api_key", "api_secret"), ("api_secret", "api_key")):
        if found[present]:
            raise InputError(
                names[missing], "missing: %s was given, which needs %s too." % (names[present], names[missing])
            )
    raise InputError(
        "access_token",
        "no credentials. Give access_token, or api_key and api_secret; "
        "or set SMTPD_ACCESS_TOKEN, or SMTPD_API_KEY and SMTPD_API_SECRET, in the environment of the task.",
    )


def _clean_credential(name: str, value: Optional[str]) -> Optional[str]:
    # Files and prompts leave white space around a value; inside it could smuggle lines into a header.
    value = (value or "").strip()
    if not value:
        return None
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InputError(
            name, "has white space, control characters or letters outside of ASCII in it: check how it was copied."
        )
    return value


def _api_url(value: str) -> str:
    url = value.strip()
    if "://" not in url:
        url = "https://" + url
    if "@" in url:
        raise InputError("api_url", "has a user name or a password in it: give credentials by their own options.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InputError("api_url", "'%s' is no URL (%s)." % (value, error)) from None
    if parts.scheme not in ("http", "https") or not _is_host(parts.hostname) or port == 0:
        raise InputError("api_url", "'%s' is no URL of the service: give such as https://api.smtpd.dev." % value)
    if parts.query or parts.fragment:
        raise InputError("api_url", "'%s' has a query or a fragment: give only https://host." % value)
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise InputError(
            "api_url",
            "'%s' would send credentials in the clear: use https:// "
            "(http:// is accepted for a loopback address only)." % value,
        )
    return url.rstrip("/")


def _is_host(host: Optional[str]) -> bool:
    return bool(host) and host.isascii() and host.isprintable() and not set(host) & set(' \\"<>^`{|}')


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _verify(validate_certs: bool, ca_path: Optional[str], environ: Mapping[str, str]) -> Union[bool, str]:
    if not validate_certs:
        return False
    for name, path in (("ca_path", ca_path), *((name, environ.get(name)) for name in _CA_VARIABLES)):
        if path:
            if not os.path.exists(path):
                raise InputError(name, "'%s' does not exist where this task runs." % path)
            return path
    return True


# Values where it is not Ansible that converts them


def is_given(value: Any) -> bool:
    """Whether an option has a value: an empty text is none."""
    return value is not None and value != ""


def from_text(option: str, type_: str, value: Any) -> Any:
    """A value as an option of a type has it: texts are parsed, as they come from the environment or from templates.

    :param type_: C(str), C(path), C(bool), C(int), C(float) or C(list) (of texts or numbers; a text is split at commas).
    :returns: C(None) for C(None).
    :raises InputError: the value is not of that type.
    """
    if value is None:
        return None
    name, parse = _PARSERS[type_]
    try:
        return parse(value)
    except (TypeError, ValueError, OverflowError):
        # A text may be a secret, a number cannot.
        shown = (
            "'%s'" % value
            if type_ in ("bool", "int", "float") and isinstance(value, (str, int, float))
            else type(value).__name__
        )
        raise InputError(option, "%s is not %s." % (shown, name)) from None


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError
    return str(value)


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else _TRUTHS.index(_text(value).strip().lower()) % 2 == 1


def _whole(value: Any) -> int:
    number = float(_text(value))
    if not number.is_integer():
        raise ValueError
    return int(number)


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    if not isinstance(value, (list, tuple)):
        raise TypeError
    for item in value:
        _text(item)
    return list(value)


_TRUTHS = ("false", "true", "no", "yes", "off", "on", "0", "1")
_PARSERS = {
    "str": ("a text", _text),
    "path": ("a path", lambda value: os.path.expanduser(os.path.expandvars(_text(value)))),
    "bool": ("true or false", _truth),
    "int": ("a whole number", _whole),
    "float": ("a number", lambda value: float(_text(value))),
    "list": ("a list", _list),
}
