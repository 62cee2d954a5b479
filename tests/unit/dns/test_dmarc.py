# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DMARC records: how receivers read them, what a user may publish, and which is stricter."""

from __future__ import annotations

from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._dmarc_policy import Site, discover, dmarc_names
from ansible_collections.smtpd.email.plugins.module_utils._dns_dmarc import (
    check_dmarc,
    dmarc_problem,
    is_attempt,
    is_record,
    parse,
)
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError

VALID = [
    "v=DMARC1; p=none",
    "v=DMARC1;p=none;",
    "V = DMARC1 ; P = NONE ; ",
    "v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; aspf=R; pct=0; ri=86400; rf=afrf; fo=1:d:s; psd=n; t=y",
    "v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b+c@mail.example.com!10m, mailto:d@example.com!5",
    "v=DMARC1; p=none; ruf=mailto:a@example.com?subject=x",
]


@pytest.mark.parametrize("text", VALID)
def test_a_valid_record_is_accepted(text: str) -> None:
    check_dmarc(text, "dmarc")
    assert (parse(text).problems, dmarc_problem(text, "dmarc")) == ((), "")


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("", "v"),
        ("p=none", "v"),
        ("p=none; v=DMARC1", "v"),
        ("v=spf1 -all", "v"),
        ("v=dmarc1; p=none", "v"),
        ("v=DMARC2; p=none", "v"),
        ("v=DMARC1 p=none", "v"),
        (" v=DMARC1; p=none", "v"),
        ("v=DMARC1; v=DMARC1; p=none", "v"),
        ("v=DMARC1", "p"),
        ("v=DMARC1; p=", "p"),
        ("v=DMARC1; p=maybe", "p"),
        ("v=DMARC1; p=none; p=none", "p"),
        ("v=DMARC1; p=none; P=reject", "p"),
        ("v=DMARC1; rua=mailto:a@example.com", "p"),
        ("v=DMARC1; rua=mailto:a@example.com; p=none", "p"),
        ("v=DMARC1; p=none; sp=rejct", "sp"),
        ("v=DMARC1; p=none; np=x", "np"),
        ("v=DMARC1; p=none; adkim=x", "adkim"),
        ("v=DMARC1; p=none; aspf=strict", "aspf"),
        ("v=DMARC1; p=none; pct=500", "pct"),
        ("v=DMARC1; p=none; pct=-1", "pct"),
        ("v=DMARC1; p=none; pct=50%", "pct"),
        ("v=DMARC1; p=none; fo=2", "fo"),
        ("v=DMARC1; p=none; fo=0,1", "fo"),
        ("v=DMARC1; p=none; ri=daily", "ri"),
        ("v=DMARC1; p=none; ri=4294967296", "ri"),
        ("v=DMARC1; p=none; rf=iodef", "rf"),
        ("v=DMARC1; p=none; psd=maybe", "psd"),
        ("v=DMARC1; p=none; t=yes", "t"),
        ("v=DMARC1; p=none; rua=a@example.com", "rua"),
        ("v=DMARC1; p=none; rua=mailto:a@example.com,b@example.com", "rua"),
        ("v=DMARC1; p=none; rua=https://example.com/", "rua"),
        ("v=DMARC1; p=none; rua=mailto:example.com", "rua"),
        ("v=DMARC1; p=none; ruf=", "ruf"),
        ("v=DMARC1; p=none; rau=mailto:a@example.com", "rau"),
        ("v=DMARC1; p=none; reject", "number 3"),
        ("v=DMARC1; p=none;; pct=1", "number 3"),
    ],
)
def test_an_error_names_the_tag(text: str, tag: str) -> None:
    with pytest.raises(InputError, match="^dmarc: tag %s: " % tag):
        check_dmarc(text, "dmarc")


def test_all_errors_are_named_together() -> None:
    problem = dmarc_problem("v=DMARC1; p=rejct; pct=500", "here")
    assert problem.startswith("here: tag p: 'rejct' is not none, quarantine or reject; tag pct: '500' is not ")


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("v=DMARC1; p=Reject", "reject"),
        ("v=DMARC1; pct=500; p=reject; adkim=x; unknown=1", "reject"),
        ("v=DMARC1", None),
        ("v=DMARC1; p=rejct", None),
        ("v=DMARC1; p=rejct; rua=mailto:a@example.com", "none"),
        ("v=DMARC1; p=rejct; rua=a@example.com", None),
        ("v=DMARC1; p=reject; sp=rejct", None),
        ("v=DMARC1; p=reject; sp=rejct; rua=x,mailto:a@example.com", "none"),
        ("v=DMARC1; p=reject; p=none; rua=mailto:a@example.com", None),
        ("v=dmarc1; p=reject", None),
    ],
)
def test_receivers_read_it_so(text: str, policy: Optional[str]) -> None:
    assert parse(text).policy == policy


@given(st.lists(st.sampled_from(["v=DMARC1", "p", "sp", "=", ";", "none", "rua=mailto:", "a@b.example", " ", "pct=1"])))
def test_any_text_is_either_an_error_or_read_without_one(parts: list[str]) -> None:
    text = "".join(parts)
    if not dmarc_problem(text, "dmarc"):
        assert not text or is_record(text) and is_attempt(text)
        assert not text or parse(text).policy and not parse(text).problems


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    for one in (text, "v=DMARC1;" + text, "v=DMARC1; p=none; rua=" + text):
        assert parse(one) is not None and isinstance(dmarc_problem(one, "dmarc"), str)


# Which is stricter


@pytest.mark.parametrize(
    ("weaker", "stricter"),
    [
        ("p=none", "p=quarantine; pct=1"),
        ("p=quarantine", "p=reject"),
        ("p=quarantine; pct=10", "p=quarantine; pct=11"),
        ("p=reject; pct=0", "p=reject"),
        ("p=reject; t=y", "p=reject"),
        ("p=quarantine; t=y", "p=quarantine; t=n"),
    ],
)
def test_a_weaker_policy_is_recognised(weaker: str, stricter: str) -> None:
    one, other = (
        record.strength(record.policy or "") for record in map(parse, ("v=DMARC1; " + weaker, "v=DMARC1; " + stricter))
    )
    assert one.is_weaker_than(other) and not other.is_weaker_than(one)
    assert not one.is_weaker_than(one)


# Where they are


def test_all_names_up_to_the_organisational_domain_are_looked_at() -> None:
    assert dmarc_names("a.b.acorn.example", lambda domain: "acorn.example") == [
        "_dmarc.a.b.acorn.example",
        "_dmarc.b.acorn.example",
        "_dmarc.acorn.example",
    ]
    assert dmarc_names("acorn.example", lambda domain: "acorn.example") == ["_dmarc.acorn.example"]


def test_of_a_long_domain_the_names_of_more_than_seven_labels_are_left_out() -> None:
    names = dmarc_names("1.2.3.4.5.6.7.8.acorn.example", lambda domain: "acorn.example")
    assert names[:2] == ["_dmarc.1.2.3.4.5.6.7.8.acorn.example", "_dmarc.4.5.6.7.8.acorn.example"]
    assert len(names) == 7


def test_two_records_keep_receivers_from_the_organisational_domain_but_not_all_of_them() -> None:
    two = Site("_dmarc.a.acorn.example", ("v=DMARC1; p=none", "v=DMARC1; p=quarantine"))
    found = discover("a.acorn.example", [two, Site("_dmarc.acorn.example", ("v=DMARC1; p=reject",))], False)
    assert (found.policy, found.name) == ("reject", "_dmarc.acorn.example")  # by the tree walk of DMARCbis
    assert [note.code for note in found.notes] == ["dmarc_multiple"] and not found.publishes(override=True)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_nothing_is_known_if_one_of_the_names_is_not(place: int) -> None:
    sites = [Site("_dmarc.%s.acorn.example" % name) for name in "abc"]
    sites[place] = Site("_dmarc.x.acorn.example", None, problem="Nobody answers.")
    found = discover("a.acorn.example", sites, False)
    assert not found.known and not found.publishes(override=True)
    note = found.objection("v=DMARC1; p=none", override=True)
    assert note is not None and note.code == "dmarc_unknown" and "Nobody answers." in note.message


def test_a_record_of_its_own_is_known_whatever_is_above() -> None:
    sites = [Site("_dmarc.a.acorn.example", ("v=DMARC1; p=reject; sp=none",)), Site("_dmarc.acorn.example", None)]
    found = discover("a.acorn.example", sites, True)
    assert (found.known, found.policy) == (True, "reject")
