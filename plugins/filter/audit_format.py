# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_format
version_added: 0.1.0
short_description: Turn the report of an audit into the content of a file
description:
  - Turns what P(smtpd.email.audit_report#filter) returns into text, JSON, a JUnit file, a file of metrics for
    Prometheus, or a page.
  - Made for the role P(smtpd.email.smtpd_audit#role), and of use where its stages are arranged in another way.
positional: format
options:
  _input:
    description: The report.
    type: dict
    required: true
  format:
    description:
      - V(text) - a line for all profiles, and one for each of the first 20 that are not V(ok).
      - V(json) - the report itself.
      - V(junit) - a test case for each profile. It fails where it is V(broken) or V(degraded), and is skipped where it
        is V(unknown).
      - V(prometheus) - for the textfile collector of Prometheus' node exporter.
      - V(html) - one page with all in it, without scripts, which needs no network. It stays below 3 MB.
    type: str
    required: true
    choices: [text, json, junit, prometheus, html]
seealso:
  - plugin: smtpd.email.audit_report
    plugin_type: filter
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Write the page
  ansible.builtin.copy:
    content: "{{ lookup_result | smtpd.email.audit_report(answers=dns_result) | smtpd.email.audit_format('html') }}"
    dest: profiles.html
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The content of the file.
  type: str
"""

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("audit_format", "_audit_formats")
