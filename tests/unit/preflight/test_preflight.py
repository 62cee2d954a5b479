# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against a profile before it is created: decisions on what DNS has, without asking it."""

from __future__ import annotations

from typing import Any, Iterable

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._dns_dmarc import check_dmarc
from ansible_collections.smtpd.email.plugins.module_utils._dns_survey import organisational_domain
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError
from ansible_collections.smtpd.email.plugins.module_utils._preflight import Node, dmarc_to_publish, look

DOMAINS = {
    "sending_domain": "mail.acorn.example",
    "link_domain": "go.acorn.example",
    "bounce_domain": "bounce.mail.acorn.example",
}
DMARC = ("v=DMARC1; p=none",)


def examine(
    nodes: dict[str, dict[str, Any]] | None = None, **changes: str
) -> tuple[set[tuple[str, str, str]], list[Any]]:
    """Severity, code and domain of each finding, and the DMARC policies, where DNS has nothing but these nodes."""
    content = {"_dmarc.mail.acorn.example": {"values": {"TXT": DMARC}}, **(nodes or {})}

    def survey(questions: Iterable[tuple[str, str]]) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for name, type_ in questions:
            given = content.get(name, {})
            values = (
                {}
                if given.get("problem")
                else {**getattr(found.get(name), "values", {}), type_: given.get("values", {}).get(type_, ())}
            )
            found[name] = Node(given.get("apex", False), values, given.get("problem"))
        return found

    findings, dmarc = look([{**DOMAINS, **changes}], organisational_domain(), survey)
    return {(finding.severity, finding.code, finding.domain) for finding in findings}, dmarc


def test_nothing_speaks_against_names_that_are_free() -> None:
    findings, dmarc = examine()
    assert findings == set()
    assert [one.as_dict() for one in dmarc] == [
        {
            "domain": "mail.acorn.example",
            "known": True,
            "name": "_dmarc.mail.acorn.example",
            "record": "v=DMARC1; p=none",
            "policy": "none",
        }
    ]


def test_records_of_an_earlier_run_do_not_speak_against_it() -> None:
    assert (
        examine(
            {
                "go.acorn.example": {"values": {"CNAME": ("l.smtpdgo.com.",), "A": ("192.0.2.1",)}},
                "bounce.mail.acorn.example": {
                    "values": {
                        "MX": ("10 feedback-smtp.us-east-1.amazonses.com.",),
                        "TXT": ("v=spf1 include:amazonses.com ~all",),
                    }
                },
            }
        )[0]
        == set()
    )


@pytest.mark.parametrize(
    "name, node, finding",
    [
        ("go.acorn.example", {"apex": True, "values": {"A": ("192.0.2.1",)}}, ("error", "link_domain_at_apex")),
        ("go.acorn.example", {"values": {"CNAME": ("shop.example.net.",)}}, ("error", "link_domain_in_use")),
        ("go.acorn.example", {"values": {"A": ("192.0.2.1",)}}, ("error", "link_domain_in_use")),
        ("go.acorn.example", {"values": {"TXT": ("text",)}}, ("error", "link_domain_in_use")),
        (
            "bounce.mail.acorn.example",
            {"values": {"MX": ("10 mx.example.net.",)}},
            ("error", "bounce_domain_receives_mail"),
        ),
        ("bounce.mail.acorn.example", {"values": {"CNAME": ("x.example.net.",)}}, ("error", "bounce_domain_in_use")),
        ("bounce.mail.acorn.example", {"values": {"TXT": ("v=spf1 mx -all",)}}, ("warning", "existing_spf")),
        ("mail.acorn.example", {"problem": ("not_delegated", "There is no zone.")}, ("error", "not_delegated")),
        ("mail.acorn.example", {"problem": ("no_answer", "Nobody answers.")}, ("warning", "no_answer")),
    ],
)
def test_what_dns_has_speaks_against_it(name: str, node: dict[str, Any], finding: tuple[str, str]) -> None:
    assert examine({name: node})[0] == {(*finding, name)}


@pytest.mark.parametrize(
    "changes, finding",
    [
        ({"link_domain": "mail.acorn.example"}, ("error", "same_domain", "mail.acorn.example")),
        ({"link_domain": "bounce.mail.acorn.example"}, ("error", "same_domain", "bounce.mail.acorn.example")),
        ({"link_domain": "no domain"}, ("error", "invalid_name", "no domain")),
        ({"link_domain": "bücher.example"}, ("warning", "internationalised_name", "bücher.example")),
    ],
)
def test_names_alone_speak_against_it(changes: dict[str, str], finding: tuple[str, str, str]) -> None:
    assert examine(**changes)[0] == {finding}


@pytest.mark.parametrize("option", ["sending_domain", "link_domain", "bounce_domain"])
@pytest.mark.parametrize("suffix", ["co.uk", "github.io", "acorn.ck", "xn--55qx5d.cn"])
def test_a_public_suffix_is_an_error(suffix: str, option: str) -> None:
    assert ("error", "public_suffix", suffix) in examine(**{option: suffix})[0]


@pytest.mark.parametrize("domain", ["acorn.co.uk", "www.ck", "acorn.github.io", "acorn.example", "a.b.acorn.co.uk"])
def test_a_domain_below_a_public_suffix_is_none(domain: str) -> None:
    assert not [code for _severity, code, _domain in examine(sending_domain=domain)[0] if code == "public_suffix"]


# DMARC


def test_a_domain_without_dmarc_is_a_warning() -> None:
    findings, dmarc = examine({"_dmarc.mail.acorn.example": {}})
    assert findings == {("warning", "no_dmarc", "mail.acorn.example")}
    assert dmarc_to_publish(dmarc, "v=DMARC1; p=none", False)[0] == [
        {
            "name": "_dmarc.mail.acorn.example",
            "type": "TXT",
            "value": "v=DMARC1; p=none",
            "validation_state": None,
            "fqdn": "_dmarc.mail.acorn.example.",
            "priority": None,
            "rdata": '"v=DMARC1; p=none"',
            "profile_id": None,
        }
    ]


def test_the_record_of_the_organisational_domain_counts() -> None:
    findings, dmarc = examine({"_dmarc.mail.acorn.example": {}, "_dmarc.acorn.example": {"values": {"TXT": DMARC}}})
    assert findings == set()
    assert dmarc[0].name == "_dmarc.acorn.example"
    assert dmarc_to_publish(dmarc, "v=DMARC1; p=reject", False) == ([], [])


def test_a_public_suffix_is_nobodys_organisation() -> None:
    assert organisational_domain()("mail.acorn.co.uk") == "acorn.co.uk"


def test_another_text_beside_it_is_no_dmarc_record() -> None:
    assert examine({"_dmarc.mail.acorn.example": {"values": {"TXT": ("something else",)}}})[0] == {
        ("warning", "no_dmarc", "mail.acorn.example")
    }


def test_what_could_not_be_looked_up_is_not_published() -> None:
    _findings, dmarc = examine({"_dmarc.mail.acorn.example": {"problem": ("no_answer", "Nobody answers.")}})
    records, findings = dmarc_to_publish(dmarc, "v=DMARC1; p=none", True)
    assert (dmarc[0].known, records, [finding.code for finding in findings]) == (False, [], ["dmarc_unknown"])


@pytest.mark.parametrize(
    "record, bounce, aligned",
    [
        ("v=DMARC1; p=none", "bounce.acorn.example", True),
        ("v=DMARC1; p=none", "bounce.example.net", False),
        ("v=DMARC1; p=none; aspf=s", "bounce.mail.acorn.example", False),
        ("v=DMARC1; p=none; aspf=s", "mail.acorn.example", True),
    ],
)
def test_spf_that_does_not_speak_for_the_sending_domain_is_a_warning(record: str, bounce: str, aligned: bool) -> None:
    findings, _dmarc = examine({"_dmarc.mail.acorn.example": {"values": {"TXT": (record,)}}}, bounce_domain=bounce)
    assert findings == (set() if aligned else {("warning", "spf_not_aligned", "mail.acorn.example")})


@pytest.mark.parametrize("text", ["", "p=none", "v=DMARC1", "v=DMARC1; p=maybe", "v=spf1 -all"])
def test_what_is_no_dmarc_record_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="^dmarc: "):
        check_dmarc(text, "dmarc")
