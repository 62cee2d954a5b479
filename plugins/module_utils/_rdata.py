# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""DNS records as the service gives them, and as a zone file has them.

Every value has one canonical form here, in which two values of the same meaning are equal: the text of a TXT record,
the lower-case host with its trailing dot of a CNAME record, C(10 host.) of an MX record.

C(describe_record) is the one place where records are checked. Each record passes it before it gets into a zone file, a DNS
message, a result, or the arguments of another module. So none of these can be given text that they would read as syntax.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Mapping, Optional

from ._domains import ascii_name, domain_key
from ._errors import InputError

CNAME, MX, TXT = "CNAME", "MX", "TXT"
TYPES = (CNAME, MX, TXT)

# The service gives MX values without a preference.
DEFAULT_PREFERENCE = 10

MAX_STRING = 255  # bytes in one string of a TXT record, RFC 1035 3.3.14
_MAX_TXT = 65000  # bytes in all of them, so that the record fits a DNS message
_MAX_NAME = 253

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PRESENTATION = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"\s*)+', re.DOTALL)
_ESCAPE = re.compile(rb"\\(\d{3}|.)", re.DOTALL)
# One string in which nothing is to be escaped: printable ASCII but for quotes and backslashes.
_PLAIN = re.compile(r"[ !#-\[\]-~]{0,255}")
_MX_VALUE = re.compile(r"(\d{1,5})\s+(\S.*)", re.DOTALL)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Owner names hold more than host names do: underscores, and an asterisk as the first label.
_OWNER_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_OWNER = re.compile(r"(\*|{0})(\.{0})*\.?".format(_OWNER_LABEL.pattern))
_HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_HOST = re.compile(r"{0}(\.{0})+".format(_HOST_LABEL.pattern))


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


# Records


def describe_record(record: Mapping[str, Any], place: str = "record") -> dict[str, Any]:
    """Check a record, and complete it: its fields as they are, and C(fqdn), C(priority) and C(rdata), ready for a zone file.

    :param record: has C(name), C(type) and C(value), bare or in presentation format. The preference of an MX record is
        taken from its value, else from C(priority).
    :param place: where the record comes from, for the error.
    :raises InputError: it cannot be a record of DNS, or is of another type than the collection knows.
    """
    for field in ("name", "type", "value"):
        value = record.get(field)
        if value is None:
            raise InputError("%s.%s" % (place, field), "is missing: a record needs name, type and value.")
        if not isinstance(value, str):
            raise InputError("%s.%s" % (place, field), "%r is no string: put it in quotes." % (value,))
        if not value.strip():
            raise InputError("%s.%s" % (place, field), "is empty: a record needs name, type and value.")
    type_ = record_type(record)
    if type_ not in TYPES:
        raise InputError(place + ".type", "'%s' is not supported: only %s are." % (record["type"], ", ".join(TYPES)))
    name = check_name(record["name"], place + ".name")
    value = ascii_value(type_, record["value"], place + ".value")
    _check_value(type_, value, place + ".value")
    priority = record.get("priority")
    if type_ == MX and priority is not None:
        priority = _check_priority(priority, place + ".priority")
    priority, rdata = priority_and_rdata(type_, value, priority)
    if type_ == CNAME and name_key(rdata) == name_key(name):
        raise InputError(place + ".value", "'%s' is the record's own name: a CNAME must not point to itself." % rdata)
    return dict(record, fqdn=absolute(name), priority=priority, rdata=rdata)


def ascii_value(type_: str, value: str, place: str) -> str:
    """A value with its host name as DNS has it (RFC 5891)."""
    if type_ not in (CNAME, MX) or value.isascii():
        return value
    preference, host = split_mx(value) if type_ == MX else (None, value)
    host = ascii_name(host.strip(), place)
    return host if preference is None else "%d %s" % (preference, host)


def record_type(record: Mapping[str, Any]) -> str:
    """The type of a record in upper case."""
    type_: str = record["type"].strip().upper()
    return type_


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


# Checks


def check_name(value: str, place: str) -> str:
    """Check that a record, or a zone, can have a name.

    :returns: the name without white space around it, internationalised labels as A-labels (RFC 5891).
    :raises InputError: it cannot.
    """
    name = value.strip()
    if _OWNER.fullmatch(name) and len(name) <= _MAX_NAME:
        return name
    if any(character.isspace() for character in name):
        raise InputError(place, "'%s' has a space in it: give one full name, such as mail.example.com." % value)
    name = ascii_name(name, place)
    labels = (name[:-1] if name.endswith(".") else name).split(".")
    if not all(labels):
        raise InputError(
            place, "'%s' has an empty label: there are two dots in a row, or one at the beginning." % value
        )
    for label in labels[1:] if labels[0] == "*" else labels:
        if len(label) > 63:
            raise InputError(place, "'%s': the label '%s...' is longer than 63 characters." % (value, label[:20]))
        if not _OWNER_LABEL.fullmatch(label):
            raise InputError(
                place,
                "'%s': the label '%s' is not of letters, digits, hyphens and underscores. "
                "Give the full name, such as mail.example.com." % (value, label),
            )
    if len(".".join(labels)) > _MAX_NAME:
        raise InputError(
            place, "'%s...' is longer than the %d characters that a name can have." % (value[:40], _MAX_NAME)
        )
    return name


def _check_value(type_: str, value: str, place: str) -> None:
    if type_ == TXT:
        _check_txt(value, place)
        return
    preference, host = split_mx(value) if type_ == MX else (None, value)
    if preference is not None and preference > 65535:
        raise InputError(place, "'%s': the preference is above 65535." % value)
    _check_host(host, place, type_)


def _check_priority(value: Any, place: str) -> int:
    number = whole_number(value)
    if number is None or not 0 <= number <= 65535:
        raise InputError(place, "%r is no preference of an MX record: give a number from 0 to 65535." % (value,))
    return number


def whole_number(value: Any) -> Optional[int]:
    """A whole number; in templates it is often a string."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _check_txt(value: str, place: str) -> None:
    try:
        text = txt_text(value)
        size = len(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        raise InputError(place, "has half a character in it, which cannot be encoded: remove it.") from None
    if not text:
        raise InputError(place, "is empty: a TXT record without text is of no use.")
    if _CONTROL.search(text):
        raise InputError(place, "has a control character in it, such as a line break: give the text in one line.")
    if size > _MAX_TXT:
        raise InputError(place, "is longer than the %d bytes that fit a record." % _MAX_TXT)


def _check_host(value: str, place: str, type_: str) -> None:
    # As it is spelt: a letter outside ASCII can have a lower case inside of it.
    host = value.strip()
    host = host[:-1] if host.endswith(".") else host
    if _HOST.fullmatch(host) and len(host) <= _MAX_NAME and not host[-1].isdigit():
        return
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        raise InputError(place, "'%s' is an IP address: a %s record needs a host name." % (value, type_))
    labels = host.split(".")
    if len(labels) < 2 or len(host) > _MAX_NAME or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise InputError(
            place, "'%s' is no host name: a %s record needs a full one, such as host.example.com." % (value, type_)
        )
