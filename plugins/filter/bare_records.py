# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: bare_records
version_added: 0.1.0
short_description: Bundle DNS records in one text, to publish them or to look for them
description:
  - Takes DNS records as the modules of this collection return them, and leaves of each only its name, type, value
    and priority, the id of its profile, and its state at the service. Those of a compact result of which all are wanted keep
    what they have, because to go through them would take longer than to carry it.
  - Made for the role P(smtpd.email.sending_profile#role). With thousands of records, Ansible spends more time on carrying them
    from task to task than DNS takes. So all of them become one item, a text in JSON, which the options of this collection's modules
    for records take for the records in it.
options:
  _input:
    description: The records as a list, or a result that has them as C(dns_records), compact or not.
    type: raw
    required: true
  only_open:
    description:
      - Of a result of M(smtpd.email.smtpd_profile_info), only the records of profiles that are neither active nor failed, as
        P(smtpd.email.open_records#filter) selects them.
    type: bool
    default: false
  published:
    description: The result of M(smtpd.email.smtpd_dns_records). The records of profiles that it left out are left out here too.
    type: dict
    default: {}
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Publish the records of all profiles
  smtpd.email.smtpd_dns_records:
    records: "{{ lookup_result | smtpd.email.bare_records }}"
    provider: "{{ dns_provider }}"
    provider_secrets: "{{ dns_provider_secrets }}"
    zones: [example.com, example.net]
"""

RETURN = r"""
_value:
  description:
    - One item with the records in the given order under C(records), in JSON, ready for
      O(smtpd.email.smtpd_dns_records#module:records), also beside other items. No item if there are no records.
    - Records that were taken from a compact result as they are have all fields. Of others C(priority) is there for MX records only,
      C(profile_id) and C(validation_state) where they were given.
  type: list
  elements: str
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("bare_records", "_handover", reads_compact=True)
