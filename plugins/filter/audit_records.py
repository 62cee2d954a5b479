# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_records
version_added: 0.1.0
short_description: Select the DNS records that an audit is to ask DNS for
description:
  - Selects from a result of M(smtpd.email.smtpd_profile_info) the DNS records of all profiles but the failed ones.
  - Leaves out what M(smtpd.email.smtpd_dns_info) would refuse, so that one odd record does not keep all others from
    being looked at. P(smtpd.email.audit_report#filter) tells of it.
  - Made for the role P(smtpd.email.smtpd_audit#role), and of use where its stages are arranged in another way.
options:
  _input:
    description: The result of M(smtpd.email.smtpd_profile_info) with
      O(smtpd.email.smtpd_profile_info#module:setup=true).
    type: dict
    required: true
seealso:
  - plugin: smtpd.email.audit_report
    plugin_type: filter
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Look what DNS answers for all profiles
  smtpd.email.smtpd_dns_info:
    records: "{{ lookup_result | smtpd.email.audit_records }}"
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
        return filter_of("audit_records", "_audit")
