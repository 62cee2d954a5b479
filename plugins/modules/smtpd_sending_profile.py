#!/usr/bin/python
# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtpd_sending_profile
version_added: 0.1.0
short_description: Create and verify a sending profile at SMTPD
description:
  - Makes sure that a sending profile exists, and returns the DNS records to publish for it.
  - Asks the service to verify the published records, and waits until the profile is active.
  - To treat many profiles in one run, use M(smtpd.email.smtpd_sending_profiles).
author:
  - The smtpd.email authors (@smtpd)
attributes:
  idempotent:
    support: partial
    details:
      - With O(state=verified) and O(wait=false) the service is asked to verify each time, as long as it has not accepted the records.
extends_documentation_fragment:
  - smtpd.email._service
  - smtpd.email._service.wait
  - smtpd.email._profile
  - smtpd.email._attributes
  - smtpd.email._attributes.action_group
options:
  profile_name:
    description:
      - The name of the profile. The service allows several profiles of the same name.
      - A profile is found by O(profile_name) and O(sending_domain), whichever are given. Both are needed to create one.
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
      - The web address to which O(link_domain) itself leads.
    type: str
  bounce_domain:
    description:
      - The domain of the return path, to which bounces are sent. It gets an MX record of its own.
    type: str
  profile_id:
    description:
      - The id of an existing profile. If there is none of this id, that is an error.
      - Only needed when several profiles have the same name and domain. Profiles that have failed are
        found by their id only.
    type: str
seealso:
  - module: smtpd.email.smtpd_sending_profiles
  - module: smtpd.email.smtpd_profile_info
  - module: smtpd.email.smtpd_dns_records
"""

EXAMPLES = r"""
- name: Create a sending profile and get its DNS records
  smtpd.email.smtpd_sending_profile:
    profile_name: newsletter
    sending_domain: mail.example.com
    bounce_domain: bounce.mail.example.com
    link_domain: go.example.com
    link_domain_default_redirect: https://www.example.com/
    access_token: "{{ smtpd_access_token }}"
  register: newsletter

- name: Show what is to be published
  ansible.builtin.debug:
    msg: "{{ newsletter.dns_records | map(attribute='fqdn') }}"

- name: Have the published records verified, for up to ten minutes
  smtpd.email.smtpd_sending_profile:
    profile_name: newsletter
    sending_domain: mail.example.com
    state: verified
    wait_timeout: 600
    access_token: "{{ smtpd_access_token }}"
"""

RETURN = r"""
profile:
  description:
    - The sending profile as the service has it. A field that the service does not tell is V(null).
    - In check mode a profile that would be created is returned as planned, without an id.
    - Also returned when the module fails after the profile was found or created.
  returned: when a profile was found or created
  type: dict
  contains:
    profile_id:
      description: The id that the service gave the profile.
      type: str
      returned: success
      sample: d1378ab7-e919-11ea-81e4-0a58a9feac2a
    profile_name:
      description: The name of the profile.
      type: str
      returned: success
      sample: newsletter
    sending_domain:
      description: The domain of the sender addresses.
      type: str
      returned: success
      sample: mail.example.com
    link_domain:
      description: The domain for branded links.
      type: str
      returned: success
      sample: go.example.com
    link_domain_default_redirect:
      description: The web address to which the link domain itself leads.
      type: str
      returned: success
      sample: https://www.example.com/
    bounce_domain:
      description: The domain of the return path.
      type: str
      returned: success
      sample: bounce.mail.example.com
    state:
      description:
        - The state in the service's words.
        - Known are V(creating), V(pending) (the DNS records are not all verified), V(active), V(disabled) and V(failed).
      type: str
      returned: success
      sample: active
    created_at_utc:
      description: When the profile was created, in seconds since the epoch.
      type: int
      returned: success
      sample: 1598609474
    modified_at_utc:
      description: When the service changed the profile last, in seconds since the epoch.
      type: int
      returned: success
      sample: 1598609476
    created_at:
      description: The same as RV(profile.created_at_utc), in ISO 8601 (UTC).
      type: str
      returned: success
      sample: '2020-08-28T10:11:14Z'
    modified_at:
      description: The same as RV(profile.modified_at_utc), in ISO 8601 (UTC).
      type: str
      returned: success
      sample: '2020-08-28T10:11:16Z'
    pending_since:
      description: For a pending profile the time of its last change, in ISO 8601 (UTC).
      type: str
      returned: success
      sample: null
    disabled_after:
      description: For a pending profile an estimate of when the service disables it, 72 hours later.
      type: str
      returned: success
      sample: null
dns_records:
  description: The DNS records to publish. Empty while the service has not made them, and where they are not asked for.
  returned: when a profile was found, created or planned
  type: list
  elements: dict
  contains:
    name:
      description: The name of the record, as the service has it.
      type: str
      returned: success
      sample: bounce.mail.example.com
    type:
      description: The type of the record.
      type: str
      returned: success
      sample: MX
    value:
      description: The bare value, as the service has it, without quotes, dot and preference.
      type: str
      returned: success
      sample: feedback-smtp.us-east-1.amazonses.com
    validation_state:
      description: Whether the service has seen the record in DNS. V(active) if so.
      type: str
      returned: success
      sample: pending
    fqdn:
      description: The name with a trailing dot.
      type: str
      returned: success
      sample: bounce.mail.example.com.
    priority:
      description: The preference of an MX record, V(null) for other types.
      type: int
      returned: success
      sample: 10
    rdata:
      description: The value in presentation format, ready for a zone file.
      type: str
      returned: success
      sample: 10 feedback-smtp.us-east-1.amazonses.com.
    profile_id:
      description: The id of the profile that the record belongs to.
      type: str
      returned: success
      sample: d1378ab7-e919-11ea-81e4-0a58a9feac2a
findings:
  description:
    - What O(preflight) found, with the fields of RV(smtpd.email.smtpd_preflight_info#module:findings), and the DNS records that the
      service asks for although its contract does not allow them, with the fields of
      RV(smtpd.email.smtpd_profile_info#module:findings). Also returned when the module fails because of them.
  returned: when O(preflight=true), or when a DNS record is not allowed
  type: list
  elements: dict
"""

from ansible_collections.smtpd.email.plugins.module_utils._ensuring import ensure, ensure_spec, single_result
from ansible_collections.smtpd.email.plugins.module_utils._module import run_module
from ansible_collections.smtpd.email.plugins.module_utils._profile_modules import profile_spec
from ansible_collections.smtpd.email.plugins.module_utils._profiles import check_wanted
from ansible_collections.smtpd.email.plugins.module_utils._provider import misplaced_secrets
from ansible_collections.smtpd.email.plugins.module_utils._service import service_client, service_spec


def run(module):
    """Make the one profile be as wanted."""
    wanted = [check_wanted(module.params)]
    return single_result(*ensure(module, service_client(module), wanted))


def main():
    run_module(
        run,
        secrets_of=misplaced_secrets,
        argument_spec=service_spec(**profile_spec(), **ensure_spec()),
    )


if __name__ == "__main__":
    main()
