#!/usr/bin/python
# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtpd_sending_profiles
version_added: 0.1.0
short_description: Create and verify many sending profiles at SMTPD in one run
description:
  - Does for a list of profiles what M(smtpd.email.smtpd_sending_profile) does for one.
  - One call lists the profiles of the account. Missing ones are created several at a time, and while the module waits
    it looks at the list, not at each profile.
  - The failure of one profile does not stop the others. If any has failed, the module fails at the end.
author:
  - The smtpd.email authors (@smtpd)
attributes:
  idempotent:
    support: partial
    details:
      - With O(state=verified) and O(wait=false) the service is asked to verify each time, as long as it has not accepted the records.
extends_documentation_fragment:
  - smtpd.email._compact
  - smtpd.email._service
  - smtpd.email._service.concurrency
  - smtpd.email._service.wait
  - smtpd.email._profile
  - smtpd.email._attributes
  - smtpd.email._attributes.action_group
options:
  profiles:
    description:
      - The profiles. To want the same one twice is an error, and nothing is written then.
    type: list
    elements: dict
    required: true
    suboptions:
      profile_name:
        description:
          - The name of the profile. The service allows several profiles of the same name.
          - A profile is found by O(profiles[].profile_name) and O(profiles[].sending_domain), whichever are given.
            Both are needed to create one.
        type: str
      sending_domain:
        description:
          - The domain of the sender addresses. An internationalised name is sent in its ASCII form.
          - Domains are compared without regard to case and to a trailing dot.
        type: str
      link_domain:
        description:
          - The domain for branded links.
        type: str
      link_domain_default_redirect:
        description:
          - The web address to which O(profiles[].link_domain) itself leads.
        type: str
      bounce_domain:
        description:
          - The domain of the return path, to which bounces are sent. It gets an MX record of its own.
        type: str
      profile_id:
        description:
          - The id of an existing profile. If there is none of this id, that is an error.
          - Only needed when several profiles have the same name and domain.
        type: str
seealso:
  - module: smtpd.email.smtpd_sending_profile
  - module: smtpd.email.smtpd_profile_info
  - module: smtpd.email.smtpd_dns_records
"""

EXAMPLES = r"""
- name: Create the profiles of two brands
  smtpd.email.smtpd_sending_profiles:
    profiles:
      - profile_name: newsletter
        sending_domain: mail.example.com
        bounce_domain: bounce.mail.example.com
        link_domain: go.example.com
      - profile_name: newsletter
        sending_domain: mail.example.org
        bounce_domain: bounce.mail.example.org
        link_domain: go.example.org
    access_token: "{{ smtpd_access_token }}"
  register: brands

- name: Show the ids
  ansible.builtin.debug:
    msg: "{{ brands.results | map(attribute='profile.profile_id') }}"
"""

RETURN = r"""
results:
  description: One item for each wanted profile, in the order of O(profiles). Also returned when the module fails.
  returned: when the profiles could be looked up
  type: list
  elements: dict
  contains:
    profile:
      description:
        - The profile, with the fields of RV(smtpd.email.smtpd_sending_profile#module:profile).
        - V(null) where it could neither be found nor created.
      type: dict
      returned: success
    dns_records:
      description: Its DNS records, with the fields of RV(smtpd.email.smtpd_sending_profile#module:dns_records).
      type: list
      elements: dict
      returned: success
    changed:
      description: Whether something was written for this profile.
      type: bool
      returned: success
    failed:
      description: Whether this profile is not as wanted.
      type: bool
      returned: success
    msg:
      description: Why it is not as wanted, else empty.
      type: str
      returned: success
  sample:
    - profile:
        profile_id: d1378ab7-e919-11ea-81e4-0a58a9feac2a
        profile_name: newsletter
        sending_domain: mail.example.com
        state: pending
      dns_records:
        - name: bounce.mail.example.com
          type: MX
          rdata: 10 feedback-smtp.us-east-1.amazonses.com.
      changed: true
      failed: false
      msg: ''
dns_records:
  description: The DNS records of all profiles, ready for O(smtpd.email.smtpd_dns_records#module:records).
  returned: when the profiles could be looked up
  type: list
  elements: dict
findings:
  description:
    - What O(preflight) found, with the fields of RV(smtpd.email.smtpd_preflight_info#module:findings), and the DNS records that the
      service asks for although its contract does not allow them, with the fields of
      RV(smtpd.email.smtpd_profile_info#module:findings). Also returned when the module fails because of them.
  returned: when O(preflight=true), or when a DNS record is not allowed
  type: list
  elements: dict
compact:
  description:
    - The lists of more than 100 items by their names, each as a text in JSON, as P(smtpd.email.expanded#filter) takes them.
    - Where C(dns_records) is among them, the items of C(results) have the number of their records instead of these, in the same order.
  returned: if O(compact=true) and there are such lists
  type: dict
"""

from ansible_collections.smtpd.email.plugins.module_utils._compact import compact_spec
from ansible_collections.smtpd.email.plugins.module_utils._ensuring import ensure, ensure_spec, list_result
from ansible_collections.smtpd.email.plugins.module_utils._module import run_module
from ansible_collections.smtpd.email.plugins.module_utils._profile_modules import (
    concurrency_of,
    concurrency_spec,
    profile_spec,
)
from ansible_collections.smtpd.email.plugins.module_utils._profiles import check_all_wanted
from ansible_collections.smtpd.email.plugins.module_utils._provider import misplaced_secrets
from ansible_collections.smtpd.email.plugins.module_utils._service import service_client, service_spec


def run(module):
    """Make all of the profiles be as wanted."""
    wanted = check_all_wanted(module.params["profiles"])
    concurrency = concurrency_of(module.params)
    outcomes, more = ensure(module, service_client(module, connections=concurrency), wanted, concurrency)
    return list_result(outcomes, with_diff=module._diff, more=more)


def main():
    profiles = {"type": "list", "elements": "dict", "required": True, "options": profile_spec()}
    run_module(
        run,
        secrets_of=misplaced_secrets,
        argument_spec=service_spec(profiles=profiles, **ensure_spec(), **concurrency_spec(), **compact_spec()),
    )


if __name__ == "__main__":
    main()
