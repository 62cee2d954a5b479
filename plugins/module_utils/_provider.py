# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The DNS provider that options name: of the module that publishes, and of those that look before whether it could."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ansible.module_utils.basic import AnsibleModule

from ._dns_transfer import Limits
from ._records import check_ttl, check_zones


def provider_spec(required: bool) -> dict[str, dict[str, Any]]:
    """The argument spec of these options."""
    needed: dict[str, Any] = {"required": True} if required else {"default": {}}
    return {
        "provider": {"type": "dict", **needed},
        "provider_secrets": {"type": "dict", "default": {}, "no_log": True},
        "zones": {"type": "list", "elements": "str", "default": []},
        # Without suboptions: AnsibleModule crashes where a number is given for a dictionary that has them.
        "transfer_limits": {"type": "dict", "default": {}},
    }


def transfer_limits_of(module: AnsibleModule) -> Limits:
    """The limits that the options set.

    :raises InputError: there can be no such limit.
    """
    return Limits.of(module.params["transfer_limits"] or {})


def provider_of(module: AnsibleModule) -> Any:
    """The provider that the options name.

    :returns: a C(_octodns.Provider).
    :raises SmtpdError: its class or its settings cannot work.
    """
    # Here, because octoDNS takes its time, and those that only look before rarely have to.
    from ._octodns import Provider

    limits = transfer_limits_of(module)
    return Provider(module.params["provider"], module.params["provider_secrets"], limits)


def misplaced_secrets(options: Mapping[str, Any]) -> list[Any]:
    """Secrets that were given among the other settings. They are refused, and not to be shown either."""
    provider = options.get("provider")
    if not provider or not isinstance(provider, dict):
        return []
    from ._octodns_classes import secret_settings

    return [provider[name] for name in secret_settings(provider)]


def policy_spec() -> dict[str, dict[str, Any]]:
    """The argument spec of the options that decide what is in the way of a record."""
    return {
        "ttl": {"type": "int", "default": 3600},
        "conflict": {"type": "str", "choices": ["fail", "replace"], "default": "fail"},
        "spf": {"type": "str", "choices": ["fail", "merge"], "default": "fail"},
    }


def policy_of(params: Mapping[str, Any], state: str = "present") -> Any:
    """How to publish by these options.

    :returns: a C(_dns_plan.Policy).
    :raises InputError: the TTL is not valid.
    """
    from ._dns_plan import Policy
    from ._dns_spf_lookups import spf_problem

    return Policy(
        state=state,
        ttl=check_ttl(params["ttl"]),
        replace=params["conflict"] == "replace",
        merge_spf=params["spf"] == "merge",
        spf_problem=spf_problem,
    )


def publishing_problems(module: AnsibleModule, profiles: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Find out what would keep the provider from publishing the records of profiles that do not exist yet. Nothing changes.

    :returns: for each profile the problems, empty where there is none.
    :raises SmtpdError: the provider itself cannot work.
    """
    from ._rehearsal import rehearse

    policy = policy_of(module.params)
    zones = check_zones(module.params["zones"])
    provider = provider_of(module)
    # Asking takes a call that writes, though nothing, which check mode does without.
    return rehearse(provider, profiles, zones or provider.zones(), policy, ask=not module.check_mode)
