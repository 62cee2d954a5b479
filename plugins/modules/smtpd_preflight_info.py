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
      - A DMARC record (RFC 7489) for sending domains that have none. It is returned in RV(dns_records) for these domains, and the
        warning V(no_dmarc) is left out.
      - The module fails if the record has an error in any of its tags.
    type: str
  dmarc_override:
    description:
      - Whether to return the record of O(dmarc) also for sending domains to which the DMARC record of a parent domain applies. Their
        policy may become weaker.
      - The module never returns a record for a sending domain that has one of its own, or a CNAME in its place.
    type: bool
    default: false
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
        - Warnings are V(internationalised_name), V(no_answer), V(existing_spf), V(no_dmarc), V(dmarc_multiple), V(dmarc_invalid),
          V(dmarc_cname), V(dmarc_unknown), V(dmarc_weaker), V(spf_not_aligned), V(wildcard_mx) and V(wildcard_ends).
        - V(dmarc_multiple) - a name has several DMARC records, so receivers ignore all of them.
        - V(dmarc_invalid) - a DMARC record has an error, so receivers ignore it, or a part of it. The message names the tag.
        - V(dmarc_cname) - the name of a DMARC record is a CNAME, and its target has no DMARC record.
        - V(dmarc_unknown) - the name of a DMARC record is a CNAME that cannot be followed to its end.
        - V(dmarc_weaker) - the record of O(dmarc) would weaken the policy in force, so it is not returned in RV(dns_records).
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
  description:
    - The DMARC record that applies to each sending domain, as receivers find it (RFC 7489, 6.6.3). A CNAME is followed to its end.
    - The names between the sending domain and its organisational domain count too, as in DMARCbis. Where receivers can come to
      different results, this is the record with the strictest policy.
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
      description: Whether all names that matter could be looked up for certain. If not, RV(dmarc[].record) is empty.
      type: bool
      returned: success
      sample: true
    name:
      description: The name of the record, at the sending domain or above it. If there is none, the name at the sending domain.
      type: str
      returned: success
      sample: _dmarc.example.com
    record:
      description: The record. Empty if there is none that receivers use.
      type: str
      returned: success
      sample: v=DMARC1; p=none
    policy:
      description:
        - The policy that applies to the sending domain, V(none), V(quarantine) or V(reject). Empty if there is none.
        - If the record is that of a parent domain, its tag C(sp), or C(np) for a domain that has no mail servers and no addresses.
      type: str
      returned: success
      sample: none
dns_records:
  description:
    - The DMARC record of O(dmarc) for each sending domain that has none, neither at itself nor at a parent domain up to its
      organisational domain, ready for O(smtpd.email.smtpd_dns_records#module:records).
    - Invalid DMARC records and CNAMEs in their place count as records here. Correct them first.
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
from ansible_collections.smtpd.email.plugins.module_utils._dmarc_policy import NO_DMARC
from ansible_collections.smtpd.email.plugins.module_utils._dns_delegation import servers_by
from ansible_collections.smtpd.email.plugins.module_utils._dns_dmarc import check_dmarc
from ansible_collections.smtpd.email.plugins.module_utils._dns_survey import examine
from ansible_collections.smtpd.email.plugins.module_utils._module import run_module
from ansible_collections.smtpd.email.plugins.module_utils._preflight import (
    ERROR,
    TYPES_OF,
    dmarc_to_publish,
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
    records = []
    if params["dmarc"] is not None:
        records, objections = dmarc_to_publish(dmarc, params["dmarc"], params["dmarc_override"])
        findings = [finding for finding in findings if finding.code != NO_DMARC] + objections
    return {
        "changed": False,
        "ok": all(finding.severity != ERROR for finding in findings),
        "findings": [finding._asdict() for finding in findings],
        "dmarc": [one.as_dict() for one in dmarc],
        "dns_records": records,
    }


def main():
    run_module(
        run,
        argument_spec={
            **{name: {"type": "str"} for name in TYPES_OF},
            "profiles": {"type": "list", "elements": "dict", "options": profile_spec()},
            "dmarc": {"type": "str"},
            "dmarc_override": {"type": "bool", "default": False},
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
