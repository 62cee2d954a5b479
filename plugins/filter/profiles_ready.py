# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: profiles_ready
version_added: 0.1.0
short_description: Select the profiles that can be verified
description:
  - Selects the profiles of a result of M(smtpd.email.smtpd_profile_info) that are not active yet, and for which DNS answers
    right for every record.
  - Made for the role P(smtpd.email.sending_profile#role), and of use where its stages are arranged in another way.
positional: answers
options:
  _input:
    description: The result of M(smtpd.email.smtpd_profile_info) with O(smtpd.email.smtpd_profile_info#module:setup=true).
    type: dict
    required: true
  answers:
    description:
      - The result of M(smtpd.email.smtpd_dns_info) for the records of these profiles.
      - A record that is not in it is taken as right.
    type: dict
    required: true
  published:
    description: The result of M(smtpd.email.smtpd_dns_records). Profiles that it left out are not selected.
    type: dict
    default: {}
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Verify what is ready
  smtpd.email.smtpd_sending_profiles:
    profiles: "{{ lookup_result | smtpd.email.profiles_ready(answers=dns_result) }}"
    state: verified
"""

RETURN = r"""
_value:
  description:
    - For each such profile its C(profile_id), ready for O(smtpd.email.smtpd_sending_profiles#module:profiles).
    - Each is a text in JSON, which options of modules take for a dictionary, and Ansible for a single value.
  type: list
  elements: str
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("profiles_ready", "_handover", reads_compact=True)
