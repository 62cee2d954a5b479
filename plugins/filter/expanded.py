# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: expanded
version_added: 0.1.0
short_description: Give a compact result its lists back
description:
  - Takes a result of a module of this collection that was asked to be compact, as by O(smtpd.email.smtpd_profile_info#module:compact=true).
  - A result that is not compact stays as it is. All filters of this collection that take results take compact ones too.
options:
  _input:
    description: The result.
    type: dict
    required: true
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Look up thousands of profiles
  smtpd.email.smtpd_profile_info:
    compact: true
  register: found

- name: Count those that are not verified
  ansible.builtin.debug:
    msg: "{{ (found | smtpd.email.expanded).profiles | rejectattr('state', 'equalto', 'active') | length }}"
"""

RETURN = r"""
_value:
  description: The result with all of its lists.
  type: dict
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("expanded", "_compact")
