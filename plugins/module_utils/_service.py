# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""What the modules that call the service have in common: the connection's options, and the client."""

from __future__ import annotations

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.errors import AnsibleFallbackNotFound

from ._client import Client
from ._options import connection_spec, resolve_connection


def _env_not_blank(*names: str, **kwargs: Any) -> str:
    value = next((os.environ[name] for name in names if os.environ.get(name)), None)
    if value is None:
        raise AnsibleFallbackNotFound
    return value


def service_spec(**options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The argument spec of a module that calls the service: its own options and the connection's."""
    return dict(connection_spec(_env_not_blank), **options)


def service_client(module: AnsibleModule, connections: int = 1) -> Client:
    """The client for a module that was made with C(service_spec).

    All of its secrets, also tokens that it mints, join the values that the module masks in its output.

    :param connections: how many requests can be under way at once.
    :raises InputError: a connection option cannot work.
    """
    connection = resolve_connection(module.params, os.environ)
    return Client(connection, connections=connections, on_secret=module.no_log_values.add)
