# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dmarc_problem
version_added: 0.1.0
short_description: Check a DMARC record before it is published
description:
  - Checks the tags of a DMARC record (RFC 7489, 6.3), as O(smtpd.email.smtpd_preflight_info#module:dmarc) does.
  - The role P(smtpd.email.sending_profile#role) uses it to reject a record before a profile is created.
positional: place
options:
  _input:
    description: The record. An empty text is accepted.
    type: str
    required: true
  place:
    description: What the message begins with, for example the name of the variable.
    type: str
    required: true
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Check a DMARC record
  ansible.builtin.assert:
    that: "'v=DMARC1; p=none; pct=20' | smtpd.email.dmarc_problem('my_record') == ''"
"""

RETURN = r"""
_value:
  description: What is wrong with the record, with the name of each tag concerned. Empty if the record is valid.
  type: str
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("dmarc_problem", "_dns_dmarc")
