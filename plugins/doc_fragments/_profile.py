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
      - Before a profile is created, check DNS for problems, as M(smtpd.email.smtpd_preflight_info) does. A profile with a finding
        of severity V(error) is not created, and the module fails at the end. Other profiles are created.
      - Existing profiles are not checked.
      - Needs the Python libraries dnspython >= 2.4 and publicsuffixlist >= 1.0.2.20250107.
    type: bool
    default: false
  provider:
    description:
      - The DNS provider that will publish the records, as in O(smtpd.email.smtpd_dns_records#module:provider).
      - If it is set, the module checks before it creates a profile that M(smtpd.email.smtpd_dns_records) could publish the records
        of the profile. It reads the zones of the profile's domains and plans the records with O(conflict), O(spf) and O(ttl). If
        C(bounce_domain) or C(link_domain) is not set, it plans with the domain that the service chooses, such as C(bounce.) plus
        the sending domain, and C(go.) plus the parent of the sending domain.
      - With dynamic updates (RFC 2136), the module also asks the name server whether the key may write each record. This request
        removes values that no zone has, so it changes nothing. It is not sent in check mode.
      - A profile whose records could not be published is not created, and the module fails at the end. This includes a record in
        the way, a delegation below the zone, a domain in none of the zones, and a zone that the provider does not have, or that
        the key may not transfer or update. Other profiles are created.
      - If the class or the settings of the provider cannot work, no profile is created.
      - Existing profiles are not checked, and nothing is published. Use M(smtpd.email.smtpd_dns_records) to publish.
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
  ttl:
    description:
      - The TTL of new DNS records, in seconds. Only used to plan them for O(provider).
    type: int
    default: 3600
  conflict:
    description:
      - Whether O(smtpd.email.smtpd_dns_records#module:conflict) will allow other records to be replaced. Use the same value in
        both tasks. With V(replace), a record that can be replaced does not prevent the profile from being created.
      - Only used to plan the records for O(provider).
    type: str
    choices: [fail, replace]
    default: fail
  spf:
    description:
      - Whether O(smtpd.email.smtpd_dns_records#module:spf) will allow an existing SPF record to be extended. Use the same value in
        both tasks. With V(fail), another SPF record at the bounce domain prevents the profile from being created.
      - Only used to plan the records for O(provider).
    type: str
    choices: [fail, merge]
    default: fail
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
  require:
    description:
      - Which servers must answer for O(dns_records), as in O(smtpd.email.smtpd_dns_info#module:require).
      - V(answering) - all servers that answer must agree, and at least one must answer. A server that stays silent for 10 seconds,
        or for half of O(wait_timeout) if that is shorter, is named in a warning and no longer waited for.
      - V(all) - every server must answer.
    type: str
    choices: [answering, all]
    default: answering
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
