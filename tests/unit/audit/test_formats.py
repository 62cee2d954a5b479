# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of an audit as files that other programs read, each read by such a program."""

from __future__ import annotations

import importlib
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Iterator, Sequence
from xml.etree import ElementTree

import jsonschema
import junitparser
import prometheus_client.parser
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._audit import audit_report
from ansible_collections.smtpd.email.plugins.module_utils._audit_formats import FORMATS, audit_format
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError
from ansible_collections.smtpd.email.plugins.module_utils._texts import printable
from tests.support.accounts import (
    NOW,
    answers,
    example_page,
    large_account,
    lookup,
    missing,
    profile,
    servfail,
    small_account,
)

HOSTILE = (
    "<script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "' onclick='x",
    "&lt;b&gt;",
    "]]>",
    "<!--",
    "</style>",
    "{{ 7 * 7 }}",
    "%s {0}",
    'back\\slash "quote"',
    "line\nbreak",
    "nul\x00 bell\x07 esc\x1b[31m",
    "\u202eright to left",
    "lone \ud800 surrogate",
    "\ufffe\uffff",
    "naïve ☃ 邮件 🐿",
    "",
)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return audit_report(*small_account(), NOW, "acorn")


@pytest.fixture(scope="module")
def hostile() -> dict[str, Any]:
    return report_of(HOSTILE)


def report_of(texts: Sequence[str]) -> dict[str, Any]:
    """A report in which all that others write is one of these texts, with a profile for each."""
    profiles = [
        profile(
            "mail%d.acorn.example" % number,
            ("pending", "active", "failed")[number % 3],
            text,
            profile_id="id-%d" % number,
            link_domain_default_redirect=text,
        )
        for number, text in enumerate(texts)
    ]
    found = answers(
        [one for one in profiles if one["state"] != "failed"],
        {(one["profile_id"], number): (missing, servfail)[number % 2] for one in profiles for number in range(3)},
    )
    for one, text in zip(profiles, texts):
        one.update(sending_domain=text or None, state=one["state"] if one["state"] != "failed" else "x" + text)
    for answer in found["records"]:
        text = texts[int(answer["profile_id"].removeprefix("id-"))]
        if answer["status"] != "present":
            answer.update(message=text, found=[text], diagnosis=text)
    return audit_report(lookup(profiles), found, NOW, texts[0])


@pytest.mark.parametrize("format", FORMATS)
def test_a_report_of_no_profile_can_be_written(format: str) -> None:
    assert audit_format(audit_report(lookup([]), {}, NOW), format)


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_text_can_be_written(format: str, hostile: dict[str, Any]) -> None:
    assert audit_format(hostile, format).encode("utf-8")


ANY_TEXT = st.text(max_size=30) | st.lists(
    st.sampled_from([*HOSTILE, "\n", '"', "'", "<", "&", "]]>", "\\", "\x85", "\u2028", "\x1b", "{", "%"]), max_size=4
).map("".join)


@settings(deadline=None, max_examples=25)
@given(st.lists(ANY_TEXT, min_size=4, max_size=6))
def test_any_text_stays_text_for_whatever_reads_a_report(texts: list[str]) -> None:
    report = report_of(texts)
    written = {one["profile_id"]: printable(one["profile_name"]) for one in report["profiles"]}
    read = {
        labels["profile_id"]: labels["profile_name"]
        for name, labels, _value in samples(report)
        if name == "smtpd_profile_state"
    }
    assert read == written
    cases = ElementTree.fromstring(audit_format(report, "junit").encode()).findall("testsuite/testcase")
    assert sorted(case.attrib["name"] for case in cases) == sorted(
        "%s (%s)" % (name, profile_id) for profile_id, name in written.items()
    )
    assert json.loads(audit_format(report, "json")) == report
    lines = audit_format(report, "text").split("\n")
    assert all(line.isprintable() for line in lines)
    assert len(lines) == 2 + sum(one["status"] != "ok" for one in report["profiles"])
    tags, expected = (
        # But for those of names with a dot in them, and of names below the profile's own.
        {tag for tag, _attributes in Elements(audit_format(one, "html")).found} - {"wbr", "i"}
        for one in (report, harmless(report, texts))
    )
    assert tags == expected


def test_a_format_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(InputError, match="'pdf' is none of text, json, junit, prometheus, html"):
        audit_format({}, "pdf")


# Text


def test_the_text_has_a_line_for_each_problem(report: dict[str, Any]) -> None:
    lines = audit_format(report, "text").splitlines()
    assert lines[0] == "12 profiles: 4 broken, 1 degraded, 2 unknown, 5 ok"
    assert [line.split()[0] for line in lines[1:]] == ["broken"] * 4 + ["degraded"] + ["unknown"] * 2
    assert lines[2] == (
        "broken   mail.birch.example (invoices, %s): No mail goes out, though DNS answers right by now: have it "
        "verified within "
        "about 31 hours." % report["profiles"][1]["profile_id"]
    )


def test_the_text_stays_short_for_any_number_of_problems() -> None:
    lines = audit_format(audit_report(*large_account(60, ill=1.0), NOW), "text").splitlines()
    assert len(lines) == 22 and lines[-1] == "and 40 more, see the report"


def test_the_text_says_when_there_is_nothing() -> None:
    assert audit_format(audit_report(lookup([]), {}, NOW), "text").startswith("No profile was found.")


def test_nothing_in_the_text_breaks_its_lines_or_colours_a_terminal(hostile: dict[str, Any]) -> None:
    text = audit_format(hostile, "text")
    assert all(line.isprintable() for line in text.splitlines())
    assert len(text.splitlines()) == 1 + sum(one["status"] != "ok" for one in hostile["profiles"])


# JSON


def documented(node: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema of what a filter's documentation says of its return value: these very keys, of these types."""
    types = {
        "str": ["string", "null"],
        "float": ["number", "null"],
        "int": "integer",
        "list": "array",
        "dict": ["object", "null"],
    }
    schema: dict[str, Any] = {"type": types[node["type"]]}
    if "contains" in node:
        properties = {name: documented(inner) for name, inner in node["contains"].items()}
        inside = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        schema = inside if node["type"] == "dict" else {"type": "array", "items": inside}
    return schema


@pytest.mark.parametrize("name", ["report", "hostile"])
def test_the_json_is_what_the_documentation_says(name: str, request: pytest.FixtureRequest) -> None:
    module = importlib.import_module("ansible_collections.smtpd.email.plugins.filter.audit_report")
    schema = documented(yaml.safe_load(module.RETURN)["_value"])
    assert {"generated_at", "summary", "profiles"} <= schema["properties"].keys()
    content = json.loads(audit_format(request.getfixturevalue(name), "json"))
    jsonschema.validate(content, schema)
    assert content == request.getfixturevalue(name)


# JUnit


def test_the_junit_file_has_a_case_for_each_profile(report: dict[str, Any]) -> None:
    suites = junitparser.JUnitXml.fromstring(audit_format(report, "junit").encode("utf-8"))
    (suite,) = list(suites)
    assert suite.name == "smtpd.email.audit acorn"
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (12, 5, 0, 2)
    cases = {case.classname: case for case in suite}
    assert cases["mail.larch.example"].is_passed
    assert cases["post.fir.example"].is_skipped
    (failure,) = cases["shop.acorn.example"].result
    assert failure.type == "broken" and failure.message.startswith("No mail goes out")
    assert [line.partition(" ")[0] for line in failure.text.splitlines()][1] == "go.acorn.example."


def test_the_counts_of_the_junit_file_are_those_of_its_cases(hostile: dict[str, Any]) -> None:
    root = ElementTree.fromstring(audit_format(hostile, "junit").encode("utf-8"))
    (suite,) = root
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase")) == len(HOSTILE)
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
    assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))


def test_hostile_text_stays_text_in_the_junit_file(hostile: dict[str, Any]) -> None:
    root = ElementTree.fromstring(audit_format(hostile, "junit").encode("utf-8"))
    assert {element.tag for element in root.iter()} == {"testsuites", "testsuite", "testcase", "failure", "skipped"}
    assert HOSTILE[0] in {case.attrib["classname"] for case in root.iter("testcase")}


# Prometheus


def samples(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, str], float]]:
    text = audit_format(report, "prometheus")
    for family in prometheus_client.parser.text_string_to_metric_families(text):
        assert family.type == "gauge" and family.documentation and family.samples is not None
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def test_the_metrics_tell_what_the_report_tells(report: dict[str, Any]) -> None:
    found = list(samples(report))
    assert ("smtpd_audit_timestamp_seconds", {"account": "acorn"}, NOW) in found
    assert ("smtpd_audit_profiles", {"account": "acorn", "status": "broken"}, 4) in found
    assert ("smtpd_audit_records", {"account": "acorn", "status": "missing"}, 10) in found
    one = report["profiles"][0]
    own = {"account": "acorn", **{name: one[name] for name in ("profile_id", "profile_name", "sending_domain")}}
    assert ("smtpd_profile_status", {**own, "status": "broken"}, 1) in found
    assert ("smtpd_profile_status", {**own, "status": "ok"}, 0) in found
    assert ("smtpd_profile_state", {**own, "state": "pending"}, 1) in found
    assert ("smtpd_profile_records", {**own, "verdict": "wrong"}, 2) in found
    (limit,) = [
        value
        for name, labels, value in found
        if name == "smtpd_profile_disabled_after_timestamp_seconds" and labels["profile_id"] == one["profile_id"]
    ]
    assert (limit - NOW) / 3600 == pytest.approx(4.4, abs=0.01)


def test_only_pending_profiles_have_a_limit_in_the_metrics(report: dict[str, Any]) -> None:
    limits = [
        labels["sending_domain"]
        for name, labels, _value in samples(report)
        if name.startswith("smtpd_profile_disabled_after")
    ]
    assert limits == ["shop.acorn.example", "mail.birch.example", "hello.cedar.example"]


def test_every_metric_is_explained_even_where_it_has_no_sample() -> None:
    lines = audit_format(audit_report(lookup([]), {}, NOW), "prometheus").splitlines()
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert len(names) == 7
    assert names == {line.split()[2] for line in lines if line.startswith("# HELP")}
    assert 'smtpd_audit_profiles{status="broken"} 0' in lines


def test_no_sample_is_there_twice(hostile: dict[str, Any]) -> None:
    keys = [(name, *sorted(labels.items())) for name, labels, _value in samples(hostile)]
    assert len(keys) == len(set(keys))


def test_hostile_text_stays_a_label_in_the_metrics(hostile: dict[str, Any]) -> None:
    text = audit_format(hostile, "prometheus")
    names = {
        labels["profile_id"]: labels["profile_name"]
        for name, labels, _value in samples(hostile)
        if name == "smtpd_profile_state"
    }
    assert names["id-0"] == HOSTILE[0]
    assert names["id-%d" % HOSTILE.index('back\\slash "quote"')] == 'back\\slash "quote"'
    assert names["id-%d" % HOSTILE.index("line\nbreak")] == "line\\u000abreak"
    assert all(line.startswith(("#", "smtpd_")) for line in text.splitlines()) and text.endswith("\n")


# The page


class Elements(HTMLParser):
    """What elements and attributes a page has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", ["report", "hostile"])
def test_the_page_has_nothing_that_runs_or_is_fetched(name: str, request: pytest.FixtureRequest) -> None:
    elements = Elements(audit_format(request.getfixturevalue(name), "html")).found
    assert not {tag for tag, _attributes in elements} & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "image",
    }
    assert not [attribute for _tag, attributes in elements for attribute in attributes if attribute.startswith("on")]
    addresses = [
        attributes[key] or "" for _tag, attributes in elements for key in ("href", "src", "action") if key in attributes
    ]
    assert all(address.startswith(("#", "data:image/svg+xml,")) for address in addresses)


def test_hostile_text_stays_text_on_the_page(hostile: dict[str, Any]) -> None:
    tags = {tag for tag, _attributes in Elements(audit_format(hostile, "html")).found}
    assert tags == {tag for tag, _attributes in Elements(audit_format(harmless(hostile), "html")).found}
    text = Elements(audit_format(hostile, "html")).text
    assert (
        HOSTILE[0] in text
        and "{{ 7 * 7 }}" in text
        and "\\u202eright to left" in text
        and "nul\\u0000 bell\\u0007" in text
    )


def harmless(node: Any, texts: Sequence[str] = HOSTILE) -> Any:
    """The same report without any special character."""
    if isinstance(node, dict):
        return {key: harmless(value, texts) for key, value in node.items()}
    if isinstance(node, list):
        return [harmless(item, texts) for item in node]
    return "x" if node in texts and node else node


def test_the_page_names_every_profile_and_every_record_that_is_not_right(report: dict[str, Any]) -> None:
    text = Elements(audit_format(report, "html").replace("<wbr>", "")).text
    for one in report["profiles"]:
        assert one["sending_domain"] in text and one["profile_id"] in text
        for record in one["records"]:
            assert record["fqdn"].rstrip(".") in text and record["message"] in text and record["rdata"] in text


def test_the_page_that_the_documentation_shows_is_what_is_written_today() -> None:
    shown = Path(__file__).resolve().parents[3] / "docs" / "docsite" / "rst" / "examples" / "audit.html"
    assert shown.read_text(encoding="utf-8") == example_page(), "run make audit-example"


@pytest.mark.parametrize("ill", [0.06, 1.0])
def test_the_page_of_a_thousand_profiles_is_below_three_megabytes_and_names_each(ill: float) -> None:
    report = audit_report(*large_account(1000, ill), NOW)
    content = audit_format(report, "html")
    assert len(content.encode("utf-8")) < 3_000_000
    assert all(one["profile_id"] in content for one in report["profiles"])
    assert "There is no room" not in content


def test_the_page_of_any_number_of_profiles_is_below_three_megabytes() -> None:
    report = audit_report(*large_account(20, ill=1.0), NOW)
    report["profiles"] = report["profiles"] * 700
    content = audit_format(report, "html")
    assert len(content.encode("utf-8")) < 3_000_000
    assert "There is no room for DNS records on this page any more" in content
    assert "more, for which there is no room on this page" in content
