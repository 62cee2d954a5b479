# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.
"""The TXT records of octoDNS, to the letter.

octoDNS joins the strings of a text, and has its own escapes. Most classes of providers lose by that how a text is spelt. For
some it can be kept, so that a text of somebody else stays as it is also where its set is written as a whole.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Sequence

from ._errors import SmtpdError
from ._octodns_classes import is_a
from ._rdata import TXT, name_key, txt_rdata, txt_text, unescape
from ._record_sets import RecordSet

# What octoDNS escapes in a text; every other backslash is a part of the text.
_OTHER_BACKSLASH = re.compile(r'(?<!\\)\\(?!\d{3}|[;"\\])')
_ESCAPED_SEMICOLON = "\\;"
_ESCAPE = re.compile(r"\\(\d{3}|.)", re.DOTALL)


@dataclass(frozen=True)
class _Form:
    """How a provider has its TXT record sets, before octoDNS makes its own of them.

    :param name: the field with the name of the set.
    :param records: the field with its records.
    :param value: the field of each record that has its rdata.
    :param number: a numeric escape of the provider as a pattern.
    :param base: of these numbers.
    """

    name: str
    records: str
    value: str
    number: str = r"\d{3}"
    base: int = 10

    def rdatas(self, rrset: Mapping[str, Any]) -> list[str]:
        return [record[self.value] for record in rrset[self.records]]

    def decimal(self, rdata: str) -> str:
        """With the numeric escapes of zone files (RFC 1035, 5.1)."""
        return self._with_numbers(rdata, self.number, lambda digits: "%03d" % int(digits, self.base))

    def own(self, rdata: str) -> str:
        """With the numeric escapes of the provider."""
        return rdata if self.base == 10 else self._with_numbers(rdata, r"\d{3}", lambda digits: "%03o" % int(digits))

    @staticmethod
    def _with_numbers(rdata: str, number: str, converted: Callable[[str], str]) -> str:
        def escape(match: re.Match[str]) -> str:
            escaped = match.group(1)
            return "\\" + (converted(escaped) if re.fullmatch(number, escaped) else escaped)

        return _ESCAPE.sub(escape, rdata)


_FORMS = {
    ("octodns_powerdns", "PowerDnsBaseProvider"): _Form("name", "records", "content"),
    ("octodns_route53", "Route53Provider"): _Form("Name", "ResourceRecords", "Value", number="[0-7]{3}", base=8),
}


def spelt_texts(provider: Any) -> Optional[SpeltTexts]:
    """What keeps the texts of a provider to the letter, C(None) where octoDNS does not let that be done."""
    form = next((form for names, form in _FORMS.items() if is_a(provider, *names)), None)
    if form is None or not hasattr(provider, "_data_for_TXT"):
        return None
    texts = SpeltTexts(form)
    provider._data_for_TXT = functools.partial(texts.read, provider._data_for_TXT)
    return texts


class SpeltTexts:
    """The texts of one provider, as they are spelt there."""

    def __init__(self, form: _Form) -> None:
        self._form = form
        self._rdatas: dict[str, dict[str, str]] = {}  # by name key and text
        self._unwritable: set[str] = set()

    def read(self, data_for: Callable[[Any], dict[str, Any]], rrset: Mapping[str, Any]) -> dict[str, Any]:
        """Take a set of the provider. In place of its class's own function, whose result is returned."""
        name = name_key(unescape(self._form.decimal(rrset[self._form.name])))
        rdatas = self._form.rdatas(rrset)
        self._rdatas.setdefault(name, {}).update((txt_text(self._form.decimal(rdata)), rdata) for rdata in rdatas)
        # Routing of Route 53, records that PowerDNS keeps but does not serve, and twins would be lost.
        is_disabled = any(record.get("disabled") for record in rrset[self._form.records])
        if "SetIdentifier" in rrset or is_disabled or len(self._rdatas[name]) < len(rdatas):
            self._unwritable.add(name)
        return data_for(rrset)

    def record_set(self, name: str, ttl: int) -> RecordSet:
        """The set of a name as it was read."""
        return RecordSet(name, TXT, ttl, tuple(self._rdatas.get(name, ())), name not in self._unwritable)

    def record(self, zone: Any, wanted: RecordSet) -> Any:
        """An octoDNS record of a set. Texts that are there stay as they are spelt."""
        known = self._rdatas.get(wanted.name, {})
        return _spelt_record(
            zone, wanted, [known.get(text) or self._form.own(txt_rdata(text)) for text in wanted.values]
        )


# Records


def text_of(value: str) -> str:
    """The text of a TXT value of octoDNS, which has some characters escaped, depending on version and provider."""
    return unescape(_OTHER_BACKSLASH.sub(r"\\\\", value))


def is_clear(value: str) -> bool:
    """Whether it is certain what a TXT value of octoDNS means, and that every provider has the same when it is written again."""
    return value.isascii() and not re.search(r'["\\]', value.replace(_ESCAPED_SEMICOLON, ""))


def exact_record(zone: Any, wanted: RecordSet, more: Mapping[str, Any]) -> Any:
    """An octoDNS record with these texts.

    :param more: other data of the record.
    :raises SmtpdError: octoDNS cannot have such a text.
    """
    values = [text.replace(";", _ESCAPED_SEMICOLON) for text in wanted.values]
    data = {"type": TXT, "ttl": wanted.ttl, "values": values, **more}
    record = _exact_txt_class()(zone, zone.hostname_from_fqdn(wanted.name), data)
    for text, value in zip(wanted.values, values):
        if value not in record.values or text_of(value) != text:
            raise SmtpdError("%s TXT: octoDNS cannot express the text %s" % (wanted.name, txt_rdata(text)))
    return record


def _spelt_record(zone: Any, wanted: RecordSet, rdatas: Sequence[str]) -> Any:
    data = {"type": TXT, "ttl": wanted.ttl, "values": [""]}
    record = _spelt_txt_class()(zone, zone.hostname_from_fqdn(wanted.name), data)
    record.values = [record._value_type(rdata[1:-1]) for rdata in rdatas]
    return record


@functools.lru_cache(maxsize=None)
def _spelt_txt_class() -> Any:
    """The TXT records of octoDNS, whose values are rdata without the outer quotes."""
    from octodns.record import TxtRecord

    class SpeltTxtRecord(TxtRecord):  # type: ignore[misc]
        def chunked_value(self, value: str) -> Any:
            return self._value_type('"%s"' % value)

    return SpeltTxtRecord


@functools.lru_cache(maxsize=None)
def _exact_txt_class() -> Any:
    """The TXT records of octoDNS, but quoted and split as DNS has it: by bytes, with backslashes escaped."""
    from octodns.record import TxtRecord

    class ExactTxtRecord(TxtRecord):  # type: ignore[misc]
        def chunked_value(self, value: str) -> Any:
            return self._value_type(txt_rdata(text_of(value)))

    return ExactTxtRecord
