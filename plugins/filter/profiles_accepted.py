# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: profiles_accepted
version_added: 0.1.0
short_description: Select the wanted profiles that could be created or found
description:
  - Selects from a list of wanted profiles those that M(smtpd.email.smtpd_sending_profiles) did not refuse, by their ids where
    these are known, so that all that follows is done for these very profiles.
  - Made for the role P(smtpd.email.sending_profile#role), and of use where its stages are arranged in another way.
positional: created
options:
  _input:
    description: The wanted profiles, as O(smtpd.email.smtpd_sending_profiles#module:profiles) takes them.
    type: list
    elements: dict
    required: true
  created:
    description: The result of M(smtpd.email.smtpd_sending_profiles) for this list. An empty dictionary if it did not run.
    type: dict
    required: true
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Get the DNS records of all profiles that are there
  smtpd.email.smtpd_profile_info:
    profiles: "{{ wanted | smtpd.email.profiles_accepted(created=creation) }}"
    setup: true
"""

RETURN = r"""
_value:
  description:
    - The wanted profiles that were not refused, ready for O(smtpd.email.smtpd_profile_info#module:profiles).
    - One whose id is known is only that, a dictionary with C(profile_id) as a text in JSON, which options of modules take for a
      dictionary, and Ansible for a single value. Any other one is as it is wanted.
  type: list
  elements: raw
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("profiles_accepted", "_handover", reads_compact=True)
