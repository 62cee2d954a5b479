# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This document fragment is PRIVATE to the collection: it can change at any time without notice.

from __future__ import annotations


class ModuleDocFragment:
    """The option by which lists of thousands of items are returned as texts."""

    DOCUMENTATION = r"""
options:
  compact:
    description:
      - Whether those lists of the result that have more than 100 items are returned each as one text in JSON, in C(compact) instead
        of under their own names. This counts for lists of profiles, records and the like, not for the diff and for warnings.
        P(smtpd.email.expanded#filter) gives a result its lists back, and leaves one as it is that is not compact.
      - Worth it for thousands of profiles or records. Ansible visits each value of a result many times, which takes longer than
        the service and DNS together. The role P(smtpd.email.sending_profile#role) does so.
      - Where something in one of these lists has to be masked, all of them stay lists.
    type: bool
    default: false
"""
