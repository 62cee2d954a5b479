# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: profile_artifacts
version_added: 0.1.0
short_description: Shorten the results of a set-up to what is worth to be passed on
description:
  - Shortens what P(smtpd.email.profile_results#filter) returns, and the fact C(sending_profile_results) of the role
    P(smtpd.email.sending_profile#role) has, for M(ansible.builtin.set_stats). Automation controllers such as AWX keep that with the
    job, and give it to the following nodes of a workflow as extra variables.
  - There is no DNS record and no secret in it.
options:
  _input:
    description: The results.
    type: list
    elements: dict
    required: true
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Tell the following nodes of the workflow what became of each profile
  ansible.builtin.set_stats:
    data:
      mail_profiles: "{{ sending_profile_results | smtpd.email.profile_artifacts }}"
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
      description: What is left to do, or why it failed, in one line. Empty if nothing is.
      type: str
    open_records:
      description: How many records there are for which DNS does not answer right.
      type: int
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("profile_artifacts", "_report")
