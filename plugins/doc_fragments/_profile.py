# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection: it can change at any time without notice.

from __future__ import annotations


class ModuleDocFragment:
    # What a module that makes profiles be there, or be verified, takes beside the profiles.
    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present) creates a profile that is not there. One that is there is not changed, because the service cannot
        change a profile; if an option that is given differs from what the service has, that is an error.
      - V(verified) does the same, and then asks the service to verify the DNS records, unless the profile is active
        already. Publish the records before.
    type: str
    choices: [present, verified]
    default: present
  wait:
    description:
      - With O(state=present), wait until the service has made the DNS records.
      - With O(state=verified), wait until the profile is active, and ask for verification again from time to time.
      - With V(false), a profile that is still being created is returned without DNS records, and is not yet asked to be verified.
    type: bool
    default: true
notes:
  - A profile is created at most once. Where the answer to a creation is lost, the module looks for the new profile before it tries again.
  - The service can neither change nor delete a profile.
"""
