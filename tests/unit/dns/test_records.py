# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DNS records as the service gives them, as users write them, and as a zone file has them."""

from __future__ import annotations

import json
from typing import Any

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._dns_arguments import dns_arguments
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError
from ansible_collections.smtpd.email.plugins.module_utils._handover import bare_records
from ansible_collections.smtpd.email.plugins.module_utils._rdata import (
    describe_record,
    find_zone,
    parents,
    txt_rdata,
    txt_text,
)
from ansible_collections.smtpd.email.plugins.module_utils._records import check_records, check_zones, zone_file


def record(name: Any = "mail.example.com", type: Any = "TXT", value: Any = "text", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type, "value": value, **more}


# What the service gives


def test_a_described_record_keeps_what_the_service_gave() -> None:
    given_record = record("Bounce.example.com", "MX", "feedback.example.net", validation_state="pending")
    assert describe_record(given_record).items() >= given_record.items()


def test_an_mx_gets_preference_10_and_a_dot() -> None:
    described = describe_record(record("bounce.example.com", "MX", "feedback.example.net"))
    assert (described["fqdn"], described["priority"], described["rdata"]) == (
        "bounce.example.com.",
        10,
        "10 feedback.example.net.",
    )


def test_an_mx_value_with_a_preference_keeps_it() -> None:
    described = describe_record(record(type="MX", value="20 feedback.example.net."))
    assert (described["priority"], described["rdata"]) == (20, "20 feedback.example.net.")


def test_a_cname_keeps_its_case_and_has_one_dot() -> None:
    described = describe_record(record("K1._domainkey.example.com.", "cname", "K1.dkim.example.net."))
    assert (described["fqdn"], described["priority"], described["rdata"]) == (
        "K1._domainkey.example.com.",
        None,
        "K1.dkim.example.net.",
    )


def test_a_txt_is_quoted_and_escaped() -> None:
    assert describe_record(record(value='say "hi" \\ ü'))["rdata"] == r'"say \"hi\" \\ \195\188"'


def test_a_long_txt_is_split_at_255_bytes() -> None:
    assert describe_record(record(value="x" * 600))["rdata"] == '"%s" "%s" "%s"' % ("x" * 255, "x" * 255, "x" * 90)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(InputError, match="record.type: .CAA. is not supported"):
        describe_record(record(type="CAA", value='0 issue "ca.example"'))


def test_a_quoted_value_is_in_presentation_format() -> None:
    assert txt_text(r'"a\"b" "c\195\188"') == 'a"bcü'
    assert txt_text('say "hi"') == 'say "hi"'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_survives_the_zone_file(text: str) -> None:
    rdata = txt_rdata(text)
    parsed = dns.rdata.from_text("IN", "TXT", rdata)
    assert b"".join(parsed.strings).decode() == text
    assert txt_text(rdata) == text


def test_bare_records_can_be_published_as_the_whole_ones() -> None:
    answered = {
        "name": "bounce.example.com",
        "type": "MX",
        "value": "feedback-smtp.us-east-1.amazonses.com",
        "validation_state": "active",
    }
    whole = dict(describe_record(answered), profile_id="1")
    (text,) = bare_records([whole])
    (bare,) = json.loads(text)["records"]
    assert bare == {
        "name": answered["name"],
        "type": "MX",
        "value": answered["value"],
        "priority": 10,
        "profile_id": "1",
        "validation_state": "active",
    }
    assert [wish.identity() for wish in check_records([json.loads(text)])] == [check_records([whole])[0].identity()]
    assert bare_records([]) == []


def test_a_bundle_stands_for_its_records_in_their_order() -> None:
    first, second, third = ({"name": "%s.example.com" % name, "type": "TXT", "value": "x"} for name in "abc")
    assert check_records([{"records": [first, second]}, {"records": []}, third]) == check_records(
        [first, second, third]
    )


def test_other_modules_get_the_records_of_a_bundle_with_what_is_there() -> None:
    there = record("a.example.com", "TXT", "new", existing=[{"type": "TXT", "value": '"foreign"', "ttl": 60}])
    arguments = [
        dns_arguments(given, "community.general.nsupdate", ["example.com"])
        for given in ([there], [{"records": [there]}])
    ]
    assert arguments[0] == arguments[1]
    assert arguments[0][0][0]["value"] == ['"foreign"', '"new"']


@pytest.mark.parametrize(
    ("bundle", "told"),
    [
        ("text", r"records\[1\]\.records: is no list of records"),
        ([5], r"records\[1\]\.records: is no list of records"),
        ([{"name": "b.example.com", "type": "TXT"}], r"records\[1\]\.records\[0\]\.value: is missing"),
        (
            [{"name": "a.example.com", "type": "CNAME", "value": "b.example.com"}],
            r"records\[0\]\.type: .* records\[1\]\.records\[0\] makes the same name a CNAME",
        ),
    ],
)
def test_an_error_in_a_bundle_tells_its_place(bundle: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_records([{"name": "a.example.com", "type": "TXT", "value": "x"}, {"records": bundle}])


@pytest.mark.parametrize("priority", [-5, 99999, True, "many", 1.5])
def test_an_impossible_priority_is_refused(priority: object) -> None:
    record = {"name": "bounce.example.com", "type": "MX", "value": "mx.example.net", "priority": priority}
    with pytest.raises(InputError, match=r"records\[0\]\.priority.*a number from 0 to 65535"):
        check_records([record])


def test_a_priority_may_be_digits_as_templates_make_them() -> None:
    record = {"name": "bounce.example.com", "type": "MX", "value": "mx.example.net", "priority": "20"}
    assert check_records([record])[0].rdata == "20 mx.example.net."


def test_a_ttl_may_be_digits_as_the_command_line_gives_them() -> None:
    record = {"name": "go.example.com", "type": "CNAME", "value": "l.smtpdgo.com"}
    assert zone_file([record], ttl="300") == "go.example.com. 300 IN CNAME l.smtpdgo.com.\n"
    with pytest.raises(InputError, match="ttl: 'soon' is no number of seconds"):
        zone_file([record], ttl="soon")


def test_a_zone_file_has_aligned_absolute_lines() -> None:
    records = [record("a.example.com", "CNAME", "b.example.net"), record("example.com", "MX", "c.example.net")]
    assert zone_file(records, ttl=300) == (
        "a.example.com. 300 IN CNAME b.example.net.\nexample.com.   300 IN MX    10 c.example.net.\n"
    )


# Zones


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("go.example.com", "example.com"),
        ("example.com.", "example.com"),
        ("GO.Sub.Example.COM", "Sub.example.com."),
        ("go.subexample.com", None),
        ("com", None),
    ],
)
def test_the_zone_is_the_longest_that_the_name_ends_with_label_by_label(name: str, zone: str) -> None:
    assert find_zone(name, {"example.com.": "example.com", "sub.example.com.": "Sub.example.com."}) == zone


def test_parents_are_between_the_name_and_the_zone() -> None:
    assert parents("a.b.c.example.com.", "example.com.") == ["b.c.example.com.", "c.example.com."]
    assert parents("example.com.", "example.com.") == []


# What users give


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Bücher.example", "xn--bcher-kva.example."),
        ("_amazonses.BÜCHER.example.", "_amazonses.xn--bcher-kva.example."),
        ("*.bücher.example", "*.xn--bcher-kva.example."),
        ("1hX._domainkey.mail。bücher.example", "1hx._domainkey.mail.xn--bcher-kva.example."),
    ],
)
def test_an_internationalised_name_is_taken_as_that_of_a_domain_is(given: str, name: str) -> None:
    (wish,) = check_records([record(name=given)])
    assert wish.name == name and wish.given["name"] == given
    assert zone_file([record(name=given)]).lower().startswith(name)


@pytest.mark.parametrize(
    ("type_", "value", "rdata"),
    [
        ("CNAME", "l.bücher.example", "l.xn--bcher-kva.example."),
        ("MX", "5 mx.bücher.example", "5 mx.xn--bcher-kva.example."),
        ("MX", "mx.bücher.example", "10 mx.xn--bcher-kva.example."),
    ],
)
def test_so_is_one_in_a_value(type_: str, value: str, rdata: str) -> None:
    (wish,) = check_records([record(type=type_, value=value)])
    assert wish.rdata == rdata
    assert zone_file([record(type=type_, value=value)]).endswith(" %s\n" % rdata)


def test_so_is_that_of_a_zone() -> None:
    assert check_zones(["Bücher.example", "example.com."]) == ["xn--bcher-kva.example.", "example.com."]


@pytest.mark.parametrize(
    ("bad", "field", "word"),
    [
        (record(name=None), "name", "missing"),
        ({"type": "TXT", "value": "x"}, "name", "missing"),
        (record(name=""), "name", "empty"),
        (record(name="mail example.com"), "name", "space"),
        (record(name="mail..example.com"), "name", "empty label"),
        (record(name=".example.com"), "name", "empty label"),
        (record(name="@"), "name", "full name"),
        (record(name="x" * 64 + ".example.com"), "name", "63"),
        (record(name=".".join(["x" * 60] * 5)), "name", "253"),
        (record(name="\u2764\u200d.example.com"), "name", "internationalised"),
        (record(name="bücher.ex_ämple.com"), "name", "internationalised"),
        (record(type="A", value="192.0.2.1"), "type", "CNAME, MX, TXT"),
        (record(type=""), "type", "empty"),
        (record(value=5), "value", "quotes"),
        (record(value=" "), "value", "empty"),
        (record(value='""'), "value", "empty"),
        (record(value="a\nb"), "value", "line break"),
        (record(type="CNAME", value="192.0.2.1"), "value", "IP address"),
        (record(type="CNAME", value="target"), "value", "full one"),
        (record(type="CNAME", value="Mail.example.com."), "value", "itself"),
        (record(type="MX", value="10 not a host"), "value", "no host name"),
        (record(type="MX", value="70000 mx.example.com"), "value", "65535"),
    ],
)
def test_an_impossible_record_is_refused_by_its_place(bad: dict[str, Any], field: str, word: str) -> None:
    with pytest.raises(InputError) as caught:
        check_records([record(), bad])
    assert str(caught.value).startswith("records[1].%s: " % field)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("second", "field"),
    [(record("a.example.com", "CNAME", "two.example.net"), "value"), (record("A.Example.com.", "TXT", "text"), "type")],
)
def test_records_that_cannot_stand_together_are_refused(second: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        check_records([record("a.example.com", "CNAME", "one.example.net"), second])
    assert caught.value.option == "records[1].%s" % field
    assert "records[0]" in str(caught.value)


def test_two_spf_records_at_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="second SPF"):
        check_records([record(value="v=spf1 include:a.example ~all"), record(value="v=spf1 include:b.example ~all")])


def test_records_of_the_other_modules_are_accepted_as_they_are() -> None:
    full = dict(
        describe_record(record(type="MX", value="mx.example.net", validation_state="active")), profile_id="7c82"
    )
    assert check_records([full])[0].given == full


def test_underscores_and_wildcards_are_fine() -> None:
    check_records([record("_dmarc.example.com"), record("*.example.com", "CNAME", "_x.example.net")])


def test_an_mx_without_preference_is_met_by_any() -> None:
    bare, exact = check_records(
        [record(type="MX", value="MX.example.net"), record(type="MX", value="20 mx.example.net")]
    )
    assert bare.is_met_by("20 mx.example.net.") and bare.is_met_by("10 mx.example.net.")
    assert exact.is_met_by("20 mx.example.net.") and not exact.is_met_by("10 mx.example.net.")


def test_a_priority_field_sets_the_preference() -> None:
    assert check_records([record(type="MX", value="mx.example.net", priority=5)])[0].rdata == "5 mx.example.net."
