# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, types and values of records never become syntax of what they are written into."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import dns.rdata
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._contract import unexpected_records
from ansible_collections.smtpd.email.plugins.module_utils._dns_arguments import dns_arguments
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError
from ansible_collections.smtpd.email.plugins.module_utils._rdata import TYPES, describe_record, txt_text
from ansible_collections.smtpd.email.plugins.module_utils._records import check_records, zone_file

ZONE = "acorn.example"
HEAD = """\
acorn.example. 3600 IN SOA ns.acorn.example. hostmaster.acorn.example. 1 3600 600 86400 300
acorn.example. 3600 IN NS ns.acorn.example.
ns.acorn.example. 3600 IN A 192.0.2.1
"""
INJECTED = "evil.acorn.example. 60 IN A 203.0.113.66"

# Text that a zone file, or a terminal, would read as more than text.
HOSTILE = (
    "$INCLUDE /etc/passwd",
    "$ORIGIN evil.example.",
    "$GENERATE 1-9 x$ A 203.0.113.66",
    "@",
    "a.acorn.example. 60 IN TXT x ; ",
    "a.acorn.example.\n" + INJECTED,
    "a.acorn.example.\r\n" + INJECTED,
    "a.acorn.example.\x0b" + INJECTED,
    "a.acorn.example.\x85" + INJECTED,
    "a.acorn.example.\u2028" + INJECTED,
    'x"\n' + INJECTED + '\n; "',
    '"x" ) \n' + INJECTED,
    "x ( \n y )",
    "x;comment",
    "back\\slash.acorn.example",
    "trailing.acorn.example\\",
    "\\097.acorn.example",
    "tab\t.acorn.example",
    "nul\x00.acorn.example",
    "\x1b[31m.acorn.example",
    "\u202e.acorn.example",
    "half \ud800 a character",
    "a" * 64 + ".acorn.example",
    ".".join(["a" * 60] * 5),
    "",
    " ",
)


def record(**fields: Any) -> dict[str, Any]:
    return {"name": "a.acorn.example", "type": "TXT", "value": "text", **fields}


def checked_by_bind(lines: str) -> str:
    """A zone with these lines, as BIND understands it.

    :raises AssertionError: it does not.
    """
    program = shutil.which("named-checkzone")
    assert program, "make test installs it, with BIND"
    command = [program, "-q", "-D", "-o", "-", "-k", "ignore", "-i", "none", ZONE, "/dev/stdin"]
    process = subprocess.run(command, input=HEAD + lines, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr + lines
    return process.stdout


def content(text: str) -> set[tuple[str, str, Any]]:
    """Names, types and values of a zone, as dnspython reads them."""
    zone = dns.zone.from_text(text, ZONE, relativize=False, check_origin=False)
    return {
        (str(name).lower(), dns.rdatatype.to_text(rdata.rdtype), rdata) for name, _ttl, rdata in zone.iterate_rdatas()
    }


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("field", ["name", "type", "value"])
@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_zone_file_says_of_hostile_text_is_one_record_or_an_error_that_names_the_field(
    text: str, field: str, type_: str
) -> None:
    value = {"TXT": "text", "CNAME": "target.example.net", "MX": "10 mx.example.net"}[type_]
    one = record(**{"type": type_, "value": value, field: text})
    try:
        lines = zone_file([one])
    except InputError as error:
        assert str(error).startswith("records[0].%s: " % field)
        assert str(error).isprintable()
        return
    assert (field, type_) == ("value", "TXT"), "only in a text anything can stand"
    assert lines.isascii() and lines.count("\n") == 1
    (found,) = content(checked_by_bind(lines)) - content(HEAD)
    assert found[0] == "a.acorn.example." and b"".join(found[2].strings).decode() == text


SOUP = st.lists(
    st.sampled_from([*HOSTILE, "\n", '"', "\\", "(", ")", ";", "$", ".", "*", "10 ", "\\010", "mx.example.net", "é"]),
    max_size=4,
).map("".join) | st.text(max_size=40)
LABEL = st.from_regex(r"[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,5}[a-zA-Z0-9_])?", fullmatch=True)
NAME = LABEL.map(lambda label: label + "." + ZONE)
RECORDS = st.fixed_dictionaries(
    {
        "name": SOUP | NAME | SOUP.map(lambda text: text + "." + ZONE),
        "type": st.sampled_from(["TXT", "txt", "MX", "CNAME"]) | SOUP,
        "value": SOUP | NAME | NAME.map(lambda name: "10 " + name),
    }
)


@settings(deadline=None, max_examples=60)
@given(st.lists(RECORDS, max_size=40))
def test_bind_finds_in_a_zone_file_exactly_the_records_that_it_was_made_of(records: list[dict[str, Any]]) -> None:
    accepted: dict[str, dict[str, Any]] = {}
    for index, one in enumerate(records):
        try:
            check_records([one])
        except InputError as error:
            assert str(error).isprintable()
            with pytest.raises(InputError):
                zone_file([one])
            continue
        # Of its own name each, so that none is beside a CNAME, and within the zone.
        name = "r%d.%s" % (index, one["name"].strip())
        name = name if name.rstrip(".").lower().endswith("." + ZONE) else "r%d.%s" % (index, ZONE)
        if len(name) < 253 and "*" not in name:
            accepted[describe_record(dict(one, name=name))["fqdn"].lower()] = dict(one, name=name)
    found = content(checked_by_bind(zone_file(accepted.values()))) - content(HEAD)
    expected = {
        (
            name,
            one["type"].strip().upper(),
            dns.rdata.from_text("IN", one["type"].strip(), describe_record(one)["rdata"]),
        )
        for name, one in accepted.items()
    }
    assert found == expected
    for name, one in accepted.items():
        if one["type"].strip().upper() == "TXT":
            (rdata,) = [rdata for owner, _type, rdata in found if owner == name]
            assert b"".join(rdata.strings) == txt_text(one["value"]).encode("utf-8", "surrogateescape")


def test_every_byte_of_a_text_survives_a_zone_file_but_control_characters() -> None:
    raw = bytes(set(range(32, 256)) - {127})
    lines = zone_file([record(value=raw.decode("utf-8", "surrogateescape"))])
    (found,) = content(checked_by_bind(lines)) - content(HEAD)
    assert b"".join(found[2].strings) == raw


def test_a_record_in_lower_case_and_with_white_space_around_is_written_in_one_line() -> None:
    lines = zone_file([record(name=" a.acorn.example\n", type="txt\n")])
    assert lines == 'a.acorn.example. 3600 IN TXT   "text"\n'


def test_a_zone_file_takes_bundles_and_names_the_place_of_what_it_refuses() -> None:
    assert zone_file([{"records": [record(), record()]}]).count("\n") == 2
    with pytest.raises(InputError, match=r"^records\[1\]\.records\[0\]\.name: '\$INCLUDE"):
        zone_file([record(), {"records": [record(name="$INCLUDE /etc/passwd")]}])


def refused(**fields: str) -> dict[str, Any]:
    """What is found of a record of the service."""
    (found,) = unexpected_records([record(**fields)], {}, {})
    return found


@pytest.mark.parametrize("letter", ["\u212a", "\uff2b"])
def test_another_form_of_an_ascii_letter_is_that_letter_as_in_domains(letter: str) -> None:
    assert zone_file([record(name=letter + ".acorn.example")]) == 'k.acorn.example. 3600 IN TXT   "text"\n'


@pytest.mark.parametrize("field", ["name", "type", "value", "validation_state"])
@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip() and not text.isprintable()])
def test_a_record_of_the_service_has_nothing_that_cannot_be_seen(text: str, field: str) -> None:
    found = refused(**{field: text})
    assert all(value.isprintable() for value in found.values())
    assert "dns_records.%s: " % field in found["reason"] or "cannot be seen" in found["reason"]


@pytest.mark.parametrize(("field", "text"), [("name", "$INCLUDE /etc/passwd"), ("type", "SRV"), ("name", "*a.example")])
def test_a_record_of_the_service_that_cannot_be_published_is_refused(field: str, text: str) -> None:
    assert refused(**{field: text})["reason"].startswith("dns_records.%s: " % field)


def test_what_is_there_goes_on_to_other_modules_without_control_characters() -> None:
    there = [{"name": "a.acorn.example", "type": "TXT", "value": '"two\nlines"'}]
    (one,) = dns_arguments([record()], "community.general.nsupdate", [ZONE], existing=there)[0]
    assert one["value"] == [r'"two\010lines"', '"text"']


def test_a_priority_of_any_length_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="priority"):
        check_records([record(type="MX", value="mx.example.net", priority="9" * 5000)])
