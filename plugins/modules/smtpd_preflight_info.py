#!/usr/bin/python
# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtpd_preflight_info
version_added: 0.1.0
short_description: Look what DNS says against a sending profile before it is created
description:
  - The service can neither change nor delete a sending profile. This module looks before one is created whether its domains can work,
    and whether they would take away something that works today, such as mail to a domain.
  - Only what is certain is an error. What cannot be looked up is a warning.
  - An answer that comes from a wildcard is never an error, because the records of the profile take precedence (RFC 4592).
author:
  - The smtpd.email authors (@smtpd)
extends_documentation_fragment:
  - smtpd.email._compact
  - smtpd.email._attributes.info
options:
  sending_domain:
    description:
      - The sending domain of the profile.
    type: str
  link_domain:
    description:
      - The link domain of the profile.
    type: str
  bounce_domain:
    description:
      - The bounce domain of the profile.
    type: str
  profiles:
    description:
      - Several profiles, as O(smtpd.email.smtpd_sending_profiles#module:profiles) takes them.
    type: list
    elements: dict
    suboptions:
      sending_domain:
        description: The sending domain of the profile.
        type: str
      link_domain:
        description: The link domain of the profile.
        type: str
      bounce_domain:
        description: The bounce domain of the profile.
        type: str
      profile_name:
        description: Not looked at.
        type: str
      link_domain_default_redirect:
        description: Not looked at.
        type: str
      profile_id:
        description: Not looked at.
        type: str
  dmarc:
    description:
      - A DMARC record (RFC 7489) for sending domains that have none. It is checked, and returned in RV(dns_records) for these,
        in place of a warning.
    type: str
  nameservers:
    description:
      - The DNS servers to ask, each as C(host), C(host:port), or C([IPv6 address]:port).
      - If empty, the authoritative servers of each zone are found and asked.
    type: list
    elements: str
    default: []
  resolver:
    description:
      - The resolver by which authoritative servers are found, as C(host), C(host:port), or C([IPv6 address]:port).
      - If not given, that of the system. Not used with O(nameservers).
    type: str
  timeout:
    description:
      - How long to wait for the answer to one question, in seconds.
    type: float
    default: 5.0
requirements:
  - dnspython (Python library) >= 2.4
  - publicsuffixlist (Python library) >= 1.0.2.20250107
seealso:
  - module: smtpd.email.smtpd_sending_profile
"""

EXAMPLES = r"""
- name: Look before a profile is created
  smtpd.email.smtpd_preflight_info:
    sending_domain: mail.example.com
    bounce_domain: bounce.mail.example.com
    link_domain: go.example.com
  register: preflight

- name: Stop if something speaks against it
  ansible.builtin.assert:
    that: preflight.ok
    fail_msg: "{{ preflight.findings | selectattr('severity', 'equalto', 'error') | map(attribute='message') }}"
"""

RETURN = r"""
ok:
  description: Whether there is no error among the findings.
  returned: success
  type: bool
  sample: false
findings:
  description: What speaks against the profiles.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The domain that it is about.
      type: str
      returned: success
      sample: example.com
    severity:
      description: V(error) if the profile could not work, or would do harm; else V(warning).
      type: str
      returned: success
      sample: error
    code:
      description:
        - What it is.
        - Errors are V(invalid_name), V(same_domain), V(not_delegated), V(link_domain_at_apex), V(link_domain_in_use),
          V(bounce_domain_in_use), V(bounce_domain_receives_mail), V(below_dname) and V(public_suffix).
        - Warnings are V(internationalised_name), V(no_answer), V(existing_spf), V(no_dmarc), V(spf_not_aligned), V(wildcard_mx)
          and V(wildcard_ends).
        - V(below_dname) - a DNAME record at or above the domain rules out the records that the profile needs (RFC 6672).
        - V(public_suffix) - anyone can register names below the domain, as below V(co.uk) or V(github.io), according to the
          Public Suffix List that is installed.
        - V(wildcard_mx) - mail to the domain is received because of a wildcard MX record, which will no longer apply to it.
        - V(wildcard_ends) - the sending domain has an address or a CNAME from a wildcard, which will no longer apply to it
          once there are records below it (RFC 4592).
      type: str
      returned: success
      sample: bounce_domain_receives_mail
    message:
      description: What it is and what to do, in words.
      type: str
      returned: success
      sample: Mail to the bounce domain goes to mx.example.net now.
dmarc:
  description: The DMARC record of each sending domain.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The sending domain.
      type: str
      returned: success
      sample: mail.example.com
    known:
      description: Whether it could be looked up for certain.
      type: bool
      returned: success
      sample: true
    name:
      description: Where the record is, or would be, at the sending domain or its organisational domain.
      type: str
      returned: success
      sample: _dmarc.example.com
    record:
      description: The record, empty if there is none.
      type: str
      returned: success
      sample: v=DMARC1; p=none
dns_records:
  description:
    - The DMARC record of O(dmarc) for each sending domain that certainly has none, neither at itself nor at its organisational domain,
      ready for O(smtpd.email.smtpd_dns_records#module:records).
  returned: success
  type: list
  elements: dict
  sample:
    - name: _dmarc.mail.example.com
      type: TXT
      value: v=DMARC1; p=none
compact:
  description:
    - The lists of more than 100 items by their names, each as a text in JSON, as P(smtpd.email.expanded#filter) takes them.
  returned: if O(compact=true) and there are such lists
  type: dict
"""

from ansible_collections.smtpd.email.plugins.module_utils._compact import compact_spec
from ansible_collections.smtpd.email.plugins.module_utils._dns_delegation import servers_by
from ansible_collections.smtpd.email.plugins.module_utils._dns_survey import examine
from ansible_collections.smtpd.email.plugins.module_utils._module import run_module
from ansible_collections.smtpd.email.plugins.module_utils._preflight import (
    ERROR,
    NO_DMARC,
    TYPES_OF,
    check_dmarc,
    missing_dmarc,
)
from ansible_collections.smtpd.email.plugins.module_utils._profile_modules import profile_spec
from ansible_collections.smtpd.email.plugins.module_utils._waiting import check_seconds


def run(module):
    """Look at the domains of all profiles."""
    params = module.params
    check_seconds("timeout", params["timeout"], positive=True)
    if params["dmarc"] is not None:
        check_dmarc(params["dmarc"], "dmarc")
    servers_of = servers_by(params["nameservers"], params["resolver"], params["timeout"])
    profiles = [params] if params["profiles"] is None else params["profiles"]
    findings, dmarc = examine(profiles, servers_of, params["timeout"])
    if params["dmarc"] is not None:  # then it is going to be published
        findings = [finding for finding in findings if finding.code != NO_DMARC]
    return {
        "changed": False,
        "ok": all(finding.severity != ERROR for finding in findings),
        "findings": [finding._asdict() for finding in findings],
        "dmarc": dmarc,
        "dns_records": [] if params["dmarc"] is None else missing_dmarc(dmarc, params["dmarc"]),
    }


def main():
    run_module(
        run,
        may_be_blank=("timeout",),
        argument_spec={
            **{name: {"type": "str"} for name in TYPES_OF},
            "profiles": {"type": "list", "elements": "dict", "options": profile_spec()},
            "dmarc": {"type": "str"},
            "nameservers": {"type": "list", "elements": "str", "default": []},
            "resolver": {"type": "str"},
            "timeout": {"type": "float", "default": 5.0},
            **compact_spec(),
        },
        required_one_of=[("profiles",) + tuple(TYPES_OF)],
        mutually_exclusive=[("profiles", name) for name in TYPES_OF],
    )


if __name__ == "__main__":
    main()
