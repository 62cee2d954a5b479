# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: open_records
version_added: 0.1.0
short_description: Select the DNS records of profiles that are not active yet
description:
  - Selects from a result of M(smtpd.email.smtpd_profile_info) the DNS records of the profiles that are neither active nor failed.
  - Made for the role P(smtpd.email.sending_profile#role), and of use where its stages are arranged in another way. For thousands
    of profiles it is much faster than a template.
options:
  _input:
    description: The result of M(smtpd.email.smtpd_profile_info) with O(smtpd.email.smtpd_profile_info#module:setup=true).
    type: dict
    required: true
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Look whether DNS answers for what is not active yet
  smtpd.email.smtpd_dns_info:
    records: "{{ lookup_result | smtpd.email.open_records }}"
"""

RETURN = r"""
_value:
  description: The records, ready for O(smtpd.email.smtpd_dns_info#module:records).
  type: list
  elements: dict
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("open_records", "_handover", reads_compact=True)
