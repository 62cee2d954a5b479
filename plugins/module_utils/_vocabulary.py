# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""The words that results have: of the service's contract, and of what DNS says."""

from __future__ import annotations

# What the contract calls the fields that a user gives at creation.
DOMAIN_FIELDS = ("sending_domain", "link_domain", "bounce_domain")
WANTED_FIELDS = ("profile_name", "sending_domain", "link_domain", "link_domain_default_redirect", "bounce_domain")
TIME_FIELDS = ("created_at_utc", "modified_at_utc")

# The states of a profile.
CREATING, PENDING, ACTIVE, DISABLED, FAILED = "creating", "pending", "active", "disabled", "failed"
STATES = (CREATING, PENDING, ACTIVE, DISABLED, FAILED)

# How a record is by DNS.
PRESENT, MISSING, MISMATCH, PARTIAL, UNKNOWN = "present", "missing", "mismatch", "partial", "unknown"

# Why a record is not present.
WRONG_VALUE, EXTRA_VALUE, CNAME_CONFLICT = "wrong_value", "extra_value", "cname_conflict"
ZONE_DOUBLED, NEGATIVELY_CACHED = "zone_doubled", "negatively_cached"
NO_ANSWER, NOT_DELEGATED = "no_answer", "not_delegated"
WILDCARD, BELOW_DNAME = "wildcard", "below_dname"
# Of a record that is present on all servers that answer.
SERVER_SILENT = "server_silent"
