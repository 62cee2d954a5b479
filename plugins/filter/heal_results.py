# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: heal_results
version_added: 0.1.0
short_description: Conclude what became of profiles that were to be healed
description:
  - Made for the playbook C(smtpd.email.heal), and of use where its steps are arranged in another way.
options:
  _input:
    description: The profiles as they were before, as M(smtpd.email.smtpd_profile_info) returns them.
    type: list
    elements: dict
    required: true
  after:
    description: The profiles as they are afterwards.
    type: list
    elements: dict
    required: true
  wanted:
    description: The profiles that were to be healed, each with its C(profile_id). Some may not be there any more.
    type: list
    elements: dict
    default: []
  results:
    description: The fact C(sending_profile_results) of the role P(smtpd.email.sending_profile#role).
    type: list
    elements: dict
    default: []
  answers:
    description: What M(smtpd.email.smtpd_dns_info) returns for the records of profiles that were active already.
    type: list
    elements: dict
    default: []
  problem:
    description: By what the role failed.
    type: str
    default: ""
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Say what is left to do
  ansible.builtin.debug:
    msg: "{{ before.profiles | smtpd.email.heal_results(after=after.profiles) | map(attribute='todo') | select }}"
"""

RETURN = r"""
_value:
  description: One item for each profile.
  type: list
  elements: dict
  contains:
    profile_id:
      description: The id of the profile.
      type: str
    profile_name:
      description: The name of the profile, V(null) if the service does not know it any more.
      type: str
    sending_domain:
      description: Its sending domain.
      type: str
    state_before:
      description: The state that it was in.
      type: str
    state:
      description: The state that it is in.
      type: str
    healed:
      description: Whether it was not active before, and is now.
      type: bool
    failed:
      description: Whether it is not active, or DNS does not answer right for it.
      type: bool
    todo:
      description: What is left to do, empty if nothing is.
      type: str
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("heal_results", "_healing")
