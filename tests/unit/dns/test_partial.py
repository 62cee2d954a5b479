# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtpd_dns_records with partial=true on a real BIND: one bad profile does not stop the others."""

from __future__ import annotations

from typing import Any, Callable, Optional

import pytest

from ansible_collections.smtpd.email.plugins.module_utils._errors import SmtpdError
from ansible_collections.smtpd.email.plugins.module_utils._octodns import Provider
from ansible_collections.smtpd.email.plugins.module_utils._rfc2136 import Rfc2136Zones
from tests.support.bind import _ZONE_CONFIG, BindServer

Run = Callable[..., dict[str, Any]]

SES = "feedback-smtp.us-east-1.amazonses.com"
LINK_TARGET = "l.smtpdgo.com"


def record(profile_id: Optional[str], name: str, type_: str, value: str) -> dict[str, Any]:
    return {"profile_id": profile_id, "name": name, "type": type_, "value": value}


def profile(profile_id: str, link_zone: str = "example.net") -> list[dict[str, Any]]:
    """Records of a profile in two zones."""
    return [
        record(profile_id, "_amazonses.%s.example.com" % profile_id, "TXT", "token of %s" % profile_id),
        record(profile_id, "bounce.%s.example.com" % profile_id, "MX", SES),
        record(profile_id, "go-%s.%s" % (profile_id, link_zone), "CNAME", LINK_TARGET),
    ]


def actions(result: dict[str, Any], profile_id: Optional[str]) -> list[str]:
    return [one["action"] for one in result["records"] if one["profile_id"] == profile_id]


def published(bind: BindServer, word: str) -> list[str]:
    text = bind.zone_text("example.com") + bind.zone_text("example.net")
    return [line for line in text.splitlines() if word in line]


def left_out(result: dict[str, Any]) -> list[Optional[str]]:
    return [item["profile_id"] for item in result["left_out"]]


def test_a_profile_in_conflict_is_left_out_of_all_zones_and_the_others_are_published(
    publish: Run, bind: BindServer
) -> None:
    bind.add("go-p2.example.net", "A", "192.0.2.1")
    result = publish(records=[*profile("p1"), *profile("p2"), *profile("p3")], partial=True)
    assert result["failed"] and result["changed"]
    assert [actions(result, name) for name in ("p1", "p2", "p3")] == [
        ["created"] * 3,
        ["left_out"] * 3,
        ["created"] * 3,
    ]
    assert len(published(bind, "p1")) == len(published(bind, "p3")) == 3
    assert published(bind, "p2") == ["go-p2.example.net. 300 IN A 192.0.2.1"]
    (item,) = result["left_out"]
    assert item["profile_id"] == "p2"
    assert [conflict["code"] for conflict in item["conflicts"]] == ["cname_beside_others"]
    assert "go-p2.example.net. 300 IN A 192.0.2.1" in item["msg"]
    assert item["records"] == [one for one in result["records"] if one["profile_id"] == "p2"]
    assert "profile p2: " in result["msg"] and "p1" not in result["msg"]
    assert [(zone["name"], zone["created"]) for zone in result["zones"]] == [("example.com.", 4), ("example.net.", 2)]


def test_without_partial_nothing_is_written(publish: Run, bind: BindServer) -> None:
    bind.add("go-p2.example.net", "A", "192.0.2.1")
    result = publish(records=[*profile("p1"), *profile("p2")])
    assert result["failed"] and not result["changed"] and "left_out" not in result
    assert published(bind, "p1") == []


def test_where_nothing_is_left_out_the_module_succeeds(publish: Run) -> None:
    result = publish(records=[*profile("p1"), *profile("p2")], partial=True)
    assert not result["failed"] and result["left_out"] == []
    assert publish(records=[], partial=True)["left_out"] == []


def test_a_second_run_changes_nothing_and_fails_again(publish: Run, bind: BindServer) -> None:
    bind.add("go-p2.example.net", "A", "192.0.2.1")
    given = [*profile("p1"), *profile("p2")]
    publish(records=given, partial=True)
    result = publish(records=given, partial=True)
    assert result["failed"] and not result["changed"]
    assert (actions(result, "p1"), left_out(result)) == (["unchanged"] * 3, ["p2"])


def test_check_mode_says_the_same_and_writes_nothing(publish: Run, bind: BindServer) -> None:
    bind.add("go-p2.example.net", "A", "192.0.2.1")
    given = [*profile("p1"), *profile("p2"), *profile("p4", "example.org")]
    before = bind.serial("example.com"), bind.serial("example.net")
    predicted = publish(records=given, partial=True, check_mode=True, diff=True)
    assert (bind.serial("example.com"), bind.serial("example.net")) == before
    done = publish(records=given, partial=True, diff=True)
    assert predicted["changed"] and left_out(predicted) == ["p2", "p4"]
    assert "would be published" in predicted["msg"] and "are published" in done["msg"]
    for key in ("records", "zones", "diff", "left_out", "changed", "failed"):
        assert predicted[key] == done[key]


def test_the_diff_has_only_what_is_published_and_only_in_diff_mode(publish: Run, bind: BindServer) -> None:
    bind.add("go-p2.example.net", "A", "192.0.2.1")
    given = [*profile("p1"), *profile("p2")]
    diff = publish(records=given, partial=True, diff=True, check_mode=True)["diff"]
    assert "p1" in str(diff) and "p2" not in str(diff)
    assert "diff" not in publish(records=given, partial=True)


def test_a_record_without_a_profile_is_left_out_alone(publish: Run, bind: BindServer) -> None:
    bind.add("a.example.com", "CNAME", "www.example.com.")
    free = [record(None, name + ".example.com", "TXT", "x") for name in "ab"]
    bare = {"name": "c.example.com", "type": "TXT", "value": "x"}
    result = publish(records=[*free, bare], partial=True)
    assert [one["action"] for one in result["records"]] == ["left_out", "created", "created"]
    assert left_out(result) == [None]
    assert "record a.example.com. TXT: " in result["msg"]


def test_a_profile_outside_of_all_zones_is_left_out(publish: Run, bind: BindServer) -> None:
    result = publish(records=[*profile("p1"), *profile("p2", "example.org")], partial=True)
    assert (actions(result, "p1"), actions(result, "p2")) == (["created"] * 3, ["left_out"] * 3)
    assert [one["zone"] for one in result["records"]][3:] == ["example.com.", "example.com.", None]
    (item,) = result["left_out"]
    assert item["msg"] == "zones: no zone for go-p2.example.org. The zones known are: example.com, example.net."
    assert published(bind, "p2") == []


def test_a_profile_whose_zone_the_server_does_not_have_is_left_out(publish: Run, bind: BindServer) -> None:
    zones = ["example.com", "example.net", "example.org"]
    result = publish(records=[*profile("p1"), *profile("p2", "example.org")], zones=zones, partial=True)
    assert (actions(result, "p1"), actions(result, "p2")) == (["created"] * 3, ["left_out"] * 3)
    assert "zone example.org." in result["left_out"][0]["msg"]
    assert [zone["created"] for zone in result["zones"]] == [2, 1, 0]
    assert published(bind, "p2") == []


@pytest.mark.parametrize("partial", [True, False])
def test_a_profile_whose_zone_may_not_be_updated_is_left_out_of_the_others_too(publish: Run, partial: bool) -> None:
    with BindServer(["example.com", "example.net", "example.org"], read_only=["example.org"]) as bind:
        provider, secrets = bind.octodns_provider()
        result = publish(
            records=[*profile("p1"), *profile("p2", "example.org")],
            provider=provider,
            provider_secrets=secrets,
            zones=["example.com", "example.net", "example.org"],
            partial=partial,
        )
        assert result["failed"] and published(bind, "p2") == []
        if partial:
            assert (actions(result, "p1"), actions(result, "p2")) == (["created"] * 3, ["left_out"] * 3)
            assert "update" in result["left_out"][0]["msg"] and result["left_out"][0]["conflicts"] == []
        else:
            assert published(bind, "p1") == []


def test_a_profile_that_is_complete_in_a_zone_that_may_not_be_updated_is_not_left_out(publish: Run) -> None:
    there = "go-p1 CNAME %s.\n" % LINK_TARGET
    zones = {"example.com": "", "example.net": there}
    with BindServer(zones, read_only=["example.net"]) as bind:
        provider, secrets = bind.octodns_provider()
        given = [*profile("p1"), *profile("p2")]
        result = publish(records=given, provider=provider, provider_secrets=secrets, partial=True)
        assert actions(result, "p1") == ["created", "created", "unchanged"]
        assert (actions(result, "p2"), left_out(result)) == (["left_out"] * 3, ["p2"])


def test_what_falls_out_can_bring_another_record_into_conflict(publish: Run, bind: BindServer) -> None:
    # Because of the record at b, it is no harm that the wildcard stops to answer for b.
    bind.add("*.example.com", "A", "192.0.2.1")
    bind.add("go-p1.example.net", "A", "192.0.2.1")
    given = [
        record(None, "a.b.example.com", "TXT", "x"),
        record("p1", "b.example.com", "TXT", "x"),
        record("p1", "go-p1.example.net", "CNAME", LINK_TARGET),
        record("p3", "c.example.net", "TXT", "x"),
    ]
    result = publish(records=given, partial=True)
    assert {item["profile_id"]: item["conflicts"][0]["code"] for item in result["left_out"]} == {
        "p1": "cname_beside_others",
        None: "wildcard_hidden",
    }
    assert actions(result, "p3") == ["created"]
    assert published(bind, '"x"') == ['c.example.net. 3600 IN TXT "x"']


def test_a_record_that_two_profiles_share_is_published_for_the_one_that_is_not_left_out(
    publish: Run, bind: BindServer
) -> None:
    bind.add("go-p1.example.net", "A", "192.0.2.1")
    shared = [record(name, "bounce.example.com", "MX", SES) for name in ("p1", "p2")]
    result = publish(records=[*profile("p1"), *profile("p2"), *shared], partial=True)
    assert [one["action"] for one in result["records"]][-2:] == ["left_out", "created"]
    assert published(bind, "bounce.example.com") == ["bounce.example.com. 3600 IN MX 10 %s." % SES]


def test_records_that_a_server_refuses_midway_leave_out_their_profile_alone(publish: Run) -> None:
    # BIND refuses an MX whose host is in the zone and has no address.
    zones = ["example.com", "example.net", "example.org"]
    with BindServer(zones) as bind:
        provider, secrets = bind.octodns_provider()
        given = [
            *(one for number in range(20) for one in profile("a%d" % number)),
            record("p2", "_amazonses.p2.example.com", "TXT", "x"),
            record("p2", "bounce.p2.example.net", "MX", "nowhere.example.net"),
            record("p2", "z.p2.example.net", "TXT", "x"),
            record("p2", "go.p2.example.org", "CNAME", LINK_TARGET),
            *profile("p3", "example.org"),
            *(one for number in range(20) for one in profile("z%d" % number)),
        ]
        result = publish(records=given, zones=zones, provider=provider, provider_secrets=secrets, partial=True)
        assert result["failed"] and result["changed"]
        assert actions(result, "p2") == ["created", "not_written", "not_written", "left_out"]
        assert left_out(result) == ["p2"] and "REFUSED" in result["left_out"][0]["msg"]
        assert {one["action"] for one in result["records"] if one["profile_id"] != "p2"} == {"created"}
        assert "p2" not in bind.zone_text("example.org") + bind.zone_text("example.net")
        assert [zone["created"] for zone in result["zones"]] == [83, 40, 1]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_name_that_a_key_may_not_write_leaves_out_its_profile_alone_and_entirely(
    state: str, publish: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = 'update-policy {{ deny "{key_name}" subdomain bounce.p2.example.com. ANY; '
    monkeypatch.setattr("tests.support.bind._ZONE_CONFIG", _ZONE_CONFIG.replace("update-policy {{ ", denied))
    given = [*profile("p1"), *profile("p2"), *profile("p3")]
    zones = {"example.com": "", "example.net": ""}
    if state == "absent":
        for one in given:
            name, zone = one["name"].rsplit(".", 2)[0], one["name"].split(".", one["name"].count(".") - 1)[-1]
            value = {"TXT": '"%s"', "MX": "10 %s.", "CNAME": "%s."}[one["type"]] % one["value"]
            zones[zone] += "%s %s %s\n" % (name, one["type"], value)
    with BindServer(zones) as bind:
        provider, secrets = bind.octodns_provider()
        before = published(bind, "p2")
        result = publish(records=given, provider=provider, provider_secrets=secrets, state=state, partial=True)
        assert left_out(result) == ["p2"] and actions(result, "p2") == ["left_out"] * 3
        done = "created" if state == "present" else "removed"
        assert [actions(result, name) for name in ("p1", "p3")] == [[done] * 3] * 2
        assert published(bind, "p2") == before


@pytest.mark.parametrize(
    "zones", [["example.com"], ["example.com", "example.net"]], ids=["one message", "two messages"]
)
def test_a_refused_name_does_not_leave_out_a_profile_that_shares_another_name(
    zones: list[str], publish: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below one domain, profiles share the link domain that the service chooses."""
    denied = 'update-policy {{ deny "{key_name}" subdomain bounce.p1.example.com. ANY; '
    monkeypatch.setattr("tests.support.bind._ZONE_CONFIG", _ZONE_CONFIG.replace("update-policy {{ ", denied))
    given = [
        *(
            one
            for name in ("p1", "p2")
            for one in [*profile(name, zones[-1]), record(name, "go.example.com", "CNAME", LINK_TARGET)]
        )
    ]
    with BindServer(["example.com", "example.net"]) as bind:
        provider, secrets = bind.octodns_provider()
        options = {"records": given, "provider": provider, "provider_secrets": secrets, "zones": zones, "partial": True}
        result = publish(**options)
        assert left_out(result) == ["p1"] and actions(result, "p2") == ["created"] * 4
        assert len(published(bind, "go.example.com.")) == 1
        assert actions(publish(**options), "p2") == ["unchanged"] * 4


def test_a_zone_that_fails_midway_leaves_out_all_that_is_open_in_it(
    publish: Run, bind: BindServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Provider.write

    def failing(self: Provider, loaded: Any, plan: Any) -> None:
        if loaded.name == "example.com.":
            raise SmtpdError("timed out")
        write(self, loaded, plan)

    monkeypatch.setattr(Provider, "write", failing)
    result = publish(records=[*profile("p1"), record("p2", "a.example.net", "TXT", "x")], partial=True)
    assert actions(result, "p1") == ["not_written", "not_written", "left_out"]
    assert actions(result, "p2") == ["created"] and left_out(result) == ["p1"]
    assert published(bind, "p1") == []


def test_a_provider_that_does_not_answer_is_not_asked_for_every_zone(
    publish: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def silent(self: Rfc2136Zones, zone: str, names: set[str]) -> Any:
        asked.append(zone)
        raise TimeoutError("timed out")

    monkeypatch.setattr(Rfc2136Zones, "read", silent)
    zones = ["z%d.example" % number for number in range(9)]
    given = [record(None, "a." + zone, "TXT", "x") for zone in zones]
    result = publish(records=given, zones=zones, partial=True)
    assert len(asked) == 3 and len(result["left_out"]) == 9
    assert "Nothing answered in time" in result["left_out"][0]["msg"]
    assert result["left_out"][8]["msg"].startswith("Not read, because the provider did not answer for other zones. ")


@pytest.mark.parametrize(
    "name, type_, value, other, words",
    [
        ("go.example.net", "CNAME", LINK_TARGET, "l.example.org", "only one CNAME record"),
        ("bounce.example.com", "MX", SES, "feedback-smtp.eu-west-1.amazonses.com", "only one MX record"),
        ("bounce.example.com", "TXT", "v=spf1 a -all", "v=spf1 mx -all", "a second SPF record"),
    ],
)
def test_profiles_whose_records_contradict_each_other_are_all_left_out(
    name: str, type_: str, value: str, other: str, words: str, publish: Run, bind: BindServer
) -> None:
    """Profiles can share a link or bounce domain. The first of them is not right because it is the first."""
    records = [*profile("p1"), *profile("p2"), *profile("p3"), *profile("p4")]
    for owner, own_value in (("p1", value), ("p2", other), ("p4", value)):
        records.append(record(owner, name, type_, own_value))
    result = publish(records=records, partial=True)
    assert result["failed"] and left_out(result) == ["p1", "p2", "p4"]
    assert actions(result, "p3") == ["created"] * 3
    assert all(words in item["msg"] for item in result["left_out"])
    assert "profile p1" in result["left_out"][1]["msg"]
    assert [len(published(bind, word)) for word in ("p1", "p2", "p3", "p4", " %s." % name)] == [0, 0, 3, 0, 0]


def test_several_mx_records_by_hand_do_not_contradict_each_other(publish: Run) -> None:
    result = publish(("bounce.example.com", "MX", "10 a.example.org"), ("bounce.example.com", "MX", "20 b.example.org"))
    assert not result["failed"] and result["zones"][0]["created"] == 2
