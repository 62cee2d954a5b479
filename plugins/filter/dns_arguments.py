# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: dns_arguments
version_added: 0.1.0
short_description: Turn DNS records into arguments of other collections' DNS modules
description:
  - Turns DNS records into a list of dictionaries. Each has the options for one item of a task that publishes by a DNS module of
    another collection, and nothing else. Credentials are added in the task, or by C(module_defaults).
  - The quirks of each module are seen to, such as quotes, trailing dots, the preference of MX records, names relative to the
    zone, and long texts.
  - Give it the records that M(smtpd.email.smtpd_dns_info) returns, so that it knows what is there, and nothing of others is
    lost. Modules that write whole record sets then get the values that are there beside the new ones. What is in the way of a
    record is an error that names the record and the reason, before anything is written. This can be a CNAME with another
    target, any record beside a CNAME, another MX record, or a second SPF record.
  - Without that, M(community.general.nsupdate) replaces whatever there is at the names of the records, and so do
    M(community.general.cloudflare_dns) and M(azure.azcollection.azure_rm_dnsrecordset) with a CNAME. The filter warns of it.
    M(amazon.aws.route53) then fails where there are other values, and M(community.dns.hetzner_dns_record) only adds records.
  - M(community.dns.hetzner_dns_record), as of community.dns 3.4, calls an API that Hetzner shut down in May 2026. At Hetzner use
    M(smtpd.email.smtpd_dns_records) with V(octodns_hetzner.HetznerProvider) and its setting V(backend=hcloud).
  - M(smtpd.email.smtpd_dns_records) looks by itself, for 45 DNS providers and more. This filter is for those who want to go
    on with the modules that they have.
positional: fqcn, zones, ttl
options:
  _input:
    description:
      - Records as M(smtpd.email.smtpd_dns_info), M(smtpd.email.smtpd_profile_info) and M(smtpd.email.smtpd_sending_profile)
        return them, or each with C(name), C(type) (V(CNAME), V(MX) or V(TXT)) and C(value).
      - Those of M(smtpd.email.smtpd_dns_info) tell in RV(smtpd.email.smtpd_dns_info#module:records[].existing) what is there.
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
      - With M(amazon.aws.route53), M(community.general.nsupdate) and M(azure.azcollection.azure_rm_dnsrecordset) all records of a
        set have one TTL. A set that is there keeps its own where that is known, else it gets this one.
    type: int
    default: 3600
  existing:
    description:
      - What there is already at the names of the records, where the records do not tell it themselves. An empty list says that
        there is nothing.
      - Records as M(smtpd.email.smtpd_dns_info) returns them.
      - Or C(resource_record_sets) as M(amazon.aws.route53_info) returns them. These are best for M(amazon.aws.route53), which
        compares values to the letter and in their order.
      - Or records that each have C(name), C(type) (any) and C(value), and may have C(ttl).
    type: list
    elements: dict
notes:
  - DNS may tell what was there some minutes ago. For names that others change at the same time,
    M(smtpd.email.smtpd_dns_records) is safer, because it adds and removes single values where the provider can do that.
seealso:
  - plugin: smtpd.email.zone_file
    plugin_type: filter
  - module: smtpd.email.smtpd_dns_records
  - module: smtpd.email.smtpd_dns_info
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

- name: Look what there is at their names
  smtpd.email.smtpd_dns_info:
    records: "{{ setup.dns_records }}"
  register: dns

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
  loop: "{{ dns.records | smtpd.email.dns_arguments('community.general.nsupdate', ['example.com']) }}"

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
  loop: "{{ dns.records | smtpd.email.dns_arguments('community.general.cloudflare_dns', ['example.com']) }}"

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
  loop: "{{ dns.records | smtpd.email.dns_arguments('community.dns.hetzner_dns_record', ['example.com']) }}"

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
  loop: "{{ dns.records | smtpd.email.dns_arguments('azure.azcollection.azure_rm_dnsrecordset', ['example.com']) }}"

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
  loop: "{{ dns.records | smtpd.email.dns_arguments('amazon.aws.route53', ['example.com']) }}"

- name: Read what Route 53 has
  amazon.aws.route53_info:
    query: record_sets
    hosted_zone_id: "{{ hosted_zone_id }}"
  register: route53

- name: Publish the records at Route 53, without asking DNS
  amazon.aws.route53: "{{ item }}"
  loop: >-
    {{ setup.dns_records
    | smtpd.email.dns_arguments('amazon.aws.route53', ['example.com'], existing=route53.resource_record_sets) }}
"""

RETURN = r"""
_value:
  description:
    - The arguments, with the names and types that the options of the module have.
    - With M(amazon.aws.route53), M(community.general.nsupdate) and M(azure.azcollection.azure_rm_dnsrecordset) an item for each
      name and type, with the others an item for each record. For an SPF record there is none where one is there already that
      permits the same senders.
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

from ansible.utils.display import Display

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of

display = Display()


def _dns_arguments(records, fqcn, zones, ttl=3600, existing=None):
    from ansible_collections.smtpd.email.plugins.module_utils._dns_arguments import dns_arguments

    arguments, warning = dns_arguments(records, fqcn, zones, ttl, existing)
    if warning:
        display.warning(warning)
    return arguments


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("dns_arguments", _dns_arguments)
