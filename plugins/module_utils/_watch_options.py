# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The arguments of the event source: one table, and the settings that are made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Mapping, NamedTuple, Optional

from ._dns_delegation import servers_by
from ._errors import InputError
from ._names import did_you_mean
from ._options import CONNECTION_OPTIONS, CREDENTIALS, Connection, from_text, is_given, resolve_connection
from ._waiting import check_seconds
from ._watch import Rules


class Argument(NamedTuple):
    """An argument: its type, and its default."""

    type: str
    default: Any = None


ARGUMENTS = {
    "interval": Argument("float", 300.0),
    "confirmations": Argument("int", 2),
    "reminder_interval": Argument("float", 3600.0),
    "expiring_hours": Argument("list", [24, 6, 1]),
    "unreachable_after": Argument("float", 900.0),
    "state_file": Argument("path"),
    "dns": Argument("bool", False),
    "dns_interval": Argument("float", 3600.0),
    "dns_timeout": Argument("float", 5.0),
    "nameservers": Argument("list", []),
    "resolver": Argument("str"),
}


@dataclass(frozen=True)
class Settings:
    """How to watch.

    :param interval: seconds from one look to the next.
    :param state_file: where the state is kept, C(None) for nowhere.
    :param dns: how to ask DNS, C(None) for not at all.
    """

    connection: Connection
    rules: Rules
    interval: float
    state_file: Optional[str] = None
    dns: Optional[Dns] = None


@dataclass(frozen=True)
class Dns:
    """How to ask DNS. Times are in seconds.

    :param interval: how often for each profile.
    """

    interval: float
    timeout: float
    nameservers: tuple[str, ...] = ()
    resolver: Optional[str] = None


def settings_from(arguments: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Check the arguments, and complete them from the environment.

    :param arguments: as they stand in the rulebook. Texts are converted, and an empty one is one not given.
    :raises InputError: names the argument and what to give instead.
    """
    for name in arguments:
        if name not in ARGUMENTS and name not in CONNECTION_OPTIONS:
            raise InputError(name, "unknown argument.%s" % did_you_mean(name, [*ARGUMENTS, *CONNECTION_OPTIONS]))
    given = {name: arguments[name] for name in arguments if is_given(arguments[name])}
    values = {
        name: from_text(name, argument.type, given.get(name, argument.default)) for name, argument in ARGUMENTS.items()
    }
    for name in ("interval", "dns_interval", "dns_timeout"):
        check_seconds(name, values[name], positive=True)
    for name in ("reminder_interval", "unreachable_after"):
        check_seconds(name, values[name])
    if values["confirmations"] < 1:
        raise InputError("confirmations", "%d is too small: give 1 or more." % values["confirmations"])
    rules = Rules(
        values["confirmations"],
        values["reminder_interval"],
        tuple(sorted({_hours(item) for item in values["expiring_hours"]})),
        values["unreachable_after"],
    )
    return Settings(
        _connection(given, environ),
        rules,
        values["interval"],
        values["state_file"],
        _dns(values) if values["dns"] else None,
    )


def _hours(value: Any) -> float:
    hours = from_text("expiring_hours", "float", value)
    if not math.isfinite(hours) or hours <= 0:
        raise InputError("expiring_hours", "%s is no number of hours: give more than 0." % value)
    return hours


def _connection(given: Mapping[str, Any], environ: Mapping[str, str]) -> Connection:
    found = dict(given)
    for name, option in CONNECTION_OPTIONS.items():
        # Credentials are resolved as a set, by resolve_connection.
        if name not in found and name not in CREDENTIALS:
            found[name] = next((environ[variable] for variable in option.env if environ.get(variable)), None)
    return resolve_connection(
        {name: from_text(name, option.type, found.get(name)) for name, option in CONNECTION_OPTIONS.items()}, environ
    )


def _dns(values: Mapping[str, Any]) -> Dns:
    servers_by(values["nameservers"], values["resolver"], values["dns_timeout"])  # refuses what is no server
    return Dns(values["dns_interval"], values["dns_timeout"], tuple(values["nameservers"]), values["resolver"])
