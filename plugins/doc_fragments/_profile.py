# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection: it can change at any time without notice.

from __future__ import annotations


class ModuleDocFragment:
    # What a module that makes profiles be there, or be verified, takes beside the profiles.
    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present) creates a profile that is not there. One that is there is not changed, because the service cannot
        change a profile; if an option that is given differs from what the service has, that is an error.
      - V(verified) does the same, and then asks the service to verify the DNS records, unless the profile is active
        already. Publish the records before.
    type: str
    choices: [present, verified]
    default: present
  wait:
    description:
      - With O(state=present), wait until the service has made the DNS records.
      - With O(state=verified), wait until the profile is active, and ask for verification again from time to time.
      - With V(false), a profile that is still being created is returned without DNS records, and is not yet asked to be verified.
    type: bool
    default: true
  setup:
    description:
      - Whether to get the DNS records of the profiles, which takes a call to the service for each. With V(false) none are returned.
      - With O(state=verified), those that the service does not accept in time are returned in any case.
    type: bool
    default: true
  preflight:
    description:
      - Before a profile is created, look what DNS says against it, as M(smtpd.email.smtpd_preflight_info) does. If a finding is an
        error, nothing is created, and the module fails.
      - Profiles that are there are not looked at.
      - Needs the Python libraries dnspython >= 2.4 and publicsuffixlist >= 1.0.2.20250107.
    type: bool
    default: false
  provider:
    description:
      - The DNS provider that the records are going to be published by, as in O(smtpd.email.smtpd_dns_records#module:provider).
      - If it is given, then before a profile is created it is looked whether its class and its settings work, whether it has a
        zone for each domain of the profile, and whether it hands the zone over. With dynamic updates (RFC 2136) it is also asked
        whether it lets the zone be written, but in check mode. Otherwise nothing is created, and the module fails.
      - Nothing is published. That takes M(smtpd.email.smtpd_dns_records).
    type: dict
    default: {}
  provider_secrets:
    description:
      - Those settings of O(provider) that are secret. They are never shown.
    type: dict
    default: {}
  zones:
    description:
      - The zones of O(provider), as in O(smtpd.email.smtpd_dns_records#module:zones).
    type: list
    elements: str
    default: []
  transfer_limits:
    description:
      - How much the transfer of a zone of O(provider) may take, as in O(smtpd.email.smtpd_dns_records#module:transfer_limits).
    type: dict
    default: {}
  dns_records:
    description:
      - With O(state=verified), ask for the verification of a profile only once DNS answers right for these of its records, as
        M(smtpd.email.smtpd_dns_info) tells. A verification that comes too early leaves the wrong answer in caches.
      - Records as the modules of this collection return them, or as P(smtpd.email.bare_records#filter) bundles them. One whose
        C(profile_id) is that of no wanted profile is not waited for. One without C(profile_id) counts for all profiles.
      - If DNS does not answer right in time, the profile is not verified, and the error tells for each record what is
        wrong. The time that is waited for the service begins when it is asked.
      - Not used in check mode. Needs the Python library dnspython >= 2.4.
    type: list
    elements: dict
    default: []
  nameservers:
    description:
      - The DNS servers that O(preflight) and O(dns_records) ask, as in O(smtpd.email.smtpd_preflight_info#module:nameservers).
    type: list
    elements: str
    default: []
  resolver:
    description:
      - The resolver that O(preflight) and O(dns_records) begin at, as in O(smtpd.email.smtpd_preflight_info#module:resolver).
    type: str
notes:
  - A profile is created at most once. Where the answer to a creation is lost, the module looks for the new profile before it tries again.
  - The service can neither change nor delete a profile.
"""
