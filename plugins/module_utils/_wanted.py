# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Which profiles are wanted, said in the ways that are handy in an inventory and in a form: pure functions on plain data."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Union

from ._names import is_blank

# The role's variables for one profile, and the variable by which the inventory plugin names it, by the options of the modules.
HOST_VARIABLES = {
    "profile_id": "smtpd_profile_id",
    "profile_name": "sending_profile_name",
    "sending_domain": "sending_profile_sending_domain",
    "link_domain": "sending_profile_link_domain",
    "link_domain_default_redirect": "sending_profile_link_domain_default_redirect",
    "bounce_domain": "sending_profile_bounce_domain",
}


def profiles_wanted(
    hosts: Iterable[Mapping[str, Any]], more: Union[str, Iterable[Mapping[str, Any]], None] = None
) -> list[dict[str, Any]]:
    """One item for each profile that is wanted.

    :param hosts: the variables of hosts. A host without any of C(HOST_VARIABLES), or only with empty ones, is no profile.
    :param more: more profiles; as text, one a line: its sending domain, then its name.
    """
    of_hosts = [item for item in map(_of_host, hosts) if item]
    return of_hosts + (_of_lines(more) if isinstance(more, str) else [dict(item) for item in more or []])


def _of_host(variables: Mapping[str, Any]) -> dict[str, Any]:
    # Asked for one by one: the variables of a host are templates that are resolved when they are looked at.
    found = {option: variables[name] for option, name in HOST_VARIABLES.items() if name in variables}
    return {option: value for option, value in found.items() if value and not is_blank(value)}


def _of_lines(text: str) -> list[dict[str, Any]]:
    profiles = []
    for line in filter(str.strip, text.splitlines()):
        sending_domain, *name = line.split(None, 1)
        profiles.append({"sending_domain": sending_domain, **({"profile_name": name[0].strip()} if name else {})})
    return profiles
