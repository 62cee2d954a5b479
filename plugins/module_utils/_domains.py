# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""Domain names as users give them and as the service answers them: checking and comparing."""

from __future__ import annotations

import re
from typing import Any

from ._errors import InputError, MissingLibraryError

# RFC 1123 2.1: letters, digits and hyphens, no hyphen at either end; RFC 1035 2.3.4: 63 bytes.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_NAME = 253


def domain_key(name: str) -> str:
    """What two spellings of the same domain have in common: lower case, no trailing dot (RFC 4343)."""
    return (name[:-1] if name.endswith(".") else name).lower()


def check_domain(value: str, place: str) -> str:
    """Check that mail can be sent for a domain, or links be served from it.

    :param place: the option that the value came from, for the error.
    :returns: the domain in lower case, without trailing dot, internationalised labels as A-labels (RFC 5891).
    :raises InputError: it is no domain name.
    """
    if not value.strip():
        raise InputError(place, "is empty: give a domain such as mail.example.com.")
    if "://" in value or "/" in value:
        raise InputError(
            place, "'%s' is an address or has a path: give only the domain, such as mail.example.com." % value
        )
    if "@" in value:
        raise InputError(place, "'%s' is a mail address: give only the domain behind the @." % value)
    name = domain_key(ascii_name(value, place))
    labels = name.split(".")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise InputError(
                place,
                "'%s' is no domain name: its label '%s' is not 1 to 63 letters, digits and hyphens." % (value, label),
            )
    if len(labels) < 2 or labels[-1].isdigit():
        raise InputError(place, "'%s' is no full domain name: give such as mail.example.com." % value)
    if len(name) > _MAX_NAME:
        raise InputError(
            place, "'%s...' is longer than the %d characters that a domain name can have." % (value[:40], _MAX_NAME)
        )
    return name


def is_domain(value: Any) -> bool:
    """Whether C(check_domain) accepts it."""
    try:
        return isinstance(value, str) and bool(check_domain(value, ""))
    except InputError:
        return False


def ascii_name(name: str, place: str) -> str:
    """The name with its internationalised labels as A-labels (RFC 5891), as DNS has it; others stay as they are.

    :raises InputError: it has a label that is not valid.
    """
    if name.isascii():
        return name
    try:
        import idna
    except ImportError:
        raise MissingLibraryError("idna", "for the internationalised domain '%s'" % name) from None
    try:
        # Label by label, because labels with an underscore or an asterisk are not host names.
        labels = idna.uts46_remap(name, std3_rules=False, transitional=False).split(".")
        return ".".join(label if label.isascii() else idna.alabel(label).decode("ascii") for label in labels)
    except idna.IDNAError as error:
        raise InputError(place, "'%s' is not a valid internationalised domain name: %s." % (name, error)) from None
