# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: profiles_by_id
version_added: 0.1.0
short_description: Make a list of profiles of ids, of an event, or of hosts
description:
  - Makes the list that O(smtpd.email.smtpd_profile_info#module:profiles) and the role P(smtpd.email.sending_profile#role) take.
    Made for the playbook C(smtpd.email.heal).
options:
  _input:
    description: The ids, as a list, or as text with commas between them.
    type: raw
    required: true
  event:
    description: An event of the event source C(smtpd.email.profiles). It counts if there are no ids.
    type: dict
    default: {}
  hosts:
    description:
      - The variables of hosts of the inventory plugin P(smtpd.email.smtpd#inventory). They count if there are neither ids nor a
        profile in the event.
    type: list
    elements: dict
    default: []
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Look up some profiles
  smtpd.email.smtpd_profile_info:
    profiles: "{{ 'd1378ab7-e919-11ea-81e4-0a58a9feac2a, 7c82bb2c-ede3-11ea-8215-0a58a9feac2a' | smtpd.email.profiles_by_id }}"
"""

RETURN = r"""
_value:
  description: The profiles, each with its C(profile_id), none twice.
  type: list
  elements: dict
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("profiles_by_id", "_healing")
