# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_report
version_added: 0.1.0
short_description: Conclude from what the service and DNS say whether the mail of each profile goes out
description:
  - Holds what the service says of profiles against what DNS answers, and concludes for each profile what that means for
    its mail.
  - Made for the role P(smtpd.email.smtpd_audit#role), and of use where its stages are arranged in another way.
options:
  _input:
    description:
      - The result of M(smtpd.email.smtpd_profile_info) with O(smtpd.email.smtpd_profile_info#module:setup=true). It may
        have failed for some of the profiles.
    type: dict
    required: true
  answers:
    description:
      - The result of M(smtpd.email.smtpd_dns_info) for the records that P(smtpd.email.audit_records#filter) selects.
      - An empty dictionary where there was nothing to ask for.
    type: dict
    required: true
  account:
    description: What you call the account, to tell reports apart.
    type: str
    default: ""
  now:
    description:
      - The time to which hours left are counted from, in seconds since 1970-01-01 00:00 UTC.
      - If not given, the present.
    type: float
seealso:
  - plugin: smtpd.email.audit_format
    plugin_type: filter
author:
  - The smtpd.email authors (@smtpd)
"""

EXAMPLES = r"""
- name: Say what is the matter
  ansible.builtin.debug:
    msg: "{{ report.summary.problems | map(attribute='message') }}"
  vars:
    report: "{{ lookup_result | smtpd.email.audit_report(answers=dns_result) }}"
"""

RETURN = r"""
_value:
  description: The report.
  type: dict
  contains:
    generated_at:
      description: When it was made, in ISO 8601 (UTC).
      type: str
      sample: "2026-12-01T13:00:00Z"
    account:
      description: As given.
      type: str
    summary:
      description: What there is to say of all profiles together. It stays small for any number of profiles.
      type: dict
      contains:
        status:
          description:
            - The worst status of any profile, in the order V(broken), V(degraded), V(unknown), V(ok).
            - V(unknown) if there is no profile at all.
          type: str
        profiles:
          description: How many profiles there are, in C(total) and by status in C(broken), C(degraded), C(unknown), and
            C(ok).
          type: dict
        records:
          description:
            - How many DNS records there are, in C(total) and by the status that M(smtpd.email.smtpd_dns_info) gives, in
              C(present), C(missing), C(mismatch), C(partial), and C(unknown).
          type: dict
        first_limit:
          description: The profile that is disabled first, with the fields of C(problems), V(null) if none is in
            V(pending).
          type: dict
        problems:
          description:
            - The first 50 profiles that are not V(ok), the most urgent first, with the fields C(profile_id),
              C(profile_name), C(sending_domain), C(state), C(status), C(diagnosis), C(message), C(hours_left), and
              C(disabled_after) of C(profiles).
          type: list
          elements: dict
        problems_left_out:
          description: How many more profiles are not V(ok).
          type: int
    profiles:
      description: All profiles, the most urgent first.
      type: list
      elements: dict
      contains:
        profile_id:
          description: The id of the profile.
          type: str
        profile_name:
          description: Its name.
          type: str
        sending_domain:
          description: The domain of the sender addresses.
          type: str
        link_domain:
          description: The domain for branded links, V(null) if the service does not tell it.
          type: str
        bounce_domain:
          description: The domain of the return path, V(null) if the service does not tell it.
          type: str
        state:
          description: The state in the service's words.
          type: str
        status:
          description:
            - V(ok) - mail goes out, and nothing is to be done. So is a failed profile for which there is another one.
            - V(degraded) - mail goes out, but something is wrong that the service will notice.
            - V(broken) - no mail goes out. Only the state that the service tells makes a profile broken.
            - V(unknown) - nothing certain can be said, such as when DNS servers do not answer.
          type: str
        diagnosis:
          description:
            - V(right) - the service and DNS agree.
            - V(replaced) - the profile is V(failed), and there is another one of the same name and domain.
            - V(unexpected_record) - the service asks for a DNS record that its contract does not allow.
            - V(records_wrong) - the profile is V(active), but DNS does not answer right.
            - V(records_not_accepted) - the profile is V(active) and DNS answers right, but the service does not accept
              a record.
            - V(dns_uncertain) - DNS servers give no certain answer.
            - V(server_silent) - all DNS servers that answer are correct, but at least one does not answer.
            - V(no_records) - the service gives no DNS records.
            - V(pending_records_wrong), V(pending_records_right), V(pending_dns_uncertain), V(pending_no_records) - the
              profile is V(pending), and what DNS says.
            - V(disabled_records_wrong), V(disabled_records_right), V(disabled_dns_uncertain), V(disabled_no_records) -
              the same of a profile that is V(disabled).
            - V(failed) - the service could not create it, and there is no other one.
            - V(creating) - the service is still creating it.
            - V(creation_stuck) - it has been doing so for more than an hour.
            - V(unknown_state) - the service gives a state that this version does not know.
          type: str
        message:
          description: The diagnosis in a sentence, with what is to be done.
          type: str
        hours_left:
          description: About how many hours are left until the service disables it, V(null) unless it is V(pending).
          type: float
        created_at:
          description: When it was created, in ISO 8601 (UTC).
          type: str
        modified_at:
          description: When it was changed last, in ISO 8601 (UTC).
          type: str
        pending_since:
          description: Since when it is V(pending), V(null) if it is not.
          type: str
        disabled_after:
          description: About when the service disables it, V(null) unless it is V(pending).
          type: str
        records:
          description: Its DNS records, what is wrong first.
          type: list
          elements: dict
          contains:
            fqdn:
              description: The name with a trailing dot.
              type: str
            type:
              description: The type.
              type: str
            rdata:
              description: The value as a zone file has it.
              type: str
            validation_state:
              description: What the service says of it.
              type: str
            status:
              description: What DNS says of it, see RV(smtpd.email.smtpd_dns_info#module:records).
              type: str
            diagnosis:
              description: Why DNS does not answer right, or that a server is silent, see
                RV(smtpd.email.smtpd_dns_info#module:records), or V(not_asked).
              type: str
            message:
              description: The diagnosis in a sentence.
              type: str
            found:
              description: What DNS answers.
              type: list
              elements: str
            servers:
              description: What each server says, empty if it is right.
              type: list
              elements: dict
"""

import time

from ansible_collections.smtpd.email.plugins.plugin_utils._filters import filter_of


def _audit_report(lookup, answers, account="", now=None):
    from ansible_collections.smtpd.email.plugins.module_utils._audit import audit_report

    return audit_report(lookup, answers, time.time() if now is None else float(now), account)


class FilterModule:
    """The filter of this file."""

    def filters(self):
        return filter_of("audit_report", _audit_report)
