# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: zone_file
version_added: 0.1.0
short_description: Write DNS records as lines of a zone file
description:
  - Writes DNS records in the master file format (RFC 1035, section 5), with absolute names, ready to be pasted into a zone file
    or into the import form of a DNS provider.
  - Checks each record as M(smtpd.email.smtpd_dns_records) does. A record that cannot exist in DNS is an error that names the
    record and the field, so nothing in a record is ever read as a directive, a comment, or a second record.
  - In the text of a TXT record, quotes, backslashes, and all bytes outside ASCII are escaped. Control characters, such as line
    breaks, are refused.
options:
  _input:
    description: Records as M(smtpd.email.smtpd_profile_info) and M(smtpd.email.smtpd_sending_profile) return them, or each with
      C(name), C(type) and C(value), as O(smtpd.email.smtpd_dns_records#module:records) takes them.
    type: list
    elements: dict
    required: true
  ttl:
    description: The TTL of each record, in seconds.
    type: int
    default: 3600
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Write a snippet for the colleague who keeps the zone
  ansible.builtin.copy:
    content: "{{ setup.dns_records | smtpd.email.zone_file(ttl=300) }}"
    dest: records.zone
    mode: "0644"
"""

RETURN = r"""
_value:
  description: One line for each record, columns aligned, each ended by a newline.
  type: str
  sample: |
    bounce.mail.example.com. 3600 IN MX  10 feedback-smtp.us-east-1.amazonses.com.
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("zone_file", "_records")
