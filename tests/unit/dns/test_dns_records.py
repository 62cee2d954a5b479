# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""smtpd_dns_records on a real BIND, by dynamic updates."""

from __future__ import annotations

import json
import textwrap
from typing import Any, Callable

import octodns_bind
import pytest

from tests.support.bind import BindServer

Run = Callable[..., dict[str, Any]]

DKIM = ("1h09YTLxhfFx._domainkey.mail.example.com", "CNAME", "1h09YTLxhfFx.dkim.smtpd.dev")
MX = ("bounce.mail.example.com", "MX", "feedback-smtp.us-east-1.amazonses.com")
SPF = ("bounce.mail.example.com", "TXT", "v=spf1 include:amazonses.com ~all")
TOKEN = ("_amazonses.mail.example.com", "TXT", "4ewMcIYic7jCen+qREXsi2j1lBQqT+pVN6WlR6YlMPU=")
LINK = ("go.example.net", "CNAME", "l.smtpdgo.com")
ALL = (DKIM, MX, SPF, TOKEN, LINK)


def lines(bind: BindServer, zone: str, *words: str) -> list[str]:
    return [line for line in bind.zone_text(zone).splitlines() if any(word in line for word in words)]


# Publishing


def test_the_records_are_published_in_their_zones(publish: Run, bind: BindServer) -> None:
    result = publish(*ALL, ttl=300)
    assert result["changed"]
    assert [(zone["name"], zone["created"]) for zone in result["zones"]] == [("example.com.", 4), ("example.net.", 1)]
    assert [record["action"] for record in result["records"]] == ["created"] * 5
    assert [record["zone"] for record in result["records"]] == ["example.com."] * 4 + ["example.net."]
    assert lines(bind, "example.com", "mail") == [
        "1h09ytlxhffx._domainkey.mail.example.com. 300 IN CNAME 1h09ytlxhffx.dkim.smtpd.dev.",
        '_amazonses.mail.example.com. 300 IN TXT "4ewMcIYic7jCen+qREXsi2j1lBQqT+pVN6WlR6YlMPU="',
        "bounce.mail.example.com. 300 IN MX 10 feedback-smtp.us-east-1.amazonses.com.",
        'bounce.mail.example.com. 300 IN TXT "v=spf1 include:amazonses.com ~all"',
    ]
    assert lines(bind, "example.net", "go") == ["go.example.net. 300 IN CNAME l.smtpdgo.com."]


def test_a_second_run_changes_nothing(publish: Run, bind: BindServer) -> None:
    publish(*ALL)
    serials = bind.serial("example.com"), bind.serial("example.net")
    result = publish(*ALL)
    assert not result["changed"]
    assert [zone["unchanged"] for zone in result["zones"]] == [4, 1]
    assert (bind.serial("example.com"), bind.serial("example.net")) == serials


def test_each_zone_is_read_once(publish: Run, bind: BindServer) -> None:
    before = len(bind.query_log("AXFR started"))
    publish(*ALL)
    assert len(bind.query_log("AXFR started")) - before == 2


def test_a_record_that_was_lost_is_published_again(publish: Run, bind: BindServer) -> None:
    publish(*ALL)
    bind.delete("go.example.net", "CNAME")
    result = publish(*ALL)
    assert [record["action"] for record in result["records"]] == ["unchanged"] * 4 + ["created"]


def test_the_records_of_an_existing_set_stay_with_their_ttl(publish: Run, bind: BindServer) -> None:
    bind.add(
        "bounce.mail.example.com", "TXT", '"site-verification=1"', r'"back\\slash \"q\""', '"two" "strings"', ttl=77
    )
    before = bind.records("example.com")
    publish(SPF)
    assert set(bind.records("example.com")) - set(before) == {
        ("bounce.mail.example.com.", 77, "TXT", '"v=spf1 include:amazonses.com ~all"')
    }
    assert set(before) < set(bind.records("example.com"))


def test_records_that_octodns_does_not_know_survive(publish: Run, bind: BindServer) -> None:
    for type_, value in (
        ("RP", "admin.example.com. ."),
        ("HINFO", '"a" "b"'),
        ("TYPE65280", r"\# 2 abcd"),
        ("CAA", '0 issue "ca.example"'),
        ("SRV", "0 0 25 mx.example.org."),
        ("LOC", "51 30 12.748 N 0 7 39.612 W 0.00m"),
        ("TXT", r'"not UTF-8 \200\255"'),
    ):
        bind.add("other.example.com", type_, value)
    bind.add("*.example.com", "A", "192.0.2.1")
    before = lines(bind, "example.com", "other", "*")
    publish(*ALL)
    assert lines(bind, "example.com", "other", "*") == before


def test_a_name_that_is_there_in_other_case_is_the_same(publish: Run, bind: BindServer) -> None:
    bind.add("1H09ytlxHFFX._DomainKey.Mail.EXAMPLE.com", "CNAME", "1H09YTLXHFFX.DKIM.smtpd.dev.")
    assert not publish(DKIM)["changed"]


def test_a_text_of_other_case_is_another(publish: Run, bind: BindServer) -> None:
    bind.add(TOKEN[0], "TXT", '"%s"' % TOKEN[2].lower())
    assert publish(TOKEN)["changed"]


@pytest.mark.parametrize(
    "text",
    [
        "v=DKIM1; k=rsa; p=" + "A" * 700,
        'say "hi"; or \\ or ü',
        '"v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@example.com"',
    ],
)
def test_any_text_is_published_unharmed_and_found_again(text: str, publish: Run, bind: BindServer) -> None:
    record = ("text.example.com", "TXT", text)
    result = publish(record)
    assert [rdata for name, _ttl, _type, rdata in bind.records("example.com") if name == "text.example.com."] == [
        result["records"][0]["rdata"]
    ]
    assert not publish(record)["changed"]
    assert publish(record, state="absent")["changed"]
    assert lines(bind, "example.com", "text") == []


def test_a_zone_within_another_gets_its_records(publish: Run) -> None:
    with BindServer(["example.com", "mail.example.com"]) as nested:
        provider, secrets = nested.octodns_provider()
        result = publish(
            *ALL[:4], provider=provider, provider_secrets=secrets, zones=["Example.com.", "MAIL.example.com"]
        )
        assert {record["zone"] for record in result["records"]} == {"mail.example.com."}


def test_a_text_that_equals_the_rdata_of_another_type_is_not_taken_for_it(publish: Run, bind: BindServer) -> None:
    bind.add("m.example.net", "TXT", '"10 mx.example.com."')
    publish(("m.example.net", "MX", "10 mx.example.com."))
    assert lines(bind, "example.net", "IN MX") == ["m.example.net. 3600 IN MX 10 mx.example.com."]
    bind.add(LINK[0], "TXT", '"l.smtpdgo.com."')
    publish(LINK, conflict="replace")
    assert lines(bind, "example.net", "go.") == ["go.example.net. 3600 IN CNAME l.smtpdgo.com."]


def test_of_a_text_in_two_spellings_both_are_cleared_away(publish: Run, bind: BindServer) -> None:
    bind.add(LINK[0], "TXT", '"ab"', '"a" "b"')
    assert publish(LINK)["conflicts"][0]["found"] == ['go.example.net. 300 IN TXT "ab"']
    publish(LINK, conflict="replace")
    assert lines(bind, "example.net", "go.") == ["go.example.net. 3600 IN CNAME l.smtpdgo.com."]


def test_what_the_server_itself_has_is_not_shown_as_changed(publish: Run) -> None:
    (diff,) = publish(("example.net", "TXT", "v=spf1 -all"), diff=True)["diff"]
    assert "SOA" not in diff["before"] + diff["after"]


def test_signatures_beside_a_cname_are_no_conflict(publish: Run) -> None:
    signed = """\
        go CNAME l.smtpdgo.com.
        go RRSIG CNAME 13 3 300 20990101000000 20260101000000 1 example.net. AAAA
        go KEY 512 3 13 AAAA
        go NSEC ns1 CNAME RRSIG NSEC
        """
    with BindServer({"example.net": textwrap.dedent(signed)}) as bind:
        provider, secrets = bind.octodns_provider()
        result = publish(LINK, provider=provider, provider_secrets=secrets, zones=["example.net"])
        assert [record["action"] for record in result["records"]] == ["unchanged"]


def test_thousands_of_records_are_published_in_one_run(publish: Run, bind: BindServer) -> None:
    records = [
        ("n%d.example.com" % i, type_, value)
        for i in range(500)
        for type_, value in (
            ("MX", "feedback-smtp.us-east-1.amazonses.com"),
            ("TXT", "v=spf1 include:amazonses.com ~all"),
        )
    ]
    assert publish(*records)["zones"][0]["created"] == 1000
    assert not publish(*records)["changed"]
    assert len(lines(bind, "example.com", "IN MX", "IN TXT")) == 1000


def test_no_records_take_no_server(publish: Run) -> None:
    result = publish(provider={"class": "octodns_bind.Rfc2136Provider", "host": "127.0.0.1", "port": 1})
    assert (result["changed"], result["records"], result["zones"]) == (False, [], [])


# Check and diff mode


def test_check_mode_tells_the_same_and_writes_nothing(publish: Run, bind: BindServer) -> None:
    before = bind.serial("example.com"), bind.zone_text("example.com")
    predicted = publish(*ALL, check_mode=True, diff=True)
    assert (bind.serial("example.com"), bind.zone_text("example.com")) == before
    done = publish(*ALL, diff=True)
    assert {**predicted, "invocation": None} == {**done, "invocation": None}


def test_diff_mode_shows_lines_of_each_zone(publish: Run, bind: BindServer) -> None:
    bind.add(SPF[0], "TXT", '"other"', ttl=60)
    diff = publish(SPF, LINK, diff=True)["diff"]
    assert [part["after_header"] for part in diff] == ["zone example.com.", "zone example.net."]
    assert diff[0]["before"] == 'bounce.mail.example.com. 60 IN TXT   "other"\n'
    assert diff[0]["after"] == textwrap.dedent("""\
        bounce.mail.example.com. 60 IN TXT   "other"
        bounce.mail.example.com. 60 IN TXT   "v=spf1 include:amazonses.com ~all"
    """)


# Conflicts


@pytest.mark.parametrize(
    ("name", "type_", "value", "wanted", "code"),
    [
        ("go.example.net", "CNAME", "www.example.net.", LINK, "cname_target"),
        ("go.example.net", "A", "192.0.2.1", LINK, "cname_beside_others"),
        ("go.example.net", "TXT", '"verification"', LINK, "cname_beside_others"),
        ("go.example.net", "TXT", r'"not UTF-8 \200\255"', LINK, "cname_beside_others"),
        ("go.example.net", "HINFO", '"a" "b"', LINK, "cname_beside_others"),
        ("bounce.mail.example.com", "CNAME", "www.example.net.", MX, "cname_in_the_way"),
        ("bounce.mail.example.com", "CNAME", "www.example.net.", SPF, "cname_in_the_way"),
        ("bounce.mail.example.com", "MX", "10 mx.example.org.", MX, "other_mx"),
        ("bounce.mail.example.com", "TXT", '"v=spf1 mx -all"', SPF, "second_spf"),
        ("mail.example.com", "NS", "ns.example.org.", DKIM, "delegated"),
        ("mail.example.com", "DNAME", "example.org.", DKIM, "delegated"),
    ],
)
def test_a_conflict_leaves_both_zones_untouched(
    name: str, type_: str, value: str, wanted: tuple[str, str, str], code: str, publish: Run, bind: BindServer
) -> None:
    bind.add(name, type_, value)
    before = [(bind.serial(zone), bind.zone_text(zone)) for zone in ("example.com", "example.net")]
    unrelated = ("_x.example.com", "TXT", "x"), ("_x.example.net", "TXT", "x")
    result = publish(wanted, *unrelated)
    assert result["failed"] and not result.get("changed")
    assert [conflict["code"] for conflict in result["conflicts"]] == [code]
    assert value in result["msg"] and wanted[0] in result["msg"] and wanted[2] in result["msg"]
    assert [(bind.serial(zone), bind.zone_text(zone)) for zone in ("example.com", "example.net")] == before


def test_all_conflicts_of_all_zones_are_listed_together(publish: Run, bind: BindServer) -> None:
    bind.add(MX[0], "MX", "10 mx.example.org.")
    bind.add(SPF[0], "TXT", '"v=spf1 mx -all"')
    bind.add(LINK[0], "CNAME", "www.example.net.")
    result = publish(*ALL, check_mode=True)
    assert [conflict["code"] for conflict in result["conflicts"]] == ["other_mx", "second_spf", "cname_target"]


def test_replace_clears_the_way_and_nothing_else(publish: Run, bind: BindServer) -> None:
    bind.add(MX[0], "MX", "10 mx.example.org.")
    bind.add(LINK[0], "CNAME", "www.example.net.")
    bind.add("other.example.net", "CNAME", "www.example.net.")
    result = publish(MX, LINK, conflict="replace")
    assert [record["action"] for record in result["records"]] == ["updated", "updated"]
    assert lines(bind, "example.com", "IN MX") == [
        "bounce.mail.example.com. 300 IN MX 10 feedback-smtp.us-east-1.amazonses.com."
    ]
    assert lines(bind, "example.net", "CNAME") == [
        "go.example.net. 300 IN CNAME l.smtpdgo.com.",
        "other.example.net. 300 IN CNAME www.example.net.",
    ]


def test_replace_removes_what_cannot_stand_beside_a_cname(publish: Run, bind: BindServer) -> None:
    bind.add(LINK[0], "A", "192.0.2.1", "192.0.2.2")
    bind.add(LINK[0], "TXT", '"verification"', r'"not UTF-8 \200\255"')
    bind.add(LINK[0], "HINFO", '"a" "b"')
    publish(LINK, conflict="replace")
    assert lines(bind, "example.net", "go.") == ["go.example.net. 3600 IN CNAME l.smtpdgo.com."]
    assert not publish(LINK)["changed"]


def test_spf_is_merged_and_taken_out_again(publish: Run, bind: BindServer) -> None:
    bind.add(SPF[0], "TXT", '"v=spf1 ip4:192.0.2.0/24 -all"', '"other"')
    before = bind.zone_text("example.com")
    wanted = ("bounce.mail.example.com", "TXT", "v=spf1 ip4:198.51.100.1 ~all")  # needs no look-up
    assert publish(wanted, spf="merge")["records"][0]["action"] == "updated"
    assert lines(bind, "example.com", "spf1") == [
        'bounce.mail.example.com. 300 IN TXT "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.1 -all"'
    ]
    assert not publish(wanted, spf="merge")["changed"]
    assert publish(wanted, spf="merge", state="absent")["records"][0]["action"] == "removed"
    assert bind.zone_text("example.com") == before


# Removing


def test_absent_gives_the_zones_back(publish: Run, bind: BindServer) -> None:
    bind.add(SPF[0], "TXT", '"other"', ttl=60)
    before = bind.zone_text("example.com"), bind.zone_text("example.net")
    publish(*ALL)
    result = publish(*ALL, state="absent")
    assert [zone["removed"] for zone in result["zones"]] == [4, 1]
    assert (bind.zone_text("example.com"), bind.zone_text("example.net")) == before
    assert not publish(*ALL, state="absent")["changed"]


def test_absent_removes_a_text_however_it_is_split(publish: Run, bind: BindServer) -> None:
    bind.add("text.example.com", "TXT", '"v=spf1 include:" "amazonses.com ~all"', '"other"')
    publish(("text.example.com", "TXT", "v=spf1 include:amazonses.com ~all"), state="absent")
    assert lines(bind, "example.com", "text") == ['text.example.com. 300 IN TXT "other"']


# Errors


def test_a_record_outside_of_all_zones_is_named_and_nothing_is_written(publish: Run, bind: BindServer) -> None:
    result = publish(DKIM, ("go.subexample.com", "CNAME", "l.smtpdgo.com"))
    assert result["msg"].startswith(
        "zones: no zone for go.subexample.com. The zones known are: example.com, example.net."
    )
    assert not bind.query_log("updating zone")


def test_bad_records_are_refused_before_the_server_is_asked(publish: Run, bind: BindServer) -> None:
    before = bind.query_log()
    assert publish(DKIM, ("a..example.com", "TXT", "x"))["msg"].startswith("records[1].name: ")
    assert bind.query_log() == before


@pytest.mark.parametrize("ttl", [0, -1, 2**31])
def test_an_impossible_ttl_is_refused(ttl: int, publish: Run) -> None:
    assert publish(DKIM, ttl=ttl)["msg"].startswith("ttl: ")


def test_the_result_does_not_repeat_hundreds_of_records_that_were_given(run: Run, publish: Run) -> None:
    records = [{"name": "n%d.example.net" % number, "type": "TXT", "value": "x"} for number in range(101)]
    for given in (records, [{"records": records}], [json.dumps({"records": records})]):
        result = publish(records=given, check_mode=True)
        assert len(result["records"]) == 101
        assert "n100.example.net" not in json.dumps(result["invocation"])


def test_values_of_one_name_that_just_fit_a_message_are_written_at_once(publish: Run, bind: BindServer) -> None:
    name = ".".join(["label-of-many-characters"] * 4 + ["example.net"])
    texts = ["%0600d" % number for number in range(95)]  # BIND has 100 records of a name and type at most
    assert not publish(*((name, "TXT", text) for text in texts))["failed"]
    assert len(lines(bind, "example.net", name)) == 95


def test_with_the_smallest_messages_what_is_in_the_way_still_goes_first(
    publish: Run, bind: BindServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the setting of this name does, which octodns-bind 1.0 does not have.
    one = property(lambda provider: 1, lambda provider, value: None)
    monkeypatch.setattr(octodns_bind.Rfc2136Provider, "update_batch_size", one, raising=False)
    bind.add(LINK[0], "A", "192.0.2.1")
    bind.add(LINK[0], "TXT", '"verification"')
    assert not publish(LINK, *ALL, conflict="replace")["failed"]
    assert lines(bind, "example.net", "go.") == ["go.example.net. 3600 IN CNAME l.smtpdgo.com."]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"class": ""}, ["provider.class", "is missing"]),
        ({"class": "no class"}, ["provider.class", "no class"]),
        ({"class": "octodns_bind.Missing"}, ["provider.class", "Rfc2136Provider"]),
        (
            {"class": "octodns_unheardof.Provider"},
            ["provider.class", "no known octoDNS provider package octodns_unheardof"],
        ),
        ({"class": "json.JSONDecoder"}, ["provider.class", "is not an octoDNS provider class"]),
        ({"class": "octodns_bind.AxfrSource"}, ["provider.class", "is not an octoDNS provider class"]),
        ({"class": "octodns_bind.ZoneFileProvider", "directory": "."}, ["provider.class", "zones as a whole"]),
        ({"class": "octodns.provider.yaml.YamlProvider", "directory": "."}, ["provider.class", "zones as a whole"]),
        ({"hots": "127.0.0.1"}, ["provider.hots", "is not a setting", "Did you mean 'host'?"]),
        ({"port": "many"}, ["provider", "many"]),
        ({"port": 1}, ["example.com.", "Connection refused"]),
        ({"key_name": "unknown"}, ["example.com.", "does not know the TSIG key"]),
    ],
)
def test_a_wrong_provider_setting_is_explained(
    settings: dict[str, Any], words: list[str], publish: Run, bind: BindServer
) -> None:
    result = publish(*ALL, provider=dict(bind.octodns_provider()[0], **settings))
    assert result["failed"]
    assert not [word for word in words if word not in result["msg"]]


def test_a_setting_that_is_missing_is_named(publish: Run) -> None:
    result = publish(*ALL, provider={"class": "octodns_bind.Rfc2136Provider"})
    assert result["msg"].startswith("provider.host: is required by")


def test_a_provider_that_cannot_list_zones_needs_them(publish: Run) -> None:
    assert publish(*ALL, zones=[])["msg"].startswith("zones: is empty, and octodns_bind.Rfc2136Provider cannot list")


def test_a_zone_that_is_not_there_is_named(publish: Run) -> None:
    result = publish(("a.example.org", "TXT", "x"), zones=["example.org"])
    assert "zone example.org." in result["msg"] and "check that it has the zone" in result["msg"]


def test_a_zone_that_may_not_be_transferred_is_explained(publish: Run, bind: BindServer) -> None:
    provider, _secrets = bind.octodns_provider()
    unsigned = {name: value for name, value in provider.items() if not name.startswith("key_")}
    assert "allow-transfer" in publish(*ALL, provider=unsigned, provider_secrets={})["msg"]


def test_a_wrong_secret_is_explained_and_not_shown(publish: Run) -> None:
    secret = "c2VjcmV0LXRoYXQtaXMtd3Jvbmc="
    result = publish(*ALL, provider_secrets={"key_secret": secret})
    assert "key_secret" in result["msg"]
    assert secret not in json.dumps(result)


def test_a_secret_that_is_no_base64_is_explained_and_not_shown(publish: Run) -> None:
    result = publish(*ALL, provider_secrets={"key_secret": "hunter2"})
    assert "base64" in result["msg"]
    assert "hunter2" not in json.dumps(result)


@pytest.mark.parametrize("name", ["key_secret", "token", "password", "api_key", "private_key", "secret_access_key"])
def test_a_secret_among_the_plain_settings_is_refused_and_not_shown(name: str, publish: Run, bind: BindServer) -> None:
    result = publish(*ALL, provider=dict(bind.octodns_provider()[0], **{name: "hunter2"}))
    assert result["msg"].startswith("provider.%s: " % name)
    assert "provider_secrets" in result["msg"]
    assert "hunter2" not in json.dumps(result)


def test_a_zone_that_may_not_be_written_keeps_the_others_from_being_written(publish: Run) -> None:
    with BindServer(["example.com", "example.net"], read_only=["example.net"]) as bind:
        before = bind.serial("example.com")
        provider, secrets = bind.octodns_provider()
        result = publish(*ALL, provider=provider, provider_secrets=secrets)
        assert result["failed"] and not result["changed"]
        assert "zone example.net. may be written" in result["msg"] and "this key may update the zone" in result["msg"]
        assert bind.serial("example.com") == before


def test_a_failure_midway_tells_what_was_written(publish: Run, bind: BindServer) -> None:
    # BIND refuses an MX whose host is in the zone and has no address.
    refused = ("bounce.example.net", "MX", "nowhere.example.net")
    result = publish(*ALL[:4], refused)
    assert result["failed"] and result["changed"]
    assert [record["action"] for record in result["records"]] == ["created"] * 4 + ["not_written"]
    assert [zone["created"] for zone in result["zones"]] == [4, 0]
    assert "zone example.net." in result["msg"] and "1 of 5 records" in result["msg"]
    assert lines(bind, "example.com", "bounce") and not lines(bind, "example.net", "bounce")
