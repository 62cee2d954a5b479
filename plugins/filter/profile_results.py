# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: profile_results
version_added: 0.1.0
short_description: Conclude from the stages of a set-up what each profile is, and what is left to do
description:
  - Made for the role P(smtpd.email.sending_profile#role), and of use where its stages are arranged in another way.
options:
  _input:
    description: The wanted profiles, as given to M(smtpd.email.smtpd_sending_profiles).
    type: list
    elements: dict
    required: true
  created:
    description: The result of M(smtpd.email.smtpd_sending_profiles) that created them, or an empty dictionary.
    type: dict
    required: true
  lookup:
    description: The result of M(smtpd.email.smtpd_profile_info) with O(smtpd.email.smtpd_profile_info#module:setup=true).
    type: dict
    required: true
  answers:
    description: The result of M(smtpd.email.smtpd_dns_info), or an empty dictionary.
    type: dict
    required: true
  verified:
    description: The result of M(smtpd.email.smtpd_sending_profiles) that verified them, or an empty dictionary.
    type: dict
    required: true
  manual:
    description: Whether a person publishes the records, so that it is no failure when they are not in DNS.
    type: bool
    required: true
  published:
    description:
      - The result of M(smtpd.email.smtpd_dns_records) with O(smtpd.email.smtpd_dns_records#module:partial=true). A profile whose
        records it left out has failed.
    type: dict
    default: {}
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Say what is left to do
  ansible.builtin.debug:
    msg: >-
      {{ wanted | smtpd.email.profile_results(created=created, lookup=found, answers=dns, verified={}, manual=true)
      | map(attribute='todo') }}
"""

RETURN = r"""
_value:
  description: One item for each wanted profile.
  type: list
  elements: dict
  contains:
    profile_id:
      description: The id of the profile, V(null) where there is none.
      type: str
    profile_name:
      description: The name of the profile.
      type: str
    sending_domain:
      description: Its sending domain.
      type: str
    state:
      description: The state in the service's words.
      type: str
    failed:
      description: Whether it could not be set up.
      type: bool
    todo:
      description: What is left to do, or why it failed. Empty if nothing is.
      type: str
    records:
      description: The records for which DNS does not answer right, as M(smtpd.email.smtpd_dns_info) returns them.
      type: list
      elements: dict
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("profile_results", "_report", reads_compact=True)
