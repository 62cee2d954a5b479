# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How options and environment become the settings of a client."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError
from ansible_collections.smtpd.email.plugins.module_utils._options import Connection, resolve_connection

TOKEN = {"access_token": "t0ken"}


def resolve(options: dict[str, Any], **environ: str) -> Connection:
    return resolve_connection(options, environ)


@pytest.mark.parametrize(
    "given, used",
    [
        (None, "https://api.smtpd.dev"),
        ("", "https://api.smtpd.dev"),
        ("api.example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com:8443/base/", "https://api.example.com:8443/base"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_the_url_of_the_service(given: str | None, used: str) -> None:
    assert resolve(dict(TOKEN, api_url=given)).api_url == used


@pytest.mark.parametrize(
    "given, reason",
    [
        ("http://api.smtpd.dev", "in the clear"),
        ("http://127.0.0.1.example.com", "in the clear"),
        ("http://localhost.example.com", "in the clear"),
        ("http://10.0.0.1", "in the clear"),
        ("ftp://api.smtpd.dev", "no URL of the service"),
        ("https://", "no URL of the service"),
        ("https://api.smtpd.dev:port", "no URL"),
        ("https://api.smtpd.dev?x=1", "query"),
        ("https://user:hidden@api.smtpd.dev", "user name or a password"),
    ],
)
def test_a_url_that_is_not_safe_is_refused(given: str, reason: str) -> None:
    with pytest.raises(InputError, match="^api_url: ") as error:
        resolve(dict(TOKEN, api_url=given))
    assert reason in str(error.value)
    assert "hidden" not in str(error.value)


def test_the_token_wins_over_key_and_secret() -> None:
    connection = resolve(dict(TOKEN, api_key="k", api_secret="s"))
    assert (connection.access_token, connection.api_key, connection.api_secret) == ("t0ken", None, None)


def test_options_win_over_all_of_the_environment() -> None:
    connection = resolve({"api_key": "k", "api_secret": "s"}, SMTPD_ACCESS_TOKEN="stale")
    assert (connection.access_token, connection.api_key, connection.api_secret) == (None, "k", "s")


def test_the_environment_serves_where_no_credential_is_given() -> None:
    connection = resolve({"access_token": ""}, SMTPD_API_KEY="k", SMTPD_API_SECRET="s")
    assert (connection.api_key, connection.api_secret) == ("k", "s")


def test_blank_variables_count_as_not_given() -> None:
    connection = resolve({}, SMTPD_ACCESS_TOKEN="", SMTPD_API_KEY="k", SMTPD_API_SECRET="s")
    assert (connection.access_token, connection.api_key) == (None, "k")


def test_white_space_around_a_credential_is_removed() -> None:
    assert resolve({"access_token": "t0ken\n"}).access_token == "t0ken"


@pytest.mark.parametrize("token", ["to ken", "to\nken", "to\rken: x", "tökén", "to\x00ken"])
def test_a_token_that_would_break_out_of_its_header_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(InputError, match="^access_token: ") as error:
        resolve({"access_token": token})
    assert token not in str(error.value)


@pytest.mark.parametrize(
    "options, environ, option",
    [
        ({}, {}, "access_token"),
        ({"api_key": "k"}, {}, "api_secret"),
        ({"api_secret": "s"}, {}, "api_key"),
        ({"api_key": "k"}, {"SMTPD_API_SECRET": "s"}, "api_secret"),
        ({}, {"SMTPD_API_KEY": "k"}, "SMTPD_API_SECRET"),
    ],
)
def test_a_credential_that_is_missing_is_named(options: dict[str, str], environ: dict[str, str], option: str) -> None:
    with pytest.raises(InputError) as error:
        resolve(options, **environ)
    assert error.value.option == option


def test_certificates_are_checked_unless_told_otherwise(tmp_path: Any) -> None:
    assert resolve(TOKEN).verify is True
    assert resolve(dict(TOKEN, validate_certs=False, ca_path=str(tmp_path))).verify is False
    assert resolve(dict(TOKEN, ca_path=str(tmp_path))).verify == str(tmp_path)


def test_a_ca_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="^ca_path: '/nowhere/ca.pem' does not exist"):
        resolve(dict(TOKEN, ca_path="/nowhere/ca.pem"))


@pytest.mark.parametrize(
    "option, value",
    [
        ("timeout", -1.0),
        ("timeout", 0.0),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("retries", -1),
    ],
)
def test_impossible_numbers_are_refused(option: str, value: float) -> None:
    with pytest.raises(InputError, match="^%s: " % option):
        resolve(dict(TOKEN, **{option: value}))
