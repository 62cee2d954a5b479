# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings that the guide to DNS providers has, held against the classes that they are for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.smtpd.email.plugins.module_utils._octodns import Provider
from tests.support.guide import octodns_variables, role_variables

ROOT = Path(__file__).resolve().parents[3]
SPEC = yaml.safe_load((ROOT / "roles" / "sending_profile" / "meta" / "argument_specs.yml").read_text())
OCTODNS = octodns_variables()

# Those whose packages are among the requirements of the tests. The others drag in much.
INSTALLED = [
    "octodns_bind.Rfc2136Provider",
    "octodns_cloudflare.CloudflareProvider",
    "octodns_digitalocean.DigitalOceanProvider",
    "octodns_hetzner.HetznerProvider",
    "octodns_powerdns.PowerDnsProvider",
    "octodns_route53.Route53Provider",
]


def test_the_guide_has_the_settings_of_these_providers() -> None:
    assert sorted(OCTODNS) == sorted(
        [*INSTALLED, "octodns_azure.AzureProvider", "octodns_googlecloud.GoogleCloudProvider"]
    )


def test_every_variable_of_the_guide_is_one_of_the_role() -> None:
    used = {name for variables in role_variables() for name in variables}
    assert used <= set(SPEC["argument_specs"]["main"]["options"])


@pytest.mark.parametrize("class_name", INSTALLED)
def test_a_class_accepts_its_settings_in_the_guide(class_name: str) -> None:
    variables = OCTODNS[class_name]
    settings = {**variables["sending_profile_dns_octodns"]}
    if class_name == "octodns_bind.Rfc2136Provider":
        settings["host"] = "127.0.0.1"  # it is looked up
    provider = Provider(settings, variables.get("sending_profile_dns_octodns_secrets", {}))
    assert provider.class_name == class_name


@pytest.mark.parametrize("class_name", INSTALLED)
def test_zones_are_given_where_the_class_cannot_list_them(class_name: str) -> None:
    lists = class_name != "octodns_bind.Rfc2136Provider"
    assert ("sending_profile_dns_zones" in OCTODNS[class_name]) is not lists
