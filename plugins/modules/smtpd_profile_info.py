#!/usr/bin/python
# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtpd_profile_info
version_added: 0.1.0
short_description: Look up sending profiles at SMTPD
description:
  - Returns the sending profiles of an account, or those that match what is given, and on demand the DNS records to publish for them.
author:
  - The smtpd.email authors (@smtpd)
extends_documentation_fragment:
  - smtpd.email._compact
  - smtpd.email._service
  - smtpd.email._service.concurrency
  - smtpd.email._service.wait
  - smtpd.email._attributes.info
  - smtpd.email._attributes.action_group
options:
  profile_id:
    description:
      - Only the profile of this id.
    type: str
  profile_name:
    description:
      - Only profiles of this name.
    type: str
  sending_domain:
    description:
      - Only profiles of this domain, compared without regard to case and to a trailing dot.
    type: str
  profiles:
    description:
      - Only those profiles that M(smtpd.email.smtpd_sending_profiles) means by the same list.
        Profiles in V(failed) are passed over then, but for those given by their id.
      - An empty list selects nothing.
    type: list
    elements: dict
    suboptions:
      profile_id:
        description: The id of the profile.
        type: str
      profile_name:
        description: The name of the profile.
        type: str
      sending_domain:
        description: Its domain.
        type: str
      link_domain:
        description: Not compared.
        type: str
      link_domain_default_redirect:
        description: Not compared.
        type: str
      bounce_domain:
        description: Not compared.
        type: str
  states:
    description:
      - Only profiles that are in one of these states when the module begins.
    type: list
    elements: str
    choices: [creating, pending, active, disabled, failed]
    default: []
  setup:
    description:
      - Whether the DNS records are looked up too, which takes one more call for each profile.
    type: bool
    default: false
  wait:
    description:
      - Wait until none of the profiles is being created any more, and with O(setup=true) until they have DNS records.
        Profiles in V(failed) and V(disabled) are not waited for.
    type: bool
    default: false
seealso:
  - module: smtpd.email.smtpd_sending_profile
  - module: smtpd.email.smtpd_dns_info
"""

EXAMPLES = r"""
- name: Find the profiles that are not verified
  smtpd.email.smtpd_profile_info:
    states: [pending]
    access_token: "{{ smtpd_access_token }}"
  register: pending

- name: Tell how long there is left to publish their records
  ansible.builtin.debug:
    msg: "{{ item.sending_domain }} will be disabled after {{ item.disabled_after }}"
  loop: "{{ pending.profiles }}"
  loop_control:
    label: "{{ item.profile_id }}"

- name: Get the DNS records of one domain
  smtpd.email.smtpd_profile_info:
    sending_domain: mail.example.com
    setup: true
    access_token: "{{ smtpd_access_token }}"
  register: setup
"""

RETURN = r"""
profiles:
  description:
    - The matching profiles, in the service's order. An empty list, and no error, if there are none.
    - Also returned when the module fails because the wait was in vain.
  returned: success
  type: list
  elements: dict
  contains:
    profile_id:
      description: The id of the profile.
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
    state:
      description: The state in the service's words, such as V(creating), V(pending), V(active), V(disabled) or V(failed).
      type: str
      returned: success
      sample: pending
    pending_since:
      description: For a pending profile the time of its last change, in ISO 8601 (UTC), else V(null).
      type: str
      returned: success
      sample: '2020-09-03T12:46:31Z'
    disabled_after:
      description: For a pending profile an estimate of when the service disables it, 72 hours later, else V(null).
      type: str
      returned: success
      sample: '2020-09-06T12:46:31Z'
    dns_records:
      description: The profile's DNS records, with the fields of RV(smtpd.email.smtpd_sending_profile#module:dns_records).
      type: list
      elements: dict
      returned: when O(setup=true)
    link_domain:
      description:
        - The domain for branded links. All further fields of
          RV(smtpd.email.smtpd_sending_profile#module:profile) are returned too.
      type: str
      returned: success
      sample: go.example.com
dns_records:
  description:
    - The DNS records of all of the profiles, each with its C(profile_id), ready for O(smtpd.email.smtpd_dns_records#module:records).
    - Empty unless O(setup=true).
  returned: success
  type: list
  elements: dict
findings:
  description:
    - The DNS records that the service asks for although its contract does not allow them. An empty list if there are none.
    - A profile with such a record has no DNS records in this result, so that nothing of it is published.
  returned: when O(setup=true)
  type: list
  elements: dict
  contains:
    profile_id:
      description: The id of the profile.
      type: str
      returned: always
      sample: d1378ab7-e919-11ea-81e4-0a58a9feac2a
    domain:
      description: The name of the record.
      type: str
      returned: always
      sample: _acme-challenge.example.com
    severity:
      description: Always V(error).
      type: str
      returned: always
      sample: error
    code:
      description: Always V(unexpected_record).
      type: str
      returned: always
      sample: unexpected_record
    message:
      description: The profile, the record, and why it is not accepted.
      type: str
      returned: always
    name:
      description: The name of the record, as the service answers it.
      type: str
      returned: always
      sample: _acme-challenge.example.com
    type:
      description: The type of the record, as the service answers it.
      type: str
      returned: always
      sample: TXT
    value:
      description: The value of the record, as the service answers it.
      type: str
      returned: always
    reason:
      description: Why the record is not accepted.
      type: str
      returned: always
      sample: The name does not belong to the profile, whose domains are bounce.mail.example.com, go.example.com, mail.example.com.
errors:
  description: For which profiles the module failed, so that C(profiles) and C(dns_records) are incomplete.
  returned: when it failed for some of the profiles
  type: list
  elements: dict
  contains:
    profile_id:
      description: The id of the profile.
      type: str
      returned: always
      sample: d1378ab7-e919-11ea-81e4-0a58a9feac2a
    message:
      description: What went wrong.
      type: str
      returned: always
compact:
  description:
    - The lists of more than 100 items by their names, each as a text in JSON, as P(smtpd.email.expanded#filter) takes them.
    - Where C(dns_records) is among them, the items of C(profiles) have the number of their records instead of these, in the same order.
  returned: if O(compact=true) and there are such lists
  type: dict
"""

from ansible_collections.smtpd.email.plugins.module_utils._compact import compact_spec
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError
from ansible_collections.smtpd.email.plugins.module_utils._flows import Flow
from ansible_collections.smtpd.email.plugins.module_utils._module import run_module
from ansible_collections.smtpd.email.plugins.module_utils._profile_modules import (
    concurrency_of,
    concurrency_spec,
    profile_spec,
    waiting_of,
)
from ansible_collections.smtpd.email.plugins.module_utils._profiles import Selection, check_all_wanted, check_fields
from ansible_collections.smtpd.email.plugins.module_utils._service import service_client, service_spec
from ansible_collections.smtpd.email.plugins.module_utils._vocabulary import STATES
from ansible_collections.smtpd.email.plugins.module_utils._waiting import wait_spec

FILTERS = ("profile_id", "profile_name", "sending_domain")


def run(module):
    """Look up the profiles that the options describe."""
    params = module.params
    selection = Selection(
        filters=check_fields({name: params[name] for name in FILTERS}),
        states=params["states"],
        wanted=None if params["profiles"] is None else check_all_wanted(params["profiles"]),
    )
    concurrency = concurrency_of(params)
    waiting = waiting_of(params)
    flow = Flow(service_client(module, connections=concurrency), waiting, concurrency)
    return _result(flow.look_up(selection, params["setup"]), params["setup"])


def _result(found, setup):
    profiles = [dict(one.profile, dns_records=one.dns_records()) if setup else one.profile for one in found]
    result = {
        "changed": False,
        "profiles": profiles,
        "dns_records": [record for profile in profiles for record in profile.get("dns_records", [])],
    }
    if setup:
        result["findings"] = [finding for one in found for finding in one.findings()]
    failed = [one for one in found if one.error is not None]
    if failed:
        errors = [{"profile_id": one.profile["profile_id"], "message": str(one.error)} for one in failed]
        raise SmtpdError("\n".join(error["message"] for error in errors), errors=errors, **result)
    return result


def main():
    run_module(
        run,
        argument_spec=service_spec(
            profiles={"type": "list", "elements": "dict", "options": profile_spec()},
            states={"type": "list", "elements": "str", "choices": list(STATES), "default": []},
            setup={"type": "bool", "default": False},
            **{name: {"type": "str"} for name in FILTERS},
            **wait_spec(wait=False),
            **concurrency_spec(),
            **compact_spec(),
        ),
        mutually_exclusive=[("profiles", name) for name in FILTERS],
    )


if __name__ == "__main__":
    main()
