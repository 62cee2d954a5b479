#!/usr/bin/python
# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtpd_dns_records
version_added: 0.1.0
short_description: Publish DNS records at any DNS provider without harming others
description:
  - Publishes the DNS records of sending profiles, or any other CNAME, TXT and MX records, at a DNS provider.
  - A record that is not given is never removed or changed. A TXT value joins those that are there.
  - All that stands in the way of a record is found before anything is written, and listed in one error.
  - The engine is octoDNS (U(https://github.com/octodns/octodns)) with its providers, such as Route 53, Cloudflare,
    Azure, Google, Hetzner, DigitalOcean, PowerDNS, and every DNS server that takes dynamic updates (RFC 2136).
author:
  - The smtpd.email authors (@smtpd)
extends_documentation_fragment:
  - smtpd.email._compact
  - smtpd.email._attributes
options:
  records:
    description:
      - The records, as the modules of this collection return them, or each with C(name), C(type) and C(value). Other
        fields are returned as they are given.
      - C(name) is the full name, with or without a trailing dot. Upper and lower case are the same. Labels consist of ASCII
        letters, digits, hyphens, and underscores. The first label may be V(*).
      - C(type) is V(CNAME), V(TXT) or V(MX).
      - C(value) of a TXT record is the bare text. A value that is wholly in double quotes is taken for the format of
        zone files, with escapes and several strings. Long texts are split by the module. Control characters, such as line
        breaks, are refused.
      - C(value) of a DMARC record, which is a TXT record at C(_dmarc), must not have an error in any of its tags (RFC 7489, 6.3).
      - C(value) of an MX record is the host, or preference and host, such as V(10 mail.example.com). Without a
        preference, C(priority) is used where given, else V(10), and a record of another preference that is there
        already is fine too.
      - An item can also stand for many records, which are a list under C(records), its only field, as
        P(smtpd.email.bare_records#filter) bundles thousands of them.
    type: list
    elements: dict
    required: true
  state:
    description:
      - V(present) publishes the records.
      - V(absent) removes exactly these records, and leaves other values of the same name and type.
    type: str
    choices: [present, absent]
    default: present
  provider:
    description:
      - The octoDNS provider, its class as C(class), such as V(octodns_bind.Rfc2136Provider), and its settings, under
        the names that its own documentation has for them.
      - The provider's Python package must be installed, such as C(octodns-route53) for
        V(octodns_route53.Route53Provider).
      - A setting whose name looks like that of a secret is refused here. It belongs into O(provider_secrets).
      - Providers that write a zone as a whole, such as those for zone files, are refused.
    type: dict
    required: true
  provider_secrets:
    description:
      - Those settings of the provider that are secret. They are never shown.
    type: dict
    default: {}
  zones:
    description:
      - The zones to publish in. Each record goes into the longest one that its name ends with, label by label.
      - If empty, all zones that the provider lists. Not every provider can list them; V(octodns_bind.Rfc2136Provider)
        cannot.
    type: list
    elements: str
    default: []
  transfer_limits:
    description:
      - How much one zone transfer may take, for providers of which zones are read by transfer, such as
        V(octodns_bind.Rfc2136Provider). A transfer that reaches a limit is stopped, and the module fails.
      - C(seconds) limits the time of the whole transfer, by default 300 seconds. The provider's own C(timeout) limits
        the time of each message.
      - C(names) limits the number of names that have records in the zone, by default 500000.
      - C(mebibytes) limits the size of all messages together, by default 256 MiB.
      - Every limit must be greater than 0. One that is left out keeps its default.
    type: dict
    default: {}
  ttl:
    description:
      - The TTL of new record sets, in seconds. A record set that is there keeps its own.
    type: int
    default: 3600
  conflict:
    description:
      - What to do where something else is in the way of a record. This is a CNAME to another target, a CNAME at the
        name of another record, other records at the name of a CNAME, another MX record, or, for a record without
        C(profile_id), a wildcard that would not answer any more for a name above the record.
      - V(fail) writes nothing at all, and lists all of them.
      - V(replace) removes what is in the way, and switches off the proxy of a CNAME that is otherwise correct. A wildcard stays.
      - A CNAME at the name of a DMARC record, and an existing DMARC record, are never replaced. The module fails.
      - Where a name is handed over to other servers, a CNAME is wanted at the top of a zone, or the top of a zone has another MX
        record, the module fails anyway. It also fails if a record set is in the way that octoDNS cannot read, or that chooses
        its answers by rules.
    type: str
    choices: [fail, replace]
    default: fail
  spf:
    description:
      - What to do where an SPF record is wanted, and the name has another one. Two SPF records at one name are a
        permanent error. An SPF record that has all mechanisms of the wanted one already, where receivers get to them, is never
        touched.
      - V(fail) writes nothing at all, and lists it as a conflict, also with O(conflict=replace).
      - V(merge) adds the mechanisms of the wanted record to the one that is there, before its C(all), and keeps
        everything else. If the record then exceeds the limits of DNS lookups (RFC 7208, section 4.6.4), or if that cannot
        be told, it is a conflict. The system's resolver is asked for what the record names. Only what the wanted record itself
        includes counts as a single lookup where it is not found.
      - An SPF record that receivers take for an error, or that has the wanted mechanisms with another qualifier, is a conflict.
      - With O(state=absent), V(merge) takes the mechanisms out again.
    type: str
    choices: [fail, merge]
    default: fail
  partial:
    description:
      - Whether to publish the other records where some cannot be published.
      - If V(false), a conflict or a zone that refuses means that nothing is written at all.
      - If V(true), records that cannot be published are left out together with all other records of the same
        C(profile_id), in all zones. A record without a C(profile_id) is left out alone. All other records are
        published. The module then fails, and returns what it left out in RV(left_out), along with its other results.
      - Reasons to leave out records are conflicts, a zone that does not exist or that the provider does not list, and
        a zone that the provider does not let the module read or update. After three zones in a row for which the
        provider does not answer in time, the module reads no more of them. Check mode does not send updates, so it cannot
        detect that updates are refused.
      - Records also are left out if they contradict each other. For example, two profiles share a link domain, but their
        CNAME records have different targets. Then both profiles are left out.
    type: bool
    default: false
requirements:
  - octodns (Python library) >= 1.5
  - octodns-bind (Python library) >= 1.0, for dynamic updates; for others the library of their octoDNS provider
  - dnspython (Python library) >= 2.4
notes:
  - Names and host names are published in lower case.
  - Changes are written in portions, all changes of one name together. Dynamic updates are as large as a DNS message
    allows, within the setting C(update_batch_size) of V(octodns_bind.Rfc2136Provider); other providers get at most 400
    changes at a time. If a portion fails, those before it stay. The returned RV(records) say what was written, and it
    is safe to run the module again.
  - If someone else changes the records concerned after the module has read them, it reads and plans again. After five
    attempts in a row it fails. Dynamic updates let the server check this. For other providers, the module reads the
    zone again right before it writes; R(the guide, ansible_collections.smtpd.email.docsite.guide_dns_providers) says
    for each provider what cannot be excluded.
  - If a TSIG key is set, a reply to an update that is not signed is refused.
seealso:
  - module: smtpd.email.smtpd_profile_info
  - module: smtpd.email.smtpd_dns_info
"""

EXAMPLES = r"""
- name: Get the DNS records of a domain
  smtpd.email.smtpd_profile_info:
    sending_domain: mail.example.com
    setup: true
    access_token: "{{ smtpd_access_token }}"
  register: setup

- name: Publish them by dynamic updates (BIND, Knot, PowerDNS and others)
  smtpd.email.smtpd_dns_records:
    records: "{{ setup.dns_records }}"
    provider:
      class: octodns_bind.Rfc2136Provider
      host: ns1.example.com
      key_name: ansible
      key_algorithm: hmac-sha256
    provider_secrets:
      key_secret: "{{ tsig_secret }}"
    zones: [example.com, example.net]

- name: Publish them at Route 53, which knows its zones itself
  smtpd.email.smtpd_dns_records:
    records: "{{ setup.dns_records }}"
    provider:
      class: octodns_route53.Route53Provider
      access_key_id: "{{ aws_access_key_id }}"
    provider_secrets:
      secret_access_key: "{{ aws_secret_access_key }}"

- name: Publish them at Cloudflare, and take the SPF terms into the record that is there
  smtpd.email.smtpd_dns_records:
    records: "{{ setup.dns_records }}"
    provider:
      class: octodns_cloudflare.CloudflareProvider
    provider_secrets:
      token: "{{ cloudflare_token }}"
    zones: [example.com]
    spf: merge

- name: Publish a DMARC record
  smtpd.email.smtpd_dns_records:
    records:
      - name: _dmarc.mail.example.com
        type: TXT
        value: v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com
    provider: "{{ dns_provider }}"
    provider_secrets: "{{ dns_provider_secrets }}"
    zones: [example.com]
    ttl: 300

- name: Remove exactly these records again
  smtpd.email.smtpd_dns_records:
    records: "{{ setup.dns_records }}"
    provider: "{{ dns_provider }}"
    provider_secrets: "{{ dns_provider_secrets }}"
    zones: [example.com]
    state: absent
"""

RETURN = r"""
records:
  description:
    - Each given record in the given order, with all of its fields, and those below.
    - Also returned when writing fails midway, and when records are left out.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name as given.
      type: str
      returned: success
      sample: bounce.mail.example.com
    type:
      description: The type as given.
      type: str
      returned: success
      sample: MX
    value:
      description: The value as given.
      type: str
      returned: success
      sample: feedback-smtp.us-east-1.amazonses.com
    fqdn:
      description: The name with a trailing dot.
      type: str
      returned: success
      sample: bounce.mail.example.com.
    priority:
      description: The preference of an MX record, else V(null).
      type: int
      returned: success
      sample: 10
    rdata:
      description: The value as a zone file has it.
      type: str
      returned: success
      sample: 10 feedback-smtp.us-east-1.amazonses.com.
    zone:
      description: The zone that the record lies in, V(null) for a record that is left out because it lies in none.
      type: str
      returned: success
      sample: example.com.
    action:
      description:
        - What was done, or would be done in check mode.
        - V(created) - the record was not there, and was added.
        - V(updated) - the record took the place of another, or an SPF record took its terms.
        - V(removed) - the record was there, and was removed.
        - V(unchanged) - there was nothing to do.
        - V(not_written) - the module failed before the record was written, or while it was.
        - V(left_out) - nothing was done, because the records of its profile are left out, see O(partial).
      type: str
      returned: success
      sample: created
zones:
  description:
    - The zones that the records lie in.
    - Also returned when writing fails midway, and when records are left out.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the zone, with a trailing dot.
      type: str
      returned: success
      sample: example.com.
    created:
      description: How many of the records were added.
      type: int
      returned: success
      sample: 9
    updated:
      description: How many of the records took the place of another.
      type: int
      returned: success
      sample: 0
    removed:
      description: How many of the records were removed.
      type: int
      returned: success
      sample: 0
    unchanged:
      description: For how many of the records there was nothing to do.
      type: int
      returned: success
      sample: 0
conflicts:
  description: What stands in the way of records.
  returned: when the module fails because of it
  type: list
  elements: dict
  contains:
    code:
      description:
        - V(cname_target) - the name is a CNAME to another target.
        - V(cname_beside_others) - a CNAME is wanted where there are other records.
        - V(cname_in_the_way) - another record is wanted where there is a CNAME.
        - V(cname_at_apex) - a CNAME is wanted at the top of the zone.
        - V(other_mx) - the name has another MX record.
        - V(mx_at_apex) - the top of the zone has another MX record.
        - V(second_spf) - the name has another SPF record.
        - V(several_spf) - the name has several SPF records.
        - V(spf_invalid) - receivers take the SPF record for an error.
        - V(spf_rejects) - the SPF record has the wanted mechanisms with another qualifier.
        - V(spf_lookups) - the merged SPF record exceeds the limits of DNS lookups.
        - V(spf_lookups_unknown) - it cannot be told whether the merged SPF record keeps within these limits.
        - V(dmarc_cname) - the name of the DMARC record is a CNAME. It is not replaced, not even with O(conflict=replace).
        - V(second_dmarc) - the name has another DMARC record. With two, receivers ignore both.
        - V(delegated) - the name is handed over to other servers.
        - V(wildcard_hidden) - a name above it would come to exist, and a wildcard would not answer for it any more. For records with a
          C(profile_id) this is a warning instead, because the domain of a profile is meant to have records of its own.
        - V(proxied) - the CNAME is correct, but DNS does not return it because the provider's proxy answers for the name.
        - V(dynamic) - the provider chooses the answer by rules such as weights, location or health.
        - V(provider_record) - a record of a kind that only this provider has, such as an alias or a script, answers for the name.
        - V(unreadable) - octoDNS cannot read the record set, so it can neither change nor remove it.
        - V(not_rewritable) - octoDNS cannot write the record set without harm to what is in it.
      type: str
      returned: always
      sample: cname_target
    zone:
      description: The zone, with a trailing dot.
      type: str
      returned: always
      sample: example.com.
    name:
      description: The name, with a trailing dot.
      type: str
      returned: always
      sample: go.example.com.
    type:
      description: The type of the wanted record.
      type: str
      returned: always
      sample: CNAME
    found:
      description: What is there, as lines of a zone file.
      type: list
      elements: str
      returned: always
      sample: [go.example.com. 300 IN CNAME www.example.com.]
    wanted:
      description: The wanted record as a line of a zone file.
      type: str
      returned: always
      sample: go.example.com. 3600 IN CNAME l.smtpdgo.com.
    todo:
      description: What to do.
      type: str
      returned: always
      sample: The name points elsewhere. Remove that record, or choose another domain. Or allow it by conflict=replace.
left_out:
  description:
    - What was not published and why, one item for each profile, and for each record without a C(profile_id).
    - If it is not empty, the module fails.
  returned: if O(partial=true)
  type: list
  elements: dict
  contains:
    profile_id:
      description: The profile's ID, V(null) for a record without one.
      type: str
      returned: always
      sample: 3fa85f64-5717-4562-b3fc-2c963f66afa6
    msg:
      description: Why the records are left out, and what to do.
      type: str
      returned: always
      sample: "zones: no zone for go.example.org. The zones known are: example.com."
    conflicts:
      description: The conflicts among the reasons, as in RV(conflicts).
      type: list
      elements: dict
      returned: always
    records:
      description:
        - All records of the profile, as in RV(records).
        - Their C(action) is V(left_out), unless writing to a zone failed midway. Then it says what was written before
          that.
      type: list
      elements: dict
      returned: always
compact:
  description:
    - The lists of more than 100 items by their names, each as a text in JSON, as P(smtpd.email.expanded#filter) takes them.
  returned: if O(compact=true) and there are such lists
  type: dict
"""

from ansible_collections.smtpd.email.plugins.module_utils._compact import compact_spec
from ansible_collections.smtpd.email.plugins.module_utils._dns_plan import ABSENT, PRESENT
from ansible_collections.smtpd.email.plugins.module_utils._dns_publish import publish
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError
from ansible_collections.smtpd.email.plugins.module_utils._module import run_module
from ansible_collections.smtpd.email.plugins.module_utils._provider import (
    misplaced_secrets,
    policy_of,
    policy_spec,
    provider_of,
    provider_spec,
)
from ansible_collections.smtpd.email.plugins.module_utils._records import (
    check_records,
    check_zones,
    read_records,
)


def run(module):
    """Bring the records that the options name to the wanted state."""
    params = module.params
    policy = policy_of(params, params["state"])
    # With partial, records that contradict each other are left out, like all others that cannot be published.
    read = read_records if params["partial"] else check_records
    wishes = read(params["records"], publishes=params["state"] == PRESENT)
    zones = check_zones(params["zones"])
    try:
        result = publish(provider_of(module), wishes, zones, policy, module.check_mode, params["partial"])
    except SmtpdError as error:
        _told(module, error.result)
        raise
    return _told(module, result)


def _told(module, result):
    """The result less what Ansible is told in its own ways."""
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if not module._diff:
        result.pop("diff", None)
    return result


def main():
    run_module(
        run,
        secrets_of=misplaced_secrets,
        argument_spec={
            "records": {"type": "list", "elements": "dict", "required": True},
            "state": {"type": "str", "choices": [PRESENT, ABSENT], "default": PRESENT},
            **provider_spec(required=True),
            **compact_spec(),
            **policy_spec(),
            "partial": {"type": "bool", "default": False},
        },
    )


if __name__ == "__main__":
    main()
