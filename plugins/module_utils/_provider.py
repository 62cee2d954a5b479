# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The DNS provider that options name: of the module that publishes, and of those that look before whether it could."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Optional, Sequence

from ansible.module_utils.basic import AnsibleModule

from ._dns_transfer import Limits
from ._rdata import TXT, name_key
from ._record_sets import Change, RecordSet, zones_of
from ._records import check_zones
from ._vocabulary import DOMAIN_FIELDS

# Of a name that the service has a text at, so that a key that may write only such names is asked for what it may.
_PROBE, _PROBE_TEXT, _PROBE_TTL = "_amazonses.", "may this be written?", 300


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


def check_provider(module: AnsibleModule, profiles: Iterable[Mapping[str, Optional[str]]]) -> None:
    """Look whether the records of profiles could be published by the provider. Nothing changes.

    :raises SmtpdError: they could not: what is wrong with the provider, its zones or what it permits.
    """
    domains = dict.fromkeys(
        name_key(profile[option]) for profile in profiles for option in DOMAIN_FIELDS if profile.get(option)
    )
    zones = check_zones(module.params["zones"])
    _check_zones_of(provider_of(module), list(domains), zones, module.check_mode)


def _check_zones_of(provider: Any, domains: Sequence[str], zones: Sequence[str], check_mode: bool) -> None:
    """Look whether records of domains could be published. Nothing changes.

    :param domains: their name keys.
    :param zones: where to publish; empty for all that the provider has.
    :raises SmtpdError: a domain lies in no zone, or a zone cannot be read, or not be written as far as that can be told.
    """
    by_zone: dict[str, list[str]] = {}
    for domain, zone in zones_of(domains, zones or provider.zones()).items():
        by_zone.setdefault(zone, []).append(domain)
    for zone, names in sorted(by_zone.items()):
        loaded = provider.read(zone, names)
        if not check_mode:
            texts = [RecordSet(_PROBE + name, TXT, _PROBE_TTL, (_PROBE_TEXT,)) for name in names]
            provider.ask_to_write(loaded, [Change(None, text) for text in texts])
