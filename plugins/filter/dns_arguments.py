# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dns_arguments
version_added: 0.1.0
short_description: Turn DNS records into arguments of other collections' DNS modules
description:
  - Turns DNS records into a list of dictionaries, each of which has the arguments for one item of a task that publishes by a
    DNS module of another collection. Credentials are added in the task, or by C(module_defaults).
  - The quirks of each module are seen to, such as quotes, trailing dots, the preference of MX records, names relative to the
    zone, and long texts.
  - Nothing of others is lost. Modules that write whole record sets get the values that are there beside the new ones, and
    what is in the way of a record is an error that names the record and the reason, before anything is written. This can
    be a CNAME with another target, any record beside a CNAME, another MX record, or a second SPF record.
  - M(smtpd.email.smtpd_dns_records) looks by itself, for 45 DNS providers and more. This filter is for those who want to go
    on with the modules that they have.
positional: fqcn, zones, ttl
options:
  _input:
    description:
      - Records as M(smtpd.email.smtpd_profile_info) and M(smtpd.email.smtpd_sending_profile) return them, or each with
        C(name), C(type) (V(CNAME), V(MX) or V(TXT)) and C(value).
    type: list
    elements: dict
    required: true
  fqcn:
    description: The module that is to publish them.
    type: str
    required: true
    choices:
      - amazon.aws.route53
      - azure.azcollection.azure_rm_dnsrecordset
      - community.dns.hetzner_dns_record
      - community.general.cloudflare_dns
      - community.general.nsupdate
  zones:
    description: The names of the zones that the records may lie in. Each record goes to the longest one that its name ends with.
    type: list
    elements: str
    required: true
  ttl:
    description:
      - The TTL of new records, in seconds.
      - With M(amazon.aws.route53), M(community.general.nsupdate) and
        M(azure.azcollection.azure_rm_dnsrecordset) all records of a set have one TTL. A set that is there keeps its
        own where O(existing) tells it, else it gets this one.
    type: int
    default: 3600
  existing:
    description:
      - What there is already at the names of the records. An empty list says that somebody has looked, and there is nothing.
      - Records as M(smtpd.email.smtpd_dns_info) returns them, which should be asked for a value that nobody has, as in the
        examples, since it shows only SPF records where an SPF record is wanted. Answers that are not certain are refused.
      - C(resource_record_sets) as M(amazon.aws.route53_info) returns them. These are best for
        M(amazon.aws.route53), which compares values to the letter and in their order.
      - Or records that each have C(name), C(type) (any) and C(value), and may have C(ttl).
      - Required for M(community.general.nsupdate), and for CNAME records with
        M(community.general.cloudflare_dns) and M(azure.azcollection.azure_rm_dnsrecordset), because these
        would replace whatever is there.
      - M(amazon.aws.route53) is told to overwrite a set only where this option tells its values, so it fails where
        there are others. M(community.dns.hetzner_dns_record) only adds records.
    type: list
    elements: dict
notes:
  - When O(existing) comes from M(smtpd.email.smtpd_dns_info), a TXT value of several strings is written as one text, split
    anew at 255 bytes.
seealso:
  - plugin: smtpd.email.zone_file
    plugin_type: filter
  - module: smtpd.email.smtpd_dns_records
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Get the DNS records of a domain
  smtpd.email.smtpd_profile_info:
    sending_domain: mail.example.com
    setup: true
    access_token: "{{ smtpd_access_token }}"
  register: setup

# The value is one that nobody has, so that all that is there is shown.
- name: Look what is there at the same names
  smtpd.email.smtpd_dns_info:
    records: "{{ setup.dns_records | map('combine', {'value': 'nobody.has.this.invalid'}) }}"
  register: looked

- name: Publish the records by dynamic updates (RFC 2136)
  module_defaults:
    community.general.nsupdate:
      server: 192.0.2.53
      key_name: ansible
      key_secret: "{{ tsig_secret }}"
      key_algorithm: hmac-sha256
  community.general.nsupdate:
    zone: "{{ item.zone }}"
    record: "{{ item.record }}"
    type: "{{ item.type }}"
    value: "{{ item.value }}"
    ttl: "{{ item.ttl }}"
  loop: "{{ setup.dns_records | smtpd.email.dns_arguments('community.general.nsupdate', ['example.com'], existing=looked.records) }}"

- name: Publish the records at Cloudflare
  module_defaults:
    community.general.cloudflare_dns:
      api_token: "{{ cloudflare_token }}"
  community.general.cloudflare_dns:
    zone: "{{ item.zone }}"
    record: "{{ item.record }}"
    type: "{{ item.type }}"
    value: "{{ item.value }}"
    ttl: "{{ item.ttl }}"
    priority: "{{ item.priority | default(omit) }}"
    proxied: "{{ item.proxied | default(omit) }}"
    solo: "{{ item.solo }}"
  loop: "{{ setup.dns_records | smtpd.email.dns_arguments('community.general.cloudflare_dns', ['example.com'], existing=looked.records) }}"

- name: Publish the records at Hetzner
  module_defaults:
    community.dns.hetzner_dns_record:
      hetzner_token: "{{ hetzner_token }}"
  community.dns.hetzner_dns_record:
    state: "{{ item.state }}"
    zone_name: "{{ item.zone_name }}"
    record: "{{ item.record }}"
    type: "{{ item.type }}"
    value: "{{ item.value }}"
    ttl: "{{ item.ttl }}"
    txt_transformation: "{{ item.txt_transformation | default(omit) }}"
  loop: "{{ setup.dns_records | smtpd.email.dns_arguments('community.dns.hetzner_dns_record', ['example.com']) }}"

- name: Publish the records at Azure
  module_defaults:
    azure.azcollection.azure_rm_dnsrecordset:
      resource_group: dns
  azure.azcollection.azure_rm_dnsrecordset:
    zone_name: "{{ item.zone_name }}"
    relative_name: "{{ item.relative_name }}"
    record_type: "{{ item.record_type }}"
    record_mode: "{{ item.record_mode }}"
    records: "{{ item.records }}"
    time_to_live: "{{ item.time_to_live }}"
  loop: >-
    {{ setup.dns_records
    | smtpd.email.dns_arguments('azure.azcollection.azure_rm_dnsrecordset', ['example.com'], existing=looked.records) }}

- name: Read what Route 53 has
  amazon.aws.route53_info:
    query: record_sets
    hosted_zone_id: "{{ hosted_zone_id }}"
  register: route53

- name: Publish the records at Route 53
  module_defaults:
    amazon.aws.route53:
      access_key: "{{ aws_access_key }}"
      secret_key: "{{ aws_secret_key }}"
  amazon.aws.route53:
    state: "{{ item.state }}"
    zone: "{{ item.zone }}"
    record: "{{ item.record }}"
    type: "{{ item.type }}"
    value: "{{ item.value }}"
    ttl: "{{ item.ttl }}"
    overwrite: "{{ item.overwrite }}"
  loop: >-
    {{ setup.dns_records
    | smtpd.email.dns_arguments('amazon.aws.route53', ['example.com'], existing=route53.resource_record_sets) }}
"""

RETURN = r"""
_value:
  description:
    - The arguments, with the names and types that the options of the module have.
    - With M(amazon.aws.route53), M(community.general.nsupdate) and
      M(azure.azcollection.azure_rm_dnsrecordset) an item for each name and type, with the others an item for each
      record. For an SPF record there is none where O(existing) has one that permits the same senders already.
  type: list
  elements: dict
  sample:
    - zone: example.com
      record: bounce.mail.example.com.
      type: MX
      ttl: 3600
      value:
        - 10 feedback-smtp.us-east-1.amazonses.com.
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.smtpd.email.plugins.module_utils._dns_arguments import dns_arguments
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError


def _dns_arguments(records, fqcn, zones, ttl=3600, existing=None):
    try:
        return dns_arguments(records, fqcn, zones, ttl, existing)
    except SmtpdError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return {"dns_arguments": _dns_arguments}
