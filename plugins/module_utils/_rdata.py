# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""DNS records as the service gives them, and as a zone file has them.

Every value has one canonical form here, in which two values of the same meaning are equal: the text of a TXT record,
the lower-case host with its trailing dot of a CNAME record, C(10 host.) of an MX record.
"""

from __future__ import annotations

import re
from typing import Any, Mapping, Optional

from ._domains import domain_key

CNAME, MX, TXT = "CNAME", "MX", "TXT"
TYPES = (CNAME, MX, TXT)

# The service gives MX values without a preference.
DEFAULT_PREFERENCE = 10

MAX_STRING = 255  # bytes in one string of a TXT record, RFC 1035 3.3.14

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PRESENTATION = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"\s*)+', re.DOTALL)
_ESCAPE = re.compile(rb"\\(\d{3}|.)", re.DOTALL)
# One string in which nothing is to be escaped: printable ASCII but for quotes and backslashes.
_PLAIN = re.compile(r"[ !#-\[\]-~]{0,255}")
_MX_VALUE = re.compile(r"(\d{1,5})\s+(\S.*)", re.DOTALL)


# Names


def absolute(name: str) -> str:
    """The name with a trailing dot, its case as it is."""
    return name if name.endswith(".") else name + "."


def name_key(name: str) -> str:
    """What all spellings of a name have in common: lower case and a trailing dot."""
    return domain_key(name) + "."


def parents(name: str, zone: str) -> list[str]:
    """The names above a name and below the zone's apex, the nearest first. Both are name keys."""
    above: list[str] = []
    if name.endswith("." + zone):
        while (name := name.partition(".")[2]) != zone:
            above.append(name)
    return above


def find_zone(name: str, zones: Mapping[str, str]) -> Optional[str]:
    """The zone that a name lies in: the longest one that the name ends with, label by label.

    :param zones: by their name keys.
    :returns: one of the zones, as it is spelt there, or C(None).
    """
    candidate = name_key(name)
    while candidate:
        if candidate in zones:
            return zones[candidate]
        candidate = candidate.partition(".")[2]
    return None


# Values


def txt_text(value: str) -> str:
    """The text of a TXT value. One that is wholly in double quotes is in presentation format, every other one is bare.

    Bytes that are no UTF-8 survive as lone surrogates.
    """
    if not _PRESENTATION.fullmatch(value):
        return value
    return unescape("".join(_QUOTED.findall(value)))


def unescape(text: str) -> str:
    r"""Resolve the escapes of the presentation format, C(\X) and C(\DDD) (RFC 1035, 5.1)."""
    raw = text.encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_escaped_byte, raw).decode("utf-8", "surrogateescape")


def _escaped_byte(match: re.Match[bytes]) -> bytes:
    escape = match.group(1)
    return bytes([min(int(escape), 255)]) if len(escape) == 3 else escape


def txt_rdata(text: str) -> str:
    """The text as a zone file has it: quoted, escaped, and split into strings of at most 255 bytes."""
    if _PLAIN.fullmatch(text):  # nearly all are
        return '"%s"' % text
    raw = text.encode("utf-8", "surrogateescape")
    chunks = [raw[i : i + MAX_STRING] for i in range(0, len(raw), MAX_STRING)] or [b""]
    return " ".join('"%s"' % "".join(map(_presented, chunk)) for chunk in chunks)


def _presented(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else "\\%03d" % byte


def split_mx(value: str) -> tuple[Optional[int], str]:
    """Preference and host of an MX value; the preference is C(None) where the value is a host only."""
    match = _MX_VALUE.fullmatch(value.strip())
    return (int(match.group(1)), match.group(2)) if match else (None, value.strip())


def canonical(type_: str, value: str) -> str:
    """The canonical form of a value (see the top of this file). Values of unknown types stay as they are."""
    if type_ == TXT:
        return txt_text(value)
    if type_ == CNAME:
        return name_key(value.strip())
    if type_ == MX:
        preference, host = split_mx(value)
        return "%d %s" % (DEFAULT_PREFERENCE if preference is None else preference, name_key(host))
    return value


def rdata_of(type_: str, value: str) -> str:
    """A canonical value as a zone file has it."""
    return txt_rdata(value) if type_ == TXT else value


def is_spf(text: str) -> bool:
    """Whether the text of a TXT record is an SPF record (RFC 7208, 4.5)."""
    return re.match(r"v=spf1( |$)", text, re.IGNORECASE) is not None


# Records of the service


def describe_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a record: its fields as they are, and C(fqdn), C(priority) and C(rdata), ready for a zone file.

    :param record: has C(name), C(type) and C(value), bare or in presentation format. The preference of an MX record is
        taken from its value, else from C(priority). Of unknown types the value is taken for rdata as it is.
    """
    priority, rdata = priority_and_rdata(record["type"].upper(), record["value"], record.get("priority"))
    return dict(record, fqdn=absolute(record["name"]), priority=priority, rdata=rdata)


def priority_and_rdata(type_: str, value: str, priority: Any) -> tuple[Optional[int], str]:
    """The preference of a value, C(None) but for MX records, and the value as a zone file has it.

    :param value: bare or in presentation format.
    :param priority: the preference where the value has none.
    """
    if type_ == TXT:
        return None, txt_rdata(txt_text(value))
    if type_ == CNAME:
        return None, absolute(value.strip())
    if type_ == MX:
        preference, host = split_mx(value)
        if preference is None:
            preference = priority if isinstance(priority, int) else DEFAULT_PREFERENCE
        return preference, "%d %s" % (preference, absolute(host))
    return None, value
