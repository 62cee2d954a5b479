# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: profiles_wanted
version_added: 0.1.0
short_description: Make a list of wanted profiles of hosts and of lines of text
description:
  - Makes of the hosts of an inventory the list that the role P(smtpd.email.sending_profile#role) takes as C(sending_profile_list).
    So the profiles of all hosts are set up by one run of the role, and AWX can give each slice of a job its share of them.
  - A host of the inventory plugin P(smtpd.email.smtpd#inventory) stands for an existing profile, by its variable C(smtpd_profile_id).
    A host with the variables C(sending_profile_name), C(sending_profile_sending_domain), C(sending_profile_link_domain),
    C(sending_profile_link_domain_default_redirect) or C(sending_profile_bounce_domain) stands for one that is to be.
    A host with none of these is left out, and so are empty variables.
positional: more
options:
  _input:
    description: The variables of hosts.
    type: list
    elements: dict
    required: true
  more:
    description:
      - Further profiles, as a list of dictionaries or as text.
      - In text there is one profile a line, first its sending domain, then its name, as one types it into a form of AWX.
        The name can be left out where the profile is there already.
    type: raw
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Set up the profiles of all hosts at once
  ansible.builtin.include_role:
    name: smtpd.email.sending_profile
  vars:
    sending_profile_list: "{{ ansible_play_hosts | map('extract', hostvars) | smtpd.email.profiles_wanted }}"
  run_once: true

- name: The same from text
  ansible.builtin.debug:
    msg: "{{ [] | smtpd.email.profiles_wanted('mail.example.com newsletter\nnews.example.net') }}"
    # [{"sending_domain": "mail.example.com", "profile_name": "newsletter"}, {"sending_domain": "news.example.net"}]
"""

RETURN = r"""
_value:
  description: The wanted profiles, as O(smtpd.email.smtpd_sending_profiles#module:profiles) takes them.
  type: list
  elements: dict
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("profiles_wanted", "_wanted")
