#!/usr/bin/python
# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtpd_dns_info
version_added: 0.1.0
short_description: Look whether DNS answers right for records
description:
  - Asks every authoritative DNS server for every record, and tells for each record whether it is there, and if not,
    what is wrong.
  - What a server says for certain, and what may be a passing failure (a timeout, or an answer such as C(SERVFAIL)), are
    told apart.
author:
  - The smtpd.email authors (@smtpd)
extends_documentation_fragment:
  - smtpd.email._compact
  - smtpd.email._attributes.info
options:
  records:
    description:
      - The records, as the modules of this collection return them, or each with C(name), C(type) and C(value), as in
        O(smtpd.email.smtpd_dns_records#module:records), or as P(smtpd.email.bare_records#filter) bundles them.
    type: list
    elements: dict
    required: true
  nameservers:
    description:
      - The DNS servers to ask, each as C(host), C(host:port), or C([IPv6 address]:port). Each is asked for every
        record.
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
      - How long to wait for the answer to one question, in seconds. Within that time it is asked twice.
    type: float
    default: 5.0
  require:
    description:
      - Which of the servers must answer.
      - V(answering) - all servers that answer must agree, and at least one must answer. A server that stays silent for 10 seconds,
        or for half of O(wait_timeout) if that is shorter, is named in a warning and no longer waited for. With O(wait=false),
        one attempt of O(timeout) seconds counts.
      - V(all) - every server must answer.
      - A server that answers C(SERVFAIL) or C(REFUSED), or that is not authoritative for the name, counts as silent.
    type: str
    choices: [answering, all]
    default: answering
  wait:
    description:
      - Wait until all records are present. If they are not in time, the module fails, and says for each record what is
        wrong.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait at most, in seconds.
    type: float
    default: 300.0
  wait_interval:
    description:
      - The first pause between two looks, in seconds. Pauses grow to 10 seconds, with some jitter. Only records
        that are not present yet are asked for again.
    type: float
    default: 2.0
requirements:
  - dnspython (Python library) >= 2.4
notes:
  - A server does not say whether an answer comes from a wildcard. Where it is not the expected one, the module asks the same
    server for names that it makes up, next to the name and below it. Only a wildcard gives these the same answer.
  - A server that has addresses of IPv4 and IPv6 is asked at each of them for which this machine has a route.
  - The resolver is only asked for domains and for the addresses of name servers, never for the names of records, because
    it would remember for some time that one is not there (RFC 2308). What lies between is asked of authoritative
    servers.
  - If O(nameservers) has resolvers, they are asked for the records, and remember what is not there.
seealso:
  - module: smtpd.email.smtpd_dns_records
  - module: smtpd.email.smtpd_profile_info
"""

EXAMPLES = r"""
- name: Get the DNS records of a domain
  smtpd.email.smtpd_profile_info:
    sending_domain: mail.example.com
    setup: true
    access_token: "{{ smtpd_access_token }}"
  register: setup

- name: Look whether they are published
  smtpd.email.smtpd_dns_info:
    records: "{{ setup.dns_records }}"
  register: dns

- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ item.fqdn }} {{ item.type }}: {{ item.message }}"
  loop: "{{ dns.records | rejectattr('status', 'equalto', 'present') }}"
  loop_control:
    label: "{{ item.fqdn }}"

- name: Wait until two servers have all of them
  smtpd.email.smtpd_dns_info:
    records: "{{ setup.dns_records }}"
    nameservers: [ns1.example.com, "192.0.2.53:5353"]
    wait: true
    wait_timeout: 120
"""

RETURN = r"""
all_present:
  description: Whether all records are present on all servers that O(require) asks for. Also returned when the wait was in vain.
  returned: success
  type: bool
  sample: false
records:
  description:
    - Each given record in the given order, with all of its fields, and those below.
    - Also returned when the wait was in vain.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name as given.
      type: str
      returned: success
      sample: go.example.com
    type:
      description: The type as given.
      type: str
      returned: success
      sample: CNAME
    value:
      description: The value as given.
      type: str
      returned: success
      sample: l.smtpdgo.com
    fqdn:
      description: The name with a trailing dot.
      type: str
      returned: success
      sample: go.example.com.
    priority:
      description: The preference of an MX record, else V(null).
      type: int
      returned: success
    rdata:
      description: The value as a zone file has it.
      type: str
      returned: success
      sample: l.smtpdgo.com.
    status:
      description:
        - V(present) - all servers that O(require) asks for have the record. An SPF record with more mechanisms than the wanted
          ones is fine.
        - V(missing) - it is certain that it is not there. So is a record for which only a wildcard or a DNAME answers something
          else.
        - V(mismatch) - there is something else, or something beside it that must not be.
        - V(partial) - some servers have it, and others certainly not.
        - V(unknown) - no server, or with O(require=all) not every server, gave a certain answer, and none says that the record is
          wrong.
      type: str
      returned: success
      sample: mismatch
    diagnosis:
      description:
        - Why it is not present, V(null) if it is and all servers say so.
        - V(missing) - it is certain that there is no such record.
        - V(wrong_value) - there is another one.
        - V(extra_value) - there is a second MX or SPF record beside it.
        - V(cname_conflict) - the name is a CNAME, or a CNAME is wanted where there are other records.
        - V(wildcard) - the record is missing, and what answers for its name is a wildcard (RFC 4592). Once published, the record
          takes precedence. A wildcard that answers with the expected value counts as present.
        - V(below_dname) - the name lies below a DNAME record, so it can have no records of its own (RFC 6672).
        - V(zone_doubled) - it is below a name to which the zone was added twice, such as C(go.example.com.example.com).
        - V(negatively_cached) - a resolver was asked, and remembers that the record was not there.
        - V(partial) - some servers have it, others have not.
        - V(not_delegated) - there is no zone for the name, or none of its servers has an address.
        - V(no_answer) - there is no certain answer.
        - V(server_silent) - it is present on all servers that answer, but at least one does not answer.
      type: str
      returned: success
      sample: wrong_value
    message:
      description: The diagnosis as a sentence, empty if there is none.
      type: str
      returned: success
      sample: It answers www.example.com. instead. Correct the record.
    negatively_cached_until:
      description:
        - Until when resolvers that asked may remember that the record is not there, as far as this run has seen, in ISO 8601
          (UTC). It follows from the SOA record of the zone (RFC 2308).
        - V(null) if no server said that it is not there.
      type: str
      returned: success
      sample: "2026-11-23T12:05:00Z"
    found:
      description:
        - What the servers have, as a zone file has it. Where an SPF record is wanted, only SPF records.
        - A record of another type is preceded by the type.
      type: list
      elements: str
      returned: success
      sample: [www.example.com.]
    existing:
      description:
        - All that there is at the name, for what writes whole record sets, such as the modules that the filter
          P(smtpd.email.dns_arguments#filter) is for. These are records of the wanted type, or a CNAME, or, where a CNAME is
          wanted and is not there, those of the types A, AAAA, MX and TXT. What no server says for certain is not in it, nor
          what a wildcard or a DNAME answers.
        - V(null) if no server gave a certain answer.
      type: list
      elements: dict
      returned: success
      contains:
        type:
          description: The type of the record.
          type: str
          returned: success
          sample: CNAME
        value:
          description: The value to the letter, as a zone file has it.
          type: str
          returned: success
          sample: www.example.com.
        ttl:
          description: The TTL in seconds, V(null) if it is not known.
          type: int
          returned: success
          sample: 300
    servers:
      description: What each server says.
      type: list
      elements: dict
      returned: success
      contains:
        server:
          description: The server, as given, or as name and address.
          type: str
          returned: success
          sample: ns1.example.com. (192.0.2.53)
        status:
          description: V(present), V(missing), V(mismatch) or V(unknown).
          type: str
          returned: success
          sample: mismatch
        found:
          description: What the server has.
          type: list
          elements: str
          returned: success
          sample: [www.example.com.]
        detail:
          description: What is wrong, empty if nothing is.
          type: str
          returned: success
          sample: It answers www.example.com. instead. Correct the record.
compact:
  description:
    - The lists of more than 100 items by their names, each as a text in JSON, as P(smtpd.email.expanded#filter) takes them.
  returned: if O(compact=true) and there are such lists
  type: dict
"""

from ansible_collections.smtpd.email.plugins.module_utils._compact import compact_spec
from ansible_collections.smtpd.email.plugins.module_utils._describing import describe_records
from ansible_collections.smtpd.email.plugins.module_utils._dns_delegation import servers_by
from ansible_collections.smtpd.email.plugins.module_utils._dns_look import Looker, patience_of, require_spec
from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError
from ansible_collections.smtpd.email.plugins.module_utils._module import run_module
from ansible_collections.smtpd.email.plugins.module_utils._records import read_records
from ansible_collections.smtpd.email.plugins.module_utils._vocabulary import PRESENT
from ansible_collections.smtpd.email.plugins.module_utils._waiting import check_seconds, wait_spec


def run(module):
    """Look for the records that the options name."""
    params = module.params
    check_seconds("timeout", params["timeout"], positive=True)
    for name in ("wait_timeout", "wait_interval"):
        check_seconds(name, params[name])
    wishes = read_records(params["records"])
    looker = Looker(
        wishes,
        servers_by(params["nameservers"], params["resolver"], params["timeout"]),
        params["timeout"],
        patience=patience_of(params["require"], params["wait_timeout"] if params["wait"] else 0.0),
    )
    if params["wait"]:
        all_present = looker.wait(params["wait_timeout"], params["wait_interval"])
    else:
        all_present = looker.look()
    for warning in looker.warnings:
        module.warn(warning)
    result = {"changed": False, "records": looker.results, "all_present": all_present}
    if params["wait"] and not all_present:
        wrong = [record for record in result["records"] if record["status"] != PRESENT]
        raise SmtpdError(
            "After %g s, %d of %d records are not right in DNS:\n%s"
            % (params["wait_timeout"], len(wrong), len(wishes), describe_records(wrong)),
            **result,
        )
    return result


def main():
    run_module(
        run,
        argument_spec={
            "records": {"type": "list", "elements": "dict", "required": True},
            "nameservers": {"type": "list", "elements": "str", "default": []},
            "resolver": {"type": "str"},
            "timeout": {"type": "float", "default": 5.0},
            **require_spec(),
            **wait_spec(wait=False),
            **compact_spec(),
        },
    )


if __name__ == "__main__":
    main()
