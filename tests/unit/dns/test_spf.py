# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SPF records as receivers read them: parsing, comparing, merging, and the limits of DNS lookups.

An independent library (pyspf) and the public test suite of RFC 7208 say what receivers do.
"""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tarfile
import warnings
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Optional

import pytest
import yaml

from ansible_collections.smtpd.email.plugins.module_utils._dns_spf import (
    can_merge,
    contradicts,
    covers,
    merge,
    parse,
    unmerge,
)
from ansible_collections.smtpd.email.plugins.module_utils._dns_spf_lookups import (
    INVALID,
    TOO_MANY,
    UNDETERMINED,
    lookup_problem,
)
from ansible_collections.smtpd.email.plugins.module_utils._rdata import is_spf

with warnings.catch_warnings():  # of a library that nobody changes any more
    warnings.simplefilter("ignore")
    import spf as pyspf

OURS = "v=spf1 include:amazonses.com ~all"
DOMAIN = "bounce.example.com"


# Parsing


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1",
        "v=spf1 -all",
        "V=SPF1 MX -ALL",
        "v=spf1  mx   -all ",
        "v=spf1 a a:x.example a/24 a//64 a:x.example/24//64 mx/0 -all",
        "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip4:192.0.2.1/24 ip6:2001:db8::/32 ?all",
        "v=spf1 exists:%{ir}.%{v}._spf.%{d2} include:%{d} ptr ptr:x.example ~all",
        "v=spf1 redirect=x.example. exp=why.x.example unknown=%{s}/x",
        "v=spf1 include:_spf.x.example -all",
    ],
)
def test_a_record_that_receivers_understand_has_no_error(record: str) -> None:
    assert parse(record).error is None


@pytest.mark.parametrize(
    "term",
    [
        "ip4:999",
        "ip4:192.0.2.1/33",
        "ip4:192.0.2.1/",
        "ip4:192.0.2.1/024",
        "ip4:192.0.2",
        "ip4",
        "ip6:192.0.2.1",
        "ip6:2001:db8::/129",
        "foo:bar",
        "foo",
        "include:",
        "include",
        "include:localhost",
        "include:x.example/24",
        "exists",
        "a/33",
        "a//129",
        "a/",
        "a:",
        "all:x.example",
        "all/8",
        "mx:x.123",
        "include:%{x}.example",
        "include:%{d0}.example",
        "include:%x.example",
        "redirect=a.example redirect=b.example",
        "exp=a.example exp=b.example",
        "redirect=",
        "redirect=a.example/24",
        "--all",
        "-",
        "m\u00fc",
        "mx\tptr",
        "mx,ptr",
    ],
)
@pytest.mark.parametrize("place", ["v=spf1 %s -all", "v=spf1 -all %s"])
def test_a_syntax_error_anywhere_is_one_of_the_record(term: str, place: str) -> None:
    record = place % term
    assert parse(record).error
    assert not covers(record.replace("v=spf1 ", "v=spf1 include:amazonses.com "), OURS)
    assert unmerge(record, OURS) == record


# Comparing


@pytest.mark.parametrize(
    "existing",
    [
        "v=spf1 include:amazonses.com -all",
        "v=spf1 mx +include:AmazonSES.com. ip4:192.0.2.1",
        "v=spf1 include:amazonses.com -include:amazonses.com -all",
    ],
)
def test_a_record_covers_ours_where_receivers_get_to_our_mechanism(existing: str) -> None:
    assert covers(existing, OURS)


@pytest.mark.parametrize(
    "existing",
    [
        "v=spf1 mx -all include:amazonses.com",
        "v=spf1 -include:amazonses.com include:amazonses.com -all",
        "v=spf1 ?include:amazonses.com -all",
        "v=spf1 include:example.net ~all",
        "v=spf1 include:amazonses.com ip4:999 -all",
        "v=spf1 redirect=amazonses.com",
        "v=spf1 exists:amazonses.com -all",
        "v=spf1 -all",
    ],
)
def test_a_record_does_not_cover_ours_where_receivers_refuse_or_miss_our_mail(existing: str) -> None:
    assert not covers(existing, OURS)


def test_the_owners_all_is_not_ours_to_compare() -> None:
    assert not covers("v=spf1 -all", "v=spf1 ~all")


def test_networks_are_compared_by_what_they_match() -> None:
    assert covers("v=spf1 ip4:192.0.2.7/24 a/32//128 -all", "v=spf1 ip4:192.0.2.0/24 a ~all")
    assert not covers("v=spf1 ip4:192.0.2.0/25 -all", "v=spf1 ip4:192.0.2.0/24 ~all")


# Merging


@pytest.mark.parametrize(
    ("existing", "merged"),
    [
        ("v=spf1 mx -all", "v=spf1 mx include:amazonses.com -all"),
        ("v=spf1 ip4:192.0.2.1", "v=spf1 ip4:192.0.2.1 include:amazonses.com"),
        ("v=spf1 mx redirect=_spf.example.net", "v=spf1 mx include:amazonses.com redirect=_spf.example.net"),
        ("v=spf1 redirect=_spf.example.net", "v=spf1 include:amazonses.com redirect=_spf.example.net"),
        ("v=spf1 exp=why.example.net mx -all", "v=spf1 exp=why.example.net mx include:amazonses.com -all"),
        ("v=spf1 mx -all include:amazonses.com", "v=spf1 mx include:amazonses.com -all include:amazonses.com"),
        ("v=spf1 include:AmazonSES.com -all", "v=spf1 include:AmazonSES.com -all"),
        ("v=spf1", "v=spf1 include:amazonses.com"),
    ],
)
def test_merging_adds_what_is_missing_before_the_owners_all(existing: str, merged: str) -> None:
    assert merge(existing, OURS) == merged
    assert covers(merged, OURS)


def test_unmerging_gives_the_owners_record_back() -> None:
    assert unmerge(merge("v=spf1 mx -all", OURS), OURS) == "v=spf1 mx -all"
    assert unmerge("v=spf1 -include:amazonses.com -all", OURS) == "v=spf1 -include:amazonses.com -all"


def test_a_record_that_rejects_what_ours_allows_contradicts_it() -> None:
    assert contradicts("v=spf1 -include:amazonses.com -all", OURS)
    assert not contradicts("v=spf1 mx -all -include:amazonses.com", OURS)
    assert not contradicts("v=spf1 mx -all", OURS)


def test_a_record_with_modifiers_cannot_be_merged() -> None:
    assert can_merge(OURS)
    assert not can_merge("v=spf1 redirect=example.net")
    assert not can_merge("v=spf1 include:amazonses.com unknown=1 ~all")
    assert not can_merge("v=spf1 -all")
    assert not can_merge("v=spf1 include:amazonses.com foo ~all")


# The limits of DNS lookups


class Zone:
    """What DNS has, by name and type. What is not in it certainly is not there; a value of C(None) cannot be looked up."""

    def __init__(self, **names: Any) -> None:
        self.asked: list[str] = []
        self._data: dict[tuple[str, str], Optional[list[str]]] = {}
        for name, value in names.items():
            self._data[name.replace("_", ".") + ".example", "TXT"] = [value] if isinstance(value, str) else value

    def add(self, name: str, type_: str, *values: str) -> Zone:
        self._data[name, type_] = list(values)
        return self

    def __call__(self, name: str, type_: str) -> Optional[Collection[str]]:
        self.asked.append(name)
        return self._data.get((name.lower(), type_), [])


def problem(record: str, zone: Zone, known: Collection[str] = ()) -> Optional[str]:
    found = lookup_problem(DOMAIN, record, zone, known)
    return found.code if found else None


def hosts(*names: str) -> Zone:
    zone = Zone()
    for name in names:
        zone.add(name, "A", "192.0.2.1")
    return zone


def test_lookups_are_counted_through_includes_and_redirects() -> None:
    terms = " ".join("exists:%%{i}.%d.example" % number for number in range(8))
    zone = Zone(a="v=spf1 %s ip4:192.0.2.0/24 -all" % terms, b="v=spf1 -all")
    assert problem("v=spf1 include:a.example redirect=b.example", zone) is None
    assert problem("v=spf1 ptr include:a.example redirect=b.example", zone) == TOO_MANY


def test_terms_after_all_are_never_evaluated() -> None:
    after = " ".join("include:%d.example" % number for number in range(20))
    assert problem("v=spf1 -all " + after, Zone()) is None
    assert problem("v=spf1 include:a.example -all", Zone(a="v=spf1 -all " + after)) is None


def test_a_redirect_beside_all_is_never_followed() -> None:
    assert problem("v=spf1 -all redirect=nowhere.example", Zone()) is None


def test_an_include_counts_each_time() -> None:
    zone = Zone(a="v=spf1 exists:%{i}.b.example exists:%{i}.c.example -all")
    assert problem("v=spf1 include:a.example include:a.example include:a.example -all", zone) is None
    assert problem("v=spf1" + " include:a.example" * 4 + " -all", zone) == TOO_MANY


def test_a_loop_of_includes_takes_too_many_lookups() -> None:
    assert problem("v=spf1 include:a.example", Zone(a="v=spf1 include:a.example")) == TOO_MANY


def test_of_too_many_includes_none_is_looked_up() -> None:
    zone = Zone()
    assert problem("v=spf1" + "".join(" include:%d.example" % number for number in range(500)), zone) == TOO_MANY
    assert zone.asked == []


def test_three_lookups_that_find_nothing_are_too_many() -> None:
    zone = hosts("here.example")
    assert problem("v=spf1 a:here.example a:no.example mx:no.example -all", zone) is None
    assert problem("v=spf1 a:no.example mx:no.example exists:no.example -all", zone) == TOO_MANY


def test_more_than_ten_mail_hosts_are_an_error() -> None:
    zone = Zone().add("few.example", "MX", *("10 %d.example." % number for number in range(10)))
    zone.add("many.example", "MX", *("10 %d.example." % number for number in range(11)))
    assert problem("v=spf1 mx:few.example -all", zone) is None
    assert problem("v=spf1 mx:many.example -all", zone) == INVALID


@pytest.mark.parametrize("texts", [[], ["something else"], ["v=spf1 -all", "v=spf1 mx -all"], ["v=spf1 ip4:999 -all"]])
def test_an_include_needs_exactly_one_valid_record(texts: list[str]) -> None:
    assert problem("v=spf1 include:a.example -all", Zone(a=texts)) == INVALID


@pytest.mark.parametrize("record", ["v=spf1 include:a.example -all", "v=spf1 include:%{d}.example -all"])
def test_what_cannot_be_looked_up_is_no_permission(record: str) -> None:
    assert problem(record, Zone(a=None)) == UNDETERMINED


def test_names_that_cannot_be_looked_up_count_only_where_they_could_exceed_the_limit() -> None:
    zone = Zone()
    for name in "abc":
        zone._data.update({(name + ".example", type_): None for type_ in ("A", "AAAA")})
    assert problem("v=spf1 a:a.example a:b.example -all", zone) is None
    assert problem("v=spf1 a:a.example a:b.example a:c.example -all", zone) == UNDETERMINED


@pytest.mark.parametrize("texts", [None, []])
def test_the_wanted_include_takes_one_lookup_where_it_is_not_found(texts: Optional[list[str]]) -> None:
    zone = Zone()
    zone._data["amazonses.com", "TXT"] = texts
    assert problem("v=spf1 include:amazonses.com -all", zone, known=["amazonses.com"]) is None
    assert problem("v=spf1 include:amazonses.com -all", zone) == (UNDETERMINED if texts is None else INVALID)


# What an independent implementation says


class Receiver:
    """The library pyspf, on DNS data of our own."""

    def __init__(self, zone: dict[tuple[str, str], list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
        def lookup(name: str, type_: str, *_more: Any) -> Iterator[tuple[tuple[str, str], Any]]:
            for value in zone.get((name.rstrip(".").lower(), type_), []):
                yield (name, type_), (value.encode(),) if type_ == "TXT" else value

        monkeypatch.setattr(pyspf, "DNSLookup", lookup)

    def result(self, record: str, address: str = "203.0.113.99") -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            query = pyspf.query(i=address, s="x@" + DOMAIN, h=DOMAIN, strict=True)
            return query.check(record)[0]


TERMS = [
    "mx", "a", "ptr", "a:h.example", "mx:h.example", "a/24", "a/33", "a//64", "a:h.example/24//64", "ip4:192.0.2.1",
    "ip4:999", "ip4:192.0.2.0/24", "ip4:192.0.2.0/33", "ip6:2001:db8::1", "ip6:2001:db8::/130", "exists:h.example",
    "exists:no.example", "include:ok.example", "include:two.example", "include:none.example", "include:broken.example",
    "include:", "include", "-include:ok.example", "?include:ok.example", "all", "-all", "~all", "all:x", "foo:bar", "foo",
    "x=y", "x-1=%{d}", "redirect=ok.example", "redirect=none.example", "exp=h.example", "+mx", "!mx", "a:%{d}", "a:%{x}",
    "include:heavy.example", "a:no.example", "mx:no.example", "a:h.1", "include:h",
]  # fmt: skip


def test_a_few_hundred_records_are_read_as_pyspf_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in them matches the sender's address, so that each is read to its end."""
    texts = {
        "ok.example": ["v=spf1 ip4:192.0.2.77 -all"],
        "two.example": ["v=spf1 -all", "v=spf1 mx -all"],
        "none.example": ["something else"],
        "broken.example": ["v=spf1 ip4:999 -all"],
        "heavy.example": ["v=spf1 a:h.example a:h.example a:h.example a:h.example -all"],
    }
    zone: dict[tuple[str, str], list[Any]] = {(name, "TXT"): values for name, values in texts.items()}
    for name in (DOMAIN, "h.example"):
        zone[name, "A"], zone[name, "AAAA"] = ["192.0.2.8"], ["2001:db8::8"]
        zone[name, "MX"] = [(10, "h.example")]
    receiver = Receiver(zone, monkeypatch)
    chance = random.Random(7208)

    def ask(name: str, type_: str) -> Collection[str]:
        return ["%s" % (value,) for value in zone.get((name.rstrip(".").lower(), type_), [])]

    differences = []
    for _number in range(600):
        terms = [chance.choice(TERMS) for _term in range(chance.randint(1, 6))]
        record = " ".join(["v=spf1", *terms])
        ours = lookup_problem(DOMAIN, record, ask)
        theirs = receiver.result(record)
        # An "exists" matches whatever the address, so that nothing after it counts for this mail.
        if theirs != "pass" and (ours is not None) != (theirs == "permerror"):
            differences.append((record, ours, theirs))
    assert not differences, differences[:10]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The public test suite, which is in the source of pyspf."""
    folder = tmp_path_factory.mktemp("pyspf")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pyspf", "pyspf==2.0.14"]
    subprocess.run([*command, "--dest", str(folder)], check=True, timeout=120, stdin=subprocess.DEVNULL)
    (archive,) = Path(folder).iterdir()
    with tarfile.open(archive) as source:
        member = next(item for item in source.getmembers() if item.name.endswith("test/rfc7208-tests.yml"))
        text = io.TextIOWrapper(source.extractfile(member) or io.BytesIO(), "utf-8").read()
    return list(yaml.safe_load_all(text))


def test_the_public_test_suite_finds_no_other_errors(suite: list[dict[str, Any]]) -> None:
    """Each record of a test that ends in a permanent error has a problem, and no other one has a syntax error."""
    compared, differences = 0, []
    for scenario in suite:
        zone = _zone(scenario["zonedata"])
        for name, test in scenario["tests"].items():
            results = test["result"] if isinstance(test["result"], list) else [test["result"]]
            domain = str(test.get("mailfrom") or test["helo"]).rpartition("@")[2].lower()
            records = [text for text in zone.get((domain, "TXT"), []) if is_spf(text)]
            if len(records) != 1 or {"temperror", "none"} & set(results):
                continue
            compared += 1
            found = lookup_problem(domain, records[0], partial(_look, zone))
            if results == ["permerror"] and found is None:
                differences.append((name, records[0], "permerror"))
            if "permerror" not in results and parse(records[0]).error:
                differences.append((name, records[0], parse(records[0]).error))
    assert compared > 100
    assert differences == []


def _look(zone: dict[tuple[str, str], list[str]], name: str, type_: str) -> list[str]:
    return zone.get((name.lower(), type_), [])


def _zone(data: dict[str, list[Any]]) -> dict[tuple[str, str], list[str]]:
    zone: dict[tuple[str, str], list[str]] = {}
    for name, items in data.items():
        for item in items:
            for type_, value in item.items() if isinstance(item, dict) else ():
                text = "".join(value) if type_ in ("SPF", "TXT") and isinstance(value, list) else value
                zone.setdefault((name.lower(), "TXT" if type_ == "SPF" else type_), []).append(str(text))
    return zone
