# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: profiles_to_heal
version_added: 0.1.0
short_description: Choose the profiles for which something can be done
description:
  - Makes of profiles the list that the role P(smtpd.email.sending_profile#role) takes as C(sending_profile_list). Those that
    are still being created and those that could not be are left out. Made for the playbook C(smtpd.email.heal).
options:
  _input:
    description: The profiles, as M(smtpd.email.smtpd_profile_info) returns them.
    type: list
    elements: dict
    required: true
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Set up again what is pending
  ansible.builtin.include_role:
    name: smtpd.email.sending_profile
  vars:
    sending_profile_list: "{{ lookup_result.profiles | smtpd.email.profiles_to_heal }}"
"""

RETURN = r"""
_value:
  description: The profiles, each with its C(profile_id).
  type: list
  elements: dict
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("profiles_to_heal", "_healing")
