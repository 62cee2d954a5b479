# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change in a zone, and what stands against it: decisions without a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.smtpd.email.plugins.module_utils._dns_plan import (
    ABSENT,
    Policy,
    ZonePlan,
    assign_zones,
    plan_zone,
    relevant_names,
)
from ansible_collections.smtpd.email.plugins.module_utils._dns_spf_lookups import Problem
from ansible_collections.smtpd.email.plugins.module_utils._errors import InputError
from ansible_collections.smtpd.email.plugins.module_utils._rdata import is_spf
from ansible_collections.smtpd.email.plugins.module_utils._record_sets import Content, RecordSet, batches
from ansible_collections.smtpd.email.plugins.module_utils._records import Wish, check_records

ZONE = "example.com."


def wish(name: str, type_: str, value: str) -> Wish:
    return check_records([{"name": name, "type": type_, "value": value}])[0]


def content_of(*sets: RecordSet) -> dict[str, dict[str, RecordSet]]:
    content: dict[str, dict[str, RecordSet]] = {}
    for one in sets:
        content.setdefault(one.name, {})[one.type] = one
    return content


def plan(content: Content, *wishes: Wish, **policy: Any) -> ZonePlan:
    return plan_zone(ZONE, wishes, content, Policy(**policy))


def applied(content: Content, done: ZonePlan) -> dict[str, dict[str, RecordSet]]:
    """The zone after the plan."""
    after = {name: dict(sets) for name, sets in content.items()}
    for change in done.changes:
        sets = after.setdefault(change.any.name, {})
        assert sets.get(change.any.type) == change.before
        sets.pop(change.any.type, None)
        if change.after:
            sets[change.any.type] = change.after
    return {name: sets for name, sets in after.items() if sets}


def codes(done: ZonePlan) -> list[str]:
    return [conflict.code for conflict in done.conflicts]


# Publishing


def test_a_text_joins_those_that_are_there_and_the_ttl_stays() -> None:
    there = RecordSet("a.example.com.", "TXT", 60, ("site-verification=1",))
    done = plan(content_of(there), wish("a.example.com", "TXT", "ours"), ttl=3600)
    assert [change.after for change in done.changes] == [
        RecordSet("a.example.com.", "TXT", 60, ("site-verification=1", "ours"))
    ]
    assert done.actions == ["created"]


def test_a_new_set_gets_the_wanted_ttl() -> None:
    done = plan({}, wish("a.example.com", "TXT", "ours"), ttl=300)
    assert done.changes[0].after == RecordSet("a.example.com.", "TXT", 300, ("ours",))


def test_equal_records_are_one() -> None:
    done = plan({}, wish("a.example.com", "TXT", "ours"), wish("A.example.com.", "TXT", '"ours"'))
    assert len(done.changes) == 1
    assert done.actions == ["created", "created"]


def test_the_diff_shows_the_names_that_change() -> None:
    there = [RecordSet("a.example.com.", "TXT", 60, ("old",)), RecordSet("b.example.com.", "TXT", 60, ("other",))]
    done = plan(content_of(*there), wish("a.example.com", "TXT", "ours"), wish("b.example.com", "TXT", "other"))
    assert done.diff == {
        "before_header": "zone example.com.",
        "after_header": "zone example.com.",
        "before": 'a.example.com. 60 IN TXT   "old"\n',
        "after": 'a.example.com. 60 IN TXT   "old"\na.example.com. 60 IN TXT   "ours"\n',
    }


# Conflicts


CNAME_THERE = RecordSet("a.example.com.", "CNAME", 60, ("www.example.com.",))
A_THERE = RecordSet("a.example.com.", "A", 60, ("192.0.2.1",))
MX_THERE = RecordSet("a.example.com.", "MX", 60, ("10 mx.example.org.",))
SPF_THERE = RecordSet("a.example.com.", "TXT", 60, ("v=spf1 mx -all",))
OUR_SPF = "v=spf1 include:amazonses.com ~all"


@pytest.mark.parametrize(
    ("there", "type_", "value", "code"),
    [
        (CNAME_THERE, "CNAME", "ours.example.net", "cname_target"),
        (A_THERE, "CNAME", "ours.example.net", "cname_beside_others"),
        (CNAME_THERE, "TXT", "ours", "cname_in_the_way"),
        (CNAME_THERE, "MX", "ours.example.net", "cname_in_the_way"),
        (MX_THERE, "MX", "ours.example.net", "other_mx"),
    ],
)
def test_what_is_in_the_way_is_a_conflict_or_replaced(there: RecordSet, type_: str, value: str, code: str) -> None:
    ours = wish("a.example.com", type_, value)
    assert codes(plan(content_of(there), ours)) == [code]
    done = plan(content_of(there), ours, replace=True)
    assert done.conflicts == []
    after = applied(content_of(there), done)["a.example.com."]
    assert list(after) == [type_]
    assert after[type_].values == (ours.value,)


def test_a_conflict_tells_what_is_there_and_what_is_wanted() -> None:
    conflict = plan(content_of(MX_THERE), wish("a.example.com", "MX", "ours.example.net")).conflicts[0].as_dict()
    assert conflict["found"] == ["a.example.com. 60 IN MX 10 mx.example.org."]
    assert conflict["wanted"] == "a.example.com. 3600 IN MX 10 ours.example.net."
    assert (conflict["zone"], conflict["name"], conflict["type"]) == (ZONE, "a.example.com.", "MX")


def test_all_conflicts_of_a_zone_are_found() -> None:
    wishes = [wish("%s.example.com" % name, "CNAME", "ours.example.net") for name in "abc"]
    there = content_of(*(RecordSet("%s.example.com." % name, "A", 60, ("192.0.2.1",)) for name in "abc"))
    assert len(plan(there, *wishes).conflicts) == 3


def test_a_second_spf_is_a_conflict_also_when_others_are_replaced() -> None:
    assert codes(plan(content_of(SPF_THERE), wish("a.example.com", "TXT", OUR_SPF), replace=True)) == ["second_spf"]


DMARC = wish("_dmarc.a.example.com", "TXT", "v=DMARC1; p=none")


@pytest.mark.parametrize("replace", [False, True])
def test_a_cname_is_never_replaced_by_a_dmarc_record(replace: bool) -> None:
    there = content_of(RecordSet("_dmarc.a.example.com.", "CNAME", 60, ("hosted.example.net.",)))
    done = plan(there, DMARC, replace=replace)
    assert (codes(done), done.changes) == (["dmarc_cname"], [])
    # Another text is no policy.
    other = plan(there, wish("_dmarc.a.example.com", "TXT", "some text"), replace=replace)
    assert codes(other) == ([] if replace else ["cname_in_the_way"])


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1; p=reject", ["second_dmarc"]),
        ("v=dmarc1; p=reject", ["second_dmarc"]),
        ("v=DMARC1", ["second_dmarc"]),
        ("v=DMARC1; p=none", []),
        ("some text", []),
    ],
)
def test_a_second_dmarc_record_is_a_conflict(text: str, expected: list[str], replace: bool) -> None:
    there = content_of(RecordSet("_dmarc.a.example.com.", "TXT", 60, (text,)))
    assert codes(plan(there, DMARC, replace=replace)) == expected


def test_two_dmarc_records_of_one_list_are_a_conflict() -> None:
    assert codes(plan({}, DMARC, wish("_dmarc.a.example.com", "TXT", "v=DMARC1; p=reject"))) == ["second_dmarc"]


def test_an_spf_record_is_merged_on_demand() -> None:
    done = plan(content_of(SPF_THERE), wish("a.example.com", "TXT", OUR_SPF), merge_spf=True)
    assert done.changes[0].after == RecordSet("a.example.com.", "TXT", 60, ("v=spf1 mx include:amazonses.com -all",))
    assert done.actions == ["updated"]


def test_a_merged_spf_record_is_left_alone() -> None:
    merged = RecordSet("a.example.com.", "TXT", 60, ("v=spf1 mx include:amazonses.com -all",))
    for merge_spf in (False, True):
        done = plan(content_of(merged), wish("a.example.com", "TXT", OUR_SPF), merge_spf=merge_spf)
        assert (done.actions, done.changes, done.conflicts) == (["unchanged"], [], [])


@pytest.mark.parametrize("code", ["spf_lookups", "spf_lookups_unknown", "spf_invalid"])
def test_a_merge_that_receivers_would_have_something_against_is_a_conflict(code: str) -> None:
    asked: list[tuple[Any, ...]] = []

    def problem(*question: Any) -> Problem:
        asked.append(question)
        return Problem(code, "nothing answers")

    done = plan(content_of(SPF_THERE), wish("a.example.com", "TXT", OUR_SPF), merge_spf=True, spf_problem=problem)
    assert codes(done) == [code]
    assert done.conflicts[0].as_dict()["todo"].startswith("Nothing answers. ")
    assert asked == [("a.example.com.", "v=spf1 mx include:amazonses.com -all", ["amazonses.com"])]


@pytest.mark.parametrize(
    ("there", "code"),
    [
        ("v=spf1 ip4:999 -all", "spf_invalid"),
        ("v=spf1 include:amazonses.com ip4:999 -all", "spf_invalid"),
        ("v=spf1 -include:amazonses.com -all", "spf_rejects"),
    ],
)
def test_a_record_in_which_our_terms_would_be_of_no_use_is_not_merged(there: str, code: str) -> None:
    content = content_of(RecordSet("a.example.com.", "TXT", 60, (there,)))
    assert codes(plan(content, wish("a.example.com", "TXT", OUR_SPF), merge_spf=True)) == [code]


def test_our_terms_go_before_an_all_that_hides_them() -> None:
    content = content_of(RecordSet("a.example.com.", "TXT", 60, ("v=spf1 mx -all include:amazonses.com",)))
    assert codes(plan(content, wish("a.example.com", "TXT", OUR_SPF))) == ["second_spf"]
    (change,) = plan(content, wish("a.example.com", "TXT", OUR_SPF), merge_spf=True).changes
    assert change.after is not None
    assert change.after.values == ("v=spf1 mx include:amazonses.com -all include:amazonses.com",)


def test_two_spf_records_that_are_there_are_not_merged() -> None:
    there = RecordSet("a.example.com.", "TXT", 60, ("v=spf1 mx -all", "v=spf1 a -all"))
    assert codes(plan(content_of(there), wish("a.example.com", "TXT", OUR_SPF), merge_spf=True)) == ["several_spf"]


def test_a_text_beside_an_spf_record_is_no_conflict() -> None:
    assert plan(content_of(SPF_THERE), wish("a.example.com", "TXT", "ours")).conflicts == []


@pytest.mark.parametrize(
    "handed_over",
    [
        RecordSet("sub.example.com.", "NS", 60, ("ns.example.net.",)),
        RecordSet("sub.example.com.", "DNAME", 60, ("example.net.",)),
        RecordSet("a.sub.example.com.", "NS", 60, ("ns.example.net.",)),
        RecordSet(ZONE, "DNAME", 60, ("example.net.",)),
    ],
)
def test_a_name_that_is_handed_over_is_a_conflict_also_when_others_are_replaced(handed_over: RecordSet) -> None:
    ours = wish("a.sub.example.com", "TXT", "ours")
    assert handed_over.name in relevant_names(ZONE, [ours])
    assert codes(plan(content_of(handed_over), ours, replace=True)) == ["delegated"]


def test_the_name_servers_of_the_zone_itself_hand_nothing_over() -> None:
    assert plan(content_of(RecordSet(ZONE, "NS", 60, ("ns.example.net.",))), wish(ZONE, "TXT", "ours")).conflicts == []


def test_another_name_for_all_below_a_zone_leaves_its_top_alone() -> None:
    assert plan(content_of(RecordSet(ZONE, "DNAME", 60, ("example.net.",))), wish(ZONE, "TXT", "ours")).conflicts == []


def test_a_cname_at_the_top_of_a_zone_is_a_conflict() -> None:
    assert codes(plan({}, wish(ZONE, "CNAME", "ours.example.net"), replace=True)) == ["cname_at_apex"]


WILDCARD = RecordSet("*.example.com.", "MX", 300, ("10 mx.example.net.",))


def test_a_name_that_would_come_to_exist_below_a_wildcard_is_a_conflict() -> None:
    (conflict,) = plan(content_of(WILDCARD), wish("k._domainkey.mail.example.com", "CNAME", "k.example.net")).conflicts
    assert conflict.code == "wildcard_hidden"
    assert conflict.found == ("mail.example.com., by *.example.com. 300 IN MX 10 mx.example.net.",)


def test_a_domain_of_a_profile_may_come_to_exist_below_a_wildcard_but_that_is_a_warning() -> None:
    record = {"name": "k._domainkey.mail.example.com", "type": "CNAME", "value": "k.example.net", "profile_id": "p"}
    done = plan(content_of(WILDCARD), *check_records([record]))
    assert (codes(done), done.actions) == ([], ["created"])
    (warning,) = done.warnings
    assert warning.startswith("mail.example.com., by *.example.com. 300 IN MX 10 mx.example.net.: A wildcard answers")


def test_a_hidden_wildcard_is_accepted_when_others_are_replaced() -> None:
    ours = wish("k._domainkey.mail.example.com", "CNAME", "k.example.net")
    assert codes(plan(content_of(WILDCARD), ours, replace=True)) == []


@pytest.mark.parametrize(
    "there",
    [
        RecordSet("mail.example.com.", "A", 300, ("192.0.2.1",)),
        RecordSet("www.mail.example.com.", "A", 300, ("192.0.2.1",)),
        RecordSet("_x.mail.example.com.", "TXT", 300, ("x",)),
    ],
)
def test_a_name_that_exists_already_has_no_wildcard_to_lose(there: RecordSet) -> None:
    ours = wish("k._domainkey.mail.example.com", "CNAME", "k.example.net")
    assert codes(plan(content_of(WILDCARD, there), ours)) == []


def test_a_wanted_name_itself_may_replace_what_a_wildcard_answers() -> None:
    wishes = [wish("go.example.com", "CNAME", "l.example.net"), wish("_ses.go.example.com", "TXT", "x")]
    assert codes(plan(content_of(WILDCARD), *wishes)) == []


def test_a_set_that_the_engine_would_garble_is_not_touched() -> None:
    there = RecordSet("a.example.com.", "TXT", 60, ("back\\slash",), rewritable=False)
    assert codes(plan(content_of(there), wish("a.example.com", "TXT", "ours"))) == ["not_rewritable"]


def test_an_mx_of_our_host_with_another_preference_is_ours() -> None:
    done = plan(content_of(MX_THERE), wish("a.example.com", "MX", "MX.example.org"))
    assert (done.actions, done.changes) == (["unchanged"], [])


# Removing


def test_absent_removes_the_value_and_leaves_the_others() -> None:
    there = RecordSet("a.example.com.", "TXT", 60, ("other", "ours"))
    done = plan(
        content_of(there), wish("a.example.com", "TXT", "ours"), wish("b.example.com", "TXT", "x"), state=ABSENT
    )
    assert applied(content_of(there), done) == content_of(RecordSet("a.example.com.", "TXT", 60, ("other",)))
    assert done.actions == ["removed", "unchanged"]


def test_absent_leaves_another_target_alone() -> None:
    assert plan(content_of(CNAME_THERE), wish("a.example.com", "CNAME", "ours.example.net"), state=ABSENT).changes == []


# Zones and batches


def test_records_outside_of_all_zones_are_named_together() -> None:
    wishes = [
        wish("a.example.org", "TXT", "x"),
        wish("a.example.com", "TXT", "x"),
        wish("b.subexample.com", "TXT", "x"),
    ]
    with pytest.raises(InputError) as caught:
        assign_zones(wishes, [ZONE])
    assert caught.value.option == "zones"
    assert "a.example.org, b.subexample.com" in str(caught.value)
    assert "known are: example.com." in str(caught.value)


def test_batches_are_small_and_keep_a_name_together() -> None:
    wishes = [
        wish("n%d.example.com" % i, type_, value)
        for i in range(1500)
        for type_, value in (("TXT", "x" * 100), ("MX", "mx.example.net"))
    ]
    parts = list(batches(plan({}, *wishes).changes))
    assert sum(map(len, parts)) == 3000
    assert max(map(len, parts)) <= 400
    names = [{change.any.name for change in part} for part in parts]
    assert sum(map(len, names)) == 1500


def test_a_batch_of_long_texts_fits_a_dns_message() -> None:
    parts = list(batches(plan({}, *(wish("n%d.example.com" % i, "TXT", "x" * 9000) for i in range(20))).changes))
    assert max(sum(change.size() for change in part) for part in parts) < 60000


# For any zone and any records

NAMES = ["example.com.", "a.example.com.", "b.a.example.com."]
TEXTS = ["other", "ours", OUR_SPF, "v=spf1 mx -all", "v=spf1 mx include:amazonses.com -all", 'q"uo;te']
HOSTS = ["ours.example.net.", "mx.example.org."]


def record_sets(name: str) -> st.SearchStrategy[list[RecordSet]]:
    def values_of(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
        return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True).map(tuple)

    alone = st.sampled_from(HOSTS).map(lambda host: [RecordSet(name, "CNAME", 60, (host,))])
    together = st.tuples(
        st.none() | values_of(TEXTS).map(lambda values: RecordSet(name, "TXT", 60, values)),
        st.none() | values_of(["10 " + host for host in HOSTS]).map(lambda values: RecordSet(name, "MX", 70, values)),
        st.none() | st.just(RecordSet(name, "A", 80, ("192.0.2.1",))),
        st.none() | st.just(RecordSet(name, "NS", 90, ("ns.example.net.",))),
    ).map(lambda sets: [one for one in sets if one])
    return together | alone


zones = st.tuples(*map(record_sets, NAMES)).map(lambda groups: content_of(*(one for group in groups for one in group)))
wish_lists = st.dictionaries(
    st.sampled_from(NAMES),
    st.sampled_from(HOSTS).map(lambda host: [("CNAME", host)])
    | st.lists(st.sampled_from([("TXT", "ours"), ("TXT", OUR_SPF), ("MX", HOSTS[0]), ("TXT", 'q"uo;te')]), unique=True),
).map(lambda by_name: [wish(name, *record) for name, records in by_name.items() for record in records])
policies = st.fixed_dictionaries({"merge_spf": st.booleans(), "replace": st.booleans()})


def everything(content: Content) -> set[tuple[str, str, int, str]]:
    return {
        (name, type_, one.ttl, value)
        for name, sets in content.items()
        for type_, one in sets.items()
        for value in one.values
    }


def is_wanted(record: tuple[str, str, int, str], wishes: list[Wish]) -> bool:
    return any((one.name, one.type) == record[:2] and one.is_met_by(record[3]) for one in wishes)


@given(zones, wish_lists)
def test_whatever_was_there_is_still_there(content: Content, wishes: list[Wish]) -> None:
    done = plan(content, *wishes)
    if not done.conflicts:
        assert everything(content) <= everything(applied(content, done))


@given(zones, wish_lists)
def test_merging_touches_nothing_but_spf_records(content: Content, wishes: list[Wish]) -> None:
    done = plan(content, *wishes, merge_spf=True)
    if not done.conflicts:
        lost = everything(content) - everything(applied(content, done))
        assert all(type_ == "TXT" and is_spf(value) for _name, type_, _ttl, value in lost)


@given(zones, wish_lists, policies)
def test_replacing_touches_nothing_at_other_names(
    content: Content, wishes: list[Wish], policy: dict[str, bool]
) -> None:
    done = plan(content, *wishes, **policy)
    assert {change.any.name for change in done.changes} <= {one.name for one in wishes}


@given(zones, wish_lists, policies)
def test_a_second_run_changes_nothing(content: Content, wishes: list[Wish], policy: dict[str, bool]) -> None:
    done = plan(content, *wishes, **policy)
    if not done.conflicts:
        again = plan(applied(content, done), *wishes, **policy)
        assert (again.conflicts, again.changes, set(again.actions) - {"unchanged"}) == ([], [], set())


@given(zones, wish_lists)
def test_absent_gives_the_zone_back(content: Content, wishes: list[Wish]) -> None:
    there_before = {record[:2] for record in everything(content) if is_wanted(record, wishes)}
    new = [one for one in wishes if (one.name, one.type) not in there_before]
    done = plan(content, *new)
    if not done.conflicts and "unchanged" not in done.actions:
        back = plan(applied(content, done), *new, state=ABSENT)
        assert applied(applied(content, done), back) == content


@given(zones, wish_lists)
def test_absent_gives_a_merged_zone_back(content: Content, wishes: list[Wish]) -> None:
    done = plan(content, *wishes, merge_spf=True)
    if not done.conflicts and "unchanged" not in done.actions:
        back = plan(applied(content, done), *wishes, state=ABSENT, merge_spf=True)
        assert applied(applied(content, done), back) == content


@given(zones, wish_lists)
def test_absent_removes_nothing_else(content: Content, wishes: list[Wish]) -> None:
    after = applied(content, plan(content, *wishes, state=ABSENT))
    assert everything(after) == {record for record in everything(content) if not is_wanted(record, wishes)}
